/* One input, three runs: whole, in pieces, and with an allocation that fails. It knows what the
 * reader promises and nothing of how it keeps that; heads are checked by rules of its own. Each
 * piece lies in memory of its exact size. */
#include "fuzz/h1.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/alloc.h"
#include "support/check.h"
#include "weir/err.h"

enum { HAS_FIN = 0x80, HAS_VERDICT = 0x40, HEAD_FIELDS_FEW = 4 };

typedef struct settings {
  enum weir__h1_kind kind;
  weir__h1_limits limits;
  const char *method, *upgrade; /* what a response answers */
  bool fin;
  unsigned verdict_at; /* the event, counted from 1 without spans, that stops the reader; 0: none */
} settings;

typedef struct run {
  const settings *set;
  weir__h1_reader *reader;
  fuzz_record *log;
  weir__slice piece;  /* what is being fed */
  const char *raw;    /* all of it at once: where the next head begins, else NULL */
  uint64_t owed;      /* of a body with a length */
  unsigned events;    /* that were no spans */
  bool counted;       /* `owed` is meant */
  bool whole;         /* all is fed at once */
  bool inside;        /* behind a head, before its end */
  bool tunnel, ended; /* nothing is fed any more */
} run;

weir__h1_limits fuzz_limits(uint8_t bits) {
  return (weir__h1_limits){
      .head_bytes = bits & 1 ? 256 : 65536,
      .head_fields = bits & 2 ? HEAD_FIELDS_FEW : 128,
      .target_bytes = bits & 4 ? 16 : 16384,
      .interim_max = bits & 8 ? 1 : 16,
  };
}

/* ---- rules for heads ---- */

static bool is_token_byte(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c && strchr("!#$%&'*+-.^_`|~", c));
}

static void check_name(const char *name, size_t len) {
  REQUIRE(len > 0 && strlen(name) == len);
  for (size_t i = 0; i < len; i++) REQUIRE(is_token_byte((unsigned char)name[i]));
}

static bool is_text(unsigned char c) { return c == '\t' || (c >= 0x20 && c != 0x7f); }

static void check_value(const char *value, size_t len) {
  REQUIRE(strlen(value) == len);
  for (size_t i = 0; i < len; i++) REQUIRE(is_text((unsigned char)value[i]));
  REQUIRE(!len || (!strchr(" \t", value[0]) && !strchr(" \t", value[len - 1])));
}

typedef struct tally {
  size_t host, length, coding, fields;
  const char *length_value, *coding_value;
} tally;

static tally count_fields(const weir_head *head) {
  tally t = {0};
  for (const weir__field *f = head->first; f; f = f->next, t.fields++) {
    check_name(f->pub.name, f->name_len);
    check_value(f->pub.value, f->value_len);
    REQUIRE(!f->removed && (f->next || head->last == f));
    t.host += strcasecmp(f->pub.name, "Host") == 0;
    if (strcasecmp(f->pub.name, "Content-Length") == 0) t.length++, t.length_value = f->pub.value;
    if (strcasecmp(f->pub.name, "Transfer-Encoding") == 0)
      t.coding++, t.coding_value = f->pub.value;
  }
  REQUIRE(t.fields == head->count);
  return t;
}

/* Digits, the shortest there are. */
static void check_length(const weir_head *head, const char *value) {
  REQUIRE(value[0] && value[strspn(value, "0123456789")] == '\0');
  REQUIRE(value[0] != '0' || !value[1]);
  REQUIRE(strlen(value) <= 20 && strtoull(value, NULL, 10) == head->length);
}

static void check_framing(const weir_head *head, const tally *t) {
  REQUIRE(t->length <= 1 && t->coding <= 1 && t->length + t->coding <= 1);
  if (t->coding) REQUIRE(head->minor == 1 && strcasecmp(t->coding_value, "chunked") == 0);
  if (t->length) check_length(head, t->length_value);
  if (head->framing == WEIR__FRAMING_LENGTH) REQUIRE(t->length);
  if (head->framing == WEIR__FRAMING_CHUNKED) REQUIRE(t->coding);
}

static void check_request(const weir_head *head, const tally *t) {
  check_name(head->method, strlen(head->method));
  REQUIRE(head->target && head->target[0]);
  for (const char *p = head->target; *p; p++) REQUIRE(*p > 0x20 && *p < 0x7f);
  REQUIRE(t->host == 1 || (t->host == 0 && head->minor == 0));
  bool framed = head->framing == WEIR__FRAMING_LENGTH || head->framing == WEIR__FRAMING_CHUNKED;
  REQUIRE(framed == (t->length + t->coding > 0) || strcmp(head->method, "CONNECT") == 0);
  REQUIRE(framed || head->framing == WEIR__FRAMING_NONE);
  if (strcmp(head->method, "CONNECT") == 0) return;
  REQUIRE(head->target[0] == '/' || strcmp(head->target, "*") == 0);
}

static void check_response(const run *r, const weir_head *head, const tally *t, bool interim) {
  REQUIRE(head->status >= 100 && head->status <= 599);
  REQUIRE(interim == (head->status < 200 && head->status != 101));
  for (const char *p = head->reason; *p; p++) REQUIRE(is_text((unsigned char)*p));
  bool none = head->status < 200 || head->status == 204 || head->status == 304 ||
              strcmp(r->set->method, "HEAD") == 0;
  bool tunnel =
      head->status == 101 || (strcmp(r->set->method, "CONNECT") == 0 && head->status / 100 == 2);
  enum weir__framing want = tunnel      ? WEIR__FRAMING_TUNNEL
                            : none      ? WEIR__FRAMING_NONE
                            : t->coding ? WEIR__FRAMING_CHUNKED
                            : t->length ? WEIR__FRAMING_LENGTH
                                        : WEIR__FRAMING_CLOSE;
  REQUIRE(head->framing == want);
  if (head->status == 101) REQUIRE(r->set->upgrade && head->upgrade);
}

static void check_head(const run *r, const weir_head *head, bool interim) {
  tally t = count_fields(head);
  bool request = r->set->kind == WEIR__H1_REQUEST;
  REQUIRE(head->request == request && head->minor <= 1);
  REQUIRE(head->count <= r->set->limits.head_fields);
  check_framing(head, &t);
  if (request)
    check_request(head, &t);
  else
    check_response(r, head, &t, interim);
}

/* ---- heads against their bytes ---- */

/* The next line, without CRLF; it must have one, and no other CR. */
static weir__slice take_line(run *r) {
  size_t left = (size_t)(r->piece.ptr + r->piece.len - r->raw);
  const char *lf = memchr(r->raw, '\n', left);
  REQUIRE(lf && lf > r->raw && lf[-1] == '\r');
  weir__slice line = weir__slice_of(r->raw, (size_t)(lf - 1 - r->raw));
  REQUIRE(!memchr(line.ptr, '\r', line.len));
  r->raw = lf + 1;
  return line;
}

static bool starts(weir__slice line, const char *with) {
  return line.len >= strlen(with) && memcmp(line.ptr, with, strlen(with)) == 0;
}

static size_t count_byte(weir__slice line, char c) {
  size_t n = 0;
  for (size_t i = 0; i < line.len; i++) n += line.ptr[i] == c;
  return n;
}

static void check_request_line(const weir_head *head, weir__slice line) {
  char version[] = " HTTP/1.0", target[600];
  version[8] = (char)('0' + head->minor);
  REQUIRE(count_byte(line, ' ') == 2 && starts(line, head->method));
  REQUIRE(starts(weir__slice_of(line.ptr + line.len - 9, 9), version));
  int len = snprintf(target, sizeof target, "%s %s%s", head->method, head->target, version);
  const char *raw_target = line.ptr + strlen(head->method) + 1;
  if (strncasecmp(raw_target, "http", 4) == 0 || len >= (int)sizeof target) return;
  REQUIRE(line.len == (size_t)len && starts(line, target));
}

/* The reason may have lost white space around it. */
static void check_status_line(const weir_head *head, weir__slice line) {
  char begin[32];
  snprintf(begin, sizeof begin, "HTTP/1.%d %03d ", head->minor, head->status);
  REQUIRE(starts(line, begin));
  size_t len = strlen(begin);
  weir__slice reason = weir__slice_trim(weir__slice_of(line.ptr + len, line.len - len));
  REQUIRE(weir__slice_is(reason, head->reason));
}

/* `Name: value`, with nothing between name and colon. A length may have lost zeros in front. */
static void check_field_line(const weir__field *f, weir__slice line) {
  REQUIRE(line.len > f->name_len && starts(line, f->pub.name) && line.ptr[f->name_len] == ':');
  size_t begin = f->name_len + 1u;
  weir__slice value = weir__slice_trim(weir__slice_of(line.ptr + begin, line.len - begin));
  bool length = strcasecmp(f->pub.name, "Content-Length") == 0;
  while (length && value.len > 1 && value.ptr[0] == '0') value.ptr++, value.len--;
  REQUIRE(weir__slice_is(value, f->pub.value));
}

/* What the reader made of it says just what stands there. A tunnel has no length. */
static void check_raw(run *r, const weir_head *head) {
  if (!r->raw) return;
  while (head->request && *r->raw == '\r') take_line(r); /* empty lines in front */
  weir__slice line = take_line(r);
  if (head->request)
    check_request_line(head, line);
  else
    check_status_line(head, line);
  const weir__field *f = head->first;
  for (line = take_line(r); line.len; line = take_line(r)) {
    bool gone =
        head->framing == WEIR__FRAMING_TUNNEL && strncasecmp(line.ptr, "Content-Length:", 15) == 0;
    if (gone && (!f || strcasecmp(f->pub.name, "Content-Length") != 0)) continue;
    REQUIRE(f);
    check_field_line(f, line);
    f = f->next;
  }
  REQUIRE(!f);
}

/* ---- events ---- */

static void put_str(run *r, const char *str) {
  fuzz_put(r->log, weir__slice_str(str ? str : "(null)"));
}

static void put_fields(run *r, const weir_head *head) {
  for (const weir__field *f = head->first; f; f = f->next) {
    fuzz_put(r->log, weir__field_name(f));
    fuzz_put(r->log, weir__field_value(f));
  }
}

static void put_head(run *r, char kind, const weir_head *head) {
  fuzz_entry(r->log, kind);
  put_str(r, head->method);
  put_str(r, head->target);
  put_str(r, head->reason);
  put_str(r, head->host);
  put_str(r, head->upgrade);
  fuzz_put_int(r->log, (uint64_t)head->status << 16 | (uint64_t)head->framing << 8 |
                           (uint64_t)head->minor << 2 | (uint64_t)head->keep_alive << 1 |
                           head->expect);
  fuzz_put_int(r->log, head->length);
  put_fields(r, head);
}

static int verdict(run *r) { return ++r->events == r->set->verdict_at ? WEIR_ECANCELED : 0; }

static int on_interim(void *owner, weir_head *head) {
  run *r = owner;
  REQUIRE(r->set->kind == WEIR__H1_RESPONSE && !r->inside);
  check_head(r, head, true);
  check_raw(r, head);
  put_head(r, 'i', head);
  return verdict(r);
}

static int on_head(void *owner, weir_head *head) {
  run *r = owner;
  REQUIRE(!r->inside);
  check_head(r, head, false);
  check_raw(r, head);
  put_head(r, 'h', head);
  r->inside = true;
  r->counted = head->framing == WEIR__FRAMING_LENGTH || head->framing == WEIR__FRAMING_NONE;
  r->owed = head->framing == WEIR__FRAMING_LENGTH ? head->length : 0;
  r->tunnel = head->framing == WEIR__FRAMING_TUNNEL;
  weir__head_free(head);
  return verdict(r);
}

static int on_body(void *owner, weir__slice span) {
  run *r = owner;
  REQUIRE(r->inside && !r->tunnel && span.len > 0);
  REQUIRE(span.ptr >= r->piece.ptr && span.ptr + span.len <= r->piece.ptr + r->piece.len);
  REQUIRE(!r->counted || span.len <= r->owed);
  r->owed -= r->counted ? span.len : 0;
  fuzz_join(r->log, 'b', span);
  return 0;
}

static int on_end(void *owner, weir_head *trailers) {
  run *r = owner;
  REQUIRE(r->inside && (!r->counted || !r->owed));
  r->inside = false;
  fuzz_entry(r->log, 'e');
  if (trailers) {
    count_fields(trailers);
    put_fields(r, trailers);
  }
  return verdict(r);
}

static const weir__h1_events events = {
    .on_interim = on_interim, .on_head = on_head, .on_body = on_body, .on_end = on_end};

/* ---- a run ---- */

static size_t feed_message(run *r, weir__slice bytes, int *rc) {
  size_t used = SIZE_MAX;
  if (r->whole) r->raw = bytes.ptr;
  *rc = weir__h1_feed(r->reader, bytes, &used);
  REQUIRE(used <= bytes.len);
  REQUIRE(*rc || used == bytes.len);
  REQUIRE(*rc <= 0 || *rc == WEIR__H1_END);
  if (*rc == WEIR__H1_END) REQUIRE(!r->inside && !weir__h1_inside(r->reader));
  if (r->inside && *rc == 0) REQUIRE(weir__h1_inside(r->reader));
  /* a response reader serves one request */
  if (*rc == WEIR__H1_END) r->ended = r->tunnel || r->set->kind == WEIR__H1_RESPONSE;
  return used;
}

static int feed_piece(run *r, const char *bytes, size_t len) {
  char *copy = exact_copy(bytes, len);
  size_t at = 0;
  int rc = r->ended ? WEIR__H1_END : 0;
  r->piece = weir__slice_of(copy, len);
  while (rc >= 0 && at < len && !r->ended)
    at += feed_message(r, weir__slice_of(copy + at, len - at), &rc);
  if (rc >= 0 && at < len) fuzz_join(r->log, 'r', weir__slice_of(copy + at, len - at));
  free(copy);
  return rc;
}

/* What is broken stays so, whatever it is told. */
static void check_broken(run *r, int rc) {
  size_t used = SIZE_MAX, len = r->log->len;
  REQUIRE(weir__h1_feed(r->reader, weir__slice_str("GET / HTTP/1.1\r\n"), &used) == rc);
  REQUIRE(weir__h1_finish(r->reader) == rc);
  REQUIRE(!weir__h1_inside(r->reader) && r->log->len == len);
}

static int finish(run *r) {
  bool inside = weir__h1_inside(r->reader);
  int rc = weir__h1_finish(r->reader);
  REQUIRE(rc == (inside ? WEIR_ETRUNCATED : 0) || rc == WEIR__H1_END || rc == WEIR_ECANCELED);
  return rc;
}

static int feed(run *r, weir__slice input, fuzz_cuts *cuts) {
  int rc = 0;
  for (size_t at = 0, n; at < input.len && rc >= 0; at += n) {
    n = cuts ? fuzz_next_cut(cuts, input.len - at) : input.len;
    rc = feed_piece(r, input.ptr + at, n);
  }
  if (rc < 0) check_broken(r, rc);
  return rc >= 0 && r->set->fin && !r->ended ? finish(r) : rc;
}

/* All of one run, its memory counted. The log's last entry is the result. */
static int run_once(const settings *set, weir__slice input, fuzz_cuts *cuts, counting_alloc *alloc,
                    fuzz_record *log) {
  weir__mem mem;
  run r = {.set = set, .log = log, .whole = !cuts};
  fuzz_clear(log);
  weir__mem_init(&mem, &alloc->hooks);
  r.reader = weir__h1_new(&mem, set->kind, &set->limits, &events, &r);
  if (!r.reader) return WEIR_ENOMEM;
  weir__h1_expect(r.reader, set->method, set->upgrade);
  int rc = feed(&r, input, cuts);
  weir__h1_free(r.reader);
  REQUIRE(alloc->live_blocks == 0 && alloc->live_bytes == 0);
  return rc;
}

static void put_result(fuzz_record *log, int rc) {
  fuzz_entry(log, '=');
  fuzz_put_int(log, (uint64_t)(int64_t)rc);
}

static void run_failing(const settings *set, weir__slice input, fuzz_cuts cuts, uint8_t nth,
                        const fuzz_record *whole, int result) {
  static fuzz_record log;
  counting_alloc alloc;
  alloc_init(&alloc);
  alloc.fail_at = nth;
  int rc = run_once(set, input, &cuts, &alloc, &log);
  REQUIRE(rc == (alloc.failed ? WEIR_ENOMEM : result));
  fuzz_require_prefix("a failing allocation told something else", &log, whole);
}

static const char *const methods[] = {"GET", "HEAD", "CONNECT", "POST"};
static const char *const upgrades[] = {NULL, "websocket", "websocket, foo/2", ""};

int fuzz_h1(enum weir__h1_kind kind, fuzz_input in) {
  static fuzz_record whole, cut;
  counting_alloc alloc;
  uint8_t limits = fuzz_byte(&in), asked = fuzz_byte(&in), how = fuzz_byte(&in);
  uint8_t nth = fuzz_byte(&in);
  settings set = {.kind = kind,
                  .limits = fuzz_limits(limits),
                  .method = methods[asked & 3],
                  .upgrade = upgrades[asked >> 2 & 3],
                  .fin = asked & HAS_FIN,
                  .verdict_at = asked & HAS_VERDICT ? 1 + (limits >> 4) : 0};
  fuzz_cuts cuts = fuzz_cuts_of(how);
  alloc_init(&alloc);
  int result = run_once(&set, fuzz_rest(&in), NULL, &alloc, &whole);
  put_result(&whole, result);
  alloc_init(&alloc);
  put_result(&cut, run_once(&set, fuzz_rest(&in), &cuts, &alloc, &cut));
  fuzz_require_same("cuts made a difference", &whole, &cut);
  if (nth) run_failing(&set, fuzz_rest(&in), fuzz_cuts_of(how), nth, &whole, result);
  return 0;
}
