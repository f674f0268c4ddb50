/* Answers that the host gives itself, from on_request. */
#include <stdio.h>
#include <stdlib.h>

#include "support/fixture.h"

enum { KIB = 1024 };

#define OK_TWO "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define LOCAL "GET /local HTTP/1.1\r\nHost: a\r\n\r\n"

static const weir_field fields[] = {
    {"Content-Type", "text/html"}, {"Set-Cookie", "a"}, {"Set-Cookie", "b"}};
static const weir_answer hello = {WEIR_ANSWER_INIT, .status = 201, .body = "hello", .body_len = 5};
static const weir_answer page = {WEIR_ANSWER_INIT, .status = 201,   .fields = fields,
                                 .field_count = 3, .body = "hello", .body_len = 5};

/* Answers what is asked for /local with the answer at f->test; the origin has the rest. */
static int answer_local(weir_exchange *ex, weir_head *head, void *user) {
  fixture *f = user;
  if (strcmp(weir_head_target(head), "/local") == 0)
    CHECK_INT(weir_exchange_answer(ex, f->test), 0);
  return 0;
}

static void open_answering(fixture *f, const weir_answer *answer) {
  fixture_init(f);
  f->hooks.on_request = answer_local;
  f->test = (void *)answer;
  fixture_start(f);
}

static bool is_date(const char *line) {
  char day[4], month[4];
  int n = 0, a, b, c, d, e;
  sscanf(line, "Date: %3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT\r\n%n", day, &a, month, &b, &c,
         &d, &e, &n);
  return n == (int)strlen("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
}

/* ---- what arrives ---- */

static void an_answer_arrives_and_no_origin_is_asked(void) {
  fixture f;
  open_answering(&f, &page);
  peer *client = ask(&f, LOCAL);
  RUN_UNTIL(&f, got_message(client));
  const message *m = take(client);
  const char *date = strstr(m->head, "Date: "), *length = strstr(m->head, "Content-Length: ");
  CHECK(date && is_date(date));
  CHECK_STR(length, "Content-Length: 5\r\n");
  CHECK(strncmp(m->head,
                "HTTP/1.1 201 Created\r\nContent-Type: text/html\r\nSet-Cookie: a\r\n"
                "Set-Cookie: b\r\nDate: ",
                82) == 0);
  CHECK_STR(m->body, "hello");
  CHECK_END(&f, WEIR_END_ANSWERED);
  CHECK_INT(f.ends[0].stats.status, 201);
  CHECK_INT(f.ends[0].stats.response_bytes, 5);
  CHECK_INT(f.origin.count, 0);
  CHECK(!is_over(client));
  fixture_end(&f);
}

static void a_date_of_the_hosts_own_stays(void) {
  static const weir_field date = {"date", "Sun, 06 Nov 1994 08:49:37 GMT"};
  weir_answer answer = {WEIR_ANSWER_INIT, .status = 404, .fields = &date, .field_count = 1};
  fixture f;
  open_answering(&f, &answer);
  peer *client = ask(&f, LOCAL);
  RUN_UNTIL(&f, got_message(client));
  CHECK_STR(
      take(client)->head,
      "HTTP/1.1 404 Not Found\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n");
  fixture_end(&f);
}

static int answer_from_the_stack(weir_exchange *ex, weir_head *head, void *user) {
  char name[] = "X-Name", value[] = "value", body[] = "hello";
  weir_field field = {name, value};
  weir_answer answer = {WEIR_ANSWER_INIT, .status = 200, .fields = &field,
                        .field_count = 1, .body = body,  .body_len = 5};
  (void)head, (void)user;
  CHECK_INT(weir_exchange_answer(ex, &answer), 0);
  memset(name, '!', 6), memset(value, '!', 5), memset(body, '!', 5);
  return 0;
}

static void an_answer_is_copied(void) {
  fixture f;
  fixture_init(&f);
  f.hooks.on_request = answer_from_the_stack;
  fixture_start(&f);
  peer *client = ask(&f, GET);
  RUN_UNTIL(&f, got_message(client));
  const message *m = take(client);
  CHECK(has_line(m, "X-Name: value"));
  CHECK_STR(m->body, "hello");
  fixture_end(&f);
}

static int answer_twice(weir_exchange *ex, weir_head *head, void *user) {
  (void)head, (void)user;
  CHECK_INT(weir_exchange_answer(ex, &page), 0);
  CHECK_INT(weir_exchange_answer(ex, &hello), 0);
  return 0;
}

static void the_last_answer_of_a_hook_counts(void) {
  fixture f;
  fixture_init(&f);
  f.hooks.on_request = answer_twice;
  fixture_start(&f);
  peer *client = ask(&f, GET GET);
  RUN_UNTIL(&f, f.end_count == 2);
  RUN_UNTIL(&f, got_message(client));
  CHECK_INT(count_fields(take(client), "Set-Cookie"), 0);
  CHECK_ANSWER(client, 201, "hello");
  CHECK_INT(untaken(client), 0);
  fixture_end(&f);
}

/* ---- answers without a body ---- */

static void an_answer_to_head_tells_the_length_and_has_no_body(void) {
  fixture f;
  open_answering(&f, &hello);
  peer *client = ask(&f, "HEAD /local HTTP/1.1\r\nHost: a\r\n\r\n");
  RUN_UNTIL(&f, got(client, "\r\n\r\n"));
  CHECK(has_line(take_bodiless(client), "Content-Length: 5"));
  CHECK_END(&f, WEIR_END_ANSWERED);
  CHECK_INT(f.ends[0].stats.response_bytes, 0);
  peer_say(client, LOCAL);
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 201, "hello");
  fixture_end(&f);
}

static void a_204_and_a_304_have_neither_body_nor_length(void) {
  for (int status = 204; status <= 304; status += 100) {
    weir_answer answer = {WEIR_ANSWER_INIT, .status = status};
    fixture f;
    open_answering(&f, &answer);
    peer *client = ask(&f, LOCAL LOCAL);
    RUN_UNTIL(&f, f.end_count == 2);
    RUN_UNTIL(&f, got_message(client));
    CHECK_INT(take(client)->status, status);
    const message *m = take(client);
    CHECK(m->whole && m->status == status && !m->sized);
    CHECK_INT(untaken(client), 0);
    fixture_end(&f);
  }
}

/* ---- what the host may not say ---- */

static int answer_badly(weir_exchange *ex, weir_head *head, void *user) {
  static const struct {
    int status;
    size_t body_len;
    weir_field field;
    int code;
  } cases[] = {{199, 0, {"A", "b"}, WEIR_EINVAL},
               {0, 0, {"A", "b"}, WEIR_EINVAL},
               {600, 0, {"A", "b"}, WEIR_EINVAL},
               {204, 1, {"A", "b"}, WEIR_EINVAL},
               {205, 1, {"A", "b"}, WEIR_EINVAL},
               {304, 1, {"A", "b"}, WEIR_EINVAL},
               {200, 1, {"A", "b\r\nC: d"}, WEIR_EFIELD},
               {200, 1, {"A b", "c"}, WEIR_EFIELD},
               {200, 1, {"", "c"}, WEIR_EFIELD},
               {200, 1, {"Content-Length", "7"}, WEIR_EFIELD},
               {200, 1, {"connection", "close"}, WEIR_EFIELD},
               {200, 1, {"Transfer-Encoding", "chunked"}, WEIR_EFIELD}};
  (void)head, (void)user;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    weir_answer answer = {
        WEIR_ANSWER_INIT, .status = cases[i].status,    .fields = &cases[i].field, .field_count = 1,
        .body = "x",      .body_len = cases[i].body_len};
    CHECK_INT(weir_exchange_answer(ex, &answer), cases[i].code);
  }
  return 0;
}

static void a_bad_answer_is_refused_and_the_exchange_goes_on(void) {
  fixture f;
  fixture_init(&f);
  f.hooks.on_request = answer_badly;
  fixture_start(&f);
  peer *client = ask(&f, GET);
  peer_say(asked(&f, 0), OK_TWO);
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 200, "ok");
  CHECK_END(&f, WEIR_END_COMPLETE);
  fixture_end(&f);
}

/* ---- the connection afterwards ---- */

static void a_connection_serves_on_after_an_answer(void) {
  fixture f;
  open_answering(&f, &hello);
  peer *client = ask(&f, LOCAL);
  for (int i = 0; i < 3; i++) {
    RUN_UNTIL(&f, got_message(client));
    CHECK_ANSWER(client, 201, "hello");
    peer_say(client, GET);
    peer_say(asked(&f, 0), OK_TWO);
    RUN_UNTIL(&f, got_message(client));
    CHECK_ANSWER(client, 200, "ok");
    forget(origin_peer(&f.origin, 0));
    peer_say(client, LOCAL);
  }
  RUN_UNTIL(&f, f.end_count == 7);
  CHECK_INT(f.origin.count, 1);
  fixture_end(&f);
}

static void pipelined_answers_come_in_the_order_of_their_requests(void) {
  fixture f;
  open_answering(&f, &hello);
  peer *client = ask(&f, LOCAL LOCAL GET LOCAL GET), *origin = asked(&f, 0);
  settle(&f);
  CHECK_INT(f.end_count, 2);
  CHECK_ANSWER(client, 201, "hello");
  CHECK_ANSWER(client, 201, "hello");
  CHECK_INT(untaken(client), 0);
  forget(origin);
  peer_say(origin, OK_TWO);
  asked(&f, 0);
  peer_say(origin, OK_TWO);
  RUN_UNTIL(&f, f.end_count == 5);
  settle(&f);
  CHECK_ANSWER(client, 200, "ok");
  CHECK_ANSWER(client, 201, "hello");
  CHECK_ANSWER(client, 200, "ok");
  fixture_end(&f);
}

/* Each is answered inside the turn that read it: a recursion or a quadratic copy would show. */
static void two_thousand_pipelined_requests_are_answered(void) {
  enum { REQUESTS = 2000 };
  fixture f;
  open_answering(&f, &hello);
  peer *client = ask(&f, LOCAL);
  for (int i = 1; i < REQUESTS; i++) peer_say(client, LOCAL);
  RUN_UNTIL(&f, f.end_count == REQUESTS);
  settle(&f);
  const char *last = client->got + client->got_len - 9;
  CHECK_STR(last, "\r\n\r\nhello");
  fixture_end(&f);
}

static void an_http_1_0_client_gets_an_answer_and_a_close(void) {
  fixture f;
  open_answering(&f, &hello);
  peer *client = ask(&f, "GET /local HTTP/1.0\r\nHost: a\r\n\r\n");
  RUN_UNTIL(&f, is_over(client));
  const message *m = take(client);
  CHECK(ended_well(client) && m->whole && has_line(m, "Connection: close"));
  fixture_end(&f);
}

static void an_http_1_0_client_that_asks_to_stay_may_stay(void) {
  fixture f;
  open_answering(&f, &hello);
  peer *client = ask(&f, "GET /local HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  RUN_UNTIL(&f, got_message(client));
  CHECK(has_line(take(client), "Connection: keep-alive"));
  peer_say(client, LOCAL);
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 201, "hello");
  fixture_end(&f);
}

/* ---- a request with a body ---- */

#define POST_TEN "POST /local HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"
#define POST_CHUNKS "POST /local HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

/* Nobody wants the body, but it must not be taken for the next request. */
static void the_body_of_an_answered_request_is_read_and_dropped(void) {
  static const char *const requests[] = {POST_TEN "GET /x HTT",
                                         POST_TEN "|GET /x HTT",
                                         POST_TEN "GET /|x HTT",
                                         POST_CHUNKS "5\r\nGET /\r\n1\r\nx\r\n0\r\n\r\n",
                                         POST_CHUNKS "|5\r\nGET /\r\n0\r\nA: b\r\n\r\n",
                                         POST_CHUNKS "5\r\nGE|T /\r\n0\r\n\r\n"};
  for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
    CHECK_CASE("%s", requests[i]);
    fixture f;
    open_answering(&f, &hello);
    peer *client = client_open(&f);
    const char *cut = strchr(requests[i], '|');
    peer_send(client, requests[i], cut ? (size_t)(cut - requests[i]) : strlen(requests[i]));
    RUN_UNTIL(&f, got_message(client));
    CHECK_ANSWER(client, 201, "hello");
    CHECK_INT(f.end_count, !cut);
    if (cut) peer_say(client, cut + 1);
    peer_say(client, GET);
    peer *origin = asked(&f, 0);
    CHECK(strncmp(take(origin)->head, "GET / HTTP/1.1\r\n", 16) == 0);
    CHECK_INT(f.end_count, 1);
    CHECK_INT(f.ends[0].stats.request_bytes, 0);
    peer_say(origin, OK_TWO);
    RUN_UNTIL(&f, f.end_count == 2);
    fixture_end(&f);
  }
}

static void a_body_too_long_to_be_dropped_ends_the_connection_behind_the_answer(void) {
  fixture f;
  fixture_init(&f);
  f.hooks.on_request = answer_local;
  f.options.outbox_high = 16 * KIB, f.options.outbox_low = KIB;
  f.test = (void *)&hello;
  fixture_start(&f);
  peer *client = ask(&f, "POST /local HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n");
  RUN_UNTIL(&f, got_message(client));
  CHECK_INT(f.end_count, 0);
  peer_pour(client, 1000 * KIB);
  RUN_UNTIL(&f, is_over(client));
  CHECK(ended_well(client)); /* no reset could throw the answer away */
  CHECK_ANSWER(client, 201, "hello");
  CHECK_END(&f, WEIR_END_ANSWERED);
  fixture_end(&f);
}

/* Whether its body follows is the client's to choose, so the connection cannot go on. */
static void a_client_that_waits_for_100_gets_the_answer_and_a_close(void) {
  fixture f;
  open_answering(&f, &hello);
  peer *client = ask(&f, "POST /local HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n"
                         "Expect: 100-continue\r\n\r\n");
  RUN_UNTIL(&f, is_over(client));
  const message *m = take(client);
  CHECK(m->whole && m->status == 201 && has_line(m, "Connection: close"));
  CHECK_END(&f, WEIR_END_ANSWERED);
  fixture_end(&f);
}

/* ---- a slow client ---- */

static void a_long_answer_reaches_a_slow_client_whole(void) {
  enum { LONG = 300 * KIB };
  char *body = malloc(LONG);
  if (!body) abort();
  for (size_t i = 0; i < LONG; i++) body[i] = (char)(i % 251);
  weir_answer answer = {WEIR_ANSWER_INIT, .status = 200, .body = body, .body_len = LONG};
  fixture f;
  open_answering(&f, &answer);
  peer *client = client_open_narrow(&f);
  peer_say(client, LOCAL LOCAL);
  settle(&f);
  CHECK_INT(f.end_count, 0);
  peer_go(client);
  RUN_UNTIL(&f, f.end_count == 2 && untaken(client) > 2 * LONG);
  for (int i = 0; i < 2; i++) {
    const message *m = take(client);
    CHECK(m->whole && m->body_len == LONG && is_poured(m->body, m->body_len));
  }
  fixture_end(&f);
  free(body);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(an_answer_arrives_and_no_origin_is_asked);
  TEST(a_date_of_the_hosts_own_stays);
  TEST(an_answer_is_copied);
  TEST(the_last_answer_of_a_hook_counts);
  TEST(an_answer_to_head_tells_the_length_and_has_no_body);
  TEST(a_204_and_a_304_have_neither_body_nor_length);
  TEST(a_bad_answer_is_refused_and_the_exchange_goes_on);
  TEST(a_connection_serves_on_after_an_answer);
  TEST(pipelined_answers_come_in_the_order_of_their_requests);
  TEST(two_thousand_pipelined_requests_are_answered);
  TEST(an_http_1_0_client_gets_an_answer_and_a_close);
  TEST(an_http_1_0_client_that_asks_to_stay_may_stay);
  TEST(the_body_of_an_answered_request_is_read_and_dropped);
  TEST(a_body_too_long_to_be_dropped_ends_the_connection_behind_the_answer);
  TEST(a_client_that_waits_for_100_gets_the_answer_and_a_close);
  TEST(a_long_answer_reaches_a_slow_client_whole);
  return check_end();
}
