/* relay/deadlines: the timers of one exchange, under scripted time. */
#include "relay/deadlines.h"

#include "unit/net_fixture.h"
#include "weir/exchange.h"
#include "weir/relay.h"

enum { TIMERS = WEIR_TIMER_HANDSHAKE + 1 };

typedef struct thing thing;
struct thing {
  net n;
  weir__deadlines d;
  uint64_t due[TIMERS];
  char fired[200]; /* names and times, in order */
  uint64_t begun;
  void (*then)(thing *t, enum weir_timer timer);
};

static void on_timer(weir__deadlines *d, int timer) {
  thing *t = weir__container_of(d, thing, d);
  size_t len = strlen(t->fired);
  unsigned long long after = weir__clock_now(&t->n.clock) - t->begun;
  CHECK(!weir__deadlines_runs(d, timer));
  snprintf(t->fired + len, sizeof t->fired - len, "%s@%llu ",
           weir_timer_name((enum weir_timer)timer), after);
  if (t->then) t->then(t, (enum weir_timer)timer);
}

static void begin(thing *t) {
  net_begin(&t->n, NULL);
  t->fired[0] = '\0';
  t->then = NULL;
  t->begun = weir__clock_now(&t->n.clock);
  weir__deadlines_init(&t->d, t->due, TIMERS, &t->n.clock, on_timer);
}

static void finish(thing *t) {
  weir__deadlines_stop_all(&t->d);
  weir__deadlines_stop_all(&t->d);
  net_end(&t->n);
}

static void set(thing *t, enum weir_timer timer, uint32_t ms) {
  weir__deadlines_set(&t->d, timer, ms);
}

/* What fired in the next `ms`. */
static const char *wait(thing *t, uint64_t ms) {
  t->fired[0] = '\0';
  weir__clock_advance(&t->n.clock, ms);
  return t->fired;
}

static void none_runs_at_first(void) {
  thing t;
  begin(&t);
  for (int i = 0; i < TIMERS; i++) CHECK(!weir__deadlines_runs(&t.d, (enum weir_timer)i));
  CHECK_STR(wait(&t, 1000000000), "");
  finish(&t);
}

static void each_fires_at_its_time_and_once(void) {
  thing t;
  begin(&t);
  set(&t, WEIR_TIMER_GAP, 300);
  set(&t, WEIR_TIMER_CONNECT, 100);
  set(&t, WEIR_TIMER_STALL, 200);
  CHECK(weir__deadlines_runs(&t.d, WEIR_TIMER_GAP));
  CHECK_STR(wait(&t, 99), "");
  CHECK_STR(wait(&t, 1), "connect@100 ");
  CHECK_STR(wait(&t, 1000), "stall@200 gap@300 ");
  CHECK_STR(wait(&t, 1000000), "");
  finish(&t);
}

static void every_timer_has_its_own(void) {
  thing t;
  begin(&t);
  for (int i = 0; i < TIMERS; i++) set(&t, (enum weir_timer)i, 10u * (unsigned)(i + 1));
  CHECK_STR(wait(&t, 100),
            "connect@10 head@20 gap@30 total@40 stall@50 request_body@60 handshake@70 ");
  finish(&t);
}

static void two_that_are_due_at_once_both_fire(void) {
  thing t;
  begin(&t);
  set(&t, WEIR_TIMER_TOTAL, 100);
  set(&t, WEIR_TIMER_HEAD, 100);
  CHECK_STR(wait(&t, 100), "head@100 total@100 ");
  CHECK_STR(wait(&t, 100), "");
  finish(&t);
}

static void one_may_be_moved_either_way(void) {
  thing t;
  begin(&t);
  set(&t, WEIR_TIMER_GAP, 100);
  wait(&t, 60);
  set(&t, WEIR_TIMER_GAP, 100);
  CHECK_STR(wait(&t, 99), "");
  CHECK_STR(wait(&t, 1), "gap@160 ");
  set(&t, WEIR_TIMER_GAP, 100);
  set(&t, WEIR_TIMER_GAP, 20);
  CHECK_STR(wait(&t, 1000), "gap@180 ");
  finish(&t);
}

static void moving_one_away_costs_no_call_of_the_timer(void) {
  thing t;
  begin(&t);
  set(&t, WEIR_TIMER_GAP, 100);
  uint64_t armed = t.n.clock.armed, queued = t.d.deadline.queued;
  for (uint32_t ms = 101; ms < 200; ms++) set(&t, WEIR_TIMER_GAP, ms);
  CHECK_INT(t.n.clock.armed, armed);
  CHECK_INT(t.d.deadline.queued, queued);
  CHECK_STR(wait(&t, 1000), "gap@199 ");
  finish(&t);
}

static void off_is_never(void) {
  thing t;
  begin(&t);
  set(&t, WEIR_TIMER_TOTAL, WEIR_OFF);
  CHECK(!weir__deadlines_runs(&t.d, WEIR_TIMER_TOTAL));
  set(&t, WEIR_TIMER_GAP, 100);
  set(&t, WEIR_TIMER_GAP, WEIR_OFF);
  CHECK(!weir__deadlines_runs(&t.d, WEIR_TIMER_GAP));
  CHECK_STR(wait(&t, UINT64_C(1) << 40), "");
  finish(&t);
}

static void the_longest_time_is_not_never(void) {
  thing t;
  begin(&t);
  set(&t, WEIR_TIMER_TOTAL, WEIR_OFF - 1);
  CHECK(weir__deadlines_runs(&t.d, WEIR_TIMER_TOTAL));
  CHECK_STR(wait(&t, WEIR_OFF - 2), "");
  CHECK_STR(wait(&t, 1), "total@4294967294 ");
  finish(&t);
}

static void one_that_is_stopped_does_not_fire(void) {
  thing t;
  begin(&t);
  set(&t, WEIR_TIMER_CONNECT, 100);
  set(&t, WEIR_TIMER_HEAD, 200);
  weir__deadlines_stop(&t.d, WEIR_TIMER_CONNECT);
  CHECK(!weir__deadlines_runs(&t.d, WEIR_TIMER_CONNECT));
  CHECK_STR(wait(&t, 150), "");
  CHECK_STR(wait(&t, 50), "head@200 ");
  weir__deadlines_stop(&t.d, WEIR_TIMER_HEAD); /* idempotent */
  finish(&t);
}

static void a_stopped_one_leaves_no_later_one_forgotten(void) {
  thing t;
  begin(&t);
  set(&t, WEIR_TIMER_CONNECT, 100);
  weir__deadlines_stop(&t.d, WEIR_TIMER_CONNECT);
  set(&t, WEIR_TIMER_HEAD, 300);
  set(&t, WEIR_TIMER_STALL, 200);
  CHECK_STR(wait(&t, 1000), "stall@200 head@300 ");
  finish(&t);
}

static void after_stop_all_none_fires_but_those_set_anew(void) {
  thing t;
  begin(&t);
  for (int i = 0; i < TIMERS; i++) set(&t, (enum weir_timer)i, 100);
  weir__deadlines_stop_all(&t.d);
  CHECK_INT(t.d.deadline.queued, 0); /* its memory may go now */
  CHECK_STR(wait(&t, 1000), "");
  set(&t, WEIR_TIMER_GAP, 10);
  CHECK_STR(wait(&t, 1000), "gap@1010 ");
  finish(&t);
}

/* ---- inside the callback ---- */

static void stop_everything(thing *t, enum weir_timer timer) {
  (void)timer;
  weir__deadlines_stop_all(&t->d);
}

static void whoever_stops_all_gets_no_more(void) {
  thing t;
  begin(&t);
  for (int i = 0; i < TIMERS; i++) set(&t, (enum weir_timer)i, 100);
  t.then = stop_everything;
  CHECK_STR(wait(&t, 1000), "connect@100 ");
  CHECK_INT(t.d.deadline.queued, 0);
  finish(&t);
}

static void stop_total(thing *t, enum weir_timer timer) {
  if (timer == WEIR_TIMER_HEAD) weir__deadlines_stop(&t->d, WEIR_TIMER_TOTAL);
}

static void one_that_is_stopped_by_another_does_not_fire(void) {
  thing t;
  begin(&t);
  set(&t, WEIR_TIMER_HEAD, 100);
  set(&t, WEIR_TIMER_TOTAL, 100);
  t.then = stop_total;
  CHECK_STR(wait(&t, 1000), "head@100 ");
  finish(&t);
}

static void once_more(thing *t, enum weir_timer timer) {
  if (weir__clock_now(&t->n.clock) - t->begun < 300) set(t, timer, 100);
}

static void one_may_be_set_anew_from_inside(void) {
  thing t;
  begin(&t);
  set(&t, WEIR_TIMER_GAP, 100);
  set(&t, WEIR_TIMER_TOTAL, 250);
  t.then = once_more;
  CHECK_STR(wait(&t, 1000), "gap@100 gap@200 total@250 gap@300 total@350 ");
  finish(&t);
}

static void it_fires_from_the_loop_too(void) {
  thing t;
  begin(&t);
  set(&t, WEIR_TIMER_GAP, 5);
  set(&t, WEIR_TIMER_HEAD, 0);
  CHECK_STR(t.fired, "");
  RUN_UNTIL(&t.n, strstr(t.fired, "gap"));
  CHECK(strstr(t.fired, "head") == t.fired);
  finish(&t);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(none_runs_at_first);
  TEST(each_fires_at_its_time_and_once);
  TEST(every_timer_has_its_own);
  TEST(two_that_are_due_at_once_both_fire);
  TEST(one_may_be_moved_either_way);
  TEST(moving_one_away_costs_no_call_of_the_timer);
  TEST(off_is_never);
  TEST(the_longest_time_is_not_never);
  TEST(one_that_is_stopped_does_not_fire);
  TEST(a_stopped_one_leaves_no_later_one_forgotten);
  TEST(after_stop_all_none_fires_but_those_set_anew);
  TEST(whoever_stops_all_gets_no_more);
  TEST(one_that_is_stopped_by_another_does_not_fire);
  TEST(one_may_be_set_anew_from_inside);
  TEST(it_fires_from_the_loop_too);
  return check_end();
}
