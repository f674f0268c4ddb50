/* How a response is framed for its client: by length, in chunks, by the close, or not at all. */
#include <stdio.h>

#include "support/fixture.h"

#define GET_10 "GET / HTTP/1.0\r\nHost: a\r\n\r\n"
#define HEAD "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"

/* One request, one answer; the message belongs to the client. */
static const message *answer_to(fixture *f, const char *request, const char *answer) {
  bool head = strncmp(request, "HEAD", 4) == 0;
  peer *client = ask(f, request), *origin = asked(f, 0);
  peer_say(origin, answer);
  settle(f);
  peer_close(origin);
  RUN_UNTIL(f, f->end_count == 1);
  settle(f);
  return head ? take_bodiless(client) : take(client);
}

static peer *last_client(const fixture *f) {
  return weir__container_of(f->clients.prev, peer, node);
}

/* ---- which framing ---- */

static void a_length_stays_a_length(void) {
  fixture f;
  fixture_open(&f);
  const message *m = answer_to(&f, GET, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  CHECK(m->whole && m->sized && !m->chunked);
  CHECK_STR(m->body, "hello");
  CHECK_END(&f, WEIR_END_COMPLETE);
  fixture_end(&f);
}

static void chunks_stay_chunks_but_are_ours(void) {
  fixture f;
  fixture_open(&f);
  const message *m = answer_to(&f, GET, OK_CHUNKED "003;a=b\r\nhel\r\n2\r\nlo\r\n000;c\r\n\r\n");
  CHECK(m->whole && m->chunked);
  CHECK_STR(m->body, "hello");
  CHECK_INT(m->chunks, 1);
  CHECK_END(&f, WEIR_END_COMPLETE);
  fixture_end(&f);
}

static void a_body_delimited_by_close_becomes_chunked(void) {
  fixture f;
  fixture_open(&f);
  const message *m = answer_to(&f, GET, OK_CLOSE "hello");
  CHECK(m->whole && m->chunked);
  CHECK_STR(m->body, "hello");
  CHECK(!has_line(m, "Connection: close"));
  CHECK(!is_over(last_client(&f)));
  fixture_end(&f);
}

static void an_http_1_0_client_gets_no_chunks(void) {
  static const char *const answers[] = {OK_CHUNKED "5\r\nhello\r\n0\r\nA: b\r\n\r\n",
                                        OK_CLOSE "hello"};
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    CHECK_CASE("%s", answers[i]);
    fixture f;
    fixture_open(&f);
    const message *m = answer_to(&f, GET_10, answers[i]);
    CHECK(!m->bad && !m->chunked && !m->sized);
    CHECK(has_line(m, "Connection: close"));
    CHECK_STR(m->body, "hello");
    CHECK(ended_well(last_client(&f)));
    fixture_end(&f);
  }
}

static void an_http_1_0_origin_may_end_its_body_by_closing(void) {
  fixture f;
  fixture_open(&f);
  const message *m = answer_to(&f, GET, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello");
  CHECK(m->whole && m->chunked);
  CHECK_STR(m->body, "hello");
  CHECK_END(&f, WEIR_END_UNMARKED);
  fixture_end(&f);
}

static void an_empty_body_is_whole_in_every_framing(void) {
  static const char *const answers[] = {OK_EMPTY, OK_CHUNKED "0\r\n\r\n", OK_CLOSE};
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    CHECK_CASE("%s", answers[i]);
    fixture f;
    fixture_open(&f);
    const message *m = answer_to(&f, GET, answers[i]);
    CHECK(m->whole);
    CHECK_INT(m->body_len, 0);
    CHECK_INT(only_end(&f)->stats.chunks, 0);
    CHECK(only_end(&f)->stats.first_byte_ms == UINT64_MAX);
    fixture_end(&f);
  }
}

/* ---- no body ---- */

static void an_answer_to_head_has_no_body_and_keeps_its_length(void) {
  fixture f;
  fixture_open(&f);
  const message *m = answer_to(&f, HEAD, "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
  CHECK(m->whole && has_line(m, "Content-Length: 1234"));
  CHECK_INT(untaken(last_client(&f)), 0);
  CHECK_END(&f, WEIR_END_COMPLETE);
  fixture_end(&f);
}

static void an_answer_to_head_may_name_chunks_or_nothing(void) {
  static const char *const answers[] = {OK_CHUNKED, OK_CLOSE};
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    CHECK_CASE("%s", answers[i]);
    fixture f;
    fixture_open(&f);
    const message *m = answer_to(&f, HEAD, answers[i]);
    CHECK(m->whole && !m->sized);
    CHECK_INT(untaken(last_client(&f)), 0);
    CHECK(!is_over(last_client(&f)));
    CHECK_END(&f, WEIR_END_COMPLETE);
    fixture_end(&f);
  }
}

static void a_204_and_a_304_have_no_body(void) {
  static const char *const answers[] = {"HTTP/1.1 204 No Content\r\n\r\n",
                                        "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n",
                                        "HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n"};
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    CHECK_CASE("%s", answers[i]);
    fixture f;
    fixture_open(&f);
    const message *m = answer_to(&f, GET, answers[i]);
    CHECK(m->whole && !m->chunked);
    CHECK_INT(m->sized, i == 2);
    CHECK_INT(untaken(last_client(&f)), 0);
    CHECK_END(&f, WEIR_END_COMPLETE);
    fixture_end(&f);
  }
}

static void a_204_loses_its_length(void) {
  fixture f;
  fixture_open(&f);
  const message *m = answer_to(&f, GET, "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n");
  CHECK(m->whole && m->status == 204 && !m->sized);
  fixture_end(&f);
}

static void the_connection_serves_on_after_an_answer_without_body(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, HEAD), *origin = asked(&f, 0);
  peer_say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
  RUN_UNTIL(&f, got(client, "\r\n\r\n"));
  CHECK(take_bodiless(client)->whole);
  forget(origin);
  peer_say(client, GET);
  asked(&f, 0);
  peer_say(origin, "HTTP/1.1 304 Not Modified\r\n\r\n");
  RUN_UNTIL(&f, got_message(client));
  CHECK_INT(take(client)->status, 304);
  forget(origin);
  peer_say(client, GET);
  asked(&f, 0);
  peer_say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 200, "ok");
  CHECK_INT(f.origin.count, 1);
  fixture_end(&f);
}

/* ---- trailers ---- */

static void trailers_pass(void) {
  fixture f;
  fixture_open(&f);
  const message *m = answer_to(
      &f, GET, OK_CHUNKED "5\r\nhello\r\n0\r\nGrpc-Status: 0\r\nx-Sum: a\r\nx-Sum: b\r\n\r\n");
  CHECK(m->whole);
  CHECK_STR(m->body, "hello");
  CHECK_STR(m->trailers, "Grpc-Status: 0\r\nx-Sum: a\r\nx-Sum: b\r\n");
  fixture_end(&f);
}

static void fields_that_may_not_be_trailers_stop_here(void) {
  fixture f;
  fixture_open(&f);
  const message *m = answer_to(&f, GET,
                               OK_CHUNKED "0\r\nSet-Cookie: a\r\nX-Good: 1\r\nTE: x\r\n"
                                          "Cache-Control: no-store\r\n\r\n");
  CHECK(m->whole);
  CHECK_STR(m->trailers, "X-Good: 1\r\n");
  fixture_end(&f);
}

static void trailers_that_all_stop_here_leave_a_plain_end(void) {
  fixture f;
  fixture_open(&f);
  const message *m = answer_to(&f, GET, OK_CHUNKED "2\r\nok\r\n0\r\nSet-Cookie: a\r\n\r\n");
  CHECK(m->whole);
  CHECK_STR(m->trailers, "");
  fixture_end(&f);
}

/* ---- interim responses ---- */

#define HINT "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"

static void an_interim_response_passes_at_once(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, HINT);
  RUN_UNTIL(&f, got_message(client));
  const message *hint = take(client);
  CHECK_INT(hint->status, 103);
  CHECK(has_line(hint, "Link: </a.css>; rel=preload"));
  CHECK(!has_line(hint, "X-Accel-Buffering: no"));
  peer_say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 200, "ok");
  fixture_end(&f);
}

static void an_interim_and_the_final_head_of_one_read_leave_in_one_write(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  spy_on_client(&f);
  peer_say(origin, HINT HINT "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  RUN_UNTIL(&f, f.end_count == 1);
  RUN_UNTIL(&f, got(client, "ok"));
  CHECK_INT(f.spy.writes, 1);
  CHECK_INT(take(client)->status, 103);
  CHECK_INT(take(client)->status, 103);
  CHECK_ANSWER(client, 200, "ok");
  fixture_end(&f);
}

static void an_http_1_0_client_gets_no_interim_response(void) {
  fixture f;
  fixture_open(&f);
  const message *m = answer_to(&f, GET_10, HINT "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  CHECK_INT(m->status, 200);
  CHECK_STR(m->body, "ok");
  fixture_end(&f);
}

static void sixteen_interim_responses_pass_and_seventeen_are_a_502(void) {
  for (int count = 16; count <= 17; count++) {
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, GET), *origin = asked(&f, 0);
    for (int i = 0; i < count; i++) peer_say(origin, HINT);
    peer_say(origin, OK_EMPTY);
    RUN_UNTIL(&f, f.end_count == 1);
    settle(&f);
    for (int i = 0; i < 16; i++) CHECK_INT(take(client)->status, 103);
    CHECK_INT(take(client)->status, count == 16 ? 200 : 502);
    CHECK_END(&f, count == 16 ? WEIR_END_COMPLETE : WEIR_END_MALFORMED);
    fixture_end(&f);
  }
}

/* ---- fields ---- */

static void fields_arrive_in_their_order_and_case(void) {
  fixture f;
  fixture_open(&f);
  const message *m = answer_to(&f, GET,
                               "HTTP/1.1 200 Very Fine\r\nset-cookie: a=1\r\nX-Odd: \t v \r\n"
                               "Set-Cookie: b=2; Path=/\r\nEmpty:\r\nSET-COOKIE: a=1\r\n"
                               "Content-Length: 0\r\nserver: x\r\n\r\n");
  CHECK_STR(m->head, "HTTP/1.1 200 Very Fine\r\nset-cookie: a=1\r\nX-Odd: v\r\n"
                     "Set-Cookie: b=2; Path=/\r\nEmpty: \r\nSET-COOKIE: a=1\r\n"
                     "Content-Length: 0\r\nserver: x\r\nVia: 1.1 weir\r\n");
  fixture_end(&f);
}

static void fields_of_the_hop_stop_here(void) {
  fixture f;
  fixture_open(&f);
  const message *m =
      answer_to(&f, GET,
                "HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n"
                "Keep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nUpgrade: h2c\r\n"
                "Content-Length: 0\r\nX-End: 1\r\n\r\n");
  CHECK_STR(m->head, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-End: 1\r\nVia: 1.1 weir\r\n");
  fixture_end(&f);
}

static void an_unknown_status_passes(void) {
  for (int status = 200; status < 600; status += 99) {
    char answer[80];
    fixture f;
    fixture_open(&f);
    snprintf(answer, sizeof answer, "HTTP/1.1 %d \r\nContent-Length: 2\r\n\r\nok", status);
    const message *m = answer_to(&f, GET, answer);
    CHECK_INT(m->status, status);
    CHECK_STR(m->body, "ok");
    fixture_end(&f);
  }
}

static void a_stream_is_marked_so_that_nobody_buffers_it(void) {
  static const struct {
    const char *answer;
    bool added;
  } cases[] = {
      {OK_CHUNKED "0\r\n\r\n", true},
      {OK_CLOSE, true},
      {"HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream; charset=utf-8\r\n"
       "Content-Length: 0\r\n\r\n",
       true},
      {OK_EMPTY, false},
      {"HTTP/1.1 204 No Content\r\n\r\n", false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("%s", cases[i].answer);
    fixture f;
    fixture_open(&f);
    const message *m = answer_to(&f, GET, cases[i].answer);
    CHECK_INT(count_fields(m, "X-Accel-Buffering"), cases[i].added);
    CHECK_INT(has_line(m, "X-Accel-Buffering: no"), cases[i].added);
    fixture_end(&f);
  }
}

static void a_mark_that_is_there_stays(void) {
  fixture f;
  fixture_open(&f);
  const message *m = answer_to(&f, GET,
                               "HTTP/1.1 200 OK\r\nx-accel-buffering: yes\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  CHECK(has_line(m, "x-accel-buffering: yes"));
  CHECK_INT(count_fields(m, "X-Accel-Buffering"), 0);
  fixture_end(&f);
}

static void a_coded_body_passes_untouched(void) {
  fixture f;
  fixture_open(&f);
  const message *m = answer_to(&f, GET,
                               "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n"
                               "\r\n\x1f\x8b\x08\xff");
  CHECK(has_line(m, "Content-Encoding: gzip"));
  CHECK_MEM(m->body, m->body_len, "\x1f\x8b\x08\xff", 4);
  fixture_end(&f);
}

/* ---- every split ---- */

static const char *const splits[] = {
    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nX: y\r\n\r\nhelloworld",
    HINT OK_CHUNKED "5\r\nhello\r\n5;x=y\r\nworld\r\n0\r\nT: u\r\n\r\n",
    OK_CLOSE "helloworld",
};

static const message * final(peer *client) {
  const message *m = take(client);
  return m->status == 103 ? take(client) : m;
}

/* However the origin's bytes are cut into reads, the client gets the same message. */
static void a_response_may_be_cut_anywhere(void) {
  for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
    size_t len = strlen(splits[i]);
    for (size_t cut = 0; cut < len; cut += i == 1 ? 1 : 3) {
      CHECK_CASE("case %zu cut at %zu", i, cut);
      fixture f;
      fixture_open(&f);
      peer *client = ask(&f, GET), *origin = asked(&f, 0);
      peer_send(origin, splits[i], cut);
      settle(&f);
      peer_send(origin, splits[i] + cut, len - cut);
      if (i == 2) peer_close(origin);
      RUN_UNTIL(&f, f.end_count == 1);
      settle(&f);
      const message *m = final(client);
      CHECK(m->whole);
      CHECK_STR(m->body, "helloworld");
      CHECK_STR(m->trailers, i == 1 ? "T: u\r\n" : "");
      fixture_end(&f);
    }
  }
}

static void a_response_may_come_byte_by_byte(void) {
  for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, GET), *origin = asked(&f, 0);
    for (const char *p = splits[i]; *p; p++) {
      peer_send(origin, p, 1);
      settle(&f);
    }
    if (i == 2) peer_close(origin);
    RUN_UNTIL(&f, f.end_count == 1);
    settle(&f);
    const message *m = final(client);
    CHECK(m->whole);
    CHECK_STR(m->body, "helloworld");
    fixture_end(&f);
  }
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_length_stays_a_length);
  TEST(chunks_stay_chunks_but_are_ours);
  TEST(a_body_delimited_by_close_becomes_chunked);
  TEST(an_http_1_0_client_gets_no_chunks);
  TEST(an_http_1_0_origin_may_end_its_body_by_closing);
  TEST(an_empty_body_is_whole_in_every_framing);
  TEST(an_answer_to_head_has_no_body_and_keeps_its_length);
  TEST(an_answer_to_head_may_name_chunks_or_nothing);
  TEST(a_204_and_a_304_have_no_body);
  TEST(a_204_loses_its_length);
  TEST(the_connection_serves_on_after_an_answer_without_body);
  TEST(trailers_pass);
  TEST(fields_that_may_not_be_trailers_stop_here);
  TEST(trailers_that_all_stop_here_leave_a_plain_end);
  TEST(an_interim_response_passes_at_once);
  TEST(an_interim_and_the_final_head_of_one_read_leave_in_one_write);
  TEST(an_http_1_0_client_gets_no_interim_response);
  TEST(sixteen_interim_responses_pass_and_seventeen_are_a_502);
  TEST(fields_arrive_in_their_order_and_case);
  TEST(fields_of_the_hop_stop_here);
  TEST(an_unknown_status_passes);
  TEST(a_stream_is_marked_so_that_nobody_buffers_it);
  TEST(a_mark_that_is_there_stays);
  TEST(a_coded_body_passes_untouched);
  TEST(a_response_may_be_cut_anywhere);
  TEST(a_response_may_come_byte_by_byte);
  return check_end();
}
