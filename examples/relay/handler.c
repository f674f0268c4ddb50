/* See handler.h. */
#include "handler.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content.h"
#include "redirect.h"
#include "say.h"

enum { ID_SIZE = 64, PORT_SIZE = 12 };

/* What is wanted of the request when its head is gone already. One block, made in on_request and
 * freed in on_end. */
struct note {
  uint32_t retries; /* of a stream that began with an error */
  const char *method, *target, *host;
  char text[];
};

/* ---- notes ---- */

static bool wants_note(const struct handler *h) {
  return access_log_is_on(&h->log) || h->config->response_fields.uses[PLACEHOLDER_HOST] ||
         h->config->commit_retry;
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
  note->retries = 0;
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

static int is_content(weir_exchange *ex, const weir_sse_event *event, void *user) {
  (void)ex, (void)user;
  return content_is(event);
}

/* How many tokens there are is the origin's secret until its last event, if it tells it at all; but
 * those that stream send one or a few with each event. */
static int count_token(weir_exchange *ex, const weir_sse_event *event, void *user) {
  (void)user;
  if (content_is(event)) (void)weir_exchange_spend(ex, 1);
  return WEIR_EVENT_PASS;
}

/* Without a note there is no telling how often. */
static int on_commit(weir_exchange *ex, weir_head *head, const weir_sse_event *event, void *user) {
  const struct handler *h = user;
  struct note *note = weir_exchange_data(ex);
  (void)head;
  if (!event || !content_is_error(event)) return WEIR_COMMIT_SEND;
  if (!note || note->retries == h->config->commit_retry) return 503;
  note->retries++;
  return WEIR_COMMIT_NEXT;
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
  if (h->config->commit_retry) hooks.on_commit = on_commit;
  if (h->config->events.max_tokens) hooks.on_event = count_token; /* would switch the tap on */
  hooks.is_content = is_content;
  return hooks;
}

bool handler_open(struct handler *h, const struct config *config, const char *run,
                  unsigned worker) {
  *h = (struct handler){.config = config};
  snprintf(h->id_prefix, sizeof h->id_prefix, "%s-%u-", run, worker);
  return access_log_open(&h->log, config->check_only ? NULL : config->access_log);
}

void handler_close(struct handler *h) { access_log_close(&h->log); }
