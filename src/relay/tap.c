/* Looks at the bytes of an event stream and judges its events: behind their write (tap), before it
 * (a tap with a budget), or instead of it until they are whole (filter). It does not know why a
 * stream is to end at a boundary, only where they are. The parser is the events'; the spans that it
 * remembers lie in the read at hand. */
#include "relay/events.h"
#include "relay/exchange.h"
#include "relay/relay.h"
#include "weir/err.h"

/* A filter sends whole blocks only, but for what the origin itself left unfinished. */
bool weir__tap_at_boundary(const weir__events *ev) {
  if (ev->ours && !ev->begun) return true;
  if (!ev->parser || ev->unscanned || ev->held || ev->torn) return false;
  return ev->filter || weir_sse_inside(ev->parser) == 0;
}

void weir__tap_lose(weir__events *ev, int why) {
  const weir_hooks *hooks = ev->ex->hooks;
  weir_sse_parser_free(ev->parser);
  ev->parser = NULL;
  ev->unscanned = 0;
  weir__events_blind_time(ev);
  if (hooks->on_events_lost) hooks->on_events_lost(ev->ex, why, hooks->user);
}

/* What the parser cannot read: memory; or a block too long, which only a filter cannot ignore. 0:
 * the stream goes on, with nobody to see it. */
static int give_up(weir__events *ev, int rc) {
  if (rc == WEIR_EEVENTSIZE && !ev->filter) {
    weir__tap_lose(ev, rc);
    return weir__exchange_over(ev->ex) ? WEIR_ECANCELED : weir__cutting_lost(ev);
  }
  weir__exchange_fail(ev->ex, rc == WEIR_ENOMEM ? WEIR_END_NO_MEMORY : WEIR_END_MALFORMED, rc);
  return WEIR_ECANCELED;
}

/* ---- judging ---- */

static int note(weir__events *ev, const weir_sse_event *event) {
  if (event->unfinished && !ev->lines) return 0; /* it is no event yet */
  ev->events++;
  if (!ev->marked) ev->marked = weir__event_rules_mark(ev->rules, event);
  weir__events_judge_end(ev); /* a hook may end it here */
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

/* ---- tap: behind the write ---- */

static int look_at(weir__events *ev, weir__slice span) {
  while (span.len && ev->parser) {
    const weir_sse_event *event;
    size_t used;
    int rc = weir_sse_next(ev->parser, span.ptr, span.len, &used, &event);
    if (rc < 0) return give_up(ev, rc);
    span.ptr += used, span.len -= used;
    ev->unscanned -= used;
    int verdict = rc == WEIR_SSE_EVENT ? judge(ev, event) : 0;
    if (verdict < 0) return verdict;
    if ((verdict & WEIR_EVENT_CUT) && weir__tap_cut(ev, WEIR_END_CUT)) return WEIR_ECANCELED;
  }
  return 0;
}

/* The first `count` of them have left. */
static int look_at_first(weir__events *ev, size_t count) {
  weir__seen *seen = &ev->ex->relay->seen;
  int rc = 0;
  for (size_t i = 0; i < count && rc == 0; i++) rc = look_at(ev, seen->spans[i]);
  if (seen->owner != ev) return rc; /* it is over */
  seen->count -= count;
  memmove(seen->spans, seen->spans + count, seen->count * sizeof *seen->spans);
  return rc;
}

int weir__tap_look(weir__events *ev) {
  weir__seen *seen = &ev->ex->relay->seen;
  int rc = seen->owner == ev ? look_at_first(ev, seen->count) : 0;
  return rc ? rc : weir__cutting_now(ev);
}

void weir__tap_forget(const weir__events *ev) {
  weir__seen *seen = &ev->ex->relay->seen;
  if (seen->owner == ev) *seen = (weir__seen){.owner = NULL};
}

/* When there are too many, the first ones have left: a batch does not hold as many, and leaves by
 * itself when it is full. */
static int see_later(weir__events *ev, weir__slice span) {
  weir_relay *relay = ev->ex->relay;
  weir__seen *seen = &relay->seen;
  if (weir__exchange_pass(ev->ex, span)) return WEIR_ECANCELED;
  ev->unscanned += span.len;
  if (seen->owner != ev) seen->count = 0;
  seen->owner = ev;
  seen->spans[seen->count++] = span;
  return seen->count < WEIR__SEEN_MAX ? 0 : look_at_first(ev, WEIR__SEEN_MAX - WEIR__BATCH_MAX);
}

/* ---- in the path, but untouched ---- */

static int see_first(weir__events *ev, weir__slice span) {
  while (span.len && ev->parser) {
    const weir_sse_event *event;
    size_t used;
    int rc = weir_sse_next(ev->parser, span.ptr, span.len, &used, &event);
    if (rc < 0) {
      if (give_up(ev, rc)) return WEIR_ECANCELED;
      break;
    }
    if (weir__exchange_pass(ev->ex, weir__slice_of(span.ptr, used))) return WEIR_ECANCELED;
    span.ptr += used, span.len -= used;
    if (rc == WEIR_SSE_MORE) continue;
    int verdict = rc == WEIR_SSE_EVENT ? judge(ev, event) : 0;
    if (verdict < 0 || weir__cutting_pass_boundary(ev, verdict & WEIR_EVENT_CUT))
      return WEIR_ECANCELED;
  }
  return span.len ? weir__cutting_pass_blind(ev, span) : 0;
}

/* ---- filter ---- */

/* A block that lies in the bytes that were read stays there until they have left; one that came in
 * pieces is the parser's, and copied. */
static int pass_block(weir__events *ev, weir__slice raw, weir__slice span) {
  uintptr_t at = (uintptr_t)raw.ptr, from = (uintptr_t)span.ptr; /* of memories of their own */
  bool in_place = at >= from && at - from < span.len;
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
  return rc ? rc : weir__cutting_pass_boundary(ev, verdict & WEIR_EVENT_CUT);
}

static int filter(weir__events *ev, weir__slice span) {
  weir__slice rest = span;
  while (rest.len) {
    const weir_sse_event *event;
    size_t used;
    int rc = weir_sse_next(ev->parser, rest.ptr, rest.len, &used, &event);
    if (rc < 0) return give_up(ev, rc);
    rest.ptr += used, rest.len -= used;
    if (rc != WEIR_SSE_MORE && filter_block(ev, event, rc == WEIR_SSE_EVENT, span))
      return WEIR_ECANCELED;
  }
  return 0;
}

/* ---- what stands behind the last boundary ---- */

/* A line of JSON without its end gets one when something follows. */
static int pass_unfinished(weir__events *ev, weir__slice raw) {
  int rc = weir__exchange_pass_text(ev->ex, raw);
  ev->torn = true;
  if (rc || !ev->behind.len) return rc;
  ev->torn = false;
  return weir__exchange_pass_text(ev->ex, weir__slice_str("\n"));
}

/* It ends here anyway, so a cut says nothing new. What is left unfinished of a stream passes as it
 * is, for its reader to discard; but it does not become part of what is put behind it. */
static int filter_unfinished(weir__events *ev, const weir_sse_event *event, bool is_event) {
  int verdict = is_event ? judge(ev, event) : 0;
  if (verdict < 0) return verdict;
  bool counts = is_event && (ev->lines || !event->unfinished);
  bool yields = ev->behind.len && !ev->lines;
  int rc = 0;
  if (verdict & WEIR_EVENT_DROP)
    ev->dropped += counts;
  else if (!yields)
    rc = pass_unfinished(ev, weir__slice_of(event->raw, event->raw_len));
  if (rc == 0) rc = pass_behind(ev);
  weir__stale_settle(ev, counts);
  return rc;
}

static int finish_filter(weir__events *ev) {
  const weir_sse_event *event;
  int rc = weir_sse_finish(ev->parser, &event);
  if (rc < 0) return give_up(ev, rc);
  if (rc == WEIR_SSE_MORE) return 0;
  if (event->unfinished) return filter_unfinished(ev, event, rc == WEIR_SSE_EVENT);
  return filter_block(ev, event, rc == WEIR_SSE_EVENT, weir__slice_of(NULL, 0));
}

static int finish_tap(weir__events *ev) {
  const weir_sse_event *event;
  int rc = weir_sse_finish(ev->parser, &event);
  if (rc < 0) return give_up(ev, rc);
  if (rc != WEIR_SSE_EVENT || (event->unfinished && !ev->lines)) return 0;
  return judge(ev, event) < 0 ? WEIR_ECANCELED : 0;
}

/* ---- the way in ---- */

int weir__tap_body(weir__events *ev, weir__slice span) {
  if (!ev->parser) return weir__cutting_pass_blind(ev, span);
  if (ev->filter) return filter(ev, span);
  if (ev->unscanned || !ev->in_path) return see_later(ev, span);
  return see_first(ev, span);
}

int weir__tap_end(weir__events *ev) { return ev->parser && ev->filter ? finish_filter(ev) : 0; }

int weir__tap_flushed(weir__events *ev) {
  if (weir__tap_look(ev)) return WEIR_ECANCELED;
  if (!ev->ex->response_done || ev->finished) return 0;
  ev->finished = true;
  return ev->parser && !ev->filter ? finish_tap(ev) : 0;
}
