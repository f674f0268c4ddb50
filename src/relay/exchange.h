/* One request and its response: the one place that sees both sides. It knows neither libuv nor
 * llhttp nor TLS. It belongs to itself from begin to on_end; its memory goes back when the loop
 * turn is over. */
#ifndef WEIR_RELAY_EXCHANGE_H
#define WEIR_RELAY_EXCHANGE_H

#include "net/reaper.h"
#include "relay/answer.h"
#include "relay/deadlines.h"
#include "relay/downstream.h"
#include "relay/events.h"
#include "relay/upstream.h"
#include "weir/exchange.h"

/* How far the response is. The request half is told by two flags: it may end before, after, or
 * while the response runs. */
#define WEIR__PHASES(X) \
  X(ASKING)     /* on_request runs */ \
  X(CONNECTING) /* no connection to the origin yet */ \
  X(WAITING)    /* for the response head */ \
  X(STREAMING)  /* the head has left, the body passes */ \
  X(TUNNEL)     /* bytes both ways */ \
  X(LEAVING)    /* the response is whole, the client has not taken all of it, or not sent all */ \
  X(OVER)

enum weir__phase {
#define WEIR__PHASE_ENUM(name) WEIR__PHASE_##name,
  WEIR__PHASES(WEIR__PHASE_ENUM)
#undef WEIR__PHASE_ENUM
};

/* The timers that every exchange has; those of event streams are in relay/events.h. */
enum { WEIR__EXCHANGE_TIMERS = WEIR_TIMER_HANDSHAKE + 1 };

/* What weir_stats tells of every exchange, under the same names; relay/events.h has what it tells of
 * event streams. */
typedef struct weir__tally {
  enum weir_timer timer;
  int error, status;
  unsigned retries;
  uint64_t request_bytes, response_bytes, chunks;
  uint64_t started_ms, first_byte_ms, longest_gap_ms;
} weir__tally;

/* What a piece of a stream on its way touches stands first, so that an idle one that wakes up costs
 * few cache lines. */
struct weir_exchange {
  weir_relay *relay;
  weir__downstream *down;
  const weir_hooks *hooks;
  uint64_t last_chunk_ms;
  enum weir__phase phase;
  enum weir_end end;
  bool chunk_pending; /* this read brought body bytes */
  bool origin_paused, client_paused;
  bool response_done;
  bool request_done;     /* the client's message is complete */
  bool request_unwanted; /* its rest is read and dropped */
  bool head_sent;        /* a final head has left */
  bool unmarked;         /* the origin ends its body by closing */
  bool stalled;          /* the client takes nothing */
  bool failed;           /* the end is decided, an error answer is leaving */
  bool in_hook;          /* a hook that may answer is running .. */
  bool in_head_hook;     /* .. and that is on_request or on_response */
  bool expect;           /* the client waits for a 100 and has sent nothing of its body yet */
  bool te;               /* the client takes trailers */
  bool json;             /* errors as JSON */
  bool connect_allowed;
  bool repeatable;                    /* idempotent and without body */
  bool client_fin, origin_fin;        /* of a tunnel */
  bool request_names, response_names; /* head->names_fields of each */
  weir__events *events;               /* NULL: no event stream, or nobody wants to see it */
  weir__tally stats;
  weir__deadlines deadlines;
  uint64_t due[WEIR__EXCHANGE_TIMERS];
  weir__upstream up;

  weir__remains remains;
  weir_upstream *origin;
  weir_head *request;  /* NULL once nothing can need it any more */
  const char *upgrade; /* protocols the origin is asked for, in the head's arena; or NULL */
  const char *target;  /* as the client sent it, likewise */
  weir__answer answer; /* given by the host in a hook that is still running */
  void *data;
  uint64_t id;
  uint64_t moved_ms; /* STALL: when the client last took a byte .. */
  uint64_t taken;    /* .. and how many it had taken then */
  uint64_t dropped;  /* request bytes nobody wants any more */
  weir__buf replay;  /* so much of the request's body as came, while it may be sent again .. */
  bool replay_lost;  /* .. or not all of it could be kept */
  uint64_t body_at;  /* REQUEST_BODY: so much of the body had come when it was set */
};

/* Takes over the head of a request that `down` read. Runs on_request and opens the origin. 0, or
 * WEIR_ECANCELED if the exchange is over already. */
int weir__exchange_begin(weir__downstream *down, weir_head *head);

/* Its memory goes back at once if it is over. Only where none of its functions can be on the stack:
 * when the bytes have been fed in which it began. */
void weir__exchange_bury_if_over(weir_exchange *ex);

/* Ends it: with an error answer if no head has left and `end` has a status, else with a cut.
 * Idempotent, allowed anywhere. */
void weir__exchange_fail(weir_exchange *ex, enum weir_end end, int code);
/* The same, with that status for the answer. */
void weir__exchange_refuse(weir_exchange *ex, int status);

/* ---- between the files of the exchange ---- */

extern const weir__side_events weir__from_client, weir__from_origin;

/* exchange.c */
void weir__exchange_set_phase(weir_exchange *ex, enum weir__phase phase);
void weir__exchange_conclude(weir_exchange *ex);
void weir__exchange_conclude_if_done(weir_exchange *ex);
int weir__exchange_verdict(weir_exchange *ex, int verdict);
void weir__exchange_send_answer(weir_exchange *ex);
int weir__exchange_send_head(weir_exchange *ex, const weir_head *head);

/* exchange_request.c */
void weir__exchange_ask(weir_exchange *ex);
bool weir__exchange_retry(weir_exchange *ex);
/* Another answer than this one is wanted: NULL if the request can be sent again, else why not. */
const char *weir__exchange_unrepeatable(const weir_exchange *ex);
/* The origin is left, and what it answered is forgotten .. */
void weir__exchange_leave_origin(weir_exchange *ex);
/* .. then, when no function of its connection is on the stack, the request goes to ex->origin. */
void weir__exchange_ask_again(weir_exchange *ex);
/* The request will not be needed any more. */
void weir__exchange_forget_request(weir_exchange *ex);
void weir__exchange_resume_client(weir_exchange *ex);
void weir__exchange_continued(weir_exchange *ex); /* a 100 has passed */

/* exchange_response.c: writes to the client and pauses the origin. Nonzero: the exchange is
 * over. */
int weir__exchange_flush_client(weir_exchange *ex);
void weir__exchange_resume_origin(weir_exchange *ex);
/* Body bytes on their way to the client: `span` as at weir__sender_body(); `text` is copied. Nonzero:
 * the exchange is over. */
int weir__exchange_pass(weir_exchange *ex, weir__slice span);
int weir__exchange_pass_text(weir_exchange *ex, weir__slice text);
/* A response head that may leave now, and begins the body. Nonzero: the exchange is over. */
int weir__exchange_begin_response(weir_exchange *ex, const weir_head *head);
/* The response ends well here, whatever the origin does: its end leaves, the origin is left. */
void weir__exchange_end_well(weir_exchange *ex);

/* exchange_time.c */
void weir__exchange_on_timer(weir__deadlines *deadlines, int timer);
/* A timer of weir_timer is over, wherever it was kept: the host is asked. True: it wants `ms` more,
 * else the exchange has ended, or is about to. */
bool weir__exchange_ask_timeout(weir_exchange *ex, enum weir_timer timer);
void weir__exchange_stop_awaiting(weir_exchange *ex); /* the origin has nothing more to say */
void weir__exchange_await_client(weir_exchange *ex);  /* bytes wait for it */
void weir__exchange_client_taken(weir_exchange *ex);  /* fewer do */

/* tunnel.c */
int weir__tunnel_begin(weir_exchange *ex, const weir_head *head);
int weir__tunnel_client_fin(weir_exchange *ex);
int weir__tunnel_origin_fin(weir_exchange *ex);
void weir__tunnel_end_if_done(weir_exchange *ex);

static inline bool weir__exchange_over(const weir_exchange *ex) {
  return ex->phase == WEIR__PHASE_OVER;
}

#endif
