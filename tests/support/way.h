/* Relay tests run four ways: the client's connection, the origin's, both or neither over TLS. The
 * environment says which, WEIR_TEST_WAY=plain|client|origin|both; nothing said is plain. The
 * version is TLS 1.3, or with WEIR_TEST_TLS=1.2 that one.
 *
 * What cannot hold in one of them, or is not so there, says it:
 *
 *   static void a_clients_unix_socket_needs_no_port(void) {
 *     ONLY_PLAIN_CLIENT("an address of this kind has no TLS");
 *
 * The weir_tls of both sides are made once and stay, so that sessions are resumed from one test to
 * the next. */
#ifndef WEIR_TEST_WAY_H
#define WEIR_TEST_WAY_H

#include <stdbool.h>

#include "support/check.h"
#include "weir/tls.h"

bool client_is_secure(void);
bool origin_is_secure(void);

/* A listener's, with good.pem; and that of an origin, which trusts root.crt and wants good.test. */
weir_tls *way_listener_tls(void);
weir_tls *way_origin_tls(void);
/* One like that with more options; the caller frees it. */
weir_tls *way_origin_tls_with(const weir_tls_options *options);

#define SKIP_IF(cond, why) \
  do { \
    if (!(cond)) break; \
    check_skip(why); \
    return; \
  } while (0)
#define ONLY_PLAIN_CLIENT(why) SKIP_IF(client_is_secure(), why)
#define ONLY_PLAIN_ORIGIN(why) SKIP_IF(origin_is_secure(), why)
#define ONLY_PLAIN(why) SKIP_IF(client_is_secure() || origin_is_secure(), why)
/* And what is only so over TLS. */
#define ONLY_SECURE(why) SKIP_IF(!client_is_secure() && !origin_is_secure(), why)
#define ONLY_SECURE_CLIENT(why) SKIP_IF(!client_is_secure(), why)
#define ONLY_SECURE_ORIGIN(why) SKIP_IF(!origin_is_secure(), why)

#endif
