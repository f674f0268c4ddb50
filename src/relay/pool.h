/* An origin, its TLS session, its idle connections. It knows no messages: a connection that says
 * anything while it is idle is closed. The origin belongs to its relay; a pooled stream belongs to
 * the pool. */
#ifndef WEIR_RELAY_POOL_H
#define WEIR_RELAY_POOL_H

#include "base/list.h"
#include "http/url.h"
#include "net/connect.h"
#include "net/stream_tls.h"
#include "weir/relay.h"

struct weir_upstream {
  weir__list node; /* in the relay */
  weir_relay *relay;
  weir__url url;
  weir__endpoint endpoint; /* points into url */
  char *host;              /* NULL: the client's Host goes upstream */
  weir_tls *tls;           /* held; NULL: plain */
  weir__slice session;     /* what the next connection resumes with; ours */
  weir__list idle;
  size_t idle_count;
};

/* The connection that was used last and on which the origin has been silent to this very moment, or
 * NULL. A FIN that waits unread would cost the request, stray bytes would become its answer. The
 * stream is the caller's, still reading: it must be owned before the loop turns. */
weir__stream *weir__pool_take(weir_upstream *upstream);

/* Keeps a reading stream for at most `ms`; closes it when there are enough already or memory is
 * out. The stream is the pool's. */
void weir__pool_give(weir_upstream *upstream, weir__stream *stream, uint32_t ms);

/* Closes a connection on which both sides have said all they had to: over TLS behind close_notify
 * (RFC 8446, 6.1). */
void weir__origin_leave(weir_upstream *upstream, weir__stream *stream);

/* Closes every idle connection. */
void weir__pool_clear(weir_upstream *upstream);

/* Fetches the session that came on a stream to it, if one did. */
void weir__origin_learn(weir_upstream *upstream, weir__stream *stream);
/* The next connection shakes hands in full. */
void weir__origin_forget(weir_upstream *upstream);

void weir__origin_free(weir_upstream *upstream);

#endif
