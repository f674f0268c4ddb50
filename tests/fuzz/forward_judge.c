/* See forward_judge.h. Everything here is by lists and rules of its own; none is the library's. */
#include "fuzz/forward_judge.h"

#include <stdio.h>
#include <string.h>

#include "fuzz/fuzz.h"

enum { OPTIONS_COUNTED = 256 };

/* ---- lists of names ---- */

static bool is_among(const char *name, const char *const *list) {
  for (; *list; list++)
    if (strcasecmp(name, *list) == 0) return true;
  return false;
}

static const char *const ends_here[] = {
    "connection",          "keep-alive", "proxy-connection",  "proxy-authenticate",
    "proxy-authorization", "te",         "transfer-encoding", "upgrade",
    "http2-settings",      NULL};
static const char *const told[] = {"x-forwarded-for",
                                   "x-forwarded-proto",
                                   "x-forwarded-host",
                                   "x-forwarded-port",
                                   "x-real-ip",
                                   "forwarded",
                                   NULL};
static const char *const kept_request[] = {"host",
                                           "content-length",
                                           "x-forwarded-for",
                                           "x-forwarded-proto",
                                           "x-forwarded-host",
                                           "x-forwarded-port",
                                           "x-real-ip",
                                           "forwarded",
                                           "via",
                                           NULL};
static const char *const kept_response[] = {"content-length", "content-type", "set-cookie",
                                            "date",           "via",          NULL};

/* As CGI reads names: X_Real_IP is X-Real-IP. */
static bool is_told(const char *name) {
  char plain[32];
  size_t len = strlen(name);
  if (len >= sizeof plain) return false;
  for (size_t i = 0; i <= len; i++) plain[i] = name[i] == '_' ? '-' : name[i];
  return is_among(plain, told);
}

/* ---- what came ---- */

void came_note(came *c, const weir_head *head) {
  c->count = 0;
  for (const weir__field *f = head->first; f; f = f->next, c->count++) {
    REQUIRE(c->count < CAME_MAX);
    c->name[c->count] = f->pub.name;
    c->value[c->count] = f->pub.value;
  }
}

/* The next element of a list; NULL: none. */
static const char *next_element(const char *at, size_t *len) {
  at += strspn(at, ", \t");
  *len = strcspn(at, ",");
  const char *next = *len ? at : NULL;
  while (*len && strchr(" \t", at[*len - 1])) --*len;
  return next;
}

/* True if `name` is one of the first elements of the Connection fields. */
static bool is_option(const came *c, const char *name) {
  size_t seen = 0, len;
  for (size_t i = 0; i < c->count; i++) {
    if (strcasecmp(c->name[i], "Connection") != 0) continue;
    for (const char *e = c->value[i]; (e = next_element(e, &len)); e += len) {
      if (seen++ >= OPTIONS_COUNTED) return false;
      if (strlen(name) == len && strncasecmp(name, e, len) == 0) return true;
      e += strcspn(e + len, ",");
    }
  }
  return false;
}

bool came_names_fields(const came *c, bool request) {
  const char *const *kept = request ? kept_request : kept_response;
  size_t seen = 0, len;
  for (size_t i = 0; i < c->count; i++) {
    if (strcasecmp(c->name[i], "Connection") != 0) continue;
    for (const char *e = c->value[i]; (e = next_element(e, &len)); e += len) {
      char name[64];
      snprintf(name, sizeof name, "%.*s", (int)len, e);
      if (seen++ < OPTIONS_COUNTED && strcasecmp(name, "close") != 0 && !is_among(name, kept) &&
          !is_among(name, ends_here))
        return true;
    }
  }
  return false;
}

bool came_lists(const came *c, const char *name, const char *element) {
  size_t len;
  for (size_t i = 0; i < c->count; i++) {
    if (strcasecmp(c->name[i], name) != 0) continue;
    for (const char *e = c->value[i]; (e = next_element(e, &len)); e += len)
      if (strlen(element) == len && strncasecmp(e, element, len) == 0) return true;
  }
  return false;
}

static size_t count_named(const weir_head *head, const char *name) {
  size_t n = 0;
  for (const weir__field *f = head->first; f; f = f->next) n += strcasecmp(f->pub.name, name) == 0;
  return n;
}

/* ---- what should have become of it ---- */

/* The next field from `f` on that is not weir's own to write. */
static const weir__field *skip_ours(const weir__field *f, const char *const *ours) {
  while (f && is_among(f->pub.name, ours)) f = f->next;
  return f;
}

/* All that passes end to end is there, as it came and in the order it came, and nothing else but
 * the fields named in `ours`. */
static void check_passed(const gateway *g, const came *c, const weir_head *head,
                         const char *const *ours,
                         bool (*goes)(const gateway *, const weir_head *, const char *)) {
  const char *const *kept = g->request ? kept_request : kept_response;
  const weir__field *f = skip_ours(head->first, ours);
  for (size_t i = 0; i < c->count; i++) {
    const char *name = c->name[i];
    if (is_among(name, ours) || is_among(name, ends_here) || goes(g, head, name)) continue;
    if (is_option(c, name) && !is_among(name, kept)) continue;
    REQUIRE(f && strcmp(f->pub.name, name) == 0 && strcmp(f->pub.value, c->value[i]) == 0);
    f = skip_ours(f->next, ours);
  }
  REQUIRE(!f);
}

/* The elements of all fields of that name that count, and one more: "a, b". */
static void join(char *out, size_t size, const came *c, const char *name, bool believed,
                 const char *more) {
  size_t len = 0;
  out[0] = '\0';
  for (size_t i = 0; believed && i < c->count; i++)
    if (strcasecmp(c->name[i], name) == 0 && c->value[i][0])
      len += (size_t)snprintf(out + len, size - len, "%s%s", len ? ", " : "", c->value[i]);
  if (more[0]) len += (size_t)snprintf(out + len, size - len, "%s%s", len ? ", " : "", more);
  REQUIRE(len < size);
}

static const char *value_of(const weir_head *head, const char *name) {
  for (const weir__field *f = head->first; f; f = f->next)
    if (strcasecmp(f->pub.name, name) == 0) return f->pub.value;
  return "";
}

static const char *came_first(const came *c, const char *name) {
  for (size_t i = 0; i < c->count; i++)
    if (strcasecmp(c->name[i], name) == 0) return c->value[i];
  return "";
}

static void check_joined(const gateway *g, const came *c, const weir_head *head, const char *name,
                         const char *more) {
  static char want[70000];
  join(want, sizeof want, c, name, g->peer.trusted, more);
  REQUIRE(strcmp(value_of(head, name), want) == 0);
  if (want[0]) REQUIRE(count_named(head, name) == 1);
}

/* One thing told once: by a client that is believed, else by us. */
static void check_one(const gateway *g, const came *c, const weir_head *head, const char *name,
                      const char *ours) {
  const char *theirs = g->peer.trusted ? came_first(c, name) : "";
  REQUIRE(strcmp(value_of(head, name), theirs[0] ? theirs : ours) == 0);
  if (!theirs[0] && ours[0]) REQUIRE(count_named(head, name) == 1);
}

static void check_x_forwarded(const gateway *g, const came *c, const weir_head *head) {
  char port[12] = "";
  const char *address = g->peer.addr.family == WEIR__UNIX ? "" : g->peer.text;
  if (g->peer.local_port) snprintf(port, sizeof port, "%d", g->peer.local_port);
  check_joined(g, c, head, "X-Forwarded-For", address);
  check_one(g, c, head, "X-Forwarded-Proto", g->peer.scheme);
  check_one(g, c, head, "X-Forwarded-Host", head->host);
  check_one(g, c, head, "X-Forwarded-Port", port);
  check_one(g, c, head, "X-Real-IP", address);
}

static bool is_token(const char *s) {
  return *s && s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                           "!#$%&'*+-.^_`|~")] == '\0';
}

static void check_forwarded(const gateway *g, const came *c, const weir_head *head) {
  char element[400] = "", *at = element;
  const weir__peer *p = &g->peer;
  if (p->addr.family == WEIR__IPV4) at += sprintf(at, "for=%s;", p->text);
  if (p->addr.family == WEIR__IPV6) at += sprintf(at, "for=\"[%s]\";", p->text);
  const char *quote = is_token(head->host) ? "" : "\"";
  if (*head->host) at += sprintf(at, "host=%s%s%s;", quote, head->host, quote);
  sprintf(at, "proto=%s", p->scheme);
  check_joined(g, c, head, "Forwarded", element);
}

static void check_via(const gateway *g, const came *c, const weir_head *head,
                      const weir__field *last) {
  size_t before = 0;
  for (size_t i = 0; i < c->count; i++) before += strcasecmp(c->name[i], "Via") == 0;
  REQUIRE(count_named(head, "Via") == before + (g->policy.via[0] != '\0'));
  if (!g->policy.via[0]) return;
  REQUIRE(last && strcmp(last->pub.name, "Via") == 0);
  REQUIRE(strcmp(last->pub.value, head->minor ? "1.1 weir" : "1.0 weir") == 0);
}

static bool goes_from_request(const gateway *g, const weir_head *head, const char *name) {
  if (head->minor == 0 && strcasecmp(name, "Expect") == 0) return true;
  return is_told(name) && (!g->peer.trusted || is_among(name, told));
}

static void check_request(const gateway *g, const came *c, const weir_head *head) {
  static const char *const ours[] = {"host", "via", NULL};
  static const char *const ours_telling[] = {"host",
                                             "via",
                                             "x-forwarded-for",
                                             "x-forwarded-proto",
                                             "x-forwarded-host",
                                             "x-forwarded-port",
                                             "x-real-ip",
                                             "forwarded",
                                             NULL};
  const char *host = g->override ? g->override : *head->host ? head->host : "origin:81";
  bool telling = g->policy.forwarding_fields || g->policy.forwarded || g->peer.trusted;
  check_passed(g, c, head, telling ? ours_telling : ours, goes_from_request);
  REQUIRE(count_named(head, "Host") == 1 && strcmp(value_of(head, "Host"), host) == 0);
  if (g->policy.forwarding_fields) check_x_forwarded(g, c, head);
  if (g->policy.forwarded) check_forwarded(g, c, head);
  check_via(g, c, head, head->last);
}

static bool goes_from_response(const gateway *g, const weir_head *head, const char *name) {
  bool none = head->status < 200 || head->status == 204 ||
              (strcmp(g->method, "CONNECT") == 0 && head->status / 100 == 2);
  return none && strcasecmp(name, "Content-Length") == 0;
}

static bool is_stream(const weir_head *head) {
  char type[32];
  const char *value = value_of(head, "Content-Type");
  snprintf(type, sizeof type, "%.*s", (int)strcspn(value, "; \t"), value);
  bool whole = strchr("; \t", value[strlen(type)]) != NULL;
  const char *behind = value + strlen(type);
  behind += strspn(behind, " \t");
  bool event_stream =
      whole && (*behind == ';' || !*behind) && strcasecmp(type, "text/event-stream") == 0;
  return event_stream || head->framing == WEIR__FRAMING_CHUNKED ||
         head->framing == WEIR__FRAMING_CLOSE;
}

static void check_response(const gateway *g, const came *c, const weir_head *head) {
  static const char *const ours[] = {"via", "x-accel-buffering", NULL};
  bool unbuffered = false;
  const weir__field *last = head->last, *before_last = NULL;
  check_passed(g, c, head, ours, goes_from_response);
  for (size_t i = 0; i < c->count; i++)
    unbuffered |=
        strcasecmp(c->name[i], "X-Accel-Buffering") == 0 && !is_option(c, "X-Accel-Buffering");
  bool marked = head->status >= 200 && is_stream(head) && !unbuffered;
  for (const weir__field *f = head->first; f && f != last; f = f->next) before_last = f;
  if (marked) REQUIRE(strcmp(last->pub.name, "X-Accel-Buffering") == 0);
  if (marked) REQUIRE(strcmp(last->pub.value, "no") == 0);
  if (marked) REQUIRE(count_named(head, "X-Accel-Buffering") == 1);
  check_via(g, c, head, marked ? before_last : last);
}

void judge_forwarded(const gateway *g, const came *c, const weir_head *head) {
  if (g->request)
    check_request(g, c, head);
  else
    check_response(g, c, head);
}

/* ---- what goes its own ways ---- */

void judge_upgrade(const gateway *g, const came *c, const weir_head *head, const char *list) {
  size_t len;
  if (!list) return;
  REQUIRE(head->minor == 1 && came_lists(c, "Connection", "upgrade") && strlen(list) < 600);
  for (const char *e = list; (e = next_element(e, &len)); e += len) {
    size_t name = strcspn(e, "/") < len ? strcspn(e, "/") : len;
    REQUIRE(name > 0 && strncasecmp(e, "h2c", name) != 0);
    REQUIRE(strcasestr(g->policy.upgrade, "websocket") &&
            (strncasecmp(e, "websocket", name) == 0 || strncasecmp(e, "foo", name) == 0));
  }
}

void judge_trailers(const weir_head *trailers) {
  static const char *const never[] = {"age",
                                      "authorization",
                                      "cache-control",
                                      "content-encoding",
                                      "content-length",
                                      "content-range",
                                      "content-type",
                                      "cookie",
                                      "date",
                                      "expect",
                                      "expires",
                                      "host",
                                      "if-match",
                                      "if-modified-since",
                                      "if-none-match",
                                      "if-range",
                                      "if-unmodified-since",
                                      "location",
                                      "max-forwards",
                                      "pragma",
                                      "proxy-authentication-info",
                                      "range",
                                      "retry-after",
                                      "set-cookie",
                                      "trailer",
                                      "vary",
                                      "via",
                                      "warning",
                                      "www-authenticate",
                                      "x-accel-buffering",
                                      NULL};
  for (const weir__field *f = trailers->first; f; f = f->next) {
    REQUIRE(!is_among(f->pub.name, never) && !is_among(f->pub.name, ends_here));
    REQUIRE(!is_told(f->pub.name));
  }
}
