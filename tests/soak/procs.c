/* See procs.h. */
#include "procs.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "judge.h"
#include "origin.h"
#include "report.h"
#include "swarm.h"

enum { REMEMBERED = 64 };
static const uint64_t never = UINT64_MAX;

struct span_ms {
  uint64_t from, to;
};

struct history {
  struct span_ms spans[REMEMBERED];
  unsigned count;
};

static struct process {
  bool begun;
  pid_t pid; /* 0: there is none */
  uint64_t again_ms, go_on_ms;
  struct history down, still;
} processes[PROCESSES];

static unsigned killed_origins, killed_swarms, stopped;

/* ---- what was when ---- */

static void span_begin(struct history *h) {
  h->spans[h->count++ % REMEMBERED] = (struct span_ms){now_ms(), never};
}

static void span_end(struct history *h) {
  if (h->count && h->spans[(h->count - 1) % REMEMBERED].to == never)
    h->spans[(h->count - 1) % REMEMBERED].to = now_ms();
}

static uint64_t overlap(const struct history *h, uint64_t from, uint64_t to, bool *any) {
  uint64_t sum = 0;
  for (unsigned i = 0; i < REMEMBERED && i < h->count; i++) {
    uint64_t begin = h->spans[i].from, end = h->spans[i].to;
    if (begin > to || end < from) continue;
    *any = true;
    sum += (end < to ? end : to) - (begin > from ? begin : from);
  }
  return sum;
}

bool origin_was_down(unsigned origin, uint64_t from, uint64_t to) {
  bool any = false;
  (void)overlap(&processes[origin].down, from, to, &any);
  return any;
}

uint64_t stood_still_ms(unsigned process, uint64_t from, uint64_t to) {
  bool any = false;
  return overlap(&processes[process].still, from, to, &any);
}

uint64_t lag_ms(void) {
  uint64_t worst = 0;
  for (unsigned i = 0; i < PROCESSES; i++) {
    const struct pulse *p = &shared->pulse[i];
    if (p->lag_ms > worst) worst = p->lag_ms;
    if (p->lag_before_ms > worst) worst = p->lag_before_ms;
  }
  return worst;
}

unsigned procs_killed(bool swarms) { return swarms ? killed_swarms : killed_origins; }
unsigned procs_stopped(void) { return stopped; }

/* ---- starting ---- */

pid_t fork_bound(void) {
  pid_t parent = getpid(), pid = fork();
  if (pid) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  return 0;
}

static void start(unsigned i) {
  struct process *p = &processes[i];
  looked(CHECK_HARNESS);
  p->begun = true;
  shared->pulse[i].beat_ms = 0;
  p->pid = fork_bound();
  if (p->pid < 0) abort();
  if (p->pid) return;
  if (i < ORIGINS) origin_run(i);
  swarm_run(i - ORIGINS);
}

void procs_start(unsigned first, unsigned end) {
  for (unsigned i = first; i < end; i++) start(i);
}

/* ---- what happens to them ---- */

static void go_on(struct process *p) {
  if (!p->go_on_ms) return;
  p->go_on_ms = 0;
  kill(p->pid, SIGCONT);
  span_end(&p->still);
}

void procs_kill(unsigned process, uint64_t for_ms) {
  struct process *p = &processes[process];
  if (!p->pid) return;
  span_begin(&p->down);
  kill(p->pid, SIGKILL);
  waitpid(p->pid, NULL, 0);
  p->pid = 0;
  if (p->go_on_ms) span_end(&p->still);
  p->go_on_ms = 0;
  p->again_ms = now_ms() + for_ms;
  if (process < ORIGINS)
    judge_origin_killed(process), killed_origins++;
  else
    judge_swarm_killed(process - ORIGINS), killed_swarms++;
}

void procs_stop(unsigned process, uint64_t for_ms) {
  struct process *p = &processes[process];
  if (!p->pid || p->go_on_ms) return;
  shared->pulse[process].stops++;
  span_begin(&p->still);
  kill(p->pid, SIGSTOP);
  p->go_on_ms = now_ms() + for_ms;
  stopped++;
}

static void notice_death(unsigned i) {
  struct process *p = &processes[i];
  int status;
  if (!p->pid || waitpid(p->pid, &status, WNOHANG) != p->pid) return;
  broken(CHECK_HARNESS, 0, 0, "%s %u ended by itself, status %d", i < ORIGINS ? "origin" : "swarm",
         i < ORIGINS ? i : i - ORIGINS, status);
  p->pid = 0;
  p->again_ms = never;
}

/* An origin is there again when it has polled for the first time. */
static void turn(unsigned i, uint64_t now, bool at_once) {
  struct process *p = &processes[i];
  if (!p->begun) return;
  notice_death(i);
  if (!p->pid && p->again_ms != never && (at_once || now >= p->again_ms)) start(i);
  if (p->go_on_ms && (at_once || now >= p->go_on_ms)) go_on(p);
  if (p->pid && shared->pulse[i].beat_ms) span_end(&p->down);
}

void procs_turn(void) {
  uint64_t now = now_ms();
  for (unsigned i = 0; i < PROCESSES; i++) turn(i, now, false);
}

bool procs_calm(void) {
  uint64_t now = now_ms();
  bool calm = true;
  for (unsigned i = 0; i < PROCESSES; i++) {
    turn(i, now, true);
    if (processes[i].begun && !(processes[i].pid && shared->pulse[i].beat_ms)) calm = false;
  }
  return calm;
}

void procs_end(void) {
  for (unsigned i = 0; i < PROCESSES; i++) {
    if (!processes[i].pid) continue;
    kill(processes[i].pid, SIGKILL);
    waitpid(processes[i].pid, NULL, 0);
  }
}
