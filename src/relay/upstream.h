/* One request to one origin: a connection from the pool or a new one, the request out, the response
 * in. It does not know the client. It sits inside its exchange; the stream is its own until it is
 * released to the pool or discarded. */
#ifndef WEIR_RELAY_UPSTREAM_H
#define WEIR_RELAY_UPSTREAM_H

#include "http/h1_read.h"
#include "net/connect.h"
#include "net/handshake.h"
#include "relay/pool.h"
#include "relay/sender.h"
#include "relay/side.h"

typedef struct weir__upstream {
  const weir__side_events *events;
  void *owner;
  weir__stream *stream;
  weir__h1_reader *reader;
  uint32_t idle_ms; /* how long the connection may be kept */
  int broken;       /* writing failed so, or 0; what the origin still says may be read */
  bool reused;      /* the connection has served before */
  bool heard;       /* at least one byte came back on it */
  bool complete;    /* the response has ended */
  bool keep_alive;
  bool raw;         /* a tunnel: bytes both ways */
  bool resuming;    /* the handshake began with a session */
  bool timed;       /* somebody wants to know when a read began .. */
  uint64_t read_ns; /* .. on the clock of weir__clock_ns() */
  weir_relay *relay;
  weir_upstream *origin;
  weir__connect *connect;     /* while there is no connection yet .. */
  weir__handshake *handshake; /* .. and while it is not open to us */
  weir__sender sender;
} weir__upstream;

void weir__upstream_init(weir__upstream *u, weir_relay *relay, weir_upstream *origin,
                         const weir__side_events *events, void *owner);
/* Only when no function of it is on the stack. */
void weir__upstream_fini(weir__upstream *u);

/* Gets a connection, perhaps an idle one; `method` and `asked` as in weir__h1_expect(). Events come
 * from the loop only. What is sent meanwhile waits. Error codes as those of
 * weir__connect_start(). */
int weir__upstream_open(weir__upstream *u, const char *method, const char *asked);
/* After on_gone: the same on a new connection. What the old one did not take is kept and goes
 * first. */
int weir__upstream_reopen(weir__upstream *u);

/* The message. Results as those of the sender, but a stream that does not take bytes any more is no
 * error here: the origin may have answered before it closed, so on_gone comes from reading. */
int weir__upstream_send_head(weir__upstream *u, const weir_head *head, const weir__h1_extra *extra);
int weir__upstream_send_body(weir__upstream *u, weir__slice span);
int weir__upstream_send_end(weir__upstream *u, const weir_head *trailers);
int weir__upstream_flush(weir__upstream *u);
/* Tunnel: FIN behind everything sent. */
void weir__upstream_send_fin(weir__upstream *u);

void weir__upstream_pause(weir__upstream *u);
void weir__upstream_resume(weir__upstream *u);

/* The response has ended: the connection goes to the pool if it may serve again, else it closes. */
void weir__upstream_release(weir__upstream *u);
/* Ends it now. No event follows. Idempotent, allowed inside every event. A tunnel, which has no
 * framing to tell a cut by and may have sent its FIN already, is reset. */
void weir__upstream_abort(weir__upstream *u);

/* True if the request can be sent once more although its connection is gone: not a byte of it had
 * left, or `repeatable` and not a byte had come back on a connection that had served before. */
bool weir__upstream_may_retry(const weir__upstream *u, bool repeatable);

#endif
