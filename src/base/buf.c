/* See buf.h. */
#include "base/buf.h"

#include <assert.h>
#include <stdint.h>

#include "weir/err.h"

/* What a buffer begins with is often all it will hold, and a round number of it would leave a hole
 * that nothing else fits into. */
enum { BUF_FIRST = 64 };

static int reserve(weir__buf *buf, size_t need) {
  if (need <= buf->cap) return 0;
  if (need > SIZE_MAX / 2) return WEIR_ENOMEM;
  size_t cap = buf->cap ? buf->cap : need > BUF_FIRST ? need : BUF_FIRST;
  while (cap < need) cap *= 2;
  char *ptr = weir__mem_resize(buf->mem, buf->ptr, cap);
  if (!ptr) return WEIR_ENOMEM;
  buf->ptr = ptr;
  buf->cap = cap;
  return 0;
}

char *weir__buf_grow(weir__buf *buf, size_t n) {
  if (n > SIZE_MAX - buf->len || reserve(buf, buf->len + n)) return NULL;
  return buf->ptr + buf->len;
}

int weir__buf_append(weir__buf *buf, weir__slice more) {
  if (!more.len) return 0;
  char *room = weir__buf_room(buf, more.len);
  if (!room) return WEIR_ENOMEM;
  memcpy(room, more.ptr, more.len);
  buf->len += more.len;
  return 0;
}

void weir__buf_drop(weir__buf *buf, size_t n) {
  assert(n <= buf->len);
  buf->len -= n;
  if (n && buf->len) memmove(buf->ptr, buf->ptr + n, buf->len);
}

void weir__buf_free(weir__buf *buf) {
  weir__mem_free(buf->mem, buf->ptr);
  *buf = (weir__buf){.mem = buf->mem};
}
