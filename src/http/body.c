/* See body.h. */
#include "http/body.h"

#include <assert.h>

#include "weir/err.h"

int weir__body_add(weir__body *body, size_t len) {
  switch (body->framing) {
  case WEIR__FRAMING_NONE: return len ? WEIR_EFRAMING : 0;
  case WEIR__FRAMING_LENGTH:
    if (len > body->left) return WEIR_EFRAMING;
    body->left -= len;
    return 0;
  case WEIR__FRAMING_CHUNKED:
  case WEIR__FRAMING_CLOSE:
  case WEIR__FRAMING_TUNNEL: return 0;
  }
  return WEIR_EFRAMING;
}

bool weir__body_complete(const weir__body *body) {
  return body->framing != WEIR__FRAMING_LENGTH || body->left == 0;
}

weir__slice weir__chunk_line(char line[WEIR__CHUNK_LINE], size_t len) {
  assert(len); /* a chunk of size 0 would end the message (RFC 9112, 7.1) */
  char *end = line + WEIR__CHUNK_LINE, *p = end;
  *--p = '\n';
  *--p = '\r';
  for (; len; len >>= 4) *--p = "0123456789abcdef"[len & 0xf];
  return weir__slice_of(p, (size_t)(end - p));
}
