/* See worker.h. */
#include "worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"
#include "schedule.h"

/* ---- orders, on the worker's thread ---- */

/* The relay was the last that kept the loop alive, so this also ends the thread. */
static void close_relay(struct worker *w) {
  if (w->relay) weir_relay_close(w->relay, NULL, NULL);
  w->relay = NULL;
}

static void on_drained(weir_relay *relay, void *user) {
  (void)relay;
  close_relay(user);
}

static void on_drain(uv_async_t *order) {
  struct worker *w = order->data;
  if (w->relay) weir_relay_drain(w->relay, w->config->drain_ms, on_drained, w);
}

static void on_stop(uv_async_t *order) { close_relay(order->data); }

static void on_reopen(uv_async_t *order) {
  struct worker *w = order->data;
  access_log_reopen(&w->handler.log);
}

/* Orders may come until the thread is joined, so the handles stay open; they keep no loop alive. */
static int open_orders(struct worker *w) {
  static const uv_async_cb obey[ORDER_COUNT] = {
      [ORDER_DRAIN] = on_drain, [ORDER_STOP] = on_stop, [ORDER_REOPEN] = on_reopen};
  int rc = 0;
  for (int i = 0; i < ORDER_COUNT; i++) {
    rc = uv_async_init(&w->loop, &w->orders[i], obey[i]);
    if (rc) break;
    w->orders[i].data = w;
    uv_unref((uv_handle_t *)&w->orders[i]);
  }
  return rc;
}

/* ---- making one ---- */

/* The library says that some range is wrong, not which one. */
static const char *find_bad_range(const struct config *config) {
  uv_loop_t loop;
  const char *bad = NULL;
  if (uv_loop_init(&loop)) return NULL;
  for (size_t i = 0; i < config->trusted.count && !bad; i++) {
    const char *one[] = {config->trusted.items[i], NULL};
    weir_options options = {WEIR_OPTIONS_INIT, .trusted_proxies = one};
    weir_relay *relay;
    int rc = weir_relay_new(&relay, &loop, &options);
    if (rc == WEIR_ECIDR) bad = one[0];
    if (rc == 0) weir_relay_close(relay, NULL, NULL);
  }
  uv_run(&loop, UV_RUN_DEFAULT);
  uv_loop_close(&loop);
  return bad;
}

static bool open_relay(struct worker *w) {
  const struct config *config = w->config;
  weir_options options = config->options;
  weir_hooks hooks = handler_hooks(&w->handler);
  options.hooks = &hooks;
  if (config->log_level) {
    options.log = say_log;
    options.log_level = (enum weir_log_level)config->log_level;
  }
  int rc = weir_relay_new(&w->relay, &w->loop, &options);
  const char *bad = rc == WEIR_ECIDR ? find_bad_range(config) : NULL;
  if (bad) return say("--trusted-proxy %s: %s", bad, weir_strerror(rc));
  if (rc) return say("cannot start: %s", weir_strerror(rc));
  return routes_apply(&config->routes, w->relay, config->origin_host, w->tls->origins);
}

bool worker_open(struct worker *w, const struct config *config, const struct tls *tls,
                 const char *run, unsigned number) {
  *w = (struct worker){.config = config, .tls = tls};
  int rc = uv_loop_init(&w->loop);
  if (rc) return say("cannot start: %s", uv_strerror(rc));
  rc = open_orders(w);
  bool ok = rc == 0 || say("cannot start: %s", uv_strerror(rc));
  if (ok && handler_open(&w->handler, config, run, number) && open_relay(w)) return true;
  worker_close(w);
  return false;
}

/* ---- listening ---- */

/* "host:0" with the port that the first worker got. A path stays what it is. */
static void print_address(char *out, size_t size, const struct place *place) {
  const char *colon = strrchr(place->address, ':');
  if (place->port && colon)
    snprintf(out, size, "%.*s:%d", (int)(colon - place->address), place->address, place->port);
  else
    snprintf(out, size, "%s", place->address);
}

/* The first port we get is where --http-redirect leads; a unix socket has none. */
static void note_https_port(struct worker *w, int port) {
  if (w->config->redirect_port) port = (int)w->config->redirect_port;
  if (!w->handler.https_port) w->handler.https_port = port;
}

bool worker_listen(struct worker *w, struct place *place) {
  char address[512];
  weir_listen_options options = {WEIR_LISTEN_OPTIONS_INIT, .reuse_port = w->config->workers > 1,
                                 .tls = place->redirects ? NULL : w->tls->clients};
  print_address(address, sizeof address, place);
  int rc = weir_relay_listen(w->relay, address, &options, &place->port);
  if (rc) return say("cannot listen on %s: %s", place->address, weir_strerror(rc));
  if (!place->redirects) note_https_port(w, place->port);
  return true;
}

/* ---- the thread ---- */

static void run(void *arg) {
  struct worker *w = arg;
  if (tls_in_use(w->tls)) schedule_hurry();
  uv_run(&w->loop, UV_RUN_DEFAULT);
  uv_async_send(&w->ended);
}

bool worker_start(struct worker *w, uv_loop_t *main_loop, uv_async_cb on_ended) {
  int rc = uv_async_init(main_loop, &w->ended, on_ended);
  if (rc) return say("cannot start a worker: %s", uv_strerror(rc));
  w->ended.data = w;
  rc = uv_thread_create(&w->thread, run, w);
  if (rc == 0) return true;
  uv_close((uv_handle_t *)&w->ended, NULL);
  return say("cannot start a worker: %s", uv_strerror(rc));
}

void worker_order(struct worker *w, enum order order) { uv_async_send(&w->orders[order]); }

void worker_join(struct worker *w) { uv_thread_join(&w->thread); }

void worker_close(struct worker *w) {
  close_relay(w);
  for (int i = 0; i < ORDER_COUNT; i++)
    if (w->orders[i].data) uv_close((uv_handle_t *)&w->orders[i], NULL);
  uv_run(&w->loop, UV_RUN_DEFAULT);
  int rc = uv_loop_close(&w->loop);
  if (rc) (void)say("a worker left something open: %s", uv_strerror(rc));
  handler_close(&w->handler);
}
