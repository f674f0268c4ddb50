/* Over src/base/cidr.c. */
#include "base/cidr.h"

#include <stdlib.h>
#include <string.h>

#include "support/alloc.h"
#include "support/check.h"
#include "weir/err.h"

/* "unix" or an address. */
static weir__addr addr_of(const char *text) {
  weir__addr addr = {.family = WEIR__UNIX};
  if (strcmp(text, "unix") != 0) CHECK(weir__addr_parse(&addr, weir__slice_str(text)));
  return addr;
}

static int parse(weir__cidr *cidr, const char *text) {
  char *exact = exact_copy(text, strlen(text) + 1);
  int rc = weir__cidr_parse(cidr, exact);
  free(exact);
  return rc;
}

static void an_address_lies_inside_its_ranges_only(void) {
  static const struct {
    const char *range, *addr;
    bool inside;
  } cases[] = {
      {"10.0.0.0/8", "10.0.0.0", true},
      {"10.0.0.0/8", "10.255.255.255", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"10.0.0.0/8", "9.255.255.255", false},
      {"10.0.0.0/8", "::ffff:10.1.2.3", true},
      {"10.0.0.0/8", "a00::", false},
      {"10.0.0.0/8", "unix", false},
      {"192.0.2.7", "192.0.2.7", true},
      {"192.0.2.7", "192.0.2.6", false},
      {"192.0.2.7/32", "192.0.2.7", true},
      {"192.0.2.128/25", "192.0.2.127", false},
      {"192.0.2.128/25", "192.0.2.128", true},
      {"192.0.2.6/31", "192.0.2.7", true},
      {"192.0.2.6/31", "192.0.2.8", false},
      {"172.16.0.0/12", "172.31.255.255", true},
      {"172.16.0.0/12", "172.32.0.0", false},
      {"0.0.0.0/0", "255.1.2.3", true},
      {"0.0.0.0/0", "::1", false},
      {"0.0.0.0/0", "unix", false},
      {"::/0", "2001:db8::1", true},
      {"::/0", "192.0.2.7", false},
      {"fd00::/8", "fdff::1", true},
      {"fd00::/8", "fe00::1", false},
      {"2001:db8::1", "2001:db8::1", true},
      {"2001:db8::1", "2001:db8::2", false},
      {"2001:db8::/127", "2001:db8::1", true},
      {"2001:db8::/127", "2001:db8::2", false},
      {"::ffff:10.0.0.0/104", "10.1.2.3", true},
      {"::ffff:10.0.0.0/104", "11.1.2.3", false},
      {"::ffff:0:0/96", "192.0.2.7", true},
      {"::ffff:192.0.2.7", "192.0.2.7", true},
      {"unix", "unix", true},
      {"unix", "0.0.0.0", false},
      {"unix", "::", false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("%s in %s", cases[i].addr, cases[i].range);
    weir__cidr cidr;
    weir__addr addr = addr_of(cases[i].addr);
    CHECK_INT(parse(&cidr, cases[i].range), 0);
    CHECK_INT(weir__cidr_has(&cidr, &addr), cases[i].inside);
  }
}

static void what_is_no_range_is_refused(void) {
  static const char *const bad[] = {"",
                                    "/",
                                    "/8",
                                    "10.0.0.0/",
                                    "10.0.0.0/33",
                                    "10.0.0.0/-1",
                                    "10.0.0.0/+8",
                                    "10.0.0.0/08",
                                    "10.0.0.0/8 ",
                                    " 10.0.0.0/8",
                                    "10.0.0.0/8/8",
                                    "10.0.0.0/4294967304",
                                    "10.0.0.0/99999999999999999999",
                                    "10.0.0.1/8",
                                    "10.0.0/8",
                                    "10",
                                    "010.0.0.0/8",
                                    "256.0.0.0",
                                    "1.2.3.4.5",
                                    "localhost",
                                    "*",
                                    "::/129",
                                    "::1/64",
                                    ":::",
                                    "12345::",
                                    "fe80::1%eth0",
                                    "[::1]",
                                    "::ffff:0:0/95",
                                    "::ffff:10.0.0.1/104",
                                    "unix/8",
                                    "UNIX",
                                    "unix:",
                                    "1111:2222:3333:4444:5555:6666:7777:8888:9999",
                                    "0000:0000:0000:0000:0000:ffff:255.255.255.2555"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    CHECK_CASE("\"%s\"", bad[i]);
    weir__cidr cidr;
    CHECK_INT(parse(&cidr, bad[i]), WEIR_ECIDR);
  }
}

static void an_address_is_read_from_a_slice_alone(void) {
  weir__addr addr;
  char *exact = exact_copy("192.0.2.7", 9);
  CHECK(weir__addr_parse(&addr, weir__slice_of(exact, 9)));
  free(exact);
  CHECK_INT(addr.family, WEIR__IPV4);
  CHECK_MEM(addr.bytes, 4, "\xc0\x00\x02\x07", 4);
  CHECK(!weir__addr_parse(&addr, weir__slice_of("1.2.3.4\0x", 9)));
  CHECK(!weir__addr_parse(&addr, weir__slice_of("", 0)));
}

static void a_mapped_address_is_ipv4(void) {
  static const unsigned char mapped[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7};
  static const unsigned char near[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 192, 0, 2, 7};
  weir__addr a = weir__addr_from(mapped, 16), b = weir__addr_from(near, 16),
             c = weir__addr_from(mapped + 12, 4);
  CHECK_INT(a.family, WEIR__IPV4);
  CHECK_MEM(a.bytes, 16, c.bytes, 16);
  CHECK_INT(b.family, WEIR__IPV6);
  CHECK_MEM(b.bytes, 16, near, 16);
}

static void a_list_has_what_one_of_its_ranges_has(void) {
  static const char *const texts[] = {"10.0.0.0/8", "fd00::/8", "unix", NULL};
  counting_alloc a;
  weir__mem mem;
  alloc_init(&a);
  weir__mem_init(&mem, &a.hooks);
  weir__cidrs cidrs;
  CHECK_INT(weir__cidrs_parse(&cidrs, &mem, texts), 0);
  weir__addr v4 = addr_of("10.1.1.1"), v6 = addr_of("fd00::1"), unix = addr_of("unix"),
             none = addr_of("11.0.0.0");
  CHECK(weir__cidrs_have(&cidrs, &v4));
  CHECK(weir__cidrs_have(&cidrs, &v6));
  CHECK(weir__cidrs_have(&cidrs, &unix));
  CHECK(!weir__cidrs_have(&cidrs, &none));
  weir__cidrs_free(&cidrs, &mem);
  CHECK_NO_LEAK(&a);
}

static void an_empty_list_has_nothing(void) {
  static const char *const none[] = {NULL};
  weir__mem mem;
  weir__mem_init(&mem, NULL);
  weir__addr addr = addr_of("unix");
  for (int i = 0; i < 2; i++) {
    weir__cidrs cidrs;
    CHECK_INT(weir__cidrs_parse(&cidrs, &mem, i ? none : NULL), 0);
    CHECK(!weir__cidrs_have(&cidrs, &addr));
    weir__cidrs_free(&cidrs, &mem);
  }
}

static void one_bad_range_spoils_the_list(void) {
  static const char *const texts[] = {"10.0.0.0/8", "10.0.0.1/8", NULL};
  counting_alloc a;
  weir__mem mem;
  alloc_init(&a);
  weir__mem_init(&mem, &a.hooks);
  weir__cidrs cidrs;
  CHECK_INT(weir__cidrs_parse(&cidrs, &mem, texts), WEIR_ECIDR);
  CHECK_INT(cidrs.count, 0);
  CHECK_NO_LEAK(&a);
}

static int parse_and_free(weir__mem *mem, void *arg) {
  weir__cidrs cidrs;
  int rc = weir__cidrs_parse(&cidrs, mem, arg);
  if (!rc) weir__cidrs_free(&cidrs, mem);
  return rc;
}

static void a_failed_allocation_is_told(void) {
  const char *texts[] = {"10.0.0.0/8", "unix", NULL};
  check_each_failure(parse_and_free, texts);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(an_address_lies_inside_its_ranges_only);
  TEST(what_is_no_range_is_refused);
  TEST(an_address_is_read_from_a_slice_alone);
  TEST(a_mapped_address_is_ipv4);
  TEST(a_list_has_what_one_of_its_ranges_has);
  TEST(an_empty_list_has_nothing);
  TEST(one_bad_range_spoils_the_list);
  TEST(a_failed_allocation_is_told);
  return check_end();
}
