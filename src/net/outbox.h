/* What the socket did not take yet: one buffer in flight, one filling. It never writes by itself
 * and does not know libuv. The buffers belong to the outbox; an empty one holds none. */
#ifndef WEIR_NET_OUTBOX_H
#define WEIR_NET_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/slice.h"

typedef struct weir__outbox {
  weir__buf flight, filling;
  size_t high, low;
  bool full; /* said WEIR__FULL and has not passed the low water mark since */
} weir__outbox;

void weir__outbox_init(weir__outbox *box, weir__mem *mem, size_t high, size_t low);

/* Copies the slices from byte `skip` of their sequence on into the filling buffer. WEIR_ENOMEM
 * takes nothing. */
int weir__outbox_put(weir__outbox *box, const weir__slice *slices, size_t count, size_t skip);

/* Bytes in both buffers. */
size_t weir__outbox_pending(const weir__outbox *box);

/* True if more than `high` bytes wait; remembers that it said so (`full`). */
bool weir__outbox_over(weir__outbox *box);

/* With nothing in flight: the filling buffer takes off, and its bytes are returned, valid until
 * weir__outbox_landed(). Length 0 if nothing waits. */
weir__slice weir__outbox_takeoff(weir__outbox *box);

/* The flight went out whole: its memory goes back. */
void weir__outbox_landed(weir__outbox *box);

/* True once per fullness: `full` was said and no more than `low` bytes wait now. Clears `full`. */
bool weir__outbox_passed_low(weir__outbox *box);

void weir__outbox_free(weir__outbox *box);

/* The most memory an outbox may hold when its writer goes at most `burst` bytes past the high water
 * mark: with the write that is answered WEIR__FULL and all later ones before on_drained. */
size_t weir__outbox_bound(size_t high, size_t burst);

#endif
