/* The policy of a gateway as pure functions from head to head: which fields end here, which are
 * added (RFC 9110, 7.6; RFC 7239). It knows neither relay nor connection. It edits the head it is
 * given and owns nothing. */
#ifndef WEIR_HTTP_FORWARD_H
#define WEIR_HTTP_FORWARD_H

#include <stdbool.h>

#include "base/cidr.h"
#include "http/head.h"

/* What the relay was told to do, the same for every exchange. */
typedef struct weir__policy {
  const char *via;        /* "" for none */
  const char *upgrade;    /* protocols that may pass, comma-separated; h2c never */
  bool forwarding_fields; /* X-Forwarded-*, X-Real-IP */
  bool forwarded;         /* RFC 7239 */
} weir__policy;

/* How the client is connected. */
typedef struct weir__peer {
  weir__addr addr;
  char text[46]; /* of the address; "unix" */
  int port;      /* 0 for unix */
  int local_port;
  const char *scheme; /* "http", static */
  bool trusted;       /* it is in the list of trusted proxies */
} weir__peer;

/* Makes a request head ready for the origin, in this order:
 *  - the fields named in Connection go (the first 256 names count), but never Host,
 *    Content-Length, nor those that weir writes (a client cannot strip X-Forwarded-For by naming
 *    it); then Connection, Keep-Alive, Proxy-Connection, Proxy-Authenticate, Proxy-Authorization,
 *    TE, Transfer-Encoding, Upgrade, HTTP2-Settings go. `TE: trailers` is told by `*te` so that it
 *    can be written anew.
 *  - Expect goes from an HTTP/1.0 request (RFC 9110, 10.1.1).
 *  - All that an untrusted client says of the way goes: X-Forwarded-For, -Proto, -Host, -Port,
 *    X-Real-IP, Forwarded, also written with `_` for `-`, and also if the policy adds none of
 *    them.
 *  - X-Forwarded-For: appended to, several fields becoming one. -Proto, -Host, -Port, X-Real-IP:
 *    set if absent or empty. A unix client has no address and no port: it adds none.
 *    X-Forwarded-Host is the client's Host.
 *  - Forwarded: if the policy wants it, ours is appended (for=, host=, proto=, v6 and odd hosts
 *    quoted).
 *  - Host becomes `host_override` if that is not NULL, else stays (head->host is written as Host:
 *    it is that of an absolute target, RFC 9112, 3.2.2). With neither, `authority` is used.
 *  - Via: `1.1 weir` is added (with the version of the request).
 * `*upgrade` is the protocol list to ask the origin for (in the head's arena), or NULL: those of
 * head->upgrade that the policy lets pass, and about 256 bytes of them at most. An HTTP/1.0
 * request has neither upgrade nor te.
 * WEIR_ENOMEM: the head is good for weir__head_free() only. */
int weir__forward_request(weir_head *head, const weir__policy *policy, const weir__peer *peer,
                          const char *host_override, const char *authority, const char **upgrade,
                          bool *te);

/* Makes a response head ready for the client: hop-by-hop and Connection-named fields go as above
 * (Set-Cookie, Content-Length, Content-Type, Date, Via never by being named), Via is added, and a
 * streaming response (event stream, or a body of unknown length) without X-Accel-Buffering gets
 * `no`. Content-Length goes from 1xx, 204, and 2xx to CONNECT (RFC 9110, 8.6). Works for interim
 * heads too (without the marking). WEIR_ENOMEM as above. */
int weir__forward_response(weir_head *head, const weir__policy *policy);

/* Drops the fields that may not stand in a trailer section (RFC 9110, 6.5.1): framing, routing,
 * authentication, caching controls, hop-by-hop, and what a client says of the way. `any_named`: the
 * head's Connection named fields that weir does not know (head->names_fields). They may not pass as
 * trailers either (RFC 9110, 7.6.1), and since the head is gone by then, none does: RFC 9112, 7.1.2
 * lets a gateway discard them. */
void weir__forward_trailers(weir_head *trailers, bool any_named);

#endif
