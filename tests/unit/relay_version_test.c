/* relay/version: what a program asks at run time, where the library may be another than the header
 * it was compiled with. */
#include "weir/version.h"

#include <stdio.h>
#include <string.h>

#include "support/check.h"

static void the_version_is_that_of_the_header(void) {
  char want[32];
  snprintf(want, sizeof want, "%d.%d.%d", WEIR_VERSION_MAJOR, WEIR_VERSION_MINOR,
           WEIR_VERSION_PATCH);
  CHECK_STR(weir_version(), want);
}

/* The oldest that passes the tests is 9.2. */
static void the_version_of_llhttp_is_one_that_we_take(void) {
  int major = 0, minor = 0, patch = 0, end = 0;
  const char *version = weir_llhttp_version();
  CHECK_INT(sscanf(version, "%d.%d.%d%n", &major, &minor, &patch, &end), 3);
  CHECK_INT(end, strlen(version));
  CHECK(major > 9 || (major == 9 && minor >= 2));
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(the_version_is_that_of_the_header);
  TEST(the_version_of_llhttp_is_one_that_we_take);
  return check_end();
}
