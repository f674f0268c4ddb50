/* A stream that is ended by rule, not by mishap: budgets, the host's WEIR_EVENT_CUT, a drain. It
 * knows when that is due and waits for the next boundary; what is said there is ending.c's. It owns
 * nothing: what is due stands in the events. */
#include "relay/events.h"
#include "relay/exchange.h"
#include "relay/relay.h"
#include "weir/err.h"

/* ---- at the boundary ---- */

static int cut_now(weir__events *ev) {
  ev->ending = true;
  weir__exchange_fail(ev->ex, ev->cut_end, WEIR_ECANCELED);
  return WEIR_ECANCELED;
}

/* What is whole already needs no cut; a head that is held decides before the body does. */
static bool is_running(const weir__events *ev) {
  return ev->ex->phase == WEIR__PHASE_STREAMING && !ev->ex->response_done;
}

int weir__cutting_now(weir__events *ev) {
  if (!ev->cutting || !is_running(ev) || !ev->ex->head_sent) return 0;
  return !ev->parser || weir__tap_at_boundary(ev) ? cut_now(ev) : 0;
}

int weir__tap_cut(weir__events *ev, enum weir_end end) {
  if (!ev->cutting) ev->cut_end = end;
  ev->cutting = ev->in_path = true;
  return weir__cutting_now(ev);
}

int weir__cutting_lost(weir__events *ev) {
  if (ev->cutting && ev->cut_end == WEIR_END_DRAINED) ev->cutting = false;
  return weir__cutting_now(ev);
}

/* ---- budgets ---- */

static bool is_spent(const weir__events *ev) {
  const weir_event_options *o = &ev->rules->o;
  return (o->max_events && ev->events >= o->max_events) ||
         (o->max_bytes && ev->ex->stats.response_bytes >= o->max_bytes) ||
         (o->max_tokens && ev->tokens >= o->max_tokens);
}

int weir__cutting_pass_boundary(weir__events *ev, bool wanted) {
  if (wanted || is_spent(ev)) return weir__tap_cut(ev, WEIR_END_CUT);
  return weir__cutting_now(ev);
}

/* To the byte, whatever the origin's reads were: no boundary would tell a better place. */
static weir__slice within_budget(const weir__events *ev, weir__slice span) {
  uint64_t max = ev->rules->o.max_bytes, sent = ev->ex->stats.response_bytes;
  if (max && span.len > max - (sent < max ? sent : max)) span.len = max > sent ? max - sent : 0;
  return span;
}

int weir__cutting_pass_blind(weir__events *ev, weir__slice span) {
  if (weir__exchange_pass(ev->ex, within_budget(ev, span))) return WEIR_ECANCELED;
  return is_spent(ev) ? weir__tap_cut(ev, WEIR_END_CUT) : 0;
}

void weir__budget_on_time(weir__events *ev) { weir__tap_cut(ev, WEIR_END_CUT); }

/* ---- drain ---- */

/* Counted from the moment it began, for streams that began later, too. */
static void await_drain(weir__events *ev) {
  uint64_t gone = weir__clock_now(&ev->ex->relay->clock) - ev->ex->relay->drain_began_ms;
  uint32_t ms = ev->rules->o.drain_cut_ms;
  if (ms && ms != WEIR_OFF)
    weir__deadlines_set(&ev->deadlines, WEIR__TIME_DRAIN_CUT, gone < ms ? ms - (uint32_t)gone : 0);
}

void weir__drain_begin(weir_exchange *ex) {
  if (ex->events && is_running(ex->events)) await_drain(ex->events);
}

/* Who cannot be seen has no boundary to wait for: it has until the deadline. */
void weir__drain_on_time(weir__events *ev) {
  if (ev->parser) weir__tap_cut(ev, WEIR_END_DRAINED);
}

/* ---- the beginning ---- */

void weir__cutting_begin(weir__events *ev) {
  uint32_t ms = ev->rules->o.max_ms;
  if (ms && ms != WEIR_OFF) weir__deadlines_set(&ev->deadlines, WEIR__TIME_BUDGET, ms);
  if (ev->ex->relay->draining) await_drain(ev);
}
