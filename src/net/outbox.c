/* What the socket did not take yet: one buffer in flight, one filling. It never writes by itself
 * and does not know libuv. The buffers belong to the outbox; an empty one holds none. */
#include "net/outbox.h"

#include <assert.h>
#include <string.h>

void weir__outbox_init(weir__outbox *box, weir__mem *mem, size_t high, size_t low) {
  memset(box, 0, sizeof *box);
  box->flight.mem = box->filling.mem = mem;
  box->high = high;
  box->low = low;
}

int weir__outbox_put(weir__outbox *box, const weir__slice *slices, size_t count, size_t skip) {
  size_t before = box->filling.len;
  for (size_t i = 0; i < count; i++) {
    size_t gone = skip < slices[i].len ? skip : slices[i].len;
    skip -= gone;
    if (gone == slices[i].len) continue;
    weir__slice rest = weir__slice_of(slices[i].ptr + gone, slices[i].len - gone);
    int err = weir__buf_append(&box->filling, rest);
    if (!err) continue;
    box->filling.len = before;
    if (!before) weir__buf_free(&box->filling);
    return err;
  }
  return 0;
}

size_t weir__outbox_pending(const weir__outbox *box) { return box->flight.len + box->filling.len; }

bool weir__outbox_over(weir__outbox *box) {
  if (weir__outbox_pending(box) <= box->high) return false;
  box->full = true;
  return true;
}

weir__slice weir__outbox_takeoff(weir__outbox *box) {
  assert(box->flight.len == 0);
  weir__buf empty = box->flight;
  box->flight = box->filling;
  box->filling = empty;
  return weir__buf_slice(&box->flight);
}

void weir__outbox_landed(weir__outbox *box) { weir__buf_free(&box->flight); }

bool weir__outbox_passed_low(weir__outbox *box) {
  if (!box->full || weir__outbox_pending(box) > box->low) return false;
  box->full = false;
  return true;
}

void weir__outbox_free(weir__outbox *box) {
  weir__buf_free(&box->flight);
  weir__buf_free(&box->filling);
  box->full = false;
}

size_t weir__outbox_bound(size_t high, size_t burst) {
  /* A buffer stays below twice what it holds, or is the 64 bytes it begins with; while it grows,
   * there is the smaller one, too. */
  return 3 * (high + burst) + 2 * (size_t)64;
}
