/* The last word of an event stream that cannot go on: a terminal event at its last boundary, and an
 * end that the client takes for one. */
#include "relay/events.h"
#include "relay/exchange.h"
#include "relay/relay.h"
#include "weir/err.h"

/* Which text ends it; NULL: none, the stream is to be cut. */
static const char *text_for(const weir__events *ev, enum weir_end end) {
  const weir_event_options *o = &ev->rules->o;
  switch (end) {
  case WEIR_END_TRUNCATED:
  case WEIR_END_RESET:
  case WEIR_END_MALFORMED:
  case WEIR_END_UNREACHABLE: /* behind a head of ours */
  case WEIR_END_REFUSED: return o->error_event;
  case WEIR_END_TIMEOUT: return ev->ex->stats.timer < WEIR_TIMER_STALE &&
                                        ev->ex->stats.timer != WEIR_TIMER_STALL
                                    ? o->error_event
                                    : NULL;
  case WEIR_END_CUT:
    if (!ev->cutting) return NULL; /* the host's abort */
    return o->cut_event ? o->cut_event : "";
  case WEIR_END_DRAINED:
    if (o->drain_event) return o->drain_event;
    return ev->cutting ? "" : NULL;
  case WEIR_END_COMPLETE:
  case WEIR_END_UNMARKED:
  case WEIR_END_ANSWERED:
  case WEIR_END_CLIENT_GONE:
  case WEIR_END_CLIENT_BAD:
  case WEIR_END_NO_MEMORY: break;
  }
  return NULL;
}

/* The body passes, or nothing but heartbeats did yet. */
static bool is_under_way(const weir_exchange *ex) {
  if (ex->phase == WEIR__PHASE_STREAMING) return true;
  return ex->events->ours && ex->phase < WEIR__PHASE_STREAMING;
}

static bool is_possible(const weir_exchange *ex) {
  const weir__events *ev = ex->events;
  if (!ev || !ex->head_sent || ex->response_done || !is_under_way(ex)) return false;
  return weir__tap_at_boundary(ev) && !ex->down->unwritten;
}

bool weir__ending_put(weir_exchange *ex) {
  if (!is_possible(ex)) return false;
  weir__events *ev = ex->events;
  const char *text = text_for(ev, ex->end);
  if (!text) return false;
  if (weir__stale_release(ev)) return true;
  weir__buf out = {.mem = &ex->relay->mem};
  int rc = *text ? weir__terminal_write(&out, text, ev->lines, ex->end, ex->stats.timer) : 0;
  if (rc == 0) rc = weir__downstream_send_text(ex->down, weir__buf_slice(&out));
  if (rc == 0) ex->stats.response_bytes += out.len, ev->in_band = out.len > 0;
  weir__buf_free(&out);
  if (rc == 0) weir__exchange_end_well(ex);
  return rc == 0;
}
