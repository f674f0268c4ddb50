/* From a connected stream and a new engine to an open TLS stream. It knows neither sockets nor what
 * the connection is for. It owns both until it reports, and then what it reports is the caller's.
 *
 * Each step that exchanges, signs or verifies something is a job in libuv's thread pool, for that
 * takes Mbed TLS milliseconds: the loop goes on meanwhile. At most WEIR__HANDSHAKE_JOBS of a loop are
 * in the pool at once, so that a name look-up waits behind few; the others wait in line. A light
 * step costs less than the way to the pool and back, and is done on the loop. */
#ifndef WEIR_NET_HANDSHAKE_H
#define WEIR_NET_HANDSHAKE_H

#include "net/stream_tls.h"

enum { WEIR__HANDSHAKE_JOBS = 2 }; /* the pool has four threads, unless the host says otherwise */

/* 0 and a TLS stream (not reading, events not set), or NULL and why: WEIR_ETLS_..., WEIR_ENOMEM,
 * what the stream below said; WEIR_ETLS_TRUNCATED if the peer has just left. The stream below is
 * then closed, behind the alert that tells the peer. */
typedef void (*weir__handshake_fn)(void *owner, int status, weir__stream *stream);

typedef struct weir__handshake weir__handshake;

/* What is wanted of it. */
typedef struct weir__handshake_wish {
  weir__slice early; /* cipher bytes that were read already (copied) */
  weir__handshake_fn fn;
  void (*gone)(void *owner); /* after a failure, or a cancel: the stream below is; may be NULL */
  void *owner;
} weir__handshake_wish;

/* Begins over `below`, which is not reading. It has no deadline of its own. Never calls back before
 * it returns. On error (WEIR_ENOMEM, what read_start says) both are still the caller's. */
int weir__handshake_start(weir__handshake **handshake, weir__io *io, weir__clock *clock,
                          weir__stream *below, weir__tls *engine, const weir__handshake_wish *wish);

/* Ends it: fn will not come, the stream below is closed, memory goes back when its last job is
 * done. */
void weir__handshake_cancel(weir__handshake *handshake);

/* The engine, for weir__tls_alert() inside the callback. */
const weir__tls *weir__handshake_engine(const weir__handshake *handshake);

#endif
