/* Target: event streams and lines of JSON, and what the writer makes of the same bytes
 * (src/http/sse.c, src/http/sse_write.c). The stream is read a second time here, line by line after
 * the WHATWG's text and without care for cuts; both readings must agree. The first bytes say the
 * format (bit 0), the longest block (0: the default), the cuts, and which allocation fails. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "support/alloc.h"
#include "support/check.h"
#include "weir/err.h"
#include "weir/sse.h"

typedef struct settings {
  enum weir_sse_format format;
  uint32_t block_max;
  uint8_t cuts, nth;
} settings;

/* ---- one run ---- */

typedef struct run {
  weir_sse_parser *parser;
  weir__slice stream;
  enum weir_sse_format format;
  size_t fed, told;      /* of the stream: bytes that were used, that came back as raw */
  fuzz_record *all;      /* every block */
  fuzz_record *dispatch; /* what a browser would see */
  fuzz_cuts cuts;
  bool whole;
} run;

static bool lies_in(const char *ptr, size_t len, weir__slice s) {
  return ptr >= s.ptr && ptr + len <= s.ptr + s.len;
}

static void put_dispatch(fuzz_record *r, weir__slice type, weir__slice data, weir__slice id) {
  fuzz_entry(r, 'e');
  fuzz_put(r, type);
  fuzz_put(r, data);
  fuzz_put(r, id);
}

static void put_block(run *r, int rc, const weir_sse_event *e) {
  weir__slice type = weir__slice_of(e->type, e->type_len), id = weir__slice_of(e->id, e->id_len);
  weir__slice data = weir__slice_of(e->data, e->data_len);
  fuzz_entry(r->all, rc == WEIR_SSE_EVENT ? 'E' : 'O');
  fuzz_put(r->all, weir__slice_of(e->raw, e->raw_len));
  fuzz_put(r->all, type);
  fuzz_put(r->all, data);
  fuzz_put(r->all, id);
  fuzz_put_int(r->all, (uint64_t)e->retry_ms);
  fuzz_put_int(r->all, e->has_event | e->has_id << 1 | e->has_comment << 2 | e->unfinished << 3);
  if (rc == WEIR_SSE_EVENT && !e->unfinished) put_dispatch(r->dispatch, type, data, id);
}

static void take_block(run *r, int rc, const weir_sse_event *e) {
  REQUIRE(rc == WEIR_SSE_EVENT || rc == WEIR_SSE_OTHER);
  REQUIRE(e->size == sizeof *e && e->type && e->data && e->id && e->raw);
  REQUIRE(e->raw_len > 0 && e->raw_len == r->fed - r->told);
  REQUIRE(memcmp(e->raw, r->stream.ptr + r->told, e->raw_len) == 0);
  REQUIRE(e->retry_ms >= -1);
  if (rc == WEIR_SSE_OTHER) REQUIRE(e->data_len == 0);
  REQUIRE(weir_sse_inside(r->parser) == 0);
  r->told += e->raw_len;
  put_block(r, rc, e);
}

/* Whether what came ends with a blank line, and with all of it. */
static bool is_boundary(weir__slice s, enum weir_sse_format format) {
  if (!s.len) return true;
  char last = s.ptr[s.len - 1], before = s.len > 1 ? s.ptr[s.len - 2] : '\0';
  if (format == WEIR_SSE_LINES) return last == '\n';
  if (last == '\r') return before == '\r';
  if (last != '\n') return false;
  s.len -= before == '\r' ? 2 : 1;
  if (!s.len || (s.len == 3 && memcmp(s.ptr, "\xef\xbb\xbf", 3) == 0)) return true;
  return s.ptr[s.len - 1] == '\n' || s.ptr[s.len - 1] == '\r';
}

static int feed_piece(run *r, weir__slice piece) {
  const weir_sse_event *event;
  size_t stalled = 0;
  for (size_t at = 0, used; at < piece.len; at += used) {
    int rc = weir_sse_next(r->parser, piece.ptr + at, piece.len - at, &used, &event);
    REQUIRE(used <= piece.len - at);
    if (rc < 0) return rc;
    r->fed += used;
    stalled = used ? 0 : stalled + 1;
    REQUIRE(stalled < 2);
    if (rc == WEIR_SSE_MORE) REQUIRE(used == piece.len - at);
    if (rc != WEIR_SSE_MORE) take_block(r, rc, event);
    REQUIRE(weir_sse_inside(r->parser) == r->fed - r->told);
  }
  bool boundary = is_boundary(weir__slice_of(r->stream.ptr, r->fed), r->format);
  REQUIRE((weir_sse_inside(r->parser) == 0) == boundary);
  return 0;
}

static int finish(run *r) {
  const weir_sse_event *event;
  bool inside = weir_sse_inside(r->parser) > 0;
  int rc = weir_sse_finish(r->parser, &event);
  if (rc < 0) return rc;
  REQUIRE((rc != WEIR_SSE_MORE) == inside);
  if (inside) take_block(r, rc, event);
  REQUIRE(r->told == r->stream.len);
  REQUIRE(weir_sse_finish(r->parser, &event) == WEIR_SSE_MORE);
  return 0;
}

/* A failed parser says so for ever. */
static void check_broken(run *r, int rc) {
  const weir_sse_event *event;
  size_t used;
  REQUIRE(rc == WEIR_EEVENTSIZE || rc == WEIR_ENOMEM);
  REQUIRE(weir_sse_next(r->parser, "\n", 1, &used, &event) == rc && used == 0);
  REQUIRE(weir_sse_finish(r->parser, &event) == rc);
  REQUIRE(weir_sse_inside(r->parser) > 0);
}

static int feed_all(run *r) {
  int rc = 0;
  for (size_t at = 0, len; rc == 0 && at < r->stream.len; at += len) {
    size_t left = r->stream.len - at;
    len = r->whole ? left : fuzz_next_cut(&r->cuts, left);
    char *exact = exact_copy(r->stream.ptr + at, len);
    rc = feed_piece(r, weir__slice_of(exact, len));
    free(exact);
  }
  if (rc == 0) rc = finish(r);
  if (rc < 0) check_broken(r, rc);
  return rc;
}

static weir_sse_options options_of(const settings *s, counting_alloc *alloc, uint8_t nth) {
  alloc_init(alloc);
  alloc->fail_at = nth;
  return (weir_sse_options){WEIR_SSE_OPTIONS_INIT, .allocator = alloc->hooks, .format = s->format,
                            .block_max = s->block_max};
}

static int parse(const settings *s, run *r, uint8_t nth) {
  counting_alloc alloc;
  weir_sse_options options = options_of(s, &alloc, nth);
  fuzz_clear(r->all);
  fuzz_clear(r->dispatch);
  r->cuts = fuzz_cuts_of(s->cuts);
  r->format = s->format;
  int rc = weir_sse_parser_new(&r->parser, &options);
  if (rc == 0) rc = feed_all(r);
  weir_sse_parser_free(r->parser);
  REQUIRE((rc == WEIR_ENOMEM) == alloc.failed);
  REQUIRE(alloc.live_blocks == 0);
  return rc;
}

/* ---- the same stream once more, after the standard ---- */

typedef struct reading {
  fuzz_record data, type, id;
  fuzz_record *dispatch;
} reading;

static weir__slice text_of(const fuzz_record *r) { return weir__slice_of(r->ptr, r->len); }

static void set(fuzz_record *r, weir__slice value) {
  fuzz_clear(r);
  fuzz_put_raw(r, value);
}

static void dispatch(reading *r) {
  weir__slice type = r->type.len ? text_of(&r->type) : weir__slice_str("message");
  if (r->data.len)
    put_dispatch(r->dispatch, type, weir__slice_of(r->data.ptr, r->data.len - 1), text_of(&r->id));
  fuzz_clear(&r->data);
  fuzz_clear(&r->type);
}

static void process(reading *r, weir__slice name, weir__slice value) {
  if (weir__slice_is(name, "event")) set(&r->type, value);
  if (weir__slice_is(name, "id") && !(value.len && memchr(value.ptr, 0, value.len)))
    set(&r->id, value);
  if (!weir__slice_is(name, "data")) return;
  fuzz_put_raw(&r->data, value);
  fuzz_put_raw(&r->data, weir__slice_str("\n"));
}

static void read_line(reading *r, weir__slice line) {
  if (!line.len) {
    dispatch(r);
    return;
  }
  const char *colon = memchr(line.ptr, ':', line.len);
  size_t name = colon ? (size_t)(colon - line.ptr) : line.len, skip = name + (colon ? 1 : 0);
  if (colon && skip < line.len && line.ptr[skip] == ' ') skip++;
  if (name || !colon)
    process(r, weir__slice_of(line.ptr, name), weir__slice_of(line.ptr + skip, line.len - skip));
}

/* A line without its end is discarded. */
static void read_stream(weir__slice s, fuzz_record *to) {
  static reading r; /* keeps its memory */
  r.dispatch = to;
  fuzz_clear(&r.data), fuzz_clear(&r.type), fuzz_clear(&r.id), fuzz_clear(to);
  size_t from = s.len >= 3 && memcmp(s.ptr, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
  for (size_t i = from; i < s.len; i++) {
    if (s.ptr[i] != '\n' && s.ptr[i] != '\r') continue;
    read_line(&r, weir__slice_of(s.ptr + from, i - from));
    if (s.ptr[i] == '\r' && i + 1 < s.len && s.ptr[i + 1] == '\n') i++;
    from = i + 1;
  }
}

/* ---- what is written is read again ---- */

static weir__slice first_line(weir__slice s) {
  size_t len = 0;
  while (len < s.len && s.ptr[len] != '\n' && s.ptr[len] != '\r') len++;
  return weir__slice_of(s.ptr, len);
}

/* CR and CRLF become LF. */
static void put_with_lf(fuzz_record *to, weir__slice s) {
  fuzz_clear(to);
  for (size_t i = 0; i < s.len; i++) {
    bool is_cr = s.ptr[i] == '\r';
    if (is_cr && i + 1 < s.len && s.ptr[i + 1] == '\n') continue;
    fuzz_put_raw(to, is_cr ? weir__slice_str("\n") : weir__slice_of(s.ptr + i, 1));
  }
}

static bool is_same(weir__slice a, const char *ptr, size_t len) {
  return a.len == len && (!len || memcmp(a.ptr, ptr, len) == 0);
}

static void check_written(weir__slice block, const weir_sse_fields *f, weir__slice data) {
  weir_sse_parser *parser;
  const weir_sse_event *e;
  weir_sse_options options = {WEIR_SSE_OPTIONS_INIT, .block_max = 64 * 1024 * 1024};
  size_t used;
  if (weir_sse_parser_new(&parser, &options)) abort();
  REQUIRE(weir_sse_next(parser, block.ptr, block.len, &used, &e) == WEIR_SSE_EVENT);
  REQUIRE(used == block.len && weir_sse_inside(parser) == 0);
  REQUIRE(is_same(data, e->data, e->data_len));
  REQUIRE(is_same(f->type_len ? weir__slice_of(f->type, f->type_len) : weir__slice_str("message"),
                  e->type, e->type_len));
  REQUIRE(is_same(weir__slice_of(f->id, f->id_len), e->id, e->id_len));
  REQUIRE(e->has_id && e->has_event && e->has_comment && e->retry_ms == (int64_t)f->retry_ms);
  REQUIRE(lies_in(e->raw, e->raw_len, block));
  weir_sse_parser_free(parser);
}

static void write_again(weir__slice s) {
  static fuzz_record data;
  weir__slice type = first_line(s), id = type;
  const char *nul = id.len ? memchr(id.ptr, '\0', id.len) : NULL;
  if (nul) id.len = (size_t)(nul - id.ptr);
  weir_sse_fields f = {sizeof f, type.ptr, type.len, s.ptr, s.len, id.ptr,
                       id.len,   1,        s.len,    s.ptr, s.len};
  size_t len, wanted;
  REQUIRE(weir_sse_write(NULL, 0, &wanted, &f) == WEIR_ENOROOM);
  char *to = malloc(wanted);
  if (!to) abort();
  REQUIRE(weir_sse_write(to, wanted - 1, &len, &f) == WEIR_ENOROOM && len == wanted);
  REQUIRE(weir_sse_write(to, wanted, &len, &f) == 0 && len == wanted);
  put_with_lf(&data, s);
  check_written(weir__slice_of(to, len), &f, text_of(&data));
  f.type = f.id = s.ptr;
  f.type_len = s.len;
  if (type.len < s.len) REQUIRE(weir_sse_write(to, wanted, &len, &f) == WEIR_EFIELD);
  free(to);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static fuzz_record whole, cut, failing, seen, seen_cut, wanted;
  fuzz_input in = fuzz_input_of(bytes, size);
  settings s = {.format = fuzz_byte(&in) & 1 ? WEIR_SSE_LINES : WEIR_SSE_STREAM};
  s.block_max = fuzz_byte(&in);
  s.cuts = fuzz_byte(&in);
  s.nth = fuzz_byte(&in);
  char *exact = exact_copy(in.ptr, in.len);
  weir__slice stream = weir__slice_of(exact, in.len);
  run once = {.stream = stream, .all = &whole, .dispatch = &seen, .whole = true};
  run pieces = {.stream = stream, .all = &cut, .dispatch = &seen_cut};
  run fails = {.stream = stream, .all = &failing, .dispatch = &seen_cut};
  int rc = parse(&s, &once, 0);
  REQUIRE(parse(&s, &pieces, 0) == rc);
  fuzz_require_same("whole and cut", &whole, &cut);
  if (s.format == WEIR_SSE_STREAM && rc == 0) {
    read_stream(stream, &wanted);
    fuzz_require_same("weir and the standard", &seen, &wanted);
  }
  if (s.nth) {
    int failed = parse(&s, &fails, s.nth);
    REQUIRE(failed == rc || failed == WEIR_ENOMEM);
    fuzz_require_prefix("an allocation fails", &failing, &whole);
  }
  write_again(stream);
  free(exact);
  return 0;
}
