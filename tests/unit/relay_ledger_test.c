/* The bins of a histogram. */
#include "relay/ledger.h"
#include "support/check.h"

static void each_power_of_two_begins_a_bin(void) {
  CHECK_INT(weir__histogram_bin(0), 0);
  for (unsigned n = 1; n < WEIR_LEDGER_BINS; n++) {
    uint64_t from = (uint64_t)1 << (n - 1);
    CHECK_INT(weir__histogram_bin(from), n);
    CHECK_INT(weir__histogram_bin(from - 1), n - 1);
  }
}

static void the_last_bin_has_all_above(void) {
  CHECK_INT(weir__histogram_bin((uint64_t)1 << (WEIR_LEDGER_BINS - 1)), WEIR_LEDGER_BINS - 1);
  CHECK_INT(weir__histogram_bin(UINT64_MAX), WEIR_LEDGER_BINS - 1);
}

static void adding_counts_in_its_bin_alone(void) {
  weir_histogram h = {0};
  weir__histogram_add(&h, 5, 1);
  weir__histogram_add(&h, 7, 3);
  weir__histogram_add(&h, 8, 1);
  for (unsigned n = 0; n < WEIR_LEDGER_BINS; n++)
    CHECK_INT(h.count[n], n == 3 ? 4 : n == 4 ? 1 : 0);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(each_power_of_two_begins_a_bin);
  TEST(the_last_bin_has_all_above);
  TEST(adding_counts_in_its_bin_alone);
  return check_end();
}
