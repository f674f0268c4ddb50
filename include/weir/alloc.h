/* Where a relay takes its memory from. */
#ifndef WEIR_ALLOC_H
#define WEIR_ALLOC_H

#include <stddef.h>

/* As malloc, realloc and free, with `user` last. All three or none. Called on the loop's thread
 * only; may not call back into the relay. */
typedef struct weir_allocator {
  void *(*alloc)(size_t size, void *user);
  void *(*resize)(void *old, size_t size, void *user);
  void (*release)(void *old, void *user);
  void *user;
} weir_allocator;

#endif
