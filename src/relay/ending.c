/* The last word of an event stream that cannot go on: a terminal event at its last boundary, and
 * an end that the client takes for one. It knows which words, not what made it end. It owns
 * nothing. */
#include <stdio.h>

#include "relay/events.h"
#include "relay/exchange.h"
#include "relay/relay.h"
#include "weir/err.h"

/* ---- which words ---- */

/* A client that does not listen, or does not say what it wants, is told nothing. */
static bool is_origins(enum weir_timer timer) {
  switch (timer) {
  case WEIR_TIMER_STALL:
  case WEIR_TIMER_REQUEST_BODY:
  case WEIR_TIMER_STALE: return false;
  case WEIR_TIMER_CONNECT:
  case WEIR_TIMER_HEAD:
  case WEIR_TIMER_GAP:
  case WEIR_TIMER_TOTAL:
  case WEIR_TIMER_HANDSHAKE:
  case WEIR_TIMER_FIRST_BYTE:
  case WEIR_TIMER_FIRST_EVENT:
  case WEIR_TIMER_FIRST_CONTENT:
  case WEIR_TIMER_EVENT_GAP: break;
  }
  return true;
}

static const char *or_nothing(const char *text) { return text ? text : ""; }

/* Which text ends it; "": none, but it ends well; NULL: it is to be cut. The ends by rule are so
 * for those that came to a boundary for it: an abort of the host and the deadline of a drain do
 * not. */
static const char *text_for(const weir__events *ev, enum weir_end end) {
  const weir_event_options *o = &ev->rules->o;
  switch (end) {
  case WEIR_END_UNREACHABLE: /* behind a head of ours */
  case WEIR_END_TRUNCATED:
  case WEIR_END_RESET:
  case WEIR_END_MALFORMED:
  case WEIR_END_REFUSED: return o->error_event;
  case WEIR_END_TIMEOUT: return is_origins(ev->ex->stats.timer) ? o->error_event : NULL;
  case WEIR_END_CUT: return ev->ending ? or_nothing(o->cut_event) : NULL;
  case WEIR_END_DRAINED: return ev->ending ? or_nothing(o->drain_event) : o->drain_event;
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

/* ---- writing them ---- */

/* In front of the event, in the same block; one of its own if there is no event. */
static int write_retry(weir__buf *out, const weir__events *ev, const char *text) {
  char line[32];
  uint32_t ms = ev->rules->o.drain_retry_ms;
  if (ev->ex->end != WEIR_END_DRAINED || !ms || ev->lines) return 0;
  snprintf(line, sizeof line, "retry: %u\n%s", (unsigned)ms, *text ? "" : "\n");
  return weir__buf_append(out, weir__slice_str(line));
}

static int write_words(weir__buf *out, const weir__events *ev, const char *text) {
  const weir_exchange *ex = ev->ex;
  int rc = write_retry(out, ev, text);
  if (rc || !*text) return rc;
  return weir__terminal_write(out, text, ev->lines, ex->end, ex->stats.timer);
}

static int send_words(weir_exchange *ex, const char *text) {
  weir__buf out = {.mem = &ex->relay->mem};
  int rc = write_words(&out, ex->events, text);
  if (rc == 0) rc = weir__downstream_send_text(ex->down, weir__buf_slice(&out));
  if (rc == 0) ex->stats.response_bytes += out.len, ex->events->in_band = out.len > 0;
  weir__buf_free(&out);
  return rc;
}

/* ---- the end ---- */

static bool is_possible(const weir_exchange *ex) {
  const weir__events *ev = ex->events;
  if (!ev || !ex->head_sent || ex->response_done || !is_under_way(ex)) return false;
  return weir__tap_at_boundary(ev) && !ex->down->unwritten;
}

bool weir__ending_put(weir_exchange *ex) {
  const char *text = is_possible(ex) ? text_for(ex->events, ex->end) : NULL;
  if (!text) return false;
  if (weir__stale_release(ex->events)) return true;
  if (send_words(ex, text)) return false;
  weir__deadlines_stop_all(&ex->events->deadlines); /* no heartbeat behind it */
  weir__exchange_end_well(ex);
  return true;
}
