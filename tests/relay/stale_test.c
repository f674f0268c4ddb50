/* A client that is behind: how old the oldest byte gets that it has not taken, and what it gets
 * then: a reset, or the newest event once it has caught up. By a scripted clock. */
#include <stdio.h>
#include <sys/socket.h>

#include "support/fixture.h"

#define OK_EVENTS \
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
#define LAST "0\r\n\r\n"

enum { KIB = 1024, BUDGET = 16000, BIG = 32 * KIB, FIRST_LOOK = 101 };

typedef struct host {
  fixture *f;
  unsigned asked;   /* on_timeout(STALE) */
  unsigned extends; /* so often it wants more time */
  void (*then)(weir_exchange *ex, fixture *f);
} host;

static int on_timeout(weir_exchange *ex, enum weir_timer timer, void *user) {
  fixture *f = user;
  host *h = f->test;
  CHECK_STR(weir_timer_name(timer), "stale");
  h->asked++;
  if (h->then) h->then(ex, f);
  return h->extends && h->extends-- ? WEIR_TIMEOUT_EXTEND : WEIR_TIMEOUT_END;
}

static void say_event(peer *origin, const char *name, size_t len) {
  char *text = malloc(len + 128);
  char *at = text + sprintf(text, "%zx\r\ndata: %s ", len, name);
  size_t rest = len - strlen(name) - strlen("data:  \n\n");
  memset(at, 'x', rest);
  strcpy(at + rest, "\n\n\r\n");
  peer_say(origin, text);
  free(text);
}

static void start(fixture *f, host *h, const weir_event_options *o) {
  *h = (host){.f = f};
  fixture_init(f);
  f->test = h;
  f->hooks.on_timeout = on_timeout;
  f->options.events = o;
  f->options.stall_ms = WEIR_OFF;
  fixture_start(f);
}

/* A stream to a client that does not read. */
static peer *stream(fixture *f, peer **client) {
  *client = client_open_narrow(f);
  peer_say(*client, GET);
  peer *origin = asked(f, 0);
  peer_say(origin, OK_EVENTS);
  settle(f);
  return origin;
}

static size_t untaken_by_client(const fixture *f) {
  const weir__downstream *d = last_down(f);
  return weir__downstream_pending(d) + weir__stream_unacked(d->stream);
}

/* Until the client's window is full, and bytes wait in the relay. */
static void fill(fixture *f, peer *origin) {
  for (int i = 0; i < 64 && !weir__downstream_pending(last_down(f)); i++) {
    say_event(origin, "fill", BIG);
    settle(f);
  }
  CHECK(weir__downstream_pending(last_down(f)) > 0);
}

static void check_evicted(fixture *f, peer *client) {
  CHECK_END(f, WEIR_END_TIMEOUT);
  CHECK_STR(weir_timer_name(only_end(f)->stats.timer), "stale");
  peer_go(client);
  RUN_UNTIL(f, is_over(client));
  CHECK(!ended_well(client));
}

static void a_client_that_takes_nothing_is_cut_in_time(void) {
  weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .stale_ms = BUDGET};
  fixture f;
  host h;
  peer *client;
  start(&f, &h, &o);
  peer *origin = stream(&f, &client);
  fill(&f, origin);
  pass(&f, BUDGET * 7 / 8 - 1000);
  CHECK_INT(f.end_count, 0);
  pass(&f, BUDGET / 8 + 1000);
  CHECK_INT(f.end_count, 1);
  CHECK_INT(h.asked, 1);
  RUN_UNTIL(&f, is_over(origin));
  check_evicted(&f, client);
  fixture_end(&f);
}

static void a_client_that_takes_all_may_be_as_slow_as_its_origin(void) {
  weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .stale_ms = BUDGET};
  fixture f;
  host h;
  start(&f, &h, &o);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, OK_EVENTS);
  for (int i = 0; i < 20; i++) {
    say_event(origin, "e", 100);
    RUN_UNTIL(&f, last_exchange(&f)->stats.chunks == (uint64_t)i + 1);
    while (untaken_by_client(&f) && !f.loop.late) settle(&f);
    pass(&f, BUDGET - 100);
  }
  peer_say(origin, LAST);
  RUN_UNTIL(&f, got_message(client));
  CHECK_INT(h.asked, 0);
  CHECK_END(&f, WEIR_END_COMPLETE);
  fixture_end(&f);
}

/* ---- a client that reads too slowly ---- */

/* When how much had been sent, without any thrift. */
typedef struct diary {
  int64_t sent[1000];
  uint64_t at[1000];
  size_t count;
} diary;

static int64_t sent(const fixture *f) {
  const weir__downstream *d = last_down(f);
  return (int64_t)(d->sender.sent + weir__stream_added(d->stream));
}

static void enter(diary *d, const fixture *f) {
  if (d->count && d->sent[d->count - 1] == sent(f)) return;
  d->sent[d->count] = sent(f);
  d->at[d->count++] = weir__clock_now(&f->relay->clock);
}

static uint64_t age(const diary *d, const fixture *f) {
  int64_t taken = sent(f) - (int64_t)untaken_by_client(f);
  for (size_t i = 0; i < d->count; i++)
    if (d->sent[i] > taken) return weir__clock_now(&f->relay->clock) - d->at[i];
  return 0;
}

/* As plain bytes of its socket, whatever it speaks: nobody looks at them. */
static void sip(peer *client, size_t bytes) {
  static char scratch[BIG];
  uv_os_fd_t fd;
  uv_fileno(&client->handle.any, &fd);
  while (bytes) {
    ssize_t n = recv(fd, scratch, bytes < sizeof scratch ? bytes : sizeof scratch, MSG_DONTWAIT);
    if (n <= 0) return;
    bytes -= (size_t)n;
  }
}

static void fall_behind_and_be_cut(size_t sips) {
  enum { STEP = BUDGET / 40 };
  weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .stale_ms = BUDGET};
  fixture f;
  host h;
  diary d = {0};
  peer *client;
  uint64_t oldest = 0;
  start(&f, &h, &o);
  peer *origin = stream(&f, &client);
  enter(&d, &f);
  int step = 0;
  for (; step < 900 && !f.end_count; step++) {
    say_event(origin, "e", 8 * KIB);
    settle(&f);
    enter(&d, &f);
    sip(client, sips);
    settle(&f);
    oldest = age(&d, &f);
    pass(&f, STEP);
  }
  CHECK(step > 40); /* it kept up for more than the budget */
  CHECK(oldest + STEP >= BUDGET * 7 / 8);
  CHECK(oldest <= BUDGET);
  CHECK_END(&f, WEIR_END_TIMEOUT);
  fixture_end(&f);
}

static void a_client_that_falls_behind_is_cut_when_it_is_so_far_behind(void) {
  static const size_t sips[] = {3000, 4000, 4500, 5000, 5500, 6000, 6500};
  for (size_t i = 0; i < sizeof sips / sizeof *sips; i++) {
    CHECK_CASE("%zu of 8192 bytes at a time", sips[i]);
    fall_behind_and_be_cut(sips[i]);
  }
}

static void a_host_may_give_it_more_time(void) {
  weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .stale_ms = BUDGET};
  fixture f;
  host h;
  peer *client;
  start(&f, &h, &o);
  h.extends = 2;
  peer *origin = stream(&f, &client);
  fill(&f, origin);
  pass(&f, BUDGET);
  CHECK_INT(h.asked, 1);
  pass(&f, BUDGET - 1000);
  CHECK_INT(h.asked, 1);
  pass(&f, 1000);
  CHECK_INT(h.asked, 2);
  CHECK_INT(f.end_count, 0);
  pass(&f, BUDGET);
  CHECK_INT(h.asked, 3);
  check_evicted(&f, client);
  fixture_end(&f);
}

static void abort_it(weir_exchange *ex, fixture *f) {
  (void)f;
  weir_exchange_abort(ex);
}

static void close_it(weir_exchange *ex, fixture *f) {
  (void)ex;
  close_relay(f);
}

static void the_host_may_end_it_when_asked(void) {
  static const struct {
    void (*then)(weir_exchange *ex, fixture *f);
    enum weir_end end;
  } cases[] = {{abort_it, WEIR_END_CUT}, {close_it, WEIR_END_DRAINED}};
  for (size_t i = 0; i < 2; i++) {
    weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .stale_ms = BUDGET};
    fixture f;
    host h;
    peer *client;
    start(&f, &h, &o);
    h.then = cases[i].then;
    peer *origin = stream(&f, &client);
    fill(&f, origin);
    pass(&f, BUDGET);
    CHECK_END(&f, cases[i].end);
    fixture_end(&f);
  }
}

/* ---- coalescing ---- */

static const weir_event_options coalesce = {.error_event = "event",
                                            WEIR_EVENT_OPTIONS_INIT,
                                            .stale_ms = BUDGET,
                                            .stale = WEIR_STALE_COALESCE};

static bool is_keeping(const fixture *f) { return last_exchange(f)->events->stale.keeping; }

/* `names` come while it is behind. */
static peer *fall_behind(fixture *f, host *h, peer **client, const char *const *names) {
  start(f, h, &coalesce);
  peer *origin = stream(f, client);
  fill(f, origin);
  size_t waits = weir__downstream_pending(last_down(f));
  pass(f, BUDGET);
  CHECK(is_keeping(f));
  for (; *names; names++) {
    say_event(origin, *names, 100);
    settle(f);
  }
  CHECK(is_keeping(f));
  CHECK_INT(weir__downstream_pending(last_down(f)), waits);
  return origin;
}

/* The client takes what waits. */
static void catch_up(fixture *f, peer *client) {
  peer_go(client);
  for (int i = 0; i < 1000 && !f->end_count && is_keeping(f); i++) {
    settle(f);
    pass(f, FIRST_LOOK);
  }
}

static void check_only(peer *client, const char *const *names, const char *newest) {
  const message *m = take(client);
  CHECK(m->whole);
  for (; *names; names++) {
    char text[32];
    snprintf(text, sizeof text, "data: %s ", *names);
    CHECK_INT(strstr(m->body, text) != NULL, strcmp(*names, newest) == 0);
  }
}

/* Each block the client got is whole: they can all be read, and nothing is left. */
static size_t count_events(const message *m) {
  weir_sse_parser *parser;
  weir_sse_options o = {WEIR_SSE_OPTIONS_INIT};
  const weir_sse_event *event;
  size_t used, at = 0, count = 0;
  CHECK_INT(weir_sse_parser_new(&parser, &o), 0);
  while (at < m->body_len) {
    int rc = weir_sse_next(parser, m->body + at, m->body_len - at, &used, &event);
    CHECK(rc >= 0 && rc != WEIR_SSE_OTHER);
    at += used;
    count += rc == WEIR_SSE_EVENT;
  }
  CHECK_INT(weir_sse_inside(parser), 0);
  weir_sse_parser_free(parser);
  return count;
}

static const char *const four[] = {"one", "two", "three", "four", NULL};

static void it_gets_the_newest_event_and_then_all_that_follow(void) {
  fixture f;
  host h;
  peer *client;
  peer *origin = fall_behind(&f, &h, &client, four);
  catch_up(&f, client);
  RUN_UNTIL(&f, got(client, "data: four "));
  say_event(origin, "five", 100);
  RUN_UNTIL(&f, got(client, "data: five "));
  peer_say(origin, LAST);
  RUN_UNTIL(&f, f.end_count && got_message(client));
  CHECK_END(&f, WEIR_END_COMPLETE);
  CHECK_INT(h.asked, 0);
  CHECK_INT(only_end(&f)->stats.dropped, 3);
  CHECK_INT(count_events(take(client)), only_end(&f)->stats.events - 3);
  fixture_end(&f);
}

static void at_the_end_the_newest_event_leaves_too(void) {
  fixture f;
  host h;
  peer *client;
  peer *origin = fall_behind(&f, &h, &client, four);
  peer_say(origin, LAST);
  settle(&f);
  CHECK_INT(f.end_count, 0);
  peer_go(client);
  RUN_UNTIL(&f, f.end_count && got_message(client));
  CHECK_INT(only_end(&f)->stats.dropped, 3);
  CHECK_END(&f, WEIR_END_COMPLETE);
  check_only(client, four, "four");
  fixture_end(&f);
}

static void before_the_last_word_the_newest_event_leaves_too(void) {
  fixture f;
  host h;
  peer *client;
  peer *origin = fall_behind(&f, &h, &client, four);
  peer_close(origin);
  settle(&f);
  peer_go(client);
  RUN_UNTIL(&f, f.end_count && got_message(client));
  CHECK_END(&f, WEIR_END_TRUNCATED);
  CHECK_INT(only_end(&f)->stats.in_band, 1);
  const message *m = take(client);
  const char *newest = strstr(m->body, "data: four ");
  CHECK(newest && strstr(newest, "event: error\n"));
  CHECK_INT(only_end(&f)->stats.dropped, 3);
  fixture_end(&f);
}

static void it_waits_for_nothing_when_nothing_came(void) {
  static const char *const none[] = {NULL};
  fixture f;
  host h;
  peer *client;
  peer *origin = fall_behind(&f, &h, &client, none);
  catch_up(&f, client);
  CHECK(!is_keeping(&f));
  say_event(origin, "next", 100);
  RUN_UNTIL(&f, got(client, "data: next "));
  CHECK_INT(last_exchange(&f)->events->dropped, 0);
  fixture_end(&f);
}

static void an_origin_that_was_paused_is_read_on(void) {
  fixture f;
  host h;
  peer *client;
  h = (host){.f = &f};
  fixture_init(&f);
  f.test = &h;
  f.options.events = &coalesce;
  f.options.stall_ms = WEIR_OFF;
  f.options.outbox_high = 16 * KIB;
  fixture_start(&f);
  peer *origin = stream(&f, &client);
  fill(&f, origin);
  for (int i = 0; i < 64 && !last_exchange(&f)->origin_paused; i++) {
    say_event(origin, "fill", BIG);
    settle(&f);
  }
  CHECK(last_exchange(&f)->origin_paused);
  say_event(origin, "unheard", 100);
  settle(&f);
  pass(&f, BUDGET);
  CHECK(is_keeping(&f));
  RUN_UNTIL(&f, last_exchange(&f)->events->stale.kept.len == 100);
  catch_up(&f, client);
  RUN_UNTIL(&f, got(client, "data: unheard "));
  fixture_end(&f);
}

static void what_is_kept_goes_with_the_client(void) {
  static void (*const ways[])(peer *) = {peer_reset, peer_close};
  for (size_t i = 0; i < 2; i++) {
    fixture f;
    host h;
    peer *client;
    fall_behind(&f, &h, &client, four);
    ways[i](client);
    RUN_UNTIL(&f, f.end_count);
    CHECK_END(&f, WEIR_END_CLIENT_GONE);
    CHECK_INT(only_end(&f)->stats.dropped, 4);
    fixture_end(&f);
  }
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_client_that_takes_nothing_is_cut_in_time);
  TEST(a_client_that_takes_all_may_be_as_slow_as_its_origin);
  TEST(a_client_that_falls_behind_is_cut_when_it_is_so_far_behind);
  TEST(a_host_may_give_it_more_time);
  TEST(the_host_may_end_it_when_asked);
  TEST(it_gets_the_newest_event_and_then_all_that_follow);
  TEST(at_the_end_the_newest_event_leaves_too);
  TEST(before_the_last_word_the_newest_event_leaves_too);
  TEST(it_waits_for_nothing_when_nothing_came);
  TEST(an_origin_that_was_paused_is_read_on);
  TEST(what_is_kept_goes_with_the_client);
  return check_end();
}
