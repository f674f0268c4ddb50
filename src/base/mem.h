/* The allocator hook of one relay, and an arena for what is freed together. It knows no object by
 * name. What it hands out belongs to the caller, who gives it back with the same `weir__mem`. */
#ifndef WEIR_BASE_MEM_H
#define WEIR_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "weir/alloc.h"

typedef struct weir__mem {
  weir_allocator hooks;
} weir__mem;

/* Takes the hooks of `allocator`, or those of libc when it has none.
 * WEIR_EINVAL when only some of the three are set. */
int weir__mem_init(weir__mem *mem, const weir_allocator *allocator);

/* Memory filled with zeros, or NULL. */
void *weir__mem_new(weir__mem *mem, size_t size);
void *weir__mem_resize(weir__mem *mem, void *old, size_t size);
/* NULL is fine. */
void weir__mem_free(weir__mem *mem, void *ptr);
/* A NUL-terminated copy, or NULL. */
char *weir__mem_copy(weir__mem *mem, weir__slice s);

/* An arena: small pieces that stay where they are until all go at once. */
typedef struct weir__arena {
  weir__mem *mem;
  struct weir__block *blocks; /* the newest first */
  char *cursor, *limit;       /* the free part of the newest block, or of the first room */
} weir__arena;

/* The first `size` bytes of pieces go into `room` (may be NULL with 0), which stays the caller's. */
void weir__arena_init(weir__arena *arena, weir__mem *mem, char *room, size_t size);

/* Aligned for any pointer, not filled; NULL when memory is out. */
void *weir__arena_alloc(weir__arena *arena, size_t size);

/* Appends to a NUL-terminated string in the arena (NULL and length 0 begin one). It grows in place
 * when it was the last thing made and there is room, else it moves; the old place stays readable.
 * WEIR_ENOMEM leaves it as it was. */
int weir__arena_append(weir__arena *arena, char **str, size_t *len, weir__slice more);

/* A NUL-terminated copy, or NULL. */
char *weir__arena_copy(weir__arena *arena, weir__slice s);

/* Frees all but the first room, which the arena forgets. It is empty then and can be used again. */
void weir__arena_free(weir__arena *arena);

/* The most memory an arena holds after pieces of `bytes` in all (strings with their NUL, the others
 * rounded up to pointers), if every string was built to its end before the next piece began: old
 * places of strings that moved count. For weir_relay_bytes_max(). */
size_t weir__arena_bound(size_t bytes);

#endif
