/* A connection that belongs to a host, lent to the relay by weir_relay_accept() or _start(), and
 * what came back of it. The test is the host. */
#ifndef WEIR_TEST_LENT_H
#define WEIR_TEST_LENT_H

#include "support/fixture.h"

typedef struct lent lent;
struct lent {
  fixture *f;
  peer_handle handle;    /* the host's end; its data points to this struct */
  peer *client;          /* the other end */
  weir_tls *tls;         /* what the host says that its client speaks; not owned; NULL: plain */
  bool out;              /* the relay has it */
  unsigned returns;      /* how often it came back .. */
  bool open;             /* .. and how, the last time */
  char *rest;            /* NUL-terminated; "" for none */
  bool calling;          /* the relay is being called: nothing may come back now */
  void (*then)(lent *l); /* the last thing when it came back; may lend it again */
};

/* The relay listens no more, as that of a host which accepts by itself. */
void lent_only(fixture *f);

/* Two connected ends: UV_TCP on the loopback, or UV_NAMED_PIPE. */
void lent_open(lent *l, fixture *f, uv_handle_type type);
/* Where this run says that clients speak TLS, this one does: for lend() only, for who lends a
 * request has read it. To be called before the client says anything. */
void lent_secure(lent *l);
/* Closes it. If the relay still has it, the relay is closed before. */
void lent_close(lent *l);
/* Behind fixture_end(). */
void lent_free(lent *l);

/* The host has read `bytes` already. They are gone when it returns. Over TLS the client says them
 * before anything else, and what the host has read is the beginning of its hello. */
int lend(lent *l, const char *bytes, size_t len);
/* The host has read `head` of one request, which it splits into a weir_request, and then `body`. */
int lend_request(lent *l, const char *head, const char *body);
/* The same with an origin and hooks for this request alone. */
int lend_request_to(lent *l, const char *head, const char *body, weir_upstream *upstream,
                    const weir_hooks *hooks);

#endif
