/* Who is at the other end of a connection, and which port of ours it reached. It owns nothing. */
#ifndef WEIR_NET_PEER_H
#define WEIR_NET_PEER_H

#include <stddef.h>
#include <uv.h>

#include "base/cidr.h"

/* The port is 0 and the address is that of a unix client where the system does not say. */
void weir__peer_read(const uv_stream_t *handle, weir__addr *addr, int *port);
/* 0 likewise. */
int weir__peer_local_port(const uv_stream_t *handle);

/* "192.0.2.7", "2001:db8::1", "unix". */
void weir__peer_print(const weir__addr *addr, char *text, size_t size);

#endif
