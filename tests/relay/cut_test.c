/* The host ends an exchange, or the whole relay, from inside each hook and from outside: no
 * function on the stack may stumble over it, and on_end comes exactly once. Contract 8. */
#include <stdio.h>

#include "support/fixture.h"

enum { KIB = 1024, MIB = 1024 * KIB };

#define LEN_BIG "HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n"
#define HINT "HTTP/1.1 103 Early Hints\r\n\r\n"
#define STREAM OK_CHUNKED "5\r\nhello\r\n3\r\n wo\r\n"
#define POST_CHUNKED "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

/* ---- inside each hook ---- */

enum hook { REQUEST, INTERIM, RESPONSE, BODY, TRAILERS, TIMEOUT, END, HOOKS };
static const char *const hook_names[] = {"on_request",  "on_interim", "on_response", "on_body",
                                         "on_trailers", "on_timeout", "on_end"};

typedef struct deed {
  enum hook hook;
  void (*act)(fixture *f, weir_exchange *ex);
  unsigned acts;
} deed;

static int passed(void *user, weir_exchange *ex, enum hook hook) {
  fixture *f = user;
  deed *d = f->test;
  CHECK_INT(f->end_count, hook == END); /* no hook runs behind on_end */
  if (hook != d->hook) return 0;
  d->acts++;
  d->act(f, ex);
  return 0;
}

static int on_request(weir_exchange *ex, weir_head *head, void *user) {
  (void)head;
  return passed(user, ex, REQUEST);
}
static int on_interim(weir_exchange *ex, weir_head *head, void *user) {
  (void)head;
  return passed(user, ex, INTERIM);
}
static int on_response(weir_exchange *ex, weir_head *head, void *user) {
  (void)head;
  return passed(user, ex, RESPONSE);
}
static int on_body(weir_exchange *ex, const char *data, size_t len, void *user) {
  (void)data, (void)len;
  return passed(user, ex, BODY);
}
static int on_trailers(weir_exchange *ex, weir_head *head, void *user) {
  (void)head;
  return passed(user, ex, TRAILERS);
}
static int on_timeout(weir_exchange *ex, enum weir_timer timer, void *user) {
  (void)timer;
  passed(user, ex, TIMEOUT);
  return WEIR_TIMEOUT_EXTEND;
}
static void at_end(fixture *f, weir_exchange *ex) { passed(f, ex, END); }

static void start_hooked(fixture *f, deed *d) {
  fixture_init(f);
  f->hooks.on_request = on_request, f->hooks.on_interim = on_interim;
  f->hooks.on_response = on_response, f->hooks.on_body = on_body;
  f->hooks.on_trailers = on_trailers, f->hooks.on_timeout = on_timeout;
  f->at_end = at_end;
  f->test = d;
  fixture_start(f);
}

/* All that one exchange can meet, in one read or in several. Goes on until the deed is done. */
static peer *meet_all_hooks(fixture *f, deed *d, bool at_once) {
  peer *client = ask(f, GET), *origin;
  if (d->hook == REQUEST) return client;
  origin = asked(f, 0);
  if (at_once) peer_say(origin, HINT STREAM "0\r\nA: b\r\n\r\n");
  if (!at_once) peer_say(origin, HINT);
  if (!at_once && d->hook != INTERIM) settle(f), peer_say(origin, STREAM);
  if (!at_once && d->hook > BODY) settle(f), pass(f, 300000);
  if (!at_once && d->hook > BODY && d->hook != TIMEOUT) peer_say(origin, "0\r\nA: b\r\n\r\n");
  return client;
}

static void act_in_each_hook(void (*act)(fixture *f, weir_exchange *ex), enum weir_end want) {
  for (int i = 0; i < 2 * HOOKS; i++) {
    deed d = {.hook = (enum hook)(i / 2), .act = act};
    if (d.hook == TIMEOUT && i % 2) continue; /* one read leaves no time */
    CHECK_CASE("%s, %s", hook_names[d.hook], i % 2 ? "in one read" : "in several reads");
    fixture f;
    start_hooked(&f, &d);
    peer *client = meet_all_hooks(&f, &d, i % 2);
    RUN_UNTIL(&f, f.end_count == 1);
    CHECK_INT(d.acts, 1);
    if (d.hook != END || want == WEIR_END_DRAINED) RUN_UNTIL(&f, is_over(client));
    if (d.hook > REQUEST && d.hook != END) RUN_UNTIL(&f, is_over(origin_peer(&f.origin, 0)));
    CHECK_END(&f, d.hook == END ? WEIR_END_COMPLETE : want);
    fixture_end(&f);
  }
}

static void abort_it(fixture *f, weir_exchange *ex) {
  size_t before = f->end_count;
  weir_exchange_abort(ex);
  CHECK_INT(f->end_count, before == 1 ? 1 : before + 1); /* on_end came before it returned */
  weir_exchange_abort(ex);
}

static void an_exchange_may_be_aborted_inside_every_hook(void) {
  act_in_each_hook(abort_it, WEIR_END_CUT);
}

static void close_it(fixture *f, weir_exchange *ex) {
  (void)ex;
  close_relay(f);
  CHECK_INT(f->end_count, 1);
}

static void the_relay_may_be_closed_inside_every_hook(void) {
  act_in_each_hook(close_it, WEIR_END_DRAINED);
}

static void abort_and_close(fixture *f, weir_exchange *ex) {
  weir_exchange_abort(ex);
  close_relay(f);
}

static void both_may_happen_inside_every_hook(void) {
  act_in_each_hook(abort_and_close, WEIR_END_CUT);
}

static void on_drained(weir_relay *relay, void *user) {
  fixture *f = user;
  CHECK(relay == f->relay);
  f->test = NULL;
}

static void drain_at_once(fixture *f, weir_exchange *ex) {
  (void)ex;
  weir_relay_drain(f->relay, 0, on_drained, f);
}

static void the_relay_may_be_drained_inside_every_hook(void) {
  for (int hook = REQUEST; hook < HOOKS; hook++) {
    CHECK_CASE("%s", hook_names[hook]);
    deed d = {.hook = (enum hook)hook, .act = drain_at_once};
    fixture f;
    start_hooked(&f, &d);
    meet_all_hooks(&f, &d, false);
    while (f.test && !f.loop.late) loop_turn(&f.loop), pass(&f, 100);
    CHECK(!f.test);
    CHECK_END(&f, hook == END || hook == TRAILERS ? WEIR_END_COMPLETE : WEIR_END_DRAINED);
    f.test = &d;
    fixture_end(&f);
  }
}

/* ---- what the client sees of it ---- */

static void an_abort_before_the_head_is_a_close_without_a_byte(void) {
  for (int minor = 0; minor < 2; minor++) {
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, minor ? GET : "GET / HTTP/1.0\r\n\r\n");
    asked(&f, 0);
    weir_exchange_abort(last_exchange(&f));
    RUN_UNTIL(&f, is_over(client));
    CHECK(client->fin && client->got_len == 0);
    CHECK_INT(only_end(&f)->stats.error, WEIR_ECANCELED);
    CHECK_INT(only_end(&f)->stats.status, 0);
    fixture_end(&f);
  }
}

static void an_abort_mid_body_is_no_end_of_that_body(void) {
  static const char *const heads[] = {LEN_BIG, OK_CHUNKED "5\r\n", OK_CLOSE};
  for (int i = 0; i < 6; i++) {
    bool old = i % 2;
    CHECK_CASE("%s for HTTP/1.%d", heads[i / 2], !old);
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, old ? "GET / HTTP/1.0\r\nHost: a\r\n\r\n" : GET), *origin = asked(&f, 0);
    peer_say(origin, heads[i / 2]);
    peer_say(origin, "hello");
    RUN_UNTIL(&f, got(client, "hello"));
    weir_exchange_abort(last_exchange(&f));
    while (!is_over(client) && !f.loop.late) pass(&f, 10), loop_turn(&f.loop);
    const message *m = take(client);
    CHECK(!m->whole);
    CHECK_STR(m->body, "hello");
    CHECK_INT(client->error, old && !m->sized ? UV_ECONNRESET : 0);
    CHECK_END(&f, WEIR_END_CUT);
    fixture_end(&f);
  }
}

/* ---- from outside, in each phase ---- */

typedef peer *(*phase)(fixture *f);

static peer *waiting(fixture *f) {
  peer *client = ask(f, GET);
  asked(f, 0);
  return client;
}

static peer *streaming(fixture *f) {
  peer *client = waiting(f);
  peer_say(origin_peer(&f->origin, 0), OK_CHUNKED "5\r\nhello\r\n");
  RUN_UNTIL(f, got(client, "hello"));
  return client;
}

static peer *paused(fixture *f) {
  peer *client = client_open_narrow(f);
  peer_say(client, GET);
  peer_say(asked(f, 0), LEN_BIG);
  peer_pour(origin_peer(&f->origin, 0), 50 * MIB);
  RUN_UNTIL(f, last_exchange(f)->origin_paused);
  return client;
}

static peer *uploading(fixture *f) {
  peer *client = ask(f, POST_CHUNKED "4\r\nhalf\r\n");
  RUN_UNTIL(f, got(asked(f, 0), "half"));
  return client;
}

static peer *upload_paused(fixture *f) {
  peer *client = ask(f, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 104857600\r\n\r\n");
  peer_stop(asked(f, 0));
  peer_pour(client, 50 * MIB);
  RUN_UNTIL(f, last_exchange(f)->client_paused);
  return client;
}

static peer *tunnelling(fixture *f) {
  peer *client = ask(f, "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n"
                        "Upgrade: websocket\r\n\r\n");
  peer_say(asked(f, 0), "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
                        "Upgrade: websocket\r\n\r\nbytes");
  RUN_UNTIL(f, got(client, "bytes"));
  return client;
}

static const struct {
  const char *name;
  phase enter;
} phases[] = {{"waiting for the head", waiting},
              {"streaming", streaming},
              {"paused", paused},
              {"uploading", uploading},
              {"upload paused", upload_paused},
              {"in a tunnel", tunnelling}};

enum { PHASES = sizeof phases / sizeof *phases };

static void an_exchange_may_be_aborted_from_outside_in_every_phase(void) {
  for (size_t i = 0; i < PHASES; i++) {
    CHECK_CASE("%s", phases[i].name);
    fixture f;
    fixture_open(&f);
    peer *client = phases[i].enter(&f), *origin = origin_peer(&f.origin, 0);
    weir_exchange_abort(last_exchange(&f));
    CHECK_END(&f, WEIR_END_CUT);
    if (phases[i].enter == paused) peer_go(client);
    if (phases[i].enter == upload_paused) peer_go(origin);
    while (!is_over(client) && !client->send_error && !f.loop.late)
      pass(&f, 10), loop_turn(&f.loop);
    RUN_UNTIL(&f, is_over(origin) || origin->send_error);
    CHECK(!f.loop.late);
    CHECK_INT(f.relay->count.exchanges, 0);
    fixture_end(&f);
  }
}

static void an_exchange_may_be_aborted_while_it_connects(void) {
  char url[URL_ROOM];
  black_hole hole;
  fixture f;
  black_hole_open(&hole);
  fixture_init(&f);
  print_url(url, "127.0.0.1", hole.port);
  f.origin_options.url = url;
  fixture_start(&f);
  peer *client = ask(&f, GET);
  RUN_UNTIL(&f, last_down(&f) && last_exchange(&f));
  weir_exchange_abort(last_exchange(&f));
  CHECK_END(&f, WEIR_END_CUT);
  RUN_UNTIL(&f, is_over(client));
  fixture_end(&f);
  black_hole_close(&hole);
}

/* The response is whole, only the client is slow: a cut must not look like its end either. */
static void an_abort_behind_the_last_byte_of_the_origin_still_cuts(void) {
  fixture f;
  fixture_open(&f);
  peer *client = client_open_narrow(&f);
  peer_say(client, GET GET);
  peer *origin = asked(&f, 0);
  peer_say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 204800\r\n\r\n");
  peer_pour(origin, 200 * KIB);
  RUN_UNTIL(&f, last_exchange(&f)->phase == WEIR__PHASE_LEAVING);
  weir_exchange_abort(last_exchange(&f));
  CHECK_END(&f, WEIR_END_CUT);
  forget(origin);
  peer_go(client);
  RUN_UNTIL(&f, is_over(client)); /* and the request behind it is not begun */
  CHECK(!take(client)->whole);
  CHECK_INT(untaken(origin), 0);
  CHECK_INT(f.end_count, 1);
  fixture_end(&f);
}

/* ---- one exchange from another one's hook ---- */

static int abort_other(weir_exchange *ex, const char *data, size_t len, void *user) {
  fixture *f = user;
  weir_exchange *other = f->test;
  (void)data, (void)len;
  if (ex == other) return 0;
  weir_exchange_abort(other);
  return 0;
}

static void a_hook_may_abort_another_exchange(void) {
  fixture f;
  fixture_init(&f);
  f.hooks.on_body = abort_other;
  fixture_start(&f);
  peer *victim = ask(&f, GET);
  peer_say(asked(&f, 0), OK_CHUNKED "6\r\nvictim\r\n");
  f.test = last_exchange(&f);
  RUN_UNTIL(&f, got(victim, "victim"));
  peer *client = ask(&f, GET);
  peer_say(asked(&f, 1), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  RUN_UNTIL(&f, f.end_count == 2);
  settle(&f);
  CHECK_ANSWER(client, 200, "ok");
  CHECK_INT(f.ends[0].end, WEIR_END_CUT);
  CHECK_INT(f.ends[1].end, WEIR_END_COMPLETE);
  CHECK(!got_message(victim) && is_over(victim));
  fixture_end(&f);
}

static int close_on_body(weir_exchange *ex, const char *data, size_t len, void *user) {
  (void)ex, (void)data, (void)len;
  close_relay(user);
  return 0;
}

static void closing_in_a_hook_ends_every_exchange_once(void) {
  enum { MANY = 20 };
  fixture f;
  fixture_init(&f);
  f.hooks.on_body = close_on_body;
  fixture_start(&f);
  for (size_t i = 0; i < MANY; i++) ask(&f, GET), asked(&f, i);
  for (size_t i = 0; i < MANY; i++) peer_say(origin_peer(&f.origin, i), STREAM);
  RUN_UNTIL(&f, f.closed);
  CHECK_INT(f.end_count, MANY);
  for (size_t i = 0; i < MANY; i++) CHECK_INT(f.ends[i].end, WEIR_END_DRAINED);
  fixture_end(&f);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(an_exchange_may_be_aborted_inside_every_hook);
  TEST(the_relay_may_be_closed_inside_every_hook);
  TEST(both_may_happen_inside_every_hook);
  TEST(the_relay_may_be_drained_inside_every_hook);
  TEST(an_abort_before_the_head_is_a_close_without_a_byte);
  TEST(an_abort_mid_body_is_no_end_of_that_body);
  TEST(an_exchange_may_be_aborted_from_outside_in_every_phase);
  TEST(an_exchange_may_be_aborted_while_it_connects);
  TEST(an_abort_behind_the_last_byte_of_the_origin_still_cuts);
  TEST(a_hook_may_abort_another_exchange);
  TEST(closing_in_a_hook_ends_every_exchange_once);
  return check_end();
}
