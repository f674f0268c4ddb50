/* The commit point: holds the head of an event stream and what came behind it until its first event
 * has shown what it is, then lets it go, or asks an origin once more. It knows neither sockets nor
 * how a tap or a filter judges what it lets go. What is held belongs to the events of the
 * exchange. */
#include "relay/events.h"
#include "relay/exchange.h"
#include "relay/relay.h"
#include "weir/err.h"

struct weir__commit {
  weir_head *head;
  weir__buf body;
  weir_sse_parser
      *parser; /* looks for the end of the first event; NULL: nothing to find, or found */
};

/* ---- holding ---- */

static int new_parser(weir__events *ev, weir_sse_parser **parser) {
  weir_sse_options o = {WEIR_SSE_OPTIONS_INIT, .allocator = ev->ex->relay->mem.hooks,
                        .format = ev->lines ? WEIR_SSE_LINES : WEIR_SSE_STREAM,
                        .block_max = ev->rules->o.event_bytes};
  return weir_sse_parser_new(parser, &o);
}

void weir__commit_free(weir__events *ev) {
  weir__commit *c = ev->commit;
  if (!c) return;
  weir__head_free(c->head);
  weir__buf_free(&c->body);
  weir_sse_parser_free(c->parser);
  weir__mem_free(&ev->ex->relay->mem, c);
  ev->commit = NULL;
}

static int no_memory(weir__events *ev) {
  weir__exchange_fail(ev->ex, WEIR_END_NO_MEMORY, WEIR_ENOMEM);
  return WEIR_ECANCELED;
}

static int hold(weir__events *ev) {
  weir__mem *mem = &ev->ex->relay->mem;
  ev->commit = weir__mem_new(mem, sizeof *ev->commit);
  if (!ev->commit) return WEIR_ENOMEM;
  ev->commit->body.mem = mem;
  return ev->rules->o.commit_event ? new_parser(ev, &ev->commit->parser) : 0;
}

/* ---- the first event ---- */

/* The first event that ends in these bytes: WEIR_SSE_EVENT, WEIR_SSE_MORE, or below 0. */
static int find_event(weir_sse_parser *parser, weir__slice bytes, const weir_sse_event **event) {
  int rc = WEIR_SSE_OTHER;
  while (rc == WEIR_SSE_OTHER) {
    size_t used;
    rc = weir_sse_next(parser, bytes.ptr, bytes.len, &used, event);
    bytes.ptr += used, bytes.len -= used;
    if (rc == WEIR_SSE_OTHER && bytes.len == 0) rc = WEIR_SSE_MORE;
  }
  return rc;
}

/* Other than WEIR_SSE_MORE: waiting longer for it is of no use, it is there or will not be seen. */
static int look_for_event(weir__commit *c, weir__slice span) {
  const weir_sse_event *event;
  return c->parser ? find_event(c->parser, span, &event) : WEIR_SSE_MORE;
}

/* The last line of JSON needs no line end; an unfinished block of a stream is no event. */
static int first_event(weir__events *ev, weir_sse_parser *parser, bool ended,
                       const weir_sse_event **event) {
  weir__commit *c = ev->commit;
  int rc = c->body.len ? find_event(parser, weir__buf_slice(&c->body), event) : WEIR_SSE_MORE;
  if (rc == WEIR_SSE_MORE && ended && ev->lines) rc = weir_sse_finish(parser, event);
  return rc;
}

/* ---- letting go ---- */

/* The tap sees it as if it came now; it stays where it is until it has left. */
static int let_go(weir__events *ev) {
  weir__commit *c = ev->commit;
  ev->held = false;
  weir__deadlines_stop(&ev->deadlines, WEIR__TIME_COMMIT);
  if (weir__exchange_begin_response(ev->ex, c->head)) return WEIR_ECANCELED;
  return c->body.len ? weir__tap_body(ev, weir__buf_slice(&c->body)) : 0;
}

/* ---- the next try ---- */

static int refuse_to_repeat(weir_exchange *ex, const char *why) {
  weir__relay_log(ex->relay, WEIR_LOG_WARN, "relay=%p ex=%llu event=not_repeated why=\"%s\"",
                  (void *)ex->relay, (unsigned long long)ex->id, why);
  weir__exchange_refuse(ex, 502);
  return WEIR_ECANCELED;
}

/* The origin's reader may be on the stack, so that nothing begins before the loop has turned. */
static int go_next(weir__events *ev) {
  weir_exchange *ex = ev->ex;
  const char *why = weir__exchange_unrepeatable(ex);
  if (why) return refuse_to_repeat(ex, why);
  weir__exchange_leave_origin(ex);
  weir__events_reset(ev);
  ev->again = true;
  weir__deadlines_set(&ev->deadlines, WEIR__TIME_COMMIT, 0);
  return WEIR_ECANCELED;
}

/* ---- deciding ---- */

static int ask_host(weir__events *ev, weir_head *head, const weir_sse_event *event) {
  weir_exchange *ex = ev->ex;
  const weir_hooks *hooks = ex->hooks;
  if (!hooks->on_commit) return event && weir__event_tells_error(event) ? 503 : 0;
  ex->in_hook = ev->committing = true;
  int verdict = hooks->on_commit(ex, head, event, hooks->user);
  ex->in_hook = ev->committing = false;
  return verdict;
}

/* 0: the head may leave. Nonzero: this response is over. */
static int ask(weir__events *ev, weir_head *head, const weir_sse_event *event) {
  weir_exchange *ex = ev->ex;
  int verdict = ask_host(ev, head, event);
  if (verdict != WEIR_COMMIT_NEXT || weir__exchange_over(ex))
    return weir__exchange_verdict(ex, verdict);
  return ex->answer.head ? weir__exchange_verdict(ex, 0) : go_next(ev);
}

static int decide(weir__events *ev, bool ended) {
  weir_sse_parser *parser;
  const weir_sse_event *event;
  if (new_parser(ev, &parser)) return no_memory(ev);
  int rc = first_event(ev, parser, ended, &event);
  if (rc == WEIR_ENOMEM)
    no_memory(ev);
  else
    rc = ask(ev, ev->commit->head, rc == WEIR_SSE_EVENT ? event : NULL);
  weir_sse_parser_free(parser);
  return rc ? WEIR_ECANCELED : let_go(ev);
}

/* ---- what happens meanwhile ---- */

int weir__commit_begin(weir__events *ev, weir_head *head, bool seen, bool *held) {
  if (!ev->rules->commits) return 0;
  if (!seen) return ask(ev, head, NULL);
  if (hold(ev)) return no_memory(ev);
  ev->commit->head = head;
  ev->held = *held = true;
  uint32_t ms = ev->rules->o.commit_ms;
  if (ms) weir__deadlines_set(&ev->deadlines, WEIR__TIME_COMMIT, ms);
  return 0;
}

int weir__commit_body(weir__events *ev, weir__slice span) {
  weir__commit *c = ev->commit;
  if (weir__buf_append(&c->body, span)) return no_memory(ev);
  int rc = look_for_event(c, span);
  if (rc == WEIR_ENOMEM) return no_memory(ev);
  bool reached = rc != WEIR_SSE_MORE || c->body.len >= ev->rules->o.commit_bytes;
  return reached ? decide(ev, false) : 0;
}

int weir__commit_end(weir__events *ev) { return decide(ev, true); }

static void decide_now(weir__events *ev) {
  if (decide(ev, false)) return;
  if (weir__exchange_flush_client(ev->ex) == 0) weir__events_flushed(ev->ex);
}

/* Meanwhile the client may have got another answer. */
void weir__commit_on_time(weir__events *ev) {
  bool again = ev->again;
  ev->again = false;
  if (again && ev->ex->phase == WEIR__PHASE_CONNECTING)
    weir__exchange_ask_again(ev->ex);
  else if (ev->held && ev->ex->phase == WEIR__PHASE_STREAMING)
    decide_now(ev);
}
