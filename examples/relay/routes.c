/* See routes.h. */
#include "routes.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "say.h"

struct route {
  const char *text; /* as given */
  const char *url;  /* in it */
  char *host;       /* NULL: any */
  char *prefix;
};

/* ---- reading ---- */

static void free_route(struct route *route) {
  free(route->host);
  free(route->prefix);
}

static bool is_same(const struct route *a, const struct route *b) {
  if (strcmp(a->prefix, b->prefix) != 0 || !a->host != !b->host) return false;
  return !a->host || strcasecmp(a->host, b->host) == 0;
}

static bool is_new(const struct routes *routes, const struct route *route) {
  for (size_t i = 0; i < routes->count; i++) {
    const struct route *other = &routes->items[i];
    if (is_same(route, other))
      return say("two origins for %s%s: '%s' and '%s'", route->host ? route->host : "",
                 route->prefix, other->text, route->text);
  }
  return true;
}

/* Takes the copies of `route`, also on failure. */
static bool keep(struct routes *routes, struct route *route, bool copied) {
  struct route *more = NULL;
  bool ok = copied || say("out of memory");
  if (ok) ok = is_new(routes, route);
  if (ok) {
    more = realloc(routes->items, (routes->count + 1) * sizeof *more);
    ok = more || say("out of memory");
  }
  if (!ok) {
    free_route(route);
    return false;
  }
  routes->items = more;
  routes->items[routes->count++] = *route;
  return true;
}

bool routes_add(struct routes *routes, const char *text) {
  const char *slash = strchr(text, '/'), *equals = strchr(text, '=');
  if (!slash || !equals || equals < slash || !equals[1])
    return say("--route %s: want PREFIX=URL, as in /api=http://127.0.0.1:8081, or HOST/PREFIX=URL",
               text);
  struct route route = {.text = text, .url = equals + 1};
  route.prefix = strndup(slash, (size_t)(equals - slash));
  if (slash > text) route.host = strndup(text, (size_t)(slash - text));
  return keep(routes, &route, route.prefix && (route.host || slash == text));
}

bool routes_add_origin(struct routes *routes, const char *url) {
  struct route route = {.text = url, .url = url, .prefix = strdup("/")};
  return keep(routes, &route, route.prefix != NULL);
}

void routes_free(struct routes *routes) {
  for (size_t i = 0; i < routes->count; i++) free_route(&routes->items[i]);
  free(routes->items);
  *routes = (struct routes){0};
}

/* ---- https ---- */

static bool is_https(const char *url) { return strncasecmp(url, "https://", 8) == 0; }

bool routes_have_https(const struct routes *routes) {
  for (size_t i = 0; i < routes->count; i++)
    if (is_https(routes->items[i].url)) return true;
  return false;
}

/* ---- applying ---- */

/* The upstream of an earlier route with the same URL, so that both share its idle connections. */
static weir_upstream *find_upstream(const struct routes *routes, weir_upstream *const *upstreams,
                                    size_t before) {
  for (size_t i = 0; i < before; i++)
    if (strcmp(routes->items[i].url, routes->items[before].url) == 0) return upstreams[i];
  return NULL;
}

static bool make_upstream(weir_upstream **upstream, weir_relay *relay, const char *url,
                          const char *host, weir_tls *tls) {
  weir_upstream_options options = {WEIR_UPSTREAM_OPTIONS_INIT, .url = url, .host = host,
                                   .tls = is_https(url) ? tls : NULL};
  int rc = weir_upstream_new(upstream, relay, &options);
  if (rc == 0) return true;
  options.host = NULL; /* WEIR_EURL does not tell which of the two it means */
  if (host && weir_upstream_new(upstream, relay, &options) == 0)
    return say("--origin-host %s: want host or host:port", host);
  return say("%s: %s", url, weir_strerror(rc));
}

static bool apply(const struct routes *routes, weir_upstream **upstreams, weir_relay *relay,
                  const char *host, weir_tls *tls) {
  for (size_t i = 0; i < routes->count; i++) {
    const struct route *route = &routes->items[i];
    upstreams[i] = find_upstream(routes, upstreams, i);
    if (!upstreams[i] && !make_upstream(&upstreams[i], relay, route->url, host, tls)) return false;
    int rc = weir_relay_route(relay, route->host, route->prefix, upstreams[i]);
    if (rc) return say("--route %s: %s", route->text, weir_strerror(rc));
  }
  return true;
}

bool routes_apply(const struct routes *routes, weir_relay *relay, const char *host, weir_tls *tls) {
  weir_upstream **upstreams = calloc(routes->count, sizeof *upstreams);
  if (!upstreams) return say("out of memory");
  bool ok = apply(routes, upstreams, relay, host, tls);
  free(upstreams);
  return ok;
}
