/* TLS for a scripted peer, by OpenSSL: cipher bytes in and out of memory, plain bytes at the other
 * side. It knows no socket. A peer owns its own; what all of them share, certificates and the
 * session that clients resume, stays for good. */
#ifndef WEIR_TEST_PEER_TLS_H
#define WEIR_TEST_PEER_TLS_H

#include <openssl/ssl.h>

#include <stdbool.h>

#include "base/slice.h"

typedef struct peer_tls {
  SSL *ssl;
  bool open;     /* hands are shaken */
  bool closed;   /* close_notify came */
  bool farewell; /* close_notify was sent */
  bool failed;   /* what came was no TLS, or a fatal alert */
  char *held;    /* plain bytes that wait for it to be open */
  size_t held_len;
} peer_tls;

/* A client, which speaks first, and trusts root.crt; or an origin with good.pem. */
peer_tls *peer_tls_client(void);
peer_tls *peer_tls_server(void);
void peer_tls_free(peer_tls *t);

/* Cipher bytes that came. */
void peer_tls_feed(peer_tls *t, const char *cipher, size_t len);
/* Goes on with the handshake, as far as it goes. */
void peer_tls_shake(peer_tls *t);
/* The plain bytes of the next record, for which there must be room for 16 KiB; 0: none has come. */
size_t peer_tls_read(peer_tls *t, char *plain, size_t size);

/* One record, or one for each 16 KiB. */
void peer_tls_write(peer_tls *t, const char *plain, size_t len);
/* What waited; the caller frees it with free(). */
weir__slice peer_tls_unhold(peer_tls *t);
/* close_notify; but once. */
void peer_tls_close(peer_tls *t);
/* Cipher bytes that are to be sent; drop them with peer_tls_sent(). */
weir__slice peer_tls_out(peer_tls *t);
void peer_tls_sent(peer_tls *t);

/* The server name that the other end asked for; NULL: none. */
const char *peer_tls_asked_name(const peer_tls *t);

#endif
