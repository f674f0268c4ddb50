/* Streams from origin to client, both ends in this process: so the sender knows what has arrived,
 * and one clock serves both. Each stream begins with a head and one event in one write. */
#ifndef BENCH_STREAMS_H
#define BENCH_STREAMS_H

#include "client.h"
#include "message.h"
#include "meter.h"
#include "origin.h"

enum { EVENT_BYTES = 120, IN_FLIGHT_MAX = 256 };

struct stream {
  struct client client;
  struct message response;
  struct origin_conn *origin;
  uint64_t sent, received; /* events, the first one included */
  uint64_t partial;        /* bytes of an event that has not come whole */
  uint64_t left_at;        /* when the client closed, and when the origin heard of it */
  uint64_t gone_at;
  uint64_t sent_at[IN_FLIGHT_MAX]; /* of event i at i modulo IN_FLIGHT_MAX */
};

struct streams {
  struct stream *all;
  unsigned count, open;
  uint64_t received;                       /* events, of all streams */
  uint64_t merged;                         /* events that came in one read behind another */
  struct samples delays;                   /* from send to read */
  void (*on_event)(struct stream *stream); /* or NULL */
  void (*on_gone)(struct stream *stream);  /* the origin's end closed; NULL: that is a fault */
};

/* There is one set of streams. */
extern struct streams streams;

/* Opens `count` streams through the relay and waits until the first event of each is here. */
void streams_open(const struct options *options);
void streams_send(struct stream *stream);
/* Waits until every event sent has been received. */
void streams_drain(void);
/* Resets all connections, so that no port lingers. */
void streams_close(void);

#endif
