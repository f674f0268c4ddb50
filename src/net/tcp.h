/* The options of a TCP socket. It knows no stream and no loop. It owns nothing: the descriptor is
 * the caller's. */
#ifndef WEIR_NET_TCP_H
#define WEIR_NET_TCP_H

#include <stdbool.h>

typedef struct weir__tcp_options {
  unsigned notsent_lowat;   /* TCP_NOTSENT_LOWAT, bytes; 0: left as it is */
  unsigned user_timeout_ms; /* TCP_USER_TIMEOUT; 0: likewise */
} weir__tcp_options;

/* No-delay, keepalive, and where the system has them the above. What a socket refuses is left: none
 * of them is needed to be right. */
void weir__tcp_tune(int fd, const weir__tcp_options *options);

/* Changes that one; 0 leaves it to the system. */
void weir__tcp_set_notsent_lowat(int fd, unsigned bytes);

/* True if a connection inherits all of them from the socket that listens, so that accepting one
 * costs no system call for them. */
static inline bool weir__tcp_inherits(void) {
#ifdef __linux__
  return true;
#else
  return false;
#endif
}

#endif
