/* What a host may ask and tell an exchange. */
#include "relay/exchange.h"
#include "relay/options.h"
#include "relay/relay.h"
#include "weir/err.h"

int weir_exchange_set_upstream(weir_exchange *ex, weir_upstream *upstream) {
  bool asking = ex->phase == WEIR__PHASE_ASKING, again = ex->events && ex->events->committing;
  if (!ex->in_hook || !ex->request || !(asking || again)) return WEIR_ESTATE;
  if (!upstream || upstream->relay != ex->relay) return WEIR_EINVAL;
  const char *host = upstream->host         ? upstream->host
                     : ex->request->host[0] ? ex->request->host /* the client's */
                                            : upstream->url.authority;
  int rc = weir__head_set(ex->request, weir__slice_str("Host"), weir__slice_str(host));
  if (rc == 0) ex->origin = upstream;
  return rc;
}

static bool is_connect(const weir_exchange *ex) {
  return ex->connect_allowed || (ex->request && strcmp(ex->request->method, "CONNECT") == 0);
}

int weir_exchange_answer(weir_exchange *ex, const weir_answer *answer) {
  weir_answer from;
  if (!ex->in_hook || ex->head_sent || weir__exchange_over(ex)) return WEIR_ESTATE;
  int rc = weir__copy_sized(&from, sizeof from, answer);
  weir__answer made;
  if (rc == 0 && from.status / 100 == 2 && is_connect(ex)) rc = WEIR_EINVAL;
  if (rc == 0) rc = weir__answer_copy(&made, &ex->relay->mem, &from);
  if (rc) return rc;
  weir__answer_free(&ex->answer, &ex->relay->mem);
  ex->answer = made;
  return 0;
}

int weir_exchange_allow_connect(weir_exchange *ex) {
  if (ex->phase != WEIR__PHASE_ASKING || !ex->in_hook) return WEIR_ESTATE;
  ex->connect_allowed = strcmp(ex->request->method, "CONNECT") == 0;
  return 0;
}

void weir_exchange_abort(weir_exchange *ex) {
  weir__exchange_fail(ex, WEIR_END_CUT, WEIR_ECANCELED);
}

uint64_t weir_exchange_id(const weir_exchange *ex) { return ex->id; }

const char *weir_exchange_client_address(const weir_exchange *ex) { return ex->down->peer.text; }
int weir_exchange_client_port(const weir_exchange *ex) { return ex->down->peer.port; }
int weir_exchange_local_port(const weir_exchange *ex) { return ex->down->peer.local_port; }
const char *weir_exchange_scheme(const weir_exchange *ex) { return ex->down->peer.scheme; }

const char *weir_exchange_method(const weir_exchange *ex) {
  return ex->request ? ex->request->method : NULL;
}
const char *weir_exchange_target(const weir_exchange *ex) {
  return ex->request ? ex->target : NULL;
}
const char *weir_exchange_host(const weir_exchange *ex) {
  return ex->request ? ex->request->host : NULL;
}

void weir_exchange_set_data(weir_exchange *ex, void *data) { ex->data = data; }
void *weir_exchange_data(const weir_exchange *ex) { return ex->data; }
