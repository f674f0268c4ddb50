/* One connection, many requests: towards the client, in order; towards the origin, reused only
 * while nothing can go wrong. */
#include <stdio.h>
#include <stdlib.h>

#include "support/fixture.h"

#define POST "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"
#define OK(body) "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" body
#define OK_10(body) "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n" body

/* The next request on a connection of the origin. */
static const message *next_request(fixture *f, peer *origin) {
  RUN_UNTIL(f, got_message(origin));
  return take(origin);
}

/* One request that is answered over origin connection `n`. */
static void serve(fixture *f, peer *client, size_t n, const char *request) {
  peer_say(client, request);
  peer *origin = asked(f, n);
  CHECK(next_request(f, origin)->whole);
  peer_say(origin, OK("yes"));
  RUN_UNTIL(f, got_message(client));
  CHECK_ANSWER(client, 200, "yes");
}

/* ---- the client's connection ---- */

static void requests_follow_each_other_on_one_connection(void) {
  fixture f;
  fixture_open(&f);
  peer *client = client_open(&f);
  for (int i = 0; i < 5; i++) serve(&f, client, 0, GET);
  CHECK_INT(f.end_count, 5);
  CHECK_INT(f.origin.count, 1);
  CHECK(!is_over(client));
  CHECK_INT(f.ends[0].stats.reused, 0);
  CHECK_INT(f.ends[4].stats.reused, 1);
  fixture_end(&f);
}

static void three_requests_of_one_write_are_answered_in_order(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
                         "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"
                         "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
  peer *origin = asked(&f, 0);
  static const char *const starts[] = {"GET /1 ", "POST /2 ", "GET /3 "};
  static const char *const answers[] = {OK("one"), OK("two"), OK("333")};
  for (int i = 0; i < 3; i++) {
    const message *m = next_request(&f, origin);
    CHECK(strncmp(m->head, starts[i], strlen(starts[i])) == 0);
    CHECK_STR(m->body, i == 1 ? "body" : "");
    settle(&f);
    CHECK_INT(untaken(origin), 0); /* one after the other */
    peer_say(origin, answers[i]);
  }
  RUN_UNTIL(&f, f.end_count == 3);
  settle(&f);
  CHECK_ANSWER(client, 200, "one");
  CHECK_ANSWER(client, 200, "two");
  CHECK_ANSWER(client, 200, "333");
  fixture_end(&f);
}

static void pipelined_requests_may_come_byte_by_byte(void) {
  fixture f;
  fixture_open(&f);
  peer *client = client_open(&f);
  for (const char *p = GET POST "\r\n" GET; *p; p++) {
    peer_send(client, p, 1);
    settle(&f);
  }
  peer *origin = asked(&f, 0);
  for (int i = 0; i < 3; i++) {
    CHECK_STR(next_request(&f, origin)->body, i == 1 ? "body" : "");
    peer_say(origin, OK("yes"));
  }
  RUN_UNTIL(&f, f.end_count == 3);
  settle(&f);
  for (int i = 0; i < 3; i++) CHECK_ANSWER(client, 200, "yes");
  fixture_end(&f);
}

static int answer_hi(weir_exchange *ex, weir_head *head, void *user) {
  (void)head, (void)user;
  weir_answer a = {WEIR_ANSWER_INIT, .status = 200, .body = "hi", .body_len = 2};
  return weir_exchange_answer(ex, &a);
}

static void a_thousand_pipelined_requests_are_answered_here(void) {
  enum { COUNT = 1000 };
  fixture f;
  fixture_init(&f);
  f.hooks.on_request = answer_hi;
  fixture_start(&f);
  char *requests = malloc(COUNT * strlen(GET) + 1);
  for (size_t i = 0; i < COUNT; i++) memcpy(requests + i * strlen(GET), GET, strlen(GET) + 1);
  peer *client = ask(&f, requests);
  RUN_UNTIL(&f, f.end_count == COUNT);
  settle(&f);
  for (int i = 0; i < COUNT; i++) CHECK_ANSWER(client, 200, "hi");
  CHECK_INT(untaken(client), 0);
  CHECK(!is_over(client));
  free(requests);
  fixture_end(&f);
}

static void a_pipelined_request_that_is_bad_ends_the_connection_behind_the_good_answer(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET "NOT HTTP\r\n\r\n" GET), *origin = asked(&f, 0);
  peer_say(origin, OK("yes"));
  RUN_UNTIL(&f, is_over(client));
  CHECK_ANSWER(client, 200, "yes");
  CHECK_INT(take(client)->status, 400);
  CHECK_INT(untaken(client), 0);
  CHECK_INT(f.end_count, 1);
  fixture_end(&f);
}

static void connection_close_is_honoured_and_said(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" GET);
  peer *origin = asked(&f, 0);
  CHECK(!strstr(next_request(&f, origin)->head, "Connection"));
  peer_say(origin, OK("yes"));
  RUN_UNTIL(&f, is_over(client));
  CHECK(ended_well(client));
  const message *m = take(client);
  CHECK(m->whole && has_line(m, "Connection: close"));
  CHECK_INT(untaken(client), 0);
  CHECK_INT(f.end_count, 1);
  CHECK_INT(f.relay->count.idle_origins, 1); /* that is another connection */
  fixture_end(&f);
}

static void an_http_1_0_client_closes_unless_it_asks_not_to(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, "GET / HTTP/1.0\r\nHost: a\r\n\r\n"), *origin = asked(&f, 0);
  peer_say(origin, OK("yes"));
  RUN_UNTIL(&f, is_over(client));
  CHECK_ANSWER(client, 200, "yes");
  CHECK(ended_well(client));
  fixture_end(&f);
}

static void an_http_1_0_client_may_keep_its_connection(void) {
  fixture f;
  fixture_open(&f);
  peer *client = client_open(&f);
  for (int i = 0; i < 2; i++) {
    peer_say(client, "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\nHost: a\r\n\r\n");
    peer *origin = asked(&f, 0);
    next_request(&f, origin);
    peer_say(origin, OK("yes"));
    RUN_UNTIL(&f, got_message(client));
    const message *m = take(client);
    CHECK_STR(m->body, "yes");
    CHECK(has_line(m, "Connection: keep-alive"));
  }
  CHECK(!is_over(client));
  fixture_end(&f);
}

static void the_clients_connection_survives_a_502(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET);
  peer_close(asked(&f, 0));
  RUN_UNTIL(&f, got_message(client));
  CHECK_INT(take(client)->status, 502);
  serve(&f, client, 1, GET);
  fixture_end(&f);
}

/* ---- the origin's connection ---- */

static void an_origin_connection_serves_other_clients_too(void) {
  fixture f;
  fixture_open(&f);
  for (int i = 0; i < 3; i++) serve(&f, client_open(&f), 0, GET);
  CHECK_INT(f.origin.count, 1);
  CHECK_INT(f.relay->count.idle_origins, 1);
  fixture_end(&f);
}

static void an_origin_that_says_close_is_not_asked_again(void) {
  static const char *const answers[] = {
      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nyes", OK_10("yes"),
      "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=2\r\nContent-Length: 3\r\n\r\nyes"};
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    CHECK_CASE("%s", answers[i]);
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, GET), *origin = asked(&f, 0);
    peer_say(origin, answers[i]);
    RUN_UNTIL(&f, got_message(client));
    const message *m = take(client);
    CHECK_STR(m->body, "yes");
    CHECK(!has_line(m, "Connection: close"));
    RUN_UNTIL(&f, is_over(origin));
    CHECK(ended_well(origin));
    CHECK_INT(f.relay->count.idle_origins, 0);
    serve(&f, client, 1, GET);
    fixture_end(&f);
  }
}

static void an_http_1_0_origin_may_keep_its_connection(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  next_request(&f, origin);
  peer_say(origin, "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nyes");
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 200, "yes");
  serve(&f, client, 0, GET);
  CHECK_INT(f.origin.count, 1);
  fixture_end(&f);
}

static void an_idle_origin_connection_is_closed_after_four_seconds(void) {
  fixture f;
  fixture_open(&f);
  peer *client = client_open(&f);
  serve(&f, client, 0, GET);
  pass(&f, 3000);
  CHECK_INT(f.relay->count.idle_origins, 1);
  pass(&f, 1100);
  CHECK_INT(f.relay->count.idle_origins, 0);
  RUN_UNTIL(&f, is_over(origin_peer(&f.origin, 0)));
  CHECK(ended_well(origin_peer(&f.origin, 0)));
  serve(&f, client, 1, GET);
  fixture_end(&f);
}

static void an_origin_that_tells_its_timeout_is_left_two_seconds_earlier(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  next_request(&f, origin);
  peer_say(origin, "HTTP/1.1 200 OK\r\nKeep-Alive: max=5, timeout=30\r\n"
                   "Content-Length: 3\r\n\r\nyes");
  RUN_UNTIL(&f, got_message(client));
  CHECK_INT(count_fields(take(client), "Keep-Alive"), 0);
  pass(&f, 27000);
  CHECK_INT(f.relay->count.idle_origins, 1);
  pass(&f, 1100);
  CHECK_INT(f.relay->count.idle_origins, 0);
  fixture_end(&f);
}

static void no_more_idle_connections_are_kept_than_the_limit(void) {
  fixture f;
  fixture_init(&f);
  f.options.idle_per_origin = 2;
  fixture_start(&f);
  peer *clients[4];
  for (size_t i = 0; i < 4; i++) clients[i] = ask(&f, GET), asked(&f, i);
  for (size_t i = 0; i < 4; i++) {
    peer_say(origin_peer(&f.origin, i), OK("yes"));
    RUN_UNTIL(&f, got_message(clients[i]));
  }
  CHECK_INT(f.relay->count.idle_origins, 2);
  RUN_UNTIL(&f, is_over(origin_peer(&f.origin, 3)));
  CHECK(ended_well(origin_peer(&f.origin, 3)));
  fixture_end(&f);
}

/* ---- a connection that went stale ---- */

static void an_idle_connection_that_the_origin_closed_is_not_used(void) {
  for (int reset = 0; reset < 2; reset++) {
    fixture f;
    fixture_open(&f);
    peer *client = client_open(&f);
    serve(&f, client, 0, GET);
    if (reset)
      peer_reset(origin_peer(&f.origin, 0));
    else
      peer_close(origin_peer(&f.origin, 0));
    RUN_UNTIL(&f, f.relay->count.idle_origins == 0);
    serve(&f, client, 1, POST);
    CHECK_INT(f.ends[1].stats.retries, 0);
    fixture_end(&f);
  }
}

static void stray_bytes_on_an_idle_connection_never_become_an_answer(void) {
  fixture f;
  fixture_open(&f);
  peer *client = client_open(&f);
  serve(&f, client, 0, GET);
  peer_say(origin_peer(&f.origin, 0), OK("bad"));
  RUN_UNTIL(&f, is_over(origin_peer(&f.origin, 0)));
  CHECK(ended_well(origin_peer(&f.origin, 0)));
  serve(&f, client, 1, GET);
  fixture_end(&f);
}

static void bytes_behind_an_answer_never_become_the_next_one(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, OK("yes") OK("bad"));
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 200, "yes");
  RUN_UNTIL(&f, is_over(origin));
  CHECK(ended_well(origin));
  serve(&f, client, 1, GET);
  fixture_end(&f);
}

/* The request and the origin's FIN, or its stray bytes, pass each other: both wait in the relay's
 * sockets when its turn begins, in this order or in that. */
typedef struct race {
  const char *name;
  bool stray, origin_first;
} race;

static const race races[] = {
    {"FIN, request", false, true},
    {"request, FIN", false, false},
    {"stray bytes, request", true, true},
    {"request, stray bytes", true, false},
};

static void speak_up(peer *origin, bool stray) {
  if (stray)
    peer_say(origin, OK("bad"));
  else
    peer_close(origin);
}

static void run_race(fixture *f, peer *client, const char *request, const race *r) {
  CHECK_CASE("%s: %s", r->name, request);
  serve(f, client, 0, GET);
  peer *origin = origin_peer(&f->origin, 0);
  if (r->origin_first) speak_up(origin, r->stray);
  peer_say(client, request);
  if (!r->origin_first) speak_up(origin, r->stray);
}

static void check_new_answer(fixture *f, peer *client) {
  peer *origin = asked(f, 1);
  CHECK(next_request(f, origin)->whole);
  peer_say(origin, OK("new"));
  RUN_UNTIL(f, got_message(client));
  CHECK_ANSWER(client, 200, "new");
}

static void a_post_never_goes_onto_a_connection_with_something_to_say(void) {
  for (size_t i = 0; i < sizeof races / sizeof *races; i++) {
    fixture f;
    fixture_open(&f);
    peer *client = client_open(&f);
    run_race(&f, client, POST, &races[i]);
    check_new_answer(&f, client);
    CHECK_INT(untaken(origin_peer(&f.origin, 0)), 0); /* the POST ran once */
    fixture_end(&f);
  }
}

static void a_get_that_met_a_fin_or_stray_bytes_is_asked_on_a_new_connection(void) {
  for (size_t i = 0; i < sizeof races / sizeof *races; i++) {
    fixture f;
    fixture_open(&f);
    peer *client = client_open(&f);
    run_race(&f, client, GET, &races[i]);
    check_new_answer(&f, client);
    fixture_end(&f);
  }
}

/* ---- a second try ---- */

/* A request reaches a connection that had served before, and the origin closes instead of
 * answering. */
static peer *lose(fixture *f, peer *client, const char *request, bool reset) {
  serve(f, client, 0, GET);
  peer *origin = origin_peer(&f->origin, 0);
  peer_say(client, request);
  next_request(f, origin);
  if (reset)
    peer_reset(origin);
  else
    peer_close(origin);
  return origin;
}

static void a_get_is_repeated_once_on_a_new_connection(void) {
  static const char *const requests[] = {GET, "PUT / HTTP/1.1\r\nHost: a\r\n\r\n",
                                         "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n",
                                         "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n"};
  for (size_t i = 0; i < 2 * sizeof requests / sizeof *requests; i++) {
    CHECK_CASE("%s %s", i % 2 ? "RST" : "FIN", requests[i / 2]);
    fixture f;
    fixture_open(&f);
    peer *client = client_open(&f);
    lose(&f, client, requests[i / 2], i % 2);
    peer *origin = asked(&f, 1);
    const message *again = next_request(&f, origin);
    CHECK(strncmp(again->head, requests[i / 2], 4) == 0);
    peer_say(origin, OK("new"));
    RUN_UNTIL(&f, got_message(client));
    CHECK_ANSWER(client, 200, "new");
    CHECK_INT(f.ends[1].stats.retries, 1);
    CHECK_INT(f.ends[1].stats.reused, 0);
    CHECK_INT(f.origin.count, 2);
    fixture_end(&f);
  }
}

static void a_second_loss_is_a_502(void) {
  fixture f;
  fixture_open(&f);
  peer *client = client_open(&f);
  lose(&f, client, GET, false);
  peer_close(asked(&f, 1));
  RUN_UNTIL(&f, got_message(client));
  CHECK_INT(take(client)->status, 502);
  settle(&f);
  CHECK_INT(f.origin.count, 2);
  CHECK_STR(weir_end_name(f.ends[1].end), "truncated");
  CHECK_INT(f.ends[1].stats.retries, 1);
  fixture_end(&f);
}

static void the_second_try_goes_to_no_idle_connection(void) {
  fixture f;
  fixture_open(&f);
  peer *clients[2] = {ask(&f, GET), ask(&f, GET)};
  for (size_t i = 0; i < 2; i++) next_request(&f, asked(&f, i));
  for (size_t i = 0; i < 2; i++) peer_say(origin_peer(&f.origin, i), OK("yes"));
  RUN_UNTIL(&f, f.relay->count.idle_origins == 2);
  peer_say(clients[0], GET);
  RUN_UNTIL(&f, got_message(origin_peer(&f.origin, 0)) || got_message(origin_peer(&f.origin, 1)));
  peer_close(origin_peer(&f.origin, got_message(origin_peer(&f.origin, 0)) ? 0 : 1));
  asked(&f, 2);
  fixture_end(&f);
}

static void a_post_is_never_repeated(void) {
  static const char *const requests[] = {
      POST,
      "POST / HTTP/1.1\r\nHost: a\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
      "PATCH / HTTP/1.1\r\nHost: a\r\n\r\n",
      "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody", /* its body has gone */
      "UNKNOWN / HTTP/1.1\r\nHost: a\r\n\r\n"};
  for (size_t i = 0; i < 2 * sizeof requests / sizeof *requests; i++) {
    CHECK_CASE("%s %s", i % 2 ? "RST" : "FIN", requests[i / 2]);
    fixture f;
    fixture_open(&f);
    peer *client = client_open(&f);
    lose(&f, client, requests[i / 2], i % 2);
    RUN_UNTIL(&f, got_message(client));
    CHECK_INT(take(client)->status, 502);
    settle(&f);
    CHECK_INT(f.origin.count, 1);
    CHECK_INT(f.ends[1].stats.retries, 0);
    fixture_end(&f);
  }
}

static void a_get_that_was_half_answered_is_not_repeated(void) {
  static const char *const starts[] = {"H", "HTTP/1.1 103 Early Hints\r\n\r\n",
                                       "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"};
  for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
    CHECK_CASE("%s", starts[i]);
    fixture f;
    fixture_open(&f);
    peer *client = client_open(&f), *origin;
    serve(&f, client, 0, GET);
    origin = origin_peer(&f.origin, 0);
    peer_say(client, GET);
    next_request(&f, origin);
    peer_say(origin, starts[i]);
    settle(&f);
    peer_close(origin);
    RUN_UNTIL(&f, f.end_count == 2);
    settle(&f);
    CHECK_INT(f.origin.count, 1);
    CHECK_STR(weir_end_name(f.ends[1].end), "truncated");
    fixture_end(&f);
  }
}

static void a_get_on_a_new_connection_is_not_repeated(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET);
  peer_close(asked(&f, 0));
  RUN_UNTIL(&f, got_message(client));
  CHECK_INT(take(client)->status, 502);
  settle(&f);
  CHECK_INT(f.origin.count, 1);
  fixture_end(&f);
}

/* ---- no connection at all ---- */

static void an_origin_that_refuses_is_a_502_and_served_again_when_it_is_back(void) {
  fixture f;
  fixture_open(&f);
  origin_stop(&f.origin);
  peer *client = ask(&f, GET);
  RUN_UNTIL(&f, got_message(client));
  CHECK_INT(take(client)->status, 502);
  CHECK_END(&f, WEIR_END_UNREACHABLE);
  origin_again(&f.origin);
  serve(&f, client, 0, GET);
  fixture_end(&f);
}

/* A label of 64 letters is none (RFC 1035, 2.3.4): no resolver is asked, so none can be slow. */
static void a_name_without_address_is_a_502(void) {
  fixture f;
  fixture_init(&f);
  f.origin_options.url =
      "http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.invalid";
  fixture_start(&f);
  peer *client = ask(&f, GET);
  RUN_UNTIL(&f, got_message(client));
  const message *m = take(client);
  CHECK_INT(m->status, 502);
  CHECK(!strstr(m->body, "invalid"));
  CHECK_END(&f, WEIR_END_UNREACHABLE);
  fixture_end(&f);
}

static void an_origin_may_be_named(void) {
  char url[URL_ROOM];
  fixture f;
  fixture_init(&f);
  print_url(url, "localhost", f.origin.port);
  f.origin_options.url = url;
  fixture_start(&f);
  peer *client = client_open(&f);
  serve(&f, client, 0, GET);
  fixture_end(&f);
}

static void an_origin_may_be_a_unix_socket(void) {
  char path[64], url[80];
  fixture f;
  fixture_init(&f);
  origin_close(&f.origin);
  settle(&f);
  snprintf(path, sizeof path, "/tmp/weir_keepalive_test.%d", (int)uv_os_getpid());
  snprintf(url, sizeof url, "unix:%s", path);
  origin_open(&f.origin, &f.loop, path);
  f.origin_options.url = url;
  fixture_start(&f);
  peer *client = client_open(&f);
  serve(&f, client, 0, GET);
  serve(&f, client, 0, GET);
  fixture_end(&f);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(requests_follow_each_other_on_one_connection);
  TEST(three_requests_of_one_write_are_answered_in_order);
  TEST(pipelined_requests_may_come_byte_by_byte);
  TEST(a_thousand_pipelined_requests_are_answered_here);
  TEST(a_pipelined_request_that_is_bad_ends_the_connection_behind_the_good_answer);
  TEST(connection_close_is_honoured_and_said);
  TEST(an_http_1_0_client_closes_unless_it_asks_not_to);
  TEST(an_http_1_0_client_may_keep_its_connection);
  TEST(the_clients_connection_survives_a_502);
  TEST(an_origin_connection_serves_other_clients_too);
  TEST(an_origin_that_says_close_is_not_asked_again);
  TEST(an_http_1_0_origin_may_keep_its_connection);
  TEST(an_idle_origin_connection_is_closed_after_four_seconds);
  TEST(an_origin_that_tells_its_timeout_is_left_two_seconds_earlier);
  TEST(no_more_idle_connections_are_kept_than_the_limit);
  TEST(an_idle_connection_that_the_origin_closed_is_not_used);
  TEST(stray_bytes_on_an_idle_connection_never_become_an_answer);
  TEST(bytes_behind_an_answer_never_become_the_next_one);
  TEST(a_post_never_goes_onto_a_connection_with_something_to_say);
  TEST(a_get_that_met_a_fin_or_stray_bytes_is_asked_on_a_new_connection);
  TEST(a_get_is_repeated_once_on_a_new_connection);
  TEST(a_second_loss_is_a_502);
  TEST(the_second_try_goes_to_no_idle_connection);
  TEST(a_post_is_never_repeated);
  TEST(a_get_that_was_half_answered_is_not_repeated);
  TEST(a_get_on_a_new_connection_is_not_repeated);
  TEST(an_origin_that_refuses_is_a_502_and_served_again_when_it_is_back);
  TEST(a_name_without_address_is_a_502);
  TEST(an_origin_may_be_named);
  TEST(an_origin_may_be_a_unix_socket);
  return check_end();
}
