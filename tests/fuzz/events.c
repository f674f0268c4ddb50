/* Target: an event stream through a relay, between a client and an origin made of memory:
 * src/relay's tap, filter, cutting and ending over http/sse. The first five bytes of the input are
 * settings, the rest is the body as the origin has it, which is framed here.
 *
 * The same origin is played with nobody looking, with a tap, with a tap in the path, and with a
 * filter that lets everything pass: the client must not be able to tell them apart, but that a
 * filter sends whole blocks only. Then with budgets and last words: these stand at a boundary, or
 * nowhere. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fuzz/stage.h"
#include "support/message.h"
#include "weir/err.h"

enum { ROOM = 64 * 1024, BODY_MAX = 4096, HUGE_BUDGET = 1000000 };

#define LAST_WORD "event: last\ndata: {reason}\n\n"

enum framing { CHUNKED, SIZED, CLOSED };

typedef struct setting {
  bool lines, coded, old_client;
  enum framing framing;
  enum { ENDS_WELL, FIN, RST } end;
  uint8_t reads, chunks, event_bytes, budget;
  weir__slice body;
} setting;

typedef struct result {
  char bytes[2 * ROOM];
  size_t len, writes;
  message m;
  bool whole; /* the client takes it so */
  stage_end end;
} result;

static setting take_setting(const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_input_of(data, size);
  uint8_t bits = fuzz_byte(&in);
  setting s = {.lines = bits & 1,
               .coded = (bits & 6) == 6,
               .old_client = bits & 8,
               .framing = (enum framing)((bits >> 4) % 3),
               .end = (bits >> 6) % 3};
  s.reads = fuzz_byte(&in);
  s.chunks = fuzz_byte(&in);
  s.event_bytes = fuzz_byte(&in);
  s.budget = fuzz_byte(&in);
  s.body = fuzz_rest(&in);
  return s;
}

/* ---- the origin ---- */

static size_t print(char *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

static size_t print(char *to, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int len = vsnprintf(to, 256, format, args);
  va_end(args);
  return (size_t)len;
}

static size_t print_head(char *to, const setting *s) {
  size_t at = print(to, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%s",
                    s->lines ? "application/jsonl" : "text/event-stream",
                    s->coded ? "Content-Encoding: gzip\r\n" : "");
  if (s->framing == CHUNKED) at += print(to + at, "Transfer-Encoding: chunked\r\n");
  if (s->framing == SIZED)
    at += print(to + at, "Content-Length: %zu\r\n", s->body.len + (s->end != ENDS_WELL));
  return at + print(to + at, "\r\n");
}

static size_t print_body(char *to, const setting *s) {
  fuzz_cuts cuts = fuzz_cuts_of(s->chunks);
  size_t at = 0;
  for (size_t done = 0; done < s->body.len;) {
    size_t n = s->framing == CHUNKED ? fuzz_next_cut(&cuts, s->body.len - done) : s->body.len;
    if (s->framing == CHUNKED) at += print(to + at, "%zx\r\n", n);
    memcpy(to + at, s->body.ptr + done, n);
    at += n, done += n;
    if (s->framing == CHUNKED) at += print(to + at, "\r\n");
  }
  if (s->framing == CHUNKED && s->end == ENDS_WELL) at += print(to + at, "0\r\n\r\n");
  return at;
}

static void play_origin(stage *st, const setting *s) {
  static char text[ROOM];
  size_t len = print_head(text, s);
  len += print_body(text + len, s);
  stage_origin_says(st, weir__slice_of(text, len));
  if (s->end == RST)
    stage_origin_ends(st, true);
  else if (s->end == FIN || s->framing == CLOSED)
    stage_origin_ends(st, false);
}

/* ---- a run ---- */

static int see(weir_exchange *ex, const weir_sse_event *event, void *user) {
  (void)ex, (void)user;
  REQUIRE(event->raw_len && event->data && event->type);
  return WEIR_EVENT_PASS;
}

static void take_response(result *r, const stage *st) {
  const mem_stream *m = &st->client.stream;
  REQUIRE(m->written_len < sizeof r->bytes);
  if (m->written_len) memcpy(r->bytes, m->written, m->written_len);
  r->len = m->written_len;
  r->writes = m->write_count;
  message_clear(&r->m);
  message_split(&r->m, r->bytes, r->len, false);
  r->whole = r->m.chunked || r->m.sized ? r->m.whole : wire_ended_well(&st->client);
  r->end = st->ends[1];
  REQUIRE(r->end.times == 1 && !r->m.bad);
}

static void run(const setting *s, const weir_event_options *o, result *r) {
  static stage st;
  fuzz_cuts cuts = fuzz_cuts_of(s->reads);
  stage_settings set = {.options = {WEIR_OPTIONS_INIT, .events = o},
                        .cuts = &cuts,
                        .client_window = SIZE_MAX,
                        .origin_window = SIZE_MAX,
                        .on_event = see};
  stage_open(&st, &set);
  const char *get =
      s->old_client ? "GET / HTTP/1.0\r\nHost: a\r\n\r\n" : "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  stage_client_says(&st, weir__slice_str(get));
  play_origin(&st, s);
  stage_pass(&st, 1000000); /* who is cut without a length is reset when the clock says so */
  stage_finish(&st);
  take_response(r, &st);
  stage_close(&st);
  stage_free(&st);
}

/* ---- what must hold ---- */

/* The relay's own error answer has a body of ours. */
static bool is_origins(const result *r) { return r->m.status == 200; }

static void require_equal(const result *a, const result *b) {
  REQUIRE(a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0);
  REQUIRE(a->writes == b->writes);
  REQUIRE(a->whole == b->whole);
}

static size_t common(const result *part, const setting *s) {
  size_t n = 0;
  while (n < part->m.body_len && n < s->body.len && part->m.body[n] == s->body.ptr[n]) n++;
  return n;
}

/* What the filter has let pass is the body, as far as it went; all of it at a good end. */
static void check_filter(const setting *s, const result *off, const result *filter) {
  if (s->coded) {
    REQUIRE(filter->m.status == 502 && filter->end.stats.error == WEIR_ECODED);
    return;
  }
  REQUIRE(filter->m.body_len == common(filter, s));
  if (filter->end.stats.error == WEIR_EEVENTSIZE) return;
  REQUIRE(filter->whole == off->whole);
  if (filter->whole) REQUIRE(filter->m.body_len == s->body.len);
}

/* Behind the CR of a blank line no LF came: the word begins with another byte. */
static bool is_boundary(const setting *s, size_t len) {
  weir_sse_parser *parser;
  weir_sse_options o = {WEIR_SSE_OPTIONS_INIT,
                        .format = s->lines ? WEIR_SSE_LINES : WEIR_SSE_STREAM};
  const weir_sse_event *event;
  REQUIRE(weir_sse_parser_new(&parser, &o) == 0);
  for (size_t at = 0, used; at < len; at += used)
    REQUIRE(weir_sse_next(parser, s->body.ptr + at, len - at, &used, &event) >= 0);
  bool boundary = weir_sse_inside(parser) == 0;
  if (!boundary) boundary = weir_sse_finish(parser, &event) > 0 && !event->unfinished;
  weir_sse_parser_free(parser);
  return boundary;
}

/* The shortest that may stand in front of the last word: the body may go on as the word does. */
static bool ends_with_word(const setting *s, const result *r) {
  const char *want = s->lines ? "{\"error\":{\"reason\":" : "event: last\ndata: ";
  for (size_t n = common(r, s) + 1; n-- > 0;)
    if (strncmp(r->m.body + n, want, strlen(want)) == 0) return is_boundary(s, n);
  return false;
}

static void check_ended(const setting *s, const result *r) {
  if (!is_origins(r)) return;
  if (r->end.stats.in_band)
    REQUIRE(r->whole && ends_with_word(s, r));
  else
    REQUIRE(common(r, s) == r->m.body_len);
  if (s->budget && r->end.end == WEIR_END_CUT && !s->coded && r->end.stats.in_band)
    REQUIRE(r->end.stats.events == s->budget || r->end.stats.response_bytes >= 1000u * s->budget);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static result off, tap, path, filter, ended;
  setting s = take_setting(data, size);
  if (size < 5 || s.body.len > BODY_MAX) return 0;
  uint32_t event_bytes = s.event_bytes ? s.event_bytes : BODY_MAX * 2;
  weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .mode = WEIR_EVENTS_OFF};
  run(&s, &o, &off);
  o.mode = WEIR_EVENTS_TAP, o.event_bytes = event_bytes;
  run(&s, &o, &tap);
  require_equal(&tap, &off);
  o.max_events = HUGE_BUDGET;
  run(&s, &o, &path);
  if (s.framing != SIZED) require_equal(&path, &off);
  o.mode = WEIR_EVENTS_FILTER, o.max_events = 0;
  run(&s, &o, &filter);
  check_filter(&s, &off, &filter);
  o.mode = s.event_bytes & 1 ? WEIR_EVENTS_FILTER : WEIR_EVENTS_TAP;
  o.error_event = o.cut_event = LAST_WORD;
  o.max_events = s.budget, o.max_bytes = 1000u * s.budget;
  run(&s, &o, &ended);
  check_ended(&s, &ended);
  return 0;
}
