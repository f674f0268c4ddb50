/* What an idle connection does not need of Mbed TLS's memory. It knows no connection but its
 * engine, and keeps nothing.
 *
 * Debian's build allocates 16,765 bytes for records each way and never gives them back: 33 of the
 * 36 (TLS 1.2) to 43 KB (TLS 1.3) of an idle engine. Whole pages inside them go back to the system,
 * and come again, filled with zeros, when a record needs them: 11 and 18 KB are left. */
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

void weir__tls_rest(weir__tls *e) {
  const mbedtls_ssl_context *ssl = &e->ssl;
  if (!e->open || e->failure || e->out) return;
  if (!ssl->MBEDTLS_PRIVATE(in_left) && !mbedtls_ssl_check_pending(ssl))
    give_back(ssl->MBEDTLS_PRIVATE(in_buf));
  if (!ssl->MBEDTLS_PRIVATE(out_left)) give_back(ssl->MBEDTLS_PRIVATE(out_buf));
}
