/* A client leaves in the middle of an event stream: the origin is left with it, or heard out as far
 * as the options say. Either way the end is that of a client that has gone. */
#include <stdio.h>

#include "support/lent.h"

#define OK_EVENTS \
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
#define HELLO "d\r\ndata: hello\n\n\r\n"
#define WORLD "d\r\ndata: world\n\n\r\n"
#define LAST "0\r\n\r\n"

enum { KIB = 1024 };

/* What hooks saw. */
typedef struct seen {
  size_t events, bytes;
  char address[64]; /* of the client, in on_end */
  int (*then)(weir_exchange *ex, struct seen *seen);
  fixture *f;
} seen;

static seen *seen_of(void *user) { return ((fixture *)user)->test; }

static int on_event(weir_exchange *ex, const weir_sse_event *event, void *user) {
  seen *s = seen_of(user);
  (void)event;
  s->events++;
  return s->then && ex->down->held ? s->then(ex, s) : 0;
}

static int on_body(weir_exchange *ex, const char *data, size_t len, void *user) {
  (void)ex, (void)data;
  seen_of(user)->bytes += len;
  return 0;
}

static void at_end(fixture *f, weir_exchange *ex) {
  seen *s = f->test;
  snprintf(s->address, sizeof s->address, "%s", weir_exchange_client_address(ex));
}

static void arrange(fixture *f, seen *s, weir_event_options *o) {
  *s = (seen){.f = f};
  fixture_init(f);
  f->test = s;
  f->at_end = at_end;
  f->hooks.on_event = on_event;
  f->hooks.on_body = on_body;
  f->options.events = o;
}

static void open_with(fixture *f, seen *s, weir_event_options *o) {
  arrange(f, s, o);
  fixture_start(f);
}

/* A stream whose first event has arrived. */
static peer *stream(fixture *f, peer **client) {
  *client = ask(f, GET);
  peer *origin = asked(f, f->origin.count ? f->origin.count - 1 : 0);
  peer_say(origin, OK_EVENTS HELLO);
  RUN_UNTIL(f, got(*client, "hello"));
  return origin;
}

static bool is_held(const fixture *f) { return last_down(f) && last_down(f)->held; }

static void check_gone(fixture *f, size_t events) {
  CHECK_END(f, WEIR_END_CLIENT_GONE);
  CHECK_INT(only_end(f)->stats.events, events);
  CHECK_INT(f->relay->abandoned, 0);
  CHECK_STR(((seen *)f->test)->address, "127.0.0.1");
}

/* ---- without ---- */

static void without_options_the_origin_is_left_in_the_same_turn(void) {
  weir_event_options o = {WEIR_EVENT_OPTIONS_INIT};
  fixture f;
  seen s;
  peer *client;
  open_with(&f, &s, &o);
  peer *origin = stream(&f, &client);
  peer_close(client);
  RUN_UNTIL(&f, f.end_count && is_over(origin));
  check_gone(&f, 1);
  fixture_end(&f);
}

/* ---- ways to leave ---- */

static const struct leave {
  const char *name;
  void (*act)(peer *client);
} leaves[] = {{"close", peer_close},
              {"fin", peer_fin},
              {"bare fin", peer_fin_bare},
              {"die", peer_die},
              {"reset", peer_reset}};
#define EACH_LEAVE(l) \
  const struct leave *l = leaves; \
  l < leaves + sizeof leaves / sizeof *leaves; \
  l++

static void a_client_that_leaves_is_closed_at_once_and_its_origin_heard_out(void) {
  for (EACH_LEAVE(l)) {
    CHECK_CASE("%s", l->name);
    weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .abandon_ms = 60000};
    fixture f;
    seen s;
    peer *client;
    open_with(&f, &s, &o);
    peer *origin = stream(&f, &client);
    l->act(client);
    RUN_UNTIL(&f, is_held(&f) && f.relay->count.clients == 0);
    settle(&f);
    CHECK_INT(f.end_count, 0);
    CHECK_INT(f.relay->abandoned, 1);
    CHECK(client->closed || is_over(client));
    peer_say(origin, WORLD WORLD);
    RUN_UNTIL(&f, s.events == 3);
    CHECK_INT(s.bytes, 39);
    CHECK(!got(client, "world"));
    peer_say(origin, LAST);
    RUN_UNTIL(&f, f.end_count);
    check_gone(&f, 3);
    CHECK_INT(only_end(&f)->stats.response_bytes, 13); /* what was handed to the client */
    fixture_end(&f);
  }
}

/* FIN alone says nothing there; it is the first write behind the client's end that tells. */
static void a_half_closed_client_has_left_when_a_write_fails(void) {
  weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .abandon_ms = 60000};
  fixture f;
  seen s;
  peer *client;
  arrange(&f, &s, &o);
  f.options.half_close = 1;
  fixture_start(&f);
  peer *origin = stream(&f, &client);
  peer_fin(client);
  RUN_UNTIL(&f, last_down(&f)->fin);
  peer_say(origin, WORLD);
  RUN_UNTIL(&f, got(client, "world"));
  CHECK(!is_held(&f));
  peer_reset(client);
  for (int i = 0; i < 50 && !is_held(&f) && !f.end_count; i++) {
    peer_say(origin, WORLD);
    settle(&f);
  }
  CHECK(is_held(&f));
  size_t events = s.events;
  peer_say(origin, WORLD LAST);
  RUN_UNTIL(&f, f.end_count);
  check_gone(&f, events + 1);
  fixture_end(&f);
}

static weir__stream_verbs deaf_verbs;

static int refuse_write(weir__stream *stream, const weir__slice *slices, size_t count) {
  (void)stream, (void)slices, (void)count;
  return UV_EPIPE;
}

static int drop_even(weir_exchange *ex, const weir_sse_event *event, void *user) {
  (void)ex, (void)event;
  return seen_of(user)->events++ % 2 ? WEIR_EVENT_PASS : WEIR_EVENT_DROP;
}

/* More pieces than one write has room for: the first write fails in the middle of a read. */
static void a_write_may_fail_in_the_middle_of_a_read(void) {
  for (uint32_t ms = 0; ms <= 5000; ms += 5000) {
    weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .mode = WEIR_EVENTS_FILTER, .abandon_ms = ms};
    fixture f;
    seen s;
    char text[300 * 12 + 16];
    int at = sprintf(text, "%x\r\n", 300 * 10);
    for (int i = 0; i < 300; i++) at += sprintf(text + at, "data: %02d\n\n", i % 100);
    strcpy(text + at, "\r\n");
    arrange(&f, &s, &o);
    f.hooks.on_event = drop_even;
    fixture_start(&f);
    peer *client = ask(&f, GET), *origin = asked(&f, 0);
    peer_say(origin, OK_EVENTS);
    RUN_UNTIL(&f, got(client, "\r\n\r\n"));
    weir__stream *stream = last_down(&f)->stream;
    deaf_verbs = *stream->verbs;
    deaf_verbs.writev = refuse_write;
    stream->verbs = &deaf_verbs;
    peer_say(origin, text);
    RUN_UNTIL(&f, ms ? s.events == 300 : f.end_count == 1);
    CHECK_INT(f.end_count, ms == 0);
    if (ms) peer_say(origin, LAST);
    RUN_UNTIL(&f, f.end_count);
    CHECK_END(&f, WEIR_END_CLIENT_GONE);
    CHECK_INT(only_end(&f)->stats.error, UV_EPIPE);
    fixture_end(&f);
  }
}

/* ---- what ends it ---- */

static void time_ends_it(void) {
  weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .abandon_ms = 5000};
  fixture f;
  seen s;
  peer *client;
  open_with(&f, &s, &o);
  peer *origin = stream(&f, &client);
  peer_close(client);
  RUN_UNTIL(&f, is_held(&f));
  pass(&f, 4900);
  peer_say(origin, WORLD);
  RUN_UNTIL(&f, s.events == 2);
  CHECK_INT(f.end_count, 0);
  pass(&f, 101);
  RUN_UNTIL(&f, f.end_count && is_over(origin));
  check_gone(&f, 2);
  fixture_end(&f);
}

static void bytes_end_it(void) {
  weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .abandon_bytes = 26};
  fixture f;
  seen s;
  peer *client;
  open_with(&f, &s, &o);
  peer *origin = stream(&f, &client);
  peer_close(client);
  RUN_UNTIL(&f, is_held(&f));
  peer_say(origin, WORLD);
  RUN_UNTIL(&f, s.events == 2);
  settle(&f);
  pass(&f, 100000);
  CHECK_INT(f.end_count, 0);
  peer_say(origin, WORLD);
  RUN_UNTIL(&f, f.end_count && is_over(origin));
  check_gone(&f, 3);
  fixture_end(&f);
}

static void abort_it(weir_exchange *ex) { weir_exchange_abort(ex); }
static void close_the_relay(weir_exchange *ex) { close_relay(ex->hooks->user); }
static void drain_it(weir_exchange *ex) { weir_relay_drain(ex->relay, 0, NULL, NULL); }
static void let_gap_run_out(weir_exchange *ex) { pass(ex->hooks->user, 300001); }
static peer *the_origin(weir_exchange *ex) {
  return origin_peer(&((fixture *)ex->hooks->user)->origin, 0);
}
static void reset_origin(weir_exchange *ex) { peer_reset(the_origin(ex)); }
static void cut_origin(weir_exchange *ex) { peer_close(the_origin(ex)); }
static void spoil_origin(weir_exchange *ex) { peer_say(the_origin(ex), "no chunk\r\n"); }

/* Nobody gets a terminal event, and none is counted. */
static void whatever_ends_it_the_client_had_gone(void) {
  static const struct {
    const char *name;
    void (*act)(weir_exchange *ex);
  } ends[] = {{"abort", abort_it},        {"close", close_the_relay}, {"drain", drain_it},
              {"gap", let_gap_run_out},   {"reset", reset_origin},    {"cut", cut_origin},
              {"malformed", spoil_origin}};
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
    CHECK_CASE("%s", ends[i].name);
    weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .abandon_bytes = KIB, .error_event = "event",
                            .cut_event = "event", .drain_event = "event"};
    fixture f;
    seen s;
    peer *client;
    open_with(&f, &s, &o);
    peer *origin = stream(&f, &client);
    peer_reset(client);
    RUN_UNTIL(&f, is_held(&f));
    ends[i].act(last_down(&f)->owner);
    RUN_UNTIL(&f, f.end_count && (origin->closed || is_over(origin)));
    CHECK_END(&f, WEIR_END_CLIENT_GONE);
    CHECK_INT(only_end(&f)->stats.error, UV_ECONNRESET);
    CHECK_INT(only_end(&f)->stats.in_band, 0);
    fixture_end(&f);
  }
}

static int abort_inside(weir_exchange *ex, seen *s) {
  (void)s;
  weir_exchange_abort(ex);
  return 0;
}

static int close_inside(weir_exchange *ex, seen *s) {
  (void)ex;
  close_relay(s->f);
  return 0;
}

static int refuse_inside(weir_exchange *ex, seen *s) {
  (void)ex, (void)s;
  return 503;
}

static int cut_inside(weir_exchange *ex, seen *s) {
  (void)ex, (void)s;
  return WEIR_EVENT_CUT;
}

static void a_hook_may_end_it(void) {
  static int (*const thens[])(weir_exchange *, seen *) = {abort_inside, close_inside, refuse_inside,
                                                          cut_inside};
  for (size_t i = 0; i < sizeof thens / sizeof *thens; i++) {
    CHECK_CASE("%zu", i);
    weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .abandon_bytes = KIB};
    fixture f;
    seen s;
    peer *client;
    open_with(&f, &s, &o);
    peer *origin = stream(&f, &client);
    peer_close(client);
    RUN_UNTIL(&f, is_held(&f));
    s.then = thens[i];
    peer_say(origin, WORLD);
    RUN_UNTIL(&f, f.end_count);
    CHECK_END(&f, WEIR_END_CLIENT_GONE);
    CHECK_INT(s.events, 2);
    fixture_end(&f);
  }
}

static void close_at_end(fixture *f, weir_exchange *ex) {
  at_end(f, ex);
  if (!f->closing) close_relay(f);
}

/* They are ended one by one, and each end may end all. */
static void the_relay_may_close_in_the_end_of_one_of_many(void) {
  weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .abandon_ms = 5000};
  fixture f;
  seen s;
  peer *client;
  arrange(&f, &s, &o);
  f.at_end = close_at_end;
  fixture_start(&f);
  for (size_t n = 0; n < 5; n++) {
    client = ask(&f, GET);
    peer_say(asked(&f, n), OK_EVENTS HELLO);
    RUN_UNTIL(&f, got(client, "hello"));
    peer_reset(client);
    RUN_UNTIL(&f, f.relay->abandoned == n + 1 && f.relay->count.clients == 0);
  }
  weir_relay_drain(f.relay, 1000, NULL, NULL);
  CHECK_INT(f.end_count, 0);
  pass(&f, 1000);
  CHECK_INT(f.end_count, 5);
  fixture_end(&f);
}

static void mark_drained(weir_relay *relay, void *user) {
  (void)relay;
  *(bool *)user = true;
}

static void a_drain_waits_for_it(void) {
  weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .abandon_ms = 500000};
  fixture f;
  seen s;
  peer *client;
  bool drained = false;
  open_with(&f, &s, &o);
  peer *origin = stream(&f, &client);
  peer_close(client);
  RUN_UNTIL(&f, is_held(&f) && f.relay->count.clients == 0);
  weir_relay_drain(f.relay, WEIR_OFF, mark_drained, &drained);
  settle(&f);
  CHECK(!drained);
  peer_say(origin, WORLD LAST);
  RUN_UNTIL(&f, drained);
  check_gone(&f, 2);
  fixture_end(&f);
}

/* ---- what must not go on ---- */

/* Its rest would never come, nor the answer to it. */
static void half_a_request_is_left_with_its_client(void) {
  weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .abandon_bytes = KIB};
  fixture f;
  seen s;
  open_with(&f, &s, &o);
  peer *client = ask(&f, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n123");
  peer *origin = asked(&f, 0);
  peer_say(origin, OK_EVENTS HELLO);
  RUN_UNTIL(&f, got(client, "hello"));
  peer_close(client);
  RUN_UNTIL(&f, f.end_count && is_over(origin));
  check_gone(&f, 1);
  fixture_end(&f);
}

static void other_responses_and_heads_on_their_way_are_left(void) {
  static const char *const answers[] = {"", OK_CHUNKED "5\r\nhello\r\n"};
  for (size_t i = 0; i < 2; i++) {
    CHECK_CASE("%s", answers[i]);
    weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .abandon_bytes = KIB};
    fixture f;
    seen s;
    open_with(&f, &s, &o);
    peer *client = ask(&f, GET), *origin = asked(&f, 0);
    if (*answers[i]) peer_say(origin, answers[i]);
    if (*answers[i]) RUN_UNTIL(&f, got(client, "hello"));
    peer_close(client);
    RUN_UNTIL(&f, f.end_count && is_over(origin));
    CHECK_END(&f, WEIR_END_CLIENT_GONE);
    fixture_end(&f);
  }
}

static void what_was_asked_behind_it_is_not_served(void) {
  weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .abandon_bytes = KIB};
  fixture f;
  seen s;
  open_with(&f, &s, &o);
  peer *client = ask(&f, GET GET), *origin = asked(&f, 0);
  peer_say(origin, OK_EVENTS HELLO);
  RUN_UNTIL(&f, got(client, "hello"));
  peer_close(client);
  RUN_UNTIL(&f, is_held(&f));
  peer_say(origin, WORLD LAST);
  RUN_UNTIL(&f, f.end_count);
  settle(&f);
  check_gone(&f, 2);
  CHECK_INT(f.relay->count.exchanges_total, 1);
  fixture_end(&f);
}

static void abandon_max_of_a_thousand_go_on(void) {
  enum { MANY = 1000, MAX = 10 };
  weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .abandon_ms = 200000, .abandon_max = MAX};
  fixture f;
  seen s;
  open_with(&f, &s, &o);
  for (size_t n = 0; n < MANY; n++) {
    peer *client = ask(&f, GET);
    peer_say(asked(&f, n), OK_EVENTS HELLO);
    RUN_UNTIL(&f, got(client, "hello"));
    peer_reset(client);
    RUN_UNTIL(&f, f.relay->count.clients == 0);
    CHECK(f.relay->abandoned == (n < MAX ? n + 1 : MAX));
  }
  CHECK_INT(f.end_count, MANY - MAX);
  pass(&f, 200001);
  CHECK_INT(f.end_count, MANY);
  CHECK_INT(f.relay->abandoned, 0);
  CHECK_INT(f.relay->count.ends[WEIR_END_CLIENT_GONE], MANY);
  fixture_end(&f);
}

/* ---- flow ---- */

static const char *long_event(void) {
  static char text[64 * KIB];
  if (!*text) {
    memset(text, 'x', sizeof text - 1);
    int at = snprintf(text, 32, "f000\r\ndata: ");
    text[at] = 'x';
    memcpy(text + 6 + 0xf000 - 2, "\n\n\r\n", 5);
  }
  return text;
}

static void an_origin_that_waited_for_the_client_is_heard_again(void) {
  weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .abandon_ms = 50000};
  fixture f;
  seen s;
  arrange(&f, &s, &o);
  f.options.outbox_high = 64 * KIB;
  fixture_start(&f);
  peer *client = client_open_narrow(&f);
  peer_say(client, GET);
  peer *origin = asked(&f, 0);
  peer_say(origin, OK_EVENTS);
  for (int i = 0; i < 64; i++) peer_say(origin, long_event());
  RUN_UNTIL(&f, last_exchange(&f) && last_exchange(&f)->origin_paused);
  settle(&f);
  CHECK(s.events < 64);
  peer_reset(client);
  settle(&f);
  pass(&f, 1100); /* a client that is read no more is looked at, too */
  RUN_UNTIL(&f, is_held(&f));
  peer_say(origin, LAST);
  RUN_UNTIL(&f, f.end_count);
  check_gone(&f, 64);
  fixture_end(&f);
}

/* ---- lent ---- */

static void a_lent_stream_is_closed_at_once_and_given_back_behind_the_end(void) {
  weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .abandon_ms = 5000};
  static const uv_handle_type kinds[] = {UV_TCP, UV_NAMED_PIPE};
  for (size_t i = 0; i < 2; i++) {
    fixture f;
    seen s;
    lent l;
    open_with(&f, &s, &o);
    lent_open(&l, &f, kinds[i]);
    lent_secure(&l);
    CHECK_INT(lend(&l, "", 0), 0);
    peer_say(l.client, GET);
    peer *origin = asked(&f, 0);
    peer_say(origin, OK_EVENTS HELLO);
    RUN_UNTIL(&f, got(l.client, "hello"));
    peer_close(l.client);
    RUN_UNTIL(&f, is_held(&f) && last_down(&f)->gone);
    CHECK_INT(l.returns, 0);
    CHECK_INT(f.relay->count.clients, 0);
    peer_say(origin, WORLD LAST);
    RUN_UNTIL(&f, l.returns == 1);
    CHECK(!l.open);
    CHECK_END(&f, WEIR_END_CLIENT_GONE);
    lent_close(&l);
    fixture_end(&f);
    lent_free(&l);
  }
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(without_options_the_origin_is_left_in_the_same_turn);
  TEST(a_client_that_leaves_is_closed_at_once_and_its_origin_heard_out);
  TEST(a_half_closed_client_has_left_when_a_write_fails);
  TEST(a_write_may_fail_in_the_middle_of_a_read);
  TEST(time_ends_it);
  TEST(bytes_end_it);
  TEST(whatever_ends_it_the_client_had_gone);
  TEST(a_hook_may_end_it);
  TEST(the_relay_may_close_in_the_end_of_one_of_many);
  TEST(a_drain_waits_for_it);
  TEST(half_a_request_is_left_with_its_client);
  TEST(other_responses_and_heads_on_their_way_are_left);
  TEST(what_was_asked_behind_it_is_not_served);
  TEST(abandon_max_of_a_thousand_go_on);
  TEST(an_origin_that_waited_for_the_client_is_heard_again);
  TEST(a_lent_stream_is_closed_at_once_and_given_back_behind_the_end);
  return check_end();
}
