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

#if defined(__linux__) && defined(SCHED_BATCH)
/* Where both want one core the loop gets two thirds. With less for them, handshakes would stand
 * still on a machine that has other things to do. */
enum { NICER = 3 };

/* A job that begins would otherwise take the place of the loop that has just ordered it, for as
 * long as it computes: the kernel looks again at the next tick, up to 4 ms later. The nice value is
 * how soon the loop, once it has had its turn, may put the job off again. */
static void become_patient(void) {
  const struct sched_param none = {0};
  if (sched_getscheduler(0) != SCHED_OTHER) return;
  if (sched_setscheduler(0, SCHED_BATCH, &none)) return;
  (void)!nice(NICER); /* on Linux the calling thread's alone */
}
#else
static void become_patient(void) {}
#endif

static uv_work_t first;

static void on_work(uv_work_t *work) { (void)work; }

static void begin_pool(void *loop) {
  become_patient();
  (void)uv_queue_work(loop, &first, on_work, NULL);
}

/* The threads of the pool begin inside the first call and take after the thread that makes it. That
 * one could not take back what it gave away, and so is one that ends here. */
void schedule_pool(uv_loop_t *loop) {
  uv_thread_t thread;
  if (uv_thread_create(&thread, begin_pool, loop) == 0) (void)uv_thread_join(&thread);
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
