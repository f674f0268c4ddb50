/* The origin: accepts, reads requests, and asks the scenario for the answer. A connection is kept
 * after its answer unless the request said `Connection: close`. */
#ifndef BENCH_ORIGIN_H
#define BENCH_ORIGIN_H

#include "loop.h"
#include "message.h"

struct origin_conn {
  struct watch watch;
  struct message request;
  void *owner;   /* the scenario's, NULL at first */
  bool close;    /* the request asked for it */
  uint64_t left; /* the scenario's: bytes still to send */
};

struct origin_events {
  void (*on_request)(struct origin_conn *conn, const char *target);
  void (*on_gone)(struct origin_conn *conn);     /* FIN or RST; then the connection is closed */
  void (*on_writable)(struct origin_conn *conn); /* room in the socket again; may be NULL */
};

void origin_listen(int port, const struct origin_events *events);

/* The answer has been sent: the next request may come, or the connection closes. */
void origin_answered(struct origin_conn *conn);

#endif
