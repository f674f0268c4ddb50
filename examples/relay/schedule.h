/* Which thread goes first on a core that several share: a worker's loop before TLS handshakes, which
 * compute for milliseconds in libuv's thread pool. It knows neither. It owns nothing. */
#ifndef RELAY_SCHEDULE_H
#define RELAY_SCHEDULE_H

#include <uv.h>

/* Starts the thread pool, whose threads put nobody off a core by waking up (SCHED_BATCH) and leave
 * a loop two thirds of one that both want (a nice value of 3). Call it before the loop runs, from
 * a thread that has not hurried. */
void schedule_pool(uv_loop_t *loop);

/* From here on the calling thread runs soon after it wakes, and for a short time. Its share of the
 * processor stays what it is. Linux 6.12 and later; does nothing elsewhere. */
void schedule_hurry(void);

#endif
