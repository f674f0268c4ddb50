/* Reading and writing of a client connection; how it ends is in downstream_end.c. */
#include "relay/downstream.h"

#include "net/peer.h"
#include "relay/answer.h"
#include "relay/downstream_end.h"
#include "relay/exchange.h"
#include "relay/relay.h"
#include "weir/err.h"

enum {
  LOOK_MS = 1000,    /* between two looks at a client that is not read */
  BULK = 1024 * 1024 /* a body of that length is a file */
};

static void on_end(void *owner, int status);

static const char *const state_names[] = {
#define NAME(name) #name,
    WEIR__DOWN_STATES(NAME)
#undef NAME
};

/* The one place where the state changes. */
static void change_state(weir__downstream *d, enum weir__down_state state) {
  weir__relay_log(d->relay, WEIR_LOG_DEBUG, "relay=%p client=%p event=state from=%s to=%s",
                  (void *)d->relay, (void *)d, state_names[d->state], state_names[state]);
  d->state = state;
}

/* Each state has its timer; 0 says that it has none. */
void weir__downstream_set_state(weir__downstream *d, enum weir__down_state state, uint32_t ms) {
  change_state(d, state);
  weir__deadline_set(&d->relay->clock, &d->deadline, ms ? ms : WEIR_OFF);
}

/* ---- what the reader reports ---- */

static int on_head(void *owner, weir_head *head) {
  weir__downstream *d = owner;
  d->minor = head->minor;
  d->head_only = strcmp(head->method, "HEAD") == 0;
  d->keep = head->keep_alive && !d->relay->draining && !d->fin;
  d->request_done = d->close_delimited = false;
  d->served = true;
  d->last = !head->keep_alive;
  d->owner = NULL;
  d->newborn = true;
  weir__downstream_set_state(d, WEIR__DOWN_BUSY, 0);
  return weir__exchange_begin(d, head);
}

static int on_body(void *owner, weir__slice span) {
  weir__downstream *d = owner;
  return d->events ? d->events->on_body(d->owner, span) : 0;
}

static int on_message_end(void *owner, weir_head *trailers) {
  weir__downstream *d = owner;
  d->request_done = true;
  return d->events ? d->events->on_end(d->owner, trailers) : 0;
}

static const weir__h1_events reader_events = {
    .on_head = on_head, .on_body = on_body, .on_end = on_message_end};

/* ---- feeding the reader ---- */

static bool wants_input(const weir__downstream *d) {
  if (d->state == WEIR__DOWN_BUSY) return d->raw || !d->request_done;
  return d->state == WEIR__DOWN_IDLE || d->state == WEIR__DOWN_HEAD;
}

/* No exchange was born of it: the head itself is bad. */
static void refuse(weir__downstream *d, int code) {
  int status = weir__answer_status(WEIR_END_CLIENT_BAD, 0, code);
  weir__relay_log(d->relay, WEIR_LOG_INFO,
                  "relay=%p client=%s event=bad_request status=%d why=\"%s\"", (void *)d->relay,
                  d->peer.text, status, weir_strerror(code));
  weir__downstream_answer_and_close(d, status, code);
}

static void failed(weir__downstream *d, int code) {
  bool open = d->state == WEIR__DOWN_IDLE || d->state == WEIR__DOWN_HEAD;
  if (d->state == WEIR__DOWN_BUSY && d->events)
    d->events->on_gone(d->owner, code);
  else if (open || d->state == WEIR__DOWN_BUSY) /* busy: there was no memory for an exchange */
    refuse(d, code);
}

/* The time for a first head has been running since the connection came. */
static void begin_head(weir__downstream *d) {
  if (d->served)
    weir__downstream_set_state(d, WEIR__DOWN_HEAD, d->relay->set.o.request_head_ms);
  else
    change_state(d, WEIR__DOWN_HEAD);
}

static int take_reader(weir__downstream *d) {
  if (!d->reader) d->reader = weir__relay_reader(d->relay, WEIR__H1_REQUEST, &reader_events, d);
  return d->reader ? 0 : WEIR_ENOMEM;
}

void weir__downstream_rest_reader(weir__downstream *d) {
  weir__relay_rest(d->relay, WEIR__H1_REQUEST, d->reader);
  d->reader = NULL;
}

static size_t feed_message(weir__downstream *d, weir__slice bytes) {
  weir__batch *batch = &d->relay->batch;
  size_t used = 0;
  batch->read = bytes;
  int rc = take_reader(d);
  if (rc == 0) rc = weir__h1_feed(d->reader, bytes, &used);
  if (rc == 0 && d->state == WEIR__DOWN_IDLE && weir__h1_inside(d->reader)) begin_head(d);
  if (rc == WEIR__H1_END) weir__downstream_rest_reader(d);
  if (d->state == WEIR__DOWN_BUSY && d->events) d->events->on_flush(d->owner);
  batch->read = weir__slice_of(NULL, 0);
  if (rc < 0 && rc != WEIR_ECANCELED) failed(d, rc);
  return rc < 0 ? bytes.len : used;
}

/* Requests that we answer ourselves may come by the thousand in one read: each that is over goes
 * before the next one begins. */
static size_t feed_request(weir__downstream *d, weir__slice bytes) {
  d->newborn = false;
  size_t used = feed_message(d, bytes);
  if (d->newborn && d->owner) weir__exchange_bury_if_over(d->owner);
  return used;
}

static size_t feed(weir__downstream *d, weir__slice bytes) {
  if (!d->raw) return feed_request(d, bytes);
  d->events->on_body(d->owner, bytes);
  if (d->events) d->events->on_flush(d->owner);
  return bytes.len;
}

/* Reads as far as the connection wants. Returns what was used. */
static size_t feed_while_wanted(weir__downstream *d, weir__slice bytes) {
  size_t used = 0;
  d->reading_ahead = true;
  while (used < bytes.len && wants_input(d) && !(used && d->paused))
    used += feed(d, weir__slice_of(bytes.ptr + used, bytes.len - used));
  d->reading_ahead = false;
  return used;
}

/* Bytes that were kept, in place: nothing appends to them meanwhile, for no read happens here. */
void weir__downstream_read_ahead(weir__downstream *d) {
  if (d->reading_ahead || d->ahead.len == 0) return;
  weir__slice kept = weir__buf_slice(&d->ahead);
  d->ahead_at +=
      feed_while_wanted(d, weir__slice_of(kept.ptr + d->ahead_at, kept.len - d->ahead_at));
  if (d->ahead_at < d->ahead.len && d->state != WEIR__DOWN_CLOSED) return;
  weir__buf_free(&d->ahead);
  d->ahead_at = 0;
}

static size_t ahead_left(const weir__downstream *d) { return d->ahead.len - d->ahead_at; }

/* No event tells that a client leaves which is not read; so it is looked at now and then. */
static void stop_reading(weir__downstream *d) {
  weir__stream_read_stop(d->stream);
  if (d->state == WEIR__DOWN_BUSY) weir__deadline_set(&d->relay->clock, &d->deadline, LOOK_MS);
}

void weir__downstream_look(weir__downstream *d) {
  if (!d->paused && ahead_left(d) < d->relay->set.o.pipeline_bytes) return; /* it is read again */
  if (weir__stream_left(d->stream, !d->raw && !d->relay->set.o.half_close))
    on_end(d, UV_ECONNRESET);
  else
    weir__deadline_set(&d->relay->clock, &d->deadline, LOOK_MS);
}

/* What was read already makes room, or a client that is always one request ahead would fill memory.
 * Half of it at least, so that moving stays cheap. Not while somebody reads there. */
static void compact_ahead(weir__downstream *d) {
  if (d->reading_ahead || d->ahead_at < d->ahead.len / 2 || d->ahead_at == 0) return;
  weir__buf_drop(&d->ahead, d->ahead_at);
  d->ahead_at = 0;
}

/* There was no memory to keep them: the connection has no next request any more. */
static void lose_bytes(weir__downstream *d) {
  d->keep = false;
  d->lost = true;
  if (d->state == WEIR__DOWN_BUSY && d->events)
    d->events->on_gone(d->owner, WEIR_ENOMEM);
  else
    weir__downstream_drop(d);
}

/* Keeps what cannot be read yet, up to a bound. */
static void keep_ahead(weir__downstream *d, weir__slice bytes) {
  compact_ahead(d);
  if (weir__buf_append(&d->ahead, bytes)) {
    lose_bytes(d);
    return;
  }
  if (ahead_left(d) >= d->relay->set.o.pipeline_bytes) stop_reading(d);
}

static void take_bytes(weir__downstream *d, weir__slice bytes) {
  bool in_order = d->ahead.len == 0 && !d->reading_ahead;
  size_t used = in_order && wants_input(d) ? feed_while_wanted(d, bytes) : 0;
  if (d->state == WEIR__DOWN_CLOSED || d->state == WEIR__DOWN_CLOSING ||
      d->state == WEIR__DOWN_LINGERING)
    return;
  if (used < bytes.len) keep_ahead(d, weir__slice_of(bytes.ptr + used, bytes.len - used));
  if (!in_order) weir__downstream_read_ahead(d);
}

/* ---- what the stream reports ---- */

static void on_data(void *owner, weir__slice bytes) {
  weir__downstream *d = owner;
  if (d->state != WEIR__DOWN_CLOSING && d->state != WEIR__DOWN_LINGERING) take_bytes(d, bytes);
}

static void on_fin(weir__downstream *d) {
  bool busy = d->state == WEIR__DOWN_BUSY && d->events;
  if (!busy)
    weir__downstream_saw_fin(d);
  else if (d->raw)
    d->events->on_end(d->owner, NULL);
  else if (!d->relay->set.o.half_close || !d->request_done)
    d->events->on_gone(d->owner, UV_EOF);
  if (busy && d->raw && d->events) d->events->on_flush(d->owner);
}

/* A client that leaves without close_notify has ended all the same, since what it said has a
 * length; but for the bytes of a tunnel. */
static void on_end(void *owner, int status) {
  weir__downstream *d = owner;
  if (status == WEIR_ETLS_TRUNCATED && !d->raw) status = 0;
  d->fin = true;
  d->keep = false;
  if (status == 0)
    on_fin(d);
  else if (d->state == WEIR__DOWN_BUSY && d->events)
    d->events->on_gone(d->owner, status);
  else
    weir__downstream_drop(d);
}

static void on_write_error(void *owner, int status) {
  weir__downstream *d = owner;
  d->unwritten = true;
  on_end(d, status);
}

static void on_drained(void *owner) {
  weir__downstream *d = owner;
  if (d->state == WEIR__DOWN_CLOSING)
    weir__downstream_go_on_closing(d);
  else if (d->state == WEIR__DOWN_BUSY && d->events)
    d->events->on_drained(d->owner);
}

static void on_closed(void *owner) { weir__downstream_closed(owner); }

static const weir__stream_events stream_events = {.on_data = on_data,
                                                  .on_end = on_end,
                                                  .on_drained = on_drained,
                                                  .on_write_error = on_write_error,
                                                  .on_closed = on_closed};

/* ---- the response ---- */

/* What the client can read (RFC 9112, 6.3 and 7): no chunks for HTTP/1.0, and our own always. */
static enum weir__framing outgoing(const weir__downstream *d, const weir_head *head) {
  switch (head->framing) {
  case WEIR__FRAMING_CHUNKED:
  case WEIR__FRAMING_CLOSE:
    if (d->head_only) return WEIR__FRAMING_NONE;
    return d->minor ? WEIR__FRAMING_CHUNKED : WEIR__FRAMING_CLOSE;
  case WEIR__FRAMING_LENGTH: return d->head_only ? WEIR__FRAMING_NONE : WEIR__FRAMING_LENGTH;
  case WEIR__FRAMING_NONE:
  case WEIR__FRAMING_TUNNEL: break;
  }
  return head->framing;
}

static const char *connection_field(const weir__downstream *d, const char *upgrade) {
  if (upgrade) return "upgrade";
  if (!d->keep) return "close";
  return d->minor ? NULL : "keep-alive";
}

int weir__downstream_send_interim(weir__downstream *d, const weir_head *head) {
  if (d->minor == 0) return 0; /* RFC 9110, 15.2: HTTP/1.0 knows none */
  return weir__sender_interim(&d->sender, head, &(weir__h1_extra){0});
}

/* TCP_NOTSENT_LOWAT keeps what waits in the kernel fresh. A file does not get stale, and passes in
 * larger pieces without. */
static void set_bulk(weir__downstream *d, bool bulk) {
  uint32_t lowat = d->relay->set.o.notsent_lowat;
  if (bulk == d->bulk || !d->uv || lowat == WEIR_OFF) return;
  d->bulk = bulk;
  weir__stream_uv_set_notsent_lowat(d->uv, bulk ? 0 : lowat);
}

int weir__downstream_send_head(weir__downstream *d, const weir_head *head, const char *upgrade) {
  enum weir__framing framing = outgoing(d, head);
  d->close_delimited = framing == WEIR__FRAMING_CLOSE;
  if (d->close_delimited || d->relay->draining) d->keep = false;
  set_bulk(d, framing == WEIR__FRAMING_LENGTH && head->length >= BULK);
  weir__h1_extra extra = {.chunked = framing == WEIR__FRAMING_CHUNKED};
  if (framing != WEIR__FRAMING_TUNNEL || upgrade) extra.connection = connection_field(d, upgrade);
  extra.upgrade = upgrade;
  return weir__sender_head(&d->sender, head, &extra, weir__body_of(framing, head->length));
}

int weir__downstream_send_body(weir__downstream *d, weir__slice span) {
  return d->head_only || d->held ? 0 : weir__sender_body(&d->sender, span);
}

int weir__downstream_send_text(weir__downstream *d, weir__slice text) {
  return d->head_only || d->held ? 0 : weir__sender_text(&d->sender, text);
}

int weir__downstream_send_end(weir__downstream *d, const weir_head *trailers) {
  return d->held ? 0 : weir__sender_end(&d->sender, trailers);
}

int weir__downstream_flush(weir__downstream *d) {
  if (d->held) return 0;
  int rc = weir__sender_flush(&d->sender);
  if (rc < 0 && rc != WEIR_ENOMEM) d->unwritten = true;
  return rc;
}

void weir__downstream_send_fin(weir__downstream *d) { weir__stream_shutdown(d->stream); }

size_t weir__downstream_pending(const weir__downstream *d) {
  return d->held ? 0 : weir__sender_pending(&d->sender);
}

/* ---- flow ---- */

void weir__downstream_pause(weir__downstream *d) {
  d->paused = true;
  stop_reading(d);
}

/* Reads on unless too much waits already. */
void weir__downstream_read_on(weir__downstream *d) {
  if (d->paused || ahead_left(d) >= d->relay->set.o.pipeline_bytes) {
    stop_reading(d);
    return;
  }
  int rc = d->fin ? 0 : weir__stream_read_start(d->stream);
  if (rc) on_end(d, rc);
}

void weir__downstream_resume(weir__downstream *d) {
  if (!d->paused) return;
  d->paused = false;
  weir__downstream_read_ahead(d);
  if (d->state == WEIR__DOWN_BUSY) weir__downstream_read_on(d);
}

void weir__downstream_go_raw(weir__downstream *d) {
  d->raw = d->close_delimited = true;
  d->sender.body = weir__body_of(WEIR__FRAMING_TUNNEL, 0);
  d->keep = false;
  weir__downstream_read_ahead(d);
  if (d->state == WEIR__DOWN_BUSY) weir__downstream_read_on(d);
  if (d->fin && d->state == WEIR__DOWN_BUSY) on_fin(d); /* it came while there was no tunnel yet */
}

/* ---- the beginning ---- */

void weir__downstream_use(weir__downstream *d, weir__stream *stream) {
  d->stream = d->sender.stream = stream;
  weir__stream_own(stream, &stream_events, d);
}

static int set_peer(weir__downstream *d) {
  d->peer.scheme = "http";
  uv_stream_t *handle = d->uv ? weir__stream_uv_handle(d->uv) : NULL;
  int rc = handle ? weir__peer_read(handle, &d->peer.addr, &d->peer.port) : 0;
  if (rc) return rc;
  weir__peer_print(&d->peer.addr, d->peer.text, sizeof d->peer.text);
  d->peer.trusted = weir__cidrs_have(&d->relay->set.trusted, &d->peer.addr);
  return 0;
}

int weir__downstream_new(weir__downstream **out, weir_relay *relay, weir__stream *stream,
                         weir__stream_uv *uv) {
  weir__downstream *d = weir__mem_new(&relay->mem, sizeof *d);
  if (!d) return WEIR_ENOMEM;
  d->relay = relay;
  d->uv = uv;
  d->ahead.mem = &relay->mem;
  d->deadline.fn = weir__downstream_on_deadline;
  weir__sender_init(&d->sender, &relay->batch, 0);
  int rc = set_peer(d);
  if (rc) {
    weir__mem_free(&relay->mem, d);
    return rc;
  }
  weir__downstream_use(d, stream);
  weir__list_init(&d->node);
  weir__list_append(&relay->downstreams, &d->node);
  relay->count.clients++;
  relay->count.clients_total++;
  *out = d;
  return 0;
}

int weir__downstream_lend(weir__downstream *d, const weir__loan *loan) {
  d->loan = weir__mem_new(&d->relay->mem, sizeof *loan);
  if (!d->loan) return WEIR_ENOMEM;
  *d->loan = *loan;
  return 0;
}

void weir__downstream_begin(weir__downstream *d, weir__slice read) {
  /* a connection that never says anything is no better than half a head */
  weir__downstream_set_state(d, WEIR__DOWN_IDLE, d->relay->set.o.request_head_ms);
  int rc = weir__stream_read_start(d->stream);
  if (rc)
    weir__downstream_drop(d);
  else if (read.len)
    take_bytes(d, read);
}
