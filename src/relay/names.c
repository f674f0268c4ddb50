/* The names of ends and timers, for logs and programs. It knows no exchange. Static memory. */
#include "weir/exchange.h"

const char *weir_end_name(enum weir_end end) {
  switch (end) {
#define NAME(name, text) \
  case WEIR_END_##name: return text;
    WEIR_ENDS(NAME)
#undef NAME
  }
  return "unknown";
}

const char *weir_timer_name(enum weir_timer timer) {
  switch (timer) {
#define NAME(name, text) \
  case WEIR_TIMER_##name: return text;
    WEIR_TIMERS(NAME)
#undef NAME
  }
  return "unknown";
}
