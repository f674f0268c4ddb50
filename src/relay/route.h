/* An ordered table from host and path prefix to an origin. Pure: it knows no messages and no
 * sockets. The table owns copies of its strings; origins are only pointed to. */
#ifndef WEIR_RELAY_ROUTE_H
#define WEIR_RELAY_ROUTE_H

#include "base/mem.h"
#include "base/slice.h"
#include "weir/exchange.h"

typedef struct weir__routes {
  weir__mem *mem;
  struct weir__route *first; /* the best match first */
} weir__routes;

/* `host` may be NULL. Keeps the table in order of preference. WEIR_EINVAL, WEIR_ENOMEM. */
int weir__routes_add(weir__routes *routes, const char *host, const char *prefix,
                     weir_upstream *upstream);

/* `host` as in a Host field, perhaps with a port or empty; `path` as in a target. NULL: none. */
weir_upstream *weir__routes_find(const weir__routes *routes, weir__slice host, weir__slice path);

void weir__routes_free(weir__routes *routes);

#endif
