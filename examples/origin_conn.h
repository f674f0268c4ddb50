/* One client connection: reads requests one after the other, and offers the paths what they need
 * to answer one: head, body, end, pace.
 * It never knows which paths there are; it asks origin_paths.h about the request at hand.
 * A connection owns its two handles, its buffers and what a path attached to it, and gives all of
 * them back in its close callbacks; so every call here may come at any time and none frees it. */
#ifndef ORIGIN_CONN_H
#define ORIGIN_CONN_H

#include <llhttp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "origin_request.h"

#define container_of(p, type, member) ((type *)(void *)(((char *)(p)) - offsetof(type, member)))

#define HEAD_MAX (64 * 1024)    /* bytes of a request head; more is 431 */
#define HIGH_WATER (256 * 1024) /* bytes not sent; above it nothing is produced */

typedef struct conn conn;

/* An answer is written in CONN_ANSWERING; in CONN_READING already when it echoes the request. */
enum conn_state {
  CONN_READING,   /* waiting for a request, or in the middle of one */
  CONN_ANSWERING, /* the request is complete, the answer is on its way */
  CONN_TUNNEL,    /* after a 101: bytes go back as they come */
  CONN_LINGER,    /* all said, FIN sent: what still comes is dropped */
  CONN_CLOSED     /* the handles are closing */
};

enum framing { FRAME_LENGTH, FRAME_CHUNKED, FRAME_UNTIL_CLOSE };

struct head {
  int status;
  enum framing framing; /* chunked becomes until-close for an HTTP/1.0 client */
  uint64_t length;      /* for FRAME_LENGTH */
  const char *type;     /* Content-Type */
  const char *fields;   /* further lines, each ending in CRLF, or NULL */
};

/* A body in pieces: `count` of them, `interval_ms` apart, the first one at once. With 0 between
 * them, each leaves when the socket has taken the one before. */
struct pace {
  uint64_t count, interval_ms;
  uint64_t size;                           /* of a piece, for the path to heed */
  void (*piece)(conn *c, uint64_t number); /* sends one piece; numbers begin at 0 */
  void (*last)(conn *c);                   /* ends the answer; NULL: send_end() */
};

struct conn {
  union {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  } io;
  uv_timer_t timer; /* the next piece; later, the end of lingering */
  uv_shutdown_t shutdown;
  llhttp_t parser;
  struct request request; /* lives until its answer is out */
  struct text ahead;      /* what came after it: pipelined requests */
  struct pace pace;       /* piece is NULL when nothing is paced */
  uint64_t pieces;        /* sent so far */
  uint64_t started_ms;
  void *own;          /* what the path attached to this answer */
  unsigned unwritten; /* writes that libuv has not completed */
  unsigned writes;
  unsigned handles; /* not yet closed */
  enum conn_state state;
  enum framing framing; /* of the answer */
  int refusal;          /* the status that a callback of the parser decided on, or 0 */
  bool reading, client_done;
  bool keep_alive, head_done, begun, bodiless, ended;
};

/* Accepts from a TCP or pipe listener, and serves until either side ends. */
void conn_accept(uv_stream_t *listener);

/* Closes at once, whatever the state; what was not sent is lost. */
void conn_close(conn *c);

/* As conn_close(), with a reset where the transport has one. */
void conn_reset(conn *c);

/* Sends FIN after what is queued, and leaves the client a moment to read it. An answer that
 * send_end() did not end is cut short this way. */
void conn_finish(conn *c);

/* From here on every byte the client sends goes back to it unchanged. */
void conn_tunnel(conn *c);

/* Zeroed memory that is freed after the answer; NULL (and the connection closed) without memory. */
void *conn_attach(conn *c, size_t size);

/* The answer: one head, any number of bodies, one end. Bodies are dropped where the client must not
 * get one (HEAD, 204, 304). Bytes are copied if the socket does not take them at once. */
void send_head(conn *c, const struct head *head);
void send_body(conn *c, const char *p, size_t length);
void send_end(conn *c);

/* As send_end(), with trailer lines, each ending in CRLF; dropped unless the body is chunked. */
void send_end_with_trailers(conn *c, const char *trailers);

/* A whole answer in one write. */
void send_whole(conn *c, const struct head *head, const char *p, size_t length);

/* A whole text/plain answer of one short line. */
void send_line(conn *c, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Bytes outside any answer: an interim response, a 101. */
void send_raw(conn *c, const char *p, size_t length);

/* Sends the body in pieces from now on; the head has been sent. */
void send_paced(conn *c, const struct pace *pace);

/* ---- between origin_conn.c and origin_send.c ---- */

/* After a write or a pause: the next piece, or the next request. */
void conn_go_on(conn *c);
void conn_on_timer(uv_timer_t *timer);

/* Sends the next piece of the pace, and all that may follow it without a pause. */
void send_due_pieces(conn *c);

#endif
