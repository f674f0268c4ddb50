/* Over src/http/url.c. */
#include "http/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/alloc.h"
#include "support/check.h"
#include "weir/err.h"

static int parse(weir__url *url, weir__mem *mem, const char *text) {
  char *exact = exact_copy(text, strlen(text) + 1);
  int rc = weir__url_parse(url, mem, exact);
  free(exact);
  return rc;
}

static void an_origin_is_taken_apart(void) {
  static const struct {
    const char *text, *host, *path, *authority;
    int port;
    bool numeric, tls;
  } cases[] = {
      {"http://a", "a", NULL, "a", 80, false},
      {"http://a/", "a", NULL, "a", 80, false},
      {"http://example.com:8081", "example.com", NULL, "example.com:8081", 8081, false},
      {"http://example.com:8081/", "example.com", NULL, "example.com:8081", 8081, false},
      {"HTTP://Example.COM", "Example.COM", NULL, "Example.COM", 80, false},
      {"http://a:1", "a", NULL, "a:1", 1, false},
      {"http://a:65535", "a", NULL, "a:65535", 65535, false},
      {"http://model_server-1.local.", "model_server-1.local.", NULL, "model_server-1.local.", 80,
       false},
      {"http://192.0.2.7", "192.0.2.7", NULL, "192.0.2.7", 80, true},
      {"http://192.0.2.7:81", "192.0.2.7", NULL, "192.0.2.7:81", 81, true},
      {"http://192.0.2", "192.0.2", NULL, "192.0.2", 80, false},
      {"http://[::1]", "::1", NULL, "[::1]", 80, true},
      {"http://[2001:db8::1]:80", "2001:db8::1", NULL, "[2001:db8::1]:80", 80, true},
      {"http://[::ffff:192.0.2.7]:81/", "::ffff:192.0.2.7", NULL, "[::ffff:192.0.2.7]:81", 81,
       true},
      {"https://a", "a", NULL, "a", 443, false, true},
      {"HTTPS://a:8443/", "a", NULL, "a:8443", 8443, false, true},
      {"https://a:80", "a", NULL, "a:80", 80, false, true},
      {"https://[::1]", "::1", NULL, "[::1]", 443, true, true},
      {"unix:/run/app.sock", NULL, "/run/app.sock", "localhost", 80, false},
      {"UNIX:/a b", NULL, "/a b", "localhost", 80, false},
  };
  counting_alloc a;
  weir__mem mem;
  alloc_init(&a);
  weir__mem_init(&mem, &a.hooks);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("%s", cases[i].text);
    weir__url url;
    if (!CHECK_INT(parse(&url, &mem, cases[i].text), 0)) continue;
    CHECK_STR(url.host, cases[i].host);
    CHECK_STR(url.path, cases[i].path);
    CHECK_STR(url.authority, cases[i].authority);
    CHECK_INT(url.port, cases[i].port);
    CHECK_INT(url.numeric, cases[i].numeric);
    CHECK_INT(url.tls, cases[i].tls);
    weir__url_free(&url, &mem);
    CHECK_NO_LEAK(&a);
  }
}

static void what_is_no_origin_is_refused_and_nothing_kept(void) {
  static const char *const bad[] = {
      "",
      "a",
      "a:80",
      "//a",
      "http:",
      "http:/a",
      "http://",
      "http:///",
      "http://a//",
      "http://a/b",
      "http://a/b/",
      "http://a?b",
      "http://a/?b",
      "http://a#b",
      "http://:80",
      "http://a:",
      "http://a:/",
      "http://a:0",
      "http://a:65536",
      "http://a:99999999999999999999",
      "http://a:-1",
      "http://a:+1",
      "http://a:8 ",
      "http://a:80:81",
      "http://u@a",
      "http://u:p@a",
      "http://a b",
      " http://a",
      "http://a ",
      "http://a\n",
      "http://a%20b",
      "http://a,b",
      "http://.a",
      "http://\xc3\xa4",
      "http://[]",
      "http://[",
      "http://[::1",
      "http://::1",
      "http://[::1]80",
      "http://[::1]:",
      "http://[::1]a",
      "http://[192.0.2.7]",
      "http://[a]",
      "http://[fe80::1%eth0]",
      "https:",
      "https:/a",
      "https://",
      "https://a/b",
      "https://u@a",
      "https://a:0",
      "httpss://a",
      "ftp://a",
      "unix:",
      "unix:a",
      "unix:a/b",
      "unix:/a\n",
      "unix:/a\x7f",
      "unix",
  };
  counting_alloc a;
  weir__mem mem;
  alloc_init(&a);
  weir__mem_init(&mem, &a.hooks);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    CHECK_CASE("\"%s\"", bad[i]);
    weir__url url;
    CHECK_INT(parse(&url, &mem, bad[i]), WEIR_EURL);
    CHECK(!url.host && !url.path && !url.authority);
    CHECK_NO_LEAK(&a);
  }
}

static void names_end_at_253_bytes_and_paths_at_107(void) {
  char text[300];
  weir__mem mem;
  weir__mem_init(&mem, NULL);
  static const struct {
    const char *begin;
    size_t longest;
  } cases[] = {{"http://", 7 + 253}, {"unix:/", 5 + 107}};
  for (size_t i = 0; i < 2; i++) {
    weir__url url;
    memset(text, 'a', sizeof text);
    memcpy(text, cases[i].begin, strlen(cases[i].begin));
    text[cases[i].longest + 1] = '\0';
    CHECK_INT(parse(&url, &mem, text), WEIR_EURL);
    text[cases[i].longest] = '\0';
    CHECK_INT(parse(&url, &mem, text), 0);
    weir__url_free(&url, &mem);
  }
}

static int parse_and_free(weir__mem *mem, void *text) {
  weir__url url;
  int rc = weir__url_parse(&url, mem, text);
  CHECK(!rc || (!url.host && !url.path && !url.authority));
  weir__url_free(&url, mem);
  return rc;
}

static void a_failed_allocation_leaves_nothing(void) {
  char http[] = "http://a:80", unix[] = "unix:/a";
  check_each_failure(parse_and_free, http);
  check_each_failure(parse_and_free, unix);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(an_origin_is_taken_apart);
  TEST(what_is_no_origin_is_refused_and_nothing_kept);
  TEST(names_end_at_253_bytes_and_paths_at_107);
  TEST(a_failed_allocation_leaves_nothing);
  return check_end();
}
