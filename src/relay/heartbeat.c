/* Signs of life to a client whose origin is silent: between two events, and, if asked for, before
 * there is a response, under a head of ours. It never knows why the origin is silent, and tells
 * none of its timers. What it remembers stands in the events of the exchange. */
#include "relay/answer.h"
#include "relay/events.h"
#include "relay/exchange.h"
#include "relay/relay.h"
#include "weir/err.h"

static void aim(weir__events *ev) {
  uint32_t ms = ev->rules->o.heartbeat_ms;
  if (ms) weir__deadlines_set(&ev->deadlines, WEIR__TIME_HEARTBEAT, ms);
}

/* ---- between events ---- */

static bool may_beat(const weir__events *ev) {
  const weir_exchange *ex = ev->ex;
  if (ex->phase != WEIR__PHASE_STREAMING || !ex->head_sent || ex->response_done) return false;
  if (ex->down->held || ev->diverted) return false; /* nobody is there, or gets what passes */
  if (ev->cutting || !weir__tap_at_boundary(ev)) return false;
  return weir__downstream_pending(ex->down) == 0 && !ex->down->unwritten;
}

static int beat(weir__events *ev) {
  weir__slice text = ev->lines ? weir__slice_of("\n", 1) : ev->rules->heartbeat;
  if (weir__exchange_pass_text(ev->ex, text)) return WEIR_ECANCELED;
  ev->heartbeats++;
  if (!ev->begun) ev->drop_mark = true;
  return weir__exchange_flush_client(ev->ex);
}

void weir__heartbeat_start(weir__events *ev) {
  if (ev->parser || ev->ours)
    aim(ev);
  else
    weir__deadlines_stop(&ev->deadlines, WEIR__TIME_HEARTBEAT);
}

void weir__heartbeat_flushed(weir__events *ev) {
  uint64_t sent = ev->ex->down->sender.sent;
  if (sent == ev->sent) return;
  ev->sent = sent;
  if (weir__deadlines_runs(&ev->deadlines, WEIR__TIME_HEARTBEAT)) aim(ev);
}

void weir__heartbeat_drained(weir__events *ev) {
  if (weir__deadlines_runs(&ev->deadlines, WEIR__TIME_HEARTBEAT)) aim(ev);
}

/* ---- before the response head ---- */

/* `q` and other parameters say how much, not whether. */
static bool accepts_stream(const weir_head *request) {
  const weir__field *f = weir__head_find(request, WEIR__NAME_ACCEPT);
  for (; f; f = weir__head_find_next(f)) {
    weir__slice rest = weir__field_value(f), type;
    while (weir__slice_next(&rest, &type)) {
      const char *semicolon = memchr(type.ptr, ';', type.len);
      if (semicolon) type.len = (size_t)(semicolon - type.ptr);
      if (weir__slice_is_nocase(weir__slice_trim(type), "text/event-stream")) return true;
    }
  }
  return false;
}

/* What may become a tunnel, or has no body, cannot begin as a stream. */
static bool wants_early(const weir_exchange *ex) {
  const weir_event_options *o = &weir__events_rules(ex)->o;
  if (!o->heartbeat_early || !o->heartbeat_ms || o->mode == WEIR_EVENTS_OFF) return false;
  if (ex->down->head_only || ex->upgrade || ex->connect_allowed) return false;
  return ex->events || accepts_stream(ex->request);
}

int weir__heartbeat_ask(weir_exchange *ex) {
  if (!wants_early(ex)) return 0;
  if (weir__events_need(ex)) return WEIR_ENOMEM;
  aim(ex->events);
  return 0;
}

/* Who still sends its request may take a response for the end of it. */
static bool may_begin(const weir_exchange *ex) {
  bool early = ex->phase == WEIR__PHASE_CONNECTING || ex->phase == WEIR__PHASE_WAITING;
  return early && ex->request_done && !ex->head_sent && !ex->down->unwritten;
}

static int send_our_head(weir__events *ev) {
  weir_exchange *ex = ev->ex;
  weir__answer answer;
  int rc = weir__answer_stream(&answer, &ex->relay->mem);
  if (rc == 0) rc = weir__exchange_send_head(ex, answer.head);
  weir__answer_free(&answer, &ex->relay->mem);
  if (rc) {
    weir__exchange_fail(ex, WEIR_END_NO_MEMORY, rc);
    return WEIR_ECANCELED;
  }
  ev->ours = ex->head_sent = true;
  ex->stats.status = 200;
  return 0;
}

static bool is_waiting(const weir__events *ev) {
  return ev->ours && ev->ex->phase < WEIR__PHASE_STREAMING;
}

void weir__heartbeat_on_time(weir__events *ev) {
  weir_exchange *ex = ev->ex;
  if (ex->response_done) return;
  bool begins = may_begin(ex);
  bool idle = weir__downstream_pending(ex->down) == 0;
  if (begins && send_our_head(ev)) return;
  if ((begins || (is_waiting(ev) && idle) || may_beat(ev)) && beat(ev)) return;
  ev->sent = ex->down->sender.sent;
  aim(ev);
}

/* ---- a byte order mark behind heartbeats ---- */

/* It is one only at the very beginning; behind something it would be a part of a field's name. What
 * may be one waits here until it is known, which is less than a line. */
static const char mark[] = {'\xef', '\xbb', '\xbf'};

static int pass_held(weir__events *ev) {
  size_t held = ev->mark_held;
  ev->drop_mark = false;
  ev->mark_held = 0;
  return held ? weir__tap_body(ev, weir__slice_of(mark, held)) : 0;
}

static int skip_mark(weir__events *ev, weir__slice *span) {
  while (span->len && ev->mark_held < sizeof mark && *span->ptr == mark[ev->mark_held])
    ev->mark_held++, span->ptr++, span->len--;
  if (ev->mark_held == sizeof mark) ev->drop_mark = false, ev->mark_held = 0;
  return span->len && ev->drop_mark ? pass_held(ev) : 0;
}

int weir__heartbeat_body(weir__events *ev, weir__slice span) {
  if (ev->drop_mark && skip_mark(ev, &span)) return WEIR_ECANCELED;
  return span.len ? weir__tap_body(ev, span) : 0;
}

int weir__heartbeat_end(weir__events *ev) { return pass_held(ev); }
