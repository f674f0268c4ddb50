/* weir-relay: a relay for production, built on weir's public headers. This file starts the workers,
 * listens, and turns signals into orders; it never knows HTTP. main() owns the configuration, TLS,
 * the workers and a loop of its own for signals; each worker owns its loop and relay. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "flags.h"
#include "say.h"
#include "schedule.h"
#include "tls.h"
#include "worker.h"

enum { EXIT_DRAINED = 0, EXIT_FORCED = 1, EXIT_WRONG = 2, SIGNALS = 3, ID_BYTES = 4 };

struct program {
  struct config config;
  struct tls tls;
  struct worker *workers;
  size_t opened;  /* workers that are open .. */
  size_t started; /* .. and those that have a thread */
  size_t running;
  struct place *places; /* what to listen on: config.listen, then config.redirects */
  size_t place_count;
  uv_loop_t loop;
  uv_signal_t signals[SIGNALS];
  int told; /* how often to end */
};

/* ---- the process ---- */

/* A connection is a descriptor, and the usual soft limit is 1024. */
static void allow_many_descriptors(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* Request ids begin with it, so that those of another run are others. */
static void name_run(char *name, size_t size) {
  unsigned char bytes[ID_BYTES] = {0};
  (void)uv_random(NULL, NULL, bytes, sizeof bytes, 0, NULL);
  for (size_t i = 0; i < sizeof bytes; i++) snprintf(name + 2 * i, size - 2 * i, "%02x", bytes[i]);
}

/* ---- opening ---- */

static bool open_workers(struct program *p) {
  char run[2 * ID_BYTES + 1];
  name_run(run, sizeof run);
  p->workers = calloc(p->config.workers, sizeof *p->workers);
  if (!p->workers) return say("out of memory");
  while (p->opened < p->config.workers) {
    if (!worker_open(&p->workers[p->opened], &p->config, &p->tls, run, (unsigned)p->opened))
      return false;
    p->opened++;
  }
  return true;
}

/* Address by address, so that all workers get the port that the first one got. */
static bool listen_on(struct program *p, struct place *place) {
  for (size_t i = 0; i < p->opened; i++)
    if (!worker_listen(&p->workers[i], place)) return false;
  return true;
}

static bool listen_everywhere(struct program *p) {
  const struct list *listen = &p->config.listen, *redirects = &p->config.redirects;
  p->places = calloc(listen->count + redirects->count, sizeof *p->places);
  if (!p->places) return say("out of memory");
  for (size_t i = 0; i < listen->count; i++)
    p->places[p->place_count++] = (struct place){.address = listen->items[i]};
  for (size_t i = 0; i < redirects->count; i++)
    p->places[p->place_count++] = (struct place){.address = redirects->items[i], .redirects = true};
  for (size_t i = 0; i < p->place_count; i++)
    if (!listen_on(p, &p->places[i])) return false;
  return true;
}

/* "host:0" with the real port; without a host, every address of the machine. */
static void announce_port(const char *verb, const char *scheme, const struct place *place) {
  int host = (int)(strrchr(place->address, ':') - place->address);
  printf("%s %s://%s%.*s:%d\n", verb, scheme, host ? "" : "0.0.0.0", host, place->address,
         place->port);
}

/* Scripts wait for these lines, so they must not sit in a buffer. */
static void announce(const struct program *p) {
  for (size_t i = 0; i < p->place_count; i++) {
    const struct place *place = &p->places[i];
    const char *verb = place->redirects ? "redirecting" : "listening on";
    if (place->port)
      announce_port(verb, p->tls.clients && !place->redirects ? "https" : "http", place);
    else
      printf("%s %s\n", verb, place->address);
  }
  fflush(stdout);
}

/* ---- running ---- */

static void order_all(struct program *p, enum order order) {
  for (size_t i = 0; i < p->started; i++) worker_order(&p->workers[i], order);
}

/* The third time nobody waits for a worker that hangs in a write to its log. */
static void on_end_signal(uv_signal_t *signal, int number) {
  struct program *p = signal->data;
  (void)number;
  switch (++p->told) {
  case 1:
    (void)say("draining; a second signal ends at once");
    order_all(p, ORDER_DRAIN);
    return;
  case 2: order_all(p, ORDER_STOP); return;
  default: _exit(EXIT_FORCED);
  }
}

/* The files of TLS are read here, so that no worker waits for them. */
static void on_reopen_signal(uv_signal_t *signal, int number) {
  struct program *p = signal->data;
  (void)number;
  order_all(p, ORDER_REOPEN);
  tls_reload(&p->tls);
}

static void close_signals(struct program *p) {
  for (int i = 0; i < SIGNALS; i++) uv_close((uv_handle_t *)&p->signals[i], NULL);
}

static bool watch_signals(struct program *p) {
  static const int numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP};
  int rc = 0;
  for (int i = 0; i < SIGNALS; i++) {
    (void)uv_signal_init(&p->loop, &p->signals[i]); /* fails only without memory for the loop */
    p->signals[i].data = p;
  }
  for (int i = 0; i < SIGNALS && rc == 0; i++)
    rc = uv_signal_start(&p->signals[i], numbers[i] == SIGHUP ? on_reopen_signal : on_end_signal,
                         numbers[i]);
  return rc == 0 || say("cannot watch signals: %s", uv_strerror(rc));
}

static void on_worker_ended(uv_async_t *ended) {
  struct program *p = ended->loop->data;
  uv_close((uv_handle_t *)ended, NULL);
  if (--p->running == 0) close_signals(p);
}

static bool start_workers(struct program *p) {
  if (tls_in_use(&p->tls)) schedule_pool(&p->loop);
  while (p->started < p->opened) {
    if (!worker_start(&p->workers[p->started], &p->loop, on_worker_ended)) return false;
    p->started++;
    p->running++;
  }
  return true;
}

/* The exit status. */
static int run(struct program *p) {
  int rc = uv_loop_init(&p->loop);
  if (rc) return say("cannot start: %s", uv_strerror(rc)), EXIT_WRONG;
  p->loop.data = p;
  bool ok = watch_signals(p);
  if (ok) announce(p);
  if (ok) ok = start_workers(p);
  if (!ok) order_all(p, ORDER_STOP);
  if (!p->running) close_signals(p);
  uv_run(&p->loop, UV_RUN_DEFAULT);
  for (size_t i = 0; i < p->started; i++) worker_join(&p->workers[i]);
  uv_loop_close(&p->loop);
  if (!ok) return EXIT_WRONG;
  return p->told > 1 ? EXIT_FORCED : EXIT_DRAINED;
}

static void close_all(struct program *p) {
  for (size_t i = 0; i < p->opened; i++) worker_close(&p->workers[i]);
  free(p->workers);
  free(p->places);
  tls_close(&p->tls);
  config_free(&p->config);
}

int main(int argc, char **argv) {
  struct program p = {0};
  int status = EXIT_WRONG;
  enum flags_result flags = flags_parse(&p.config, argc, argv);
  if (flags == FLAGS_DONE) status = 0;
  if (flags == FLAGS_RUN) {
    signal(SIGPIPE, SIG_IGN); /* libuv writes without MSG_NOSIGNAL */
    allow_many_descriptors();
    bool ok = tls_open(&p.tls, &p.config) && open_workers(&p);
    if (ok && p.config.check_only)
      status = 0;
    else if (ok && listen_everywhere(&p))
      status = run(&p);
  }
  close_all(&p);
  return status;
}
