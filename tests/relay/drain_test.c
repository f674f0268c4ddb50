/* How a relay ends gently: weir_relay_drain(). */
#include <stdio.h>

#include "support/lent.h"

#define OK_TWO "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define GET_10 "GET / HTTP/1.0\r\nHost: a\r\n\r\n"

enum { FOREVER = 1000000 };

typedef struct report {
  fixture *f;
  unsigned calls;
  bool calling; /* drain is on the stack */
} report;

static void on_done(weir_relay *relay, void *user) {
  report *r = user;
  CHECK(relay == r->f->relay);
  CHECK(!r->calling);
  r->calls++;
}

static void drain(fixture *f, report *r, uint32_t ms) {
  r->f = f;
  r->calling = true;
  weir_relay_drain(f->relay, ms, on_done, r);
  r->calling = false;
}

static void check_done_once(fixture *f, const report *r) {
  RUN_UNTIL(f, r->calls == 1);
  settle(f);
  pass(f, FOREVER);
  settle(f);
  CHECK_INT(r->calls, 1);
}

/* ---- what ends at once ---- */

static void idle_connections_are_closed_at_once(void) {
  report r = {0};
  fixture f;
  fixture_init(&f);
  f.options.idle_origin_ms = WEIR_OFF;
  fixture_start(&f);
  peer *served = ask(&f, GET), *silent = client_open(&f), *origin = asked(&f, 0);
  peer_say(origin, OK_TWO);
  RUN_UNTIL(&f, f.end_count == 1 && f.relay->count.clients == 2);
  drain(&f, &r, FOREVER);
  RUN_UNTIL(&f, is_over(served) && is_over(silent) && is_over(origin));
  CHECK(ended_well(served) && ended_well(silent) && silent->got_len == 0);
  check_done_once(&f, &r);
  fixture_end(&f);
}

static void new_connections_are_refused(void) {
  report r = {0};
  fixture f;
  fixture_open(&f);
  ask(&f, GET);
  asked(&f, 0);
  drain(&f, &r, FOREVER);
  settle(&f);
  peer *late = client_open(&f);
  RUN_UNTIL(&f, is_over(late));
  CHECK_INT(late->error, UV_ECONNREFUSED);
  CHECK_INT(weir_relay_listen(f.relay, "127.0.0.1:0", NULL, NULL), WEIR_ESTATE);
  CHECK_INT(r.calls, 0);
  fixture_end(&f);
}

/* The relay's timer is all that is left to keep the loop going, and it does. */
static void done_comes_though_nothing_runs_and_nothing_else_lives(void) {
  for (int listening = 0; listening < 2; listening++) {
    report r = {0};
    fixture f;
    fixture_open(&f);
    origin_stop(&f.origin);
    if (!listening) lent_only(&f);
    settle(&f);
    drain(&f, &r, WEIR_OFF);
    CHECK_INT(r.calls, 0);
    CHECK_INT(uv_run(&f.loop.uv, UV_RUN_DEFAULT), 0);
    CHECK_INT(r.calls, 1);
    CHECK_INT(f.relay->count.exchanges_total, 0); /* it is still there */
    fixture_end(&f);
  }
}

static void done_may_be_left_out(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET);
  asked(&f, 0);
  weir_relay_drain(f.relay, 0, NULL, NULL);
  RUN_UNTIL(&f, is_over(client));
  CHECK_END(&f, WEIR_END_DRAINED);
  fixture_end(&f);
}

/* ---- what may finish ---- */

static void a_response_that_begins_during_a_drain_says_close(void) {
  static const char *const requests[] = {
      GET, GET_10, "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"};
  for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
    CHECK_CASE("%s", requests[i]);
    report r = {0};
    fixture f;
    fixture_init(&f);
    f.options.idle_origin_ms = WEIR_OFF;
    fixture_start(&f);
    peer *client = ask(&f, requests[i]), *origin = asked(&f, 0);
    drain(&f, &r, FOREVER);
    settle(&f);
    CHECK(!is_over(client) && !is_over(origin));
    peer_say(origin, OK_TWO);
    RUN_UNTIL(&f, is_over(client) && is_over(origin));
    const message *m = take(client);
    CHECK(ended_well(client) && m->whole && has_line(m, "Connection: close"));
    CHECK_END(&f, WEIR_END_COMPLETE);
    peer_close(client);
    check_done_once(&f, &r);
    fixture_end(&f);
  }
}

static void a_response_that_has_begun_goes_on_to_its_end(void) {
  report r = {0};
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET GET), *origin = asked(&f, 0);
  forget(origin);
  peer_say(origin, OK_CHUNKED "5\r\nhello\r\n");
  RUN_UNTIL(&f, got(client, "hello"));
  drain(&f, &r, FOREVER);
  for (int i = 0; i < 5; i++) {
    pass(&f, FOREVER / 10);
    peer_say(origin, "1\r\n.\r\n");
    settle(&f);
  }
  peer_say(origin, "0\r\n\r\n");
  RUN_UNTIL(&f, is_over(client));
  CHECK_ANSWER(client, 200, "hello.....");
  CHECK_INT(untaken(client) + untaken(origin), 0); /* the next request is not begun */
  CHECK_END(&f, WEIR_END_COMPLETE);
  CHECK_INT(r.calls, 0);
  peer_close(client);
  check_done_once(&f, &r);
  fixture_end(&f);
}

static void a_request_that_has_begun_is_served(void) {
  report r = {0};
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, "POST / HT");
  RUN_UNTIL(&f, last_down(&f) && last_down(&f)->state == WEIR__DOWN_HEAD);
  drain(&f, &r, FOREVER);
  peer_say(client, "TP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo");
  peer *origin = asked(&f, 0);
  peer_say(client, "dy");
  RUN_UNTIL(&f, got_message(origin));
  peer_say(origin, OK_TWO);
  RUN_UNTIL(&f, is_over(client));
  CHECK(has_line(take(client), "Connection: close"));
  CHECK_END(&f, WEIR_END_COMPLETE);
  peer_close(client);
  check_done_once(&f, &r);
  fixture_end(&f);
}

static void a_drain_without_a_deadline_waits_as_long_as_it_takes(void) {
  report r = {0};
  fixture f;
  fixture_init(&f);
  f.options.gap_ms = WEIR_OFF;
  fixture_start(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, OK_CHUNKED);
  RUN_UNTIL(&f, got(client, "\r\n\r\n"));
  drain(&f, &r, WEIR_OFF);
  pass(&f, 100ull * 86400 * 1000);
  settle(&f);
  CHECK_INT(f.end_count, 0);
  peer_say(origin, "2\r\nok\r\n0\r\n\r\n");
  RUN_UNTIL(&f, is_over(client));
  CHECK_ANSWER(client, 200, "ok");
  peer_close(client);
  check_done_once(&f, &r);
  fixture_end(&f);
}

/* Its FIN is waited for, but not for ever. */
static void a_client_that_does_not_close_cannot_hold_up_a_drain(void) {
  report r = {0};
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  drain(&f, &r, WEIR_OFF);
  peer_say(origin, OK_TWO);
  RUN_UNTIL(&f, is_over(client));
  CHECK_INT(r.calls, 0);
  pass(&f, 5000);
  check_done_once(&f, &r);
  fixture_end(&f);
}

/* ---- the deadline ---- */

static peer *stream(fixture *f, size_t n, const char *request, const char *head) {
  peer *client = ask(f, request);
  peer_say(asked(f, n), head);
  RUN_UNTIL(f, got(client, "\r\n\r\n"));
  return client;
}

static void the_deadline_cuts_what_still_runs(void) {
  report r = {0};
  fixture f;
  fixture_open(&f);
  peer *a = stream(&f, 0, GET, OK_CHUNKED), *b = stream(&f, 1, GET, OK_CLOSE), *c = ask(&f, GET);
  asked(&f, 2);
  drain(&f, &r, 5000);
  pass(&f, 4000);
  settle(&f);
  CHECK_INT(f.end_count, 0);
  pass(&f, 1000);
  CHECK_INT(f.end_count, 3);
  RUN_UNTIL(&f, is_over(a) && is_over(b) && is_over(c));
  for (size_t i = 0; i < 3; i++) CHECK_INT(f.ends[i].end, WEIR_END_DRAINED);
  CHECK(!take(a)->whole && !take(b)->whole && c->got_len == 0);
  for (size_t i = 0; i < 3; i++) RUN_UNTIL(&f, is_over(origin_peer(&f.origin, i)));
  check_done_once(&f, &r);
  fixture_end(&f);
}

static void a_deadline_of_zero_cuts_but_not_before_drain_returns(void) {
  report r = {0};
  fixture f;
  fixture_open(&f);
  stream(&f, 0, GET, OK_CHUNKED);
  drain(&f, &r, 0);
  CHECK_INT(f.end_count, 0);
  check_done_once(&f, &r);
  CHECK_END(&f, WEIR_END_DRAINED);
  fixture_end(&f);
}

static void a_tunnel_is_cut_at_the_deadline(void) {
  report r = {0};
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n"
                         "Upgrade: websocket\r\n\r\n");
  peer_say(asked(&f, 0), "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
                         "Upgrade: websocket\r\n\r\n");
  RUN_UNTIL(&f, got(client, "\r\n\r\n"));
  drain(&f, &r, 5000);
  peer_say(client, "still");
  RUN_UNTIL(&f, got(origin_peer(&f.origin, 0), "still"));
  pass(&f, 5000);
  CHECK_END(&f, WEIR_END_DRAINED);
  RUN_UNTIL(&f, is_over(client) && is_over(origin_peer(&f.origin, 0)));
  check_done_once(&f, &r);
  fixture_end(&f);
}

/* The end of a connection would be the end of such a body. */
static void a_cut_is_no_end_of_a_body_delimited_by_close(void) {
  for (int close = 0; close < 2; close++) {
    CHECK_CASE("%s", close ? "close" : "drain");
    report r = {0};
    fixture f;
    fixture_open(&f);
    peer *client = stream(&f, 0, GET_10, OK_CHUNKED "5\r\nhello\r\n");
    if (close)
      close_relay(&f);
    else
      drain(&f, &r, 0);
    RUN_UNTIL(&f, is_over(client));
    CHECK_INT(client->error, UV_ECONNRESET);
    CHECK_END(&f, WEIR_END_DRAINED);
    fixture_end(&f);
  }
}

/* ---- a second drain ---- */

static void a_second_drain_moves_the_deadline(void) {
  static const uint32_t first[] = {5000, 60000, WEIR_OFF}, second[] = {60000, 5000, 5000};
  for (size_t i = 0; i < 3; i++) {
    CHECK_CASE("from %u to %u", first[i], second[i]);
    report r = {0}, unused = {0};
    fixture f;
    fixture_open(&f);
    stream(&f, 0, GET, OK_CHUNKED);
    drain(&f, &r, first[i]);
    pass(&f, 3000);
    drain(&f, &unused, second[i]);
    pass(&f, second[i] - 1000);
    settle(&f);
    CHECK_INT(f.end_count, 0);
    pass(&f, 1000);
    CHECK_INT(f.end_count, 1);
    check_done_once(&f, &r);
    CHECK_INT(unused.calls, 0);
    fixture_end(&f);
  }
}

static void a_second_drain_cannot_hold_up_the_first_ones_report(void) {
  static const uint32_t second[] = {0, FOREVER, WEIR_OFF};
  for (size_t i = 0; i < 3; i++) {
    CHECK_CASE("%u", second[i]);
    report r = {0}, unused = {0};
    fixture f;
    fixture_open(&f);
    lent_only(&f);
    drain(&f, &r, 1000);
    drain(&f, &unused, second[i]);
    settle(&f);
    CHECK_INT(r.calls, 1);
    drain(&f, &unused, second[i]); /* there is nothing left to move */
    settle(&f);
    CHECK_INT(r.calls, 1);
    CHECK_INT(unused.calls, 0);
    fixture_end(&f);
  }
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(idle_connections_are_closed_at_once);
  TEST(new_connections_are_refused);
  TEST(done_comes_though_nothing_runs_and_nothing_else_lives);
  TEST(done_may_be_left_out);
  TEST(a_response_that_begins_during_a_drain_says_close);
  TEST(a_response_that_has_begun_goes_on_to_its_end);
  TEST(a_request_that_has_begun_is_served);
  TEST(a_drain_without_a_deadline_waits_as_long_as_it_takes);
  TEST(a_client_that_does_not_close_cannot_hold_up_a_drain);
  TEST(the_deadline_cuts_what_still_runs);
  TEST(a_deadline_of_zero_cuts_but_not_before_drain_returns);
  TEST(a_tunnel_is_cut_at_the_deadline);
  TEST(a_cut_is_no_end_of_a_body_delimited_by_close);
  TEST(a_second_drain_moves_the_deadline);
  TEST(a_second_drain_cannot_hold_up_the_first_ones_report);
  return check_end();
}
