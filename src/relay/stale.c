/* How old the oldest byte is that a client has not taken, and what is done when it gets too old: the
 * client is cut, or loses all events but the newest. It knows neither sockets nor what events say.
 * Its marks sit inside the events of the exchange; the one event it keeps is its own.
 *
 * A mark says when bytes were written, and how many had been by then. A sixteenth of the limit is
 * one mark, dated by its first byte, so the ring has room for all that may be young enough. Nothing
 * is looked at before the oldest mark is due: then the socket is asked how much is still there. */
#include "relay/events.h"
#include "relay/exchange.h"
#include "relay/relay.h"
#include "weir/err.h"

enum { LOOK_MS = 100 }; /* at most, between two looks at a client that catches up */

/* ---- what the client has ---- */

static int64_t sent(const weir_exchange *ex) {
  return (int64_t)(ex->down->sender.sent + weir__stream_added(ex->down->stream));
}

/* As for STALL: what its kernel has not confirmed it has not got, where that can be told. */
static int64_t taken(const weir_exchange *ex) {
  size_t left = weir__downstream_pending(ex->down) + weir__stream_unacked(ex->down->stream);
  return sent(ex) - (int64_t)left;
}

/* ---- marks ---- */

static weir__mark *mark_at(weir__stale *s, unsigned n) {
  return &s->marks[(s->first + n) % WEIR__STALE_MARKS];
}

static uint32_t sixteenth(const weir__events *ev) { return ev->rules->o.stale_ms / 16; }

static void add_mark(weir__events *ev, uint64_t now) {
  weir__stale *s = &ev->stale;
  weir__mark *last = s->count ? mark_at(s, s->count - 1) : NULL;
  bool young = last && now - last->at <= sixteenth(ev);
  if (!young && s->count < WEIR__STALE_MARKS) {
    last = mark_at(s, s->count++);
    last->at = now;
  }
  last->upto = s->sent;
}

static void forget_taken(weir__events *ev) {
  weir__stale *s = &ev->stale;
  int64_t upto = taken(ev->ex);
  while (s->count && mark_at(s, 0)->upto <= upto) s->first++, s->count--;
  s->first %= WEIR__STALE_MARKS;
}

static void look_in(weir__events *ev, uint64_t ms) {
  weir__deadlines_set(&ev->deadlines, WEIR__TIME_STALE, (uint32_t)ms);
}

void weir__stale_init(weir__events *ev) {
  ev->stale.next.mem = ev->stale.kept.mem = &ev->ex->relay->mem;
}

void weir__stale_sent(weir__events *ev) {
  weir__stale *s = &ev->stale;
  if (!ev->rules->o.stale_ms || s->keeping || ev->ex->down->held) return;
  int64_t now_sent = sent(ev->ex);
  if (now_sent == s->sent) return;
  s->sent = now_sent;
  add_mark(ev, weir__clock_now(&ev->ex->relay->clock));
  if (!weir__deadlines_runs(&ev->deadlines, WEIR__TIME_STALE)) look_in(ev, ev->rules->o.stale_ms);
}

/* ---- too old: the client is cut ---- */

static void evict(weir__events *ev) {
  weir_exchange *ex = ev->ex;
  weir__stale *s = &ev->stale;
  if (!weir__exchange_ask_timeout(ex, WEIR_TIMER_STALE)) return;
  s->count = 0; /* all of it is young once more */
  add_mark(ev, weir__clock_now(&ex->relay->clock));
  look_in(ev, ev->rules->o.stale_ms);
}

/* ---- too old: the client loses events ---- */

static uint32_t look_again(const weir__events *ev) {
  uint32_t ms = sixteenth(ev);
  return ms > LOOK_MS ? LOOK_MS : ms + 1;
}

/* The origin is not held back by a client that gets nothing. What waits is the client's, and STALL's,
 * once the response is whole. */
static void begin_keeping(weir__events *ev) {
  weir_exchange *ex = ev->ex;
  if (ex->response_done) return;
  ev->stale.keeping = ev->diverted = true;
  ev->stale.count = 0;
  look_in(ev, look_again(ev));
  if (ex->origin_paused) weir__exchange_resume_origin(ex);
}

int weir__stale_keep(weir__events *ev, weir__slice bytes) {
  if (!ev->stale.keeping || weir__buf_append(&ev->stale.next, bytes) == 0) return 0;
  weir__exchange_fail(ev->ex, WEIR_END_NO_MEMORY, WEIR_ENOMEM);
  return WEIR_ECANCELED;
}

/* What hooks put before or behind an event is part of it. Comments are for nobody. */
void weir__stale_settle(weir__events *ev, bool is_event) {
  weir__stale *s = &ev->stale;
  if (s->next.len && is_event) {
    weir__buf older = s->kept;
    s->kept = s->next;
    s->next = older;
    if (older.len) ev->dropped++;
  }
  weir__buf_free(&s->next);
}

/* Bytes pass again, and the newest event is the first of them. */
int weir__stale_release(weir__events *ev) {
  weir__stale *s = &ev->stale;
  if (!s->keeping) return 0;
  s->keeping = ev->diverted = false;
  int rc = weir__exchange_pass_text(ev->ex, weir__buf_slice(&s->kept));
  weir__buf_free(&s->kept);
  return rc;
}

static int release_if_taken(weir__events *ev) {
  if (taken(ev->ex) < ev->stale.sent) return 0;
  if (weir__stale_release(ev)) return WEIR_ECANCELED;
  weir__deadlines_stop(&ev->deadlines, WEIR__TIME_STALE);
  return weir__exchange_flush_client(ev->ex);
}

int weir__stale_drained(weir__events *ev) { return ev->stale.keeping ? release_if_taken(ev) : 0; }

/* It is over with the client. */
void weir__stale_stop(weir__events *ev) {
  weir__stale *s = &ev->stale;
  if (s->kept.len) ev->dropped++; /* it never left */
  s->keeping = false;
  weir__buf_free(&s->kept);
  weir__buf_free(&s->next);
  weir__deadlines_stop(&ev->deadlines, WEIR__TIME_STALE);
}

/* ---- time ---- */

static void watch(weir__events *ev) {
  uint64_t now = weir__clock_now(&ev->ex->relay->clock), limit = ev->rules->o.stale_ms;
  forget_taken(ev);
  if (!ev->stale.count) return;
  uint64_t age = now - mark_at(&ev->stale, 0)->at;
  if (age < limit)
    look_in(ev, limit - age);
  else if (ev->rules->o.stale == WEIR_STALE_COALESCE)
    begin_keeping(ev);
  else
    evict(ev);
}

static void look_whether_taken(weir__events *ev) {
  look_in(ev, look_again(ev));
  (void)release_if_taken(ev);
}

void weir__stale_on_time(weir__events *ev) {
  if (weir__exchange_over(ev->ex) || ev->ex->down->held) return;
  if (ev->stale.keeping)
    look_whether_taken(ev);
  else
    watch(ev);
}
