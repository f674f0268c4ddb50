/* The books of an event stream: how much later than it was read did what the origin sent leave, and
 * why. It knows positions and moments, not what bytes mean, nor sockets. It belongs to the events of
 * its exchange; the relay has the sum of all. */
#ifndef WEIR_RELAY_LEDGER_H
#define WEIR_RELAY_LEDGER_H

#include <stdbool.h>

#include "weir/events.h"

enum { WEIR__ARRIVALS = 32 };

/* What one read brought, on its way; several of them when there are many. */
typedef struct weir__arrival {
  uint64_t body;    /* bytes of the body up to and with it */
  int64_t out;      /* it has left when so much was accepted; -1: not written yet */
  uint64_t read_ns; /* of the first of them */
  size_t bytes;
  unsigned reads;
  int merged;
} weir__arrival;

typedef struct weir__ledger {
  weir_ledger sum;
  uint64_t body;    /* bytes that came so far .. */
  uint64_t noted;   /* .. and those that are in the books */
  uint64_t last_ms; /* when such came last */
  bool closed;
  weir__arrival arrivals[WEIR__ARRIVALS]; /* a ring */
  unsigned first, count;
} weir__ledger;

/* Pure: the bin of a value, and so many more of that value. */
unsigned weir__histogram_bin(uint64_t value);
void weir__histogram_add(weir_histogram *h, uint64_t value, uint64_t times);

#endif
