/* What becomes of an exchange that a hook refuses, and what weir's own error answers look like. */
#include <stdio.h>
#include <stdlib.h>

#include "support/fixture.h"

#define HINT "HTTP/1.1 103 Early Hints\r\n\r\n"
#define STREAM OK_CHUNKED "5\r\nhello\r\n0\r\nA: b\r\n\r\n"

/* ---- verdicts ---- */

enum hook { REQUEST, INTERIM, RESPONSE, BODY, TRAILERS, HOOKS };
static const char *const hook_names[] = {"on_request", "on_interim", "on_response", "on_body",
                                         "on_trailers"};

/* Every hook passes its number by; one of them gives the verdict. */
typedef struct judge {
  enum hook hook;
  int verdict;
  unsigned later; /* calls behind it */
  bool spoken;
} judge;

static int judged(void *user, enum hook hook) {
  fixture *f = user;
  judge *j = f->test;
  j->later += j->spoken;
  if (hook != j->hook) return 0;
  j->spoken = true;
  return j->verdict;
}

static int on_request(weir_exchange *ex, weir_head *head, void *user) {
  (void)ex, (void)head;
  return judged(user, REQUEST);
}
static int on_interim(weir_exchange *ex, weir_head *head, void *user) {
  (void)ex, (void)head;
  return judged(user, INTERIM);
}
static int on_response(weir_exchange *ex, weir_head *head, void *user) {
  (void)ex, (void)head;
  return judged(user, RESPONSE);
}
static int on_body(weir_exchange *ex, const char *data, size_t len, void *user) {
  (void)ex, (void)data, (void)len;
  return judged(user, BODY);
}
static int on_trailers(weir_exchange *ex, weir_head *head, void *user) {
  (void)ex, (void)head;
  return judged(user, TRAILERS);
}

static void start_judging(fixture *f, judge *j) {
  fixture_init(f);
  f->hooks.on_request = on_request, f->hooks.on_interim = on_interim;
  f->hooks.on_response = on_response, f->hooks.on_body = on_body;
  f->hooks.on_trailers = on_trailers;
  f->test = j;
  fixture_start(f);
}

/* Runs one exchange until it has ended; the message, as far as it came, is the client's. */
static const message *judge_stream(fixture *f, judge *j, peer **client) {
  start_judging(f, j);
  *client = ask(f, GET);
  if (j->hook != REQUEST) peer_say(asked(f, 0), HINT STREAM);
  RUN_UNTIL(f, f->end_count == 1);
  settle(f);
  CHECK(j->spoken);
  CHECK_INT(j->later, 0);
  const message *m = take(*client);
  return m->status == 103 ? take(*client) : m;
}

static void a_status_from_a_hook_refuses_with_an_error_answer_or_a_cut(void) {
  for (int hook = REQUEST; hook < HOOKS; hook++) {
    CHECK_CASE("%s", hook_names[hook]);
    judge j = {.hook = (enum hook)hook, .verdict = 451};
    fixture f;
    peer *client;
    const message *m = judge_stream(&f, &j, &client);
    CHECK_END(&f, WEIR_END_REFUSED);
    CHECK_INT(f.ends[0].stats.status, hook < BODY ? 451 : 200);
    if (hook < BODY) {
      CHECK(m->whole && m->status == 451);
      CHECK_STR(m->body, "451 Unavailable For Legal Reasons: refused\n");
      CHECK(!is_over(client));
    } else {
      CHECK(!m->whole && m->status == 200 && is_over(client));
      CHECK_INT(f.ends[0].stats.response_bytes, m->body_len);
    }
    if (hook > REQUEST) RUN_UNTIL(&f, is_over(origin_peer(&f.origin, 0)));
    fixture_end(&f);
  }
}

static void a_negative_verdict_cuts(void) {
  static const char *const bodies[] = {"", "", "", "", "hello"};
  for (int hook = REQUEST; hook < HOOKS; hook++) {
    CHECK_CASE("%s", hook_names[hook]);
    judge j = {.hook = (enum hook)hook, .verdict = -1};
    fixture f;
    peer *client;
    const message *m = judge_stream(&f, &j, &client);
    CHECK_END(&f, WEIR_END_CUT);
    RUN_UNTIL(&f, is_over(client));
    CHECK(!m->whole);
    CHECK_STR(m->body, bodies[hook]);
    CHECK_INT(f.ends[0].stats.status, hook < BODY ? 0 : 200);
    if (hook < RESPONSE) CHECK_INT(untaken(client), 0);
    fixture_end(&f);
  }
}

static void the_connection_goes_on_behind_a_refusal(void) {
  judge j = {.hook = REQUEST, .verdict = 403};
  fixture f;
  start_judging(&f, &j);
  peer *client = ask(&f, GET GET "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
  RUN_UNTIL(&f, f.end_count == 2);
  peer_say(client, "body" GET);
  RUN_UNTIL(&f, f.end_count == 4);
  settle(&f);
  for (int i = 0; i < 4; i++) CHECK_INT(take(client)->status, 403);
  CHECK(!is_over(client));
  fixture_end(&f);
}

static int answer_and_refuse(weir_exchange *ex, weir_head *head, void *user) {
  weir_answer answer = {WEIR_ANSWER_INIT, .status = 200, .body = "hello", .body_len = 5};
  fixture *f = user;
  (void)head;
  CHECK_INT(weir_exchange_answer(ex, &answer), 0);
  return *(int *)f->test;
}

static void a_verdict_outweighs_an_answer(void) {
  int verdicts[] = {403, -1};
  for (size_t i = 0; i < 2; i++) {
    fixture f;
    fixture_init(&f);
    f.hooks.on_request = answer_and_refuse;
    f.test = &verdicts[i];
    fixture_start(&f);
    peer *client = ask(&f, GET);
    RUN_UNTIL(&f, f.end_count == 1);
    settle(&f);
    CHECK_END(&f, i ? WEIR_END_CUT : WEIR_END_REFUSED);
    CHECK_INT(take(client)->status, i ? 0 : 403);
    fixture_end(&f);
  }
}

/* ---- weir's own answers ---- */

/* Each brings an exchange to an error of its own. */
typedef void (*trouble)(fixture *f, peer *client);

static void no_route(fixture *f, peer *client) { (void)f, (void)client; }
static void no_connection(fixture *f, peer *client) { (void)f, (void)client; }
static void no_http(fixture *f, peer *client) {
  (void)client;
  peer_say(asked(f, 0), "hello\r\n\r\n");
}
static void broken_off(fixture *f, peer *client) {
  (void)client;
  peer_close(asked(f, 0));
}
static void reset(fixture *f, peer *client) {
  (void)client;
  peer_reset(asked(f, 0));
}
static void silent(fixture *f, peer *client) {
  (void)client;
  asked(f, 0);
  pass(f, 300000);
}
static void half_sent(fixture *f, peer *client) {
  (void)client;
  asked(f, 0);
  pass(f, 60000);
}
static void bad_chunk(fixture *f, peer *client) {
  asked(f, 0);
  peer_say(client, "x\r\n");
}

#define ACCEPT(type) "GET / HTTP/1.1\r\nHost: a\r\nAccept: " type "\r\n\r\n"
#define POST(framing) "POST / HTTP/1.1\r\nHost: a\r\n" framing "\r\n\r\n"

static const struct {
  const char *name;
  trouble cause;
  const char *request;
  enum weir_end end;
  const char *line, *words;
} troubles[] = {
    {"no route", no_route, "GET /elsewhere HTTP/1.1\r\nHost: a\r\n\r\n", WEIR_END_REFUSED,
     "404 Not Found", "no route for this request"},
    {"CONNECT", no_route, "CONNECT b:1 HTTP/1.1\r\nHost: b:1\r\n\r\n", WEIR_END_REFUSED,
     "405 Method Not Allowed", "this method is not allowed here"},
    {"no connection", no_connection, GET, WEIR_END_UNREACHABLE, "502 Bad Gateway",
     "the origin cannot be reached"},
    {"no http", no_http, GET, WEIR_END_MALFORMED, "502 Bad Gateway",
     "the origin's answer was no valid HTTP"},
    {"FIN", broken_off, GET, WEIR_END_TRUNCATED, "502 Bad Gateway",
     "the origin closed the connection before it answered"},
    {"RST", reset, GET, WEIR_END_RESET, "502 Bad Gateway",
     "the origin closed the connection before it answered"},
    {"silent", silent, GET, WEIR_END_TIMEOUT, "504 Gateway Timeout",
     "the origin did not answer in time"},
    {"half sent", half_sent, POST("Content-Length: 9"), WEIR_END_TIMEOUT, "408 Request Timeout",
     "the request body did not arrive in time"},
    {"bad chunk", bad_chunk, POST("Transfer-Encoding: chunked"), WEIR_END_CLIENT_BAD,
     "400 Bad Request", "malformed HTTP message"},
    {"too large", no_route, POST("Content-Length: 1001"), WEIR_END_CLIENT_BAD,
     "413 Content Too Large", "request body is too large"},
};

enum { TROUBLES = sizeof troubles / sizeof *troubles };

static void start_in_trouble(fixture *f, size_t i) {
  fixture_init(f);
  f->options.request_body_max = 1000;
  if (troubles[i].cause == no_route) f->origin_options.host = "hidden.example";
  fixture_start(f);
  /* Not before: the relay might be given that very port, and would ask itself. */
  if (troubles[i].cause == no_connection) origin_stop(&f->origin);
}

/* A relay with nothing to go to but "/only". */
static void start_without_root(fixture *f) {
  weir_upstream_options o = {WEIR_UPSTREAM_OPTIONS_INIT, .url = "http://127.0.0.1:1"};
  fixture_init(f);
  f->options.request_body_max = 1000;
  CHECK_INT(weir_relay_new(&f->relay, &f->loop.uv, &f->options), 0);
  CHECK_INT(weir_upstream_new(&f->upstream, f->relay, &o), 0);
  CHECK_INT(weir_relay_route(f->relay, NULL, "/only", f->upstream), 0);
  CHECK_INT(weir_relay_listen(f->relay, "127.0.0.1:0", &f->listen_options, &f->port), 0);
}

static const message *error_of(fixture *f, size_t i, const char *request) {
  if (i == 0)
    start_without_root(f);
  else
    start_in_trouble(f, i);
  peer *client = ask(f, request);
  troubles[i].cause(f, client);
  RUN_UNTIL(f, got_message(client));
  return take(client);
}

static void check_error_head(const message *m, const char *line, const char *type) {
  char first[80], field[80];
  snprintf(first, sizeof first, "HTTP/1.1 %s\r\n", line);
  snprintf(field, sizeof field, "Content-Type: %s", type);
  CHECK(strncmp(m->head, first, strlen(first)) == 0);
  CHECK(has_line(m, field) && has_line(m, "Cache-Control: no-store"));
  CHECK_INT(count_fields(m, "Date"), 1);
  CHECK_INT(count_fields(m, "Content-Length"), 1);
}

static void an_error_answer_is_plain_text_that_names_the_reason(void) {
  for (size_t i = 0; i < TROUBLES; i++) {
    char want[160];
    CHECK_CASE("%s", troubles[i].name);
    fixture f;
    const message *m = error_of(&f, i, troubles[i].request);
    check_error_head(m, troubles[i].line, "text/plain; charset=utf-8");
    snprintf(want, sizeof want, "%s: %s\n", troubles[i].line, troubles[i].words);
    CHECK_STR(m->body, want);
    if (f.end_count) CHECK_END(&f, troubles[i].end);
    fixture_end(&f);
  }
}

static void an_error_answer_is_json_when_the_client_accepts_that(void) {
  for (size_t i = 0; i < TROUBLES; i++) {
    char want[200], request[200];
    const char *rest = strstr(troubles[i].request, "\r\n");
    CHECK_CASE("%s", troubles[i].name);
    snprintf(request, sizeof request, "%.*s\r\nAccept: application/json%s",
             (int)(rest - troubles[i].request), troubles[i].request, rest);
    fixture f;
    const message *m = error_of(&f, i, request);
    check_error_head(m, troubles[i].line, "application/json");
    snprintf(want, sizeof want, "{\"error\":{\"code\":%d,\"message\":\"%s\"}}\n", m->status,
             troubles[i].words);
    CHECK_STR(m->body, want);
    fixture_end(&f);
  }
}

static void accept_decides_between_text_and_json(void) {
  static const struct {
    const char *request;
    bool json;
  } cases[] = {{ACCEPT("*/*"), false},
               {ACCEPT("text/html"), false},
               {ACCEPT("application/json; charset=utf-8"), true},
               {ACCEPT("APPLICATION/JSON"), true},
               {ACCEPT("application/problem+json"), true},
               {ACCEPT("text/event-stream, application/json"), true},
               {ACCEPT("application/json, text/plain, */*"), false},
               {ACCEPT("application/jsonp"), false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("%s", cases[i].request);
    fixture f;
    const message *m = error_of(&f, 2, cases[i].request);
    CHECK_INT(has_line(m, "Content-Type: application/json"), cases[i].json);
    fixture_end(&f);
  }
}

/* Neither the origin's address nor its port, name or override, nor what the system says of it. */
static void an_error_answer_tells_nothing_of_the_network_behind(void) {
  for (size_t i = 0; i < TROUBLES; i++) {
    char port[8];
    CHECK_CASE("%s", troubles[i].name);
    fixture f;
    const message *m = error_of(&f, i, troubles[i].request);
    snprintf(port, sizeof port, "%d", f.origin.port);
    CHECK(!strstr(m->body, "127.0.0.1") && !strstr(m->head, "127.0.0.1"));
    CHECK(!strstr(m->body, port) && !strstr(m->body, "hidden"));
    CHECK(!strstr(m->body, "ECONN") && !strstr(m->body, "connection refused"));
    fixture_end(&f);
  }
}

static void an_error_answer_to_head_has_no_body(void) {
  fixture f;
  start_in_trouble(&f, 2);
  peer *client = ask(&f, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  RUN_UNTIL(&f, f.end_count == 1);
  settle(&f);
  const message *m = take_bodiless(client);
  check_error_head(m, "502 Bad Gateway", "text/plain; charset=utf-8");
  CHECK_INT(untaken(client), 0);
  CHECK_INT(f.ends[0].stats.response_bytes, 0);
  fixture_end(&f);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_status_from_a_hook_refuses_with_an_error_answer_or_a_cut);
  TEST(a_negative_verdict_cuts);
  TEST(the_connection_goes_on_behind_a_refusal);
  TEST(a_verdict_outweighs_an_answer);
  TEST(an_error_answer_is_plain_text_that_names_the_reason);
  TEST(an_error_answer_is_json_when_the_client_accepts_that);
  TEST(accept_decides_between_text_and_json);
  TEST(an_error_answer_tells_nothing_of_the_network_behind);
  TEST(an_error_answer_to_head_has_no_body);
  return check_end();
}
