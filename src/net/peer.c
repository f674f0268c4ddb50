/* Socket addresses to the addresses of base/cidr. */
#include "net/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

typedef union any_address {
  struct sockaddr any;
  struct sockaddr_in in4;
  struct sockaddr_in6 in6;
  struct sockaddr_storage room;
} any_address;

static int port_of(const any_address *a) {
  return ntohs(a->any.sa_family == AF_INET6 ? a->in6.sin6_port : a->in4.sin_port);
}

static weir__addr addr_of(const any_address *a) {
  return a->any.sa_family == AF_INET6 ? weir__addr_from(&a->in6.sin6_addr, 16)
                                      : weir__addr_from(&a->in4.sin_addr, 4);
}

int weir__peer_read(const uv_stream_t *handle, weir__addr *addr, int *port) {
  any_address a;
  int len = sizeof a;
  *addr = (weir__addr){.family = WEIR__UNIX};
  *port = 0;
  if (handle->type != UV_TCP) return 0;
  int err = uv_tcp_getpeername((const uv_tcp_t *)handle, &a.any, &len);
  if (err) return err;
  *addr = addr_of(&a);
  *port = port_of(&a);
  return 0;
}

int weir__peer_local_port(const uv_stream_t *handle) {
  any_address a;
  int len = sizeof a;
  if (handle->type != UV_TCP) return 0;
  return uv_tcp_getsockname((const uv_tcp_t *)handle, &a.any, &len) ? 0 : port_of(&a);
}

void weir__peer_print(const weir__addr *addr, char *text, size_t size) {
  int family = addr->family == WEIR__IPV6 ? AF_INET6 : AF_INET;
  if (addr->family == WEIR__UNIX || !inet_ntop(family, addr->bytes, text, (socklen_t)size))
    snprintf(text, size, "unix");
}
