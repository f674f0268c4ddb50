/* See forward_fields.h. */
#include "http/forward_fields.h"

#include "http/chars.h"
#include "weir/err.h"

/* ---- building values ---- */

/* A string that grows in the head's arena. */
typedef struct text {
  weir__arena *arena;
  char *str;
  size_t len;
  int rc;
} text;

static void put(text *t, weir__slice more) {
  if (!t->rc) t->rc = weir__arena_append(t->arena, &t->str, &t->len, more);
}

static void put_str(text *t, const char *str) { put(t, weir__slice_str(str)); }

static void put_element(text *t, weir__slice element) {
  if (!element.len) return;
  if (t->len) put_str(t, ", ");
  put(t, element);
}

/* Makes one field of all of that name, with one more element: some readers see only the first field
 * or only the last. */
static int append_to_list(weir_head *head, enum weir__name name, weir__slice element) {
  text list = {.arena = &head->arena};
  const weir__field *f = weir__head_find(head, name);
  for (; f; f = weir__head_find_next(f)) put_element(&list, weir__field_value(f));
  put_element(&list, element);
  if (list.rc || !list.len) return list.rc;
  return weir__head_put(head, name, weir__slice_of(list.str, list.len));
}

/* ---- X-Forwarded-*, X-Real-IP ---- */

static bool is_told(const weir_head *head, enum weir__name name) {
  const weir__field *present = weir__head_find(head, name);
  return present && present->value_len;
}

/* Sets a field that tells one thing, unless somebody trusted has told it already. The value lies in
 * the arena or is static. */
static int tell(weir_head *head, enum weir__name name, weir__slice value) {
  return value.len && !is_told(head, name) ? weir__head_put(head, name, value) : 0;
}

static int tell_port(weir_head *head, int port) {
  char digits[WEIR__DECIMAL];
  if (!port || is_told(head, WEIR__NAME_X_FORWARDED_PORT)) return 0;
  weir__slice printed = weir__print_decimal(digits, (uint64_t)port);
  const char *copy = weir__arena_copy(&head->arena, printed);
  if (!copy) return WEIR_ENOMEM;
  return weir__head_put(head, WEIR__NAME_X_FORWARDED_PORT, weir__slice_of(copy, printed.len));
}

static int add_x_forwarded(weir_head *head, const weir__peer *peer) {
  bool known = peer->addr.family != WEIR__UNIX;
  weir__slice address = known ? weir__slice_str(peer->text) : weir__slice_of("", 0);
  if (known && !(address.ptr = weir__arena_copy(&head->arena, address))) return WEIR_ENOMEM;
  int rc = append_to_list(head, WEIR__NAME_X_FORWARDED_FOR, address);
  if (!rc) rc = tell(head, WEIR__NAME_X_FORWARDED_PROTO, weir__slice_str(peer->scheme));
  if (!rc) rc = tell(head, WEIR__NAME_X_FORWARDED_HOST, weir__slice_str(head->host));
  if (!rc) rc = tell_port(head, peer->local_port);
  return rc ? rc : tell(head, WEIR__NAME_X_REAL_IP, address);
}

/* ---- Forwarded (RFC 7239) ---- */

static void put_pair(text *t, const char *name, const char *value) {
  if (t->len) put_str(t, ";");
  put_str(t, name);
  put_str(t, value);
}

/* `for=192.0.2.7`, `for="[2001:db8::1]"`: brackets and colons are no token (RFC 7239, 6). */
static void put_for(text *t, const weir__peer *peer) {
  if (peer->addr.family == WEIR__UNIX) return;
  bool v6 = peer->addr.family == WEIR__IPV6;
  put_pair(t, v6 ? "for=\"[" : "for=", peer->text);
  if (v6) put_str(t, "]\"");
}

/* A host that passed weir__is_host() has neither `"` nor `\`, so quotes are enough. */
static void put_host(text *t, const char *host) {
  if (!*host) return;
  bool plain = weir__is_token(weir__slice_str(host));
  put_pair(t, plain ? "host=" : "host=\"", host);
  if (!plain) put_str(t, "\"");
}

static int add_forwarded(weir_head *head, const weir__peer *peer) {
  text element = {.arena = &head->arena};
  put_for(&element, peer);
  put_host(&element, head->host);
  put_pair(&element, "proto=", peer->scheme);
  if (element.rc) return element.rc;
  return append_to_list(head, WEIR__NAME_FORWARDED, weir__slice_of(element.str, element.len));
}

/* ---- all about the client ---- */

static const weir__names about_client = WEIR__IN(X_FORWARDED_FOR) | WEIR__IN(X_FORWARDED_PROTO) |
                                        WEIR__IN(X_FORWARDED_HOST) | WEIR__IN(X_FORWARDED_PORT) |
                                        WEIR__IN(X_REAL_IP) | WEIR__IN(FORWARDED);

/* CGI and its heirs take `_` for `-`, so that X_Forwarded_For would be believed like the real
 * one. */
static bool looks_like_claim(weir__slice name) {
  char dashed[32];
  if (name.len > sizeof dashed || !memchr(name.ptr, '_', name.len)) return false;
  for (size_t i = 0; i < name.len; i++) dashed[i] = name.ptr[i] == '_' ? '-' : name.ptr[i];
  return weir__names_have(about_client, weir__name_of(weir__slice_of(dashed, name.len)));
}

/* After this only what a trusted client said is left, so that what follows may believe it. */
void weir__forward_remove_claims(weir_head *head) {
  weir__field *before = NULL;
  weir__head_drop(head, about_client);
  for (weir__field *f = head->first; f; f = f->next) {
    if (f->known == WEIR__NAME_OTHER && looks_like_claim(weir__field_name(f)))
      weir__head_unlink(head, before, f);
    else
      before = f;
  }
}

int weir__forward_add_client(weir_head *head, const weir__policy *policy, const weir__peer *peer) {
  if (!peer->trusted) weir__forward_remove_claims(head);
  int rc = policy->forwarding_fields ? add_x_forwarded(head, peer) : 0;
  if (!rc && policy->forwarded) rc = add_forwarded(head, peer);
  return rc;
}

/* ---- the rest ---- */

int weir__forward_add_host(weir_head *head, const char *host_override, const char *authority) {
  const char *host = host_override ? host_override : *head->host ? head->host : authority;
  const weir__field *present = weir__head_find(head, WEIR__NAME_HOST);
  if (present && weir__slice_is(weir__field_value(present), host)) return 0;
  return weir__head_set(head, weir__slice_str("Host"), weir__slice_str(host));
}

int weir__forward_add_via(weir_head *head, const weir__policy *policy) {
  if (!*policy->via) return 0;
  text value = {.arena = &head->arena};
  put_str(&value, head->minor ? "1.1 " : "1.0 ");
  put_str(&value, policy->via);
  if (value.rc) return value.rc;
  return weir__head_link(head, weir__name_text(WEIR__NAME_VIA),
                         weir__slice_of(value.str, value.len));
}

/* Its framing has no length, or it is of the one media type that is a stream by nature. */
static bool is_stream(const weir_head *head) {
  return head->framing == WEIR__FRAMING_CHUNKED || head->framing == WEIR__FRAMING_CLOSE ||
         weir__head_media_is(head, "text/event-stream");
}

int weir__forward_mark_stream(weir_head *head) {
  if (head->status < 200 || !is_stream(head)) return 0;
  if (weir__head_find(head, WEIR__NAME_X_ACCEL_BUFFERING)) return 0;
  return weir__head_put(head, WEIR__NAME_X_ACCEL_BUFFERING, weir__slice_str("no"));
}
