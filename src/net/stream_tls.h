/* TLS as a weir__stream over any other, once the handshake is over (net/handshake). It knows
 * neither sockets nor HTTP. It owns the stream below and the engine, which go with it.
 *
 * One writev() is one record and one writev() below. on_data brings all plain bytes that one read
 * below held; tickets, alerts and keys bring none. shutdown() sends close_notify and FIN; close()
 * and reset() send neither, so that a peer sees a cut body as cut. on_end brings 0 for
 * close_notify, WEIR_ETLS_TRUNCATED for a bare FIN. What is pending and unacked is counted in
 * cipher bytes. */
#ifndef WEIR_NET_STREAM_TLS_H
#define WEIR_NET_STREAM_TLS_H

#include "base/list.h"
#include "net/io.h"
#include "net/stream.h"
#include "net/timer.h"
#include "net/tls.h"

/* What all TLS streams of a loop share: rooms that nothing keeps a pointer into. Belongs to the io,
 * whose owner frees it. A write of all that a read brought is one write below: it fits. */
typedef struct weir__tls_loop {
  unsigned jobs;    /* handshake steps in the thread pool .. */
  weir__list queue; /* .. and those that wait for it, the first one first */
  weir__tls_spare spare;
  char plain[WEIR__SCRATCH + WEIR__TLS_CIPHER];
  char cipher[WEIR__SCRATCH + 2 * WEIR__TLS_CIPHER];
} weir__tls_loop;

/* Makes io->tls if there is none. WEIR_ENOMEM. */
int weir__tls_loop_need(weir__io *io);

/* A stream over `below`, which is not reading, with an engine that is open. `early` are cipher
 * bytes that came behind the handshake (copied): the first that reading brings. On error
 * (WEIR_ENOMEM) both are still the caller's. */
int weir__stream_tls_new(weir__stream **stream, weir__io *io, weir__clock *clock,
                         weir__stream *below, weir__tls *engine, weir__slice early);

/* The engine of a stream made here, for those who want to know or fetch a session. */
weir__tls *weir__stream_tls_engine(weir__stream *stream);

size_t weir__stream_tls_size(void);

#endif
