/* The request half: which origin, what it is asked, the body on its way, and a second try. */
#include "base/err.h"
#include "http/forward.h"
#include "relay/exchange.h"
#include "relay/relay.h"

enum { TRIES_MAX = 8 }; /* of one request, at whatever origins */

/* RFC 9110, 9.2.2. A repeated request of these methods does no more than one. */
static bool is_idempotent(const char *method) {
  static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
  for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
    if (strcmp(method, methods[i]) == 0) return true;
  return false;
}

/* As long as there may be a commit point, another answer may be wanted. */
static bool may_ask_again(const weir_exchange *ex) {
  const weir__event_rules *rules = weir__events_rules(ex);
  return ex->request && rules->commits && rules->o.mode != WEIR_EVENTS_OFF;
}

void weir__exchange_forget_request(weir_exchange *ex) {
  weir__head_free(ex->request);
  ex->request = NULL;
  weir__buf_free(&ex->replay);
}

/* ---- sending the head ---- */

static const char *connection_field(const weir_exchange *ex) {
  if (ex->upgrade) return ex->te ? "upgrade, TE" : "upgrade";
  return ex->te ? "TE" : NULL;
}

static int send_head(weir_exchange *ex) {
  const weir_head *head = ex->request;
  weir__h1_extra extra = {.connection = connection_field(ex),
                          .upgrade = ex->upgrade,
                          .chunked = head->framing == WEIR__FRAMING_CHUNKED};
  return weir__upstream_send_head(&ex->up, head, &extra);
}

/* A head that went out can be needed once more for a retry, or to ask again, and an Upgrade until it
 * is answered. */
static void forget_head(weir_exchange *ex) {
  if ((ex->repeatable && ex->up.reused) || ex->upgrade || may_ask_again(ex)) return;
  weir__exchange_forget_request(ex);
}

static void await_origin(weir_exchange *ex) {
  const weir_options *o = &ex->relay->set.o;
  if (ex->up.connect) {
    weir__exchange_set_phase(ex, WEIR__PHASE_CONNECTING);
    weir__deadlines_set(&ex->deadlines, WEIR_TIMER_CONNECT, o->connect_ms);
  } else {
    weir__exchange_set_phase(ex, WEIR__PHASE_WAITING);
    weir__deadlines_set(&ex->deadlines, WEIR_TIMER_HEAD, o->head_ms);
  }
}

static void open_origin(weir_exchange *ex) {
  const char *method = ex->request->method;
  ex->repeatable = is_idempotent(method) && ex->request->framing == WEIR__FRAMING_NONE;
  ex->up.origin = ex->origin;
  ex->up.timed = weir__events_rules(ex)->o.ledger;
  int rc = weir__heartbeat_ask(ex);
  if (rc == 0) rc = weir__upstream_open(&ex->up, method, ex->upgrade);
  if (rc) {
    weir__exchange_fail(ex, rc == WEIR_ENOMEM ? WEIR_END_NO_MEMORY : WEIR_END_UNREACHABLE, rc);
    return;
  }
  if (send_head(ex)) {
    weir__exchange_fail(ex, WEIR_END_NO_MEMORY, WEIR_ENOMEM);
    return;
  }
  forget_head(ex);
  await_origin(ex);
}

/* ---- asking the host ---- */

static weir_upstream *find_origin(const weir_exchange *ex) {
  const weir_head *head = ex->request;
  bool connect = strcmp(head->method, "CONNECT") == 0; /* its target is no path */
  weir__slice path = connect ? weir__slice_str("/") : weir__target_path(head->target);
  return weir__routes_find(&ex->relay->routes, weir__slice_str(head->host), path);
}

static int prepare_head(weir_exchange *ex) {
  weir_head *head = ex->request;
  const char *host = ex->origin ? ex->origin->host : NULL;
  const char *authority = ex->origin ? ex->origin->url.authority : "localhost";
  int rc = weir__forward_request(head, &ex->relay->set.policy, &ex->down->peer, host, authority,
                                 &ex->upgrade, &ex->te);
  ex->request_names = head->names_fields;
  if (rc == 0 && ex->te) rc = weir__head_put(head, WEIR__NAME_TE, weir__slice_str("trailers"));
  return rc;
}

/* The rules that refuse a request whatever the host says. 0 or a status. */
static int refusal(const weir_exchange *ex) {
  if (strcmp(ex->request->method, "CONNECT") == 0 && !ex->connect_allowed) return 405;
  return ex->origin ? 0 : 404;
}

static int ask_host(weir_exchange *ex) {
  const weir_hooks *hooks = ex->hooks;
  ex->in_hook = ex->in_head_hook = true;
  int verdict = hooks->on_request ? hooks->on_request(ex, ex->request, hooks->user) : 0;
  ex->in_hook = ex->in_head_hook = false;
  return weir__exchange_verdict(ex, verdict);
}

void weir__exchange_ask(weir_exchange *ex) {
  const weir_head *head = ex->request;
  const weir__loan *loan = ex->down->loan;
  ex->origin = loan && loan->upstream ? loan->upstream : find_origin(ex);
  if (prepare_head(ex)) {
    weir__exchange_fail(ex, WEIR_END_NO_MEMORY, WEIR_ENOMEM);
    return;
  }
  if (head->framing == WEIR__FRAMING_LENGTH && head->length > ex->relay->set.o.request_body_max) {
    ex->down->keep = false;
    weir__exchange_fail(ex, WEIR_END_CLIENT_BAD, WEIR_EBODYSIZE);
    return;
  }
  if (ask_host(ex)) return;
  int status = refusal(ex);
  if (status)
    weir__exchange_refuse(ex, status);
  else
    open_origin(ex);
}

/* ---- the body on its way ---- */

/* Nobody wants the rest of this request, but its end is where the next one begins. */
static int drop_body(weir_exchange *ex, size_t len) {
  ex->dropped += len;
  if (ex->dropped <= ex->relay->set.o.outbox_high) return 0;
  ex->down->keep = false;
  weir__exchange_conclude_if_done(ex);
  return weir__exchange_over(ex) ? WEIR_ECANCELED : 0;
}

static void lose_replay(weir_exchange *ex) {
  ex->replay_lost = true;
  weir__buf_free(&ex->replay);
}

static int keep_body(weir_exchange *ex, weir__slice span) {
  if (ex->replay_lost || ex->phase == WEIR__PHASE_TUNNEL || !may_ask_again(ex)) return 0;
  if (ex->replay.len + span.len <= weir__events_rules(ex)->o.replay_bytes)
    return weir__buf_append(&ex->replay, span);
  lose_replay(ex);
  return 0;
}

static int on_body(void *owner, weir__slice span) {
  weir_exchange *ex = owner;
  if (weir__exchange_over(ex)) return WEIR_ECANCELED;
  ex->expect = false;
  if (ex->request_unwanted) return drop_body(ex, span.len);
  ex->stats.request_bytes += span.len;
  bool too_large = ex->stats.request_bytes > ex->relay->set.o.request_body_max;
  if (too_large && ex->phase != WEIR__PHASE_TUNNEL) {
    ex->down->keep = false;
    weir__exchange_fail(ex, WEIR_END_CLIENT_BAD, WEIR_EBODYSIZE);
  } else {
    int rc = keep_body(ex, span);
    if (rc == 0) rc = weir__upstream_send_body(&ex->up, span);
    if (rc == WEIR_ENOMEM) weir__exchange_fail(ex, WEIR_END_NO_MEMORY, rc);
  }
  return weir__exchange_over(ex) ? WEIR_ECANCELED : 0;
}

static int on_end(void *owner, weir_head *trailers) {
  weir_exchange *ex = owner;
  if (weir__exchange_over(ex)) return WEIR_ECANCELED;
  if (ex->phase == WEIR__PHASE_TUNNEL) return weir__tunnel_client_fin(ex);
  ex->request_done = true;
  weir__deadlines_stop(&ex->deadlines, WEIR_TIMER_REQUEST_BODY);
  if (ex->request_unwanted) return 0;
  if (trailers) weir__forward_trailers(trailers, ex->request_names);
  if (trailers && trailers->first) lose_replay(ex); /* they are not kept */
  if (weir__upstream_send_end(&ex->up, trailers) == WEIR_ENOMEM)
    weir__exchange_fail(ex, WEIR_END_NO_MEMORY, WEIR_ENOMEM);
  return weir__exchange_over(ex) ? WEIR_ECANCELED : 0;
}

/* Enough of the body has come for the timer to begin anew: a byte now and then is not. But a client
 * that is being answered already has a conversation. */
static bool body_moves(const weir_exchange *ex, uint64_t come) {
  uint64_t least = ex->phase == WEIR__PHASE_STREAMING ? 1 : ex->relay->set.body_min;
  return come - ex->body_at >= least;
}

/* A client that waits for a 100 is not the slow one. */
static void await_body(weir_exchange *ex) {
  uint64_t come = ex->stats.request_bytes + ex->dropped;
  if (ex->request_done || ex->client_paused || ex->expect) return;
  if (weir__deadlines_runs(&ex->deadlines, WEIR_TIMER_REQUEST_BODY) && !body_moves(ex, come))
    return;
  ex->body_at = come;
  weir__deadlines_set(&ex->deadlines, WEIR_TIMER_REQUEST_BODY, ex->relay->set.o.request_body_ms);
}

void weir__exchange_continued(weir_exchange *ex) {
  ex->expect = false;
  await_body(ex);
}

static void await_more(weir_exchange *ex) {
  const weir_options *o = &ex->relay->set.o;
  if (ex->phase == WEIR__PHASE_TUNNEL) {
    if (!ex->origin_paused) weir__deadlines_set(&ex->deadlines, WEIR_TIMER_GAP, o->gap_ms);
    return;
  }
  await_body(ex);
  if (ex->phase == WEIR__PHASE_WAITING)
    weir__deadlines_set(&ex->deadlines, WEIR_TIMER_HEAD, o->head_ms);
}

static void pause_client(weir_exchange *ex) {
  ex->client_paused = true;
  weir__deadlines_stop(&ex->deadlines, WEIR_TIMER_REQUEST_BODY);
  weir__downstream_pause(ex->down);
}

void weir__exchange_resume_client(weir_exchange *ex) {
  if (!ex->client_paused) return;
  ex->client_paused = false;
  await_body(ex);
  weir__downstream_resume(ex->down);
}

static void on_flush(void *owner) {
  weir_exchange *ex = owner;
  if (weir__exchange_over(ex)) return;
  if (!ex->request_unwanted) {
    int rc = weir__upstream_flush(&ex->up);
    if (rc < 0) {
      weir__exchange_fail(ex, WEIR_END_NO_MEMORY, rc);
      return;
    }
    bool more = !ex->request_done || ex->phase == WEIR__PHASE_TUNNEL;
    if (rc == WEIR__FULL && !ex->client_paused && more) pause_client(ex);
  }
  await_more(ex);
  weir__exchange_conclude_if_done(ex);
}

/* ---- what else the client's side reports ---- */

static void on_drained(void *owner) {
  weir_exchange *ex = owner;
  weir__exchange_client_taken(ex);
  if (ex->events && weir__events_drained(ex->events)) return;
  if (ex->origin_paused && weir__downstream_pending(ex->down) <= ex->relay->set.o.outbox_low)
    weir__exchange_resume_origin(ex);
  weir__exchange_conclude_if_done(ex);
}

static void on_gone(void *owner, int code) {
  weir_exchange *ex = owner;
  ex->down->keep = false;
  if (code == WEIR_ENOMEM)
    weir__exchange_fail(ex, WEIR_END_NO_MEMORY, code);
  else if (weir__is_connection_error(code) && weir__abandon_begin(ex, code))
    return;
  else if (weir__is_connection_error(code))
    weir__exchange_fail(ex, WEIR_END_CLIENT_GONE, code);
  else
    weir__exchange_fail(ex, WEIR_END_CLIENT_BAD, code);
}

const weir__side_events weir__from_client = {.on_body = on_body,
                                             .on_end = on_end,
                                             .on_flush = on_flush,
                                             .on_drained = on_drained,
                                             .on_gone = on_gone};

/* ---- another answer is wanted ---- */

const char *weir__exchange_unrepeatable(const weir_exchange *ex) {
  if (ex->stats.retries + 1 >= TRIES_MAX) return "it has been sent too often";
  if (!ex->request) return "its head has not been kept";
  if (!ex->request_done) return "its body has not come whole";
  return ex->replay_lost ? "its body has not been kept" : NULL;
}

void weir__exchange_leave_origin(weir_exchange *ex) {
  weir__upstream_abort(&ex->up);
  weir__deadlines_stop(&ex->deadlines, WEIR_TIMER_GAP);
  weir__exchange_set_phase(ex, WEIR__PHASE_CONNECTING);
  ex->origin_paused = ex->chunk_pending = ex->unmarked = false;
  ex->stats.first_byte_ms = UINT64_MAX; /* what is told is told of the answer that leaves */
  ex->stats.chunks = ex->stats.longest_gap_ms = 0;
}

static int send_again(weir_exchange *ex) {
  int rc = weir__upstream_send_body(&ex->up, weir__buf_slice(&ex->replay));
  if (rc == 0) rc = weir__upstream_send_end(&ex->up, NULL);
  return rc ? rc : weir__upstream_flush(&ex->up);
}

void weir__exchange_ask_again(weir_exchange *ex) {
  ex->stats.retries++;
  weir__upstream_fini(&ex->up);
  weir__upstream_init(&ex->up, ex->relay, ex->origin, &weir__from_origin, ex);
  weir__head_drop(ex->request, WEIR__IN(EXPECT)); /* nobody is left who waits for a 100 */
  open_origin(ex);
  if (weir__exchange_over(ex) || ex->failed) return;
  if (send_again(ex) == WEIR_ENOMEM) weir__exchange_fail(ex, WEIR_END_NO_MEMORY, WEIR_ENOMEM);
}

/* ---- a second try ---- */

/* What the first connection did not take waits in the sender; what it did take is written anew. */
static int repeat(weir_exchange *ex) {
  bool anew = ex->up.sender.sent > 0;
  if (anew) weir__sender_drop(&ex->up.sender);
  int rc = weir__upstream_reopen(&ex->up);
  if (rc || !anew) return rc;
  rc = send_head(ex);
  if (rc == 0) rc = weir__upstream_send_end(&ex->up, NULL);
  return rc ? rc : weir__upstream_flush(&ex->up);
}

bool weir__exchange_retry(weir_exchange *ex) {
  if (ex->phase != WEIR__PHASE_WAITING || ex->stats.retries + 1 >= TRIES_MAX) return false;
  bool repeatable = ex->repeatable && ex->request && ex->request_done;
  if (!weir__upstream_may_retry(&ex->up, repeatable)) return false;
  ex->stats.retries++;
  weir__deadlines_stop(&ex->deadlines, WEIR_TIMER_HEAD);
  int rc = repeat(ex);
  if (rc < 0)
    weir__exchange_fail(ex, rc == WEIR_ENOMEM ? WEIR_END_NO_MEMORY : WEIR_END_UNREACHABLE, rc);
  else
    await_origin(ex);
  return true;
}
