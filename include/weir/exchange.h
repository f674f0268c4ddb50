/* One exchange: a request, its response, and how it ended. */
#ifndef WEIR_EXCHANGE_H
#define WEIR_EXCHANGE_H

#include <stddef.h>
#include <stdint.h>

#include "weir/events.h"
#include "weir/head.h"
#include "weir/version.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_exchange weir_exchange;
typedef struct weir_upstream weir_upstream;

/* How an exchange ended, and what its client could see of it.
 *
 *  the response ..                        | end         | before the head    | after the head
 *  ---------------------------------------+-------------+--------------------+------------------
 *  ended where its framing said           | COMPLETE    |                    | whole
 *  ended by a clean FIN, nothing else     | UNMARKED    |                    | whole, as far as
 *   marking the end (close-delimited)     |             |                    | anyone can know
 *  was given by the host                  | ANSWERED    | that answer        |
 *  was refused by a hook or by a rule     | REFUSED     | 4xx, 5xx           | cut
 *   (no route, CONNECT, a limit)          |             |                    |
 *  never came: no address, no connection, | UNREACHABLE | 502                |
 *   no TLS handshake                      |             |                    |
 *  ended by FIN inside head or body, or   | TRUNCATED   | 502                | cut
 *   over TLS without close_notify         |             |                    |
 *  ended by a reset, a failed write, or a | RESET       | 502                | cut
 *   TLS alert or broken record            |             |                    |
 *  was no HTTP, or ambiguous              | MALFORMED   | 502                | cut
 *  took too long (see weir_timer)         | TIMEOUT     | 504, 408           | cut
 *  lost its reader: FIN, reset, failed    | CLIENT_GONE | nothing            | nothing
 *   write                                 |             |                    |
 *  answers a request that turned out      | CLIENT_BAD  | 400, 413           | cut
 *   malformed after its head              |             |                    |
 *  was ended by weir_exchange_abort()     | CUT         | nothing, a close   | cut
 *  met the deadline of a drain, or close  | DRAINED     | nothing, a close   | cut
 *  met an allocation that failed          | NO_MEMORY   | 503, or a close    | cut
 *
 * "cut" is what a client can always tell from an end: the bytes so far arrive, then chunked ends
 * without its last chunk, a length stays unmet, and a body delimited by close ends in a reset. */
#define WEIR_ENDS(X) \
  X(COMPLETE, "complete") \
  X(UNMARKED, "unmarked") \
  X(ANSWERED, "answered") \
  X(REFUSED, "refused") \
  X(UNREACHABLE, "unreachable") \
  X(TRUNCATED, "truncated") \
  X(RESET, "reset") \
  X(MALFORMED, "malformed") \
  X(TIMEOUT, "timeout") \
  X(CLIENT_GONE, "client_gone") \
  X(CLIENT_BAD, "client_bad") \
  X(CUT, "cut") \
  X(DRAINED, "drained") \
  X(NO_MEMORY, "no_memory")

enum weir_end {
#define WEIR_END_ENUM(name, text) WEIR_END_##name,
  WEIR_ENDS(WEIR_END_ENUM)
#undef WEIR_END_ENUM
};

/* The timers of an exchange; weir_options names and explains each, weir_event_options those from
 * FIRST_BYTE on. */
#define WEIR_TIMERS(X) \
  X(CONNECT, "connect") \
  X(HEAD, "head") \
  X(GAP, "gap") \
  X(TOTAL, "total") \
  X(STALL, "stall") \
  X(REQUEST_BODY, "request_body") \
  X(HANDSHAKE, "handshake") \
  X(FIRST_BYTE, "first_byte") \
  X(FIRST_EVENT, "first_event") \
  X(FIRST_CONTENT, "first_content") \
  X(EVENT_GAP, "event_gap") \
  X(STALE, "stale")

enum weir_timer {
#define WEIR_TIMER_ENUM(name, text) WEIR_TIMER_##name,
  WEIR_TIMERS(WEIR_TIMER_ENUM)
#undef WEIR_TIMER_ENUM
};

/* "complete", "gap" and so on. Static memory. Any thread. */
WEIR_EXTERN const char *weir_end_name(enum weir_end end);
WEIR_EXTERN const char *weir_timer_name(enum weir_timer timer);

/* What on_end learns. Times are milliseconds of the loop's clock. */
typedef struct weir_stats {
  size_t size;             /* of this struct; fields are only ever added at its end */
  enum weir_timer timer;   /* which one ran out, when the end is TIMEOUT */
  int error;               /* the code behind the end, or 0 */
  int status;              /* of the response sent to the client, 0 if none was */
  uint64_t request_bytes;  /* body bytes taken from the client, without framing */
  uint64_t response_bytes; /* body bytes handed to the client, without framing */
  uint64_t chunks;         /* reads from the origin that brought body bytes */
  uint64_t started_ms;     /* when the request head was complete, on the clock of uv_now() */
  uint64_t first_byte_ms;  /* from there to the first body byte; UINT64_MAX if none came */
  uint64_t longest_gap_ms; /* between two reads with body bytes */
  uint64_t duration_ms;    /* from there to the end */
  unsigned retries;        /* further connections tried after the first */
  int reused;              /* 1 if the origin connection had served before */

  /* Of an event stream that was looked at; else 0, UINT64_MAX, NULL. */
  int event_stream;          /* 1: it was one, and was looked at */
  uint64_t events;           /* complete events seen, comments not counted */
  uint64_t dropped;          /* of those, what DROP and WEIR_STALE_COALESCE kept from the client */
  uint64_t tokens;           /* of weir_exchange_spend() */
  uint64_t heartbeats;       /* sent */
  uint64_t first_event_ms;   /* from the same moment as first_byte_ms; UINT64_MAX: none came */
  uint64_t first_content_ms; /* likewise, to the first event for which is_content said yes */
  int in_band;               /* 1: a terminal event was sent and the response ended well */
  const weir_ledger *ledger; /* with weir_event_options.ledger; valid as long as the stats */
} weir_stats;

/* A whole answer given by the host. `fields` may be NULL when `field_count` is 0. weir adds Date
 * (when absent), Content-Length and Connection. Everything is copied. */
typedef struct weir_answer {
  size_t size;
  int status; /* 200 to 599 */
  const weir_field *fields;
  size_t field_count;
  const char *body;
  size_t body_len;
} weir_answer;
#define WEIR_ANSWER_INIT .size = sizeof(weir_answer)

/* What a hook may say besides 0: an HTTP status from 400 to 599 refuses the exchange with weir's
 * small error answer (after the head has left: with a cut), a negative code aborts it. */
enum weir_timeout_verdict { WEIR_TIMEOUT_END = 0, WEIR_TIMEOUT_EXTEND = 1 };

/* The hooks. Each may be NULL. All run on the loop's thread. In every one of them the host may
 * call weir_exchange_abort() and the read functions below; what else it may call is written beside
 * it. A hook never runs again after on_end, which runs exactly once for an exchange, and inside
 * another hook only when that calls weir_exchange_abort() or weir_relay_close(). */
typedef struct weir_hooks {
  size_t size;

  /* The request head is complete, cleaned of hop-by-hop fields and bears the forwarding fields:
   * just what the origin would get. May edit `head`; may call weir_exchange_set_upstream(),
   * weir_exchange_answer(), weir_exchange_allow_connect(). */
  int (*on_request)(weir_exchange *ex, weir_head *head, void *user);

  /* The final response head, cleaned likewise: just what the client would get. May edit `head`;
   * may call weir_exchange_answer() to send another answer instead. */
  int (*on_response)(weir_exchange *ex, weir_head *head, void *user);

  /* An interim response (100, 103 ..) on its way to the client. May edit `head`. A status instead
   * of 0 refuses the whole exchange. */
  int (*on_interim)(weir_exchange *ex, weir_head *head, void *user);

  /* A piece of the response body that is about to leave; `data` is valid until the hook returns.
   * Pieces are what was read, not what the origin wrote. Not called for tunnels. */
  int (*on_body)(weir_exchange *ex, const char *data, size_t len, void *user);

  /* The trailer fields of the response, after the last on_body. May edit `head`. Called only when
   * there are some; they reach the client only if its body is chunked. */
  int (*on_trailers)(weir_exchange *ex, weir_head *head, void *user);

  /* A timer of weir_options ran out. Returns WEIR_TIMEOUT_END, or WEIR_TIMEOUT_EXTEND to let it
   * run once more. May call weir_exchange_answer() if no head has left, and returns
   * WEIR_TIMEOUT_END then. */
  int (*on_timeout)(weir_exchange *ex, enum weir_timer timer, void *user);

  /* It is over. `stats` is valid until the hook returns, `ex` too. May not abort. */
  void (*on_end)(weir_exchange *ex, enum weir_end end, const weir_stats *stats, void *user);

  void *user;

  /* Event streams (weir/events.h). */

  /* An event is complete, valid until the hook returns. Returns enum weir_event_verdict. In a tap it
   * has left already; in a filter, or where a budget is set, it leaves behind this hook. May call
   * weir_exchange_spend(), and in a filter weir_exchange_put_event(). A filter also shows what is
   * unfinished when the stream has ended. */
  int (*on_event)(weir_exchange *ex, const weir_sse_event *event, void *user);

  /* 1 if the event is what its reader waits for, for first_content_ms. Asked until it says so.
   * Without it: an event with data that is no end marker and whose type is not `ping`. */
  int (*is_content)(weir_exchange *ex, const weir_sse_event *event, void *user);

  /* The commit point is reached: `head` is what the client would get now; `event` is the first one,
   * or NULL when bytes, time or the end of the stream came before. May edit `head`; may call
   * weir_exchange_answer(); may call weir_exchange_set_upstream() and return WEIR_COMMIT_NEXT to have
   * the request sent again, to that upstream or the same one, which is refused with 502 if the request
   * cannot be repeated: its body is longer than replay_bytes or has not come whole, commit_* were not
   * set before on_response, or it was sent eight times. Whose answer comes then runs on_response, and
   * has a commit point of its own; the times and counts of the stats are those of the last one. */
  int (*on_commit)(weir_exchange *ex, weir_head *head, const weir_sse_event *event, void *user);

  /* Events cannot be seen any more; the stream goes on. WEIR_ECODED: the body is compressed;
   * WEIR_EEVENTSIZE. */
  void (*on_events_lost)(weir_exchange *ex, int why, void *user);

  /* With weir_event_options.ledger. `departure` is valid until the hook returns. */
  void (*on_departure)(weir_exchange *ex, const weir_departure *departure, void *user);
} weir_hooks;
#define WEIR_HOOKS_INIT .size = sizeof(weir_hooks)

/* Sends the request to `upstream` whatever the routes say, and sets Host as that origin wants it: a
 * Host of the hook's own is set after this. Only in on_request, and in on_commit while the request can
 * be needed again (see there), else WEIR_ESTATE; WEIR_EINVAL for
 * an upstream of another relay; WEIR_ENOMEM. */
WEIR_EXTERN int weir_exchange_set_upstream(weir_exchange *ex, weir_upstream *upstream);

/* Answers the request here; no origin is asked (in on_response and on_timeout: it is dropped).
 * Only in the hooks named above and while no response head has left, else WEIR_ESTATE. WEIR_EINVAL
 * for a status out of range, a body with 204, 205 or 304, a 2xx to CONNECT (the client would take
 * what follows for the tunnel); WEIR_EFIELD for a bad field, WEIR_ENOMEM. */
WEIR_EXTERN int weir_exchange_answer(weir_exchange *ex, const weir_answer *answer);

/* Lets a CONNECT request pass to the origin, which is answered 405 otherwise. Only in
 * on_request. */
WEIR_EXTERN int weir_exchange_allow_connect(weir_exchange *ex);

/* Ends the exchange at once with WEIR_END_CUT: the origin connection is closed, the client's is
 * cut. Any time between on_request and on_end, also from inside any hook but on_end; calling it
 * again does nothing. on_end runs before it returns. */
WEIR_EXTERN void weir_exchange_abort(weir_exchange *ex);

/* A number of the exchange that no other one of this relay has had. */
WEIR_EXTERN uint64_t weir_exchange_id(const weir_exchange *ex);

/* The client's address as text ("192.0.2.7", "2001:db8::1", "unix") and its port (0 for unix), the
 * port it reached, the scheme it used ("http", "https"). Owned by the exchange, valid until on_end
 * has returned. */
WEIR_EXTERN const char *weir_exchange_client_address(const weir_exchange *ex);
WEIR_EXTERN int weir_exchange_client_port(const weir_exchange *ex);
WEIR_EXTERN int weir_exchange_local_port(const weir_exchange *ex);
WEIR_EXTERN const char *weir_exchange_scheme(const weir_exchange *ex);

/* The method and target the client sent (the target in origin-form, before any hook changed it),
 * and the Host ("" if none). NULL once the head has been freed, which is when it went to the origin
 * and cannot be needed for a retry any more: copy them in on_request if on_end needs them. */
WEIR_EXTERN const char *weir_exchange_method(const weir_exchange *ex);
WEIR_EXTERN const char *weir_exchange_target(const weir_exchange *ex);
WEIR_EXTERN const char *weir_exchange_host(const weir_exchange *ex);

/* A pointer of the host's own, NULL at first; weir never looks at it. */
WEIR_EXTERN void weir_exchange_set_data(weir_exchange *ex, void *data);
WEIR_EXTERN void *weir_exchange_data(const weir_exchange *ex);

#ifdef __cplusplus
}
#endif
#endif
