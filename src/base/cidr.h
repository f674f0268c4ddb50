/* Network addresses as values: an IPv4 or IPv6 address, a range of them, a list of ranges. No
 * sockets, no look-up. A list belongs to its maker. */
#ifndef WEIR_BASE_CIDR_H
#define WEIR_BASE_CIDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

enum weir__family { WEIR__UNIX, WEIR__IPV4, WEIR__IPV6 };

/* IPv4-mapped IPv6 addresses (::ffff:192.0.2.7) are kept as IPv4: a dual-stack listener reports
 * IPv4 clients so. */
typedef struct weir__addr {
  enum weir__family family;
  uint8_t bytes[16]; /* network order; 4 or 16 of them count, 0 for unix */
} weir__addr;

typedef struct weir__cidr {
  weir__addr addr;
  unsigned bits;
} weir__cidr;

typedef struct weir__cidrs {
  weir__cidr *ranges;
  size_t count;
} weir__cidrs;

/* Makes an address from 4 or 16 bytes in network order, unmapping as said above. */
weir__addr weir__addr_from(const void *bytes, size_t len);

/* Reads "192.0.2.7" or "2001:db8::1": four decimal numbers, no brackets, no zone. */
bool weir__addr_parse(weir__addr *addr, weir__slice text);

/* "10.0.0.0/8", "192.0.2.7", "fd00::/8", "unix". WEIR_ECIDR for anything else, also for a range
 * with bits set behind its length ("10.0.0.1/8"): such a line is more often a typing error than
 * meant. */
int weir__cidr_parse(weir__cidr *cidr, const char *text);
bool weir__cidr_has(const weir__cidr *cidr, const weir__addr *addr);

/* Parses a NULL-terminated list (NULL: an empty one). WEIR_ECIDR, WEIR_ENOMEM; nothing is kept
 * then. */
int weir__cidrs_parse(weir__cidrs *cidrs, weir__mem *mem, const char *const *texts);
bool weir__cidrs_have(const weir__cidrs *cidrs, const weir__addr *addr);
void weir__cidrs_free(weir__cidrs *cidrs, weir__mem *mem);

#endif
