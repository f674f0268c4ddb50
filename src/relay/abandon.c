/* A client leaves in the middle of an event stream: whether the origin is heard out without it, and
 * for how long. It knows neither sockets nor how the client left. The exchange goes on as ever, and
 * holds its connection to the client as a name without a stream. */
#include "relay/events.h"
#include "relay/exchange.h"
#include "relay/relay.h"
#include "weir/err.h"

/* Half a request has half an answer, and what is whole already needs nobody to hear it. */
static bool is_wanted(const weir_exchange *ex) {
  const weir__events *ev = ex->events;
  if (!ev || ex->failed || ex->phase != WEIR__PHASE_STREAMING) return false;
  if (!ex->head_sent || ex->response_done || !ex->request_done) return false;
  return ev->rules->o.abandon_bytes || ev->rules->o.abandon_ms;
}

static bool is_room(const weir_exchange *ex) {
  return ex->relay->abandoned < ex->events->rules->o.abandon_max;
}

static void limit(weir__events *ev, int code) {
  const weir_event_options *o = &ev->rules->o;
  ev->abandon.code = code;
  ev->abandon.left = o->abandon_bytes ? o->abandon_bytes : UINT64_MAX;
  if (o->abandon_ms) weir__deadlines_set(&ev->deadlines, WEIR__TIME_ABANDON, o->abandon_ms);
}

/* Nobody waits for anything any more, so nothing holds the origin back. */
static void go_on_alone(weir_exchange *ex) {
  weir__deadlines_stop(&ex->deadlines, WEIR_TIMER_STALL);
  weir__stale_stop(ex->events);
  weir__deadlines_stop(&ex->events->deadlines, WEIR__TIME_HEARTBEAT);
  ex->client_paused = false;
  if (ex->origin_paused) weir__exchange_resume_origin(ex);
}

bool weir__abandon_begin(weir_exchange *ex, int code) {
  if (!is_wanted(ex) || !is_room(ex)) return false;
  weir__relay_log(ex->relay, WEIR_LOG_INFO, "relay=%p ex=%llu event=abandoned error=%s",
                  (void *)ex->relay, (unsigned long long)ex->id, weir_err_name(code));
  ex->relay->abandoned++;
  ex->events->diverted = true;
  limit(ex->events, code);
  weir__downstream_hold(ex->down);
  go_on_alone(ex);
  return true;
}

/* Whatever the origin did then: the client has seen what it has seen. */
void weir__abandon_end(weir__events *ev) {
  weir_exchange *ex = ev->ex;
  ex->relay->abandoned--;
  ex->end = WEIR_END_CLIENT_GONE;
  ex->stats.error = ev->abandon.code;
}

int weir__abandon_flushed(weir__events *ev) {
  if (!ev->ex->down->held || ev->abandon.left) return 0;
  weir__exchange_conclude(ev->ex);
  return WEIR_ECANCELED;
}

void weir__abandon_on_time(weir__events *ev) {
  if (ev->ex->down->held) weir__exchange_conclude(ev->ex);
}
