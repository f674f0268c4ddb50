#include "support/scenario.h"

#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

enum { KIB = 1024, LOOK_MS = 1100, STALE_MS = 5000 };

#define HINT "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
#define POST_CHUNKED "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

static peer *asks(fixture *f, const char *request) { return world_of(f)->client = ask(f, request); }

/* ---- plays ---- */

static void a_stream(fixture *f) {
  world_of(f)->answer = HINT OK_CHUNKED "5\r\nhello\r\n";
  peer *client = asks(f, GET);
  UNTIL(f, client, heard(client, "hello"));
  say_everywhere(f, "5\r\nworld\r\n0\r\nA: b\r\n\r\n");
  UNTIL(f, client, false);
}

/* Its first answer is not the one wanted. */
static void a_request_sent_again(fixture *f) {
  world_of(f)->answer = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n"
                        "6\r\ndata: \r\n3\r\nx\n\n\r\n0\r\n\r\n";
  peer *client = asks(f, POST_CHUNKED "5\r\nhello\r\n0\r\n\r\n");
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
  peer *client = asks(f, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 532480\r\n\r\n");
  peer_pour(client, 520 * KIB);
  calm(f);
  pass(f, LOOK_MS); /* whether the client is still there, though it is not read */
  if (f->origin.count) peer_go(origin_peer(&f->origin, 0));
  f->origin.deaf = false;
  UNTIL(f, client, false);
}

static void several_requests(fixture *f) {
  peer *client = asks(f, GET);
  for (int i = 0; i < 5; i++) {
    UNTIL(f, client, false);
    if (!served(client)) return;
    take(client);
    if (i == 0 || i == 2) peer_say(client, GET GET);
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
  UNTIL(f, client, heard(client, "hello"));
  if (last_down(f) && last_exchange(f)) weir_exchange_abort(last_exchange(f));
  UNTIL(f, client, false);
}

/* Nothing comes of a look-up before the next turn of the loop. */
static void an_early_abort(fixture *f) {
  peer *client = asks(f, GET);
  for (int i = 0; i < 100 && !f->end_count; i++) {
    uv_run(&f->loop.uv, UV_RUN_NOWAIT);
    if (last_down(f) && last_exchange(f)) weir_exchange_abort(last_exchange(f));
  }
  UNTIL(f, client, false);
}

static void a_client_that_leaves(fixture *f) {
  world_of(f)->answer = OK_CHUNKED "5\r\nhello\r\n";
  peer *client = asks(f, GET);
  UNTIL(f, client, heard(client, "hello"));
  peer_reset(client);
  while (f->relay->count.clients && turn(f)) {}
}

#define OK_EVENTS \
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

/* Nobody is left to see the end: the origin is, and the exchange. */
static void an_abandoned_stream(fixture *f) {
  world_of(f)->answer = OK_EVENTS "7\r\ndata: h\r\n";
  peer *client = asks(f, GET);
  UNTIL(f, client, heard(client, "data: h"));
  peer_reset(client);
  while (f->relay->count.clients && turn(f)) {}
  say_everywhere(f, "7\r\nello\n\n:\r\n0\r\n\r\n");
  while (!f->end_count && f->relay->count.exchanges && turn(f)) {}
}

/* To a client that knows no chunks: a reset is all that can tell it. */
static void an_origin_that_leaves(fixture *f) {
  world_of(f)->answer = OK_CLOSE "hello";
  peer *client = asks(f, "GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  UNTIL(f, client, heard(client, "hello"));
  for (size_t i = 0; i < f->origin.count; i++) peer_reset(origin_peer(&f->origin, i));
  UNTIL(f, client, false);
}

#define SSE_HEAD \
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
#define ASK_SSE "GET / HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n"

/* Heartbeats before the head and behind it; an event comes in two pieces. */
static void a_guarded_stream(fixture *f) {
  world_of(f)->answer = NULL;
  peer *client = asks(f, ASK_SSE);
  UNTIL(f, client, f->origin.count && heard(client, ":\n"));
  say_everywhere(f, SSE_HEAD "5\r\ndata:\r\n");
  UNTIL(f, client, heard(client, "data:"));
  say_everywhere(f, "4\r\n 1\n\n\r\n");
  UNTIL(f, client, heard(client, " 1\n\n:\n"));
  say_everywhere(f, "0\r\n\r\n");
  UNTIL(f, client, false);
}

static void on_drained(weir_relay *relay, void *user) {
  (void)relay;
  world_of(user)->done = true;
}

static void a_drain(fixture *f) {
  world_of(f)->answer = OK_CHUNKED "5\r\nhello\r\n";
  peer *client = asks(f, GET);
  UNTIL(f, client, heard(client, "hello"));
  weir_relay_drain(f->relay, 60000, on_drained, f);
  say_everywhere(f, "0\r\n\r\n");
  UNTIL(f, client, false);
  peer_close(client);
  while (!world_of(f)->done && turn(f)) {}
}

static bool is_asked(const fixture *f) {
  return f->origin.count > 0 && origin_peer(&f->origin, 0)->at > 0;
}

/* For a client that does not read and so sees nothing. */
static bool is_nobody_left(const fixture *f) {
  return f->end_count > 0 || (f->relay->count.clients_total > 0 && f->relay->count.clients == 0);
}

static bool is_behind(const fixture *f) {
  return last_down(f) && weir__downstream_pending(last_down(f)) > 0;
}

/* It reads nothing before peer_go(). */
static peer *asks_narrowly(fixture *f) {
  peer *client = world_of(f)->client = client_new(f);
  peer_set_narrow(client);
  peer_connect(client, f->port);
  UNTIL(f, client, client->connected);
  peer_stop(client);
  peer_say(client, GET);
  calm(f);
  return client;
}

static void a_slow_client(fixture *f) {
  world_of(f)->answer = "HTTP/1.1 200 OK\r\nContent-Length: 204800\r\n\r\n";
  peer *client = asks_narrowly(f);
  if (!f->hooks.on_request) UNTIL(f, client, is_asked(f) || is_nobody_left(f));
  world_of(f)->answer = NULL;
  if (is_asked(f)) peer_pour(origin_peer(&f->origin, 0), 200 * KIB);
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

#define OK_EVENTS \
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

/* Its second event comes in pieces, and the origin dies at a boundary. */
static void an_event_stream(fixture *f) {
  world_of(f)->answer = OK_EVENTS "b\r\ndata: one\n\n\r\n";
  peer *client = asks(f, GET);
  UNTIL(f, client, heard(client, "one"));
  say_everywhere(f, "d\r\nid: 1\ndata: a\r\n");
  UNTIL(f, client, true);
  say_everywhere(f, "9\r\n\ndata: b\n\r\n");
  say_everywhere(f, "1\r\n\n\r\n");
  calm(f);
  for (size_t i = 0; i < f->origin.count; i++) peer_close(origin_peer(&f->origin, i));
  UNTIL(f, client, false);
}

/* An event of some KiB. */
static void say_long(fixture *f) {
  static char text[16 * KIB + 32];
  int head = snprintf(text, sizeof text, "%x\r\ndata: ", 16 * KIB);
  memset(text + head, 'x', 16 * KIB - 8);
  memcpy(text + head + 16 * KIB - 8, "\n\n\r\n", 5);
  say_everywhere(f, text);
  calm(f);
}

/* Whom the newest event of several reaches, behind those under way. */
static void a_client_left_behind(fixture *f) {
  world_of(f)->answer = OK_EVENTS;
  peer *client = asks_narrowly(f);
  for (int i = 0; i < 64 && !is_nobody_left(f) && !is_behind(f); i++) say_long(f);
  calm(f);
  pass(f, STALE_MS);
  say_everywhere(f, "c\r\ndata: older\n\r\n1\r\n\n\r\nd\r\ndata: newest\n\r\n1\r\n\n\r\n");
  calm(f);
  peer_go(client);
  calm(f);
  say_everywhere(f, "0\r\n\r\n");
  UNTIL(f, client, false);
}

/* ---- plays with a host ---- */

static void note(fixture *f, int rc) {
  world *w = world_of(f);
  if (CHECK(w->rc_count < LISTENS_MAX)) w->rcs[w->rc_count++] = rc;
}

/* What could not be lent is still the host's, as it was. */
static void note_lent(fixture *f, int rc) {
  lent *l = &world_of(f)->lent;
  world_of(f)->client = l->client;
  note(f, rc);
  if (rc) CHECK(l->handle.any.data == l && !uv_is_closing(&l->handle.any));
}

static void a_lent_connection(fixture *f) {
  lent *l = &world_of(f)->lent;
  lent_open(l, f, UV_TCP);
  int rc = lend(l, GET GET, 2 * strlen(GET));
  note_lent(f, rc);
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
  note_lent(f, rc);
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
  note_lent(f, rc);
  calm(f);
  peer_go(l->client);
  while (rc == 0 && !l->returns && !is_over(l->client) && turn(f)) {}
  calm(f);
  if (l->open) CHECK(served(l->client));
  peer_close(l->client);
  while (l->out && turn(f)) {}
  CHECK_INT(l->returns, rc == 0);
}

static const char *unix_address(void) {
  static char address[64];
  snprintf(address, sizeof address, "unix:/tmp/weir-scenario-listen-%d", (int)getpid());
  return address;
}

/* A client of this listener is served, unless something fails then. */
static void ask_at(fixture *f, const char *address, int port) {
  const char *path = strchr(address, '/');
  peer *p =
      peer_new(&f->loop, &f->clients, path ? UV_NAMED_PIPE : UV_TCP, "client", f->client_count++);
  if (path)
    peer_connect_path(p, path);
  else
    peer_connect(p, port);
  peer_say(p, GET);
  world_of(f)->client = p;
  UNTIL(f, p, false);
  world_of(f)->doors++;
  world_of(f)->open_doors += served(p) && got(p, "HTTP/1.1 200 ");
}

static void listen_at(fixture *f, const char *address) {
  int port = 0;
  int rc = weir_relay_listen(f->relay, address, &f->listen_options, &port);
  note(f, rc);
  if (rc == 0) ask_at(f, address, port);
}

static void on_second_closed(weir_relay *relay, void *user) {
  (void)relay;
  world_of(user)->done = true;
}

/* From nothing to a relay that listens, and back. */
static void a_second_relay(fixture *f) {
  weir_relay *relay;
  weir_upstream *upstream = NULL;
  int rc = weir_relay_new(&relay, &f->loop.uv, &f->options);
  note(f, rc);
  if (rc) return;
  rc = weir_upstream_new(&upstream, relay, &f->origin_options);
  if (rc == 0) rc = weir_relay_route(relay, "a", "/", upstream);
  if (rc == 0) rc = weir_relay_listen(relay, "127.0.0.1:0", &f->listen_options, NULL);
  note(f, rc);
  weir_relay_close(relay, on_second_closed, f);
  settle(f);
  CHECK(world_of(f)->done);
}

static void listening(fixture *f) {
  listen_at(f, "127.0.0.1:0");
  listen_at(f, "localhost:0");
  listen_at(f, ":0");
  listen_at(f, unix_address()); /* where a dead process has left its socket */
  a_second_relay(f);
}

/* ---- arrangements ---- */

static void nothing(fixture *f) { (void)f; }

/* Its sockets hold no more than a few hundred KiB, and weir no more than a few, so the client has to
 * wait. */
static void by_path(fixture *f) {
  world *w = world_of(f);
  f->options.outbox_high = 8 * KIB;
  snprintf(w->url, sizeof w->url, "unix:/tmp/weir-scenario-%d", (int)getpid());
  f->origin_options.url = w->url;
  origin_close(&f->origin);
  settle(f);
  origin_open(&f->origin, &f->loop, w->url + strlen("unix:"));
}

static void by_name(fixture *f) {
  world *w = world_of(f);
  w->by_name = true;
  snprintf(w->url, sizeof w->url, "http://localhost:%d", f->origin.port);
  f->origin_options.url = w->url;
}

static void unreachable(fixture *f) { f->origin_options.url = "http://127.0.0.1:1"; }

/* A label is no longer than 63 bytes, so the system knows without asking anybody. */
static void without_address(fixture *f) {
  world_of(f)->by_name = true;
  f->origin_options.url = "http://no-name-is-as-long-as-this-one-since-a-label-must-not-be-longer-"
                          "than-63-bytes";
}

static void leaving_a_socket_behind(fixture *f) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  const char *path = unix_address() + strlen("unix:");
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  memcpy(at.sun_path, path, strlen(path));
  unlink(path);
  CHECK_INT(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
  close(fd);
  snprintf(world_of(f)->url, sizeof world_of(f)->url, "http://127.0.0.1:%d", f->origin.port);
  f->origin_options.url = world_of(f)->url;
}

static int give(weir_exchange *ex, const weir_answer *answer) {
  int rc = weir_exchange_answer(ex, answer);
  CHECK(rc == 0 || rc == WEIR_ENOMEM);
  return rc ? 503 : 0;
}

static int answer_here(weir_exchange *ex, weir_head *head, void *user) {
  weir_field field = {"X-Name", "value"};
  (void)head, (void)user;
  return give(ex, &(weir_answer){WEIR_ANSWER_INIT, .status = 200, .fields = &field,
                                 .field_count = 1, .body = "ok", .body_len = 2});
}

/* More than a socket takes at once. */
static int answer_at_length(weir_exchange *ex, weir_head *head, void *user) {
  static char body[260 * KIB];
  (void)head, (void)user;
  return give(
      ex, &(weir_answer){WEIR_ANSWER_INIT, .status = 200, .body = body, .body_len = sizeof body});
}

static int see_event(weir_exchange *ex, const weir_sse_event *event, void *user) {
  (void)ex, (void)event, (void)user;
  return 0;
}

static void going_on(fixture *f) {
  static const weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .abandon_ms = 60000, .ledger = 1};
  f->options.events = &o;
  f->hooks.on_event = see_event;
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

static int want_another(weir_exchange *ex, weir_head *head, const weir_sse_event *event,
                        void *user) {
  (void)head, (void)event, (void)user;
  if (weir_exchange_data(ex)) return WEIR_COMMIT_SEND;
  weir_exchange_set_data(ex, ex);
  return WEIR_COMMIT_NEXT;
}

static void choosy(fixture *f) {
  static const weir_event_options events = {WEIR_EVENT_OPTIONS_INIT, .commit_event = 1,
                                            .commit_ms = 1000, .replay_bytes = 64};
  f->options.events = &events;
  f->hooks.on_commit = want_another;
}

static void guarding(fixture *f) {
  static const weir_event_options events = {WEIR_EVENT_OPTIONS_INIT, .heartbeat_ms = 200,
                                            .heartbeat_early = 1,    .first_content_ms = 600000,
                                            .event_gap_ms = 600000,  .error_event = "event"};
  f->options.events = &events;
}

static int put_behind(weir_exchange *ex, const weir_sse_event *event, void *user) {
  weir_sse_fields more = {WEIR_SSE_FIELDS_INIT, .data = event->data, .data_len = event->data_len};
  (void)user;
  int rc = weir_exchange_put_event(ex, &more, WEIR_EVENT_BEHIND);
  if (rc == 0) rc = weir_exchange_put_event(ex, &more, WEIR_EVENT_BEFORE);
  CHECK(rc == 0 || rc == WEIR_ENOMEM || rc == WEIR_ESTATE);
  return rc == WEIR_ENOMEM ? 503 : 0;
}

static void filtering(fixture *f) {
  static const weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .mode = WEIR_EVENTS_FILTER,
                                       .error_event = "openai"};
  f->options.events = &o;
  f->hooks.on_event = put_behind;
}

static void tapping(fixture *f) {
  static const weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .mode = WEIR_EVENTS_TAP,
                                       .error_event = "event"};
  f->options.events = &o;
}

static void coalescing(fixture *f) {
  static const weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .stale_ms = STALE_MS,
                                       .stale = WEIR_STALE_COALESCE, .ledger = 1};
  f->options.events = &o;
}

static int set_budget(weir_exchange *ex, weir_head *head, void *user) {
  static const char *const markers[] = {"data: [DONE]", NULL};
  const weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .max_events = 2, .max_ms = 60000,
                                .cut_event = "data: [CUT]", .end_markers = markers};
  (void)head, (void)user;
  int rc = weir_exchange_set_events(ex, &o);
  CHECK(rc == 0 || rc == WEIR_ENOMEM);
  return rc ? 503 : 0;
}

static void budgeting(fixture *f) { f->hooks.on_request = set_budget; }

const scenario scenarios[] = {
    {"stream", nothing, a_stream, WEIR_END_COMPLETE, 200},
    {"upload", nothing, an_upload, WEIR_END_COMPLETE, 200},
    {"long upload", by_path, a_long_upload, WEIR_END_COMPLETE, 200},
    {"keep-alive", nothing, several_requests, WEIR_END_COMPLETE, 200},
    {"upgrade", nothing, an_upgrade, WEIR_END_COMPLETE, 200},
    {"abort", nothing, an_abort, WEIR_END_CUT, 200},
    {"client gone", nothing, a_client_that_leaves, WEIR_END_CLIENT_GONE, 200},
    {"client gone, stream heard out", going_on, an_abandoned_stream, WEIR_END_CLIENT_GONE, 200},
    {"origin gone", nothing, an_origin_that_leaves, WEIR_END_RESET, 200},
    {"drain", nothing, a_drain, WEIR_END_COMPLETE, 0},
    {"slow client", nothing, a_slow_client, WEIR_END_COMPLETE, 200},
    {"retry", nothing, a_stale_connection, WEIR_END_COMPLETE, 200},
    {"local answer", answering, one_request, WEIR_END_ANSWERED, 200},
    {"local answer to a post", answering, a_post, WEIR_END_ANSWERED, 200},
    {"long local answer", answering_at_length, a_slow_client, WEIR_END_ANSWERED, 200},
    {"listen", leaving_a_socket_behind, listening, WEIR_END_COMPLETE, 200},
    {"answer instead", answering_instead, one_request, WEIR_END_ANSWERED, 200},
    {"refusal", refusing, one_request, WEIR_END_REFUSED, 403},
    {"bad request", nothing, a_bad_request, WEIR_END_COMPLETE, 200},
    {"lent connection", nothing, a_lent_connection, WEIR_END_COMPLETE, 200},
    {"lent request", nothing, a_lent_request, WEIR_END_COMPLETE, 200},
    {"lent, slow client", answering_at_length, a_lent_request_of_a_slow_client, WEIR_END_ANSWERED,
     200},
    {"lent and answered", answering, a_lent_request, WEIR_END_ANSWERED, 200},
    {"by name", by_name, one_request, WEIR_END_COMPLETE, 200},
    {"abort by name", by_name, an_early_abort, WEIR_END_CUT, 200},
    {"unreachable", unreachable, one_request, WEIR_END_UNREACHABLE, 502},
    {"without address", without_address, one_request, WEIR_END_UNREACHABLE, 502},
    {"sent again", choosy, a_request_sent_again, WEIR_END_COMPLETE, 200},
    {"guarded stream", guarding, a_guarded_stream, WEIR_END_COMPLETE, 200},
    {"edited heads", editing, a_stream, WEIR_END_COMPLETE, 200},
    {"events seen", tapping, an_event_stream, WEIR_END_TRUNCATED, 200},
    {"events filtered", filtering, an_event_stream, WEIR_END_TRUNCATED, 200},
    {"events coalesced", coalescing, a_client_left_behind, WEIR_END_COMPLETE, 200},
    {"events with a budget", budgeting, an_event_stream, WEIR_END_CUT, 200},
};

const size_t scenario_count = sizeof scenarios / sizeof *scenarios;

const scenario *scenario_named(const char *name) {
  for (size_t i = 0; i < scenario_count; i++)
    if (strcmp(scenarios[i].name, name) == 0) return &scenarios[i];
  return NULL;
}
