/* net/dns: names to addresses. */
#include "net/dns.h"

#include "unit/net_fixture.h"
#include "unit/net_names.h"

#if defined(__GLIBC__) && !defined(EAI_NODATA)
#define EAI_NODATA (-5) /* shown to GNU programs only, returned to all */
#endif

typedef struct asker {
  unsigned calls;
  int status;
  weir__addresses addresses;
} asker;

static void on_answer(void *owner, int status, const weir__addresses *addresses) {
  asker *a = owner;
  a->calls++;
  a->status = status;
  a->addresses = *addresses;
}

static void begin(net *n) {
  net_begin(n, NULL);
  names_begin();
}

static void end(net *n) {
  net_end(n);
  names_end();
}

/* "192.0.2.1 ::1", for comparing. */
static const char *text(const weir__addresses *addresses, char *out, size_t size) {
  out[0] = '\0';
  for (size_t i = 0; i < addresses->count; i++) {
    char one[64];
    const weir__sockaddr *a = &addresses->list[i];
    if (a->any.sa_family == AF_INET)
      uv_ip4_name(&a->in4, one, sizeof one);
    else
      uv_ip6_name(&a->in6, one, sizeof one);
    snprintf(out + strlen(out), size - strlen(out), "%s%s", i ? " " : "", one);
  }
  return out;
}

static weir__addresses parse(const char *list) {
  weir__addresses addresses = {.count = 0};
  char copy[600];
  snprintf(copy, sizeof copy, "%s", list);
  for (char *one = strtok(copy, " "); one; one = strtok(NULL, " "))
    CHECK(weir__dns_literal(&addresses.list[addresses.count++], one, 80));
  return addresses;
}

/* ---- the order ---- */

static void families_alternate_beginning_with_the_first(void) {
  static const char *const cases[][2] = {
      {"", ""},
      {"192.0.2.1", "192.0.2.1"},
      {"192.0.2.1 192.0.2.2 ::1 ::2", "192.0.2.1 ::1 192.0.2.2 ::2"},
      {"::1 ::2 192.0.2.1 192.0.2.2", "::1 192.0.2.1 ::2 192.0.2.2"},
      {"::1 ::2 ::3 ::4 ::5 ::6 192.0.2.1", "::1 192.0.2.1 ::2 ::3 ::4 ::5 ::6"},
      {"192.0.2.1 ::1 ::2 ::3", "192.0.2.1 ::1 ::2 ::3"},
      {"::1 192.0.2.1 ::2 192.0.2.2", "::1 192.0.2.1 ::2 192.0.2.2"},
      {"192.0.2.2 192.0.2.1", "192.0.2.2 192.0.2.1"},
      {"::1 ::1 192.0.2.1 192.0.2.1 ::1", "::1 192.0.2.1"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    CHECK_CASE("%s", cases[i][0]);
    char got[600];
    weir__addresses addresses = parse(cases[i][0]);
    weir__dns_order(&addresses);
    CHECK_STR(text(&addresses, got, sizeof got), cases[i][1]);
  }
}

static void literals_are_addresses_and_nothing_else_is(void) {
  static const char *const good4[] = {"127.0.0.1", "0.0.0.0", "255.255.255.255"};
  static const char *const good6[] = {"::", "::1", "2001:db8::7", "::ffff:192.0.2.1"};
  static const char *const bad[] = {
      "",     "localhost", "127.0.0.1.", "127.1", "1.2.3.4.5", "256.0.0.1",  "[::1]",
      "::1]", "1:2",       ":",          "::1 ",  " ::1",      "0x7f.0.0.1", "127.0.0.1:80"};
  weir__sockaddr a;
  for (size_t i = 0; i < sizeof good4 / sizeof good4[0]; i++) {
    CHECK_CASE("%s", good4[i]);
    CHECK(weir__dns_literal(&a, good4[i], 8080));
    CHECK_INT(a.any.sa_family, AF_INET);
    CHECK_INT(ntohs(a.in4.sin_port), 8080);
  }
  for (size_t i = 0; i < sizeof good6 / sizeof good6[0]; i++) {
    CHECK_CASE("%s", good6[i]);
    CHECK(weir__dns_literal(&a, good6[i], 8080));
    CHECK_INT(a.any.sa_family, AF_INET6);
    CHECK_INT(ntohs(a.in6.sin6_port), 8080);
  }
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    CHECK_CASE("%s", bad[i]);
    CHECK(!weir__dns_literal(&a, bad[i], 80));
  }
}

/* ---- look-ups ---- */

static int look_up(net *n, asker *a, const char *host) {
  weir__dns *dns;
  *a = (asker){0};
  int rc = weir__dns_start(&dns, &n->io, host, 8080, on_answer, a);
  CHECK_INT(a->calls, 0);
  if (rc) return rc;
  RUN_UNTIL(n, a->calls);
  return a->status;
}

static void an_answer_is_ordered_and_bears_the_port(void) {
  net n;
  asker a;
  char got[600];
  begin(&n);
  names.addresses[0] = "::1";
  names.addresses[1] = "::2";
  names.addresses[2] = "unknown";
  names.addresses[3] = "192.0.2.1";
  names.addresses[4] = "::2";
  CHECK_INT(look_up(&n, &a, "origin.example"), 0);
  CHECK_STR(text(&a.addresses, got, sizeof got), "::1 192.0.2.1 ::2");
  CHECK_INT(ntohs(a.addresses.list[0].in6.sin6_port), 8080);
  CHECK_INT(ntohs(a.addresses.list[1].in4.sin_port), 8080);
  end(&n);
}

static void many_addresses_of_one_family_do_not_hide_the_other(void) {
  net n;
  asker a;
  char got[600];
  begin(&n);
  static const char *const six[] = {"::1", "::2", "::3", "::4",  "::5", "::6",
                                    "::7", "::8", "::9", "::10", "::11"};
  for (size_t i = 0; i < 11; i++) names.addresses[i] = six[i];
  names.addresses[11] = "192.0.2.1";
  names.addresses[12] = "192.0.2.2";
  CHECK_INT(look_up(&n, &a, "origin.example"), 0);
  CHECK_STR(text(&a.addresses, got, sizeof got), "::1 192.0.2.1 ::2 192.0.2.2 ::3 ::4 ::5 ::6");
  end(&n);
}

static void errors_of_the_resolver_are_told(void) {
  const struct {
    int error, want;
  } cases[] = {{EAI_NONAME, WEIR_ENOADDRESS},
#ifdef EAI_NODATA
               {EAI_NODATA, WEIR_ENOADDRESS},
#endif
               {EAI_AGAIN, UV_EAI_AGAIN},
               {EAI_FAIL, UV_EAI_FAIL}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    net n;
    asker a;
    begin(&n);
    names.error = cases[i].error;
    CHECK_INT(look_up(&n, &a, "origin.example"), cases[i].want);
    CHECK_INT(a.calls, 1);
    CHECK_INT(a.addresses.count, 0);
    weir__addresses now;
    CHECK_INT(weir__dns_now(&now, &n.loop, "origin.example", 80), cases[i].want);
    end(&n);
  }
}

static void an_answer_without_a_usable_address_is_an_error(void) {
  for (int empty = 0; empty < 2; empty++) {
    net n;
    asker a;
    begin(&n);
    names.addresses[0] = empty ? NULL : "unknown";
    CHECK_INT(look_up(&n, &a, "origin.example"), WEIR_ENOADDRESS);
    end(&n);
  }
}

/* CVE-2024-24806: what is longer than libuv's buffer was cut, and something else looked up. */
static void what_can_be_no_name_is_refused_before_any_look_up(void) {
  net n;
  asker a;
  weir__addresses now;
  char longest[254], too_long[400];
  begin(&n);
  names.addresses[0] = "192.0.2.1";
  memset(longest, 'a', sizeof longest);
  for (size_t i = 50; i < 253; i += 50) longest[i] = '.';
  longest[253] = '\0';
  memset(too_long, '1', sizeof too_long);
  CHECK_INT(look_up(&n, &a, longest), 0);
  unsigned asked = names.count;
  for (size_t len = 254; len < sizeof too_long; len++) {
    too_long[len] = '\0';
    CHECK_INT(look_up(&n, &a, too_long), WEIR_ENOADDRESS);
    CHECK_INT(weir__dns_now(&now, &n.loop, too_long, 80), WEIR_ENOADDRESS);
    too_long[len] = '1';
  }
  static const char *const bad[] = {"", "a b", "a\tb", "\xc3\xbc.example", "a\x7f", "\x01"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    CHECK_CASE("bad name %zu", i);
    CHECK_INT(look_up(&n, &a, bad[i]), WEIR_ENOADDRESS);
    CHECK_INT(weir__dns_now(&now, &n.loop, bad[i], 80), WEIR_ENOADDRESS);
  }
  CHECK_INT(names.count, asked);
  end(&n);
}

static void a_look_up_here_and_now_gives_the_same(void) {
  net n;
  weir__addresses now;
  char got[600];
  begin(&n);
  names.addresses[0] = "192.0.2.1";
  names.addresses[1] = "192.0.2.2";
  names.addresses[2] = "::1";
  CHECK_INT(weir__dns_now(&now, &n.loop, "origin.example", 8080), 0);
  CHECK_STR(text(&now, got, sizeof got), "192.0.2.1 ::1 192.0.2.2");
  CHECK_INT(ntohs(now.list[0].in4.sin_port), 8080);
  end(&n);
}

/* ---- cancel ---- */

static void a_cancelled_look_up_never_calls_back_even_if_it_runs(void) {
  net n;
  asker a = {0};
  weir__dns *dns;
  begin(&n);
  names.addresses[0] = "192.0.2.1";
  names.held = true;
  CHECK_INT(weir__dns_start(&dns, &n.io, "origin.example", 80, on_answer, &a), 0);
  names_wait_asked(); /* it is in the thread now: libuv cannot cancel it */
  weir__dns_cancel(dns);
  net_settle(&n);
  CHECK_INT(n.io.live, 1); /* counted until the resolver is done */
  CHECK_INT(n.alloc.live_blocks, 1);
  names_release();
  RUN_UNTIL(&n, n.io.live == 0);
  CHECK_INT(a.calls, 0);
  end(&n);
}

static void a_cancelled_look_up_that_did_not_run_yet_never_runs(void) {
  enum { MANY = 200 }; /* more than libuv has threads */
  net n;
  asker a = {0};
  weir__dns *dns[MANY];
  begin(&n);
  names.addresses[0] = "192.0.2.1";
  names.held = true;
  for (size_t i = 0; i < MANY; i++)
    CHECK_INT(weir__dns_start(&dns[i], &n.io, "origin.example", 80, on_answer, &a), 0);
  names_wait_asked();
  for (size_t i = MANY; i-- > 0;) weir__dns_cancel(dns[i]);
  for (size_t i = 0; i < MANY; i++) names_release();
  RUN_UNTIL(&n, n.io.live == 0);
  CHECK_INT(a.calls, 0);
  CHECK(names.count < MANY);
  end(&n);
}

static void a_cancel_when_the_answer_is_already_there_drops_it(void) {
  net n;
  asker a = {0};
  weir__dns *dns;
  begin(&n);
  names.addresses[0] = "192.0.2.1";
  names.held = true;
  CHECK_INT(weir__dns_start(&dns, &n.io, "origin.example", 80, on_answer, &a), 0);
  names_wait_asked();
  names_release();
  /* The answer wakes the loop's descriptor; the loop does not run meanwhile. */
  struct pollfd p = {.fd = uv_backend_fd(&n.loop), .events = POLLIN};
  uv_run(&n.loop, UV_RUN_NOWAIT);
  if (!a.calls) {
    CHECK_INT(poll(&p, 1, NET_WATCHDOG_MS), 1);
    weir__dns_cancel(dns);
    RUN_UNTIL(&n, n.io.live == 0);
    CHECK_INT(a.calls, 0);
  }
  end(&n);
}

/* ---- memory ---- */

static int look_up_without_memory(weir__mem *mem, void *arg) {
  (void)arg;
  net n;
  asker a;
  net_begin(&n, mem);
  names_begin();
  names.addresses[0] = "192.0.2.1";
  int rc = look_up(&n, &a, "origin.example");
  net_end(&n);
  names_end();
  return rc;
}

static void any_allocation_may_fail(void) { check_each_failure(look_up_without_memory, NULL); }

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(families_alternate_beginning_with_the_first);
  TEST(literals_are_addresses_and_nothing_else_is);
  TEST(an_answer_is_ordered_and_bears_the_port);
  TEST(many_addresses_of_one_family_do_not_hide_the_other);
  TEST(errors_of_the_resolver_are_told);
  TEST(an_answer_without_a_usable_address_is_an_error);
  TEST(what_can_be_no_name_is_refused_before_any_look_up);
  TEST(a_look_up_here_and_now_gives_the_same);
  TEST(a_cancelled_look_up_never_calls_back_even_if_it_runs);
  TEST(a_cancelled_look_up_that_did_not_run_yet_never_runs);
  TEST(a_cancel_when_the_answer_is_already_there_drops_it);
  TEST(any_allocation_may_fail);
  return check_end();
}
