/* What an open connection does not need of Mbed TLS's memory. It knows no connection but its
 * engine; what is shared belongs to whoever has the weir__tls_spare, until its last engine goes.
 *
 * Debian's build allocates 16,765 bytes for records each way and keeps them as long as a
 * connection: 33 of the 36 (TLS 1.2) to 43 KB (TLS 1.3) of an engine. Between two calls nothing of
 * worth is in them but a counter, unless half a record is: so the engines of a loop use one pair,
 * one behind another, which also stays in the processor's cache. A build of Mbed TLS with
 * MBEDTLS_SSL_VARIABLE_BUFFER_LENGTH would keep 1 KB each way, and would have to allocate for each
 * record that is larger. */
#include <stdint.h>

#include "net/tls_mbed.h"

enum {
  LEAST = 16384,        /* of a buffer of Mbed TLS's own .. */
  BUFFER = 16384 + 2048 /* .. and what is more than any of them */
};

/* ---- the handshake ---- */

/* Mbed TLS frees the handshake of TLS 1.2 when it is over, and forgets that of TLS 1.3, 6 KB, which
 * a client still needs for tickets and a server for nothing. Its function for that is in every
 * build of 3.6, but in no header. */
void mbedtls_ssl_handshake_wrapup_free_hs_transform(mbedtls_ssl_context *ssl) __attribute__((weak));

static void free_handshake(weir__tls *e) {
  mbedtls_ssl_context *ssl = &e->ssl;
  bool over = ssl->MBEDTLS_PRIVATE(state) == MBEDTLS_SSL_HANDSHAKE_OVER; /* its tickets are sent */
  if (!over || !e->config->server || !ssl->MBEDTLS_PRIVATE(handshake)) return;
  if (mbedtls_ssl_handshake_wrapup_free_hs_transform)
    mbedtls_ssl_handshake_wrapup_free_hs_transform(ssl);
}

/* ---- buffers ---- */

/* Half a record, half a message, or plain bytes that nobody has fetched. */
static bool is_in_use(const mbedtls_ssl_context *ssl) {
  if (ssl->MBEDTLS_PRIVATE(in_left) || ssl->MBEDTLS_PRIVATE(out_left)) return true;
  if (ssl->MBEDTLS_PRIVATE(in_ctr) != ssl->MBEDTLS_PRIVATE(in_buf)) return true;
#if MBEDTLS_VERSION_NUMBER >= 0x03060300 /* puts messages together */
  if (ssl->MBEDTLS_PRIVATE(badmac_seen_or_in_hsfraglen)) return true;
#endif
  return ssl->MBEDTLS_PRIVATE(in_offt) || mbedtls_ssl_check_pending(ssl);
}

/* As numbers: where it points from may be gone. */
static void move(unsigned char **pointer, uintptr_t by) {
  if (*pointer) *pointer = (unsigned char *)((uintptr_t)*pointer + by);
}

static void move_in(mbedtls_ssl_context *ssl, const unsigned char *to) {
  uintptr_t by = (uintptr_t)to - (uintptr_t)ssl->MBEDTLS_PRIVATE(in_buf);
  if (!by) return;
  move(&ssl->MBEDTLS_PRIVATE(in_buf), by);
  move(&ssl->MBEDTLS_PRIVATE(in_ctr), by);
  move(&ssl->MBEDTLS_PRIVATE(in_hdr), by);
#if defined(MBEDTLS_SSL_DTLS_CONNECTION_ID)
  move(&ssl->MBEDTLS_PRIVATE(in_cid), by);
#endif
  move(&ssl->MBEDTLS_PRIVATE(in_len), by);
  move(&ssl->MBEDTLS_PRIVATE(in_iv), by);
  move(&ssl->MBEDTLS_PRIVATE(in_msg), by);
}

static void move_out(mbedtls_ssl_context *ssl, const unsigned char *to) {
  uintptr_t by = (uintptr_t)to - (uintptr_t)ssl->MBEDTLS_PRIVATE(out_buf);
  if (!by) return;
  move(&ssl->MBEDTLS_PRIVATE(out_buf), by);
  move(&ssl->MBEDTLS_PRIVATE(out_ctr), by);
  move(&ssl->MBEDTLS_PRIVATE(out_hdr), by);
#if defined(MBEDTLS_SSL_DTLS_CONNECTION_ID)
  move(&ssl->MBEDTLS_PRIVATE(out_cid), by);
#endif
  move(&ssl->MBEDTLS_PRIVATE(out_len), by);
  move(&ssl->MBEDTLS_PRIVATE(out_iv), by);
  move(&ssl->MBEDTLS_PRIVATE(out_msg), by);
}

static bool need(unsigned char **buffer) {
  if (!*buffer) *buffer = mbedtls_calloc(1, BUFFER);
  return *buffer != NULL;
}

/* They have held what nobody else shall read. */
static void discard(unsigned char *buffer) {
  if (buffer) mbedtls_platform_zeroize(buffer, LEAST);
  mbedtls_free(buffer);
}

static void put(unsigned char **place, unsigned char *buffer) {
  if (*place)
    discard(buffer);
  else
    *place = buffer;
}

bool weir__tls_take_buffers(weir__tls *e) {
  mbedtls_ssl_context *ssl = &e->ssl;
  weir__tls_spare *spare = e->spare;
  if (!e->bare) return true;
  if (!need(&spare->in) || !need(&spare->out)) return false;
  move_in(ssl, spare->in);
  move_out(ssl, spare->out);
  memcpy(ssl->MBEDTLS_PRIVATE(in_ctr), e->counter, sizeof e->counter);
  spare->in = spare->out = NULL;
  e->bare = false;
  return true;
}

/* What an engine that has failed has in them is of no use any more. */
void weir__tls_give_buffers(weir__tls *e) {
  mbedtls_ssl_context *ssl = &e->ssl;
  if (!e->spare || e->bare) return;
  free_handshake(e);
  if (is_in_use(ssl) && !e->failure) return;
  memcpy(e->counter, ssl->MBEDTLS_PRIVATE(in_ctr), sizeof e->counter);
  put(&e->spare->in, ssl->MBEDTLS_PRIVATE(in_buf));
  put(&e->spare->out, ssl->MBEDTLS_PRIVATE(out_buf));
  e->bare = true;
}

void weir__tls_share(weir__tls *e, weir__tls_spare *spare) {
  if (e->spare || !e->open) return;
  e->spare = spare;
  spare->users++;
  weir__tls_give_buffers(e);
}

void weir__tls_leave_buffers(weir__tls *e) {
  weir__tls_spare *spare = e->spare;
  if (e->bare) e->ssl.MBEDTLS_PRIVATE(in_buf) = e->ssl.MBEDTLS_PRIVATE(out_buf) = NULL;
  if (!spare || --spare->users) return;
  discard(spare->in);
  discard(spare->out);
  spare->in = spare->out = NULL;
}
