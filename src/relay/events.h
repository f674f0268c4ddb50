/* What an exchange knows of its response being an event stream: the parser beside or in the path,
 * timers, budgets, what is held, how it may end. It knows its exchange and what that can do for it,
 * not llhttp, libuv or TLS. It belongs to its exchange; one that relays no stream has none.
 *
 * events.c makes it and chooses; tap.c looks at bytes and judges events; events_time.c has the
 * timers; heartbeat.c the heartbeats, and the head that early ones need; commit.c holds the head;
 * cutting.c knows when a stream is to end by rule, ending.c puts the last word in; abandon.c goes on
 * without a client, stale.c watches one that is behind, ledger.c keeps the books. */
#ifndef WEIR_RELAY_EVENTS_H
#define WEIR_RELAY_EVENTS_H

#include "base/buf.h"
#include "http/head.h"
#include "relay/deadlines.h"
#include "relay/event_rules.h"
#include "relay/ledger.h"
#include "weir/events.h"
#include "weir/exchange.h"

/* The four from FIRST_BYTE on stand in the order of weir_timer. */
enum weir__event_time {
  WEIR__TIME_HEARTBEAT,
  WEIR__TIME_COMMIT,
  WEIR__TIME_FIRST_BYTE,
  WEIR__TIME_FIRST_EVENT,
  WEIR__TIME_FIRST_CONTENT,
  WEIR__TIME_EVENT_GAP,
  WEIR__TIME_BUDGET,
  WEIR__TIME_DRAIN_CUT,
  WEIR__TIME_ABANDON,
  WEIR__TIME_STALE,
  WEIR__EVENT_TIMES
};
enum { WEIR__SEMANTIC_TIMERS = WEIR__TIME_EVENT_GAP - WEIR__TIME_FIRST_BYTE + 1 };

typedef struct weir__commit weir__commit;

/* An exchange whose client has left. */
typedef struct weir__abandon {
  int code;      /* how */
  uint64_t left; /* so many bytes may still come */
} weir__abandon;

/* How far behind a client is. `first` and `count` say which marks hold. */
enum { WEIR__STALE_MARKS = 18 };
typedef struct weir__mark {
  int64_t upto; /* of what was sent */
  uint64_t at;
} weir__mark;
typedef struct weir__stale {
  weir__mark marks[WEIR__STALE_MARKS]; /* a ring */
  unsigned first, count;
  bool keeping;         /* only the newest event is kept, until .. */
  int64_t sent;         /* .. so much was taken */
  weir__buf next, kept; /* what is being judged, and the newest event */
} weir__stale;

typedef struct weir__events {
  weir_exchange *ex;
  const weir__event_rules *rules;
  bool owns_rules; /* set for this exchange alone */
  bool is_stream;  /* the head has shown it */
  bool lines;      /* of JSON */
  bool filter;     /* blocks leave when they were judged */
  bool in_path;    /* a tap that looks before bytes leave: a cut may be due at the next boundary */
  bool cutting;    /* it is: the stream ends there with `cut_end` .. */
  bool ending;     /* .. and does so now */
  bool torn;       /* the last bytes that left are no whole block, and no more will come */
  bool finished;   /* what stood behind the last boundary was looked at */
  bool judging;    /* on_event runs */
  bool marked;     /* an end marker has come */
  bool held;       /* the head has not left, and waits for the commit point */
  bool committing; /* on_commit runs */
  bool again;      /* the request is to be sent again, in the next turn */
  bool diverted;   /* bytes do not go to the client: weir__events_divert() */
  enum weir_end cut_end;
  size_t unscanned;  /* bytes of this read that left before the parser saw them */
  bool in_band;      /* a terminal event was sent */
  bool begun;        /* a byte of the body has come */
  bool ours;         /* the head that the client has is ours: heartbeats came before the origin's */
  bool drop_mark;    /* heartbeats stand in front of the body: it may not begin with a mark .. */
  uint8_t mark_held; /* .. of which so many bytes have come */
  uint64_t sent;     /* what the client had got when HEARTBEAT was aimed */
  uint32_t left[WEIR__SEMANTIC_TIMERS]; /* of each while the origin is paused, else WEIR_OFF */
  weir_sse_parser *parser;              /* NULL: nobody looks, or nobody can */
  weir__buf behind;                     /* what on_event puts behind its event */
  weir__commit *commit;                 /* what is held, or has been and is leaving; or NULL */
  weir__deadlines deadlines;
  uint64_t due[WEIR__EVENT_TIMES];
  /* As weir_stats has them. */
  uint64_t events, dropped, tokens, heartbeats, first_event_ms, first_content_ms;
  weir__abandon abandon;
  weir__stale stale;
  weir__ledger *ledger; /* NULL: nobody keeps one */
} weir__events;

/* What of a read is to be looked at behind its write. One for the relay, since one read happens at a
 * time. There are more of them than a batch has slices, so the first of too many have left. */
enum { WEIR__SEEN_MAX = 96 };
typedef struct weir__seen {
  const weir__events *owner; /* NULL: nobody's */
  weir__slice spans[WEIR__SEEN_MAX];
  size_t count;
} weir__seen;

/* ---- events.c ---- */

/* The head of the response is about to leave: chooses what is done with the body. `*held`: it is to
 * wait, and belongs to the events now. Nonzero: the exchange is over. */
int weir__events_begin(weir_exchange *ex, weir_head *head, bool *held);
/* Body bytes. Nonzero: the exchange is over. */
int weir__events_body(weir_exchange *ex, weir__slice span);
/* The body is complete. Nonzero: the exchange is over. */
int weir__events_end(weir_exchange *ex);
/* What one read brought has left. Nonzero: the exchange is over. */
int weir__events_flushed(weir_exchange *ex);
/* The exchange is over: no timer fires any more. NULL is fine. */
void weir__events_stop(weir__events *ev);
void weir__events_free(weir__events *ev); /* NULL is fine */
/* Another origin's answer is to come: nothing of this one is known any more, but for the rules. */
void weir__events_reset(weir__events *ev);

/* Bytes were written to the client, or fewer wait for it. Nonzero: the exchange is over. */
int weir__events_sent(weir__events *ev);
int weir__events_drained(weir__events *ev);
/* Bytes on their way to the client while they are `diverted`. Nonzero: the exchange is over. */
int weir__events_divert(weir__events *ev, weir__slice bytes);

/* Adds to `stats` what it tells of an event stream; `ev` may be NULL. */
void weir__events_tell(const weir__events *ev, weir_stats *stats);

/* It has events from here on. WEIR_ENOMEM. */
int weir__events_need(weir_exchange *ex);

/* The rules for this exchange, whether it has events yet or not. */
const weir__event_rules *weir__events_rules(const weir_exchange *ex);

/* A clean end is believed if the origin said that it is one; markers say it better. */
void weir__events_judge_end(weir__events *ev);

/* ---- tap.c ---- */

/* Where the client's stream stands at an event boundary: a whole block may be put there. */
bool weir__tap_at_boundary(const weir__events *ev);
/* Bytes on their way through a tap or a filter. Nonzero: the exchange is over. */
int weir__tap_body(weir__events *ev, weir__slice span);
/* The body is complete, its end is about to leave. Nonzero: the exchange is over. */
int weir__tap_end(weir__events *ev);
/* Looks at what has left, and behind the end at what stands behind the last boundary. Nonzero: the
 * exchange is over. */
int weir__tap_look(weir__events *ev);
int weir__tap_flushed(weir__events *ev);
/* The read at hand is nothing to look at any more. */
void weir__tap_forget(const weir__events *ev);
/* Nobody can see events any more; the stream goes on. */
void weir__tap_lose(weir__events *ev, int why);

/* ---- cutting.c ---- */

/* The response begins: timers of budgets, and of a drain that goes on. */
void weir__cutting_begin(weir__events *ev);
/* The stream is to end with `end` at the next boundary, which may be now; where nobody looks there
 * will never be one, and it ends at once. Nonzero: it has ended. */
int weir__tap_cut(weir__events *ev, enum weir_end end);
/* It ends here if that is due and possible. Nonzero: it has. */
int weir__cutting_now(weir__events *ev);
/* A block has passed, and the host wants a cut behind it or not. Nonzero: it has ended. */
int weir__cutting_pass_boundary(weir__events *ev, bool wanted);
/* Passes bytes that nobody looks at. Nonzero: the exchange is over. */
int weir__cutting_pass_blind(weir__events *ev, weir__slice span);
/* Nobody looks any more. Nonzero: it has ended. */
int weir__cutting_lost(weir__events *ev);
/* A drain begins. */
void weir__drain_begin(weir_exchange *ex);
/* WEIR__TIME_BUDGET, WEIR__TIME_DRAIN_CUT. */
void weir__budget_on_time(weir__events *ev);
void weir__drain_on_time(weir__events *ev);

/* ---- events_time.c ---- */

void weir__events_on_time(weir__deadlines *deadlines, int which);
/* The head has shown that it is a stream. */
void weir__events_start_time(weir__events *ev);
/* The origin is paused since the client takes nothing: it is not the origin that is silent. */
void weir__events_pause_time(weir__events *ev);
void weir__events_resume_time(weir__events *ev);
/* Events cannot be seen any more. */
void weir__events_blind_time(weir__events *ev);
void weir__events_note_byte(weir__events *ev);
/* May run is_content. Nonzero: the exchange is over. */
int weir__events_note(weir__events *ev, const weir_sse_event *event);

/* ---- heartbeat.c ---- */

/* The request is about to be sent: heartbeats may be wanted before it is answered. WEIR_ENOMEM. */
int weir__heartbeat_ask(weir_exchange *ex);
void weir__heartbeat_start(weir__events *ev);
void weir__heartbeat_on_time(weir__events *ev);
/* Something may have been written to the client; it has taken something. */
void weir__heartbeat_flushed(weir__events *ev);
void weir__heartbeat_drained(weir__events *ev);
/* Body bytes, and their end, on the way to the tap. Nonzero: the exchange is over. */
int weir__heartbeat_body(weir__events *ev, weir__slice span);
int weir__heartbeat_end(weir__events *ev);

/* ---- commit.c ---- */

/* The head is ready to leave, unless there is a commit point: then it waits (`*held`), or on_commit is
 * asked at once if nobody can see events. Nonzero: this response is over. */
int weir__commit_begin(weir__events *ev, weir_head *head, bool seen, bool *held);
/* While the head is held: body bytes, and their end. Nonzero: this response is over. */
int weir__commit_body(weir__events *ev, weir__slice span);
int weir__commit_end(weir__events *ev);
/* WEIR__TIME_COMMIT ran out. */
void weir__commit_on_time(weir__events *ev);
void weir__commit_free(weir__events *ev);

/* ---- abandon.c ---- */

/* The client has left with `code`. True: the exchange goes on without it, or has ended. */
bool weir__abandon_begin(weir_exchange *ex, int code);
/* So many body bytes come. */
static inline void weir__abandon_count(weir__events *ev, size_t bytes) {
  ev->abandon.left -= bytes < ev->abandon.left ? bytes : ev->abandon.left;
}
/* An exchange without client is over. */
void weir__abandon_end(weir__events *ev);
/* What one read brought was looked at. Nonzero: it was enough, and the exchange is over. */
int weir__abandon_flushed(weir__events *ev);
/* WEIR__TIME_ABANDON is over. */
void weir__abandon_on_time(weir__events *ev);

/* ---- stale.c ---- */

void weir__stale_init(weir__events *ev);
/* Bytes were written to the client. */
void weir__stale_sent(weir__events *ev);
/* Fewer bytes wait for the client. Nonzero: the exchange is over. */
int weir__stale_drained(weir__events *ev);
/* Bytes of the event that is being judged, while only the newest is kept. Nonzero: the exchange is
 * over. */
int weir__stale_keep(weir__events *ev, weir__slice bytes);
/* They are all, and an event or not. */
void weir__stale_settle(weir__events *ev, bool is_event);
/* The kept event passes, and all that follow. Nonzero: the exchange is over. */
int weir__stale_release(weir__events *ev);
void weir__stale_stop(weir__events *ev);
/* WEIR__TIME_STALE is over. */
void weir__stale_on_time(weir__events *ev);

/* ---- ledger.c ---- */

/* With weir_event_options.ledger. WEIR_ENOMEM. */
int weir__ledger_open(weir__events *ev);
/* Bytes were written to the client, or accepted. Nonzero: the exchange is over. */
int weir__ledger_sent(weir__events *ev);
void weir__ledger_close(weir__events *ev);

/* ---- ending.c ---- */

/* The exchange fails with ex->end: puts a terminal event and ends the response well, if that is
 * wanted and possible. False: nothing was done. */
bool weir__ending_put(weir_exchange *ex);

#endif
