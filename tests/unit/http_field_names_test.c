/* Names to numbers and back. */
#include "http/field_names.h"

#include <ctype.h>
#include <string.h>

#include "support/check.h"

static void each_name_is_found_in_any_case(void) {
  for (int n = WEIR__NAME_OTHER + 1; n < WEIR__NAME_COUNT; n++) {
    weir__slice text = weir__name_text((enum weir__name)n);
    char upper[64], lower[64];
    CHECK_CASE("%s", text.ptr);
    for (size_t i = 0; i <= text.len; i++) {
      upper[i] = (char)toupper((unsigned char)text.ptr[i]);
      lower[i] = (char)tolower((unsigned char)text.ptr[i]);
    }
    CHECK_INT(weir__name_of(text), n);
    CHECK_INT(weir__name_of(weir__slice_of(upper, text.len)), n);
    CHECK_INT(weir__name_of(weir__slice_of(lower, text.len)), n);
  }
}

/* One byte more, one less, and each byte another: none of them is the name. */
static void nothing_else_is(void) {
  for (int n = WEIR__NAME_OTHER + 1; n < WEIR__NAME_COUNT; n++) {
    weir__slice text = weir__name_text((enum weir__name)n);
    char other[64];
    CHECK_CASE("%s", text.ptr);
    memcpy(other, text.ptr, text.len);
    other[text.len] = 'x';
    CHECK((int)weir__name_of(weir__slice_of(other, text.len + 1)) != n);
    CHECK((int)weir__name_of(weir__slice_of(other, text.len - 1)) != n);
    for (size_t i = 0; i < text.len; i++) {
      other[i] = text.ptr[i] == '_' ? '-' : '_';
      CHECK_INT(weir__name_of(weir__slice_of(other, text.len)), WEIR__NAME_OTHER);
      other[i] = text.ptr[i];
    }
  }
  CHECK_INT(weir__name_of(weir__slice_of("", 0)), WEIR__NAME_OTHER);
  CHECK_INT(weir__name_of(weir__slice_str("X-Something-Else")), WEIR__NAME_OTHER);
  CHECK_INT(weir__name_of(weir__slice_str("A-Name-That-Is-Longer-Than-All-Of-Ours")),
            WEIR__NAME_OTHER);
}

static void a_set_has_what_is_in_it(void) {
  weir__names set = WEIR__IN(HOST) | WEIR__IN(X_REAL_IP);
  CHECK(weir__names_have(set, WEIR__NAME_HOST));
  CHECK(weir__names_have(set, WEIR__NAME_X_REAL_IP));
  CHECK(!weir__names_have(set, WEIR__NAME_VIA));
  CHECK(!weir__names_have(~(weir__names)0, WEIR__NAME_OTHER));
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(each_name_is_found_in_any_case);
  TEST(nothing_else_is);
  TEST(a_set_has_what_is_in_it);
  return check_end();
}
