/* The URL of an origin, in parts. It looks up no name and opens nothing. The strings belong to the
 * struct. */
#ifndef WEIR_HTTP_URL_H
#define WEIR_HTTP_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

enum { WEIR__HOST_MAX = 253 }; /* longest DNS name (RFC 1035), checked before any look-up */

typedef struct weir__url {
  char *host;      /* name or address, without brackets; NULL for unix */
  char *path;      /* unix: path of the socket; else NULL */
  char *authority; /* as it stands in a Host field: "host", "host:8081", "[::1]:80", "localhost" */
  uint16_t port;   /* 80 or 443 if not given */
  bool tls;        /* https */
  bool numeric;    /* host is an address, so no look-up is needed */
} weir__url;

/* http://host[:port][/], http://[v6][:port][/], the same with https, unix:/path (at most 107
 * bytes). Scheme and host in any case. WEIR_EURL for anything else: userinfo, path, query,
 * fragment, empty host, port 0 or out of range, control characters, a name longer than 253.
 * WEIR_ENOMEM. On error nothing is kept. */
int weir__url_parse(weir__url *url, weir__mem *mem, const char *text);
void weir__url_free(weir__url *url, weir__mem *mem);

#endif
