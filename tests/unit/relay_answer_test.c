/* relay/answer: which status an end becomes, and answers as heads and bodies. */
#include "relay/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <uv.h>

#include "support/alloc.h"
#include "support/check.h"
#include "support/heads.h"
#include "weir/err.h"

/* ---- statuses ---- */

static void each_end_has_its_status(void) {
  static const struct {
    enum weir_end end;
    enum weir_timer timer;
    int code, status;
  } cases[] = {
      {WEIR_END_COMPLETE, 0, 0, 0},
      {WEIR_END_UNMARKED, 0, 0, 0},
      {WEIR_END_ANSWERED, 0, 0, 0},
      {WEIR_END_CLIENT_GONE, 0, -104, 0},
      {WEIR_END_CUT, 0, WEIR_ECANCELED, 0},
      {WEIR_END_DRAINED, 0, WEIR_ECANCELED, 0},
      {WEIR_END_REFUSED, 0, 0, 403},
      {WEIR_END_UNREACHABLE, 0, -111, 502},
      {WEIR_END_UNREACHABLE, 0, WEIR_ENOADDRESS, 502},
      {WEIR_END_TRUNCATED, 0, WEIR_ETRUNCATED, 502},
      {WEIR_END_RESET, 0, -104, 502},
      {WEIR_END_MALFORMED, 0, WEIR_EMESSAGE, 502},
      {WEIR_END_MALFORMED, 0, WEIR_EHEADSIZE, 502},
      {WEIR_END_NO_MEMORY, 0, WEIR_ENOMEM, 503},
      {WEIR_END_TIMEOUT, WEIR_TIMER_CONNECT, WEIR_ETIMEOUT, 504},
      {WEIR_END_TIMEOUT, WEIR_TIMER_HEAD, WEIR_ETIMEOUT, 504},
      {WEIR_END_TIMEOUT, WEIR_TIMER_GAP, WEIR_ETIMEOUT, 504},
      {WEIR_END_TIMEOUT, WEIR_TIMER_TOTAL, WEIR_ETIMEOUT, 504},
      {WEIR_END_TIMEOUT, WEIR_TIMER_STALL, WEIR_ETIMEOUT, 504},
      {WEIR_END_TIMEOUT, WEIR_TIMER_REQUEST_BODY, WEIR_ETIMEOUT, 408},
      {WEIR_END_CLIENT_BAD, 0, WEIR_EMESSAGE, 400},
      {WEIR_END_CLIENT_BAD, 0, WEIR_EFRAMING, 400},
      {WEIR_END_CLIENT_BAD, 0, WEIR_EHOST, 400},
      {WEIR_END_CLIENT_BAD, 0, WEIR_EOVERHEAD, 400},
      {WEIR_END_CLIENT_BAD, 0, WEIR_ETRUNCATED, 400},
      {WEIR_END_CLIENT_BAD, 0, WEIR_EVERSION, 505},
      {WEIR_END_CLIENT_BAD, 0, WEIR_EHEADSIZE, 431},
      {WEIR_END_CLIENT_BAD, 0, WEIR_ETARGETSIZE, 414},
      {WEIR_END_CLIENT_BAD, 0, WEIR_EBODYSIZE, 413},
      {WEIR_END_CLIENT_BAD, 0, WEIR_ETIMEOUT, 408},
      {WEIR_END_CLIENT_BAD, 0, WEIR_ENOMEM, 503},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("%s, %s", weir_end_name(cases[i].end), weir_err_name(cases[i].code));
    CHECK_INT(weir__answer_status(cases[i].end, cases[i].timer, cases[i].code), cases[i].status);
  }
}

/* ---- error answers ---- */

typedef struct fixture {
  counting_alloc a;
  weir__mem mem;
  weir__answer answer;
} fixture;

static void begin(fixture *f) {
  alloc_init(&f->a);
  weir__mem_init(&f->mem, &f->a.hooks);
  f->answer = (weir__answer){0};
}

static void finish(fixture *f) {
  weir__answer_free(&f->answer, &f->mem);
  weir__answer_free(&f->answer, &f->mem);
  CHECK_NO_LEAK(&f->a);
}

static void check_length(const weir__answer *answer) {
  char text[24];
  snprintf(text, sizeof text, "%zu", answer->body_len);
  CHECK_STR(weir_head_get(answer->head, "Content-Length"), text);
  CHECK_INT(answer->head->framing, WEIR__FRAMING_LENGTH);
  CHECK_INT(answer->head->length, answer->body_len);
}

static const weir_field *field_at(const weir_head *head, size_t at) {
  const weir_field *f = weir_head_next(head, NULL);
  while (f && at--) f = weir_head_next(head, f);
  return f;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7), and not long ago. */
static void check_date(const char *date) {
  bool same = false;
  time_t now = time(NULL);
  for (time_t then = now - 10; then <= now && date; then++) {
    char text[40];
    struct tm tm;
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&then, &tm));
    same = same || strcmp(date, text) == 0;
  }
  CHECK(same);
}

static void an_error_is_a_small_text(void) {
  fixture f;
  begin(&f);
  CHECK_INT(weir__answer_error(&f.answer, &f.mem, 504, WEIR_END_TIMEOUT, WEIR_TIMER_CONNECT,
                               WEIR_ETIMEOUT, false),
            0);
  static const char body[] = "504 Gateway Timeout: no connection to the origin in time\n";
  CHECK_INT(f.answer.head->status, 504);
  CHECK_STR(f.answer.head->reason, "Gateway Timeout");
  CHECK_STR(weir_head_get(f.answer.head, "Content-Type"), "text/plain; charset=utf-8");
  CHECK_STR(weir_head_get(f.answer.head, "Cache-Control"), "no-store");
  CHECK_MEM(f.answer.body, f.answer.body_len, body, strlen(body));
  CHECK_INT(f.answer.head->count, 4);
  check_date(weir_head_get(f.answer.head, "Date"));
  check_length(&f.answer);
  finish(&f);
}

static void an_error_is_json_for_who_wants_it(void) {
  fixture f;
  begin(&f);
  CHECK_INT(
      weir__answer_error(&f.answer, &f.mem, 431, WEIR_END_CLIENT_BAD, 0, WEIR_EHEADSIZE, true), 0);
  static const char body[] =
      "{\"error\":{\"code\":431,\"message\":\"message head is too large\"}}\n";
  CHECK_STR(weir_head_get(f.answer.head, "Content-Type"), "application/json");
  CHECK_MEM(f.answer.body, f.answer.body_len, body, strlen(body));
  check_length(&f.answer);
  finish(&f);
}

/* Its words stand in JSON as they are, and name no address or path of the network behind. */
static void check_words(const char *body, size_t len, int status) {
  char before[60];
  int n = snprintf(before, sizeof before, "{\"error\":{\"code\":%d,\"message\":\"", status);
  if (!CHECK(len > (size_t)n + 4 && memcmp(body, before, (size_t)n) == 0)) return;
  CHECK_MEM(body + len - 4, 4, "\"}}\n", 4);
  for (size_t i = (size_t)n; i < len - 4; i++) {
    CHECK(body[i] >= ' ' && body[i] < 0x7f && body[i] != '"' && body[i] != '\\');
    CHECK(!strchr("/:[@", body[i]));
  }
}

static void check_every_answer(int end, int timer, int code) {
  int status = weir__answer_status((enum weir_end)end, (enum weir_timer)timer, code);
  for (int json = 0; json < 2 && status; json++) {
    fixture f;
    begin(&f);
    CHECK_CASE("%s, %s, %s", weir_end_name((enum weir_end)end),
               weir_timer_name((enum weir_timer)timer), weir_err_name(code));
    CHECK_INT(weir__answer_error(&f.answer, &f.mem, status, (enum weir_end)end,
                                 (enum weir_timer)timer, code, json),
              0);
    if (json) check_words(f.answer.body, f.answer.body_len, status);
    CHECK(*f.answer.head->reason);
    check_length(&f.answer);
    finish(&f);
  }
}

static void no_error_says_too_much(void) {
  static const int codes[] = {
#define CODE(name, number, text) WEIR_##name,
      WEIR_ERRORS(CODE)
#undef CODE
          0,
      -104, -111, -4095};
  for (int end = 0; end <= WEIR_END_NO_MEMORY; end++)
    for (int timer = 0; timer <= WEIR_TIMER_REQUEST_BODY; timer++)
      for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i] <= WEIR_EMESSAGE || codes[i] >= -4095)
          check_every_answer(end, timer, codes[i]);
}

static void a_refusal_says_what_its_status_means(void) {
  static const struct {
    int status, code;
    const char *body;
  } cases[] = {
      {403, 0, "403 Forbidden: refused\n"},
      {404, 0, "404 Not Found: no route for this request\n"},
      {405, 0, "405 Method Not Allowed: this method is not allowed here\n"},
      {429, 0, "429 Too Many Requests: refused\n"},
      {503, 0, "503 Service Unavailable: refused\n"}, /* by a hook, or at the commit point */
      {503, UV_EMFILE, "503 Service Unavailable: too many connections\n"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f;
    begin(&f);
    CHECK_CASE("%d", cases[i].status);
    CHECK_INT(weir__answer_error(&f.answer, &f.mem, cases[i].status, WEIR_END_REFUSED, 0,
                                 cases[i].code, false),
              0);
    CHECK_MEM(f.answer.body, f.answer.body_len, cases[i].body, strlen(cases[i].body));
    finish(&f);
  }
}

/* A hook may refuse with any status: also with one that has no name. */
static void a_status_without_a_name_is_answered_too(void) {
  fixture f;
  begin(&f);
  CHECK_INT(weir__answer_error(&f.answer, &f.mem, 499, WEIR_END_REFUSED, 0, 0, true), 0);
  CHECK_STR(f.answer.head->reason, "");
  check_words(f.answer.body, f.answer.body_len, 499);
  finish(&f);
}

/* ---- the host's answers ---- */

static void an_answer_is_copied_and_framed(void) {
  char name[] = "X-A", value[] = " one ", body[] = "hello";
  weir_field fields[] = {{name, value}, {"Content-Type", "text/plain"}, {"X-A", "two"}};
  weir_answer from = {WEIR_ANSWER_INIT, 418, fields, 3, body, 5};
  fixture f;
  begin(&f);
  CHECK_INT(weir__answer_copy(&f.answer, &f.mem, &from), 0);
  name[0] = value[1] = body[0] = '?';
  CHECK_INT(f.answer.head->status, 418);
  CHECK_STR(field_at(f.answer.head, 0)->name, "X-A");
  CHECK_STR(field_at(f.answer.head, 0)->value, "one");
  CHECK_STR(field_at(f.answer.head, 1)->value, "text/plain");
  CHECK_STR(field_at(f.answer.head, 2)->value, "two");
  CHECK_INT(f.answer.head->count, 5);
  check_date(weir_head_get(f.answer.head, "Date"));
  check_length(&f.answer);
  CHECK_MEM(f.answer.body, f.answer.body_len, "hello", 5);
  finish(&f);
}

static void an_answer_without_body_has_a_length_of_zero(void) {
  weir_answer from = {WEIR_ANSWER_INIT, .status = 200};
  fixture f;
  begin(&f);
  CHECK_INT(weir__answer_copy(&f.answer, &f.mem, &from), 0);
  CHECK_STR(f.answer.head->reason, "OK");
  CHECK_STR(weir_head_get(f.answer.head, "Content-Length"), "0");
  CHECK_INT(f.answer.body_len, 0);
  CHECK(!f.answer.body);
  finish(&f);
}

/* RFC 9110, 8.6. */
static void no_content_has_no_length(void) {
  static const int statuses[] = {204, 304};
  for (size_t i = 0; i < 2; i++) {
    weir_answer from = {WEIR_ANSWER_INIT, .status = statuses[i], .body = "x"};
    fixture f;
    begin(&f);
    CHECK_CASE("%d", statuses[i]);
    CHECK_INT(weir__answer_copy(&f.answer, &f.mem, &from), 0);
    CHECK_STR(weir_head_get(f.answer.head, "Content-Length"), NULL);
    CHECK_INT(f.answer.head->framing, WEIR__FRAMING_NONE);
    finish(&f);
    begin(&f);
    from.body_len = 1;
    CHECK_INT(weir__answer_copy(&f.answer, &f.mem, &from), WEIR_EINVAL);
    finish(&f);
  }
}

static void the_hosts_own_date_stays(void) {
  weir_field fields[] = {{"dAtE", "x"}};
  weir_answer from = {WEIR_ANSWER_INIT, .status = 200, .fields = fields, .field_count = 1};
  fixture f;
  begin(&f);
  CHECK_INT(weir__answer_copy(&f.answer, &f.mem, &from), 0);
  CHECK_STR(weir_head_get(f.answer.head, "Date"), "x");
  CHECK_INT(f.answer.head->count, 2);
  finish(&f);
}

static void an_answer_out_of_range_is_refused(void) {
  static const struct {
    int status, rc;
  } cases[] = {{199, WEIR_EINVAL}, {101, WEIR_EINVAL}, {0, WEIR_EINVAL}, {-1, WEIR_EINVAL},
               {600, WEIR_EINVAL}, {200, 0},           {599, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    weir_answer from = {WEIR_ANSWER_INIT, .status = cases[i].status};
    fixture f;
    begin(&f);
    CHECK_CASE("%d", cases[i].status);
    CHECK_INT(weir__answer_copy(&f.answer, &f.mem, &from), cases[i].rc);
    finish(&f);
  }
}

static void a_field_that_would_split_the_answer_is_refused(void) {
  static const weir_field fields[] = {{"X", "a\r\nSet-Cookie: b"},
                                      {"X\r\nY", "a"},
                                      {"X", "a\n"},
                                      {"", "a"},
                                      {"X Y", "a"},
                                      {"Content-Length", "9"},
                                      {"Connection", "x"},
                                      {"X", "\x01"},
                                      {"Transfer-Encoding", "chunked"},
                                      {"upgrade", "x"}};
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    weir_field two[] = {{"A", "b"}, fields[i]};
    weir_answer from = {WEIR_ANSWER_INIT, 200, two, 2, "hello", 5};
    fixture f;
    begin(&f);
    CHECK_CASE("field %zu", i);
    CHECK_INT(weir__answer_copy(&f.answer, &f.mem, &from), WEIR_EFIELD);
    CHECK(!f.answer.head && !f.answer.body);
    CHECK_NO_LEAK(&f.a);
    finish(&f);
  }
}

static int make_error(weir__mem *mem, void *arg) {
  weir__answer answer;
  int rc = weir__answer_error(&answer, mem, 502, WEIR_END_RESET, 0, -104, arg != NULL);
  if (rc == 0) weir__answer_free(&answer, mem);
  return rc;
}

static int make_copy(weir__mem *mem, void *arg) {
  weir_field fields[] = {{"A", "b"}};
  weir_answer from = {WEIR_ANSWER_INIT, 200, fields, 1, "hello", 5};
  weir__answer answer;
  (void)arg;
  int rc = weir__answer_copy(&answer, mem, &from);
  if (rc == 0) weir__answer_free(&answer, mem);
  return rc;
}

static void a_failed_allocation_leaves_nothing(void) {
  check_each_failure(make_error, NULL);
  check_each_failure(make_copy, NULL);
}

/* ---- who wants JSON ---- */

static void json_is_for_who_names_it_and_no_text(void) {
  static const struct {
    const char *fields;
    bool json;
  } cases[] = {
      {"", false},
      {"Accept: application/json\n", true},
      {"accept: Application/JSON\n", true},
      {"Accept: application/json;q=0.9\n", true},
      {"Accept: application/json ; charset=utf-8\n", true},
      {"Accept: text/event-stream, application/json\n", true},
      {"Accept: text/event-stream\nAccept: application/json\n", true},
      {"Accept: application/problem+json\n", true},
      {"Accept: application/vnd.api+JSON;x=y\n", true},
      {"Accept: */*\n", false},
      {"Accept: text/html\n", false},
      {"Accept: text/event-stream\n", false},
      {"Accept: application/jsonl\n", false},
      {"Accept: application/xjson\n", false},
      {"Accept: +json\n", false},
      {"Accept: application/json, text/plain\n", false},
      {"Accept: TEXT/plain, application/json\n", false},
      {"Accept: text/plain;q=0.5\nAccept: application/json\n", false},
      {"Accept:\n", false},
      {"X-Accept: application/json\n", false},
      {"Content-Type: application/json\n", false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f;
    begin(&f);
    CHECK_CASE("%s", cases[i].fields);
    weir_head *head = head_of(&f.mem, "GET / HTTP/1.1", cases[i].fields);
    CHECK_INT(weir__answer_wants_json(head), cases[i].json);
    weir__head_free(head);
    finish(&f);
  }
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(each_end_has_its_status);
  TEST(an_error_is_a_small_text);
  TEST(an_error_is_json_for_who_wants_it);
  TEST(no_error_says_too_much);
  TEST(a_refusal_says_what_its_status_means);
  TEST(a_status_without_a_name_is_answered_too);
  TEST(an_answer_is_copied_and_framed);
  TEST(an_answer_without_body_has_a_length_of_zero);
  TEST(no_content_has_no_length);
  TEST(the_hosts_own_date_stays);
  TEST(an_answer_out_of_range_is_refused);
  TEST(a_field_that_would_split_the_answer_is_refused);
  TEST(a_failed_allocation_leaves_nothing);
  TEST(json_is_for_who_names_it_and_no_text);
  return check_end();
}
