/* The TLS handshake in front of a client connection. It knows no request. The handshake has the
 * stream until it is over; what it says then, or its end, is the connection's again. */
#include "relay/downstream_end.h"
#include "relay/relay.h"
#include "weir/err.h"

void weir__downstream_note_refusal(weir__downstream *d, int code) {
  int alert = d->handshake ? weir__tls_alert(weir__handshake_engine(d->handshake)) : -1;
  weir__relay_log(d->relay, WEIR_LOG_INFO,
                  "relay=%p client=%s event=handshake error=%s alert=%d why=\"%s\"",
                  (void *)d->relay, d->peer.text, weir_err_name(code), alert, weir_strerror(code));
}

static void on_shaken(void *owner, int status, weir__stream *stream) {
  weir__downstream *d = owner;
  if (status) weir__downstream_note_refusal(d, status);
  d->handshake = NULL;
  if (status) {
    d->relay->count.handshakes_failed_total++;
    weir__downstream_set_state(d, WEIR__DOWN_CLOSED, 0); /* the stream is closing: gone() comes */
    return;
  }
  d->relay->count.handshakes_total++;
  weir__downstream_use(d, stream);
  weir__downstream_begin(d, weir__slice_of("", 0));
}

static void gone(void *owner) { weir__downstream_closed(owner); }

static int start(weir__downstream *d, weir_tls *tls, weir__slice read) {
  weir__tls *engine;
  weir_relay *relay = d->relay;
  weir__handshake_wish wish = {.early = read, .fn = on_shaken, .gone = gone, .owner = d};
  int rc = weir__tls_accept(&engine, &relay->mem, tls);
  if (rc) return rc;
  rc = weir__handshake_start(&d->handshake, &relay->io, &relay->clock, d->stream, engine, &wish);
  if (rc) weir__tls_free(engine);
  return rc;
}

void weir__downstream_begin_tls(weir__downstream *d, weir_tls *tls, weir__slice read) {
  weir__downstream_set_state(d, WEIR__DOWN_SHAKING, d->relay->set.o.handshake_ms);
  int rc = start(d, tls, read);
  if (rc == 0) return;
  weir__downstream_note_refusal(d, rc);
  d->relay->count.handshakes_failed_total++;
  weir__downstream_use(d, d->stream);
  weir__downstream_drop(d);
}
