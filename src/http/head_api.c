/* The public face of a head: what a hook may read and change, with every check that keeps a program
 * from writing an ambiguous message. It knows no hook. The head owns all strings. */
#include <string.h>

#include "http/chars.h"
#include "http/head.h"
#include "weir/err.h"

const char *weir_head_method(const weir_head *head) { return head->method; }
const char *weir_head_target(const weir_head *head) { return head->target; }
int weir_head_status(const weir_head *head) { return head->status; }
const char *weir_head_reason(const weir_head *head) { return head->reason; }

const char *weir_head_get(const weir_head *head, const char *name) {
  const weir__field *field = weir__head_search(head, weir__slice_str(name));
  return field ? field->pub.value : NULL;
}

const weir_field *weir_head_next(const weir_head *head, const weir_field *after) {
  const weir__field *field = after ? ((const weir__field *)after)->next : head->first;
  while (field && field->removed) field = field->next;
  return field ? &field->pub : NULL;
}

/* ---- fields ---- */

static const weir__names ours = WEIR__IN(CONNECTION) | WEIR__IN(CONTENT_LENGTH) |
                                WEIR__IN(KEEP_ALIVE) | WEIR__IN(PROXY_CONNECTION) | WEIR__IN(TE) |
                                WEIR__IN(TRANSFER_ENCODING) | WEIR__IN(UPGRADE);

static bool is_ours(const char *name) {
  return weir__names_have(ours, weir__name_of(weir__slice_str(name)));
}

/* A request has exactly one Host (RFC 9112, 3.2): it may only be replaced. */
static bool is_its_host(const weir_head *head, const char *name) {
  return head->request && strcasecmp(name, "Host") == 0;
}

static bool may_set(const weir_head *head, const char *name, weir__slice value) {
  if (!weir__is_token(weir__slice_str(name)) || is_ours(name)) return false;
  return is_its_host(head, name) ? weir__is_host(value) : weir__is_field_value(value);
}

int weir_head_set(weir_head *head, const char *name, const char *value) {
  weir__slice trimmed = weir__slice_trim(weir__slice_str(value));
  if (!may_set(head, name, trimmed)) return WEIR_EFIELD;
  return weir__head_set(head, weir__slice_str(name), trimmed);
}

int weir_head_add(weir_head *head, const char *name, const char *value) {
  weir__slice trimmed = weir__slice_trim(weir__slice_str(value));
  if (!may_set(head, name, trimmed) || is_its_host(head, name)) return WEIR_EFIELD;
  return weir__head_add(head, weir__slice_str(name), trimmed);
}

int weir_head_remove(weir_head *head, const char *name) {
  if (!weir__is_token(weir__slice_str(name)) || is_ours(name)) return WEIR_EFIELD;
  if (is_its_host(head, name)) return WEIR_EFIELD;
  weir__head_remove(head, weir__slice_str(name));
  return 0;
}

/* ---- start line ---- */

/* `*` asks about the server as a whole, which only OPTIONS can (RFC 9112, 3.2.4); a CONNECT has no
 * path at all. */
static bool may_be_target(const weir_head *head, weir__slice target) {
  if (strcmp(head->method, "CONNECT") == 0) return false;
  if (weir__slice_is(target, "*")) return strcmp(head->method, "OPTIONS") == 0;
  return weir__is_origin_form(target);
}

int weir_head_set_target(weir_head *head, const char *target) {
  if (!head->request) return WEIR_ESTATE;
  if (!may_be_target(head, weir__slice_str(target))) return WEIR_ETARGET;
  const char *copy = weir__arena_copy(&head->arena, weir__slice_str(target));
  if (!copy) return WEIR_ENOMEM;
  head->target = copy;
  return 0;
}

static bool has_no_body(int status) { return status == 204 || status == 304; }

/* A change must leave alone what the client takes for the body: an interim response is not the last
 * one, and a tunnel is none after anything but 2xx. */
static bool may_be_status(const weir_head *head, int status) {
  if (status < 200 || status > 599 || head->status < 200) return false;
  if (head->framing == WEIR__FRAMING_TUNNEL) return status < 300;
  return has_no_body(status) == has_no_body(head->status);
}

int weir_head_set_status(weir_head *head, int status, const char *reason) {
  if (head->request) return WEIR_ESTATE;
  if (!may_be_status(head, status)) return WEIR_EINVAL;
  if (!reason) reason = weir__reason(status);
  weir__slice text = weir__slice_trim(weir__slice_str(reason));
  if (!weir__is_field_value(text)) return WEIR_EFIELD;
  const char *copy = weir__arena_copy(&head->arena, text);
  if (!copy) return WEIR_ENOMEM;
  head->reason = copy;
  head->status = status;
  if (status == 204) weir__head_drop(head, WEIR__IN(CONTENT_LENGTH)); /* was 304; RFC 9110, 8.6 */
  return 0;
}
