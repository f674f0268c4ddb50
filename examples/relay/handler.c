/* See handler.h. */
#include "handler.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "redirect.h"
#include "say.h"

enum { ID_SIZE = 64, PORT_SIZE = 12 };

/* What is wanted of the request when its head is gone already. One block, made in on_request and
 * freed in on_end. */
struct note {
  const char *method, *target, *host;
  char text[];
};

/* ---- notes ---- */

static bool wants_note(const struct handler *h) {
  return access_log_is_on(&h->log) || h->config->response_fields.uses[PLACEHOLDER_HOST];
}

static const char *append(char **at, const char *text) {
  size_t size = strlen(text) + 1;
  const char *copy = memcpy(*at, text, size);
  *at += size;
  return copy;
}

/* Without memory there is none, and the log says null. */
static void take_note(weir_exchange *ex) {
  const char *method = weir_exchange_method(ex), *target = weir_exchange_target(ex);
  const char *host = weir_exchange_host(ex);
  struct note *note = malloc(sizeof *note + strlen(method) + strlen(target) + strlen(host) + 3);
  if (!note) return;
  char *at = note->text;
  note->method = append(&at, method);
  note->target = append(&at, target);
  note->host = append(&at, host);
  weir_exchange_set_data(ex, note);
}

/* ---- fields ---- */

static void print_id(char out[ID_SIZE], const struct handler *h, const weir_exchange *ex) {
  snprintf(out, ID_SIZE, "%s%" PRIu64, h->id_prefix, weir_exchange_id(ex));
}

static const char *host_of(const weir_exchange *ex) {
  const struct note *note = weir_exchange_data(ex);
  const char *host = note ? note->host : weir_exchange_host(ex);
  return host ? host : "";
}

static int apply(const struct fields *fields, const struct handler *h, weir_exchange *ex,
                 weir_head *head) {
  char id[ID_SIZE], client_port[PORT_SIZE], local_port[PORT_SIZE];
  if (!fields_want_values(fields)) return fields_apply(fields, head, NULL);
  print_id(id, h, ex);
  snprintf(client_port, sizeof client_port, "%d", weir_exchange_client_port(ex));
  snprintf(local_port, sizeof local_port, "%d", weir_exchange_local_port(ex));
  return fields_apply(fields, head,
                      &(struct placeholder_values){
                          .of = {[PLACEHOLDER_CLIENT_ADDR] = weir_exchange_client_address(ex),
                                 [PLACEHOLDER_CLIENT_PORT] = client_port,
                                 [PLACEHOLDER_LOCAL_PORT] = local_port,
                                 [PLACEHOLDER_HOST] = host_of(ex),
                                 [PLACEHOLDER_SCHEME] = weir_exchange_scheme(ex),
                                 [PLACEHOLDER_REQUEST_ID] = id}});
}

/* A head without a field that was asked for must not pass: an origin may trust in it. */
static int verdict(int rc) {
  if (rc == 0) return 0;
  (void)say("a field cannot be set: %s", weir_strerror(rc));
  return rc == WEIR_ENOMEM ? 503 : 500;
}

/* ---- hooks ---- */

/* With certificates, all but --http-redirect speak TLS: what is plain never reaches an origin. */
static bool is_for_https(const struct handler *h, const weir_exchange *ex) {
  return h->config->certs.count && strcmp(weir_exchange_scheme(ex), "https") != 0;
}

static int on_request(weir_exchange *ex, weir_head *head, void *user) {
  const struct handler *h = user;
  if (wants_note(h)) take_note(ex);
  if (is_for_https(h, ex)) return redirect_to_https(ex, h->https_port);
  return verdict(apply(&h->config->request_fields, h, ex, head));
}

static int on_response(weir_exchange *ex, weir_head *head, void *user) {
  const struct handler *h = user;
  return verdict(apply(&h->config->response_fields, h, ex, head));
}

/* An exchange that ended before on_request has no note, but its head still. */
static void write_log(struct handler *h, const weir_exchange *ex, enum weir_end end,
                      const weir_stats *stats) {
  char id[ID_SIZE];
  const struct note *note = weir_exchange_data(ex);
  print_id(id, h, ex);
  access_log_write(&h->log,
                   &(struct access_entry){.client = weir_exchange_client_address(ex),
                                          .method = note ? note->method : weir_exchange_method(ex),
                                          .target = note ? note->target : weir_exchange_target(ex),
                                          .id = id,
                                          .end = end},
                   stats);
}

static void on_end(weir_exchange *ex, enum weir_end end, const weir_stats *stats, void *user) {
  struct handler *h = user;
  if (access_log_is_on(&h->log)) write_log(h, ex, end, stats);
  free(weir_exchange_data(ex));
}

weir_hooks handler_hooks(struct handler *h) {
  weir_hooks hooks = {WEIR_HOOKS_INIT, .user = h};
  bool note = wants_note(h);
  if (note || h->config->redirects.count || h->config->request_fields.count)
    hooks.on_request = on_request;
  if (h->config->response_fields.count) hooks.on_response = on_response;
  if (note) hooks.on_end = on_end;
  return hooks;
}

bool handler_open(struct handler *h, const struct config *config, const char *run,
                  unsigned worker) {
  *h = (struct handler){.config = config};
  snprintf(h->id_prefix, sizeof h->id_prefix, "%s-%u-", run, worker);
  return access_log_open(&h->log, config->check_only ? NULL : config->access_log);
}

void handler_close(struct handler *h) { access_log_close(&h->log); }
