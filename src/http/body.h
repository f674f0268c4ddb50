/* Outgoing framing of a body: what stands before a piece, behind it, and at the end. It knows no
 * sockets and copies no payload. It owns nothing but its counters. */
#ifndef WEIR_HTTP_BODY_H
#define WEIR_HTTP_BODY_H

#include <stdint.h>

#include "base/slice.h"
#include "http/head.h"

typedef struct weir__body {
  enum weir__framing framing;
  uint64_t left; /* WEIR__FRAMING_LENGTH: still owed */
} weir__body;

/* Room for the longest size line: 16 hex digits, CR, LF. */
enum { WEIR__CHUNK_LINE = 18 };

static inline weir__body weir__body_of(enum weir__framing framing, uint64_t length) {
  return (weir__body){framing, framing == WEIR__FRAMING_LENGTH ? length : 0};
}

/* Counts `len` bytes of payload. WEIR_EFRAMING if the message has no room for them. */
int weir__body_add(weir__body *body, size_t len);

/* True if the message may end here: no length is still owed. */
bool weir__body_complete(const weir__body *body);

/* Writes the size line of a chunk of `len` (> 0) bytes into `line`; returns it. */
weir__slice weir__chunk_line(char line[WEIR__CHUNK_LINE], size_t len);

#endif
