/* What other processes than the relay and the load do meanwhile: a benchmark on a busy machine
 * measures the machine. */
#ifndef BENCH_OTHERS_H
#define BENCH_OTHERS_H

#include <stdint.h>

/* Begins to watch them, or begins anew. */
void others_watch(int relay_pid);

/* CPU time they have had since; what a process had that has ended by now is not in it. */
uint64_t others_ns(void);

#endif
