/* Whatever clients, origins, the host, the clock and the allocator do, in whatever order: every
 * exchange ends once, nothing is left behind, memory keeps its bound, and what leaves the relay is
 * well-formed HTTP, though perhaps cut short. The moves are drawn from a seed, so a failure can be
 * repeated: `chaos_test NAME` with CHAOS_SEED=n plays that one game. */
#include <stdio.h>
#include <stdlib.h>

#include "support/fixture.h"

enum { GAMES = 300, TLS_GAMES = 40, MOVES = 120, KIB = 1024, CLIENTS = 8 };

typedef struct game {
  fixture f;
  uint64_t random;
  bool memory_fails, hooks_meddle;
} game;

/* xorshift64* */
static size_t draw(game *g, size_t n) {
  g->random ^= g->random >> 12;
  g->random ^= g->random << 25;
  g->random ^= g->random >> 27;
  return (size_t)((g->random * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % n;
}

#define PICK(g, list) (list)[draw((g), sizeof(list) / sizeof *(list))]

/* ---- what may be said ---- */

#define HEADS(fields) "HTTP/1.1\r\nHost: a\r\n" fields "\r\n"

static const char *const requests[] = {
    GET,
    GET GET GET,
    "HEAD / " HEADS(""),
    "GET / HTTP/1.0\r\n\r\n",
    "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "GET / " HEADS("Connection: close\r\n"),
    "POST / " HEADS("Content-Length: 10\r\n"),
    "POST / " HEADS("Content-Length: 10\r\n") "0123456789" GET,
    "POST / " HEADS("Content-Length: 1000000\r\n"),
    "POST / " HEADS("Transfer-Encoding: chunked\r\n") "5\r\nhello\r\n",
    "POST / " HEADS("Transfer-Encoding: chunked\r\n") "5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n",
    "POST / " HEADS("Content-Length: 4\r\nExpect: 100-continue\r\n"),
    "GET / " HEADS("Connection: upgrade\r\nUpgrade: websocket\r\n"),
    "GET / " HEADS("Connection: upgrade\r\nUpgrade: websocket\r\n") "early",
    "CONNECT a:1 " HEADS(""),
    "GET / HT",
    "nonsense\r\n\r\n",
    "POST / " HEADS("Content-Length: 1\r\nContent-Length: 2\r\n"),
};

static const char *const client_words[] = {"hello",
                                           "5\r\nhello\r\n",
                                           "0\r\n\r\n",
                                           "0123456789",
                                           GET,
                                           "\r\n",
                                           "TP/1.1\r\nHost: a\r\n\r\n",
                                           "x\r\n",
                                           "0\r\nX-T: 1\r\n\r\n"};

static const char *const answers[] = {
    OK_EMPTY,
    OK_CHUNKED,
    OK_CLOSE,
    OK_CHUNKED "5\r\nhello\r\n0\r\n\r\n",
    OK_CLOSE "hello",
    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789",
    "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    "HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno",
    "HTTP/1.1 200 OK\r\nContent-Le",
    "nonsense\r\n\r\n",
};

static const char *const origin_words[] = {"hello",
                                           "5\r\nhello\r\n",
                                           "0\r\n\r\n",
                                           "0\r\nX-T: 1\r\n\r\n",
                                           "0123456789",
                                           "x\r\n",
                                           "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n",
                                           "ngth: 2\r\n\r\nok"};

/* ---- the host meddles ---- */

static int verdict(game *g) {
  static const int verdicts[] = {429, 503, -1};
  return g->hooks_meddle && draw(g, 12) == 0 ? PICK(g, verdicts) : 0;
}

static int meddle(game *g, weir_exchange *ex) {
  weir_answer a = {WEIR_ANSWER_INIT, .status = 200, .body = "local", .body_len = 5};
  if (g->hooks_meddle && draw(g, 12) == 0) weir_exchange_abort(ex);
  if (g->hooks_meddle && draw(g, 8) == 0) (void)weir_exchange_answer(ex, &a);
  if (g->hooks_meddle && draw(g, 4) == 0) (void)weir_exchange_allow_connect(ex);
  return verdict(g);
}

static game *of_user(void *user) { return weir__container_of((fixture *)user, game, f); }

static int on_head(weir_exchange *ex, weir_head *head, void *user) {
  (void)head;
  return meddle(of_user(user), ex);
}

static int on_body(weir_exchange *ex, const char *data, size_t len, void *user) {
  (void)data, (void)len;
  return meddle(of_user(user), ex);
}

static int on_timeout(weir_exchange *ex, enum weir_timer timer, void *user) {
  game *g = of_user(user);
  (void)timer;
  if (draw(g, 6) == 0) weir_exchange_abort(ex);
  return draw(g, 2) ? WEIR_TIMEOUT_EXTEND : WEIR_TIMEOUT_END;
}

/* ---- moves ---- */

static const char asks_head[] = "client that asked HEAD";

static void say_request(game *g, peer *p) {
  const char *request = PICK(g, requests);
  if (strncmp(request, "HEAD", 4) == 0) memcpy(p->name, asks_head, sizeof asks_head);
  peer_say(p, request);
}

static peer *any_of(game *g, const weir__list *list, size_t count) {
  if (!count) return NULL;
  const weir__list *node = list->next;
  for (size_t n = draw(g, count); n; n--) node = node->next;
  return weir__container_of(node, peer, node);
}

static void move_client(game *g) {
  fixture *f = &g->f;
  peer *p = any_of(g, &f->clients, f->client_count);
  if (!p || (f->client_count < CLIENTS && draw(g, 4) == 0)) {
    p = client_new(f); /* over TLS all that follows may meet its handshake */
    peer_connect(p, f->port);
    say_request(g, p);
    return;
  }
  switch (draw(g, 12)) {
  case 0: peer_stop(p); return;
  case 1:
  case 2:
    if (p->connected) peer_go(p);
    return;
  case 3: peer_fin(p); return;
  case 4: draw(g, 2) ? peer_close(p) : peer_die(p); return;
  case 5: peer_reset(p); return;
  case 6: peer_pour(p, draw(g, 200) * KIB); return;
  case 7: say_request(g, p); return;
  default: peer_say(p, PICK(g, client_words)); return;
  }
}

static void move_origin(game *g) {
  fixture *f = &g->f;
  peer *p = any_of(g, &f->origin.peers, f->origin.count);
  if (!p) return;
  switch (draw(g, 14)) {
  case 0: peer_stop(p); return;
  case 1:
  case 2: peer_go(p); return;
  case 3: peer_fin(p); return;
  case 4: draw(g, 2) ? peer_close(p) : peer_die(p); return;
  case 5: peer_reset(p); return;
  case 6: peer_pour(p, draw(g, 200) * KIB); return;
  case 7:
  case 8:
  case 9:
  case 10: peer_say(p, PICK(g, answers)); return;
  default: peer_say(p, PICK(g, origin_words)); return;
  }
}

static void move_host(game *g) {
  static const uint64_t times[] = {1, 10, 1000, 1001, 4001, 10001, 61000, 76000, 301000};
  weir_exchange *ex = last_exchange(&g->f);
  switch (draw(g, 8)) {
  case 0:
    if (ex) weir_exchange_abort(ex);
    return;
  case 1:
    if (draw(g, 20) == 0) weir_relay_drain(g->f.relay, 5000, NULL, NULL);
    return;
  default: pass(&g->f, PICK(g, times)); return;
  }
}

/* ---- what came out ---- */

/* The splitter knows neither what a HEAD was answered nor where a tunnel begins. */
static bool is_plain(const peer *p) {
  return !strstr(p->got, "pgrade: websocket") && !strstr(p->got, "CONNECT") &&
         strcmp(p->name, asks_head) != 0;
}

static void check_well_formed(peer *p) {
  const message *m;
  if (!is_plain(p)) return;
  do m = take(p);
  while (m->whole && untaken(p));
  if (!CHECK(!m->bad)) peer_print(p);
}

static void check_all_well_formed(const weir__list *list) {
  for (const weir__list *n = list->next; n != list; n = n->next)
    check_well_formed(weir__container_of(n, peer, node));
}

/* Handshakes end in their own time: now and then they get it. */
static void turn(game *g) {
  if ((client_is_secure() || origin_is_secure()) && draw(g, 4) == 0) settle(&g->f);
  for (size_t n = draw(g, 4); n; n--) {
    g->f.loop.turns++;
    uv_run(&g->f.loop.uv, UV_RUN_NOWAIT);
  }
}

static void move(game *g) {
  if (g->memory_fails && draw(g, 10) == 0) g->f.alloc.fail_at = g->f.alloc.calls + 1 + draw(g, 20);
  switch (draw(g, 8)) {
  case 0: move_host(g); return;
  case 1:
  case 2:
  case 3: move_client(g); return;
  default: move_origin(g); return;
  }
}

/* ---- the game ---- */

static void set_up(game *g, uint64_t seed) {
  weir_options *o = &g->f.options;
  g->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
  fixture_init(&g->f);
  o->outbox_high = 8 * KIB, o->outbox_low = 2 * KIB, o->pipeline_bytes = 4 * KIB;
  o->half_close = draw(g, 3) == 0;
  o->clients_max = draw(g, 3) ? 0 : 4;
  o->request_body_max = draw(g, 3) ? 0 : 100 * KIB;
  g->hooks_meddle = draw(g, 2);
  g->f.hooks.on_request = g->f.hooks.on_response = on_head;
  g->f.hooks.on_interim = g->f.hooks.on_trailers = on_head;
  g->f.hooks.on_body = on_body;
  g->f.hooks.on_timeout = on_timeout;
  fixture_start(&g->f);
}

static void play(uint64_t seed, bool memory_fails) {
  game *g = calloc(1, sizeof *g);
  if (!g) abort();
  CHECK_CASE("CHAOS_SEED=%llu", (unsigned long long)seed);
  set_up(g, seed);
  g->memory_fails = memory_fails;
  size_t bound = g->f.idle_bytes + 64 * KIB + CLIENTS * weir_relay_bytes_max(g->f.relay);
  for (int i = 0; i < MOVES && CHECK(g->f.alloc.live_bytes <= bound); i++) {
    move(g);
    turn(g);
  }
  g->f.alloc.fail_at = 0;
  close_relay(&g->f);
  RUN_UNTIL(&g->f, g->f.closed);
  settle(&g->f);
  check_all_well_formed(&g->f.clients);
  check_all_well_formed(&g->f.origin.peers);
  fixture_end(&g->f);
  free(g);
}

static void play_all(bool memory_fails) {
  const char *seed = getenv("CHAOS_SEED"), *games = getenv("CHAOS_GAMES");
  bool secure = client_is_secure() || origin_is_secure();
  uint64_t count = games ? strtoull(games, NULL, 10) : secure ? TLS_GAMES : GAMES;
  if (seed) {
    play(strtoull(seed, NULL, 10), memory_fails);
    return;
  }
  for (uint64_t n = 1; n <= count; n++) play(n, memory_fails);
}

static void whatever_peers_and_hooks_do_every_exchange_ends_once(void) { play_all(false); }

static void also_when_memory_fails_now_and_then(void) { play_all(true); }

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(whatever_peers_and_hooks_do_every_exchange_ends_once);
  TEST(also_when_memory_fails_now_and_then);
  return check_end();
}
