/* Idle streams, the youngest last. They keep reading, so the loop tells at once when an origin
 * closes one, and reuse costs one look at the socket. */
#include "relay/pool.h"

#include "http/chars.h"
#include "relay/relay.h"
#include "weir/err.h"

typedef struct idle {
  weir__list node;
  weir_upstream *upstream;
  weir__stream *stream;
  weir__deadline deadline;
} idle;

/* Takes the entry apart; the stream is the caller's. */
static weir__stream *release(idle *entry) {
  weir_upstream *upstream = entry->upstream;
  weir__stream *stream = entry->stream;
  weir__deadline_stop(&upstream->relay->clock, &entry->deadline);
  weir__list_remove(&entry->node);
  upstream->idle_count--;
  upstream->relay->count.idle_origins--;
  weir__mem_free(&upstream->relay->mem, entry);
  return stream;
}

/* ---- TLS ---- */

void weir__origin_learn(weir_upstream *upstream, weir__stream *stream) {
  weir__mem *mem = &upstream->relay->mem;
  weir__tls *engine = upstream->tls ? weir__stream_tls_engine(stream) : NULL;
  weir__slice session;
  if (!engine || !weir__tls_has_session(engine)) return;
  if (weir__tls_session(engine, mem, &session)) return; /* the next one shakes hands in full */
  weir__origin_forget(upstream);
  upstream->session = session;
}

void weir__origin_forget(weir_upstream *upstream) {
  weir__mem_free(&upstream->relay->mem, (char *)(uintptr_t)upstream->session.ptr);
  upstream->session = weir__slice_of(NULL, 0);
}

void weir__origin_leave(weir_upstream *upstream, weir__stream *stream) {
  weir__origin_learn(upstream, stream);
  if (upstream->tls) (void)weir__stream_shutdown(stream);
  weir__stream_discard(stream);
}

/* ---- idle streams ---- */

static void end(idle *entry) {
  weir_upstream *upstream = entry->upstream;
  weir__origin_leave(upstream, release(entry));
}

/* A byte, FIN or error on an idle connection: none of it can belong to a later answer. */
static void on_data(void *owner, weir__slice data) {
  (void)data;
  end(owner);
}

static void on_end(void *owner, int status) {
  (void)status;
  end(owner);
}

static void on_drained(void *owner) { (void)owner; }

static void on_closed(void *owner) { (void)owner; }

static const weir__stream_events events = {.on_data = on_data,
                                           .on_end = on_end,
                                           .on_drained = on_drained,
                                           .on_write_error = on_end,
                                           .on_closed = on_closed};

static void on_deadline(weir__deadline *deadline) {
  end(weir__container_of(deadline, idle, deadline));
}

weir__stream *weir__pool_take(weir_upstream *upstream) {
  while (!weir__list_empty(&upstream->idle)) {
    weir__stream *stream = release(weir__container_of(upstream->idle.prev, idle, node));
    if (weir__stream_silent(stream)) return stream;
    weir__origin_leave(upstream, stream);
  }
  return NULL;
}

void weir__pool_give(weir_upstream *upstream, weir__stream *stream, uint32_t ms) {
  weir_relay *relay = upstream->relay;
  bool room = upstream->idle_count < relay->set.o.idle_per_origin && !relay->draining && ms > 0;
  idle *entry = room ? weir__mem_new(&relay->mem, sizeof *entry) : NULL;
  if (!entry) {
    weir__origin_leave(upstream, stream);
    return;
  }
  *entry = (idle){.upstream = upstream, .stream = stream, .deadline = {.fn = on_deadline}};
  weir__list_init(&entry->node);
  weir__list_append(&upstream->idle, &entry->node);
  upstream->idle_count++;
  relay->count.idle_origins++;
  weir__stream_own(stream, &events, entry);
  weir__deadline_set(&relay->clock, &entry->deadline, ms);
}

void weir__pool_clear(weir_upstream *upstream) {
  while (!weir__list_empty(&upstream->idle))
    end(weir__container_of(upstream->idle.prev, idle, node));
}

/* ---- the origin itself ---- */

/* One reading of the system's authorities, which are many, for all origins of a relay. */
static int default_tls(weir_relay *relay, weir_tls **tls) {
  int rc = relay->origin_tls ? 0 : weir_tls_origin_new(&relay->origin_tls, NULL, NULL);
  *tls = relay->origin_tls;
  return rc;
}

static int secure(weir_upstream *upstream, weir_tls *tls) {
  if (!upstream->url.tls) return tls ? WEIR_EINVAL : 0;
  if (tls && weir__tls_is_server(tls)) return WEIR_EINVAL;
  int rc = tls ? 0 : default_tls(upstream->relay, &tls);
  if (rc) return rc;
  weir__tls_hold(tls);
  upstream->tls = tls;
  return 0;
}

static int init(weir_upstream *upstream, weir_relay *relay, const weir_upstream_options *o) {
  int rc = weir__url_parse(&upstream->url, &relay->mem, o->url);
  if (rc == 0) rc = secure(upstream, o->tls);
  if (rc) return rc;
  upstream->endpoint = (weir__endpoint){upstream->url.host, upstream->url.port, upstream->url.path};
  if (!o->host) return 0;
  upstream->host = weir__mem_copy(&relay->mem, weir__slice_str(o->host));
  return upstream->host ? 0 : WEIR_ENOMEM;
}

int weir_upstream_new(weir_upstream **out, weir_relay *relay,
                      const weir_upstream_options *options) {
  weir_upstream_options o;
  int rc = weir__copy_sized(&o, sizeof o, options);
  if (rc) return rc;
  if (!o.url) return WEIR_EURL;
  if (o.host && !weir__is_host(weir__slice_str(o.host))) return WEIR_EHOST;
  weir_upstream *upstream = weir__mem_new(&relay->mem, sizeof *upstream);
  if (!upstream) return WEIR_ENOMEM;
  upstream->relay = relay;
  weir__list_init(&upstream->node);
  weir__list_init(&upstream->idle);
  rc = init(upstream, relay, &o);
  if (rc) {
    weir__origin_free(upstream);
    return rc;
  }
  weir__list_append(&relay->upstreams, &upstream->node);
  *out = upstream;
  return 0;
}

void weir__origin_free(weir_upstream *upstream) {
  weir__mem *mem = &upstream->relay->mem;
  weir__pool_clear(upstream);
  weir__list_remove(&upstream->node);
  weir__url_free(&upstream->url, mem);
  weir__mem_free(mem, upstream->host);
  weir__origin_forget(upstream);
  weir_tls_free(upstream->tls);
  weir__mem_free(mem, upstream);
}
