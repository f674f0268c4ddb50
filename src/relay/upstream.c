/* Reading: stream -> http/h1_read -> events of relay/side.h. Writing: relay/sender -> stream. */
#include "relay/upstream.h"

#include "http/chars.h"
#include "relay/relay.h"
#include "weir/err.h"

/* An origin that says when it will close is left two seconds earlier: a request sent into its FIN
 * is an answer lost. */
enum { KEEP_ALIVE_MARGIN_S = 2, KEEP_ALIVE_MAX_S = 3600 };

/* ---- what the reader reports ---- */

static uint32_t idle_ms_of(const weir__upstream *u, const weir_head *head) {
  static const char name[] = "timeout=";
  const weir__field *field = weir__head_find(head, WEIR__NAME_KEEP_ALIVE);
  weir__slice rest = field ? weir__field_value(field) : weir__slice_of("", 0), parameter;
  uint64_t seconds;
  while (weir__slice_next(&rest, &parameter)) {
    if (parameter.len < strlen(name) || strncasecmp(parameter.ptr, name, strlen(name))) continue;
    parameter.ptr += strlen(name), parameter.len -= strlen(name);
    if (!weir__parse_decimal(parameter, &seconds)) continue;
    if (seconds <= KEEP_ALIVE_MARGIN_S) return 0;
    return seconds > KEEP_ALIVE_MAX_S ? KEEP_ALIVE_MAX_S * 1000u
                                      : (uint32_t)(seconds - KEEP_ALIVE_MARGIN_S) * 1000;
  }
  return u->relay->set.o.idle_origin_ms;
}

static int on_interim(void *owner, weir_head *head) {
  weir__upstream *u = owner;
  return u->events->on_interim(u->owner, head);
}

static int on_head(void *owner, weir_head *head) {
  weir__upstream *u = owner;
  u->keep_alive = head->keep_alive;
  u->idle_ms = idle_ms_of(u, head);
  u->raw = head->framing == WEIR__FRAMING_TUNNEL;
  weir__origin_learn(u->origin, u->stream);
  return u->events->on_head(u->owner, head);
}

static int on_body(void *owner, weir__slice span) {
  weir__upstream *u = owner;
  return u->events->on_body(u->owner, span);
}

/* The end of a head that opens a tunnel is no end of the direction. */
static int on_message_end(void *owner, weir_head *trailers) {
  weir__upstream *u = owner;
  if (u->raw) return 0;
  u->complete = true;
  return u->events->on_end(u->owner, trailers);
}

static const weir__h1_events reader_events = {
    .on_interim = on_interim, .on_head = on_head, .on_body = on_body, .on_end = on_message_end};

/* ---- what the stream reports ---- */

/* Bytes behind the end: of a tunnel they are its first, of a message nobody asked for them. */
static int read_message(weir__upstream *u, weir__slice bytes) {
  size_t used = 0;
  int rc = weir__h1_feed(u->reader, bytes, &used);
  weir__slice rest = weir__slice_of(bytes.ptr + used, bytes.len - used);
  if (rc != WEIR__H1_END || rest.len == 0) return rc;
  if (u->raw) return u->events->on_body(u->owner, rest);
  u->keep_alive = false;
  return rc;
}

static void on_data(void *owner, weir__slice bytes) {
  weir__upstream *u = owner;
  weir__batch *batch = &u->relay->batch;
  u->heard = true;
  if (u->timed) u->read_ns = weir__clock_ns(&u->relay->clock);
  batch->read = bytes;
  int rc = u->raw ? u->events->on_body(u->owner, bytes) : read_message(u, bytes);
  if (u->stream) u->events->on_flush(u->owner); /* good bytes first .. */
  batch->read = weir__slice_of(NULL, 0);
  if (u->stream && rc < 0) u->events->on_gone(u->owner, rc); /* .. then the news */
}

static void on_fin(weir__upstream *u) {
  int rc = u->raw ? u->events->on_end(u->owner, NULL) : weir__h1_finish(u->reader);
  u->keep_alive = false;
  if (!u->stream) return;
  if (u->raw || rc == WEIR__H1_END)
    u->events->on_flush(u->owner);
  else
    u->events->on_gone(u->owner, rc ? rc : WEIR_ETRUNCATED);
}

static void on_end(void *owner, int status) {
  weir__upstream *u = owner;
  if (status)
    u->events->on_gone(u->owner, status);
  else
    on_fin(u);
}

static void on_drained(void *owner) {
  weir__upstream *u = owner;
  u->events->on_drained(u->owner);
}

static void on_write_error(void *owner, int status) {
  weir__upstream *u = owner;
  u->broken = status;
  u->events->on_drained(u->owner); /* nothing waits there any more */
}

static void on_closed(void *owner) { (void)owner; } /* close() always changes the owner first */

static const weir__stream_events stream_events = {.on_data = on_data,
                                                  .on_end = on_end,
                                                  .on_drained = on_drained,
                                                  .on_write_error = on_write_error,
                                                  .on_closed = on_closed};

/* ---- opening ---- */

static int use(weir__upstream *u, weir__stream *stream) {
  u->stream = stream;
  weir__stream_own(stream, &stream_events, u);
  int rc = weir__stream_read_start(stream);
  if (rc) return rc;
  rc = weir__sender_attach(&u->sender, stream);
  if (rc < 0 && rc != WEIR_ENOMEM) u->broken = rc;
  return rc == WEIR_ENOMEM ? rc : 0;
}

static void opened(weir__upstream *u, weir__stream *stream) {
  int rc = use(u, stream);
  if (rc) {
    u->events->on_gone(u->owner, rc);
    return;
  }
  u->relay->count.origins_total++;
  u->events->on_open(u->owner);
}

static void note_refusal(const weir__upstream *u, int code) {
  int alert = u->handshake ? weir__tls_alert(weir__handshake_engine(u->handshake)) : -1;
  weir__relay_log(
      u->relay, WEIR_LOG_WARN, "relay=%p origin=%s event=handshake error=%s alert=%d why=\"%s\"",
      (void *)u->relay, u->origin->url.authority, weir_err_name(code), alert, weir_strerror(code));
}

static int connect_anew(weir__upstream *u);

/* Mbed TLS resumes with the version of the session or not at all: to an origin that has changed its
 * mind since, no connection would come about as long as there is a session. */
static void shaken_in_vain(weir__upstream *u, int status) {
  bool again = u->resuming;
  u->resuming = false;
  if (again) weir__origin_forget(u->origin);
  int rc = again ? connect_anew(u) : status;
  if (rc) u->events->on_gone(u->owner, rc);
}

static void on_shaken(void *owner, int status, weir__stream *stream) {
  weir__upstream *u = owner;
  if (status) note_refusal(u, status);
  u->handshake = NULL;
  if (status) {
    shaken_in_vain(u, status);
    return;
  }
  if (weir__tls_resumed(weir__stream_tls_engine(stream))) u->relay->count.resumed_total++;
  weir__origin_learn(u->origin, stream);
  opened(u, stream);
}

static int start_handshake(weir__upstream *u, weir__stream *stream) {
  weir__tls *engine;
  weir_relay *relay = u->relay;
  weir_upstream *origin = u->origin;
  weir__handshake_wish wish = {.fn = on_shaken, .owner = u};
  u->resuming = origin->session.len > 0;
  int rc = weir__tls_connect(&engine, &relay->mem, origin->tls, origin->url.host, origin->session);
  if (rc) return rc;
  rc = weir__handshake_start(&u->handshake, &relay->io, &relay->clock, stream, engine, &wish);
  if (rc) weir__tls_free(engine);
  return rc;
}

static void shake(weir__upstream *u, weir__stream *stream) {
  int rc = start_handshake(u, stream);
  if (rc == 0) {
    u->events->on_connected(u->owner);
    return;
  }
  note_refusal(u, rc);
  weir__stream_discard(stream);
  u->events->on_gone(u->owner, rc);
}

static void on_connect(void *owner, int status, weir__stream *stream) {
  weir__upstream *u = owner;
  u->connect = NULL;
  if (status)
    u->events->on_gone(u->owner, status);
  else if (u->origin->tls)
    shake(u, stream);
  else
    opened(u, stream);
}

void weir__upstream_init(weir__upstream *u, weir_relay *relay, weir_upstream *origin,
                         const weir__side_events *events, void *owner) {
  *u = (weir__upstream){.relay = relay, .origin = origin, .events = events, .owner = owner};
  weir__sender_init(&u->sender, &relay->batch, relay->set.o.outbox_high);
}

void weir__upstream_fini(weir__upstream *u) {
  weir__upstream_abort(u);
  weir__relay_rest(u->relay, WEIR__H1_RESPONSE, u->reader);
  u->reader = NULL;
}

/* Its deadline is the exchange's, so that the host's on_timeout is asked. */
static int connect_anew(weir__upstream *u) {
  return weir__connect_start(&u->connect, &u->relay->io, &u->relay->clock, &u->origin->endpoint,
                             WEIR_OFF, on_connect, u);
}

int weir__upstream_open(weir__upstream *u, const char *method, const char *asked) {
  u->reader = weir__relay_reader(u->relay, WEIR__H1_RESPONSE, &reader_events, u);
  if (!u->reader) return WEIR_ENOMEM;
  weir__h1_expect(u->reader, method, asked);
  weir__stream *stream = weir__pool_take(u->origin);
  u->reused = stream != NULL;
  return stream ? use(u, stream) : connect_anew(u);
}

int weir__upstream_reopen(weir__upstream *u) {
  if (u->stream) weir__stream_discard(u->stream);
  u->stream = u->sender.stream = NULL;
  u->reused = false;
  u->broken = 0;
  return connect_anew(u);
}

/* ---- the message ---- */

int weir__upstream_send_head(weir__upstream *u, const weir_head *head,
                             const weir__h1_extra *extra) {
  return weir__sender_head(&u->sender, head, extra, weir__body_of(head->framing, head->length));
}

int weir__upstream_send_body(weir__upstream *u, weir__slice span) {
  return weir__sender_body(&u->sender, span);
}

int weir__upstream_send_end(weir__upstream *u, const weir_head *trailers) {
  return weir__sender_end(&u->sender, trailers);
}

int weir__upstream_flush(weir__upstream *u) {
  int rc = weir__sender_flush(&u->sender);
  if (rc >= 0 || rc == WEIR_ENOMEM) return rc;
  u->broken = rc;
  return weir__sender_overfull(&u->sender) ? WEIR__FULL : 0;
}

void weir__upstream_send_fin(weir__upstream *u) {
  int rc = u->stream ? weir__stream_shutdown(u->stream) : 0;
  if (rc < 0) u->broken = rc;
}

void weir__upstream_pause(weir__upstream *u) {
  if (u->stream) weir__stream_read_stop(u->stream);
}

void weir__upstream_resume(weir__upstream *u) {
  int rc = u->stream ? weir__stream_read_start(u->stream) : 0;
  if (rc) u->events->on_gone(u->owner, rc);
}

/* ---- the end ---- */

void weir__upstream_release(weir__upstream *u) {
  weir__stream *stream = u->stream;
  bool reusable = u->complete && u->keep_alive && !u->broken && !u->raw && u->sender.ended &&
                  weir__sender_pending(&u->sender) == 0;
  if (!stream) return;
  u->stream = u->sender.stream = NULL;
  weir__origin_learn(u->origin, stream);
  if (reusable)
    weir__pool_give(u->origin, stream, u->idle_ms);
  else if (u->complete && u->sender.ended && !u->broken)
    weir__origin_leave(u->origin, stream);
  else
    weir__stream_discard(stream);
}

void weir__upstream_abort(weir__upstream *u) {
  if (u->connect) weir__connect_cancel(u->connect);
  if (u->handshake) weir__handshake_cancel(u->handshake);
  u->connect = NULL;
  u->handshake = NULL;
  if (u->stream && u->raw)
    weir__stream_break(u->stream);
  else if (u->stream)
    weir__stream_discard(u->stream);
  u->stream = u->sender.stream = NULL;
  weir__sender_drop(&u->sender);
}

bool weir__upstream_may_retry(const weir__upstream *u, bool repeatable) {
  if (!u->reused || u->heard) return false;
  return u->sender.sent == 0 || repeatable;
}
