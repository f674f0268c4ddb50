/* weir_relay_listen, _accept and _start: three doors to the same relay/downstream. */
#include "relay/listeners.h"

#include <assert.h>

#include "http/chars.h"
#include "net/listen.h"
#include "net/peer.h"
#include "relay/downstream.h"
#include "relay/pool.h"
#include "relay/relay.h"
#include "weir/err.h"

enum { BACKLOG = 511 };

/* ---- plain or TLS ---- */

static void expect_tls(weir__downstream *d, const weir_tls *tls) {
  d->secure = tls != NULL;
  if (tls) d->peer.scheme = "https";
}

static void begin(weir__downstream *d, weir_tls *tls, weir__slice read) {
  if (tls)
    weir__downstream_begin_tls(d, tls, read);
  else
    weir__downstream_begin(d, read);
}

static bool is_for_clients(const weir_tls *tls) { return !tls || weir__tls_is_server(tls); }

/* ---- connections that the relay accepts ---- */

static weir__tcp_options towards_clients(const weir_relay *relay) {
  const weir_options *o = &relay->set.o;
  return (weir__tcp_options){.notsent_lowat = o->notsent_lowat == WEIR_OFF ? 0 : o->notsent_lowat,
                             .user_timeout_ms =
                                 o->user_timeout_ms == WEIR_OFF ? 0 : o->user_timeout_ms};
}

/* Counts it for its address, unless it is one of those that crowd.h lets pass. */
static int join_crowd(weir__downstream *d) {
  weir_relay *relay = d->relay;
  uint32_t max = relay->set.o.clients_per_address_max;
  if (max == WEIR_OFF || d->peer.addr.family == WEIR__UNIX || d->peer.trusted) return 0;
  int rc = weir__crowd_enter(&relay->crowd, &d->peer.addr, max);
  d->in_crowd = rc == 0;
  return rc;
}

static void count_refused(weir_relay *relay, int port, int rc) {
  relay->count.refused_total++;
  weir__relay_log(relay, WEIR_LOG_WARN, "relay=%p event=refused port=%d why=\"%s\"", (void *)relay,
                  port, weir_strerror(rc));
}

static void on_accept(void *owner, weir__listener *listener, int status, weir__stream_uv *uv) {
  weir_relay *relay = owner;
  weir__downstream *d = NULL;
  assert(uv || status);
  bool too_many = relay->count.clients - relay->turned_away >= relay->set.o.clients_max;
  int rc = uv ? weir__downstream_new(&d, relay, weir__stream_uv_base(uv), uv) : status;
  if (rc) {
    count_refused(relay, listener->port, rc);
    if (uv) weir__stream_discard(weir__stream_uv_base(uv));
    return;
  }
  d->peer.local_port = listener->port;
  expect_tls(d, listener->tls);
  rc = too_many ? WEIR__CROWDED : join_crowd(d);
  if (rc == 0) {
    begin(d, listener->tls, weir__slice_of("", 0));
  } else if (rc > 0) {
    weir__downstream_turn_away(d);
  } else {
    count_refused(relay, listener->port, rc);
    weir__downstream_drop(d);
  }
}

int weir_relay_listen(weir_relay *relay, const char *address, const weir_listen_options *options,
                      int *port) {
  weir_listen_options o = {0};
  weir__listener *listener;
  if (relay->draining) return WEIR_ESTATE;
  int rc = options ? weir__copy_sized(&o, sizeof o, options) : 0;
  if (rc == 0 && !is_for_clients(o.tls)) rc = WEIR_EINVAL;
  if (rc == 0)
    rc = weir__listen(&listener, &relay->io, address, o.backlog ? o.backlog : BACKLOG, o.reuse_port,
                      on_accept, relay);
  if (rc) return rc;
  weir__tcp_options tuning = towards_clients(relay);
  weir__listener_tune(listener, &tuning);
  if (o.tls) weir__listener_secure(listener, o.tls);
  weir__list_append(&relay->listeners, &listener->node);
  if (port) *port = listener->port;
  weir__relay_log(relay, WEIR_LOG_INFO, "relay=%p event=listen address=%s port=%d", (void *)relay,
                  address, listener->port);
  return 0;
}

void weir__listeners_close(weir_relay *relay) {
  weir__list *node;
  while ((node = weir__list_pop(&relay->listeners)))
    weir__listener_close(weir__container_of(node, weir__listener, node), NULL);
}

/* ---- connections that a host lends ---- */

static int borrow(weir__downstream **d, weir_relay *relay, uv_stream_t *stream,
                  const weir__loan *loan) {
  weir__stream_uv *uv;
  if (!stream || !loan->returned) return WEIR_EINVAL;
  if (relay->draining) return WEIR_ESTATE;
  int rc = weir__stream_uv_borrow(&uv, &relay->io, stream);
  if (rc) return rc;
  rc = weir__downstream_new(d, relay, weir__stream_uv_base(uv), uv);
  if (rc) {
    weir__stream_uv_give_back(uv);
    return rc;
  }
  rc = weir__downstream_lend(*d, loan);
  if (rc) {
    weir__downstream_unborrow(*d);
    return rc;
  }
  weir__tcp_options tuning = towards_clients(relay);
  weir__stream_uv_tune(uv, &tuning);
  (*d)->peer.local_port = weir__peer_local_port(stream);
  return 0;
}

int weir_relay_accept(weir_relay *relay, uv_stream_t *stream, const weir_accept_options *options,
                      weir_return_fn returned, void *user) {
  weir_accept_options o = {0};
  weir__downstream *d;
  int rc = options ? weir__copy_sized(&o, sizeof o, options) : 0;
  if (rc == 0 && !is_for_clients(o.tls)) rc = WEIR_EINVAL;
  if (rc == 0) rc = borrow(&d, relay, stream, &(weir__loan){.returned = returned, .user = user});
  if (rc) return rc;
  expect_tls(d, o.tls);
  rc = join_crowd(d);
  if (rc < 0) {
    weir__downstream_unborrow(d);
    return rc;
  }
  if (rc)
    weir__downstream_turn_away(d);
  else
    begin(d, o.tls, weir__slice_of(o.read, o.read ? o.read_len : 0));
  return 0;
}

/* ---- requests whose head the host parsed ---- */

/* What would come out as another request than the one described is no request at all; all else is
 * the reader's to judge. */
static int check(const weir_request *r) {
  if (!r->method || !weir__is_token(weir__slice_str(r->method))) return WEIR_EINVAL;
  if (r->http_minor < 0 || r->http_minor > 1) return WEIR_EINVAL;
  if (!r->target || !r->target[0]) return WEIR_ETARGET;
  for (const char *p = r->target; *p; p++)
    if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f) return WEIR_ETARGET;
  for (size_t i = 0; i < r->field_count; i++)
    if (!weir__is_token(weir__slice_str(r->fields[i].name)) ||
        !weir__is_field_value(weir__slice_str(r->fields[i].value)))
      return WEIR_EFIELD;
  return 0;
}

static void put(weir__buf *out, const char *text, int *rc) {
  if (*rc == 0) *rc = weir__buf_append(out, weir__slice_str(text));
}

/* The head as bytes again: one reader, one set of rules, whoever parsed it first. */
static int write_request(weir__buf *out, const weir_request *r) {
  int rc = 0;
  put(out, r->method, &rc);
  put(out, " ", &rc);
  put(out, r->target, &rc);
  put(out, r->http_minor ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n", &rc);
  for (size_t i = 0; i < r->field_count; i++) {
    put(out, r->fields[i].name, &rc);
    put(out, ": ", &rc);
    put(out, r->fields[i].value, &rc);
    put(out, "\r\n", &rc);
  }
  put(out, "\r\n", &rc);
  if (rc == 0 && r->body) rc = weir__buf_append(out, weir__slice_of(r->body, r->body_len));
  return rc;
}

int weir_relay_start(weir_relay *relay, uv_stream_t *stream, const weir_request *request,
                     weir_upstream *upstream, const weir_hooks *hooks, weir_return_fn returned,
                     void *user) {
  weir_request r;
  weir__downstream *d = NULL;
  weir__buf text = {.mem = &relay->mem};
  weir__loan loan = {.returned = returned, .user = user, .once = true, .upstream = upstream};
  loan.hooked = hooks != NULL;
  int rc = weir__copy_sized(&r, sizeof r, request);
  if (rc == 0) rc = upstream && upstream->relay != relay ? WEIR_EINVAL : check(&r);
  if (rc == 0) rc = write_request(&text, &r);
  if (rc == 0 && hooks) rc = weir__copy_sized(&loan.hooks, sizeof loan.hooks, hooks);
  if (rc == 0) rc = borrow(&d, relay, stream, &loan);
  if (rc == 0) weir__downstream_begin(d, weir__buf_slice(&text));
  weir__buf_free(&text);
  return rc;
}
