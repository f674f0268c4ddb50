/* See tcp.h. Set by hand: libuv before 1.50 leaves the rhythm of keepalive probes to the system,
 * which gives a dead peer eleven minutes more. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "net/tcp.h"

#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/* A peer that is silent for a minute is asked, and given up a minute later. */
enum { IDLE_S = 60, INTERVAL_S = 10, PROBES = 6 };

#if !defined(TCP_KEEPIDLE) && defined(TCP_KEEPALIVE)
#define TCP_KEEPIDLE TCP_KEEPALIVE /* macOS */
#endif

static void set(int fd, int level, int option, unsigned value) {
  int as_int = value > INT_MAX ? INT_MAX : (int)value;
  (void)setsockopt(fd, level, option, &as_int, sizeof as_int);
}

static void keep_alive(int fd) {
  set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
#ifdef TCP_KEEPIDLE
  set(fd, IPPROTO_TCP, TCP_KEEPIDLE, IDLE_S);
#endif
#ifdef TCP_KEEPINTVL
  set(fd, IPPROTO_TCP, TCP_KEEPINTVL, INTERVAL_S);
#endif
#ifdef TCP_KEEPCNT
  set(fd, IPPROTO_TCP, TCP_KEEPCNT, PROBES);
#endif
}

void weir__tcp_set_notsent_lowat(int fd, unsigned bytes) {
#ifdef TCP_NOTSENT_LOWAT
  set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, bytes);
#endif
  (void)fd, (void)bytes;
}

void weir__tcp_tune(int fd, const weir__tcp_options *o) {
  set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  keep_alive(fd);
  if (o->notsent_lowat) weir__tcp_set_notsent_lowat(fd, o->notsent_lowat);
#ifdef TCP_USER_TIMEOUT
  if (o->user_timeout_ms) set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, o->user_timeout_ms);
#endif
}
