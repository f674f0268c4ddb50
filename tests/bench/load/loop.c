/* See loop.h. Edge-triggered everywhere, so that a read is one system call and no second look. */
#include "loop.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "meter.h"

enum { BACKLOG = 4096, BATCH = 256 };

char loop_buffer[READ_MAX];

static int epoll_fd = -1;
static uint64_t idle_ns;
static struct watch listener;
static void (*accepted)(int fd);

/* ---- the loop ---- */

void loop_watch(struct watch *watch, int fd, unsigned events,
                void (*on_ready)(struct watch *, unsigned)) {
  struct epoll_event event = {.events = events | EPOLLET, .data.ptr = watch};
  if (epoll_fd < 0) epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  watch->fd = fd;
  watch->on_ready = on_ready;
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event)) die("epoll_ctl");
}

void loop_turn(void) {
  struct epoll_event ready[BATCH];
  uint64_t start = now_ns();
  int n = epoll_wait(epoll_fd, ready, BATCH, 0);
  if (n < 0 && errno != EINTR) die("epoll_wait");
  if (n == 0) idle_ns += now_ns() - start;
  for (int i = 0; i < n; i++) {
    struct watch *watch = ready[i].data.ptr;
    if (watch->fd >= 0) watch->on_ready(watch, ready[i].events);
  }
}

uint64_t loop_idle_ns(void) { return idle_ns; }

/* ---- sockets ---- */

static struct sockaddr_in loopback(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

static void set(int fd, int level, int option) {
  int on = 1;
  if (setsockopt(fd, level, option, &on, sizeof on)) die("setsockopt");
}

static int new_socket(void) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  return fd;
}

static void on_connection(struct watch *watch, unsigned events) {
  (void)events;
  for (;;) {
    int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && errno == EAGAIN) return;
    if (fd < 0) die("accept4");
    set(fd, IPPROTO_TCP, TCP_NODELAY);
    accepted(fd);
  }
}

void loop_listen(int port, void (*on_accept)(int fd)) {
  struct sockaddr_in address = loopback(port);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  set(fd, SOL_SOCKET, SO_REUSEADDR);
  if (bind(fd, (struct sockaddr *)&address, sizeof address)) die("bind to the origin's port");
  if (listen(fd, BACKLOG)) die("listen");
  accepted = on_accept;
  loop_watch(&listener, fd, EPOLLIN, on_connection);
}

int loop_connect(int port) {
  struct sockaddr_in address = loopback(port);
  int fd = new_socket();
  if (connect(fd, (struct sockaddr *)&address, sizeof address)) die("connect to the relay");
  set(fd, IPPROTO_TCP, TCP_NODELAY);
  return fd;
}

void loop_send(int fd, const char *bytes, size_t len) {
  ssize_t n = send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n != (ssize_t)len) die("a small send did not go at once");
}

ssize_t loop_read(int fd) {
  ssize_t n = recv(fd, loop_buffer, sizeof loop_buffer, MSG_DONTWAIT);
  if (n > 0) return n;
  return n < 0 && errno == EAGAIN ? 0 : -1;
}

void loop_close(struct watch *watch) {
  if (watch->fd >= 0) close(watch->fd);
  watch->fd = -1;
}

void loop_reset(struct watch *watch) {
  struct linger at_once = {.l_onoff = 1};
  if (watch->fd >= 0) (void)setsockopt(watch->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  loop_close(watch);
}
