/* Begin and end of an exchange, and the answers it gives itself. What passes in between is in
 * exchange_request.c and exchange_response.c, what time does to it in exchange_time.c. */
#include "relay/exchange.h"

#include "relay/relay.h"
#include "weir/err.h"

static const char *const phase_names[] = {
#define NAME(name) #name,
    WEIR__PHASES(NAME)
#undef NAME
};

/* The one place where the phase changes. It only ever moves on, but for a retry. */
void weir__exchange_set_phase(weir_exchange *ex, enum weir__phase phase) {
  weir__relay_log(ex->relay, WEIR_LOG_DEBUG, "relay=%p ex=%llu event=phase from=%s to=%s",
                  (void *)ex->relay, (unsigned long long)ex->id, phase_names[ex->phase],
                  phase_names[phase]);
  ex->phase = phase;
}

/* ---- the end ---- */

static void bury(weir__remains *remains) {
  weir_exchange *ex = weir__container_of(remains, weir_exchange, remains);
  weir__mem *mem = &ex->relay->mem;
  weir__upstream_fini(&ex->up);
  weir__answer_free(&ex->answer, mem);
  weir__exchange_forget_request(ex);
  weir__events_free(ex->events);
  weir__mem_free(mem, ex);
}

void weir__exchange_bury_if_over(weir_exchange *ex) {
  if (weir__exchange_over(ex)) weir__reap_early(&ex->remains);
}

static weir_stats tell(const weir_exchange *ex) {
  const weir__tally *t = &ex->stats;
  weir_stats s = {.size = sizeof s,
                  .timer = t->timer,
                  .error = t->error,
                  .status = t->status,
                  .request_bytes = t->request_bytes,
                  .response_bytes = t->response_bytes,
                  .chunks = t->chunks,
                  .started_ms = t->started_ms,
                  .first_byte_ms = t->first_byte_ms,
                  .longest_gap_ms = t->longest_gap_ms,
                  .duration_ms = weir__clock_now(&ex->relay->clock) - t->started_ms,
                  .retries = t->retries,
                  .reused = ex->up.reused};
  weir__events_tell(ex->events, &s);
  return s;
}

static void report(weir_exchange *ex) {
  weir_stats s = tell(ex);
  ex->relay->count.exchanges--;
  ex->relay->count.ends[ex->end]++;
  weir__relay_log(ex->relay, WEIR_LOG_INFO,
                  "relay=%p ex=%llu event=end end=%s status=%d bytes=%llu error=%s",
                  (void *)ex->relay, (unsigned long long)ex->id, weir_end_name(ex->end), s.status,
                  (unsigned long long)s.response_bytes, s.error ? weir_err_name(s.error) : "0");
  if (ex->hooks->on_end) ex->hooks->on_end(ex, ex->end, &s, ex->hooks->user);
}

/* The client has all of the response: nothing that happens now makes it less. */
static bool is_whole(const weir_exchange *ex) {
  return ex->response_done && !ex->down->unwritten && weir__downstream_pending(ex->down) == 0;
}

static bool waits_for_nobody(const weir_exchange *ex) {
  return ex->end == WEIR_END_CLIENT_GONE || ex->end == WEIR_END_DRAINED;
}

/* What the end means for the client's connection. A response whose last bytes still wait here must
 * not arrive whole when its end says otherwise: they are dropped. But what was read of it before a
 * hook closed the relay goes out. */
static void dismiss_client(weir_exchange *ex) {
  if (ex->down->held) {
    weir__downstream_let_go(ex->down);
    return;
  }
  if (ex->end == WEIR_END_DRAINED && !ex->response_done) weir__downstream_flush(ex->down);
  if (is_whole(ex))
    weir__downstream_next(ex->down);
  else if (ex->stalled)
    weir__downstream_reset(ex->down);
  else if (waits_for_nobody(ex) || ex->response_done || ex->down->unwritten)
    weir__downstream_drop(ex->down);
  else
    weir__downstream_cut(ex->down);
}

void weir__exchange_conclude(weir_exchange *ex) {
  if (weir__exchange_over(ex)) return;
  weir__exchange_set_phase(ex, WEIR__PHASE_OVER);
  weir__deadlines_stop_all(&ex->deadlines);
  weir__events_stop(ex->events);
  if (ex->down->held) weir__abandon_end(ex->events);
  weir__upstream_abort(&ex->up);
  if (is_whole(ex)) ex->down->close_delimited = false; /* whoever closes now cuts nothing */
  report(ex);
  dismiss_client(ex);
  weir__reap(&ex->relay->reaper, &ex->remains, bury);
}

/* Whole means: the response has left, and the client can begin the next request or never will. */
void weir__exchange_conclude_if_done(weir_exchange *ex) {
  if (ex->phase == WEIR__PHASE_TUNNEL) weir__tunnel_end_if_done(ex);
  if (weir__exchange_over(ex) || !ex->response_done) return;
  if (weir__downstream_pending(ex->down) > 0) return;
  if (ex->request_done || !ex->down->keep) weir__exchange_conclude(ex);
}

/* ---- answers of our own ---- */

/* A client that waits for a 100 and gets its answer instead may send its body or not (RFC 9110,
 * 10.1.1): what comes next on the connection means nothing then. */
int weir__exchange_send_head(weir_exchange *ex, const weir_head *head) {
  if (!ex->request_done && ex->expect) ex->down->keep = false;
  return weir__downstream_send_head(ex->down, head, NULL);
}

static int put_answer(weir_exchange *ex, const weir__answer *answer) {
  weir__downstream *down = ex->down;
  int rc = weir__exchange_send_head(ex, answer->head);
  if (rc == 0)
    rc = weir__downstream_send_body(down, weir__slice_of(answer->body, answer->body_len));
  if (rc == 0) rc = weir__downstream_send_end(down, NULL);
  return rc;
}

static void leave(weir_exchange *ex, const weir__answer *answer) {
  ex->head_sent = ex->response_done = ex->request_unwanted = true;
  ex->stats.status = answer->head->status;
  ex->stats.response_bytes = ex->down->head_only ? 0 : answer->body_len;
  weir__exchange_set_phase(ex, WEIR__PHASE_LEAVING);
  weir__exchange_stop_awaiting(ex);
  weir__exchange_resume_client(ex);
}

/* Sends `answer` and frees it, which must not be before the flush: the batch points into its body.
 * A nonzero result means that nothing could be sent. */
static int give(weir_exchange *ex, weir__answer *answer) {
  weir__upstream_abort(&ex->up);
  int rc = put_answer(ex, answer);
  if (rc == 0) leave(ex, answer);
  bool left = rc == 0 && weir__exchange_flush_client(ex) == 0;
  if (rc) weir__sender_drop(&ex->down->sender);
  weir__answer_free(answer, &ex->relay->mem);
  if (left) weir__exchange_conclude_if_done(ex);
  return rc;
}

void weir__exchange_send_answer(weir_exchange *ex) {
  weir__answer answer = ex->answer;
  ex->answer = (weir__answer){0};
  if (give(ex, &answer)) weir__exchange_fail(ex, WEIR_END_NO_MEMORY, WEIR_ENOMEM);
}

static void answer_error(weir_exchange *ex, int status) {
  weir__answer answer;
  int rc = weir__answer_error(&answer, &ex->relay->mem, status, ex->end, ex->stats.timer,
                              ex->stats.error, ex->json);
  if (rc == 0) rc = give(ex, &answer);
  if (rc) weir__exchange_conclude(ex);
}

static void fail_with(weir_exchange *ex, enum weir_end end, int status, int code) {
  if (weir__exchange_over(ex)) return;
  if (ex->down->held) { /* nobody is there to be told */
    weir__exchange_conclude(ex);
    return;
  }
  bool again = ex->failed;
  if (is_whole(ex)) {
    ex->down->keep = false;
    weir__exchange_conclude(ex);
    return;
  }
  if (!again) ex->end = end, ex->stats.error = code, ex->failed = true;
  weir__upstream_abort(&ex->up);
  ex->request_unwanted = true;
  if (!again && !ex->head_sent && status)
    answer_error(ex, status);
  else if (again || !weir__ending_put(ex))
    weir__exchange_conclude(ex);
}

void weir__exchange_fail(weir_exchange *ex, enum weir_end end, int code) {
  fail_with(ex, end, weir__answer_status(end, ex->stats.timer, code), code);
}

void weir__exchange_refuse(weir_exchange *ex, int status) {
  fail_with(ex, WEIR_END_REFUSED, status, 0);
}

/* What a hook returned: 0 goes on, a status refuses, anything else aborts. Nonzero: it is over, or
 * the response is not the origin's any more. */
int weir__exchange_verdict(weir_exchange *ex, int verdict) {
  if (weir__exchange_over(ex)) return WEIR_ECANCELED;
  if (verdict == 0 && !ex->answer.head) return 0;
  if (verdict >= 400 && verdict <= 599)
    weir__exchange_refuse(ex, verdict);
  else if (verdict)
    weir__exchange_fail(ex, WEIR_END_CUT, WEIR_ECANCELED);
  else
    ex->end = WEIR_END_ANSWERED, weir__exchange_send_answer(ex);
  return WEIR_ECANCELED;
}

/* ---- the beginning ---- */

static weir_exchange *new_exchange(weir__downstream *down, weir_head *head) {
  weir_relay *relay = down->relay;
  weir_exchange *ex = weir__mem_new(&relay->mem, sizeof *ex);
  if (!ex) return NULL;
  ex->relay = relay;
  ex->down = down;
  ex->hooks = down->loan && down->loan->hooked ? &down->loan->hooks : &relay->set.hooks;
  ex->request = head;
  ex->target = head->target;
  ex->id = ++relay->last_id;
  ex->expect = head->expect;
  ex->json = weir__answer_wants_json(head);
  ex->replay.mem = &relay->mem;
  ex->stats =
      (weir__tally){.started_ms = weir__clock_now(&relay->clock), .first_byte_ms = UINT64_MAX};
  weir__deadlines_init(&ex->deadlines, ex->due, WEIR__EXCHANGE_TIMERS, &relay->clock,
                       weir__exchange_on_timer);
  weir__upstream_init(&ex->up, relay, NULL, &weir__from_origin, ex);
  relay->count.exchanges++;
  relay->count.exchanges_total++;
  down->events = &weir__from_client;
  down->owner = ex;
  return ex;
}

int weir__exchange_begin(weir__downstream *down, weir_head *head) {
  weir_exchange *ex = new_exchange(down, head);
  if (!ex) {
    weir__head_free(head);
    return WEIR_ENOMEM;
  }
  weir__deadlines_set(&ex->deadlines, WEIR_TIMER_TOTAL, ex->relay->set.o.total_ms);
  weir__exchange_ask(ex);
  return weir__exchange_over(ex) ? WEIR_ECANCELED : 0;
}
