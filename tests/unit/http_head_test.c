/* Over src/http/head.c and src/http/head_api.c. */
#include "http/head.h"

#include <stdlib.h>
#include <string.h>

#include "support/alloc.h"
#include "support/check.h"
#include "support/heads.h"
#include "weir/err.h"

typedef struct fixture {
  counting_alloc a;
  weir__mem mem;
  weir_head *head;
} fixture;

static void open(fixture *f, const char *start, const char *fields) {
  alloc_init(&f->a);
  weir__mem_init(&f->mem, &f->a.hooks);
  f->head = head_of(&f->mem, start, fields);
}

static void close(fixture *f) {
  weir__head_free(f->head);
  CHECK_NO_LEAK(&f->a);
}

#define GET "GET /a HTTP/1.1"
#define OK "HTTP/1.1 200 OK"

/* ---- reading ---- */

static void a_new_head_is_empty(void) {
  weir__mem mem;
  weir__mem_init(&mem, NULL);
  for (int request = 0; request < 2; request++) {
    weir_head *head = weir__head_new(&mem, request);
    CHECK_STR(weir_head_method(head), NULL);
    CHECK_STR(weir_head_target(head), NULL);
    CHECK_INT(weir_head_status(head), 0);
    CHECK_STR(weir_head_reason(head), request ? NULL : "");
    CHECK_STR(head->host, "");
    CHECK(!weir_head_next(head, NULL));
    weir__head_free(head);
  }
  weir__head_free(NULL);
}

static void the_start_line_can_be_read(void) {
  fixture f;
  open(&f, "POST /a?b HTTP/1.1", "");
  CHECK_STR(weir_head_method(f.head), "POST");
  CHECK_STR(weir_head_target(f.head), "/a?b");
  CHECK_INT(weir_head_status(f.head), 0);
  close(&f);
  open(&f, "HTTP/1.1 404 Not Here", "");
  CHECK_INT(weir_head_status(f.head), 404);
  CHECK_STR(weir_head_reason(f.head), "Not Here");
  CHECK_STR(weir_head_method(f.head), NULL);
  close(&f);
}

static void get_finds_the_first_of_that_name_in_any_case(void) {
  fixture f;
  open(&f, GET, "Host: a\nX-one: 1\nx-ONE: 2\nX-on: 3\nX-one-: 4\n");
  CHECK_STR(weir_head_get(f.head, "x-One"), "1");
  CHECK_STR(weir_head_get(f.head, "X-ON"), "3");
  CHECK_STR(weir_head_get(f.head, "X"), NULL);
  CHECK_STR(weir_head_get(f.head, ""), NULL);
  close(&f);
}

static void names_keep_their_case_and_fields_their_order(void) {
  fixture f;
  open(&f, GET, "hOST: a\nb: \nA: 1\na: 2\n");
  CHECK_FIELDS(f.head, "hOST: a\nb: \nA: 1\na: 2\n");
  close(&f);
}

/* ---- set, add, remove ---- */

static void set_replaces_the_first_in_place_and_removes_the_others(void) {
  fixture f;
  open(&f, GET, "a: 1\nX: 2\nb: 3\nx: 4\nX: 5\nc: 6\n");
  const char *before = weir_head_get(f.head, "X");
  CHECK_INT(weir_head_set(f.head, "x", "new"), 0);
  CHECK_FIELDS(f.head, "a: 1\nX: new\nb: 3\nc: 6\n");
  CHECK_STR(before, "2"); /* still readable */
  close(&f);
}

static void set_adds_one_where_there_was_none(void) {
  fixture f;
  open(&f, GET, "");
  CHECK_INT(weir_head_set(f.head, "X", "1"), 0);
  CHECK_INT(weir_head_set(f.head, "Y", ""), 0);
  CHECK_FIELDS(f.head, "X: 1\nY: \n");
  close(&f);
}

static void add_appends_even_the_same_name(void) {
  fixture f;
  open(&f, GET, "X: 1\n");
  CHECK_INT(weir_head_add(f.head, "X", "2"), 0);
  CHECK_INT(weir_head_add(f.head, "x", "1"), 0);
  CHECK_FIELDS(f.head, "X: 1\nX: 2\nx: 1\n");
  close(&f);
}

static void the_strings_are_copied_and_values_trimmed(void) {
  fixture f;
  open(&f, GET, "");
  char name[] = "X", value[] = " \t v w\t ";
  CHECK_INT(weir_head_set(f.head, name, value), 0);
  CHECK_INT(weir_head_add(f.head, name, value), 0);
  memset(name, '?', 1);
  memset(value, '?', 5);
  CHECK_FIELDS(f.head, "X: v w\nX: v w\n");
  close(&f);
}

static void remove_takes_every_field_of_that_name(void) {
  fixture f;
  open(&f, GET, "X: 1\na: 2\nx: 3\nX: 4\nb: 5\nX: 6\n");
  CHECK_INT(weir_head_remove(f.head, "x"), 0);
  CHECK_INT(weir_head_remove(f.head, "none"), 0);
  CHECK_FIELDS(f.head, "a: 2\nb: 5\n");
  CHECK_INT(weir_head_remove(f.head, "a"), 0);
  CHECK_INT(weir_head_remove(f.head, "b"), 0);
  CHECK_FIELDS(f.head, "");
  CHECK_INT(weir_head_add(f.head, "c", "7"), 0);
  CHECK_FIELDS(f.head, "c: 7\n");
  close(&f);
}

static void a_walk_may_remove_the_field_it_stands_on(void) {
  fixture f;
  open(&f, GET, "X: 1\nX: 2\na: 3\nX: 4\nb: 5\nX: 6\n");
  char seen[16] = "";
  for (const weir_field *field = NULL; (field = weir_head_next(f.head, field));) {
    strcat(seen, field->value);
    if (strcmp(field->name, "X") == 0) CHECK_INT(weir_head_remove(f.head, "X"), 0);
  }
  CHECK_STR(seen, "135");
  CHECK_FIELDS(f.head, "a: 3\nb: 5\n");
  close(&f);
}

static void a_walk_sees_no_field_that_was_removed_ahead_of_it(void) {
  fixture f;
  open(&f, GET, "a: 1\nb: 2\nc: 3\nd: 4\n");
  const weir_field *field = weir_head_next(f.head, NULL);
  CHECK_INT(weir_head_remove(f.head, "a"), 0);
  CHECK_INT(weir_head_remove(f.head, "b"), 0);
  CHECK_INT(weir_head_remove(f.head, "c"), 0);
  field = weir_head_next(f.head, field);
  CHECK_STR(field ? field->name : NULL, "d");
  close(&f);
}

static void a_bad_name_or_value_is_refused(void) {
  static const char *const names[] = {"", "a b", "a:", "a\r\nb", "a\tb", "\xc3\xa4", "a\x7f", " a"};
  static const char *const values[] = {"a\r\nb: c", "a\nb", "a\rb", "\x01", "a\x7f", "a\n", "\r\n"};
  fixture f;
  open(&f, GET, "X: 1\n");
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    CHECK_CASE("name %zu", i);
    CHECK_INT(weir_head_set(f.head, names[i], "v"), WEIR_EFIELD);
    CHECK_INT(weir_head_add(f.head, names[i], "v"), WEIR_EFIELD);
    CHECK_INT(weir_head_remove(f.head, names[i]), WEIR_EFIELD);
  }
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    CHECK_CASE("value %zu", i);
    CHECK_INT(weir_head_set(f.head, "X", values[i]), WEIR_EFIELD);
    CHECK_INT(weir_head_add(f.head, "X", values[i]), WEIR_EFIELD);
  }
  CHECK_FIELDS(f.head, "X: 1\n");
  close(&f);
}

static void the_fields_that_frame_a_message_are_not_the_hosts(void) {
  static const char *const ours[] = {
      "Connection", "content-length",    "KEEP-ALIVE", "Proxy-Connection",
      "te",         "Transfer-Encoding", "Upgrade"};
  static const char *const starts[] = {GET, OK};
  for (size_t i = 0; i < sizeof ours / sizeof *ours * 2; i++) {
    fixture f;
    open(&f, starts[i % 2], "Content-Length: 5\n");
    CHECK_CASE("%s in %s", ours[i / 2], starts[i % 2]);
    CHECK_INT(weir_head_set(f.head, ours[i / 2], "0"), WEIR_EFIELD);
    CHECK_INT(weir_head_add(f.head, ours[i / 2], "0"), WEIR_EFIELD);
    CHECK_INT(weir_head_remove(f.head, ours[i / 2]), WEIR_EFIELD);
    CHECK_FIELDS(f.head, "Content-Length: 5\n");
    close(&f);
  }
}

static void a_request_keeps_exactly_one_host(void) {
  fixture f;
  open(&f, GET, "Host: a\n");
  CHECK_INT(weir_head_add(f.head, "host", "b"), WEIR_EFIELD);
  CHECK_INT(weir_head_remove(f.head, "HOST"), WEIR_EFIELD);
  CHECK_INT(weir_head_set(f.head, "Host", "a b"), WEIR_EFIELD);
  CHECK_INT(weir_head_set(f.head, "Host", ""), WEIR_EFIELD);
  CHECK_INT(weir_head_set(f.head, "Host", "u@b"), WEIR_EFIELD);
  CHECK_FIELDS(f.head, "Host: a\n");
  CHECK_INT(weir_head_set(f.head, "host", "b:81"), 0);
  CHECK_FIELDS(f.head, "Host: b:81\n");
  close(&f);
}

static void in_a_response_host_is_a_field_like_others(void) {
  fixture f;
  open(&f, OK, "");
  CHECK_INT(weir_head_add(f.head, "Host", "a b"), 0);
  CHECK_INT(weir_head_remove(f.head, "Host"), 0);
  CHECK_FIELDS(f.head, "");
  close(&f);
}

/* ---- start line ---- */

static void a_target_is_replaced_by_a_good_one_only(void) {
  static const struct {
    const char *method, *target;
    int rc;
  } cases[] = {
      {"GET", "/", 0},
      {"GET", "/b?c=%20", 0},
      {"GET", "//b", 0},
      {"OPTIONS", "*", 0},
      {"OPTIONS", "/b", 0},
      {"GET", "*", WEIR_ETARGET},
      {"OPTIONS", "**", WEIR_ETARGET},
      {"GET", "", WEIR_ETARGET},
      {"GET", "b", WEIR_ETARGET},
      {"GET", "http://b/", WEIR_ETARGET},
      {"GET", "/a b", WEIR_ETARGET},
      {"GET", "/a HTTP/1.1\r\nX: y", WEIR_ETARGET},
      {"GET", "/a#b", WEIR_ETARGET},
      {"GET", "/\xc3\xa4", WEIR_ETARGET},
      {"CONNECT", "/", WEIR_ETARGET},
      {"CONNECT", "b:80", WEIR_ETARGET},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f;
    open(&f, GET, "");
    f.head->method = cases[i].method;
    CHECK_CASE("%s \"%s\"", cases[i].method, cases[i].target);
    CHECK_INT(weir_head_set_target(f.head, cases[i].target), cases[i].rc);
    CHECK_STR(weir_head_target(f.head), cases[i].rc ? "/a" : cases[i].target);
    close(&f);
  }
}

static void a_status_changes_unless_that_changes_the_body(void) {
  static const struct {
    int from, to;
    bool may;
  } cases[] = {
      {200, 404, true},  {404, 200, true},  {200, 599, true},  {200, 205, true},  {304, 204, true},
      {204, 304, true},  {204, 204, true},  {200, 204, false}, {200, 304, false}, {204, 200, false},
      {304, 200, false}, {200, 199, false}, {200, 600, false}, {200, 101, false}, {200, 0, false},
      {200, -1, false},  {103, 200, false}, {103, 204, false}, {100, 103, false}, {101, 200, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f;
    open(&f, "HTTP/1.1 200 Old", "");
    f.head->status = cases[i].from;
    CHECK_CASE("%d to %d", cases[i].from, cases[i].to);
    CHECK_INT(weir_head_set_status(f.head, cases[i].to, "New"), cases[i].may ? 0 : WEIR_EINVAL);
    CHECK_INT(weir_head_status(f.head), cases[i].may ? cases[i].to : cases[i].from);
    CHECK_STR(weir_head_reason(f.head), cases[i].may ? "New" : "Old");
    close(&f);
  }
}

static void a_tunnel_stays_a_tunnel(void) {
  fixture f;
  open(&f, OK, "");
  f.head->framing = WEIR__FRAMING_TUNNEL;
  CHECK_INT(weir_head_set_status(f.head, 404, NULL), WEIR_EINVAL);
  CHECK_INT(weir_head_set_status(f.head, 300, NULL), WEIR_EINVAL);
  CHECK_INT(weir_head_set_status(f.head, 201, NULL), 0);
  close(&f);
}

static void no_content_has_no_content_length(void) {
  fixture f;
  open(&f, "HTTP/1.1 304 Not Modified", "Content-Length: 5\nETag: x\n");
  CHECK_INT(weir_head_set_status(f.head, 204, NULL), 0);
  CHECK_FIELDS(f.head, "ETag: x\n");
  close(&f);
}

static void a_reason_is_the_usual_one_or_the_hosts_own(void) {
  fixture f;
  open(&f, OK, "");
  CHECK_INT(weir_head_set_status(f.head, 503, NULL), 0);
  CHECK_STR(weir_head_reason(f.head), "Service Unavailable");
  CHECK_INT(weir_head_set_status(f.head, 299, NULL), 0);
  CHECK_STR(weir_head_reason(f.head), "");
  CHECK_INT(weir_head_set_status(f.head, 200, "a\r\nX: y"), WEIR_EFIELD);
  CHECK_INT(weir_head_status(f.head), 299);
  char own[] = "Fine";
  CHECK_INT(weir_head_set_status(f.head, 200, own), 0);
  own[0] = 'L';
  CHECK_STR(weir_head_reason(f.head), "Fine");
  close(&f);
}

static void the_other_kind_of_head_has_no_such_part(void) {
  fixture f;
  open(&f, OK, "");
  CHECK_INT(weir_head_set_target(f.head, "/"), WEIR_ESTATE);
  close(&f);
  open(&f, GET, "");
  CHECK_INT(weir_head_set_status(f.head, 200, NULL), WEIR_ESTATE);
  close(&f);
}

/* ---- inside ---- */

static void the_inner_verbs_know_no_forbidden_name(void) {
  fixture f;
  open(&f, GET, "");
  CHECK_INT(weir__head_add(f.head, weir__slice_str("Host"), weir__slice_str("a")), 0);
  CHECK_INT(weir__head_set(f.head, weir__slice_str("Content-Length"), weir__slice_of("123", 2)), 0);
  CHECK_INT(weir__head_put(f.head, WEIR__NAME_TE, weir__slice_str("trailers")), 0);
  CHECK_INT(weir__head_put(f.head, WEIR__NAME_HOST, weir__slice_str("b")), 0);
  CHECK_FIELDS(f.head, "Host: b\nContent-Length: 12\nTE: trailers\n");
  weir__head_remove(f.head, weir__slice_str("HOST"));
  CHECK_FIELDS(f.head, "Content-Length: 12\nTE: trailers\n");
  close(&f);
}

static void a_list_is_searched_in_all_fields_and_any_case(void) {
  fixture f;
  open(&f, GET, "Connection: a, ,b\nX: c\nconnection:\nCONNECTION: D;q=1 ,\te\t,\n");
  CHECK(weir__head_lists(f.head, WEIR__NAME_CONNECTION, "A"));
  CHECK(weir__head_lists(f.head, WEIR__NAME_CONNECTION, "b"));
  CHECK(weir__head_lists(f.head, WEIR__NAME_CONNECTION, "E"));
  CHECK(!weir__head_lists(f.head, WEIR__NAME_CONNECTION, "c"));
  CHECK(!weir__head_lists(f.head, WEIR__NAME_CONNECTION, "d"));
  CHECK(!weir__head_lists(f.head, WEIR__NAME_CONNECTION, ""));
  CHECK(!weir__head_lists(f.head, WEIR__NAME_CONNECTION, "a, ,b"));
  CHECK(!weir__head_lists(f.head, WEIR__NAME_UPGRADE, "a"));
  close(&f);
}

static void a_media_type_is_told_from_its_parameters(void) {
  static const struct {
    const char *fields;
    bool is;
  } cases[] = {
      {"Content-Type: text/event-stream\n", true},
      {"content-type: Text/Event-Stream\n", true},
      {"Content-Type: text/event-stream;charset=utf-8\n", true},
      {"Content-Type: text/event-stream \t ; a=b;c=d\n", true},
      {"Content-Type: text/event-streams\n", false},
      {"Content-Type: text/event-strea\n", false},
      {"Content-Type: text/html; text/event-stream\n", false},
      {"Content-Type: ;text/event-stream\n", false},
      {"Content-Type:\n", false},
      {"X: text/event-stream\n", false},
      {"", false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f;
    open(&f, OK, cases[i].fields);
    CHECK_CASE("%s", cases[i].fields);
    CHECK_INT(weir__head_media_is(f.head, "text/event-stream"), cases[i].is);
    close(&f);
  }
}

static void a_path_ends_before_the_query(void) {
  static const char *const cases[][2] = {
      {"/a/b", "/a/b"}, {"/a?b", "/a"}, {"/?", "/"}, {"/a?b?c", "/a"}, {"*", "*"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    weir__slice path = weir__target_path(cases[i][0]);
    CHECK_MEM(path.ptr, path.len, cases[i][1], strlen(cases[i][1]));
  }
}

static void an_unusual_status_has_no_reason(void) {
  CHECK_STR(weir__reason(200), "OK");
  CHECK_STR(weir__reason(431), "Request Header Fields Too Large");
  CHECK_STR(weir__reason(599), "");
  CHECK_STR(weir__reason(0), "");
}

/* ---- memory ---- */

enum { LONG = 3000 }; /* more than a block, so that each copy allocates */

static int edit(weir__mem *mem, void *arg) {
  char *value = arg;
  weir_head *head = head_of(mem, GET, "X: 1\nX: 2\n");
  if (!head) return WEIR_ENOMEM;
  int rc = weir_head_set(head, "X", value);
  if (!rc) rc = weir_head_add(head, value + 1, value); /* a name as long */
  if (!rc) rc = weir_head_set_target(head, value);
  char *text = head_text(head); /* walks: a head half made would not survive it */
  free(text);
  weir__head_free(head);
  return rc;
}

static int edit_status(weir__mem *mem, void *arg) {
  weir_head *head = head_of(mem, OK, "");
  if (!head) return WEIR_ENOMEM;
  int rc = weir_head_set_status(head, 404, arg);
  CHECK_STR(weir_head_reason(head), rc ? "OK" : arg);
  CHECK_INT(weir_head_status(head), rc ? 200 : 404);
  weir__head_free(head);
  return rc;
}

static void every_failed_allocation_is_told_and_leaves_a_whole_head(void) {
  char value[LONG + 1];
  memset(value, 'a', LONG);
  value[0] = '/';
  value[LONG] = '\0';
  check_each_failure(edit, value);
  check_each_failure(edit_status, value);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_new_head_is_empty);
  TEST(the_start_line_can_be_read);
  TEST(get_finds_the_first_of_that_name_in_any_case);
  TEST(names_keep_their_case_and_fields_their_order);
  TEST(set_replaces_the_first_in_place_and_removes_the_others);
  TEST(set_adds_one_where_there_was_none);
  TEST(add_appends_even_the_same_name);
  TEST(the_strings_are_copied_and_values_trimmed);
  TEST(remove_takes_every_field_of_that_name);
  TEST(a_walk_may_remove_the_field_it_stands_on);
  TEST(a_walk_sees_no_field_that_was_removed_ahead_of_it);
  TEST(a_bad_name_or_value_is_refused);
  TEST(the_fields_that_frame_a_message_are_not_the_hosts);
  TEST(a_request_keeps_exactly_one_host);
  TEST(in_a_response_host_is_a_field_like_others);
  TEST(a_target_is_replaced_by_a_good_one_only);
  TEST(a_status_changes_unless_that_changes_the_body);
  TEST(a_tunnel_stays_a_tunnel);
  TEST(no_content_has_no_content_length);
  TEST(a_reason_is_the_usual_one_or_the_hosts_own);
  TEST(the_other_kind_of_head_has_no_such_part);
  TEST(the_inner_verbs_know_no_forbidden_name);
  TEST(a_list_is_searched_in_all_fields_and_any_case);
  TEST(a_media_type_is_told_from_its_parameters);
  TEST(a_path_ends_before_the_query);
  TEST(an_unusual_status_has_no_reason);
  TEST(every_failed_allocation_is_told_and_leaves_a_whole_head);
  return check_end();
}
