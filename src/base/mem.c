/* See mem.h. */
#include "base/mem.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "weir/err.h"

static void *libc_alloc(size_t size, void *user) {
  (void)user;
  return malloc(size);
}

static void *libc_resize(void *old, size_t size, void *user) {
  (void)user;
  return realloc(old, size);
}

static void libc_release(void *old, void *user) {
  (void)user;
  free(old);
}

int weir__mem_init(weir__mem *mem, const weir_allocator *allocator) {
  mem->hooks = (weir_allocator){libc_alloc, libc_resize, libc_release, NULL};
  if (!allocator) return 0;
  int hooks = !!allocator->alloc + !!allocator->resize + !!allocator->release;
  if (hooks == 0) return 0;
  if (hooks != 3) return WEIR_EINVAL;
  mem->hooks = *allocator;
  return 0;
}

void *weir__mem_new(weir__mem *mem, size_t size) {
  assert(size); /* what malloc(0) gives differs from libc to libc */
  void *ptr = mem->hooks.alloc(size, mem->hooks.user);
  return ptr ? memset(ptr, 0, size) : NULL;
}

void *weir__mem_resize(weir__mem *mem, void *old, size_t size) {
  assert(size);
  return mem->hooks.resize(old, size, mem->hooks.user);
}

void weir__mem_free(weir__mem *mem, void *ptr) {
  if (ptr) mem->hooks.release(ptr, mem->hooks.user);
}

char *weir__mem_copy(weir__mem *mem, weir__slice s) {
  char *copy = mem->hooks.alloc(s.len + 1, mem->hooks.user);
  if (!copy) return NULL;
  if (s.len) memcpy(copy, s.ptr, s.len);
  copy[s.len] = '\0';
  return copy;
}

/* ---- arena ---- */

typedef struct weir__block {
  struct weir__block *next;
  size_t size; /* of bytes */
  char bytes[];
} weir__block;

/* Most heads fit into one block of the first size; the largest is what a big head may waste. */
enum { BLOCK_FIRST = 1024, BLOCK_LARGEST = 16 * 1024 };

static size_t next_size(const weir__arena *arena) {
  if (!arena->blocks) return BLOCK_FIRST;
  size_t doubled = arena->blocks->size * 2;
  return doubled < BLOCK_LARGEST ? doubled : BLOCK_LARGEST;
}

void weir__arena_init(weir__arena *arena, weir__mem *mem, char *room, size_t size) {
  *arena = (weir__arena){.mem = mem, .cursor = room, .limit = room ? room + size : NULL};
}

static size_t room_left(const weir__arena *arena) {
  return arena->cursor ? (size_t)(arena->limit - arena->cursor) : 0;
}

/* Makes a new block with room for `size` bytes. */
static bool grow(weir__arena *arena, size_t size) {
  if (size > SIZE_MAX - sizeof(weir__block)) return false;
  if (size < next_size(arena)) size = next_size(arena);
  weir__block *block = arena->mem->hooks.alloc(sizeof *block + size, arena->mem->hooks.user);
  if (!block) return false;
  *block = (weir__block){arena->blocks, size};
  arena->blocks = block;
  arena->cursor = block->bytes;
  arena->limit = block->bytes + size;
  return true;
}

/* Unaligned room for `size` bytes. */
static char *take(weir__arena *arena, size_t size) {
  if (room_left(arena) < size && !grow(arena, size)) return NULL;
  char *piece = arena->cursor;
  arena->cursor += size;
  return piece;
}

void *weir__arena_alloc(weir__arena *arena, size_t size) {
  assert(size);
  size_t pad = -(uintptr_t)arena->cursor % sizeof(void *);
  if (room_left(arena) < size + pad) {
    if (!grow(arena, size)) return NULL;
    pad = 0;
  }
  return take(arena, size + pad) + pad;
}

char *weir__arena_copy(weir__arena *arena, weir__slice s) {
  char *copy = take(arena, s.len + 1);
  if (!copy) return NULL;
  if (s.len) memcpy(copy, s.ptr, s.len);
  copy[s.len] = '\0';
  return copy;
}

/* Moves the string to where `more` bytes fit behind it. A block made for it has twice the room it
 * needs, so that its next move comes at twice the length: see weir__arena_bound(). */
static int move(weir__arena *arena, char **str, size_t len, size_t more) {
  size_t size = len + more + 1;
  assert(*str || len == 0);
  if (size > SIZE_MAX / 4) return WEIR_ENOMEM;
  if (room_left(arena) < size && !grow(arena, size * 2)) return WEIR_ENOMEM;
  char *moved = take(arena, len + 1);
  if (len) memcpy(moved, *str, len);
  *str = moved;
  return 0;
}

int weir__arena_append(weir__arena *arena, char **str, size_t *len, weir__slice more) {
  bool last = *str && *str + *len + 1 == arena->cursor;
  if (!last || room_left(arena) < more.len) {
    int rc = move(arena, str, *len, more.len);
    if (rc) return rc;
  }
  if (more.len) memcpy(*str + *len, more.ptr, more.len);
  arena->cursor += more.len;
  *len += more.len;
  (*str)[*len] = '\0';
  return 0;
}

void weir__arena_free(weir__arena *arena) {
  weir__block *next;
  for (weir__block *block = arena->blocks; block; block = next) {
    next = block->next;
    weir__mem_free(arena->mem, block);
  }
  *arena = (weir__arena){.mem = arena->mem};
}

/* Every block but the newest ends in an abandoned copy or in room that was too small, together less
 * than what the next block begins with; and of one string these beginnings at least double. So all
 * but the newest block hold at most the pieces once and twice more, and the newest is either of an
 * ordinary size or at most twice the piece it was made for. */
size_t weir__arena_bound(size_t bytes) {
  size_t payload = 4 * bytes + BLOCK_LARGEST;
  return payload + (payload / BLOCK_FIRST + 1) * sizeof(weir__block);
}
