/* Event streams on their way through a relay: seen, guarded, kept alive, and ended honestly. It
 * holds for responses of the media type `text/event-stream` and for lines of JSON
 * (`application/x-ndjson`, `application/jsonl`); any other response passes as if nothing here
 * existed.
 *
 * Two modes see events. **tap** lets bytes pass at once and untouched, and looks at them behind the
 * write: what goes out is the same as without it, write for write. **filter** lets a block pass when
 * on_event has judged it, the moment it is complete. Whatever is put into a stream (heartbeats, a
 * terminal event) stands at an event boundary; where the stream is not at one, nothing is put in.
 *
 * Boundary, block and event are those of weir/sse.h. */
#ifndef WEIR_EVENTS_H
#define WEIR_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include "weir/sse.h"
#include "weir/version.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_exchange weir_exchange;

enum weir_event_mode {
  WEIR_EVENTS_DEFAULT, /* TAP if the on_event hook or an option here needs it, else OFF */
  WEIR_EVENTS_OFF,
  WEIR_EVENTS_TAP,
  WEIR_EVENTS_FILTER
};

/* What happens to a client that is behind by more than stale_ms. */
enum weir_stale {
  WEIR_STALE_EVICT,   /* on_timeout is asked, then it is reset: WEIR_END_TIMEOUT, WEIR_TIMER_STALE;
                         WEIR_TIMEOUT_EXTEND makes all of it young again */
  WEIR_STALE_COALESCE /* it loses events: from then on only the newest one is kept for it, until it
                         has taken what waits, or the stream ends; comments are dropped. The mode
                         is FILTER then, and the origin is not held back meanwhile */
};

/* Everything that can be set, for all responses (weir_options.events) or for one
 * (weir_exchange_set_events()). Begin with WEIR_EVENT_OPTIONS_INIT; a zero asks for the default,
 * which is "off" unless a comment says otherwise. Times are in milliseconds.
 *
 * A *terminal event* (error_event, cut_event, drain_event) is text that is put behind the last
 * boundary before the response ends well: whole blocks, in which {reason} stands for
 * weir_end_name(), {timer} for weir_timer_name() or "", {message} for a sentence; or one of the
 * names "openai", "anthropic", "event", which stand for
 *   data: {"error":{"message":"..","type":"server_error","param":null,"code":"timeout"}}
 *   event: error / data: {"type":"error","error":{"type":"api_error","message":".."}}
 *   event: error / data: {"reason":"timeout","message":".."}
 * Lines of JSON end with {"error":{"reason":"..","message":".."}} whatever stands there. What of it
 * does not end with a blank line gets one. */
typedef struct weir_event_options {
  size_t size;
  enum weir_event_mode mode;
  uint32_t event_bytes; /* 1 MiB a block. A longer one ends the tap (on_events_lost), but a filter's
                           stream with it: WEIR_END_MALFORMED */

  /* Heartbeats: after so long without a byte to the client, at a boundary, and only if nothing waits
   * for it. They do not feed the origin's timers. weir_stats.response_bytes counts them, as bytes that
   * the client gets. Behind one a byte order mark would be none: that of the origin is dropped
   * then. */
  uint32_t heartbeat_ms;
  const char *heartbeat;   /* ":\n"; comment lines, or whole blocks. Lines of JSON get "\n" */
  uint8_t heartbeat_early; /* 1: also before the response head, once the request is complete, if its
                              Accept names text/event-stream or weir_exchange_set_events() was called
                              in on_request: the first one commits a 200 of ours. The origin's head
                              does not leave then: what on_response does to it is lost, and it may
                              not answer. An origin that answers anything but an uncompressed 200 of
                              that type, or does not answer, ends it with error_event, or cut:
                              WEIR_END_REFUSED with WEIR_ENOSTREAM or WEIR_ECODED, or what else came.
                              Not together with commit_* */

  /* Semantic timers; the first three run from the moment the request head was complete, but hold
   * only once the response head has shown that it is a stream: one whose moment has passed by then
   * runs out at once. None runs down while a slow client holds up the origin. on_timeout is asked
   * and may extend each by its length. */
  uint32_t first_byte_ms;    /* to the first byte of the body: WEIR_TIMER_FIRST_BYTE */
  uint32_t first_event_ms;   /* to the first event; comments do not count: FIRST_EVENT */
  uint32_t first_content_ms; /* to the first event for which is_content says yes: FIRST_CONTENT */
  uint32_t event_gap_ms;     /* between two events, and from the head to the first: EVENT_GAP */

  /* Commit point: the head is held, and what follows it, until one of these is reached (of several
   * the one that comes first) or the body ends; then on_commit decides. Without on_commit: a first
   * event of the type `error`, or whose data begins with {"error": and neither null nor false (white
   * space does not matter), becomes a 503. In a compressed body nobody can see events: it is reached
   * with the head. Whatever ends the exchange meanwhile ends it as before any head. */
  uint8_t commit_event;  /* 1: the first event */
  uint32_t commit_bytes; /* so many bytes of the body; with the others alone 64 KiB */
  uint32_t commit_ms;    /* so long after the head came */
  uint32_t
      replay_bytes; /* so much of a request body is kept, that WEIR_COMMIT_NEXT can send it again;
                            a longer one, or one with trailer fields, cannot be sent again */

  /* How it ends. */
  const char *error_event;        /* terminal event when the origin dies, stalls or is refused */
  const char *const *end_markers; /* what a stream that is complete has shown, one of them at least:
                                     "data: [DONE]", "event: message_stop" (the whole value), or
                                     "contains: \"done\":true" (of data); NULL-terminated. A
                                     clean end without is WEIR_END_UNMARKED, with is
                                     WEIR_END_COMPLETE */

  /* Budgets: when one is used up the stream ends at the next boundary with cut_event, and the origin
   * is left: WEIR_END_CUT. */
  uint64_t max_events;
  uint64_t max_bytes;
  uint64_t max_tokens; /* as told by weir_exchange_spend() */
  uint32_t max_ms;     /* since the response head */
  const char *cut_event;

  /* A client that leaves behind the response head: the origin is left at once, unless one of these
   * is set and the request was whole; then it is read on (hooks run, nobody gets the bytes, nothing
   * holds it back) until its end, or until one is used up. The client's connection closes at once;
   * a host that lent it is told behind on_end. The end is WEIR_END_CLIENT_GONE whatever comes. */
  uint64_t abandon_bytes; /* of the body; counted a read at a time */
  uint32_t abandon_ms;
  uint32_t abandon_max; /* 64 such exchanges of the relay at once; those beyond are left at once */

  /* weir_relay_drain(): so long after it began streams end at the next boundary with drain_event
   * (WEIR_END_DRAINED); without, they run until its deadline. */
  uint32_t drain_cut_ms;
  const char *drain_event;
  uint32_t drain_retry_ms; /* `retry:` in front of it */

  /* Staleness: how old the oldest byte may get that a client has not taken (up to an eighth less):
   * one that waits here, or that its kernel has not confirmed where the system can tell (Linux, TCP).
   * Below a few hundred milliseconds the network itself is as late as that. */
  uint32_t stale_ms;
  enum weir_stale stale;

  uint8_t ledger; /* 1: weir_stats.ledger and weir_relay_ledger() are kept */
} weir_event_options;
#define WEIR_EVENT_OPTIONS_INIT .size = sizeof(weir_event_options)

/* 0, or what weir_relay_new() and weir_exchange_set_events() would say of them: WEIR_EINVAL,
 * WEIR_EEVENTS. A host that reads them one by one can so tell which one is wrong. Any thread. */
WEIR_EXTERN int weir_event_options_check(const weir_event_options *options);

/* Sets what holds for this exchange alone, instead of weir_options.events. Only in on_request and
 * on_response, else WEIR_ESTATE (heartbeat_early and replay_bytes: in on_request). All is copied.
 * WEIR_EINVAL, WEIR_EEVENTS (something that cannot be put into a stream, heartbeat_early with
 * commit_*, a marker of unknown form), WEIR_ENOMEM; the old ones hold then. */
WEIR_EXTERN int weir_exchange_set_events(weir_exchange *ex, const weir_event_options *options);

/* What on_event returns, besides what every hook may: DROP only in filter mode. */
enum weir_event_verdict {
  WEIR_EVENT_PASS = 0,
  WEIR_EVENT_DROP = 1, /* it does not leave */
  WEIR_EVENT_CUT = 2   /* the stream ends behind it, as when a budget is used up; a tap ends it at
                          the first boundary behind what has left already. DROP | CUT is fine */
};

/* Puts one more block in front of the event that on_event is judging, or behind it; with DROP it is
 * a replacement. Only in on_event of a filter, else WEIR_ESTATE. All is copied. WEIR_EFIELD,
 * WEIR_EINVAL (see weir_sse_write(); for lines of JSON `data` is the line), WEIR_ENOMEM. */
enum weir_event_place { WEIR_EVENT_BEFORE, WEIR_EVENT_BEHIND };
WEIR_EXTERN int weir_exchange_put_event(weir_exchange *ex, const weir_sse_fields *fields,
                                        enum weir_event_place place);

/* Counts `tokens` against max_tokens. Between on_response and on_end; in on_event it takes effect at
 * that event's boundary. WEIR_ESTATE where the response is no stream. */
WEIR_EXTERN int weir_exchange_spend(weir_exchange *ex, uint64_t tokens);

/* What on_commit returns to have the request sent again. */
enum { WEIR_COMMIT_SEND = 0, WEIR_COMMIT_NEXT = 1 };

/* ---- the ledger ---- */

/* A histogram: `count[0]` is below 1, `count[n]` is from 2^(n-1) to below 2^n, the last one all
 * above. */
enum { WEIR_LEDGER_BINS = 24 };
typedef struct weir_histogram {
  uint64_t count[WEIR_LEDGER_BINS];
} weir_histogram;

/* Why bytes left later than the read that brought them. */
enum weir_merge {
  WEIR_MERGE_BUSY,   /* the client's socket took no more: they left together with others */
  WEIR_MERGE_HELD,   /* they waited for the commit point */
  WEIR_MERGE_PARTIAL /* a filter waited for the end of their block */
};
enum { WEIR_MERGES = 3 };

/* What on_departure learns: what one read of the origin brought has been accepted by the client's
 * socket; several reads, where more than 32 wait. Reads whose bytes are dropped (nobody is there, or
 * WEIR_STALE_COALESCE) have no departure and are only in gaps_ms. */
typedef struct weir_departure {
  size_t size;
  uint64_t added_ns; /* since that read */
  size_t bytes;      /* of the body */
  int merged;        /* enum weir_merge; -1: it left at once */
} weir_departure;

typedef struct weir_ledger {
  size_t size;
  weir_histogram added_us;      /* from the read of the origin to the moment the client's socket had
                              accepted all of it, microseconds, a read each */
  weir_histogram gaps_ms;       /* between two reads of the origin with body bytes */
  uint64_t merged[WEIR_MERGES]; /* reads whose bytes left later, by enum weir_merge */
  weir_histogram
      first_byte_ms; /* entered at its end; of a stream: one entry. Of a relay: one a stream */
  weir_histogram first_event_ms; /* all three from the moment the request head was complete */
  weir_histogram first_content_ms;
} weir_ledger;

#ifdef __cplusplus
}
#endif
#endif
