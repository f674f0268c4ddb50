/* A client that moves a byte now and then is as one that is silent: its body and what it takes are
 * held to client_rate_min, and nobody is who is held up by somebody else. By a scripted clock. */
#include <stdio.h>

#include "support/fixture.h"

#define UPLOAD "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 104857600\r\n\r\n"
#define UPLOAD_CHUNKED "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
#define OK_2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

enum { SECOND = 1000, KIB = 1024, MIB = 1024 * KIB };

/* A piece of an upload every so often; returns how many came before its exchange had ended. */
static int drip(fixture *f, peer *client, const char *piece, int times, uint64_t every_ms) {
  for (int i = 0; i < times; i++) {
    peer_say(client, piece);
    settle(f);
    pass(f, every_ms);
    settle(f);
    if (f->end_count) return i + 1;
  }
  return times;
}

static void check_slow(fixture *f, peer *client) {
  const ended *e = only_end(f);
  CHECK_STR(weir_end_name(e->end), "timeout");
  CHECK_STR(weir_timer_name(e->stats.timer), "request_body");
  CHECK_INT(e->stats.status, 408);
  RUN_UNTIL(f, is_over(client));
  CHECK_INT(take(client)->status, 408);
}

/* ---- what it sends ---- */

static void a_body_of_a_byte_a_second_ends_after_a_minute(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, UPLOAD), *origin = asked(&f, 0);
  int bytes = drip(&f, client, "x", 100, SECOND);
  CHECK(bytes >= 58 && bytes <= 60); /* real time passes, too */
  check_slow(&f, client);
  RUN_UNTIL(&f, is_over(origin));
  fixture_end(&f);
}

static void chunks_of_a_byte_a_second_end_likewise(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, UPLOAD_CHUNKED);
  asked(&f, 0);
  int bytes = drip(&f, client, "1\r\nx\r\n", 100, SECOND);
  CHECK(bytes >= 58 && bytes <= 60);
  check_slow(&f, client);
  fixture_end(&f);
}

/* An extension, zeros of a size, trailers: none of it is body. */
static void framing_is_no_body(void) {
  static const char *const starts[] = {"5;", "5\r\nhello\r\n", "5\r\nhello\r\n0\r\nX: "};
  static const char *const pieces[] = {"a", "0", "y"};
  for (size_t i = 0; i < 3; i++) {
    CHECK_CASE("%s", starts[i]);
    fixture f;
    fixture_init(&f);
    f.options.client_rate_min = WEIR_OFF;
    fixture_start(&f);
    peer *client = ask(&f, UPLOAD_CHUNKED);
    asked(&f, 0);
    peer_say(client, starts[i]);
    CHECK(drip(&f, client, pieces[i], 100, SECOND) <= 61);
    check_slow(&f, client);
    fixture_end(&f);
  }
}

static void a_body_as_fast_as_asked_may_take_for_ever(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, UPLOAD);
  asked(&f, 0);
  char piece[201];
  snprintf(piece, sizeof piece, "%0*d", 200, 0);
  CHECK_INT(drip(&f, client, piece, 100, 10 * SECOND), 100);
  CHECK_INT(f.end_count, 0);
  fixture_end(&f);
}

static void a_body_may_be_silent_for_most_of_a_minute(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, UPLOAD);
  asked(&f, 0);
  char piece[961];
  snprintf(piece, sizeof piece, "%0*d", 960, 0);
  CHECK_INT(drip(&f, client, piece, 50, 58 * SECOND), 50);
  CHECK_INT(f.end_count, 0);
  fixture_end(&f);
}

/* Or who sent a megabyte at once would have bought hours. */
static void what_came_fast_before_counts_no_more(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, UPLOAD), *origin = asked(&f, 0);
  peer_pour(client, MIB);
  RUN_UNTIL(&f, untaken(origin) > MIB);
  CHECK(drip(&f, client, "x", 100, SECOND) <= 61);
  check_slow(&f, client);
  fixture_end(&f);
}

static void another_rate_can_be_asked(void) {
  fixture f;
  fixture_init(&f);
  f.options.client_rate_min = 1;
  f.options.request_body_ms = 10 * SECOND;
  fixture_start(&f);
  peer *client = ask(&f, UPLOAD);
  asked(&f, 0);
  CHECK_INT(drip(&f, client, "xx", 100, SECOND), 100);
  CHECK(drip(&f, client, "x", 100, 3 * SECOND) <= 4);
  check_slow(&f, client);
  fixture_end(&f);
}

static void with_no_rate_any_byte_will_do(void) {
  fixture f;
  fixture_init(&f);
  f.options.client_rate_min = WEIR_OFF;
  fixture_start(&f);
  peer *client = ask(&f, UPLOAD);
  asked(&f, 0);
  CHECK_INT(drip(&f, client, "x", 50, 58 * SECOND), 50);
  fixture_end(&f);
}

/* Heartbeats of a stream that goes both ways are no attack. */
static void a_client_that_is_being_answered_may_send_slowly(void) {
  fixture f;
  fixture_init(&f);
  f.options.gap_ms = WEIR_OFF; /* of the origin */
  fixture_start(&f);
  peer *client = ask(&f, UPLOAD), *origin = asked(&f, 0);
  peer_say(origin, OK_CHUNKED "5\r\nhello\r\n");
  RUN_UNTIL(&f, got(client, "hello"));
  CHECK_INT(drip(&f, client, "x", 20, 58 * SECOND), 20);
  CHECK_INT(f.end_count, 0);
  fixture_end(&f);
}

/* The answer is whole; the rest of the request is read only to keep the connection. */
static void what_nobody_wants_any_more_is_waited_for_no_longer(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, UPLOAD), *origin = asked(&f, 0);
  peer_say(origin, OK_2);
  RUN_UNTIL(&f, got_message(client));
  int bytes = drip(&f, client, "x", 100, SECOND);
  CHECK(bytes >= 58 && bytes <= 61);
  CHECK_END(&f, WEIR_END_COMPLETE);
  RUN_UNTIL(&f, is_over(client));
  fixture_end(&f);
}

static void a_client_that_an_origin_holds_up_is_not_slow(void) {
  fixture f;
  fixture_init(&f);
  f.options.head_ms = WEIR_OFF;
  fixture_start(&f);
  peer *client = ask(&f, UPLOAD), *origin = asked(&f, 0);
  peer_stop(origin);
  peer_pour(client, 50 * MIB);
  RUN_UNTIL(&f, last_exchange(&f)->client_paused);
  settle(&f);
  pass(&f, 1000 * SECOND);
  settle(&f);
  CHECK_INT(f.end_count, 0);
  peer_go(origin);
  RUN_UNTIL(&f, untaken(origin) > 50 * MIB);
  CHECK_INT(f.end_count, 0);
  fixture_end(&f);
}

/* ---- what it takes ---- */

/* Takes some 20 KiB of what waits, again and again; false when it was dropped. */
static bool sips(fixture *f, peer *client, int times) {
  for (int i = 0; i < times && f->relay->count.clients; i++) {
    size_t before = client->got_len;
    pass(f, 25 * SECOND);
    settle(f);
    peer_go(client);
    loop_wind(&f->loop);
    while (!is_over(client) && client->got_len < before + 20 * KIB && loop_turn(&f->loop)) {}
    peer_stop(client);
    settle(f);
  }
  return f->relay->count.clients > 0;
}

static peer *sipping_client(fixture *f, uint32_t rate) {
  fixture_init(f);
  f->options.client_rate_min = rate;
  fixture_start(f);
  peer *client = client_open_narrow(f);
  peer_say(client, GET);
  peer *origin = asked(f, 0);
  peer_say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n");
  peer_pour(origin, 1 * MIB);
  return client;
}

static void a_client_that_takes_too_little_of_what_waits_is_dropped(void) {
  for (int fast = 0; fast < 2; fast++) {
    CHECK_CASE("%s", fast ? "fast enough" : "too slow");
    fixture f;
    peer *client = sipping_client(&f, fast ? 16 : 4096);
    RUN_UNTIL(&f, last_exchange(&f)->origin_paused);
    settle(&f);
    CHECK_INT(sips(&f, client, 10), fast);
    CHECK_INT(f.end_count, !fast);
    if (!fast) {
      CHECK_END(&f, WEIR_END_TIMEOUT);
      CHECK_STR(weir_timer_name(only_end(&f)->stats.timer), "stall");
      peer_go(client);
      RUN_UNTIL(&f, is_over(client));
      CHECK_INT(client->error, UV_ECONNRESET); /* no FIN behind what it would have to take first */
    }
    fixture_end(&f);
  }
}

static void a_client_that_takes_too_little_of_the_rest_of_a_cut_answer_is_dropped(void) {
  for (int fast = 0; fast < 2; fast++) {
    CHECK_CASE("%s", fast ? "fast enough" : "too slow");
    fixture f;
    peer *client = sipping_client(&f, fast ? 16 : 4096);
    RUN_UNTIL(&f, last_exchange(&f)->origin_paused);
    settle(&f);
    weir_exchange_abort(last_exchange(&f));
    CHECK_END(&f, WEIR_END_CUT);
    CHECK_INT(sips(&f, client, 6), fast); /* ten may take all there is */
    fixture_end(&f);
  }
}

/* A stream of small events has nothing waiting, and is not looked at. */
static void a_slow_stream_has_no_slow_reader(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, OK_CHUNKED);
  for (int i = 0; i < 20; i++) {
    peer_say(origin, "1\r\nx\r\n");
    settle(&f);
    pass(&f, 200 * SECOND);
    settle(&f);
  }
  CHECK_INT(f.end_count, 0);
  CHECK(!is_over(client));
  fixture_end(&f);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_body_of_a_byte_a_second_ends_after_a_minute);
  TEST(chunks_of_a_byte_a_second_end_likewise);
  TEST(framing_is_no_body);
  TEST(a_body_as_fast_as_asked_may_take_for_ever);
  TEST(a_body_may_be_silent_for_most_of_a_minute);
  TEST(what_came_fast_before_counts_no_more);
  TEST(another_rate_can_be_asked);
  TEST(with_no_rate_any_byte_will_do);
  TEST(a_client_that_is_being_answered_may_send_slowly);
  TEST(what_nobody_wants_any_more_is_waited_for_no_longer);
  TEST(a_client_that_an_origin_holds_up_is_not_slow);
  TEST(a_client_that_takes_too_little_of_what_waits_is_dropped);
  TEST(a_client_that_takes_too_little_of_the_rest_of_a_cut_answer_is_dropped);
  TEST(a_slow_stream_has_no_slow_reader);
  return check_end();
}
