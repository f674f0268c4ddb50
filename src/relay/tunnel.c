/* Bytes both ways after a 101, or after a 2xx to CONNECT. The two sides stay what they were, only
 * their readers are passed by; what is left to do is the half-close of each direction. */
#include "relay/exchange.h"
#include "relay/relay.h"
#include "weir/err.h"

int weir__tunnel_begin(weir_exchange *ex, const weir_head *head) {
  int rc = weir__downstream_send_head(ex->down, head, head->status == 101 ? head->upgrade : NULL);
  if (rc) return rc;
  ex->head_sent = ex->request_done = true;
  ex->stats.status = head->status;
  ex->up.sender.body = weir__body_of(WEIR__FRAMING_TUNNEL, 0);
  weir__deadlines_stop(&ex->deadlines, WEIR_TIMER_HEAD);
  weir__exchange_set_phase(ex, WEIR__PHASE_TUNNEL);
  weir__head_free(ex->request);
  ex->request = NULL;
  ex->upgrade = NULL;
  weir__downstream_go_raw(ex->down); /* what the client sent too early goes out only now */
  return weir__exchange_over(ex) ? WEIR_ECANCELED : 0;
}

int weir__tunnel_client_fin(weir_exchange *ex) {
  ex->client_fin = true;
  weir__upstream_flush(&ex->up);
  weir__upstream_send_fin(&ex->up);
  return 0;
}

int weir__tunnel_origin_fin(weir_exchange *ex) {
  ex->origin_fin = true;
  if (weir__exchange_flush_client(ex)) return WEIR_ECANCELED;
  weir__downstream_send_fin(ex->down);
  return 0;
}

/* Both directions have ended, and everything has left in both. An origin that has sent FIN and then
 * takes no more will not tell so by anything that can be read. */
void weir__tunnel_end_if_done(weir_exchange *ex) {
  if (ex->origin_fin && ex->up.broken) weir__exchange_fail(ex, WEIR_END_RESET, ex->up.broken);
  if (weir__exchange_over(ex) || !ex->client_fin || !ex->origin_fin) return;
  if (weir__sender_pending(&ex->up.sender) || weir__downstream_pending(ex->down)) return;
  ex->response_done = true;
  ex->end = WEIR_END_COMPLETE;
  weir__upstream_release(&ex->up); /* whole: nothing is to be reset */
}
