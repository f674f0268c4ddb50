/* The relay's own struct: what one loop shares. It knows its parts by list and by count, never what
 * they say to each other. It belongs to the host until weir_relay_close() has reported. */
#ifndef WEIR_RELAY_RELAY_H
#define WEIR_RELAY_RELAY_H

#include "base/list.h"
#include "http/h1_read.h"
#include "net/io.h"
#include "net/reaper.h"
#include "net/timer.h"
#include "relay/crowd.h"
#include "relay/events.h"
#include "relay/options.h"
#include "relay/route.h"
#include "relay/sender.h"

struct weir_relay {
  uv_loop_t *loop;
  weir__mem mem;
  weir__settings set;
  weir__io io;
  weir__clock clock;
  weir__reaper reaper;
  weir__batch batch;
  weir__seen seen;
  weir__h1_reader *spare[WEIR__H1_KINDS]; /* one reader of each kind at rest, or NULL */
  weir__routes routes;
  weir__list upstreams, listeners, downstreams;
  weir_tls *origin_tls; /* of https origins that bring none; NULL before the first */
  weir__crowd crowd;    /* with clients_per_address_max */
  weir_counters count;
  weir_ledger ledger; /* of all streams that keep one */
  uint64_t last_id;
  uint64_t abandoned;   /* exchanges that go on without their client */
  uint64_t turned_away; /* clients that were one too many and have not gone yet */

  bool draining, closing;
  uint64_t drain_began_ms;
  bool clock_closed, last; /* on the way of weir_relay_close() */
  weir__deadline drain_deadline;
  weir_done_fn drained, closed;
  void *drained_user, *closed_user;
};

/* A reader for one message or more, perhaps the one at rest; NULL when memory is out. Most messages
 * are read in one go, so that one reader serves them all in turn; and who only waits for its next
 * message needs none. */
weir__h1_reader *weir__relay_reader(weir_relay *relay, enum weir__h1_kind kind,
                                    const weir__h1_events *events, void *owner);
/* Gives it back, whatever it was in the middle of; NULL is fine. */
void weir__relay_rest(weir_relay *relay, enum weir__h1_kind kind, weir__h1_reader *reader);

/* A client connection is gone: the end of a drain or of a close may be reached. */
void weir__relay_check(weir_relay *relay);

#define weir__relay_log(relay, level, ...) weir__log_line(&(relay)->set.log, level, __VA_ARGS__)

#endif
