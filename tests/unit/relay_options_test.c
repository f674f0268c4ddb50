/* relay/options: defaults, what is refused, and structs of older and newer programs. */
#include "relay/options.h"

#include <stdlib.h>

#include "support/alloc.h"
#include "support/check.h"
#include "weir/err.h"

/* ---- size-first structs ---- */

typedef struct sized {
  size_t size;
  int a, b;
} sized;

static void a_struct_of_the_same_size_is_copied(void) {
  sized to = {0}, from = {sizeof from, 1, 2};
  CHECK_INT(weir__copy_sized(&to, sizeof to, &from), 0);
  CHECK_INT(to.size, sizeof to);
  CHECK_INT(to.a, 1);
  CHECK_INT(to.b, 2);
}

/* Read no further than it says: it lies in memory of just that size. */
static void an_older_struct_gets_zeros(void) {
  sized to = {0, 7, 7}, from = {offsetof(sized, b), 1, 2};
  void *old = exact_copy(&from, offsetof(sized, b));
  CHECK_INT(weir__copy_sized(&to, sizeof to, old), 0);
  free(old);
  CHECK_INT(to.size, sizeof to);
  CHECK_INT(to.a, 1);
  CHECK_INT(to.b, 0);
}

static void a_newer_struct_may_only_add_zeros(void) {
  struct {
    sized known;
    char more[5];
  } from = {{0, 1, 2}, {0}};
  sized to = {0};
  from.known.size = sizeof from.known + sizeof from.more;
  CHECK_INT(weir__copy_sized(&to, sizeof to, &from), 0);
  CHECK_INT(to.size, sizeof to);
  CHECK_INT(to.b, 2);
  for (size_t i = 0; i < sizeof from.more; i++) {
    memset(from.more, 0, sizeof from.more);
    from.more[i] = 1;
    CHECK_CASE("byte %zu", i);
    CHECK_INT(weir__copy_sized(&to, sizeof to, &from), WEIR_EINVAL);
  }
}

static void a_struct_without_its_size_is_refused(void) {
  sized to = {0, 7, 7}, from = {0, 1, 2};
  CHECK_INT(weir__copy_sized(&to, sizeof to, &from), WEIR_EINVAL);
  from.size = sizeof(size_t) - 1;
  CHECK_INT(weir__copy_sized(&to, sizeof to, &from), WEIR_EINVAL);
  CHECK_INT(to.a, 7);
  from.size = sizeof(size_t);
  CHECK_INT(weir__copy_sized(&to, sizeof to, &from), 0);
  CHECK_INT(to.a, 0);
}

/* ---- settings ---- */

typedef struct fixture {
  counting_alloc a;
  weir__mem mem;
  weir__settings s;
  int rc;
} fixture;

/* Whatever was refused must have left nothing. */
static void begin(fixture *f, const weir_options *options) {
  alloc_init(&f->a);
  weir__mem_init(&f->mem, &f->a.hooks);
  f->rc = weir__settings_init(&f->s, &f->mem, options);
  if (f->rc) CHECK_NO_LEAK(&f->a);
}

static void finish(fixture *f) {
  if (f->rc == 0) weir__settings_free(&f->s, &f->mem);
  CHECK_NO_LEAK(&f->a);
}

/* As include/weir/relay.h says. */
static void check_defaults(const weir__settings *s) {
  const weir_options *o = &s->o;
  CHECK_INT(o->connect_ms, 5000);
  CHECK_INT(o->head_ms, 300000);
  CHECK_INT(o->gap_ms, 300000);
  CHECK_INT(o->total_ms, WEIR_OFF);
  CHECK_INT(o->stall_ms, 60000);
  CHECK_INT(o->request_head_ms, 10000);
  CHECK_INT(o->request_body_ms, 60000);
  CHECK_INT(o->keepalive_ms, 75000);
  CHECK_INT(o->idle_origin_ms, 4000);
  CHECK_INT(o->interim_max, 16);
  CHECK(o->request_body_max == UINT64_MAX);
  CHECK_INT(o->clients_max, WEIR_OFF);
  CHECK_INT(o->idle_per_origin, 64);
  CHECK_INT(o->outbox_high, 256 * 1024);
  CHECK_INT(o->outbox_low, 64 * 1024);
  CHECK_INT(o->pipeline_bytes, 64 * 1024);
  CHECK_INT(o->notsent_lowat, 128 * 1024);
  CHECK_INT(o->user_timeout_ms, 30000);
  CHECK_INT(s->limits.head_bytes, 64 * 1024);
  CHECK_INT(s->limits.head_fields, 128);
  CHECK_INT(s->limits.target_bytes, 16 * 1024);
  CHECK_INT(s->limits.interim_max, 16);
  CHECK_STR(s->policy.via, "weir");
  CHECK_STR(s->policy.upgrade, "websocket");
  CHECK(s->policy.forwarding_fields);
  CHECK(!s->policy.forwarded);
  CHECK_INT(o->half_close, 0);
  CHECK_INT(o->clients_per_address_max, WEIR_OFF);
  CHECK_INT(o->client_rate_min, 16);
  CHECK_INT(s->body_min, 960);
  CHECK_INT(s->stall_min, 960);
  CHECK_INT(s->log.level, WEIR_LOG_INFO);
  CHECK(!s->log.fn);
  CHECK(!s->hooks.on_request);
}

static void no_options_and_empty_ones_are_the_defaults(void) {
  weir_options empty = {WEIR_OPTIONS_INIT};
  const weir_options *const options[] = {NULL, &empty};
  for (size_t i = 0; i < 2; i++) {
    fixture f;
    CHECK_CASE(i ? "empty" : "none");
    begin(&f, options[i]);
    if (CHECK_INT(f.rc, 0)) check_defaults(&f.s);
    finish(&f);
  }
}

static void an_old_program_gets_the_defaults_of_what_it_does_not_know(void) {
  weir_options o = {.size = offsetof(weir_options, gap_ms), .connect_ms = 1, .head_ms = 2};
  weir_options *old = (weir_options *)(void *)exact_copy(&o, o.size);
  fixture f;
  begin(&f, old);
  free(old);
  CHECK_INT(f.rc, 0);
  CHECK_INT(f.s.o.size, sizeof o);
  CHECK_INT(f.s.o.connect_ms, 1);
  CHECK_INT(f.s.o.head_ms, 2);
  CHECK_INT(f.s.o.gap_ms, 300000);
  CHECK_STR(f.s.policy.via, "weir");
  finish(&f);
}

static void what_is_set_stays(void) {
  weir_options o = {WEIR_OPTIONS_INIT,
                    .connect_ms = 1,
                    .gap_ms = WEIR_OFF,
                    .total_ms = 3,
                    .head_bytes = 1024,
                    .head_fields = 5,
                    .target_bytes = 1024,
                    .interim_max = 7,
                    .request_body_max = 8,
                    .clients_max = 9,
                    .outbox_high = 10,
                    .outbox_low = 10,
                    .via = "",
                    .upgrade_protocols = "",
                    .no_forwarding_fields = 1,
                    .forwarded = 1,
                    .half_close = 1,
                    .clients_per_address_max = 11};
  fixture f;
  begin(&f, &o);
  CHECK_INT(f.rc, 0);
  CHECK_INT(f.s.o.connect_ms, 1);
  CHECK_INT(f.s.o.gap_ms, WEIR_OFF);
  CHECK_INT(f.s.o.total_ms, 3);
  CHECK_INT(f.s.limits.head_bytes, 1024);
  CHECK_INT(f.s.limits.head_fields, 5);
  CHECK_INT(f.s.limits.target_bytes, 1024);
  CHECK_INT(f.s.limits.interim_max, 7);
  CHECK_INT(f.s.o.request_body_max, 8);
  CHECK_INT(f.s.o.clients_max, 9);
  CHECK_INT(f.s.o.outbox_high, 10);
  CHECK_INT(f.s.o.outbox_low, 10);
  CHECK_STR(f.s.policy.via, "");
  CHECK_STR(f.s.policy.upgrade, "");
  CHECK(!f.s.policy.forwarding_fields);
  CHECK(f.s.policy.forwarded);
  CHECK_INT(f.s.o.half_close, 1);
  CHECK_INT(f.s.o.clients_per_address_max, 11);
  finish(&f);
}

static void strings_and_hooks_are_copied(void) {
  char via[] = "v", upgrade[] = "u", network[] = "10.0.0.0/8";
  const char *trusted[] = {network, "unix", NULL};
  weir_hooks hooks = {WEIR_HOOKS_INIT, .user = &hooks};
  weir_options o = {WEIR_OPTIONS_INIT, .hooks = &hooks, .via = via, .trusted_proxies = trusted,
                    .upgrade_protocols = upgrade};
  fixture f;
  weir__addr addr;
  begin(&f, &o);
  CHECK_INT(f.rc, 0);
  via[0] = upgrade[0] = network[0] = '?';
  trusted[0] = NULL;
  hooks.user = NULL;
  CHECK_STR(f.s.policy.via, "v");
  CHECK_STR(f.s.policy.upgrade, "u");
  CHECK(f.s.hooks.user == &hooks);
  CHECK(weir__addr_parse(&addr, weir__slice_str("10.1.2.3")));
  CHECK(weir__cidrs_have(&f.s.trusted, &addr));
  CHECK(weir__addr_parse(&addr, weir__slice_str("11.1.2.3")));
  CHECK(!weir__cidrs_have(&f.s.trusted, &addr));
  finish(&f);
}

static void older_hooks_are_copied_as_far_as_they_go(void) {
  weir_hooks hooks = {.size = offsetof(weir_hooks, user), .user = &hooks};
  weir_options o = {WEIR_OPTIONS_INIT, .hooks = &hooks};
  fixture f;
  begin(&f, &o);
  CHECK_INT(f.rc, 0);
  CHECK_INT(f.s.hooks.size, sizeof hooks);
  CHECK(!f.s.hooks.user);
  finish(&f);
  hooks.size = 0;
  begin(&f, &o);
  CHECK_INT(f.rc, WEIR_EINVAL);
  finish(&f);
}

/* ---- what is refused ---- */

static void check_refused(int line, const weir_options *o, int rc) {
  fixture f;
  check_case(line, "refused");
  begin(&f, o);
  CHECK_INT(f.rc, rc);
  finish(&f);
}

#define REFUSED(...) \
  check_refused(__LINE__, &(weir_options){WEIR_OPTIONS_INIT, __VA_ARGS__}, WEIR_EINVAL)
#define TAKEN(...) check_refused(__LINE__, &(weir_options){WEIR_OPTIONS_INIT, __VA_ARGS__}, 0)

static void options_out_of_range_are_refused(void) {
  check_refused(__LINE__, &(weir_options){.size = 0}, WEIR_EINVAL);
  check_refused(__LINE__, &(weir_options){.size = 4}, WEIR_EINVAL);
  REFUSED(.outbox_high = 10, .outbox_low = 11);
  REFUSED(.outbox_low = 256 * 1024 + 1);
  TAKEN(.outbox_low = 256 * 1024);
  REFUSED(.head_bytes = 1023, .target_bytes = 10);
  TAKEN(.head_bytes = 1024, .target_bytes = 1024);
  REFUSED(.head_bytes = 1024, .target_bytes = 1025);
  REFUSED(.log_level = WEIR_LOG_DEBUG + 1);
  TAKEN(.log_level = WEIR_LOG_DEBUG);
  TAKEN(.head_bytes = WEIR_OFF, .head_fields = WEIR_OFF, .target_bytes = WEIR_OFF);
}

/* It is written into every head. */
static void a_via_that_would_break_the_field_is_refused(void) {
  char longest[130] = "";
  memset(longest, 'v', 128);
  TAKEN(.via = longest);
  longest[128] = 'v';
  REFUSED(.via = longest);
  REFUSED(.via = "a b");
  REFUSED(.via = " ");
  REFUSED(.via = "a,b");
  REFUSED(.via = "a\r\nX: y");
  REFUSED(.via = "a\tb");
  REFUSED(.via = "a\x7f");
  REFUSED(.via = "\x01");
  TAKEN(.via = "proxy.example:80");
}

static void a_network_that_is_none_is_refused(void) {
  static const char *const bad[] = {"10.0.0.0/8", "10.0.0.0/33", NULL};
  check_refused(__LINE__, &(weir_options){WEIR_OPTIONS_INIT, .trusted_proxies = bad}, WEIR_ECIDR);
}

/* ---- memory ---- */

static int init(weir__mem *mem, void *arg) {
  weir__settings s;
  int rc = weir__settings_init(&s, mem, arg);
  if (rc == 0) weir__settings_free(&s, mem);
  return rc;
}

static void a_failed_allocation_leaves_nothing(void) {
  static const char *const trusted[] = {"10.0.0.0/8", "fd00::/8", "unix", NULL};
  weir_options o = {WEIR_OPTIONS_INIT, .trusted_proxies = trusted};
  check_each_failure(init, &o);
}

static void the_allocator_is_read_first(void) {
  counting_alloc a;
  weir__mem mem;
  alloc_init(&a);
  weir_options o = {WEIR_OPTIONS_INIT, .allocator = a.hooks};
  CHECK_INT(weir__settings_allocator(&mem, &o), 0);
  weir__mem_free(&mem, weir__mem_new(&mem, 1));
  CHECK_INT(a.calls, 1);
  CHECK_INT(weir__settings_allocator(&mem, NULL), 0);
  weir__mem_free(&mem, weir__mem_new(&mem, 1));
  CHECK_INT(a.calls, 1);
  o.allocator.release = NULL;
  CHECK_INT(weir__settings_allocator(&mem, &o), WEIR_EINVAL);
  o.size = 0;
  CHECK_INT(weir__settings_allocator(&mem, &o), WEIR_EINVAL);
  CHECK_NO_LEAK(&a);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_struct_of_the_same_size_is_copied);
  TEST(an_older_struct_gets_zeros);
  TEST(a_newer_struct_may_only_add_zeros);
  TEST(a_struct_without_its_size_is_refused);
  TEST(no_options_and_empty_ones_are_the_defaults);
  TEST(an_old_program_gets_the_defaults_of_what_it_does_not_know);
  TEST(what_is_set_stays);
  TEST(strings_and_hooks_are_copied);
  TEST(older_hooks_are_copied_as_far_as_they_go);
  TEST(options_out_of_range_are_refused);
  TEST(a_via_that_would_break_the_field_is_refused);
  TEST(a_network_that_is_none_is_refused);
  TEST(a_failed_allocation_leaves_nothing);
  TEST(the_allocator_is_read_first);
  return check_end();
}
