/* Cuts an event stream, or lines of JSON, into blocks (weir/sse.h). It never knows where the bytes
 * come from, and looks for the end of a block at each of them once, however they are cut. The parser
 * owns what goes on in later bytes, joined data and the last event ID; all else lies in the bytes
 * that were given. */
#include "http/sse.h"

#include <stdint.h>

#include "base/mem.h"
#include "base/sized.h"
#include "weir/err.h"

enum { BLOCK_MAX = 1024 * 1024 }; /* room for an image in base64; what is longer is no event */

/* Where the last byte left us. The first three count the bytes of a mark that came. */
enum place {
  AT_BEGIN,
  AT_MARK_1,
  AT_MARK_2,
  AT_LINE_START, /* behind the mark, or behind LF: the block goes on */
  IN_LINE,
  AT_LINE_CR,    /* behind a line's CR, whose LF may follow */
  AT_BLANK_CR,   /* the same of a blank line */
  AT_BOUNDARY,   /* behind a blank line */
  AT_BOUNDARY_CR /* the same, and behind a CR */
};

struct weir_sse_parser {
  weir__mem mem;
  weir__buf carried; /* the block at hand, as far as it lies in bytes that are gone */
  weir__buf joined;  /* data of several lines */
  weir__buf id;      /* in force */
  size_t inside;     /* bytes since the last boundary */
  uint32_t block_max;
  weir_sse_event event; /* found last */
  int failed;           /* what every call returns from then on */
  uint8_t format;       /* enum weir_sse_format */
  uint8_t place;        /* enum place */
  bool begun;           /* a block was found: no mark may come any more */
  bool is_reported;     /* the carried block, which goes with the next call */
};

static const char mark[] = {'\xef', '\xbb', '\xbf'}; /* the byte order mark */

/* ---- where a block ends ---- */

/* A line ends with LF, CR or CRLF, and the LF of a CRLF may be late. A blank line's CR is waited
 * behind, since what is put between the two would stand in front of a blank line of its own; in a
 * stream that ended the line before with a bare CR as well, no LF is to be expected and nobody
 * waits. If it comes all the same, it is a block of its own that holds nothing: no byte is lost,
 * and the boundary stays one. */
static enum place step(enum place place, char c) {
  static const uint8_t next[][3] = {
      /* LF, CR, another */
      [AT_BEGIN] = {AT_BOUNDARY, AT_BLANK_CR, IN_LINE},
      [AT_MARK_1] = {AT_LINE_START, AT_LINE_CR, IN_LINE},
      [AT_MARK_2] = {AT_LINE_START, AT_LINE_CR, IN_LINE},
      [AT_LINE_START] = {AT_BOUNDARY, AT_BLANK_CR, IN_LINE},
      [IN_LINE] = {AT_LINE_START, AT_LINE_CR, IN_LINE},
      [AT_LINE_CR] = {AT_LINE_START, AT_BOUNDARY_CR, IN_LINE},
      [AT_BLANK_CR] = {AT_BOUNDARY, AT_BOUNDARY_CR, AT_BOUNDARY_CR},
      [AT_BOUNDARY] = {AT_BOUNDARY, AT_BLANK_CR, IN_LINE},
      [AT_BOUNDARY_CR] = {AT_BOUNDARY, AT_BOUNDARY_CR, IN_LINE},
  };
  if (place < sizeof mark && c == mark[place]) return place + 1;
  return next[place][c == '\n' ? 0 : c == '\r' ? 1 : 2];
}

/* True if a block ends in these bytes, and where. */
static bool find_blank_line(weir_sse_parser *p, weir__slice bytes, size_t *end) {
  enum place place = p->place;
  bool found = false;
  size_t i = 0;
  while (i < bytes.len && !found) {
    if (place == IN_LINE) i += weir__sse_line_length(weir__slice_of(bytes.ptr + i, bytes.len - i));
    if (i == bytes.len) break;
    bool ended_before = place == AT_BLANK_CR && bytes.ptr[i] != '\n';
    place = step(place, bytes.ptr[i]);
    if (!ended_before) i++;
    found = place >= AT_BOUNDARY;
  }
  p->place = (uint8_t)place;
  *end = i;
  return found;
}

/* CR is white space to JSON, so only LF ends a line of it. */
static bool find_lf(weir__slice bytes, size_t *end) {
  const char *lf = bytes.len ? memchr(bytes.ptr, '\n', bytes.len) : NULL;
  *end = lf ? (size_t)(lf + 1 - bytes.ptr) : bytes.len;
  return lf;
}

static bool find_end(weir_sse_parser *p, weir__slice bytes, size_t *end) {
  return p->format == WEIR_SSE_LINES ? find_lf(bytes, end) : find_blank_line(p, bytes, end);
}

static weir__slice without_mark(weir__slice block) {
  bool has_mark = block.len >= sizeof mark && memcmp(block.ptr, mark, sizeof mark) == 0;
  if (has_mark) block.ptr += sizeof mark, block.len -= sizeof mark;
  return block;
}

/* ---- the parser ---- */

/* Nobody can tell any more where the stream stands, so it stands at no boundary. */
static int fail(weir_sse_parser *p, int code) {
  weir__buf_free(&p->carried);
  weir__buf_free(&p->joined);
  p->inside = SIZE_MAX;
  return p->failed = code;
}

static int report(weir_sse_parser *p, weir__slice block) {
  weir_sse_event *event = &p->event;
  *event = (weir_sse_event){
      .size = sizeof *event,
      .type = "message",
      .type_len = strlen("message"),
      .data = "",
      .id = p->id.len ? p->id.ptr : "",
      .id_len = p->id.len,
      .retry_ms = -1,
      .raw = block.ptr,
      .raw_len = block.len,
  };
  if (!p->begun) block = without_mark(block);
  p->begun = true;
  p->inside = 0;
  bool is_json = p->format == WEIR_SSE_LINES;
  int rc =
      is_json ? weir__sse_read_json(block, event) : weir__sse_read_block(block, &p->joined, event);
  return rc < 0 ? fail(p, rc) : rc;
}

static void forget_last(weir_sse_parser *p) {
  if (p->is_reported) weir__buf_free(&p->carried);
  p->is_reported = false;
}

/* Until the rest of the block comes; an event of several lines may be long ago then. */
static int carry(weir_sse_parser *p, weir__slice bytes) {
  weir__buf_free(&p->joined);
  if (weir__buf_append(&p->carried, bytes)) return fail(p, WEIR_ENOMEM);
  p->inside = p->carried.len;
  return WEIR_SSE_MORE;
}

/* The whole block, of which `rest` are the last bytes. */
static int complete(weir_sse_parser *p, weir__slice rest, weir__slice *block) {
  *block = rest;
  if (!p->carried.len) return 0;
  if (weir__buf_append(&p->carried, rest)) return fail(p, WEIR_ENOMEM);
  *block = weir__buf_slice(&p->carried);
  p->is_reported = true;
  return 0;
}

static int keep_id(weir_sse_parser *p) {
  p->id.len = 0;
  bool kept = weir__buf_append(&p->id, weir__slice_of(p->event.id, p->event.id_len)) == 0;
  return kept ? 0 : fail(p, WEIR_ENOMEM);
}

static int report_whole(weir_sse_parser *p, weir__slice rest) {
  weir__slice block;
  int rc = complete(p, rest, &block);
  if (rc == 0) rc = report(p, block);
  if (rc < 0 || !p->event.has_id) return rc;
  int failed = keep_id(p);
  return failed ? failed : rc;
}

/* What weir_sse_next() and weir_sse_finish() have come to. */
static int tell(const weir_sse_parser *p, int rc, const weir_sse_event **event) {
  *event = rc > WEIR_SSE_MORE ? &p->event : NULL;
  return rc;
}

static int next(weir_sse_parser *p, const char *bytes, size_t len, size_t *used) {
  size_t end;
  *used = 0;
  if (p->failed) return p->failed;
  forget_last(p);
  bool found = find_end(p, weir__slice_of(bytes, len), &end);
  if (end > p->block_max - p->carried.len) return fail(p, WEIR_EEVENTSIZE);
  *used = end;
  weir__slice part = weir__slice_of(bytes, end);
  return found ? report_whole(p, part) : carry(p, part);
}

int weir_sse_next(weir_sse_parser *p, const char *bytes, size_t len, size_t *used,
                  const weir_sse_event **event) {
  return tell(p, next(p, bytes, len, used), event);
}

/* Its ID is to be discarded with it, and comes into force nowhere. */
static int report_unfinished(weir_sse_parser *p) {
  int rc = report(p, weir__buf_slice(&p->carried));
  p->event.unfinished = 1;
  p->is_reported = true;
  return rc;
}

static int finish(weir_sse_parser *p) {
  if (p->failed) return p->failed;
  forget_last(p);
  bool is_whole = p->place == AT_BLANK_CR; /* its LF will not come */
  int rc = WEIR_SSE_MORE;
  if (p->carried.len) rc = is_whole ? report_whole(p, weir__slice_of("", 0)) : report_unfinished(p);
  p->place = AT_BEGIN;
  p->begun = false;
  return rc;
}

int weir_sse_finish(weir_sse_parser *p, const weir_sse_event **event) {
  return tell(p, finish(p), event);
}

size_t weir_sse_inside(const weir_sse_parser *p) { return p->inside; }

/* ---- new, free ---- */

int weir_sse_parser_new(weir_sse_parser **parser, const weir_sse_options *options) {
  weir_sse_options o = {WEIR_SSE_OPTIONS_INIT};
  weir__mem mem;
  *parser = NULL;
  int rc = options ? weir__copy_sized(&o, sizeof o, options) : 0;
  if (rc == 0) rc = weir__mem_init(&mem, &o.allocator);
  if (rc) return rc;
  if ((unsigned)o.format > WEIR_SSE_LINES) return WEIR_EINVAL;
  weir_sse_parser *p = weir__mem_new(&mem, sizeof *p);
  if (!p) return WEIR_ENOMEM;
  p->mem = mem;
  p->carried.mem = p->joined.mem = p->id.mem = &p->mem;
  p->block_max = o.block_max ? o.block_max : BLOCK_MAX;
  p->format = (uint8_t)o.format;
  *parser = p;
  return 0;
}

void weir_sse_parser_free(weir_sse_parser *p) {
  if (!p) return;
  weir__buf_free(&p->carried);
  weir__buf_free(&p->joined);
  weir__buf_free(&p->id);
  weir__mem mem = p->mem;
  weir__mem_free(&mem, p);
}
