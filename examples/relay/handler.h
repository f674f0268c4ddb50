/* What weir-relay does at the hooks of an exchange: sets and removes fields, leads plain HTTP to
 * https, knows content among events, and writes the access log at the end. A worker has its own, used on the worker's thread
 * only. It knows no loop. */
#ifndef RELAY_HANDLER_H
#define RELAY_HANDLER_H

#include <stdbool.h>
#include <weir.h>

#include "access_log.h"
#include "config.h"

struct handler {
  const struct config *config;
  struct access_log log;
  int https_port;     /* where --http-redirect leads, set once known; 0: the usual one */
  char id_prefix[24]; /* what tells the exchanges of this worker from those of any other */
};

/* `run` names this run of the program, `worker` counts from 0. False after saying why. */
bool handler_open(struct handler *handler, const struct config *config, const char *run,
                  unsigned worker);

/* Only the hooks there is work for. They hold `handler`. */
weir_hooks handler_hooks(struct handler *handler);

void handler_close(struct handler *handler);

#endif
