/* Growable bytes with a cap. It never looks into them. The memory belongs to the buffer until
 * weir__buf_free(). */
#ifndef WEIR_BASE_BUF_H
#define WEIR_BASE_BUF_H

#include <stddef.h>

#include "base/mem.h"
#include "base/slice.h"

/* All zero but `mem` is an empty one. */
typedef struct weir__buf {
  weir__mem *mem;
  char *ptr;
  size_t len, cap;
} weir__buf;

/* Appends; WEIR_ENOMEM leaves the buffer as it was. The capacity is what the first
 * piece needs, 64 bytes at least, then doubles: it stays below twice the length. */
int weir__buf_append(weir__buf *buf, weir__slice more);

/* weir__buf_room() where there is none yet. */
char *weir__buf_grow(weir__buf *buf, size_t n);

/* Room for `n` more bytes behind the last one, or NULL when memory is out; whoever writes there adds
 * to `len`. */
static inline char *weir__buf_room(weir__buf *buf, size_t n) {
  return n <= buf->cap - buf->len ? buf->ptr + buf->len : weir__buf_grow(buf, n);
}

/* Drops the first `n` bytes (n <= len). */
void weir__buf_drop(weir__buf *buf, size_t n);

/* Gives the memory back; the buffer is empty then and can be used again. */
void weir__buf_free(weir__buf *buf);

static inline weir__slice weir__buf_slice(const weir__buf *buf) {
  return weir__slice_of(buf->ptr, buf->len);
}

#endif
