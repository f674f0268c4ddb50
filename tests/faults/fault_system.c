/* Stands before libc: libuv, and weir, find these functions where they look for libc's. Each does
 * what it is named for, unless the descriptor is weir's and the call must fail. The real one is the
 * next in the order of the dynamic linker, be it libc's or a sanitizer's that hands on to it. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "faults/fault.h"

/* glibc declares some with a union of all kinds of addresses. */
#pragma GCC diagnostic ignored "-Wpedantic"

#define SHOWN __attribute__((visibility("default")))

static void *find(const char *name) {
  void *next = dlsym(RTLD_NEXT, name);
  if (!next) abort();
  return next;
}

/* Declares `next`, which is the real one; a function pointer cannot be cast from what dlsym()
 * says. */
#define NEXT(name) \
  static __typeof__(&name) next; \
  if (!next) *(void **)&next = find(#name)

static int take(enum fault_call call, int fd) {
  enum fault_side side = fault_side_of(fd);
  return side ? fault_take(call, side) : 0;
}

static int failed(int error) { return errno = error, -1; }

/* A connection that one call says is lost is lost for those to come. */
static int lost(int fd, int error) {
  bool is_lost = error == EPIPE || error == ECONNRESET || error == ETIMEDOUT || error == ENOTCONN;
  if (is_lost) fault_cut(fd);
  return failed(error);
}

/* ---- descriptors come and go ---- */

static int new_descriptor(int fd, enum fault_side side) {
  if (fd >= 0) fault_own(fd, side), fault_descriptor(-1);
  return fd;
}

SHOWN int socket(int family, int type, int protocol) {
  NEXT(socket);
  enum fault_side side = fault_making();
  int error = side ? fault_take(FAULT_socket, side) : 0;
  return error ? failed(error) : new_descriptor(next(family, type, protocol), side);
}

/* Who comes to weir's door is its client; a connection that waits there counts as called for by
 * nobody else. */
SHOWN int accept4(int fd, struct sockaddr *from, socklen_t *len, int flags) {
  NEXT(accept4);
  bool ours = fault_side_of(fd) == FAULT_LISTENER;
  int error = ours ? fault_take(FAULT_accept4, FAULT_LISTENER) : 0;
  if (error) return failed(error);
  return new_descriptor(next(fd, from, len, flags), ours ? FAULT_CLIENT : FAULT_NONE);
}

SHOWN int accept(int fd, struct sockaddr *from, socklen_t *len) {
  NEXT(accept);
  bool ours = fault_side_of(fd) == FAULT_LISTENER;
  int error = ours ? fault_take(FAULT_accept, FAULT_LISTENER) : 0;
  if (error) return failed(error);
  return new_descriptor(next(fd, from, len), ours ? FAULT_CLIENT : FAULT_NONE);
}

static int took_close(int fd) {
  int error = take(FAULT_close, fd);
  fault_own(fd, FAULT_NONE);
  fault_descriptor(1);
  return error;
}

/* Linux has closed it, whatever it says. */
SHOWN int close(int fd) {
  NEXT(close);
  int error = took_close(fd), rc = next(fd);
  return error ? failed(error) : rc;
}

/* libuv closes by number. It also asks for an io_uring, by which calls would pass unseen. Nobody
 * knows how many arguments there are; all that there may be are handed on. */
__attribute__((no_sanitize("address"))) SHOWN long syscall(long number, ...) {
  NEXT(syscall);
  long a[6];
  va_list args;
  va_start(args, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(args, long);
  va_end(args);
#ifdef SYS_io_uring_setup
  if (number == SYS_io_uring_setup) return failed(ENOSYS);
#endif
  int error = number == SYS_close ? took_close((int)a[0]) : 0;
  long rc = next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  return error ? failed(error) : rc;
}

/* libuv opens one to have something to close when there are no others. */
SHOWN int open64(const char *path, int flags, ...) {
  NEXT(open64);
  va_list args;
  va_start(args, flags);
  int mode = flags & O_CREAT ? va_arg(args, int) : 0;
  va_end(args);
  if (fault_no_descriptor()) return failed(EMFILE);
  return next(path, flags, mode);
}

/* ---- connecting ---- */

static struct { int fd, error; } late = {-1, 0};

SHOWN int connect(int fd, const struct sockaddr *to, socklen_t len) {
  NEXT(connect);
  int error = take(FAULT_connect, fd);
  if (error > FAULT_LATE && error < FAULT_EEXIST) {
    late.fd = fd, late.error = error - FAULT_LATE;
    error = EINPROGRESS;
  }
  return error ? failed(error) : next(fd, to, len);
}

/* A socket that never connected is ready at once, so libuv asks soon. */
SHOWN int getsockopt(int fd, int level, int option, void *value, socklen_t *len) {
  NEXT(getsockopt);
  if (fd < 0 || fd != late.fd || option != SO_ERROR) return next(fd, level, option, value, len);
  *(int *)value = late.error;
  late.fd = -1;
  return 0;
}

SHOWN int bind(int fd, const struct sockaddr *at, socklen_t len) {
  NEXT(bind);
  int error = take(FAULT_bind, fd);
  return error ? failed(error) : next(fd, at, len);
}

SHOWN int listen(int fd, int backlog) {
  NEXT(listen);
  int error = take(FAULT_listen, fd);
  return error ? failed(error) : next(fd, backlog);
}

SHOWN int shutdown(int fd, int how) {
  NEXT(shutdown);
  int error = take(FAULT_shutdown, fd);
  return error ? lost(fd, error) : next(fd, how);
}

SHOWN int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                      struct addrinfo **list) {
  NEXT(getaddrinfo);
  int error = fault_take(FAULT_getaddrinfo, FAULT_NONE);
  if (error == EAI_SYSTEM) errno = EMFILE;
  return error ? error : next(node, service, hints, list);
}

static ssize_t passed(int fd, ssize_t bytes) {
  if (bytes > 0 && fault_side_of(fd)) fault_passed((size_t)bytes);
  return bytes;
}

/* Past our own door, which it must not be counted at. */
void fault_cut(int fd) {
  NEXT(shutdown);
  next(fd, SHUT_RDWR);
}

/* ---- bytes ---- */

SHOWN ssize_t read(int fd, void *bytes, size_t len) {
  NEXT(read);
  int error = take(FAULT_read, fd);
  if (error == FAULT_SHORT) len = len > 0;
  return error && error != FAULT_SHORT ? lost(fd, error) : passed(fd, next(fd, bytes, len));
}

SHOWN ssize_t recv(int fd, void *bytes, size_t len, int flags) {
  NEXT(recv);
  int error = take(FAULT_recv, fd);
  return error ? lost(fd, error) : next(fd, bytes, len, flags);
}

SHOWN ssize_t write(int fd, const void *bytes, size_t len) {
  NEXT(write);
  int error = take(FAULT_write, fd);
  if (error == FAULT_SHORT) len = len > 0;
  return error && error != FAULT_SHORT ? lost(fd, error) : passed(fd, next(fd, bytes, len));
}

SHOWN ssize_t writev(int fd, const struct iovec *slices, int count) {
  NEXT(writev);
  int error = take(FAULT_writev, fd);
  if (error != FAULT_SHORT) return error ? lost(fd, error) : passed(fd, next(fd, slices, count));
  struct iovec first = {slices[0].iov_base, slices[0].iov_len > 0};
  return passed(fd, next(fd, &first, 1));
}

/* ---- asking and setting ---- */

SHOWN int setsockopt(int fd, int level, int option, const void *value, socklen_t len) {
  NEXT(setsockopt);
  int error = take(FAULT_setsockopt, fd);
  return error ? failed(error) : next(fd, level, option, value, len);
}

SHOWN int getsockname(int fd, struct sockaddr *name, socklen_t *len) {
  NEXT(getsockname);
  int error = take(FAULT_getsockname, fd);
  return error ? failed(error) : next(fd, name, len);
}

SHOWN int getpeername(int fd, struct sockaddr *name, socklen_t *len) {
  NEXT(getpeername);
  int error = take(FAULT_getpeername, fd);
  return error ? failed(error) : next(fd, name, len);
}

SHOWN int ioctl(int fd, unsigned long request, ...) {
  NEXT(ioctl);
  va_list args;
  va_start(args, request);
  void *value = va_arg(args, void *);
  va_end(args);
  int error = take(FAULT_ioctl, fd);
  return error ? failed(error) : next(fd, request, value);
}

SHOWN int fcntl(int fd, int command, ...) {
  NEXT(fcntl);
  va_list args;
  va_start(args, command);
  void *value = va_arg(args, void *);
  va_end(args);
  int error = take(FAULT_fcntl, fd);
  return error ? failed(error) : next(fd, command, value);
}

SHOWN int fcntl64(int fd, int command, ...) {
  NEXT(fcntl64);
  va_list args;
  va_start(args, command);
  void *value = va_arg(args, void *);
  va_end(args);
  int error = take(FAULT_fcntl, fd);
  return error ? failed(error) : next(fd, command, value);
}

SHOWN int poll(struct pollfd *fds, nfds_t count, int timeout) {
  NEXT(poll);
  int error = count == 1 ? take(FAULT_poll, fds->fd) : 0;
  return error ? failed(error) : next(fds, count, timeout);
}

/* ---- the loop ---- */

/* What has been added before is changed; whatever else fails there makes libuv abort. */
SHOWN int epoll_ctl(int epoll, int what, int fd, struct epoll_event *event) {
  NEXT(epoll_ctl);
  int error = take(what == EPOLL_CTL_DEL ? FAULT_epoll_del : FAULT_epoll_ctl, fd);
  int rc = next(epoll, what, fd, event);
  if (error == FAULT_EEXIST) error = what == EPOLL_CTL_ADD ? EEXIST : 0;
  return error ? failed(error) : rc;
}

SHOWN int epoll_wait(int epoll, struct epoll_event *events, int room, int timeout) {
  NEXT(epoll_wait);
  int error = fault_take(FAULT_epoll_wait, FAULT_NONE);
  return error ? failed(error) : next(epoll, events, room, timeout);
}

SHOWN int epoll_pwait(int epoll, struct epoll_event *events, int room, int timeout,
                      const sigset_t *signals) {
  NEXT(epoll_pwait);
  int error = fault_take(FAULT_epoll_wait, FAULT_NONE);
  return error ? failed(error) : next(epoll, events, room, timeout, signals);
}
