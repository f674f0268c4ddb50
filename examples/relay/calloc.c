/* calloc() for the whole program, out of malloc(): glibc before 2.41 has no cache for each thread in its
 * own, and Mbed TLS calls it so often that a handshake in a thread of the pool takes a seventh more.
 * It knows nobody. The memory is malloc()'s, and so its caller's to free(). */
#include "calloc.h"

#ifdef RELAY_CALLOC

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Compiled without what compilers know of malloc(): they would make of it a call of itself. */
void *calloc(size_t count, size_t size) {
  if (size && count > SIZE_MAX / size) {
    errno = ENOMEM;
    return NULL;
  }
  void *memory = malloc(count * size);
  return memory ? memset(memory, 0, count * size) : NULL;
}

#endif
