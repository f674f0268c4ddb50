/* The public face of a relay: making it, drain, close, counters. Who comes in is in
 * relay/listeners.c. */
#include "relay/relay.h"

#include "relay/downstream.h"
#include "relay/exchange.h"
#include "relay/listeners.h"
#include "relay/pool.h"
#include "weir/err.h"

#define each(node, list) \
  weir__list *node = (list)->next, *after = node->next; \
  node != (list); \
  node = after, after = node->next

/* ---- making one ---- */

static void on_drain_deadline(weir__deadline *deadline);
static void on_last_io(weir__io *io);

/* What can be freed from here on, whatever fails. */
static void init_parts(weir_relay *relay) {
  relay->batch.text.mem = relay->routes.mem = &relay->mem;
  weir__list_init(&relay->upstreams);
  weir__list_init(&relay->listeners);
  weir__list_init(&relay->downstreams);
  weir__crowd_init(&relay->crowd, &relay->mem);
  relay->drain_deadline.fn = on_drain_deadline;
}

static int init_shared(weir_relay *relay) {
  const weir__h1_limits *limits = &relay->set.limits;
  int rc = weir__io_init(&relay->io, relay->loop, &relay->mem);
  if (rc) return rc;
  relay->io.high = relay->set.o.outbox_high;
  relay->io.low = relay->set.o.outbox_low;
  relay->io.on_last = on_last_io;
  for (int kind = 0; kind < WEIR__H1_KINDS; kind++)
    relay->spare[kind] = weir__h1_new(&relay->mem, (enum weir__h1_kind)kind, limits, NULL, NULL);
  return relay->spare[0] && relay->spare[1] ? 0 : WEIR_ENOMEM;
}

static void free_memory(weir_relay *relay) {
  weir__mem mem = relay->mem;
  weir__routes_free(&relay->routes);
  weir__crowd_free(&relay->crowd);
  for (each(node, &relay->upstreams))
    weir__origin_free(weir__container_of(node, weir_upstream, node));
  weir_tls_free(relay->origin_tls);
  weir__buf_free(&relay->batch.text);
  weir__settings_free(&relay->set, &relay->mem);
  for (int kind = 0; kind < WEIR__H1_KINDS; kind++) weir__h1_free(relay->spare[kind]);
  weir__io_free(&relay->io);
  weir__mem_free(&mem, relay);
}

/* The handles come last, since they are not closable here: the caller's loop need not turn once
 * more. */
static int init(weir_relay *relay, const weir_options *options) {
  int rc = weir__settings_init(&relay->set, &relay->mem, options);
  if (rc == 0) rc = init_shared(relay);
  if (rc == 0) rc = weir__clock_init(&relay->clock, relay->loop);
  if (rc == 0) weir__reaper_init(&relay->reaper, relay->loop);
  return rc;
}

int weir_relay_new(weir_relay **out, uv_loop_t *loop, const weir_options *options) {
  weir__mem mem;
  if (!out || !loop) return WEIR_EINVAL;
  int rc = weir__settings_allocator(&mem, options);
  if (rc) return rc;
  weir_relay *relay = weir__mem_new(&mem, sizeof *relay);
  if (!relay) return WEIR_ENOMEM;
  relay->loop = loop;
  relay->mem = mem;
  init_parts(relay);
  rc = init(relay, options);
  if (rc)
    free_memory(relay);
  else
    *out = relay;
  return rc;
}

int weir_relay_route(weir_relay *relay, const char *host, const char *prefix,
                     weir_upstream *upstream) {
  if (upstream && upstream->relay != relay) return WEIR_EINVAL;
  return weir__routes_add(&relay->routes, host, prefix, upstream);
}

/* ---- readers ---- */

weir__h1_reader *weir__relay_reader(weir_relay *relay, enum weir__h1_kind kind,
                                    const weir__h1_events *events, void *owner) {
  weir__h1_reader *reader = relay->spare[kind];
  relay->spare[kind] = NULL;
  if (!reader) return weir__h1_new(&relay->mem, kind, &relay->set.limits, events, owner);
  weir__h1_renew(reader, events, owner);
  return reader;
}

void weir__relay_rest(weir_relay *relay, enum weir__h1_kind kind, weir__h1_reader *reader) {
  if (reader && !relay->spare[kind]) {
    weir__h1_renew(reader, NULL, NULL);
    relay->spare[kind] = reader;
  } else {
    weir__h1_free(reader);
  }
}

/* ---- what goes on ---- */

void weir_relay_counters(const weir_relay *relay, weir_counters *counters) {
  size_t size = counters->size;
  if (size > sizeof relay->count) size = sizeof relay->count;
  memcpy(counters, &relay->count, size);
  counters->size = size;
}

/* ---- ending ---- */

static weir_exchange *running(const weir__downstream *down) {
  bool busy = down->state == WEIR__DOWN_BUSY && down->events;
  return busy || down->held ? down->owner : NULL;
}

/* Once more for a response that was ended well but waits for its client: nobody waits now. */
static void end_client(weir__downstream *down) {
  for (int i = 0; i < 2 && running(down); i++)
    weir__exchange_fail(running(down), WEIR_END_DRAINED, WEIR_ECANCELED);
  weir__downstream_drop(down); /* nothing if that did it already */
}

static void end_clients(weir_relay *relay) {
  for (each(node, &relay->downstreams))
    end_client(weir__container_of(node, weir__downstream, node));
}

static void stop_taking(weir_relay *relay) {
  relay->draining = true;
  weir__listeners_close(relay);
  for (each(node, &relay->upstreams))
    weir__pool_clear(weir__container_of(node, weir_upstream, node));
}

static void report_drained(weir_relay *relay) {
  weir_done_fn done = relay->drained;
  relay->drained = NULL;
  uv_unref((uv_handle_t *)&relay->clock.timer);
  if (done) done(relay, relay->drained_user);
}

/* Either the time is over, or there was nobody left and the report waited for the loop. */
static void on_drain_deadline(weir__deadline *deadline) {
  weir_relay *relay = weir__container_of(deadline, weir_relay, drain_deadline);
  if (weir__list_empty(&relay->downstreams))
    report_drained(relay);
  else
    end_clients(relay);
}

static void begin_drain(weir_relay *relay) {
  relay->drain_began_ms = weir__clock_now(&relay->clock);
  uv_ref((uv_handle_t *)&relay->clock.timer); /* the report must come even if nothing else lives */
  stop_taking(relay);
  for (each(node, &relay->downstreams)) {
    weir__downstream *down = weir__container_of(node, weir__downstream, node);
    weir__downstream_drain(down);
    if (running(down)) weir__drain_begin(running(down));
  }
}

void weir_relay_drain(weir_relay *relay, uint32_t deadline_ms, weir_done_fn done, void *user) {
  bool again = relay->draining;
  if (relay->closing) return;
  weir__deadline_set(&relay->clock, &relay->drain_deadline, deadline_ms);
  if (!again) {
    relay->drained = done;
    relay->drained_user = user;
    begin_drain(relay);
  }
  weir__relay_check(relay); /* there may be nobody left to wait for */
}

static void on_reaper_closed(weir__reaper *reaper) {
  weir_relay *relay = weir__container_of(reaper, weir_relay, reaper);
  weir_done_fn done = relay->closed;
  void *user = relay->closed_user;
  free_memory(relay);
  if (done) done(relay, user);
}

static void on_clock_closed(weir__clock *clock) {
  weir_relay *relay = weir__container_of(clock, weir_relay, clock);
  relay->clock_closed = true;
  weir__relay_check(relay);
}

static void on_last_io(weir__io *io) { weir__relay_check(weir__container_of(io, weir_relay, io)); }

void weir__relay_check(weir_relay *relay) {
  bool empty = weir__list_empty(&relay->downstreams);
  if (relay->closing) {
    if (!empty || relay->io.live || !relay->clock_closed || relay->last) return;
    relay->last = true;
    weir__reaper_close(&relay->reaper, on_reaper_closed);
  } else if (relay->draining && empty) {
    weir__deadline_set(&relay->clock, &relay->drain_deadline, 0);
  }
}

void weir_relay_close(weir_relay *relay, weir_done_fn done, void *user) {
  if (relay->closing) return;
  relay->closing = true;
  relay->closed = done;
  relay->closed_user = user;
  stop_taking(relay);
  end_clients(relay);
  weir__clock_close(&relay->clock, on_clock_closed);
}
