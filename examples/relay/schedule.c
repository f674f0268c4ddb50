/* See schedule.h. */
#include "schedule.h"

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

void schedule_pool(uv_loop_t *loop) { (void)uv_queue_work(loop, &first, on_work, NULL); }

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
