/* See handshake.h. */
#include "net/handshake.h"

#include "base/buf.h"
#include "base/list.h"
#include "weir/err.h"

/* Any size will do; a flight with a chain of certificates fits, and is one write. */
enum { ROOM = 8192 };

struct weir__handshake {
  weir__io *io;
  weir__clock *clock;
  weir__stream *below;
  weir__tls *engine;
  weir__handshake_fn fn; /* NULL once it is over */
  void (*gone)(void *owner);
  void *owner;
  weir__buf in;    /* cipher bytes that came */
  int broken;      /* what the stream below said of its end, or 0 */
  bool closed;     /* the stream below is */
  bool working;    /* a job has the engine and `in`, or waits to be one */
  bool submitted;  /* it is one */
  weir__list line; /* where it waits for its turn */
  uv_work_t work;
  weir__slice rest; /* what the job has not taken of `in` .. */
  weir__room out;   /* .. where it writes .. */
  int rc;           /* .. and what it says */
  char room[ROOM];
};

/* ---- the end ---- */

static void free_if_idle(weir__handshake *h) {
  if (h->working || !h->closed) return;
  weir__io *io = h->io;
  weir__tls_free(h->engine);
  weir__buf_free(&h->in);
  weir__mem_free(io->mem, h);
  weir__io_drop(io);
}

static void fail(weir__handshake *h, int status) {
  weir__handshake_fn fn = h->fn;
  h->fn = NULL;
  weir__stream_close(h->below);
  fn(h->owner, status, NULL);
}

static void succeed(weir__handshake *h) {
  weir__stream *stream;
  weir__handshake_fn fn = h->fn;
  void *owner = h->owner;
  int rc =
      weir__stream_tls_new(&stream, h->io, h->clock, h->below, h->engine, weir__buf_slice(&h->in));
  if (rc) {
    fail(h, rc);
    return;
  }
  h->engine = NULL;
  h->closed = true; /* it is the stream's now */
  free_if_idle(h);
  fn(owner, 0, stream);
}

/* ---- jobs ---- */

static void go_on(weir__handshake *h);
static void end_step(weir__handshake *h);
static void on_done(uv_work_t *work, int status);

static void step(weir__handshake *h) { h->rc = weir__tls_handshake(h->engine, &h->rest, &h->out); }

static void on_work(uv_work_t *work) { step(weir__container_of(work, weir__handshake, work)); }

static void submit(weir__handshake *h) {
  h->submitted = true;
  h->io->tls->jobs++;
  uv_queue_work(h->io->loop, &h->work, on_work, on_done); /* fails only without on_work */
}

static void submit_next(weir__tls_loop *loop) {
  weir__list *first = loop->jobs < WEIR__HANDSHAKE_JOBS ? weir__list_pop(&loop->queue) : NULL;
  if (first) submit(weir__container_of(first, weir__handshake, line));
}

static void line_up(weir__handshake *h) {
  h->working = true;
  weir__list_append(&h->io->tls->queue, &h->line);
  submit_next(h->io->tls);
}

/* Reading stops: until the step is done, nothing else touches its bytes. */
static void begin_step(weir__handshake *h, size_t len) {
  weir__stream_read_stop(h->below);
  h->rest = weir__slice_of(h->in.ptr, len);
  h->out = weir__room_of(h->room, sizeof h->room);
  if (!weir__tls_is_light(h->engine)) {
    line_up(h);
    return;
  }
  step(h);
  end_step(h);
}

/* Puts out what the step wrote, also before the end that it brought. */
static void end_step(weir__handshake *h) {
  weir__slice out = weir__room_slice(&h->out);
  int written = out.len ? weir__stream_writev(h->below, &out, 1) : 0;
  if (h->in.len) weir__buf_drop(&h->in, (size_t)(h->rest.ptr - h->in.ptr));
  if (h->rc < 0 || h->broken || written < 0)
    fail(h, h->rc < 0 ? h->rc : h->broken ? h->broken : written);
  else if (h->rc == WEIR__TLS_DONE)
    succeed(h);
  else if (h->rc == WEIR__TLS_FULL)
    begin_step(h, weir__tls_records(weir__buf_slice(&h->in)));
  else
    go_on(h);
}

static void on_done(uv_work_t *work, int status) {
  weir__handshake *h = weir__container_of(work, weir__handshake, work);
  weir__tls_loop *loop = h->io->tls;
  (void)status; /* cancelled: then nobody listens */
  loop->jobs--;
  h->working = h->submitted = false;
  submit_next(loop);
  if (h->fn)
    end_step(h);
  else
    free_if_idle(h);
}

/* ---- what comes from below ---- */

static void go_on(weir__handshake *h) {
  size_t whole = weir__tls_records(weir__buf_slice(&h->in));
  if (whole) {
    begin_step(h, whole);
    return;
  }
  int rc = weir__stream_read_start(h->below);
  if (rc) fail(h, rc);
}

static void on_data(void *owner, weir__slice data) {
  weir__handshake *h = owner;
  if (weir__buf_append(&h->in, data))
    fail(h, WEIR_ENOMEM);
  else
    go_on(h);
}

static void on_end(void *owner, int status) { fail(owner, status ? status : WEIR_ETLS_TRUNCATED); }

static void on_drained(void *owner) { (void)owner; }

static void on_write_error(void *owner, int status) {
  weir__handshake *h = owner;
  h->broken = status;
  if (!h->working) fail(h, status);
}

static void on_closed(void *owner) {
  weir__handshake *h = owner;
  h->closed = true;
  if (h->gone) h->gone(h->owner);
  free_if_idle(h);
}

static const weir__stream_events events = {.on_data = on_data,
                                           .on_end = on_end,
                                           .on_drained = on_drained,
                                           .on_write_error = on_write_error,
                                           .on_closed = on_closed};

/* ---- beginning ---- */

/* A client speaks first; a server may have heard enough already. */
static int begin(weir__handshake *h, weir__slice early) {
  int rc = weir__buf_append(&h->in, early);
  size_t whole = weir__tls_records(early);
  if (rc) return rc;
  if (!weir__tls_is_client(h->engine) && !whole) return weir__stream_read_start(h->below);
  begin_step(h, whole);
  return 0;
}

int weir__handshake_start(weir__handshake **to, weir__io *io, weir__clock *clock,
                          weir__stream *below, weir__tls *engine,
                          const weir__handshake_wish *wish) {
  weir__handshake *h = weir__tls_loop_need(io) ? NULL : weir__mem_new(io->mem, sizeof *h);
  if (!h) return WEIR_ENOMEM;
  h->io = io;
  h->clock = clock;
  h->below = below;
  h->engine = engine;
  h->fn = wish->fn;
  h->gone = wish->gone;
  h->owner = wish->owner;
  h->in.mem = io->mem;
  weir__list_init(&h->line);
  weir__stream_own(below, &events, h);
  int rc = begin(h, wish->early);
  if (rc) {
    weir__buf_free(&h->in);
    weir__mem_free(io->mem, h);
    return rc;
  }
  weir__io_hold(io);
  *to = h;
  return 0;
}

/* A job that runs keeps the engine until it is done; one that has not begun need not. */
void weir__handshake_cancel(weir__handshake *h) {
  h->fn = NULL;
  weir__stream_close(h->below);
  if (h->submitted)
    (void)uv_cancel((uv_req_t *)&h->work);
  else if (h->working)
    h->working = false, weir__list_remove(&h->line);
}

const weir__tls *weir__handshake_engine(const weir__handshake *h) { return h->engine; }
