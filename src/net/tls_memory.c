/* What an idle connection does not need of Mbed TLS's memory. It knows no connection but its
 * engine, and keeps nothing.
 *
 * Debian's build allocates 16,765 bytes for records each way and never gives them back: 33 of the
 * 36 (TLS 1.2) to 43 KB (TLS 1.3) of an idle engine. Whole pages inside them go back to the system,
 * and come again, filled with zeros, when a record needs them: 11 and 18 KB are left, and with the
 * handshake of a TLS 1.3 server freed, which Mbed TLS forgets, 13. What stays: the first and the
 * last page of each buffer, which other allocations share, keys and the session. Less would take a
 * build of Mbed TLS with MBEDTLS_SSL_VARIABLE_BUFFER_LENGTH, or buffers that begin a page. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* madvise */
#endif
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "net/tls_mbed.h"

enum {
  BUFFER = 16384, /* at least */
  HEAD = 1024     /* counters and the header of the next record stand at the beginning; and a small
                     record needs no page then */
};

static void give_back(const unsigned char *buffer) {
#ifdef MADV_DONTNEED
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t begin = ((uintptr_t)buffer + HEAD + page - 1) / page * page;
  uintptr_t end = ((uintptr_t)buffer + BUFFER) / page * page;
  if (begin < end) (void)madvise((void *)begin, end - begin, MADV_DONTNEED);
#else
  (void)buffer;
#endif
}

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

void weir__tls_rest(weir__tls *e) {
  const mbedtls_ssl_context *ssl = &e->ssl;
  if (!e->open || e->failure || e->out) return;
  free_handshake(e);
  if (!ssl->MBEDTLS_PRIVATE(in_left) && !mbedtls_ssl_check_pending(ssl))
    give_back(ssl->MBEDTLS_PRIVATE(in_buf));
  if (!ssl->MBEDTLS_PRIVATE(out_left)) give_back(ssl->MBEDTLS_PRIVATE(out_buf));
}
