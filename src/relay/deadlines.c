/* The earliest of the timers is what the deadline is aimed at; stopping one leaves the aim as it is
 * and costs, at worst, one callback that finds nothing due. */
#include "relay/deadlines.h"

#include "base/list.h"

static void aim(weir__deadlines *d) {
  uint64_t first = WEIR__NEVER;
  for (int i = 0; i < d->count; i++)
    if (d->at[i] < first) first = d->at[i];
  weir__deadline_set_at(d->clock, &d->deadline, first);
}

static void fire(weir__deadline *deadline) {
  weir__deadlines *d = weir__container_of(deadline, weir__deadlines, deadline);
  uint64_t now = weir__clock_now(d->clock);
  for (int i = 0; i < d->count; i++) {
    if (d->at[i] > now) continue;
    d->at[i] = WEIR__NEVER;
    d->fn(d, i);
  }
  aim(d);
}

void weir__deadlines_init(weir__deadlines *d, uint64_t *at, int count, weir__clock *clock,
                          weir__deadlines_fn fn) {
  *d = (weir__deadlines){
      .deadline = {.fn = fire}, .clock = clock, .fn = fn, .at = at, .count = count};
  for (int i = 0; i < d->count; i++) d->at[i] = WEIR__NEVER;
  weir__deadline_set_at(clock, &d->deadline, WEIR__NEVER);
}

void weir__deadlines_set(weir__deadlines *d, int timer, uint32_t ms) {
  d->at[timer] = ms == UINT32_MAX ? WEIR__NEVER : weir__clock_now(d->clock) + ms;
  if (d->at[timer] < d->deadline.at) weir__deadline_set_at(d->clock, &d->deadline, d->at[timer]);
}

void weir__deadlines_stop(weir__deadlines *d, int timer) { d->at[timer] = WEIR__NEVER; }

bool weir__deadlines_runs(const weir__deadlines *d, int timer) {
  return d->at[timer] != WEIR__NEVER;
}

void weir__deadlines_stop_all(weir__deadlines *d) {
  for (int i = 0; i < d->count; i++) d->at[i] = WEIR__NEVER;
  weir__deadline_stop(d->clock, &d->deadline);
}
