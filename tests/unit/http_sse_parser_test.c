/* Over src/http/sse.c and sse_block.c: when a block is found, where its strings lie, what memory it costs, options.
 * What a stream means is http_sse_test.c. */
#include "http/sse.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/alloc.h"
#include "support/check.h"
#include "weir/err.h"
#include "weir/sse.h"

static weir_sse_parser *open_parser(counting_alloc *alloc, enum weir_sse_format format) {
  weir_sse_parser *parser;
  weir_sse_options options = {WEIR_SSE_OPTIONS_INIT, .format = format};
  alloc_init(alloc);
  options.allocator = alloc->hooks;
  if (weir_sse_parser_new(&parser, &options)) abort();
  return parser;
}

static void close_parser(weir_sse_parser *parser, counting_alloc *alloc) {
  weir_sse_parser_free(parser);
  CHECK_NO_LEAK(alloc);
}

/* Feeds all of a string; returns how many blocks ended, the last of which is left in `event`. */
static int feed(weir_sse_parser *parser, const char *bytes, size_t len,
                const weir_sse_event **event) {
  int blocks = 0;
  for (size_t at = 0, used; at < len; at += used) {
    int rc = weir_sse_next(parser, bytes + at, len - at, &used, event);
    if (!CHECK(rc >= 0)) break;
    blocks += rc != WEIR_SSE_MORE;
  }
  return blocks;
}

static int feed_str(weir_sse_parser *parser, const char *str, const weir_sse_event **event) {
  return feed(parser, str, strlen(str), event);
}

/* ---- when ---- */

static void a_block_is_found_as_early_as_can_be(void) {
  static const struct {
    const char *bytes;
    const char *found;  /* how many blocks end with this byte */
    const char *inside; /* 0: the stream stands at a boundary */
  } cases[] = {
      {"d\n\nd\n\n", "001001", "110110"},
      {"d\r\rd\r\r", "001001", "110110"},
      {"d\r\n\r\nd", "000010", "111101"},
      {"d\r\n\rd", "00001", "11111"}, /* with the next byte, which begins another */
      {"d\n\rd", "0001", "1111"},
      {"d\r\r\nd", "00110", "11001"},  /* at once, and the LF is nothing */
      {"d\r\n\r\r", "00002", "11110"}, /* the second CR is a blank line behind one of CR */
      {"\r\r\n", "021", "100"},
      {"\r\n\r\n", "0101", "1010"},
      {"\n\n", "11", "00"},
      {":\n", "00", "11"},
      {"\xef\xbb\xbf\n", "0001", "1110"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    counting_alloc alloc;
    const weir_sse_event *event;
    weir_sse_parser *parser = open_parser(&alloc, WEIR_SSE_STREAM);
    for (size_t at = 0; cases[i].bytes[at]; at++) {
      CHECK_CASE("case %zu, byte %zu", i, at);
      CHECK_INT(feed(parser, cases[i].bytes + at, 1, &event), cases[i].found[at] - '0');
      CHECK_INT(weir_sse_inside(parser) > 0, cases[i].inside[at] - '0');
    }
    close_parser(parser, &alloc);
  }
}

static void a_block_that_ended_before_takes_no_byte(void) {
  counting_alloc alloc;
  const weir_sse_event *event;
  size_t used = SIZE_MAX;
  weir_sse_parser *parser = open_parser(&alloc, WEIR_SSE_STREAM);
  CHECK_INT(feed_str(parser, "data: a\r\n\r", &event), 0);
  CHECK_INT(weir_sse_inside(parser), 10);
  CHECK_INT(weir_sse_next(parser, "data: b\r\n", 9, &used, &event), WEIR_SSE_EVENT);
  CHECK_INT(used, 0);
  CHECK_MEM(event->raw, event->raw_len, "data: a\r\n\r", 10);
  CHECK_INT(weir_sse_inside(parser), 0);
  CHECK_INT(weir_sse_next(parser, "data: b\r\n", 9, &used, &event), WEIR_SSE_MORE);
  CHECK_INT(used, 9);
  close_parser(parser, &alloc);
}

static void inside_counts_bytes_since_the_boundary(void) {
  counting_alloc alloc;
  const weir_sse_event *event;
  weir_sse_parser *parser = open_parser(&alloc, WEIR_SSE_STREAM);
  CHECK_INT(weir_sse_inside(parser), 0);
  feed_str(parser, "dat", &event);
  CHECK_INT(weir_sse_inside(parser), 3);
  feed_str(parser, "a: x\n", &event);
  CHECK_INT(weir_sse_inside(parser), 8);
  feed_str(parser, "\nda", &event);
  CHECK_INT(weir_sse_inside(parser), 2);
  feed_str(parser, "ta\n\n", &event);
  CHECK_INT(weir_sse_inside(parser), 0);
  close_parser(parser, &alloc);
}

/* Whoever scans twice what is carried needs minutes here. */
static void a_long_block_costs_the_same_for_each_byte(void) {
  enum { LINES = 1024, LINE = 1000 };
  counting_alloc alloc;
  const weir_sse_event *event;
  weir_sse_parser *parser = open_parser(&alloc, WEIR_SSE_STREAM);
  char line[LINE];
  memset(line, 'x', sizeof line);
  memcpy(line, "data:", 5);
  line[LINE - 1] = '\n';
  for (size_t i = 0; i < LINES; i++)
    for (size_t at = 0; at < LINE; at++) feed(parser, line + at, 1, &event);
  CHECK_INT(feed_str(parser, "\n", &event), 1);
  CHECK_INT(event->data_len, LINES * (LINE - 5) - 1);
  CHECK_INT(event->raw_len, LINES * LINE + 1);
  close_parser(parser, &alloc);
}

/* ---- where the strings lie, and what they cost ---- */

static bool lies_in(const char *ptr, size_t len, const char *bytes, size_t bytes_len) {
  return ptr >= bytes && ptr + len <= bytes + bytes_len;
}

static void a_whole_block_is_not_copied(void) {
  static const char stream[] = "event: x\nid: 1\nretry: 9\n: c\ndata: a\n\n";
  counting_alloc alloc;
  const weir_sse_event *e;
  weir_sse_parser *parser = open_parser(&alloc, WEIR_SSE_STREAM);
  CHECK_INT(feed_str(parser, stream, &e), 1);
  CHECK(lies_in(e->type, e->type_len, stream, sizeof stream));
  CHECK(lies_in(e->id, e->id_len, stream, sizeof stream));
  CHECK(lies_in(e->data, e->data_len, stream, sizeof stream));
  CHECK(e->raw == stream);
  close_parser(parser, &alloc);
}

static void whole_blocks_cost_no_allocation(void) {
  static const char stream[] = "data: a\n\n: c\n\nevent: x\ndata: b\nretry: 1\n\ndata: c\r\n\r\n";
  counting_alloc alloc;
  const weir_sse_event *event;
  weir_sse_parser *parser = open_parser(&alloc, WEIR_SSE_STREAM);
  for (int i = 0; i < 3; i++) CHECK_INT(feed_str(parser, stream, &event), 4);
  CHECK_INT(alloc.calls, 1);
  close_parser(parser, &alloc);
}

static void ids_cost_one_allocation_for_all_of_them(void) {
  counting_alloc alloc;
  const weir_sse_event *event;
  weir_sse_parser *parser = open_parser(&alloc, WEIR_SSE_STREAM);
  for (int i = 0; i < 10; i++) CHECK_INT(feed_str(parser, "id: 17\ndata: a\n\n", &event), 1);
  CHECK_INT(alloc.calls, 2);
  close_parser(parser, &alloc);
}

static void lines_of_json_cost_no_allocation(void) {
  counting_alloc alloc;
  const weir_sse_event *event;
  weir_sse_parser *parser = open_parser(&alloc, WEIR_SSE_LINES);
  CHECK_INT(feed_str(parser, "{\"a\":1}\n\n[]\r\n", &event), 3);
  CHECK_INT(alloc.calls, 1);
  close_parser(parser, &alloc);
}

static void data_of_many_lines_costs_one_allocation(void) {
  counting_alloc alloc;
  const weir_sse_event *event;
  weir_sse_parser *parser = open_parser(&alloc, WEIR_SSE_STREAM);
  feed_str(parser, "data:a\ndata:b\ndata:c\ndata:d\n\ndata:a\ndata:b\n\n", &event);
  CHECK_MEM(event->data, event->data_len, "a\nb", 3);
  CHECK_INT(alloc.calls, 2);
  close_parser(parser, &alloc);
}

static void an_idle_parser_keeps_no_buffers(void) {
  counting_alloc alloc;
  const weir_sse_event *event;
  size_t used;
  weir_sse_parser *parser = open_parser(&alloc, WEIR_SSE_STREAM);
  size_t bare = alloc.live_bytes;
  feed_str(parser, "data: a\ndata: b", &event);
  CHECK(alloc.live_bytes > bare);
  CHECK_INT(feed_str(parser, "\n\n", &event), 1);
  CHECK_MEM(event->data, event->data_len, "a\nb", 3);
  CHECK_INT(weir_sse_next(parser, NULL, 0, &used, &event), WEIR_SSE_MORE);
  CHECK_INT(used, 0);
  CHECK_INT(alloc.live_bytes, bare);
  feed_str(parser, "data: a\ndata: b\n\n", &event);
  feed_str(parser, "d", &event); /* a block that goes on later keeps itself, and no older one */
  feed_str(parser, "\n\n", &event);
  CHECK_INT(weir_sse_next(parser, NULL, 0, &used, &event), WEIR_SSE_MORE);
  CHECK_INT(alloc.live_bytes, bare);
  close_parser(parser, &alloc);
}

static void a_broken_parser_keeps_no_buffers(void) {
  counting_alloc alloc;
  const weir_sse_event *event;
  weir_sse_parser *parser;
  weir_sse_options options = {WEIR_SSE_OPTIONS_INIT, .block_max = 16};
  size_t used, bare;
  alloc_init(&alloc);
  options.allocator = alloc.hooks;
  if (!CHECK_INT(weir_sse_parser_new(&parser, &options), 0)) return;
  bare = alloc.live_bytes;
  feed_str(parser, "data: abcdefghij", &event);
  CHECK_INT(weir_sse_next(parser, "k", 1, &used, &event), WEIR_EEVENTSIZE);
  CHECK(event == NULL);
  CHECK_INT(alloc.live_bytes, bare);
  close_parser(parser, &alloc);
}

/* ---- from one stream to the next ---- */

static void the_id_stays_in_force_over_streams(void) {
  counting_alloc alloc;
  const weir_sse_event *event;
  weir_sse_parser *parser = open_parser(&alloc, WEIR_SSE_STREAM);
  feed_str(parser, "\xef\xbb\xbfid: 7\ndata: a\n\nid: 8\ndata", &event);
  CHECK_INT(weir_sse_finish(parser, &event), WEIR_SSE_EVENT);
  CHECK_INT(event->unfinished, 1);
  CHECK_MEM(event->id, event->id_len, "8", 1);
  CHECK_INT(feed_str(parser,
                     "\xef\xbb\xbf"
                     "data: b\n\n",
                     &event),
            1);
  CHECK_MEM(event->data, event->data_len, "b", 1);
  CHECK_MEM(event->id, event->id_len, "7", 1);
  CHECK_INT(event->has_id, 0);
  close_parser(parser, &alloc);
}

static void an_event_at_the_end_may_be_none(void) {
  counting_alloc alloc;
  const weir_sse_event *event;
  weir_sse_parser *parser = open_parser(&alloc, WEIR_SSE_STREAM);
  feed_str(parser, ": a\r\n\r", &event);
  CHECK_INT(weir_sse_finish(parser, &event), WEIR_SSE_OTHER);
  CHECK_INT(event->unfinished, 0);
  feed_str(parser, ": a\r\n", &event);
  CHECK_INT(weir_sse_finish(parser, &event), WEIR_SSE_OTHER);
  CHECK_INT(event->unfinished, 1);
  CHECK_INT(weir_sse_finish(parser, &event), WEIR_SSE_MORE);
  CHECK(event == NULL);
  close_parser(parser, &alloc);
}

/* ---- lines, eight bytes at a time ---- */

static void a_line_ends_wherever_cr_or_lf_stands(void) {
  char text[24];
  for (size_t at = 0; at < sizeof text; at++) {
    for (int c = 0; c < 256; c++) {
      bool ends = c == '\n' || c == '\r';
      CHECK_CASE("byte 0x%02x at %zu", (unsigned)c, at);
      memset(text, at & 1 ? 0xff : 0x0e, sizeof text);
      text[at] = (char)c;
      char *exact = exact_copy(text, sizeof text);
      CHECK_INT(weir__sse_line_length(weir__slice_of(exact, sizeof text)), ends ? at : sizeof text);
      free(exact);
    }
  }
}

static void the_first_of_several_line_ends_counts(void) {
  static const char text[] = "\ta\t\t\t\x0b\x0c\x0e\x01\x02\rabc\nd\r\n";
  for (size_t from = 0; from < sizeof text - 1; from++) {
    size_t len = sizeof text - 1 - from;
    char *exact = exact_copy(text + from, len);
    CHECK_CASE("from %zu", from);
    CHECK_INT(weir__sse_line_length(weir__slice_of(exact, len)), strcspn(text + from, "\r\n"));
    free(exact);
  }
}

/* ---- options ---- */

static void options_have_defaults(void) {
  weir_sse_parser *parser;
  const weir_sse_event *event;
  if (!CHECK_INT(weir_sse_parser_new(&parser, NULL), 0)) return;
  CHECK_INT(feed_str(parser, "data: a\n\n", &event), 1);
  weir_sse_parser_free(parser);
  weir_sse_parser_free(NULL);
}

static void a_block_has_a_mebibyte_by_default(void) {
  enum { MEBIBYTE = 1024 * 1024 };
  counting_alloc alloc;
  const weir_sse_event *event;
  size_t used;
  char *block = malloc(MEBIBYTE + 1);
  if (!block) abort();
  memset(block, ':', MEBIBYTE + 1);
  memcpy(block + MEBIBYTE - 2, "\n\n", 2);
  weir_sse_parser *parser = open_parser(&alloc, WEIR_SSE_STREAM);
  CHECK_INT(weir_sse_next(parser, block, MEBIBYTE, &used, &event), WEIR_SSE_OTHER);
  memcpy(block + MEBIBYTE - 2, "::\n", 3);
  CHECK_INT(weir_sse_next(parser, block, MEBIBYTE + 1, &used, &event), WEIR_EEVENTSIZE);
  CHECK_INT(used, 0);
  close_parser(parser, &alloc);
  free(block);
}

static void wrong_options_are_refused(void) {
  counting_alloc alloc;
  weir_sse_parser *parser = (weir_sse_parser *)&alloc;
  alloc_init(&alloc);
  weir_sse_options o = {WEIR_SSE_OPTIONS_INIT, .allocator = alloc.hooks};
  o.allocator.resize = NULL;
  CHECK_INT(weir_sse_parser_new(&parser, &o), WEIR_EINVAL);
  CHECK(!parser);
  o.allocator = alloc.hooks;
  o.format = (enum weir_sse_format)2;
  CHECK_INT(weir_sse_parser_new(&parser, &o), WEIR_EINVAL);
  o = (weir_sse_options){.block_max = 9};
  CHECK_INT(weir_sse_parser_new(&parser, &o), WEIR_EINVAL);
  CHECK_INT(alloc.calls, 0);
}

static void options_of_an_older_program_are_shorter(void) {
  weir_sse_parser *parser;
  char *old = exact_copy(&(weir_sse_options){.size = sizeof(size_t)}, sizeof(size_t));
  CHECK_INT(weir_sse_parser_new(&parser, (const weir_sse_options *)(const void *)old), 0);
  weir_sse_parser_free(parser);
  free(old);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_block_is_found_as_early_as_can_be);
  TEST(a_block_that_ended_before_takes_no_byte);
  TEST(inside_counts_bytes_since_the_boundary);
  TEST(a_long_block_costs_the_same_for_each_byte);
  TEST(a_whole_block_is_not_copied);
  TEST(whole_blocks_cost_no_allocation);
  TEST(ids_cost_one_allocation_for_all_of_them);
  TEST(lines_of_json_cost_no_allocation);
  TEST(data_of_many_lines_costs_one_allocation);
  TEST(an_idle_parser_keeps_no_buffers);
  TEST(a_broken_parser_keeps_no_buffers);
  TEST(the_id_stays_in_force_over_streams);
  TEST(an_event_at_the_end_may_be_none);
  TEST(a_line_ends_wherever_cr_or_lf_stands);
  TEST(the_first_of_several_line_ends_counts);
  TEST(options_have_defaults);
  TEST(a_block_has_a_mebibyte_by_default);
  TEST(wrong_options_are_refused);
  TEST(options_of_an_older_program_are_shorter);
  return check_end();
}
