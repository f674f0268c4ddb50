/* net/timer: one clock, many deadlines. */
#include "net/timer.h"

#include "unit/net_fixture.h"

enum { MANY = 300 };

typedef struct thing thing;
struct thing {
  weir__deadline deadline;
  weir__clock *clock;
  unsigned fired;
  uint64_t fired_at;
  void (*then)(thing *t); /* what its callback does besides counting */
  thing *other;
};

static void on_deadline(weir__deadline *deadline) {
  thing *t = weir__container_of(deadline, thing, deadline);
  t->fired++;
  t->fired_at = weir__clock_now(t->clock);
  if (t->then) t->then(t);
}

static thing make(net *n) { return (thing){.deadline = {.fn = on_deadline}, .clock = &n->clock}; }

static void a_deadline_fires_once_from_the_loop(void) {
  net n;
  net_begin(&n, NULL);
  thing t = make(&n);
  uint64_t begun = weir__clock_now(&n.clock);
  weir__deadline_set(&n.clock, &t.deadline, 20);
  CHECK_INT(t.fired, 0);
  RUN_UNTIL(&n, t.fired);
  CHECK(t.fired_at >= begun + 20);
  weir__clock_advance(&n.clock, 1000);
  CHECK_INT(t.fired, 1);
  net_end(&n);
}

static void a_deadline_of_no_time_fires_from_the_loop_too(void) {
  net n;
  net_begin(&n, NULL);
  thing t = make(&n);
  weir__deadline_set(&n.clock, &t.deadline, 0);
  CHECK_INT(t.fired, 0);
  RUN_UNTIL(&n, t.fired);
  net_end(&n);
}

static void it_fires_at_its_moment_and_not_before(void) {
  net n;
  net_begin(&n, NULL);
  thing t = make(&n);
  weir__deadline_set(&n.clock, &t.deadline, 1000);
  weir__clock_advance(&n.clock, 999);
  CHECK_INT(t.fired, 0);
  weir__clock_advance(&n.clock, 1);
  CHECK_INT(t.fired, 1);
  net_end(&n);
}

static void now_is_never_zero(void) {
  net n;
  net_begin(&n, NULL);
  n.loop.time = 0; /* a loop that has only begun may stand there */
  CHECK(weir__clock_now(&n.clock) > 0);
  uv_update_time(&n.loop);
  net_end(&n);
}

/* ---- aiming anew ---- */

static void a_later_aim_costs_no_timer_call(void) {
  net n;
  net_begin(&n, NULL);
  thing t = make(&n);
  weir__deadline_set(&n.clock, &t.deadline, 1000);
  uint64_t queued = t.deadline.queued, due_in = uv_timer_get_due_in(&n.clock.timer);
  weir__deadline_set(&n.clock, &t.deadline, 5000);
  CHECK_INT(t.deadline.queued, queued);
  CHECK_INT(uv_timer_get_due_in(&n.clock.timer), due_in);
  weir__clock_advance(&n.clock, 4999);
  CHECK_INT(t.fired, 0);
  weir__clock_advance(&n.clock, 1);
  CHECK_INT(t.fired, 1);
  net_end(&n);
}

static void only_an_earlier_moment_makes_a_timer_call(void) {
  net n;
  net_begin(&n, NULL);
  thing a = make(&n), b = make(&n), c = make(&n);
  weir__deadline_set(&n.clock, &a.deadline, 1000);
  uint64_t call = n.clock.timer.start_id; /* libuv counts them */
  weir__deadline_set(&n.clock, &b.deadline, 2000);
  weir__deadline_stop(&n.clock, &a.deadline);
  weir__deadline_set(&n.clock, &a.deadline, 1500);
  CHECK_INT(n.clock.timer.start_id, call);
  weir__deadline_set(&n.clock, &c.deadline, 999);
  CHECK(n.clock.timer.start_id != call);
  weir__clock_advance(&n.clock, 5000);
  CHECK_INT(a.fired + b.fired + c.fired, 3);
  net_end(&n);
}

static void an_earlier_aim_fires_earlier(void) {
  net n;
  net_begin(&n, NULL);
  thing t = make(&n);
  weir__deadline_set(&n.clock, &t.deadline, 100000);
  weir__deadline_set(&n.clock, &t.deadline, 20);
  RUN_UNTIL(&n, t.fired);
  net_end(&n);
}

static void a_deadline_aimed_later_fires_from_the_loop(void) {
  net n;
  net_begin(&n, NULL);
  thing t = make(&n);
  weir__deadline_set(&n.clock, &t.deadline, 5);
  uint64_t begun = weir__clock_now(&n.clock);
  weir__deadline_set(&n.clock, &t.deadline, 30);
  RUN_UNTIL(&n, t.fired);
  CHECK(t.fired_at >= begun + 30);
  net_end(&n);
}

static void an_aim_at_never_switches_off(void) {
  net n;
  net_begin(&n, NULL);
  thing a = make(&n), b = make(&n), c = make(&n);
  weir__deadline_set(&n.clock, &a.deadline, 10);
  weir__deadline_set(&n.clock, &a.deadline, UINT32_MAX);
  weir__deadline_set_at(&n.clock, &b.deadline, WEIR__NEVER);
  weir__deadline_set(&n.clock, &c.deadline, 10);
  weir__deadline_stop(&n.clock, &c.deadline);
  weir__deadline_stop(&n.clock, &c.deadline);
  weir__clock_advance(&n.clock, (uint64_t)UINT32_MAX * 2);
  CHECK_INT(a.fired + b.fired + c.fired, 0);
  CHECK(n.clock.first == NULL);
  weir__deadline_set(&n.clock, &a.deadline, 10); /* and on again */
  weir__clock_advance(&n.clock, 10);
  CHECK_INT(a.fired, 1);
  net_end(&n);
}

static void a_stopped_root_does_not_hide_the_others(void) {
  net n;
  net_begin(&n, NULL);
  thing a = make(&n), b = make(&n);
  weir__deadline_set(&n.clock, &a.deadline, 5);
  weir__deadline_set(&n.clock, &b.deadline, 20);
  weir__deadline_stop(&n.clock, &a.deadline);
  RUN_UNTIL(&n, b.fired);
  CHECK_INT(a.fired, 0);
  net_end(&n);
}

/* ---- many ---- */

typedef struct crowd {
  thing things[MANY];
  uint64_t last;
  unsigned fired;
} crowd;

static void watch_order(thing *t) {
  crowd *c = (crowd *)(void *)t->other;
  CHECK(t->fired_at >= c->last);
  CHECK(t->fired_at == t->deadline.queued || t->deadline.queued == 0);
  c->last = t->fired_at;
  c->fired++;
}

static unsigned random_number(unsigned *seed) { return *seed = *seed * 1103515245u + 12345u; }

static void many_deadlines_fire_in_order_whatever_was_done_to_them(void) {
  for (unsigned seed = 1; seed < 20; seed++) {
    CHECK_CASE("seed %u", seed);
    net n;
    net_begin(&n, NULL);
    crowd c = {.fired = 0};
    unsigned r = seed, on = 0;
    for (size_t i = 0; i < MANY; i++) {
      c.things[i] = make(&n);
      c.things[i].then = watch_order;
      c.things[i].other = (thing *)(void *)&c;
    }
    for (size_t step = 0; step < 4 * MANY; step++) {
      weir__deadline *d = &c.things[(random_number(&r) >> 8) % MANY].deadline;
      unsigned what = (random_number(&r) >> 8) % 4;
      if (what == 0)
        weir__deadline_stop(&n.clock, d);
      else
        weir__deadline_set(&n.clock, d, 1 + (random_number(&r) >> 8) % 1000);
    }
    for (size_t i = 0; i < MANY; i++) {
      if (c.things[i].deadline.queued && c.things[i].deadline.at != WEIR__NEVER) on++;
    }
    uint64_t half = weir__clock_now(&n.clock) + 500;
    weir__clock_advance(&n.clock, 500);
    CHECK(c.last <= half);
    for (size_t i = 0; i < MANY; i++) {
      thing *t = &c.things[i];
      if (t->deadline.queued) CHECK(t->deadline.at > half);
    }
    weir__clock_advance(&n.clock, 600);
    CHECK_INT(c.fired, on);
    CHECK(n.clock.first == NULL);
    net_end(&n);
  }
}

/* ---- inside callbacks ---- */

static void set_itself_again(thing *t) {
  if (t->fired < 3) weir__deadline_set(t->clock, &t->deadline, 100);
}

static void a_callback_may_set_its_own_deadline(void) {
  net n;
  net_begin(&n, NULL);
  thing t = make(&n);
  t.then = set_itself_again;
  uint64_t begun = weir__clock_now(&n.clock);
  weir__deadline_set(&n.clock, &t.deadline, 100);
  weir__clock_advance(&n.clock, 1000); /* one jump over the whole chain */
  CHECK_INT(t.fired, 3);
  CHECK_INT(t.fired_at, begun + 300);
  net_end(&n);
}

static void set_itself_at_once(thing *t) {
  if (t->fired < 1000) weir__deadline_set(t->clock, &t->deadline, 0);
}

static void count_idle(uv_idle_t *idle) { ++*(unsigned *)idle->data; }

static void a_deadline_that_always_sets_itself_to_now_starves_nobody(void) {
  net n;
  net_begin(&n, NULL);
  thing t = make(&n);
  unsigned turns = 0;
  uv_idle_t idle;
  uv_idle_init(&n.loop, &idle);
  idle.data = &turns;
  uv_idle_start(&idle, count_idle);
  t.then = set_itself_at_once;
  weir__deadline_set(&n.clock, &t.deadline, 0);
  RUN_UNTIL(&n, t.fired >= 10);
  CHECK(turns >= 9);
  weir__deadline_stop(&n.clock, &t.deadline);
  uv_close((uv_handle_t *)&idle, NULL);
  net_end(&n);
}

/* Nor do many that are due together: sockets have their turn in between, and each fires all the same.
 * What was aimed later meanwhile holds nobody up. */
static void many_deadlines_of_one_moment_starve_nobody(void) {
  net n;
  net_begin(&n, NULL);
  static thing things[MANY];
  unsigned turns = 0, most = 0, fired = 0, count = 0, begun;
  uv_idle_t idle;
  uv_idle_init(&n.loop, &idle);
  idle.data = &turns;
  uv_idle_start(&idle, count_idle);
  for (int i = 0; i < MANY; i++) {
    things[i] = make(&n);
    weir__deadline_set(&n.clock, &things[i].deadline, 5);
  }
  for (int i = 0; i < MANY / 2; i++) weir__deadline_set(&n.clock, &things[i].deadline, 60000);
  for (begun = turns; count < MANY / 2;) {
    if (!CHECK(net_turn(&n))) break;
    fired = count, count = 0;
    for (int i = MANY / 2; i < MANY; i++) count += things[i].fired;
    if (count - fired > most) most = count - fired;
  }
  CHECK(most <= 64); /* UV_RUN_ONCE looks at timers twice */
  CHECK(turns - begun >= 2);
  for (int i = 0; i < MANY / 2; i++) {
    CHECK_INT(things[i].fired, 0);
    weir__deadline_stop(&n.clock, &things[i].deadline);
  }
  uv_close((uv_handle_t *)&idle, NULL);
  net_end(&n);
}

static void stop_the_other(thing *t) { weir__deadline_stop(t->clock, &t->other->deadline); }

static void a_callback_may_stop_another_one_due_at_the_same_moment(void) {
  net n;
  net_begin(&n, NULL);
  thing a = make(&n), b = make(&n), c = make(&n);
  a.then = b.then = stop_the_other;
  a.other = &b;
  b.other = &a;
  weir__deadline_set(&n.clock, &a.deadline, 10);
  weir__deadline_set(&n.clock, &b.deadline, 10);
  weir__deadline_set(&n.clock, &c.deadline, 10);
  weir__clock_advance(&n.clock, 10);
  CHECK_INT(a.fired + b.fired, 1);
  CHECK_INT(c.fired, 1);
  net_end(&n);
}

static void put_off_the_other(thing *t) {
  if (!t->other->fired) weir__deadline_set(t->clock, &t->other->deadline, 50);
}

static void a_callback_may_put_off_another_one_due_at_the_same_moment(void) {
  net n;
  net_begin(&n, NULL);
  thing a = make(&n), b = make(&n);
  a.then = b.then = put_off_the_other;
  a.other = &b;
  b.other = &a;
  weir__deadline_set(&n.clock, &a.deadline, 10);
  weir__deadline_set(&n.clock, &b.deadline, 10);
  weir__clock_advance(&n.clock, 10);
  CHECK_INT(a.fired + b.fired, 1);
  weir__clock_advance(&n.clock, 49);
  CHECK_INT(a.fired + b.fired, 1);
  weir__clock_advance(&n.clock, 1);
  CHECK_INT(a.fired + b.fired, 2);
  net_end(&n);
}

static void free_both(thing *t) {
  thing *other = t->other;
  weir__deadline_stop(t->clock, &t->deadline);
  if (other) weir__deadline_stop(t->clock, &other->deadline);
  free(other);
  free(t);
}

static void the_memory_around_a_stopped_deadline_may_go_inside_callbacks(void) {
  net n;
  net_begin(&n, NULL);
  for (int i = 0; i < 10; i++) {
    thing new = make(&n);
    thing *a = (thing *)(void *)exact_copy(&new, sizeof new);
    thing *b = (thing *)(void *)exact_copy(&new, sizeof new);
    a->then = b->then = free_both;
    a->other = b;
    b->other = a;
    weir__deadline_set(&n.clock, &a->deadline, i % 2 ? 10 : 20);
    weir__deadline_set(&n.clock, &b->deadline, 10);
  }
  weir__clock_advance(&n.clock, 100);
  CHECK(n.clock.first == NULL && n.clock.due == NULL);
  net_end(&n);
}

static void close_the_clock(thing *t) { weir__clock_close(t->clock, net_clock_is_closed); }

static void after_close_nothing_fires_any_more(void) {
  net n;
  net_begin(&n, NULL);
  thing a = make(&n), b = make(&n), c = make(&n);
  a.then = b.then = close_the_clock;
  weir__deadline_set(&n.clock, &a.deadline, 1);
  weir__deadline_set(&n.clock, &b.deadline, 1);
  weir__deadline_set(&n.clock, &c.deadline, 5);
  weir__clock_advance(&n.clock, 1);
  CHECK_INT(a.fired + b.fired, 1);
  weir__deadline_set(&n.clock, &c.deadline, 0);
  weir__deadline_stop(&n.clock, &a.deadline);
  weir__deadline_stop(&n.clock, &b.deadline);
  RUN_UNTIL(&n, n.clock_closed);
  CHECK_INT(a.fired + b.fired, 1);
  CHECK_INT(c.fired, 0);
  uv_close((uv_handle_t *)&n.watchdog, NULL);
  uv_run(&n.loop, UV_RUN_DEFAULT);
  CHECK_INT(uv_loop_close(&n.loop), 0);
}

static void a_deadline_alone_keeps_no_loop_alive(void) {
  net n;
  net_begin(&n, NULL);
  thing t = make(&n);
  weir__deadline_set(&n.clock, &t.deadline, 100000);
  CHECK_INT(uv_run(&n.loop, UV_RUN_NOWAIT), 0);
  weir__deadline_stop(&n.clock, &t.deadline);
  net_end(&n);
}

static void deadlines_set_before_a_jump_are_served_by_the_loop_after_it(void) {
  net n;
  net_begin(&n, NULL);
  thing t = make(&n);
  weir__deadline_set(&n.clock, &t.deadline, 100000);
  weir__clock_advance(&n.clock, 99980);
  CHECK_INT(t.fired, 0);
  RUN_UNTIL(&n, t.fired); /* within 20 ms of real time */
  net_end(&n);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_deadline_fires_once_from_the_loop);
  TEST(a_deadline_of_no_time_fires_from_the_loop_too);
  TEST(it_fires_at_its_moment_and_not_before);
  TEST(now_is_never_zero);
  TEST(a_later_aim_costs_no_timer_call);
  TEST(only_an_earlier_moment_makes_a_timer_call);
  TEST(an_earlier_aim_fires_earlier);
  TEST(a_deadline_aimed_later_fires_from_the_loop);
  TEST(an_aim_at_never_switches_off);
  TEST(a_stopped_root_does_not_hide_the_others);
  TEST(many_deadlines_fire_in_order_whatever_was_done_to_them);
  TEST(a_callback_may_set_its_own_deadline);
  TEST(a_deadline_that_always_sets_itself_to_now_starves_nobody);
  TEST(many_deadlines_of_one_moment_starve_nobody);
  TEST(a_callback_may_stop_another_one_due_at_the_same_moment);
  TEST(a_callback_may_put_off_another_one_due_at_the_same_moment);
  TEST(the_memory_around_a_stopped_deadline_may_go_inside_callbacks);
  TEST(after_close_nothing_fires_any_more);
  TEST(a_deadline_alone_keeps_no_loop_alive);
  TEST(deadlines_set_before_a_jump_are_served_by_the_loop_after_it);
  return check_end();
}
