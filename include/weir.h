/* weir: an embeddable library for chunk-flushing HTTP relays.
 *
 * A weir is a low dam: whatever reaches it flows straight over. The library opens an origin over
 * libuv, parses its response with llhttp and writes every piece of the body to the client the
 * moment it was read. The smallest relay (examples/minimal.c is the same, with error checks):
 *
 *   weir_relay *relay;
 *   weir_upstream *origin;
 *   weir_relay_new(&relay, uv_default_loop(), NULL);
 *   weir_upstream_new(&origin, relay, &(weir_upstream_options){WEIR_UPSTREAM_OPTIONS_INIT,
 *                                                              .url = "http://127.0.0.1:8081"});
 *   weir_relay_route(relay, NULL, "/", origin);
 *   weir_relay_listen(relay, "127.0.0.1:8080", NULL, NULL);
 *   uv_run(uv_default_loop(), UV_RUN_DEFAULT);
 *
 * Rules that hold for every function and are not repeated at each:
 *  - Threads: a relay and all that hangs on it belong to the thread that runs its loop. There are
 *    no globals and no locks. Many cores: one loop and one relay a thread, with `reuse_port`.
 *  - Results: 0, or a negative code of weir/err.h or of libuv; weir_strerror() has the sentence.
 *    On error nothing has changed.
 *  - Strings and option structs are copied unless a comment says otherwise.
 *  - Hooks run on the loop's thread, never from inside weir_relay_new/_route/_listen. What each
 *    may do is written at weir_hooks (weir/exchange.h).
 *  - SIGPIPE: libuv writes without MSG_NOSIGNAL, so a program that links weir must ignore SIGPIPE
 *    (`signal(SIGPIPE, SIG_IGN)`), as weir-relay does.
 */
#ifndef WEIR_H
#define WEIR_H

#include "weir/alloc.h"
#include "weir/err.h"
#include "weir/events.h"
#include "weir/exchange.h"
#include "weir/head.h"
#include "weir/log.h"
#include "weir/relay.h"
#include "weir/sse.h"
#include "weir/tls.h"
#include "weir/version.h"

#endif
