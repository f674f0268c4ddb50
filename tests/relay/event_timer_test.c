/* The timers that ask how soon events come, each to the millisecond, and what counts as one. */
#include <stdio.h>
#include <stdlib.h>

#include "support/fixture.h"

enum { MS = 2345, FIRST = WEIR_TIMER_FIRST_BYTE, TIMERS = 4, KIB = 1024 };

#define SSE "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
#define SSE_CHUNKED SSE "Transfer-Encoding: chunked\r\n\r\n"
#define EVENT "9\r\ndata: 1\n\n\r\n"
#define PING "16\r\nevent: ping\ndata: {}\n\n\r\n"
#define COMMENT "3\r\n:\n\n\r\n"
#define LAST "0\r\n\r\n"

/* The one timer that a test is about. */
static weir_event_options only(int which, uint32_t ms) {
  weir_event_options o = {WEIR_EVENT_OPTIONS_INIT};
  uint32_t *all[TIMERS] = {&o.first_byte_ms, &o.first_event_ms, &o.first_content_ms,
                           &o.event_gap_ms};
  *all[which] = ms;
  return o;
}

static const char *name(int which) { return weir_timer_name((enum weir_timer)(FIRST + which)); }

static void open_with(fixture *f, weir_event_options o) {
  f->options.events = &o;
  fixture_start(f);
}

static uint64_t now(const fixture *f) { return weir__clock_now(&f->relay->clock); }

static void to(fixture *f, uint64_t moment) { pass(f, moment - now(f)); }

static peer *hear(fixture *f, peer *client, peer *origin, const char *says, const char *heard) {
  forget(client);
  peer_say(origin, says);
  RUN_UNTIL(f, got(client, heard));
  settle(f);
  return client;
}

static void check_words(const fixture *f, int which) {
  CHECK_END(f, WEIR_END_TIMEOUT);
  CHECK_STR(weir_timer_name(only_end(f)->stats.timer), name(which));
  CHECK_INT(only_end(f)->stats.error, WEIR_ETIMEOUT);
  CHECK_INT(only_end(f)->stats.status, 200);
}

/* ---- to the millisecond ---- */

/* When it was set: GAP by the head, the others by the request. */
static void arm(fixture *f, int which, uint64_t *from, uint64_t *till) {
  peer *client = client_open(f);
  *from = now(f);
  peer_say(client, GET);
  peer *origin = asked(f, 0);
  *till = now(f);
  pass(f, 1000);
  if (which == 3) *from = now(f);
  hear(f, client, origin, SSE_CHUNKED, "\r\n\r\n");
  if (which == 3) *till = now(f);
}

static void each_runs_out_at_its_millisecond(void) {
  for (int i = 0; i < TIMERS; i++) {
    CHECK_CASE("%s", name(i));
    uint64_t from, till;
    fixture f;
    fixture_init(&f);
    open_with(&f, only(i, MS));
    arm(&f, i, &from, &till);
    to(&f, from + MS - 1);
    CHECK_INT(f.end_count, 0);
    to(&f, till + MS);
    check_words(&f, i);
    fixture_end(&f);
  }
}

static void none_runs_that_is_off(void) {
  static const uint32_t off[] = {0, WEIR_OFF};
  for (int i = 0; i < 2 * TIMERS; i++) {
    CHECK_CASE("%s, %u", name(i / 2), off[i % 2]);
    uint64_t from, till;
    fixture f;
    fixture_init(&f);
    f.options.gap_ms = WEIR_OFF;
    open_with(&f, only(i / 2, off[i % 2]));
    arm(&f, i / 2, &from, &till);
    pass(&f, 365ull * 86400 * 1000);
    CHECK_INT(f.end_count, 0);
    fixture_end(&f);
  }
}

static void one_whose_moment_has_passed_at_the_head_runs_out_at_once(void) {
  for (int i = 0; i < 3; i++) {
    CHECK_CASE("%s", name(i));
    fixture f;
    fixture_init(&f);
    open_with(&f, only(i, MS));
    ask(&f, GET);
    peer *origin = asked(&f, 0);
    pass(&f, 2 * MS);
    CHECK_INT(f.end_count, 0);
    peer_say(origin, SSE_CHUNKED);
    RUN_UNTIL(&f, f.end_count);
    check_words(&f, i);
    fixture_end(&f);
  }
}

static void one_is_not_armed_by_what_is_no_stream(void) {
  for (int i = 0; i < TIMERS; i++) {
    CHECK_CASE("%s", name(i));
    fixture f;
    fixture_init(&f);
    open_with(&f, only(i, MS));
    peer *client = ask(&f, GET), *origin = asked(&f, 0);
    hear(&f, client, origin, OK_CHUNKED, "\r\n\r\n");
    pass(&f, 10 * MS);
    CHECK_INT(f.end_count, 0);
    fixture_end(&f);
  }
}

/* ---- what counts ---- */

static void what_stops_each_is_what_its_name_says(void) {
  static const struct {
    const char *what, *says, *heard;
    bool stops[3];
  } cases[] = {{"a byte", "1\r\nd\r\n", "d\r\n", {true, false, false}},
               {"a comment", COMMENT, ":\n\n", {true, false, false}},
               {"an event of no data", "6\r\ndata\n\n\r\n", "data\n\n", {true, true, false}},
               {"a ping", PING, "{}\n\n", {true, true, false}},
               {"an end marker", "e\r\ndata: [DONE]\n\n\r\n", "]\n\n", {true, true, false}},
               {"an event", EVENT, "1\n\n", {true, true, true}}};
  static const char *const markers[] = {"data: [DONE]", NULL};
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    for (int i = 0; i < 3; i++) {
      CHECK_CASE("%s, %s", cases[n].what, name(i));
      weir_event_options o = only(i, MS);
      fixture f;
      o.end_markers = markers;
      fixture_init(&f);
      open_with(&f, o);
      peer *client = ask(&f, GET), *origin = asked(&f, 0);
      hear(&f, client, origin, SSE_CHUNKED, "\r\n\r\n");
      hear(&f, client, origin, cases[n].says, cases[n].heard);
      pass(&f, 2 * MS);
      CHECK_INT(f.end_count, cases[n].stops[i] ? 0 : 1);
      fixture_end(&f);
    }
  }
}

static void lines_of_json_are_events_too(void) {
  weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .first_content_ms = MS, .event_gap_ms = 2 * MS};
  fixture f;
  fixture_init(&f);
  open_with(&f, o);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  hear(&f, client, origin,
       "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n{\"a\":1}\n", "}\n");
  pass(&f, MS + 1);
  CHECK_INT(f.end_count, 0);
  pass(&f, MS);
  check_words(&f, 3);
  fixture_end(&f);
}

/* A comment is a byte for GAP, but no event. */
static void comments_of_the_origin_do_not_bridge_a_gap_of_events(void) {
  fixture f;
  fixture_init(&f);
  f.options.gap_ms = 1500;
  open_with(&f, only(3, 2000));
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  hear(&f, client, origin, SSE_CHUNKED EVENT, "1\n\n");
  pass(&f, 1000);
  hear(&f, client, origin, EVENT, "1\n\n");
  uint64_t till = now(&f);
  pass(&f, 1000);
  hear(&f, client, origin, COMMENT, ":\n\n");
  CHECK_INT(f.end_count, 0);
  to(&f, till + 2000);
  check_words(&f, 3);
  fixture_end(&f);
}

static void compressed_events_are_not_waited_for(void) {
  for (int i = 0; i < TIMERS; i++) {
    CHECK_CASE("%s", name(i));
    fixture f;
    fixture_init(&f);
    open_with(&f, only(i, MS));
    peer *client = ask(&f, GET), *origin = asked(&f, 0);
    hear(&f, client, origin, SSE "Content-Encoding: gzip\r\n\r\n", "\r\n\r\n");
    pass(&f, 2 * MS);
    CHECK_INT(f.end_count, i == 0); /* bytes are bytes */
    fixture_end(&f);
  }
}

static void events_that_were_lost_are_not_waited_for(void) {
  for (int i = 1; i < TIMERS; i++) {
    CHECK_CASE("%s", name(i));
    weir_event_options o = only(i, MS);
    fixture f;
    o.event_bytes = 8;
    fixture_init(&f);
    open_with(&f, o);
    peer *client = ask(&f, GET), *origin = asked(&f, 0);
    hear(&f, client, origin, SSE_CHUNKED "b\r\ndata: 789\n\n\r\n", "789\n\n");
    pass(&f, 2 * MS);
    CHECK_INT(f.end_count, 0);
    fixture_end(&f);
  }
}

static void when_they_came_is_told(void) {
  fixture f;
  fixture_init(&f);
  open_with(&f, (weir_event_options){WEIR_EVENT_OPTIONS_INIT, .mode = WEIR_EVENTS_TAP});
  peer *client = client_open(&f);
  uint64_t from[3], till[3], begin = now(&f);
  peer_say(client, GET);
  peer *origin = asked(&f, 0);
  uint64_t begun = now(&f);
  static const char *const says[] = {SSE_CHUNKED COMMENT, PING, EVENT};
  static const char *const heard[] = {":\n\n", "{}\n\n", "1\n\n"};
  for (int i = 0; i < 3; i++) {
    pass(&f, 1000);
    from[i] = now(&f);
    hear(&f, client, origin, says[i], heard[i]);
    till[i] = now(&f);
  }
  pass(&f, 1000);
  hear(&f, client, origin, EVENT LAST, LAST);
  const weir_stats *s = &only_end(&f)->stats;
  uint64_t told[3] = {s->first_byte_ms, s->first_event_ms, s->first_content_ms};
  for (int i = 0; i < 3; i++) CHECK(told[i] >= from[i] - begun && told[i] <= till[i] - begin);
  fixture_end(&f);
}

/* ---- a slow client ---- */

/* One long event fills all there is; while the origin is not read none of its time runs down. */
static void none_runs_down_while_the_client_holds_up_the_origin(void) {
  size_t len = 600 * KIB;
  char *text = malloc(len + 1);
  memset(text, 'd', len), text[len] = '\0';
  memcpy(text, SSE "\r\ndata:", strlen(SSE "\r\ndata:"));
  for (int i = 1; i < TIMERS; i++) {
    CHECK_CASE("%s", name(i));
    fixture f;
    fixture_init(&f);
    f.options.stall_ms = WEIR_OFF;
    open_with(&f, only(i, 60000));
    peer *client = client_open_narrow(&f);
    uint64_t from = now(&f);
    peer_say(client, GET);
    peer *origin = asked(&f, 0);
    peer_say(origin, text);
    RUN_UNTIL(&f, last_exchange(&f)->origin_paused);
    uint64_t paused = now(&f);
    pass(&f, 10 * 60000);
    CHECK_INT(f.end_count, 0);
    uint64_t resuming = now(&f);
    peer_go(client);
    RUN_UNTIL(&f, client->got_len >= len && !last_exchange(&f)->origin_paused);
    settle(&f);
    uint64_t slept = resuming - paused;
    to(&f, from + slept + 60000 - 1);
    CHECK_INT(f.end_count, 0);
    pass(&f, 20000); /* real time that went by while bytes moved counts or not */
    check_words(&f, i);
    fixture_end(&f);
  }
  free(text);
}

static char *many_events(size_t len) {
  char *text = calloc(1, len + 64);
  size_t at = (size_t)sprintf(text, "%s", SSE "\r\n");
  for (; at < len; at += 9) memcpy(text + at, "data: 1\n\n", 9);
  return text;
}

/* The events that came last are seen when the pause has begun already. */
static void a_gap_that_begins_in_a_pause_waits_for_its_end(void) {
  char *text = many_events(600 * KIB);
  fixture f;
  fixture_init(&f);
  f.options.stall_ms = WEIR_OFF;
  open_with(&f, only(3, MS));
  peer *client = client_open_narrow(&f);
  peer_say(client, GET);
  peer_say(asked(&f, 0), text);
  RUN_UNTIL(&f, last_exchange(&f)->origin_paused);
  pass(&f, 10 * MS);
  CHECK_INT(f.end_count, 0);
  uint64_t from = now(&f);
  peer_go(client);
  RUN_UNTIL(&f, client->got_len > strlen(text) && !last_exchange(&f)->origin_paused);
  settle(&f);
  to(&f, from + MS - 1);
  CHECK_INT(f.end_count, 0);
  pass(&f, MS);
  check_words(&f, 3);
  free(text);
  fixture_end(&f);
}

static void none_ends_what_the_origin_has_ended(void) {
  char *text = many_events(200 * KIB);
  fixture f;
  fixture_init(&f);
  f.options.stall_ms = WEIR_OFF;
  open_with(&f, only(3, MS));
  peer *client = client_open_narrow(&f);
  peer_say(client, GET);
  peer *origin = asked(&f, 0);
  peer_say(origin, text);
  peer_fin(origin);
  RUN_UNTIL(&f, last_exchange(&f)->response_done);
  settle(&f);
  CHECK(weir__downstream_pending(last_down(&f)) > 0);
  pass(&f, 10 * MS);
  CHECK_INT(f.end_count, 0);
  peer_go(client);
  RUN_UNTIL(&f, got_message(client));
  CHECK_END(&f, WEIR_END_UNMARKED);
  free(text);
  fixture_end(&f);
}

/* ---- asking the host ---- */

typedef struct say {
  int which, extend;
  bool abort, close;
} say;

static int on_timeout(weir_exchange *ex, enum weir_timer timer, void *user) {
  fixture *f = user;
  say *s = f->test;
  const weir_event_options none = {WEIR_EVENT_OPTIONS_INIT};
  CHECK_STR(weir_timer_name(timer), name(s->which));
  CHECK_INT(weir_exchange_set_events(ex, &none), WEIR_ESTATE);
  if (s->extend-- > 0) return WEIR_TIMEOUT_EXTEND;
  if (s->abort) weir_exchange_abort(ex);
  if (s->close) close_relay(f);
  return WEIR_TIMEOUT_END;
}

static void a_host_may_extend_each_by_its_length(void) {
  for (int i = 0; i < TIMERS; i++) {
    CHECK_CASE("%s", name(i));
    say s = {.which = i, .extend = 2};
    uint64_t from, till;
    fixture f;
    fixture_init(&f);
    f.hooks.on_timeout = on_timeout;
    f.test = &s;
    open_with(&f, only(i, MS));
    arm(&f, i, &from, &till);
    for (int n = 1; n <= 2; n++) {
      to(&f, till + (uint64_t)n * MS);
      CHECK_INT(s.extend, 2 - n);
      CHECK_INT(f.end_count, 0);
    }
    to(&f, from + 3 * MS - 1);
    CHECK_INT(f.end_count, 0);
    to(&f, till + 3 * MS);
    check_words(&f, i);
    fixture_end(&f);
  }
}

static void a_host_may_end_it_all_meanwhile(void) {
  for (int i = 0; i < 2 * TIMERS; i++) {
    CHECK_CASE("%s", name(i / 2));
    say s = {.which = i / 2, .abort = i % 2, .close = i % 2 == 0};
    uint64_t from, till;
    fixture f;
    fixture_init(&f);
    f.hooks.on_timeout = on_timeout;
    f.test = &s;
    open_with(&f, only(i / 2, MS));
    arm(&f, i / 2, &from, &till);
    to(&f, till + MS);
    CHECK_END(&f, s.abort ? WEIR_END_CUT : WEIR_END_DRAINED);
    fixture_end(&f);
  }
}

static void each_ends_in_band_if_that_is_wanted(void) {
  for (int i = 0; i < TIMERS; i++) {
    CHECK_CASE("%s", name(i));
    weir_event_options o = only(i, MS);
    fixture f;
    o.error_event = "data: {timer}\n\n";
    fixture_init(&f);
    open_with(&f, o);
    peer *client = ask(&f, GET), *origin = asked(&f, 0);
    forget(client);
    peer_say(origin, SSE_CHUNKED);
    RUN_UNTIL(&f, last_exchange(&f)->head_sent);
    pass(&f, MS);
    char want[64];
    snprintf(want, sizeof want, "data: %s\n\n", name(i));
    RUN_UNTIL(&f, got_message(client));
    CHECK_ANSWER(client, 200, want);
    check_words(&f, i);
    CHECK_INT(only_end(&f)->stats.in_band, 1);
    fixture_end(&f);
  }
}

/* Two that are due at once are one end. */
static void two_at_once_end_it_once(void) {
  fixture f;
  fixture_init(&f);
  weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .first_byte_ms = MS, .first_event_ms = MS,
                          .first_content_ms = MS, .error_event = "event"};
  open_with(&f, o);
  uint64_t from, till;
  arm(&f, 0, &from, &till);
  pass(&f, 2 * MS);
  settle(&f);
  check_words(&f, 0);
  fixture_end(&f);
}

/* ---- is_content ---- */

typedef struct asking {
  int asked, verdict;
  bool abort, close;
} asking;

static int is_content(weir_exchange *ex, const weir_sse_event *event, void *user) {
  fixture *f = user;
  asking *a = f->test;
  (void)event;
  a->asked++;
  if (a->abort) weir_exchange_abort(ex);
  if (a->close) close_relay(f);
  return a->asked == 2 ? a->verdict : 0;
}

static int on_event(weir_exchange *ex, const weir_sse_event *event, void *user) {
  (void)ex, (void)event;
  CHECK_INT(((fixture *)user)->end_count, 0);
  return WEIR_EVENT_PASS;
}

static void a_host_is_asked_until_it_says_yes(void) {
  asking a = {.verdict = 1};
  fixture f;
  fixture_init(&f);
  f.hooks.is_content = is_content;
  f.test = &a;
  open_with(&f, only(2, MS));
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  hear(&f, client, origin, SSE_CHUNKED COMMENT EVENT PING EVENT, "data: 1\n\n\r\n");
  CHECK_INT(a.asked, 2);
  pass(&f, 2 * MS);
  CHECK_INT(f.end_count, 0);
  fixture_end(&f);
}

static void what_the_host_says_or_does_then_ends_it(void) {
  static const struct {
    asking a;
    enum weir_end end;
  } cases[] = {{{.verdict = 502}, WEIR_END_REFUSED},
               {{.verdict = -1}, WEIR_END_CUT},
               {{.abort = true}, WEIR_END_CUT},
               {{.close = true}, WEIR_END_DRAINED}};
  static const enum weir_event_mode modes[] = {WEIR_EVENTS_TAP, WEIR_EVENTS_FILTER};
  for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("case %zu, mode %d", i / 2, modes[i % 2]);
    asking a = cases[i / 2].a;
    fixture f;
    fixture_init(&f);
    f.hooks.is_content = is_content;
    f.hooks.on_event = on_event;
    f.test = &a;
    open_with(&f, (weir_event_options){WEIR_EVENT_OPTIONS_INIT, .mode = modes[i % 2]});
    ask(&f, GET);
    peer_say(asked(&f, 0), SSE_CHUNKED EVENT EVENT EVENT);
    RUN_UNTIL(&f, f.end_count);
    CHECK_END(&f, cases[i / 2].end);
    CHECK_INT(a.asked, a.verdict ? 2 : 1);
    fixture_end(&f);
  }
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(each_runs_out_at_its_millisecond);
  TEST(none_runs_that_is_off);
  TEST(one_whose_moment_has_passed_at_the_head_runs_out_at_once);
  TEST(one_is_not_armed_by_what_is_no_stream);
  TEST(what_stops_each_is_what_its_name_says);
  TEST(lines_of_json_are_events_too);
  TEST(comments_of_the_origin_do_not_bridge_a_gap_of_events);
  TEST(compressed_events_are_not_waited_for);
  TEST(events_that_were_lost_are_not_waited_for);
  TEST(when_they_came_is_told);
  TEST(none_runs_down_while_the_client_holds_up_the_origin);
  TEST(a_gap_that_begins_in_a_pause_waits_for_its_end);
  TEST(none_ends_what_the_origin_has_ended);
  TEST(a_host_may_extend_each_by_its_length);
  TEST(a_host_may_end_it_all_meanwhile);
  TEST(each_ends_in_band_if_that_is_wanted);
  TEST(two_at_once_end_it_once);
  TEST(a_host_is_asked_until_it_says_yes);
  TEST(what_the_host_says_or_does_then_ends_it);
  return check_end();
}
