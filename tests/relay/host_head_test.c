/* The head that a host describes to weir_relay_start(), and what it may say about that request
 * alone. */
#include <stdio.h>

#include "support/lent.h"

#define OK_TWO "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
/* clang-format off */
#define HOST {"Host", "a"}
/* clang-format on */

static void open_lent(fixture *f, lent *l) {
  fixture_open(f);
  lent_open(l, f, UV_TCP);
}

static void end_lent(fixture *f, lent *l) {
  lent_close(l);
  fixture_end(f);
  lent_free(l);
}

static void never(uv_stream_t *stream, const weir_returned *returned, void *user) {
  (void)stream, (void)returned, (void)user;
  CHECK(!"nothing was lent");
}

/* ---- what cannot be written as HTTP ---- */

#define FIELD(name, value) .fields = (const weir_field[]){HOST, {name, value}}, .field_count = 2
#define HEAD(the_method, the_target) \
  WEIR_REQUEST_INIT, .method = the_method, .target = the_target, .http_minor = 1

static const struct {
  weir_request request;
  int code;
} bad[] = {
    {{HEAD(NULL, "/")}, WEIR_EINVAL},
    {{HEAD("", "/")}, WEIR_EINVAL},
    {{HEAD("GET /x", "/")}, WEIR_EINVAL},
    {{HEAD("GET\r\nX:", "/")}, WEIR_EINVAL},
    {{WEIR_REQUEST_INIT, .method = "GET", .target = "/", .http_minor = 2}, WEIR_EINVAL},
    {{WEIR_REQUEST_INIT, .method = "GET", .target = "/", .http_minor = -1}, WEIR_EINVAL},
    {{HEAD("GET", NULL)}, WEIR_ETARGET},
    {{HEAD("GET", "")}, WEIR_ETARGET},
    {{HEAD("GET", "/a b")}, WEIR_ETARGET},
    {{HEAD("GET", "/ HTTP/1.1\r\nX: y")}, WEIR_ETARGET},
    {{HEAD("GET", "/\x7f")}, WEIR_ETARGET},
    {{HEAD("GET", "/\xc3\xa4")}, WEIR_ETARGET},
    {{HEAD("GET", "/"), FIELD("", "x")}, WEIR_EFIELD},
    {{HEAD("GET", "/"), FIELD("A b", "x")}, WEIR_EFIELD},
    {{HEAD("GET", "/"), FIELD("A:", "x")}, WEIR_EFIELD},
    {{HEAD("GET", "/"), FIELD("A", "x\r\nB: y")}, WEIR_EFIELD},
    {{HEAD("GET", "/"), FIELD("A", "x\n")}, WEIR_EFIELD},
    {{HEAD("GET", "/"), FIELD("A\r\n", "x")}, WEIR_EFIELD},
    {{.size = sizeof(size_t) - 1}, WEIR_EINVAL},
};

static void a_head_that_cannot_be_written_is_refused_and_nothing_is_lent(void) {
  lent l;
  fixture f;
  open_lent(&f, &l);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    CHECK_CASE("case %zu", i);
    CHECK_INT(weir_relay_start(f.relay, &l.handle.stream, &bad[i].request, NULL, NULL, never, NULL),
              bad[i].code);
    CHECK(l.handle.any.data == &l);
  }
  settle(&f);
  CHECK_INT(f.relay->count.exchanges_total, 0);
  CHECK_INT(f.relay->count.clients_total, 0);
  CHECK(!is_over(l.client) && l.client->got_len == 0);
  CHECK_INT(lend_request(&l, GET, ""), 0); /* the stream is as it was */
  asked(&f, 0);
  end_lent(&f, &l);
}

static void check_no_start(fixture *f, uv_stream_t *stream, weir_return_fn returned, int code) {
  static const weir_field host = HOST;
  weir_request r = {HEAD("GET", "/"), .fields = &host, .field_count = 1};
  CHECK_INT(weir_relay_start(f->relay, stream, &r, NULL, NULL, returned, NULL), code);
}

static void what_is_no_open_stream_of_the_loop_cannot_be_lent(void) {
  lent l;
  uv_timer_t timer;
  uv_pipe_t unopened;
  fixture f;
  open_lent(&f, &l);
  uv_timer_init(&f.loop.uv, &timer);
  uv_pipe_init(&f.loop.uv, &unopened, 0);
  check_no_start(&f, (uv_stream_t *)(void *)&timer, never, WEIR_EINVAL);
  check_no_start(&f, (uv_stream_t *)(void *)&unopened, never, WEIR_EINVAL);
  check_no_start(&f, NULL, never, WEIR_EINVAL);
  check_no_start(&f, &l.handle.stream, NULL, WEIR_EINVAL);
  weir_relay_drain(f.relay, WEIR_OFF, NULL, NULL);
  check_no_start(&f, &l.handle.stream, never, WEIR_ESTATE);
  CHECK(l.handle.any.data == &l);
  uv_close((uv_handle_t *)&timer, NULL), uv_close((uv_handle_t *)&unopened, NULL);
  settle(&f);
  end_lent(&f, &l);
}

/* A struct of a newer program may say more, but nothing that would be lost. */
static void a_larger_request_struct_must_not_say_what_nobody_understands(void) {
  struct {
    weir_request known;
    size_t unknown;
  } r = {{HEAD("GET", "/")}, 0};
  lent l;
  fixture f;
  open_lent(&f, &l);
  static const weir_field host = HOST;
  r.known.size = sizeof r, r.known.fields = &host, r.known.field_count = 1;
  r.unknown = 1;
  CHECK_INT(weir_relay_start(f.relay, &l.handle.stream, &r.known, NULL, NULL, never, NULL),
            WEIR_EINVAL);
  end_lent(&f, &l);
}

/* ---- what weir judges as if it had read it ---- */

static void a_head_that_is_wrong_is_answered_and_the_connection_comes_back_closed(void) {
  static const struct {
    const char *head;
    int status;
  } cases[] = {
      {"GET / HTTP/1.1\r\nX: y\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       400},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    lent l;
    fixture f;
    CHECK_CASE("%s", cases[i].head);
    open_lent(&f, &l);
    CHECK_INT(lend_request(&l, cases[i].head, ""), 0);
    RUN_UNTIL(&f, is_over(l.client));
    CHECK_INT(take(l.client)->status, cases[i].status);
    CHECK_INT(f.origin.count, 0);
    peer_close(l.client);
    RUN_UNTIL(&f, l.returns == 1);
    CHECK(!l.open);
    end_lent(&f, &l);
  }
}

static void a_head_over_the_limits_is_answered_likewise(void) {
  static char target[20 * 1024];
  weir_field host = HOST;
  lent l;
  fixture f;
  open_lent(&f, &l);
  memset(target, 'x', sizeof target - 1), target[0] = '/';
  char head[sizeof target + 100];
  snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, host.value);
  CHECK_INT(lend_request(&l, head, ""), 0);
  RUN_UNTIL(&f, is_over(l.client));
  CHECK_INT(take(l.client)->status, 414);
  end_lent(&f, &l);
}

static void any_method_passes_and_a_field_may_be_empty(void) {
  lent l;
  fixture f;
  open_lent(&f, &l);
  CHECK_INT(lend_request(&l, "M-SEARCH /x?%20 HTTP/1.1\r\nHost: a\r\nEmpty: \r\n\r\n", ""), 0);
  const message *m = take(asked(&f, 0));
  CHECK(strncmp(m->head, "M-SEARCH /x?%20 HTTP/1.1\r\n", 26) == 0);
  CHECK(has_line(m, "Empty: "));
  end_lent(&f, &l);
}

/* ---- for this request alone ---- */

typedef struct seen {
  fixture *f;
  unsigned requests, ends;
  enum weir_end end;
} seen;

static int own_request(weir_exchange *ex, weir_head *head, void *user) {
  seen *s = user;
  (void)ex;
  s->requests++;
  return weir_head_set(head, "X-Own", "1");
}

static void own_end(weir_exchange *ex, enum weir_end end, const weir_stats *stats, void *user) {
  seen *s = user;
  (void)ex;
  CHECK_INT(stats->status, 200);
  s->ends++;
  s->end = end;
}

static int relays_request(weir_exchange *ex, weir_head *head, void *user) {
  (void)ex, (void)user;
  return weir_head_set(head, "X-Relay", "1");
}

static int lend_with_hooks(lent *l, seen *s) {
  weir_hooks hooks = {WEIR_HOOKS_INIT, .on_request = own_request, .on_end = own_end, .user = s};
  int rc = lend_request_to(l, GET, "", NULL, &hooks);
  memset(&hooks, 0x5a, sizeof hooks); /* they were copied */
  return rc;
}

static void hooks_of_a_start_replace_those_of_the_relay_once(void) {
  seen s = {0};
  lent l;
  fixture f;
  fixture_init(&f);
  f.hooks.on_request = relays_request;
  fixture_start(&f);
  lent_open(&l, &f, UV_TCP);
  CHECK_INT(lend_with_hooks(&l, &s), 0);
  peer *origin = asked(&f, 0);
  const message *m = take(origin);
  CHECK(has_line(m, "X-Own: 1") && !has_line(m, "X-Relay: 1"));
  peer_say(origin, OK_TWO);
  RUN_UNTIL(&f, l.returns == 1);
  CHECK_INT(s.requests, 1), CHECK_INT(s.ends, 1), CHECK_INT(s.end, WEIR_END_COMPLETE);
  CHECK_INT(f.end_count, 0);
  CHECK_INT(lend_request(&l, GET, ""), 0);
  CHECK(has_line(take(asked(&f, 0)), "X-Relay: 1"));
  peer_say(origin, OK_TWO);
  RUN_UNTIL(&f, f.end_count == 1);
  CHECK_INT(s.ends, 1);
  f.end_count++; /* the fixture counts on its own on_end */
  end_lent(&f, &l);
}

static void hooks_struct_of_a_wrong_size_is_refused(void) {
  weir_hooks hooks = {.size = 1};
  lent l;
  fixture f;
  open_lent(&f, &l);
  CHECK_INT(lend_request_to(&l, GET, "", NULL, &hooks), WEIR_EINVAL);
  CHECK(l.handle.any.data == &l);
  settle(&f);
  CHECK_INT(f.relay->count.clients, 0);
  end_lent(&f, &l);
}

static void the_upstream_of_a_start_outweighs_the_routes(void) {
  origin_server second;
  lent l;
  fixture f;
  open_lent(&f, &l);
  weir_upstream *other = add_origin(&f, &second, "second");
  CHECK_INT(lend_request_to(&l, GET, "", other, NULL), 0);
  RUN_UNTIL(&f, origin_peer(&second, 0) && got(origin_peer(&second, 0), "\r\n\r\n"));
  CHECK(has_line(take(origin_peer(&second, 0)), "Host: second"));
  peer_say(origin_peer(&second, 0), OK_TWO);
  RUN_UNTIL(&f, l.returns == 1);
  CHECK_INT(f.origin.count, 0);
  CHECK(l.open);
  origin_close(&second);
  end_lent(&f, &l);
  origin_free(&second);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_head_that_cannot_be_written_is_refused_and_nothing_is_lent);
  TEST(what_is_no_open_stream_of_the_loop_cannot_be_lent);
  TEST(a_larger_request_struct_must_not_say_what_nobody_understands);
  TEST(a_head_that_is_wrong_is_answered_and_the_connection_comes_back_closed);
  TEST(a_head_over_the_limits_is_answered_likewise);
  TEST(any_method_passes_and_a_field_may_be_empty);
  TEST(hooks_of_a_start_replace_those_of_the_relay_once);
  TEST(hooks_struct_of_a_wrong_size_is_refused);
  TEST(the_upstream_of_a_start_outweighs_the_routes);
  return check_end();
}
