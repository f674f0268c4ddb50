/* Over src/base/buf.c. */
#include "base/buf.h"

#include <stdint.h>
#include <string.h>

#include "support/alloc.h"
#include "support/check.h"
#include "weir/err.h"

typedef struct fixture {
  counting_alloc a;
  weir__mem mem;
  weir__buf buf;
} fixture;

static void open(fixture *f) {
  alloc_init(&f->a);
  weir__mem_init(&f->mem, &f->a.hooks);
  f->buf = (weir__buf){.mem = &f->mem};
}

static void close(fixture *f) {
  weir__buf_free(&f->buf);
  CHECK_NO_LEAK(&f->a);
}

static int append(fixture *f, const char *str) {
  return weir__buf_append(&f->buf, weir__slice_str(str));
}

static void what_is_appended_stands_there_in_order(void) {
  fixture f;
  open(&f);
  CHECK_INT(append(&f, "one "), 0);
  CHECK_INT(append(&f, ""), 0);
  CHECK_INT(append(&f, "two"), 0);
  weir__slice all = weir__buf_slice(&f.buf);
  CHECK_MEM(all.ptr, all.len, "one two", 7);
  close(&f);
}

static void an_empty_buffer_holds_no_memory(void) {
  fixture f;
  open(&f);
  CHECK_INT(append(&f, ""), 0);
  CHECK_INT(weir__buf_append(&f.buf, weir__slice_of(NULL, 0)), 0);
  CHECK_INT(f.a.live_blocks, 0);
  weir__buf_drop(&f.buf, 0);
  close(&f);
}

static void the_capacity_is_what_the_first_piece_needs_and_stays_below_twice_the_length(void) {
  fixture f;
  open(&f);
  for (size_t len = 1; len < 10000; len++) {
    CHECK_INT(append(&f, "x"), 0);
    CHECK_INT(f.buf.len, len);
    CHECK(f.buf.cap >= len && (f.buf.cap == 64 || f.buf.cap < 2 * len));
    CHECK_INT(f.a.live_bytes, f.buf.cap);
  }
  close(&f);
}

static void dropping_moves_the_rest_to_the_front(void) {
  fixture f;
  open(&f);
  append(&f, "abcdef");
  weir__buf_drop(&f.buf, 2);
  CHECK_MEM(f.buf.ptr, f.buf.len, "cdef", 4);
  append(&f, "gh");
  CHECK_MEM(f.buf.ptr, f.buf.len, "cdefgh", 6);
  weir__buf_drop(&f.buf, 6);
  CHECK_INT(f.buf.len, 0);
  close(&f);
}

static void a_failed_append_leaves_the_buffer(void) {
  char big[600] = {0};
  fixture f;
  open(&f);
  f.a.fail_at = 1;
  CHECK_INT(append(&f, "ab"), WEIR_ENOMEM);
  CHECK_INT(f.buf.len, 0);
  CHECK_INT(append(&f, "ab"), 0);
  f.a.fail_at = f.a.calls + 1;
  CHECK_INT(weir__buf_append(&f.buf, weir__slice_of(big, sizeof big)), WEIR_ENOMEM);
  CHECK_MEM(f.buf.ptr, f.buf.len, "ab", 2);
  close(&f);
}

static void a_length_beyond_all_memory_is_refused(void) {
  fixture f;
  open(&f);
  append(&f, "ab");
  CHECK_INT(weir__buf_append(&f.buf, weir__slice_of("x", SIZE_MAX)), WEIR_ENOMEM);
  CHECK_INT(weir__buf_append(&f.buf, weir__slice_of("x", SIZE_MAX / 2)), WEIR_ENOMEM);
  CHECK_MEM(f.buf.ptr, f.buf.len, "ab", 2);
  close(&f);
}

static void a_freed_buffer_can_be_used_again(void) {
  fixture f;
  open(&f);
  append(&f, "once");
  weir__buf_free(&f.buf);
  CHECK_NO_LEAK(&f.a);
  CHECK_INT(append(&f, "twice"), 0);
  CHECK_MEM(f.buf.ptr, f.buf.len, "twice", 5);
  close(&f);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(what_is_appended_stands_there_in_order);
  TEST(an_empty_buffer_holds_no_memory);
  TEST(the_capacity_is_what_the_first_piece_needs_and_stays_below_twice_the_length);
  TEST(dropping_moves_the_rest_to_the_front);
  TEST(a_failed_append_leaves_the_buffer);
  TEST(a_length_beyond_all_memory_is_refused);
  TEST(a_freed_buffer_can_be_used_again);
  return check_end();
}
