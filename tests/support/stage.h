/* Where scenarios are played: a relay, its clients and an origin, and a way to go on until nothing
 * moves any more. Nothing here sleeps to wait for what the relay does: then its clock is moved, and
 * `steps` tells how often. */
#ifndef WEIR_TEST_STAGE_H
#define WEIR_TEST_STAGE_H

#include "support/lent.h"

#define OK_TWO "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

typedef struct world world;

typedef struct scenario {
  const char *name;
  void (*arrange)(fixture *f);
  void (*act)(fixture *f);
  enum weir_end end; /* of an exchange that nothing has happened to */
  int status;        /* of a probe behind it; 0: nobody is served any more */
} scenario;

enum { LISTENS_MAX = 8 };

struct world {
  fixture f;
  const scenario *play;
  const char *answer; /* what origins say to each request; NULL: nothing */
  peer *client;       /* whose messages are looked at */
  lent lent;
  char url[64];
  bool done;             /* drained, or the second relay closed */
  bool by_name;          /* look-ups run in a thread, in a time of their own */
  size_t (*moved)(void); /* says another number when something moved that only the test sees */
  unsigned steps;        /* so often the clock had to be moved for anything to happen */
  bool stuck;            /* even that did not help */
  uv_timer_t wake;       /* ends a little wait for the system */
  int rcs[LISTENS_MAX];  /* what functions of the relay returned that make something */
  size_t rc_count;
  size_t doors, open_doors; /* listeners that were made, and those at which a client was served */
};

/* Sets the stage: up to a relay that listens. */
void scenario_open(world *w, const scenario *play);
/* Plays it, until nothing moves. */
void scenario_act(world *w);
/* Asks once more, as a new client, and checks that it is served as if nothing had been. */
void scenario_probe(world *w);
/* Closes everything and checks that nothing is left. */
void scenario_close(world *w);

/* ---- for those who play ---- */

static inline world *world_of(const fixture *f) { return f->test; }

/* Goes on until something has moved; false if nothing ever will. */
bool turn(fixture *f);
/* All that can happen without waiting has happened. */
void calm(fixture *f);

/* Goes on until `cond` holds or the client `p` can expect no more: one of them comes in every case,
 * whatever has failed. */
#define UNTIL(f, p, cond) \
  while (!(cond) && !served(p) && !is_over(p) && !(p)->send_error && turn(f)) {}

void say_everywhere(fixture *f, const char *text); /* on every connection of the origin */

/* True if a whole final response has come that nobody has taken. */
bool served(const peer *p);
/* True if its body has that text, in however many pieces. */
bool heard(const peer *p, const char *text);

#endif
