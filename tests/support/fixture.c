#include "support/fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "weir/err.h"

enum { NARROW = 16 * 1024 };

/* ---- arrange ---- */

static void on_end(weir_exchange *ex, enum weir_end end, const weir_stats *stats, void *user) {
  fixture *f = user;
  f->ends = realloc(f->ends, (f->end_count + 1) * sizeof *f->ends);
  if (!f->ends) abort();
  f->ends[f->end_count++] = (ended){end, *stats, f->loop.turns};
  if (f->at_end) f->at_end(f, ex);
}

/* WEIR_TEST_LOG=1 shows what the relay says. */
static void on_log(enum weir_log_level level, const char *line, void *user) {
  (void)level, (void)user;
  printf("    %s\n", line);
}

void fixture_init(fixture *f) {
  *f = (fixture){.options = {WEIR_OPTIONS_INIT},
                 .hooks = {WEIR_HOOKS_INIT},
                 .origin_options = {WEIR_UPSTREAM_OPTIONS_INIT},
                 .listen_options = {WEIR_LISTEN_OPTIONS_INIT}};
  loop_open(&f->loop);
  alloc_init(&f->alloc);
  weir__list_init(&f->clients);
  f->options.allocator = f->alloc.hooks;
  f->options.hooks = &f->hooks;
  f->hooks.on_end = on_end;
  f->hooks.user = f;
  if (getenv("WEIR_TEST_LOG")) f->options.log = on_log, f->options.log_level = WEIR_LOG_DEBUG;
  if (client_is_secure()) f->listen_options.tls = way_listener_tls();
  origin_open(&f->origin, &f->loop, NULL);
  f->origin.secure = origin_is_secure();
}

void print_url(char url[URL_ROOM], const char *host, int port) {
  snprintf(url, URL_ROOM, "http%s://%s:%d", origin_is_secure() ? "s" : "", host, port);
}

/* A test that has an origin of its own kind says so by its URL. */
static void choose_origin(fixture *f, char url[URL_ROOM]) {
  weir_upstream_options *o = &f->origin_options;
  print_url(url, "127.0.0.1", f->origin.port);
  if (!o->url) o->url = url;
  f->origin.secure = strncmp(o->url, "https:", 6) == 0;
  if (f->origin.secure && !o->tls) o->tls = way_origin_tls();
}

void fixture_start(fixture *f) {
  char url[URL_ROOM];
  weir_upstream_options *o = &f->origin_options;
  choose_origin(f, url);
  CHECK_INT(weir_relay_new(&f->relay, &f->loop.uv, &f->options), 0);
  CHECK_INT(weir_upstream_new(&f->upstream, f->relay, o), 0);
  CHECK_INT(weir_relay_route(f->relay, NULL, "/", f->upstream), 0);
  CHECK_INT(weir_relay_listen(f->relay, "127.0.0.1:0", &f->listen_options, &f->port), 0);
  if (f->listen_options.tls || o->tls) CHECK_INT(weir__tls_loop_need(&f->relay->io), 0);
  f->idle_bytes = f->alloc.live_bytes;
  loop_wind(&f->loop);
}

void fixture_open(fixture *f) {
  fixture_init(f);
  fixture_start(f);
}

/* ---- the end ---- */

static void on_relay_closed(weir_relay *relay, void *user) {
  fixture *f = user;
  CHECK(relay == f->relay);
  CHECK(!f->closed);
  f->closed = true;
}

void close_relay(fixture *f) {
  if (f->closing) return;
  f->closing = true;
  weir_relay_close(f->relay, on_relay_closed, f);
  CHECK(!f->closed); /* never before it returns */
  f->exchanges = f->relay->count.exchanges_total;
}

void fixture_end(fixture *f) {
  f->loop.late = false;
  if (f->relay) close_relay(f);
  if (f->relay) RUN_UNTIL(f, f->closed);
  CHECK_INT(f->end_count, f->exchanges);
  origin_close(&f->origin);
  peers_close(&f->clients);
  loop_close(&f->loop);
  CHECK_NO_LEAK(&f->alloc);
  origin_free(&f->origin);
  peers_free(&f->clients);
  free(f->ends);
}

static void print_peers(const weir__list *list) {
  for (const weir__list *n = list->next; n != list; n = n->next)
    peer_print(weir__container_of(n, peer, node));
}

void fixture_print(const fixture *f) {
  print_peers(&f->clients);
  print_peers(&f->origin.peers);
  for (size_t i = 0; i < f->end_count; i++)
    printf("  end %zu: %s, status %d, error %s\n", i, weir_end_name(f->ends[i].end),
           f->ends[i].stats.status, weir_err_name(f->ends[i].stats.error));
}

/* ---- act ---- */

void pass(fixture *f, uint64_t ms) { weir__clock_advance(&f->relay->clock, ms); }

/* The loop hears of a job in a thread when that is done, and not before. */
static bool has_jobs(const fixture *f) {
  return f->relay && !f->closed && f->relay->io.tls && f->relay->io.tls->jobs;
}

void settle(fixture *f) {
  do loop_settle(&f->loop);
  while (has_jobs(f) && loop_turn(&f->loop));
}

peer *client_new(fixture *f) {
  peer *p = peer_new(&f->loop, &f->clients, UV_TCP, "client", f->client_count++);
  if (f->listen_options.tls) peer_secure(p, peer_tls_client());
  return p;
}

/* Behind the handshake come tickets, which a client that then reads no more should have. */
static void shake(fixture *f, peer *p) {
  loop_wind(&f->loop);
  while (!p->connected && !is_over(p) && loop_turn(&f->loop)) {}
  settle(f);
}

peer *client_open(fixture *f) {
  peer *p = client_new(f);
  peer_connect(p, f->port);
  if (p->tls) shake(f, p);
  return p;
}

/* The relay's own socket must be narrow, too, or the system takes megabytes in between. */
peer *client_open_narrow(fixture *f) {
  int bytes = NARROW;
  uint64_t before = f->relay->count.clients_total;
  peer *p = client_new(f);
  peer_set_narrow(p);
  peer_connect(p, f->port);
  RUN_UNTIL(f, p->connected && f->relay->count.clients_total > before);
  if (p->tls) settle(f);
  peer_stop(p);
  uv_handle_t *other_end = (uv_handle_t *)weir__stream_uv_handle(last_down(f)->uv);
  CHECK_INT(uv_send_buffer_size(other_end, &bytes), 0);
  return p;
}

peer *ask(fixture *f, const char *request) {
  peer *p = client_open(f);
  peer_say(p, request);
  return p;
}

/* Whom a test that has failed may talk to without harm. */
static peer *nobody(fixture *f) {
  peer *p = client_new(f);
  peer_close(p);
  return p;
}

peer *asked(fixture *f, size_t n) {
  RUN_UNTIL(f, origin_peer(&f->origin, n) && got(origin_peer(&f->origin, n), "\r\n\r\n"));
  peer *p = origin_peer(&f->origin, n);
  if (p && p->tls && !SSL_session_reused(p->tls->ssl)) /* OpenSSL forgets it then */
    CHECK_STR(peer_tls_asked_name(p->tls), "good.test");
  return p ? p : nobody(f);
}

weir_upstream *add_origin(fixture *f, origin_server *o, const char *host) {
  char url[URL_ROOM];
  weir_upstream *upstream = NULL;
  origin_open(o, &f->loop, NULL);
  o->secure = origin_is_secure();
  print_url(url, "127.0.0.1", o->port);
  weir_upstream_options options = {WEIR_UPSTREAM_OPTIONS_INIT, .url = url, .host = host,
                                   .tls = o->secure ? way_origin_tls() : NULL};
  CHECK_INT(weir_upstream_new(&upstream, f->relay, &options), 0);
  return upstream;
}

/* ---- observe ---- */

weir__downstream *last_down(const fixture *f) {
  const weir__list *list = &f->relay->downstreams;
  return list->prev == list ? NULL : weir__container_of(list->prev, weir__downstream, node);
}

weir_exchange *last_exchange(const fixture *f) {
  weir__downstream *down = last_down(f);
  return down && down->events ? down->owner : NULL;
}

static int count_write(weir__stream *stream, const weir__slice *slices, size_t count) {
  spy *s = weir__container_of(stream->verbs, spy, verbs);
  s->writes++;
  return s->real->writev(stream, slices, count);
}

static void spy_on(spy *s, weir__stream *stream) {
  *s = (spy){.verbs = *stream->verbs, .real = stream->verbs};
  s->verbs.writev = count_write;
  stream->verbs = &s->verbs;
}

void spy_on_client(fixture *f) { spy_on(&f->spy, last_down(f)->stream); }

void spy_on_origin(fixture *f) { spy_on(&f->spy, last_exchange(f)->up.stream); }

size_t held(const fixture *f) { return f->alloc.live_bytes - f->idle_bytes; }

const ended *only_end(const fixture *f) {
  static const ended none = {.end = (enum weir_end) - 1};
  return CHECK_INT(f->end_count, 1) ? f->ends : &none;
}

bool check_answer(const char *file, int line, peer *p, int status, const char *body) {
  const message *m = take(p);
  return check_true(file, line, "the answer is whole", m->whole) &&
         check_int(file, line, "its status", m->status, "the status wanted", status) &&
         check_mem(file, line, "its body", m->body, m->body_len, "the body wanted", body,
                   strlen(body));
}
