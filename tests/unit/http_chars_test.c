/* Over src/http/chars.c. */
#include "http/chars.h"

#include <stdlib.h>
#include <string.h>

#include "support/check.h"

typedef bool (*predicate)(weir__slice s);

static bool holds(predicate is, const char *bytes, size_t len) {
  char *exact = exact_copy(bytes, len);
  bool result = is(weir__slice_of(exact, len));
  free(exact);
  return result;
}

/* Checks which of all bytes may stand behind `before`. */
static void check_bytes(predicate is, const char *before, const char *allowed) {
  char text[8];
  size_t len = strlen(before);
  memcpy(text, before, len);
  for (int c = 0; c < 256; c++) {
    text[len] = (char)c;
    CHECK_CASE("byte 0x%02x", (unsigned)c);
    CHECK_INT(holds(is, text, len + 1), c && strchr(allowed, c));
  }
}

#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static void a_token_has_just_the_bytes_of_rfc_9110(void) {
  check_bytes(weir__is_token, "", ALNUM "!#$%&'*+-.^_`|~");
  check_bytes(weir__is_token, "x", ALNUM "!#$%&'*+-.^_`|~");
  CHECK(!holds(weir__is_token, "", 0));
  CHECK(!holds(weir__is_token, "a b", 3));
}

static void a_field_value_has_no_control_but_tab(void) {
  for (int c = 0; c < 256; c++) {
    char text[3] = {'a', (char)c, 'b'};
    CHECK_CASE("byte 0x%02x", (unsigned)c);
    CHECK_INT(holds(weir__is_field_value, text, 3), c == '\t' || (c >= 0x20 && c != 0x7f));
  }
  CHECK(holds(weir__is_field_value, "", 0));
}

static void a_byte_of_a_field_value_counts_wherever_it_stands(void) {
  char text[24];
  for (size_t at = 0; at < sizeof text; at++) {
    for (int c = 0; c < 256; c++) {
      CHECK_CASE("byte 0x%02x at %zu", (unsigned)c, at);
      memset(text, ' ' + (int)at, sizeof text); /* the least that may stand there, and more */
      text[at] = (char)c;
      CHECK_INT(holds(weir__is_field_value, text, sizeof text),
                c == '\t' || (c >= 0x20 && c != 0x7f));
    }
  }
}

static void a_target_has_no_space_control_fragment_or_high_byte(void) {
  for (int c = 0; c < 256; c++) {
    char text[3] = {'/', (char)c, 'b'};
    CHECK_CASE("byte 0x%02x", (unsigned)c);
    CHECK_INT(holds(weir__is_origin_form, text, 3), c > 0x20 && c < 0x7f && c != '#');
  }
}

static void a_target_begins_with_a_slash(void) {
  CHECK(holds(weir__is_origin_form, "/", 1));
  CHECK(holds(weir__is_origin_form, "/a?b=/c", 7));
  CHECK(holds(weir__is_origin_form, "//x", 3));
  CHECK(!holds(weir__is_origin_form, "", 0));
  CHECK(!holds(weir__is_origin_form, "*", 1));
  CHECK(!holds(weir__is_origin_form, "a/", 2));
  CHECK(!holds(weir__is_origin_form, "?", 1));
}

static void hosts_are_told_from_others(void) {
  static const struct {
    const char *text;
    bool is;
  } cases[] = {
      {"a", true},
      {"example.com", true},
      {"EXAMPLE.com.", true},
      {"my_host-1", true},
      {"192.0.2.7", true},
      {"1", true},
      {"a:80", true},
      {"a:", true},
      {"a:0", true},
      {"a:65535", true},
      {"a:00080", true},
      {"a%20b", true},
      {"a%2Fb%fF", true},
      {"a!$&'()*+,;=b~", true},
      {"[::1]", true},
      {"[::1]:80", true},
      {"[::1]:", true},
      {"[::ffff:192.0.2.7]", true},
      {"[2001:DB8::1]:65535", true},
      {"", false},
      {":", false},
      {":80", false},
      {"a:65536", false},
      {"a:123456", false},
      {"a:000080", false},
      {"a:8a", false},
      {"a:-1", false},
      {"a: 80", false},
      {"a:80 ", false},
      {"a:80:81", false},
      {"u@a", false},
      {"u:p@a", false},
      {"a/b", false},
      {"a?b", false},
      {"a#b", false},
      {"a b", false},
      {"a\tb", false},
      {"a\"b", false},
      {"a\\b", false},
      {"a<b", false},
      {"a\x80", false},
      {"a%", false},
      {"a%2", false},
      {"a%2g", false},
      {"a%g2", false},
      {"[]", false},
      {"[", false},
      {"]", false},
      {"[:80", false},
      {"]:80", false},
      {"[::1", false},
      {"::1", false},
      {"::1]", false},
      {"[::1]a", false},
      {"[::1]80", false},
      {"[::1]:a", false},
      {"[::1]:65536", false},
      {"[::1]]", false},
      {"[[::1]]", false},
      {"a[::1]", false},
      {"[192.0.2.7]", false},
      {"[v1.x]", false},
      {"[fe80::1%25eth0]", false},
      {"[:::]", false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("\"%s\"", cases[i].text);
    CHECK_INT(holds(weir__is_host, cases[i].text, strlen(cases[i].text)), cases[i].is);
  }
}

static void a_host_has_just_the_bytes_of_rfc_3986(void) {
  /* A colon begins a port. */
  check_bytes(weir__is_host, "a", ALNUM "-._~!$&'()*+,;=:");
}

static void a_host_name_ends_at_255_bytes(void) {
  char name[255 + 7];
  memset(name, 'a', sizeof name);
  CHECK(holds(weir__is_host, name, 255));
  CHECK(!holds(weir__is_host, name, 256));
  memcpy(name + 255, ":65535", 6);
  CHECK(holds(weir__is_host, name, 261));
}

static void decimals_fit_64_bits_or_are_refused(void) {
  static const struct {
    const char *text;
    bool is;
    uint64_t value;
  } cases[] = {
      {"0", true, 0},
      {"7", true, 7},
      {"0010", true, 10},
      {"18446744073709551615", true, UINT64_MAX},
      {"18446744073709551616", false, 0},
      {"18446744073709551620", false, 0},
      {"99999999999999999999", false, 0},
      {"184467440737095516150", false, 0},
      {"", false, 0},
      {"+1", false, 0},
      {"-1", false, 0},
      {" 1", false, 0},
      {"1 ", false, 0},
      {"0x1", false, 0},
      {"1,1", false, 0},
      {"1.", false, 0},
      {"\xb2", false, 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("\"%s\"", cases[i].text);
    uint64_t value = 0;
    size_t len = strlen(cases[i].text);
    char *exact = exact_copy(cases[i].text, len);
    if (!CHECK_INT(weir__parse_decimal(weir__slice_of(exact, len), &value), cases[i].is)) value = 0;
    if (cases[i].is) CHECK(value == cases[i].value);
    free(exact);
  }
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_token_has_just_the_bytes_of_rfc_9110);
  TEST(a_field_value_has_no_control_but_tab);
  TEST(a_byte_of_a_field_value_counts_wherever_it_stands);
  TEST(a_target_has_no_space_control_fragment_or_high_byte);
  TEST(a_target_begins_with_a_slash);
  TEST(hosts_are_told_from_others);
  TEST(a_host_has_just_the_bytes_of_rfc_3986);
  TEST(a_host_name_ends_at_255_bytes);
  TEST(decimals_fit_64_bits_or_are_refused);
  return check_end();
}
