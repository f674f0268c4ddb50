/* A worker: one loop, one relay, one thread. Made, started, joined and closed by the main thread;
 * while it runs, orders are all that reaches it. Workers share nothing but the configuration and
 * TLS. */
#ifndef RELAY_WORKER_H
#define RELAY_WORKER_H

#include <stdbool.h>
#include <weir.h>

#include "config.h"
#include "handler.h"
#include "tls.h"

enum order { ORDER_DRAIN, ORDER_STOP, ORDER_REOPEN, ORDER_COUNT };

struct worker {
  const struct config *config;
  const struct tls *tls;
  struct handler handler;
  uv_loop_t loop;
  uv_async_t orders[ORDER_COUNT];
  weir_relay *relay; /* NULL once it is closing */
  uv_thread_t thread;
  uv_async_t ended; /* of the main thread's loop */
};

/* The address as given, and the port behind it once a listener has one. */
struct place {
  const char *address;
  int port;
  bool redirects; /* plain HTTP that leads to https, of the first place that has a port */
};

/* Makes the relay with its origins and routes; nothing listens yet. False after saying why, and
 * nothing is left. */
bool worker_open(struct worker *worker, const struct config *config, const struct tls *tls,
                 const char *run, unsigned number);

/* Listens; port 0 becomes the real one, so that the next worker gets the same. False after saying
 * why. */
bool worker_listen(struct worker *worker, struct place *place);

/* Runs the loop in a thread; `on_ended` runs on `main_loop` when it has ended. False after saying
 * why; the worker is as it was. */
bool worker_start(struct worker *worker, uv_loop_t *main_loop, uv_async_cb on_ended);

/* Any time between start and join. Draining twice or stopping twice does nothing. */
void worker_order(struct worker *worker, enum order order);

/* Waits for the thread, whose loop has ended or is about to. */
void worker_join(struct worker *worker);

/* Only while its thread does not run. */
void worker_close(struct worker *worker);

#endif
