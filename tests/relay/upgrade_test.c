/* Bytes become a tunnel only after a 101 that names what the client asked for, or a 2xx to an
 * allowed CONNECT. */
#include <stdio.h>

#include "support/fixture.h"
#include "weir/err.h"

enum { SECOND = 1000, KIB = 1024, MIB = 1024 * KIB };

#define WEBSOCKET \
  "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" \
  "Sec-WebSocket-Key: k\r\nSec-WebSocket-Version: 13\r\n\r\n"
#define SWITCHED \
  "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n" \
  "Sec-WebSocket-Accept: s\r\n\r\n"
#define CONNECT "CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\n\r\n"

/* A tunnel, open and silent. */
typedef struct tunnel {
  peer *client, *origin;
} tunnel;

static tunnel open_tunnel(fixture *f) {
  tunnel t = {.client = ask(f, WEBSOCKET)};
  t.origin = asked(f, 0);
  forget(t.origin);
  peer_say(t.origin, SWITCHED);
  RUN_UNTIL(f, got(t.client, "\r\n\r\n"));
  forget(t.client);
  return t;
}

static void check_passes(fixture *f, peer *from, peer *to, const char *text) {
  peer_say(from, text);
  RUN_UNTIL(f, got(to, text));
  CHECK_INT(untaken(to), strlen(text));
  forget(to);
}

/* ---- the handshake ---- */

static void a_websocket_becomes_a_tunnel_both_ways(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, WEBSOCKET), *origin = asked(&f, 0);
  const message *m = take(origin);
  CHECK(has_line(m, "Connection: upgrade") && has_line(m, "Upgrade: websocket"));
  CHECK(has_line(m, "Sec-WebSocket-Key: k"));
  CHECK_INT(count_fields(m, "Connection"), 1);
  peer_say(origin, SWITCHED);
  RUN_UNTIL(&f, got_message(client));
  m = take(client);
  CHECK_INT(m->status, 101);
  CHECK(has_line(m, "Connection: upgrade") && has_line(m, "Upgrade: websocket"));
  CHECK(has_line(m, "Sec-WebSocket-Accept: s"));
  for (int i = 0; i < 10; i++) {
    check_passes(&f, client, origin, "ping \r\n\r\n");
    check_passes(&f, origin, client, "pong HTTP/1.1 200 OK\r\n\r\n");
  }
  CHECK_INT(f.end_count, 0);
  fixture_end(&f);
}

static void bytes_that_came_with_the_101_follow_it(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, WEBSOCKET), *origin = asked(&f, 0);
  spy_on_client(&f);
  peer_say(origin, SWITCHED "first words");
  RUN_UNTIL(&f, got(client, "first words"));
  CHECK_INT(f.spy.writes, 1);
  CHECK_INT(take(client)->status, 101);
  CHECK_INT(untaken(client), 11);
  fixture_end(&f);
}

static void what_a_client_sends_too_early_waits_for_the_101(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, WEBSOCKET "early"), *origin = asked(&f, 0);
  take(origin);
  peer_say(client, " words");
  settle(&f);
  CHECK_INT(untaken(origin), 0);
  peer_say(origin, SWITCHED);
  RUN_UNTIL(&f, got(origin, "early words"));
  CHECK_INT(untaken(origin), 11);
  take(client);
  forget(origin);
  check_passes(&f, client, origin, "and on");
  check_passes(&f, origin, client, "and back");
  fixture_end(&f);
}

static void what_comes_too_early_is_bounded(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, WEBSOCKET), *origin = asked(&f, 0);
  take(origin);
  peer_pour(client, 20 * MIB);
  RUN_UNTIL(&f, last_down(&f)->ahead.len >= 64 * KIB);
  settle(&f);
  CHECK(held(&f) <= weir_relay_bytes_max(f.relay));
  CHECK(client->poured < 20 * MIB);
  CHECK_INT(untaken(origin), 0);
  peer_say(origin, SWITCHED);
  RUN_UNTIL(&f, untaken(origin) == 20 * MIB);
  CHECK(got_poured(origin, 20 * MIB));
  fixture_end(&f);
}

#define UPGRADE_POST "POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"

static void a_body_before_the_101_is_http_and_what_follows_it_is_not(void) {
  static const char *const bodies[] = {"Content-Length: 4\r\n\r\nbody",
                                       "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"};
  for (size_t i = 0; i < 2; i++) {
    CHECK_CASE("%s", bodies[i]);
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, UPGRADE_POST);
    peer_say(client, bodies[i]);
    peer_say(client, "early");
    peer *origin = asked(&f, 0);
    RUN_UNTIL(&f, got_message(origin));
    settle(&f);
    CHECK_STR(take(origin)->body, "body");
    CHECK_INT(untaken(origin), 0);
    peer_say(origin, SWITCHED);
    RUN_UNTIL(&f, got(origin, "early"));
    CHECK_INT(untaken(origin), 5);
    fixture_end(&f);
  }
}

/* Where the body ends and the tunnel begins could be told only by one who still reads HTTP. */
static void a_101_inside_the_request_body_is_a_502(void) {
  static const char *const bodies[] = {"Content-Length: 4\r\n\r\nbo",
                                       "Transfer-Encoding: chunked\r\n\r\n4\r\nbo"};
  for (size_t i = 0; i < 2; i++) {
    CHECK_CASE("%s", bodies[i]);
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, UPGRADE_POST);
    peer_say(client, bodies[i]);
    peer *origin = asked(&f, 0);
    RUN_UNTIL(&f, got(origin, "bo"));
    peer_say(origin, SWITCHED);
    RUN_UNTIL(&f, got_message(client));
    CHECK_INT(take(client)->status, 502);
    RUN_UNTIL(&f, is_over(origin));
    fixture_end(&f);
  }
}

/* ---- refused, or never asked for ---- */

static void an_origin_that_does_not_switch_answers_in_http(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, WEBSOCKET GET), *origin = asked(&f, 0);
  take(origin);
  peer_say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno");
  RUN_UNTIL(&f, got(origin, "\r\n\r\n")); /* the next request is HTTP again */
  CHECK_ANSWER(client, 200, "no");
  CHECK_INT(count_fields(take(origin), "Upgrade"), 0);
  peer_say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes");
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 200, "yes");
  CHECK_INT(f.origin.count, 1);
  fixture_end(&f);
}

static void a_101_that_nobody_asked_for_is_a_502(void) {
  static const struct {
    const char *request, *answer;
  } cases[] = {
      {GET, SWITCHED},
      {GET, "HTTP/1.1 101 Switching Protocols\r\n\r\n"},
      {WEBSOCKET,
       "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"},
      {WEBSOCKET, "HTTP/1.1 101 Switching Protocols\r\n\r\n"},
      {WEBSOCKET, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"},
      {WEBSOCKET, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
                  "Upgrade: websocket, other\r\n\r\n"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("%s%s", cases[i].request, cases[i].answer);
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, cases[i].request), *origin = asked(&f, 0);
    take(origin);
    peer_say(client, "secret");
    settle(&f);
    peer_say(origin, cases[i].answer);
    peer_say(origin, "smuggled");
    RUN_UNTIL(&f, got(client, "502"));
    CHECK_END(&f, WEIR_END_MALFORMED);
    CHECK_INT(only_end(&f)->stats.error, WEIR_EUPGRADE);
    RUN_UNTIL(&f, is_over(origin));
    CHECK(!got(client, "smuggled"));
    CHECK_INT(untaken(origin), 0);
    fixture_end(&f);
  }
}

static void what_may_not_pass_is_not_asked_for(void) {
  static const char *const upgrades[] = {
      "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM\r\n",
      "Connection: upgrade\r\nUpgrade: foo\r\n", "Connection: upgrade\r\nUpgrade: TLS/1.0\r\n",
      "Upgrade: websocket\r\n", /* Connection does not name it */
  };
  for (size_t i = 0; i < sizeof upgrades / sizeof *upgrades; i++) {
    char request[200];
    CHECK_CASE("%s", upgrades[i]);
    fixture f;
    fixture_open(&f);
    snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", upgrades[i]);
    peer *client = ask(&f, request);
    const message *m = take(asked(&f, 0));
    CHECK_INT(count_fields(m, "Upgrade") + count_fields(m, "Connection"), 0);
    CHECK_INT(count_fields(m, "HTTP2-Settings"), 0);
    peer_say(origin_peer(&f.origin, 0), OK_EMPTY);
    RUN_UNTIL(&f, got_message(client));
    CHECK_ANSWER(client, 200, "");
    fixture_end(&f);
  }
}

static void an_option_names_other_protocols_but_never_h2c(void) {
  fixture f;
  fixture_init(&f);
  f.options.upgrade_protocols = "foo, h2c, websocket";
  fixture_start(&f);
  peer *client = ask(&f, "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n"
                         "Upgrade: h2c, foo/2, bar\r\n\r\n");
  peer *origin = asked(&f, 0);
  const message *m = take(origin);
  CHECK(has_line(m, "Upgrade: foo/2"));
  peer_say(origin,
           "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: foo/2\r\n\r\n");
  RUN_UNTIL(&f, got_message(client));
  CHECK(has_line(take(client), "Upgrade: foo/2"));
  check_passes(&f, client, origin, "foo");
  fixture_end(&f);
}

static void no_protocol_passes_if_the_option_is_empty(void) {
  fixture f;
  fixture_init(&f);
  f.options.upgrade_protocols = "";
  fixture_start(&f);
  ask(&f, WEBSOCKET);
  CHECK_INT(count_fields(take(asked(&f, 0)), "Upgrade"), 0);
  fixture_end(&f);
}

static void http_1_0_asks_for_nothing(void) {
  fixture f;
  fixture_open(&f);
  ask(&f, "GET / HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
  CHECK_INT(count_fields(take(asked(&f, 0)), "Upgrade"), 0);
  fixture_end(&f);
}

/* ---- ends ---- */

static void each_direction_may_end_before_the_other(void) {
  for (int client_first = 0; client_first < 2; client_first++) {
    CHECK_CASE("%s first", client_first ? "client" : "origin");
    fixture f;
    fixture_open(&f);
    tunnel t = open_tunnel(&f);
    peer *first = client_first ? t.client : t.origin, *last = client_first ? t.origin : t.client;
    peer_say(first, "bye");
    peer_fin(first);
    RUN_UNTIL(&f, got(last, "bye") && ended_well(last));
    settle(&f);
    CHECK(!is_over(first));
    forget(last);
    check_passes(&f, last, first, "still here");
    check_passes(&f, last, first, "and here");
    CHECK_INT(f.end_count, 0);
    peer_fin(last);
    RUN_UNTIL(&f, ended_well(first));
    RUN_UNTIL(&f, f.end_count == 1);
    CHECK_END(&f, WEIR_END_COMPLETE);
    CHECK_INT(f.relay->count.idle_origins, 0);
    fixture_end(&f);
  }
}

static void a_reset_of_either_side_ends_the_other(void) {
  for (int client_first = 0; client_first < 2; client_first++) {
    CHECK_CASE("%s", client_first ? "client" : "origin");
    fixture f;
    fixture_open(&f);
    tunnel t = open_tunnel(&f);
    peer *first = client_first ? t.client : t.origin, *last = client_first ? t.origin : t.client;
    peer_reset(first);
    RUN_UNTIL(&f, is_over(last));
    CHECK_END(&f, client_first ? WEIR_END_CLIENT_GONE : WEIR_END_RESET);
    fixture_end(&f);
  }
}

/* Nothing in a tunnel says how long it is: where TLS could tell that the wire was cut, it does. */
static void over_tls_a_fin_without_close_notify_is_no_end_of_a_tunnel(void) {
  ONLY_SECURE("over plain TCP it is one");
  for (int client_first = !origin_is_secure(); client_first <= client_is_secure(); client_first++) {
    CHECK_CASE("%s", client_first ? "client" : "origin");
    fixture f;
    fixture_open(&f);
    tunnel t = open_tunnel(&f);
    peer *first = client_first ? t.client : t.origin, *last = client_first ? t.origin : t.client;
    peer_say(first, "words");
    RUN_UNTIL(&f, got(last, "words"));
    peer_die(first);
    for (int i = 0; i < 100 && !is_over(last); i++) pass(&f, 10), settle(&f);
    RUN_UNTIL(&f, is_over(last));
    CHECK(!ended_well(last));
    CHECK_END(&f, client_first ? WEIR_END_CLIENT_GONE : WEIR_END_TRUNCATED);
    CHECK_INT(only_end(&f)->stats.error, WEIR_ETLS_TRUNCATED);
    fixture_end(&f);
  }
}

static void a_client_may_send_fin_while_the_rest_of_a_cut_tunnel_reaches_it(void) {
  fixture f;
  fixture_open(&f);
  tunnel t = open_tunnel(&f);
  peer_stop(t.client);
  peer_pour(t.origin, 20 * MIB);
  RUN_UNTIL(&f, last_exchange(&f)->origin_paused);
  settle(&f);
  weir_exchange_abort(last_exchange(&f));
  CHECK_END(&f, WEIR_END_CUT);
  CHECK(weir__downstream_pending(last_down(&f)) > 0);
  peer_fin(t.client);
  settle(&f);
  peer_go(t.client);
  for (int i = 0; i < 100 && !is_over(t.client); i++) pass(&f, 10), settle(&f);
  RUN_UNTIL(&f, t.client->error == UV_ECONNRESET); /* a FIN would be the end of a tunnel */
  CHECK(is_poured(t.client->got + t.client->at, untaken(t.client)));
  fixture_end(&f);
}

static void a_tunnel_that_ended_serves_no_further_request(void) {
  fixture f;
  fixture_open(&f);
  tunnel t = open_tunnel(&f);
  peer_say(t.client, GET);
  RUN_UNTIL(&f, got(t.origin, GET)); /* it is no HTTP any more */
  peer_fin(t.client);
  peer_fin(t.origin);
  RUN_UNTIL(&f, is_over(t.client) && is_over(t.origin));
  CHECK_INT(f.relay->count.exchanges_total, 1);
  CHECK_INT(f.relay->count.idle_origins, 0);
  fixture_end(&f);
}

static void bytes_still_on_their_way_arrive_before_the_fin(void) {
  for (int to_client = 0; to_client < 2; to_client++) {
    CHECK_CASE("to the %s", to_client ? "client" : "origin");
    fixture f;
    fixture_open(&f);
    tunnel t = open_tunnel(&f);
    peer *from = to_client ? t.origin : t.client, *to = to_client ? t.client : t.origin;
    peer_stop(to);
    peer_pour(from, 20 * MIB);
    RUN_UNTIL(&f, to_client ? last_exchange(&f)->origin_paused : last_exchange(&f)->client_paused);
    peer_go(to);
    RUN_UNTIL(&f, from->poured == 20 * MIB);
    peer_fin(from);
    RUN_UNTIL(&f, is_over(to));
    CHECK(ended_well(to));
    CHECK(got_poured(to, 20 * MIB));
    fixture_end(&f);
  }
}

/* ---- flow and time ---- */

static void a_slow_side_pauses_the_other_one_in_bounded_memory(void) {
  for (int to_client = 0; to_client < 2; to_client++) {
    CHECK_CASE("to the %s", to_client ? "client" : "origin");
    fixture f;
    fixture_open(&f);
    tunnel t = open_tunnel(&f);
    peer *from = to_client ? t.origin : t.client, *to = to_client ? t.client : t.origin;
    f.alloc.peak_bytes = f.alloc.live_bytes;
    peer_stop(to);
    peer_pour(from, 32 * MIB);
    RUN_UNTIL(&f, to_client ? last_exchange(&f)->origin_paused : last_exchange(&f)->client_paused);
    settle(&f);
    CHECK(from->poured < 32 * MIB);
    check_passes(&f, to, from, "the other direction goes on");
    peer_go(to);
    RUN_UNTIL(&f, untaken(to) == 32 * MIB);
    CHECK(got_poured(to, 32 * MIB));
    CHECK(f.alloc.peak_bytes - f.idle_bytes <= weir_relay_bytes_max(f.relay));
    fixture_end(&f);
  }
}

static void a_silent_tunnel_ends_after_the_gap(void) {
  fixture f;
  fixture_open(&f);
  tunnel t = open_tunnel(&f);
  pass(&f, 250 * SECOND);
  check_passes(&f, t.client, t.origin, "ping");
  pass(&f, 250 * SECOND);
  check_passes(&f, t.origin, t.client, "pong");
  pass(&f, 299 * SECOND);
  settle(&f);
  CHECK_INT(f.end_count, 0);
  pass(&f, SECOND);
  CHECK_END(&f, WEIR_END_TIMEOUT);
  CHECK_STR(weir_timer_name(only_end(&f)->stats.timer), "gap");
  RUN_UNTIL(&f, is_over(t.client) && is_over(t.origin));
  fixture_end(&f);
}

static void no_timer_of_a_request_or_head_runs_in_a_tunnel(void) {
  fixture f;
  fixture_init(&f);
  f.options.gap_ms = WEIR_OFF;
  fixture_start(&f);
  tunnel t = open_tunnel(&f);
  check_passes(&f, t.client, t.origin, "ping");
  pass(&f, 10000 * SECOND);
  settle(&f);
  CHECK_INT(f.end_count, 0);
  check_passes(&f, t.origin, t.client, "pong");
  fixture_end(&f);
}

/* A direction that has ended cannot bring bytes: the other one keeps the gap from running out. */
static void a_half_closed_tunnel_lives_as_long_as_the_other_half_moves(void) {
  fixture f;
  fixture_open(&f);
  tunnel t = open_tunnel(&f);
  peer_fin(t.client);
  RUN_UNTIL(&f, ended_well(t.origin));
  for (int i = 0; i < 5; i++) {
    pass(&f, 200 * SECOND);
    check_passes(&f, t.origin, t.client, "tick");
  }
  pass(&f, 301 * SECOND);
  CHECK_END(&f, WEIR_END_TIMEOUT);
  fixture_end(&f);
}

static void an_idle_tunnel_keeps_no_buffers(void) {
  fixture f;
  fixture_open(&f);
  tunnel t = open_tunnel(&f);
  check_passes(&f, t.client, t.origin, "ping");
  check_passes(&f, t.origin, t.client, "pong");
  settle(&f);
  CHECK(held(&f) < 4096u + 1280u * ((size_t)client_is_secure() + origin_is_secure()));
  printf("    an idle tunnel holds %zu bytes\n", held(&f));
  fixture_end(&f);
}

static void stats_count_both_directions(void) {
  fixture f;
  fixture_open(&f);
  tunnel t = open_tunnel(&f);
  check_passes(&f, t.client, t.origin, "12345");
  check_passes(&f, t.origin, t.client, "123");
  check_passes(&f, t.origin, t.client, "4567");
  peer_close(t.origin);
  RUN_UNTIL(&f, ended_well(t.client));
  peer_close(t.client);
  RUN_UNTIL(&f, f.end_count == 1);
  const weir_stats *s = &only_end(&f)->stats;
  CHECK_INT(s->status, 101);
  CHECK_INT(s->request_bytes, 5);
  CHECK_INT(s->response_bytes, 7);
  CHECK_INT(s->chunks, 2);
  fixture_end(&f);
}

/* ---- CONNECT ---- */

static int allow(weir_exchange *ex, weir_head *head, void *user) {
  (void)head, (void)user;
  return weir_exchange_allow_connect(ex);
}

static void an_allowed_connect_becomes_a_tunnel_on_2xx(void) {
  fixture f;
  fixture_init(&f);
  f.hooks.on_request = allow;
  fixture_start(&f);
  peer *client = ask(&f, CONNECT "early"), *origin = asked(&f, 0);
  CHECK(got(origin, "CONNECT b.example:443 HTTP/1.1\r\n"));
  settle(&f);
  CHECK(!got(origin, "early"));
  forget(origin);
  peer_say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  RUN_UNTIL(&f, got(client, "hello") && got(origin, "early"));
  CHECK(!got(client, "Content-Length"));
  CHECK(!got(client, "chunked"));
  forget(origin), forget(client);
  check_passes(&f, client, origin, "ping");
  check_passes(&f, origin, client, "pong");
  fixture_end(&f);
}

static void a_connect_that_is_refused_stays_http(void) {
  fixture f;
  fixture_init(&f);
  f.hooks.on_request = allow;
  fixture_start(&f);
  peer *client = ask(&f, CONNECT), *origin = asked(&f, 0);
  take(origin);
  peer_say(origin, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 403, "no");
  RUN_UNTIL(&f, f.end_count == 1);
  CHECK_END(&f, WEIR_END_COMPLETE);
  fixture_end(&f);
}

static int claim_success(weir_exchange *ex, weir_head *head, void *user) {
  static const weir_answer ok = {WEIR_ANSWER_INIT, .status = 200, .body = "no", .body_len = 2};
  static const weir_answer no = {WEIR_ANSWER_INIT, .status = 403, .body = "no", .body_len = 2};
  (void)head, (void)user;
  weir_exchange_allow_connect(ex);
  CHECK_INT(weir_exchange_answer(ex, &ok), WEIR_EINVAL);
  return weir_exchange_answer(ex, &no);
}

/* RFC 9110, 9.3.6: behind a 2xx the tunnel begins. */
static void a_host_cannot_answer_a_connect_with_2xx(void) {
  fixture f;
  fixture_init(&f);
  f.hooks.on_request = claim_success;
  fixture_start(&f);
  peer *client = ask(&f, CONNECT);
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 403, "no");
  fixture_end(&f);
}

/* ---- the client leaves early ---- */

static void a_client_that_leaves_before_the_101_ends_the_origins_connection(void) {
  for (int reset = 0; reset < 2; reset++) {
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, WEBSOCKET), *origin = asked(&f, 0);
    if (reset)
      peer_reset(client);
    else
      peer_close(client);
    RUN_UNTIL(&f, is_over(origin));
    CHECK_END(&f, WEIR_END_CLIENT_GONE);
    fixture_end(&f);
  }
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_websocket_becomes_a_tunnel_both_ways);
  TEST(bytes_that_came_with_the_101_follow_it);
  TEST(what_a_client_sends_too_early_waits_for_the_101);
  TEST(what_comes_too_early_is_bounded);
  TEST(a_body_before_the_101_is_http_and_what_follows_it_is_not);
  TEST(a_101_inside_the_request_body_is_a_502);
  TEST(an_origin_that_does_not_switch_answers_in_http);
  TEST(a_101_that_nobody_asked_for_is_a_502);
  TEST(what_may_not_pass_is_not_asked_for);
  TEST(an_option_names_other_protocols_but_never_h2c);
  TEST(no_protocol_passes_if_the_option_is_empty);
  TEST(http_1_0_asks_for_nothing);
  TEST(each_direction_may_end_before_the_other);
  TEST(a_reset_of_either_side_ends_the_other);
  TEST(over_tls_a_fin_without_close_notify_is_no_end_of_a_tunnel);
  TEST(a_client_may_send_fin_while_the_rest_of_a_cut_tunnel_reaches_it);
  TEST(a_tunnel_that_ended_serves_no_further_request);
  TEST(bytes_still_on_their_way_arrive_before_the_fin);
  TEST(a_slow_side_pauses_the_other_one_in_bounded_memory);
  TEST(a_silent_tunnel_ends_after_the_gap);
  TEST(no_timer_of_a_request_or_head_runs_in_a_tunnel);
  TEST(a_half_closed_tunnel_lives_as_long_as_the_other_half_moves);
  TEST(an_idle_tunnel_keeps_no_buffers);
  TEST(stats_count_both_directions);
  TEST(an_allowed_connect_becomes_a_tunnel_on_2xx);
  TEST(a_connect_that_is_refused_stays_http);
  TEST(a_host_cannot_answer_a_connect_with_2xx);
  TEST(a_client_that_leaves_before_the_101_ends_the_origins_connection);
  return check_end();
}
