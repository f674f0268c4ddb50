/* Over src/relay/names.c. */
#include "support/check.h"
#include "weir/exchange.h"

static void every_end_has_its_name(void) {
#define SAME(name, text) CHECK_STR(weir_end_name(WEIR_END_##name), text);
  WEIR_ENDS(SAME)
#undef SAME
  CHECK_STR(weir_end_name(WEIR_END_CLIENT_GONE), "client_gone");
}

static void every_timer_has_its_name(void) {
#define SAME(name, text) CHECK_STR(weir_timer_name(WEIR_TIMER_##name), text);
  WEIR_TIMERS(SAME)
#undef SAME
  CHECK_STR(weir_timer_name(WEIR_TIMER_GAP), "gap");
}

static void a_number_from_nowhere_is_unknown(void) {
  CHECK_STR(weir_end_name((enum weir_end)99), "unknown");
  CHECK_STR(weir_timer_name((enum weir_timer)99), "unknown");
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(every_end_has_its_name);
  TEST(every_timer_has_its_name);
  TEST(a_number_from_nowhere_is_unknown);
  return check_end();
}
