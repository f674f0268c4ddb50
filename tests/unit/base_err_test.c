/* Over src/base/err.c and src/net/err.c. */
#include "base/err.h"

#include <uv.h>

#include "support/check.h"

static void every_code_of_weir_has_its_text_and_name(void) {
#define SAME(name, number, text) \
  CHECK_INT(WEIR_##name, number); \
  CHECK_STR(weir_strerror(number), text); \
  CHECK_STR(weir_err_name(number), "WEIR_" #name); \
  CHECK((number) < -4095);
  WEIR_ERRORS(SAME)
#undef SAME
  CHECK_STR(weir_strerror(WEIR_ENOMEM), "out of memory");
}

static void every_code_of_libuv_has_its_text_and_name(void) {
#define SAME(name, text) \
  CHECK_STR(weir_strerror(UV_##name), uv_strerror(UV_##name)); \
  CHECK_STR(weir_err_name(UV_##name), uv_err_name(UV_##name));
  UV_ERRNO_MAP(SAME)
#undef SAME
  CHECK_STR(weir_err_name(UV_EOF), "EOF");
}

static void any_other_number_is_unknown(void) {
  static const int others[] = {0, 1, -4094, -5000, -5099, -2147483647 - 1, 2147483647};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    CHECK_CASE("%d", others[i]);
    CHECK_STR(weir_strerror(others[i]), "unknown error");
    CHECK_STR(weir_err_name(others[i]), "UNKNOWN");
    CHECK_STR(weir__err_text(others[i]), NULL);
    CHECK_STR(weir__err_name(others[i]), NULL);
  }
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(every_code_of_weir_has_its_text_and_name);
  TEST(every_code_of_libuv_has_its_text_and_name);
  TEST(any_other_number_is_unknown);
  return check_end();
}
