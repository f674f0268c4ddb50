/* See stream_tls.h. */
#include "net/stream_tls.h"

#include <assert.h>

#include "base/buf.h"
#include "base/list.h"
#include "weir/err.h"

typedef struct stream_tls {
  weir__stream base;
  weir__stream *below;
  weir__tls *engine;
  weir__io *io;
  weir__clock *clock;
  weir__deadline catch_up; /* due at once: there is something to report from before read_start() */
  weir__buf early;         /* cipher bytes to be taken first */
  int end;                 /* what on_end will say .. */
  bool ended, told;        /* .. once it is known, until it was said */
  bool reading, closing;
  bool fin_asked;
  int refusal;    /* what writev() says from now on, or 0 */
  uint64_t added; /* cipher bytes sent less plain bytes taken */
} stream_tls;

static stream_tls *from_base(const weir__stream *base) {
  return weir__container_of(base, stream_tls, base);
}

int weir__tls_loop_need(weir__io *io) {
  if (io->tls) return 0;
  io->tls = weir__mem_new(io->mem, sizeof *io->tls);
  if (!io->tls) return WEIR_ENOMEM;
  weir__list_init(&io->tls->queue);
  return 0;
}

static weir__room cipher_room(const stream_tls *s) {
  return weir__room_of(s->io->tls->cipher, sizeof s->io->tls->cipher);
}

/* ---- reading ---- */

static void read_stop(weir__stream *base) {
  stream_tls *s = from_base(base);
  s->reading = false;
  weir__stream_read_stop(s->below);
}

static void tell_end(stream_tls *s) {
  if (!s->ended || s->told || !s->reading) return;
  s->told = true;
  read_stop(&s->base);
  s->base.events->on_end(s->base.owner, s->end);
}

static void set_end(stream_tls *s, int status) {
  if (s->ended) return;
  s->ended = true;
  s->end = status;
}

/* An alert, or a warning's answer: whether it still goes out is of no interest. */
static void say(stream_tls *s, const weir__room *out) {
  weir__slice slice = weir__room_slice(out);
  if (out->len && !s->refusal && !s->closing) (void)weir__stream_writev(s->below, &slice, 1);
}

/* Decrypts what fits into the room, and reports it. */
static int take_some(stream_tls *s, weir__slice *in) {
  weir__room plain = weir__room_of(s->io->tls->plain, sizeof s->io->tls->plain);
  weir__room out = cipher_room(s);
  int rc = weir__tls_read(s->engine, in, &plain, &out);
  say(s, &out);
  if (rc == WEIR__TLS_CLOSED) set_end(s, 0);
  if (rc < 0) set_end(s, rc);
  if (plain.len) s->base.events->on_data(s->base.owner, weir__room_slice(&plain));
  return rc;
}

static void hold(stream_tls *s, weir__slice data) {
  if (weir__buf_append(&s->early, data)) set_end(s, WEIR_ENOMEM);
}

/* What is left when the owner has stopped in between is for later. */
static void take(stream_tls *s, weir__slice in) {
  int rc;
  do rc = take_some(s, &in);
  while (rc == WEIR__TLS_FULL && s->reading);
  if (s->closing) return;
  if (in.len && !s->ended) hold(s, in);
  tell_end(s);
}

static void take_early(stream_tls *s) {
  weir__buf early = s->early;
  s->early = (weir__buf){.mem = s->io->mem};
  if (!s->ended) take(s, weir__buf_slice(&early));
  weir__buf_free(&early);
}

static void on_data(void *owner, weir__slice data) {
  stream_tls *s = owner;
  if (s->early.len) take_early(s);
  if (s->closing || s->ended) return;
  if (s->reading)
    take(s, data);
  else
    hold(s, data);
}

/* It may come in the turn of the loop in which reading began: what was there earlier goes first, and
 * may hold close_notify. */
static void on_end(void *owner, int status) {
  stream_tls *s = owner;
  if (s->early.len) take_early(s);
  if (s->closing) return;
  set_end(s, status ? status : weir__tls_bare_end(s->engine));
  tell_end(s);
}

static void on_catch_up(weir__deadline *deadline) {
  stream_tls *s = weir__container_of(deadline, stream_tls, catch_up);
  if (s->reading && s->early.len) take_early(s);
  if (!s->closing) tell_end(s);
}

static int read_start(weir__stream *base) {
  stream_tls *s = from_base(base);
  if (s->reading || s->told || s->closing) return 0;
  int rc = s->ended ? 0 : weir__stream_read_start(s->below);
  if (rc) return rc;
  s->reading = true;
  if (s->ended || s->early.len) weir__deadline_set(s->clock, &s->catch_up, 0);
  return 0;
}

/* ---- writing ---- */

static size_t pending(const weir__stream *base) {
  return weir__stream_pending(from_base(base)->below);
}

static int fail(stream_tls *s, int err) { return s->refusal = err; }

static size_t length(const weir__slice *slices, size_t count) {
  size_t len = 0;
  for (size_t i = 0; i < count; i++) len += slices[i].len;
  return len;
}

static int write_plain(weir__stream *base, const weir__slice *slices, size_t count) {
  stream_tls *s = from_base(base);
  weir__tls_flush flush = {slices, count, 0};
  int rc, full = 0;
  if (s->refusal) return s->refusal;
  do {
    weir__room out = cipher_room(s);
    rc = weir__tls_write(s->engine, &flush, &out);
    weir__slice cipher = weir__room_slice(&out);
    int taken = out.len ? weir__stream_writev(s->below, &cipher, 1) : 0;
    if (taken < 0) return fail(s, taken);
    s->added += out.len;
    full |= taken;
  } while (rc == WEIR__TLS_FULL);
  s->added -= length(slices, count);
  return rc < 0 ? fail(s, rc) : full;
}

/* FIN goes out even where the engine has failed and has no close_notify to send. */
static int shut_down(weir__stream *base) {
  stream_tls *s = from_base(base);
  if (s->fin_asked) return 0;
  if (s->refusal) return s->refusal;
  weir__room out = cipher_room(s);
  (void)weir__tls_close(s->engine, &out);
  say(s, &out);
  s->fin_asked = true;
  s->refusal = UV_EPIPE;
  return weir__stream_shutdown(s->below);
}

static void on_drained(void *owner) {
  stream_tls *s = owner;
  s->base.events->on_drained(s->base.owner);
}

static void on_write_error(void *owner, int status) {
  stream_tls *s = owner;
  fail(s, status);
  s->base.events->on_write_error(s->base.owner, status);
}

/* ---- the end ---- */

static void on_closed(void *owner) {
  stream_tls *s = owner;
  if (s->base.events) s->base.events->on_closed(s->base.owner);
  weir__tls_free(s->engine);
  weir__buf_free(&s->early);
  weir__mem_free(s->io->mem, s);
}

static void begin_close(stream_tls *s) {
  s->closing = true;
  s->reading = false;
  s->refusal = WEIR_ECANCELED;
  weir__deadline_stop(s->clock, &s->catch_up);
}

static void close_stream(weir__stream *base) {
  stream_tls *s = from_base(base);
  begin_close(s);
  weir__stream_close(s->below);
}

static void reset_stream(weir__stream *base) {
  stream_tls *s = from_base(base);
  begin_close(s);
  weir__stream_reset(s->below);
}

/* ---- what the stream below knows ---- */

static bool silent(const weir__stream *base) {
  const stream_tls *s = from_base(base);
  return !s->ended && !s->early.len && weir__stream_silent(s->below);
}

static bool left(const weir__stream *base, bool fin) {
  return weir__stream_left(from_base(base)->below, fin);
}

static size_t unacked(const weir__stream *base) {
  return weir__stream_unacked(from_base(base)->below);
}

static uint64_t added(const weir__stream *base) { return from_base(base)->added; }

/* ---- making ---- */

static const weir__stream_verbs verbs = {
    .read_start = read_start,
    .read_stop = read_stop,
    .writev = write_plain,
    .pending = pending,
    .shutdown = shut_down,
    .close = close_stream,
    .reset = reset_stream,
    .silent = silent,
    .left = left,
    .unacked = unacked,
    .added = added,
};

static const weir__stream_events events = {.on_data = on_data,
                                           .on_end = on_end,
                                           .on_drained = on_drained,
                                           .on_write_error = on_write_error,
                                           .on_closed = on_closed};

int weir__stream_tls_new(weir__stream **stream, weir__io *io, weir__clock *clock,
                         weir__stream *below, weir__tls *engine, weir__slice early) {
  assert(weir__tls_is_open(engine));
  stream_tls *s = weir__tls_loop_need(io) ? NULL : weir__mem_new(io->mem, sizeof *s);
  if (!s) return WEIR_ENOMEM;
  s->early.mem = io->mem;
  if (weir__buf_append(&s->early, early)) {
    weir__mem_free(io->mem, s);
    return WEIR_ENOMEM;
  }
  s->base.verbs = &verbs;
  s->below = below;
  s->engine = engine;
  s->io = io;
  s->clock = clock;
  s->catch_up.fn = on_catch_up;
  weir__tls_share(engine, &io->tls->spare);
  weir__stream_own(below, &events, s);
  *stream = &s->base;
  return 0;
}

weir__tls *weir__stream_tls_engine(weir__stream *stream) { return from_base(stream)->engine; }

size_t weir__stream_tls_size(void) { return sizeof(stream_tls); }
