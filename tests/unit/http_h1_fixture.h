/* What the tests of http/h1_read.c share: a case is bytes and the events they must give, and each
 * case meets every runner: whole, byte by byte, cut in two at every place, and with every allocation
 * failing in turn. Each piece lies in memory of its exact size. */
#ifndef WEIR_TEST_H1_FIXTURE_H
#define WEIR_TEST_H1_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/h1_read.h"
#include "support/alloc.h"
#include "support/check.h"
#include "support/heads.h"
#include "weir/err.h"

/* Events in the order they came, joined by " | ":
 *   GET /a 1.1 keep none {Host: a}{X: y} | body bytes | end {Trailer: z}
 *   100 Continue 1.1 | 200 OK 1.1 close length=5 {Content-Length: 5} | body bytes | end
 * A head says how its body is framed; spans of a body are joined. Bytes behind a message that opened
 * a tunnel, or behind the only one that a case wants, come last: " | rest bytes". */
typedef struct h1_case {
  int line;
  const char *name;
  const char *input;
  size_t len;
  const char *log;
  int result;                    /* of the last feed, or of finish */
  bool fin;                      /* the peer sends FIN after the input */
  bool once;                     /* feeds one message only */
  const char *method, *upgrade;  /* what a response answers; NULL: GET */
  const weir__h1_limits *limits; /* NULL: h1_limits */
} h1_case;

/* clang-format off */
#define CASE(the_name, bytes, the_log, ...) \
  { \
    .line = __LINE__, .name = (the_name), .input = (bytes), .len = sizeof(bytes) - 1, \
    .log = (the_log), .result = __VA_ARGS__ \
  }
/* clang-format on */

/* Any refusal will do: which rule of several is broken first is the parser's affair. */
enum { REFUSED = 1000 };

static const weir__h1_limits h1_limits = {
    .head_bytes = 8192, .head_fields = 32, .target_bytes = 1024, .interim_max = 3};

typedef struct h1_run {
  const h1_case *the_case;
  weir__h1_reader *reader;
  FILE *log;
  char *text; /* of the log */
  size_t text_len;
  char last;        /* kind of the last event: h, i, b, e, r; 0: none came */
  unsigned events;  /* that came; spans count one by one */
  unsigned fail_at; /* this event, counted from 1, returns fail_code; 0: none does */
  int fail_code;
  weir__slice piece; /* what is being fed */
  enum weir__framing framing;
  bool over; /* nothing is fed any more */
} h1_run;

/* ---- the log ---- */

static inline void h1_put_bytes(h1_run *run, weir__slice s) {
  for (size_t i = 0; i < s.len; i++) {
    unsigned char c = (unsigned char)s.ptr[i];
    if (c == '\r' || c == '\n')
      fprintf(run->log, c == '\r' ? "\\r" : "\\n");
    else
      fprintf(run->log, c >= 0x20 && c < 0x7f ? "%c" : "\\x%02x", c);
  }
}

static inline void h1_begin_event(h1_run *run, char kind) {
  if (run->last) fprintf(run->log, " | ");
  run->last = kind;
}

static inline void h1_put_joined(h1_run *run, char kind, const char *word, weir__slice bytes) {
  if (run->last != kind) {
    h1_begin_event(run, kind);
    fprintf(run->log, "%s ", word);
  }
  h1_put_bytes(run, bytes);
}

/* Also checks that the list is sound. */
static inline void h1_put_fields(h1_run *run, const weir_head *head) {
  free(head_text(head));
  if (head->first) fprintf(run->log, " ");
  for (const weir_field *f = NULL; (f = weir_head_next(head, f));) {
    fprintf(run->log, "{%s: ", f->name);
    h1_put_bytes(run, weir__slice_str(f->value));
    fprintf(run->log, "}");
  }
}

static inline void h1_put_framing(h1_run *run, const weir_head *head) {
  switch (head->framing) {
  case WEIR__FRAMING_NONE: fprintf(run->log, " none"); break;
  case WEIR__FRAMING_LENGTH: fprintf(run->log, " length=%ju", (uintmax_t)head->length); break;
  case WEIR__FRAMING_CHUNKED: fprintf(run->log, " chunked"); break;
  case WEIR__FRAMING_CLOSE: fprintf(run->log, " until-close"); break;
  case WEIR__FRAMING_TUNNEL: fprintf(run->log, " tunnel"); break;
  }
}

static inline void h1_put_start(h1_run *run, const weir_head *head) {
  if (head->request) {
    fprintf(run->log, "%s ", head->method);
    h1_put_bytes(run, weir__slice_str(head->target));
  } else {
    fprintf(run->log, "%d ", head->status);
    h1_put_bytes(run, weir__slice_str(head->reason));
  }
  fprintf(run->log, " 1.%d", head->minor);
}

static inline void h1_put_meaning(h1_run *run, const weir_head *head) {
  const weir__field *host = weir__head_search(head, weir__slice_str("Host"));
  fprintf(run->log, head->keep_alive ? " keep" : " close");
  h1_put_framing(run, head);
  if (head->expect) fprintf(run->log, " expect");
  if (head->upgrade) fprintf(run->log, " upgrade=%s", head->upgrade);
  if (head->request && strcmp(head->host, host ? host->pub.value : ""))
    fprintf(run->log, " host=%s", head->host);
}

/* ---- events ---- */

static inline int h1_verdict(h1_run *run) {
  return ++run->events == run->fail_at ? run->fail_code : 0;
}

static inline int h1_on_interim(void *owner, weir_head *head) {
  h1_run *run = owner;
  h1_begin_event(run, 'i');
  h1_put_start(run, head);
  h1_put_fields(run, head);
  return h1_verdict(run);
}

static inline int h1_on_head(void *owner, weir_head *head) {
  h1_run *run = owner;
  h1_begin_event(run, 'h');
  h1_put_start(run, head);
  h1_put_meaning(run, head);
  h1_put_fields(run, head);
  run->framing = head->framing;
  weir__head_free(head);
  return h1_verdict(run);
}

static inline int h1_on_body(void *owner, weir__slice span) {
  h1_run *run = owner;
  CHECK(span.len > 0);
  CHECK(span.ptr >= run->piece.ptr && span.ptr + span.len <= run->piece.ptr + run->piece.len);
  h1_put_joined(run, 'b', "body", span);
  return h1_verdict(run);
}

static inline int h1_on_end(void *owner, weir_head *trailers) {
  h1_run *run = owner;
  h1_begin_event(run, 'e');
  fprintf(run->log, "end");
  if (trailers) h1_put_fields(run, trailers);
  return h1_verdict(run);
}

static const weir__h1_events h1_events = {
    .on_interim = h1_on_interim, .on_head = h1_on_head, .on_body = h1_on_body, .on_end = h1_on_end};

/* ---- one run of one case ---- */

static inline bool h1_open(h1_run *run, const h1_case *c, weir__mem *mem, enum weir__h1_kind kind) {
  const weir__h1_limits *limits = c->limits ? c->limits : &h1_limits;
  *run = (h1_run){.the_case = c};
  run->reader = weir__h1_new(mem, kind, limits, &h1_events, run);
  if (!run->reader) return false;
  if (c->method) weir__h1_expect(run->reader, c->method, c->upgrade);
  run->log = open_memstream(&run->text, &run->text_len);
  if (!run->log) abort();
  return true;
}

/* The text of the log is there from here on. */
static inline void h1_close(h1_run *run) {
  weir__h1_free(run->reader);
  fclose(run->log);
}

/* Feeds one message out of the piece, or what there is of it. Returns how much was used. */
static inline size_t h1_feed_message(h1_run *run, weir__slice bytes, int *rc) {
  size_t used = SIZE_MAX;
  *rc = weir__h1_feed(run->reader, bytes, &used);
  CHECK(used <= bytes.len);
  if (*rc == 0) CHECK_INT(used, bytes.len);
  if (*rc != WEIR__H1_END) return used;
  CHECK(!weir__h1_inside(run->reader));
  if (run->framing == WEIR__FRAMING_TUNNEL || run->the_case->once) run->over = true;
  return used;
}

static inline int h1_feed_piece(h1_run *run, const char *bytes, size_t len) {
  char *copy = exact_copy(bytes, len);
  size_t at = 0;
  int rc = run->over ? WEIR__H1_END : 0;
  run->piece = weir__slice_of(copy, len);
  while (rc >= 0 && at < len && !run->over)
    at += h1_feed_message(run, weir__slice_of(copy + at, len - at), &rc);
  if (rc >= 0 && at < len) h1_put_joined(run, 'r', "rest", weir__slice_of(copy + at, len - at));
  free(copy);
  return rc;
}

/* A broken reader stays broken, whatever it is told. */
static inline void h1_check_broken(h1_run *run, int rc) {
  size_t used = SIZE_MAX;
  unsigned events = run->events;
  CHECK_INT(weir__h1_feed(run->reader, weir__slice_str("GET / HTTP/1.1\r\n"), &used), rc);
  CHECK_INT(weir__h1_finish(run->reader), rc);
  CHECK_INT(run->events, events);
  CHECK(!weir__h1_inside(run->reader));
}

/* The first piece has `first` bytes, all others `step`. */
static inline int h1_feed_all(h1_run *run, size_t first, size_t step) {
  const h1_case *c = run->the_case;
  int rc = 0;
  for (size_t at = 0, n = first; at < c->len && rc >= 0; at += n, n = step) {
    if (n > c->len - at) n = c->len - at;
    rc = h1_feed_piece(run, c->input + at, n);
  }
  if (rc >= 0 && c->fin) rc = weir__h1_finish(run->reader);
  if (rc < 0 && !c->fin) h1_check_broken(run, rc);
  return rc;
}

static inline bool h1_is_refusal(int rc) { return rc <= WEIR_EMESSAGE && rc >= WEIR_EUPGRADE; }

static inline const char *h1_result_name(int rc) {
  return rc > 0 ? "END" : rc ? weir_err_name(rc) : "0";
}

static inline bool h1_check_result(const h1_case *c, int rc) {
  const char *result = h1_result_name(rc), *wanted = h1_result_name(c->result);
  return c->result == REFUSED ? CHECK(h1_is_refusal(rc)) : CHECK_STR(result, wanted);
}

/* ---- every runner ---- */

/* True if all was as the case wants it. */
static inline bool h1_run_pieces(const h1_case *c, enum weir__h1_kind kind, size_t first,
                                 size_t step) {
  counting_alloc alloc;
  weir__mem mem;
  h1_run run;
  alloc_init(&alloc);
  weir__mem_init(&mem, &alloc.hooks);
  if (!CHECK(h1_open(&run, c, &mem, kind))) return false;
  bool good = h1_check_result(c, h1_feed_all(&run, first, step));
  h1_close(&run);
  good = CHECK_STR(run.text, c->log) && good;
  free(run.text);
  return CHECK_NO_LEAK(&alloc) && good;
}

typedef struct h1_failing {
  const h1_case *the_case;
  enum weir__h1_kind kind;
  size_t step;
} h1_failing;

/* Whatever fails, what was reported before is what would have been reported. */
static inline int h1_run_failing(weir__mem *mem, void *arg) {
  const h1_failing *f = arg;
  const h1_case *c = f->the_case;
  h1_run run;
  check_case(c->line, "%s, an allocation fails", c->name);
  if (!h1_open(&run, c, mem, f->kind)) return WEIR_ENOMEM;
  int rc = h1_feed_all(&run, f->step, f->step);
  h1_close(&run);
  if (c->log) CHECK(strncmp(run.text, c->log, run.text_len) == 0);
  free(run.text);
  return rc == c->result || (c->result == REFUSED && h1_is_refusal(rc)) ? 0 : rc;
}

static inline bool h1_check_cuts(const h1_case *c, enum weir__h1_kind kind) {
  bool good = true;
  for (size_t cut = 1; good && cut < c->len; cut++) {
    check_case(c->line, "%s, cut after %zu", c->name, cut);
    good = h1_run_pieces(c, kind, cut, c->len);
  }
  return good;
}

/* One failure of a case is told, not one for every cut. */
static inline void h1_check_case(const h1_case *c, enum weir__h1_kind kind) {
  check_case(c->line, "%s, whole", c->name);
  if (!h1_run_pieces(c, kind, c->len, c->len)) return;
  check_case(c->line, "%s, byte by byte", c->name);
  if (!h1_run_pieces(c, kind, 1, 1)) return;
  if (!h1_check_cuts(c, kind)) return;
  check_each_failure(h1_run_failing, &(h1_failing){c, kind, c->len});
  check_each_failure(h1_run_failing, &(h1_failing){c, kind, 1});
}

static inline void h1_check_cases(const h1_case *cases, size_t count, enum weir__h1_kind kind) {
  for (size_t i = 0; i < count; i++) h1_check_case(&cases[i], kind);
}

#define CHECK_REQUESTS(cases) \
  h1_check_cases(cases, sizeof(cases) / sizeof *(cases), WEIR__H1_REQUEST)
#define CHECK_RESPONSES(cases) \
  h1_check_cases(cases, sizeof(cases) / sizeof *(cases), WEIR__H1_RESPONSE)

#endif
