/* What weir-relay has allocated and not freed, counted by a library loaded before it (count.c) into
 * a file that the judge maps. */
#ifndef SOAK_HEAP_H
#define SOAK_HEAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct heap {
  _Atomic int64_t blocks, bytes;
  _Atomic int64_t peak; /* the most bytes there ever were */
};

/* NULL if there is no such file, or it is not of that size. */
struct heap *heap_map(const char *path);
/* NULL does nothing. */
void heap_unmap(struct heap *heap);

#endif
