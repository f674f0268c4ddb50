/* Over src/base/mem.c. */
#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/alloc.h"
#include "support/check.h"
#include "weir/err.h"

/* ---- hooks ---- */

static void an_allocator_has_all_three_hooks_or_none(void) {
  counting_alloc a;
  alloc_init(&a);
  for (unsigned set = 0; set < 8; set++) {
    CHECK_CASE("hooks %u", set);
    weir_allocator some = {.user = &a};
    if (set & 1) some.alloc = a.hooks.alloc;
    if (set & 2) some.resize = a.hooks.resize;
    if (set & 4) some.release = a.hooks.release;
    weir__mem mem;
    CHECK_INT(weir__mem_init(&mem, &some), set == 0 || set == 7 ? 0 : WEIR_EINVAL);
  }
}

static void without_hooks_memory_comes_from_libc(void) {
  weir__mem mem;
  CHECK_INT(weir__mem_init(&mem, NULL), 0);
  char *ptr = weir__mem_resize(&mem, weir__mem_copy(&mem, weir__slice_str("abc")), 100);
  CHECK_STR(ptr, "abc");
  weir__mem_free(&mem, ptr);
}

static void with_hooks_all_memory_comes_from_them(void) {
  counting_alloc a;
  weir__mem mem;
  alloc_init(&a);
  CHECK_INT(weir__mem_init(&mem, &a.hooks), 0);
  void *first = weir__mem_new(&mem, 10);
  void *second = weir__mem_resize(&mem, NULL, 20);
  CHECK_INT(a.live_blocks, 2);
  CHECK_INT(a.live_bytes, 30);
  weir__mem_free(&mem, first);
  weir__mem_free(&mem, second);
  weir__mem_free(&mem, NULL);
  CHECK_NO_LEAK(&a);
}

static void new_memory_is_zero(void) {
  static const char zeros[100];
  counting_alloc a; /* fills with garbage */
  weir__mem mem;
  alloc_init(&a);
  weir__mem_init(&mem, &a.hooks);
  char *ptr = weir__mem_new(&mem, sizeof zeros);
  CHECK_MEM(ptr, sizeof zeros, zeros, sizeof zeros);
  weir__mem_free(&mem, ptr);
}

static void a_copy_ends_in_a_nul(void) {
  weir__mem mem;
  weir__mem_init(&mem, NULL);
  char *empty = weir__mem_copy(&mem, weir__slice_of(NULL, 0));
  char *part = weir__mem_copy(&mem, weir__slice_of("abcdef", 3));
  CHECK_STR(empty, "");
  CHECK_STR(part, "abc");
  weir__mem_free(&mem, empty);
  weir__mem_free(&mem, part);
}

/* ---- arena ---- */

static const char bytes[64 * 1024];

typedef struct fixture {
  counting_alloc a;
  weir__mem mem;
  weir__arena arena;
} fixture;

static void open(fixture *f) {
  alloc_init(&f->a);
  weir__mem_init(&f->mem, &f->a.hooks);
  f->arena = (weir__arena){.mem = &f->mem};
}

static void close(fixture *f) {
  weir__arena_free(&f->arena);
  CHECK_NO_LEAK(&f->a);
}

static void pieces_are_aligned_and_stay_apart(void) {
  fixture f;
  open(&f);
  unsigned char *pieces[200];
  for (size_t i = 0; i < 200; i++) {
    weir__arena_copy(&f.arena, weir__slice_of("xxxxxxx", i % 8)); /* shifts the next piece */
    pieces[i] = weir__arena_alloc(&f.arena, 1 + i % 64);
    CHECK_INT((uintptr_t)pieces[i] % sizeof(void *), 0);
    memset(pieces[i], (int)i, 1 + i % 64);
  }
  for (size_t i = 0; i < 200; i++)
    for (size_t at = 0; at < 1 + i % 64; at++) CHECK_INT(pieces[i][at], i);
  close(&f);
}

static void a_piece_is_aligned_also_where_a_block_ends(void) {
  for (size_t filled = 1000; filled < 1024; filled++) {
    fixture f;
    open(&f);
    weir__arena_copy(&f.arena, weir__slice_of(bytes, filled));
    void *piece = weir__arena_alloc(&f.arena, 9);
    CHECK_CASE("behind %zu bytes", filled + 1);
    CHECK_INT((uintptr_t)piece % sizeof(void *), 0);
    close(&f);
  }
}

static void blocks_double_up_to_16_kib(void) {
  static const size_t want[] = {1024, 2048, 4096, 8192, 16384, 16384, 16384};
  fixture f;
  open(&f);
  for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
    size_t before = f.a.live_bytes, blocks = f.a.live_blocks;
    while (f.a.live_blocks == blocks) weir__arena_alloc(&f.arena, 64);
    CHECK_CASE("block %zu", i);
    CHECK(f.a.live_bytes - before >= want[i]);
    CHECK(f.a.live_bytes - before <= want[i] + 64);
  }
  close(&f);
}

static void a_large_piece_gets_a_block_of_its_size(void) {
  fixture f;
  open(&f);
  memset(weir__arena_alloc(&f.arena, 100000), 1, 100000);
  CHECK_INT(f.a.live_blocks, 1);
  CHECK(f.a.live_bytes < 100100);
  close(&f);
}

static void a_string_grows_in_place_while_it_is_the_last(void) {
  fixture f;
  open(&f);
  char *str = NULL;
  size_t len = 0;
  CHECK_INT(weir__arena_append(&f.arena, &str, &len, weir__slice_str("ab")), 0);
  char *before = str;
  CHECK_INT(weir__arena_append(&f.arena, &str, &len, weir__slice_str("cd")), 0);
  CHECK(str == before);
  CHECK_STR(str, "abcd");
  CHECK_INT(len, 4);
  close(&f);
}

static void a_string_that_is_not_the_last_moves_and_its_old_place_stays(void) {
  fixture f;
  open(&f);
  char *str = NULL;
  size_t len = 0;
  weir__arena_append(&f.arena, &str, &len, weir__slice_str("ab"));
  char *old = str, *other = weir__arena_copy(&f.arena, weir__slice_str("other"));
  CHECK_INT(weir__arena_append(&f.arena, &str, &len, weir__slice_str("cd")), 0);
  CHECK_STR(str, "abcd");
  CHECK_STR(old, "ab");
  CHECK_STR(other, "other");
  close(&f);
}

static void appending_nothing_makes_an_empty_string(void) {
  fixture f;
  open(&f);
  char *str = NULL;
  size_t len = 0;
  CHECK_INT(weir__arena_append(&f.arena, &str, &len, weir__slice_of(NULL, 0)), 0);
  CHECK_STR(str, "");
  CHECK_INT(len, 0);
  close(&f);
}

static void a_failed_append_leaves_the_string(void) {
  char big[4000];
  memset(big, 'x', sizeof big);
  fixture f;
  open(&f);
  char *str = NULL;
  size_t len = 0;
  weir__arena_append(&f.arena, &str, &len, weir__slice_str("ab"));
  f.a.fail_at = f.a.calls + 1;
  CHECK_INT(weir__arena_append(&f.arena, &str, &len, weir__slice_of(big, sizeof big)), WEIR_ENOMEM);
  CHECK_STR(str, "ab");
  CHECK_INT(len, 2);
  CHECK_INT(weir__arena_append(&f.arena, &str, &len, weir__slice_str("cd")), 0);
  CHECK_STR(str, "abcd");
  close(&f);
}

static void a_freed_arena_can_be_used_again(void) {
  fixture f;
  open(&f);
  weir__arena_copy(&f.arena, weir__slice_str("once"));
  weir__arena_free(&f.arena);
  CHECK_NO_LEAK(&f.a);
  CHECK_STR(weir__arena_copy(&f.arena, weir__slice_str("twice")), "twice");
  close(&f);
}

static void a_failed_block_gives_null(void) {
  fixture f;
  open(&f);
  f.a.fail_at = 1;
  f.a.fail_forever = true;
  char *str = NULL;
  size_t len = 0;
  CHECK(!weir__arena_alloc(&f.arena, 8));
  CHECK(!weir__arena_copy(&f.arena, weir__slice_str("a")));
  CHECK_INT(weir__arena_append(&f.arena, &str, &len, weir__slice_str("a")), WEIR_ENOMEM);
  CHECK(!str);
  close(&f);
}

static void a_size_beyond_all_memory_gives_null(void) {
  fixture f;
  open(&f);
  char *str = NULL;
  size_t len = 0;
  CHECK(!weir__arena_alloc(&f.arena, SIZE_MAX));
  CHECK(!weir__arena_copy(&f.arena, weir__slice_of("a", SIZE_MAX - 1)));
  weir__slice huge = weir__slice_of("a", SIZE_MAX / 2 + 10);
  CHECK_INT(weir__arena_append(&f.arena, &str, &len, huge), WEIR_ENOMEM);
  CHECK_INT(f.a.calls, 0);
  close(&f);
}

/* ---- the bound ---- */

/* Builds a string, `step` bytes at a time. */
static void build(fixture *f, size_t size, size_t step) {
  char *str = NULL;
  for (size_t len = 0; len < size;) {
    size_t n = size - len < step ? size - len : step;
    if (!CHECK_INT(weir__arena_append(&f->arena, &str, &len, weir__slice_of(bytes, n)), 0)) return;
  }
}

static void a_string_fed_byte_by_byte_stays_within_the_bound(void) {
  fixture f;
  open(&f);
  build(&f, 64 * 1024 - 1, 1);
  CHECK(f.a.peak_bytes > 64 * 1024);
  CHECK(f.a.peak_bytes <= weir__arena_bound(64 * 1024));
  CHECK(weir__arena_bound(64 * 1024) <= 4 * 64 * 1024 + 32 * 1024);
  close(&f);
}

static void strings_of_any_length_and_step_stay_within_the_bound(void) {
  static const size_t steps[] = {1, 7, 500, 1023, 8191, 40000};
  for (size_t size = 1; size < 64 * 1024; size = size * 9 / 8 + 1)
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
      fixture f;
      open(&f);
      size_t total = 0;
      for (; total < 64 * 1024; total += size + 1) build(&f, size, steps[i]);
      CHECK_CASE("strings of %zu in steps of %zu", size, steps[i]);
      CHECK(f.a.peak_bytes <= weir__arena_bound(total));
      close(&f);
    }
}

/* Small and large, strings and others, by a fixed random sequence. */
static void mixed_pieces_stay_within_the_bound(void) {
  uint32_t random = 1;
  for (int round = 0; round < 200; round++) {
    fixture f;
    open(&f);
    size_t total = 0;
    while (total < 64 * 1024) {
      random = random * 1664525 + 1013904223;
      size_t size = 1 + (random >> 8) % (1u << (random >> 28)) % 20000;
      if (random & 64)
        build(&f, size, 1 + size / 3);
      else
        CHECK(weir__arena_alloc(&f.arena, size) != NULL);
      total += (size + 1 + 2 * sizeof(void *)) / sizeof(void *) * sizeof(void *);
    }
    CHECK_CASE("round %d", round);
    CHECK(f.a.peak_bytes <= weir__arena_bound(total));
    close(&f);
  }
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(an_allocator_has_all_three_hooks_or_none);
  TEST(without_hooks_memory_comes_from_libc);
  TEST(with_hooks_all_memory_comes_from_them);
  TEST(new_memory_is_zero);
  TEST(a_copy_ends_in_a_nul);
  TEST(pieces_are_aligned_and_stay_apart);
  TEST(a_piece_is_aligned_also_where_a_block_ends);
  TEST(blocks_double_up_to_16_kib);
  TEST(a_large_piece_gets_a_block_of_its_size);
  TEST(a_string_grows_in_place_while_it_is_the_last);
  TEST(a_string_that_is_not_the_last_moves_and_its_old_place_stays);
  TEST(appending_nothing_makes_an_empty_string);
  TEST(a_failed_append_leaves_the_string);
  TEST(a_freed_arena_can_be_used_again);
  TEST(a_failed_block_gives_null);
  TEST(a_size_beyond_all_memory_gives_null);
  TEST(a_string_fed_byte_by_byte_stays_within_the_bound);
  TEST(strings_of_any_length_and_step_stay_within_the_bound);
  TEST(mixed_pieces_stay_within_the_bound);
  return check_end();
}
