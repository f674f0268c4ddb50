/* HTTP/1 as a peer of the relay reads it: one head, then one body, strictly, from pieces of any
 * size. It shares no line with the library and knows no socket. All is values; spans point into
 * what was given. */
#ifndef SOAK_WIRE_H
#define SOAK_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan.h"

enum { HEAD_MAX = 4096 };

struct head {
  char line[256]; /* the first one */
  unsigned status;
  bool minor_0;
  enum framing framing; /* as the fields say; NONE if they say nothing */
  uint64_t length;
  bool close, upgrade, expect;
  bool marked; /* has X-Soak: it comes from an origin of ours */
  uint64_t serial, got, sum;
};

/* Bytes of the head, 0 while it is not complete, -1 if it is none. */
int head_read(struct head *head, const char *bytes, size_t len);

enum wire { WIRE_MORE, WIRE_SPAN, WIRE_END, WIRE_BAD };

enum chunk_state {
  CHUNK_SIZE,
  CHUNK_SIZE_LF,
  CHUNK_DATA,
  CHUNK_CR,
  CHUNK_LF,
  CHUNK_LAST_CR,
  CHUNK_LAST_LF
};

struct body {
  enum framing framing;
  uint64_t left;
  enum chunk_state state;
  unsigned digits;
  bool done;
};

struct body body_of(enum framing framing, uint64_t length);

struct span {
  const char *ptr;
  size_t len;
};

/* Takes from `in` until there is something to tell: a span of the body, its end, that it wants
 * more, or that this is no body. */
enum wire body_read(struct body *body, struct span *in, struct span *out);

#endif
