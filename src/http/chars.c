/* See chars.h. */
#include "http/chars.h"

#include "base/cidr.h"

enum {
  TOKEN = 1,    /* tchar (RFC 9110, 5.6.2) */
  REG_NAME = 2, /* unreserved and sub-delims (RFC 3986, 2.2 and 2.3) */
};

#define BOTH (TOKEN | REG_NAME)
static const uint8_t classes[256] = {
    ['!'] = BOTH,     ['#'] = TOKEN,    ['$'] = BOTH,     ['%'] = TOKEN,    ['&'] = BOTH,
    ['\''] = BOTH,    ['('] = REG_NAME, [')'] = REG_NAME, ['*'] = BOTH,     ['+'] = BOTH,
    [','] = REG_NAME, ['-'] = BOTH,     ['.'] = BOTH,     [';'] = REG_NAME, ['='] = REG_NAME,
    ['^'] = TOKEN,    ['_'] = BOTH,     ['`'] = TOKEN,    ['|'] = TOKEN,    ['~'] = BOTH,
    ['0'] = BOTH,     ['1'] = BOTH,     ['2'] = BOTH,     ['3'] = BOTH,     ['4'] = BOTH,
    ['5'] = BOTH,     ['6'] = BOTH,     ['7'] = BOTH,     ['8'] = BOTH,     ['9'] = BOTH,
    ['A'] = BOTH,     ['B'] = BOTH,     ['C'] = BOTH,     ['D'] = BOTH,     ['E'] = BOTH,
    ['F'] = BOTH,     ['G'] = BOTH,     ['H'] = BOTH,     ['I'] = BOTH,     ['J'] = BOTH,
    ['K'] = BOTH,     ['L'] = BOTH,     ['M'] = BOTH,     ['N'] = BOTH,     ['O'] = BOTH,
    ['P'] = BOTH,     ['Q'] = BOTH,     ['R'] = BOTH,     ['S'] = BOTH,     ['T'] = BOTH,
    ['U'] = BOTH,     ['V'] = BOTH,     ['W'] = BOTH,     ['X'] = BOTH,     ['Y'] = BOTH,
    ['Z'] = BOTH,     ['a'] = BOTH,     ['b'] = BOTH,     ['c'] = BOTH,     ['d'] = BOTH,
    ['e'] = BOTH,     ['f'] = BOTH,     ['g'] = BOTH,     ['h'] = BOTH,     ['i'] = BOTH,
    ['j'] = BOTH,     ['k'] = BOTH,     ['l'] = BOTH,     ['m'] = BOTH,     ['n'] = BOTH,
    ['o'] = BOTH,     ['p'] = BOTH,     ['q'] = BOTH,     ['r'] = BOTH,     ['s'] = BOTH,
    ['t'] = BOTH,     ['u'] = BOTH,     ['v'] = BOTH,     ['w'] = BOTH,     ['x'] = BOTH,
    ['y'] = BOTH,     ['z'] = BOTH,
};

static bool is(char c, int class) { return classes[(unsigned char)c] & class; }

static bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool weir__is_token(weir__slice s) {
  for (size_t i = 0; i < s.len; i++)
    if (!is(s.ptr[i], TOKEN)) return false;
  return s.len > 0;
}

static bool is_in_value(char byte) {
  unsigned char c = (unsigned char)byte;
  return c == '\t' || (c >= 0x20 && c != 0x7f);
}

/* Eight bytes at a time: true if none of them is a control, a tab or from 0x80, which most values
 * are free of. A byte below 0x20 borrows in the first term, DEL carries in the second. */
static bool are_plain(const char *eight) {
  const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
  uint64_t w;
  memcpy(&w, eight, sizeof w);
  return !((w | (w - ones * 0x20) | (w + ones)) & tops);
}

bool weir__is_field_value(weir__slice s) {
  size_t i = 0;
  while (s.len - i >= 8 && are_plain(s.ptr + i)) i += 8;
  if (s.len >= 8 && s.len - i < 8 && are_plain(s.ptr + s.len - 8)) return true;
  while (i < s.len && is_in_value(s.ptr[i])) i++;
  return i == s.len;
}

bool weir__is_origin_form(weir__slice s) {
  for (size_t i = 0; i < s.len; i++)
    if (s.ptr[i] <= 0x20 || s.ptr[i] >= 0x7f || s.ptr[i] == '#') return false;
  return s.len && s.ptr[0] == '/';
}

static bool is_reg_name(weir__slice s) {
  for (size_t i = 0; i < s.len; i++) {
    if (is(s.ptr[i], REG_NAME)) continue;
    if (s.ptr[i] != '%' || s.len - i < 3) return false;
    if (!is_hex(s.ptr[i + 1]) || !is_hex(s.ptr[i + 2])) return false;
    i += 2;
  }
  return s.len > 0;
}

static bool is_ip_literal(weir__slice s) {
  weir__addr addr;
  if (s.len < 2 || s.ptr[0] != '[' || s.ptr[s.len - 1] != ']') return false;
  weir__slice inside = weir__slice_of(s.ptr + 1, s.len - 2);
  return memchr(inside.ptr, ':', inside.len) && weir__addr_parse(&addr, inside);
}

static bool is_port(weir__slice s) {
  uint64_t port;
  return s.len == 0 || (s.len <= 5 && weir__parse_decimal(s, &port) && port <= UINT16_MAX);
}

enum { NAME_MAX_BYTES = 255 };

bool weir__is_host(weir__slice s) {
  size_t len = s.len; /* up to the colon of the port, the only one behind any bracket */
  while (len && s.ptr[len - 1] != ':' && s.ptr[len - 1] != ']') len--;
  bool has_port = len && s.ptr[len - 1] == ':';
  if (has_port && !is_port(weir__slice_of(s.ptr + len, s.len - len))) return false;
  weir__slice name = weir__slice_of(s.ptr, has_port ? len - 1 : s.len);
  if (name.len > NAME_MAX_BYTES) return false;
  return is_reg_name(name) || is_ip_literal(name);
}

bool weir__parse_decimal(weir__slice s, uint64_t *value) {
  uint64_t sum = 0;
  for (size_t i = 0; i < s.len; i++) {
    if (s.ptr[i] < '0' || s.ptr[i] > '9') return false;
    uint64_t digit = (uint64_t)(s.ptr[i] - '0');
    if (sum > (UINT64_MAX - digit) / 10) return false;
    sum = sum * 10 + digit;
  }
  *value = sum;
  return s.len > 0;
}

weir__slice weir__print_decimal(char digits[WEIR__DECIMAL], uint64_t value) {
  size_t at = WEIR__DECIMAL;
  do digits[--at] = (char)('0' + value % 10);
  while ((value /= 10) > 0);
  return weir__slice_of(digits + at, WEIR__DECIMAL - at);
}
