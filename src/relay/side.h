/* What both sides of an exchange report to it: the client's side a request, the origin's a
 * response. It does not say which side. `owner` is the exchange; heads are passed as in
 * http/h1_read.h. */
#ifndef WEIR_RELAY_SIDE_H
#define WEIR_RELAY_SIDE_H

#include "base/slice.h"
#include "http/head.h"

/* The first four run inside a read; a result other than 0 ends the reading of this message. */
typedef struct weir__side_events {
  int (*on_interim)(void *owner, weir_head *head); /* never from the client */
  int (*on_head)(void *owner, weir_head *head);    /* the head is the owner's from here */
  int (*on_body)(void *owner, weir__slice span);   /* valid until on_flush */
  int (*on_end)(void *owner, weir_head *trailers); /* the message is complete; NULL: none */
  void (*on_flush)(void *owner);     /* all of one read was reported: now it must leave */
  void (*on_connected)(void *owner); /* TLS begins on a new connection; never from the client */
  void (*on_open)(void *owner);      /* there is a connection: what waited was sent on it */
  void (*on_drained)(void *owner);   /* less waits on this side than before */
  void (*on_gone)(void *owner,
                  int code); /* the side is of no use any more: UV_EOF, UV_E.., WEIR_E.. */
} weir__side_events;

#endif
