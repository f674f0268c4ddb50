/* How many client connections each address has open. It knows no connection, only addresses that
 * enter and leave. The table belongs to the relay and goes with weir__crowd_free().
 *
 * An IPv4 address counts for itself. IPv6 counts by /64: that is what one subscriber is given, so
 * somebody alone has 2^64 addresses to come from. (Link-local clients therefore count as one.)
 *
 * Who is not to be counted never enters, and relay/listeners.c decides that: unix clients have no
 * address; a trusted proxy has one, and speaks for everybody behind it. To count what it says of
 * the way instead would come too late, since that stands in the request, and would let go of the
 * point: a connection of the proxy serves many clients in turn, so holding it back holds them all.
 * The proxy is where such clients are told apart. */
#ifndef WEIR_RELAY_CROWD_H
#define WEIR_RELAY_CROWD_H

#include "base/cidr.h"
#include "base/mem.h"

/* Open addressing with linear probing; leaving closes the gap, so there are no tombstones. */
typedef struct weir__crowd {
  weir__mem *mem;
  struct weir__crowd_group *groups; /* NULL: nobody is here */
  size_t count, cap;                /* addresses; cap is a power of two, at most half of it used */
  uint64_t seed;                    /* so that no client can choose addresses that collide */
} weir__crowd;

void weir__crowd_init(weir__crowd *crowd, weir__mem *mem);
void weir__crowd_free(weir__crowd *crowd);

enum { WEIR__CROWDED = 1 };

/* One more connection of that address, IPv4 or IPv6: 0; or WEIR__CROWDED if it has `max` (1 or
 * more) of them already, WEIR_ENOMEM, and then nothing has changed. */
int weir__crowd_enter(weir__crowd *crowd, const weir__addr *addr, uint32_t max);
/* One that has entered leaves. Cannot fail. */
void weir__crowd_leave(weir__crowd *crowd, const weir__addr *addr);

#endif
