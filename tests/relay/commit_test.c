/* The commit point: what a client gets while the head is held, and what each verdict makes of it. */
#include <stdio.h>

#include "support/fixture.h"

#define SSE "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
#define SSE_CLOSE SSE "\r\n"
#define SSE_CHUNKED SSE "Transfer-Encoding: chunked\r\n\r\n"
#define LINES "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n"
#define POST_TEN "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"
#define POST_CHUNKED "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
#define FIVE_FIVE "5\r\nhello\r\n5\r\nworld\r\n"

/* What the scripted on_commit does, and what it saw. */
typedef struct deed {
  int verdict;
  const char *answer; /* body of a 201 */
  const char *header; /* value of X-Seen, to be set */
  weir_upstream *next;
  int next_rc;
  unsigned times; /* after so many calls it returns 0; 0: never */
  void (*act)(fixture *f, weir_exchange *ex);
  unsigned calls, responses;
  bool had_event;
  char data[64];
} deed;

static int on_commit(weir_exchange *ex, weir_head *head, const weir_sse_event *event, void *user) {
  fixture *f = user;
  deed *d = f->test;
  const weir_event_options none = {WEIR_EVENT_OPTIONS_INIT};
  d->calls++;
  d->had_event = event != NULL;
  CHECK_INT(weir_exchange_set_events(ex, &none), WEIR_ESTATE);
  if (event) snprintf(d->data, sizeof d->data, "%.*s", (int)event->data_len, event->data);
  if (d->header) CHECK_INT(weir_head_set(head, "X-Seen", d->header), 0);
  if (d->answer)
    CHECK_INT(
        weir_exchange_answer(ex, &(weir_answer){WEIR_ANSWER_INIT, .status = 201, .body = d->answer,
                                                .body_len = strlen(d->answer)}),
        0);
  if (d->times && d->calls > d->times) return 0;
  if (d->next) d->next_rc = weir_exchange_set_upstream(ex, d->next);
  if (d->act) d->act(f, ex);
  return d->verdict;
}

static int on_response(weir_exchange *ex, weir_head *head, void *user) {
  fixture *f = user;
  (void)ex, (void)head;
  ((deed *)f->test)->responses++;
  return 0;
}

static weir_event_options *events_of(fixture *f) {
  static weir_event_options o;
  o = (weir_event_options){WEIR_EVENT_OPTIONS_INIT, .commit_event = 1};
  f->options.events = &o;
  return &o;
}

/* With a hook if there is a deed. */
static weir_event_options *begin(fixture *f, deed *d) {
  fixture_init(f);
  f->test = d;
  if (d) f->hooks.on_commit = on_commit, f->hooks.on_response = on_response;
  return events_of(f);
}

static void is_held(fixture *f, const peer *client) {
  settle(f);
  CHECK_INT(untaken(client), 0);
  CHECK_INT(f->end_count, 0);
}

/* ---- without a hook ---- */

static const struct first {
  const char *answer, *body;
  int status; /* 503: refused; 200: `body` leaves whole */
} firsts[] = {
    {SSE_CLOSE, "event: error\ndata: x\n\n", 503},
    {SSE_CLOSE, ": hi\n\n: ho\n\nretry: 5\n\nevent: error\ndata: x\n\n", 503},
    {SSE_CLOSE, "data: {\"error\":{\"message\":\"no\"}}\n\n", 503},
    {SSE_CLOSE, "data: \ndata:  { \"error\" : 1 }\n\n", 503},
    {SSE_CLOSE, "event: error\r\rdata: x\r\revent: error\rdata: y\r\r", 200},
    {SSE_CLOSE, "data: {\"error\":null}\n\n", 200},
    {SSE_CLOSE, "data: hello\n\nevent: error\ndata: x\n\n", 200},
    {SSE_CLOSE, ": hi\n\ndata: hello\n\n", 200},
    {SSE_CLOSE, ": only comments\n\n", 200},
    {SSE_CLOSE, "event: error\ndata: unfinished\n", 200},
    {SSE_CLOSE, "", 200},
    {LINES, "{\"error\":\"x\"}\n", 503},
    {LINES, "\n\n{\"error\":\"x\"}", 503},
    {LINES, "{\"a\":1}\n{\"error\":1}\n", 200},
};

static void check_first(const struct first *c, size_t split, const char *request) {
  fixture f;
  begin(&f, NULL);
  fixture_start(&f);
  peer *client = ask(&f, request), *origin = asked(&f, 0);
  peer_say(origin, c->answer);
  peer_send(origin, c->body, split);
  settle(&f);
  if (!is_over(origin)) peer_say(origin, c->body + split), peer_close(origin);
  RUN_UNTIL(&f, f.end_count == 1);
  settle(&f);
  const message *m = take(client);
  CHECK_INT(m->status, c->status);
  if (c->status == 200) CHECK_STR(m->body, c->body);
  CHECK_INT(only_end(&f)->stats.status, c->status);
  CHECK_END(&f, c->status == 200 ? WEIR_END_UNMARKED : WEIR_END_REFUSED);
  fixture_end(&f);
}

static void a_first_event_that_is_an_error_becomes_a_503(void) {
  for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
    for (size_t split = 0; split <= strlen(firsts[i].body); split++) {
      CHECK_CASE("%s at %zu", firsts[i].body, split);
      check_first(&firsts[i], split, GET);
    }
  }
}

static void a_client_of_http_1_0_gets_the_same(void) {
  for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
    CHECK_CASE("%s", firsts[i].body);
    check_first(&firsts[i], strlen(firsts[i].body), "GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  }
}

static void what_is_no_stream_is_not_held(void) {
  fixture f;
  begin(&f, NULL);
  fixture_start(&f);
  peer *client = ask(&f, GET);
  peer_say(asked(&f, 0), OK_CHUNKED);
  RUN_UNTIL(&f, got(client, "\r\n\r\n"));
  CHECK(last_exchange(&f)->request == NULL);
  fixture_end(&f);
}

/* ---- when it is reached ---- */

static void head_and_first_event_leave_in_one_write(void) {
  fixture f;
  begin(&f, NULL);
  fixture_start(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  spy_on_client(&f);
  peer_say(origin, SSE_CHUNKED "6\r\ndata: \r\n");
  is_held(&f, client);
  peer_say(origin, "3\r\nx\n\n\r\n");
  RUN_UNTIL(&f, got(client, "x\n\n"));
  CHECK_INT(f.spy.writes, 1);
  CHECK(last_exchange(&f)->request == NULL && last_exchange(&f)->events->commit == NULL);
  peer_say(origin, "3\r\n:-)\r\n");
  RUN_UNTIL(&f, got(client, ":-)"));
  CHECK_INT(f.spy.writes, 2);
  peer_say(origin, "0\r\n\r\n");
  RUN_UNTIL(&f, f.end_count == 1);
  settle(&f);
  CHECK_ANSWER(client, 200, "data: x\n\n:-)");
  fixture_end(&f);
}

static void commit_ms_lets_the_head_go(void) {
  deed d = {0};
  fixture f;
  begin(&f, &d)->commit_ms = 500;
  fixture_start(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  spy_on_client(&f);
  peer_say(origin, SSE_CHUNKED "6\r\ndata: \r\n");
  is_held(&f, client);
  pass(&f, 400);
  is_held(&f, client);
  pass(&f, 101);
  RUN_UNTIL(&f, got(client, "data: "));
  CHECK_INT(f.spy.writes, 1);
  CHECK(d.calls == 1 && !d.had_event);
  peer_say(origin, "3\r\nx\n\n\r\n0\r\n\r\n");
  RUN_UNTIL(&f, f.end_count == 1);
  settle(&f);
  CHECK_ANSWER(client, 200, "data: x\n\n");
  CHECK_INT(d.calls, 1);
  fixture_end(&f);
}

static void commit_bytes_let_the_head_go(void) {
  deed d = {0};
  fixture f;
  begin(&f, &d)->commit_bytes = 10;
  fixture_start(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, SSE_CLOSE "data: 789");
  is_held(&f, client);
  peer_say(origin, "0");
  RUN_UNTIL(&f, got(client, "data: 7890"));
  CHECK(d.calls == 1 && !d.had_event);
  fixture_end(&f);
}

static void with_bytes_alone_an_event_is_shown_but_waits(void) {
  deed d = {0};
  fixture f;
  weir_event_options *o = begin(&f, &d);
  o->commit_event = 0, o->commit_bytes = 12;
  fixture_start(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, SSE_CLOSE "data: x\n\n");
  is_held(&f, client);
  peer_say(origin, ":-)");
  RUN_UNTIL(&f, got(client, ":-)"));
  CHECK_STR(d.data, "x");
  fixture_end(&f);
}

static void a_compressed_body_commits_with_its_head(void) {
  deed d = {0};
  fixture f;
  begin(&f, &d);
  fixture_start(&f);
  peer *client = ask(&f, GET);
  peer_say(asked(&f, 0), SSE "Content-Encoding: gzip\r\n\r\n");
  RUN_UNTIL(&f, got(client, "\r\n\r\n"));
  CHECK(d.calls == 1 && !d.had_event);
  fixture_end(&f);
}

static int drop_pings(weir_exchange *ex, const weir_sse_event *event, void *user) {
  (void)ex, (void)user;
  return event->data_len == 4 && memcmp(event->data, "ping", 4) == 0 ? WEIR_EVENT_DROP : 0;
}

static void a_filter_judges_what_was_held(void) {
  fixture f;
  begin(&f, NULL)->mode = WEIR_EVENTS_FILTER;
  f.hooks.on_event = drop_pings;
  fixture_start(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, SSE_CLOSE ": c\n\ndata: pi");
  is_held(&f, client);
  peer_say(origin, "ng\n\ndata: x\n\ndata: y\n\n");
  peer_close(origin);
  RUN_UNTIL(&f, f.end_count == 1);
  settle(&f);
  CHECK_ANSWER(client, 200, ": c\n\ndata: x\n\ndata: y\n\n");
  CHECK_INT(only_end(&f)->stats.events, 3);
  CHECK_INT(only_end(&f)->stats.dropped, 1);
  fixture_end(&f);
}

static void a_budget_counts_what_was_held(void) {
  fixture f;
  begin(&f, NULL)->max_events = 1;
  fixture_start(&f);
  peer *client = ask(&f, GET);
  peer_say(asked(&f, 0), SSE_CLOSE "data: x\n\ndata: y\n\n");
  RUN_UNTIL(&f, f.end_count == 1);
  settle(&f);
  CHECK_ANSWER(client, 200, "data: x\n\n");
  CHECK_END(&f, WEIR_END_CUT);
  fixture_end(&f);
}

/* ---- verdicts ---- */

static void abort_it(fixture *f, weir_exchange *ex) {
  (void)f;
  weir_exchange_abort(ex);
}
static void close_it(fixture *f, weir_exchange *ex) {
  (void)ex;
  close_relay(f);
}

static const struct verdict {
  const char *name;
  deed deed;
  int status; /* 0: nothing but a close */
  const char *body;
  enum weir_end end;
} verdicts[] = {
    {"send", {0}, 200, "data: x\n\n", WEIR_END_UNMARKED},
    {"edit", {.header = "yes"}, 200, "data: x\n\n", WEIR_END_UNMARKED},
    {"refuse", {.verdict = 429}, 429, NULL, WEIR_END_REFUSED},
    {"abort", {.verdict = -1}, 0, NULL, WEIR_END_CUT},
    {"answer", {.answer = "mine"}, 201, "mine", WEIR_END_ANSWERED},
    {"answer, not next",
     {.answer = "mine", .verdict = WEIR_COMMIT_NEXT},
     201,
     "mine",
     WEIR_END_ANSWERED},
    {"abort inside", {.act = abort_it}, 0, NULL, WEIR_END_CUT},
    {"close inside", {.act = close_it}, 0, NULL, WEIR_END_DRAINED},
    {"abort, then next", {.act = abort_it, .verdict = WEIR_COMMIT_NEXT}, 0, NULL, WEIR_END_CUT},
};

/* Reached by an event, by time, by the end. */
static void check_verdict(const struct verdict *v, int how) {
  deed d = v->deed;
  fixture f;
  begin(&f, &d)->commit_ms = 500;
  fixture_start(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, SSE_CLOSE "data: x\n");
  is_held(&f, client);
  if (how == 1) pass(&f, 501);
  if (how != 2 && !is_over(origin)) peer_say(origin, "\n");
  if (!is_over(origin)) peer_close(origin);
  RUN_UNTIL(&f, f.end_count == 1);
  settle(&f);
  const message *m = take(client);
  CHECK_INT(m->status, v->status);
  if (v->body && how != 2) CHECK_STR(m->body, v->body);
  if (v->deed.header) CHECK(has_line(m, "X-Seen: yes"));
  CHECK_INT(d.calls, 1);
  CHECK_INT(d.responses, 1);
  CHECK(d.had_event == (how == 0));
  CHECK_END(&f, v->end);
  CHECK_INT(only_end(&f)->stats.status, v->status);
  fixture_end(&f);
}

static void each_verdict_holds_however_the_commit_point_was_reached(void) {
  for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
    for (int how = 0; how < 3; how++) {
      CHECK_CASE("%s, %d", verdicts[i].name, how);
      check_verdict(&verdicts[i], how);
    }
  }
}

/* ---- the next upstream ---- */

static const struct again {
  const char *request;
  uint32_t replay;
  bool is_sent;
  const char *body;
} agains[] = {
    {GET, 0, true, ""},
    {POST_TEN "helloworld", 10, true, "helloworld"},
    {POST_TEN "helloworld", 9, false, NULL},
    {POST_TEN "hello", 100, false, NULL},
    {POST_CHUNKED FIVE_FIVE "0\r\n\r\n", 10, true, "helloworld"},
    {POST_CHUNKED FIVE_FIVE "0\r\n\r\n", 9, false, NULL},
    {POST_CHUNKED FIVE_FIVE "0\r\nA: b\r\n\r\n", 100, false, NULL},
};

static void check_request(peer *origin, const char *body) {
  const message *m = take(origin);
  CHECK(m->whole);
  CHECK_STR(m->body ? m->body : "", body);
}

static void check_again(const struct again *c, bool elsewhere) {
  deed d = {.verdict = WEIR_COMMIT_NEXT, .times = 1};
  origin_server other;
  fixture f;
  begin(&f, &d)->replay_bytes = c->replay;
  fixture_start(&f);
  if (elsewhere) d.next = add_origin(&f, &other, "other");
  peer *client = ask(&f, c->request), *first = asked(&f, 0);
  settle(&f);
  peer_say(first, SSE_CHUNKED "12\r\ndata: overloaded\n\n\r\n");
  settle(&f);
  CHECK_STR(d.data, "overloaded");
  if (c->is_sent) {
    if (elsewhere) RUN_UNTIL(&f, origin_peer(&other, 0) && got_message(origin_peer(&other, 0)));
    peer *second = elsewhere ? origin_peer(&other, 0) : asked(&f, 1);
    settle(&f);
    CHECK(is_over(first));
    CHECK_INT(untaken(client), 0);
    if (elsewhere) CHECK(got(second, "Host: other\r\n"));
    check_request(second, c->body);
    peer_say(second, SSE_CHUNKED "9\r\ndata: x\n\n\r\n0\r\n\r\n");
  }
  settle(&f);
  const message *m = take(client);
  CHECK_INT(m->status, c->is_sent ? 200 : 502);
  peer_close(client); /* it may still have been sending */
  RUN_UNTIL(&f, f.end_count == 1);
  if (c->is_sent) CHECK_STR(m->body, "data: x\n\n");
  CHECK_INT(only_end(&f)->stats.retries, c->is_sent);
  if (c->is_sent) CHECK_INT(only_end(&f)->stats.chunks, 1);
  CHECK_INT(d.responses, c->is_sent ? 2 : 1);
  CHECK_END(&f, c->is_sent ? WEIR_END_COMPLETE : WEIR_END_REFUSED);
  if (elsewhere) origin_close(&other);
  fixture_end(&f);
  if (elsewhere) origin_free(&other);
}

static void the_request_goes_to_the_next_upstream_or_the_same(void) {
  for (size_t i = 0; i < sizeof agains / sizeof *agains; i++) {
    for (int elsewhere = 0; elsewhere < 2; elsewhere++) {
      CHECK_CASE("%zu, %d", i, elsewhere);
      check_again(&agains[i], elsewhere);
    }
  }
}

static void a_request_is_sent_eight_times_at_most(void) {
  deed d = {.verdict = WEIR_COMMIT_NEXT};
  fixture f;
  begin(&f, &d);
  fixture_start(&f);
  peer *client = ask(&f, GET);
  for (size_t i = 0; i < 8; i++) peer_say(asked(&f, i), SSE_CHUNKED "9\r\ndata: x\n\n\r\n");
  RUN_UNTIL(&f, f.end_count == 1);
  settle(&f);
  CHECK_INT(take(client)->status, 502);
  CHECK_INT(only_end(&f)->stats.retries, 7);
  CHECK_INT(f.origin.count, 8);
  fixture_end(&f);
}

/* ---- what goes wrong while it is held ---- */

static void origin_dies(fixture *f, peer *client) {
  (void)client;
  peer_close(origin_peer(&f->origin, 0));
}
static void origin_resets(fixture *f, peer *client) {
  (void)client;
  peer_reset(origin_peer(&f->origin, 0));
}
static void origin_stalls(fixture *f, peer *client) {
  (void)client;
  pass(f, 300001);
}
static void client_leaves(fixture *f, peer *client) {
  (void)f;
  peer_close(client);
}
static void origin_garbles(fixture *f, peer *client) {
  (void)client;
  peer_say(origin_peer(&f->origin, 0), "zz\r\n");
}

static void nothing_that_was_held_leaves_behind_a_failure(void) {
  static const struct {
    const char *name;
    void (*act)(fixture *f, peer *client);
    int status;
    enum weir_end end;
  } cases[] = {{"dies", origin_dies, 502, WEIR_END_TRUNCATED},
               {"resets", origin_resets, 502, WEIR_END_RESET},
               {"garbles", origin_garbles, 502, WEIR_END_MALFORMED},
               {"stalls", origin_stalls, 504, WEIR_END_TIMEOUT},
               {"client leaves", client_leaves, 0, WEIR_END_CLIENT_GONE}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("%s", cases[i].name);
    deed d = {0};
    fixture f;
    begin(&f, &d)->error_event = "event";
    fixture_start(&f);
    peer *client = ask(&f, GET);
    peer_say(asked(&f, 0), SSE_CHUNKED "6\r\ndata: \r\n");
    is_held(&f, client);
    cases[i].act(&f, client);
    RUN_UNTIL(&f, f.end_count == 1);
    settle(&f);
    CHECK_INT(take(client)->status, cases[i].status);
    CHECK_INT(only_end(&f)->stats.status, cases[i].status);
    CHECK_INT(d.calls, 0);
    CHECK_END(&f, cases[i].end);
    fixture_end(&f);
  }
}

/* ---- between two tries ---- */

static void a_client_may_leave_between_two_tries(void) {
  deed d = {.verdict = WEIR_COMMIT_NEXT};
  fixture f;
  begin(&f, &d);
  fixture_start(&f);
  peer *client = ask(&f, GET);
  peer_say(asked(&f, 0), SSE_CHUNKED "9\r\ndata: x\n\n\r\n");
  RUN_UNTIL(&f, d.calls == 1);
  CHECK_INT(f.end_count, 0);
  peer_reset(client);
  RUN_UNTIL(&f, f.end_count == 1);
  CHECK_END(&f, WEIR_END_CLIENT_GONE);
  fixture_end(&f);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_first_event_that_is_an_error_becomes_a_503);
  TEST(a_client_of_http_1_0_gets_the_same);
  TEST(what_is_no_stream_is_not_held);
  TEST(head_and_first_event_leave_in_one_write);
  TEST(commit_ms_lets_the_head_go);
  TEST(commit_bytes_let_the_head_go);
  TEST(with_bytes_alone_an_event_is_shown_but_waits);
  TEST(a_compressed_body_commits_with_its_head);
  TEST(a_filter_judges_what_was_held);
  TEST(a_budget_counts_what_was_held);
  TEST(each_verdict_holds_however_the_commit_point_was_reached);
  TEST(the_request_goes_to_the_next_upstream_or_the_same);
  TEST(a_request_is_sent_eight_times_at_most);
  TEST(nothing_that_was_held_leaves_behind_a_failure);
  TEST(a_client_may_leave_between_two_tries);
  return check_end();
}
