/* Over src/http/body.c. */
#include "http/body.h"

#include <stdint.h>

#include "support/check.h"
#include "weir/err.h"

static void a_length_takes_just_what_it_promised(void) {
  weir__body body = weir__body_of(WEIR__FRAMING_LENGTH, 10);
  CHECK(!weir__body_complete(&body));
  CHECK_INT(weir__body_add(&body, 4), 0);
  CHECK_INT(weir__body_add(&body, 7), WEIR_EFRAMING);
  CHECK_INT(weir__body_add(&body, 5), 0);
  CHECK(!weir__body_complete(&body));
  CHECK_INT(weir__body_add(&body, 1), 0);
  CHECK(weir__body_complete(&body));
  CHECK_INT(weir__body_add(&body, 0), 0);
  CHECK_INT(weir__body_add(&body, 1), WEIR_EFRAMING);
}

static void a_length_has_64_bits(void) {
  weir__body body = weir__body_of(WEIR__FRAMING_LENGTH, UINT64_MAX);
  CHECK_INT(weir__body_add(&body, 1), 0);
  CHECK(body.left == UINT64_MAX - 1);
}

static void no_body_takes_no_byte_whatever_the_length_said(void) {
  weir__body body = weir__body_of(WEIR__FRAMING_NONE, 10); /* an answer to HEAD */
  CHECK(weir__body_complete(&body));
  CHECK_INT(weir__body_add(&body, 0), 0);
  CHECK_INT(weir__body_add(&body, 1), WEIR_EFRAMING);
}

static void a_body_of_unknown_length_takes_all_and_may_end_any_time(void) {
  static const enum weir__framing open[] = {WEIR__FRAMING_CHUNKED, WEIR__FRAMING_CLOSE,
                                            WEIR__FRAMING_TUNNEL};
  for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
    CHECK_CASE("framing %d", (int)open[i]);
    weir__body body = weir__body_of(open[i], 0);
    CHECK(weir__body_complete(&body));
    CHECK_INT(weir__body_add(&body, SIZE_MAX), 0);
    CHECK_INT(weir__body_add(&body, SIZE_MAX), 0);
    CHECK(weir__body_complete(&body));
  }
}

static void a_size_line_is_hexadecimal_and_ends_in_crlf(void) {
  static const struct {
    size_t len;
    const char *line;
  } cases[] = {
      {1, "1\r\n"},     {9, "9\r\n"},         {10, "a\r\n"},
      {15, "f\r\n"},    {16, "10\r\n"},       {255, "ff\r\n"},
      {256, "100\r\n"}, {65536, "10000\r\n"}, {0x1a2b3c, "1a2b3c\r\n"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char room[WEIR__CHUNK_LINE];
    weir__slice line = weir__chunk_line(room, cases[i].len);
    CHECK_CASE("%zu", cases[i].len);
    CHECK_MEM(line.ptr, line.len, cases[i].line, strlen(cases[i].line));
  }
}

static void the_longest_size_line_fits(void) {
  char room[WEIR__CHUNK_LINE];
  weir__slice line = weir__chunk_line(room, UINT64_MAX);
  CHECK_MEM(line.ptr, line.len, "ffffffffffffffff\r\n", 18);
  CHECK(line.ptr == room);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_length_takes_just_what_it_promised);
  TEST(a_length_has_64_bits);
  TEST(no_body_takes_no_byte_whatever_the_length_said);
  TEST(a_body_of_unknown_length_takes_all_and_may_end_any_time);
  TEST(a_size_line_is_hexadecimal_and_ends_in_crlf);
  TEST(the_longest_size_line_fits);
  return check_end();
}
