/* A set of timers over one re-aimable deadline. It does not know what they mean, only when each is
 * due. It sits inside its owner, beside the moments, and holds no memory. */
#ifndef WEIR_RELAY_DEADLINES_H
#define WEIR_RELAY_DEADLINES_H

#include <stdbool.h>

#include "net/timer.h"

typedef struct weir__deadlines weir__deadlines;

/* One timer ran out; it is off until it is set again. Whoever calls stop_all() in it gets no
 * more. */
typedef void (*weir__deadlines_fn)(weir__deadlines *deadlines, int timer);

struct weir__deadlines {
  weir__deadline deadline;
  weir__clock *clock;
  weir__deadlines_fn fn;
  uint64_t *at; /* the owner's, `count` of them */
  int count;
};

void weir__deadlines_init(weir__deadlines *deadlines, uint64_t *at, int count, weir__clock *clock,
                          weir__deadlines_fn fn);

/* Due `ms` from now; WEIR_OFF: never. Moving one further away is a store and a comparison. */
void weir__deadlines_set(weir__deadlines *deadlines, int timer, uint32_t ms);
void weir__deadlines_stop(weir__deadlines *deadlines, int timer);
bool weir__deadlines_runs(const weir__deadlines *deadlines, int timer);
/* Off for good, before the memory goes. */
void weir__deadlines_stop_all(weir__deadlines *deadlines);

#endif
