/* A list sorted as it is read: with host before without, longer prefixes before shorter ones. */
#include "relay/route.h"

#include "http/chars.h"
#include "weir/err.h"

struct weir__route {
  struct weir__route *next;
  char *host; /* NULL: any */
  char *prefix;
  size_t prefix_len;
  weir_upstream *upstream;
};

/* The part of "host:port" or "[v6]:port" that names the host. */
static weir__slice without_port(weir__slice host) {
  const char *end = host.len && host.ptr[0] == '[' ? memchr(host.ptr, ']', host.len) : NULL;
  size_t from = end ? (size_t)(end - host.ptr) : 0;
  const char *colon = memchr(host.ptr + from, ':', host.len - from);
  return colon ? weir__slice_of(host.ptr, (size_t)(colon - host.ptr)) : host;
}

static bool comes_before(const struct weir__route *a, const struct weir__route *b) {
  if (!a->host != !b->host) return a->host != NULL;
  return a->prefix_len > b->prefix_len;
}

static void free_route(weir__mem *mem, struct weir__route *route) {
  weir__mem_free(mem, route->host);
  weir__mem_free(mem, route->prefix);
  weir__mem_free(mem, route);
}

static struct weir__route *new_route(weir__mem *mem, const char *host, const char *prefix) {
  struct weir__route *route = weir__mem_new(mem, sizeof *route);
  if (!route) return NULL;
  route->prefix_len = strlen(prefix);
  route->prefix = weir__mem_copy(mem, weir__slice_str(prefix));
  if (host) route->host = weir__mem_copy(mem, without_port(weir__slice_str(host)));
  if (route->prefix && (route->host || !host)) return route;
  free_route(mem, route);
  return NULL;
}

int weir__routes_add(weir__routes *routes, const char *host, const char *prefix,
                     weir_upstream *upstream) {
  if (!prefix || prefix[0] != '/' || !upstream) return WEIR_EINVAL;
  if (host && !weir__is_host(weir__slice_str(host))) return WEIR_EINVAL;
  struct weir__route *route = new_route(routes->mem, host, prefix);
  if (!route) return WEIR_ENOMEM;
  route->upstream = upstream;
  struct weir__route **at = &routes->first;
  while (*at && !comes_before(route, *at)) at = &(*at)->next;
  route->next = *at;
  *at = route;
  return 0;
}

static bool matches(const struct weir__route *route, weir__slice host, weir__slice path) {
  if (route->host && !weir__slice_is_nocase(host, route->host)) return false;
  if (weir__slice_is(path, "*")) return route->prefix_len == 1; /* OPTIONS *: the whole server */
  return path.len >= route->prefix_len && memcmp(path.ptr, route->prefix, route->prefix_len) == 0;
}

weir_upstream *weir__routes_find(const weir__routes *routes, weir__slice host, weir__slice path) {
  host = without_port(host);
  for (const struct weir__route *route = routes->first; route; route = route->next)
    if (matches(route, host, path)) return route->upstream;
  return NULL;
}

void weir__routes_free(weir__routes *routes) {
  struct weir__route *route;
  while ((route = routes->first)) {
    routes->first = route->next;
    free_route(routes->mem, route);
  }
}
