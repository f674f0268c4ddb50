/* What time does to an event stream: which of its timers means what, and the four that ask how soon
 * events come. It never knows what bytes mean, only that some came, or a whole event did. The timers
 * stand in the events of an exchange, which own them. */
#include "relay/events.h"
#include "relay/exchange.h"
#include "relay/relay.h"
#include "weir/err.h"

static uint32_t length_of(const weir__events *ev, enum weir__event_time time) {
  const weir_event_options *o = &ev->rules->o;
  switch (time) {
  case WEIR__TIME_FIRST_BYTE: return o->first_byte_ms;
  case WEIR__TIME_FIRST_EVENT: return o->first_event_ms;
  case WEIR__TIME_FIRST_CONTENT: return o->first_content_ms;
  case WEIR__TIME_EVENT_GAP: return o->event_gap_ms;
  case WEIR__TIME_HEARTBEAT: /* each in its own file */
  case WEIR__TIME_COMMIT:
  case WEIR__TIME_BUDGET:
  case WEIR__TIME_DRAIN_CUT:
  case WEIR__TIME_ABANDON:
  case WEIR__TIME_STALE:
  case WEIR__EVENT_TIMES: break;
  }
  return 0;
}

static enum weir_timer name_of(enum weir__event_time time) {
  return (enum weir_timer)(WEIR_TIMER_FIRST_BYTE + (int)(time - WEIR__TIME_FIRST_BYTE));
}

/* ---- running ---- */

/* While the client holds up the origin, a timer keeps what is left of it. */
static void run(weir__events *ev, enum weir__event_time time, uint32_t ms) {
  if (ev->ex->origin_paused)
    ev->left[time - WEIR__TIME_FIRST_BYTE] = ms;
  else
    weir__deadlines_set(&ev->deadlines, time, ms);
}

static void halt(weir__events *ev, enum weir__event_time time) {
  ev->left[time - WEIR__TIME_FIRST_BYTE] = WEIR_OFF;
  weir__deadlines_stop(&ev->deadlines, time);
}

void weir__events_pause_time(weir__events *ev) {
  uint64_t now = weir__clock_now(&ev->ex->relay->clock);
  for (int i = WEIR__TIME_FIRST_BYTE; i <= WEIR__TIME_EVENT_GAP; i++) {
    if (!weir__deadlines_runs(&ev->deadlines, i)) continue;
    ev->left[i - WEIR__TIME_FIRST_BYTE] = ev->due[i] > now ? (uint32_t)(ev->due[i] - now) : 0;
    weir__deadlines_stop(&ev->deadlines, i);
  }
}

void weir__events_resume_time(weir__events *ev) {
  for (int i = 0; i < WEIR__SEMANTIC_TIMERS; i++) {
    uint32_t ms = ev->left[i];
    ev->left[i] = WEIR_OFF;
    if (ms != WEIR_OFF) weir__deadlines_set(&ev->deadlines, WEIR__TIME_FIRST_BYTE + i, ms);
  }
}

/* Due so long after the request head; at once if that is over. */
static void run_from_start(weir__events *ev, enum weir__event_time time) {
  uint32_t ms = length_of(ev, time);
  uint64_t gone = weir__clock_now(&ev->ex->relay->clock) - ev->ex->stats.started_ms;
  if (ms && ms != WEIR_OFF) run(ev, time, ms > gone ? (uint32_t)(ms - gone) : 0);
}

static void run_gap(weir__events *ev) {
  uint32_t ms = length_of(ev, WEIR__TIME_EVENT_GAP);
  if (ms) run(ev, WEIR__TIME_EVENT_GAP, ms);
}

void weir__events_start_time(weir__events *ev) {
  weir__heartbeat_start(ev);
  run_from_start(ev, WEIR__TIME_FIRST_BYTE);
  if (!ev->parser) return;
  run_from_start(ev, WEIR__TIME_FIRST_EVENT);
  run_from_start(ev, WEIR__TIME_FIRST_CONTENT);
  run_gap(ev);
}

void weir__events_blind_time(weir__events *ev) {
  weir__deadlines_stop(&ev->deadlines, WEIR__TIME_HEARTBEAT);
  halt(ev, WEIR__TIME_FIRST_EVENT);
  halt(ev, WEIR__TIME_FIRST_CONTENT);
  halt(ev, WEIR__TIME_EVENT_GAP);
}

/* ---- what came ---- */

void weir__events_note_byte(weir__events *ev) {
  if (ev->begun) return;
  ev->begun = true;
  halt(ev, WEIR__TIME_FIRST_BYTE);
}

static bool is_ping(const weir_sse_event *event) {
  return weir__slice_is(weir__slice_of(event->type, event->type_len), "ping");
}

/* 1, 0, or what a hook says that ends the exchange. */
static int is_content(const weir__events *ev, const weir_sse_event *event) {
  const weir_hooks *hooks = ev->ex->hooks;
  if (hooks->is_content) return hooks->is_content(ev->ex, event, hooks->user);
  return event->data_len && !is_ping(event) && !weir__event_rules_mark(ev->rules, event);
}

static int note_content(weir__events *ev, const weir_sse_event *event, uint64_t since) {
  int verdict = is_content(ev, event);
  bool ends = verdict < 0 || (verdict >= 400 && verdict <= 599);
  if (weir__exchange_verdict(ev->ex, ends ? verdict : 0)) return WEIR_ECANCELED;
  if (verdict == 0) return 0;
  ev->first_content_ms = since;
  halt(ev, WEIR__TIME_FIRST_CONTENT);
  return 0;
}

int weir__events_note(weir__events *ev, const weir_sse_event *event) {
  uint64_t since = weir__clock_now(&ev->ex->relay->clock) - ev->ex->stats.started_ms;
  if (ev->first_event_ms == UINT64_MAX) {
    ev->first_event_ms = since;
    halt(ev, WEIR__TIME_FIRST_EVENT);
  }
  run_gap(ev);
  return ev->first_content_ms == UINT64_MAX ? note_content(ev, event, since) : 0;
}

/* ---- a timer ran out ---- */

static void on_semantic(weir__events *ev, enum weir__event_time time) {
  weir_exchange *ex = ev->ex;
  if (ex->response_done || ex->phase != WEIR__PHASE_STREAMING) return;
  if (weir__exchange_ask_timeout(ex, name_of(time))) run(ev, time, length_of(ev, time));
}

void weir__events_on_time(weir__deadlines *deadlines, int which) {
  weir__events *ev = weir__container_of(deadlines, weir__events, deadlines);
  enum weir__event_time time = (enum weir__event_time)which;
  if (weir__exchange_over(ev->ex)) return;
  switch (time) {
  case WEIR__TIME_HEARTBEAT: weir__heartbeat_on_time(ev); break;
  case WEIR__TIME_FIRST_BYTE:
  case WEIR__TIME_FIRST_EVENT:
  case WEIR__TIME_FIRST_CONTENT:
  case WEIR__TIME_EVENT_GAP: on_semantic(ev, time); break;
  case WEIR__TIME_COMMIT: weir__commit_on_time(ev); break;
  case WEIR__TIME_ABANDON: weir__abandon_on_time(ev); break;
  case WEIR__TIME_STALE: weir__stale_on_time(ev); break;
  case WEIR__TIME_BUDGET: weir__budget_on_time(ev); break;
  case WEIR__TIME_DRAIN_CUT: weir__drain_on_time(ev); break;
  case WEIR__EVENT_TIMES: break;
  }
}
