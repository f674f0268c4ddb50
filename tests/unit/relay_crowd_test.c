/* relay/crowd: who counts for whom, and that a table which grew, shrank and lost places anywhere
 * still knows everybody. */
#include "relay/crowd.h"

#include <stdio.h>
#include <string.h>

#include "support/alloc.h"
#include "support/check.h"
#include "weir/err.h"

enum { MANY = 5000 };

typedef struct fixture {
  counting_alloc a;
  weir__mem mem;
  weir__crowd crowd;
} fixture;

static void begin(fixture *f) {
  alloc_init(&f->a);
  weir__mem_init(&f->mem, &f->a.hooks);
  weir__crowd_init(&f->crowd, &f->mem);
}

static void finish(fixture *f) {
  weir__crowd_free(&f->crowd);
  weir__crowd_free(&f->crowd);
  CHECK_NO_LEAK(&f->a);
}

static weir__addr addr(const char *text) {
  weir__addr a = {0};
  CHECK(weir__addr_parse(&a, weir__slice_str(text)));
  return a;
}

/* The nth of many neighbours, the kind of addresses a network has. */
static weir__addr neighbour(unsigned n) {
  char text[32];
  snprintf(text, sizeof text, "10.%u.%u.%u", n >> 16 & 255, n >> 8 & 255, n & 255);
  return addr(text);
}

static int enter(fixture *f, const char *text, uint32_t max) {
  weir__addr a = addr(text);
  return weir__crowd_enter(&f->crowd, &a, max);
}

static void leave(fixture *f, const char *text) {
  weir__addr a = addr(text);
  weir__crowd_leave(&f->crowd, &a);
}

/* ---- who counts for whom ---- */

static void an_address_has_its_fill_and_no_more(void) {
  fixture f;
  begin(&f);
  for (int i = 0; i < 3; i++) CHECK_INT(enter(&f, "192.0.2.7", 3), 0);
  CHECK_INT(enter(&f, "192.0.2.7", 3), WEIR__CROWDED);
  CHECK_INT(enter(&f, "192.0.2.8", 3), 0);
  leave(&f, "192.0.2.7");
  CHECK_INT(enter(&f, "192.0.2.7", 3), 0);
  CHECK_INT(enter(&f, "192.0.2.7", 3), WEIR__CROWDED);
  finish(&f);
}

static void each_ipv4_address_counts_for_itself(void) {
  static const char *const others[] = {"192.0.2.6", "192.0.3.7", "192.1.2.7", "193.0.2.7"};
  fixture f;
  begin(&f);
  CHECK_INT(enter(&f, "192.0.2.7", 1), 0);
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    CHECK_CASE("%s", others[i]);
    CHECK_INT(enter(&f, others[i], 1), 0);
    CHECK_INT(enter(&f, others[i], 1), WEIR__CROWDED);
  }
  finish(&f);
}

static void ipv6_addresses_of_one_64_count_together(void) {
  fixture f;
  begin(&f);
  CHECK_INT(enter(&f, "2001:db8:0:1::1", 2), 0);
  CHECK_INT(enter(&f, "2001:db8:0:1:ffff:ffff:ffff:ffff", 2), 0);
  CHECK_INT(enter(&f, "2001:db8:0:1:8000::", 2), WEIR__CROWDED);
  CHECK_INT(enter(&f, "2001:db8:0:2::1", 2), 0);
  CHECK_INT(enter(&f, "2001:db8:0:0::1", 2), 0);
  CHECK_INT(enter(&f, "2001:db9:0:1::1", 2), 0);
  leave(&f, "2001:db8:0:1:1234::"); /* as one of them */
  CHECK_INT(enter(&f, "2001:db8:0:1:8000::", 2), 0);
  finish(&f);
}

/* 0:0:c000:207::/64 and 192.0.2.7 are the same number. Some seed makes them neighbours. */
static void families_do_not_meet(void) {
  for (uint64_t seed = 0; seed < 200; seed++) {
    fixture f;
    CHECK_CASE("seed %d", (int)seed);
    begin(&f);
    f.crowd.seed = seed * UINT64_C(0x123456789abcdef);
    CHECK_INT(enter(&f, "192.0.2.7", 1), 0);
    CHECK_INT(enter(&f, "0:0:c000:207::1", 1), 0);
    CHECK_INT(enter(&f, "::ffff:192.0.2.7", 1), WEIR__CROWDED); /* from a dual-stack listener */
    CHECK_INT(f.crowd.count, 2);
    finish(&f);
  }
}

/* ---- the table ---- */

static void nobody_costs_nothing(void) {
  fixture f;
  begin(&f);
  CHECK_INT(f.a.live_blocks, 0);
  CHECK_INT(enter(&f, "192.0.2.7", 1), 0);
  leave(&f, "192.0.2.7");
  CHECK_INT(f.a.live_blocks, 0);
  finish(&f);
}

static void many_are_all_known(void) {
  fixture f;
  begin(&f);
  for (unsigned n = 0; n < MANY; n++) {
    weir__addr a = neighbour(n);
    CHECK_INT(weir__crowd_enter(&f.crowd, &a, 1), 0);
  }
  CHECK_INT(f.crowd.count, MANY);
  for (unsigned n = 0; n < MANY; n++) {
    weir__addr a = neighbour(n);
    CHECK_INT(weir__crowd_enter(&f.crowd, &a, 1), WEIR__CROWDED);
  }
  finish(&f);
}

static void what_a_rush_took_is_given_back(void) {
  fixture f;
  begin(&f);
  for (unsigned n = 0; n < MANY; n++) {
    weir__addr a = neighbour(n);
    weir__crowd_enter(&f.crowd, &a, 1);
  }
  size_t rush = f.a.live_bytes;
  for (unsigned n = 1; n < MANY; n++) {
    weir__addr a = neighbour(n);
    weir__crowd_leave(&f.crowd, &a);
  }
  CHECK(f.a.live_bytes <= 16 * 16);
  CHECK(rush > (size_t)MANY * 16);
  CHECK(rush <= (size_t)MANY * 64);
  weir__addr a = neighbour(0);
  CHECK_INT(weir__crowd_enter(&f.crowd, &a, 1), WEIR__CROWDED);
  weir__crowd_leave(&f.crowd, &a);
  CHECK_INT(f.a.live_blocks, 0);
  finish(&f);
}

/* A generator of its own, so that a failure can be had again. */
static uint32_t dice(uint64_t *state) {
  *state = *state * UINT64_C(6364136223846793005) + 1;
  return (uint32_t)(*state >> 33);
}

/* Beside it runs a table that cannot go wrong: one counter an address. */
static void comings_and_goings_agree_with_plain_counters(uint64_t seed) {
  enum { PEOPLE = 97, MAX = 3, STEPS = 20000 };
  uint32_t present[PEOPLE] = {0};
  fixture f;
  begin(&f);
  f.crowd.seed = seed; /* where who stands, and thereby who stands in whose way */
  for (uint64_t step = 0, state = seed; step < STEPS; step++) {
    unsigned who = dice(&state) % PEOPLE;
    weir__addr a = neighbour(who);
    bool rush = step % 2000 < 1000; /* the table grows and shrinks */
    if (dice(&state) % 8 < (rush ? 6 : 2)) {
      int want = present[who] < MAX ? 0 : WEIR__CROWDED;
      if (!CHECK_INT(weir__crowd_enter(&f.crowd, &a, MAX), want)) break;
      if (want == 0) present[who]++;
    } else if (present[who]) {
      weir__crowd_leave(&f.crowd, &a);
      present[who]--;
    }
  }
  size_t here = 0;
  for (unsigned n = 0; n < PEOPLE; n++) here += present[n] > 0;
  CHECK_INT(f.crowd.count, here);
  finish(&f);
}

static void nobody_gets_lost_in_the_gaps(void) {
  for (uint64_t seed = 1; seed <= 20; seed++) {
    CHECK_CASE("seed %d", (int)seed);
    comings_and_goings_agree_with_plain_counters(seed);
  }
}

/* ---- memory ---- */

static int come_and_go(weir__mem *mem, void *arg) {
  weir__crowd crowd;
  int rc = 0;
  unsigned n;
  (void)arg;
  weir__crowd_init(&crowd, mem);
  for (n = 0; n < 100 && rc == 0; n++) {
    weir__addr a = neighbour(n);
    rc = weir__crowd_enter(&crowd, &a, 1);
    CHECK_INT(crowd.count, rc ? n : n + 1);
  }
  weir__crowd_free(&crowd);
  return rc;
}

static void a_failed_allocation_lets_nobody_in(void) { check_each_failure(come_and_go, NULL); }

/* One who is there already needs no room. */
static void a_full_table_without_memory_still_counts_who_is_there(void) {
  fixture f;
  begin(&f);
  unsigned n = 0;
  f.a.fail_at = 2;
  f.a.fail_forever = true;
  for (weir__addr a = neighbour(0); weir__crowd_enter(&f.crowd, &a, 2) == 0; a = neighbour(n)) n++;
  CHECK_INT(f.crowd.count, n);
  CHECK_INT(n, f.crowd.cap / 2);
  weir__addr first = neighbour(0);
  CHECK_INT(weir__crowd_enter(&f.crowd, &first, 2), 0);
  CHECK_INT(weir__crowd_enter(&f.crowd, &first, 2), WEIR__CROWDED);
  finish(&f);
}

/* Leaving cannot fail: the table stays as large as it was. */
static void leaving_needs_no_memory(void) {
  fixture f;
  begin(&f);
  for (unsigned n = 0; n < MANY; n++) {
    weir__addr a = neighbour(n);
    weir__crowd_enter(&f.crowd, &a, 1);
  }
  size_t cap = f.crowd.cap;
  f.a.fail_at = f.a.calls + 1;
  f.a.fail_forever = true;
  for (unsigned n = MANY - 1; n > 0; n--) {
    weir__addr a = neighbour(n);
    weir__crowd_leave(&f.crowd, &a);
  }
  CHECK_INT(f.crowd.cap, cap);
  weir__addr a = neighbour(0);
  CHECK_INT(weir__crowd_enter(&f.crowd, &a, 1), WEIR__CROWDED);
  weir__crowd_leave(&f.crowd, &a);
  CHECK_INT(f.a.live_blocks, 0);
  finish(&f);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(an_address_has_its_fill_and_no_more);
  TEST(each_ipv4_address_counts_for_itself);
  TEST(ipv6_addresses_of_one_64_count_together);
  TEST(families_do_not_meet);
  TEST(nobody_costs_nothing);
  TEST(many_are_all_known);
  TEST(what_a_rush_took_is_given_back);
  TEST(nobody_gets_lost_in_the_gaps);
  TEST(a_failed_allocation_lets_nobody_in);
  TEST(a_full_table_without_memory_still_counts_who_is_there);
  TEST(leaving_needs_no_memory);
  return check_end();
}
