/* Full TLS handshakes beside what is measured, each with one small request behind it, which is when
 * some relays send the ticket. It knows no streams, but for the target that their origin answers at
 * once. Its connections are its own. */
#ifndef BENCH_SHAKES_H
#define BENCH_SHAKES_H

#include "options.h"

#define SHAKE "shake" /* the target */

/* From now on, options->beside of them a second. */
void shakes_start(const struct options *options);
/* Begins one if it is due: to be called in every turn. */
void shakes_turn(uint64_t now);
/* Cuts those that are under way; returns how many came to their end. */
uint64_t shakes_stop(void);

#endif
