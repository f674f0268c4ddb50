/* Names to addresses, with uv_getaddrinfo. It opens no socket. A look-up belongs to its caller
 * until it reports or was cancelled. */
#ifndef WEIR_NET_DNS_H
#define WEIR_NET_DNS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "net/io.h"

enum { WEIR__ADDRESSES_MAX = 8 };

typedef union weir__sockaddr {
  struct sockaddr any;
  struct sockaddr_in in4;
  struct sockaddr_in6 in6;
} weir__sockaddr;

typedef struct weir__addresses {
  weir__sockaddr list[WEIR__ADDRESSES_MAX];
  size_t count;
} weir__addresses;

/* `status` 0 with at least one address, else the error. `addresses` is valid until it returns. */
typedef void (*weir__dns_fn)(void *owner, int status, const weir__addresses *addresses);

typedef struct weir__dns weir__dns;

/* Looks `host` up for stream sockets; addresses come in the order of RFC 8305, 4: families
 * alternate, beginning with that of the first answer, no duplicates, at most WEIR__ADDRESSES_MAX.
 * Never calls back before it returns. WEIR_ENOADDRESS for what can be no name (empty, longer than
 * 253 bytes, not ASCII), WEIR_ENOMEM, or libuv's code. */
int weir__dns_start(weir__dns **dns, weir__io *io, const char *host, uint16_t port, weir__dns_fn fn,
                    void *owner);

/* No callback will come. The memory goes back when libuv is done with the request, which may be as
 * late as the resolver's own timeout; weir__io counts it until then. */
void weir__dns_cancel(weir__dns *dns);

/* The same here and now: it blocks, so it is for setting up only. */
int weir__dns_now(weir__addresses *addresses, uv_loop_t *loop, const char *host, uint16_t port);

/* An address literal (v4, v6 without brackets) to a sockaddr; false if it is none. */
bool weir__dns_literal(weir__sockaddr *address, const char *host, uint16_t port);

/* Sorts and leaves out duplicates as said above; pure. */
void weir__dns_order(weir__addresses *addresses);

#endif
