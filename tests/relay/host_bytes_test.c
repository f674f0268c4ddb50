/* No byte that a host hands in can become framing: every value in every place of every text that
 * the public functions take and that may leave in a message. Texts that are only compared, never
 * written, are not here: a route's prefix, upgrade_protocols, trusted_proxies, an address to listen
 * at. A text ends at its NUL, so byte 0 makes it shorter and nothing else. */
#include <stdio.h>
#include <stdlib.h>

#include "support/heads.h"
#include "support/lent.h"
#include "weir/err.h"

enum { FIRST, MIDDLE, LAST, WHERES };

#define ALNUM "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* ---- the verdicts, by the grammar ---- */

static bool is_among(int c, const char *set) { return c && strchr(set, c); }

/* RFC 9110, 5.6.2: tchar. */
static bool in_token(int c, int where) {
  (void)where;
  return is_among(c, ALNUM "!#$%&'*+-.^_`|~");
}

/* RFC 9110, 5.5: VCHAR, obs-text, and white space. */
static bool in_value(int c, int where) {
  (void)where;
  return c == '\t' || (c >= ' ' && c != 0x7f);
}

/* RFC 3986, 3.3 and 3.4, and what else is printable and cuts no line: not the fragment. */
static bool in_target(int c, int where) {
  (void)where;
  return c > ' ' && c < 0x7f && c != '#';
}

/* RFC 3986, 3.2.2: reg-name; a percent sign would want two digits, a colon begins a port, which may
 * be empty. */
static bool in_host(int c, int where) {
  return is_among(c, ALNUM "-._~!$&'()*+,;=") || (c == ':' && where == LAST);
}

/* .. where white space around it is dropped. */
static bool in_padded_host(int c, int where) {
  return in_host(c, where) || (where != MIDDLE && (c == ' ' || c == '\t'));
}

/* RFC 9110, 7.6.3: a pseudonym is a token, a host may have a port. */
static bool in_via(int c, int where) { return in_token(c, where) || is_among(c, ":[]"); }

/* What a look-up can find; a slash may end a URL. */
static bool in_url(int c, int where) {
  if (where == FIRST && c == '.') return false;
  return is_among(c, ALNUM "-._") || (c == '/' && where == LAST);
}

static bool in_path(int c, int where) {
  (void)where;
  return in_value(c, where) && c != '\t';
}

/* ---- each byte in each place ---- */

/* One text that a function takes: what stands before the byte, the verdict, the code of a refusal,
 * and the call. `act` returns what the function did; `taken`: what it should have done. */
typedef struct place {
  const char *name, *before;
  bool (*may)(int c, int where);
  int code;
  int (*act)(void *arg, const char *text, bool taken);
} place;

/* "?xy", "x?y" or "xy?" behind `before`. */
static void put_byte(char *text, size_t size, const place *p, int c, int where) {
  const char byte[] = {(char)c, '\0'};
  snprintf(text, size, "%s%.*s%s%s", p->before, where, "xy", byte, &"xy"[where]);
}

static const char *const where_names[] = {"first", "between", "last"};

/* `all`: with those that are taken, too. */
static void check_place(const place *p, void *arg, bool all) {
  char text[200];
  for (int c = 1; c < 256; c++)
    for (int where = 0; where < WHERES; where++) {
      bool taken = p->may(c, where);
      if (taken && !all) continue;
      put_byte(text, sizeof text, p, c, where);
      CHECK_CASE("%s, byte 0x%02x %s", p->name, (unsigned)c, where_names[where]);
      CHECK_INT(p->act(arg, text, taken), taken ? 0 : p->code);
    }
}

/* White space around a text is dropped. */
static const char *trimmed(const char *text) {
  static char out[200];
  size_t from = strspn(text, " \t"), len = strlen(text + from);
  while (len && strchr(" \t", text[from + len - 1])) len--;
  snprintf(out, sizeof out, "%.*s", (int)len, text + from);
  return out;
}

/* `format` has one %s at most. */
static void print_then(char *out, size_t size, const char *format, const char *text) {
  const char *hole = strstr(format, "%s");
  size_t before = hole ? (size_t)(hole - format) : strlen(format);
  snprintf(out, size, "%.*s%s%s", (int)before, format, hole ? text : "", hole ? hole + 2 : "");
}

/* ---- heads ---- */

#define FIELDS "Host: a\nA: 1\n"

typedef struct head_call {
  const char *head; /* the start line of the head that is changed */
  int (*call)(weir_head *head, const char *text);
  const char *then; /* the head when it was taken; %s is the text without white space around it */
} head_call;

/* What a head says, start line and fields; the caller frees it. */
static char *all_of(const weir_head *head) {
  char *fields = head_text(head), *all = malloc(strlen(fields) + 400);
  if (!all) abort();
  if (weir_head_method(head))
    sprintf(all, "%s %.300s\n%s", weir_head_method(head), weir_head_target(head), fields);
  else
    sprintf(all, "%d %.300s\n%s", weir_head_status(head), weir_head_reason(head), fields);
  free(fields);
  return all;
}

static int act_on_head(void *arg, const char *text, bool taken) {
  const head_call *call = arg;
  counting_alloc alloc;
  weir__mem mem;
  char want[600];
  alloc_init(&alloc);
  CHECK_INT(weir__mem_init(&mem, &alloc.hooks), 0);
  weir_head *head = head_of(&mem, call->head, FIELDS);
  char *before = all_of(head);
  int rc = call->call(head, text);
  char *after = all_of(head);
  if (taken) print_then(want, sizeof want, call->then, trimmed(text));
  CHECK_STR(after, taken ? want : before);
  free(before);
  free(after);
  weir__head_free(head);
  CHECK_NO_LEAK(&alloc);
  return rc;
}

static int set_name(weir_head *head, const char *text) { return weir_head_set(head, text, "v"); }
static int add_name(weir_head *head, const char *text) { return weir_head_add(head, text, "v"); }
static int set_value(weir_head *head, const char *text) { return weir_head_set(head, "A", text); }
static int add_value(weir_head *head, const char *text) { return weir_head_add(head, "B", text); }
static int set_host(weir_head *head, const char *text) { return weir_head_set(head, "hOST", text); }
static int set_reason(weir_head *head, const char *text) {
  return weir_head_set_status(head, 201, text);
}

#define REQUEST "GET /old HTTP/1.1"
#define RESPONSE "HTTP/1.1 200 OK"

/* clang-format off */
static const struct {
  place place;
  head_call call;
} head_places[] = {
    {{"a request's name, set", "", in_token, WEIR_EFIELD, act_on_head}, {REQUEST, set_name, "GET /old\n" FIELDS "%s: v\n"}},
    {{"a request's name, added", "", in_token, WEIR_EFIELD, act_on_head}, {REQUEST, add_name, "GET /old\n" FIELDS "%s: v\n"}},
    {{"a request's name, removed", "", in_token, WEIR_EFIELD, act_on_head}, {REQUEST, weir_head_remove, "GET /old\n" FIELDS}},
    {{"a request's value, set", "", in_value, WEIR_EFIELD, act_on_head}, {REQUEST, set_value, "GET /old\nHost: a\nA: %s\n"}},
    {{"a request's value, added", "", in_value, WEIR_EFIELD, act_on_head}, {REQUEST, add_value, "GET /old\n" FIELDS "B: %s\n"}},
    {{"a request's host", "", in_padded_host, WEIR_EFIELD, act_on_head}, {REQUEST, set_host, "GET /old\nHost: %s\nA: 1\n"}},
    {{"a target", "/", in_target, WEIR_ETARGET, act_on_head}, {REQUEST, weir_head_set_target, "GET %s\n" FIELDS}},
    {{"a query", "/p?", in_target, WEIR_ETARGET, act_on_head}, {REQUEST, weir_head_set_target, "GET %s\n" FIELDS}},
    {{"a response's name, set", "", in_token, WEIR_EFIELD, act_on_head}, {RESPONSE, set_name, "200 OK\n" FIELDS "%s: v\n"}},
    {{"a response's name, added", "", in_token, WEIR_EFIELD, act_on_head}, {RESPONSE, add_name, "200 OK\n" FIELDS "%s: v\n"}},
    {{"a response's name, removed", "", in_token, WEIR_EFIELD, act_on_head}, {RESPONSE, weir_head_remove, "200 OK\n" FIELDS}},
    {{"a response's value, set", "", in_value, WEIR_EFIELD, act_on_head}, {RESPONSE, set_value, "200 OK\nHost: a\nA: %s\n"}},
    {{"a response's value, added", "", in_value, WEIR_EFIELD, act_on_head}, {RESPONSE, add_value, "200 OK\n" FIELDS "B: %s\n"}},
    {{"a reason", "", in_value, WEIR_EFIELD, act_on_head}, {RESPONSE, set_reason, "201 %s\n" FIELDS}},
};
/* clang-format on */

static void a_head_takes_no_byte_that_could_frame(void) {
  for (size_t i = 0; i < sizeof head_places / sizeof *head_places; i++) {
    head_call call = head_places[i].call;
    check_place(&head_places[i].place, &call, true);
  }
}

static void a_text_that_is_nothing_is_a_value_and_no_name(void) {
  static const struct {
    head_call call;
    int code;
  } all[] = {
      {{REQUEST, set_name, ""}, WEIR_EFIELD},
      {{REQUEST, add_name, ""}, WEIR_EFIELD},
      {{REQUEST, weir_head_remove, ""}, WEIR_EFIELD},
      {{REQUEST, set_host, ""}, WEIR_EFIELD},
      {{REQUEST, weir_head_set_target, ""}, WEIR_ETARGET},
      {{REQUEST, set_value, "GET /old\nHost: a\nA: %s\n"}, 0},
      {{RESPONSE, add_value, "200 OK\n" FIELDS "B: %s\n"}, 0},
      {{RESPONSE, set_reason, "201 %s\n" FIELDS}, 0},
  };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    head_call call = all[i].call;
    CHECK_CASE("%zu", i);
    CHECK_INT(act_on_head(&call, "", all[i].code == 0), all[i].code);
    /* a NUL ends a text: what lies behind it is nobody's */
    CHECK_INT(act_on_head(&call, "\0\r\nX: y", all[i].code == 0), all[i].code);
  }
}

/* ---- answers ---- */

static int answer_with(weir_exchange *ex, const char *name, const char *value) {
  const weir_field fields[] = {{"A", "1"}, {name, value}, {"B", "2"}};
  return weir_exchange_answer(
      ex, &(weir_answer){WEIR_ANSWER_INIT, .status = 201, .fields = fields, .field_count = 3});
}

static int act_on_name(void *arg, const char *text, bool taken) {
  (void)taken;
  return answer_with(arg, text, "v");
}

static int act_on_value(void *arg, const char *text, bool taken) {
  (void)taken;
  return answer_with(arg, "X", text);
}

static const place answer_places[] = {
    {"an answer's name", "", in_token, WEIR_EFIELD, act_on_name},
    {"an answer's value", "", in_value, WEIR_EFIELD, act_on_value},
};

/* All that is refused comes last, and must leave the good answer before it alone. */
static int answer_in_every_way(weir_exchange *ex, weir_head *head, void *user) {
  fixture *f = user;
  (void)head;
  for (int i = 0; i < 2; i++) check_place(&answer_places[i], ex, true);
  CHECK_INT(weir_exchange_answer(ex, f->test), 0);
  for (int i = 0; i < 2; i++) check_place(&answer_places[i], ex, false);
  CHECK_INT(answer_with(ex, "", "v"), WEIR_EFIELD);
  return 0;
}

static void an_answer_takes_no_byte_that_could_frame_but_in_its_body(void) {
  char body[256];
  weir_answer good = {WEIR_ANSWER_INIT, .status = 202, .body = body, .body_len = sizeof body};
  for (int c = 0; c < 256; c++) body[c] = (char)c;
  fixture f;
  fixture_init(&f);
  f.hooks.on_request = answer_in_every_way;
  f.test = &good;
  fixture_start(&f);
  peer *client = ask(&f, GET);
  RUN_UNTIL(&f, got_message(client));
  const message *m = take(client);
  CHECK_INT(m->status, 202);
  CHECK_MEM(m->body, m->body_len, body, sizeof body);
  CHECK_INT(count_fields(m, "A") + count_fields(m, "X"), 0);
  CHECK_INT(untaken(client), 0);
  fixture_end(&f);
}

/* ---- requests that the host describes ---- */

/* A connection that is lent again and again, and what on_request saw of the last request. */
typedef struct lending {
  fixture f;
  lent l;
  unsigned returns;
  char method[200], target[200], fields[400];
} lending;

static int note_request(weir_exchange *ex, weir_head *head, void *user) {
  lending *t = ((fixture *)user)->test;
  const char *x = weir_head_get(head, "X");
  snprintf(t->method, sizeof t->method, "%s", weir_head_method(head));
  snprintf(t->target, sizeof t->target, "%s", weir_head_target(head));
  const weir_field *second = weir_head_next(head, weir_head_next(head, NULL));
  snprintf(t->fields, sizeof t->fields, "%s: %s", second->name, x ? x : second->value);
  return weir_exchange_answer(ex, &(weir_answer){WEIR_ANSWER_INIT, .status = 200});
}

static void come_back(uv_stream_t *stream, const weir_returned *returned, void *user) {
  lending *t = user;
  CHECK(stream == &t->l.handle.stream);
  CHECK(returned->open);
  t->returns++;
}

static int start(lending *t, const char *method, const char *target, const char *name,
                 const char *value, bool taken) {
  const weir_field fields[] = {{"Host", "a"}, {name, value}};
  weir_request r = {WEIR_REQUEST_INIT, .method = method, .target = target,
                    .http_minor = 1,   .fields = fields, .field_count = 2};
  unsigned returns = t->returns;
  size_t before = held(&t->f);
  int rc = weir_relay_start(t->f.relay, &t->l.handle.stream, &r, NULL, NULL, come_back, t);
  if (rc == 0) RUN_UNTIL(&t->f, t->returns > returns);
  settle(&t->f);
  CHECK_INT(t->returns, returns + taken);
  if (!taken) CHECK_INT(held(&t->f), before);
  CHECK_INT(t->f.relay->count.clients, 0);
  CHECK_INT(untaken(t->l.client) > 0, taken);
  forget(t->l.client);
  return rc;
}

static int act_on_method(void *arg, const char *text, bool taken) {
  lending *t = arg;
  int rc = start(t, text, "/", "X", "v", taken);
  if (taken) CHECK_STR(t->method, text);
  return rc;
}

static int act_on_target(void *arg, const char *text, bool taken) {
  lending *t = arg;
  if (strchr(text, '#')) return 0;
  int rc = start(t, "GET", text, "X", "v", taken);
  if (taken) CHECK_STR(t->target, text);
  return rc;
}

static int act_on_field_name(void *arg, const char *text, bool taken) {
  lending *t = arg;
  char want[400];
  int rc = start(t, "GET", "/", text, "v", taken);
  snprintf(want, sizeof want, "%s: v", text);
  if (taken) CHECK_STR(t->fields, want);
  return rc;
}

static int act_on_field_value(void *arg, const char *text, bool taken) {
  lending *t = arg;
  char want[400];
  int rc = start(t, "GET", "/", "X", text, taken);
  snprintf(want, sizeof want, "X: %s", trimmed(text));
  if (taken) CHECK_STR(t->fields, want);
  return rc;
}

/* A fragment can be written, and is then refused like that of any client, see below. */
static bool in_started_target(int c, int where) { return in_target(c, where) || c == '#'; }

static const place request_places[] = {
    {"a described method", "", in_token, WEIR_EINVAL, act_on_method},
    {"a described target", "/", in_started_target, WEIR_ETARGET, act_on_target},
    {"a described name", "", in_token, WEIR_EFIELD, act_on_field_name},
    {"a described value", "", in_value, WEIR_EFIELD, act_on_field_value},
};

static void a_described_request_takes_no_byte_that_could_frame(void) {
  lending t = {.returns = 0};
  fixture_init(&t.f);
  t.f.hooks.on_request = note_request;
  t.f.test = &t;
  fixture_start(&t.f);
  lent_open(&t.l, &t.f, UV_TCP);
  for (size_t i = 0; i < sizeof request_places / sizeof *request_places; i++)
    check_place(&request_places[i], &t, true);
  lent_close(&t.l);
  fixture_end(&t.f);
  lent_free(&t.l);
}

static void a_described_fragment_is_refused_like_that_of_a_client(void) {
  fixture f;
  lent l;
  fixture_open(&f);
  lent_open(&l, &f, UV_TCP);
  CHECK_INT(lend_request(&l, "GET /p#f HTTP/1.1\r\nHost: a\r\n\r\n", ""), 0);
  RUN_UNTIL(&f, is_over(l.client));
  CHECK_INT(take(l.client)->status, 400);
  CHECK_INT(f.origin.count, 0);
  lent_close(&l);
  fixture_end(&f);
  lent_free(&l);
}

/* ---- options ---- */

static int act_on_via(void *arg, const char *text, bool taken) {
  loop *l = arg;
  weir_relay *relay = NULL;
  int rc = weir_relay_new(&relay, &l->uv, &(weir_options){WEIR_OPTIONS_INIT, .via = text});
  CHECK_INT(relay != NULL, taken);
  if (relay) weir_relay_close(relay, NULL, NULL);
  uv_run(&l->uv, UV_RUN_DEFAULT);
  return rc;
}

static void via_takes_no_byte_that_could_frame(void) {
  static const place via = {"via", "", in_via, WEIR_EINVAL, act_on_via};
  loop l;
  loop_open(&l);
  check_place(&via, &l, true);
  loop_close(&l);
}

static int make_origin(fixture *f, const weir_upstream_options *options, bool taken) {
  weir_upstream *origin = NULL;
  size_t before = held(f);
  int rc = weir_upstream_new(&origin, f->relay, options);
  CHECK_INT(origin != NULL, taken);
  if (!taken) CHECK_INT(held(f), before);
  return rc;
}

static int act_on_host(void *arg, const char *text, bool taken) {
  weir_upstream_options o = {WEIR_UPSTREAM_OPTIONS_INIT, .url = "http://a", .host = text};
  return make_origin(arg, &o, taken);
}

static int act_on_url(void *arg, const char *text, bool taken) {
  weir_upstream_options o = {WEIR_UPSTREAM_OPTIONS_INIT, .url = text};
  return make_origin(arg, &o, taken);
}

static int act_on_route_host(void *arg, const char *text, bool taken) {
  fixture *f = arg;
  (void)taken;
  return weir_relay_route(f->relay, text, "/", f->upstream);
}

static void an_origin_and_its_host_take_no_byte_that_could_frame(void) {
  static const place places[] = {
      {"an origin's host", "", in_host, WEIR_EHOST, act_on_host},
      {"an origin's url", "http://", in_url, WEIR_EURL, act_on_url},
      {"an origin's path", "unix:/", in_path, WEIR_EURL, act_on_url},
      {"a route's host", "", in_host, WEIR_EINVAL, act_on_route_host},
  };
  fixture f;
  fixture_open(&f);
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) check_place(&places[i], &f, true);
  fixture_end(&f);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_head_takes_no_byte_that_could_frame);
  TEST(a_text_that_is_nothing_is_a_value_and_no_name);
  TEST(an_answer_takes_no_byte_that_could_frame_but_in_its_body);
  TEST(a_described_request_takes_no_byte_that_could_frame);
  TEST(a_described_fragment_is_refused_like_that_of_a_client);
  TEST(via_takes_no_byte_that_could_frame);
  TEST(an_origin_and_its_host_take_no_byte_that_could_frame);
  return check_end();
}
