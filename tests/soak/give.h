/* Gives a body, known from its place, in pieces. It knows neither the socket nor what goes wrong
 * beyond where it is to stop. A giver is a value. */
#ifndef SOAK_GIVE_H
#define SOAK_GIVE_H

#include "plan.h"
#include "sock.h"

struct giver {
  uint64_t key, offset, total;
  uint64_t limit; /* as far as it may go for now */
  enum framing framing;
  uint32_t piece_min, piece_max, piece;
  bool end_apart, ended;
  uint64_t sum; /* of what was given */
  struct dice dice;
};

struct giver giver_of(uint64_t key, uint64_t total, enum framing framing, uint32_t piece_min,
                      uint32_t piece_max);
/* There is something to give now. */
bool giver_can(const struct giver *giver);
/* Where it would come to by that .. */
uint64_t giver_would_reach(const struct giver *giver);
/* .. and whether that is the end of it. */
bool giver_would_end(const struct giver *giver);
/* Puts the next piece. `broken_off`: as the begin of a chunk that never gets its rest. */
void giver_give(struct giver *giver, struct outgo *out, bool broken_off);

#endif
