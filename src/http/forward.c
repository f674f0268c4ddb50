/* See forward.h. This file takes fields out; forward_fields.c puts some in. */
#include "http/forward.h"

#include <string.h>

#include "http/forward_fields.h"

/* ---- hop-by-hop ---- */

/* RFC 9110, 7.6.1, and two that only ever meant the next hop (HTTP2-Settings is h2c's: RFC 7540,
 * 3.2.1). */
static const weir__names hop_by_hop =
    WEIR__IN(CONNECTION) | WEIR__IN(KEEP_ALIVE) | WEIR__IN(PROXY_CONNECTION) |
    WEIR__IN(PROXY_AUTHENTICATE) | WEIR__IN(PROXY_AUTHORIZATION) | WEIR__IN(TE) |
    WEIR__IN(TRANSFER_ENCODING) | WEIR__IN(UPGRADE) | WEIR__IN(HTTP2_SETTINGS);

/* What a client must not strip by naming it in Connection: the origin believes these fields, or
 * finds the end of the message by them. */
static const weir__names kept_in_request =
    WEIR__IN(HOST) | WEIR__IN(CONTENT_LENGTH) | WEIR__IN(X_FORWARDED_FOR) |
    WEIR__IN(X_FORWARDED_PROTO) | WEIR__IN(X_FORWARDED_HOST) | WEIR__IN(X_FORWARDED_PORT) |
    WEIR__IN(X_REAL_IP) | WEIR__IN(FORWARDED) | WEIR__IN(VIA);

static const weir__names kept_in_response = WEIR__IN(CONTENT_LENGTH) | WEIR__IN(CONTENT_TYPE) |
                                            WEIR__IN(SET_COOKIE) | WEIR__IN(DATE) | WEIR__IN(VIA);

/* Far more than the fields of an ordinary head. Each costs a walk over all fields, and 64 KiB of
 * them would cost as much as parsing some hundred heads; who names more hurts only himself. */
enum { OPTIONS_MAX = 256 };

/* Removes the fields that the Connection fields name. */
static void remove_options(weir_head *head, weir__names kept) {
  const weir__field *f = weir__head_find(head, WEIR__NAME_CONNECTION);
  unsigned seen = 0;
  for (; f; f = weir__head_find_next(f)) {
    weir__slice rest = weir__field_value(f), option;
    while (seen < OPTIONS_MAX && weir__slice_next(&rest, &option)) {
      seen++;
      enum weir__name name = weir__name_of(option);
      if (weir__names_have(kept | hop_by_hop, name)) continue; /* those stay, these go anyhow */
      if (!weir__slice_is_nocase(option, "close")) head->names_fields = true;
      weir__head_remove(head, option);
    }
  }
}

static void remove_hop_by_hop(weir_head *head, weir__names kept) {
  remove_options(head, kept);
  weir__head_drop(head, hop_by_hop);
}

/* ---- upgrade ---- */

/* `websocket` in the policy allows any version of it. */
static bool may_upgrade(const weir__policy *policy, weir__slice protocol) {
  const char *slash = memchr(protocol.ptr, '/', protocol.len);
  weir__slice name = protocol;
  if (slash) name.len = (size_t)(slash - protocol.ptr);
  if (weir__slice_is_nocase(name, "h2c")) return false; /* HTTP/2 would pass all of our rules by */
  weir__slice rest = weir__slice_str(policy->upgrade), allowed;
  while (weir__slice_next(&rest, &allowed)) {
    if (allowed.len == name.len && strncasecmp(allowed.ptr, name.ptr, name.len) == 0) return true;
  }
  return false;
}

/* Nobody offers as many protocols; what lies beyond only costs memory. */
enum { UPGRADE_MAX = 256 };

/* The protocols of head->upgrade that may pass, as a list; NULL for none. */
static int allowed_upgrade(weir_head *head, const weir__policy *policy, const char **upgrade) {
  char *list = NULL;
  size_t len = 0;
  *upgrade = NULL;
  if (!head->upgrade || head->minor == 0) return 0; /* RFC 9110, 7.8: not from HTTP/1.0 */
  weir__slice rest = weir__slice_str(head->upgrade), protocol;
  while (weir__slice_next(&rest, &protocol)) {
    if (!may_upgrade(policy, protocol) || len + protocol.len > UPGRADE_MAX) continue;
    weir__slice comma = weir__slice_of(", ", list ? 2 : 0);
    int rc = weir__arena_append(&head->arena, &list, &len, comma);
    if (!rc) rc = weir__arena_append(&head->arena, &list, &len, protocol);
    if (rc) return rc;
  }
  *upgrade = list;
  return 0;
}

/* ---- heads ---- */

int weir__forward_request(weir_head *head, const weir__policy *policy, const weir__peer *peer,
                          const char *host_override, const char *authority, const char **upgrade,
                          bool *te) {
  *te = head->minor > 0 && weir__head_lists(head, WEIR__NAME_TE, "trailers");
  int rc = allowed_upgrade(head, policy, upgrade);
  if (rc) return rc;
  remove_hop_by_hop(head, kept_in_request);
  if (head->minor == 0) weir__head_drop(head, WEIR__IN(EXPECT));
  if ((rc = weir__forward_add_client(head, policy, peer))) return rc;
  if ((rc = weir__forward_add_host(head, host_override, authority))) return rc;
  return weir__forward_add_via(head, policy);
}

static bool has_no_length(const weir_head *head) { /* RFC 9110, 8.6 */
  return head->status < 200 || head->status == 204 || head->framing == WEIR__FRAMING_TUNNEL;
}

int weir__forward_response(weir_head *head, const weir__policy *policy) {
  remove_hop_by_hop(head, kept_in_response);
  if (has_no_length(head)) weir__head_drop(head, WEIR__IN(CONTENT_LENGTH));
  int rc = weir__forward_add_via(head, policy);
  return rc ? rc : weir__forward_mark_stream(head);
}

/* ---- trailers ---- */

/* RFC 9110, 6.5.1 and 6.5.2: what would have had to be known before the body, or would have been
 * weighed by someone who never sees a trailer. */
static const weir__names never_in_trailers =
    WEIR__IN(AGE) | WEIR__IN(AUTHORIZATION) | WEIR__IN(CACHE_CONTROL) | WEIR__IN(CONTENT_ENCODING) |
    WEIR__IN(CONTENT_LENGTH) | WEIR__IN(CONTENT_RANGE) | WEIR__IN(CONTENT_TYPE) | WEIR__IN(COOKIE) |
    WEIR__IN(DATE) | WEIR__IN(EXPECT) | WEIR__IN(EXPIRES) | WEIR__IN(FORWARDED) | WEIR__IN(HOST) |
    WEIR__IN(IF_MATCH) | WEIR__IN(IF_MODIFIED_SINCE) | WEIR__IN(IF_NONE_MATCH) |
    WEIR__IN(IF_RANGE) | WEIR__IN(IF_UNMODIFIED_SINCE) | WEIR__IN(LOCATION) |
    WEIR__IN(MAX_FORWARDS) | WEIR__IN(PRAGMA) | WEIR__IN(PROXY_AUTHENTICATION_INFO) |
    WEIR__IN(RANGE) | WEIR__IN(RETRY_AFTER) | WEIR__IN(SET_COOKIE) | WEIR__IN(TRAILER) |
    WEIR__IN(VARY) | WEIR__IN(VIA) | WEIR__IN(WARNING) | WEIR__IN(WWW_AUTHENTICATE) |
    WEIR__IN(X_ACCEL_BUFFERING) | WEIR__IN(X_FORWARDED_FOR) | WEIR__IN(X_FORWARDED_HOST) |
    WEIR__IN(X_FORWARDED_PORT) | WEIR__IN(X_FORWARDED_PROTO) | WEIR__IN(X_REAL_IP);

void weir__forward_trailers(weir_head *trailers, bool any_named) {
  while (any_named && trailers->first) weir__head_unlink(trailers, NULL, trailers->first);
  weir__head_drop(trailers, hop_by_hop | never_in_trailers);
  weir__forward_remove_claims(trailers);
}
