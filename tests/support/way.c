/* See way.h. */
#include "support/way.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/tls_end.h"

static bool is_one_of(const char *way, const char *other) {
  const char *chosen = getenv("WEIR_TEST_WAY");
  static const char *const known[] = {"plain", "client", "origin", "both"};
  if (!chosen) return false;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strcmp(chosen, known[i]) == 0)
      return strcmp(chosen, way) == 0 || strcmp(chosen, other) == 0;
  fprintf(stderr, "WEIR_TEST_WAY: '%s' is none of plain, client, origin, both.\n", chosen);
  exit(1);
}

bool client_is_secure(void) { return is_one_of("client", "both"); }

bool origin_is_secure(void) { return is_one_of("origin", "both"); }

weir_tls *way_listener_tls(void) {
  static weir_tls *tls;
  const weir_tls_pair good = CA_PAIR("good");
  if (!tls)
    tls = tls_server(&(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .pairs = &good, .pair_count = 1});
  return tls;
}

weir_tls *way_origin_tls_with(const weir_tls_options *options) {
  weir_tls_options all = *options;
  all.ca = CA("root.crt");
  all.sni = all.verify_name = "good.test";
  return tls_origin(&all);
}

weir_tls *way_origin_tls(void) {
  static weir_tls *tls;
  if (!tls) tls = way_origin_tls_with(&(weir_tls_options){WEIR_TLS_OPTIONS_INIT});
  return tls;
}
