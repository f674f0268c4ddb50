/* What a process holds: descriptors, memory as the kernel counts it, memory as its allocator
 * does. Values only. */
#ifndef SOAK_USAGE_H
#define SOAK_USAGE_H

#include <sys/types.h>

#include "heap/heap.h"

struct usage {
  unsigned descriptors;
  uint64_t pss_kib, blocks, bytes, peak;
};

unsigned usage_descriptors(pid_t pid);
/* `heap` may be NULL. */
void usage_read(struct usage *usage, pid_t pid, const struct heap *heap);

/* With how many descriptors it began, it must be found again. */
void usage_check_descriptors(unsigned first, const struct usage *now);
/* `began`: before any stream; `first`: the first time without one again. With what the allocator
 * says. */
void usage_check_memory(uint64_t began_pss_kib, const struct usage *first, const struct usage *now);

#endif
