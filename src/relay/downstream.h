/* One client connection: requests in, one after the other, responses out, and how it closes. It
 * does not know the origin. It belongs to itself: its memory goes back in the close callback of its
 * stream, or, for a stream that a host lent, when it has been given back. */
#ifndef WEIR_RELAY_DOWNSTREAM_H
#define WEIR_RELAY_DOWNSTREAM_H

#include "base/list.h"
#include "http/forward.h"
#include "http/h1_read.h"
#include "net/handshake.h"
#include "net/reaper.h"
#include "net/stream_uv.h"
#include "net/timer.h"
#include "relay/sender.h"
#include "relay/side.h"
#include "weir/relay.h"

/* States of a connection. */
#define WEIR__DOWN_STATES(X) \
  X(IDLE)      /* no byte of a request yet */ \
  X(SHAKING)   /* the TLS handshake in front of that */ \
  X(HEAD)      /* inside a request head */ \
  X(BUSY)      /* an exchange runs */ \
  X(CLOSING)   /* the last bytes are leaving */ \
  X(LINGERING) /* FIN was sent; what the client still sends is read and dropped, so that no RST \
                  overtakes the answer (RFC 9112, 9.6) */ \
  X(RETURNING) /* a lent stream is about to be given back */ \
  X(CLOSED)

enum weir__down_state {
#define WEIR__DOWN_ENUM(name) WEIR__DOWN_##name,
  WEIR__DOWN_STATES(WEIR__DOWN_ENUM)
#undef WEIR__DOWN_ENUM
};

/* What the host wants that lent the stream. */
typedef struct weir__loan {
  weir_return_fn returned;
  void *user;
  bool once;   /* give it back after one exchange */
  bool hooked; /* .. with these hooks */
  weir_hooks hooks;
  weir_upstream *upstream; /* NULL: by the routes */
} weir__loan;

/* As in the exchange, what a response on its way touches stands first. */
typedef struct weir__downstream {
  weir_relay *relay;
  weir__stream *stream;
  weir__sender sender;
  const weir__side_events *events; /* BUSY: of the exchange */
  void *owner;
  enum weir__down_state state;
  uint8_t minor;        /* of the running request */
  bool head_only;       /* its method is HEAD */
  bool raw;             /* a tunnel */
  bool keep;            /* the connection may serve another request */
  bool request_done;    /* the running request was read to its end */
  bool paused;          /* the exchange does not want more of the body */
  bool newborn;         /* the exchange began in the bytes that are being fed */
  bool reading_ahead;   /* a function that feeds the reader is on the stack */
  bool close_delimited; /* the end of the running response is the end of the connection */
  bool served;          /* the request is not the first one of the connection */
  bool last;            /* the client has said that it is the last one */
  bool cut;             /* CLOSING: the end must look like none */
  bool fin;             /* the client has sent FIN */
  bool unwritten;       /* a write failed: what had been taken did not all arrive */
  bool turned_away;     /* one too many: it does not count as a client */
  bool in_crowd;        /* it counts for its address */
  bool bulk;            /* the kernel may take as much of the response as it likes */
  bool lost;            /* bytes of the next request could not be kept */
  bool secure;          /* it speaks TLS, or is to */
  bool held;            /* its client is gone, its exchange goes on: what is sent to it is lost */
  bool gone;            /* .. and its stream is closed: `lent` is what a host has to be told of */

  weir__list node; /* in the relay */
  weir__remains remains;
  weir__stream_uv *uv;        /* what carries it; NULL for a stream of another kind */
  weir__handshake *handshake; /* SHAKING: has the stream until it is over */
  weir__loan *loan;           /* NULL: the stream is the relay's */
  uv_stream_t *lent;          /* `gone` */
  weir__h1_reader *reader;    /* while a request is being read */
  weir__buf ahead;            /* bytes behind the running request */
  size_t ahead_at;            /* of which so many were read */
  weir__deadline deadline;    /* what it means depends on the state */
  weir__peer peer;
  uint64_t moved; /* CLOSING: when the client last took a byte */
  size_t waiting; /* CLOSING: what waited then */
  unsigned looks; /* CLOSING: how often the client's kernel was asked what it has */
} weir__downstream;

/* Takes a connected stream. On failure (WEIR_ENOMEM, UV_ENOTCONN and the like for a client that has
 * left already) the stream is still the caller's. Reading has
 * not begun. */
int weir__downstream_new(weir__downstream **d, weir_relay *relay, weir__stream *stream,
                         weir__stream_uv *uv);
/* The stream is a host's. WEIR_ENOMEM. */
int weir__downstream_lend(weir__downstream *d, const weir__loan *loan);
/* Begins with bytes that were read already. May run hooks. */
void weir__downstream_begin(weir__downstream *d, weir__slice read);
/* The same behind a TLS handshake; no hook runs before it returns. */
void weir__downstream_begin_tls(weir__downstream *d, weir_tls *tls, weir__slice read);
/* Undoes all of that before weir__downstream_begin(), for a lent stream: it is the host's again. */
void weir__downstream_unborrow(weir__downstream *d);
/* Answers 503 to a connection that is one too many; over TLS it just closes. */
void weir__downstream_turn_away(weir__downstream *d);

/* The response. `upgrade` is the Upgrade field of a 101, else NULL. Results as those of the sender;
 * a flush that failed means that the client is gone. */
int weir__downstream_send_interim(weir__downstream *d, const weir_head *head);
int weir__downstream_send_head(weir__downstream *d, const weir_head *head, const char *upgrade);
int weir__downstream_send_body(weir__downstream *d, weir__slice span);
int weir__downstream_send_text(weir__downstream *d, weir__slice text);
int weir__downstream_send_end(weir__downstream *d, const weir_head *trailers);
int weir__downstream_flush(weir__downstream *d);
/* Tunnel: FIN behind everything sent. */
void weir__downstream_send_fin(weir__downstream *d);
size_t weir__downstream_pending(const weir__downstream *d);

void weir__downstream_pause(weir__downstream *d);
void weir__downstream_resume(weir__downstream *d);
/* From here on bytes are no HTTP: they go to on_body as they come, those read ahead first. */
void weir__downstream_go_raw(weir__downstream *d);

/* The exchange is over, its response whole: the next request, or a gentle close. */
void weir__downstream_next(weir__downstream *d);
/* It is over and was not whole: what was sent arrives, then the connection ends in a way that
 * cannot be taken for the end of the message. */
void weir__downstream_cut(weir__downstream *d);
/* The client is gone, or has to be. */
void weir__downstream_drop(weir__downstream *d);
/* The client is gone, but the exchange needs to know who it was: the connection is dropped, a lent
 * stream is closed, and neither the memory goes nor is the host told before weir__downstream_let_go().
 * What is sent meanwhile is lost, nothing waits, and no event of the exchange comes any more. */
void weir__downstream_hold(weir__downstream *d);
void weir__downstream_let_go(weir__downstream *d);
/* It takes nothing, and has to be gone. */
void weir__downstream_reset(weir__downstream *d);
/* Drain: an idle connection closes; a busy one does after its exchange. */
void weir__downstream_drain(weir__downstream *d);

#endif
