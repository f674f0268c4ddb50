/* The relay: options, origins, routes, listeners, and how it ends. */
#ifndef WEIR_RELAY_H
#define WEIR_RELAY_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "weir/alloc.h"
#include "weir/events.h"
#include "weir/exchange.h"
#include "weir/log.h"
#include "weir/tls.h"
#include "weir/version.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_relay weir_relay;

/* Switches a timer or a limit off; 0 asks for the default. */
#define WEIR_OFF UINT32_MAX

/* Everything that can be set. Begin with WEIR_OPTIONS_INIT; a zero asks for the default:
 *   weir_options o = {WEIR_OPTIONS_INIT, .gap_ms = 60000}; */
typedef struct weir_options {
  size_t size; /* of this struct as the program was compiled; fields are only added at its end */

  weir_allocator allocator; /* malloc, realloc, free */
  const weir_hooks *hooks;  /* none; the struct is copied */
  weir_log_fn log;          /* none */
  void *log_user;
  enum weir_log_level log_level; /* WEIR_LOG_INFO */

  /* Timers, in milliseconds; WEIR_OFF for never. */
  uint32_t connect_ms; /* 5 s: name look-up and TCP connection together */
  uint32_t head_ms;    /* 300 s from the last piece of the request, or the last interim response, to
                          the response head: models think */
  uint32_t gap_ms;     /* 300 s between two reads of a body, or of a tunnel; does not run down
                               while the client is what we wait for */
  uint32_t total_ms;   /* off: a total cuts healthy streams */
  uint32_t stall_ms;   /* 60 s in which the client took none, or too little, of what waits for it */
  uint32_t request_head_ms; /* 10 s from the first byte (of a new connection: from accept) to the
                               end of the request head */
  uint32_t request_body_ms; /* 60 s in which none, or too little, of a request body came */
  uint32_t keepalive_ms;    /* 75 s idle client connection */
  uint32_t idle_origin_ms;  /* 4 s idle origin connection; an origin's `Keep-Alive: timeout=N` makes
                               it N - 2 s */

  /* Limits. */
  uint32_t head_bytes;       /* 64 KiB a message head, trailers likewise -> 431, 502 */
  uint32_t head_fields;      /* 128 fields a head -> 431, 502 */
  uint32_t target_bytes;     /* 16 KiB request target, but no more than head_bytes -> 414 */
  uint32_t interim_max;      /* 16 interim responses before the final one -> 502 */
  uint64_t request_body_max; /* none: prompts carry images -> 413 */
  uint32_t clients_max;      /* none: accepted connections at once -> 503, over TLS a close without
                                handshake, which would cost more than the answer; those that a host
                                hands over count too, but are never refused */
  uint32_t idle_per_origin;  /* 64 idle connections kept for one origin */
  uint32_t outbox_high;      /* 256 KiB waiting for one side pause the other .. */
  uint32_t outbox_low;       /* .. until 64 KiB are left, or a quarter of a lower high mark */
  uint32_t pipeline_bytes;   /* 64 KiB of pipelined requests, or early tunnel bytes, kept unread */
  uint32_t notsent_lowat;    /* 128 KiB: TCP_NOTSENT_LOWAT towards the client, but for responses
                                of a known length of 1 MiB and more, which do not get stale */
  uint32_t user_timeout_ms;  /* 30 s: TCP_USER_TIMEOUT towards the client */

  /* Forwarding. */
  const char *via;                    /* "weir"; "" sends no Via */
  const char *const *trusted_proxies; /* none; NULL-terminated list of addresses, CIDR ranges, or
                                         "unix": what such clients say of the way is believed */
  const char *upgrade_protocols;      /* "websocket"; comma-separated; "" for none; h2c never */
  uint8_t no_forwarding_fields;       /* 1: no X-Forwarded-*, X-Real-IP */
  uint8_t forwarded;                  /* 1: RFC 7239 Forwarded too */
  uint8_t half_close;                 /* 1: a client that sends FIN still gets its answer */

  uint32_t clients_per_address_max; /* none: connections at once from one IPv4 address or one IPv6
                                       /64 -> 503; unix clients and trusted_proxies do not count,
                                       nor what weir_relay_start() serves */
  uint32_t client_rate_min; /* 16 bytes a second: a client that sends less of a request body all
                               through request_body_ms, or takes less of what waits for it all
                               through stall_ms, is as one that is silent; or a thousand clients of
                               a byte a second would stay for ever. Not while the response to that
                               request runs: who talks both ways may do it slowly. WEIR_OFF: any
                               byte will do */

  uint32_t handshake_ms; /* 10 s: the TLS handshake with a client, whose request_head_ms begins
                            behind it, or with an origin, behind connect_ms */

  const weir_event_options *events; /* none; what to do with event streams (copied) */
} weir_options;
#define WEIR_OPTIONS_INIT .size = sizeof(weir_options)

/* Makes a relay on `loop`, which must outlive it. `options` may be NULL.
 * WEIR_EINVAL (an option out of range, low water above high water), WEIR_ECIDR, WEIR_EEVENTS (an
 * option of event streams), WEIR_ENOMEM, or what libuv says. Never calls back, except the allocator. */
WEIR_EXTERN int weir_relay_new(weir_relay **relay, uv_loop_t *loop, const weir_options *options);

/* The most memory, in bytes, that one exchange and its two connections may ever hold under these
 * options, both directions at their limits. What the host itself hands in comes on top: the body of
 * a weir_answer, fields and events that hooks add, the bytes given to weir_relay_accept() and _start();
 * so do larger limits by weir_exchange_set_events(). */
WEIR_EXTERN size_t weir_relay_bytes_max(const weir_relay *relay);

/* An origin. */
typedef struct weir_upstream_options {
  size_t size;
  const char *url;  /* http://host[:port], https://host[:port], a host of v6 in brackets, or
                       unix:/path */
  const char *host; /* NULL: the client's Host goes upstream; else this value instead */
  weir_tls *tls; /* of weir_tls_origin_new(), held by the origin; only with https. NULL there: the
                    defaults, which trust the system's authorities */
} weir_upstream_options;
#define WEIR_UPSTREAM_OPTIONS_INIT .size = sizeof(weir_upstream_options)

/* Adds an origin, which belongs to the relay and lives as long. WEIR_EURL, WEIR_EHOST (a `host`
 * that cannot stand in a Host field), WEIR_EINVAL (a `tls` of a listener, or without https),
 * WEIR_ENOMEM; https without `tls`: what weir_tls_origin_new() says. Names are looked up at each
 * connection, so moving one needs no restart. A TLS session is resumed by the connections that
 * follow. Never calls back. */
WEIR_EXTERN int weir_upstream_new(weir_upstream **upstream, weir_relay *relay,
                                  const weir_upstream_options *options);

/* Relays requests whose path begins with `prefix` to `upstream`; with `host`, only those for that
 * host (any case, without port). Routes with a host win over those without, then the longest prefix
 * wins, then the first added. No route: 404. WEIR_EINVAL for a prefix that does not begin with `/`
 * or a host that is none, or an upstream of another relay; WEIR_ENOMEM. Before or after listening.
 * Never calls back. */
WEIR_EXTERN int weir_relay_route(weir_relay *relay, const char *host, const char *prefix,
                                 weir_upstream *upstream);

typedef struct weir_listen_options {
  size_t size;
  int backlog;        /* 511 */
  uint8_t reuse_port; /* 1: SO_REUSEPORT, so that one relay a thread can share the port */
  weir_tls *tls;      /* none; of weir_tls_server_new(), held by the listener: clients speak TLS */
} weir_listen_options;
#define WEIR_LISTEN_OPTIONS_INIT .size = sizeof(weir_listen_options)

/* Listens on `host:port`, `[v6]:port`, `:port` (every address) or `unix:/path`; port 0 takes a
 * free one, and `port` (if not NULL) is told which. A name is looked up here and now. A unix socket
 * left behind by a dead process is replaced; one that still answers gives UV_EADDRINUSE.
 * `options` may be NULL. WEIR_EADDRESS, WEIR_EINVAL (a `tls` of an origin), WEIR_ESTATE (drain or
 * close has begun), WEIR_ENOMEM, or what the system says (UV_EADDRINUSE). May be called several
 * times. Does not call back before it returns. */
WEIR_EXTERN int weir_relay_listen(weir_relay *relay, const char *address,
                                  const weir_listen_options *options, int *port);

/* How a connection comes back to the host that lent it. */
typedef struct weir_returned {
  size_t size;
  int open;         /* 1: the stream is the host's again, neither reading nor closing;
                       0: it was closed and its memory may be freed */
  const char *rest; /* bytes that were read and belong to the next request, valid in the call */
  size_t rest_len;
} weir_returned;

/* Gives `stream` back; weir does not touch it any more. Its `data` field is as it was. */
typedef void (*weir_return_fn)(uv_stream_t *stream, const weir_returned *returned, void *user);

typedef struct weir_accept_options {
  size_t size;
  const char *read; /* none; bytes that the host has read from the connection already (copied) */
  size_t read_len;
  weir_tls *tls; /* none; of weir_tls_server_new(): the client speaks TLS, from the first byte on */
} weir_accept_options;
#define WEIR_ACCEPT_OPTIONS_INIT .size = sizeof(weir_accept_options)

/* Serves a connection that the host accepted: a uv_tcp_t or uv_pipe_t of this relay's loop, open,
 * not reading. It is served until it closes, all its requests by the relay's routes and hooks. weir
 * uses the handle until `returned` (required) gets it, closed. `options` may be NULL. WEIR_EINVAL
 * for another type of handle or a `tls` of an origin, WEIR_ESTATE (drain or close has begun),
 * WEIR_ENOMEM, UV_ENOTCONN (the client has left already); then `returned` is not called. Hooks may
 * run before it returns if `read` holds a whole head; `returned` never does. */
WEIR_EXTERN int weir_relay_accept(weir_relay *relay, uv_stream_t *stream,
                                  const weir_accept_options *options, weir_return_fn returned,
                                  void *user);

/* A request whose head the host parsed itself. All is copied. */
typedef struct weir_request {
  size_t size;
  const char *method;
  const char *target;
  int http_minor; /* 1 for HTTP/1.1, 0 for HTTP/1.0 */
  const weir_field *fields;
  size_t field_count;
  const char *body; /* what the host read behind the head: body bytes as they came (chunked ones
                       still chunked), perhaps the next request */
  size_t body_len;
} weir_request;
#define WEIR_REQUEST_INIT .size = sizeof(weir_request)

/* Serves one request and gives the stream back for the next. The head passes the same checks as one
 * that weir reads itself, and a bad one is answered so. `upstream` NULL: by the routes; `hooks`
 * NULL: those of the relay, else copied. `returned` (required) gets the stream: open if the next
 * request may follow, closed if the exchange left it in no state for one.
 * WEIR_EINVAL, WEIR_EFIELD and WEIR_ETARGET for a head that cannot be written as HTTP; WEIR_ESTATE
 * (drain or close has begun), WEIR_ENOMEM, UV_ENOTCONN (the client has left already);
 * then `returned` is not called and the stream is still the host's. Hooks may run before it
 * returns, `returned` never does. */
WEIR_EXTERN int weir_relay_start(weir_relay *relay, uv_stream_t *stream,
                                 const weir_request *request, weir_upstream *upstream,
                                 const weir_hooks *hooks, weir_return_fn returned, void *user);

/* What goes on right now, and what went on so far. */
typedef struct weir_counters {
  size_t size;
  uint64_t clients;      /* client connections open */
  uint64_t exchanges;    /* exchanges running */
  uint64_t idle_origins; /* origin connections waiting for reuse */
  uint64_t clients_total;
  uint64_t exchanges_total;
  uint64_t refused_total;           /* connections answered 503 (over TLS: closed) at clients_max
                                       or clients_per_address_max, or dropped for want of memory
                                       or descriptors */
  uint64_t origins_total;           /* connections opened to origins */
  uint64_t ends[32];                /* exchanges ended, by enum weir_end */
  uint64_t handshakes_total;        /* TLS handshakes with clients that succeeded .. */
  uint64_t handshakes_failed_total; /* .. that did not, for whatever reason */
  uint64_t resumed_total;           /* of origins_total: TLS connections that resumed a session */
} weir_counters;

/* Fills `counters`, whose size field the caller has set. */
WEIR_EXTERN void weir_relay_counters(const weir_relay *relay, weir_counters *counters);

/* Fills `ledger`, whose size field the caller has set, with what all streams of the relay so far
 * have added, those with weir_event_options.ledger. */
WEIR_EXTERN void weir_relay_ledger(const weir_relay *relay, weir_ledger *ledger);

typedef void (*weir_done_fn)(weir_relay *relay, void *user);

/* Ends gently: stops listening, closes idle connections, lets running exchanges finish and tells
 * their clients `Connection: close`; what still runs after `deadline_ms` (WEIR_OFF: however long)
 * is cut with WEIR_END_DRAINED. Then calls `done` (may be NULL), never before it returns. A client
 * that has its answer but does not close delays that by at most 5 s, and never past the deadline.
 * The relay stays valid until weir_relay_close(). Calling it again only moves the
 * deadline (its `done` is not called); weir_relay_close() meanwhile drops `done`. */
WEIR_EXTERN void weir_relay_drain(weir_relay *relay, uint32_t deadline_ms, weir_done_fn done,
                                  void *user);

/* Ends at once: cuts every exchange (WEIR_END_DRAINED), closes every connection, frees the relay
 * and its origins in close callbacks, then calls `done` (may be NULL; the pointer it gets is only
 * a name by then). Allowed inside every hook. Calling it twice is the caller's error, but while
 * the relay still exists it does nothing. Hooks run before it returns, `done` never does. */
WEIR_EXTERN void weir_relay_close(weir_relay *relay, weir_done_fn done, void *user);

#ifdef __cplusplus
}
#endif
#endif
