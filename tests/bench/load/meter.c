/* See meter.h. */
#include "meter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "loop.h"
#include "others.h"

void die(const char *what) {
  fprintf(stderr, "weir-bench-load: %s%s%s\n", what, errno ? ": " : "",
          errno ? strerror(errno) : "");
  exit(1);
}

/* ---- clocks ---- */

static uint64_t read_clock(clockid_t clock) {
  struct timespec t;
  if (clock_gettime(clock, &t)) die("clock_gettime");
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t now_ns(void) { return read_clock(CLOCK_MONOTONIC); }

uint64_t cpu_ns(int pid) {
  clockid_t clock;
  if (pid == 0) return 0;
  errno = clock_getcpuclockid(pid, &clock);
  if (errno) die("the relay's CPU clock");
  return read_clock(clock);
}

/* ---- memory ---- */

struct memory memory_of(int pid) {
  char line[256], path[64];
  struct memory memory = {0};
  snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
  FILE *file = fopen(path, "r");
  if (!file) die(path);
  while (fgets(line, sizeof line, file)) {
    (void)sscanf(line, "Pss: %lu", &memory.pss);
    (void)sscanf(line, "Anonymous: %lu", &memory.anon);
  }
  fclose(file);
  if (!memory.pss) die("no Pss in smaps_rollup");
  return memory;
}

/* ---- samples ---- */

void samples_add(struct samples *samples, uint64_t ns) {
  if (samples->count == samples->room) {
    samples->room = samples->room ? 2 * samples->room : 65536;
    samples->ns = realloc(samples->ns, samples->room * sizeof *samples->ns);
    if (!samples->ns) die("memory");
  }
  samples->ns[samples->count++] = ns;
}

void samples_clear(struct samples *samples) { samples->count = 0; }

static int compare(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static uint64_t percentile(const struct samples *samples, unsigned percent) {
  size_t at = samples->count * percent / 100;
  return samples->ns[at < samples->count ? at : samples->count - 1];
}

/* ---- a window ---- */

static bool disturbed;

struct window window_open(const struct options *options) {
  others_watch(options->pid);
  return (struct window){now_ns(), cpu_ns(options->pid), loop_idle_ns()};
}

void window_report(const struct options *options, const struct window *window) {
  uint64_t wall = now_ns() - window->wall_ns, cpu = cpu_ns(options->pid) - window->cpu_ns;
  uint64_t idle = loop_idle_ns() - window->idle_ns, others = others_ns();
  disturbed = others > wall / 20;
  report_count("wall_ns", wall);
  report_count("cpu_ns", cpu);
  report_count("idle_ns", idle);
  report_count("others_ns", others);
}

bool window_was_disturbed(void) { return disturbed; }

/* ---- the report ---- */

void report_begin(const struct options *options) {
  printf("{\"scenario\":\"%s\",\"relay\":\"%s\",\"round\":%d", options->scenario, options->name,
         options->round);
}

void report_count(const char *name, uint64_t value) {
  printf(",\"%s\":%llu", name, (unsigned long long)value);
}

void report_samples(const char *prefix, struct samples *samples) {
  static const unsigned percents[] = {50, 90, 99, 100};
  char name[64];
  if (!samples->count) return;
  qsort(samples->ns, samples->count, sizeof *samples->ns, compare);
  for (size_t i = 0; i < sizeof percents / sizeof *percents; i++) {
    snprintf(name, sizeof name, "%s_p%u_ns", prefix, percents[i]);
    report_count(name, percentile(samples, percents[i]));
  }
}

void report_end(void) { printf("}\n"); }
