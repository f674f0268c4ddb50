/* What time does to an exchange: which timer means what, whom it asks, and the watch over a client
 * that takes nothing. */
#include "relay/exchange.h"
#include "relay/relay.h"
#include "weir/err.h"

static uint32_t length_of(const weir_options *o, enum weir_timer timer) {
  switch (timer) {
  case WEIR_TIMER_CONNECT: return o->connect_ms;
  case WEIR_TIMER_HEAD: return o->head_ms;
  case WEIR_TIMER_GAP: return o->gap_ms;
  case WEIR_TIMER_TOTAL: return o->total_ms;
  case WEIR_TIMER_STALL: return o->stall_ms;
  case WEIR_TIMER_REQUEST_BODY: return o->request_body_ms;
  case WEIR_TIMER_HANDSHAKE: return o->handshake_ms;
  case WEIR_TIMER_FIRST_BYTE: /* relay/events_time.c has these */
  case WEIR_TIMER_FIRST_EVENT:
  case WEIR_TIMER_FIRST_CONTENT:
  case WEIR_TIMER_EVENT_GAP:
  case WEIR_TIMER_STALE: break;
  }
  return WEIR_OFF;
}

/* ---- the client takes nothing ---- */

/* A write's callback comes when all of it is out, and the kernel takes megabytes for a file, so
 * progress is what was handed over less what still waits here or is not confirmed. Looking four
 * times as often as the limit says keeps the error of the limit at a quarter. */
static uint32_t look_again(const weir_exchange *ex) {
  uint32_t ms = ex->relay->set.o.stall_ms;
  return ms == WEIR_OFF ? WEIR_OFF : ms / 4 + 1;
}

static uint64_t taken(const weir_exchange *ex) {
  const weir__downstream *down = ex->down;
  uint64_t sent = down->sender.sent + weir__stream_added(down->stream);
  return sent - weir__downstream_pending(down) - weir__stream_unacked(down->stream);
}

static void note_progress(weir_exchange *ex) {
  ex->taken = taken(ex);
  ex->moved_ms = weir__clock_now(&ex->relay->clock);
}

void weir__exchange_await_client(weir_exchange *ex) {
  if (weir__deadlines_runs(&ex->deadlines, WEIR_TIMER_STALL)) return;
  note_progress(ex);
  weir__deadlines_set(&ex->deadlines, WEIR_TIMER_STALL, look_again(ex));
}

void weir__exchange_client_taken(weir_exchange *ex) {
  if (weir__downstream_pending(ex->down) == 0)
    weir__deadlines_stop(&ex->deadlines, WEIR_TIMER_STALL);
  else
    note_progress(ex);
}

/* True if the look at the client found that it moves, or may still move in time. */
static bool client_moves(weir_exchange *ex) {
  if (weir__downstream_pending(ex->down) == 0) return true;
  int64_t moved = (int64_t)(taken(ex) - ex->taken); /* may be -1: a FIN counts as a byte */
  if (moved >= (int64_t)ex->relay->set.stall_min) note_progress(ex);
  uint64_t still = weir__clock_now(&ex->relay->clock) - ex->moved_ms;
  if (still >= ex->relay->set.o.stall_ms) return false;
  weir__deadlines_set(&ex->deadlines, WEIR_TIMER_STALL, look_again(ex));
  return true;
}

/* ---- the origin is not awaited any more ---- */

void weir__exchange_stop_awaiting(weir_exchange *ex) {
  static const enum weir_timer timers[] = {WEIR_TIMER_CONNECT, WEIR_TIMER_HANDSHAKE,
                                           WEIR_TIMER_HEAD, WEIR_TIMER_GAP};
  for (size_t i = 0; i < sizeof timers / sizeof *timers; i++)
    weir__deadlines_stop(&ex->deadlines, timers[i]);
}

/* ---- a timer ran out ---- */

static bool host_extends(weir_exchange *ex, enum weir_timer timer) {
  const weir_hooks *hooks = ex->hooks;
  if (!hooks->on_timeout) return false;
  ex->in_hook = true;
  int verdict = hooks->on_timeout(ex, timer, hooks->user);
  ex->in_hook = false;
  return verdict == WEIR_TIMEOUT_EXTEND;
}

static void end(weir_exchange *ex, enum weir_timer timer) {
  ex->stalled = timer == WEIR_TIMER_STALL || timer == WEIR_TIMER_STALE;
  if (!ex->failed) ex->stats.timer = timer; /* of the end, not of what waits behind it */
  if (ex->answer.head && !ex->head_sent) {
    ex->end = WEIR_END_TIMEOUT;
    ex->stats.error = WEIR_ETIMEOUT;
    weir__exchange_send_answer(ex);
  } else {
    weir__exchange_fail(ex, WEIR_END_TIMEOUT, WEIR_ETIMEOUT);
  }
}

bool weir__exchange_ask_timeout(weir_exchange *ex, enum weir_timer timer) {
  bool extended = host_extends(ex, timer);
  if (weir__exchange_over(ex)) return false;
  if (!extended) end(ex, timer);
  return extended;
}

void weir__exchange_on_timer(weir__deadlines *deadlines, int which) {
  weir_exchange *ex = weir__container_of(deadlines, weir_exchange, deadlines);
  enum weir_timer timer = (enum weir_timer)which;
  if (weir__exchange_over(ex)) return;
  if (timer == WEIR_TIMER_STALL && client_moves(ex)) return;
  if (timer == WEIR_TIMER_REQUEST_BODY) ex->down->keep = false; /* its end will not be known */
  if (timer == WEIR_TIMER_REQUEST_BODY && ex->response_done) {
    weir__exchange_conclude_if_done(ex);
    return;
  }
  if (weir__exchange_ask_timeout(ex, timer))
    weir__deadlines_set(deadlines, timer, length_of(&ex->relay->set.o, timer));
}
