/* From an endpoint to an open stream: name, then TCP (or a unix socket), under one deadline. It
 * does not know what the connection is for. The struct holds all its attempts and goes when the
 * last of their streams is closed or handed out; what it reports is the caller's. */
#include "net/connect.h"

#include <string.h>
#include <sys/un.h>

#include "base/list.h"
#include "net/dns.h"
#include "weir/err.h"

enum { STAGGER_MS = 250 }; /* RFC 8305, 5: "Connection Attempt Delay" */

typedef struct attempt {
  weir__connect *connect;
  weir__stream_uv *stream; /* NULL before it begins, and once it is closed or handed out */
  uv_connect_t req;
  bool running; /* no answer yet */
} attempt;

struct weir__connect {
  weir__io *io;
  weir__clock *clock;
  weir__connect_fn fn; /* NULL once it is over: the rest is only waiting for close callbacks */
  void *owner;
  weir__dns *dns; /* while a look-up goes on */
  weir__deadline whole, stagger;
  weir__addresses addresses;
  size_t begun;                           /* attempts so far; the next address to try */
  int error;                              /* of the last attempt that failed */
  attempt *attempts[WEIR__ADDRESSES_MAX]; /* made as they begin: most need one */
};

/* ---- one attempt ---- */

static void free_if_idle(weir__connect *c) {
  if (c->fn) return;
  for (size_t i = 0; i < c->begun; i++) {
    if (c->attempts[i] && c->attempts[i]->stream) return;
  }
  for (size_t i = 0; i < c->begun; i++) weir__mem_free(c->io->mem, c->attempts[i]);
  weir__mem_free(c->io->mem, c);
}

static void on_attempt_closed(void *owner) {
  attempt *a = owner;
  a->stream = NULL;
  free_if_idle(a->connect);
}

/* An attempt does not read or write; only its close callback comes. */
static const weir__stream_events attempt_events = {.on_closed = on_attempt_closed};

static void close_attempt(attempt *a) {
  a->running = false;
  if (a->stream) weir__stream_close(weir__stream_uv_base(a->stream));
}

static void on_connected(uv_connect_t *req, int status);

static attempt *new_attempt(weir__connect *c, uv_handle_type type, int *err) {
  attempt *a = weir__mem_new(c->io->mem, sizeof *a);
  c->attempts[c->begun++] = a;
  *err = WEIR_ENOMEM;
  if (!a) return NULL;
  a->connect = c;
  *err = weir__stream_uv_new(&a->stream, c->io, type);
  if (*err) return NULL;
  weir__stream_own(weir__stream_uv_base(a->stream), &attempt_events, a);
  return a;
}

static int try_address(weir__connect *c, const weir__sockaddr *address) {
  int err;
  attempt *a = new_attempt(c, UV_TCP, &err);
  if (!a) return err;
  uv_tcp_t *tcp = (uv_tcp_t *)weir__stream_uv_handle(a->stream);
  err = uv_tcp_connect(&a->req, tcp, &address->any, on_connected);
  a->running = err == 0;
  if (err) close_attempt(a);
  return err;
}

static int try_path(weir__connect *c, const char *path) {
  struct sockaddr_un address;
  /* libuv would cut it and connect to something else. */
  if (strlen(path) >= sizeof address.sun_path) return UV_ENAMETOOLONG;
  int err;
  attempt *a = new_attempt(c, UV_NAMED_PIPE, &err);
  if (!a) return err;
  uv_pipe_t *pipe = (uv_pipe_t *)weir__stream_uv_handle(a->stream);
  uv_pipe_connect(&a->req, pipe, path, on_connected);
  a->running = true;
  return 0;
}

/* ---- the race ---- */

/* Begins with the next address that does not fail at once; c->error if there is none. */
static int try_next(weir__connect *c) {
  weir__deadline_stop(c->clock, &c->stagger);
  while (c->begun < c->addresses.count) {
    int err = try_address(c, &c->addresses.list[c->begun]);
    if (err) {
      c->error = err;
      continue;
    }
    if (c->begun < c->addresses.count) weir__deadline_set(c->clock, &c->stagger, STAGGER_MS);
    return 0;
  }
  return c->error;
}

static bool is_running(const weir__connect *c) {
  for (size_t i = 0; i < c->begun; i++) {
    if (c->attempts[i] && c->attempts[i]->running) return true;
  }
  return false;
}

/* Everything but the winner, which is not among the attempts any more, ends here. */
static void end(weir__connect *c) {
  c->fn = NULL;
  weir__deadline_stop(c->clock, &c->whole);
  weir__deadline_stop(c->clock, &c->stagger);
  if (c->dns) weir__dns_cancel(c->dns);
  for (size_t i = 0; i < c->begun; i++) {
    if (c->attempts[i]) close_attempt(c->attempts[i]);
  }
  free_if_idle(c);
}

static void report(weir__connect *c, int status, weir__stream *stream) {
  weir__connect_fn fn = c->fn;
  void *owner = c->owner;
  end(c);
  fn(owner, status, stream);
}

static void win(weir__connect *c, attempt *a) {
  weir__stream_uv *stream = a->stream;
  weir__stream *base = weir__stream_uv_base(stream);
  a->stream = NULL;
  weir__stream_own(base, NULL, NULL);
  weir__stream_uv_tune(stream, &(weir__tcp_options){0});
  report(c, 0, base);
}

/* Goes on with the next address, if there is none waits for those still running, if there are none
 * gives up. */
static void go_on(weir__connect *c) {
  if (try_next(c) && !is_running(c)) report(c, c->error, NULL);
}

static void on_connected(uv_connect_t *req, int status) {
  attempt *a = weir__container_of(req, attempt, req);
  if (!a->running) return; /* closed by us */
  a->running = false;
  if (status == 0) {
    win(a->connect, a);
    return;
  }
  a->connect->error = status;
  close_attempt(a);
  go_on(a->connect);
}

static void on_stagger(weir__deadline *deadline) {
  go_on(weir__container_of(deadline, weir__connect, stagger));
}

static void on_whole(weir__deadline *deadline) {
  report(weir__container_of(deadline, weir__connect, whole), WEIR_ETIMEOUT, NULL);
}

static void on_addresses(void *owner, int status, const weir__addresses *addresses) {
  weir__connect *c = owner;
  c->dns = NULL;
  if (status) {
    report(c, status, NULL);
    return;
  }
  c->addresses = *addresses;
  go_on(c);
}

/* ---- beginning and end ---- */

static int begin(weir__connect *c, const weir__endpoint *to) {
  if (to->path) return try_path(c, to->path);
  if (!weir__dns_literal(&c->addresses.list[0], to->host, to->port)) {
    return weir__dns_start(&c->dns, c->io, to->host, to->port, on_addresses, c);
  }
  c->addresses.count = 1;
  return try_next(c);
}

int weir__connect_start(weir__connect **connect, weir__io *io, weir__clock *clock,
                        const weir__endpoint *to, uint32_t timeout_ms, weir__connect_fn fn,
                        void *owner) {
  weir__connect *c = weir__mem_new(io->mem, sizeof *c);
  if (!c) return WEIR_ENOMEM;
  c->io = io;
  c->clock = clock;
  c->fn = fn;
  c->owner = owner;
  c->whole.fn = on_whole;
  c->stagger.fn = on_stagger;
  int err = begin(c, to);
  if (err) {
    end(c);
    return err;
  }
  weir__deadline_set(clock, &c->whole, timeout_ms);
  *connect = c;
  return 0;
}

void weir__connect_cancel(weir__connect *connect) { end(connect); }
