/* What weir calls, one by one: each asks whether it must fail, and else does what it is named for.
 * It does not know why. A call that fails leaves behind what libuv would leave; what it should have
 * handed over it disposes of. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "faults/fault.h"

static enum fault_side side_of(const void *handle) {
  uv_os_fd_t fd;
  return uv_fileno(handle, &fd) ? FAULT_NONE : fault_side_of(fd);
}

/* ---- functions of libuv that return a code ---- */

/* Sockets made meanwhile lead to the origin: nothing else connects by libuv. Only the linker knows
 * these names, so each is declared just here. */
#define CALL(name, side, params, args) \
  int fault_##name params; \
  int fault_##name params { \
    int code = fault_take(FAULT_##name, side); \
    fault_enter(FAULT_ORIGIN); \
    if (!code) code = name args; \
    fault_leave(); \
    return code; \
  }

CALL(uv_cancel, FAULT_NONE, (uv_req_t * req), (req))
CALL(uv_getaddrinfo, FAULT_NONE,
     (uv_loop_t * loop, uv_getaddrinfo_t *req, uv_getaddrinfo_cb cb, const char *node,
      const char *service, const struct addrinfo *hints),
     (loop, req, cb, node, service, hints))
CALL(uv_listen, side_of(h), (uv_stream_t * h, int backlog, uv_connection_cb cb), (h, backlog, cb))
CALL(uv_pipe_init, FAULT_NONE, (uv_loop_t * loop, uv_pipe_t *h, int ipc), (loop, h, ipc))
CALL(uv_pipe_open, fault_side_of(fd), (uv_pipe_t * h, uv_file fd), (h, fd))
CALL(uv_read_start, side_of(h), (uv_stream_t * h, uv_alloc_cb alloc, uv_read_cb cb), (h, alloc, cb))
CALL(uv_tcp_close_reset, side_of(h), (uv_tcp_t * h, uv_close_cb cb), (h, cb))
CALL(uv_tcp_connect, FAULT_NONE,
     (uv_connect_t * req, uv_tcp_t *h, const struct sockaddr *to, uv_connect_cb cb),
     (req, h, to, cb))
CALL(uv_tcp_getpeername, side_of(h), (const uv_tcp_t *h, struct sockaddr *name, int *len),
     (h, name, len))
CALL(uv_tcp_getsockname, side_of(h), (const uv_tcp_t *h, struct sockaddr *name, int *len),
     (h, name, len))
CALL(uv_tcp_init, FAULT_NONE, (uv_loop_t * loop, uv_tcp_t *h), (loop, h))
CALL(uv_tcp_open, fault_side_of(fd), (uv_tcp_t * h, uv_os_sock_t fd), (h, fd))
CALL(uv_timer_init, FAULT_NONE, (uv_loop_t * loop, uv_timer_t *h), (loop, h))
CALL(uv_timer_start, FAULT_NONE, (uv_timer_t * h, uv_timer_cb cb, uint64_t ms, uint64_t again),
     (h, cb, ms, again))
CALL(uv_write, side_of(h),
     (uv_write_t * req, uv_stream_t *h, const uv_buf_t *bufs, unsigned count, uv_write_cb cb),
     (req, h, bufs, count, cb))

/* ---- those with more to say ---- */

/* A handle that weir asks for its descriptor and that it has not made was lent: a client's. */
int fault_uv_fileno(const uv_handle_t *h, uv_os_fd_t *fd);
int fault_uv_fileno(const uv_handle_t *h, uv_os_fd_t *fd) {
  int code = uv_fileno(h, fd);
  if (code) return code;
  if (fault_side_of(*fd) == FAULT_NONE) fault_own(*fd, FAULT_CLIENT);
  return fault_take(FAULT_uv_fileno, fault_side_of(*fd));
}

void fault_uv_pipe_connect(uv_connect_t *req, uv_pipe_t *h, const char *path, uv_connect_cb cb);
void fault_uv_pipe_connect(uv_connect_t *req, uv_pipe_t *h, const char *path, uv_connect_cb cb) {
  fault_enter(FAULT_ORIGIN);
  uv_pipe_connect(req, h, path, cb);
  fault_leave();
}

int fault_uv_try_write(uv_stream_t *h, const uv_buf_t bufs[], unsigned count);
int fault_uv_try_write(uv_stream_t *h, const uv_buf_t bufs[], unsigned count) {
  int error = fault_take(FAULT_uv_try_write, side_of(h));
  uv_os_fd_t fd;
  if (error < 0 && error != UV_EAGAIN && uv_fileno((uv_handle_t *)h, &fd) == 0) fault_cut(fd);
  if (error != FAULT_SHORT) return error ? error : uv_try_write(h, bufs, count);
  uv_buf_t first = uv_buf_init(bufs[0].base, bufs[0].len > 0);
  return uv_try_write(h, &first, 1);
}

typedef union any_handle {
  uv_handle_t any;
  uv_stream_t stream;
  uv_tcp_t tcp;
  uv_pipe_t pipe;
} any_handle;

static void on_disposed(uv_handle_t *handle) { free(handle); }

/* libuv closes what it cannot hand over. */
static void dispose_of_accepted(uv_stream_t *server) {
  any_handle *h = malloc(sizeof *h);
  if (!h) abort();
  if (server->type == UV_TCP)
    uv_tcp_init(server->loop, &h->tcp);
  else
    uv_pipe_init(server->loop, &h->pipe, 0);
  uv_accept(server, &h->stream);
  uv_close(&h->any, on_disposed);
}

int fault_uv_accept(uv_stream_t *server, uv_stream_t *client);
int fault_uv_accept(uv_stream_t *server, uv_stream_t *client) {
  int error = fault_take(FAULT_uv_accept, side_of(server));
  if (error) dispose_of_accepted(server);
  return error ? error : uv_accept(server, client);
}

/* ---- the system, by weir itself ---- */

int fault_socket(int family, int type, int protocol);
int fault_socket(int family, int type, int protocol) {
  fault_enter(FAULT_LISTENER);
  int fd = socket(family, type, protocol);
  fault_leave();
  return fd;
}

int fault_lstat(const char *path, struct stat *file);
int fault_lstat(const char *path, struct stat *file) {
  int error = fault_take(FAULT_lstat, FAULT_NONE);
  return error ? errno = error, -1 : lstat(path, file);
}

int fault_unlink(const char *path);
int fault_unlink(const char *path) {
  int error = fault_take(FAULT_unlink, FAULT_NONE);
  return error ? errno = error, -1 : unlink(path);
}

/* libuv's own does not look at the result: see faults_test.c. */
int fault_getsockopt(int fd, int level, int option, void *value, socklen_t *len);
int fault_getsockopt(int fd, int level, int option, void *value, socklen_t *len) {
  int error = fault_take(FAULT_getsockopt, fault_side_of(fd));
  return error ? errno = error, -1 : getsockopt(fd, level, option, value, len);
}
