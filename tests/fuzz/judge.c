/* See judge.h. First what was sent is read, requests from the client and responses from each
 * origin; then what left is held against it. */
#include "fuzz/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hostile/strict.h"
#include "http/h1_read.h"
#include "weir/err.h"

enum { MESSAGES = STAGE_EXCHANGES + 2 };

/* ---- what was sent ---- */

/* A message as the reader understands it. */
typedef struct sent {
  bool head, whole, tunnel, bodiless;
  int minor;
  char method[80];
  char target[512]; /* cut, if it is longer */
  fuzz_record body; /* and all behind the head of a tunnel */
  size_t end;       /* where it ends in what was sent */
} sent;

/* Kept from input to input for their memory: requests, and responses by the number of their
 * exchange. */
static sent requests[MESSAGES], responses[MESSAGES];
static size_t request_count, response_last;

static void forget(sent *m) {
  fuzz_record body = m->body;
  memset(m, 0, sizeof *m);
  m->body = body;
  fuzz_clear(&m->body);
}

static int on_interim(void *owner, weir_head *head) { return (void)owner, (void)head, 0; }

static int on_head(void *owner, weir_head *head) {
  sent *m = owner;
  m->head = true;
  m->minor = head->minor;
  m->tunnel = head->framing == WEIR__FRAMING_TUNNEL;
  m->bodiless = head->framing == WEIR__FRAMING_NONE;
  if (head->request) {
    snprintf(m->method, sizeof m->method, "%s", head->method);
    snprintf(m->target, sizeof m->target, "%s", head->target);
  }
  weir__head_free(head);
  return 0;
}

static int on_body(void *owner, weir__slice span) {
  sent *m = owner;
  fuzz_put_raw(&m->body, span);
  return 0;
}

static int on_end(void *owner, weir_head *trailers) {
  sent *m = owner;
  (void)trailers;
  m->whole = true;
  return 0;
}

static const weir__h1_events events = {
    .on_interim = on_interim, .on_head = on_head, .on_body = on_body, .on_end = on_end};

/* What was read of what the peer sent, from `at` on. */
static weir__slice read_from(const wire *w, size_t at) {
  return w->sent.ptr ? weir__slice_of(w->sent.ptr + at, w->read - at) : weir__slice_of("", 0);
}

/* Reads one message from `at` on. */
static void read_message(const stage *s, sent *m, enum weir__h1_kind kind, const wire *w, size_t at,
                         const char *method, const char *asked) {
  weir__mem mem;
  weir__mem_init(&mem, NULL);
  const weir_options *o = &s->set.options;
  weir__h1_limits limits = {.head_bytes = o->head_bytes ? o->head_bytes : 65536,
                            .head_fields = o->head_fields ? o->head_fields : 128,
                            .target_bytes = o->target_bytes ? o->target_bytes : 16384,
                            .interim_max = o->interim_max ? o->interim_max : 16};
  forget(m);
  weir__h1_reader *reader = weir__h1_new(&mem, kind, &limits, &events, m);
  if (!reader) abort();
  weir__h1_expect(reader, method, asked);
  size_t used = 0;
  int rc = weir__h1_feed(reader, read_from(w, at), &used);
  bool fin = w->told && w->fin && w->read == w->sent.len;
  if (rc == 0 && fin) weir__h1_finish(reader);
  weir__h1_free(reader);
  m->end = at + used;
  if (m->tunnel) fuzz_put_raw(&m->body, read_from(w, m->end));
}

static void read_requests(const stage *s) {
  size_t at = 0;
  request_count = 0;
  do {
    read_message(s, &requests[request_count], WEIR__H1_REQUEST, &s->client, at, "GET", NULL);
    at = requests[request_count].end;
  } while (requests[request_count++].whole && request_count < MESSAGES - 1);
  if (!requests[request_count - 1].head) request_count--;
}

static const sent *request_of(size_t id) {
  return id >= 1 && id <= request_count ? &requests[id - 1] : NULL;
}

/* ---- what left ---- */

static const char *value_of(const strict_message *m, const char *name) {
  size_t len = strlen(name);
  for (const char *line = m->fields; line && *line;) {
    if (strncasecmp(line, name, len) == 0 && line[len] == ':') return line + len + 2;
    line = strchr(line, '\n');
    if (line) line++;
  }
  return NULL;
}

/* The protocols that an origin was asked for; NULL: none. */
static const char *asked_for(const strict_message *m) {
  static char list[STAGE_INPUT];
  const char *value = value_of(m, "Upgrade");
  if (value) snprintf(list, sizeof list, "%.*s", (int)strcspn(value, "\n"), value);
  return value ? list : NULL;
}

/* The number of its exchange; 0: the relay said this itself. */
static size_t number_of(const strict_message *m) {
  const char *value = value_of(m, "X-Fuzz");
  return value ? strtoul(value, NULL, 10) : 0;
}

static void complain(const strict_message *m, const char *bytes, size_t len) {
  if (m->bad) fprintf(stderr, "%s:\n%.*s\n", m->bad, (int)len, bytes);
}

/* What ends at each hop, unless it is just what the relay says itself. */
static void check_hop_by_hop(const strict_message *m, bool request) {
  static const char *const never[] = {"Keep-Alive", "Proxy-Connection", "Proxy-Authenticate",
                                      "Proxy-Authorization", "HTTP2-Settings"};
  for (size_t i = 0; i < sizeof never / sizeof *never; i++) REQUIRE(!strict_count(m, never[i]));
  bool te = strict_has(m, "TE: trailers"), upgrade = strict_count(m, "Upgrade") > 0;
  REQUIRE(strict_count(m, "TE") == te && (!te || request) && strict_count(m, "Upgrade") <= 1);
  const char *connection = !request  ? upgrade ? "Connection: upgrade" : NULL
                           : te      ? upgrade ? "Connection: upgrade, TE" : "Connection: TE"
                           : upgrade ? "Connection: upgrade"
                                     : NULL;
  bool own = !request && !upgrade &&
             (strict_has(m, "Connection: close") || strict_has(m, "Connection: keep-alive"));
  REQUIRE(strict_count(m, "Connection") == (connection || own));
  if (connection) REQUIRE(strict_has(m, connection));
}

static void put_message(fuzz_record *seen, char kind, const strict_message *m) {
  fuzz_entry(seen, kind);
  fuzz_put(seen, weir__slice_str(m->start ? m->start : ""));
  fuzz_put(seen, weir__slice_str(m->fields));
  fuzz_put(seen, weir__slice_of(m->body, m->body_len));
  fuzz_put(seen, weir__slice_str(m->trailers ? m->trailers : ""));
  fuzz_put_int(seen, m->whole);
}

static bool begins_with(const fuzz_record *all, const strict_message *m) {
  return m->body_len <= all->len && (!m->body_len || memcmp(all->ptr, m->body, m->body_len) == 0);
}

/* ---- requests, as origins saw them ---- */

static bool is_idempotent(const char *method) {
  static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
  for (size_t i = 0; i < 6; i++)
    if (strcmp(method, methods[i]) == 0) return true;
  return false;
}

static void check_request(const strict_message *m, const sent *came, unsigned times) {
  REQUIRE(came && came->head);
  REQUIRE(strcmp(m->method, came->method) == 0);
  bool known = strlen(came->target) < sizeof came->target - 1 && strcmp(m->target, "/edited") != 0;
  REQUIRE(!known || strcmp(m->target, came->target) == 0);
  REQUIRE(begins_with(&came->body, m));
  if (m->whole) REQUIRE(came->whole && m->body_len == came->body.len);
  REQUIRE(times == 1 || (times == 2 && is_idempotent(came->method) && came->bodiless));
}

/* What the client sent behind the head of a request that became a tunnel. Whole means that FIN has
 * passed both ways. */
static void check_tunnel_out(const stage *s, const sent *request, const wire *w, size_t at,
                             bool ended_whole) {
  const wire *client = &s->client;
  size_t len = w->stream.written_len - at;
  REQUIRE(len <= client->read - request->end);
  REQUIRE(!len || memcmp(w->stream.written + at, client->sent.ptr + request->end, len) == 0);
  if (w->stream.fin_sent) REQUIRE(client->told && client->fin);
  if (ended_whole) REQUIRE(w->stream.fin_sent);
}

/* How much of a body that is too large went out before depends on how it came. */
static bool is_too_large(const stage_end *end) { return end->stats.error == WEIR_EBODYSIZE; }

static bool any_too_large(const stage *s) {
  for (size_t id = 1; id <= STAGE_EXCHANGES && s->ends[id].times; id++)
    if (is_too_large(&s->ends[id])) return true;
  return false;
}

/* All requests on one connection, and the responses to them. What the relay has written counts,
 * though the socket may not have taken it: an origin here may answer what it has not seen. */
static void judge_origin(const stage *s, const wire *w, unsigned *times, fuzz_record *seen) {
  size_t at = 0, answered = 0;
  bool more = true, tunnel = false;
  while (more && at < w->stream.written_len && !tunnel) {
    strict_message m;
    strict_request(&m, w->stream.written + at, w->stream.written_len - at);
    complain(&m, w->stream.written + at, w->stream.written_len - at);
    REQUIRE(!m.bad);
    more = m.whole;
    size_t id = m.head_whole ? number_of(&m) : 0;
    if (m.head_whole) {
      check_hop_by_hop(&m, true);
      REQUIRE(id >= 1);
      REQUIRE(id <= STAGE_EXCHANGES);
      if (id > response_last) response_last = id;
      check_request(&m, request_of(id), ++times[id]);
      read_message(s, &responses[id], WEIR__H1_RESPONSE, w, answered, m.method, asked_for(&m));
      answered = responses[id].end;
      tunnel = responses[id].tunnel;
    }
    if (m.whole || !any_too_large(s)) put_message(seen, 'q', &m);
    at += m.used;
    strict_clear(&m);
    if (tunnel) check_tunnel_out(s, request_of(id), w, at, s->ends[id].end == WEIR_END_COMPLETE);
    if (tunnel) fuzz_put(seen, weir__slice_of(w->stream.written + at, w->stream.written_len - at));
  }
  fuzz_entry(seen, w->stream.was_reset ? 'R' : w->stream.fin_sent ? 'F' : 'C');
}

/* ---- responses, as the client saw them ---- */

static bool is_whole_end(enum weir_end end) {
  return end == WEIR_END_COMPLETE || end == WEIR_END_UNMARKED;
}

static void check_response(const stage *s, const strict_message *m, size_t id, size_t turn_of) {
  const stage_end *end = &s->ends[id];
  const sent *came = &responses[id];
  REQUIRE(id == turn_of && end->times == 1);
  REQUIRE(came->head && begins_with(&came->body, m));
  REQUIRE(end->stats.status == m->status);
  if (m->framing == STRICT_TUNNEL) return;
  if (m->whole) REQUIRE(came->whole || is_whole_end(end->end) || m->framing == STRICT_NONE);
  if (m->whole && m->framing != STRICT_NONE) REQUIRE(m->body_len == came->body.len);
  REQUIRE(m->whole ? is_whole_end(end->end) : !is_whole_end(end->end));
}

/* HTTP/1.0 knows neither chunks nor interim responses. */
static void check_version(const strict_message *m, const sent *request) {
  if (!request || request->minor) return;
  REQUIRE(m->framing != STRICT_CHUNKED && m->status >= 200);
}

static void judge_tunnel(const stage *s, const sent *response) {
  const wire *client = &s->client;
  (void)response;
  if (!client->stream.fin_sent) return;
  bool fin = false;
  for (size_t i = 0; i < s->origin_count; i++) fin |= s->origins[i].told && s->origins[i].fin;
  REQUIRE(fin);
}

/* An answer of the relay's own, or of the host's. */
static void check_own(const stage *s, const strict_message *m, size_t turn_of) {
  const stage_end *end = turn_of <= STAGE_EXCHANGES ? &s->ends[turn_of] : NULL;
  if (!end || !end->times || !m->whole) return;
  REQUIRE(!is_whole_end(end->end));
  REQUIRE(end->stats.status == m->status);
}

static void read_as(const stage *s, strict_message *m, size_t at, const char *method) {
  const mem_stream *c = &s->client.stream;
  strict_response(m, c->written + at, c->accepted - at, method, wire_ended_well(&s->client));
}

/* A request that never became an exchange may have been refused before its method was known; the
 * first one, if its head was never read. */
static void read_response(const stage *s, strict_message *m, size_t at, size_t turn_of) {
  const sent *request = request_of(turn_of);
  const char *method = request ? request->method : "GET";
  bool unknown = turn_of > STAGE_EXCHANGES || !s->ends[turn_of].times;
  if (turn_of == 1 && s->head_read) unknown = false;
  read_as(s, m, at, unknown ? "GET" : method);
  if (!unknown || m->whole || strcmp(method, "HEAD") != 0) return;
  strict_clear(m);
  read_as(s, m, at, method);
}

static void judge_client(const stage *s, fuzz_record *seen) {
  const mem_stream *c = &s->client.stream;
  size_t at = 0, turn_of = 1;
  bool more = true;
  while (more && at < c->accepted) {
    strict_message m;
    read_response(s, &m, at, turn_of);
    complain(&m, c->written + at, c->accepted - at);
    REQUIRE(!m.bad);
    put_message(seen, 'a', &m);
    bool interim = m.head_whole && m.status < 200 && m.status != 101;
    size_t id = m.head_whole ? number_of(&m) : 0;
    REQUIRE(id <= STAGE_EXCHANGES);
    if (m.head_whole) check_hop_by_hop(&m, false);
    if (interim) REQUIRE(id == turn_of);
    if (m.head_whole) check_version(&m, request_of(turn_of));
    if (m.head_whole && !interim && id) check_response(s, &m, id, turn_of);
    if (m.head_whole && !interim && !id) check_own(s, &m, turn_of);
    if (m.framing == STRICT_TUNNEL && m.head_whole) judge_tunnel(s, &responses[id]);
    turn_of += !interim;
    at += m.used;
    more = m.whole;
    strict_clear(&m);
  }
  REQUIRE(more ? at == c->accepted : true);
  fuzz_entry(seen, c->was_reset ? 'R' : c->fin_sent ? 'F' : 'C');
}

static void put_ends(const stage *s, fuzz_record *seen) {
  for (size_t id = 1; id <= STAGE_EXCHANGES && s->ends[id].times; id++) {
    const stage_end *e = &s->ends[id];
    fuzz_entry(seen, 'e');
    fuzz_put(seen, weir__slice_str(weir_end_name(e->end)));
    fuzz_put_int(seen, (uint64_t)(int64_t)e->stats.error);
    fuzz_put_int(seen, (uint64_t)e->stats.status);
    fuzz_put_int(seen, is_too_large(e) ? 0 : e->stats.request_bytes);
    fuzz_put_int(seen, e->stats.response_bytes);
    fuzz_put_int(seen, e->stats.retries << 1 | (unsigned)e->stats.reused);
  }
}

void judge(const stage *s, fuzz_record *seen) {
  unsigned times[STAGE_EXCHANGES + 1] = {0};
  for (; response_last; response_last--) forget(&responses[response_last]);
  fuzz_clear(seen);
  read_requests(s);
  for (size_t i = 0; i < s->origin_count; i++) judge_origin(s, &s->origins[i], times, seen);
  judge_client(s, seen);
  put_ends(s, seen);
}
