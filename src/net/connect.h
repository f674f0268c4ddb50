/* From an endpoint to an open stream: name, then TCP (or a unix socket), under one deadline. It
 * does not know what the connection is for. The attempt belongs to its caller until it reports or
 * was cancelled; the stream it reports is the caller's. */
#ifndef WEIR_NET_CONNECT_H
#define WEIR_NET_CONNECT_H

#include "net/stream_uv.h"
#include "net/timer.h"

/* Where to: a host (name, IPv4, IPv6 without brackets) and a port, or the path of a unix socket. */
typedef struct weir__endpoint {
  const char *host;
  uint16_t port;
  const char *path; /* NULL for TCP */
} weir__endpoint;

/* 0 and a connected, tuned stream (not reading, events not set), or NULL and the error: UV_E...,
 * WEIR_ETIMEOUT, WEIR_ENOADDRESS, WEIR_ENOMEM. With several addresses it is the last one's
 * error. */
typedef void (*weir__connect_fn)(void *owner, int status, weir__stream *stream);

typedef struct weir__connect weir__connect;

/* Addresses are tried in the order of weir__dns; the next one starts when one fails, or 250 ms
 * after it was started without an answer while it goes on (RFC 8305, 5); the first that connects
 * wins, the others are closed. The strings of `to` must outlive the attempt. Never calls back
 * before it returns: WEIR_ENOMEM or libuv's code at once if nothing could be started. */
int weir__connect_start(weir__connect **attempt, weir__io *io, weir__clock *clock,
                        const weir__endpoint *to, uint32_t timeout_ms, weir__connect_fn fn,
                        void *owner);

/* Ends it; no callback will come, sockets are closed, memory goes back in their close callbacks. */
void weir__connect_cancel(weir__connect *attempt);

#endif
