/* What the files of the TLS engine share, and the only place that includes Mbed TLS: src/net/tls*.c
 * include it, and nothing else does. It knows no stream and no loop. A config belongs to the
 * weir_tls that made it and to every engine that began with it; whoever comes last frees it. */
#ifndef WEIR_NET_TLS_MBED_H
#define WEIR_NET_TLS_MBED_H

#include <mbedtls/build_info.h>
#include <mbedtls/error.h>
#include <mbedtls/oid.h>
#include <mbedtls/pem.h>
#include <mbedtls/pk.h>
#include <mbedtls/platform.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/psa_util.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cache.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/x509_crt.h>
#include <psa/crypto.h>

#if MBEDTLS_VERSION_NUMBER < 0x03060000 || MBEDTLS_VERSION_MAJOR > 3
#error "weir is written for Mbed TLS 3.6"
#endif
#ifndef MBEDTLS_THREADING_C
#error "weir runs handshakes in several threads: Mbed TLS must be built with MBEDTLS_THREADING_C"
#endif

#include <stdatomic.h>

#include "net/tls.h"

/* ---- words (tls_error.c) ---- */

/* weir's code for one of Mbed TLS. */
int weir__tls_error(int code);
/* The reason behind a certificate that was refused: of several the one to mend first. `alone`: it
 * is signed by itself. */
int weir__tls_cert_error(uint32_t flags, bool alone);
/* Puts the sentence into `why`, if there is one, and returns the code. */
int weir__tls_fail(weir_tls_why *why, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- options (tls_options.c) ---- */

/* Checks and copies, strings and lists into the arena; defaults are filled in, but for files. */
int weir__tls_options(weir_tls_options *to, weir__arena *arena, bool server,
                      const weir_tls_options *from, weir_tls_why *why);

/* ---- ciphers (tls_ciphers.c) ---- */

enum { WEIR__TLS_CIPHERS = 40 };

/* The suites that `names` lists (NULL: the default), ended by 0, and the span of versions they
 * leave of `min` to `max`. WEIR_ETLS_CIPHERS. */
int weir__tls_ciphers(int list[WEIR__TLS_CIPHERS], const char *names, int *min, int *max,
                      weir_tls_why *why);
/* As IANA writes it, or NULL. */
const char *weir__tls_cipher_name(int id);

/* ---- files (tls_pem.c) ---- */

/* Reads certificates, a key that fits the first of them, lists of revoked ones, from a file or from
 * the text itself. WEIR_ETLS_FILE, WEIR_ETLS_EXPIRED, WEIR_ETLS_NOT_YET, WEIR_ENOMEM. */
int weir__tls_read_pair(mbedtls_x509_crt *chain, mbedtls_pk_context *key, const weir_tls_pair *pair,
                        weir_tls_why *why);
/* `pem` NULL: the system's. */
int weir__tls_read_ca(mbedtls_x509_crt *ca, const char *pem, weir_tls_why *why);
int weir__tls_read_crl(mbedtls_x509_crl *crl, const char *pem, weir_tls_why *why);

/* ---- whose certificate (tls_verify.c) ---- */

/* How well a certificate is for a server name: 2 exactly, 1 by a wildcard, 0 not. */
int weir__tls_serves(const mbedtls_x509_crt *cert, weir__slice name);
/* True if a certificate is for a name or address. */
bool weir__tls_is_for(const mbedtls_x509_crt *cert, const char *name);
bool weir__tls_is_address(const char *name);
/* Judges each certificate of the peer's chain, the peer's own last: mbedtls_ssl_set_verify(). */
int weir__tls_on_cert(void *engine, mbedtls_x509_crt *cert, int depth, uint32_t *flags);

/* ---- what one reading of the files gave (tls_config.c) ---- */

/* What lets clients of a server resume: it outlives a reload. */
typedef struct weir__tls_resume {
  atomic_uint refs;
  weir__mem mem;
  mbedtls_ssl_ticket_context tickets;
  mbedtls_ssl_cache_context cache;
} weir__tls_resume;

typedef struct weir__tls_identity {
  mbedtls_x509_crt chain;
  mbedtls_pk_context key;
} weir__tls_identity;

/* Does not change once it is made, so that threads share it without a lock. */
typedef struct weir__tls_config {
  atomic_uint refs;
  uint64_t id; /* counts the readings */
  bool server;
  weir__mem mem;
  weir__arena arena;
  weir_tls_options o; /* in the arena */
  mbedtls_ssl_config ssl;
  weir__tls_identity *identities; /* o.pair_count of them, in the arena */
  mbedtls_x509_crt ca;
  mbedtls_x509_crl crl;
  int ciphers[WEIR__TLS_CIPHERS];
  weir__tls_resume *resume; /* NULL at an origin */
} weir__tls_config;

/* `before`: the one whose place it takes, or NULL. */
int weir__tls_config_new(weir__tls_config **config, bool server, const weir_tls_options *options,
                         const weir__tls_config *before, weir_tls_why *why);
void weir__tls_config_drop(weir__tls_config *config);
/* The one in force, held. */
weir__tls_config *weir__tls_config_of(weir_tls *tls);

/* ---- the engine (tls.c, tls_session.c) ---- */

struct weir__tls {
  weir__mem *mem;
  weir__tls_config *config;
  mbedtls_ssl_context ssl;
  char *verify_name;        /* an origin's certificate must be for it; NULL: any will do */
  weir__slice *in, nothing; /* of the call at hand .. */
  weir__room *out;          /* .. and NULL outside of it */
  size_t before;            /* so much stood there when it took bytes, or began, last */
  size_t record_max;        /* plain bytes of a record .. */
  size_t record_more;       /* .. and what it has besides */
  int failure;              /* what ended it, or 0 */
  int alert;                /* that came, or -1 */
  uint32_t cert_flags;      /* what is wrong with the peer's chain */
  bool cert_seen, cert_alone;
  bool open, over;          /* handshake is over; close_notify came */
  bool close_sent;          /* ours is on its way */
  bool session_waiting;     /* to be fetched */
  bool bare;                /* has no record buffers at present .. */
  weir__tls_spare *spare;   /* .. but these when it needs some; NULL: has its own .. */
  unsigned char counter[8]; /* .. and this goes with them: of the next record that comes */
};

/* Around all that touches record buffers (tls_memory.c). False without memory. */
bool weir__tls_take_buffers(weir__tls *engine);
void weir__tls_give_buffers(weir__tls *engine);
/* The engine goes. */
void weir__tls_leave_buffers(weir__tls *engine);

/* Sets a session for resumption if it is of use. */
void weir__tls_resume_with(weir__tls *engine, weir__slice session);

#endif
