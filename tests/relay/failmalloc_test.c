/* Each allocation of a scenario fails in turn, alone or with all that follow: nothing crashes,
 * leaks or hangs, every exchange has its one end, no client takes half a response for a whole one,
 * and the relay serves the next request as if nothing had been. Contract 8. */
#include "support/scenario.h"

/* How many whole responses the client has got in all. */
static size_t count_whole(const peer *p) {
  peer all = *p;
  message m;
  size_t count = 0;
  all.at = 0;
  do {
    message_split(&m, all.got + all.at, untaken(&all), false);
    all.at += m.used;
    count += m.whole && m.status == 200;
    message_clear(&m);
  } while (m.whole);
  return count;
}

/* Whoever got a whole response belongs to an exchange that says so. */
static void check_nothing_is_laundered(const world *w) {
  size_t clean = 0;
  for (size_t i = 0; i < w->f.end_count; i++)
    clean += w->f.ends[i].end != WEIR_END_NO_MEMORY && w->f.ends[i].stats.status == 200;
  if (w->client) CHECK(count_whole(w->client) <= clean);
}

static void check_ends(const world *w) {
  for (size_t i = 0; i < w->f.end_count; i++) {
    const ended *e = &w->f.ends[i];
    bool refused = e->end == WEIR_END_REFUSED && e->stats.status != 403; /* by a hook of ours */
    if (e->end == w->play->end || refused) continue;
    CHECK_STR(weir_end_name(e->end), weir_end_name(WEIR_END_NO_MEMORY));
    CHECK_INT(e->stats.error, WEIR_ENOMEM);
  }
}

static void check_results(const world *w) {
  for (size_t i = 0; i < w->rc_count; i++)
    if (w->rcs[i]) CHECK_INT(w->rcs[i], WEIR_ENOMEM);
}

static void check_world(const world *w) {
  if (!CHECK(!w->stuck)) fixture_print(&w->f);
  check_ends(w);
  check_results(w);
  check_nothing_is_laundered(w);
}

/* True if an allocation failed: then there may be more of them. */
static bool fail_nth(const scenario *play, size_t nth, bool forever) {
  world w;
  scenario_open(&w, play);
  w.f.alloc.calls = 0;
  w.f.alloc.fail_at = nth;
  w.f.alloc.fail_forever = forever;
  scenario_act(&w);
  w.f.alloc.fail_at = 0;
  check_world(&w);
  bool failed = w.f.alloc.failed && !w.stuck;
  scenario_probe(&w);
  scenario_close(&w);
  return failed;
}

static void run_all(bool forever) {
  for (size_t i = 0; i < scenario_count; i++) {
    size_t nth = 1;
    do CHECK_CASE("%s, allocation %zu fails", scenarios[i].name, nth);
    while (fail_nth(&scenarios[i], nth++, forever));
    CHECK(nth > 2);
  }
}

static void one_allocation_fails(void) { run_all(false); }

static void one_allocation_and_all_later_ones_fail(void) { run_all(true); }

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(one_allocation_fails);
  TEST(one_allocation_and_all_later_ones_fail);
  return check_end();
}
