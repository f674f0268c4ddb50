/* One end of a connection, scripted in plain C over libuv: it connects, sends, stops reading,
 * closes and resets only when told, and keeps what it received. A client is one, and so is each
 * connection of an origin. Peers belong to the list they are made in; their memory goes with
 * peers_free().
 *
 * One that speaks TLS shakes hands by itself, and then does what one of plain TCP does: the verbs
 * mean plain bytes, and each peer_send() is a record. */
#ifndef WEIR_TEST_PEER_H
#define WEIR_TEST_PEER_H

#include "base/list.h"
#include "support/loop.h"
#include "support/message.h"
#include "support/peer_tls.h"

typedef union peer_handle {
  uv_handle_t any;
  uv_stream_t stream;
  uv_tcp_t tcp;
  uv_pipe_t pipe;
} peer_handle;

typedef struct peer {
  weir__list node;
  loop *loop;
  peer_handle handle;
  uv_connect_t connect;
  char name[32]; /* for messages to whoever reads a failure */

  char *got; /* all that was received; NUL-terminated */
  size_t got_len, got_cap;
  size_t at;      /* so much of it has been taken */
  unsigned reads; /* it came in so many; over TLS in so many records */
  message *taken;

  peer_tls *tls; /* NULL: plain TCP */
  bool stopped;  /* peer_stop() */

  bool connected;   /* over TLS: and hands are shaken */
  bool fin;         /* the other end has sent FIN .. */
  bool closed_well; /* .. over TLS behind close_notify: nobody cut the wire .. */
  int error;        /* .. or reading failed so: UV_ECONNRESET, UV_EPROTO for what is no TLS .. */
  unsigned over;    /* .. in this turn */
  int send_error;   /* writing failed so */
  bool closed;      /* by ourselves */
  bool gone;        /* .. and libuv is done with the handle */
  bool fin_held;    /* peer_fin() came before hands were shaken */

  size_t unsent;          /* bytes that the system has not taken yet */
  size_t poured, to_pour; /* peer_pour() */
  bool pouring;
} peer;

/* ---- making ---- */

peer *peer_new(loop *l, weir__list *list, uv_handle_type type, const char *name, size_t number);
/* It speaks TLS; before connecting, or accepting. */
void peer_secure(peer *p, peer_tls *tls);
/* A small window, as that of somebody slow; before connecting. */
void peer_set_narrow(peer *p);
/* Connects to 127.0.0.1, or to a path, and reads. What is sent meanwhile follows. */
void peer_connect(peer *p, int port);
void peer_connect_path(peer *p, const char *path);
/* For who accepted it: each piece leaves at once. */
void peer_hurry(peer *p);
/* Likewise: over TLS hands are shaken, also by one that then reads nothing. */
void peer_greet(peer *p);
void peers_close(weir__list *list);
void peers_free(weir__list *list);

/* ---- what it does when told ---- */

void peer_send(peer *p, const char *bytes, size_t len);
void peer_say(peer *p, const char *text);
/* Sends that many bytes of a pattern (byte n is n % 251, over all calls), as fast as they are
 * taken. */
void peer_pour(peer *p, size_t bytes);
void peer_stop(peer *p); /* reads no more .. */
void peer_go(peer *p);   /* .. and on again */
/* Reads what the system has for it, without a turn of the loop. */
void peer_read_now(peer *p);

/* How it ends. Over TLS a peer that means it says so: peer_fin() and peer_close() send close_notify
 * first, as curl, browsers and HTTP servers do. One that dies, or whose wire is cut, does not. */
void peer_fin(peer *p);      /* FIN behind everything sent; it reads on */
void peer_fin_bare(peer *p); /* the same without close_notify; over TCP as peer_fin() */
/* What has not left yet never does, and then close_notify does not either: it would be a lie. */
void peer_close(peer *p);
void peer_die(peer *p);   /* the process does, and the system sends FIN; over TCP as peer_close() */
void peer_reset(peer *p); /* RST */

/* ---- what it has received ---- */

/* True if `text` is in what it received and nobody has taken yet. */
bool got(const peer *p, const char *text);
/* True if what it received and nobody has taken yet begins with a whole message. */
bool got_message(const peer *p);
/* Takes the first message, as far as it is there; never NULL. It is the peer's. */
const message *take(peer *p);
const message *take_bodiless(peer *p); /* one that answers HEAD */
/* Takes everything. */
void forget(peer *p);
/* Bytes not taken yet. */
size_t untaken(const peer *p);
/* The other end has ended the connection, in one way or another. */
bool is_over(const peer *p);
/* It has ended it as one does who has nothing more to say: FIN, over TLS behind close_notify. */
bool ended_well(const peer *p);

/* True if these bytes are those of peer_pour(). */
bool is_poured(const char *bytes, size_t len);
/* True if what has not been taken yet is that, and so long. */
bool got_poured(const peer *p, size_t len);

/* Says on stdout how it stands. */
void peer_print(const peer *p);

#endif
