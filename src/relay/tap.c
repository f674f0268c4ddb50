/* Looks at the bytes of an event stream and judges its events: behind their write (tap), before it
 * (a tap with a budget), or instead of it until they are whole (filter). */
#include "relay/events.h"
#include "relay/exchange.h"
#include "relay/relay.h"
#include "weir/err.h"

bool weir__tap_at_boundary(const weir__events *ev) {
  if (ev->ours && !ev->begun) return true;
  if (!ev->parser || ev->unscanned || ev->held) return false;
  return ev->filter || weir_sse_inside(ev->parser) == 0; /* a filter sends whole blocks only */
}

void weir__tap_lose(weir__events *ev, int why) {
  const weir_hooks *hooks = ev->ex->hooks;
  weir_sse_parser_free(ev->parser);
  ev->parser = NULL;
  ev->unscanned = 0;
  weir__events_blind_time(ev);
  if (hooks->on_events_lost) hooks->on_events_lost(ev->ex, why, hooks->user);
}

/* What the parser cannot read: memory; or a block too long, which only a mere onlooker may ignore. */
static int give_up(weir__events *ev, int rc) {
  if (rc == WEIR_EEVENTSIZE && !ev->filter && !ev->in_path) {
    weir__tap_lose(ev, rc);
    return weir__exchange_over(ev->ex) ? WEIR_ECANCELED : 0;
  }
  weir__exchange_fail(ev->ex, rc == WEIR_ENOMEM ? WEIR_END_NO_MEMORY : WEIR_END_MALFORMED, rc);
  return WEIR_ECANCELED;
}

/* ---- judging ---- */

static int note(weir__events *ev, const weir_sse_event *event) {
  if (event->unfinished && !ev->lines) return 0; /* it is no event yet */
  ev->events++;
  if (!ev->marked) ev->marked = weir__event_rules_mark(ev->rules, event);
  return weir__events_note(ev, event);
}

static int ask_host(weir__events *ev, const weir_sse_event *event) {
  const weir_hooks *hooks = ev->ex->hooks;
  if (!hooks->on_event) return WEIR_EVENT_PASS;
  ev->judging = true;
  int verdict = hooks->on_event(ev->ex, event, hooks->user);
  ev->judging = false;
  return verdict;
}

/* enum weir_event_verdict, or below 0: the exchange is over. */
static int judge(weir__events *ev, const weir_sse_event *event) {
  if (note(ev, event)) return WEIR_ECANCELED;
  int verdict = ask_host(ev, event);
  bool known = verdict >= 0 && verdict <= (WEIR_EVENT_DROP | WEIR_EVENT_CUT);
  if (weir__exchange_verdict(ev->ex, known ? 0 : verdict)) return WEIR_ECANCELED;
  return verdict;
}

/* ---- cutting ---- */

static bool is_spent(const weir__events *ev) {
  const weir_event_options *o = &ev->rules->o;
  return (o->max_events && ev->events >= o->max_events) ||
         (o->max_bytes && ev->ex->stats.response_bytes >= o->max_bytes) ||
         (o->max_tokens && ev->tokens >= o->max_tokens);
}

static int cut_now(weir__events *ev) {
  weir__exchange_fail(ev->ex, ev->cut_end, WEIR_ECANCELED);
  return WEIR_ECANCELED;
}

/* Without a parser there will never be a boundary. */
int weir__tap_cut(weir__events *ev, enum weir_end end) {
  ev->cutting = ev->in_path = true;
  ev->cut_end = end;
  return !ev->parser || ev->held || weir__tap_at_boundary(ev) ? cut_now(ev) : 0;
}

/* The bytes so far have left, or are about to: here it may end. */
static int pass_boundary(weir__events *ev, int verdict) {
  if ((verdict & WEIR_EVENT_CUT) || is_spent(ev)) return weir__tap_cut(ev, WEIR_END_CUT);
  return ev->cutting ? cut_now(ev) : 0;
}

/* ---- tap: behind the write ---- */

static int look_at(weir__events *ev, weir__slice span) {
  while (span.len && ev->parser) {
    weir_sse_event event;
    size_t used;
    int rc = weir_sse_next(ev->parser, span.ptr, span.len, &used, &event);
    if (rc < 0) return give_up(ev, rc);
    span.ptr += used, span.len -= used;
    ev->unscanned -= used;
    int verdict = rc == WEIR_SSE_EVENT ? judge(ev, &event) : 0;
    if (verdict < 0) return verdict;
    if ((verdict & WEIR_EVENT_CUT) && weir__tap_cut(ev, WEIR_END_CUT)) return WEIR_ECANCELED;
  }
  return 0;
}

int weir__tap_look(weir__events *ev) {
  weir__seen *seen = &ev->ex->relay->seen;
  size_t count = seen->count;
  int rc = 0;
  seen->count = 0;
  for (size_t i = 0; i < count && rc == 0; i++) rc = look_at(ev, seen->spans[i]);
  if (rc == 0 && ev->cutting && weir__tap_at_boundary(ev)) rc = cut_now(ev);
  return rc;
}

static int see_later(weir__events *ev, weir__slice span) {
  weir__seen *seen = &ev->ex->relay->seen;
  if (weir__exchange_pass(ev->ex, span)) return WEIR_ECANCELED;
  ev->unscanned += span.len;
  seen->spans[seen->count++] = span;
  return seen->count < WEIR__SEEN_MAX ? 0 : weir__tap_look(ev);
}

/* ---- in the path, but untouched ---- */

static int see_first(weir__events *ev, weir__slice span) {
  while (span.len && ev->parser) {
    weir_sse_event event;
    size_t used;
    int rc = weir_sse_next(ev->parser, span.ptr, span.len, &used, &event);
    if (rc < 0) return give_up(ev, rc);
    if (weir__exchange_pass(ev->ex, weir__slice_of(span.ptr, used))) return WEIR_ECANCELED;
    span.ptr += used, span.len -= used;
    if (rc == WEIR_SSE_MORE) continue;
    int verdict = rc == WEIR_SSE_EVENT ? judge(ev, &event) : 0;
    if (verdict < 0 || pass_boundary(ev, verdict)) return WEIR_ECANCELED;
  }
  return weir__exchange_pass(ev->ex, span);
}

/* ---- filter ---- */

/* A block that lies in the bytes that were read stays there until they have left; one that came in
 * pieces is the parser's, and copied. */
static int pass_block(weir__events *ev, weir__slice raw, weir__slice span) {
  bool in_place = raw.ptr >= span.ptr && raw.ptr < span.ptr + span.len;
  return in_place ? weir__exchange_pass(ev->ex, raw) : weir__exchange_pass_text(ev->ex, raw);
}

static int pass_behind(weir__events *ev) {
  int rc = weir__exchange_pass_text(ev->ex, weir__buf_slice(&ev->behind));
  weir__buf_free(&ev->behind);
  return rc;
}

static int filter_block(weir__events *ev, const weir_sse_event *event, bool is_event,
                        weir__slice span) {
  int verdict = is_event ? judge(ev, event) : 0;
  if (verdict < 0) return verdict;
  int rc = 0;
  if (verdict & WEIR_EVENT_DROP)
    ev->dropped++;
  else
    rc = pass_block(ev, weir__slice_of(event->raw, event->raw_len), span);
  if (rc == 0) rc = pass_behind(ev);
  weir__stale_settle(ev, is_event);
  return rc ? rc : pass_boundary(ev, verdict);
}

static int filter(weir__events *ev, weir__slice span) {
  weir__slice rest = span;
  while (rest.len) {
    weir_sse_event event;
    size_t used;
    int rc = weir_sse_next(ev->parser, rest.ptr, rest.len, &used, &event);
    if (rc < 0) return give_up(ev, rc);
    rest.ptr += used, rest.len -= used;
    if (rc != WEIR_SSE_MORE && filter_block(ev, &event, rc == WEIR_SSE_EVENT, span))
      return WEIR_ECANCELED;
  }
  return 0;
}

/* ---- the way in ---- */

int weir__tap_body(weir__events *ev, weir__slice span) {
  if (!ev->parser) return weir__exchange_pass(ev->ex, span);
  if (ev->filter) return filter(ev, span);
  return ev->in_path ? see_first(ev, span) : see_later(ev, span);
}

int weir__tap_finish(weir__events *ev) {
  weir_sse_event event;
  if (!ev->parser) return 0;
  if (weir__tap_look(ev)) return WEIR_ECANCELED;
  int rc = ev->parser ? weir_sse_finish(ev->parser, &event) : 0;
  if (rc < 0) return give_up(ev, rc);
  if (rc != WEIR_SSE_EVENT) return 0;
  if (ev->filter) return filter_block(ev, &event, true, weir__slice_of(NULL, 0));
  if (!ev->lines) return 0;
  return judge(ev, &event) < 0 ? WEIR_ECANCELED : 0;
}
