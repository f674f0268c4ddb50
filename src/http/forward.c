/* See forward.h. This file takes fields out; forward_fields.c puts some in. */
#include "http/forward.h"

#include <string.h>

#include "http/forward_fields.h"

typedef const char *const *names; /* NULL-terminated */

static bool is_among(weir__slice name, names list) {
  for (; *list; list++)
    if (weir__slice_is_nocase(name, *list)) return true;
  return false;
}

static void remove_among(weir_head *head, names list) {
  weir__field *before = NULL;
  for (weir__field *f = head->first; f; f = f->next) {
    if (is_among(weir__field_name(f), list))
      weir__head_unlink(head, before, f);
    else
      before = f;
  }
}

/* ---- hop-by-hop ---- */

/* RFC 9110, 7.6.1, and two that only ever meant the next hop. */
static const char *const hop_by_hop[] = {"Connection",
                                         "Keep-Alive",
                                         "Proxy-Connection",
                                         "Proxy-Authenticate",
                                         "Proxy-Authorization",
                                         "TE",
                                         "Transfer-Encoding",
                                         "Upgrade",
                                         "HTTP2-Settings", /* of h2c: RFC 7540, 3.2.1 */
                                         NULL};

/* What a client must not strip by naming it in Connection: the origin believes these fields, or
 * finds the end of the message by them. */
static const char *const kept_in_request[] = {"Host",
                                              "Content-Length",
                                              "X-Forwarded-For",
                                              "X-Forwarded-Proto",
                                              "X-Forwarded-Host",
                                              "X-Forwarded-Port",
                                              "X-Real-IP",
                                              "Forwarded",
                                              "Via",
                                              NULL};

static const char *const kept_in_response[] = {"Content-Length", "Content-Type", "Set-Cookie",
                                               "Date",           "Via",          NULL};

/* Far more than the fields of an ordinary head. Each costs a walk over all fields, and 64 KiB of
 * them would cost as much as parsing some hundred heads; who names more hurts only himself. */
enum { OPTIONS_MAX = 256 };

static void remove_named(weir_head *head, weir__slice option) {
  weir__field *before = NULL;
  for (weir__field *f = head->first; f; f = f->next) {
    weir__slice name = weir__field_name(f);
    if (name.len == option.len && strncasecmp(name.ptr, option.ptr, name.len) == 0)
      weir__head_unlink(head, before, f);
    else
      before = f;
  }
}

/* Removes the fields that the Connection fields name. */
static void remove_options(weir_head *head, names kept) {
  unsigned seen = 0;
  for (weir__field *f = head->first; f; f = f->next) {
    if (!weir__slice_is_nocase(weir__field_name(f), "Connection")) continue;
    weir__slice rest = weir__field_value(f), option;
    while (seen < OPTIONS_MAX && weir__slice_next(&rest, &option)) {
      seen++;
      if (weir__slice_is_nocase(option, "Connection") || is_among(option, kept)) continue;
      remove_named(head, option);
    }
  }
}

static void remove_hop_by_hop(weir_head *head, names kept) {
  remove_options(head, kept);
  remove_among(head, hop_by_hop);
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
  *te = head->minor > 0 && weir__head_lists(head, "TE", "trailers");
  int rc = allowed_upgrade(head, policy, upgrade);
  if (rc) return rc;
  remove_hop_by_hop(head, kept_in_request);
  if (head->minor == 0) weir__head_remove(head, "Expect");
  if ((rc = weir__forward_add_client(head, policy, peer))) return rc;
  if ((rc = weir__forward_add_host(head, host_override, authority))) return rc;
  return weir__forward_add_via(head, policy);
}

static bool has_no_length(const weir_head *head) { /* RFC 9110, 8.6 */
  return head->status < 200 || head->status == 204 || head->framing == WEIR__FRAMING_TUNNEL;
}

int weir__forward_response(weir_head *head, const weir__policy *policy) {
  remove_hop_by_hop(head, kept_in_response);
  if (has_no_length(head)) weir__head_remove(head, "Content-Length");
  int rc = weir__forward_add_via(head, policy);
  return rc ? rc : weir__forward_mark_stream(head);
}

/* ---- trailers ---- */

/* RFC 9110, 6.5.1 and 6.5.2: what would have had to be known before the body, or would have been
 * weighed by someone who never sees a trailer. */
static const char *const never_in_trailers[] = {"Age",
                                                "Authorization",
                                                "Cache-Control",
                                                "Content-Encoding",
                                                "Content-Length",
                                                "Content-Range",
                                                "Content-Type",
                                                "Cookie",
                                                "Date",
                                                "Expect",
                                                "Expires",
                                                "Forwarded",
                                                "Host",
                                                "If-Match",
                                                "If-Modified-Since",
                                                "If-None-Match",
                                                "If-Range",
                                                "If-Unmodified-Since",
                                                "Location",
                                                "Max-Forwards",
                                                "Pragma",
                                                "Proxy-Authentication-Info",
                                                "Range",
                                                "Retry-After",
                                                "Set-Cookie",
                                                "Trailer",
                                                "Vary",
                                                "Via",
                                                "Warning",
                                                "WWW-Authenticate",
                                                "X-Accel-Buffering",
                                                "X-Forwarded-For",
                                                "X-Forwarded-Host",
                                                "X-Forwarded-Port",
                                                "X-Forwarded-Proto",
                                                "X-Real-IP",
                                                NULL};

void weir__forward_trailers(weir_head *trailers) {
  remove_among(trailers, hop_by_hop);
  remove_among(trailers, never_in_trailers);
}
