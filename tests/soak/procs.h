/* Origins and swarms as processes: started, killed, stopped, started again; and when that was, for
 * the judge. It never knows what they do. The judge's process owns them all, and none outlives
 * it. */
#ifndef SOAK_PROCS_H
#define SOAK_PROCS_H

#include <sys/types.h>

#include "soak.h"

/* Forks a child that dies with its parent. As fork(). */
pid_t fork_bound(void);

/* From the first to before the end: origins, then swarms, as in shared->pulse. */
void procs_start(unsigned first, unsigned end);
/* What is not running is left alone. */
void procs_kill(unsigned process, uint64_t for_ms);
void procs_stop(unsigned process, uint64_t for_ms);
/* Starts again and lets go on what is due; notices what died by itself. */
void procs_turn(void);
/* The same, at once, for all. True when all run. */
bool procs_calm(void);
void procs_end(void);

/* An origin was not there at some time between the two. */
bool origin_was_down(unsigned origin, uint64_t from, uint64_t to);
/* How long a process stood still between the two, or does so since. */
uint64_t stood_still_ms(unsigned process, uint64_t from, uint64_t to);
/* The worst that a process lately came too late. */
uint64_t lag_ms(void);

unsigned procs_killed(bool swarms);
unsigned procs_stopped(void);

#endif
