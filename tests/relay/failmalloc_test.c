/* Each allocation of a scenario fails in turn, alone or with all that follow: nothing crashes,
 * leaks or hangs, every exchange has its one end, no client takes half a response for a whole one,
 * and the relay serves the next request as if nothing had been. Contract 8. */
#include <stdio.h>
#include <unistd.h>

#include "support/lent.h"

enum { KIB = 1024 };

#define HINT "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
#define OK_TWO "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define POST_CHUNKED "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

/* ---- a world in which anything may go wrong ---- */

typedef struct world {
  const char *answer; /* what origins say to each request; NULL: nothing */
  peer *client;       /* whose messages are looked at */
  lent lent;
  char url[64];
  bool done;
} world;

static world *world_of(const fixture *f) { return f->test; }

static void serve_one(peer *p, const char *answer) {
  message m;
  message_split(&m, p->got + p->at, untaken(p), false);
  if (m.whole) p->at += m.used, peer_say(p, answer);
  message_clear(&m);
}

static void serve(fixture *f) {
  const char *answer = world_of(f)->answer;
  const weir__list *list = &f->origin.peers;
  for (const weir__list *n = list->next; n != list && answer; n = n->next)
    serve_one(weir__container_of(n, peer, node), answer);
}

static bool turn(fixture *f) {
  serve(f);
  return loop_turn(&f->loop);
}

/* All that can happen without waiting has happened. */
static void calm(fixture *f) {
  for (int i = 0; i < 3; i++) settle(f), serve(f);
  settle(f);
}

static void say_everywhere(fixture *f, const char *text) {
  const weir__list *list = &f->origin.peers;
  for (const weir__list *n = list->next; n != list; n = n->next)
    peer_say(weir__container_of(n, peer, node), text);
}

/* True if a whole final response has come that nobody has taken. */
static bool served(const peer *p) {
  peer rest = *p;
  message m;
  do {
    message_split(&m, rest.got + rest.at, untaken(&rest), false);
    rest.at += m.used;
    message_clear(&m);
  } while (m.whole && m.status < 200);
  return m.whole;
}

/* Something of this kind happens in every case, whatever has failed. */
#define UNTIL(f, p, cond) \
  while (!(cond) && !served(p) && !is_over(p) && !(p)->send_error && turn(f)) {}

static peer *asks(fixture *f, const char *request) { return world_of(f)->client = ask(f, request); }

/* ---- scenarios ---- */

static void a_stream(fixture *f) {
  world_of(f)->answer = HINT OK_CHUNKED "5\r\nhello\r\n";
  peer *client = asks(f, GET);
  UNTIL(f, client, got(client, "hello"));
  say_everywhere(f, "5\r\nworld\r\n0\r\nA: b\r\n\r\n");
  UNTIL(f, client, false);
}

static void an_upload(fixture *f) {
  peer *client = asks(f, POST_CHUNKED "5\r\nhello\r\n");
  UNTIL(f, client, f->origin.count);
  peer_say(client, "5\r\nworld\r\n0\r\nA: b\r\n\r\n");
  UNTIL(f, client, false);
}

/* More than the origin takes at once. */
static void a_long_upload(fixture *f) {
  f->origin.deaf = true;
  peer *client = asks(f, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 266240\r\n\r\n");
  peer_pour(client, 260 * KIB);
  calm(f);
  if (f->origin.count) peer_go(origin_peer(&f->origin, 0));
  UNTIL(f, client, false);
  f->origin.deaf = false;
}

static void several_requests(fixture *f) {
  peer *client = asks(f, GET);
  for (int i = 0; i < 3; i++) {
    UNTIL(f, client, false);
    if (i < 2 && served(client)) take(client), peer_say(client, GET GET);
  }
}

static void an_upgrade(fixture *f) {
  world_of(f)->answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
                        "Upgrade: websocket\r\n\r\nhello";
  peer *client = asks(f, "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n"
                         "Upgrade: websocket\r\n\r\nearly");
  UNTIL(f, client, got(client, "hello"));
  world_of(f)->answer = NULL;
  say_everywhere(f, "world");
  UNTIL(f, client, got(client, "world"));
  peer_fin(client);
  for (size_t i = 0; i < f->origin.count; i++) peer_fin(origin_peer(&f->origin, i));
  UNTIL(f, client, f->end_count > 0);
}

static void an_abort(fixture *f) {
  world_of(f)->answer = OK_CHUNKED "5\r\nhello\r\n";
  peer *client = asks(f, GET);
  UNTIL(f, client, got(client, "hello"));
  if (last_down(f) && last_exchange(f)) weir_exchange_abort(last_exchange(f));
  UNTIL(f, client, false);
}

static void a_client_that_leaves(fixture *f) {
  world_of(f)->answer = OK_CHUNKED "5\r\nhello\r\n";
  peer *client = asks(f, GET);
  UNTIL(f, client, got(client, "hello"));
  peer_reset(client);
  while (f->relay->count.clients && turn(f)) {}
}

static void on_drained(weir_relay *relay, void *user) {
  (void)relay;
  world_of(user)->done = true;
}

static void a_drain(fixture *f) {
  world_of(f)->answer = OK_CHUNKED "5\r\nhello\r\n";
  peer *client = asks(f, GET);
  UNTIL(f, client, got(client, "hello"));
  weir_relay_drain(f->relay, 60000, on_drained, f);
  say_everywhere(f, "0\r\n\r\n");
  UNTIL(f, client, false);
  peer_close(client);
  while (!world_of(f)->done && turn(f)) {}
}

static void a_slow_client(fixture *f) {
  world_of(f)->answer = "HTTP/1.1 200 OK\r\nContent-Length: 204800\r\n\r\n";
  peer *client = world_of(f)->client = client_new(f);
  peer_set_narrow(client);
  peer_connect(client, f->port);
  UNTIL(f, client, client->connected);
  peer_stop(client);
  peer_say(client, GET);
  calm(f);
  world_of(f)->answer = NULL;
  peer *origin = origin_peer(&f->origin, 0);
  if (origin && origin->at) peer_pour(origin, 200 * KIB);
  calm(f);
  peer_go(client);
  UNTIL(f, client, false);
}

static void a_stale_connection(fixture *f) {
  peer *client = asks(f, GET);
  UNTIL(f, client, false);
  if (!served(client) || !f->origin.count) return;
  take(client);
  world_of(f)->answer = NULL;
  peer_say(client, GET);
  UNTIL(f, client, f->origin.count > 1 || untaken(origin_peer(&f->origin, 0)));
  peer_reset(origin_peer(&f->origin, 0));
  world_of(f)->answer = OK_TWO;
  UNTIL(f, client, false);
}

static void a_bad_request(fixture *f) {
  peer *client = asks(f, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
  UNTIL(f, client, false);
}

static void one_request(fixture *f) {
  peer *client = asks(f, "GET / HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n");
  UNTIL(f, client, false);
}

static void a_post(fixture *f) {
  peer *client = asks(f, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
  UNTIL(f, client, false);
  peer_say(client, "world");
}

/* What could not be lent is still the host's, as it was. */
static void check_lent(fixture *f, int rc) {
  lent *l = &world_of(f)->lent;
  world_of(f)->client = l->client;
  if (rc == 0) return;
  CHECK_INT(rc, WEIR_ENOMEM);
  CHECK(l->handle.any.data == l && !uv_is_closing(&l->handle.any));
}

static void a_lent_connection(fixture *f) {
  lent *l = &world_of(f)->lent;
  lent_open(l, f, UV_TCP);
  int rc = lend(l, GET GET, 2 * strlen(GET));
  check_lent(f, rc);
  for (int i = 0; i < 2 && rc == 0; i++) {
    UNTIL(f, l->client, l->returns);
    if (served(l->client)) take(l->client);
  }
  peer_close(l->client);
  while (l->out && turn(f)) {}
  CHECK_INT(l->returns, rc == 0);
  CHECK(!l->open);
}

/* What is read beyond this request comes back whole, or the connection does not come back open. */
static void a_lent_request(fixture *f) {
  lent *l = &world_of(f)->lent;
  lent_open(l, f, UV_NAMED_PIPE);
  int rc = lend_request(l, POST_CHUNKED, "5\r\nhello\r\n0\r\n\r\n" GET);
  check_lent(f, rc);
  while (rc == 0 && !l->returns && !is_over(l->client) && turn(f)) {}
  peer_close(l->client);
  while (l->out && turn(f)) {}
  CHECK_INT(l->returns, rc == 0);
  if (l->open) CHECK_STR(l->rest, GET);
}

static void a_lent_request_of_a_slow_client(fixture *f) {
  lent *l = &world_of(f)->lent;
  lent_open(l, f, UV_NAMED_PIPE);
  peer_stop(l->client);
  int rc = lend_request(l, GET, "");
  check_lent(f, rc);
  calm(f);
  peer_go(l->client);
  while (rc == 0 && !l->returns && !is_over(l->client) && turn(f)) {}
  calm(f);
  if (l->open) CHECK(served(l->client));
  peer_close(l->client);
  while (l->out && turn(f)) {}
  CHECK_INT(l->returns, rc == 0);
}

/* ---- arrangements ---- */

static void nothing(fixture *f) { (void)f; }

/* Its sockets hold no more than a few hundred KiB. */
static void by_path(fixture *f) {
  world *w = world_of(f);
  snprintf(w->url, sizeof w->url, "unix:/tmp/weir-failmalloc-test-%d", (int)getpid());
  f->origin_options.url = w->url;
  origin_stop(&f->origin);
  settle(f);
  origin_open(&f->origin, &f->loop, w->url + strlen("unix:"));
}

static void by_name(fixture *f) {
  world *w = world_of(f);
  snprintf(w->url, sizeof w->url, "http://localhost:%d", f->origin.port);
  f->origin_options.url = w->url;
}

static void unreachable(fixture *f) { f->origin_options.url = "http://127.0.0.1:1"; }

/* A label is no longer than 63 bytes, so the system knows without asking anybody. */
static void without_address(fixture *f) {
  f->origin_options.url = "http://no-name-is-as-long-as-this-one-since-a-label-must-not-be-longer-"
                          "than-63-bytes";
}

static int answer_here(weir_exchange *ex, weir_head *head, void *user) {
  weir_field field = {"X-Name", "value"};
  weir_answer answer = {WEIR_ANSWER_INIT, .status = 200, .fields = &field,
                        .field_count = 1, .body = "ok",  .body_len = 2};
  (void)head, (void)user;
  int rc = weir_exchange_answer(ex, &answer);
  CHECK(rc == 0 || rc == WEIR_ENOMEM);
  return rc ? 503 : 0;
}

/* More than a socket takes at once. */
static int answer_at_length(weir_exchange *ex, weir_head *head, void *user) {
  static char body[260 * KIB];
  weir_answer answer = {WEIR_ANSWER_INIT, .status = 200, .body = body, .body_len = sizeof body};
  (void)head, (void)user;
  int rc = weir_exchange_answer(ex, &answer);
  CHECK(rc == 0 || rc == WEIR_ENOMEM);
  return rc ? 503 : 0;
}

static void answering_at_length(fixture *f) { f->hooks.on_request = answer_at_length; }

static void answering(fixture *f) { f->hooks.on_request = answer_here; }

static void answering_instead(fixture *f) { f->hooks.on_response = answer_here; }

static int refuse(weir_exchange *ex, weir_head *head, void *user) {
  (void)ex, (void)head, (void)user;
  return 403;
}

static void refusing(fixture *f) { f->hooks.on_request = refuse; }

/* Long enough to need memory of its own. */
static int edit(weir_exchange *ex, weir_head *head, void *user) {
  char value[3 * KIB];
  (void)ex, (void)user;
  memset(value, 'v', sizeof value - 1), value[sizeof value - 1] = '\0';
  int rc = weir_head_set(head, "X-Long", value);
  CHECK(rc == 0 || rc == WEIR_ENOMEM);
  return rc ? 503 : 0;
}

static void editing(fixture *f) {
  f->hooks.on_request = f->hooks.on_response = edit;
  f->options.forwarded = 1;
}

static const struct scenario {
  const char *name;
  void (*arrange)(fixture *f);
  void (*act)(fixture *f);
  enum weir_end end; /* of an exchange that nothing has happened to */
  int status;        /* of a probe behind it; 0: nobody is served any more */
} scenarios[] = {
    {"a stream", nothing, a_stream, WEIR_END_COMPLETE, 200},
    {"an upload", nothing, an_upload, WEIR_END_COMPLETE, 200},
    {"a long upload", by_path, a_long_upload, WEIR_END_COMPLETE, 200},
    {"keep-alive", nothing, several_requests, WEIR_END_COMPLETE, 200},
    {"upgrade", nothing, an_upgrade, WEIR_END_COMPLETE, 200},
    {"abort", nothing, an_abort, WEIR_END_CUT, 200},
    {"client gone", nothing, a_client_that_leaves, WEIR_END_CLIENT_GONE, 200},
    {"drain", nothing, a_drain, WEIR_END_COMPLETE, 0},
    {"local answer", answering, one_request, WEIR_END_ANSWERED, 200},
    {"local answer to a post", answering, a_post, WEIR_END_ANSWERED, 200},
    {"answer instead", answering_instead, one_request, WEIR_END_ANSWERED, 200},
    {"refusal", refusing, one_request, WEIR_END_REFUSED, 403},
    {"bad request", nothing, a_bad_request, WEIR_END_COMPLETE, 200},
    {"slow client", nothing, a_slow_client, WEIR_END_COMPLETE, 200},
    {"long local answer", answering_at_length, a_slow_client, WEIR_END_ANSWERED, 200},
    {"lent connection", nothing, a_lent_connection, WEIR_END_COMPLETE, 200},
    {"lent request", nothing, a_lent_request, WEIR_END_COMPLETE, 200},
    {"lent, slow client", answering_at_length, a_lent_request_of_a_slow_client, WEIR_END_ANSWERED,
     200},
    {"lent and answered", answering, a_lent_request, WEIR_END_ANSWERED, 200},
    {"stale connection", nothing, a_stale_connection, WEIR_END_COMPLETE, 200},
    {"by name", by_name, one_request, WEIR_END_COMPLETE, 200},
    {"unreachable", unreachable, one_request, WEIR_END_UNREACHABLE, 502},
    {"without address", without_address, one_request, WEIR_END_UNREACHABLE, 502},
    {"edited heads", editing, a_stream, WEIR_END_COMPLETE, 200},
};

enum { SCENARIOS = sizeof scenarios / sizeof *scenarios };

/* ---- all of them ---- */

/* How many whole responses the client has got in all. */
static size_t count_whole(const peer *p) {
  peer all = *p;
  message m;
  size_t count = 0;
  all.at = 0;
  do {
    message_split(&m, all.got + all.at, untaken(&all), false);
    all.at += m.used;
    count += m.whole && m.status == 200;
    message_clear(&m);
  } while (m.whole);
  return count;
}

/* Whoever got a whole response belongs to an exchange that says so. */
static void check_nothing_is_laundered(const fixture *f) {
  size_t clean = 0;
  for (size_t i = 0; i < f->end_count; i++)
    clean += f->ends[i].end != WEIR_END_NO_MEMORY && f->ends[i].stats.status == 200;
  CHECK(count_whole(world_of(f)->client) <= clean);
}

static void check_ends(const fixture *f, enum weir_end clean) {
  for (size_t i = 0; i < f->end_count; i++) {
    const ended *e = &f->ends[i];
    bool refused = e->end == WEIR_END_REFUSED && e->stats.status != 403; /* by a hook of ours */
    if (e->end == clean || refused) continue;
    CHECK_STR(weir_end_name(e->end), weir_end_name(WEIR_END_NO_MEMORY));
    CHECK_INT(e->stats.error, WEIR_ENOMEM);
  }
}

static void probe(fixture *f, int status) {
  world_of(f)->answer = OK_TWO;
  peer *client = ask(f, GET);
  while (!served(client) && !is_over(client) && turn(f)) {}
  CHECK_INT(take(client)->status, status);
}

static void run(fixture *f, world *w, const struct scenario *s) {
  loop_wind(&f->loop);
  s->act(f);
  settle(f);
  if (!CHECK(!f->loop.late)) fixture_print(f);
  f->alloc.fail_at = 0;
  check_ends(f, s->end);
  check_nothing_is_laundered(f);
  if (s->status) probe(f, s->status);
  if (w->lent.f) lent_close(&w->lent);
}

/* True if an allocation failed: then there may be more of them. */
static bool fail_nth(const struct scenario *s, size_t nth, bool forever) {
  world w = {.answer = OK_TWO};
  fixture f;
  fixture_init(&f);
  f.test = &w;
  s->arrange(&f);
  fixture_start(&f);
  f.alloc.calls = 0;
  f.alloc.fail_at = nth;
  f.alloc.fail_forever = forever;
  run(&f, &w, s);
  fixture_end(&f);
  if (w.lent.f) lent_free(&w.lent);
  return f.alloc.failed && !f.loop.late;
}

static void run_all(bool forever) {
  for (size_t i = 0; i < SCENARIOS; i++) {
    size_t nth = 1;
    do CHECK_CASE("%s, allocation %zu fails", scenarios[i].name, nth);
    while (fail_nth(&scenarios[i], nth++, forever));
    CHECK(nth > 2);
  }
}

static void one_allocation_fails(void) { run_all(false); }

static void one_allocation_and_all_later_ones_fail(void) { run_all(true); }

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(one_allocation_fails);
  TEST(one_allocation_and_all_later_ones_fail);
  return check_end();
}
