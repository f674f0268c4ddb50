/* An engine of net/tls as a fuzz target sees it: each call is checked against what net/tls.h promises,
 * in memory of the exact sizes. It knows no input's meaning. An end belongs to who opened it; what it
 * said is kept for the next one, and so is each weir_tls. */
#ifndef WEIR_FUZZ_TLS_H
#define WEIR_FUZZ_TLS_H

#include "fuzz/fuzz.h"
#include "fuzz/mbed.h"
#include "net/tls.h"
#include "support/alloc.h"

/* What an input's first byte sets, for target and peer together. */
enum {
  TLS_VERSIONS = 3,      /* of the target: 1 only TLS 1.2, 2 only TLS 1.3, else both */
  TLS_CERTS = 3 << 2,    /* server: 4 wants, 8 requires a client's certificate;
                            client: 4 believes anyone, 8 wants another name, 12 has a list of revoked */
  TLS_RSA = 1 << 4,      /* the server has RSA keys alone, else EC and RSA */
  TLS_RESUMES = 1 << 5,  /* the client comes with a session of before */
  TLS_LIVE = 1 << 6,     /* see tls_shake.h */
  TLS_PEER_CERT = 1 << 7 /* peer: a client with a certificate; a server that wants one */
};

/* Before anything else. Aborts if Mbed TLS's functions cannot be replaced here (see mbed.h). */
void tls_begin(void);

typedef struct tls_fuzz {
  counting_alloc alloc;
  weir__mem mem;
  weir__tls *engine;
  enum mbed_side side;
  size_t out_room, plain_room; /* how large they are */
  char *plain_bytes;
  bool rests; /* shares its record buffers once it is open */

  fuzz_record out, plain; /* all that came of it */
  size_t taken;           /* cipher bytes */
  size_t opened_at;       /* .. of which so many had been when it opened */
  size_t spoke_at;        /* .. and when it last said something, but for why it failed */
  int rc;                 /* the last result: of handshake or read */
  bool open, closed;      /* handshake is over; close_notify came */
} tls_fuzz;

/* The target of settings, or its peer; server or client: that with a session, if it TLS_RESUMES. */
void tls_fuzz_open(tls_fuzz *end, enum mbed_side side, bool server, uint8_t settings);
void tls_fuzz_close(tls_fuzz *end);
/* Sizes of rooms, and whether it rests, by a byte of the input; 0: all is large. */
void tls_fuzz_rooms(tls_fuzz *end, uint8_t rooms);
bool tls_fuzz_has_room(const tls_fuzz *end); /* for all it could have to say at once */

/* Feeds all, in one piece or as `cuts` says, until the engine fails. With nothing to feed, calls it
 * once. */
void tls_fuzz_feed(tls_fuzz *end, weir__slice bytes, fuzz_cuts *cuts);
/* As long as it has not failed and is open. False if it did not go. */
bool tls_fuzz_write(tls_fuzz *end, weir__slice plain);
bool tls_fuzz_end(tls_fuzz *end);
/* Every function once more, in the state it is in. */
void tls_fuzz_check(tls_fuzz *end);

/* The first record, header and all; what is no whole record is given whole. */
weir__slice tls_record(weir__slice bytes);
static inline weir__slice tls_behind(weir__slice bytes, size_t n) {
  return weir__slice_of(bytes.ptr + n, bytes.len - n);
}
static inline weir__slice fuzz_bytes(const fuzz_record *r) {
  return weir__slice_of(r->ptr, r->len);
}

#endif
