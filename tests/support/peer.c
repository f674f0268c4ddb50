#define _GNU_SOURCE
#include "support/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "support/check.h"

enum { NARROW = 16 * 1024, PERIOD = 251, BLOCK = 256 * PERIOD };

static void *grow(void *old, size_t size) {
  void *ptr = realloc(old, size);
  if (!ptr) abort();
  return ptr;
}

/* ---- reading ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  peer *p = handle->data;
  (void)suggested;
  *buf = uv_buf_init(p->loop->scratch, sizeof p->loop->scratch);
}

static void keep(peer *p, const char *bytes, size_t len) {
  while (p->got_len + len + 1 > p->got_cap)
    p->got_cap = p->got_cap ? 2 * p->got_cap : 1024, p->got = grow(p->got, p->got_cap);
  if (len) memcpy(p->got + p->got_len, bytes, len);
  p->got_len += len;
  p->got[p->got_len] = '\0';
}

/* libuv calls it EOF without asking when a reset came together with the last bytes. */
static int pending_error(const peer *p) {
  int err = 0;
  socklen_t len = sizeof err;
  uv_os_fd_t fd;
  if (uv_fileno(&p->handle.any, &fd) || getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len)) return 0;
  return uv_translate_sys_error(err);
}

static void end(peer *p, int error) {
  p->error = error == UV_EOF ? pending_error(p) : error;
  p->fin = p->error == 0;
  p->over = p->loop->turns;
  uv_read_stop(&p->handle.stream);
}

static void open_tls(peer *p);
static void send_cipher(peer *p);

/* What has come and was not looked at: all records, unless it has stopped. */
static void take_records(peer *p) {
  char plain[16 * 1024];
  for (size_t n; !p->stopped && (n = peer_tls_read(p->tls, plain, sizeof plain)) > 0; p->reads++)
    keep(p, plain, n);
  p->closed_well = p->tls->closed;
}

static void take_cipher(peer *p) {
  peer_tls_shake(p->tls);
  send_cipher(p);
  if (p->tls->open && !p->connected) open_tls(p);
  take_records(p);
  send_cipher(p);
  if (p->tls->failed && !is_over(p)) end(p, UV_EPROTO);
}

static void take_in(peer *p, const char *bytes, size_t len) {
  if (p->tls) {
    peer_tls_feed(p->tls, bytes, len);
    take_cipher(p);
  } else {
    keep(p, bytes, len);
    p->reads++;
  }
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  peer *p = stream->data;
  if (n > 0)
    take_in(p, buf->base, (size_t)n);
  else if (n < 0)
    end(p, (int)n);
}

static void read_on(peer *p) {
  uv_read_stop(&p->handle.stream);
  CHECK_INT(uv_read_start(&p->handle.stream, on_alloc, on_read), 0);
}

void peer_read_now(peer *p) {
  uv_os_fd_t fd;
  ssize_t n;
  if (p->closed || is_over(p) || uv_fileno(&p->handle.any, &fd)) return;
  while ((n = recv(fd, p->loop->scratch, sizeof p->loop->scratch, MSG_DONTWAIT)) > 0)
    take_in(p, p->loop->scratch, (size_t)n);
}

static bool is_shaking(const peer *p) { return p->tls && !p->tls->open; }

void peer_stop(peer *p) {
  p->stopped = true;
  if (!p->closed && !is_shaking(p)) uv_read_stop(&p->handle.stream);
}

void peer_go(peer *p) {
  p->stopped = false;
  if (p->closed || is_over(p)) return;
  if (p->tls) take_cipher(p);
  if (!is_over(p)) read_on(p);
}

/* ---- making ---- */

peer *peer_new(loop *l, weir__list *list, uv_handle_type type, const char *name, size_t number) {
  peer *p = grow(NULL, sizeof *p);
  *p = (peer){.loop = l};
  snprintf(p->name, sizeof p->name, "%s %zu", name, number);
  CHECK_INT(type == UV_TCP ? uv_tcp_init(&l->uv, &p->handle.tcp)
                           : uv_pipe_init(&l->uv, &p->handle.pipe, 0),
            0);
  p->handle.any.data = p;
  keep(p, "", 0);
  weir__list_init(&p->node);
  weir__list_append(list, &p->node);
  return p;
}

/* The window is agreed upon while connecting, so the socket must be there before. */
void peer_set_narrow(peer *p) {
  int receive = NARROW, send = NARROW;
  uv_os_fd_t fd;
  if (uv_fileno(&p->handle.any, &fd))
    CHECK_INT(uv_tcp_open(&p->handle.tcp, socket(AF_INET, SOCK_STREAM, 0)), 0);
  CHECK_INT(uv_recv_buffer_size(&p->handle.any, &receive), 0);
  CHECK_INT(uv_send_buffer_size(&p->handle.any, &send), 0);
}

/* Or the system would hold a small piece back until the one before has been confirmed. */
void peer_hurry(peer *p) {
  if (p->handle.any.type == UV_TCP) CHECK_INT(uv_tcp_nodelay(&p->handle.tcp, 1), 0);
}

void peer_secure(peer *p, peer_tls *tls) { p->tls = tls; }

void peer_greet(peer *p) {
  if (!p->tls) return;
  peer_tls_shake(p->tls);
  send_cipher(p);
  read_on(p);
}

static void on_connect(uv_connect_t *req, int status) {
  peer *p = weir__container_of(req, peer, connect);
  p->connected = status == 0 && !p->tls;
  if (status == UV_ECANCELED) return;
  if (status) {
    p->error = status;
    p->over = p->loop->turns;
    return;
  }
  peer_hurry(p);
  if (p->tls)
    peer_greet(p);
  else
    peer_go(p);
}

void peer_connect(peer *p, int port) {
  struct sockaddr_in to;
  uv_ip4_addr("127.0.0.1", port, &to);
  CHECK_INT(uv_tcp_connect(&p->connect, &p->handle.tcp, (struct sockaddr *)&to, on_connect), 0);
}

void peer_connect_path(peer *p, const char *path) {
  uv_pipe_connect(&p->connect, &p->handle.pipe, path, on_connect);
}

/* ---- sending ---- */

typedef struct sending {
  uv_write_t req;
  peer *peer;
  size_t len;
  char bytes[];
} sending;

static void pour_on(peer *p);

static void on_sent(uv_write_t *req, int status) {
  sending *s = weir__container_of(req, sending, req);
  peer *p = s->peer;
  p->unsent -= s->len;
  if (status && !p->closed) p->send_error = status;
  bool poured = p->pouring && p->unsent == 0;
  free(s);
  if (poured) pour_on(p);
}

static void send_raw(peer *p, const char *bytes, size_t len) {
  if (p->closed || p->send_error) return;
  sending *s = grow(NULL, sizeof *s + len);
  s->peer = p;
  s->len = len;
  if (len) memcpy(s->bytes, bytes, len);
  p->unsent += len;
  uv_buf_t buf = uv_buf_init(s->bytes, (unsigned)len);
  int rc = uv_write(&s->req, &p->handle.stream, &buf, 1, on_sent);
  if (rc == 0) return;
  p->send_error = rc;
  p->unsent -= len;
  free(s);
}

static void send_cipher(peer *p) {
  weir__slice out = peer_tls_out(p->tls);
  if (out.len) send_raw(p, out.ptr, out.len);
  peer_tls_sent(p->tls);
}

static void send_plain(peer *p, const char *bytes, size_t len) {
  if (!p->tls->open) p->unsent += len;
  peer_tls_write(p->tls, bytes, len);
  send_cipher(p);
}

/* What was said, and done, meanwhile follows. */
static void open_tls(peer *p) {
  weir__slice held = peer_tls_unhold(p->tls);
  p->connected = true;
  p->unsent -= held.len;
  send_plain(p, held.ptr, held.len);
  free((char *)held.ptr);
  if (p->fin_held) peer_fin(p);
  if (p->stopped) peer_stop(p);
}

void peer_send(peer *p, const char *bytes, size_t len) {
  if (p->closed || p->send_error) return;
  if (p->tls)
    send_plain(p, bytes, len);
  else
    send_raw(p, bytes, len);
}

void peer_say(peer *p, const char *text) { peer_send(p, text, strlen(text)); }

/* A block of the pattern and one period more, so that a block may begin anywhere in it. */
static const char *pattern(size_t first) {
  static char bytes[BLOCK + PERIOD];
  if (!bytes[1])
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)(i % PERIOD);
  return bytes + first % PERIOD;
}

/* One block at a time, so that `poured` tells how far the system took it. */
static void pour_on(peer *p) {
  size_t n = p->to_pour < BLOCK ? p->to_pour : BLOCK;
  const char *block = pattern(p->poured);
  p->pouring = n > 0 && !p->closed && !p->send_error;
  if (!p->pouring) return;
  p->poured += n;
  p->to_pour -= n;
  peer_send(p, block, n);
}

void peer_pour(peer *p, size_t bytes) {
  p->to_pour += bytes;
  if (!p->pouring) pour_on(p);
}

bool is_poured(const char *bytes, size_t len) {
  for (size_t n, first = 0; first < len; first += n) {
    n = len - first < BLOCK ? len - first : BLOCK;
    if (memcmp(bytes + first, pattern(first), n) != 0) return false;
  }
  return true;
}

/* ---- ending ---- */

static void say_goodbye(peer *p) {
  peer_tls_close(p->tls);
  send_cipher(p);
}

static void on_fin_sent(uv_shutdown_t *req, int status) {
  peer *p = req->data;
  if (status && status != UV_ECANCELED && status != UV_ENOTCONN) p->send_error = status;
  free(req);
}

void peer_fin_bare(peer *p) {
  if (p->closed) return;
  uv_shutdown_t *req = grow(NULL, sizeof *req);
  req->data = p;
  if (uv_shutdown(req, &p->handle.stream, on_fin_sent)) free(req);
}

/* Hands are shaken first: a peer that says nothing over TLS is one that has said hello. */
void peer_fin(peer *p) {
  p->fin_held = is_shaking(p);
  if (p->closed || p->fin_held) return;
  if (p->tls) say_goodbye(p);
  peer_fin_bare(p);
}

static void on_closed(uv_handle_t *handle) {
  peer *p = handle->data;
  p->gone = true;
}

void peer_die(peer *p) {
  if (p->closed) return;
  p->closed = true;
  uv_close(&p->handle.any, on_closed);
}

void peer_close(peer *p) {
  bool well = p->tls && p->tls->open && !p->closed &&
              uv_stream_get_write_queue_size(&p->handle.stream) == 0;
  if (well) say_goodbye(p);
  peer_die(p);
}

/* Not uv_tcp_close_reset(), which refuses after a FIN. */
void peer_reset(peer *p) {
  struct linger now = {1, 0};
  uv_os_fd_t fd;
  if (!p->closed && uv_fileno(&p->handle.any, &fd) == 0)
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  peer_die(p);
}

void peers_close(weir__list *list) {
  for (weir__list *n = list->next; n != list; n = n->next)
    peer_close(weir__container_of(n, peer, node));
}

static void free_peer(peer *p) {
  for (message *m; (m = p->taken);) {
    p->taken = m->next;
    message_clear(m);
    free(m);
  }
  peer_tls_free(p->tls);
  free(p->got);
  free(p);
}

void peers_free(weir__list *list) {
  weir__list *node;
  while ((node = weir__list_pop(list))) free_peer(weir__container_of(node, peer, node));
}

/* ---- looking ---- */

bool is_over(const peer *p) { return p->fin || p->error; }

bool ended_well(const peer *p) { return p->fin && (!p->tls || p->closed_well); }

size_t untaken(const peer *p) { return p->got_len - p->at; }

void forget(peer *p) { p->at = p->got_len; }

bool got(const peer *p, const char *text) {
  return memmem(p->got + p->at, untaken(p), text, strlen(text)) != NULL;
}

bool got_poured(const peer *p, size_t len) {
  return untaken(p) == len && is_poured(p->got + p->at, len);
}

bool got_message(const peer *p) {
  message m;
  message_split(&m, p->got + p->at, untaken(p), false);
  bool whole = m.whole;
  message_clear(&m);
  return whole;
}

static const message *take_one(peer *p, bool bodiless) {
  message *m = grow(NULL, sizeof *m);
  message_split(m, p->got + p->at, untaken(p), bodiless);
  p->at += m->used;
  m->next = p->taken;
  p->taken = m;
  return m;
}

const message *take(peer *p) { return take_one(p, false); }

const message *take_bodiless(peer *p) { return take_one(p, true); }

void peer_print(const peer *p) {
  printf("  %s%s: %zu bytes in %u reads, %zu of them taken%s%s%s%s%s%s, %zu unsent: \"", p->name,
         p->tls ? " over TLS" : "", p->got_len, p->reads, p->at,
         p->connected ? "" : ", not connected", p->closed_well ? ", close_notify" : "",
         p->fin ? ", fin" : "", p->closed ? ", closed" : "", p->error ? ", " : "",
         p->error ? uv_err_name(p->error) : "", p->unsent);
  for (size_t i = p->at; i < p->got_len && i < p->at + 600; i++)
    printf(p->got[i] >= ' ' && p->got[i] < 0x7f ? "%c" : "\\%02x", (unsigned char)p->got[i]);
  printf("\"\n");
}
