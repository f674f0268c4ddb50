/* See peer_tls.h. */
#include "support/peer_tls.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/tls_end.h"

static void must(int ok, const char *what) {
  if (ok == 1) return;
  fprintf(stderr, "peer_tls: %s: %s\n", what, ERR_reason_error_string(ERR_peek_last_error()));
  abort();
}

/* ---- what all share ---- */

/* The newest session that a client was given. A copy: OpenSSL marks one as used up whose connection
 * ended without close_notify. */
static SSL_SESSION *session;

static int on_session(SSL *ssl, SSL_SESSION *fresh) {
  (void)ssl;
  SSL_SESSION_free(session);
  session = SSL_SESSION_dup(fresh);
  return 0;
}

/* The newest version, unless WEIR_TEST_TLS=1.2 asks for the older one. */
static SSL_CTX *make_context(const SSL_METHOD *method) {
  const char *version = getenv("WEIR_TEST_TLS");
  SSL_CTX *ctx = SSL_CTX_new(method);
  must(ctx != NULL, "SSL_CTX_new");
  if (version && strcmp(version, "1.2") == 0)
    must(SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION), "version");
  return ctx;
}

static SSL_CTX *make_client(void) {
  SSL_CTX *ctx = make_context(TLS_client_method());
  must(SSL_CTX_load_verify_file(ctx, CA("root.crt")), "root.crt");
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(ctx, on_session);
  return ctx;
}

static SSL_CTX *make_server(void) {
  SSL_CTX *ctx = make_context(TLS_server_method());
  must(SSL_CTX_use_certificate_chain_file(ctx, CA("good.pem")), "good.pem");
  must(SSL_CTX_use_PrivateKey_file(ctx, CA("good.key"), SSL_FILETYPE_PEM), "good.key");
  return ctx;
}

/* ---- making ---- */

static peer_tls *make(SSL_CTX *ctx) {
  peer_tls *t = calloc(1, sizeof *t);
  if (!t) abort();
  t->ssl = SSL_new(ctx);
  must(t->ssl != NULL, "SSL_new");
  SSL_set_bio(t->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  return t;
}

peer_tls *peer_tls_client(void) {
  static SSL_CTX *ctx;
  if (!ctx) ctx = make_client();
  peer_tls *t = make(ctx);
  SSL_set_connect_state(t->ssl);
  must(SSL_set1_host(t->ssl, "good.test"), "host");
  must((int)SSL_set_tlsext_host_name(t->ssl, "good.test"), "server name");
  if (session) must(SSL_set_session(t->ssl, session), "session");
  return t;
}

peer_tls *peer_tls_server(void) {
  static SSL_CTX *ctx;
  if (!ctx) ctx = make_server();
  peer_tls *t = make(ctx);
  SSL_set_accept_state(t->ssl);
  return t;
}

void peer_tls_free(peer_tls *t) {
  if (!t) return;
  SSL_free(t->ssl);
  free(t->held);
  free(t);
}

/* ---- what comes ---- */

void peer_tls_feed(peer_tls *t, const char *cipher, size_t len) {
  BIO_write(SSL_get_rbio(t->ssl), cipher, (int)len);
}

static void look(peer_tls *t, int n) {
  int error = SSL_get_error(t->ssl, n);
  t->closed |= error == SSL_ERROR_ZERO_RETURN;
  t->failed |= error == SSL_ERROR_SSL;
}

void peer_tls_shake(peer_tls *t) {
  if (t->open || t->failed) return;
  ERR_clear_error();
  int n = SSL_do_handshake(t->ssl);
  t->open = n == 1;
  if (n != 1) look(t, n);
}

size_t peer_tls_read(peer_tls *t, char *plain, size_t size) {
  if (!t->open || t->failed || t->closed) return 0;
  ERR_clear_error();
  int n = SSL_read(t->ssl, plain, (int)size);
  if (n <= 0) look(t, n);
  return n > 0 ? (size_t)n : 0;
}

/* ---- what goes ---- */

static void hold(peer_tls *t, const char *plain, size_t len) {
  if (!len) return;
  t->held = realloc(t->held, t->held_len + len);
  if (!t->held) abort();
  memcpy(t->held + t->held_len, plain, len);
  t->held_len += len;
}

weir__slice peer_tls_unhold(peer_tls *t) {
  weir__slice held = weir__slice_of(t->held, t->held_len);
  t->held = NULL;
  t->held_len = 0;
  return held;
}

void peer_tls_write(peer_tls *t, const char *plain, size_t len) {
  if (!t->open)
    hold(t, plain, len);
  else if (len && !t->failed && !t->farewell)
    must(SSL_write(t->ssl, plain, (int)len) == (int)len, "SSL_write");
}

void peer_tls_close(peer_tls *t) {
  if (t->open && !t->failed && !t->farewell) (void)SSL_shutdown(t->ssl);
  t->farewell = true;
}

weir__slice peer_tls_out(peer_tls *t) {
  char *ptr;
  size_t len = (size_t)BIO_get_mem_data(SSL_get_wbio(t->ssl), &ptr);
  return weir__slice_of(ptr, len);
}

void peer_tls_sent(peer_tls *t) { (void)BIO_reset(SSL_get_wbio(t->ssl)); }

const char *peer_tls_asked_name(const peer_tls *t) {
  return SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name);
}
