/* uv_tcp_t and uv_pipe_t as a weir__stream: try to write first, keep the rest in an outbox. It
 * knows neither TLS nor HTTP. A stream goes in the close callback of its handle, or when a lent
 * handle is given back; its backlog exists only while something waits to be written. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* POLLRDHUP */
#endif
#include "net/stream_uv.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#ifdef __linux__
#include <linux/sockios.h>
#endif

#include "base/list.h"
#include "weir/err.h"

/* As many slices go into one system call; libuv itself would stop at IOV_MAX. */
enum { BATCH = 128 };

/* What waits to be written. Of its own, so that an idle stream is lean and a stream that was given
 * back may leave its last write to libuv: `stream` is NULL then. */
typedef struct backlog {
  uv_write_t req;
  weir__stream_uv *stream;
  weir__io *io;
  weir__outbox outbox;
} backlog;

struct weir__stream_uv {
  weir__stream base;
  weir__io *io;
  uv_stream_t *handle; /* &own.stream, or the host's */
  void *lent_data;     /* what the host had in handle->data */
  backlog *backlog;    /* NULL while nothing waits */
  int broken;          /* a write learnt of the connection's end, and how; or 0 */
  int refusal;         /* what writev() says from now on, or 0 */
  bool lent, reading, ended, closing;
  bool failed;    /* a write did; what still waits will not go out */
  bool fin_asked; /* shutdown() was called .. */
  bool fin_sent;  /* .. and nothing waits before it any more */
  union {
    uv_handle_t any;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  } own; /* last: there is room for the handle at hand only, and for none that was lent */
};

static weir__stream_uv *from_base(const weir__stream *base) {
  return weir__container_of(base, weir__stream_uv, base);
}

static int descriptor(const weir__stream_uv *s) {
  uv_os_fd_t fd;
  return uv_fileno((const uv_handle_t *)s->handle, &fd) == 0 ? fd : -1;
}

/* ---- reading ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  (void)suggested;
  weir__stream_uv *s = handle->data;
  *buf = uv_buf_init(s->io->scratch, WEIR__SCRATCH);
}

static void read_stop(weir__stream *base) {
  weir__stream_uv *s = from_base(base);
  if (!s->reading) return;
  s->reading = false;
  uv_read_stop(s->handle);
}

/* A hang-up right behind the last bytes is an EOF for libuv, also when it was a reset: then the
 * socket still holds the error, or a write was told of it. EPIPE says that FIN had come before. */
static int end_status(const weir__stream_uv *s) {
  int err = 0;
  socklen_t len = sizeof err;
  if (s->broken) return s->broken;
  if (getsockopt(descriptor(s), SOL_SOCKET, SO_ERROR, &err, &len) || err == EPIPE) return 0;
  return err ? uv_translate_sys_error(err) : 0;
}

/* The stream may be gone when an event returns: an event is the last thing that happens here. */
static void on_read(uv_stream_t *handle, ssize_t nread, const uv_buf_t *buf) {
  weir__stream_uv *s = handle->data;
  const weir__stream_events *events = s->base.events;
  if (nread > 0) {
    events->on_data(s->base.owner, weir__slice_of(buf->base, (size_t)nread));
    return;
  }
  if (nread == 0) return; /* libuv's word for EAGAIN */
  read_stop(&s->base);
  s->ended = true;
  events->on_end(s->base.owner, nread == UV_EOF ? end_status(s) : (int)nread);
}

static int read_start(weir__stream *base) {
  weir__stream_uv *s = from_base(base);
  if (s->reading || s->ended || s->closing) return 0;
  int err = uv_read_start(s->handle, on_alloc, on_read);
  s->reading = err == 0;
  return err;
}

/* ---- writing ---- */

static size_t pending(const weir__stream *base) {
  const weir__stream_uv *s = from_base(base);
  if (!s->backlog) return 0;
  return uv_stream_get_write_queue_size(s->handle) + s->backlog->outbox.filling.len;
}

/* Makes libuv's view of the next slices; tells how many of them, and their bytes. */
static unsigned batch(uv_buf_t *bufs, const weir__slice *slices, size_t count, size_t *len) {
  unsigned used = count < BATCH ? (unsigned)count : BATCH;
  *len = 0;
  for (unsigned i = 0; i < used; i++) {
    bufs[i] = uv_buf_init((char *)slices[i].ptr, (unsigned)slices[i].len);
    *len += slices[i].len;
  }
  return used;
}

/* Hands to the socket what it takes at once. */
static int write_now(weir__stream_uv *s, const weir__slice *slices, size_t count, size_t *taken) {
  uv_buf_t bufs[BATCH];
  while (count) {
    size_t len;
    unsigned used = batch(bufs, slices, count, &len);
    int n = uv_try_write(s->handle, bufs, used);
    if (n == UV_EAGAIN) return 0;
    if (n < 0) return n;
    *taken += (size_t)n;
    if ((size_t)n < len) return 0;
    slices += used, count -= used;
  }
  return 0;
}

static void on_written(uv_write_t *req, int status);

/* Gives what waits to libuv, as one buffer: it allocates for more than four. */
static int takeoff(weir__stream_uv *s) {
  weir__slice all = weir__outbox_takeoff(&s->backlog->outbox);
  uv_buf_t buf = uv_buf_init((char *)all.ptr, (unsigned)all.len);
  return uv_write(&s->backlog->req, s->handle, &buf, 1, on_written);
}

static void free_backlog(backlog *b) {
  weir__io *io = b->io;
  if (b->stream) b->stream->backlog = NULL;
  weir__outbox_free(&b->outbox);
  weir__mem_free(io->mem, b);
  weir__io_drop(io);
}

static int new_backlog(weir__stream_uv *s) {
  backlog *b = weir__mem_new(s->io->mem, sizeof *b);
  if (!b) return WEIR_ENOMEM;
  b->stream = s;
  b->io = s->io;
  weir__outbox_init(&b->outbox, s->io->mem, s->io->high, s->io->low);
  weir__io_hold(s->io);
  s->backlog = b;
  return 0;
}

/* Copies what is behind byte `taken`, and begins to write it unless libuv still has an older
 * flight, whose landing sees to it. */
static int keep(weir__stream_uv *s, const weir__slice *slices, size_t count, size_t taken) {
  bool flying = s->backlog != NULL;
  int err = flying ? 0 : new_backlog(s);
  if (err) return err;
  err = weir__outbox_put(&s->backlog->outbox, slices, count, taken);
  if (flying) return err;
  if (!err) err = takeoff(s);
  if (err) free_backlog(s->backlog);
  return err;
}

static size_t length(const weir__slice *slices, size_t count) {
  size_t sum = 0;
  for (size_t i = 0; i < count; i++) sum += slices[i].len;
  return sum;
}

static int fail(weir__stream_uv *s, int err) {
  s->failed = true;
  s->broken = err == UV_EPIPE || err == WEIR_ENOMEM ? 0 : err; /* EPIPE: FIN had come before */
  s->refusal = err;
  return err;
}

static int write_slices(weir__stream *base, const weir__slice *slices, size_t count) {
  weir__stream_uv *s = from_base(base);
  if (s->refusal) return s->refusal;
  size_t taken = 0, all = length(slices, count);
  int err = pending(base) || !all ? 0 : write_now(s, slices, count, &taken);
  if (err) return fail(s, err);
  if (taken == all) return 0;
  err = keep(s, slices, count, taken);
  if (err) return fail(s, err);
  return weir__outbox_over(&s->backlog->outbox) ? WEIR__FULL : 0;
}

/* ---- what was written later ---- */

static int send_fin(weir__stream_uv *s) {
  s->fin_sent = true;
  /* Not uv_shutdown: its request would cost memory, and uv_tcp_close_reset() refuses after it. */
  if (shutdown(descriptor(s), SHUT_WR) == 0 || errno == ENOTCONN) return 0;
  return uv_translate_sys_error(errno);
}

static void write_failed(weir__stream_uv *s, int status) {
  fail(s, status);
  s->base.events->on_write_error(s->base.owner, status);
}

static void landed(weir__stream_uv *s) {
  weir__outbox *box = &s->backlog->outbox;
  weir__outbox_landed(box);
  int err = box->filling.len ? takeoff(s) : 0;
  bool empty = weir__outbox_pending(box) == 0, low = weir__outbox_passed_low(box);
  if (err || empty) free_backlog(s->backlog);
  if (!err && empty && s->fin_asked && !s->fin_sent) err = send_fin(s);
  if (err)
    write_failed(s, err);
  else if (low || empty)
    s->base.events->on_drained(s->base.owner);
}

static void on_written(uv_write_t *req, int status) {
  backlog *b = weir__container_of(req, backlog, req);
  weir__stream_uv *s = b->stream;
  bool open = s && !s->closing;
  if (open && status == 0 && !s->failed) {
    landed(s);
    return;
  }
  free_backlog(b);
  if (!open) return;
  if (s->failed) /* what could not be kept is lost, and told; what could has gone out */
    s->base.events->on_drained(s->base.owner);
  else
    write_failed(s, status);
}

static int shut_down(weir__stream *base) {
  weir__stream_uv *s = from_base(base);
  if (s->fin_asked) return 0;
  if (s->refusal) return s->refusal;
  s->refusal = UV_EPIPE;
  s->fin_asked = true;
  return pending(base) ? 0 : send_fin(s);
}

/* ---- the end ---- */

static void on_closed(uv_handle_t *handle) {
  weir__stream_uv *s = handle->data;
  weir__io *io = s->io;
  assert(!s->backlog); /* libuv cancels writes before it comes here */
  if (s->lent) handle->data = s->lent_data;
  if (s->base.events) s->base.events->on_closed(s->base.owner);
  weir__mem_free(io->mem, s);
  weir__io_drop(io);
}

static bool begin_close(weir__stream_uv *s) {
  if (s->closing) return false;
  read_stop(&s->base);
  s->closing = true;
  s->refusal = WEIR_ECANCELED;
  return true;
}

static void close_stream(weir__stream *base) {
  weir__stream_uv *s = from_base(base);
  if (begin_close(s)) uv_close((uv_handle_t *)s->handle, on_closed);
}

static void reset_stream(weir__stream *base) {
  weir__stream_uv *s = from_base(base);
  if (!begin_close(s)) return;
  if (s->handle->type == UV_TCP && !uv_tcp_close_reset((uv_tcp_t *)s->handle, on_closed)) return;
  uv_close((uv_handle_t *)s->handle, on_closed);
}

/* ---- what the socket knows ---- */

static bool silent(const weir__stream *base) {
  const weir__stream_uv *s = from_base(base);
  char byte;
  return recv(descriptor(s), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == -1 &&
         (errno == EAGAIN || errno == EWOULDBLOCK);
}

static bool left(const weir__stream *base, bool fin) {
#ifdef POLLRDHUP
  const short events = fin ? POLLRDHUP : 0;
#else
  const short events = 0; /* RST at least */
  (void)fin;
#endif
  const weir__stream_uv *s = from_base(base);
  struct pollfd fd = {.fd = descriptor(s), .events = events};
  if (s->closing) return false;
  return poll(&fd, 1, 0) == 1 && (fd.revents & (events | POLLHUP | POLLERR));
}

static size_t unacked(const weir__stream *base) {
#ifdef SIOCOUTQ
  const weir__stream_uv *s = from_base(base);
  int bytes = 0;
  if (s->handle->type != UV_TCP) return 0;
  if (ioctl(descriptor(s), SIOCOUTQ, &bytes) == 0 && bytes > 0) return (size_t)bytes;
#endif
  (void)base;
  return 0;
}

static uint64_t added(const weir__stream *base) {
  (void)base;
  return 0;
}

void weir__stream_uv_tune(weir__stream_uv *s, const weir__tcp_options *options) {
  if (s->handle->type == UV_TCP && !s->closing) weir__tcp_tune(descriptor(s), options);
}

void weir__stream_uv_set_notsent_lowat(weir__stream_uv *s, unsigned bytes) {
  if (s->handle->type == UV_TCP && !s->closing) weir__tcp_set_notsent_lowat(descriptor(s), bytes);
}

/* ---- making ---- */

static const weir__stream_verbs verbs = {
    .read_start = read_start,
    .read_stop = read_stop,
    .writev = write_slices,
    .pending = pending,
    .shutdown = shut_down,
    .close = close_stream,
    .reset = reset_stream,
    .silent = silent,
    .left = left,
    .unacked = unacked,
    .added = added,
};

static weir__stream_uv *new_stream(weir__io *io, size_t size) {
  weir__stream_uv *s = weir__mem_new(io->mem, size);
  if (!s) return NULL;
  s->base.verbs = &verbs;
  s->io = io;
  return s;
}

int weir__stream_uv_new(weir__stream_uv **stream, weir__io *io, uv_handle_type type) {
  assert(type == UV_TCP || type == UV_NAMED_PIPE);
  size_t room = type == UV_TCP ? sizeof(uv_tcp_t) : sizeof(uv_pipe_t);
  weir__stream_uv *s = new_stream(io, offsetof(weir__stream_uv, own) + room);
  if (!s) return WEIR_ENOMEM;
  int err =
      type == UV_TCP ? uv_tcp_init(io->loop, &s->own.tcp) : uv_pipe_init(io->loop, &s->own.pipe, 0);
  if (err) {
    weir__mem_free(io->mem, s);
    return err;
  }
  s->handle = &s->own.stream;
  s->handle->data = s;
  weir__io_hold(io);
  *stream = s;
  return 0;
}

int weir__stream_uv_borrow(weir__stream_uv **stream, weir__io *io, uv_stream_t *handle) {
  uv_os_fd_t fd;
  if (handle->type != UV_TCP && handle->type != UV_NAMED_PIPE) return WEIR_EINVAL;
  if (handle->loop != io->loop) return WEIR_EINVAL;
  if (uv_fileno((uv_handle_t *)handle, &fd)) return WEIR_EINVAL; /* closing, or not open */
  weir__stream_uv *s = new_stream(io, offsetof(weir__stream_uv, own));
  if (!s) return WEIR_ENOMEM;
  s->handle = handle;
  s->lent = true;
  s->lent_data = handle->data;
  handle->data = s;
  weir__io_hold(io);
  *stream = s;
  return 0;
}

uv_stream_t *weir__stream_uv_give_back(weir__stream_uv *s) {
  uv_stream_t *handle = s->handle;
  weir__io *io = s->io;
  assert(s->lent && !s->closing && pending(&s->base) == 0);
  read_stop(&s->base);
  handle->data = s->lent_data;
  if (s->backlog) { /* all is written, but libuv has not said so yet */
    s->backlog->stream = NULL;
    weir__outbox_free(&s->backlog->outbox);
  }
  weir__mem_free(io->mem, s);
  weir__io_drop(io);
  return handle;
}

weir__stream *weir__stream_uv_base(weir__stream_uv *stream) { return &stream->base; }

uv_stream_t *weir__stream_uv_handle(weir__stream_uv *stream) { return stream->handle; }

size_t weir__stream_uv_size(void) { return sizeof(weir__stream_uv) + sizeof(backlog); }
