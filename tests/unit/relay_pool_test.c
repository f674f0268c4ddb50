/* relay/pool over streams in memory: which idle connection is used again, and which never. */
#include "relay/pool.h"

#include "relay/relay.h"
#include "support/mem_stream.h"
#include "unit/net_fixture.h"

enum { STREAMS = 5 };

typedef struct fixture {
  net n;
  weir_relay *relay;
  weir_upstream *up;
  mem_stream m[STREAMS];
  bool closed;
} fixture;

/* Whoever used a stream before the pool does not hear of it any more. */
static void unwanted_data(void *owner, weir__slice data) {
  (void)owner, (void)data;
  CHECK(!"the former owner was called");
}
static void unwanted_status(void *owner, int status) {
  (void)status;
  unwanted_data(owner, weir__slice_str(""));
}
static void unwanted(void *owner) { unwanted_data(owner, weir__slice_str("")); }

static const weir__stream_events former = {.on_data = unwanted_data,
                                           .on_end = unwanted_status,
                                           .on_drained = unwanted,
                                           .on_write_error = unwanted_status,
                                           .on_closed = unwanted};

static void begin(fixture *f) {
  memset(f, 0, sizeof *f);
  net_begin(&f->n, NULL);
  weir_options o = {WEIR_OPTIONS_INIT, .allocator = f->n.alloc.hooks, .idle_per_origin = 3};
  weir_upstream_options up = {WEIR_UPSTREAM_OPTIONS_INIT, .url = "http://127.0.0.1:1"};
  CHECK_INT(weir_relay_new(&f->relay, &f->n.loop, &o), 0);
  CHECK_INT(weir_upstream_new(&f->up, f->relay, &up), 0);
  for (size_t i = 0; i < STREAMS; i++) {
    mem_stream_init(&f->m[i]);
    weir__stream_own(&f->m[i].base, &former, NULL);
    weir__stream_read_start(&f->m[i].base);
  }
}

static void on_relay_closed(weir_relay *relay, void *user) {
  (void)relay;
  *(bool *)user = true;
}

static void finish(fixture *f) {
  weir_relay_close(f->relay, on_relay_closed, &f->closed);
  RUN_UNTIL(&f->n, f->closed);
  for (size_t i = 0; i < STREAMS; i++) {
    mem_stream_run(&f->m[i]); /* nobody hears that either */
    mem_stream_free(&f->m[i]);
  }
  net_end(&f->n);
}

static void give(fixture *f, size_t i, uint32_t ms) { weir__pool_give(f->up, &f->m[i].base, ms); }

/* The number of the stream, or -1. */
static int take(fixture *f) {
  weir__stream *s = weir__pool_take(f->up);
  for (int i = 0; i < STREAMS; i++)
    if (s == &f->m[i].base) return i;
  CHECK(!s);
  return -1;
}

static uint64_t idle(const fixture *f) {
  weir_counters c = {.size = sizeof c};
  weir_relay_counters(f->relay, &c);
  CHECK_INT(c.idle_origins, f->up->idle_count);
  return c.idle_origins;
}

static void an_empty_pool_has_none(void) {
  fixture f;
  begin(&f);
  CHECK_INT(take(&f), -1);
  CHECK_INT(idle(&f), 0);
  finish(&f);
}

static void the_one_used_last_comes_first(void) {
  fixture f;
  begin(&f);
  for (size_t i = 0; i < 3; i++) give(&f, i, 1000);
  CHECK_INT(idle(&f), 3);
  CHECK_INT(take(&f), 2);
  CHECK_INT(take(&f), 1);
  give(&f, 2, 1000);
  CHECK_INT(take(&f), 2);
  CHECK_INT(take(&f), 0);
  CHECK_INT(take(&f), -1);
  CHECK_INT(idle(&f), 0);
  for (size_t i = 0; i < 3; i++) CHECK(!f.m[i].closed && f.m[i].reading);
  finish(&f);
}

static void too_many_are_closed(void) {
  fixture f;
  begin(&f);
  for (size_t i = 0; i < 4; i++) give(&f, i, 1000);
  CHECK_INT(idle(&f), 3);
  CHECK(f.m[3].closed);
  CHECK_INT(take(&f), 2);
  give(&f, 4, 1000);
  CHECK(!f.m[4].closed);
  finish(&f);
}

static void each_origin_has_its_own(void) {
  fixture f;
  weir_upstream *other;
  weir_upstream_options o = {WEIR_UPSTREAM_OPTIONS_INIT, .url = "http://127.0.0.1:1"};
  begin(&f);
  CHECK_INT(weir_upstream_new(&other, f.relay, &o), 0);
  give(&f, 0, 1000);
  CHECK(!weir__pool_take(other));
  for (size_t i = 1; i < 4; i++) weir__pool_give(other, &f.m[i].base, 1000);
  give(&f, 4, 1000);
  CHECK(!f.m[3].closed && !f.m[4].closed);
  CHECK_INT(f.relay->count.idle_origins, 5);
  CHECK_INT(take(&f), 4);
  finish(&f);
}

/* ---- what ends an idle connection ---- */

static void check_gone(fixture *f) {
  CHECK(f->m[1].closed);
  CHECK(!f->m[0].closed && !f->m[2].closed);
  CHECK_INT(idle(f), 2);
  CHECK_INT(take(f), 2);
  CHECK_INT(take(f), 0);
  finish(f);
}

/* One of them could otherwise become the next answer. */
static void a_byte_closes_it(void) {
  fixture f;
  begin(&f);
  for (size_t i = 0; i < 3; i++) give(&f, i, 1000);
  CHECK(mem_stream_feed_str(&f.m[1], "H"));
  check_gone(&f);
}

static void a_fin_closes_it(void) {
  fixture f;
  begin(&f);
  for (size_t i = 0; i < 3; i++) give(&f, i, 1000);
  CHECK(mem_stream_feed_end(&f.m[1], 0));
  check_gone(&f);
}

static void a_reset_closes_it(void) {
  fixture f;
  begin(&f);
  for (size_t i = 0; i < 3; i++) give(&f, i, 1000);
  CHECK(mem_stream_feed_end(&f.m[1], UV_ECONNRESET));
  check_gone(&f);
}

static void a_write_that_fails_late_closes_it(void) {
  fixture f;
  begin(&f);
  for (size_t i = 0; i < 3; i++) give(&f, i, 1000);
  mem_stream_fail_write(&f.m[1], UV_EPIPE);
  check_gone(&f);
}

static void its_time_closes_it(void) {
  fixture f;
  begin(&f);
  give(&f, 0, 3000);
  give(&f, 1, 1000);
  give(&f, 2, 2000);
  weir__clock_advance(&f.relay->clock, 999);
  CHECK_INT(idle(&f), 3);
  weir__clock_advance(&f.relay->clock, 1);
  check_gone(&f);
}

static void one_that_was_taken_has_no_more_time(void) {
  fixture f;
  begin(&f);
  give(&f, 0, 1000);
  CHECK_INT(take(&f), 0);
  weir__clock_advance(&f.relay->clock, 100000);
  CHECK(!f.m[0].closed);
  give(&f, 0, WEIR_OFF);
  weir__clock_advance(&f.relay->clock, UINT64_C(1) << 40);
  CHECK(!f.m[0].closed);
  CHECK_INT(take(&f), 0);
  finish(&f);
}

static void no_time_is_not_kept(void) {
  fixture f;
  begin(&f);
  give(&f, 0, 0);
  CHECK(f.m[0].closed);
  CHECK_INT(idle(&f), 0);
  finish(&f);
}

/* Its FIN waits unread: the loop has not turned yet. */
static void one_that_is_not_silent_is_closed_instead_of_taken(void) {
  fixture f;
  begin(&f);
  for (size_t i = 0; i < 3; i++) give(&f, i, 1000);
  f.m[2].not_silent = true;
  f.m[1].not_silent = true;
  CHECK_INT(take(&f), 0);
  CHECK(f.m[1].closed && f.m[2].closed && !f.m[0].closed);
  CHECK_INT(idle(&f), 0);
  finish(&f);
}

static void clearing_closes_all_of_them(void) {
  fixture f;
  begin(&f);
  for (size_t i = 0; i < 3; i++) give(&f, i, 1000);
  weir__pool_clear(f.up);
  for (size_t i = 0; i < 3; i++) CHECK(f.m[i].closed);
  CHECK_INT(idle(&f), 0);
  weir__pool_clear(f.up);
  give(&f, 3, 1000);
  CHECK_INT(take(&f), 3);
  finish(&f);
}

static void a_drain_closes_them_and_keeps_none(void) {
  fixture f;
  begin(&f);
  give(&f, 0, 1000);
  weir_relay_drain(f.relay, 1000, NULL, NULL);
  CHECK(f.m[0].closed);
  give(&f, 1, 1000);
  CHECK(f.m[1].closed);
  CHECK_INT(idle(&f), 0);
  finish(&f);
}

static void the_end_of_the_relay_closes_them(void) {
  fixture f;
  begin(&f);
  for (size_t i = 0; i < 3; i++) give(&f, i, 1000);
  finish(&f);
  for (size_t i = 0; i < 3; i++) CHECK(f.m[i].closed);
}

/* ---- memory ---- */

static void one_for_which_there_is_no_memory_is_closed(void) {
  fixture f;
  begin(&f);
  f.n.alloc.fail_at = f.n.alloc.calls + 1;
  give(&f, 0, 1000);
  CHECK(f.n.alloc.failed);
  CHECK(f.m[0].closed);
  CHECK_INT(idle(&f), 0);
  give(&f, 1, 1000);
  CHECK_INT(take(&f), 1);
  finish(&f);
}

/* ---- origins ---- */

static void an_origin_needs_a_url_and_a_good_host(void) {
  static const struct {
    const char *url, *host;
    int rc;
  } cases[] = {
      {"http://a:81", NULL, 0},
      {"http://a", "b:82", 0},
      {"unix:/tmp/x", "b", 0},
      {NULL, NULL, WEIR_EURL},
      {"", NULL, WEIR_EURL},
      {"ftp://a", NULL, WEIR_EURL},
      {"http://a", "b c", WEIR_EHOST},
      {"http://a", "", WEIR_EHOST},
      {"http://a", "b\r\nX: y", WEIR_EHOST},
  };
  fixture f;
  begin(&f);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    weir_upstream *up;
    weir_upstream_options o = {WEIR_UPSTREAM_OPTIONS_INIT, cases[i].url, cases[i].host};
    CHECK_CASE("%zu", i);
    size_t before = f.n.alloc.live_blocks;
    CHECK_INT(weir_upstream_new(&up, f.relay, &o), cases[i].rc);
    if (cases[i].rc) CHECK_INT(f.n.alloc.live_blocks, before);
    if (cases[i].rc == 0) CHECK_STR(up->host, cases[i].host);
  }
  finish(&f);
}

static void an_origin_for_which_there_is_no_memory_is_none(void) {
  weir_upstream_options o = {WEIR_UPSTREAM_OPTIONS_INIT, "http://a:81", "b"};
  fixture f;
  weir_upstream *up;
  begin(&f);
  counting_alloc *a = &f.n.alloc;
  size_t nth = 1, before = a->live_blocks;
  do {
    a->failed = false;
    a->fail_at = a->calls + nth;
    CHECK_CASE("allocation %zu", nth++);
    int rc = weir_upstream_new(&up, f.relay, &o);
    CHECK_INT(rc, a->failed ? WEIR_ENOMEM : 0);
    CHECK(!a->failed || a->live_blocks == before);
  } while (a->failed);
  CHECK(nth > 3);
  a->fail_at = 0;
  finish(&f);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(an_empty_pool_has_none);
  TEST(the_one_used_last_comes_first);
  TEST(too_many_are_closed);
  TEST(each_origin_has_its_own);
  TEST(a_byte_closes_it);
  TEST(a_fin_closes_it);
  TEST(a_reset_closes_it);
  TEST(a_write_that_fails_late_closes_it);
  TEST(its_time_closes_it);
  TEST(one_that_was_taken_has_no_more_time);
  TEST(no_time_is_not_kept);
  TEST(one_that_is_not_silent_is_closed_instead_of_taken);
  TEST(clearing_closes_all_of_them);
  TEST(a_drain_closes_them_and_keeps_none);
  TEST(the_end_of_the_relay_closes_them);
  TEST(one_for_which_there_is_no_memory_is_closed);
  TEST(an_origin_needs_a_url_and_a_good_host);
  TEST(an_origin_for_which_there_is_no_memory_is_none);
  return check_end();
}
