/* See redirect.h. */
#include "redirect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HTTPS_PORT = 443, BAD_REQUEST = 400, NO_MEMORY = 503, PORT_SIZE = 12 };

/* Without its port: the colons of an IPv6 address are no such. */
static size_t name_len(const char *host) {
  const char *bracket = *host == '[' ? strchr(host, ']') : NULL;
  return bracket ? (size_t)(bracket + 1 - host) : strcspn(host, ":");
}

/* The caller frees it. NULL without memory. */
static char *place_at_https(const char *host, int port, const char *target) {
  char suffix[PORT_SIZE] = "";
  size_t size = strlen("https://") + strlen(host) + sizeof suffix + strlen(target) + 1;
  char *place = malloc(size);
  if (port && port != HTTPS_PORT) snprintf(suffix, sizeof suffix, ":%d", port);
  if (place) snprintf(place, size, "https://%.*s%s%s", (int)name_len(host), host, suffix, target);
  return place;
}

static int answer(weir_exchange *ex, const char *place) {
  static const char body[] = "This is served over https only.\n";
  const weir_field fields[] = {{"Location", place}, {"Content-Type", "text/plain"}};
  return weir_exchange_answer(ex, &(weir_answer){WEIR_ANSWER_INIT, .status = 308, .fields = fields,
                                                 .field_count = 2, .body = body,
                                                 .body_len = sizeof body - 1});
}

int redirect_to_https(weir_exchange *ex, int port) {
  const char *host = weir_exchange_host(ex), *target = weir_exchange_target(ex);
  if (name_len(host) == 0 || *target != '/') return BAD_REQUEST; /* CONNECT, OPTIONS * */
  char *place = place_at_https(host, port, target);
  if (!place) return NO_MEMORY;
  int rc = answer(ex, place);
  free(place);
  if (rc == 0) return 0;
  return rc == WEIR_ENOMEM ? NO_MEMORY : BAD_REQUEST;
}
