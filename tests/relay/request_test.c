/* The request on its way: what the origin is asked, bodies in both directions at once, and what
 * never gets through. */
#include <stdio.h>
#include <stdlib.h>

#include "support/fixture.h"

enum { SECOND = 1000, KIB = 1024, MIB = 1024 * KIB };

#define OK_2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define POST_CHUNKED "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
#define POST_BIG "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 104857600\r\n\r\n"
#define POST_100 "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
#define UNAUTHORIZED "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"

/* What the origin is asked when a client says that. */
static const message *as_asked(fixture *f, const char *request) {
  ask(f, request);
  peer *origin = asked(f, 0);
  RUN_UNTIL(f, got_message(origin));
  return take(origin);
}

/* The same client gets an answer to a plain request. */
static void check_serves_on(fixture *f, peer *client, size_t origin_number) {
  peer_say(client, GET);
  peer *origin = asked(f, origin_number);
  RUN_UNTIL(f, got_message(origin));
  take(origin);
  peer_say(origin, OK_2);
  RUN_UNTIL(f, got_message(client));
  CHECK_ANSWER(client, 200, "ok");
}

/* ---- start line ---- */

static void any_method_passes(void) {
  static const char *const methods[] = {"GET",      "POST", "PATCH", "QUERY", "PROPFIND",
                                        "M-SEARCH", "BREW", "x",     "get",   "!#$%&'*+-.^_`|~09"};
  for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
    char request[100], start[100];
    CHECK_CASE("%s", methods[i]);
    snprintf(request, sizeof request, "%s /p HTTP/1.1\r\nHost: a\r\n\r\n", methods[i]);
    snprintf(start, sizeof start, "%s /p HTTP/1.1\r\n", methods[i]);
    fixture f;
    fixture_open(&f);
    CHECK(strncmp(as_asked(&f, request)->head, start, strlen(start)) == 0);
    fixture_end(&f);
  }
}

static void a_body_may_come_with_any_method(void) {
  fixture f;
  fixture_open(&f);
  const message *m = as_asked(&f, "BREW / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody");
  CHECK_STR(m->body, "body");
  fixture_end(&f);
}

static void an_absolute_target_names_the_host(void) {
  static const char *const requests[] = {
      "GET http://b.example:81/p?q HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET HTTP://b.example:81/p?q HTTP/1.1\r\nHost: b.example:81\r\n\r\n"};
  for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
    fixture f;
    fixture_open(&f);
    const message *m = as_asked(&f, requests[i]);
    CHECK(strncmp(m->head, "GET /p?q HTTP/1.1\r\n", 19) == 0);
    CHECK(has_line(m, "Host: b.example:81"));
    CHECK_INT(count_fields(m, "Host"), 1);
    CHECK(has_line(m, "X-Forwarded-Host: b.example:81"));
    fixture_end(&f);
  }
}

static void options_may_ask_about_the_whole_server(void) {
  fixture f;
  fixture_open(&f);
  const message *m = as_asked(&f, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(strncmp(m->head, "OPTIONS * HTTP/1.1\r\n", 20) == 0);
  fixture_end(&f);
}

static void an_http_1_0_request_becomes_1_1(void) {
  fixture f;
  fixture_open(&f);
  char host[64];
  snprintf(host, sizeof host, "Host: 127.0.0.1:%d", f.origin.port);
  const message *m = as_asked(&f, "GET /p HTTP/1.0\r\nExpect: 100-continue\r\n\r\n");
  CHECK(strncmp(m->head, "GET /p HTTP/1.1\r\n", 17) == 0);
  CHECK(has_line(m, host)); /* it has none of its own */
  CHECK(has_line(m, "Via: 1.0 weir"));
  CHECK_INT(count_fields(m, "Expect"), 0);
  fixture_end(&f);
}

static void empty_lines_before_a_request_are_forgiven(void) {
  fixture f;
  fixture_open(&f);
  CHECK(strncmp(as_asked(&f, "\r\n\r\nGET /p HTTP/1.1\r\nHost: a\r\n\r\n")->head, "GET /p ", 7) ==
        0);
  fixture_end(&f);
}

/* ---- fields ---- */

static void a_request_arrives_as_it_was_sent_but_for_the_hop(void) {
  fixture f;
  fixture_open(&f);
  const message *m =
      as_asked(&f, "GET /p?q=1&r=%20 HTTP/1.1\r\nhost: a.example\r\nX-B: 2\r\nx-a: 1\r\n"
                   "Cookie: c=1\r\nX-B: 3\r\nEmpty:\r\nConnection: x-drop, Close\r\n"
                   "X-Drop: 1\r\nKeep-Alive: 5\r\nProxy-Authorization: Basic x\r\n"
                   "TE: gzip\r\nUpgrade: h2c\r\nAuthorization: Bearer t\r\n\r\n");
  CHECK(strncmp(m->head,
                "GET /p?q=1&r=%20 HTTP/1.1\r\nhost: a.example\r\nX-B: 2\r\nx-a: 1\r\n"
                "Cookie: c=1\r\nX-B: 3\r\nEmpty: \r\nAuthorization: Bearer t\r\n",
                113) == 0);
  CHECK(has_line(m, "X-Forwarded-For: 127.0.0.1"));
  CHECK(has_line(m, client_is_secure() ? "X-Forwarded-Proto: https" : "X-Forwarded-Proto: http"));
  CHECK(has_line(m, "X-Forwarded-Host: a.example"));
  CHECK(has_line(m, "X-Real-IP: 127.0.0.1"));
  CHECK(has_line(m, "Via: 1.1 weir"));
  CHECK_INT(count_fields(m, "Connection") + count_fields(m, "TE") + count_fields(m, "Upgrade"), 0);
  CHECK_INT(count_fields(m, "X-Drop") + count_fields(m, "Keep-Alive"), 0);
  CHECK_INT(count_fields(m, "Proxy-Authorization"), 0);
  fixture_end(&f);
}

static void what_an_unknown_client_says_of_its_way_is_not_believed(void) {
  fixture f;
  fixture_open(&f);
  const message *m = as_asked(&f, "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4\r\n"
                                  "x_forwarded_for: 1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\n"
                                  "X-Forwarded-Proto: https\r\nForwarded: for=1.2.3.4\r\n"
                                  "Connection: X-Forwarded-For\r\n\r\n");
  CHECK(!strstr(m->head, "1.2.3.4"));
  CHECK(has_line(m, "X-Forwarded-For: 127.0.0.1"));
  CHECK(has_line(m, client_is_secure() ? "X-Forwarded-Proto: https" : "X-Forwarded-Proto: http"));
  fixture_end(&f);
}

static void what_a_trusted_proxy_says_of_the_way_is_kept_and_appended_to(void) {
  static const char *const trusted[] = {"127.0.0.0/8", NULL};
  fixture f;
  fixture_init(&f);
  f.options.trusted_proxies = trusted;
  f.options.forwarded = 1;
  fixture_start(&f);
  const message *m = as_asked(&f, "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4\r\n"
                                  "X-Forwarded-Proto: https\r\nForwarded: for=1.2.3.4\r\n\r\n");
  CHECK(has_line(m, "X-Forwarded-For: 1.2.3.4, 127.0.0.1"));
  CHECK(has_line(m, "X-Forwarded-Proto: https"));
  CHECK(strstr(m->head, "Forwarded: for=1.2.3.4, for=127.0.0.1"));
  fixture_end(&f);
}

static void te_trailers_is_asked_anew(void) {
  fixture f;
  fixture_open(&f);
  const message *m =
      as_asked(&f, "GET / HTTP/1.1\r\nHost: a\r\nTE: deflate, trailers\r\nConnection: TE\r\n\r\n");
  CHECK(has_line(m, "TE: trailers"));
  CHECK(has_line(m, "Connection: TE"));
  fixture_end(&f);
}

static void an_origin_may_be_told_another_host(void) {
  fixture f;
  fixture_init(&f);
  f.origin_options.host = "inner.example";
  fixture_start(&f);
  const message *m = as_asked(&f, "GET / HTTP/1.1\r\nHost: outer.example\r\n\r\n");
  CHECK(has_line(m, "Host: inner.example"));
  CHECK(has_line(m, "X-Forwarded-Host: outer.example"));
  fixture_end(&f);
}

/* ---- bodies ---- */

static void a_chunked_request_is_framed_anew(void) {
  fixture f;
  fixture_open(&f);
  const message *m = as_asked(&f, POST_CHUNKED "2;x=y\r\nbo\r\n0002\r\ndy\r\n0;z\r\n\r\n");
  CHECK(m->whole && m->chunked);
  CHECK_STR(m->body, "body");
  CHECK_INT(m->chunks, 1);
  fixture_end(&f);
}

static void request_trailers_pass(void) {
  fixture f;
  fixture_open(&f);
  const message *m = as_asked(&f, POST_CHUNKED
                              "4\r\nbody\r\n0\r\nX-Sum: 1\r\nHost: b\r\nConnection: close\r\n\r\n");
  CHECK(m->whole);
  CHECK_STR(m->trailers, "X-Sum: 1\r\n");
  peer *client = weir__container_of(f.clients.next, peer, node);
  peer_say(origin_peer(&f.origin, 0), OK_2);
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 200, "ok");
  check_serves_on(&f, client, 0);
  fixture_end(&f);
}

static void an_echo_goes_to_and_fro_within_one_exchange(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, POST_CHUNKED), *origin = asked(&f, 0);
  peer_say(origin, OK_CHUNKED);
  RUN_UNTIL(&f, got(client, "\r\n\r\n"));
  for (int i = 0; i < 20; i++) {
    forget(client), forget(origin);
    peer_say(client, "4\r\nping\r\n");
    RUN_UNTIL(&f, got(origin, "ping\r\n"));
    peer_say(origin, "4\r\npong\r\n");
    RUN_UNTIL(&f, got(client, "pong\r\n"));
  }
  peer_say(client, "0\r\n\r\n");
  RUN_UNTIL(&f, got(origin, "0\r\n\r\n"));
  CHECK_INT(f.end_count, 0);
  peer_say(origin, "0\r\n\r\n");
  RUN_UNTIL(&f, got(client, "0\r\n\r\n"));
  CHECK_END(&f, WEIR_END_COMPLETE);
  CHECK_INT(only_end(&f)->stats.request_bytes, 80);
  CHECK_INT(only_end(&f)->stats.response_bytes, 80);
  CHECK_INT(only_end(&f)->stats.chunks, 20);
  CHECK_INT(f.relay->count.idle_origins, 1);
  fixture_end(&f);
}

/* Both directions at full speed: neither waits for the other. The response keeps its last byte back:
 * what has answered whole is sent no more of the request. */
static void an_upload_and_a_download_run_at_once(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4194304\r\n\r\n");
  peer *origin = asked(&f, 0);
  peer_say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 4194305\r\n\r\n");
  peer_pour(client, 4 * MIB);
  peer_pour(origin, 4 * MIB);
  RUN_UNTIL(&f, untaken(client) > 4 * MIB && untaken(origin) > 4 * MIB);
  peer_pour(origin, 1);
  RUN_UNTIL(&f, got_message(client));
  const message *up = take(origin), *down = take(client);
  CHECK(up->whole && is_poured(up->body, up->body_len));
  CHECK(down->whole && is_poured(down->body, down->body_len));
  RUN_UNTIL(&f, f.end_count == 1);
  CHECK_END(&f, WEIR_END_COMPLETE);
  fixture_end(&f);
}

/* ---- cut anywhere ---- */

static const char *const splits[] = {
    "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nX: y\r\n\r\nhelloworld",
    "PUT /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5;x=y\r\nhello\r\n5\r\nworld\r\n0\r\nT: u\r\n\r\n",
};

static void check_split(fixture *f) {
  peer *origin = asked(f, 0);
  RUN_UNTIL(f, got_message(origin));
  const message *m = take(origin);
  CHECK_STR(m->body, "helloworld");
  CHECK_INT(untaken(origin), 0);
}

static void a_request_may_be_cut_anywhere(void) {
  for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
    size_t len = strlen(splits[i]);
    for (size_t cut = 1; cut < len; cut++) {
      CHECK_CASE("case %zu cut at %zu", i, cut);
      fixture f;
      fixture_open(&f);
      peer *client = client_open(&f);
      peer_send(client, splits[i], cut);
      RUN_UNTIL(&f, client->connected && client->unsent == 0);
      settle(&f);
      peer_send(client, splits[i] + cut, len - cut);
      check_split(&f);
      fixture_end(&f);
    }
  }
}

static void a_request_may_come_byte_by_byte(void) {
  for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
    fixture f;
    fixture_open(&f);
    peer *client = client_open(&f);
    for (const char *p = splits[i]; *p; p++) peer_send(client, p, 1), settle(&f);
    check_split(&f);
    fixture_end(&f);
  }
}

/* ---- Expect: 100-continue ---- */

static void the_origin_decides_about_100_continue(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, POST_100), *origin = asked(&f, 0);
  CHECK(got(origin, "Expect: 100-continue\r\n"));
  settle(&f);
  CHECK_INT(client->got_len, 0); /* not ours to say */
  peer_say(origin, "HTTP/1.1 100 Continue\r\n\r\n");
  RUN_UNTIL(&f, got_message(client));
  CHECK_INT(take(client)->status, 100);
  peer_say(client, "body");
  RUN_UNTIL(&f, got(origin, "body"));
  peer_say(origin, OK_2);
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 200, "ok");
  check_serves_on(&f, client, (forget(origin), 0));
  fixture_end(&f);
}

static void a_client_need_not_wait_for_the_100(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, POST_100 "body"), *origin = asked(&f, 0);
  RUN_UNTIL(&f, got(origin, "body"));
  peer_say(origin, "HTTP/1.1 100 Continue\r\n\r\n" OK_2);
  RUN_UNTIL(&f, got(client, "ok"));
  CHECK_INT(take(client)->status, 100);
  CHECK_ANSWER(client, 200, "ok");
  fixture_end(&f);
}

/* Whether the client still sends its body is the client's choice, and nobody can tell a body from
 * the next request: so the connection must not go on (RFC 9110, 10.1.1). */
static void a_final_answer_instead_of_the_100_ends_the_connection(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, POST_100), *origin = asked(&f, 0);
  peer_say(origin, UNAUTHORIZED);
  RUN_UNTIL(&f, got_message(client));
  const message *m = take(client);
  CHECK_INT(m->status, 401);
  CHECK(has_line(m, "Connection: close"));
  RUN_UNTIL(&f, is_over(client));
  CHECK_INT(f.relay->count.idle_origins, 0);
  fixture_end(&f);
}

/* ---- an answer before the end of the request ---- */

static void an_early_answer_leaves_the_connection_open_if_the_body_ends_soon(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf");
  peer *origin = asked(&f, 0);
  peer_say(origin, UNAUTHORIZED);
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 401, "no");
  CHECK_INT(f.end_count, 0); /* there is no telling yet where the next request begins */
  peer_say(client, "rest");
  RUN_UNTIL(&f, f.end_count == 1);
  CHECK_END(&f, WEIR_END_COMPLETE);
  RUN_UNTIL(&f, is_over(origin)); /* it has not got its request whole */
  CHECK(!got(origin, "rest"));
  check_serves_on(&f, client, 1);
  fixture_end(&f);
}

static void an_early_answer_to_a_large_upload_arrives_whole_before_the_close(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, POST_BIG), *origin = asked(&f, 0);
  peer_pour(client, MIB);
  RUN_UNTIL(&f, origin->got_len > MIB);
  peer_say(origin, UNAUTHORIZED);
  RUN_UNTIL(&f, got_message(client));
  peer_pour(client, 20 * MIB);
  RUN_UNTIL(&f, is_over(client));
  CHECK(ended_well(client)); /* no reset may take the answer away */
  CHECK_ANSWER(client, 401, "no");
  CHECK_END(&f, WEIR_END_COMPLETE);
  RUN_UNTIL(&f, is_over(origin));
  fixture_end(&f);
}

/* The same for a client that reads only when it has written all: it must not deadlock. */
static void a_client_that_reads_last_gets_the_early_answer_too(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20971520\r\n\r\n");
  peer *origin = asked(&f, 0);
  peer_stop(origin);
  peer_stop(client);
  peer_pour(client, 20 * MIB);
  RUN_UNTIL(&f, last_exchange(&f)->client_paused);
  peer_say(origin, UNAUTHORIZED);
  RUN_UNTIL(&f, client->unsent == 0 && client->poured == 20 * MIB);
  peer_go(client);
  RUN_UNTIL(&f, is_over(client) || got_message(client));
  CHECK_ANSWER(client, 401, "no");
  CHECK_INT(client->error, 0);
  fixture_end(&f);
}

/* The client has sent nothing more since it was paused, and never will. */
static void an_upload_that_was_paused_when_the_answer_came_must_end_in_time(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, POST_BIG), *origin = asked(&f, 0);
  peer_stop(origin);
  while (!last_exchange(&f)->client_paused && !f.loop.late) {
    peer_pour(client, 16 * KIB);
    RUN_UNTIL(&f, last_exchange(&f)->stats.request_bytes == client->poured);
  }
  peer_say(origin, UNAUTHORIZED);
  RUN_UNTIL(&f, got_message(client));
  CHECK_INT(f.end_count, 0);
  pass(&f, 61 * SECOND);
  CHECK_INT(f.end_count, 1);
  RUN_UNTIL(&f, is_over(client));
  fixture_end(&f);
}

static void an_early_answer_may_be_long_while_the_body_goes_on(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, POST_CHUNKED "4\r\nbody\r\n"), *origin = asked(&f, 0);
  peer_say(origin, OK_CHUNKED "2\r\nok\r\n");
  RUN_UNTIL(&f, got(client, "ok"));
  peer_say(client, "4\r\nmore\r\n");
  RUN_UNTIL(&f, got(origin, "more"));
  peer_say(origin, "0\r\n\r\n");
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 200, "ok");
  peer_say(client, "4\r\nlate\r\n0\r\n\r\n");
  RUN_UNTIL(&f, f.end_count == 1);
  CHECK_END(&f, WEIR_END_COMPLETE);
  RUN_UNTIL(&f, is_over(origin));
  CHECK(!got(origin, "late"));
  check_serves_on(&f, client, 1);
  fixture_end(&f);
}

/* An origin that answers and closes at once is believed, whatever happens to the rest of the
 * body. */
static void an_answer_followed_by_a_close_wins_over_the_failing_upload(void) {
  for (int reset = 0; reset < 2; reset++) {
    CHECK_CASE("%s", reset ? "RST" : "FIN");
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, POST_BIG), *origin = asked(&f, 0);
    peer_pour(client, MIB);
    RUN_UNTIL(&f, origin->got_len > MIB);
    peer_say(origin, "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno");
    if (reset)
      peer_reset(origin);
    else
      peer_close(origin);
    peer_pour(client, 10 * MIB);
    RUN_UNTIL(&f, got_message(client));
    CHECK_ANSWER(client, 413, "no");
    RUN_UNTIL(&f, f.end_count == 1);
    CHECK_END(&f, WEIR_END_COMPLETE);
    fixture_end(&f);
  }
}

/* ---- too large ---- */

static void a_length_over_the_limit_is_a_413_at_once(void) {
  fixture f;
  fixture_init(&f);
  f.options.request_body_max = 10;
  fixture_start(&f);
  peer *client = ask(&f, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n");
  RUN_UNTIL(&f, is_over(client));
  const message *m = take(client);
  CHECK_INT(m->status, 413);
  CHECK(has_line(m, "Connection: close"));
  CHECK_END(&f, WEIR_END_CLIENT_BAD);
  CHECK_INT(f.origin.count, 0);
  fixture_end(&f);
}

static void chunks_over_the_limit_are_a_413_when_they_come(void) {
  fixture f;
  fixture_init(&f);
  f.options.request_body_max = 10;
  fixture_start(&f);
  peer *client = ask(&f, POST_CHUNKED "a\r\n0123456789\r\n"), *origin = asked(&f, 0);
  RUN_UNTIL(&f, got(origin, "0123456789"));
  peer_say(client, "1\r\nx\r\n");
  RUN_UNTIL(&f, is_over(client));
  CHECK_INT(take(client)->status, 413);
  CHECK_END(&f, WEIR_END_CLIENT_BAD);
  RUN_UNTIL(&f, is_over(origin));
  CHECK(!got(origin, "0\r\n\r\n")); /* it must not take what came for the whole */
  CHECK(!got(origin, "x"));
  fixture_end(&f);
}

static void a_body_just_within_the_limit_passes(void) {
  fixture f;
  fixture_init(&f);
  f.options.request_body_max = 10;
  fixture_start(&f);
  const message *m = as_asked(&f, POST_CHUNKED "a\r\n0123456789\r\n0\r\n\r\n");
  CHECK_STR(m->body, "0123456789");
  fixture_end(&f);
}

/* ---- what is no request ---- */

static void a_bad_head_gets_an_answer_and_reaches_nobody(void) {
  static const struct {
    const char *head;
    int status;
  } cases[] = {
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
      {"GET / HTTP/1.1\nHost: a\n\n", 400},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
      {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET p HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /#f HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nA: \x01\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
       400},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 400},
      {"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"\x16\x03\x01\x02", 400},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("%s", cases[i].head);
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, cases[i].head);
    peer_say(client, GET); /* what follows it is not looked at */
    RUN_UNTIL(&f, is_over(client));
    const message *m = take(client);
    CHECK_INT(m->status, cases[i].status);
    CHECK(m->whole && has_line(m, "Connection: close"));
    CHECK_INT(untaken(client), 0);
    CHECK(ended_well(client));
    CHECK_INT(f.origin.count, 0);
    CHECK_INT(f.end_count, 0);
    fixture_end(&f);
  }
}

static void a_bad_chunk_in_a_request_is_a_400_and_ends_the_origins_connection(void) {
  static const char *const chunks[] = {"x\r\n",
                                       "4\r\nbodyx\r\n",
                                       "-1\r\n",
                                       "4 \r\nbody\r\n",
                                       "0\r\nBad Field: x\r\n\r\n",
                                       "ffffffffffffffffff\r\n"};
  for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
    CHECK_CASE("%s", chunks[i]);
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, POST_CHUNKED "4\r\ngood\r\n"), *origin = asked(&f, 0);
    RUN_UNTIL(&f, got(origin, "good"));
    peer_say(client, chunks[i]);
    RUN_UNTIL(&f, is_over(client));
    CHECK_INT(take(client)->status, 400);
    CHECK_END(&f, WEIR_END_CLIENT_BAD);
    RUN_UNTIL(&f, is_over(origin));
    CHECK(!take(origin)->whole);
    fixture_end(&f);
  }
}

/* The origin's answer had begun: no second head may follow it. */
static void a_bad_chunk_after_the_answer_began_cuts_it(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, POST_CHUNKED "4\r\ngood\r\n"), *origin = asked(&f, 0);
  peer_say(origin, OK_CHUNKED "2\r\nok\r\n");
  RUN_UNTIL(&f, got(client, "ok"));
  peer_say(client, "x\r\n");
  RUN_UNTIL(&f, is_over(client));
  const message *m = take(client);
  CHECK_STR(m->body, "ok");
  CHECK(!m->whole && !m->bad);
  CHECK_END(&f, WEIR_END_CLIENT_BAD);
  fixture_end(&f);
}

/* ---- where to ---- */

static void routes_go_by_host_and_longest_prefix(void) {
  origin_server other;
  fixture f;
  fixture_open(&f);
  weir_upstream *up = add_origin(&f, &other, NULL);
  CHECK_INT(weir_relay_route(f.relay, NULL, "/v1/", up), 0);
  CHECK_INT(weir_relay_route(f.relay, "b.example", "/", up), 0);
  ask(&f, "GET /v1 HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(got(asked(&f, 0), "GET /v1 "));
  CHECK_INT(other.count, 0);
  ask(&f, "GET /v1/x HTTP/1.1\r\nHost: a\r\n\r\n");
  RUN_UNTIL(&f, other.count == 1);
  ask(&f, "GET / HTTP/1.1\r\nHost: B.example:80\r\n\r\n");
  RUN_UNTIL(&f, other.count == 2);
  ask(&f, "GET http://b.example/ HTTP/1.1\r\nHost: a\r\n\r\n"); /* the target outweighs Host */
  RUN_UNTIL(&f, other.count == 3);
  CHECK_INT(f.origin.count, 1);
  close_relay(&f);
  RUN_UNTIL(&f, f.closed);
  origin_close(&other);
  settle(&f);
  origin_free(&other);
  fixture_end(&f);
}

static void without_a_route_the_answer_is_404(void) {
  fixture f;
  fixture_init(&f);
  f.hooks.on_request = NULL;
  fixture_start(&f);
  weir__routes_free(&f.relay->routes);
  peer *client = ask(&f, GET GET);
  RUN_UNTIL(&f, f.end_count == 2);
  settle(&f);
  CHECK_INT(take(client)->status, 404);
  CHECK_INT(take(client)->status, 404);
  CHECK_STR(weir_end_name(f.ends[0].end), "refused");
  fixture_end(&f);
}

static void connect_is_not_allowed(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n");
  RUN_UNTIL(&f, got_message(client));
  CHECK_INT(take(client)->status, 405);
  CHECK_END(&f, WEIR_END_REFUSED);
  CHECK_INT(f.origin.count, 0);
  fixture_end(&f);
}

static void errors_are_json_when_the_client_wants_it(void) {
  fixture f;
  fixture_open(&f);
  weir__routes_free(&f.relay->routes);
  peer *client = ask(&f, "GET / HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n");
  RUN_UNTIL(&f, got_message(client));
  const message *m = take(client);
  CHECK(has_line(m, "Content-Type: application/json"));
  CHECK_STR(m->body, "{\"error\":{\"code\":404,\"message\":\"no route for this request\"}}\n");
  fixture_end(&f);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(any_method_passes);
  TEST(a_body_may_come_with_any_method);
  TEST(an_absolute_target_names_the_host);
  TEST(options_may_ask_about_the_whole_server);
  TEST(an_http_1_0_request_becomes_1_1);
  TEST(empty_lines_before_a_request_are_forgiven);
  TEST(a_request_arrives_as_it_was_sent_but_for_the_hop);
  TEST(what_an_unknown_client_says_of_its_way_is_not_believed);
  TEST(what_a_trusted_proxy_says_of_the_way_is_kept_and_appended_to);
  TEST(te_trailers_is_asked_anew);
  TEST(an_origin_may_be_told_another_host);
  TEST(a_chunked_request_is_framed_anew);
  TEST(request_trailers_pass);
  TEST(an_echo_goes_to_and_fro_within_one_exchange);
  TEST(an_upload_and_a_download_run_at_once);
  TEST(a_request_may_be_cut_anywhere);
  TEST(a_request_may_come_byte_by_byte);
  TEST(the_origin_decides_about_100_continue);
  TEST(a_client_need_not_wait_for_the_100);
  TEST(a_final_answer_instead_of_the_100_ends_the_connection);
  TEST(an_early_answer_leaves_the_connection_open_if_the_body_ends_soon);
  TEST(an_early_answer_to_a_large_upload_arrives_whole_before_the_close);
  TEST(a_client_that_reads_last_gets_the_early_answer_too);
  TEST(an_upload_that_was_paused_when_the_answer_came_must_end_in_time);
  TEST(an_early_answer_may_be_long_while_the_body_goes_on);
  TEST(an_answer_followed_by_a_close_wins_over_the_failing_upload);
  TEST(a_length_over_the_limit_is_a_413_at_once);
  TEST(chunks_over_the_limit_are_a_413_when_they_come);
  TEST(a_body_just_within_the_limit_passes);
  TEST(a_bad_head_gets_an_answer_and_reaches_nobody);
  TEST(a_bad_chunk_in_a_request_is_a_400_and_ends_the_origins_connection);
  TEST(a_bad_chunk_after_the_answer_began_cuts_it);
  TEST(routes_go_by_host_and_longest_prefix);
  TEST(without_a_route_the_answer_is_404);
  TEST(connect_is_not_allowed);
  TEST(errors_are_json_when_the_client_wants_it);
  return check_end();
}
