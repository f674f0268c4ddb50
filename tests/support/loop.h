/* A libuv loop with a watchdog: a test turns it until what it waits for has happened, and never
 * sleeps. Everything of a test, the relay and its peers, lives on one such loop in one thread. */
#ifndef WEIR_TEST_LOOP_H
#define WEIR_TEST_LOOP_H

#include <stdbool.h>
#include <uv.h>

enum { LOOP_PATIENCE_MS = 20000 };

typedef struct loop {
  uv_loop_t uv;
  uv_timer_t watchdog;
  bool late;      /* the watchdog has lost its patience, for good */
  unsigned turns; /* so far: things that happened in the same turn have the same number */
  int ping; /* a socket that talks to itself: what was sent before a byte is there before it */
  int descriptors;
  char scratch[65536]; /* what is read passes through here */
} loop;

void loop_open(loop *l);
/* Everything on it has been asked to close: turns until it has, and checks that nothing is left,
 * no handle and no descriptor. */
void loop_close(loop *l);

/* The watchdog begins anew. */
void loop_wind(loop *l);
/* One turn, which waits for something to happen; false when that took too long. */
bool loop_turn(loop *l);
/* Lets everything happen that can by itself. For what must not happen. */
void loop_settle(loop *l);

#endif
