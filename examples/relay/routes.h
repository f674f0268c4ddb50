/* Which requests go to which origin, as the command line says it. Checks spelling and
 * contradictions; what a URL may be is the library's to judge. Texts are argv's, the rest belongs
 * to the struct. */
#ifndef RELAY_ROUTES_H
#define RELAY_ROUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <weir.h>

struct routes {
  struct route *items;
  size_t count;
};

/* Adds "PREFIX=URL" or "HOST/PREFIX=URL"; as a route for everything, a plain URL. False after
 * saying what is wrong. */
bool routes_add(struct routes *routes, const char *text);
bool routes_add_origin(struct routes *routes, const char *url);

/* True if some URL is https. */
bool routes_have_https(const struct routes *routes);

/* Gives all of them to a relay, with one upstream for each URL. `host` is sent to all origins, or
 * NULL for the client's; `tls` is for those with https. False after saying what is wrong. */
bool routes_apply(const struct routes *routes, weir_relay *relay, const char *host, weir_tls *tls);

void routes_free(struct routes *routes);

#endif
