#include "support/alloc.h"

#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "weir/err.h"

/* Stands in front of each block. */
typedef union header {
  struct {
    size_t size;
    const void *owner;
  } is;
  max_align_t align;
} header;

static bool fails(counting_alloc *a) {
  a->calls++;
  if (!a->fail_at || a->calls < a->fail_at) return false;
  if (a->calls > a->fail_at && !a->fail_forever) return false;
  a->failed = true;
  return true;
}

static void count_in(counting_alloc *a, size_t size) {
  a->live_blocks++;
  a->live_bytes += size;
  if (a->live_bytes > a->peak_bytes) a->peak_bytes = a->live_bytes;
}

static void *counted_alloc(size_t size, void *user) {
  counting_alloc *a = user;
  if (fails(a)) return NULL;
  header *h = malloc(sizeof *h + size);
  if (!h) return NULL;
  h->is.size = size;
  h->is.owner = a;
  memset(h + 1, 0xa5, size); /* whoever takes it for zeros finds out */
  count_in(a, size);
  return h + 1;
}

static void counted_release(void *old, void *user) {
  counting_alloc *a = user;
  if (!old) return;
  header *h = (header *)old - 1;
  if (!CHECK(h->is.owner == a)) abort(); /* another allocator's, or no block at all */
  a->live_blocks--;
  a->live_bytes -= h->is.size;
  free(h);
}

/* Always moves: whoever keeps the old pointer finds out. */
static void *counted_resize(void *old, size_t size, void *user) {
  void *moved = counted_alloc(size, user);
  if (!moved || !old) return moved;
  size_t had = ((header *)old - 1)->is.size;
  memcpy(moved, old, had < size ? had : size);
  counted_release(old, user);
  return moved;
}

void alloc_init(counting_alloc *a) {
  *a = (counting_alloc){.hooks = {counted_alloc, counted_resize, counted_release, a}};
}

bool check_no_leak(const char *file, int line, const counting_alloc *a) {
  return check_int(file, line, "blocks that still live", (intmax_t)a->live_blocks, "none", 0) &&
         check_int(file, line, "bytes that still live", (intmax_t)a->live_bytes, "none", 0);
}

void check_each_failure(int (*act)(weir__mem *mem, void *arg), void *arg) {
  counting_alloc a;
  size_t nth = 1;
  do {
    alloc_init(&a);
    a.fail_at = nth;
    CHECK_CASE("allocation %zu fails", nth++);
    weir__mem mem;
    CHECK_INT(weir__mem_init(&mem, &a.hooks), 0);
    int rc = act(&mem, arg);
    CHECK_INT(rc, a.failed ? WEIR_ENOMEM : 0);
    CHECK_NO_LEAK(&a);
  } while (a.failed);
}
