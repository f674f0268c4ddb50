/* The event loop and the sockets of the load: epoll, and nothing between. Whoever is watched owns
 * its memory, which must outlive the loop turn that closes it. */
#ifndef BENCH_LOOP_H
#define BENCH_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/types.h>

enum { READ_MAX = 256 * 1024 };

/* A descriptor and who is told of it. on_ready() may come once too often: a read then says EAGAIN.
 */
struct watch {
  void (*on_ready)(struct watch *watch, unsigned events);
  int fd; /* -1: closed */
};

/* Every read goes here; it is used up before the next. */
extern char loop_buffer[READ_MAX];

void loop_watch(struct watch *watch, int fd, unsigned events,
                void (*on_ready)(struct watch *, unsigned));

/* Tells whom it concerns what has happened since. Never waits: a load that sleeps has to be woken,
 * which would cost the relay time that no client costs it. */
void loop_turn(void);

/* How long turns have been empty: what is left of the load's core. */
uint64_t loop_idle_ns(void);

/* Accepts on 127.0.0.1:port from now on; each connection goes to on_accept(). */
void loop_listen(int port, void (*on_accept)(int fd));

/* Connects to 127.0.0.1:port and comes back connected: loopback needs no waiting. */
int loop_connect(int port);

/* All of it at once, or the program ends: such messages are far smaller than a socket's room. */
void loop_send(int fd, const char *bytes, size_t len);

/* Bytes read into loop_buffer; 0 when there are none; -1 when the peer has ended or reset. */
ssize_t loop_read(int fd);

void loop_close(struct watch *watch);
void loop_reset(struct watch *watch);

#endif
