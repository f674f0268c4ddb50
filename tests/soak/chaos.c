/* See chaos.h. */
#include "chaos.h"

#include <stdlib.h>

#include "plan.h"
#include "procs.h"
#include "relays.h"
#include "soak.h"

enum { EVENTS_MAX = 1000, EACH_MS = 500, STAYS = 0, CHANGES = 1 };

enum deed { KILL_ORIGIN, KILL_SWARM, STOP_ORIGIN, STOP_SWARM, RELOAD, REPLACE };

struct event {
  uint64_t at_ms, for_ms;
  enum deed deed;
  unsigned who;
};

static struct event events[EVENTS_MAX];
static unsigned count, done;

static enum deed draw_deed(struct dice *d) {
  static const struct {
    enum deed deed;
    unsigned share;
  } deeds[] = {{KILL_ORIGIN, 14}, {KILL_SWARM, 12}, {STOP_ORIGIN, 24},
               {STOP_SWARM, 24},  {RELOAD, 14},     {REPLACE, 12}};
  unsigned side = (unsigned)roll(d, 100), i = 0;
  while (side >= deeds[i].share) side -= deeds[i++].share;
  return deeds[i].deed;
}

static struct event draw(struct dice *d, uint64_t length_ms) {
  struct event e = {.at_ms = now_ms() + roll(d, length_ms), .deed = draw_deed(d)};
  switch (e.deed) {
  case KILL_ORIGIN:
  case KILL_SWARM: e.for_ms = roll(d, 400); break;
  case STOP_ORIGIN:
  case STOP_SWARM: e.for_ms = roll_between(d, 100, 1200); break;
  case RELOAD: break;
  case REPLACE: e.for_ms = roll_between(d, 300, 3000); break;
  }
  e.who = (unsigned)roll(d, 1000);
  return e;
}

static int by_time(const void *a, const void *b) {
  const struct event *x = a, *y = b;
  return x->at_ms < y->at_ms ? -1 : x->at_ms > y->at_ms;
}

/* In each act the one relay is replaced at least once, and both reload. */
static void insist(uint64_t length_ms) {
  static const enum deed deeds[] = {REPLACE, RELOAD, RELOAD, KILL_ORIGIN, KILL_SWARM};
  for (unsigned i = 0; i < sizeof deeds / sizeof *deeds; i++)
    events[count++] = (struct event){
        .at_ms = now_ms() + length_ms * (i + 2) / 8, .for_ms = 1000, .deed = deeds[i], .who = i};
}

void chaos_begin(unsigned act, uint64_t length_ms) {
  struct dice d = dice_of(shared->seed, UINT64_C(0xac7) << 48 | act);
  uint64_t wanted = length_ms / EACH_MS;
  count = done = 0;
  while (count < wanted && count < EVENTS_MAX - 5) events[count++] = draw(&d, length_ms);
  insist(length_ms);
  qsort(events, count, sizeof *events, by_time);
}

static void do_it(const struct event *e) {
  switch (e->deed) {
  case KILL_ORIGIN: procs_kill(e->who % ORIGINS, e->for_ms); return;
  case KILL_SWARM: procs_kill(ORIGINS + e->who % SWARMS, e->for_ms); return;
  case STOP_ORIGIN: procs_stop(e->who % ORIGINS, e->for_ms); return;
  case STOP_SWARM: procs_stop(ORIGINS + e->who % SWARMS, e->for_ms); return;
  case RELOAD: relays_reload(e->who % 2 ? STAYS : CHANGES); return;
  case REPLACE: relays_replace(CHANGES, 1 + e->who / 2 % 2, e->for_ms); return;
  }
}

void chaos_turn(void) {
  uint64_t now = now_ms();
  while (done < count && events[done].at_ms <= now) do_it(&events[done++]);
}
