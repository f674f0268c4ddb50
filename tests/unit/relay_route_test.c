/* relay/route: which origin a host and a path lead to. */
#include "relay/route.h"

#include <stdlib.h>

#include "relay/pool.h"
#include "support/alloc.h"
#include "support/check.h"
#include "weir/err.h"

typedef struct fixture {
  counting_alloc a;
  weir__mem mem;
  weir__routes routes;
} fixture;

static weir_upstream one, two, three;

static void begin(fixture *f) {
  alloc_init(&f->a);
  weir__mem_init(&f->mem, &f->a.hooks);
  f->routes = (weir__routes){.mem = &f->mem};
}

static void finish(fixture *f) {
  weir__routes_free(&f->routes);
  weir__routes_free(&f->routes);
  CHECK_NO_LEAK(&f->a);
}

static void add(fixture *f, const char *host, const char *prefix, weir_upstream *upstream) {
  CHECK_INT(weir__routes_add(&f->routes, host, prefix, upstream), 0);
}

/* "one", "two", "three" or "none". */
static const char *find(const fixture *f, const char *host, const char *path) {
  const weir_upstream *found =
      weir__routes_find(&f->routes, weir__slice_str(host), weir__slice_str(path));
  return found == &one ? "one" : found == &two ? "two" : found == &three ? "three" : "none";
}

static void an_empty_table_leads_nowhere(void) {
  fixture f;
  begin(&f);
  CHECK_STR(find(&f, "a", "/"), "none");
  CHECK_STR(find(&f, "", "/"), "none");
  finish(&f);
}

static void the_longest_prefix_wins_in_any_order(void) {
  static const char *const prefixes[] = {"/", "/v1/", "/v1/models"};
  static weir_upstream *const upstreams[] = {&one, &two, &three};
  static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
    fixture f;
    begin(&f);
    CHECK_CASE("order %zu", i);
    for (int k = 0; k < 3; k++) add(&f, NULL, prefixes[orders[i][k]], upstreams[orders[i][k]]);
    CHECK_STR(find(&f, "a", "/"), "one");
    CHECK_STR(find(&f, "a", "/v1"), "one");
    CHECK_STR(find(&f, "a", "/V1/"), "one");
    CHECK_STR(find(&f, "a", "/v1/"), "two");
    CHECK_STR(find(&f, "a", "/v1/model"), "two");
    CHECK_STR(find(&f, "a", "/v1/models"), "three");
    CHECK_STR(find(&f, "a", "/v1/models/x"), "three");
    CHECK_STR(find(&f, "a", "/v1/modelsx"), "three");
    finish(&f);
  }
}

static void a_path_that_no_prefix_begins_leads_nowhere(void) {
  fixture f;
  begin(&f);
  add(&f, NULL, "/v1/", &one);
  CHECK_STR(find(&f, "a", "/"), "none");
  CHECK_STR(find(&f, "a", "/v1"), "none");
  CHECK_STR(find(&f, "a", "/v2/"), "none");
  CHECK_STR(find(&f, "a", ""), "none");
  CHECK_STR(find(&f, "a", "x/v1/"), "none");
  finish(&f);
}

static void of_equals_the_first_added_wins(void) {
  fixture f;
  begin(&f);
  add(&f, NULL, "/x", &one);
  add(&f, NULL, "/y", &two);
  add(&f, NULL, "/x", &three);
  add(&f, "a", "/x", &two);
  add(&f, "A", "/x", &three);
  CHECK_STR(find(&f, "b", "/x"), "one");
  CHECK_STR(find(&f, "b", "/y"), "two");
  CHECK_STR(find(&f, "a", "/x"), "two");
  finish(&f);
}

static void a_route_with_a_host_wins_over_one_without(void) {
  fixture f;
  begin(&f);
  add(&f, NULL, "/long/prefix", &one);
  add(&f, "a", "/", &two);
  CHECK_STR(find(&f, "a", "/long/prefix/x"), "two");
  CHECK_STR(find(&f, "b", "/long/prefix/x"), "one");
  CHECK_STR(find(&f, "", "/long/prefix/x"), "one");
  CHECK_STR(find(&f, "b", "/"), "none");
  add(&f, "a", "/long", &three);
  CHECK_STR(find(&f, "a", "/long/prefix/x"), "three");
  CHECK_STR(find(&f, "a", "/x"), "two");
  finish(&f);
}

static void a_host_is_compared_without_case_and_port(void) {
  static const struct {
    const char *route, *host;
    bool same;
  } cases[] = {
      {"a.example", "a.example", true},
      {"a.example", "A.Example", true},
      {"A.EXAMPLE", "a.example", true},
      {"a.example", "a.example:8080", true},
      {"a.example", "a.example:", true},
      {"a.example:80", "a.example", true},
      {"a.example:80", "a.example:81", true},
      {"[::1]", "[::1]", true},
      {"[::1]", "[::1]:80", true},
      {"[::1]:80", "[::1]", true},
      {"[fe80::A]", "[FE80::a]:1", true},
      {"a.example", "b.example", false},
      {"a.example", "a.exampl", false},
      {"a.example", "x.a.example", false},
      {"a.example", "", false},
      {"a.example", ":80", false},
      {"[::1]", "[::2]", false},
      {"[::1]", "::1", false},
      {"a", "a.example", false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f;
    begin(&f);
    CHECK_CASE("%s and %s", cases[i].route, cases[i].host);
    add(&f, cases[i].route, "/", &one);
    CHECK_STR(find(&f, cases[i].host, "/x"), cases[i].same ? "one" : "none");
    finish(&f);
  }
}

/* RFC 9110, 9.3.7: the server as a whole. */
static void an_asterisk_leads_where_the_whole_server_does(void) {
  fixture f;
  begin(&f);
  add(&f, NULL, "/v1", &one);
  CHECK_STR(find(&f, "a", "*"), "none");
  add(&f, NULL, "/", &two);
  CHECK_STR(find(&f, "a", "*"), "two");
  add(&f, "a", "/x", &one);
  add(&f, "a", "/", &three);
  CHECK_STR(find(&f, "a", "*"), "three");
  CHECK_STR(find(&f, "b", "*"), "two");
  finish(&f);
}

static void slices_need_no_end(void) {
  fixture f;
  begin(&f);
  add(&f, "a", "/v1", &one);
  char *host = exact_copy("a:8", 3), *path = exact_copy("/v", 2);
  CHECK(!weir__routes_find(&f.routes, weir__slice_of(host, 3), weir__slice_of(path, 2)));
  CHECK(!weir__routes_find(&f.routes, weir__slice_of(host, 0), weir__slice_of(path, 0)));
  free(host);
  free(path);
  host = exact_copy("[a", 2), path = exact_copy("/v1", 3);
  CHECK(!weir__routes_find(&f.routes, weir__slice_of(host, 2), weir__slice_of(path, 3)));
  CHECK(weir__routes_find(&f.routes, weir__slice_of(host + 1, 1), weir__slice_of(path, 3)) == &one);
  free(host);
  free(path);
  finish(&f);
}

static void the_strings_are_copied(void) {
  fixture f;
  char host[] = "a", prefix[] = "/x";
  begin(&f);
  add(&f, host, prefix, &one);
  host[0] = prefix[1] = '?';
  CHECK_STR(find(&f, "a", "/x"), "one");
  finish(&f);
}

static void what_cannot_match_is_refused(void) {
  fixture f;
  begin(&f);
  CHECK_INT(weir__routes_add(&f.routes, NULL, NULL, &one), WEIR_EINVAL);
  CHECK_INT(weir__routes_add(&f.routes, NULL, "", &one), WEIR_EINVAL);
  CHECK_INT(weir__routes_add(&f.routes, NULL, "x", &one), WEIR_EINVAL);
  CHECK_INT(weir__routes_add(&f.routes, NULL, "*", &one), WEIR_EINVAL);
  CHECK_INT(weir__routes_add(&f.routes, NULL, "/", NULL), WEIR_EINVAL);
  CHECK_INT(weir__routes_add(&f.routes, "", "/", &one), WEIR_EINVAL);
  CHECK(!f.routes.first);
  finish(&f);
}

/* What is left of ":80" or "::1" without a port is the host of a request that names none. */
static void a_host_that_names_none_is_refused(void) {
  static const char *const hosts[] = {":80", ":", "::1", "http://a", "a/b", "a b", "u@a", "[::1"};
  for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
    fixture f;
    begin(&f);
    CHECK_CASE("%s", hosts[i]);
    CHECK_INT(weir__routes_add(&f.routes, hosts[i], "/", &one), WEIR_EINVAL);
    CHECK_STR(find(&f, "", "/"), "none");
    finish(&f);
  }
}

static int add_two(weir__mem *mem, void *arg) {
  weir__routes routes = {.mem = mem};
  (void)arg;
  int rc = weir__routes_add(&routes, "a", "/x", &one);
  if (rc == 0) rc = weir__routes_add(&routes, NULL, "/", &two);
  CHECK(rc == 0 || !weir__routes_find(&routes, weir__slice_str("b"), weir__slice_str("/")));
  weir__routes_free(&routes);
  return rc;
}

static void a_failed_allocation_adds_nothing(void) { check_each_failure(add_two, NULL); }

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(an_empty_table_leads_nowhere);
  TEST(the_longest_prefix_wins_in_any_order);
  TEST(a_path_that_no_prefix_begins_leads_nowhere);
  TEST(of_equals_the_first_added_wins);
  TEST(a_route_with_a_host_wins_over_one_without);
  TEST(a_host_is_compared_without_case_and_port);
  TEST(an_asterisk_leads_where_the_whole_server_does);
  TEST(slices_need_no_end);
  TEST(the_strings_are_copied);
  TEST(what_cannot_match_is_refused);
  TEST(a_host_that_names_none_is_refused);
  TEST(a_failed_allocation_adds_nothing);
  return check_end();
}
