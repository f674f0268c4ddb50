/* How a response ended is never laundered: contract 5, over the truth table of weir/exchange.h. */
#include "support/fixture.h"
#include "weir/err.h"

enum { KIB = 1024 };

#define LENGTH_20 "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n"
#define GET_10 "GET / HTTP/1.0\r\nHost: a\r\n\r\n"

/* How an origin breaks off. Over plain TCP the last is the first. */
typedef struct breach {
  const char *name;
  void (*act)(peer *p);
  enum weir_end end;
} breach;

static const breach breaches[] = {{"FIN", peer_close, WEIR_END_TRUNCATED},
                                  {"RST", peer_reset, WEIR_END_RESET},
                                  {"FIN without close_notify", peer_die, WEIR_END_TRUNCATED}};

static size_t breach_count(void) { return origin_is_secure() ? 3 : 2; }

#define EACH_BREACH(b) \
  const breach *b = breaches; \
  b < breaches + breach_count(); \
  b++

/* The relay looks by the clock for what the client has confirmed. */
static void pass_until_over(fixture *f, const peer *client) {
  for (int i = 0; i < 100 && !is_over(client); i++) {
    pass(f, 10);
    settle(f);
  }
  RUN_UNTIL(f, is_over(client));
}

/* ---- before there is a head ---- */

static void origin_gone_before_its_head_is_complete_is_a_502(void) {
  static const char *const starts[] = {"", "H", "HTTP/1.1 200 OK",
                                       "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
                                       "HTTP/1.1 103 Early Hints\r\n\r\n"};
  for (EACH_BREACH(b)) {
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
      CHECK_CASE("%s after \"%s\"", b->name, starts[i]);
      fixture f;
      fixture_open(&f);
      peer *client = ask(&f, GET), *origin = asked(&f, 0);
      peer_say(origin, starts[i]);
      settle(&f);
      b->act(origin);
      RUN_UNTIL(&f, f.end_count == 1);
      CHECK_END(&f, b->end);
      CHECK_INT(only_end(&f)->stats.status, 502);
      RUN_UNTIL(&f, got(client, "HTTP/1.1 502 Bad Gateway\r\n") && got(client, "\n\r\n5"));
      CHECK_INT(f.origin.count, 1); /* nobody asked twice */
      fixture_end(&f);
    }
  }
}

/* ---- inside the body ---- */

typedef struct cut_case {
  const char *head, *body; /* of the origin, as far as it gets */
  const char *arrives;     /* of the body */
} cut_case;

static const cut_case cuts[] = {
    {LENGTH_20, "", ""},
    {LENGTH_20, "0123456789", "0123456789"},
    {LENGTH_20, "0123456789012345678", "0123456789012345678"},
    {OK_CHUNKED, "", ""},
    {OK_CHUNKED, "5", ""},
    {OK_CHUNKED, "5\r\n", ""},
    {OK_CHUNKED, "5\r\nhel", "hel"},
    {OK_CHUNKED, "5\r\nhello", "hello"},
    {OK_CHUNKED, "5\r\nhello\r", "hello"},
    {OK_CHUNKED, "5\r\nhello\r\n", "hello"},
    {OK_CHUNKED, "5\r\nhello\r\n0", "hello"},
    {OK_CHUNKED, "5\r\nhello\r\n0\r\n", "hello"},
    {OK_CHUNKED, "5\r\nhello\r\n0\r\nA: b\r\n", "hello"},
};

enum { CUTS = sizeof cuts / sizeof *cuts };

static void check_cut(fixture *f, peer *client, const cut_case *c, enum weir_end end) {
  RUN_UNTIL(f, is_over(client));
  CHECK_END(f, end);
  const message *m = take(client);
  CHECK_INT(m->status, 200);
  CHECK_STR(m->body, c->arrives);
  CHECK(!m->whole);
  CHECK(!m->bad);
}

static void a_body_cut_short_arrives_as_far_as_it_came_and_is_cut_short(void) {
  for (EACH_BREACH(b)) {
    for (const cut_case *c = cuts; c < cuts + CUTS; c++) {
      CHECK_CASE("%s after %s%s", b->name, c->head, c->body);
      fixture f;
      fixture_open(&f);
      peer *client = ask(&f, GET), *origin = asked(&f, 0);
      peer_say(origin, c->head);
      peer_say(origin, c->body);
      settle(&f);
      b->act(origin);
      check_cut(&f, client, c, b->end);
      CHECK(client->fin); /* what frames itself needs no reset to be seen broken */
      fixture_end(&f);
    }
  }
}

/* Bytes and end come so close together that one turn of the loop reads both. */
static void bytes_that_came_with_the_fin_arrive(void) {
  for (size_t i = 0; i < CUTS; i++) {
    CHECK_CASE("%s%s", cuts[i].head, cuts[i].body);
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, GET), *origin = asked(&f, 0);
    peer_say(origin, cuts[i].head);
    peer_say(origin, cuts[i].body);
    peer_close(origin);
    check_cut(&f, client, &cuts[i], WEIR_END_TRUNCATED);
    fixture_end(&f);
  }
}

/* An HTTP/1.0 client knows no chunks: the end of what was chunked is the end of the connection, so
 * only a reset can tell that it is none. */
static void a_1_0_client_sees_a_reset_where_the_close_would_have_been_the_end(void) {
  for (EACH_BREACH(b)) {
    for (const cut_case *c = cuts; c < cuts + CUTS; c++) {
      bool sized = strcmp(c->head, LENGTH_20) == 0;
      CHECK_CASE("%s after %s%s", b->name, c->head, c->body);
      fixture f;
      fixture_open(&f);
      peer *client = ask(&f, GET_10), *origin = asked(&f, 0);
      peer_say(origin, c->head);
      peer_say(origin, c->body);
      settle(&f);
      b->act(origin);
      RUN_UNTIL(&f, f.end_count == 1);
      pass_until_over(&f, client);
      check_cut(&f, client, c, b->end);
      CHECK_INT(client->error, sized ? 0 : UV_ECONNRESET);
      if (!sized) CHECK(!client->closed_well);
      fixture_end(&f);
    }
  }
}

/* ---- delimited by close ---- */

static void a_fin_is_the_end_of_a_body_that_nothing_else_marks(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, OK_CLOSE "hello");
  peer_close(origin);
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 200, "hello");
  CHECK_END(&f, WEIR_END_UNMARKED);
  CHECK(!is_over(client));
  fixture_end(&f);
}

static void a_1_0_client_gets_that_fin(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET_10), *origin = asked(&f, 0);
  peer_say(origin, OK_CLOSE "hello");
  peer_close(origin);
  RUN_UNTIL(&f, is_over(client));
  CHECK(ended_well(client));
  CHECK_STR(take(client)->body, "hello");
  CHECK_END(&f, WEIR_END_UNMARKED);
  fixture_end(&f);
}

/* Anybody on the way can send a FIN; only the origin can say close_notify (RFC 8446, 6.1). */
static void over_tls_a_fin_without_close_notify_is_no_end_of_such_a_body(void) {
  ONLY_SECURE_ORIGIN("over plain TCP it is one");
  for (int minor = 0; minor < 2; minor++) {
    CHECK_CASE("HTTP/1.%d", minor);
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, minor ? GET : GET_10), *origin = asked(&f, 0);
    peer_say(origin, OK_CLOSE "hello");
    RUN_UNTIL(&f, got(client, "hello"));
    peer_die(origin);
    RUN_UNTIL(&f, f.end_count == 1);
    pass_until_over(&f, client);
    CHECK_END(&f, WEIR_END_TRUNCATED);
    CHECK_INT(only_end(&f)->stats.error, WEIR_ETLS_TRUNCATED);
    CHECK_INT(client->error, minor ? 0 : UV_ECONNRESET);
    CHECK_STR(take(client)->body, "hello");
    CHECK(!got_message(client));
    fixture_end(&f);
  }
}

static void unless_the_host_says_that_its_origin_is_an_old_one(void) {
  ONLY_SECURE_ORIGIN("over plain TCP it is always so");
  fixture f;
  fixture_init(&f);
  weir_tls *tls = way_origin_tls_with(
      &(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .ignore_missing_close_notify = 1});
  f.origin_options.tls = tls;
  fixture_start(&f);
  weir_tls_free(tls);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, OK_CLOSE "hello");
  peer_die(origin);
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 200, "hello");
  CHECK_END(&f, WEIR_END_UNMARKED);
  fixture_end(&f);
}

static void a_reset_is_not_the_end_of_a_body_delimited_by_close(void) {
  for (int minor = 0; minor < 2; minor++) {
    CHECK_CASE("HTTP/1.%d", minor);
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, minor ? GET : GET_10), *origin = asked(&f, 0);
    peer_say(origin, OK_CLOSE "hello");
    RUN_UNTIL(&f, got(client, "hello"));
    peer_reset(origin);
    RUN_UNTIL(&f, is_over(client));
    CHECK_END(&f, WEIR_END_RESET);
    CHECK_INT(client->error, minor ? 0 : UV_ECONNRESET);
    CHECK_STR(take(client)->body, "hello");
    CHECK(!got_message(client));
    fixture_end(&f);
  }
}

/* Bytes and reset come so close together that one turn of the loop meets both. libuv itself calls
 * that an EOF (uv__stream_io: POLLHUP behind a partial read). */
static void a_reset_that_came_with_the_last_bytes_is_still_none(void) {
  static const char *const requests[] = {GET_10, GET};
  for (size_t i = 0; i < 4; i++) {
    CHECK_CASE("%s, %s", i % 2 ? "HTTP/1.1" : "HTTP/1.0", i / 2 ? "head and body" : "body");
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, requests[i % 2]), *origin = asked(&f, 0);
    peer_say(origin, OK_CLOSE);
    if (i / 2) RUN_UNTIL(&f, got(client, "\r\n\r\n"));
    peer_say(origin, "hello");
    peer_reset(origin);
    RUN_UNTIL(&f, f.end_count == 1);
    CHECK_END(&f, WEIR_END_RESET);
    pass_until_over(&f, client);
    CHECK_INT(client->error, i % 2 ? 0 : UV_ECONNRESET);
    CHECK_STR(take(client)->body, "hello");
    CHECK(!got(client, "\r\n0\r\n\r\n"));
    fixture_end(&f);
  }
}

static void what_is_whole_is_whole_though_a_reset_came_with_it(void) {
  static const char *const answers[] = {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
                                        OK_CHUNKED "5\r\nhello\r\n0\r\n\r\n"};
  for (size_t i = 0; i < 2; i++) {
    CHECK_CASE("%s", answers[i]);
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, GET), *origin = asked(&f, 0);
    peer_say(origin, answers[i]);
    peer_reset(origin);
    RUN_UNTIL(&f, f.end_count == 1);
    RUN_UNTIL(&f, got_message(client));
    CHECK_ANSWER(client, 200, "hello");
    CHECK_END(&f, WEIR_END_COMPLETE);
    fixture_end(&f);
  }
}

/* The system tells of a reset once: if a write of the upload is what it told, the next read sees an
 * end that looks like a FIN. */
static void a_reset_that_a_write_met_first_is_no_end_either(void) {
  for (int i = 0; i < 2; i++) {
    CHECK_CASE("%s", i ? "both met in one turn" : "the origin was paused");
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 104857600\r\n\r\n");
    peer *origin = asked(&f, 0);
    peer_say(origin, OK_CLOSE "hello");
    RUN_UNTIL(&f, got(client, "hello"));
    if (i == 0) {
      peer_stop(client), peer_stop(origin);
      peer_pour(client, 50 * KIB * KIB), peer_pour(origin, 50 * KIB * KIB);
      RUN_UNTIL(&f, last_exchange(&f)->client_paused && last_exchange(&f)->origin_paused);
      settle(&f);
    } else {
      peer_say(client, "more");
    }
    peer_reset(origin);
    settle(&f);
    peer_go(client);
    RUN_UNTIL(&f, f.end_count == 1);
    CHECK_END(&f, WEIR_END_RESET);
    RUN_UNTIL(&f, is_over(client));
    CHECK(!take(client)->whole);
    fixture_end(&f);
  }
}

/* ---- not HTTP ---- */

static void an_answer_that_is_no_http_is_a_502(void) {
  static const char *const answers[] = {
      "hello\r\n\r\n",
      "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
      "HTTP/2.0 200 OK\r\n\r\n",
      "HTTP/1.1 2000 OK\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
      "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA: \x01\r\n\r\n",
      "HTTP/1.1 099 Odd\r\n\r\n",
      "HTTP/1.1 600 Odd\r\n\r\n",
  };
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    CHECK_CASE("%s", answers[i]);
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, GET), *origin = asked(&f, 0);
    peer_say(origin, answers[i]);
    RUN_UNTIL(&f, got_message(client));
    CHECK_INT(take(client)->status, 502);
    CHECK_END(&f, WEIR_END_MALFORMED);
    RUN_UNTIL(&f, is_over(origin));
    fixture_end(&f);
  }
}

static void a_bad_chunk_cuts_behind_the_good_ones(void) {
  static const char *const chunks[] = {"x\r\n", "5 \r\nworld\r\n", "-5\r\nworld\r\n",
                                       "5\nworld\r\n", "10000000000000000\r\n"};
  for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
    CHECK_CASE("%s", chunks[i]);
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, GET), *origin = asked(&f, 0);
    peer_say(origin, OK_CHUNKED "5\r\nhello\r\n");
    peer_say(origin, chunks[i]);
    RUN_UNTIL(&f, is_over(client));
    CHECK_END(&f, WEIR_END_MALFORMED);
    const message *m = take(client);
    CHECK_STR(m->body, "hello");
    CHECK(!m->whole);
    RUN_UNTIL(&f, is_over(origin));
    fixture_end(&f);
  }
}

static void a_piece_too_much_is_not_passed_on(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, world");
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 200, "hello");
  CHECK_INT(untaken(client), 0);
  RUN_UNTIL(&f, is_over(origin));
  CHECK_INT(f.relay->count.idle_origins, 0);
  fixture_end(&f);
}

/* ---- a slow client ---- */

/* What waits in the relay when the origin breaks off still arrives before the client is cut. */
static void a_slow_client_gets_every_good_byte_before_the_cut(void) {
  for (size_t i = 0; i < 2 * breach_count(); i++) {
    const breach *b = &breaches[i / 2];
    bool close_delimited = i % 2;
    CHECK_CASE("%s, %s", b->name, close_delimited ? "close" : "length");
    fixture f;
    fixture_open(&f);
    peer *client = client_open_narrow(&f);
    peer_say(client, close_delimited ? GET_10 : GET);
    peer *origin = asked(&f, 0);
    peer_say(origin, close_delimited ? OK_CHUNKED "fffff\r\n"
                                     : "HTTP/1.1 200 OK\r\nContent-Length: 1048575\r\n\r\n");
    peer_pour(origin, 200 * KIB);
    RUN_UNTIL(&f, last_exchange(&f)->stats.response_bytes == 200 * KIB);
    b->act(origin);
    RUN_UNTIL(&f, f.end_count == 1);
    peer_go(client);
    RUN_UNTIL(&f, client->got_len >= 200 * KIB);
    pass_until_over(&f, client);
    CHECK_INT(client->error, close_delimited ? UV_ECONNRESET : 0);
    const message *m = take(client);
    CHECK_INT(m->body_len, 200 * KIB);
    CHECK(is_poured(m->body, m->body_len));
    fixture_end(&f);
  }
}

/* A reset throws away what the system still holds: it may not come before that has arrived. */
static void a_reset_does_not_overtake_bytes_in_the_socket(void) {
  fixture f;
  fixture_open(&f);
  peer *client = client_new(&f);
  peer_set_narrow(client);
  peer_connect(client, f.port);
  peer_say(client, GET_10);
  peer *origin = asked(&f, 0);
  peer_stop(client);
  peer_say(origin, OK_CHUNKED "fffff\r\n");
  peer_pour(origin, 60 * KIB);
  RUN_UNTIL(&f, last_exchange(&f)->stats.response_bytes == 60 * KIB);
  CHECK_INT(weir__downstream_pending(last_down(&f)), 0);
  peer_close(origin);
  RUN_UNTIL(&f, f.end_count == 1);
  for (int i = 0; i < 10; i++) pass(&f, 10), settle(&f);
  peer_go(client);
  pass_until_over(&f, client);
  CHECK_INT(client->error, UV_ECONNRESET);
  CHECK_INT(take(client)->body_len, 60 * KIB);
  fixture_end(&f);
}

/* The end of an exchange whose last 200 KiB wait for a client that does not read. */
static peer *cut_in_front_of_a_stopped_client(fixture *f) {
  peer *client = client_open_narrow(f);
  peer_say(client, GET);
  peer *origin = asked(f, 0);
  peer_say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 1048575\r\n\r\n");
  peer_pour(origin, 200 * KIB);
  RUN_UNTIL(f, last_exchange(f)->stats.response_bytes == 200 * KIB);
  peer_close(origin);
  RUN_UNTIL(f, f->end_count == 1);
  settle(f);
  return client;
}

static void a_client_that_takes_a_little_now_and_then_is_waited_for_after_the_cut(void) {
  fixture f;
  fixture_open(&f);
  peer *client = cut_in_front_of_a_stopped_client(&f);
  for (size_t got_len = 0; got_len < 120 * KIB; got_len = client->got_len) {
    pass(&f, 50000);
    settle(&f);
    peer_go(client);
    RUN_UNTIL(&f, client->got_len > got_len + 20 * KIB);
    peer_stop(client);
    settle(&f);
  }
  peer_go(client);
  RUN_UNTIL(&f, is_over(client));
  CHECK_INT(take(client)->body_len, 200 * KIB);
  fixture_end(&f);
}

static void a_client_that_takes_nothing_after_the_cut_is_dropped_in_time(void) {
  fixture f;
  fixture_open(&f);
  cut_in_front_of_a_stopped_client(&f);
  pass(&f, 59000);
  settle(&f);
  CHECK_INT(f.relay->count.clients, 1);
  pass(&f, 61000); /* the first look finds what was taken before it stopped */
  RUN_UNTIL(&f, f.relay->count.clients == 0);
  fixture_end(&f);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(origin_gone_before_its_head_is_complete_is_a_502);
  TEST(a_body_cut_short_arrives_as_far_as_it_came_and_is_cut_short);
  TEST(bytes_that_came_with_the_fin_arrive);
  TEST(a_1_0_client_sees_a_reset_where_the_close_would_have_been_the_end);
  TEST(a_fin_is_the_end_of_a_body_that_nothing_else_marks);
  TEST(a_1_0_client_gets_that_fin);
  TEST(over_tls_a_fin_without_close_notify_is_no_end_of_such_a_body);
  TEST(unless_the_host_says_that_its_origin_is_an_old_one);
  TEST(a_reset_is_not_the_end_of_a_body_delimited_by_close);
  TEST(a_reset_that_came_with_the_last_bytes_is_still_none);
  TEST(what_is_whole_is_whole_though_a_reset_came_with_it);
  TEST(a_reset_that_a_write_met_first_is_no_end_either);
  TEST(an_answer_that_is_no_http_is_a_502);
  TEST(a_bad_chunk_cuts_behind_the_good_ones);
  TEST(a_piece_too_much_is_not_passed_on);
  TEST(a_slow_client_gets_every_good_byte_before_the_cut);
  TEST(a_reset_does_not_overtake_bytes_in_the_socket);
  TEST(a_client_that_takes_a_little_now_and_then_is_waited_for_after_the_cut);
  TEST(a_client_that_takes_nothing_after_the_cut_is_dropped_in_time);
  return check_end();
}
