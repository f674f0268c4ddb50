/* net/outbox: what the socket did not take yet. */
#include "net/outbox.h"
#include "support/alloc.h"
#include "support/check.h"
#include "weir/err.h"

typedef struct fixture {
  counting_alloc alloc;
  weir__mem mem;
  weir__outbox box;
} fixture;

static void begin(fixture *f, size_t high, size_t low) {
  alloc_init(&f->alloc);
  weir__mem_init(&f->mem, &f->alloc.hooks);
  weir__outbox_init(&f->box, &f->mem, high, low);
}

static void end(fixture *f) {
  weir__outbox_free(&f->box);
  CHECK_NO_LEAK(&f->alloc);
}

static int put(fixture *f, const char *str) {
  weir__slice slice = weir__slice_str(str);
  return weir__outbox_put(&f->box, &slice, 1, 0);
}

static void check_slice(weir__slice slice, const char *str) {
  CHECK_MEM(slice.ptr, slice.len, str, strlen(str));
}

static void an_empty_outbox_holds_no_memory(void) {
  fixture f;
  begin(&f, 10, 5);
  CHECK_INT(weir__outbox_takeoff(&f.box).len, 0);
  put(&f, "abc");
  weir__outbox_takeoff(&f.box);
  weir__outbox_landed(&f.box);
  CHECK_INT(f.alloc.live_blocks, 0);
  CHECK_INT(weir__outbox_pending(&f.box), 0);
  end(&f);
}

static void put_begins_behind_any_byte_of_the_slices(void) {
  const weir__slice slices[] = {weir__slice_str("ab"), weir__slice_str(""), weir__slice_str("cd"),
                                weir__slice_str("e")};
  const char *whole = "abcde";
  for (size_t skip = 0; skip <= 5; skip++) {
    CHECK_CASE("skip %zu", skip);
    fixture f;
    begin(&f, 10, 5);
    CHECK_INT(weir__outbox_put(&f.box, slices, 4, skip), 0);
    check_slice(weir__outbox_takeoff(&f.box), whole + skip);
    end(&f);
  }
}

static void what_is_put_during_a_flight_takes_off_merged_after_it(void) {
  fixture f;
  begin(&f, 10, 5);
  put(&f, "one");
  weir__slice flight = weir__outbox_takeoff(&f.box);
  put(&f, "two");
  put(&f, "three");
  check_slice(flight, "one");
  CHECK_INT(weir__outbox_pending(&f.box), 11);
  weir__outbox_landed(&f.box);
  check_slice(weir__outbox_takeoff(&f.box), "twothree");
  end(&f);
}

static void it_is_over_only_above_the_high_water_mark(void) {
  fixture f;
  begin(&f, 4, 2);
  put(&f, "1234");
  CHECK(!weir__outbox_over(&f.box));
  CHECK(!weir__outbox_passed_low(&f.box)); /* never was full */
  put(&f, "5");
  CHECK(weir__outbox_over(&f.box));
  end(&f);
}

static void both_buffers_count_towards_the_high_water_mark(void) {
  fixture f;
  begin(&f, 4, 2);
  put(&f, "123");
  weir__outbox_takeoff(&f.box);
  put(&f, "45");
  CHECK(weir__outbox_over(&f.box));
  end(&f);
}

static void low_water_is_passed_once_per_fullness(void) {
  fixture f;
  begin(&f, 4, 2);
  put(&f, "12345");
  CHECK(weir__outbox_over(&f.box));
  CHECK(!weir__outbox_passed_low(&f.box));
  weir__outbox_takeoff(&f.box);
  put(&f, "67");
  CHECK(!weir__outbox_passed_low(&f.box));
  weir__outbox_landed(&f.box);
  CHECK(weir__outbox_passed_low(&f.box)); /* just 2 are left */
  CHECK(!weir__outbox_passed_low(&f.box));
  end(&f);
}

static void a_put_without_memory_takes_nothing(void) {
  static char big[2000];
  const weir__slice slices[] = {weir__slice_str("abc"), weir__slice_of(big, sizeof big)};
  for (size_t first = 0; first < 2; first++) {
    fixture f;
    begin(&f, 4, 2);
    if (first) put(&f, "before");
    f.alloc.fail_at = f.alloc.calls + 2 - first; /* the second slice grows the buffer */
    CHECK_INT(weir__outbox_put(&f.box, slices, 2, 0), WEIR_ENOMEM);
    check_slice(weir__outbox_takeoff(&f.box), first ? "before" : "");
    end(&f);
  }
}

static void a_failed_put_leaves_an_empty_outbox_without_memory(void) {
  static char big[2000];
  const weir__slice slices[] = {weir__slice_str("abc"), weir__slice_of(big, sizeof big)};
  fixture f;
  begin(&f, 4, 2);
  f.alloc.fail_at = 2;
  CHECK_INT(weir__outbox_put(&f.box, slices, 2, 0), WEIR_ENOMEM);
  CHECK_INT(f.alloc.live_blocks, 0);
  end(&f);
}

/* Every way to spread a load over the two buffers, in steps that make bad use of doubling. */
static void the_bound_holds_for_any_writer(void) {
  enum { HIGH = 5000, BURST = 700 };
  static char bytes[BURST];
  for (size_t step = 1; step < BURST; step += 37) {
    for (size_t takeoff_at = 0; takeoff_at < HIGH; takeoff_at += 501) {
      fixture f;
      begin(&f, HIGH, 100);
      bool flying = false;
      do {
        weir__slice more = weir__slice_of(bytes, step);
        CHECK_INT(weir__outbox_put(&f.box, &more, 1, 0), 0);
        if (!flying && weir__outbox_pending(&f.box) > takeoff_at) {
          weir__outbox_takeoff(&f.box);
          flying = true;
        }
      } while (!weir__outbox_over(&f.box));
      CHECK(f.alloc.peak_bytes <= weir__outbox_bound(HIGH, BURST));
      end(&f);
    }
  }
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(an_empty_outbox_holds_no_memory);
  TEST(put_begins_behind_any_byte_of_the_slices);
  TEST(what_is_put_during_a_flight_takes_off_merged_after_it);
  TEST(it_is_over_only_above_the_high_water_mark);
  TEST(both_buffers_count_towards_the_high_water_mark);
  TEST(low_water_is_passed_once_per_fullness);
  TEST(a_put_without_memory_takes_nothing);
  TEST(a_failed_put_leaves_an_empty_outbox_without_memory);
  TEST(the_bound_holds_for_any_writer);
  return check_end();
}
