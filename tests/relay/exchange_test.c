/* What an exchange tells its host, and when the host may tell it something. */
#include <arpa/inet.h>
#include <stdio.h>
#include <unistd.h>

#include "support/fixture.h"

#define OK_TWO "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define POST_CHUNKED "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

/* ---- who, what, whence ---- */

/* What on_request learned; the strings are read once more in on_end. */
typedef struct learned {
  const char *address, *scheme, *method, *target, *host;
  int port, local_port;
  uint64_t ids[4];
  size_t count;
} learned;

static int learn(weir_exchange *ex, weir_head *head, void *user) {
  fixture *f = user;
  learned *l = f->test;
  l->address = weir_exchange_client_address(ex), l->scheme = weir_exchange_scheme(ex);
  l->method = weir_exchange_method(ex), l->target = weir_exchange_target(ex);
  l->host = weir_exchange_host(ex);
  l->port = weir_exchange_client_port(ex), l->local_port = weir_exchange_local_port(ex);
  l->ids[l->count++ % 4] = weir_exchange_id(ex);
  CHECK(weir_exchange_data(ex) == NULL);
  weir_exchange_set_data(ex, l);
  return weir_head_set_target(head, "/changed");
}

static void learn_again(fixture *f, weir_exchange *ex) {
  learned *l = f->test;
  CHECK_STR(weir_exchange_client_address(ex), l->address);
  CHECK_STR(weir_exchange_scheme(ex), l->scheme);
  CHECK_INT(weir_exchange_client_port(ex), l->port);
  CHECK_INT(weir_exchange_local_port(ex), l->local_port);
  CHECK_INT(weir_exchange_id(ex), l->ids[(l->count - 1) % 4]);
  CHECK(weir_exchange_data(ex) == l);
  CHECK(!weir_exchange_method(ex) && !weir_exchange_target(ex) && !weir_exchange_host(ex));
}

static void start_learning(fixture *f, learned *l) {
  fixture_init(f);
  f->hooks.on_request = learn;
  f->at_end = learn_again;
  f->test = l;
  fixture_start(f);
}

static int port_of(const peer *p) {
  struct sockaddr_in at;
  int size = sizeof at;
  CHECK_INT(uv_tcp_getsockname(&p->handle.tcp, (struct sockaddr *)&at, &size), 0);
  return ntohs(at.sin_port);
}

static void an_exchange_knows_its_client_and_its_request(void) {
  learned l = {0};
  fixture f;
  start_learning(&f, &l);
  peer *client = ask(&f, "GET http://b.example:81/x?y HTTP/1.1\r\nHost: b.example:81\r\n\r\n");
  peer *origin = asked(&f, 0);
  CHECK_STR(l.address, "127.0.0.1");
  CHECK_STR(l.scheme, client_is_secure() ? "https" : "http");
  CHECK_INT(l.port, port_of(client));
  CHECK_INT(l.local_port, f.port);
  CHECK(strncmp(take(origin)->head, "GET /changed HTTP/1.1\r\n", 23) == 0);
  peer_say(origin, OK_TWO);
  RUN_UNTIL(&f, f.end_count == 1);
  fixture_end(&f);
}

static int check_request(weir_exchange *ex, weir_head *head, void *user) {
  fixture *f = user;
  CHECK_INT(weir_head_set_target(head, "/changed"), 0);
  CHECK_INT(weir_head_set(head, "Host", "changed"), 0);
  CHECK_STR(weir_exchange_method(ex), "PUT");
  CHECK_STR(weir_exchange_target(ex), "/x?y");
  CHECK_STR(weir_exchange_host(ex), "B:81");
  f->test = f;
  return 403;
}

static void a_change_in_on_request_does_not_change_what_was_asked(void) {
  fixture f;
  fixture_init(&f);
  f.hooks.on_request = check_request;
  fixture_start(&f);
  ask(&f, "PUT /x?y HTTP/1.1\r\nHost: B:81\r\n\r\n");
  RUN_UNTIL(&f, f.end_count == 1);
  CHECK(f.test == &f);
  fixture_end(&f);
}

static void a_client_of_a_unix_socket_has_no_port(void) {
  char path[64], address[70];
  learned l = {0};
  fixture f;
  start_learning(&f, &l);
  snprintf(path, sizeof path, "/tmp/weir-exchange-test-%d", (int)getpid());
  snprintf(address, sizeof address, "unix:%s", path);
  CHECK_INT(weir_relay_listen(f.relay, address, NULL, NULL), 0);
  peer *client = peer_new(&f.loop, &f.clients, UV_NAMED_PIPE, "pipe", 0);
  peer_connect_path(client, path);
  RUN_UNTIL(&f, client->connected);
  peer_say(client, GET);
  asked(&f, 0);
  CHECK_STR(l.address, "unix");
  CHECK_INT(l.port, 0);
  CHECK_INT(l.local_port, 0);
  fixture_end(&f);
}

static void each_exchange_has_an_id_of_its_own(void) {
  learned l = {0};
  fixture f;
  start_learning(&f, &l);
  f.at_end = NULL;
  ask(&f, GET), asked(&f, 0);
  peer *client = ask(&f, GET);
  for (int i = 1; i < 3; i++) {
    forget(asked(&f, 1));
    peer_say(origin_peer(&f.origin, 1), OK_TWO);
    RUN_UNTIL(&f, got_message(client));
    CHECK_ANSWER(client, 200, "ok");
    peer_say(client, GET);
  }
  RUN_UNTIL(&f, l.count == 4);
  for (size_t i = 0; i < 4; i++)
    for (size_t j = 0; j < i; j++) CHECK(l.ids[i] != l.ids[j]);
  fixture_end(&f);
}

/* ---- not in this hook ---- */

static const weir_answer no = {WEIR_ANSWER_INIT, .status = 200};

static void check_too_late(fixture *f, weir_exchange *ex) {
  CHECK_INT(weir_exchange_set_upstream(ex, f->upstream), WEIR_ESTATE);
  CHECK_INT(weir_exchange_allow_connect(ex), WEIR_ESTATE);
  CHECK_INT(weir_exchange_answer(ex, &no), WEIR_ESTATE);
}

static int in_time(weir_exchange *ex, weir_head *head, void *user) {
  fixture *f = user;
  (void)head;
  CHECK_INT(weir_exchange_set_upstream(ex, f->upstream), 0);
  CHECK_INT(weir_exchange_allow_connect(ex), 0);
  return 0;
}

static int too_late_in_response(weir_exchange *ex, weir_head *head, void *user) {
  fixture *f = user;
  (void)head;
  CHECK_INT(weir_exchange_set_upstream(ex, f->upstream), WEIR_ESTATE);
  CHECK_INT(weir_exchange_allow_connect(ex), WEIR_ESTATE);
  return 0;
}

static int too_late_in_head(weir_exchange *ex, weir_head *head, void *user) {
  (void)head;
  return check_too_late(user, ex), 0;
}

static int too_late_in_body(weir_exchange *ex, const char *data, size_t len, void *user) {
  (void)data, (void)len;
  return check_too_late(user, ex), 0;
}

static int too_late_in_timeout(weir_exchange *ex, enum weir_timer timer, void *user) {
  (void)timer;
  return check_too_late(user, ex), WEIR_TIMEOUT_EXTEND;
}

static void what_belongs_to_a_hook_is_refused_everywhere_else(void) {
  fixture f;
  fixture_init(&f);
  f.hooks.on_request = in_time, f.hooks.on_interim = too_late_in_head;
  f.hooks.on_response = too_late_in_response, f.hooks.on_body = too_late_in_body;
  f.hooks.on_trailers = too_late_in_head, f.hooks.on_timeout = too_late_in_timeout;
  f.at_end = check_too_late;
  fixture_start(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  check_too_late(&f, last_exchange(&f));
  peer_say(origin, "HTTP/1.1 103 Early Hints\r\n\r\n" OK_CHUNKED "5\r\nhello\r\n");
  RUN_UNTIL(&f, got(client, "hello"));
  check_too_late(&f, last_exchange(&f));
  pass(&f, 300000);
  peer_say(origin, "0\r\nA: b\r\n\r\n");
  RUN_UNTIL(&f, f.end_count == 1);
  CHECK_END(&f, WEIR_END_COMPLETE);
  fixture_end(&f);
}

/* ---- stats ---- */

/* The clock jumps only when told, but a few milliseconds of the machine's own time pass as well. */
#define CHECK_ABOUT(got, want) CHECK((got) >= (want) && (got) < (want) + 1000)

static void say_after(fixture *f, peer *p, uint64_t ms, const char *text) {
  pass(f, ms);
  peer_say(p, text);
  settle(f);
}

static void stats_tell_what_happened_and_when(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, POST_CHUNKED), *origin = asked(&f, 0);
  settle(&f);
  say_after(&f, client, 10000, "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nA: b\r\n\r\n");
  say_after(&f, origin, 10000, "HTTP/1.1 103 Early Hints\r\n\r\n");
  say_after(&f, origin, 10000, "HTTP/1.1 203 Fine\r\nTransfer-Encoding: chunked\r\n\r\n");
  say_after(&f, origin, 10000, "5\r\nhello\r\n1\r\n,\r\n");
  say_after(&f, origin, 50000, "2\r\nwo\r\n");
  say_after(&f, origin, 20000, "3\r\nrld\r\n");
  say_after(&f, origin, 60000, "0\r\nA: b\r\n\r\n");
  RUN_UNTIL(&f, f.end_count == 1);
  const weir_stats *s = &only_end(&f)->stats;
  CHECK_INT(s->size, sizeof *s);
  CHECK_INT(s->error, 0);
  CHECK_INT(s->status, 203);
  CHECK_INT(s->request_bytes, 7);
  CHECK_INT(s->response_bytes, 11);
  CHECK_INT(s->chunks, 3);
  CHECK_ABOUT(s->first_byte_ms, 40000);
  CHECK_ABOUT(s->longest_gap_ms, 50000);
  CHECK_ABOUT(s->duration_ms, 170000);
  CHECK_INT(s->retries, 0);
  CHECK_INT(s->reused, 0);
  fixture_end(&f);
}

/* So that a host can subtract the one from the other. */
static void started_ms_is_a_moment_of_the_loops_clock(void) {
  fixture f;
  fixture_open(&f);
  uint64_t before = uv_now(&f.loop.uv);
  ask(&f, GET);
  peer_say(asked(&f, 0), OK_TWO);
  RUN_UNTIL(&f, f.end_count == 1);
  CHECK(f.ends[0].stats.started_ms >= before);
  CHECK(f.ends[0].stats.started_ms <= uv_now(&f.loop.uv));
  CHECK(f.ends[0].stats.duration_ms <= uv_now(&f.loop.uv) - before);
  fixture_end(&f);
}

static void check_head_is_gone(fixture *f, weir_exchange *ex) {
  (void)f;
  CHECK(!weir_exchange_method(ex)); /* once there was an answer, no retry can need it */
}

static void reused_tells_that_the_connection_had_served_before(void) {
  fixture f;
  fixture_init(&f);
  f.at_end = check_head_is_gone;
  fixture_start(&f);
  peer *client = ask(&f, GET);
  for (size_t i = 0; i < 3; i++) {
    forget(asked(&f, 0));
    peer_say(origin_peer(&f.origin, 0), OK_TWO);
    RUN_UNTIL(&f, f.end_count == i + 1);
    CHECK_INT(f.ends[i].stats.reused, i > 0);
    CHECK_INT(f.ends[i].stats.retries, 0);
    peer_say(client, GET);
  }
  fixture_end(&f);
}

/* The connection that failed had served before, the one that answered had not. */
static void retries_counts_the_second_connection(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  forget(origin);
  peer_say(origin, OK_TWO);
  RUN_UNTIL(&f, f.end_count == 1);
  peer_say(client, GET);
  peer_reset(asked(&f, 0));
  peer_say(asked(&f, 1), OK_TWO);
  RUN_UNTIL(&f, f.end_count == 2);
  CHECK_INT(f.ends[1].end, WEIR_END_COMPLETE);
  CHECK_INT(f.ends[1].stats.retries, 1);
  CHECK_INT(f.ends[1].stats.reused, 0);
  fixture_end(&f);
}

static void the_error_behind_an_end_is_told(void) {
  static const struct {
    const char *answer;
    bool reset;
    enum weir_end end;
    int error, status;
  } cases[] = {{"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", 0, WEIR_END_MALFORMED, WEIR_EMESSAGE, 502},
               {"HTTP/1.1 2", 0, WEIR_END_TRUNCATED, WEIR_ETRUNCATED, 502},
               {"HTTP/1.1 2", 1, WEIR_END_RESET, UV_ECONNRESET, 502},
               {OK_CHUNKED, 0, WEIR_END_TRUNCATED, WEIR_ETRUNCATED, 200},
               {OK_CHUNKED, 1, WEIR_END_RESET, UV_ECONNRESET, 200}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("%s, %s", cases[i].answer, cases[i].reset ? "RST" : "FIN");
    fixture f;
    fixture_open(&f);
    ask(&f, GET);
    peer *origin = asked(&f, 0);
    peer_say(origin, cases[i].answer);
    settle(&f);
    if (cases[i].reset)
      peer_reset(origin);
    else
      peer_close(origin);
    RUN_UNTIL(&f, f.end_count == 1);
    CHECK_END(&f, cases[i].end);
    CHECK_INT(f.ends[0].stats.error, cases[i].error);
    CHECK_INT(f.ends[0].stats.status, cases[i].status);
    fixture_end(&f);
  }
}

/* ---- counters ---- */

static weir_counters counters(const fixture *f) {
  weir_counters c = {.size = sizeof c};
  weir_relay_counters(f->relay, &c);
  return c;
}

static void counters_tell_what_goes_on_and_what_went_on(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  weir_counters c = counters(&f);
  CHECK_INT(c.clients, 1), CHECK_INT(c.exchanges, 1), CHECK_INT(c.idle_origins, 0);
  CHECK_INT(c.origins_total, 1), CHECK_INT(c.ends[WEIR_END_COMPLETE], 0);
  peer_say(origin, OK_TWO);
  RUN_UNTIL(&f, f.end_count == 1);
  c = counters(&f);
  CHECK_INT(c.clients, 1), CHECK_INT(c.exchanges, 0), CHECK_INT(c.idle_origins, 1);
  CHECK_INT(c.ends[WEIR_END_COMPLETE], 1), CHECK_INT(c.exchanges_total, 1);
  peer_say(client, GET);
  settle(&f);
  peer_close(client);
  RUN_UNTIL(&f, counters(&f).clients == 0);
  c = counters(&f);
  CHECK_INT(c.exchanges_total, 2), CHECK_INT(c.clients_total, 1), CHECK_INT(c.origins_total, 1);
  CHECK_INT(c.ends[WEIR_END_CLIENT_GONE], 1), CHECK_INT(c.idle_origins, 0);
  fixture_end(&f);
}

/* A program that knows fewer counters gets no byte more than it has room for. */
static void counters_keep_to_the_size_they_are_given(void) {
  weir_counters c;
  fixture f;
  fixture_open(&f);
  memset(&c, 0x5a, sizeof c);
  c.size = offsetof(weir_counters, idle_origins);
  weir_relay_counters(f.relay, &c);
  CHECK_INT(c.size, offsetof(weir_counters, idle_origins));
  CHECK_INT(c.clients, 0);
  CHECK_INT(c.idle_origins, 0x5a5a5a5a5a5a5a5a);
  fixture_end(&f);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(an_exchange_knows_its_client_and_its_request);
  TEST(a_change_in_on_request_does_not_change_what_was_asked);
  TEST(a_client_of_a_unix_socket_has_no_port);
  TEST(each_exchange_has_an_id_of_its_own);
  TEST(what_belongs_to_a_hook_is_refused_everywhere_else);
  TEST(stats_tell_what_happened_and_when);
  TEST(started_ms_is_a_moment_of_the_loops_clock);
  TEST(reused_tells_that_the_connection_had_served_before);
  TEST(retries_counts_the_second_connection);
  TEST(the_error_behind_an_end_is_told);
  TEST(counters_tell_what_goes_on_and_what_went_on);
  TEST(counters_keep_to_the_size_they_are_given);
  return check_end();
}
