/* The rules that llhttp leaves to its user. One rule a function; each names its paragraph. */
#include "http/h1_check.h"

#include "http/chars.h"
#include "weir/err.h"

static size_t count(const weir_head *head, enum weir__name name, const weir__field **found) {
  size_t n = 0;
  *found = weir__head_find(head, name);
  for (const weir__field *f = *found; f; f = weir__head_find_next(f)) n++;
  return n;
}

/* Only the one coding we undo ourselves, said once, and never by HTTP/1.0 (RFC 9112, 6.1). */
static int check_transfer_encoding(const weir_head *head, bool *chunked) {
  const weir__field *field;
  size_t n = count(head, WEIR__NAME_TRANSFER_ENCODING, &field);
  *chunked = n > 0;
  if (n == 0) return 0;
  if (n > 1 || head->minor == 0) return WEIR_EFRAMING;
  return weir__slice_is_nocase(weir__field_value(field), "chunked") ? 0 : WEIR_EFRAMING;
}

/* One field of digits. A list of equal numbers is legal to repair (RFC 9110, 8.6), but who sends
 * one has lost count; and what a signed 64-bit count cannot hold, others read as less. The value is
 * rewritten in its shortest form: "007" must not leave as it came. */
static int check_content_length(weir_head *head, bool *present) {
  const weir__field *field;
  size_t n = count(head, WEIR__NAME_CONTENT_LENGTH, &field);
  *present = n > 0;
  if (n == 0) return 0;
  if (n > 1 || !weir__parse_decimal(weir__field_value(field), &head->length)) return WEIR_EFRAMING;
  if (head->length > INT64_MAX) return WEIR_EFRAMING;
  if (field->value_len > 1 && field->pub.value[0] == '0') {
    char digits[WEIR__DECIMAL];
    return weir__head_set(head, weir__name_text(WEIR__NAME_CONTENT_LENGTH),
                          weir__print_decimal(digits, head->length));
  }
  return 0;
}

static int check_lengths(weir_head *head, bool *chunked, bool *length) {
  int rc = check_transfer_encoding(head, chunked);
  if (rc == 0) rc = check_content_length(head, length);
  if (rc) return rc;
  return *chunked && *length ? WEIR_EFRAMING : 0; /* RFC 9112, 6.1: smuggling, if not both agree */
}

static bool keeps_alive(const weir_head *head) {
  if (weir__head_lists(head, WEIR__NAME_CONNECTION, "close")) return false;
  return head->minor > 0 || weir__head_lists(head, WEIR__NAME_CONNECTION, "keep-alive");
}

/* The Upgrade fields as one list without empty elements (RFC 9110, 5.6.1); NULL unless Connection
 * names them (RFC 9110, 7.8). */
static int read_upgrade(weir_head *head) {
  char *list = NULL;
  size_t len = 0;
  const weir__field *f = weir__head_find(head, WEIR__NAME_UPGRADE);
  if (!f || head->minor == 0 || !weir__head_lists(head, WEIR__NAME_CONNECTION, "upgrade")) return 0;
  for (; f; f = weir__head_find_next(f)) {
    weir__slice rest = weir__field_value(f), one;
    while (weir__slice_next(&rest, &one)) {
      weir__slice comma = weir__slice_of(", ", list ? 2 : 0);
      if (weir__arena_append(&head->arena, &list, &len, comma)) return WEIR_ENOMEM;
      if (weir__arena_append(&head->arena, &list, &len, one)) return WEIR_ENOMEM;
    }
  }
  head->upgrade = list;
  return 0;
}

/* ---- requests ---- */

/* Exactly one Host in HTTP/1.1, at most one before (RFC 9112, 3.2). */
static int check_host(weir_head *head) {
  const weir__field *field;
  size_t n = count(head, WEIR__NAME_HOST, &field);
  if (n > 1 || (n == 0 && head->minor > 0)) return WEIR_EHOST;
  head->host = n ? field->pub.value : "";
  return n == 0 || weir__is_host(weir__field_value(field)) ? 0 : WEIR_EHOST;
}

/* "http://host/path?query" -> the authority's length and where the path begins. */
static bool split_absolute(weir__slice target, weir__slice *authority, weir__slice *path) {
  static const char *const schemes[] = {"http://", "https://"};
  for (size_t i = 0; i < 2; i++) {
    size_t n = strlen(schemes[i]);
    if (target.len <= n || strncasecmp(target.ptr, schemes[i], n)) continue;
    size_t len = strcspn(target.ptr + n, "/?#");
    *authority = weir__slice_of(target.ptr + n, len);
    *path = weir__slice_of(target.ptr + n + len, target.len - n - len);
    return true;
  }
  return false;
}

/* The origin sees origin-form, and the target's host wins over Host (RFC 9112, 3.2.2). */
static int read_absolute(weir_head *head) {
  weir__slice authority, path;
  if (!split_absolute(weir__slice_str(head->target), &authority, &path)) return WEIR_EMESSAGE;
  if (!weir__is_host(authority)) return WEIR_EHOST;
  head->host = weir__arena_copy(&head->arena, authority);
  bool asterisk = path.len == 0 && strcmp(head->method, "OPTIONS") == 0; /* RFC 9112, 3.2.4 */
  char *target = NULL;
  size_t len = 0;
  if (!asterisk && (path.len == 0 || path.ptr[0] != '/'))
    if (weir__arena_append(&head->arena, &target, &len, weir__slice_str("/"))) return WEIR_ENOMEM;
  if (weir__arena_append(&head->arena, &target, &len, asterisk ? weir__slice_str("*") : path))
    return WEIR_ENOMEM;
  head->target = target;
  if (!head->host) return WEIR_ENOMEM;
  return asterisk || weir__is_origin_form(weir__slice_str(target)) ? 0 : WEIR_EMESSAGE;
}

/* The four forms of RFC 9112, 3.2; each is bound to its methods. */
static int check_target(weir_head *head) {
  bool connect = strcmp(head->method, "CONNECT") == 0;
  weir__slice target = weir__slice_str(head->target);
  if (connect) {
    const char *colon = strrchr(head->target, ':');
    bool port = colon && colon[1] && !strchr(colon, ']');
    return port && weir__is_host(target) ? 0 : WEIR_EMESSAGE;
  }
  if (weir__slice_is(target, "*")) return strcmp(head->method, "OPTIONS") ? WEIR_EMESSAGE : 0;
  if (target.len && target.ptr[0] == '/') return weir__is_origin_form(target) ? 0 : WEIR_EMESSAGE;
  return read_absolute(head);
}

static bool expects_continue(const weir_head *head) {
  return head->minor > 0 && weir__head_lists(head, WEIR__NAME_EXPECT, "100-continue");
}

int weir__h1_check_request(weir_head *head) {
  bool chunked, length;
  int rc = check_host(head);
  if (rc == 0) rc = check_target(head);
  if (rc == 0) rc = check_lengths(head, &chunked, &length);
  if (rc == 0) rc = read_upgrade(head);
  if (rc) return rc;
  head->keep_alive = keeps_alive(head);
  head->expect = expects_continue(head);
  head->framing = chunked  ? WEIR__FRAMING_CHUNKED
                  : length ? WEIR__FRAMING_LENGTH
                           : WEIR__FRAMING_NONE;
  if (strcmp(head->method, "CONNECT")) return 0;
  return chunked || (length && head->length) ? WEIR_EFRAMING : 0; /* RFC 9110, 9.3.6: no content */
}

/* ---- responses ---- */

static bool asked_for(const char *asked, weir__slice protocol) {
  weir__slice rest = weir__slice_str(asked), one;
  while (weir__slice_next(&rest, &one))
    if (one.len == protocol.len && strncasecmp(one.ptr, protocol.ptr, one.len) == 0) return true;
  return false;
}

/* A 101 must name what it switches to, and only what was asked for (RFC 9110, 15.2.2). */
static int check_switch(const weir_head *head, const char *asked) {
  if (!asked || !head->upgrade) return WEIR_EUPGRADE;
  weir__slice rest = weir__slice_str(head->upgrade), one;
  size_t n = 0;
  for (; weir__slice_next(&rest, &one); n++)
    if (!asked_for(asked, one)) return WEIR_EUPGRADE;
  return n ? 0 : WEIR_EUPGRADE;
}

static bool has_no_body(const weir_head *head, const char *method) {
  return head->status < 200 || head->status == 204 || head->status == 304 ||
         strcmp(method, "HEAD") == 0;
}

/* RFC 9112, 6.3, in its order. */
static enum weir__framing response_framing(const weir_head *head, const char *method, bool chunked,
                                           bool length) {
  bool connected = strcmp(method, "CONNECT") == 0 && head->status / 100 == 2;
  if (head->status == 101 || connected) return WEIR__FRAMING_TUNNEL;
  if (has_no_body(head, method)) return WEIR__FRAMING_NONE;
  if (chunked) return WEIR__FRAMING_CHUNKED;
  return length ? WEIR__FRAMING_LENGTH : WEIR__FRAMING_CLOSE;
}

int weir__h1_check_response(weir_head *head, const char *method, const char *asked) {
  bool chunked, length;
  if (head->status < 100 || head->status > 599) return WEIR_EMESSAGE;
  int rc = check_lengths(head, &chunked, &length);
  if (rc == 0) rc = read_upgrade(head);
  if (rc == 0 && head->status == 101) rc = check_switch(head, asked);
  if (rc) return rc;
  head->framing = response_framing(head, method, chunked, length);
  head->keep_alive = keeps_alive(head) && head->framing != WEIR__FRAMING_CLOSE &&
                     head->framing != WEIR__FRAMING_TUNNEL;
  /* Whoever promises what a 204 cannot have may send it behind: it would answer the next request. */
  if (head->status == 204 && (chunked || head->length)) head->keep_alive = false;
  if (head->framing == WEIR__FRAMING_TUNNEL) weir__head_drop(head, WEIR__IN(CONTENT_LENGTH));
  return 0;
}
