/* See ossl_end.h. */
#include "support/ossl_end.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"

static void must(int ok, const char *what) {
  if (ok == 1) return;
  fprintf(stderr, "ossl_end: %s: %s\n", what, ERR_reason_error_string(ERR_peek_last_error()));
  abort();
}

static void show(SSL_CTX *ctx, const char *pair) {
  char cert[512], key[512];
  snprintf(cert, sizeof cert, CA("%s.pem"), pair);
  snprintf(key, sizeof key, CA("%s.key"), pair);
  must(SSL_CTX_use_certificate_chain_file(ctx, cert), cert);
  must(SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM), key);
}

static void make(ossl_end *end, const SSL_METHOD *method, const char *pair, size_t version) {
  memset(end, 0, sizeof *end);
  end->ctx = SSL_CTX_new(method);
  must(end->ctx != NULL, "SSL_CTX_new");
  SSL_CTX_set_security_level(end->ctx, 0);
  must(SSL_CTX_set_cipher_list(end->ctx, "ALL:@SECLEVEL=0"), "ciphers");
  must(SSL_CTX_set_min_proto_version(end->ctx, (int)version), "version");
  must(SSL_CTX_set_max_proto_version(end->ctx, (int)version), "version");
  if (pair) show(end->ctx, pair);
}

void ossl_server(ossl_end *end, const char *pair, size_t version) {
  make(end, TLS_server_method(), pair, version);
  must(SSL_CTX_set_session_id_context(end->ctx, (const unsigned char *)"test", 4), "context");
}

void ossl_client(ossl_end *end, const char *pair, size_t version) {
  make(end, TLS_client_method(), pair, version);
}

static void on_info(const SSL *ssl, int where, int value) {
  ossl_end *end = SSL_get_app_data(ssl);
  if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && value >> 8 == SSL3_AL_FATAL)
    end->alert = value & 0xff;
}

void ossl_begin(ossl_end *end, const char *sni) {
  end->alert = -1;
  end->closed = end->failed = false;
  end->ssl = SSL_new(end->ctx);
  must(end->ssl != NULL, "SSL_new");
  SSL_set_app_data(end->ssl, end);
  SSL_set_info_callback(end->ssl, on_info);
  SSL_set_bio(end->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  if (SSL_is_server(end->ssl))
    SSL_set_accept_state(end->ssl);
  else
    SSL_set_connect_state(end->ssl);
  if (sni) must((int)SSL_set_tlsext_host_name(end->ssl, sni), "server name");
}

void ossl_finish(ossl_end *end) {
  SSL_free(end->ssl);
  end->ssl = NULL;
  bytes_clear(&end->plain);
}

void ossl_close(ossl_end *end) {
  ossl_finish(end);
  SSL_CTX_free(end->ctx);
}

static void look(ossl_end *end, int n) {
  int error = SSL_get_error(end->ssl, n);
  if (error == SSL_ERROR_ZERO_RETURN) end->closed = true;
  if (error == SSL_ERROR_SSL) end->failed = true;
}

void ossl_turn(ossl_end *end) {
  char raw[20000];
  int n = 1;
  ERR_clear_error();
  if (!SSL_is_init_finished(end->ssl)) n = SSL_do_handshake(end->ssl);
  while (n == 1 || SSL_is_init_finished(end->ssl)) {
    n = SSL_read(end->ssl, raw, sizeof raw);
    if (n <= 0) break;
    bytes_add(&end->plain, raw, (size_t)n);
  }
  look(end, n);
}

static size_t to_ossl(tls_end *ours, ossl_end *end) {
  size_t len = ours->out.len;
  if (len) BIO_write(SSL_get_rbio(end->ssl), ours->out.ptr, (int)len);
  bytes_clear(&ours->out);
  return len;
}

static size_t to_ours(ossl_end *end, tls_end *ours) {
  char *ptr;
  BIO *out = SSL_get_wbio(end->ssl);
  size_t len = (size_t)BIO_get_mem_data(out, &ptr);
  bytes_add(&ours->in, ptr, len);
  (void)BIO_reset(out);
  return len;
}

bool ossl_talk(ossl_end *end, tls_end *ours) {
  size_t moved;
  do {
    ossl_turn(end);
    moved = to_ours(end, ours);
    tls_end_turn(ours);
    moved += to_ossl(ours, end);
  } while (moved);
  return weir__tls_is_open(ours->engine) && SSL_is_init_finished(end->ssl);
}
