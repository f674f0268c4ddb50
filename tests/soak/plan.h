/* What a stream does, all of it drawn from the seed and the stream's number: client and origin draw
 * the same plan apart from each other. And the bytes it carries, each known from its place. It
 * knows no socket; plans are values. */
#ifndef SOAK_PLAN_H
#define SOAK_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KINDS(X) \
  X(EVENTS, "events") /* chunked, small pieces, slowly */ \
  X(BULK, "bulk")     /* a length, large pieces, fast */ \
  X(TAIL, "tail")     /* ends where the connection does */ \
  X(UPLOAD, "upload") /* a request body, then a short answer */ \
  X(ECHO, "echo")     /* both bodies at once */ \
  X(SMALL, "small")   /* many on one connection */ \
  X(TUNNEL, "tunnel") /* 101, then bytes both ways */

enum kind {
#define KIND(name, text) KIND_##name,
  KINDS(KIND)
#undef KIND
      KIND_COUNT
};

enum framing { FRAMING_NONE, FRAMING_LENGTH, FRAMING_CHUNKED, FRAMING_CLOSE };

/* What goes wrong on the origin's side .. */
enum origin_act {
  ORIGIN_ACTS_NOT,
  ORIGIN_SENDS_FIN,
  ORIGIN_SENDS_RST,
  ORIGIN_BREAKS,    /* what follows is no chunk */
  ORIGIN_STALLS,    /* for act_ms, then it goes on */
  ORIGIN_IS_SILENT, /* for ever */
  ORIGIN_HALF_HEAD, /* and then silent for ever */
  ORIGIN_CLOSES,    /* right behind its answer, without a word of it */
};

/* .. and on the client's. */
enum client_act {
  CLIENT_ACTS_NOT,
  CLIENT_SENDS_FIN,
  CLIENT_SENDS_RST,
  CLIENT_PAUSES,    /* reads nothing for leave_ms, then goes on */
  CLIENT_IS_SLOW,   /* reads a little now and then */
  CLIENT_READS_NOT, /* from leave_at on */
  CLIENT_HALF_HEAD, /* and then silent for ever */
  CLIENT_HALF_BODY,
};

struct plan {
  uint64_t serial;
  enum kind kind;
  unsigned origin, relay;
  const char *method;
  bool minor_0, close; /* HTTP/1.0; asks for no keep-alive */
  bool bodiless;       /* HEAD, 204: the response has a head only */
  unsigned status;
  enum framing framing;          /* of the response, as the origin sends it */
  uint64_t down;                 /* bytes of the response .. */
  uint32_t piece_min, piece_max; /* .. in such pieces .. */
  uint32_t gap_ms;               /* .. so far apart; 0: as fast as it goes */
  bool end_apart;                /* the last chunk comes in a write of its own */
  bool says_close;               /* the origin closes behind it, and says so */
  bool early_hints, ask_first;   /* a 103; Expect: 100-continue */
  enum framing up_framing;
  uint64_t up;
  uint32_t up_piece_min, up_piece_max, up_gap_ms;
  uint32_t read_pause_ms; /* the origin does not read the request for a while */
  uint32_t head_delay_ms;
  enum origin_act origin_act;
  uint64_t act_at;     /* body bytes before that */
  bool act_inside;     /* a chunk that has begun; at 0: behind the head, not before it */
  bool act_in_request; /* act_at counts the bytes of the request instead */
  uint32_t act_ms;
  enum client_act client_act;
  uint64_t leave_at; /* bytes received and sent .. */
  uint32_t leave_ms; /* .. or the time since it began, whichever comes first */
  uint32_t sip;      /* bytes a slow client reads at a time */
  unsigned more;     /* requests that follow on the connection */
};

extern const char *const kind_names[KIND_COUNT];

/* `kind` KIND_COUNT: drawn like the rest. */
struct plan plan_of(uint64_t seed, uint64_t serial, enum kind kind);

/* Without a request body, so it may be repeated, and nothing unread turns a FIN into a RST. */
bool plan_only_asks(const struct plan *plan);

struct dice {
  uint64_t state;
};

struct dice dice_of(uint64_t seed, uint64_t what);
uint64_t roll(struct dice *dice, uint64_t sides);
/* From low to high, both included. */
uint64_t roll_between(struct dice *dice, uint64_t low, uint64_t high);

enum direction { DOWN, UP };

uint64_t body_key(uint64_t seed, uint64_t serial, enum direction direction);
void body_fill(uint64_t key, uint64_t offset, char *out, size_t len);
/* How many bytes are what they should be, from the first on. */
size_t body_match(uint64_t key, uint64_t offset, const char *bytes, size_t len);
/* A sum over bytes in order; begins with 0. */
uint64_t body_sum(uint64_t sum, const char *bytes, size_t len);

#endif
