/* What happens to processes, drawn from the seed: who is killed, stopped, reloaded, replaced, when
 * and for how long. It knows nothing of what comes of it. */
#ifndef SOAK_CHAOS_H
#define SOAK_CHAOS_H

#include <stdint.h>

/* Draws what happens in an act of that length, which begins now. */
void chaos_begin(unsigned act, uint64_t length_ms);
/* Does what is due. */
void chaos_turn(void);

#endif
