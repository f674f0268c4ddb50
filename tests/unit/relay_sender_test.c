/* relay/sender over streams in memory: what leaves, in how many writes, and what is kept. */
#include "relay/sender.h"

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "support/alloc.h"
#include "support/check.h"
#include "support/heads.h"
#include "support/mem_stream.h"
#include "weir/err.h"

enum { EARLY_MAX = 1000 };

typedef struct fixture {
  counting_alloc a;
  weir__mem mem;
  weir__batch batch;
  weir__sender s;
  mem_stream m;
} fixture;

static void begin_with(fixture *f, weir__stream *stream) {
  alloc_init(&f->a);
  weir__mem_init(&f->mem, &f->a.hooks);
  f->batch = (weir__batch){.text = {.mem = &f->mem}};
  mem_stream_init(&f->m);
  weir__sender_init(&f->s, &f->batch, EARLY_MAX);
  f->s.stream = stream;
}

static void begin(fixture *f) { begin_with(f, &f->m.base); }

static void finish(fixture *f) {
  weir__sender_drop(&f->s);
  weir__buf_free(&f->batch.text);
  mem_stream_free(&f->m);
  CHECK_NO_LEAK(&f->a);
}

static const weir__h1_extra none, chunked = {.chunked = true};

static int send_head_of(fixture *f, weir__sender *s, const char *start, weir__body body) {
  weir_head *head = head_of(&f->mem, start, "X: y\n");
  if (!head) return WEIR_ENOMEM;
  bool chunks = body.framing == WEIR__FRAMING_CHUNKED;
  int rc = weir__sender_head(s, head, chunks ? &chunked : &none, body);
  weir__head_free(head); /* the sender must not look at it any more */
  return rc;
}

static int send_head(fixture *f, enum weir__framing framing, uint64_t length) {
  return send_head_of(f, &f->s, "HTTP/1.1 200 OK", weir__body_of(framing, length));
}

static int send_body(fixture *f, const char *str) {
  return weir__sender_body(&f->s, weir__slice_str(str));
}

static int flush(fixture *f) { return weir__sender_flush(&f->s); }

#define HEAD "HTTP/1.1 200 OK\r\nX: y\r\n\r\n"
#define HEAD_CHUNKED "HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n"

/* ---- one read, one write ---- */

static void all_that_one_read_brought_leaves_in_one_write(void) {
  fixture f;
  begin(&f);
  CHECK_INT(send_head(&f, WEIR__FRAMING_CHUNKED, 0), 0);
  CHECK_INT(send_body(&f, "hello"), 0);
  CHECK_INT(weir__sender_end(&f.s, NULL), 0);
  CHECK_INT(f.m.write_count, 0);
  CHECK_INT(flush(&f), 0);
  CHECK_INT(f.m.write_count, 1);
  CHECK_STR(f.m.written, HEAD_CHUNKED "5\r\nhello\r\n0\r\n\r\n");
  CHECK_INT(f.s.sent, f.m.written_len);
  finish(&f);
}

static void a_head_leaves_without_a_body(void) {
  fixture f;
  begin(&f);
  CHECK_INT(send_head(&f, WEIR__FRAMING_CHUNKED, 0), 0);
  CHECK_INT(flush(&f), 0);
  CHECK_INT(f.m.write_count, 1);
  CHECK_STR(f.m.written, HEAD_CHUNKED);
  finish(&f);
}

static void an_interim_head_goes_before_the_real_one(void) {
  fixture f;
  begin(&f);
  weir_head *head = head_of(&f.mem, "HTTP/1.1 103 Early", "Link: a\n");
  CHECK_INT(weir__sender_interim(&f.s, head, &none), 0);
  CHECK_INT(weir__sender_interim(&f.s, head, &none), 0);
  weir__head_free(head);
  CHECK_INT(send_head(&f, WEIR__FRAMING_LENGTH, 5), 0);
  CHECK_INT(send_body(&f, "hello"), 0);
  CHECK_INT(flush(&f), 0);
  CHECK_INT(f.m.write_count, 1);
  CHECK_STR(f.m.written,
            "HTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 103 Early\r\nLink: a\r\n\r\n" HEAD
            "hello");
  finish(&f);
}

static void several_pieces_of_one_read_are_one_chunk(void) {
  fixture f;
  begin(&f);
  CHECK_INT(send_head(&f, WEIR__FRAMING_CHUNKED, 0), 0);
  for (int i = 0; i < 7; i++) CHECK_INT(send_body(&f, "abc"), 0);
  CHECK_INT(flush(&f), 0);
  CHECK_INT(f.m.write_count, 1);
  CHECK_STR(f.m.written, HEAD_CHUNKED "15\r\nabcabcabcabcabcabcabc\r\n");
  finish(&f);
}

static void each_read_is_a_chunk_of_its_own(void) {
  fixture f;
  begin(&f);
  CHECK_INT(send_head(&f, WEIR__FRAMING_CHUNKED, 0), 0);
  CHECK_INT(flush(&f), 0);
  mem_stream_clear(&f.m);
  CHECK_INT(send_body(&f, "hello"), 0);
  CHECK_INT(flush(&f), 0);
  CHECK_INT(send_body(&f, "world!"), 0);
  CHECK_INT(flush(&f), 0);
  CHECK_INT(weir__sender_end(&f.s, NULL), 0);
  CHECK_INT(flush(&f), 0);
  CHECK_INT(f.m.write_count, 3);
  CHECK_STR(f.m.writes[0].ptr, "5\r\nhello\r\n");
  CHECK_STR(f.m.writes[1].ptr, "6\r\nworld!\r\n");
  CHECK_STR(f.m.writes[2].ptr, "0\r\n\r\n");
  finish(&f);
}

static void the_last_chunk_leaves_with_the_last_piece(void) {
  fixture f;
  begin(&f);
  CHECK_INT(send_head(&f, WEIR__FRAMING_CHUNKED, 0), 0);
  CHECK_INT(flush(&f), 0);
  CHECK_INT(send_body(&f, "hello"), 0);
  CHECK_INT(weir__sender_end(&f.s, NULL), 0);
  CHECK_INT(flush(&f), 0);
  CHECK_INT(f.m.write_count, 2);
  CHECK_STR(f.m.writes[1].ptr, "5\r\nhello\r\n0\r\n\r\n");
  finish(&f);
}

static void nothing_gathered_is_nothing_written(void) {
  fixture f;
  begin(&f);
  CHECK_INT(flush(&f), 0);
  CHECK_INT(send_head(&f, WEIR__FRAMING_CHUNKED, 0), 0);
  CHECK_INT(flush(&f), 0);
  CHECK_INT(send_body(&f, ""), 0);
  CHECK_INT(flush(&f), 0);
  CHECK_INT(flush(&f), 0);
  CHECK_INT(f.m.write_count, 1);
  finish(&f);
}

static void a_piece_is_not_copied_before_the_flush(void) {
  fixture f;
  begin(&f);
  char piece[] = "hello";
  CHECK_INT(send_head(&f, WEIR__FRAMING_LENGTH, 5), 0);
  CHECK_INT(send_body(&f, piece), 0);
  memcpy(piece, "HELLO", 5);
  CHECK_INT(flush(&f), 0);
  CHECK_STR(f.m.written, HEAD "HELLO");
  finish(&f);
}

static void the_size_line_is_hexadecimal(void) {
  static const struct {
    size_t len;
    const char *line;
  } cases[] = {
      {1, "1\r\n"}, {15, "f\r\n"}, {16, "10\r\n"}, {0xabc, "abc\r\n"}, {65536, "10000\r\n"}};
  char *bytes = calloc(1, 65536);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f;
    begin(&f);
    CHECK_CASE("%zu bytes", cases[i].len);
    CHECK_INT(send_head(&f, WEIR__FRAMING_CHUNKED, 0), 0);
    CHECK_INT(flush(&f), 0);
    CHECK_INT(weir__sender_body(&f.s, weir__slice_of(bytes, cases[i].len)), 0);
    CHECK_INT(flush(&f), 0);
    size_t n = strlen(cases[i].line);
    CHECK_INT(f.m.writes[1].len, n + cases[i].len + 2);
    CHECK_MEM(f.m.writes[1].ptr, n, cases[i].line, n);
    finish(&f);
  }
  free(bytes);
}

/* ---- the other framings ---- */

/* What came as `read`, of which `skip` bytes stand before a piece of `len`. */
static void check_framed(const char *read, size_t skip, size_t len, bool end, const char *leaves,
                         size_t slices) {
  CHECK_CASE("%s", read);
  fixture f;
  begin(&f);
  char *exact = malloc(strlen(read)); /* so that a byte too far is seen */
  memcpy(exact, read, strlen(read));
  CHECK_INT(send_head(&f, WEIR__FRAMING_CHUNKED, 0), 0);
  CHECK_INT(flush(&f), 0);
  mem_stream_clear(&f.m);
  f.batch.read = weir__slice_of(exact, strlen(read));
  CHECK_INT(weir__sender_body(&f.s, weir__slice_of(exact + skip, len)), 0);
  if (end) CHECK_INT(weir__sender_end(&f.s, NULL), 0);
  CHECK_INT(flush(&f), 0);
  CHECK_INT(f.m.write_count, 1);
  CHECK_STR(f.m.written, leaves);
  CHECK_INT(f.m.writes[0].slices, slices);
  free(exact);
  finish(&f);
}

static void a_chunk_that_came_framed_as_it_leaves_is_one_vector(void) {
  check_framed("5\r\nhello\r\n", 3, 5, false, "5\r\nhello\r\n", 1);
  check_framed("a\r\nhellohello\r\n0\r\n\r\n", 3, 10, false, "a\r\nhellohello\r\n", 1);
  check_framed("5\r\nhello\r\n0\r\n\r\n", 3, 5, true, "5\r\nhello\r\n0\r\n\r\n", 1);
  check_framed("0005\r\nhello\r\n", 6, 5, false, "5\r\nhello\r\n", 1);
}

static void any_other_framing_is_written_anew(void) {
  check_framed("A\r\nhellohello\r\n", 3, 10, false, "a\r\nhellohello\r\n", 3);
  check_framed("5;x\r\nhello\r\n", 5, 5, false, "5\r\nhello\r\n", 3);
  check_framed("6\r\nhello", 3, 5, false, "5\r\nhello\r\n", 3);
  check_framed("5\r\nhello", 3, 5, false, "5\r\nhello\r\n", 3);
  check_framed("5\r\nhello\r", 3, 5, false, "5\r\nhello\r\n", 3);
  check_framed("\r\nhello\r\n", 2, 5, false, "5\r\nhello\r\n", 3);
  check_framed("hello", 0, 5, false, "5\r\nhello\r\n", 3);
  check_framed("5\r\nhello\r\n0\r\nX: y\r\n", 3, 5, true, "5\r\nhello\r\n0\r\n\r\n", 3);
  check_framed("5\r\nhello\r\n0\r\n\r", 3, 5, true, "5\r\nhello\r\n0\r\n\r\n", 3);
}

static void two_pieces_are_one_chunk_however_they_came(void) {
  static const char read[] = "3\r\nabc\r\n3\r\ndef\r\n";
  fixture f;
  begin(&f);
  CHECK_INT(send_head(&f, WEIR__FRAMING_CHUNKED, 0), 0);
  f.batch.read = weir__slice_str(read);
  CHECK_INT(weir__sender_body(&f.s, weir__slice_of(read + 3, 3)), 0);
  CHECK_INT(weir__sender_body(&f.s, weir__slice_of(read + 11, 3)), 0);
  CHECK_INT(flush(&f), 0);
  CHECK_STR(f.m.written, HEAD_CHUNKED "6\r\nabcdef\r\n");
  finish(&f);
}

static void bodies_without_chunks_pass_as_they_are(void) {
  static const enum weir__framing framings[] = {WEIR__FRAMING_LENGTH, WEIR__FRAMING_CLOSE,
                                                WEIR__FRAMING_TUNNEL};
  for (size_t i = 0; i < 3; i++) {
    fixture f;
    begin(&f);
    CHECK_CASE("framing %zu", i);
    CHECK_INT(send_head(&f, framings[i], 10), 0);
    CHECK_INT(send_body(&f, "hel"), 0);
    CHECK_INT(send_body(&f, "lo"), 0);
    CHECK_INT(flush(&f), 0);
    CHECK_INT(send_body(&f, "world"), 0);
    CHECK_INT(weir__sender_end(&f.s, NULL), 0);
    CHECK_INT(flush(&f), 0);
    CHECK_INT(f.m.write_count, 2);
    CHECK_STR(f.m.written, HEAD "helloworld");
    finish(&f);
  }
}

static void no_body_is_longer_than_its_length(void) {
  fixture f;
  begin(&f);
  CHECK_INT(send_head(&f, WEIR__FRAMING_LENGTH, 5), 0);
  CHECK_INT(send_body(&f, "hell"), 0);
  CHECK_INT(send_body(&f, "o!"), WEIR_EFRAMING);
  CHECK_INT(flush(&f), 0);
  CHECK_STR(f.m.written, HEAD "hell");
  CHECK_INT(send_body(&f, "o"), 0);
  CHECK_INT(send_body(&f, "!"), WEIR_EFRAMING);
  CHECK_INT(flush(&f), 0);
  CHECK_STR(f.m.written, HEAD "hello");
  finish(&f);
}

static void a_message_without_body_takes_none(void) {
  fixture f;
  begin(&f);
  CHECK_INT(send_head(&f, WEIR__FRAMING_NONE, 5), 0);
  CHECK_INT(send_body(&f, "x"), WEIR_EFRAMING);
  CHECK_INT(send_body(&f, ""), 0);
  CHECK_INT(weir__sender_end(&f.s, NULL), 0);
  CHECK(f.s.ended);
  CHECK_INT(flush(&f), 0);
  CHECK_STR(f.m.written, HEAD);
  finish(&f);
}

static void no_body_ends_before_its_length(void) {
  fixture f;
  begin(&f);
  CHECK_INT(send_head(&f, WEIR__FRAMING_LENGTH, 5), 0);
  CHECK_INT(send_body(&f, "hell"), 0);
  CHECK_INT(weir__sender_end(&f.s, NULL), WEIR_ETRUNCATED);
  CHECK(!f.s.ended);
  CHECK_INT(send_body(&f, "o"), 0);
  CHECK_INT(weir__sender_end(&f.s, NULL), 0);
  CHECK(f.s.ended);
  finish(&f);
}

/* ---- trailers ---- */

static void trailers_stand_behind_the_last_chunk(void) {
  fixture f;
  begin(&f);
  weir_head *trailers = head_of(&f.mem, "HTTP/1.1 200 OK", "A: b\nC: d\n");
  CHECK_INT(send_head(&f, WEIR__FRAMING_CHUNKED, 0), 0);
  CHECK_INT(send_body(&f, "hello"), 0);
  CHECK_INT(weir__sender_end(&f.s, trailers), 0);
  weir__head_free(trailers);
  CHECK_INT(flush(&f), 0);
  CHECK_INT(f.m.write_count, 1);
  CHECK_STR(f.m.written, HEAD_CHUNKED "5\r\nhello\r\n0\r\nA: b\r\nC: d\r\n\r\n");
  finish(&f);
}

static void trailers_may_come_alone(void) {
  fixture f;
  begin(&f);
  weir_head *trailers = head_of(&f.mem, "HTTP/1.1 200 OK", "A: b\n");
  CHECK_INT(send_head(&f, WEIR__FRAMING_CHUNKED, 0), 0);
  CHECK_INT(flush(&f), 0);
  CHECK_INT(weir__sender_end(&f.s, trailers), 0);
  CHECK_INT(flush(&f), 0);
  weir__head_free(trailers);
  CHECK_INT(f.m.write_count, 2);
  CHECK_STR(f.m.writes[1].ptr, "0\r\nA: b\r\n\r\n");
  finish(&f);
}

static void trailers_without_fields_are_none(void) {
  fixture f;
  begin(&f);
  weir_head *trailers = head_of(&f.mem, "HTTP/1.1 200 OK", "");
  CHECK_INT(send_head(&f, WEIR__FRAMING_CHUNKED, 0), 0);
  CHECK_INT(send_body(&f, "x"), 0);
  CHECK_INT(weir__sender_end(&f.s, trailers), 0);
  CHECK_INT(flush(&f), 0);
  CHECK_STR(f.m.written, HEAD_CHUNKED "1\r\nx\r\n0\r\n\r\n");
  weir__head_free(trailers);
  finish(&f);
}

static void only_chunks_have_trailers(void) {
  fixture f;
  begin(&f);
  weir_head *trailers = head_of(&f.mem, "HTTP/1.1 200 OK", "A: b\n");
  CHECK_INT(send_head(&f, WEIR__FRAMING_LENGTH, 1), 0);
  CHECK_INT(send_body(&f, "x"), 0);
  CHECK_INT(weir__sender_end(&f.s, trailers), 0);
  CHECK_INT(flush(&f), 0);
  CHECK_STR(f.m.written, HEAD "x");
  weir__head_free(trailers);
  finish(&f);
}

/* ---- more pieces than places ---- */

/* What the chunks in `text` frame, and whether it is they and nothing else. */
static bool unchunk(const char *text, char *body, bool *last) {
  *last = false;
  while (*text) {
    char *end;
    unsigned long len = strtoul(text, &end, 16);
    if (end == text || strncmp(end, "\r\n", 2)) return false;
    *last = len == 0;
    memcpy(body, end + 2, len);
    body += len, *body = '\0';
    if (strncmp(end + 2 + len, "\r\n", 2)) return false;
    text = end + 2 + len + 2;
  }
  return true;
}

static void check_many_pieces(size_t pieces, bool trailers) {
  fixture f;
  char want[1000] = "", got[1000] = "";
  bool last;
  begin(&f);
  CHECK_CASE("%zu pieces%s", pieces, trailers ? " and trailers" : "");
  weir_head *fields = head_of(&f.mem, "HTTP/1.1 200 OK", trailers ? "A: b\n" : "");
  CHECK_INT(send_head(&f, WEIR__FRAMING_CHUNKED, 0), 0);
  for (size_t i = 0; i < pieces; i++) {
    want[i] = (char)('a' + i % 26);
    CHECK_INT(weir__sender_body(&f.s, weir__slice_of(&want[i], 1)), 0);
  }
  CHECK_INT(weir__sender_end(&f.s, fields), 0);
  CHECK_INT(flush(&f), 0);
  weir__head_free(fields);
  CHECK(f.m.write_count <= pieces / 50 + 1);
  for (size_t i = 0; i < f.m.write_count; i++) CHECK(f.m.writes[i].slices <= WEIR__BATCH_MAX);
  char *tail = trailers ? strstr(f.m.written, "A: b\r\n") : NULL;
  if (trailers && CHECK(tail != NULL)) memmove(tail, tail + 6, strlen(tail + 6) + 1);
  CHECK(unchunk(f.m.written + strlen(HEAD_CHUNKED), got, &last));
  CHECK(last);
  CHECK_STR(got, want);
  finish(&f);
}

static void more_pieces_than_places_are_several_writes(void) {
  for (size_t pieces = 1; pieces < 200; pieces++) {
    check_many_pieces(pieces, false);
    check_many_pieces(pieces, true);
  }
}

static void a_write_in_between_that_fills_the_stream_is_told_at_the_flush(void) {
  fixture f;
  begin(&f);
  f.m.window = 0;
  f.m.high = 10;
  CHECK_INT(send_head(&f, WEIR__FRAMING_CHUNKED, 0), 0);
  for (int i = 0; i < 70; i++) CHECK_INT(send_body(&f, "x"), 0);
  CHECK_INT(f.m.write_count, 1);
  f.m.high = 1000000; /* the last write itself has nothing to say */
  CHECK_INT(flush(&f), WEIR__FULL);
  CHECK_INT(flush(&f), 0);
  finish(&f);
}

static void a_write_in_between_that_fails_is_told_at_once(void) {
  fixture f;
  begin(&f);
  CHECK_INT(send_head(&f, WEIR__FRAMING_CHUNKED, 0), 0);
  CHECK_INT(flush(&f), 0);
  f.m.fail_writev = UV_EPIPE;
  int rc = 0;
  for (int i = 0; rc == 0 && i < 100; i++) rc = send_body(&f, "x");
  CHECK_INT(rc, UV_EPIPE);
  CHECK_INT(f.m.write_count, 2);
  finish(&f);
}

/* ---- full and failed ---- */

static void a_full_stream_is_told(void) {
  fixture f;
  begin(&f);
  f.m.window = 0;
  f.m.high = 10;
  CHECK_INT(send_head(&f, WEIR__FRAMING_CLOSE, 0), 0);
  CHECK_INT(flush(&f), WEIR__FULL);
  CHECK_INT(weir__sender_pending(&f.s), strlen(HEAD));
  mem_stream_clear(&f.m);
  CHECK_INT(send_body(&f, "x"), 0); /* taken all the same */
  CHECK_INT(flush(&f), WEIR__FULL);
  CHECK_INT(weir__sender_pending(&f.s), strlen(HEAD) + 1);
  CHECK_INT(f.s.sent, strlen(HEAD) + 1);
  finish(&f);
}

static void a_failed_write_is_told_once(void) {
  fixture f;
  begin(&f);
  CHECK_INT(send_head(&f, WEIR__FRAMING_CLOSE, 0), 0);
  CHECK_INT(flush(&f), 0);
  f.m.fail_writev = UV_ECONNRESET;
  CHECK_INT(send_body(&f, "x"), 0);
  CHECK_INT(flush(&f), UV_ECONNRESET);
  CHECK_INT(flush(&f), 0);
  CHECK_INT(f.s.sent, strlen(HEAD));
  CHECK_INT(weir__sender_pending(&f.s), 0); /* part of the message is gone: nothing to keep */
  finish(&f);
}

/* ---- without a stream, or with one that fails at once ---- */

static void what_is_sent_before_there_is_a_stream_waits(void) {
  fixture f;
  begin_with(&f, NULL);
  char *piece = exact_copy("hello", 5);
  CHECK_INT(send_head(&f, WEIR__FRAMING_CHUNKED, 0), 0);
  CHECK_INT(weir__sender_body(&f.s, weir__slice_of(piece, 5)), 0);
  CHECK_INT(flush(&f), 0);
  free(piece); /* what waits is the sender's own */
  CHECK_INT(send_body(&f, "world"), 0);
  CHECK_INT(weir__sender_end(&f.s, NULL), 0);
  CHECK_INT(flush(&f), 0);
  static const char all[] = HEAD_CHUNKED "5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n";
  CHECK_INT(weir__sender_pending(&f.s), strlen(all));
  CHECK_INT(f.s.sent, 0);
  CHECK_INT(weir__sender_attach(&f.s, &f.m.base), 0);
  CHECK_INT(f.m.write_count, 1);
  CHECK_STR(f.m.written, all);
  CHECK_INT(f.s.sent, strlen(all));
  CHECK_INT(weir__sender_pending(&f.s), 0);
  finish(&f);
}

static void nothing_waits_then_nothing_is_written(void) {
  fixture f;
  begin_with(&f, NULL);
  CHECK_INT(flush(&f), 0);
  CHECK_INT(weir__sender_attach(&f.s, &f.m.base), 0);
  CHECK_INT(f.m.write_count, 0);
  finish(&f);
}

static void too_much_that_waits_is_full(void) {
  fixture f;
  char bytes[EARLY_MAX] = "";
  begin_with(&f, NULL);
  CHECK_INT(send_head(&f, WEIR__FRAMING_CLOSE, 0), 0);
  size_t rest = EARLY_MAX - strlen(HEAD);
  CHECK_INT(weir__sender_body(&f.s, weir__slice_of(bytes, rest)), 0);
  CHECK_INT(flush(&f), 0);
  CHECK_INT(send_body(&f, "x"), 0);
  CHECK_INT(flush(&f), WEIR__FULL);
  CHECK_INT(weir__sender_pending(&f.s), EARLY_MAX + 1);
  f.m.window = 0;
  f.m.high = 10;
  CHECK_INT(weir__sender_attach(&f.s, &f.m.base), WEIR__FULL); /* the stream's own word */
  CHECK_INT(f.m.written_len, EARLY_MAX + 1);
  finish(&f);
}

static void a_message_whose_first_write_fails_waits_for_another_stream(void) {
  fixture f;
  mem_stream other;
  mem_stream_init(&other);
  begin(&f);
  f.m.fail_writev = UV_EPIPE;
  char *piece = exact_copy("hello", 5);
  CHECK_INT(send_head(&f, WEIR__FRAMING_CHUNKED, 0), 0);
  CHECK_INT(weir__sender_body(&f.s, weir__slice_of(piece, 5)), 0);
  CHECK_INT(flush(&f), UV_EPIPE);
  free(piece);
  CHECK_INT(f.s.sent, 0);
  CHECK_INT(send_body(&f, "more"), 0); /* while the other one is not there yet */
  CHECK_INT(weir__sender_end(&f.s, NULL), 0);
  CHECK_INT(flush(&f), UV_EPIPE);
  CHECK_INT(weir__sender_attach(&f.s, &other.base), 0);
  CHECK_INT(other.write_count, 1);
  CHECK_STR(other.written, HEAD_CHUNKED "5\r\nhello\r\n4\r\nmore\r\n0\r\n\r\n");
  mem_stream_free(&other);
  finish(&f);
}

static void a_stream_that_fails_when_attached_leaves_all_that_waits(void) {
  fixture f;
  mem_stream bad;
  mem_stream_init(&bad);
  begin_with(&f, NULL);
  CHECK_INT(send_head(&f, WEIR__FRAMING_CLOSE, 0), 0);
  CHECK_INT(flush(&f), 0);
  bad.fail_writev = UV_ECONNRESET;
  CHECK_INT(weir__sender_attach(&f.s, &bad.base), UV_ECONNRESET);
  CHECK_INT(f.s.sent, 0);
  CHECK_INT(weir__sender_attach(&f.s, &f.m.base), 0);
  CHECK_STR(f.m.written, HEAD);
  mem_stream_free(&bad);
  finish(&f);
}

/* ---- two senders, one batch ---- */

typedef struct pair {
  fixture f; /* the first sender's, and what both share */
  weir__sender s;
  mem_stream m;
} pair;

static void begin_pair(pair *p) {
  begin(&p->f);
  mem_stream_init(&p->m);
  weir__sender_init(&p->s, &p->f.batch, EARLY_MAX);
  p->s.stream = &p->m.base;
  CHECK_INT(send_head(&p->f, WEIR__FRAMING_CHUNKED, 0), 0);
  CHECK_INT(flush(&p->f), 0);
  CHECK_INT(send_head_of(&p->f, &p->s, "POST / HTTP/1.1", weir__body_of(WEIR__FRAMING_LENGTH, 4)),
            0);
  CHECK_INT(weir__sender_flush(&p->s), 0);
  mem_stream_clear(&p->f.m);
  mem_stream_clear(&p->m);
}

static void finish_pair(pair *p) {
  weir__sender_drop(&p->s);
  mem_stream_free(&p->m);
  finish(&p->f);
}

static int send_other(pair *p, const char *str) {
  return weir__sender_body(&p->s, weir__slice_str(str));
}

static void senders_that_take_turns_do_not_mix(void) {
  pair p;
  begin_pair(&p);
  CHECK_INT(send_body(&p.f, "one"), 0);
  CHECK_INT(send_other(&p, "TW"), 0);
  CHECK_INT(send_body(&p.f, "three"), 0);
  CHECK_INT(send_other(&p, "O!"), 0);
  CHECK_INT(weir__sender_end(&p.f.s, NULL), 0);
  CHECK_INT(weir__sender_end(&p.s, NULL), 0);
  CHECK_INT(weir__sender_flush(&p.s), 0);
  CHECK_INT(flush(&p.f), 0);
  CHECK_STR(p.f.m.written, "3\r\none\r\n5\r\nthree\r\n0\r\n\r\n");
  CHECK_STR(p.m.written, "TWO!");
  finish_pair(&p);
}

static void what_another_sender_forced_out_is_told_at_the_flush(void) {
  pair p;
  begin_pair(&p);
  p.f.m.window = 0;
  p.f.m.high = 1;
  CHECK_INT(send_body(&p.f, "one"), 0);
  CHECK_INT(send_other(&p, "TWO!"), 0);
  CHECK_INT(p.f.m.write_count, 1);
  CHECK_INT(weir__sender_flush(&p.s), 0); /* not the other one's affair */
  CHECK_INT(flush(&p.f), WEIR__FULL);
  CHECK_INT(flush(&p.f), 0);
  finish_pair(&p);
}

static void what_another_sender_forced_out_and_failed_is_told_at_the_flush(void) {
  pair p;
  begin_pair(&p);
  p.f.m.fail_writev = UV_EPIPE;
  CHECK_INT(send_body(&p.f, "one"), 0);
  CHECK_INT(send_other(&p, "TWO!"), 0);
  CHECK_INT(weir__sender_flush(&p.s), 0);
  CHECK_STR(p.m.written, "TWO!");
  CHECK_INT(flush(&p.f), UV_EPIPE);
  finish_pair(&p);
}

/* The slices belong to a read that is over when the next one is forced out. */
static void no_slice_is_left_behind_by_a_flush_that_tells_of_a_failure(void) {
  pair p;
  begin_pair(&p);
  p.f.m.fail_writev = UV_ECONNRESET;
  CHECK_INT(send_body(&p.f, "one"), 0);
  CHECK_INT(send_other(&p, "TW"), 0);
  CHECK_INT(weir__sender_flush(&p.s), 0);
  p.f.m.fail_writev = 0; /* from here on it says UV_EPIPE; the first failure is the one to tell */
  char *piece = exact_copy("two", 3);
  CHECK_INT(weir__sender_body(&p.f.s, weir__slice_of(piece, 3)), 0);
  CHECK_INT(flush(&p.f), UV_ECONNRESET);
  free(piece);
  CHECK(p.f.batch.owner != &p.f.s);
  p.f.s.sent = 0; /* as for a message that another stream may still get: it would be copied */
  CHECK_INT(send_other(&p, "O!"), 0);
  CHECK_INT(weir__sender_flush(&p.s), 0);
  CHECK_STR(p.m.written, "TWO!");
  finish_pair(&p);
}

/* A request that another stream shall get must not lose a piece in its middle. */
static void what_was_forced_out_for_another_stream_has_no_hole(void) {
  pair p;
  fixture *f = &p.f;
  mem_stream third;
  mem_stream_init(&third);
  begin_pair(&p);
  weir__sender_drop(&f->s);
  f->m.fail_writev = UV_EPIPE;
  CHECK_INT(send_head(f, WEIR__FRAMING_LENGTH, 11), 0);
  CHECK_INT(send_body(f, "one"), 0);
  CHECK_INT(send_other(&p, "TWO!"), 0);
  CHECK_INT(send_body(f, "three"), 0);
  CHECK_INT(flush(f), UV_EPIPE);
  CHECK_INT(send_body(f, "six"), 0);
  CHECK_INT(weir__sender_end(&f->s, NULL), 0);
  CHECK_INT(flush(f), UV_EPIPE);
  CHECK_INT(weir__sender_attach(&f->s, &third.base), 0);
  CHECK_STR(third.written, HEAD "onethreesix");
  CHECK_INT(weir__sender_flush(&p.s), 0);
  CHECK_STR(p.m.written, "TWO!");
  mem_stream_free(&third);
  finish_pair(&p);
}

/* ---- dropping ---- */

static void a_dropped_sender_writes_nothing_more(void) {
  fixture f;
  begin(&f);
  CHECK_INT(send_head(&f, WEIR__FRAMING_CHUNKED, 0), 0);
  CHECK_INT(send_body(&f, "x"), 0);
  weir__sender_drop(&f.s);
  CHECK_INT(flush(&f), 0);
  CHECK_INT(f.m.write_count, 0);
  CHECK_INT(send_head(&f, WEIR__FRAMING_LENGTH, 2), 0); /* and begins anew */
  CHECK_INT(send_body(&f, "ok"), 0);
  CHECK_INT(weir__sender_end(&f.s, NULL), 0);
  CHECK_INT(flush(&f), 0);
  CHECK_STR(f.m.written, HEAD "ok");
  weir__sender_drop(&f.s);
  CHECK_INT(f.s.sent, 0);
  CHECK(!f.s.ended);
  finish(&f);
}

static void a_dropped_sender_forgets_what_waited(void) {
  fixture f;
  begin_with(&f, NULL);
  CHECK_INT(send_head(&f, WEIR__FRAMING_CLOSE, 0), 0);
  CHECK_INT(flush(&f), 0);
  weir__sender_drop(&f.s);
  CHECK_INT(weir__sender_pending(&f.s), 0);
  CHECK_INT(weir__sender_attach(&f.s, &f.m.base), 0);
  CHECK_INT(f.m.write_count, 0);
  finish(&f);
}

static void a_dropped_sender_leaves_the_others_pieces_alone(void) {
  pair p;
  begin_pair(&p);
  CHECK_INT(send_other(&p, "TWO!"), 0);
  weir__sender_drop(&p.f.s);
  CHECK_INT(weir__sender_flush(&p.s), 0);
  CHECK_STR(p.m.written, "TWO!");
  finish_pair(&p);
}

/* ---- several messages ---- */

static void a_message_follows_another_in_the_same_write(void) {
  fixture f;
  begin(&f);
  for (int i = 0; i < 2; i++) {
    CHECK_INT(send_head(&f, WEIR__FRAMING_CHUNKED, 0), 0);
    CHECK_INT(send_body(&f, i ? "secondmessage" : "first"), 0);
    CHECK_INT(weir__sender_end(&f.s, NULL), 0);
  }
  CHECK_INT(flush(&f), 0);
  CHECK_STR(f.m.written,
            HEAD_CHUNKED "5\r\nfirst\r\n0\r\n\r\n" HEAD_CHUNKED "d\r\nsecondmessage\r\n0\r\n\r\n");
  finish(&f);
}

/* ---- memory ---- */

static int send_all(weir__mem *mem, void *stream) {
  fixture f = {.mem = *mem};
  mem_stream other;
  f.batch = (weir__batch){.text = {.mem = &f.mem}};
  mem_stream_init(&other);
  weir__sender_init(&f.s, &f.batch, EARLY_MAX);
  weir_head *trailers = head_of(&f.mem, "HTTP/1.1 200 OK", "A: b\n");
  int rc = trailers ? 0 : WEIR_ENOMEM;
  if (rc == 0) rc = send_head(&f, WEIR__FRAMING_CHUNKED, 0);
  if (rc == 0) rc = send_body(&f, "hello");
  if (rc == 0) rc = flush(&f); /* waits early */
  if (rc == 0) rc = weir__sender_end(&f.s, trailers);
  if (rc == 0) rc = flush(&f);
  if (rc == 0) rc = weir__sender_attach(&f.s, stream ? stream : &other.base);
  weir__head_free(trailers);
  weir__sender_drop(&f.s);
  weir__buf_free(&f.batch.text);
  mem_stream_free(&other);
  return rc;
}

static void every_allocation_that_fails_is_told(void) { check_each_failure(send_all, NULL); }

/* What was lost for want of memory is not tried again with a hole in it. */
static void a_stream_out_of_memory_keeps_nothing(void) {
  fixture f;
  begin(&f);
  f.m.fail_writev = WEIR_ENOMEM;
  CHECK_INT(send_head(&f, WEIR__FRAMING_CLOSE, 0), 0);
  CHECK_INT(flush(&f), WEIR_ENOMEM);
  CHECK_INT(weir__sender_pending(&f.s), 0);
  finish(&f);
}

static void a_big_head_does_not_stay_in_memory(void) {
  fixture f;
  begin(&f);
  char value[40000];
  memset(value, 'x', sizeof value);
  weir_head *head = weir__head_new(&f.mem, false);
  head->status = 200;
  CHECK_INT(weir__head_add(head, weir__slice_str("X"), weir__slice_of(value, sizeof value)), 0);
  CHECK_INT(weir__sender_head(&f.s, head, &none, weir__body_of(WEIR__FRAMING_NONE, 0)), 0);
  weir__head_free(head);
  CHECK_INT(flush(&f), 0);
  CHECK(f.m.written_len > sizeof value);
  CHECK(f.a.live_bytes <= 16 * 1024);
  finish(&f);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(all_that_one_read_brought_leaves_in_one_write);
  TEST(a_head_leaves_without_a_body);
  TEST(an_interim_head_goes_before_the_real_one);
  TEST(several_pieces_of_one_read_are_one_chunk);
  TEST(each_read_is_a_chunk_of_its_own);
  TEST(the_last_chunk_leaves_with_the_last_piece);
  TEST(nothing_gathered_is_nothing_written);
  TEST(a_piece_is_not_copied_before_the_flush);
  TEST(the_size_line_is_hexadecimal);
  TEST(a_chunk_that_came_framed_as_it_leaves_is_one_vector);
  TEST(any_other_framing_is_written_anew);
  TEST(two_pieces_are_one_chunk_however_they_came);
  TEST(bodies_without_chunks_pass_as_they_are);
  TEST(no_body_is_longer_than_its_length);
  TEST(a_message_without_body_takes_none);
  TEST(no_body_ends_before_its_length);
  TEST(trailers_stand_behind_the_last_chunk);
  TEST(trailers_may_come_alone);
  TEST(trailers_without_fields_are_none);
  TEST(only_chunks_have_trailers);
  TEST(more_pieces_than_places_are_several_writes);
  TEST(a_write_in_between_that_fills_the_stream_is_told_at_the_flush);
  TEST(a_write_in_between_that_fails_is_told_at_once);
  TEST(a_full_stream_is_told);
  TEST(a_failed_write_is_told_once);
  TEST(what_is_sent_before_there_is_a_stream_waits);
  TEST(nothing_waits_then_nothing_is_written);
  TEST(too_much_that_waits_is_full);
  TEST(a_message_whose_first_write_fails_waits_for_another_stream);
  TEST(a_stream_that_fails_when_attached_leaves_all_that_waits);
  TEST(senders_that_take_turns_do_not_mix);
  TEST(what_another_sender_forced_out_is_told_at_the_flush);
  TEST(what_another_sender_forced_out_and_failed_is_told_at_the_flush);
  TEST(no_slice_is_left_behind_by_a_flush_that_tells_of_a_failure);
  TEST(what_was_forced_out_for_another_stream_has_no_hole);
  TEST(a_dropped_sender_writes_nothing_more);
  TEST(a_dropped_sender_forgets_what_waited);
  TEST(a_dropped_sender_leaves_the_others_pieces_alone);
  TEST(a_message_follows_another_in_the_same_write);
  TEST(every_allocation_that_fails_is_told);
  TEST(a_stream_out_of_memory_keeps_nothing);
  TEST(a_big_head_does_not_stay_in_memory);
  return check_end();
}
