/* See schedule.h. */
#include "schedule.h"

#include <stdbool.h>

#ifdef __linux__
#include <errno.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

/* ---- the pool ---- */

static uv_work_t first;

static void on_work(uv_work_t *work) { (void)work; }

#if defined(__linux__) && defined(SCHED_BATCH)
/* A job that begins would otherwise take the place of the loop that has just ordered it, for as
 * long as it computes: the kernel looks again at the next tick, up to 4 ms later. */
static bool set_policy(int policy) {
  const struct sched_param none = {0};
  return sched_setscheduler(0, policy, &none) == 0;
}

static bool become_patient(void) {
  return sched_getscheduler(0) == SCHED_OTHER && set_policy(SCHED_BATCH);
}

static void become_usual(void) { (void)set_policy(SCHED_OTHER); }
#else
static bool become_patient(void) { return false; }
static void become_usual(void) {}
#endif

/* Its threads begin inside the call, and take after this one. */
void schedule_pool(uv_loop_t *loop) {
  bool patient = become_patient();
  (void)uv_queue_work(loop, &first, on_work, NULL);
  if (patient) become_usual();
}

/* ---- a thread ---- */

#if defined(__linux__) && defined(SYS_sched_setattr)
/* The shortest that the kernel takes. Ours is over long before, so it is no limit. */
enum { SLICE_NS = 100000 };

/* As sched_setattr(2) has it; libc has no name for it. */
struct attributes {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
};

/* Whoever was started with a policy or a nice value of its own keeps it. */
void schedule_hurry(void) {
  struct attributes attributes = {.size = sizeof attributes, .runtime = SLICE_NS};
  errno = 0;
  attributes.nice = getpriority(PRIO_PROCESS, 0);
  if (errno || sched_getscheduler(0) != SCHED_OTHER) return;
  (void)syscall(SYS_sched_setattr, 0, &attributes, 0);
}
#else
void schedule_hurry(void) {}
#endif
