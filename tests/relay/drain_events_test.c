/* A drain ends event streams at a boundary, with a word and a time to come back; the deadline ends
 * the rest, and is never later. */
#include "support/play.h"

#include <stdio.h>

#define BYE "event: bye\ndata: {reason}\n\n"
#define BYE_SENT "event: bye\ndata: drained\n\n"
#define BYE_LINE \
  "{\"error\":{\"reason\":\"drained\",\"message\":\"The service is being restarted.\"}}\n"

static const enum weir_event_mode modes[] = {WEIR_EVENTS_TAP, WEIR_EVENTS_FILTER};

#define EACH_MODE(m) \
  const enum weir_event_mode *m = modes; \
  m < modes + 2; \
  m++

static void on_drained(weir_relay *relay, void *user) {
  (void)relay;
  ++*(unsigned *)user;
}

static void init(play *p, enum weir_event_mode mode) {
  play_init(p);
  p->options.mode = mode;
  p->options.drain_cut_ms = 2000;
  p->options.drain_event = BYE;
  p->options.drain_retry_ms = 1234;
}

/* ---- at a boundary ---- */

static void a_stream_ends_at_its_boundary_when_the_time_has_come(void) {
  for (EACH_MODE(m)) {
    unsigned done = 0;
    play p;
    init(&p, *m);
    play_start(&p, GET);
    play_say(&p, "data: 1\n\n");
    weir_relay_drain(p.f.relay, 10000, on_drained, &done);
    pass(&p.f, 1500);
    play_say(&p, "data: 2\n\n");
    pass(&p.f, 400);
    CHECK_INT(p.f.end_count, 0);
    pass(&p.f, 100);
    CHECK_INT(p.f.end_count, 1);
    CHECK_WHOLE(&p, "data: 1\n\ndata: 2\n\nretry: 1234\n" BYE_SENT);
    CHECK_END(&p.f, WEIR_END_DRAINED);
    CHECK_INT(only_end(&p.f)->stats.in_band, 1);
    RUN_UNTIL(&p.f, is_over(p.origin) && ended_well(p.client));
    peer_close(p.client);
    RUN_UNTIL(&p.f, done == 1);
    play_end(&p);
  }
}

static void inside_an_event_its_end_is_awaited(void) {
  static const char event[] = "event: x\r\ndata: 2\r\n\r\n";
  for (EACH_MODE(m)) {
    for (size_t cut = 1; cut < sizeof event - 1; cut++) {
      CHECK_CASE("mode %d, cut at %zu", *m, cut);
      unsigned done = 0;
      play p;
      init(&p, *m);
      play_start(&p, GET);
      play_send(&p, event, cut);
      weir_relay_drain(p.f.relay, 10000, on_drained, &done);
      pass(&p.f, 2000);
      CHECK_INT(p.f.end_count, *m == WEIR_EVENTS_FILTER);
      if (*m == WEIR_EVENTS_FILTER) {
        CHECK_WHOLE(&p, "retry: 1234\n" BYE_SENT);
      } else {
        play_say(&p, event + cut);
        CHECK_INT(p.f.end_count, 1);
        CHECK_WHOLE(&p, "event: x\r\ndata: 2\r\n\r\nretry: 1234\n" BYE_SENT);
      }
      CHECK_END(&p.f, WEIR_END_DRAINED);
      play_end(&p);
    }
  }
}

static void what_is_said_is_what_was_asked_for(void) {
  static const struct {
    const char *media, *event, *say, *want;
    uint32_t retry;
  } cases[] = {
      {"text/event-stream", NULL, "data: 1\n\n", "data: 1\n\n", 0},
      {"text/event-stream", NULL, "data: 1\n\n", "data: 1\n\nretry: 5\n\n", 5},
      {"text/event-stream", "data: bye", "data: 1\n\n", "data: 1\n\ndata: bye\n\n", 0},
      {"application/jsonl", "data: bye", "{}\n",
       "{}\n{\"error\":{\"reason\":\"drained\",\"message\":\"The service is being restarted.\"}}\n",
       5},
      {"application/jsonl", NULL, "{}\n", "{}\n", 5},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("%zu", i);
    unsigned done = 0;
    play p;
    init(&p, WEIR_EVENTS_TAP);
    p.media = cases[i].media;
    p.options.drain_event = cases[i].event;
    p.options.drain_retry_ms = cases[i].retry;
    play_start(&p, GET);
    play_say(&p, cases[i].say);
    weir_relay_drain(p.f.relay, 10000, on_drained, &done);
    pass(&p.f, 2000);
    CHECK_INT(p.f.end_count, 1);
    CHECK_WHOLE(&p, cases[i].want);
    CHECK_END(&p.f, WEIR_END_DRAINED);
    play_end(&p);
  }
}

/* Its time is counted from the drain, not from itself. */
static void a_head_that_comes_during_the_drain_has_the_rest_of_the_time(void) {
  for (int late = 0; late < 2; late++) {
    unsigned done = 0;
    play p;
    init(&p, WEIR_EVENTS_TAP);
    fixture_start(&p.f);
    p.client = ask(&p.f, GET);
    p.origin = asked(&p.f, 0);
    weir_relay_drain(p.f.relay, 10000, on_drained, &done);
    pass(&p.f, late ? 3000 : 1500);
    peer_say(p.origin, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n");
    settle(&p.f);
    if (!late) {
      play_say(&p, "data: 1\n\n");
      pass(&p.f, 400);
      CHECK_INT(p.f.end_count, 0);
    }
    pass(&p.f, 100);
    CHECK_INT(p.f.end_count, 1);
    CHECK_WHOLE(&p, late ? "retry: 1234\n" BYE_SENT : "data: 1\n\nretry: 1234\n" BYE_SENT);
    CHECK_END(&p.f, WEIR_END_DRAINED);
    play_end(&p);
  }
}

/* ---- the deadline ---- */

static void without_a_time_streams_run_until_the_deadline(void) {
  static const struct {
    const char *event, *say, *want;
    bool whole;
  } cases[] = {{BYE, "data: 1\n\n", "data: 1\n\nretry: 1234\n" BYE_SENT, true},
               {BYE, "data: 1\n\ndata", "data: 1\n\ndata", false},
               {NULL, "data: 1\n\n", "data: 1\n\n", false}};
  for (size_t i = 0; i < 3; i++) {
    CHECK_CASE("%zu", i);
    unsigned done = 0;
    play p;
    init(&p, WEIR_EVENTS_TAP);
    p.options.drain_cut_ms = 0;
    p.options.drain_event = cases[i].event;
    play_start(&p, GET);
    play_say(&p, cases[i].say);
    weir_relay_drain(p.f.relay, 10000, on_drained, &done);
    pass(&p.f, 9900);
    settle(&p.f);
    CHECK_INT(p.f.end_count, 0);
    pass(&p.f, 100);
    CHECK_INT(p.f.end_count, 1);
    if (cases[i].whole)
      CHECK_WHOLE(&p, cases[i].want);
    else
      CHECK_CUT(&p, cases[i].want);
    CHECK_END(&p.f, WEIR_END_DRAINED);
    CHECK_INT(only_end(&p.f)->stats.in_band, cases[i].whole);
    RUN_UNTIL(&p.f, done == 1);
    play_end(&p);
  }
}

/* Nobody knows where an event of it ends. */
static void a_compressed_stream_runs_until_the_deadline(void) {
  unsigned done = 0;
  play p;
  init(&p, WEIR_EVENTS_TAP);
  p.fields = "Content-Encoding: gzip\r\n";
  play_start(&p, GET);
  weir_relay_drain(p.f.relay, 10000, on_drained, &done);
  pass(&p.f, 9900);
  play_say(&p, "bytes");
  CHECK_INT(p.f.end_count, 0);
  pass(&p.f, 100);
  CHECK_CUT(&p, "bytes");
  CHECK_END(&p.f, WEIR_END_DRAINED);
  play_end(&p);
}

static void a_tap_that_is_lost_while_its_end_is_awaited_runs_on_too(void) {
  unsigned done = 0;
  play p;
  init(&p, WEIR_EVENTS_TAP);
  p.options.event_bytes = 16;
  play_start(&p, GET);
  play_say(&p, "data: ");
  weir_relay_drain(p.f.relay, 10000, on_drained, &done);
  pass(&p.f, 2000);
  play_say(&p, "01234567890123456789");
  CHECK_INT(p.lost, WEIR_EEVENTSIZE);
  CHECK_INT(p.f.end_count, 0);
  play_say(&p, "\n\n");
  play_finish(&p);
  CHECK_WHOLE(&p, "data: 01234567890123456789\n\n");
  CHECK_END(&p.f, WEIR_END_COMPLETE);
  play_end(&p);
}

static void fill_client(play *p) {
  char event[1000];
  p->client = client_open_narrow(&p->f);
  peer_say(p->client, GET);
  p->origin = asked(&p->f, 0);
  peer_say(p->origin, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n");
  memset(event, 'x', sizeof event);
  memcpy(event, "data: ", 6), memcpy(event + sizeof event - 2, "\n\n", 2);
  for (int i = 0; i < 2000 && weir__downstream_pending(last_down(&p->f)) == 0; i++)
    play_send(p, event, sizeof event);
  CHECK(weir__downstream_pending(last_down(&p->f)) > 0);
}

/* What waits for a client that takes nothing does not hold the deadline up, said before it or at
 * it. */
static void a_word_that_nobody_takes_does_not_outlast_the_deadline(void) {
  for (uint32_t cut_ms = 0; cut_ms <= 2000; cut_ms += 2000) {
    CHECK_CASE("cut after %u ms", cut_ms);
    unsigned done = 0;
    play p;
    init(&p, WEIR_EVENTS_TAP);
    p.options.drain_cut_ms = cut_ms;
    fixture_start(&p.f);
    fill_client(&p);
    weir_relay_drain(p.f.relay, 10000, on_drained, &done);
    for (int when = 0; when < 2; when++) {
      pass(&p.f, 5000);
      CHECK_INT(p.f.end_count, when);
      settle(&p.f);
    }
    CHECK_END(&p.f, WEIR_END_DRAINED);
    CHECK_INT(only_end(&p.f)->stats.in_band, 0);
    RUN_UNTIL(&p.f, done == 1);
    play_end(&p);
  }
}

static int close_it(play *p, weir_exchange *ex, const weir_sse_event *event) {
  (void)ex, (void)event;
  close_relay(&p->f);
  return 0;
}

static void a_relay_that_is_closed_in_a_hook_says_its_word_at_a_boundary(void) {
  for (EACH_MODE(m)) {
    play p;
    init(&p, *m);
    p.judge = close_it;
    play_start(&p, GET);
    play_say(&p, "data: 1\n\n");
    CHECK_WHOLE(&p, *m == WEIR_EVENTS_TAP ? "data: 1\n\nretry: 1234\n" BYE_SENT
                                          : "retry: 1234\n" BYE_SENT);
    CHECK_END(&p.f, WEIR_END_DRAINED);
    play_end(&p);
  }
}

/* ---- all at once ---- */

enum { STREAMS = 60, SHAPES = 6 };

#define STREAM "Content-Type: text/event-stream\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"

static const char *const heads[SHAPES] = {STREAM CHUNKED,
                                          STREAM "\r\n",
                                          "Content-Type: application/jsonl\r\n" CHUNKED,
                                          "Content-Type: text/plain\r\n" CHUNKED,
                                          STREAM "Content-Length: 1000\r\n\r\n",
                                          STREAM "Content-Encoding: gzip\r\n" CHUNKED};

static bool is_seen(size_t i) { return i % SHAPES != 3 && i % SHAPES != 5; }
static bool is_lines(size_t i) { return i % SHAPES == 2; }

static void say_to(fixture *f, size_t i, const char *text) {
  char piece[64];
  size_t shape = i % SHAPES;
  bool plain = shape == 1 || shape == 4;
  snprintf(piece, sizeof piece, "%zx\r\n%s\r\n", strlen(text), text);
  peer_say(origin_peer(&f->origin, i), plain ? text : piece);
}

/* A third stands at a boundary, a third is inside an event whose end comes, and of a third it never
 * does. */
static bool ends_at_cut(size_t i) { return is_seen(i) && i / SHAPES % 3 == 0; }
static bool ends_behind(size_t i) { return is_seen(i) && i / SHAPES % 3 == 1; }

static void start_streams(play *p, peer **clients) {
  for (size_t i = 0; i < STREAMS; i++) {
    clients[i] = ask(&p->f, i / SHAPES % 2 ? GET : GET_10);
    peer_say(asked(&p->f, i), "HTTP/1.1 200 OK\r\n");
    peer_say(origin_peer(&p->f.origin, i), heads[i % SHAPES]);
    say_to(&p->f, i, is_lines(i) ? "{}\n" : "data: 1\n\n");
    if (i / SHAPES % 3) say_to(&p->f, i, "{");
  }
  settle(&p->f);
}

static size_t count(bool (*is)(size_t i)) {
  size_t n = 0;
  for (size_t i = 0; i < STREAMS; i++) n += is(i);
  return n;
}

static void check_ends(const play *p) {
  for (size_t i = 0; i < p->f.end_count; i++) {
    CHECK_STR(weir_end_name(p->f.ends[i].end), "drained");
    bool in_band = i < count(ends_at_cut) + count(ends_behind);
    CHECK_INT(p->f.ends[i].stats.in_band, in_band);
  }
}

/* Its event is opened, closed, and said good-bye to, as far as it gets. */
static const char *closing_of(size_t i) {
  if (!ends_behind(i)) return "";
  return is_lines(i) ? "}\n" : "\n\n";
}

static const char *word_for(size_t i) {
  if (!ends_at_cut(i) && !ends_behind(i)) return "";
  return is_lines(i) ? BYE_LINE : "retry: 1234\n" BYE_SENT;
}

static void check_bodies(peer *const *clients) {
  for (size_t i = 0; i < STREAMS; i++) {
    CHECK_CASE("stream %zu", i);
    char want[256];
    snprintf(want, sizeof want, "%s%s%s%s", is_lines(i) ? "{}\n" : "data: 1\n\n",
             i / SHAPES % 3 ? "{" : "", closing_of(i), word_for(i));
    const message *m = take(clients[i]);
    CHECK_STR(m->body, want);
    if (m->chunked) CHECK_INT(m->whole, *word_for(i) != '\0');
  }
}

static void no_stream_is_cut_inside_an_event_before_the_deadline(void) {
  peer *clients[STREAMS];
  unsigned done = 0;
  play p;
  init(&p, WEIR_EVENTS_TAP);
  p.f.hooks.on_event = NULL, p.f.hooks.on_events_lost = NULL;
  fixture_start(&p.f);
  start_streams(&p, clients);
  weir_relay_drain(p.f.relay, 10000, on_drained, &done);
  pass(&p.f, 1900);
  settle(&p.f);
  CHECK_INT(p.f.end_count, 0);
  pass(&p.f, 100);
  CHECK_INT(p.f.end_count, count(ends_at_cut));
  for (size_t i = 0; i < STREAMS; i++)
    if (ends_behind(i)) say_to(&p.f, i, is_lines(i) ? "}\n" : "\n\n");
  settle(&p.f);
  size_t over = count(ends_at_cut) + count(ends_behind);
  CHECK_INT(p.f.end_count, over);
  pass(&p.f, 7900);
  settle(&p.f);
  CHECK_INT(p.f.end_count, over);
  CHECK_INT(done, 0);
  pass(&p.f, 100);
  CHECK_INT(p.f.end_count, STREAMS);
  RUN_UNTIL(&p.f, done == 1);
  settle(&p.f);
  check_ends(&p);
  check_bodies(clients);
  play_end(&p);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_stream_ends_at_its_boundary_when_the_time_has_come);
  TEST(inside_an_event_its_end_is_awaited);
  TEST(what_is_said_is_what_was_asked_for);
  TEST(a_head_that_comes_during_the_drain_has_the_rest_of_the_time);
  TEST(without_a_time_streams_run_until_the_deadline);
  TEST(a_compressed_stream_runs_until_the_deadline);
  TEST(a_tap_that_is_lost_while_its_end_is_awaited_runs_on_too);
  TEST(a_word_that_nobody_takes_does_not_outlast_the_deadline);
  TEST(a_relay_that_is_closed_in_a_hook_says_its_word_at_a_boundary);
  TEST(no_stream_is_cut_inside_an_event_before_the_deadline);
  return check_end();
}
