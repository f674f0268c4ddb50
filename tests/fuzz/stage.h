/* A relay between a client and origins that are made of memory: no socket, no clock but a scripted
 * one, no event that the input did not ask for. It knows nothing of what should come of it: judge.h
 * does. The stage owns all of it from stage_open() to stage_close().
 *
 * weir__connect_start(), weir__connect_cancel(), uv_now() and time() are replaced when the program
 * is linked (-Wl,--wrap): connections to origins open when the input says so. */
#ifndef WEIR_FUZZ_STAGE_H
#define WEIR_FUZZ_STAGE_H

#include "fuzz/fuzz.h"
#include "support/alloc.h"
#include "support/mem_stream.h"
#include "weir.h"

enum {
  STAGE_ORIGINS = 8,
  STAGE_INPUT = 4096,                 /* bytes of the longest script .. */
  STAGE_EXCHANGES = STAGE_INPUT / 16, /* .. of the shortest requests: G / HTTP/1.0 */
};

/* A connection of the relay, and what its peer has sent that was not read yet. */
typedef struct wire {
  mem_stream stream;
  weir__stream_verbs verbs;
  int (*kept_writev)(weir__stream *base, const weir__slice *slices, size_t count);
  fuzz_record sent; /* by the peer */
  size_t read;      /* of that, by the relay */
  bool fin, rst;    /* behind it */
  bool told;        /* the relay was told of that */
  bool half_closed; /* FIN means no more than that */
  struct stage *stage;
} wire;

/* What on_end was told of an exchange. */
typedef struct stage_end {
  bool asked; /* on_request was called */
  unsigned times;
  enum weir_end end;
  weir_stats stats;
} stage_end;

/* What a hook does when its turn comes. */
enum stage_act {
  ACT_NOTHING,
  ACT_REFUSE,
  ACT_FAIL,
  ACT_ABORT,
  ACT_ANSWER,
  ACT_DRAIN,
  ACT_CLOSE,
  ACT_EDIT, /* of the head at hand */
};

typedef struct stage_settings {
  weir_options options;
  bool allow_connect, extend;
  enum stage_act act;
  unsigned act_at;       /* the hook call, counted from 1, in which it does that; 0: none */
  bool count_bodies;     /* on_body counts as a hook call: how often it comes depends on the cuts */
  const fuzz_cuts *cuts; /* NULL: all that was sent is read at once */
  size_t unacked;        /* what the client's kernel never confirms */
  const char *host;      /* that requests get, or NULL */
  size_t client_window, origin_window; /* bytes the sockets take at first; SIZE_MAX: all, always */
  bool forget;                         /* what is written: much of it, and nobody will judge it */
  /* Of event streams, or NULL; its user is the stage. */
  int (*on_event)(weir_exchange *ex, const weir_sse_event *event, void *user);
  unsigned fail_at; /* the allocation that fails, counted once the relay stands; 0: none */
} stage_settings;

typedef struct stage {
  stage_settings set;
  weir_hooks hooks;
  fuzz_cuts cuts;
  counting_alloc alloc;
  size_t idle_bytes, most_waiting; /* held without a client; written, but not taken by any socket */
  size_t bytes_max;                /* what one exchange may hold at most */
  weir_relay *relay;
  weir_upstream *upstream;
  wire client, origins[STAGE_ORIGINS];
  size_t origin_count;
  struct stage_attempt *attempt;       /* a connection that is being opened, or NULL */
  stage_end ends[STAGE_EXCHANGES + 1]; /* by the exchange's number */
  unsigned hook_calls;
  bool head_read; /* of a request, at least once */
  bool closed;
} stage;

/* A relay with one route, and a client that has just connected. */
void stage_open(stage *s, const stage_settings *set);
/* Closes the relay and checks that nothing is left of it. */
void stage_close(stage *s);
/* Gives back what the records held. */
void stage_free(stage *s);

/* What the peers do. All of it is read, up to 64 KiB at a time as from a socket, as far as the
 * relay reads, before these return. What is said by origins is said by the one connected last; if
 * none is connected, nobody says it. */
void stage_client_says(stage *s, weir__slice bytes);
void stage_origin_says(stage *s, weir__slice bytes);
void stage_client_ends(stage *s, bool rst);
void stage_origin_ends(stage *s, bool rst);
/* The connection that is being opened, if any, opens (0) or fails. */
void stage_connect(stage *s, int status);
/* The socket takes that much more. */
void stage_client_takes(stage *s, size_t n);
void stage_origin_takes(stage *s, size_t n);
/* The next thing written fails, or what waits does. */
void stage_client_breaks(stage *s);
void stage_origin_breaks(stage *s);
void stage_pass(stage *s, uint32_t ms);
void stage_drain(stage *s);

/* The origins all end, then the client, who takes everything; then nobody must be left. */
void stage_finish(stage *s);

/* True if the peer sees the connection end without a reset. */
bool wire_ended_well(const wire *w);

#endif
