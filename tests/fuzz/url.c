/* Target: origins as a host writes them, and what may stand in a Host field (src/http/url.c,
 * src/http/chars.c). Each is read a second time here, by rules written down anew from url.h and
 * chars.h; both readings must agree. The first byte says which allocation fails. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "http/chars.h"
#include "http/url.h"
#include "support/alloc.h"
#include "support/check.h"
#include "weir/err.h"

/* ---- the same rules once more ---- */

typedef struct reading {
  bool good, numeric, tls;
  weir__slice host, authority, path; /* of the text; ptr NULL: none */
  unsigned long port;
} reading;

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool all_among(weir__slice s, const char *bytes) {
  for (size_t i = 0; i < s.len; i++)
    if (!s.ptr[i] || !strchr(bytes, s.ptr[i])) return false;
  return true;
}

static bool is_address(int family, weir__slice s) {
  char copy[64], bytes[16];
  if (s.len >= sizeof copy) return false;
  memcpy(copy, s.ptr, s.len);
  copy[s.len] = '\0';
  return strlen(copy) == s.len && inet_pton(family, copy, bytes) == 1;
}

static bool read_number(weir__slice s, size_t digits_max, unsigned long *number) {
  if (s.len == 0 || s.len > digits_max || !all_among(s, DIGITS)) return false;
  *number = 0;
  for (size_t i = 0; i < s.len && *number <= UINT16_MAX; i++)
    *number = *number * 10 + (unsigned long)(s.ptr[i] - '0');
  return *number <= UINT16_MAX;
}

/* "name", "name:port", "[v6]", "[v6]:port": the name's end, and the port behind the colon. */
static bool split(weir__slice authority, weir__slice *name, weir__slice *port) {
  bool brackets = authority.len && authority.ptr[0] == '[';
  const char *end = memchr(authority.ptr, brackets ? ']' : ':', authority.len);
  if (brackets && !end) return false;
  name->ptr = authority.ptr;
  name->len = end ? (size_t)(end - authority.ptr) + brackets : authority.len;
  *port = weir__slice_of(NULL, 0);
  if (name->len == authority.len) return true;
  if (authority.ptr[name->len] != ':') return false;
  *port = weir__slice_of(authority.ptr + name->len + 1, authority.len - name->len - 1);
  return true;
}

static bool is_v6_in_brackets(weir__slice s) {
  return s.len > 2 && s.ptr[0] == '[' && s.ptr[s.len - 1] == ']' &&
         is_address(AF_INET6, weir__slice_of(s.ptr + 1, s.len - 2));
}

static void read_http(reading *r, weir__slice rest) {
  weir__slice port;
  if (rest.len && rest.ptr[rest.len - 1] == '/') rest.len--;
  r->authority = rest;
  r->port = r->tls ? 443 : 80;
  if (!split(rest, &r->host, &port)) return;
  if (port.ptr && (!read_number(port, 5, &r->port) || !r->port)) return;
  if (is_v6_in_brackets(r->host)) {
    r->host = weir__slice_of(r->host.ptr + 1, r->host.len - 2);
    r->good = r->numeric = true;
    return;
  }
  r->numeric = is_address(AF_INET, r->host);
  r->good = r->host.len > 0 && r->host.len <= 253 && r->host.ptr[0] != '.' &&
            all_among(r->host, LETTERS DIGITS "-._");
}

static void read_unix(reading *r, weir__slice rest) {
  r->path = rest;
  r->port = 80;
  r->authority = weir__slice_str("localhost");
  r->good = rest.len > 0 && rest.len <= 107 && rest.ptr[0] == '/';
  for (size_t i = 0; i < rest.len; i++)
    r->good = r->good && (unsigned char)rest.ptr[i] >= 0x20 && rest.ptr[i] != 0x7f;
}

static bool begins(weir__slice s, const char *with) {
  return s.len >= strlen(with) && strncasecmp(s.ptr, with, strlen(with)) == 0;
}

static reading read_origin(weir__slice text) {
  reading r = {0};
  r.tls = begins(text, "https://");
  if (r.tls)
    read_http(&r, weir__slice_of(text.ptr + 8, text.len - 8));
  else if (begins(text, "http://"))
    read_http(&r, weir__slice_of(text.ptr + 7, text.len - 7));
  else if (begins(text, "unix:"))
    read_unix(&r, weir__slice_of(text.ptr + 5, text.len - 5));
  return r;
}

/* ---- origins ---- */

static void check_part(const char *got, weir__slice want) {
  REQUIRE((got != NULL) == (want.ptr != NULL));
  if (got) REQUIRE(strlen(got) == want.len && memcmp(got, want.ptr, want.len) == 0);
}

/* What was read, written and read again is the same. */
static void check_again(const weir__url *url, weir__mem *mem) {
  char text[512];
  weir__url again;
  snprintf(text, sizeof text, "%s%s",
           url->path  ? "unix:"
           : url->tls ? "https://"
                      : "http://",
           url->path ? url->path : url->authority);
  if (weir__url_parse(&again, mem, text) != 0) return; /* out of memory: told by the caller */
  REQUIRE(again.port == url->port && again.numeric == url->numeric && again.tls == url->tls);
  if (url->host) REQUIRE(strcmp(again.host, url->host) == 0);
  if (url->path) REQUIRE(strcmp(again.path, url->path) == 0);
  REQUIRE(strcmp(again.authority, url->authority) == 0);
  weir__url_free(&again, mem);
}

static void check_url(const weir__url *url, const reading *want) {
  check_part(url->host, want->host);
  check_part(url->path, want->path);
  check_part(url->authority, want->authority);
  REQUIRE(url->port == want->port && url->port > 0 && url->numeric == want->numeric);
  REQUIRE(url->tls == want->tls);
  /* it becomes the Host of requests */
  REQUIRE(weir__is_host(weir__slice_str(url->authority)));
}

static void parse_origin(const char *text, uint8_t nth) {
  counting_alloc alloc;
  weir__mem mem;
  weir__url url;
  reading want = read_origin(weir__slice_str(text));
  if (want.path.ptr) want.host.ptr = NULL;
  alloc_init(&alloc);
  alloc.fail_at = nth;
  weir__mem_init(&mem, &alloc.hooks);
  int rc = weir__url_parse(&url, &mem, text);
  REQUIRE(rc == (!want.good ? WEIR_EURL : alloc.failed ? WEIR_ENOMEM : 0));
  if (rc == 0) {
    check_url(&url, &want);
    check_again(&url, &mem);
    weir__url_free(&url, &mem);
  }
  REQUIRE(alloc.live_blocks == 0);
}

/* ---- hosts, targets, numbers ---- */

static bool is_hex(char c) { return c && strchr(DIGITS "abcdefABCDEF", c); }

static bool is_reg_name(weir__slice s) {
  for (size_t i = 0; i < s.len; i++) {
    if (s.ptr[i] && strchr(LETTERS DIGITS "-._~!$&'()*+,;=", s.ptr[i])) continue;
    if (s.ptr[i] != '%' || i + 2 >= s.len || !is_hex(s.ptr[i + 1]) || !is_hex(s.ptr[i + 2]))
      return false;
    i += 2;
  }
  return s.len > 0;
}

static void check_host(weir__slice s) {
  weir__slice name, port;
  unsigned long number;
  bool good = s.len && split(s, &name, &port) && name.len <= 255 &&
              (is_reg_name(name) || is_v6_in_brackets(name)) &&
              (port.len == 0 || read_number(port, 5, &number));
  REQUIRE(weir__is_host(s) == good);
}

static void check_target(weir__slice s) {
  bool good = s.len && s.ptr[0] == '/' && !memchr(s.ptr, '#', s.len);
  for (size_t i = 0; i < s.len; i++)
    good = good && (unsigned char)s.ptr[i] > 0x20 && (unsigned char)s.ptr[i] < 0x7f;
  REQUIRE(weir__is_origin_form(s) == good);
}

static void check_number(weir__slice s) {
  uint64_t got, want = 0;
  bool good = s.len && all_among(s, DIGITS);
  for (size_t i = 0; good && i < s.len; i++) {
    uint64_t next = want * 10 + (uint64_t)(s.ptr[i] - '0');
    good = next / 10 == want;
    want = next;
  }
  REQUIRE(weir__parse_decimal(s, &got) == good);
  if (good) REQUIRE(got == want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_input_of(data, size);
  uint8_t nth = fuzz_byte(&in);
  char *exact = exact_copy(in.ptr, in.len);
  weir__slice bytes = weir__slice_of(exact, in.len);
  check_host(bytes);
  check_target(bytes);
  check_number(bytes);
  free(exact);
  if (in.len && memchr(in.ptr, '\0', in.len)) return 0; /* no string */
  char *text = malloc(in.len + 1);
  if (!text) abort();
  if (in.len) memcpy(text, in.ptr, in.len);
  text[in.len] = '\0';
  parse_origin(text, nth);
  free(text);
  return 0;
}
