/* The response half: heads, the body on its way, its end, and what the origin's side can go
 * wrong. */
#include "base/err.h"
#include "http/forward.h"
#include "relay/exchange.h"
#include "relay/relay.h"

/* ---- writing to the client ---- */

static void await_more(weir_exchange *ex) {
  bool body = ex->phase == WEIR__PHASE_STREAMING || ex->phase == WEIR__PHASE_TUNNEL;
  if (body && !ex->origin_paused)
    weir__deadlines_set(&ex->deadlines, WEIR_TIMER_GAP, ex->relay->set.o.gap_ms);
}

void weir__exchange_resume_origin(weir_exchange *ex) {
  ex->origin_paused = false;
  if (ex->events) weir__events_resume_time(ex->events);
  await_more(ex);
  weir__upstream_resume(&ex->up);
}

static void pause_origin(weir_exchange *ex) {
  ex->origin_paused = true;
  weir__deadlines_stop(&ex->deadlines, WEIR_TIMER_GAP); /* it is not the origin that is silent */
  if (ex->events) weir__events_pause_time(ex->events);
  weir__upstream_pause(&ex->up);
}

/* A write failed. Nonzero: the exchange is over with it. */
static int lose_client(weir_exchange *ex, int code) {
  if (weir__abandon_begin(ex, code)) return weir__exchange_over(ex) ? WEIR_ECANCELED : 0;
  ex->response_done = false; /* its end did not leave */
  weir__exchange_fail(ex, code == WEIR_ENOMEM ? WEIR_END_NO_MEMORY : WEIR_END_CLIENT_GONE, code);
  return WEIR_ECANCELED;
}

int weir__exchange_flush_client(weir_exchange *ex) {
  int rc = weir__downstream_flush(ex->down);
  if (rc < 0) return lose_client(ex, rc);
  if (rc == WEIR__FULL && !ex->origin_paused && !ex->response_done) pause_origin(ex);
  if (weir__downstream_pending(ex->down) > 0) weir__exchange_await_client(ex);
  return ex->events ? weir__events_sent(ex->events) : 0;
}

/* A piece could not be prepared: memory, bytes that do not fit the framing, or the batch was full and
 * could not be written. */
static int unless_prepared(weir_exchange *ex, int rc) {
  if (rc < 0 && weir__is_connection_error(rc)) {
    ex->down->unwritten = true;
    return lose_client(ex, rc);
  }
  if (rc == WEIR_ENOMEM)
    weir__exchange_fail(ex, WEIR_END_NO_MEMORY, rc);
  else if (rc)
    weir__exchange_fail(ex, WEIR_END_MALFORMED, rc);
  return rc ? WEIR_ECANCELED : 0;
}

/* ---- heads ---- */

static int on_interim(void *owner, weir_head *head) {
  weir_exchange *ex = owner;
  const weir_hooks *hooks = ex->hooks;
  if (weir__exchange_over(ex)) return WEIR_ECANCELED;
  if (unless_prepared(ex, weir__forward_response(head, &ex->relay->set.policy)))
    return WEIR_ECANCELED;
  int verdict = hooks->on_interim ? hooks->on_interim(ex, head, hooks->user) : 0;
  if (weir__exchange_verdict(ex, verdict)) return WEIR_ECANCELED;
  weir__deadlines_set(&ex->deadlines, WEIR_TIMER_HEAD, ex->relay->set.o.head_ms);
  if (head->status == 100) weir__exchange_continued(ex);
  if (ex->head_sent) return 0; /* an early heartbeat's: nothing interim can follow it */
  return unless_prepared(ex, weir__downstream_send_interim(ex->down, head));
}

int weir__exchange_pass(weir_exchange *ex, weir__slice span) {
  if (ex->events && ex->events->diverted) return weir__events_divert(ex->events, span);
  if (unless_prepared(ex, weir__downstream_send_body(ex->down, span))) return WEIR_ECANCELED;
  ex->stats.response_bytes += span.len;
  return 0;
}

int weir__exchange_pass_text(weir_exchange *ex, weir__slice text) {
  if (ex->events && ex->events->diverted) return weir__events_divert(ex->events, text);
  if (unless_prepared(ex, weir__downstream_send_text(ex->down, text))) return WEIR_ECANCELED;
  ex->stats.response_bytes += text.len;
  return 0;
}

static int ask_host(weir_exchange *ex, weir_head *head) {
  const weir_hooks *hooks = ex->hooks;
  ex->in_hook = ex->in_head_hook = true;
  int verdict = hooks->on_response ? hooks->on_response(ex, head, hooks->user) : 0;
  ex->in_hook = ex->in_head_hook = false;
  return weir__exchange_verdict(ex, verdict);
}

/* The origin has answered: what is awaited now is its body. */
static void begin_body(weir_exchange *ex, const weir_head *head) {
  ex->unmarked = head->framing == WEIR__FRAMING_CLOSE;
  weir__deadlines_stop(&ex->deadlines, WEIR_TIMER_HEAD);
  weir__exchange_set_phase(ex, WEIR__PHASE_STREAMING);
}

int weir__exchange_begin_response(weir_exchange *ex, const weir_head *head) {
  if (!ex->head_sent && unless_prepared(ex, weir__exchange_send_head(ex, head)))
    return WEIR_ECANCELED;
  ex->head_sent = true;
  ex->stats.status = head->status;
  weir__exchange_forget_request(ex);
  return 0;
}

/* A host made a 2xx of the origin's refusal: its client would take the body for a tunnel. */
static bool feigns_tunnel(const weir_exchange *ex, const weir_head *head) {
  return ex->connect_allowed && head->framing != WEIR__FRAMING_TUNNEL && head->status / 100 == 2;
}

/* The head is the caller's still if it was not `held`. */
static int take_head(weir_exchange *ex, weir_head *head, bool *held) {
  if (unless_prepared(ex, weir__forward_response(head, &ex->relay->set.policy)))
    return WEIR_ECANCELED;
  ex->response_names = head->names_fields;
  if (ask_host(ex, head)) return WEIR_ECANCELED;
  if (feigns_tunnel(ex, head)) {
    weir__exchange_refuse(ex, 502);
    return WEIR_ECANCELED;
  }
  if (head->framing == WEIR__FRAMING_TUNNEL)
    return unless_prepared(ex, ex->request_done ? weir__tunnel_begin(ex, head) : WEIR_EUPGRADE);
  begin_body(ex, head);
  if (weir__events_begin(ex, head, held)) return WEIR_ECANCELED;
  return *held ? 0 : weir__exchange_begin_response(ex, head);
}

static int on_head(void *owner, weir_head *head) {
  weir_exchange *ex = owner;
  bool held = false;
  int rc = weir__exchange_over(ex) ? WEIR_ECANCELED : take_head(ex, head, &held);
  if (!held) weir__head_free(head);
  return rc;
}

/* ---- the body on its way ---- */

static int on_body(void *owner, weir__slice span) {
  weir_exchange *ex = owner;
  const weir_hooks *hooks = ex->hooks;
  if (weir__exchange_over(ex)) return WEIR_ECANCELED;
  if (hooks->on_body && ex->phase != WEIR__PHASE_TUNNEL) {
    int verdict = hooks->on_body(ex, span.ptr, span.len, hooks->user);
    if (weir__exchange_verdict(ex, verdict)) return WEIR_ECANCELED;
  }
  ex->chunk_pending = true;
  return ex->events ? weir__events_body(ex, span) : weir__exchange_pass(ex, span);
}

static int ask_about_trailers(weir_exchange *ex, weir_head *trailers) {
  const weir_hooks *hooks = ex->hooks;
  if (!trailers) return 0;
  weir__forward_trailers(trailers, ex->response_names);
  if (!trailers->first || !hooks->on_trailers) return 0;
  return weir__exchange_verdict(ex, hooks->on_trailers(ex, trailers, hooks->user));
}

static int on_end(void *owner, weir_head *trailers) {
  weir_exchange *ex = owner;
  if (weir__exchange_over(ex)) return WEIR_ECANCELED;
  if (ex->phase == WEIR__PHASE_TUNNEL) return weir__tunnel_origin_fin(ex);
  if (ex->events && weir__events_end(ex)) return WEIR_ECANCELED;
  if (ask_about_trailers(ex, trailers)) return WEIR_ECANCELED;
  if (unless_prepared(ex, weir__downstream_send_end(ex->down, trailers))) return WEIR_ECANCELED;
  ex->response_done = true;
  ex->end = ex->unmarked ? WEIR_END_UNMARKED : WEIR_END_COMPLETE;
  return 0;
}

static void note_chunk(weir_exchange *ex) {
  weir__tally *s = &ex->stats;
  uint64_t now = weir__clock_now(&ex->relay->clock);
  if (!ex->chunk_pending) return;
  ex->chunk_pending = false;
  if (s->chunks++ == 0)
    s->first_byte_ms = now - s->started_ms;
  else if (now - ex->last_chunk_ms > s->longest_gap_ms)
    s->longest_gap_ms = now - ex->last_chunk_ms;
  ex->last_chunk_ms = now;
}

/* The response is whole. What the client still sends of its request has nobody left to read it. */
static void leave_origin(weir_exchange *ex) {
  weir__exchange_stop_awaiting(ex);
  weir__exchange_set_phase(ex, WEIR__PHASE_LEAVING);
  weir__upstream_release(&ex->up);
  ex->request_unwanted = true;
  weir__exchange_resume_client(ex);
}

void weir__exchange_end_well(weir_exchange *ex) {
  if (unless_prepared(ex, weir__downstream_send_end(ex->down, NULL))) return;
  ex->response_done = true;
  if (weir__exchange_flush_client(ex)) return;
  weir__upstream_abort(&ex->up);
  leave_origin(ex);
  weir__exchange_conclude_if_done(ex);
}

static void on_flush(void *owner) {
  weir_exchange *ex = owner;
  if (weir__exchange_over(ex)) return;
  note_chunk(ex);
  if (weir__exchange_flush_client(ex)) return;
  if (ex->events && weir__events_flushed(ex)) return;
  if (ex->phase == WEIR__PHASE_STREAMING && ex->response_done) leave_origin(ex);
  await_more(ex);
  weir__exchange_conclude_if_done(ex);
}

/* ---- what else the origin's side reports ---- */

static void resume_client_at_low_water(weir_exchange *ex) {
  if (weir__sender_pending(&ex->up.sender) <= ex->relay->set.o.outbox_low)
    weir__exchange_resume_client(ex);
}

static void on_connected(void *owner) {
  weir_exchange *ex = owner;
  weir__deadlines_stop(&ex->deadlines, WEIR_TIMER_CONNECT);
  weir__deadlines_set(&ex->deadlines, WEIR_TIMER_HANDSHAKE, ex->relay->set.o.handshake_ms);
}

static void on_open(void *owner) {
  weir_exchange *ex = owner;
  weir__deadlines_stop(&ex->deadlines, WEIR_TIMER_CONNECT);
  weir__deadlines_stop(&ex->deadlines, WEIR_TIMER_HANDSHAKE);
  weir__deadlines_set(&ex->deadlines, WEIR_TIMER_HEAD, ex->relay->set.o.head_ms);
  weir__exchange_set_phase(ex, WEIR__PHASE_WAITING);
  resume_client_at_low_water(ex);
}

static void on_drained(void *owner) {
  weir_exchange *ex = owner;
  if (ex->phase == WEIR__PHASE_WAITING)
    weir__deadlines_set(&ex->deadlines, WEIR_TIMER_HEAD, ex->relay->set.o.head_ms);
  resume_client_at_low_water(ex);
  weir__exchange_conclude_if_done(ex);
}

static enum weir_end end_of(const weir_exchange *ex, int code) {
  if (code == WEIR_ENOMEM) return WEIR_END_NO_MEMORY;
  if (ex->phase == WEIR__PHASE_CONNECTING) return WEIR_END_UNREACHABLE;
  if (code == WEIR_ETRUNCATED || code == WEIR_ETLS_TRUNCATED) return WEIR_END_TRUNCATED;
  return weir__is_connection_error(code) ? WEIR_END_RESET : WEIR_END_MALFORMED;
}

static void on_gone(void *owner, int code) {
  weir_exchange *ex = owner;
  if (weir__exchange_over(ex) || weir__exchange_retry(ex)) return;
  weir__exchange_fail(ex, end_of(ex, code), code);
}

const weir__side_events weir__from_origin = {.on_interim = on_interim,
                                             .on_head = on_head,
                                             .on_body = on_body,
                                             .on_end = on_end,
                                             .on_flush = on_flush,
                                             .on_connected = on_connected,
                                             .on_open = on_open,
                                             .on_drained = on_drained,
                                             .on_gone = on_gone};
