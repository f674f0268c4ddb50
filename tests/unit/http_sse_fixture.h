/* What the tests of http/sse.c share: a case is a stream and the blocks it must give, and each case
 * meets every runner: whole, byte by byte, cut in two at every place, and with every allocation
 * failing in turn. Each piece lies in memory of its exact size. */
#ifndef WEIR_TEST_SSE_FIXTURE_H
#define WEIR_TEST_SSE_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/alloc.h"
#include "support/check.h"
#include "weir/err.h"
#include "weir/sse.h"

/* Blocks in the order they came, joined by " | ", each with the length of its raw bytes, which are
 * compared with the stream besides:
 *   9 [data]           an event; "-" for "[data]": no event
 *   type=T id=I        this block has such a field; last=I: an ID of an earlier block
 *   retry=1            comment            unfinished */
typedef struct sse_case {
  int line;
  const char *name;
  const char *input;
  size_t len;
  const char *log;
  int result; /* of the last call */
  enum weir_sse_format format;
  uint32_t block_max;
} sse_case;

/* clang-format off */
#define CASE_WITH(the_name, bytes, the_log, ...) \
  { \
    .line = __LINE__, .name = (the_name), .input = (bytes), .len = sizeof(bytes) - 1, \
    .log = (the_log), __VA_ARGS__ \
  }
#define CASE(the_name, bytes, the_log) CASE_WITH(the_name, bytes, the_log, .result = 0)
/* clang-format on */

typedef struct sse_run {
  const sse_case *the_case;
  weir_sse_parser *parser;
  size_t fed, told; /* bytes of the stream: that were used, that came back as raw */
  FILE *log;
  char *text; /* of the log */
  size_t text_len;
} sse_run;

/* ---- the log ---- */

static inline void sse_put(sse_run *run, const char *word, const char *bytes, size_t len) {
  fprintf(run->log, "%s", word);
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)bytes[i];
    if (c == '\r' || c == '\n')
      fprintf(run->log, c == '\r' ? "\\r" : "\\n");
    else
      fprintf(run->log, c >= 0x20 && c < 0x7f ? "%c" : "\\x%02x", c);
  }
}

static inline void sse_put_data(sse_run *run, int rc, const weir_sse_event *e) {
  if (rc == WEIR_SSE_OTHER) {
    CHECK_INT(e->data_len, 0);
    fprintf(run->log, "-");
    return;
  }
  CHECK_INT(rc, WEIR_SSE_EVENT);
  sse_put(run, "[", e->data, e->data_len);
  fprintf(run->log, "]");
}

static inline void sse_put_fields(sse_run *run, const weir_sse_event *e) {
  if (e->has_event)
    sse_put(run, " type=", e->type, e->type_len);
  else
    CHECK_MEM(e->type, e->type_len, "message", 7);
  if (e->has_id || e->id_len) sse_put(run, e->has_id ? " id=" : " last=", e->id, e->id_len);
  if (e->retry_ms != -1) fprintf(run->log, " retry=%jd", (intmax_t)e->retry_ms);
  if (e->has_comment) fprintf(run->log, " comment");
  if (e->unfinished) fprintf(run->log, " unfinished");
}

/* No byte is lost and none comes twice: each block is what the stream goes on with. */
static inline void sse_check_raw(sse_run *run, const weir_sse_event *e) {
  const sse_case *c = run->the_case;
  size_t left = run->fed - run->told, len = e->raw_len < left ? e->raw_len : left;
  CHECK_MEM(e->raw, e->raw_len, c->input + run->told, len);
  run->told += len;
}

static inline void sse_put_event(sse_run *run, int rc, const weir_sse_event *e) {
  CHECK_INT(e->size, sizeof *e);
  CHECK(e->type && e->data && e->id && e->raw);
  if (run->told) fprintf(run->log, " | ");
  fprintf(run->log, "%zu ", e->raw_len);
  sse_put_data(run, rc, e);
  sse_put_fields(run, e);
  sse_check_raw(run, e);
}

/* ---- one run of one case ---- */

static inline bool sse_open(sse_run *run, const sse_case *c, weir__mem *mem) {
  weir_sse_options options = {WEIR_SSE_OPTIONS_INIT, .allocator = mem->hooks, .format = c->format,
                              .block_max = c->block_max};
  *run = (sse_run){.the_case = c};
  if (weir_sse_parser_new(&run->parser, &options)) return false;
  CHECK_INT(weir_sse_inside(run->parser), 0);
  run->log = open_memstream(&run->text, &run->text_len);
  if (!run->log) abort();
  return true;
}

/* The text of the log is there from here on. */
static inline void sse_close(sse_run *run) {
  weir_sse_parser_free(run->parser);
  fclose(run->log);
}

static inline int sse_feed_block(sse_run *run, const char *bytes, size_t len, size_t *used) {
  const weir_sse_event *event;
  int rc = weir_sse_next(run->parser, bytes, len, used, &event);
  if (rc < 0) return rc;
  CHECK(*used <= len);
  if (rc == WEIR_SSE_MORE) CHECK_INT(*used, len);
  run->fed += *used;
  if (rc == WEIR_SSE_MORE) return rc;
  CHECK_INT(weir_sse_inside(run->parser), 0);
  sse_put_event(run, rc, event);
  CHECK_INT(run->told, run->fed);
  return rc;
}

static inline int sse_feed_piece(sse_run *run, const char *bytes, size_t len) {
  char *copy = exact_copy(bytes, len);
  int rc = 0;
  size_t stalled = 0;
  for (size_t at = 0, used; rc >= 0 && at < len && CHECK(stalled < 2); at += used) {
    rc = sse_feed_block(run, copy + at, len - at, &used);
    stalled = used ? 0 : stalled + 1;
  }
  free(copy);
  if (rc >= 0) CHECK_INT(weir_sse_inside(run->parser), run->fed - run->told);
  return rc < 0 ? rc : 0;
}

/* The end of the stream, behind which the parser stands at the beginning of another. */
static inline int sse_finish(sse_run *run) {
  const weir_sse_event *event;
  bool inside = weir_sse_inside(run->parser) > 0;
  int rc = weir_sse_finish(run->parser, &event);
  if (rc < 0) return rc;
  CHECK_INT(rc != WEIR_SSE_MORE, inside);
  CHECK_INT(weir_sse_inside(run->parser), 0);
  if (rc != WEIR_SSE_MORE) sse_put_event(run, rc, event);
  CHECK_INT(run->told, run->the_case->len);
  CHECK_INT(weir_sse_finish(run->parser, &event), WEIR_SSE_MORE);
  return 0;
}

/* A broken parser stays broken, whatever it is told, and stands at no boundary. */
static inline void sse_check_broken(sse_run *run, int rc) {
  size_t used = SIZE_MAX;
  const weir_sse_event *event;
  CHECK_INT(weir_sse_next(run->parser, "\n\n", 2, &used, &event), rc);
  CHECK_INT(used, 0);
  CHECK_INT(weir_sse_finish(run->parser, &event), rc);
  CHECK(weir_sse_inside(run->parser) > 0);
}

/* The first piece has `first` bytes, all others `step`. */
static inline int sse_feed_all(sse_run *run, size_t first, size_t step) {
  const sse_case *c = run->the_case;
  int rc = 0;
  for (size_t at = 0, n = first; at < c->len && rc >= 0; at += n, n = step) {
    if (n > c->len - at) n = c->len - at;
    rc = sse_feed_piece(run, c->input + at, n);
  }
  if (rc == 0) rc = sse_finish(run);
  if (rc < 0) sse_check_broken(run, rc);
  return rc;
}

/* ---- every runner ---- */

/* True if all was as the case wants it. */
static inline bool sse_run_pieces(const sse_case *c, size_t first, size_t step) {
  counting_alloc alloc;
  weir__mem mem;
  sse_run run;
  alloc_init(&alloc);
  weir__mem_init(&mem, &alloc.hooks);
  if (!CHECK(sse_open(&run, c, &mem))) return false;
  bool good = CHECK_INT(sse_feed_all(&run, first, step), c->result);
  sse_close(&run);
  good = CHECK_STR(run.text, c->log) && good;
  free(run.text);
  return CHECK_NO_LEAK(&alloc) && good;
}

typedef struct sse_failing {
  const sse_case *the_case;
  size_t step;
} sse_failing;

/* Whatever fails, what was reported before is what would have been reported. */
static inline int sse_run_failing(weir__mem *mem, void *arg) {
  const sse_failing *f = arg;
  sse_run run;
  check_case(f->the_case->line, "%s, an allocation fails", f->the_case->name);
  if (!sse_open(&run, f->the_case, mem)) return WEIR_ENOMEM;
  int rc = sse_feed_all(&run, f->step, f->step);
  sse_close(&run);
  CHECK(strncmp(run.text, f->the_case->log, run.text_len) == 0);
  free(run.text);
  return rc == f->the_case->result ? 0 : rc;
}

static inline bool sse_check_cuts(const sse_case *c) {
  bool good = true;
  for (size_t cut = 1; good && cut < c->len; cut++) {
    check_case(c->line, "%s, cut after %zu", c->name, cut);
    good = sse_run_pieces(c, cut, c->len);
  }
  return good;
}

/* One failure of a case is told, not one for every cut. */
static inline void sse_check_case(const sse_case *c) {
  check_case(c->line, "%s, whole", c->name);
  if (!sse_run_pieces(c, c->len, c->len)) return;
  check_case(c->line, "%s, byte by byte", c->name);
  if (!sse_run_pieces(c, 1, 1)) return;
  if (!sse_check_cuts(c)) return;
  check_each_failure(sse_run_failing, &(sse_failing){c, c->len});
  check_each_failure(sse_run_failing, &(sse_failing){c, 1});
}

static inline void sse_check_cases(const sse_case *cases, size_t count) {
  for (size_t i = 0; i < count; i++) sse_check_case(&cases[i]);
}

#define CHECK_STREAMS(cases) sse_check_cases(cases, sizeof(cases) / sizeof *(cases))

#endif
