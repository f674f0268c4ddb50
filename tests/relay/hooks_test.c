/* What each hook sees, what it may change, and what of that arrives on the other side. */
#include <stdio.h>

#include "support/fixture.h"

enum { KIB = 1024 };

#define OK_TWO "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* ---- the request head ---- */

static int edit_request(weir_exchange *ex, weir_head *head, void *user) {
  (void)ex, (void)user;
  CHECK_STR(weir_head_method(head), "GET");
  CHECK_STR(weir_head_target(head), "/a");
  CHECK_INT(weir_head_set_target(head, "/b?c"), 0);
  CHECK_INT(weir_head_set(head, "x-set", "new"), 0);
  CHECK_INT(weir_head_add(head, "X-Add", "one"), 0);
  CHECK_INT(weir_head_add(head, "X-Add", "two"), 0);
  CHECK_INT(weir_head_remove(head, "x-drop"), 0);
  return 0;
}

static void a_request_head_edited_in_on_request_is_what_the_origin_gets(void) {
  fixture f;
  fixture_init(&f);
  f.hooks.on_request = edit_request;
  f.options.no_forwarding_fields = 1;
  f.options.via = "";
  fixture_start(&f);
  ask(&f, "GET /a HTTP/1.1\r\nHost: a\r\nX-Drop: 1\r\nX-Set: old\r\nX-Drop: 2\r\nX-Keep: 1\r\n"
          "X-Set: older\r\n\r\n");
  const message *m = take(asked(&f, 0));
  CHECK_STR(m->head, "GET /b?c HTTP/1.1\r\nHost: a\r\nX-Set: new\r\nX-Keep: 1\r\nX-Add: one\r\n"
                     "X-Add: two\r\n");
  fixture_end(&f);
}

static int see_forwarded_head(weir_exchange *ex, weir_head *head, void *user) {
  fixture *f = user;
  (void)ex;
  CHECK(!weir_head_get(head, "Connection") && !weir_head_get(head, "X-Hop"));
  CHECK_STR(weir_head_get(head, "Via"), "1.1 weir");
  CHECK_STR(weir_head_get(head, "X-Forwarded-For"), "127.0.0.1");
  CHECK_STR(weir_head_get(head, "x-forwarded-host"), "a");
  f->test = f;
  return 0;
}

static void on_request_sees_the_head_as_the_origin_would_get_it(void) {
  fixture f;
  fixture_init(&f);
  f.hooks.on_request = see_forwarded_head;
  fixture_start(&f);
  ask(&f, "GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n");
  asked(&f, 0);
  CHECK(f.test == &f);
  fixture_end(&f);
}

/* A walk may remove the field it stands on, and what was read before a change stays readable. */
static int strip_while_walking(weir_exchange *ex, weir_head *head, void *user) {
  const char *old = weir_head_get(head, "Host");
  (void)ex, (void)user;
  for (const weir_field *at = NULL; (at = weir_head_next(head, at));)
    if (strncmp(at->name, "X-", 2) == 0) CHECK_INT(weir_head_remove(head, at->name), 0);
  CHECK_INT(weir_head_set(head, "Host", "b:81"), 0);
  CHECK_STR(old, "a");
  return 0;
}

static void a_hook_may_remove_fields_while_it_walks_them(void) {
  fixture f;
  fixture_init(&f);
  f.hooks.on_request = strip_while_walking;
  f.options.via = "";
  fixture_start(&f);
  ask(&f, "GET / HTTP/1.1\r\nX-A: 1\r\nHost: a\r\nX-B: 2\r\nX-A: 3\r\nEnd: 1\r\n\r\n");
  CHECK_STR(take(asked(&f, 0))->head, "GET / HTTP/1.1\r\nHost: b:81\r\nEnd: 1\r\n");
  fixture_end(&f);
}

/* Each of these would write a message that means two things. */
static int forge(weir_exchange *ex, weir_head *head, void *user) {
  (void)ex, (void)user;
  CHECK_INT(weir_head_set(head, "X", "a\r\nX-Smuggled: 1"), WEIR_EFIELD);
  CHECK_INT(weir_head_add(head, "X: y\r\nZ", "1"), WEIR_EFIELD);
  CHECK_INT(weir_head_add(head, "Transfer-Encoding", "chunked"), WEIR_EFIELD);
  CHECK_INT(weir_head_set(head, "Content-Length", "5"), WEIR_EFIELD);
  CHECK_INT(weir_head_remove(head, "Content-Length"), WEIR_EFIELD);
  CHECK_INT(weir_head_add(head, "Host", "b"), WEIR_EFIELD);
  CHECK_INT(weir_head_remove(head, "Host"), WEIR_EFIELD);
  CHECK_INT(weir_head_set_target(head, "/ HTTP/1.1\r\nX: y"), WEIR_ETARGET);
  CHECK_INT(weir_head_set_status(head, 200, NULL), WEIR_ESTATE);
  return 0;
}

static void a_hook_cannot_write_an_ambiguous_message(void) {
  fixture f;
  fixture_init(&f);
  f.hooks.on_request = forge;
  f.options.no_forwarding_fields = 1;
  f.options.via = "";
  fixture_start(&f);
  ask(&f, GET);
  CHECK_STR(take(asked(&f, 0))->head, "GET / HTTP/1.1\r\nHost: a\r\n");
  fixture_end(&f);
}

/* ---- the response head ---- */

static int edit_response(weir_exchange *ex, weir_head *head, void *user) {
  (void)ex, (void)user;
  CHECK_INT(weir_head_status(head), 200);
  CHECK_STR(weir_head_reason(head), "Fine");
  CHECK(!weir_head_method(head) && !weir_head_target(head));
  CHECK_INT(weir_head_set_target(head, "/"), WEIR_ESTATE);
  CHECK_INT(weir_head_set_status(head, 204, NULL), WEIR_EINVAL);
  CHECK_INT(weir_head_set_status(head, 203, NULL), 0);
  CHECK_INT(weir_head_set(head, "Server", "us"), 0);
  CHECK_INT(weir_head_add(head, "Set-Cookie", "b=2"), 0);
  CHECK_INT(weir_head_remove(head, "X-Drop"), 0);
  return 0;
}

static void a_response_head_edited_in_on_response_is_what_the_client_gets(void) {
  fixture f;
  fixture_init(&f);
  f.hooks.on_response = edit_response;
  f.options.via = "";
  fixture_start(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, "HTTP/1.1 200 Fine\r\nServer: x\r\nSet-Cookie: a=1\r\nX-Drop: 1\r\n"
                   "Content-Length: 2\r\n\r\nok");
  RUN_UNTIL(&f, got_message(client));
  const message *m = take(client);
  CHECK_STR(m->head, "HTTP/1.1 203 Non-Authoritative Information\r\nServer: us\r\n"
                     "Set-Cookie: a=1\r\nContent-Length: 2\r\nSet-Cookie: b=2\r\n");
  CHECK_STR(m->body, "ok");
  CHECK_INT(only_end(&f)->stats.status, 203);
  fixture_end(&f);
}

static int see_clean_response(weir_exchange *ex, weir_head *head, void *user) {
  (void)ex, (void)user;
  CHECK(!weir_head_get(head, "Connection") && !weir_head_get(head, "Keep-Alive"));
  CHECK_STR(weir_head_get(head, "X-Accel-Buffering"), "no");
  return weir_head_remove(head, "X-Accel-Buffering");
}

static void on_response_sees_the_head_as_the_client_would_get_it(void) {
  fixture f;
  fixture_init(&f);
  f.hooks.on_response = see_clean_response;
  f.options.via = "";
  fixture_start(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=9\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  RUN_UNTIL(&f, got_message(client));
  CHECK_STR(take(client)->head, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n");
  fixture_end(&f);
}

/* ---- interim responses and trailers ---- */

static int edit_interim(weir_exchange *ex, weir_head *head, void *user) {
  (void)ex, (void)user;
  CHECK_INT(weir_head_status(head), 103);
  CHECK_INT(weir_head_set_status(head, 200, NULL), WEIR_EINVAL);
  return weir_head_set(head, "Link", "</b.css>");
}

static void an_interim_head_edited_in_on_interim_is_what_the_client_gets(void) {
  fixture f;
  fixture_init(&f);
  f.hooks.on_interim = edit_interim;
  f.options.via = "";
  fixture_start(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin,
           "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nKeep-Alive: max=1\r\n\r\n" OK_TWO);
  RUN_UNTIL(&f, got(client, "ok"));
  CHECK_STR(take(client)->head, "HTTP/1.1 103 Early Hints\r\nLink: </b.css>\r\n");
  CHECK_ANSWER(client, 200, "ok");
  fixture_end(&f);
}

static int edit_trailers(weir_exchange *ex, weir_head *head, void *user) {
  (void)ex, (void)user;
  CHECK(!weir_head_get(head, "Set-Cookie"));
  CHECK_INT(weir_head_set(head, "X-Sum", "2"), 0);
  CHECK_INT(weir_head_remove(head, "X-Drop"), 0);
  return weir_head_add(head, "X-Added", "3");
}

static int drop_trailers(weir_exchange *ex, weir_head *head, void *user) {
  (void)ex, (void)user;
  CHECK_INT(weir_head_remove(head, "X-Drop"), 0);
  return weir_head_remove(head, "X-Sum");
}

static void trailers_edited_in_on_trailers_are_what_the_client_gets(void) {
  for (int all = 0; all < 2; all++) {
    fixture f;
    fixture_init(&f);
    f.hooks.on_trailers = all ? drop_trailers : edit_trailers;
    fixture_start(&f);
    peer *client = ask(&f, GET), *origin = asked(&f, 0);
    peer_say(origin, OK_CHUNKED "2\r\nok\r\n0\r\nX-Sum: 1\r\nSet-Cookie: a\r\nX-Drop: 1\r\n\r\n");
    RUN_UNTIL(&f, got_message(client));
    const message *m = take(client);
    CHECK_STR(m->trailers, all ? "" : "X-Sum: 2\r\nX-Added: 3\r\n");
    CHECK_STR(m->body, "ok");
    fixture_end(&f);
  }
}

/* ---- the body ---- */

typedef struct sighted {
  char bytes[300 * KIB];
  size_t len;
} sighted;

static int see_body(weir_exchange *ex, const char *data, size_t len, void *user) {
  fixture *f = user;
  sighted *s = f->test;
  (void)ex;
  CHECK(len > 0);
  if (!CHECK(s->len + len <= sizeof s->bytes)) return -1;
  memcpy(s->bytes + s->len, data, len);
  s->len += len;
  return 0;
}

static void start_seeing(fixture *f, sighted *s) {
  s->len = 0;
  fixture_init(f);
  f->hooks.on_body = see_body;
  f->test = s;
  fixture_start(f);
}

static void on_body_sees_just_the_bytes_of_the_body(void) {
  static const char *const answers[] = {
      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhelloworld", OK_CLOSE "helloworld",
      OK_CHUNKED "5;x=y\r\nhello\r\n4\r\nworl\r\n1\r\nd\r\n0\r\nT: u\r\n\r\n"};
  static sighted s;
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    CHECK_CASE("%s", answers[i]);
    fixture f;
    start_seeing(&f, &s);
    ask(&f, GET);
    peer *origin = asked(&f, 0);
    peer_say(origin, answers[i]);
    peer_close(origin);
    RUN_UNTIL(&f, f.end_count == 1);
    CHECK_MEM(s.bytes, s.len, "helloworld", (size_t)10);
    fixture_end(&f);
  }
}

static void on_body_sees_each_byte_of_a_long_body_once_and_in_order(void) {
  static sighted s;
  fixture f;
  start_seeing(&f, &s);
  peer *client = client_open_narrow(&f);
  peer_say(client, GET);
  peer *origin = asked(&f, 0);
  peer_say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 204800\r\n\r\n");
  peer_pour(origin, 200 * KIB);
  RUN_UNTIL(&f, s.len == 200 * KIB);
  CHECK(is_poured(s.bytes, s.len));
  peer_go(client);
  RUN_UNTIL(&f, f.end_count == 1);
  CHECK_INT(s.len, 200 * KIB);
  fixture_end(&f);
}

static void on_body_is_not_called_where_there_is_no_body(void) {
  static sighted s;
  fixture f;
  start_seeing(&f, &s);
  ask(&f, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  peer_say(asked(&f, 0), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
  RUN_UNTIL(&f, f.end_count == 1);
  CHECK_INT(s.len, 0);
  fixture_end(&f);
}

static void on_body_is_not_called_for_a_tunnel(void) {
  static sighted s;
  fixture f;
  start_seeing(&f, &s);
  peer *client = ask(&f, "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n"
                         "Upgrade: websocket\r\n\r\n");
  peer_say(asked(&f, 0), "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
                         "Upgrade: websocket\r\n\r\nbytes");
  RUN_UNTIL(&f, got(client, "bytes"));
  CHECK_INT(s.len, 0);
  fixture_end(&f);
}

/* ---- their order ---- */

static void note(void *user, const char *what) {
  fixture *f = user;
  strcat(f->test, what);
}

static int note_request(weir_exchange *ex, weir_head *head, void *user) {
  (void)ex, (void)head;
  return note(user, "request "), 0;
}
static int note_interim(weir_exchange *ex, weir_head *head, void *user) {
  (void)ex, (void)head;
  return note(user, "interim "), 0;
}
static int note_response(weir_exchange *ex, weir_head *head, void *user) {
  (void)ex, (void)head;
  return note(user, "response "), 0;
}
static int note_body(weir_exchange *ex, const char *data, size_t len, void *user) {
  (void)ex, (void)data, (void)len;
  return note(user, "body "), 0;
}
static int note_trailers(weir_exchange *ex, weir_head *head, void *user) {
  (void)ex, (void)head;
  return note(user, "trailers "), 0;
}
static void note_end(fixture *f, weir_exchange *ex) {
  (void)ex;
  note(f, "end");
}

static void hooks_run_in_the_order_of_the_message(void) {
  char order[200] = "";
  fixture f;
  fixture_init(&f);
  f.hooks.on_request = note_request, f.hooks.on_interim = note_interim;
  f.hooks.on_response = note_response, f.hooks.on_body = note_body;
  f.hooks.on_trailers = note_trailers, f.at_end = note_end;
  f.test = order;
  fixture_start(&f);
  ask(&f, GET);
  peer_say(asked(&f, 0),
           "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" OK_CHUNKED
           "5\r\nhello\r\n5\r\nworld\r\n0\r\nA: b\r\n\r\n");
  RUN_UNTIL(&f, f.end_count == 1);
  CHECK_STR(order, "request interim interim response body body trailers end");
  fixture_end(&f);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_request_head_edited_in_on_request_is_what_the_origin_gets);
  TEST(on_request_sees_the_head_as_the_origin_would_get_it);
  TEST(a_hook_may_remove_fields_while_it_walks_them);
  TEST(a_hook_cannot_write_an_ambiguous_message);
  TEST(a_response_head_edited_in_on_response_is_what_the_client_gets);
  TEST(on_response_sees_the_head_as_the_client_would_get_it);
  TEST(an_interim_head_edited_in_on_interim_is_what_the_client_gets);
  TEST(trailers_edited_in_on_trailers_are_what_the_client_gets);
  TEST(on_body_sees_just_the_bytes_of_the_body);
  TEST(on_body_sees_each_byte_of_a_long_body_once_and_in_order);
  TEST(on_body_is_not_called_where_there_is_no_body);
  TEST(on_body_is_not_called_for_a_tunnel);
  TEST(hooks_run_in_the_order_of_the_message);
  return check_end();
}
