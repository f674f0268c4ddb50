/* Each timer runs out at its time and not before, by a scripted clock. */
#include <stdio.h>

#include "support/fixture.h"

#define POST "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"
#define POST_CHUNKED "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
#define OK_2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

enum { SECOND = 1000, KIB = 1024, MIB = 1024 * KIB };

/* Real time passes as well while a test runs; a second is more than any of them takes. */
static void check_fires_at(fixture *f, uint64_t ms) {
  size_t before = f->end_count;
  pass(f, ms - SECOND);
  settle(f);
  CHECK_INT(f->end_count, before);
  pass(f, SECOND);
  CHECK_INT(f->end_count, before + 1);
}

static void check_timeout(const fixture *f, enum weir_timer timer, int status) {
  const ended *e = only_end(f);
  CHECK_STR(weir_end_name(e->end), "timeout");
  CHECK_STR(weir_timer_name(e->stats.timer), weir_timer_name(timer));
  CHECK_INT(e->stats.status, status);
  CHECK_INT(e->stats.error, WEIR_ETIMEOUT);
}

/* ---- connect ---- */

static void connecting_takes_five_seconds_at_most(void) {
  char url[URL_ROOM];
  black_hole hole;
  fixture f;
  black_hole_open(&hole);
  fixture_init(&f);
  print_url(url, "127.0.0.1", hole.port);
  f.origin_options.url = url;
  fixture_start(&f);
  peer *client = ask(&f, GET);
  RUN_UNTIL(&f, last_down(&f) && last_exchange(&f));
  check_fires_at(&f, 5 * SECOND);
  check_timeout(&f, WEIR_TIMER_CONNECT, 504);
  RUN_UNTIL(&f, got_message(client));
  CHECK_INT(take(client)->status, 504);
  RUN_UNTIL(&f, f.relay->io.live == 2); /* the listener and the client: no attempt goes on */
  fixture_end(&f);
  black_hole_close(&hole);
}

/* ---- head ---- */

static void a_head_may_take_five_minutes(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  check_fires_at(&f, 300 * SECOND);
  check_timeout(&f, WEIR_TIMER_HEAD, 504);
  RUN_UNTIL(&f, got_message(client));
  CHECK_INT(take(client)->status, 504);
  RUN_UNTIL(&f, is_over(origin));
  peer_say(client, GET); /* the connection serves on */
  peer_say(asked(&f, 1), OK_2);
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 200, "ok");
  fixture_end(&f);
}

static void the_head_timer_begins_with_the_last_request_byte(void) {
  fixture f;
  fixture_init(&f);
  f.options.head_ms = 50 * SECOND;
  f.options.request_body_ms = 50 * SECOND;
  fixture_start(&f);
  peer *client = ask(&f, POST "12345"), *origin = asked(&f, 0);
  RUN_UNTIL(&f, got(origin, "12345"));
  pass(&f, 40 * SECOND);
  peer_say(client, "67890");
  RUN_UNTIL(&f, got(origin, "67890"));
  check_fires_at(&f, 50 * SECOND);
  check_timeout(&f, WEIR_TIMER_HEAD, 504);
  fixture_end(&f);
}

static void an_interim_response_begins_the_wait_for_the_head_anew(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  for (int i = 0; i < 3; i++) {
    pass(&f, 200 * SECOND);
    peer_say(origin, "HTTP/1.1 103 Early Hints\r\n\r\n");
    RUN_UNTIL(&f, got_message(client));
    take(client);
  }
  check_fires_at(&f, 300 * SECOND);
  check_timeout(&f, WEIR_TIMER_HEAD, 504);
  fixture_end(&f);
}

static void half_a_head_does_not_stop_the_timer(void) {
  fixture f;
  fixture_open(&f);
  ask(&f, GET);
  peer *origin = asked(&f, 0);
  pass(&f, 200 * SECOND);
  peer_say(origin, "HTTP/1.1 200 OK\r\n");
  settle(&f);
  pass(&f, 101 * SECOND);
  check_timeout(&f, WEIR_TIMER_HEAD, 504);
  fixture_end(&f);
}

/* An origin that takes nothing of a request does not answer it either. */
static void an_origin_that_stops_reading_an_upload_runs_into_the_head_timer(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 104857600\r\n\r\n");
  peer *origin = asked(&f, 0);
  peer_stop(origin);
  peer_pour(client, 100 * MIB);
  RUN_UNTIL(&f, last_exchange(&f)->client_paused);
  settle(&f);
  pass(&f, 299 * SECOND);
  settle(&f);
  CHECK(!is_over(origin));
  pass(&f, SECOND);
  RUN_UNTIL(&f, f.end_count == 1); /* once enough of the rest was dropped */
  check_timeout(&f, WEIR_TIMER_HEAD, 504);
  fixture_end(&f);
}

/* ---- gap ---- */

static void a_stream_may_be_silent_for_five_minutes(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, OK_CHUNKED "5\r\nhello\r\n");
  RUN_UNTIL(&f, got(client, "hello"));
  check_fires_at(&f, 300 * SECOND);
  check_timeout(&f, WEIR_TIMER_GAP, 200);
  RUN_UNTIL(&f, is_over(client));
  const message *m = take(client);
  CHECK_STR(m->body, "hello");
  CHECK(!m->whole);
  RUN_UNTIL(&f, is_over(origin));
  fixture_end(&f);
}

static void the_gap_begins_with_the_head(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  pass(&f, 200 * SECOND);
  peer_say(origin, OK_CHUNKED);
  RUN_UNTIL(&f, got(client, "\r\n\r\n"));
  check_fires_at(&f, 300 * SECOND);
  check_timeout(&f, WEIR_TIMER_GAP, 200);
  fixture_end(&f);
}

static void each_read_begins_the_gap_anew(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, OK_CHUNKED);
  for (int i = 0; i < 5; i++) {
    RUN_UNTIL(&f, got(client, "\r\n"));
    forget(client);
    pass(&f, 290 * SECOND);
    peer_say(origin, "1\r\na\r\n");
  }
  RUN_UNTIL(&f, got(client, "a\r\n"));
  check_fires_at(&f, 300 * SECOND);
  CHECK(only_end(&f)->stats.longest_gap_ms >= 290 * SECOND);
  CHECK(only_end(&f)->stats.longest_gap_ms < 291 * SECOND);
  fixture_end(&f);
}

static void the_gap_does_not_run_while_the_client_is_what_we_wait_for(void) {
  fixture f;
  fixture_init(&f);
  f.options.stall_ms = WEIR_OFF;
  fixture_start(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_stop(client);
  peer_say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n");
  peer_pour(origin, 30 * MIB);
  RUN_UNTIL(&f, last_exchange(&f)->origin_paused);
  pass(&f, 1000 * SECOND);
  settle(&f);
  CHECK_INT(f.end_count, 0);
  peer_go(client);
  RUN_UNTIL(&f, client->got_len > 30 * MIB);
  settle(&f);
  check_fires_at(&f, 300 * SECOND);
  check_timeout(&f, WEIR_TIMER_GAP, 200);
  fixture_end(&f);
}

/* The origin says nothing more after it was paused. */
static void the_gap_runs_on_when_the_client_has_taken_all(void) {
  fixture f;
  fixture_open(&f);
  peer *client = client_open_narrow(&f);
  peer_say(client, GET);
  peer *origin = asked(&f, 0);
  peer_say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n");
  RUN_UNTIL(&f, last_exchange(&f)->head_sent);
  while (!last_exchange(&f)->origin_paused && !f.loop.late) {
    peer_pour(origin, 16 * KIB);
    RUN_UNTIL(&f, last_exchange(&f)->stats.response_bytes == origin->poured);
  }
  peer_go(client);
  RUN_UNTIL(&f, client->got_len > origin->poured);
  settle(&f);
  check_fires_at(&f, 300 * SECOND);
  check_timeout(&f, WEIR_TIMER_GAP, 200);
  fixture_end(&f);
}

static void an_upload_that_goes_on_is_no_gap_of_the_response(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, POST_CHUNKED "1\r\na\r\n"), *origin = asked(&f, 0);
  peer_say(origin, OK_CHUNKED);
  RUN_UNTIL(&f, got(client, "\r\n\r\n"));
  for (int i = 0; i < 6; i++) {
    pass(&f, 55 * SECOND);
    peer_say(client, "1\r\nb\r\n");
    forget(origin);
    RUN_UNTIL(&f, got(origin, "b") || f.end_count);
  }
  check_timeout(&f, WEIR_TIMER_GAP, 200); /* the response was silent all the same */
  fixture_end(&f);
}

/* ---- total ---- */

static void a_total_ends_a_healthy_stream_only_when_asked_for(void) {
  for (int set = 0; set < 2; set++) {
    fixture f;
    fixture_init(&f);
    if (set) f.options.total_ms = 1000 * SECOND;
    fixture_start(&f);
    peer *client = ask(&f, GET), *origin = asked(&f, 0);
    peer_say(origin, OK_CHUNKED);
    for (int i = 0; i < 10; i++) {
      RUN_UNTIL(&f, got(client, "\r\n"));
      forget(client);
      pass(&f, 99 * SECOND);
      CHECK_INT(f.end_count, 0);
      peer_say(origin, "1\r\na\r\n");
    }
    RUN_UNTIL(&f, got(client, "a\r\n"));
    pass(&f, 10 * SECOND);
    CHECK_INT(f.end_count, set);
    if (set) check_timeout(&f, WEIR_TIMER_TOTAL, 200);
    fixture_end(&f);
  }
}

static void a_total_before_the_head_is_a_504(void) {
  fixture f;
  fixture_init(&f);
  f.options.total_ms = 100 * SECOND;
  fixture_start(&f);
  peer *client = ask(&f, GET);
  asked(&f, 0);
  check_fires_at(&f, 100 * SECOND);
  check_timeout(&f, WEIR_TIMER_TOTAL, 504);
  RUN_UNTIL(&f, got_message(client));
  fixture_end(&f);
}

/* ---- stall ---- */

static peer *stall(fixture *f, peer **origin) {
  peer *client = ask(f, GET);
  *origin = asked(f, 0);
  peer_stop(client);
  peer_say(*origin, "HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n");
  peer_pour(*origin, 100 * MIB);
  RUN_UNTIL(f, last_exchange(f)->origin_paused);
  settle(f);
  return client;
}

/* It looks four times as often as the limit says, so it may be a quarter late. */
static void a_client_that_takes_nothing_for_a_minute_is_dropped(void) {
  fixture f;
  fixture_open(&f);
  peer *origin, *client = stall(&f, &origin);
  pass(&f, 58 * SECOND);
  CHECK_INT(f.end_count, 0);
  pass(&f, 18 * SECOND);
  CHECK_INT(f.end_count, 1);
  check_timeout(&f, WEIR_TIMER_STALL, 200);
  RUN_UNTIL(&f, is_over(origin));
  RUN_UNTIL(&f, f.relay->count.clients == 0);
  peer_go(client);
  fixture_end(&f);
}

/* A slow client is not a dead one. */
static void a_client_that_takes_a_little_now_and_then_is_not_stalled(void) {
  fixture f;
  fixture_open(&f);
  peer *origin, *client = stall(&f, &origin);
  for (int i = 0; i < 10; i++) {
    size_t before = client->got_len;
    pass(&f, 40 * SECOND);
    CHECK_INT(f.end_count, 0);
    peer_go(client);
    RUN_UNTIL(&f, client->got_len > before + 4 * MIB);
    peer_stop(client);
    settle(&f);
  }
  CHECK_INT(f.end_count, 0);
  fixture_end(&f);
}

/* Each time it takes less than would make the relay's socket take what waits. */
static void nor_is_one_that_takes_a_little_of_what_waits(void) {
  fixture f;
  fixture_open(&f);
  peer *client = client_open_narrow(&f);
  peer_say(client, GET);
  peer *origin = asked(&f, 0);
  peer_say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n");
  peer_pour(origin, 50 * MIB);
  RUN_UNTIL(&f, last_exchange(&f)->origin_paused);
  settle(&f);
  for (int i = 0; i < 6; i++) {
    size_t before = weir__downstream_pending(last_down(&f));
    pass(&f, 40 * SECOND);
    if (!CHECK_INT(f.end_count, 0)) break;
    peer_go(client); /* how much that must be, the system decides */
    RUN_UNTIL(&f, weir__downstream_pending(last_down(&f)) < before);
    peer_stop(client);
    settle(&f);
  }
  CHECK(last_exchange(&f) && last_exchange(&f)->origin_paused); /* all that time */
  fixture_end(&f);
}

/* The relay's kernel holds megabytes of a file by then, and mostly takes more when a third has gone. */
static void a_slow_download_is_not_stalled_while_the_kernel_has_enough(void) {
  int window = 128 * KIB;
  fixture f;
  fixture_open(&f);
  peer *client = client_open(&f);
  RUN_UNTIL(&f, client->connected);
  CHECK_INT(uv_recv_buffer_size(&client->handle.any, &window), 0);
  peer_say(client, GET);
  peer *origin = asked(&f, 0);
  peer_say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n");
  peer_pour(origin, 100 * MIB);
  RUN_UNTIL(&f, client->got_len > 20 * MIB);
  peer_stop(client);
  RUN_UNTIL(&f, last_exchange(&f)->origin_paused);
  settle(&f);
  for (int i = 0; i < 3; i++) {
    size_t before = client->got_len;
    pass(&f, 40 * SECOND);
    if (!CHECK_INT(f.end_count, 0)) break;
    peer_go(client);
    RUN_UNTIL(&f, client->got_len > before + 64 * KIB);
    peer_stop(client);
    settle(&f);
  }
  fixture_end(&f);
}

static void a_client_that_takes_its_rest_too_slowly_is_dropped_after_the_end_too(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_stop(client);
  peer_say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n");
  peer_pour(origin, 100 * MIB);
  RUN_UNTIL(&f, last_exchange(&f)->origin_paused);
  peer_reset(origin);
  settle(&f);
  pass(&f,
       300 * SECOND); /* the origin's reset shows when it is read again; the stall comes first */
  CHECK_INT(f.end_count, 1);
  RUN_UNTIL(&f, f.relay->count.clients == 0);
  fixture_end(&f);
}

/* ---- the request ---- */

static void a_request_head_may_take_ten_seconds(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, "GET / HT");
  RUN_UNTIL(&f, last_down(&f) && last_down(&f)->state == WEIR__DOWN_HEAD);
  pass(&f, 9 * SECOND);
  settle(&f);
  CHECK_INT(client->got_len, 0);
  pass(&f, 1 * SECOND);
  RUN_UNTIL(&f, is_over(client));
  CHECK_INT(take(client)->status, 408);
  CHECK_INT(f.end_count, 0);
  fixture_end(&f);
}

static void bytes_of_a_head_do_not_buy_more_time(void) {
  for (int later = 0; later < 2; later++) {
    CHECK_CASE("%s request", later ? "a later" : "the first");
    fixture f;
    fixture_open(&f);
    peer *client = client_open(&f);
    if (later) {
      peer_say(client, GET);
      peer_say(asked(&f, 0), OK_2);
      RUN_UNTIL(&f, got_message(client));
      take(client);
    }
    peer_say(client, "GET / HTTP/1.1\r\n");
    RUN_UNTIL(&f, last_down(&f) && last_down(&f)->state == WEIR__DOWN_HEAD);
    for (int i = 0; i < 9; i++) {
      pass(&f, SECOND);
      peer_say(client, "A: b\r\n");
      settle(&f);
    }
    CHECK_INT(untaken(client), 0);
    pass(&f, SECOND);
    RUN_UNTIL(&f, is_over(client));
    CHECK_INT(take(client)->status, 408);
    fixture_end(&f);
  }
}

static void a_connection_that_says_nothing_is_closed_after_ten_seconds(void) {
  fixture f;
  fixture_open(&f);
  peer *client = client_open(&f);
  RUN_UNTIL(&f, f.relay->count.clients == 1);
  pass(&f, 9 * SECOND);
  settle(&f);
  CHECK(!is_over(client));
  pass(&f, SECOND);
  RUN_UNTIL(&f, is_over(client));
  CHECK_INT(client->got_len, 0);
  fixture_end(&f);
}

static void a_later_head_has_its_ten_seconds_from_its_first_byte_on(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, OK_2);
  RUN_UNTIL(&f, got_message(client));
  take(client);
  pass(&f, 70 * SECOND);
  peer_say(client, "G");
  RUN_UNTIL(&f, last_down(&f)->state == WEIR__DOWN_HEAD);
  pass(&f, 9 * SECOND);
  settle(&f);
  CHECK_INT(untaken(client), 0);
  pass(&f, SECOND);
  RUN_UNTIL(&f, is_over(client));
  CHECK_INT(take(client)->status, 408);
  fixture_end(&f);
}

static void a_request_body_may_pause_for_a_minute(void) {
  fixture f;
  fixture_init(&f);
  f.options.client_rate_min = WEIR_OFF;
  fixture_start(&f);
  peer *client = ask(&f, POST "123"), *origin = asked(&f, 0);
  RUN_UNTIL(&f, got(origin, "123"));
  pass(&f, 55 * SECOND);
  peer_say(client, "4");
  RUN_UNTIL(&f, got(origin, "1234"));
  check_fires_at(&f, 60 * SECOND);
  check_timeout(&f, WEIR_TIMER_REQUEST_BODY, 408);
  RUN_UNTIL(&f, is_over(client));
  const message *m = take(client);
  CHECK_INT(m->status, 408);
  CHECK(has_line(m, "Connection: close"));
  RUN_UNTIL(&f, is_over(origin));
  fixture_end(&f);
}

static void a_body_that_does_not_begin_is_a_pause_too(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, POST);
  asked(&f, 0);
  check_fires_at(&f, 60 * SECOND);
  check_timeout(&f, WEIR_TIMER_REQUEST_BODY, 408);
  RUN_UNTIL(&f, is_over(client));
  fixture_end(&f);
}

static void a_client_that_waits_for_100_continue_is_not_slow(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                         "Content-Length: 4\r\n\r\n");
  peer *origin = asked(&f, 0);
  pass(&f, 100 * SECOND);
  settle(&f);
  CHECK_INT(f.end_count, 0);
  peer_say(origin, "HTTP/1.1 100 Continue\r\n\r\n");
  RUN_UNTIL(&f, got_message(client));
  CHECK_INT(take(client)->status, 100);
  check_fires_at(&f, 60 * SECOND); /* now it is */
  check_timeout(&f, WEIR_TIMER_REQUEST_BODY, 408);
  fixture_end(&f);
}

/* ---- between requests ---- */

static void an_idle_client_connection_is_closed_after_75_seconds(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, OK_2);
  RUN_UNTIL(&f, got_message(client));
  take(client);
  pass(&f, 74 * SECOND);
  settle(&f);
  CHECK(!is_over(client));
  pass(&f, SECOND);
  RUN_UNTIL(&f, is_over(client));
  CHECK(ended_well(client));
  CHECK_INT(untaken(client), 0);
  fixture_end(&f);
}

/* ---- the host may have its say ---- */

static int extend_twice(weir_exchange *ex, enum weir_timer timer, void *user) {
  fixture *f = user;
  int *left = f->test;
  (void)ex, (void)timer;
  return (*left)-- > 0 ? WEIR_TIMEOUT_EXTEND : WEIR_TIMEOUT_END;
}

static void a_host_may_let_a_timer_run_once_more(void) {
  int left = 2;
  fixture f;
  fixture_init(&f);
  f.hooks.on_timeout = extend_twice;
  f.test = &left;
  fixture_start(&f);
  ask(&f, GET);
  asked(&f, 0);
  pass(&f, 300 * SECOND);
  CHECK_INT(left, 1);
  pass(&f, 300 * SECOND);
  CHECK_INT(left, 0);
  CHECK_INT(f.end_count, 0);
  check_fires_at(&f, 300 * SECOND);
  check_timeout(&f, WEIR_TIMER_HEAD, 504);
  fixture_end(&f);
}

static int answer_late(weir_exchange *ex, enum weir_timer timer, void *user) {
  const weir_event_options none = {WEIR_EVENT_OPTIONS_INIT};
  CHECK_INT(weir_exchange_set_events(ex, &none), WEIR_ESTATE);
  (void)timer, (void)user;
  weir_answer a = {WEIR_ANSWER_INIT, .status = 503, .body = "busy", .body_len = 4};
  CHECK_INT(weir_exchange_answer(ex, &a), 0);
  return WEIR_TIMEOUT_END;
}

static void a_host_may_answer_instead(void) {
  fixture f;
  fixture_init(&f);
  f.hooks.on_timeout = answer_late;
  fixture_start(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  pass(&f, 300 * SECOND);
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 503, "busy");
  check_timeout(&f, WEIR_TIMER_HEAD, 503);
  RUN_UNTIL(&f, is_over(origin));
  fixture_end(&f);
}

static int answer_too_late(weir_exchange *ex, enum weir_timer timer, void *user) {
  (void)timer, (void)user;
  weir_answer a = {WEIR_ANSWER_INIT, .status = 503};
  CHECK_INT(weir_exchange_answer(ex, &a), WEIR_ESTATE);
  return WEIR_TIMEOUT_END;
}

static void it_cannot_when_a_head_has_left(void) {
  fixture f;
  fixture_init(&f);
  f.hooks.on_timeout = answer_too_late;
  fixture_start(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, OK_CHUNKED);
  RUN_UNTIL(&f, got(client, "\r\n\r\n"));
  pass(&f, 300 * SECOND);
  check_timeout(&f, WEIR_TIMER_GAP, 200);
  fixture_end(&f);
}

/* ---- switched off ---- */

static void timers_that_are_off_never_run_out(void) {
  fixture f;
  fixture_init(&f);
  weir_options *o = &f.options;
  o->connect_ms = o->head_ms = o->gap_ms = o->total_ms = o->stall_ms = WEIR_OFF;
  o->request_head_ms = o->request_body_ms = o->keepalive_ms = WEIR_OFF;
  fixture_start(&f);
  peer *client = ask(&f, "POST / HT");
  uint64_t day = 86400 * SECOND;
  RUN_UNTIL(&f, f.relay->count.clients == 1);
  pass(&f, day);
  peer_say(client, "TP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n");
  peer *origin = asked(&f, 0);
  pass(&f, day);
  peer_say(client, "x");
  RUN_UNTIL(&f, got(origin, "\r\n\r\nx"));
  pass(&f, day);
  peer_say(origin, OK_CHUNKED);
  RUN_UNTIL(&f, got(client, "\r\n\r\n"));
  pass(&f, day);
  peer_say(origin, "2\r\nok\r\n0\r\n\r\n");
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 200, "ok");
  pass(&f, day);
  settle(&f);
  CHECK(!is_over(client));
  fixture_end(&f);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(connecting_takes_five_seconds_at_most);
  TEST(a_head_may_take_five_minutes);
  TEST(the_head_timer_begins_with_the_last_request_byte);
  TEST(an_interim_response_begins_the_wait_for_the_head_anew);
  TEST(half_a_head_does_not_stop_the_timer);
  TEST(an_origin_that_stops_reading_an_upload_runs_into_the_head_timer);
  TEST(a_stream_may_be_silent_for_five_minutes);
  TEST(the_gap_begins_with_the_head);
  TEST(each_read_begins_the_gap_anew);
  TEST(the_gap_does_not_run_while_the_client_is_what_we_wait_for);
  TEST(the_gap_runs_on_when_the_client_has_taken_all);
  TEST(an_upload_that_goes_on_is_no_gap_of_the_response);
  TEST(a_total_ends_a_healthy_stream_only_when_asked_for);
  TEST(a_total_before_the_head_is_a_504);
  TEST(a_client_that_takes_nothing_for_a_minute_is_dropped);
  TEST(a_client_that_takes_a_little_now_and_then_is_not_stalled);
  TEST(nor_is_one_that_takes_a_little_of_what_waits);
  TEST(a_slow_download_is_not_stalled_while_the_kernel_has_enough);
  TEST(a_client_that_takes_its_rest_too_slowly_is_dropped_after_the_end_too);
  TEST(a_request_head_may_take_ten_seconds);
  TEST(bytes_of_a_head_do_not_buy_more_time);
  TEST(a_connection_that_says_nothing_is_closed_after_ten_seconds);
  TEST(a_later_head_has_its_ten_seconds_from_its_first_byte_on);
  TEST(a_request_body_may_pause_for_a_minute);
  TEST(a_body_that_does_not_begin_is_a_pause_too);
  TEST(a_client_that_waits_for_100_continue_is_not_slow);
  TEST(an_idle_client_connection_is_closed_after_75_seconds);
  TEST(a_host_may_let_a_timer_run_once_more);
  TEST(a_host_may_answer_instead);
  TEST(it_cannot_when_a_head_has_left);
  TEST(timers_that_are_off_never_run_out);
  return check_end();
}
