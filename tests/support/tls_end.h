/* An engine of net/tls at one end of a wire made of memory. What it writes waits in `out` until a
 * test carries it to where it wants it; nothing moves by itself. The options it begins with are in
 * force for both ends' certificates of tests/support/ca.sh. */
#ifndef WEIR_TEST_TLS_END_H
#define WEIR_TEST_TLS_END_H

#include "net/tls.h"
#include "support/alloc.h"

#define CA(file) WEIR_TEST_CA "/" file

/* A pair of a certificate and its key, for weir_tls_options.pairs. */
/* clang-format off */
#define CA_PAIR(name) \
  { WEIR_TLS_PAIR_INIT, .cert = CA(name ".pem"), .key = CA(name ".key") }
/* clang-format on */

/* Bytes in memory that grows. */
typedef struct bytes {
  char *ptr;
  size_t len;
} bytes;

void bytes_add(bytes *b, const char *ptr, size_t len);
/* Drops the first `n`. */
void bytes_drop(bytes *b, size_t n);
void bytes_clear(bytes *b);

typedef struct tls_end {
  counting_alloc alloc;
  weir__mem mem;
  weir_tls *tls;
  weir__tls *engine;
  bytes in, out, plain; /* cipher bytes that wait for it, that it wrote; plain bytes it got */
  int rc;               /* what the engine said last */
  size_t bite;          /* it gets at most so many bytes of `in` in one call; 0: all */
  size_t room;          /* its rooms are so large; 0: large enough */
} tls_end;

/* Makes a weir_tls, which must go well. */
weir_tls *tls_server(const weir_tls_options *options);
weir_tls *tls_origin(const weir_tls_options *options);

/* Takes over `tls`. */
void tls_end_accept(tls_end *end, weir_tls *tls);
void tls_end_connect(tls_end *end, weir_tls *tls, const char *host, weir__slice session);
/* A server with good.pem, and a client that trusts root.crt and is connected to good.test. */
void tls_ends_open(tls_end *client, tls_end *server);
/* Frees it, and checks that nothing is left of it. */
void tls_end_close(tls_end *end);

/* Lets it take what waits in `in`, by one call or as many as its bite makes them; gives rc. */
int tls_end_turn(tls_end *end);
/* Writes to `out`. */
int tls_end_write(tls_end *end, const char *ptr, size_t len);
/* Moves what `from` wrote to `to`. */
void tls_carry(tls_end *from, tls_end *to);

/* Turns and carries until neither has anything to say. True if both are open then. */
bool tls_shake(tls_end *client, tls_end *server);

/* The size of the record that `in` begins with, header and all; 0 if it is not whole. */
size_t record_size(weir__slice in);
size_t count_records(const bytes *b);

#endif
