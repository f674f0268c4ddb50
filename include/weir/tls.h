/* TLS: what a listener shows to its clients, and what an origin must show to us. Taken, and held,
 * by weir_relay_listen(), weir_relay_accept() and weir_upstream_new().
 *
 *   weir_tls *tls;
 *   weir_tls_why why;
 *   weir_tls_pair pair = {WEIR_TLS_PAIR_INIT, .cert = "site.pem", .key = "site.key"};
 *   if (weir_tls_server_new(
 *           &tls, &(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .pairs = &pair, .pair_count = 1}, &why))
 *     fprintf(stderr, "%s\n", why.text);
 *   weir_relay_listen(relay, ":443", &(weir_listen_options){WEIR_LISTEN_OPTIONS_INIT, .tls = tls},
 *                     NULL);
 *
 * PEM: an option that wants PEM takes the path of a file, or the PEM itself: a string that holds
 * `-----BEGIN `.
 *
 * Threads: a weir_tls belongs to no loop. One may serve the relays of many threads at once, which
 * then share its session tickets; every function here may be called from any thread.
 *
 * Key updates: Mbed TLS 3.6 knows none of TLS 1.3. A peer that sends one ends its connection
 * (WEIR_ETLS_MESSAGE), and we send none.
 *
 * Memory: what TLS needs comes from malloc() and not from a relay's allocator, since the TLS
 * library that Debian ships has no hook for it; one such allocation that fails ends one connection
 * (WEIR_ENOMEM) like any other. */
#ifndef WEIR_TLS_H
#define WEIR_TLS_H

#include <stddef.h>
#include <stdint.h>

#include "weir/version.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_tls weir_tls;

/* One clear sentence on what is wrong with an option or a file, and what would be right. Empty if
 * nothing is. */
typedef struct weir_tls_why {
  char text[512];
} weir_tls_why;

/* A certificate with the chain that leads to its authority (itself first, the root may be left
 * out), and its key: RSA or EC, without a passphrase. */
typedef struct weir_tls_pair {
  size_t size;
  const char *cert; /* PEM */
  const char *key;  /* PEM; NULL: it stands in `cert` too */
} weir_tls_pair;
#define WEIR_TLS_PAIR_INIT .size = sizeof(weir_tls_pair)

enum weir_tls_version { WEIR_TLS_1_2 = 0x0303, WEIR_TLS_1_3 = 0x0304 };

/* What a listener asks of its clients. */
enum weir_tls_client_cert {
  WEIR_TLS_CLIENT_CERT_DEFAULT, /* required if there is a `ca`, else none */
  WEIR_TLS_CLIENT_CERT_NONE,    /* nothing */
  WEIR_TLS_CLIENT_CERT_WANTED,  /* a client may come without one; a bad one is refused */
  WEIR_TLS_CLIENT_CERT_REQUIRED
};

/* Everything that can be set. Begin with WEIR_TLS_OPTIONS_INIT; a zero asks for the default. */
typedef struct weir_tls_options {
  size_t size;

  /* Both sides. */
  const weir_tls_pair *pairs; /* server: at least one; the server name that a client asks for
                                 chooses among them (exact names before `*.` ones), and one that
                                 none is for gets the first. Origin: none, or the one to show. All
                                 must be of the size that the first tells */
  size_t pair_count;
  const char *ca;  /* PEM of the authorities to trust. Server: of client certificates. Origin: the
                      system's (Debian's, Fedora's, Alpine's, macOS's place is known) */
  const char *crl; /* none; PEM of lists of revoked certificates. An authority without a list
                      there is not asked about */
  const char *const
      *alpn; /* {"http/1.1"}, and a server's {"http/1.1", "http/1.0"}; NULL-terminated,
                              the best first; an empty list sends and expects none */
  enum weir_tls_version min_version; /* WEIR_TLS_1_2 */
  enum weir_tls_version max_version; /* WEIR_TLS_1_3 */
  const char *ciphers; /* those of both versions with forward secrecy and AEAD; names as IANA or
                          OpenSSL write them, between `:`, `,` or spaces; the best first, but with TLS
                          1.3 a server follows its client's order. A version without a cipher in
                          the list is not spoken */

  /* Server. */
  enum weir_tls_client_cert client_cert;
  uint32_t ticket_s; /* 12 h: how long a session may be resumed; the keys of tickets change after
                        each such time. UINT32_MAX: never */
  uint32_t cache;    /* 1000 sessions kept for TLS 1.2 clients that take no tickets. UINT32_MAX:
                        none */

  /* Origin. */
  const char *sni;         /* the host of its URL, unless that is an address; "": none is sent */
  const char *verify_name; /* the host of its URL: name, IPv4 or IPv6 address that the certificate
                              must be for */
  uint8_t insecure_accept_any_certificate; /* 1: whoever answers is believed: no authority, name or
                                              date is checked */
  uint8_t no_resumption;                   /* 1: every connection shakes hands in full */
  uint8_t ignore_missing_close_notify;     /* 1: a connection that just ends has ended well: for old
                                              origins whose bodies end so. Who cuts the wire can
                                              shorten such a body unseen */
} weir_tls_options;
#define WEIR_TLS_OPTIONS_INIT .size = sizeof(weir_tls_options)

/* Makes what a listener needs, or what an origin does. All is copied, and the files are read here.
 * `why` may be NULL. `options` may be NULL for an origin.
 * WEIR_ETLS_FILE: a file cannot be read, is no PEM, a key does not fit its certificate;
 * WEIR_ETLS_EXPIRED, WEIR_ETLS_NOT_YET: a certificate of ours is of no use today;
 * WEIR_ETLS_CIPHERS; WEIR_EINVAL: an option out of range, or of the other side; WEIR_ENOMEM;
 * WEIR_ETLS_FAILED. Blocks while it reads. Never calls back. */
WEIR_EXTERN int weir_tls_server_new(weir_tls **tls, const weir_tls_options *options,
                                    weir_tls_why *why);
WEIR_EXTERN int weir_tls_origin_new(weir_tls **tls, const weir_tls_options *options,
                                    weir_tls_why *why);

/* Reads the files again; with `options`, takes those instead of the old ones. Connections that run
 * keep the old certificates, new ones get the new; sessions can still be resumed, but not where
 * peers must show certificates: those are judged anew. On any error the old stays in force,
 * and `why` says what is wrong. Errors as at weir_tls_server_new(). Blocks while it reads. Never
 * calls back. */
WEIR_EXTERN int weir_tls_reload(weir_tls *tls, const weir_tls_options *options, weir_tls_why *why);

/* Gives it up; listeners, origins and connections that use it go on. NULL is fine. */
WEIR_EXTERN void weir_tls_free(weir_tls *tls);

#ifdef __cplusplus
}
#endif
#endif
