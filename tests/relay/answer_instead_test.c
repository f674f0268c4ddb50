/* Answers that the host gives in the place of the origin's, from on_response. */
#include "support/fixture.h"

#define OK_TWO "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define POST_TEN "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"

static const weir_answer page = {WEIR_ANSWER_INIT, .status = 201, .body = "hello", .body_len = 5};

static int answer_errors(weir_exchange *ex, weir_head *head, void *user) {
  (void)user;
  return weir_head_status(head) == 500 ? weir_exchange_answer(ex, &page) : 0;
}

static void open_covering(fixture *f) {
  fixture_init(f);
  f->hooks.on_response = answer_errors;
  fixture_start(f);
}

static void an_answer_from_on_response_replaces_the_origins(void) {
  static const char *const answers[] = {
      "HTTP/1.1 500 No\r\nContent-Length: 6\r\n\r\nsecret",
      "HTTP/1.1 500 No\r\nContent-Length: 600\r\n\r\nsecret", "HTTP/1.1 500 No\r\n\r\nsecret",
      "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nsecret\r\n0\r\n\r\n"};
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    CHECK_CASE("%s", answers[i]);
    fixture f;
    open_covering(&f);
    peer *client = ask(&f, GET GET), *origin = asked(&f, 0);
    peer_say(origin, answers[i]);
    RUN_UNTIL(&f, is_over(origin));
    peer_say(asked(&f, 1), OK_TWO);
    RUN_UNTIL(&f, f.end_count == 2);
    settle(&f);
    CHECK_ANSWER(client, 201, "hello");
    CHECK_ANSWER(client, 200, "ok");
    CHECK_INT(f.ends[0].end, WEIR_END_ANSWERED);
    CHECK_INT(f.ends[0].stats.status, 201);
    CHECK_INT(f.ends[0].stats.response_bytes, 5);
    fixture_end(&f);
  }
}

static void an_answer_from_on_response_may_follow_an_interim_one(void) {
  fixture f;
  open_covering(&f);
  peer *client = ask(&f, GET);
  peer_say(asked(&f, 0), "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 500 No\r\n\r\n");
  RUN_UNTIL(&f, f.end_count == 1);
  settle(&f);
  CHECK_INT(take(client)->status, 103);
  CHECK_ANSWER(client, 201, "hello");
  fixture_end(&f);
}

static void an_answer_from_on_response_ends_a_running_upload(void) {
  fixture f;
  open_covering(&f);
  peer *client = ask(&f, POST_TEN "half."), *origin = asked(&f, 0);
  peer_say(origin, "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
  RUN_UNTIL(&f, is_over(origin) && got_message(client));
  CHECK_ANSWER(client, 201, "hello");
  CHECK_INT(f.end_count, 0);
  peer_say(client, "half." GET);
  peer_say(asked(&f, 1), OK_TWO);
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 200, "ok");
  CHECK_INT(f.ends[0].stats.request_bytes, 5);
  fixture_end(&f);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(an_answer_from_on_response_replaces_the_origins);
  TEST(an_answer_from_on_response_may_follow_an_interim_one);
  TEST(an_answer_from_on_response_ends_a_running_upload);
  return check_end();
}
