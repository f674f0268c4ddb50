/* An allocator that counts, and fails when told to. */
#ifndef WEIR_TEST_ALLOC_H
#define WEIR_TEST_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "weir/alloc.h"

/* Must stay where alloc_init() met it: `hooks.user` points to it. */
typedef struct counting_alloc {
  weir_allocator hooks; /* for weir_options.allocator or weir__mem_init() */
  size_t calls;         /* of alloc and resize */
  size_t live_blocks, live_bytes, peak_bytes;
  size_t fail_at;    /* this call fails, counted from 1; 0: none does */
  bool fail_forever; /* all later ones too */
  bool failed;       /* one did */
} counting_alloc;

void alloc_init(counting_alloc *a);

/* Checks that nothing lives any more. */
#define CHECK_NO_LEAK(a) check_no_leak(__FILE__, __LINE__, (a))
bool check_no_leak(const char *file, int line, const counting_alloc *a);

/* Runs `act` with each of its allocations failing in turn, then with none: it must return
 * WEIR_ENOMEM each time but the last, 0 then, and leave nothing behind. */
void check_each_failure(int (*act)(weir__mem *mem, void *arg), void *arg);

#endif
