/* What the tests of net/ share: a loop, a counting allocator, an io and a clock, and pairs of
 * connected sockets of which one end is a plain descriptor in the test's hand. */
#ifndef WEIR_TEST_NET_FIXTURE_H
#define WEIR_TEST_NET_FIXTURE_H

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include "base/list.h"
#include "net/io.h"
#include "net/timer.h"
#include "support/alloc.h"
#include "support/check.h"
#include "weir/err.h"

enum { NET_WATCHDOG_MS = 10000 };

typedef struct net {
  uv_loop_t loop;
  counting_alloc alloc;
  weir__mem mem;
  weir__io io;
  weir__clock clock;
  bool clock_closed;
  uv_timer_t watchdog;
  bool late;
  int descriptors; /* open when it began */
  char scratch[WEIR__SCRATCH];
} net;

static inline int net_descriptors(void) {
  int count = 0;
  DIR *dir = opendir("/proc/self/fd");
  if (!dir) return 0;
  while (readdir(dir)) count++;
  closedir(dir);
  return count;
}

static inline void net_is_late(uv_timer_t *timer) {
  net *n = timer->data;
  n->late = true;
}

/* One turn of the loop; false when the watchdog has lost its patience. */
static inline bool net_turn(net *n) {
  uv_timer_start(&n->watchdog, net_is_late, NET_WATCHDOG_MS, 0);
  uv_run(&n->loop, UV_RUN_ONCE);
  return !n->late;
}

/* Lets everything happen that can without waiting. */
static inline void net_settle(net *n) {
  for (int i = 0; i < 10; i++) uv_run(&n->loop, UV_RUN_NOWAIT);
}

#define RUN_UNTIL(n, cond) \
  do { \
    while (!(cond) && net_turn(n)) {} \
    CHECK(cond); \
  } while (0)

/* For a test that is also the peer: does `act` and a turn that does not wait, until `cond`. */
#define PUMP_UNTIL(n, act, cond) \
  do { \
    uint64_t begun = uv_hrtime(); \
    for (act; !(cond) && uv_hrtime() - begun < NET_WATCHDOG_MS * UINT64_C(1000000); act) \
      uv_run(&(n)->loop, UV_RUN_NOWAIT); \
    CHECK(cond); \
  } while (0)

/* With `mem` NULL the fixture brings its own counting allocator. */
static inline void net_begin(net *n, weir__mem *mem) {
  memset(n, 0, sizeof *n);
  signal(SIGPIPE, SIG_IGN);
  CHECK_INT(uv_loop_init(&n->loop), 0); /* the first loop opens what stays open for good */
  CHECK_INT(uv_loop_close(&n->loop), 0);
  n->descriptors = net_descriptors();
  CHECK_INT(uv_loop_init(&n->loop), 0);
  alloc_init(&n->alloc);
  CHECK_INT(weir__mem_init(&n->mem, &n->alloc.hooks), 0);
  n->io = (weir__io){.loop = &n->loop,
                     .mem = mem ? mem : &n->mem,
                     .scratch = n->scratch,
                     .high = 256 * 1024,
                     .low = 64 * 1024};
  uv_timer_init(&n->loop, &n->watchdog);
  n->watchdog.data = n;
  CHECK_INT(weir__clock_init(&n->clock, &n->loop), 0);
}

static inline void net_clock_is_closed(weir__clock *clock) {
  net *n = weir__container_of(clock, net, clock);
  n->clock_closed = true;
}

/* Everything must have been closed; waits until it is, and looks for what was left. */
static inline void net_end(net *n) {
  RUN_UNTIL(n, n->io.live == 0);
  weir__clock_close(&n->clock, net_clock_is_closed);
  RUN_UNTIL(n, n->clock_closed);
  uv_close((uv_handle_t *)&n->watchdog, NULL);
  uv_run(&n->loop, UV_RUN_DEFAULT);
  CHECK_INT(uv_loop_close(&n->loop), 0);
  CHECK_NO_LEAK(&n->alloc);
  CHECK_INT(net_descriptors(), n->descriptors);
}

/* ---- plain sockets ---- */

static inline void net_nonblocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

/* A bound socket that listens on 127.0.0.1 (or what `ip` says), at `*port` or a free one. */
static inline int net_listen_on(const char *ip, int *port, int backlog) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*port)};
  socklen_t len = sizeof address;
  inet_pton(AF_INET, ip, &address.sin_addr);
  int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  CHECK(bind(fd, (struct sockaddr *)&address, len) == 0);
  CHECK(listen(fd, backlog) == 0);
  CHECK(getsockname(fd, (struct sockaddr *)&address, &len) == 0);
  *port = ntohs(address.sin_port);
  return fd;
}

static inline int net_connect_to(const char *ip, int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  inet_pton(AF_INET, ip, &address.sin_addr);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

/* A TCP connection over loopback: `ours` for the code under test, `theirs` for the test. It holds
 * some 100 KiB, where the system by itself would give it more the longer it is used. */
static inline void net_tcp_pair(int *ours, int *theirs) {
  int port = 0, listener = net_listen_on("127.0.0.1", &port, 1), bytes = 65536;
  setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes); /* for what it accepts */
  *ours = net_connect_to("127.0.0.1", port);
  *theirs = accept(listener, NULL, NULL);
  CHECK(*ours >= 0 && *theirs >= 0);
  setsockopt(*ours, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  close(listener);
}

/* Closes with a reset. */
static inline void net_reset(int fd) {
  struct linger now = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(fd);
}

/* What the loop must do for the plain end to become readable. */
static inline bool net_is_readable(int fd) {
  struct pollfd p = {.fd = fd, .events = POLLIN};
  return poll(&p, 1, 0) > 0;
}

#endif
