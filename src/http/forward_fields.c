/* See forward_fields.h. */
#include "http/forward_fields.h"

#include <stdio.h>

#include "http/chars.h"

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
static int append_to_list(weir_head *head, const char *name, weir__slice element) {
  text list = {.arena = &head->arena};
  for (const weir__field *f = head->first; f; f = f->next)
    if (weir__slice_is_nocase(weir__field_name(f), name)) put_element(&list, weir__field_value(f));
  put_element(&list, element);
  if (list.rc || !list.len) return list.rc;
  return weir__head_relink(head, name, list.str, list.len);
}

/* ---- X-Forwarded-*, X-Real-IP ---- */

/* Sets a field that tells one thing, unless somebody trusted has told it already. */
static int tell(weir_head *head, const char *name, const char *value) {
  const weir__field *present = weir__head_find(head, name);
  if (!*value || (present && present->value_len)) return 0;
  return weir__head_set(head, name, weir__slice_str(value));
}

static int add_x_forwarded(weir_head *head, const weir__peer *peer) {
  const char *address = peer->addr.family == WEIR__UNIX ? "" : peer->text;
  char port[12] = "";
  if (peer->local_port) snprintf(port, sizeof port, "%d", peer->local_port);
  int rc = append_to_list(head, "X-Forwarded-For", weir__slice_str(address));
  if (!rc) rc = tell(head, "X-Forwarded-Proto", peer->scheme);
  if (!rc) rc = tell(head, "X-Forwarded-Host", head->host);
  if (!rc) rc = tell(head, "X-Forwarded-Port", port);
  if (!rc) rc = tell(head, "X-Real-IP", address);
  return rc;
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
  return append_to_list(head, "Forwarded", weir__slice_of(element.str, element.len));
}

/* ---- all about the client ---- */

/* As weir__slice_is_nocase(), with `_` for `-`: CGI and its heirs take both for the same, so that
 * X_Forwarded_For would be believed like the real one. */
static bool looks_like(weir__slice s, const char *name) {
  if (s.len != strlen(name)) return false;
  for (size_t i = 0; i < s.len; i++) {
    char c = s.ptr[i] == '_' ? '-' : s.ptr[i];
    if (strncasecmp(&c, &name[i], 1) != 0) return false;
  }
  return true;
}

static const char *const about_client[] = {"X-Forwarded-For",  "X-Forwarded-Proto",
                                           "X-Forwarded-Host", "X-Forwarded-Port",
                                           "X-Real-IP",        "Forwarded"};

static bool is_claim(const weir__field *field) {
  for (size_t i = 0; i < sizeof about_client / sizeof *about_client; i++)
    if (looks_like(weir__field_name(field), about_client[i])) return true;
  return false;
}

/* After this only what a trusted client said is left, so that what follows may believe it. */
static void remove_claims(weir_head *head) {
  weir__field *before = NULL;
  for (weir__field *f = head->first; f; f = f->next) {
    if (is_claim(f))
      weir__head_unlink(head, before, f);
    else
      before = f;
  }
}

int weir__forward_add_client(weir_head *head, const weir__policy *policy, const weir__peer *peer) {
  if (!peer->trusted) remove_claims(head);
  int rc = policy->forwarding_fields ? add_x_forwarded(head, peer) : 0;
  if (!rc && policy->forwarded) rc = add_forwarded(head, peer);
  return rc;
}

/* ---- the rest ---- */

int weir__forward_add_host(weir_head *head, const char *host_override, const char *authority) {
  const char *host = host_override ? host_override : *head->host ? head->host : authority;
  const weir__field *present = weir__head_find(head, "Host");
  if (present && weir__slice_is(weir__field_value(present), host)) return 0;
  return weir__head_set(head, "Host", weir__slice_str(host));
}

int weir__forward_add_via(weir_head *head, const weir__policy *policy) {
  if (!*policy->via) return 0;
  text value = {.arena = &head->arena};
  put_str(&value, head->minor ? "1.1 " : "1.0 ");
  put_str(&value, policy->via);
  if (value.rc) return value.rc;
  return weir__head_link(head, "Via", 3, value.str, value.len);
}

/* Its framing has no length, or it is of the one media type that is a stream by nature. */
static bool is_stream(const weir_head *head) {
  return head->framing == WEIR__FRAMING_CHUNKED || head->framing == WEIR__FRAMING_CLOSE ||
         weir__head_media_is(head, "text/event-stream");
}

int weir__forward_mark_stream(weir_head *head) {
  static const char name[] = "X-Accel-Buffering";
  if (head->status < 200 || !is_stream(head) || weir__head_find(head, name)) return 0;
  return weir__head_link(head, name, sizeof name - 1, "no", 2);
}
