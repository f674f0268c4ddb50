/* A client's connection to the relay: plain, or TLS 1.3 by OpenSSL. It knows no HTTP. The memory of
 * a client is its scenario's; what OpenSSL holds for it goes when it is closed. */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include "loop.h"
#include "options.h"

struct client {
  struct watch watch;
  struct ssl_st *ssl;             /* NULL: plain, or closed */
  struct ssl_session_st *session; /* the last ticket, which the next connection resumes; or NULL */
  size_t waiting;                 /* so much of `request` is sent behind the handshake */
  char request[128];
};

/* What client_read() has read. Its next call, and every loop_read(), overwrite it. */
extern const char *client_bytes;
/* When that came: before it was decrypted, for which no relay can be blamed. */
extern uint64_t client_arrival;
/* Handshakes that were whole, and those of them that resumed a session. */
extern uint64_t client_handshakes, client_resumed;

/* Before the first connection. */
void client_init(const struct options *options);
/* Arrivals are from now on the moments at which the kernel had the bytes: what this process was
 * busy with then does not matter. */
void client_stamp(void);

void client_connect(struct client *client, int port, unsigned events,
                    void (*on_ready)(struct watch *, unsigned));
/* At most 128 bytes while the handshake is going on. */
void client_send(struct client *client, const char *bytes, size_t len);
/* As loop_read(), into client_bytes. Does the handshake too, which ends the program if it fails. */
ssize_t client_read(struct client *client);
void client_close(struct client *client);
void client_reset(struct client *client);

#endif
