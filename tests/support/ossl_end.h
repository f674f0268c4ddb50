/* OpenSSL at one end of a wire made of memory, with an engine of net/tls at the other. It is as lax
 * as OpenSSL can be, so that what is refused is refused by ours. */
#ifndef WEIR_TEST_OSSL_END_H
#define WEIR_TEST_OSSL_END_H

#include <openssl/ssl.h>

#include "support/tls_end.h"

typedef struct ossl_end {
  SSL_CTX *ctx;
  SSL *ssl;
  bytes plain;
  bool closed; /* close_notify came */
  bool failed; /* something went wrong */
  int alert;   /* fatal, that came; or -1 */
} ossl_end;

/* Makes the context only, for more settings; `pair` is a file of tests/support/ca.sh without its
 * suffix, or NULL. `version`: the one to speak, or 0 for both. */
void ossl_server(ossl_end *end, const char *pair, size_t version);
void ossl_client(ossl_end *end, const char *pair, size_t version);
/* `sni` NULL: none. */
void ossl_begin(ossl_end *end, const char *sni);
/* Ends the connection; the context stays for another. */
void ossl_finish(ossl_end *end);
void ossl_close(ossl_end *end);

/* Shakes hands or reads, as far as it goes. */
void ossl_turn(ossl_end *end);
/* Everything that waits goes across, both ways, until nothing does. True if both are open. */
bool ossl_talk(ossl_end *end, tls_end *ours);

#endif
