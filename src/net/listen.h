/* Bind, listen, accept. It does not know what is spoken on a connection. A listener belongs to its
 * relay until its close callback. */
#ifndef WEIR_NET_LISTEN_H
#define WEIR_NET_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/list.h"
#include "net/stream_uv.h"
#include "weir/tls.h"

typedef struct weir__listener weir__listener;

/* A stream was accepted; it is the callee's from here. `stream` NULL: a connection had to be
 * dropped
 * (`status` says why: no memory, no descriptors); the listener goes on. */
typedef void (*weir__accept_fn)(void *owner, weir__listener *listener, int status,
                                weir__stream_uv *stream);

/* A uv_tcp_t or a uv_pipe_t. */
typedef union weir__listen_handle {
  uv_handle_t any;
  uv_stream_t stream;
  uv_tcp_t tcp;
  uv_pipe_t pipe;
} weir__listen_handle;

struct weir__listener {
  weir__list node; /* for the owner's list; out of it by itself before on_closed */
  weir__io *io;
  weir__accept_fn on_accept;
  void (*on_closed)(void *owner); /* before the memory goes; may be NULL */
  void *owner;
  int port;   /* bound port; 0 for unix */
  char *path; /* unix: to be unlinked at close if it still is that file, else NULL */
  dev_t device;
  ino_t inode;
  weir__tcp_options tuning;
  bool tunes;    /* each connection, with these */
  weir_tls *tls; /* what its connections are to speak, for the owner to know; held; or NULL */
  int reserve;   /* a descriptor to give up when there are no others; -1: none */
  bool closing;
  bool dropping; /* `spare` is open, or closing */
  bool waiting;  /* a connection came meanwhile; libuv asks for no other one until it is taken */
  weir__listen_handle handle;
  weir__listen_handle spare; /* accepts what is dropped for want of memory */
};

/* `address` as in weir_relay_listen(). A name is looked up here and now, its first address is
 * bound; an empty host binds `::` for both families, or 0.0.0.0 where there is no IPv6. A unix
 * socket left behind is replaced when nobody answers on it; a file that is no socket is never
 * touched (UV_EADDRINUSE). on_accept comes from the loop only. WEIR_EADDRESS, WEIR_ENOADDRESS,
 * WEIR_ENOMEM, UV_E...; on error nothing is left but, perhaps, a handle that is closing. */
int weir__listen(weir__listener **listener, weir__io *io, const char *address, int backlog,
                 bool reuse_port, weir__accept_fn on_accept, void *owner);

/* TCP connections accepted from here on have these options, as weir__tcp_tune() sets them. */
void weir__listener_tune(weir__listener *listener, const weir__tcp_options *options);

/* Its connections speak TLS. */
void weir__listener_secure(weir__listener *listener, weir_tls *tls);

/* Stops accepting and closes; a unix path that is still ours is unlinked. Idempotent. */
void weir__listener_close(weir__listener *listener, void (*on_closed)(void *owner));

/* "host:port" in parts, pure: host without brackets ("" for every address), port. Brackets must
 * hold an IPv6 address. False for anything else, also for a host that does not fit into `size`
 * bytes. */
bool weir__listen_parse(const char *address, char *host, size_t size, uint16_t *port);

#endif
