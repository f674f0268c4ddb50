/* See sock.h. */
#include "sock.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BACKLOG = 511, PERIOD_MS = 3000 };

uint64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- sockets ---- */

static struct sockaddr_in name_of(uint32_t address, uint16_t port) {
  return (struct sockaddr_in){
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
}

static int open_socket(void) {
  return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static void set(int fd, int level, int option, int value) {
  (void)setsockopt(fd, level, option, &value, sizeof value);
}

int tcp_listen(uint32_t address, uint16_t *port) {
  struct sockaddr_in name = name_of(address, *port);
  socklen_t len = sizeof name;
  int fd = open_socket();
  if (fd < 0) return -1;
  set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (bind(fd, (struct sockaddr *)&name, len) || listen(fd, BACKLOG) ||
      getsockname(fd, (struct sockaddr *)&name, &len)) {
    close(fd);
    return -1;
  }
  *port = ntohs(name.sin_port);
  return fd;
}

int tcp_connect(uint32_t from, uint32_t to, uint16_t port, int room) {
  struct sockaddr_in here = name_of(from, 0), there = name_of(to, port);
  int fd = open_socket();
  if (fd < 0) return -1;
  set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (room) set(fd, SOL_SOCKET, SO_RCVBUF, room);
  if (bind(fd, (struct sockaddr *)&here, sizeof here) == 0 &&
      (connect(fd, (struct sockaddr *)&there, sizeof there) == 0 || errno == EINPROGRESS))
    return fd;
  close(fd);
  return -1;
}

int tcp_error(int fd) {
  int err = 0;
  socklen_t len = sizeof err;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) ? errno : err;
}

void tcp_reset(int fd) {
  struct linger at_once = {.l_onoff = 1, .l_linger = 0};
  (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(fd);
}

/* ---- what waits ---- */

char *outgo_room(struct outgo *out, size_t len) {
  if (!out->bytes) out->bytes = malloc(OUTGO_MAX);
  if (!out->bytes || out->len + len > OUTGO_MAX) abort();
  char *room = out->bytes + out->len;
  out->len += len;
  return room;
}

void outgo_put(struct outgo *out, const char *bytes, size_t len) {
  memcpy(outgo_room(out, len), bytes, len);
}

void outgo_print(struct outgo *out, const char *format, ...) {
  char text[1024];
  va_list args;
  va_start(args, format);
  int len = vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (len < 0 || (size_t)len >= sizeof text) abort();
  outgo_put(out, text, (size_t)len);
}

int outgo_flush(struct outgo *out, int fd) {
  while (out->at < out->len) {
    ssize_t n = send(fd, out->bytes + out->at, out->len - out->at, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN ? 1 : -errno;
    out->at += (size_t)n;
  }
  out->at = out->len = 0;
  return 0;
}

void outgo_free(struct outgo *out) {
  free(out->bytes);
  *out = (struct outgo){0};
}

/* ---- the pulse ---- */

static void note_lag(struct pulse *pulse, uint64_t now, uint64_t late) {
  uint64_t period = pulse->beat_ms / PERIOD_MS;
  if (now / PERIOD_MS != period) {
    pulse->lag_before_ms = now / PERIOD_MS == period + 1 ? pulse->lag_ms : 0;
    pulse->lag_ms = 0;
  }
  if (late > pulse->lag_ms) pulse->lag_ms = (uint32_t)late;
  pulse->beat_ms = now;
}

/* The whole turn counts, work and waiting, unless somebody stopped the process meanwhile: the
 * judge knows about that. */
int poll_with_pulse(struct pollfd *fds, size_t count, int ms, struct pulse *pulse) {
  static uint64_t last;
  static uint32_t stops;
  int ready = poll(fds, count, ms);
  uint64_t now = now_ms(), took = last ? now - last : 0;
  bool stopped = stops != pulse->stops;
  stops = pulse->stops;
  last = now;
  note_lag(pulse, now, stopped || took < (uint64_t)ms ? 0 : took - (uint64_t)ms);
  return ready;
}
