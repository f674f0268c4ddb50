/* A host parses the head itself, lends the connection for that one request, and gets it back for
 * the next: weir_relay_start(). */
#include <stdio.h>

#include "support/lent.h"

enum { KIB = 1024 };

#define OK_TWO "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define POST_TEN "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"
#define POST_CHUNKED "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

static const uv_handle_type kinds[] = {UV_TCP, UV_NAMED_PIPE};

static void open_lent(fixture *f, lent *l, uv_handle_type kind) {
  fixture_open(f);
  lent_open(l, f, kind);
}

static void end_lent(fixture *f, lent *l) {
  lent_close(l);
  fixture_end(f);
  lent_free(l);
}

static void check_returned(fixture *f, lent *l, bool open) {
  RUN_UNTIL(f, l->returns == 1);
  settle(f);
  CHECK_INT(l->returns, 1);
  CHECK_INT(l->open, open);
  CHECK_INT(f->relay->count.clients, 0);
}

/* The host reads on, from where the relay has stopped. */
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  lent *l = handle->data;
  (void)suggested;
  *buf = uv_buf_init(l->f->loop.scratch, sizeof l->f->loop.scratch);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  lent *l = stream->data;
  uv_read_stop(stream);
  CHECK_MEM(buf->base, (size_t)(n > 0 ? n : 0), "next", (size_t)4);
  l->f->test = n > 0 ? l : NULL;
}

static void check_host_can_read(fixture *f, lent *l) {
  peer_say(l->client, "next");
  settle(f); /* nobody reads it before the host does */
  f->test = NULL;
  CHECK_INT(uv_read_start(&l->handle.stream, on_alloc, on_read), 0);
  RUN_UNTIL(f, f->test == l);
}

/* ---- one request, and the connection back ---- */

static void a_request_is_served_and_the_connection_comes_back_open(void) {
  for (size_t i = 0; i < 2; i++) {
    lent l;
    fixture f;
    open_lent(&f, &l, kinds[i]);
    CHECK_INT(lend_request(&l, "GET /x?y HTTP/1.1\r\nHost: a\r\nX-Odd: 1\r\n\r\n", ""), 0);
    const message *m = take(asked(&f, 0));
    CHECK(strncmp(m->head, "GET /x?y HTTP/1.1\r\n", 19) == 0 && has_line(m, "X-Odd: 1"));
    peer_say(origin_peer(&f.origin, 0), OK_TWO);
    check_returned(&f, &l, true);
    CHECK_ANSWER(l.client, 200, "ok");
    CHECK_STR(l.rest, "");
    CHECK_END(&f, WEIR_END_COMPLETE);
    check_host_can_read(&f, &l);
    end_lent(&f, &l);
  }
}

static void bytes_of_the_next_request_come_back(void) {
  static const struct {
    const char *head, *body, *sent, *rest;
  } cases[] = {{GET, GET, "", GET},
               {GET, "", GET "GET /", GET "GET /"},
               {GET, "G", "ET ", "GET "},
               {POST_TEN, "helloworld" GET, "", GET},
               {POST_TEN, "hello", "world" GET, GET},
               {POST_CHUNKED, "a\r\nhelloworld\r\n0\r\n\r\nPUT", " /", "PUT /"},
               {POST_CHUNKED, "5\r\nhello\r\n5\r\nwo", "rld\r\n0\r\nA: b\r\n\r\n" GET, GET},
               {POST_CHUNKED, "", "a\r\nhelloworld\r\n0\r\n\r\n" GET, GET}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    lent l;
    fixture f;
    CHECK_CASE("%s%s|%s", cases[i].head, cases[i].body, cases[i].sent);
    open_lent(&f, &l, kinds[i % 2]);
    CHECK_INT(lend_request(&l, cases[i].head, cases[i].body), 0);
    peer_say(l.client, cases[i].sent);
    peer *origin = asked(&f, 0);
    RUN_UNTIL(&f, got_message(origin));
    CHECK_STR(take(origin)->body, i < 3 ? "" : "helloworld");
    settle(&f);
    peer_say(origin, OK_TWO);
    check_returned(&f, &l, true);
    CHECK_STR(l.rest, cases[i].rest);
    CHECK_ANSWER(l.client, 200, "ok");
    end_lent(&f, &l);
  }
}

static void a_chunked_body_may_be_read_by_the_host_up_to_any_byte(void) {
  static const char body[] = "5;x=y\r\nhello\r\n05\r\nworld\r\n0\r\nA: b\r\n\r\nGET";
  for (size_t read = 0; read < sizeof body; read++) {
    char start[sizeof body] = "";
    lent l;
    fixture f;
    CHECK_CASE("%zu bytes were read", read);
    open_lent(&f, &l, kinds[read % 2]);
    CHECK_INT(lend_request(&l, POST_CHUNKED, memcpy(start, body, read)), 0);
    peer_say(l.client, body + read);
    peer *origin = asked(&f, 0);
    RUN_UNTIL(&f, got_message(origin));
    const message *m = take(origin);
    CHECK_STR(m->body, "helloworld");
    CHECK_STR(m->trailers, "A: b\r\n");
    settle(&f);
    peer_say(origin, OK_TWO);
    check_returned(&f, &l, true);
    CHECK_STR(l.rest, "GET");
    end_lent(&f, &l);
  }
}

/* ---- several in a row ---- */

static int answer_hello(weir_exchange *ex, weir_head *head, void *user) {
  weir_answer answer = {WEIR_ANSWER_INIT, .status = 200, .body = "hello", .body_len = 5};
  (void)head, (void)user;
  return weir_exchange_answer(ex, &answer);
}

/* The host of each: what came back is the next head and what is behind it. */
static void lend_again(lent *l) {
  size_t head = strlen(GET);
  if (strlen(l->rest) < head) return;
  char rest[4 * KIB];
  snprintf(rest, sizeof rest, "%s", l->rest);
  CHECK_INT(lend_request(l, GET, rest + head), 0);
}

#define TEN_GETS GET GET GET GET GET GET GET GET GET GET

static void one_connection_may_be_lent_again_from_inside_returned(void) {
  for (int local = 0; local < 2; local++) {
    lent l;
    fixture f;
    fixture_init(&f);
    if (local) f.hooks.on_request = answer_hello;
    fixture_start(&f);
    lent_open(&l, &f, UV_TCP);
    l.then = lend_again;
    CHECK_INT(lend_request(&l, GET, TEN_GETS TEN_GETS TEN_GETS "GET"), 0);
    for (size_t n = 1; n <= 31 && !local; n++) {
      peer *origin = asked(&f, 0);
      forget(origin);
      peer_say(origin, OK_TWO);
      RUN_UNTIL(&f, l.returns == n);
    }
    RUN_UNTIL(&f, l.returns == 31);
    settle(&f);
    CHECK_INT(f.end_count, 31);
    CHECK_STR(l.rest, "GET");
    for (int n = 0; n < 31; n++) CHECK_ANSWER(l.client, 200, local ? "hello" : "ok");
    end_lent(&f, &l);
  }
}

static void after_a_start_the_connection_may_be_handed_over_for_good(void) {
  lent l;
  fixture f;
  open_lent(&f, &l, UV_TCP);
  CHECK_INT(lend_request(&l, GET, ""), 0);
  peer *origin = asked(&f, 0);
  forget(origin);
  peer_say(origin, OK_TWO);
  check_returned(&f, &l, true);
  CHECK_INT(lend(&l, GET, strlen(GET)), 0);
  asked(&f, 0);
  peer_say(origin, OK_TWO);
  RUN_UNTIL(&f, f.end_count == 2);
  settle(&f);
  CHECK_ANSWER(l.client, 200, "ok");
  CHECK_ANSWER(l.client, 200, "ok");
  peer_close(l.client);
  RUN_UNTIL(&f, l.returns == 2);
  CHECK(!l.open);
  end_lent(&f, &l);
}

/* ---- local answers ---- */

static void an_answer_inside_start_comes_back_only_later(void) {
  for (size_t i = 0; i < 2; i++) {
    lent l;
    fixture f;
    fixture_init(&f);
    f.hooks.on_request = answer_hello;
    fixture_start(&f);
    lent_open(&l, &f, kinds[i]);
    CHECK_INT(lend_request(&l, GET, GET), 0);
    CHECK_INT(f.end_count, 1);
    CHECK_INT(l.returns, 0);
    check_returned(&f, &l, true);
    CHECK_STR(l.rest, GET);
    CHECK_ANSWER(l.client, 200, "hello");
    end_lent(&f, &l);
  }
}

static void stop_loop(lent *l) { uv_stop(&l->f->loop.uv); }

/* Nobody writes, nobody reads, no timer is due: the way back must not wait for one of them. */
static void it_comes_back_though_nothing_else_happens(void) {
  for (int alone = 0; alone < 2; alone++) {
    CHECK_CASE("%s", alone ? "with nothing else alive" : "with a listener");
    lent l;
    fixture f;
    fixture_init(&f);
    f.hooks.on_request = answer_hello;
    fixture_start(&f);
    lent_open(&l, &f, UV_NAMED_PIPE);
    peer_stop(l.client);
    origin_stop(&f.origin);
    settle(&f);
    if (alone) lent_only(&f);
    l.then = stop_loop;
    CHECK_INT(lend_request(&l, GET, ""), 0);
    loop_wind(&f.loop);
    uv_run(&f.loop.uv, UV_RUN_DEFAULT);
    CHECK_INT(l.returns, 1);
    CHECK(!f.loop.late);
    end_lent(&f, &l);
  }
}

static void the_rest_of_an_answered_request_does_not_come_back(void) {
  lent l;
  fixture f;
  fixture_init(&f);
  f.hooks.on_request = answer_hello;
  fixture_start(&f);
  lent_open(&l, &f, UV_TCP);
  CHECK_INT(lend_request(&l, POST_TEN, "hello"), 0);
  RUN_UNTIL(&f, got_message(l.client));
  settle(&f);
  CHECK_INT(l.returns, 0);
  peer_say(l.client, "world" GET);
  check_returned(&f, &l, true);
  CHECK_STR(l.rest, GET);
  end_lent(&f, &l);
}

/* ---- when it cannot go on ---- */

static void origin_breaks_off(fixture *f, lent *l) {
  peer_say(asked(f, 0), OK_CHUNKED);
  peer_close(asked(f, 0));
  RUN_UNTIL(f, is_over(l->client));
  peer_close(l->client);
}
static void client_leaves(fixture *f, lent *l) {
  asked(f, 0);
  peer_close(l->client);
}
static void client_resets(fixture *f, lent *l) {
  asked(f, 0);
  peer_reset(l->client);
}
static void host_aborts(fixture *f, lent *l) {
  weir_exchange_abort(last_exchange(f));
  peer_fin(l->client);
}
static void client_wants_no_more(fixture *f, lent *l) {
  peer_say(asked(f, 0), OK_TWO);
  RUN_UNTIL(f, is_over(l->client));
  peer_close(l->client);
}
static void relay_drains(fixture *f, lent *l) {
  asked(f, 0);
  weir_relay_drain(f->relay, 5000, NULL, NULL);
  peer_say(origin_peer(&f->origin, 0), OK_TWO);
  RUN_UNTIL(f, is_over(l->client));
  CHECK(has_line(take(l->client), "Connection: close"));
  peer_close(l->client);
}

static void it_comes_back_closed_when_no_request_may_follow(void) {
  static const struct {
    const char *head;
    void (*end)(fixture *f, lent *l);
  } cases[] = {{GET, origin_breaks_off},
               {GET, client_leaves},
               {GET, client_resets},
               {GET, host_aborts},
               {GET, relay_drains},
               {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", client_wants_no_more},
               {"GET / HTTP/1.0\r\nHost: a\r\n\r\n", client_wants_no_more}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("case %zu", i);
    lent l;
    fixture f;
    open_lent(&f, &l, kinds[i % 2]);
    CHECK_INT(lend_request(&l, cases[i].head, ""), 0);
    cases[i].end(&f, &l);
    check_returned(&f, &l, false);
    CHECK_INT(f.end_count, 1);
    end_lent(&f, &l);
  }
}

static void it_comes_back_open_after_an_error_answer(void) {
  lent l;
  fixture f;
  fixture_init(&f);
  fixture_start(&f);
  origin_stop(&f.origin); /* not before: the relay might be given its port */
  lent_open(&l, &f, UV_TCP);
  CHECK_INT(lend_request(&l, GET, ""), 0);
  check_returned(&f, &l, true);
  CHECK_INT(take(l.client)->status, 502);
  CHECK_END(&f, WEIR_END_UNREACHABLE);
  check_host_can_read(&f, &l);
  end_lent(&f, &l);
}

static void an_http_1_0_connection_that_is_kept_alive_comes_back_open(void) {
  lent l;
  fixture f;
  open_lent(&f, &l, UV_TCP);
  CHECK_INT(lend_request(&l, "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", ""), 0);
  peer_say(asked(&f, 0), OK_TWO);
  check_returned(&f, &l, true);
  CHECK(has_line(take(l.client), "Connection: keep-alive"));
  end_lent(&f, &l);
}

static void an_upgraded_connection_comes_back_closed(void) {
  lent l;
  fixture f;
  open_lent(&f, &l, UV_TCP);
  CHECK_INT(lend_request(&l,
                         "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n"
                         "Upgrade: websocket\r\n\r\n",
                         "early"),
            0);
  peer *origin = asked(&f, 0);
  settle(&f);
  CHECK(!got(origin, "early"));
  peer_say(origin, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
                   "Upgrade: websocket\r\n\r\nbytes");
  RUN_UNTIL(&f, got(l.client, "bytes") && got(origin, "early"));
  peer_fin(l.client), peer_fin(origin);
  check_returned(&f, &l, false);
  CHECK_END(&f, WEIR_END_COMPLETE);
  end_lent(&f, &l);
}

/* The response is whole, but the client has not taken it: the host must not write behind it. */
static void an_abort_behind_the_last_byte_of_the_origin_brings_it_back_closed(void) {
  lent l;
  fixture f;
  open_lent(&f, &l, UV_NAMED_PIPE);
  peer_stop(l.client);
  CHECK_INT(lend_request(&l, GET, ""), 0);
  peer *origin = asked(&f, 0);
  peer_say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 409600\r\n\r\n");
  peer_pour(origin, 400 * KIB);
  RUN_UNTIL(&f, last_exchange(&f)->phase == WEIR__PHASE_LEAVING);
  weir_exchange_abort(last_exchange(&f));
  CHECK_END(&f, WEIR_END_CUT);
  peer_close(l.client);
  check_returned(&f, &l, false);
  end_lent(&f, &l);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_request_is_served_and_the_connection_comes_back_open);
  TEST(bytes_of_the_next_request_come_back);
  TEST(a_chunked_body_may_be_read_by_the_host_up_to_any_byte);
  TEST(one_connection_may_be_lent_again_from_inside_returned);
  TEST(after_a_start_the_connection_may_be_handed_over_for_good);
  TEST(an_answer_inside_start_comes_back_only_later);
  TEST(it_comes_back_though_nothing_else_happens);
  TEST(the_rest_of_an_answered_request_does_not_come_back);
  TEST(it_comes_back_closed_when_no_request_may_follow);
  TEST(it_comes_back_open_after_an_error_answer);
  TEST(an_http_1_0_connection_that_is_kept_alive_comes_back_open);
  TEST(an_upgraded_connection_comes_back_closed);
  TEST(an_abort_behind_the_last_byte_of_the_origin_brings_it_back_closed);
  return check_end();
}
