/* Who is at the other end of a connection, and which port of ours it reached. It owns nothing. */
#ifndef WEIR_NET_PEER_H
#define WEIR_NET_PEER_H

#include <stddef.h>
#include <uv.h>

#include "base/cidr.h"

/* A unix client has no port: 0. What the system says if it does not know: a client that has left
 * again (UV_ENOTCONN) must not be taken for one of another kind. */
int weir__peer_read(const uv_stream_t *handle, weir__addr *addr, int *port);
/* 0 for unix. */
int weir__peer_local_port(const uv_stream_t *handle);

/* "192.0.2.7", "2001:db8::1", "unix". */
void weir__peer_print(const weir__addr *addr, char *text, size_t size);

#endif
