/* Sockets, bytes that wait to be written, and the pulse of a process. It knows no HTTP and no
 * plan. Whoever opens a descriptor closes it. */
#ifndef SOAK_SOCK_H
#define SOAK_SOCK_H

#include <poll.h>

#include "soak.h"

/* Addresses of the loopback net, so that no origin's port is ever taken by somebody's outgoing
 * connection, and no client runs out of ports. */
#define ORIGIN_ADDRESS(i) (0x7f00000au + (unsigned)(i))
#define SWARM_ADDRESS(i) (0x7f000101u + (unsigned)(i))
#define RELAY_ADDRESS 0x7f000001u

/* A listening socket, or -1 with errno. `*port` 0 takes a free one and is told which. */
int tcp_listen(uint32_t address, uint16_t *port);
/* Begins to connect; -1 if that failed at once. `room` bounds the receive buffer, 0 for the
 * system's. */
int tcp_connect(uint32_t from, uint32_t to, uint16_t port, int room);
/* 0 if a connection that poll() calls writable is one, else errno. */
int tcp_error(int fd);
/* Closes by RST. */
void tcp_reset(int fd);

/* Room for a head and the largest piece. */
enum { OUTGO_MAX = 72 * 1024 };

struct outgo {
  char *bytes; /* OUTGO_MAX, malloc()ed at the first use, free()d with the connection */
  size_t at, len;
};

/* All must fit. */
void outgo_put(struct outgo *out, const char *bytes, size_t len);
void outgo_print(struct outgo *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Where `len` bytes that are written at once count as put. */
char *outgo_room(struct outgo *out, size_t len);
/* 0 when nothing waits, 1 when something does, or the negative errno of a socket that takes no
 * more. */
int outgo_flush(struct outgo *out, int fd);
void outgo_free(struct outgo *out);

/* poll(), with a note in `pulse` of how much later than asked it came back. */
int poll_with_pulse(struct pollfd *fds, size_t count, int ms, struct pulse *pulse);

#endif
