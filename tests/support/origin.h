/* A scripted origin: it listens and accepts, and does nothing else by itself. */
#ifndef WEIR_TEST_ORIGIN_H
#define WEIR_TEST_ORIGIN_H

#include "support/peer.h"

typedef struct origin_server {
  loop *loop;
  peer_handle handle; /* that listens */
  int port;           /* of 127.0.0.1; 0 for a path */
  weir__list peers;   /* every connection so far, in order */
  size_t count;
  bool narrow; /* new connections have a small window */
  bool deaf;   /* new connections are not read */
  bool secure; /* they speak TLS .. */
  int version; /* .. of this version only; 0: of any (TLS1_2_VERSION) */
  bool closed;
  int keeper; /* a socket that keeps the port of one that was stopped; 0: none */
} origin_server;

/* At a path, or with NULL at a free port of 127.0.0.1. */
void origin_open(origin_server *o, loop *l, const char *path);
/* The connection number `n`, counted from 0; NULL if it has not come yet. */
peer *origin_peer(const origin_server *o, size_t n);
/* Refuses connections from now on; those it has stay. The port stays its own: another process would
 * get what is sent there. */
void origin_stop(origin_server *o);
/* Listens again, on the same port. */
void origin_again(origin_server *o);
/* Ends all. Then, when the loop is dry: origin_free(). */
void origin_close(origin_server *o);
void origin_free(origin_server *o);

/* A port where connections neither come about nor fail: somebody listens whose queue is full. */
typedef struct black_hole {
  int listener, port;
  int fillers[4];
} black_hole;
void black_hole_open(black_hole *b);
void black_hole_close(black_hole *b);

#endif
