/* Target: the policy of a gateway (src/http/forward.c, src/http/forward_fields.c), between the reader
 * and src/http/h1_write.c as the relay puts them together. What should leave is worked out here once
 * more, by lists of its own; what leaves must be in the strict form and pass a second time as it is.
 *
 * The first four bytes: policy, peer and what was asked, which allocation fails, and what a hook does
 * to the head by the public functions. If it does something, two strings that end in NUL follow; and
 * whatever they hold, the head stays one that may leave. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/h1.h"
#include "hostile/strict.h"
#include "http/forward.h"
#include "http/h1_write.h"
#include "support/alloc.h"
#include "weir/err.h"

enum { FIELDS_MAX = 256, OPTIONS_COUNTED = 256 };

typedef struct job {
  bool request;
  weir__policy policy;
  weir__peer peer;
  const char *override; /* of Host */
  const char *method, *asked;
  weir__mem *mem;
  bool names_fields; /* Connection names some: none may come as a trailer */
  uint8_t edit;
  const char *name, *value; /* for that */
  weir__buf out;            /* the head as it leaves */
} job;

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

typedef struct came {
  const char *name[FIELDS_MAX], *value[FIELDS_MAX];
  size_t count;
} came;

static void note_fields(came *c, const weir_head *head) {
  c->count = 0;
  for (const weir__field *f = head->first; f; f = f->next, c->count++) {
    REQUIRE(c->count < FIELDS_MAX);
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

/* True if Connection names a field that does not stay or go anyhow. */
static bool names_fields(const came *c, const char *const *kept) {
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

static bool lists(const came *c, const char *name, const char *element) {
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

/* All that passes end to end is there, as it came and in the order it came, and nothing else but the
 * fields named in `ours`. */
static void check_passed(const job *j, const came *c, const weir_head *head,
                         const char *const *ours,
                         bool (*goes)(const job *, const weir_head *, const char *)) {
  const char *const *kept = j->request ? kept_request : kept_response;
  const weir__field *f = skip_ours(head->first, ours);
  for (size_t i = 0; i < c->count; i++) {
    const char *name = c->name[i];
    if (is_among(name, ours) || is_among(name, ends_here) || goes(j, head, name)) continue;
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

static void check_joined(const job *j, const came *c, const weir_head *head, const char *name,
                         const char *more) {
  static char want[70000];
  join(want, sizeof want, c, name, j->peer.trusted, more);
  REQUIRE(strcmp(value_of(head, name), want) == 0);
  if (want[0]) REQUIRE(count_named(head, name) == 1);
}

/* One thing told once: by a client that is believed, else by us. */
static void check_one(const job *j, const came *c, const weir_head *head, const char *name,
                      const char *ours) {
  const char *theirs = j->peer.trusted ? came_first(c, name) : "";
  REQUIRE(strcmp(value_of(head, name), theirs[0] ? theirs : ours) == 0);
  if (!theirs[0] && ours[0]) REQUIRE(count_named(head, name) == 1);
}

static void check_x_forwarded(const job *j, const came *c, const weir_head *head) {
  char port[12] = "";
  const char *address = j->peer.addr.family == WEIR__UNIX ? "" : j->peer.text;
  if (j->peer.local_port) snprintf(port, sizeof port, "%d", j->peer.local_port);
  check_joined(j, c, head, "X-Forwarded-For", address);
  check_one(j, c, head, "X-Forwarded-Proto", j->peer.scheme);
  check_one(j, c, head, "X-Forwarded-Host", head->host);
  check_one(j, c, head, "X-Forwarded-Port", port);
  check_one(j, c, head, "X-Real-IP", address);
}

static bool is_token(const char *s) {
  return *s && s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                           "!#$%&'*+-.^_`|~")] == '\0';
}

static void check_forwarded(const job *j, const came *c, const weir_head *head) {
  char element[400] = "", *at = element;
  const weir__peer *p = &j->peer;
  if (p->addr.family == WEIR__IPV4) at += sprintf(at, "for=%s;", p->text);
  if (p->addr.family == WEIR__IPV6) at += sprintf(at, "for=\"[%s]\";", p->text);
  const char *quote = is_token(head->host) ? "" : "\"";
  if (*head->host) at += sprintf(at, "host=%s%s%s;", quote, head->host, quote);
  sprintf(at, "proto=%s", p->scheme);
  check_joined(j, c, head, "Forwarded", element);
}

static void check_via(const job *j, const came *c, const weir_head *head, const weir__field *last) {
  size_t before = 0;
  for (size_t i = 0; i < c->count; i++) before += strcasecmp(c->name[i], "Via") == 0;
  REQUIRE(count_named(head, "Via") == before + (j->policy.via[0] != '\0'));
  if (!j->policy.via[0]) return;
  REQUIRE(last && strcmp(last->pub.name, "Via") == 0);
  REQUIRE(strcmp(last->pub.value, head->minor ? "1.1 weir" : "1.0 weir") == 0);
}

static bool goes_from_request(const job *j, const weir_head *head, const char *name) {
  if (head->minor == 0 && strcasecmp(name, "Expect") == 0) return true;
  return is_told(name) && (!j->peer.trusted || is_among(name, told));
}

static void check_request(const job *j, const came *c, const weir_head *head) {
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
  const char *host = j->override ? j->override : *head->host ? head->host : "origin:81";
  bool telling = j->policy.forwarding_fields || j->policy.forwarded || j->peer.trusted;
  check_passed(j, c, head, telling ? ours_telling : ours, goes_from_request);
  REQUIRE(count_named(head, "Host") == 1 && strcmp(value_of(head, "Host"), host) == 0);
  if (j->policy.forwarding_fields) check_x_forwarded(j, c, head);
  if (j->policy.forwarded) check_forwarded(j, c, head);
  check_via(j, c, head, head->last);
}

static bool goes_from_response(const job *j, const weir_head *head, const char *name) {
  bool none = head->status < 200 || head->status == 204 ||
              (strcmp(j->method, "CONNECT") == 0 && head->status / 100 == 2);
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

static void check_response(const job *j, const came *c, const weir_head *head) {
  static const char *const ours[] = {"via", "x-accel-buffering", NULL};
  bool unbuffered = false;
  const weir__field *last = head->last, *before_last = NULL;
  check_passed(j, c, head, ours, goes_from_response);
  for (size_t i = 0; i < c->count; i++)
    unbuffered |=
        strcasecmp(c->name[i], "X-Accel-Buffering") == 0 && !is_option(c, "X-Accel-Buffering");
  bool marked = head->status >= 200 && is_stream(head) && !unbuffered;
  for (const weir__field *f = head->first; f && f != last; f = f->next) before_last = f;
  if (marked) REQUIRE(strcmp(last->pub.name, "X-Accel-Buffering") == 0);
  if (marked) REQUIRE(strcmp(last->pub.value, "no") == 0);
  if (marked) REQUIRE(count_named(head, "X-Accel-Buffering") == 1);
  check_via(j, c, head, marked ? before_last : last);
}

/* Only protocols that the policy names, never h2c. */
static void check_upgrade(const job *j, const came *c, const weir_head *head, const char *list) {
  size_t len;
  if (!list) return;
  REQUIRE(head->minor == 1 && lists(c, "Connection", "upgrade") && strlen(list) < 600);
  for (const char *e = list; (e = next_element(e, &len)); e += len) {
    size_t name = strcspn(e, "/") < len ? strcspn(e, "/") : len;
    REQUIRE(name > 0 && strncasecmp(e, "h2c", name) != 0);
    REQUIRE(strcasestr(j->policy.upgrade, "websocket") &&
            (strncasecmp(e, "websocket", name) == 0 || strncasecmp(e, "foo", name) == 0));
  }
}

/* ---- what a host may do to it ---- */

/* NUL where a string was wanted, status where none may be, and so on: all of it is only refused. */
static void edit_head(const job *j, weir_head *head) {
  bool connected =
      !j->request && strcmp(j->method, "CONNECT") == 0; /* the relay looks after that */
  switch (j->edit & 7) {
  case 1: weir_head_set(head, j->name, j->value); break;
  case 2: weir_head_add(head, j->name, j->value); break;
  case 3: weir_head_remove(head, j->name); break;
  case 4: weir_head_set_target(head, j->value); break;
  case 5:
    if (!connected) weir_head_set_status(head, 190 + (j->edit >> 3) * 8, j->value);
    break;
  case 6:
    if (!connected) weir_head_set_status(head, j->edit & 8 ? 204 : 304, NULL);
    break;
  }
  const char *got = weir_head_get(head, j->name);
  bool found = false;
  for (const weir_field *f = NULL; (f = weir_head_next(head, f));)
    found |= f->value == got && strcasecmp(f->name, j->name) == 0;
  REQUIRE(found == (got != NULL));
}

/* ---- writing, as the relay does ---- */

static void write_head(job *j, const weir_head *head, const weir__h1_extra *extra) {
  j->out.len = 0;
  if (weir__h1_write_head(&j->out, head, extra)) j->out.len = 0;
}

/* True if the head is fit to be looked at. */
static bool send_request(job *j, weir_head *head) {
  static came c;
  const char *upgrade = "";
  bool te = false;
  note_fields(&c, head);
  if (weir__forward_request(head, &j->policy, &j->peer, j->override, "origin:81", &upgrade, &te))
    return false;
  j->names_fields = names_fields(&c, kept_request);
  REQUIRE(j->names_fields == head->names_fields);
  check_request(j, &c, head);
  check_upgrade(j, &c, head, upgrade);
  REQUIRE(te == (head->minor == 1 && lists(&c, "TE", "trailers")));
  if (te && weir__head_add(head, weir__slice_str("TE"), weir__slice_str("trailers"))) return false;
  if (j->edit) edit_head(j, head);
  const char *connection = upgrade ? te ? "upgrade, TE" : "upgrade" : te ? "TE" : NULL;
  write_head(j, head,
             &(weir__h1_extra){.connection = connection,
                               .upgrade = upgrade,
                               .chunked = head->framing == WEIR__FRAMING_CHUNKED});
  return j->out.len > 0;
}

static bool send_response(job *j, weir_head *head) {
  static came c;
  bool chunked = head->framing == WEIR__FRAMING_CHUNKED || head->framing == WEIR__FRAMING_CLOSE;
  const char *upgrade = head->status == 101 ? head->upgrade : NULL;
  note_fields(&c, head);
  if (weir__forward_response(head, &j->policy)) return false;
  j->names_fields = names_fields(&c, kept_response);
  REQUIRE(j->names_fields == head->names_fields);
  check_response(j, &c, head);
  if (j->edit) edit_head(j, head);
  write_head(j, head,
             &(weir__h1_extra){
                 .connection = upgrade ? "upgrade" : NULL, .upgrade = upgrade, .chunked = chunked});
  return j->out.len > 0;
}

/* ---- what leaves ---- */

static enum strict_framing leaves_as(const job *j, const weir_head *head) {
  switch (head->framing) {
  case WEIR__FRAMING_LENGTH: return STRICT_LENGTH;
  case WEIR__FRAMING_CHUNKED: return STRICT_CHUNKED;
  case WEIR__FRAMING_CLOSE: return j->request ? STRICT_NONE : STRICT_CHUNKED;
  case WEIR__FRAMING_TUNNEL: return STRICT_TUNNEL;
  case WEIR__FRAMING_NONE: break;
  }
  return STRICT_NONE;
}

static void check_strict(const job *j, const weir_head *head) {
  strict_message m;
  if (j->request)
    strict_request(&m, j->out.ptr, j->out.len);
  else
    strict_response(&m, j->out.ptr, j->out.len, j->method, false);
  if (m.bad) fprintf(stderr, "%s:\n%.*s\n", m.bad, (int)j->out.len, j->out.ptr);
  REQUIRE(!m.bad && m.head_whole && m.used == j->out.len);
  REQUIRE(m.framing == leaves_as(j, head));
  REQUIRE(strict_count(&m, "Keep-Alive") == 0 && strict_count(&m, "Proxy-Connection") == 0);
  REQUIRE(strict_count(&m, "Connection") <= 1 && strict_count(&m, "Upgrade") <= 1);
  strict_clear(&m);
}

static void take_head(job *j, weir_head *head);

static int on_head(void *owner, weir_head *head) {
  take_head(owner, head);
  weir__head_free(head);
  return WEIR_ECANCELED;
}

static int on_interim(void *owner, weir_head *head) {
  take_head(owner, head);
  return WEIR_ECANCELED;
}

static int on_body(void *owner, weir__slice span) { return (void)owner, (void)span, 0; }
static int on_end(void *owner, weir_head *trailers) { return (void)owner, (void)trailers, 0; }

static const weir__h1_events again_events = {
    .on_interim = on_interim, .on_head = on_head, .on_body = on_body, .on_end = on_end};

static int read_head(weir__slice bytes, const weir__h1_events *events, job *j) {
  static const weir__h1_limits wide = {1 << 20, FIELDS_MAX, 1 << 20, 100};
  size_t used;
  weir__h1_reader *reader =
      weir__h1_new(j->mem, j->request ? WEIR__H1_REQUEST : WEIR__H1_RESPONSE, &wide, events, j);
  if (!reader) return WEIR_ENOMEM;
  weir__h1_expect(reader, j->method, j->asked);
  int rc = weir__h1_feed(reader, bytes, &used);
  weir__h1_free(reader);
  return rc;
}

/* A second gateway that believes the first and adds nothing sends on just what it got. */
static void check_fixed_point(const job *first) {
  job j = *first;
  j.out = (weir__buf){.mem = j.mem};
  j.policy = (weir__policy){.via = "", .upgrade = first->policy.upgrade};
  j.peer.trusted = true;
  j.override = NULL;
  int rc = read_head(weir__buf_slice(&first->out), &again_events, &j);
  REQUIRE(rc == WEIR_ECANCELED || rc == WEIR_ENOMEM);
  bool same = j.out.len == first->out.len && memcmp(j.out.ptr, first->out.ptr, j.out.len) == 0;
  if (rc == WEIR_ECANCELED && j.out.len) {
    if (!same)
      fprintf(stderr, "%.*s\n%.*s\n", (int)first->out.len, first->out.ptr, (int)j.out.len,
              j.out.ptr);
    REQUIRE(same);
  }
  weir__buf_free(&j.out);
}

static bool passed_once;

static void take_head(job *j, weir_head *head) {
  j->out.len = 0;
  if (!(j->request ? send_request(j, head) : send_response(j, head))) return;
  check_strict(j, head);
  if (passed_once) return;
  passed_once = true;
  if (!j->edit) check_fixed_point(j);
}

/* ---- the first reading ---- */

static int on_first_head(void *owner, weir_head *head) {
  job *j = owner;
  passed_once = false;
  bool connect = j->request && strcmp(head->method, "CONNECT") == 0;
  take_head(j, head);
  weir__head_free(head);
  return connect ? WEIR_ECANCELED : 0;
}

static int on_first_interim(void *owner, weir_head *head) {
  passed_once = false;
  take_head(owner, head);
  return 0;
}

/* What may stand behind a body: nothing that frames, routes or ends here. */
static int on_trailers(void *owner, weir_head *trailers) {
  static const char *const never[] = {"content-length", "host",    "set-cookie",      "cookie",
                                      "authorization",  "via",     "content-type",    "date",
                                      "cache-control",  "trailer", "x-forwarded-for", NULL};
  job *j = owner;
  if (!trailers) return 0;
  weir__forward_trailers(trailers, j->names_fields);
  REQUIRE(!j->names_fields || !trailers->first);
  for (const weir__field *f = trailers->first; f; f = f->next)
    REQUIRE(!is_among(f->pub.name, never) && !is_among(f->pub.name, ends_here));
  j->out.len = 0;
  if (weir__h1_write_trailers(&j->out, trailers)) return 0;
  REQUIRE(j->out.len >= 2 && memcmp(j->out.ptr + j->out.len - 2, "\r\n", 2) == 0);
  return 0;
}

static const weir__h1_events first_events = {.on_interim = on_first_interim,
                                             .on_head = on_first_head,
                                             .on_body = on_body,
                                             .on_end = on_trailers};

static void set_peer(weir__peer *peer, uint8_t how) {
  static const char v4[4] = {(char)192, 0, 2, 7}, v6[16] = {0x20, 0x01, 0x0d, (char)0xb8, [15] = 1};
  *peer = (weir__peer){.scheme = "http", .port = 50000, .local_port = how & 4 ? 0 : 8080};
  const char *text = how & 1 ? how & 2 ? "2001:db8::1" : "192.0.2.7" : "unix";
  snprintf(peer->text, sizeof peer->text, "%s", text);
  if (how & 1) peer->addr = weir__addr_from(how & 2 ? v6 : v4, how & 2 ? 16 : 4);
}

static const char *const upgrades[] = {"websocket", "", "websocket, foo, h2c", "websocket"};
static const char *const methods[] = {"GET", "HEAD", "CONNECT", "POST"};

/* A string that ends in NUL, in memory of its exact size; the caller frees it. */
static char *take_string(fuzz_input *in) {
  size_t len = in->len ? strnlen(in->ptr, in->len) : 0;
  char *text = malloc(len + 1);
  if (!text) abort();
  if (len) memcpy(text, in->ptr, len);
  text[len] = '\0';
  size_t used = len < in->len ? len + 1 : len;
  in->ptr += used, in->len -= used;
  return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_input_of(data, size);
  uint8_t policy = fuzz_byte(&in), peer = fuzz_byte(&in), nth = fuzz_byte(&in);
  uint8_t edit = fuzz_byte(&in);
  char *name = edit ? take_string(&in) : NULL, *value = edit ? take_string(&in) : NULL;
  counting_alloc alloc;
  weir__mem mem;
  alloc_init(&alloc);
  alloc.fail_at = nth;
  weir__mem_init(&mem, &alloc.hooks);
  job j = {.request = !(policy & 0x80),
           .policy = {.via = policy & 1 ? "" : "weir",
                      .upgrade = upgrades[policy >> 4 & 3],
                      .forwarding_fields = policy & 2,
                      .forwarded = policy & 4},
           .override = policy & 0x40 ? "override:1" : NULL,
           .method = methods[peer >> 4 & 3],
           .asked = peer & 0x40   ? "websocket"
                    : peer & 0x80 ? "websocket, foo"
                                  : NULL,
           .mem = &mem,
           .edit = edit,
           .name = name,
           .value = value,
           .out = {.mem = &mem}};
  set_peer(&j.peer, peer);
  j.peer.trusted = policy & 8;
  read_head(fuzz_rest(&in), &first_events, &j);
  weir__buf_free(&j.out);
  free(name);
  free(value);
  REQUIRE(alloc.live_blocks == 0);
  return 0;
}
