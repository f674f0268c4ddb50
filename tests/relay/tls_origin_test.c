/* Origins over TLS: which are believed, what their ends mean, sessions that are resumed. What HTTP
 * looks like over it is what the other tests say when they run that way. */
#include <stdio.h>

#include "support/fixture.h"
#include "support/tls_end.h"

#define OK_TWO "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static const weir_counters *counts(const fixture *f) { return &f->relay->count; }

/* The origin as a weir_tls with these options, or with NULL as it usually is. */
static void open_with(fixture *f, const weir_tls_options *options, char url[URL_ROOM]) {
  weir_tls_options o = options ? *options : (weir_tls_options){WEIR_TLS_OPTIONS_INIT};
  o.sni = "good.test";
  weir_tls *own = options ? tls_origin(&o) : NULL;
  snprintf(url, URL_ROOM, "https://127.0.0.1:%d", f->origin.port);
  f->origin_options.url = url;
  f->origin_options.tls = own ? own : way_origin_tls();
  fixture_start(f);
  f->origin.secure = true;
  weir_tls_free(own); /* it is held */
}

static void open_(fixture *f, char url[URL_ROOM]) {
  fixture_init(f);
  open_with(f, NULL, url);
}

/* ---- who is believed ---- */

static void an_origin_that_is_not_believed_is_unreachable(void) {
  static const struct {
    weir_tls_options options;
    int error;
  } cases[] = {
      {{WEIR_TLS_OPTIONS_INIT, .ca = CA("stranger.crt"), .verify_name = "good.test"},
       WEIR_ETLS_UNKNOWN_CA},
      {{WEIR_TLS_OPTIONS_INIT, .ca = CA("root.crt"), .verify_name = "other.test"}, WEIR_ETLS_NAME},
      {{WEIR_TLS_OPTIONS_INIT, .ca = CA("root.crt"), .verify_name = "127.0.0.2"}, WEIR_ETLS_NAME},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char url[URL_ROOM];
    fixture f;
    CHECK_CASE("%s", weir_err_name(cases[i].error));
    fixture_init(&f);
    open_with(&f, &cases[i].options, url);
    peer *client = ask(&f, GET);
    RUN_UNTIL(&f, got_message(client));
    CHECK_ANSWER(client, 502, "502 Bad Gateway: no TLS connection to the origin\n");
    CHECK_END(&f, WEIR_END_UNREACHABLE);
    CHECK_INT(only_end(&f)->stats.error, cases[i].error);
    CHECK_INT(counts(&f)->origins_total, 0);
    CHECK_INT(origin_peer(&f.origin, 0)->got_len, 0);
    fixture_end(&f);
  }
}

static void whoever_answers_is_believed_only_where_the_option_says_so(void) {
  char url[URL_ROOM];
  fixture f;
  fixture_init(&f);
  open_with(&f, &(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .insecure_accept_any_certificate = 1},
            url);
  peer *client = ask(&f, GET);
  peer_say(asked(&f, 0), OK_TWO);
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 200, "ok");
  fixture_end(&f);
}

static void an_origin_that_speaks_no_tls_is_unreachable(void) {
  char url[URL_ROOM];
  fixture f;
  fixture_init(&f);
  open_with(&f, NULL, url);
  f.origin.secure = false;
  peer *client = ask(&f, GET);
  RUN_UNTIL(&f, f.origin.count == 1 && origin_peer(&f.origin, 0)->got_len);
  peer_say(origin_peer(&f.origin, 0), "HTTP/1.1 400 Bad Request\r\n\r\n");
  RUN_UNTIL(&f, got_message(client));
  CHECK_INT(take(client)->status, 502);
  CHECK_END(&f, WEIR_END_UNREACHABLE);
  CHECK_INT(only_end(&f)->stats.error, WEIR_ETLS_RECORD);
  fixture_end(&f);
}

/* CVE-2026-1642: who can write into the connection puts an answer in front of TLS, which then comes
 * about as if nothing had been. */
static void what_comes_in_front_of_tls_is_no_answer(void) {
  static const char forged[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
  char url[URL_ROOM];
  fixture f;
  fixture_init(&f);
  open_with(&f, NULL, url);
  f.origin.secure = false;
  peer *client = ask(&f, GET);
  RUN_UNTIL(&f, f.origin.count == 1);
  peer *origin = origin_peer(&f.origin, 0);
  peer_say(origin, forged);
  peer_secure(origin, peer_tls_server());
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 502, "502 Bad Gateway: no TLS connection to the origin\n");
  CHECK_INT(only_end(&f)->stats.error, WEIR_ETLS_RECORD);
  CHECK(!origin->tls->open);
  fixture_end(&f);
}

static void an_origin_that_leaves_in_the_handshake_is_unreachable(void) {
  char url[URL_ROOM];
  fixture f;
  open_(&f, url);
  f.origin.secure = false;
  peer *client = ask(&f, GET);
  RUN_UNTIL(&f, f.origin.count == 1 && origin_peer(&f.origin, 0)->got_len);
  peer_close(origin_peer(&f.origin, 0));
  RUN_UNTIL(&f, got_message(client));
  CHECK_INT(take(client)->status, 502);
  CHECK_END(&f, WEIR_END_UNREACHABLE);
  fixture_end(&f);
}

static void a_client_that_leaves_in_the_handshake_ends_it(void) {
  char url[URL_ROOM];
  fixture f;
  open_(&f, url);
  f.origin.secure = false;
  peer *client = ask(&f, GET);
  RUN_UNTIL(&f, f.origin.count == 1 && origin_peer(&f.origin, 0)->got_len);
  peer_close(client);
  RUN_UNTIL(&f, f.end_count && is_over(origin_peer(&f.origin, 0)));
  CHECK_END(&f, WEIR_END_CLIENT_GONE);
  fixture_end(&f);
}

static bool is_open(const fixture *f) {
  return f->relay->count.exchanges && last_exchange(f)->phase == WEIR__PHASE_WAITING;
}

static void the_relay_may_close_at_any_moment_of_the_handshake(void) {
  for (int turns = 0; turns < 16; turns++) {
    char url[URL_ROOM];
    fixture f;
    CHECK_CASE("after %d turns", turns);
    open_(&f, url);
    peer *client = client_new(&f);
    peer_connect(client, f.port);
    peer_say(client, GET);
    for (int i = 0; i < turns && !is_open(&f); i++) loop_turn(&f.loop);
    close_relay(&f);
    fixture_end(&f);
  }
}

/* connect_ms is for the connection, and has no say over the handshake any more. */
static void the_handshake_has_a_time_of_its_own(void) {
  char url[URL_ROOM];
  fixture f;
  fixture_init(&f);
  f.options.connect_ms = 1000;
  f.options.handshake_ms = 3000;
  open_with(&f, NULL, url);
  f.origin.secure = false;
  peer *client = ask(&f, GET);
  RUN_UNTIL(&f, f.origin.count == 1 && origin_peer(&f.origin, 0)->got_len);
  pass(&f, 2900);
  CHECK_INT(f.end_count, 0);
  pass(&f, 200);
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 504, "504 Gateway Timeout: no connection to the origin in time\n");
  CHECK_STR(weir_timer_name(only_end(&f)->stats.timer), "handshake");
  fixture_end(&f);
}

/* ---- ends ---- */

enum how { CLOSE_NOTIFY, BARE_FIN, RST };

static void check_close_delimited(enum how how, bool lax, enum weir_end end, int error) {
  weir_tls_options o = {WEIR_TLS_OPTIONS_INIT, .ca = CA("root.crt"), .verify_name = "good.test",
                        .ignore_missing_close_notify = lax};
  char url[URL_ROOM];
  fixture f;
  CHECK_CASE("%d, %s", how, lax ? "lax" : "strict");
  fixture_init(&f);
  open_with(&f, &o, url);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, OK_CLOSE "hello");
  RUN_UNTIL(&f, got(client, "hello"));
  how == RST ? peer_reset(origin) : how == BARE_FIN ? peer_die(origin) : peer_close(origin);
  RUN_UNTIL(&f, f.end_count);
  CHECK_END(&f, end);
  CHECK_INT(only_end(&f)->stats.error, error);
  RUN_UNTIL(&f, end == WEIR_END_UNMARKED ? got_message(client) : is_over(client));
  CHECK_INT(take(client)->whole, end == WEIR_END_UNMARKED);
  fixture_end(&f);
}

static void a_body_that_ends_with_the_connection_is_whole_only_behind_close_notify(void) {
  check_close_delimited(CLOSE_NOTIFY, false, WEIR_END_UNMARKED, 0);
  check_close_delimited(BARE_FIN, false, WEIR_END_TRUNCATED, WEIR_ETLS_TRUNCATED);
  check_close_delimited(BARE_FIN, true, WEIR_END_UNMARKED, 0);
  check_close_delimited(RST, false, WEIR_END_RESET, UV_ECONNRESET);
  check_close_delimited(RST, true, WEIR_END_RESET, UV_ECONNRESET);
}

static void a_body_with_an_end_of_its_own_needs_no_close_notify(void) {
  char url[URL_ROOM];
  fixture f;
  open_(&f, url);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, OK_CHUNKED "5\r\nhello\r\n0\r\n\r\n");
  peer_die(origin);
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 200, "hello");
  CHECK_END(&f, WEIR_END_COMPLETE);
  RUN_UNTIL(&f, counts(&f)->idle_origins == 0);
  fixture_end(&f);
}

static void an_origin_that_is_left_is_told_so(void) {
  char url[URL_ROOM];
  fixture f;
  open_(&f, url);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, OK_TWO);
  RUN_UNTIL(&f, got_message(client) && counts(&f)->idle_origins == 1);
  pass(&f, 4001);
  RUN_UNTIL(&f, is_over(origin));
  CHECK(ended_well(origin));
  fixture_end(&f);
}

/* ---- what is no data ---- */

static void stream_to(fixture *f, peer **client, peer **origin) {
  *client = ask(f, GET), *origin = asked(f, 0);
  peer_say(*origin, OK_CHUNKED "5\r\nhello\r\n");
  RUN_UNTIL(f, got(*client, "hello"));
  CHECK_INT(SSL_version((*origin)->tls->ssl), TLS1_3_VERSION);
}

/* Whatever the peer's OpenSSL has written by itself. */
static void send_out(fixture *f, peer *origin) {
  peer_send(origin, "", 0);
  settle(f);
}

static void tickets_do_not_feed_the_gap_timer(void) {
  char url[URL_ROOM];
  peer *client, *origin;
  fixture f;
  open_(&f, url);
  stream_to(&f, &client, &origin);
  pass(&f, 299000);
  size_t before = untaken(client);
  CHECK_INT(SSL_new_session_ticket(origin->tls->ssl), 1);
  CHECK_INT(SSL_do_handshake(origin->tls->ssl), 1);
  CHECK(peer_tls_out(origin->tls).len > 0);
  send_out(&f, origin);
  CHECK_INT(f.end_count, 0);
  CHECK_INT(untaken(client), before);
  pass(&f, 1001);
  CHECK_INT(f.end_count, 1);
  CHECK_END(&f, WEIR_END_TIMEOUT);
  CHECK_STR(weir_timer_name(only_end(&f)->stats.timer), "gap");
  fixture_end(&f);
}

/* Mbed TLS knows none: the connection ends, and says why. */
static void a_key_update_is_no_data(void) {
  char url[URL_ROOM];
  peer *client, *origin;
  fixture f;
  open_(&f, url);
  stream_to(&f, &client, &origin);
  CHECK_INT(SSL_key_update(origin->tls->ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
  CHECK_INT(SSL_do_handshake(origin->tls->ssl), 1);
  send_out(&f, origin);
  RUN_UNTIL(&f, f.end_count && is_over(client));
  CHECK_END(&f, WEIR_END_RESET);
  CHECK_INT(only_end(&f)->stats.error, WEIR_ETLS_MESSAGE);
  CHECK(!take(client)->whole);
  fixture_end(&f);
}

/* ---- sessions ---- */

static void check_resumes(int version, bool off) {
  weir_tls_options o = {WEIR_TLS_OPTIONS_INIT, .ca = CA("root.crt"), .verify_name = "good.test",
                        .max_version = version, .no_resumption = off};
  char url[URL_ROOM];
  fixture f;
  CHECK_CASE("%x, %s", version, off ? "off" : "on");
  fixture_init(&f);
  f.options.idle_per_origin = WEIR_OFF;
  f.options.idle_origin_ms = WEIR_OFF;
  open_with(&f, &o, url);
  for (size_t i = 0; i < 3; i++) {
    peer *client = ask(&f, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    peer *origin = asked(&f, i);
    CHECK_INT(SSL_session_reused(origin->tls->ssl), i && !off);
    peer_say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    RUN_UNTIL(&f, got_message(client));
  }
  CHECK_INT(counts(&f)->origins_total, 3);
  CHECK_INT(counts(&f)->resumed_total, off ? 0 : 2);
  fixture_end(&f);
}

static void the_next_connection_to_an_origin_resumes_its_session(void) {
  check_resumes(WEIR_TLS_1_2, false);
  check_resumes(WEIR_TLS_1_3, false);
  check_resumes(WEIR_TLS_1_2, true);
  check_resumes(WEIR_TLS_1_3, true);
}

#define OK_ONCE "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"

/* A first exchange, whose session the next one begins with. */
static void serve_once(fixture *f) {
  peer *client = ask(f, GET);
  peer_say(asked(f, 0), OK_ONCE);
  RUN_UNTIL(f, got_message(client));
}

/* Mbed TLS resumes with the version of the session and no other. */
static void check_changes(int before, int after) {
  weir_tls_options o = {WEIR_TLS_OPTIONS_INIT, .ca = CA("root.crt"), .verify_name = "good.test"};
  char url[URL_ROOM];
  fixture f;
  CHECK_CASE("from %x to %x", before, after);
  fixture_init(&f);
  open_with(&f, &o, url);
  f.origin.version = before;
  serve_once(&f);
  f.origin.version = after;
  peer *client = ask(&f, GET);
  peer_say(asked(&f, 2), OK_ONCE);
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 200, "ok");
  fixture_end(&f);
}

static void a_session_that_the_origin_fails_at_is_given_up(void) {
  check_changes(TLS1_3_VERSION, TLS1_2_VERSION);
  check_changes(TLS1_2_VERSION, TLS1_3_VERSION);
}

static void an_origin_is_tried_without_a_session_but_once(void) {
  char url[URL_ROOM];
  fixture f;
  open_(&f, url);
  serve_once(&f);
  f.origin.secure = false;
  peer *client = ask(&f, GET);
  for (size_t i = 1; i < 3; i++) {
    RUN_UNTIL(&f, f.origin.count == i + 1 && origin_peer(&f.origin, i)->got_len);
    peer_close(origin_peer(&f.origin, i));
  }
  RUN_UNTIL(&f, got_message(client));
  CHECK_INT(take(client)->status, 502);
  CHECK_INT(f.ends[1].stats.error, WEIR_ETLS_TRUNCATED);
  CHECK_INT(f.origin.count, 3);
  fixture_end(&f);
}

/* While the first stream still runs: its session came with the response head. */
static void a_second_stream_resumes_the_session_of_the_first(void) {
  char url[URL_ROOM];
  peer *client, *origin;
  fixture f;
  fixture_init(&f);
  open_with(
      &f,
      &(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .ca = CA("root.crt"), .verify_name = "good.test"},
      url);
  stream_to(&f, &client, &origin);
  ask(&f, GET);
  CHECK_INT(SSL_session_reused(asked(&f, 1)->tls->ssl), 1);
  CHECK_INT(counts(&f)->resumed_total, 1);
  fixture_end(&f);
}

static void an_idle_connection_is_used_again(void) {
  char url[URL_ROOM];
  fixture f;
  open_(&f, url);
  peer *client = client_open(&f);
  for (int i = 0; i < 3; i++) {
    peer_say(client, GET);
    peer *origin = asked(&f, 0);
    RUN_UNTIL(&f, got_message(origin));
    take(origin);
    peer_say(origin, OK_TWO);
    RUN_UNTIL(&f, got_message(client));
    CHECK_ANSWER(client, 200, "ok");
  }
  CHECK_INT(counts(&f)->origins_total, 1);
  fixture_end(&f);
}

/* ---- what may not be ---- */

static void tls_is_for_https_and_of_an_origin(void) {
  weir_upstream *upstream;
  fixture f;
  fixture_open(&f);
  weir_upstream_options o = {WEIR_UPSTREAM_OPTIONS_INIT, .url = "http://127.0.0.1:1",
                             .tls = way_origin_tls()};
  CHECK_INT(weir_upstream_new(&upstream, f.relay, &o), WEIR_EINVAL);
  o.url = "unix:/tmp/a";
  CHECK_INT(weir_upstream_new(&upstream, f.relay, &o), WEIR_EINVAL);
  o.url = "https://127.0.0.1:1", o.tls = way_listener_tls();
  CHECK_INT(weir_upstream_new(&upstream, f.relay, &o), WEIR_EINVAL);
  fixture_end(&f);
}

/* Debian's ca-certificates does not hold our authority. */
static void without_a_tls_the_system_says_who_is_believed(void) {
  char url[URL_ROOM];
  weir_upstream *upstream;
  fixture f;
  fixture_open(&f);
  f.origin.secure = true;
  snprintf(url, sizeof url, "https://localhost:%d", f.origin.port);
  weir_upstream_options o = {WEIR_UPSTREAM_OPTIONS_INIT, .url = url};
  CHECK_INT(weir_upstream_new(&upstream, f.relay, &o), 0);
  CHECK_INT(weir_upstream_new(&upstream, f.relay, &o), 0); /* shares what the first has read */
  CHECK_INT(weir_relay_route(f.relay, NULL, "/system/", upstream), 0);
  peer *client = ask(&f, "GET /system/ HTTP/1.1\r\nHost: a\r\n\r\n");
  RUN_UNTIL(&f, got_message(client));
  CHECK_INT(take(client)->status, 502);
  CHECK_INT(only_end(&f)->stats.error, WEIR_ETLS_UNKNOWN_CA);
  fixture_end(&f);
}

int main(void) {
  TEST(an_origin_that_is_not_believed_is_unreachable);
  TEST(whoever_answers_is_believed_only_where_the_option_says_so);
  TEST(an_origin_that_speaks_no_tls_is_unreachable);
  TEST(what_comes_in_front_of_tls_is_no_answer);
  TEST(an_origin_that_leaves_in_the_handshake_is_unreachable);
  TEST(a_client_that_leaves_in_the_handshake_ends_it);
  TEST(the_relay_may_close_at_any_moment_of_the_handshake);
  TEST(the_handshake_has_a_time_of_its_own);
  TEST(a_body_that_ends_with_the_connection_is_whole_only_behind_close_notify);
  TEST(a_body_with_an_end_of_its_own_needs_no_close_notify);
  TEST(an_origin_that_is_left_is_told_so);
  TEST(tickets_do_not_feed_the_gap_timer);
  TEST(a_key_update_is_no_data);
  TEST(the_next_connection_to_an_origin_resumes_its_session);
  TEST(a_session_that_the_origin_fails_at_is_given_up);
  TEST(an_origin_is_tried_without_a_session_but_once);
  TEST(a_second_stream_resumes_the_session_of_the_first);
  TEST(an_idle_connection_is_used_again);
  TEST(tls_is_for_https_and_of_an_origin);
  TEST(without_a_tls_the_system_says_who_is_believed);
  return check_end();
}
