/* What is measured and how it is told: clocks, another process's CPU time and memory, samples, one
 * line of JSON. */
#ifndef BENCH_METER_H
#define BENCH_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"

/* Ends the program with what failed and why. */
_Noreturn void die(const char *what);

uint64_t now_ns(void); /* CLOCK_MONOTONIC */

/* CPU time of all threads of a process, user and system, as the scheduler counts it; 0 for pid 0.
 * A thread that runs just now is counted up to the last tick: ask when it rests. */
uint64_t cpu_ns(int pid);

/* User memory in KiB: PSS, and of it what is private and written (anonymous). */
struct memory {
  unsigned long pss, anon;
};
struct memory memory_of(int pid);

/* Durations, to be asked for percentiles. */
struct samples {
  uint64_t *ns;
  size_t count, room;
};
void samples_add(struct samples *samples, uint64_t ns);
void samples_clear(struct samples *samples);

/* What passes between two moments at which the relay rests. */
struct window {
  uint64_t wall_ns, cpu_ns, idle_ns;
};
struct window window_open(const struct options *options);
void window_report(const struct options *options, const struct window *window);

/* Others than relay and load had more than a twentieth of a core meanwhile: measure again. */
bool window_was_disturbed(void);

/* The line of JSON that a run prints. */
void report_begin(const struct options *options);
void report_count(const char *name, uint64_t value);
void report_samples(const char *prefix, struct samples *samples); /* sorts them */
void report_end(void);

#endif
