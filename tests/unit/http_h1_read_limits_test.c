/* http/h1_read at its limits, and what its owner can do to it. */
#include "unit/http_h1_fixture.h"

#include <stdarg.h>

/* ---- bytes that are made ---- */

typedef struct bytes {
  char *ptr;
  size_t len;
} bytes;

static void put(bytes *b, const char *str) {
  size_t n = strlen(str);
  b->ptr = realloc(b->ptr, b->len + n + 1);
  if (!b->ptr) abort();
  memcpy(b->ptr + b->len, str, n + 1);
  b->len += n;
}

static void put_many(bytes *b, char c, size_t n) {
  b->ptr = realloc(b->ptr, b->len + n + 1);
  if (!b->ptr) abort();
  memset(b->ptr + b->len, c, n);
  b->len += n;
  b->ptr[b->len] = '\0';
}

/* `before`, `fill` as often as it takes, `behind`: `len` bytes in all. */
static bytes padded(const char *before, char fill, const char *behind, size_t len) {
  bytes b = {0};
  put(&b, before);
  put_many(&b, fill, len - strlen(before) - strlen(behind));
  put(&b, behind);
  return b;
}

static bytes repeated(const char *before, const char *part, size_t times, const char *behind) {
  bytes b = {0};
  put(&b, before);
  for (size_t i = 0; i < times; i++) put(&b, part);
  put(&b, behind);
  return b;
}

/* ---- running them: only the result counts ---- */

static const weir__h1_limits small = {
    .head_bytes = 300, .head_fields = 4, .target_bytes = 64, .interim_max = 3};

static bool run_once(const h1_case *c, enum weir__h1_kind kind, size_t first, size_t step) {
  counting_alloc alloc;
  weir__mem mem;
  h1_run run;
  alloc_init(&alloc);
  weir__mem_init(&mem, &alloc.hooks);
  if (!CHECK(h1_open(&run, c, &mem, kind))) return false;
  bool good = h1_check_result(c, h1_feed_all(&run, first, step));
  h1_close(&run);
  free(run.text);
  return CHECK_NO_LEAK(&alloc) && good;
}

/* Every cut of a small input, some of a big one. */
static void check_cuts(const h1_case *c, enum weir__h1_kind kind) {
  size_t stride = c->len > 2000 ? 1997 : c->len > 400 ? 17 : 1;
  bool good = run_once(c, kind, c->len, c->len) && run_once(c, kind, 1, 1);
  for (size_t cut = 1; good && cut < c->len; cut += stride) {
    check_case(c->line, "%s, cut after %zu", c->name, cut);
    good = run_once(c, kind, cut, c->len) && run_once(c, kind, cut, 64 + cut % 100);
  }
  for (size_t behind = 1; good && behind < 20 && behind < c->len; behind++) {
    check_case(c->line, "%s, cut %zu before the end", c->name, behind);
    good = run_once(c, kind, c->len - behind, c->len);
  }
}

/* Takes `input`. */
static void check_kind(int line, const char *name, enum weir__h1_kind kind, bytes input,
                       int result) {
  h1_case c = {.line = line,
               .name = name,
               .input = input.ptr,
               .len = input.len,
               .limits = &small,
               .result = result};
  check_case(line, "%s", name);
  check_cuts(&c, kind);
  free(input.ptr);
}

#define CHECK_REQUEST(name, input, result) \
  check_kind(__LINE__, name, WEIR__H1_REQUEST, input, result)
#define CHECK_RESPONSE(name, input, result) \
  check_kind(__LINE__, name, WEIR__H1_RESPONSE, input, result)

#define END WEIR__H1_END
#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"

/* ---- heads ---- */

static void a_head_may_have_just_so_many_bytes(void) {
  size_t max = small.head_bytes;
  CHECK_REQUEST("a value", padded(GET "X: ", 'y', "\r\n\r\n", max), END);
  CHECK_REQUEST("a value, one more", padded(GET "X: ", 'y', "\r\n\r\n", max + 1), WEIR_EHEADSIZE);
  CHECK_REQUEST("a name", padded(GET, 'y', ":\r\n\r\n", max), END);
  CHECK_REQUEST("a name, one more", padded(GET, 'y', ":\r\n\r\n", max + 1), WEIR_EHEADSIZE);
  CHECK_RESPONSE("a reason", padded("HTTP/1.1 204 ", 'x', "\r\n\r\n", max), END);
  CHECK_RESPONSE("a reason, one more", padded("HTTP/1.1 204 ", 'x', "\r\n\r\n", max + 1),
                 WEIR_EHEADSIZE);
  CHECK_RESPONSE("a value in a response", padded(OK "X: ", 'y', "\r\n\r\n", max), END);
  CHECK_RESPONSE("a value in a response, one more", padded(OK "X: ", 'y', "\r\n\r\n", max + 1),
                 WEIR_EHEADSIZE);
  CHECK_RESPONSE("an interim response", padded("HTTP/1.1 103 X\r\nX: ", 'y', "\r\n\r\n", max), 0);
  CHECK_RESPONSE("an interim response, one more",
                 padded("HTTP/1.1 103 X\r\nX: ", 'y', "\r\n\r\n", max + 1), WEIR_EHEADSIZE);
}

static void white_space_counts_though_it_is_dropped(void) {
  size_t max = small.head_bytes;
  CHECK_REQUEST("before a value", padded(GET "X:", ' ', "y\r\n\r\n", max), END);
  CHECK_REQUEST("before a value, one more", padded(GET "X:", ' ', "y\r\n\r\n", max + 1),
                WEIR_EHEADSIZE);
  CHECK_REQUEST("tabs before a value, one more", padded(GET "X:", '\t', "y\r\n\r\n", max + 1),
                WEIR_EHEADSIZE);
  CHECK_REQUEST("behind a value, one more", padded(GET "X: y", ' ', "\r\n\r\n", max + 1),
                WEIR_EHEADSIZE);
  CHECK_REQUEST("for a value, one more", padded(GET "X:", ' ', "\r\n\r\n", max + 1),
                WEIR_EHEADSIZE);
  CHECK_REQUEST("behind a length, one more",
                padded(POST "Content-Length: 0", ' ', "\r\n\r\n", max + 1), WEIR_EHEADSIZE);
  CHECK_REQUEST("without end", padded(GET "X:", ' ', "", 10 * max), WEIR_EHEADSIZE);
  CHECK_RESPONSE("without end, in a response", padded(OK "X:", ' ', "", 10 * max), WEIR_EHEADSIZE);
}

static void a_head_without_end_is_refused_at_its_limit(void) {
  size_t max = small.head_bytes;
  CHECK_REQUEST("one below", padded(GET "X: ", 'y', "", max - 1), 0);
  CHECK_REQUEST("at the limit", padded(GET "X: ", 'y', "", max), WEIR_EHEADSIZE);
  CHECK_REQUEST("an empty line that is half there", padded(GET "X: ", 'y', "\r\n\r", max),
                WEIR_EHEADSIZE);
  CHECK_RESPONSE("one below, in a response", padded(OK "X: ", 'y', "", max - 1), 0);
  CHECK_RESPONSE("at the limit, in a response", padded(OK "X: ", 'y', "", max), WEIR_EHEADSIZE);
}

static void each_head_is_counted_by_itself(void) {
  size_t max = small.head_bytes;
  bytes two = padded(GET "X: ", 'y', "\r\n\r\n", max), body = {0}, interim = {0};
  put(&two, "\r\n\r\n");
  for (int i = 0; i < 3; i++) {
    bytes again = padded(GET "X: ", 'y', "\r\n\r\n", max);
    put(&two, again.ptr);
    free(again.ptr);
  }
  CHECK_REQUEST("requests, and empty lines between", two, END);
  put(&body, POST "Content-Length: 1000\r\n\r\n");
  put_many(&body, 'x', 1000);
  CHECK_REQUEST("a body is no part of a head", body, END);
  for (int i = 0; i < 4; i++) {
    bytes head = i < 3 ? padded("HTTP/1.1 100 X\r\nX: ", 'y', "\r\n\r\n", max)
                       : padded(OK "X: ", 'y', "\r\n\r\n", max);
    put(&interim, head.ptr);
    free(head.ptr);
  }
  CHECK_RESPONSE("interim responses", interim, END);
}

static void a_head_may_have_just_so_many_fields(void) {
  CHECK_REQUEST("as many", repeated(GET, "X: y\r\n", 3, "\r\n"), END);
  CHECK_REQUEST("one more", repeated(GET, "X: y\r\n", 4, "\r\n"), WEIR_EHEADSIZE);
  CHECK_REQUEST("one more, and it is empty", repeated(GET, "X:\r\n", 4, "\r\n"), WEIR_EHEADSIZE);
  CHECK_REQUEST("as many, twice", repeated("", GET "X:\r\nY:\r\nZ:\r\n\r\n", 2, ""), END);
  CHECK_RESPONSE("as many in a response", repeated(OK, "X: y\r\n", 3, "\r\n"), END);
  CHECK_RESPONSE("one more in a response", repeated(OK, "X: y\r\n", 4, "\r\n"), WEIR_EHEADSIZE);
  CHECK_RESPONSE("one more in an interim response",
                 repeated("HTTP/1.1 103 X\r\n", "X: y\r\n", 5, "\r\n"), WEIR_EHEADSIZE);
}

static void a_target_may_have_just_so_many_bytes(void) {
  static const char behind[] = " HTTP/1.1\r\nHost: a\r\n\r\n";
  size_t max = small.target_bytes, around = strlen("GET ") + strlen(behind);
  CHECK_REQUEST("as many", padded("GET /", 'x', behind, max + around), END);
  CHECK_REQUEST("one more", padded("GET /", 'x', behind, max + around + 1), WEIR_ETARGETSIZE);
  CHECK_REQUEST("many more", padded("GET /", 'x', behind, 10 * max), WEIR_ETARGETSIZE);
  CHECK_REQUEST("without end", padded("GET /", 'x', "", 100 * max), WEIR_ETARGETSIZE);
  CHECK_REQUEST("a query", padded("GET /?", 'x', behind, max + around + 1), WEIR_ETARGETSIZE);
  CHECK_REQUEST("a URL", padded("GET http://a/", 'x', behind, max + around), END);
  CHECK_REQUEST("a URL, one more", padded("GET http://a/", 'x', behind, max + around + 1),
                WEIR_ETARGETSIZE);
  CHECK_REQUEST("CONNECT", padded("CONNECT ", 'x', "", 3 * max), WEIR_ETARGETSIZE);
}

static void a_method_without_end_is_refused(void) {
  CHECK_REQUEST("a method", padded("G", 'E', "", 1000), WEIR_EMESSAGE);
}

/* ---- trailers ---- */

#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

static bytes with_trailer(size_t body, size_t section) {
  char size[20];
  snprintf(size, sizeof size, "%zx\r\n", body);
  bytes b = {0}, trailer = padded("X: ", 'y', "\r\n\r\n", section);
  put(&b, CHUNKED);
  if (body) put(&b, size), put_many(&b, 'x', body), put(&b, "\r\n");
  put(&b, "0\r\n");
  put(&b, trailer.ptr);
  free(trailer.ptr);
  return b;
}

static void trailers_have_the_same_limits(void) {
  size_t max = small.head_bytes;
  CHECK_REQUEST("as many bytes", with_trailer(0, max), END);
  CHECK_REQUEST("one byte more", with_trailer(0, max + 1), WEIR_EHEADSIZE);
  CHECK_REQUEST("as many fields", repeated(CHUNKED "0\r\n", "X: y\r\n", 4, "\r\n"), END);
  CHECK_REQUEST("one field more", repeated(CHUNKED "0\r\n", "X: y\r\n", 5, "\r\n"), WEIR_EHEADSIZE);
  CHECK_REQUEST("white space", padded(CHUNKED "0\r\nX:", ' ', "", 10 * max), WEIR_EHEADSIZE);
}

static void what_came_before_the_trailers_does_not_count(void) {
  size_t max = small.head_bytes;
  for (size_t body = max - 100; body < 2 * max + 10; body += 31) {
    CHECK_REQUEST("a trailer", with_trailer(body, 10), END);
    CHECK_REQUEST("as many bytes", with_trailer(body, max), END);
    CHECK_REQUEST("one byte more", with_trailer(body, max + 1), WEIR_EHEADSIZE);
  }
  CHECK_REQUEST("a big body, one byte more", with_trailer(20000, max + 1), WEIR_EHEADSIZE);
  CHECK_REQUEST("a big body, endless trailers", with_trailer(20000, 100 * max), WEIR_EHEADSIZE);
}

/* ---- chunk framing ---- */

static bytes one_chunk(const char *before, char fill, const char *behind, size_t line) {
  bytes b = {0}, size = padded(before, fill, behind, line);
  put(&b, CHUNKED);
  put(&b, size.ptr);
  put(&b, "hello\r\n0\r\n\r\n");
  free(size.ptr);
  return b;
}

static void chunk_framing_must_not_outgrow_what_it_frames(void) {
  CHECK_REQUEST("an extension", one_chunk("5;", 'x', "\r\n", 10000), END);
  CHECK_REQUEST("a long extension", one_chunk("5;", 'x', "\r\n", 20000), WEIR_EOVERHEAD);
  CHECK_REQUEST("a long value", one_chunk("5;x=", 'y', "\r\n", 20000), WEIR_EOVERHEAD);
  CHECK_REQUEST("a long quoted value", one_chunk("5;x=\"", 'y', "\"\r\n", 20000), WEIR_EOVERHEAD);
  CHECK_REQUEST("leading zeros", one_chunk("", '0', "5\r\n", 20000), WEIR_EOVERHEAD);
  CHECK_REQUEST("leading zeros of the last chunk", padded(CHUNKED, '0', "\r\n\r\n", 20000),
                WEIR_EOVERHEAD);
  CHECK_REQUEST("an extension of the last chunk", padded(CHUNKED "0;", 'x', "\r\n\r\n", 20000),
                WEIR_EOVERHEAD);
  CHECK_REQUEST("an extension without end", padded(CHUNKED "5;", 'x', "", 20000), WEIR_EOVERHEAD);
  CHECK_REQUEST("many extensions",
                repeated(CHUNKED, "1;extension=that;is=much;longer=than;its=chunk\r\nx\r\n", 2000,
                         "0\r\n\r\n"),
                WEIR_EOVERHEAD);
}

/* CVE-2020-8659 was memory for each; time and memory stay the same here. */
static void chunks_of_one_byte_are_paid_for(void) {
  CHECK_REQUEST("many", repeated(CHUNKED, "1\r\nx\r\n", 5000, "0\r\n\r\n"), END);
  CHECK_REQUEST("many with a small extension",
                repeated(CHUNKED, "1;a=b\r\nx\r\n", 5000, "0\r\n\r\n"), END);
  CHECK_REQUEST("many with some zeros", repeated(CHUNKED, "0001\r\nx\r\n", 5000, "0\r\n\r\n"), END);
}

/* The bytes of a request begin anew; what another one saved up does not count. */
static void framing_is_counted_for_each_message(void) {
  bytes b = {0};
  for (int i = 0; i < 3; i++) {
    bytes one = one_chunk("5;", 'x', "\r\n", 10000);
    put(&b, one.ptr);
    free(one.ptr);
  }
  CHECK_REQUEST("three messages", b, END);
  b = repeated(CHUNKED, "1\r\nx\r\n", 1000, "0\r\n\r\n");
  bytes more = one_chunk("5;", 'x', "\r\n", 20000);
  put(&b, more.ptr);
  free(more.ptr);
  CHECK_REQUEST("many chunks, then a long extension", b, WEIR_EOVERHEAD);
}

/* Nothing of what is refused for its framing has been reported, however it was cut. */
static void a_chunk_of_too_much_framing_is_not_reported(void) {
  bytes input = one_chunk("5;", 'x', "\r\n", 20000);
  h1_case c = {.line = __LINE__,
               .name = "a long extension",
               .input = input.ptr,
               .len = input.len,
               .log = "POST / 1.1 keep chunked {Host: a}{Transfer-Encoding: chunked}",
               .result = WEIR_EOVERHEAD};
  h1_run_pieces(&c, WEIR__H1_REQUEST, c.len, c.len);
  h1_run_pieces(&c, WEIR__H1_REQUEST, 1, 1);
  h1_run_pieces(&c, WEIR__H1_REQUEST, 1000, 1000);
  h1_run_pieces(&c, WEIR__H1_REQUEST, c.len - 10, 1);
  free(input.ptr);
}

/* ---- memory ---- */

static void a_big_head_meets_every_failed_allocation(void) {
  static const weir__h1_limits big = {
      .head_bytes = 20000, .head_fields = 100, .target_bytes = 9000, .interim_max = 3};
  bytes input = padded("GET /", 'x', " HTTP/1.1\r\nHost: a\r\n", 8000);
  for (int i = 0; i < 90; i++) put(&input, "Content-Type: text/plain; charset=utf-8\r\n");
  put(&input, "Connection: upgrade, keep-alive\r\nUpgrade: a\r\nUpgrade: b\r\n");
  put(&input, "Content-Length: 000\r\n\r\n");
  h1_case c = {.line = __LINE__,
               .name = "a big head",
               .input = input.ptr,
               .len = input.len,
               .limits = &big,
               .result = END};
  for (size_t step = 1; step < 3000; step = step * 7 + 1)
    check_each_failure(h1_run_failing, &(h1_failing){&c, WEIR__H1_REQUEST, step});
  free(input.ptr);
}

static void a_reader_is_one_block_that_it_tells_the_size_of(void) {
  counting_alloc alloc;
  weir__mem mem;
  alloc_init(&alloc);
  weir__mem_init(&mem, &alloc.hooks);
  weir__h1_reader *r = weir__h1_new(&mem, WEIR__H1_REQUEST, &h1_limits, &h1_events, NULL);
  CHECK_INT(alloc.live_blocks, 1);
  CHECK_INT(alloc.live_bytes, weir__h1_size());
  weir__h1_free(r);
  weir__h1_free(NULL);
  CHECK_NO_LEAK(&alloc);
}

/* Contract 3: an idle connection keeps no buffers. */
static void nothing_of_a_message_is_kept_behind_its_end(void) {
  static const h1_case c =
      CASE("", POST "Content-Length: 5\r\n\r\nhello" CHUNKED "0\r\nX: y\r\n\r\n", "", WEIR__H1_END);
  counting_alloc alloc;
  weir__mem mem;
  h1_run run;
  alloc_init(&alloc);
  weir__mem_init(&mem, &alloc.hooks);
  if (!CHECK(h1_open(&run, &c, &mem, WEIR__H1_REQUEST))) return;
  CHECK_INT(h1_feed_all(&run, c.len, c.len), END);
  CHECK_INT(alloc.live_blocks, 1);
  h1_close(&run);
  free(run.text);
  CHECK_NO_LEAK(&alloc);
}

/* ---- the owner ---- */

static void check_stop(const h1_case *c, enum weir__h1_kind kind, unsigned nth, size_t step,
                       int code) {
  counting_alloc alloc;
  weir__mem mem;
  h1_run run;
  check_case(c->line, "%s, event %u fails with %d, step %zu", c->name, nth, code, step);
  alloc_init(&alloc);
  weir__mem_init(&mem, &alloc.hooks);
  if (!CHECK(h1_open(&run, c, &mem, kind))) return;
  run.fail_at = nth;
  run.fail_code = code;
  CHECK_INT(h1_feed_all(&run, step, step), code);
  CHECK_INT(run.events, nth);
  h1_check_broken(&run, code);
  h1_close(&run);
  free(run.text);
  CHECK_NO_LEAK(&alloc);
}

static void check_stops(const h1_case *c, enum weir__h1_kind kind, unsigned events) {
  for (unsigned nth = 1; nth <= events; nth++)
    for (size_t step = c->len; step; step /= 2) {
      check_stop(c, kind, nth, step, WEIR_ECANCELED);
      check_stop(c, kind, nth, step, WEIR_EMESSAGE);
      check_stop(c, kind, nth, step, -104);
    }
}

static void an_event_that_fails_stops_the_reader_at_once(void) {
  static const h1_case requests[] = {
      CASE("a head alone", GET "\r\n" GET "\r\n", "", 0),
      CASE("a length", POST "Content-Length: 1\r\n\r\nh" GET "\r\n", "", 0),
      CASE("chunks", CHUNKED "1\r\nh\r\n1\r\ne\r\n0\r\nX: y\r\n\r\n" GET "\r\n", "", 0),
      CASE("an upgrade", GET "Connection: upgrade\r\nUpgrade: a\r\n\r\nxyz", "", 0),
  };
  static const h1_case responses[] = {
      CASE("interim", "HTTP/1.1 100 X\r\n\r\nHTTP/1.1 103 X\r\n\r\n" OK "\r\n", "", 0),
      CASE("a tunnel", "HTTP/1.1 200 X\r\n\r\nxyz", "", 0, .method = "CONNECT"),
      CASE("no body", "HTTP/1.1 304 X\r\n\r\n", "", 0),
  };
  static const unsigned request_events[] = {4, 5, 6, 2}, response_events[] = {4, 2, 2};
  for (size_t i = 0; i < 4; i++) check_stops(&requests[i], WEIR__H1_REQUEST, request_events[i]);
  for (size_t i = 0; i < 3; i++) check_stops(&responses[i], WEIR__H1_RESPONSE, response_events[i]);
}

static void an_end_that_comes_with_the_fin_may_fail_too(void) {
  static const h1_case c = CASE("until close", "HTTP/1.1 200 X\r\n\r\nh", "", 0, .fin = true);
  for (unsigned nth = 1; nth <= 3; nth++) check_stop(&c, WEIR__H1_RESPONSE, nth, c.len, -104);
}

/* ---- inside and outside ---- */

static int feed(h1_run *run, const char *str) { return h1_feed_piece(run, str, strlen(str)); }

static void inside_is_between_the_first_byte_and_the_end(void) {
  static const h1_case c = {.name = ""};
  weir__mem mem;
  h1_run run;
  weir__mem_init(&mem, NULL);
  if (!CHECK(h1_open(&run, &c, &mem, WEIR__H1_RESPONSE))) return;
  CHECK(!weir__h1_inside(run.reader));
  CHECK_INT(feed(&run, "H"), 0);
  CHECK(weir__h1_inside(run.reader));
  CHECK_INT(feed(&run, "TTP/1.1 100 X\r\n\r\n"), 0);
  CHECK(weir__h1_inside(run.reader)); /* the real one is still to come */
  CHECK_INT(feed(&run, OK), 0);
  CHECK(weir__h1_inside(run.reader));
  CHECK_INT(feed(&run, "\r\n"), END);
  CHECK(!weir__h1_inside(run.reader));
  CHECK_INT(feed(&run, OK "Transfer-Encoding: x\r\n\r\n"), WEIR_EFRAMING);
  CHECK(!weir__h1_inside(run.reader));
  h1_close(&run);
  free(run.text);
}

static void no_bytes_change_nothing(void) {
  static const h1_case c = {.name = ""};
  weir__mem mem;
  h1_run run;
  size_t used = 1;
  weir__mem_init(&mem, NULL);
  if (!CHECK(h1_open(&run, &c, &mem, WEIR__H1_REQUEST))) return;
  CHECK_INT(weir__h1_feed(run.reader, weir__slice_of(NULL, 0), &used), 0);
  CHECK_INT(used, 0);
  CHECK(!weir__h1_inside(run.reader));
  CHECK_INT(feed(&run, GET), 0);
  CHECK_INT(weir__h1_feed(run.reader, weir__slice_of(NULL, 0), &used), 0);
  CHECK_INT(feed(&run, "\r\n"), END);
  CHECK_INT(weir__h1_feed(run.reader, weir__slice_of(NULL, 0), &used), 0);
  CHECK_INT(weir__h1_finish(run.reader), 0);
  h1_close(&run);
  free(run.text);
}

/* Only the protocols must live on. */
static void the_method_that_was_asked_is_copied(void) {
  static const h1_case c = {.name = ""};
  static const char *const methods[] = {"HEAD", "CONNECT", "GET"};
  static const enum weir__framing framings[] = {WEIR__FRAMING_NONE, WEIR__FRAMING_TUNNEL,
                                                WEIR__FRAMING_LENGTH};
  for (size_t i = 0; i < 3; i++) {
    weir__mem mem;
    h1_run run;
    weir__mem_init(&mem, NULL);
    if (!CHECK(h1_open(&run, &c, &mem, WEIR__H1_RESPONSE))) return;
    char *method = exact_copy(methods[i], strlen(methods[i]) + 1);
    weir__h1_expect(run.reader, method, NULL);
    free(method);
    CHECK_INT(feed(&run, OK "\r\n"), END);
    CHECK_INT(run.framing, framings[i]);
    h1_close(&run);
    free(run.text);
  }
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_head_may_have_just_so_many_bytes);
  TEST(white_space_counts_though_it_is_dropped);
  TEST(a_head_without_end_is_refused_at_its_limit);
  TEST(each_head_is_counted_by_itself);
  TEST(a_head_may_have_just_so_many_fields);
  TEST(a_target_may_have_just_so_many_bytes);
  TEST(a_method_without_end_is_refused);
  TEST(trailers_have_the_same_limits);
  TEST(what_came_before_the_trailers_does_not_count);
  TEST(chunk_framing_must_not_outgrow_what_it_frames);
  TEST(chunks_of_one_byte_are_paid_for);
  TEST(framing_is_counted_for_each_message);
  TEST(a_chunk_of_too_much_framing_is_not_reported);
  TEST(a_big_head_meets_every_failed_allocation);
  TEST(a_reader_is_one_block_that_it_tells_the_size_of);
  TEST(nothing_of_a_message_is_kept_behind_its_end);
  TEST(an_event_that_fails_stops_the_reader_at_once);
  TEST(an_end_that_comes_with_the_fin_may_fail_too);
  TEST(inside_is_between_the_first_byte_and_the_end);
  TEST(no_bytes_change_nothing);
  TEST(the_method_that_was_asked_is_copied);
  return check_end();
}
