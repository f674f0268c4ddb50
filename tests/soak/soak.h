/* The table that all processes of the soak share: clients, origins and the judge each write their
 * own part of a record, so what one has seen survives its being killed. It never knows what a
 * stream does (plan.h) or what may come of it (judge.h). The judge's process makes it, the others
 * inherit it. */
#ifndef SOAK_H
#define SOAK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  ORIGINS = 4,
  SWARMS = 5,         /* processes full of clients .. */
  STREAMS_EACH = 100, /* .. so many in each, at any time */
  RECORDS_EACH = 500, /* the running ones, and those that wait for their judgement */
  RECORDS = SWARMS * RECORDS_EACH,
  RELAYS = 2, /* one that stays, one that is drained and replaced */
  ATTEMPTS = 3,
  PROCESSES = ORIGINS + SWARMS,
  FAILURES = 32, /* kept; more are only counted */
};

enum record_state { RECORD_FREE, RECORD_RUNNING, RECORD_DONE };

/* How a stream ended, as its client saw it. */
#define CLIENT_ENDS(X) \
  X(NONE, "runs") \
  X(CLEAN, "came to a clean end") \
  X(STATUS, "got an error answer") \
  X(CUT, "was cut") \
  X(NOTHING, "got not one byte") \
  X(REFUSED, "was refused") \
  X(LEFT, "left") \
  X(KILLED, "was killed") \
  X(BAD, "was altered") \
  X(HANGS, "hangs")

enum client_end {
#define CLIENT_END(name, text) CLIENT_##name,
  CLIENT_ENDS(CLIENT_END)
#undef CLIENT_END
};

/* How an attempt at it ended, as its origin saw it. One that was about to end (its last bytes on
 * their way into the socket) when it was killed is ORIGIN_MAYBE: no one can know. */
#define ORIGIN_ENDS(X) \
  X(NONE, "began") \
  X(RUNNING, "runs") \
  X(FINISHING, "is about to end") \
  X(COMPLETE, "gave all") \
  X(FIN, "cut it by FIN") \
  X(RST, "cut it by RST") \
  X(BROKE, "broke the framing") \
  X(LOST, "lost its client") \
  X(KILLED, "was killed") \
  X(MAYBE, "was killed at the end")

enum origin_end {
#define ORIGIN_END(name, text) ORIGIN_##name,
  ORIGIN_ENDS(ORIGIN_END)
#undef ORIGIN_END
};

struct attempt {
  _Atomic uint32_t end;      /* enum origin_end */
  _Atomic uint64_t ended_ms; /* written before `end` */
  _Atomic uint64_t quiet_ms; /* since when it is silent for good, as planned; or 0 */
  _Atomic uint64_t sent;     /* body bytes that have entered the socket for sure .. */
  _Atomic uint64_t intent;   /* .. and those that may have */
  _Atomic uint64_t got;      /* body bytes of the request, all verified */
  _Atomic uint32_t got_all;  /* the request ended by its framing */
};

struct record {
  _Atomic uint32_t state; /* enum record_state */
  /* serial * 8 + attempts. An origin adds one by compare-and-swap, the judge closes it the same
   * way, so that no origin ever writes into the next stream's record. */
  _Atomic uint64_t gate;
  uint64_t serial;
  uint32_t kind, relay;
  uint32_t reused;       /* not the first request of its connection */
  uint64_t connected_ms; /* the connection began .. */
  uint64_t begun_ms;     /* .. this request did .. */
  uint64_t refused_ms;   /* .. and a first connection was refused; or 0 */
  uint64_t quiet_ms;     /* since when the client does nothing, as planned; or 0 */
  uint64_t ended_ms;
  uint32_t end; /* enum client_end */
  uint32_t status;
  uint64_t received;
  uint32_t unmarked;         /* its end was marked by nothing but a FIN */
  _Atomic uint32_t sent_all; /* the last byte of the request is on its way */
  struct attempt attempts[ATTEMPTS];
};

/* How late a process is, so that limits know how slow the machine is right now. */
struct pulse {
  _Atomic uint64_t beat_ms;
  _Atomic uint32_t lag_ms, lag_before_ms; /* the worst of this and of the last period */
  _Atomic uint32_t stops;                 /* how often the judge has stopped it */
};

struct failure {
  _Atomic uint32_t ready;
  uint32_t check;
  uint64_t ms, serial, offset;
  char text[200];
};

enum orders { GO, HOLD, LEAVE }; /* begin no stream; end those that run */

struct shared {
  uint64_t seed, begun_ms;
  uint32_t slow; /* times everything is slower than usual, for sanitizers */
  uint32_t head_ms, gap_ms, stall_ms, request_head_ms, request_body_ms; /* the relay's timers */
  uint16_t origin_port[ORIGINS], relay_port[RELAYS];
  _Atomic uint32_t orders;
  _Atomic uint64_t next[SWARMS];            /* serials handed out */
  _Atomic uint64_t closed_idle_ms[ORIGINS]; /* when it last closed one unannounced */
  _Atomic uint64_t bytes;                   /* verified, both directions */
  struct pulse pulse[PROCESSES];            /* origins, then swarms */
  _Atomic uint32_t failures;
  struct failure failure[FAILURES];
  struct record records[RECORDS];
};

extern struct shared *shared;

#define GATE(serial, attempts) (8 * (uint64_t)(serial) + (attempts))
#define GATE_SERIAL(gate) ((gate) / 8)
#define GATE_ATTEMPTS(gate) ((unsigned)((gate) % 8))

/* CLOCK_MONOTONIC, the same for all processes. */
uint64_t now_ms(void);

/* Says that a promise was broken; any process, at once. */
void broken(unsigned check, uint64_t serial, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
