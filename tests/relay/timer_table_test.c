/* Every timer of weir_options, to the millisecond: not one early, not one late, in its own words,
 * and never when it is off. What begins and stops them is in timer_test.c. */
#include <stdio.h>

#include "support/fixture.h"
#include "support/tls_end.h"

enum { MIB = 1024 * 1024, EXCHANGES = WEIR_TIMER_HANDSHAKE + 1 };

#define LEN_BIG "HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n"
#define OK_TWO "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* The timer was set somewhen between the two. Real time passes while a test runs, but only when the
 * loop turns, so a millisecond counts all the same. */
typedef struct span {
  uint64_t from, to;
} span;

static uint64_t now(const fixture *f) { return weir__clock_now(&f->relay->clock); }

/* ---- bringing each to run ---- */

static void connecting(fixture *f, span *s) {
  s->from = now(f);
  ask(f, GET);
  RUN_UNTIL(f, last_down(f) && last_exchange(f));
}

/* With an origin, or a client, that is connected and silent. */
static void shaking_origin(fixture *f, span *s) {
  s->from = now(f);
  ask(f, GET);
  RUN_UNTIL(f, last_down(f) && last_exchange(f) && last_exchange(f)->up.handshake);
}

static void shaking_client(fixture *f, span *s) {
  s->from = now(f);
  peer *p = peer_new(&f->loop, &f->clients, UV_TCP, "client", f->client_count++);
  peer_connect(p, f->port);
  RUN_UNTIL(f, last_down(f) && last_down(f)->state == WEIR__DOWN_SHAKING);
}

static void head(fixture *f, span *s) {
  s->from = now(f);
  ask(f, GET);
  asked(f, 0);
}

static void gap(fixture *f, span *s) {
  peer *client = ask(f, GET), *origin = asked(f, 0);
  s->from = now(f);
  peer_say(origin, OK_CHUNKED "5\r\nhello\r\n");
  RUN_UNTIL(f, got(client, "hello"));
}

static void stall(fixture *f, span *s) {
  peer *client = client_open_narrow(f);
  peer_say(client, GET);
  peer *origin = asked(f, 0);
  s->from = now(f);
  peer_say(origin, LEN_BIG);
  peer_pour(origin, MIB);
  RUN_UNTIL(f, last_exchange(f)->origin_paused);
  settle(f);
}

static void request_body(fixture *f, span *s) {
  s->from = now(f);
  ask(f, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n123");
  RUN_UNTIL(f, got(asked(f, 0), "123"));
}

static void silence(fixture *f, span *s) {
  s->from = now(f);
  client_open(f);
  RUN_UNTIL(f, last_down(f));
}

static void half_head(fixture *f, span *s) {
  s->from = now(f);
  ask(f, "GET / HT");
  RUN_UNTIL(f, last_down(f) && last_down(f)->state == WEIR__DOWN_HEAD);
}

static peer *serve_one(fixture *f, span *s) {
  peer *client = ask(f, GET), *origin = asked(f, 0);
  s->from = now(f);
  peer_say(origin, OK_TWO);
  RUN_UNTIL(f, got_message(client));
  take(client);
  return client;
}

static void second_head(fixture *f, span *s) {
  peer *client = serve_one(f, s);
  s->from = now(f);
  peer_say(client, "\r\nGE");
  RUN_UNTIL(f, last_down(f)->state == WEIR__DOWN_HEAD);
}

static void keepalive(fixture *f, span *s) { serve_one(f, s); }

static void idle_origin(fixture *f, span *s) { serve_one(f, s); }

/* ---- seeing that it ran out ---- */

static bool has_ended(const fixture *f) { return f->end_count > 0; }
static bool is_refused(const fixture *f) { return last_down(f)->state != WEIR__DOWN_HEAD; }
static bool is_closed(const fixture *f) { return last_down(f)->state == WEIR__DOWN_CLOSED; }
static bool has_no_idle(const fixture *f) { return f->relay->count.idle_origins == 0; }

static peer *client_of(const fixture *f) { return weir__container_of(f->clients.prev, peer, node); }

static void says_408(fixture *f) {
  RUN_UNTIL(f, is_over(client_of(f)));
  const message *m = take(client_of(f));
  CHECK(m->whole && m->status == 408 && has_line(m, "Connection: close"));
  CHECK_STR(m->body, "408 Request Timeout: a timer ran out\n");
}

static void says_nothing(fixture *f) {
  RUN_UNTIL(f, is_over(client_of(f)));
  CHECK(client_of(f)->fin);
  CHECK_INT(untaken(client_of(f)), 0);
}

static void closes_the_origin(fixture *f) {
  RUN_UNTIL(f, is_over(origin_peer(&f->origin, 0)));
  CHECK(!is_over(client_of(f)));
}

/* ---- all of them ---- */

#define OPTION(name) offsetof(weir_options, name)

static const struct timed {
  const char *name;
  size_t option;
  uint32_t usual; /* 0: off */
  void (*arm)(fixture *f, span *s);
  bool (*fired)(const fixture *f);
  int status;               /* of an exchange's timer .. */
  void (*then)(fixture *f); /* .. or what follows */
} timers[] = {
    [WEIR_TIMER_CONNECT] = {"connect", OPTION(connect_ms), 5000, connecting, has_ended, 504},
    [WEIR_TIMER_HEAD] = {"head", OPTION(head_ms), 300000, head, has_ended, 504},
    [WEIR_TIMER_GAP] = {"gap", OPTION(gap_ms), 300000, gap, has_ended, 200},
    [WEIR_TIMER_TOTAL] = {"total", OPTION(total_ms), 0, head, has_ended, 504},
    [WEIR_TIMER_STALL] = {"stall", OPTION(stall_ms), 60000, stall, has_ended, 200},
    [WEIR_TIMER_REQUEST_BODY] = {"request_body", OPTION(request_body_ms), 60000, request_body,
                                 has_ended, 408},
    [WEIR_TIMER_HANDSHAKE] = {"handshake", OPTION(handshake_ms), 10000, shaking_origin, has_ended,
                              504},
    {"a client's handshake", OPTION(handshake_ms), 10000, shaking_client, is_closed, 0,
     says_nothing},
    {"a silent client", OPTION(request_head_ms), 10000, silence, is_closed, 0, says_nothing},
    {"half a head", OPTION(request_head_ms), 10000, half_head, is_refused, 0, says_408},
    {"half a second head", OPTION(request_head_ms), 10000, second_head, is_refused, 0, says_408},
    {"keepalive", OPTION(keepalive_ms), 75000, keepalive, is_closed, 0, says_nothing},
    {"idle_origin", OPTION(idle_origin_ms), 4000, idle_origin, has_no_idle, 0, closes_the_origin},
};

enum { TIMERS = sizeof timers / sizeof *timers };

static void set(fixture *f, const struct timed *t, uint32_t ms) {
  *(uint32_t *)(void *)((char *)&f->options + t->option) = ms;
}

/* Only connecting needs an origin that does not answer. */
typedef struct scene {
  black_hole hole;
  char url[64];
} scene;

static void begin(fixture *f, scene *s) {
  black_hole_open(&s->hole);
  fixture_init(f);
}

static void start(fixture *f, scene *s, const struct timed *t) {
  weir_tls_pair pair = CA_PAIR("good");
  weir_tls_options o = {WEIR_TLS_OPTIONS_INIT, .pairs = &pair, .pair_count = 1};
  bool secure = t->arm == shaking_origin;
  snprintf(s->url, sizeof s->url, "http%s://127.0.0.1:%d", secure ? "s" : "",
           secure ? f->origin.port : s->hole.port);
  if (secure || t->arm == connecting) f->origin_options.url = s->url;
  weir_tls *tls = secure ? tls_origin(NULL) : t->arm == shaking_client ? tls_server(&o) : NULL;
  if (secure) f->origin_options.tls = tls;
  if (t->arm == shaking_client) f->listen_options.tls = tls;
  fixture_start(f);
  if (secure) f->origin.secure = false; /* so it says nothing */
  weir_tls_free(tls);                   /* it is held */
}

static void end(fixture *f, scene *s) {
  fixture_end(f);
  black_hole_close(&s->hole);
}

/* A client's progress is looked at four times as often as the limit says. */
static uint64_t slack(const struct timed *t, uint32_t ms) {
  return t->arm == stall ? ms / 4 + 4 : 0;
}

static void check_runs_out(fixture *f, const struct timed *t, span s, uint32_t ms) {
  pass(f, s.from + ms - 1 - now(f));
  CHECK(!t->fired(f));
  pass(f, s.to + ms + slack(t, ms) - now(f));
  CHECK(t->fired(f));
}

static void check_words(fixture *f, size_t timer) {
  const weir_stats *s = &only_end(f)->stats;
  CHECK_END(f, WEIR_END_TIMEOUT);
  CHECK_STR(weir_timer_name(s->timer), weir_timer_name((enum weir_timer)timer));
  CHECK_INT(s->error, WEIR_ETIMEOUT);
  CHECK_INT(s->status, timers[timer].status);
}

static void run_out_after(size_t i, uint32_t option, uint32_t ms) {
  const struct timed *t = &timers[i];
  span s;
  scene sc;
  fixture f;
  CHECK_CASE("%s after %u ms", t->name, ms);
  begin(&f, &sc);
  set(&f, t, option);
  start(&f, &sc, t);
  t->arm(&f, &s);
  s.to = now(&f);
  check_runs_out(&f, t, s, ms);
  if (i < EXCHANGES)
    check_words(&f, i);
  else
    t->then(&f);
  end(&f, &sc);
}

static void each_timer_runs_out_at_its_default_and_no_millisecond_before(void) {
  for (size_t i = 0; i < TIMERS; i++)
    if (timers[i].usual) run_out_after(i, 0, timers[i].usual);
}

static void each_timer_runs_out_when_its_option_says(void) {
  for (size_t i = 0; i < TIMERS; i++) run_out_after(i, 2345, 2345);
}

static void no_timer_runs_out_when_it_is_off(void) {
  const uint64_t year = 365ull * 86400 * 1000;
  for (size_t i = 0; i < TIMERS; i++) {
    span s;
    scene sc;
    fixture f;
    CHECK_CASE("%s", timers[i].name);
    begin(&f, &sc);
    for (size_t all = 0; all < TIMERS; all++) set(&f, &timers[all], WEIR_OFF);
    start(&f, &sc, &timers[i]);
    timers[i].arm(&f, &s);
    pass(&f, year);
    settle(&f);
    CHECK(!timers[i].fired(&f));
    end(&f, &sc);
  }
}

/* Progress is seen when it is looked for, which is four times as often as the limit says. */
static void a_client_that_stalls_again_is_dropped_no_more_than_a_quarter_late(void) {
  const uint32_t ms = 60000;
  span s;
  fixture f;
  fixture_open(&f);
  stall(&f, &s);
  pass(&f, 1000);
  peer *client = client_of(&f);
  peer_go(client);
  RUN_UNTIL(&f, client->got_len > 0);
  peer_stop(client);
  settle(&f);
  CHECK(last_exchange(&f)->origin_paused);
  uint64_t last = now(&f);
  pass(&f, ms - 1000);
  CHECK_INT(f.end_count, 0);
  pass(&f, last + ms + ms / 4 - now(&f));
  CHECK_INT(f.end_count, 1);
  fixture_end(&f);
}

/* The time for the first head is counted from accept, as weir/relay.h says. */
static void a_late_first_byte_does_not_buy_a_new_connection_more_time(void) {
  fixture f;
  fixture_open(&f);
  peer *client = client_open(&f);
  RUN_UNTIL(&f, last_down(&f));
  pass(&f, 9000);
  peer_say(client, "GET / HT");
  RUN_UNTIL(&f, last_down(&f)->state == WEIR__DOWN_HEAD);
  pass(&f, 1000);
  CHECK(is_refused(&f));
  fixture_end(&f);
}

/* ---- asking the host ---- */

typedef struct say {
  enum weir_timer timer;
  int extend; /* so often */
  bool abort;
} say;

static int on_timeout(weir_exchange *ex, enum weir_timer timer, void *user) {
  fixture *f = user;
  say *s = f->test;
  CHECK_STR(weir_timer_name(timer), weir_timer_name(s->timer));
  if (s->extend-- > 0) return WEIR_TIMEOUT_EXTEND;
  if (s->abort) weir_exchange_abort(ex);
  return WEIR_TIMEOUT_END;
}

static void start_asking(fixture *f, scene *sc, say *s) {
  const struct timed *t = &timers[s->timer];
  begin(f, sc);
  f->hooks.on_timeout = on_timeout;
  f->test = s;
  if (!t->usual) set(f, t, 50000);
  start(f, sc, t);
}

/* Once more is once more from where it ran out. */
static void check_extends(fixture *f, const struct timed *t, span *s, uint32_t ms) {
  const say *asks = f->test;
  int left = asks->extend;
  pass(f, s->from + ms - 1 - now(f));
  CHECK_INT(asks->extend, left);
  pass(f, s->to + ms + slack(t, ms) - now(f));
  CHECK_INT(asks->extend, left - 1);
  CHECK_INT(f->end_count, 0);
  s->from += ms;
  s->to += ms + slack(t, ms);
}

static void a_host_may_extend_each_timer_by_its_own_length(void) {
  for (int i = 0; i < EXCHANGES; i++) {
    CHECK_CASE("%s", timers[i].name);
    say asks = {.timer = (enum weir_timer)i, .extend = 2};
    span s;
    scene sc;
    fixture f;
    start_asking(&f, &sc, &asks);
    uint32_t ms = timers[i].usual ? timers[i].usual : 50000;
    timers[i].arm(&f, &s);
    s.to = now(&f);
    for (int left = 2; left > 0; left--) check_extends(&f, &timers[i], &s, ms);
    check_runs_out(&f, &timers[i], s, ms);
    check_words(&f, (size_t)i);
    end(&f, &sc);
  }
}

static void a_host_may_abort_when_a_timer_ran_out(void) {
  for (int i = 0; i < EXCHANGES; i++) {
    CHECK_CASE("%s", timers[i].name);
    say asks = {.timer = (enum weir_timer)i, .abort = true};
    span s;
    scene sc;
    fixture f;
    start_asking(&f, &sc, &asks);
    timers[i].arm(&f, &s);
    pass(&f, 301000);
    CHECK_END(&f, WEIR_END_CUT);
    CHECK_INT(asks.extend, -1);
    end(&f, &sc);
  }
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(each_timer_runs_out_at_its_default_and_no_millisecond_before);
  TEST(each_timer_runs_out_when_its_option_says);
  TEST(no_timer_runs_out_when_it_is_off);
  TEST(a_client_that_stalls_again_is_dropped_no_more_than_a_quarter_late);
  TEST(a_late_first_byte_does_not_buy_a_new_connection_more_time);
  TEST(a_host_may_extend_each_timer_by_its_own_length);
  TEST(a_host_may_abort_when_a_timer_ran_out);
  return check_end();
}
