/* Time: one clock a relay, and deadlines that can be re-aimed for the price of a store. It knows no
 * connection. A deadline sits inside the object it watches; the clock owns the only libuv timer.
 *
 * Moving a deadline further away only writes a number: the heap learns it when the old moment
 * comes. So the hot path ("there were bytes, wait another 300 s") makes no timer call. */
#ifndef WEIR_NET_TIMER_H
#define WEIR_NET_TIMER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

typedef struct weir__deadline weir__deadline;
typedef void (*weir__deadline_fn)(weir__deadline *deadline);

#define WEIR__NEVER UINT64_MAX

/* All zero but `fn` is one that is off; find the owner with weir__container_of. */
struct weir__deadline {
  weir__deadline_fn fn;
  uint64_t at;     /* when it is due, or WEIR__NEVER; 0 in a zeroed one means off too */
  uint64_t queued; /* where it stands in the heap; 0: not in it */
  weir__deadline *child, *next, *prev; /* pairing heap */
};

typedef struct weir__clock {
  uv_timer_t timer;
  weir__deadline *first; /* root of the heap: the earliest */
  weir__deadline *due;   /* those taken out of it to be called in this turn */
  bool firing;           /* callbacks run */
  uint64_t armed;        /* what the libuv timer is set to, or WEIR__NEVER */
  uint64_t skew;         /* scripted time: weir__clock_advance() */
  void (*on_closed)(struct weir__clock *clock);
} weir__clock;

/* The timer handle is unreferenced: a deadline alone keeps no loop alive. Returns libuv's code. */
int weir__clock_init(weir__clock *clock, uv_loop_t *loop);

/* Closes the libuv handle; `on_closed` comes later, and no deadline fires any more. */
void weir__clock_close(weir__clock *clock, void (*on_closed)(weir__clock *clock));

/* Milliseconds of uv_now(); never 0. Steady within one turn of the loop. */
uint64_t weir__clock_now(const weir__clock *clock);

/* Nanoseconds of uv_hrtime(), which goes on within a turn; scripted like the other. */
uint64_t weir__clock_ns(const weir__clock *clock);

/* Due in `ms` from now (UINT32_MAX: off). Fires once, from the loop, never before this returns.
 * Allowed in every state, also inside its own callback. */
void weir__deadline_set(weir__clock *clock, weir__deadline *deadline, uint32_t ms);
/* Due at that moment of weir__clock_now() (WEIR__NEVER: off). */
void weir__deadline_set_at(weir__clock *clock, weir__deadline *deadline, uint64_t at);
/* Off, and out of the heap: must be called before the memory around it goes. Idempotent. */
void weir__deadline_stop(weir__clock *clock, weir__deadline *deadline);

/* For tests: time jumps by `ms` and everything due fires, in order, before it returns. */
void weir__clock_advance(weir__clock *clock, uint64_t ms);

#endif
