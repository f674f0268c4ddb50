/* Over src/http/sse_write.c. What is written is read again by the parser, to the same event. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "weir/err.h"
#include "weir/sse.h"

typedef struct write_case {
  int line;
  const char *name;
  weir_sse_fields fields;
  const char *block;
  size_t len;
  const char *data; /* as it is read again */
  size_t data_len;
} write_case;

/* clang-format off */
#define SET(...) {WEIR_SSE_FIELDS_INIT, __VA_ARGS__}
#define RETRY(ms) .has_retry = 1, .retry_ms = (ms)
#define TYPE(bytes) .type = (bytes), .type_len = sizeof(bytes) - 1
#define DATA(bytes) .data = (bytes), .data_len = sizeof(bytes) - 1
#define ID(bytes) .id = (bytes), .id_len = sizeof(bytes) - 1
#define COMMENT(bytes) .comment = (bytes), .comment_len = sizeof(bytes) - 1
#define CASE(the_name, the_fields, bytes, the_data) \
  { \
    .line = __LINE__, .name = (the_name), .fields = the_fields, .block = (bytes), \
    .len = sizeof(bytes) - 1, .data = (the_data), .data_len = sizeof(the_data) - 1 \
  }

static const write_case cases[] = {
    CASE("data", SET(DATA("a")), "data: a\n\n", "a"),
    CASE("two lines", SET(DATA("a\nb")), "data: a\ndata: b\n\n", "a\nb"),
    CASE("lines of CR", SET(DATA("a\rb")), "data: a\ndata: b\n\n", "a\nb"),
    CASE("lines of CRLF", SET(DATA("a\r\nb")), "data: a\ndata: b\n\n", "a\nb"),
    CASE("LF, then CR", SET(DATA("a\n\rb")), "data: a\ndata:\ndata: b\n\n", "a\n\nb"),
    CASE("a line end at the end", SET(DATA("a\n")), "data: a\ndata:\n\n", "a\n"),
    CASE("CR at the end", SET(DATA("a\r")), "data: a\ndata:\n\n", "a\n"),
    CASE("a line end in front", SET(DATA("\na")), "data:\ndata: a\n\n", "\na"),
    CASE("a line end alone", SET(DATA("\n")), "data:\ndata:\n\n", "\n"),
    CASE("blank lines", SET(DATA("a\n\n\nb")), "data: a\ndata:\ndata:\ndata: b\n\n", "a\n\n\nb"),
    CASE("empty data is an event", SET(DATA("")), "data:\n\n", ""),
    CASE("a space in front stays", SET(DATA(" a\n  b")), "data:  a\ndata:   b\n\n", " a\n  b"),
    CASE("a space alone stays", SET(DATA(" ")), "data:  \n\n", " "),
    CASE("data that looks like fields", SET(DATA("id: 1\n\ndata: x\n:")),
         "data: id: 1\ndata:\ndata: data: x\ndata: :\n\n", "id: 1\n\ndata: x\n:"),
    CASE("NUL, controls, no UTF-8", SET(DATA("\0\x01\xff")), "data: \0\x01\xff\n\n", "\0\x01\xff"),
    CASE("a byte order mark", SET(DATA("\xef\xbb\xbf")), "data: \xef\xbb\xbf\n\n", "\xef\xbb\xbf"),
    CASE("type", SET(TYPE("ping"), DATA("1")), "event: ping\ndata: 1\n\n", "1"),
    CASE("a type alone", SET(TYPE("ping")), "event: ping\n\n", ""),
    CASE("an empty type is written", SET(TYPE(""), DATA("1")), "event:\ndata: 1\n\n", "1"),
    CASE("a type with spaces and NUL", SET(TYPE(" a\0:")), "event:  a\0:\n\n", ""),
    CASE("id", SET(ID("17"), DATA("1")), "id: 17\ndata: 1\n\n", "1"),
    CASE("an empty id is written", SET(ID("")), "id:\n\n", ""),
    CASE("an id with a space in front", SET(ID(" 1")), "id:  1\n\n", ""),
    CASE("retry", SET(RETRY(1500)), "retry: 1500\n\n", ""),
    CASE("a time that is not to be written", SET(.retry_ms = 1500, DATA("a")), "data: a\n\n", "a"),
    CASE("retry 0", SET(RETRY(0)), "retry: 0\n\n", ""),
    CASE("the longest retry", SET(RETRY(INT64_MAX)), "retry: 9223372036854775807\n\n", ""),
    CASE("a comment", SET(COMMENT("ping")), ": ping\n\n", ""),
    CASE("an empty comment", SET(COMMENT("")), ":\n\n", ""),
    CASE("a comment of many lines", SET(COMMENT("a\r\nb\rdata: c\n\nd\0")),
         ": a\n: b\n: data: c\n:\n: d\0\n\n", ""),
    CASE("all of them", SET(RETRY(2), TYPE("x"), DATA("a\nb"), ID("1"), COMMENT("c")),
         ": c\nevent: x\nid: 1\nretry: 2\ndata: a\ndata: b\n\n", "a\nb"),
};
/* clang-format on */
enum { CASES = sizeof cases / sizeof *cases };

/* A copy in which every string lies in memory of its exact size. */
static weir_sse_fields exact_fields(const weir_sse_fields *f) {
  weir_sse_fields exact = *f;
  if (f->type) exact.type = exact_copy(f->type, f->type_len);
  if (f->data) exact.data = exact_copy(f->data, f->data_len);
  if (f->id) exact.id = exact_copy(f->id, f->id_len);
  if (f->comment) exact.comment = exact_copy(f->comment, f->comment_len);
  return exact;
}

static void free_fields(weir_sse_fields *f) {
  free((char *)f->type);
  free((char *)f->data);
  free((char *)f->id);
  free((char *)f->comment);
}

static void a_block_says_what_the_fields_say(void) {
  for (size_t i = 0; i < CASES; i++) {
    const write_case *c = &cases[i];
    size_t len = SIZE_MAX;
    weir_sse_fields fields = exact_fields(&c->fields);
    char *to = malloc(c->len);
    if (!to) abort();
    check_case(c->line, "%s", c->name);
    if (CHECK_INT(weir_sse_write(to, c->len, &len, &fields), 0))
      CHECK_MEM(to, len, c->block, c->len);
    free(to);
    free_fields(&fields);
  }
}

static void check_event(const write_case *c, const weir_sse_event *e) {
  const weir_sse_fields *f = &c->fields;
  CHECK_MEM(e->data, e->data_len, c->data, c->data_len);
  CHECK_INT(e->has_event, f->type != NULL);
  if (f->type_len)
    CHECK_MEM(e->type, e->type_len, f->type, f->type_len);
  else
    CHECK_MEM(e->type, e->type_len, "message", 7);
  CHECK_INT(e->has_id, f->id != NULL);
  CHECK_MEM(e->id, e->id_len, f->id ? f->id : "", f->id_len);
  CHECK_INT(e->retry_ms, f->has_retry ? (int64_t)f->retry_ms : -1);
  CHECK_INT(e->has_comment, f->comment != NULL);
  CHECK_MEM(e->raw, e->raw_len, c->block, c->len);
}

static void what_is_written_is_read_again(void) {
  for (size_t i = 0; i < CASES; i++) {
    const write_case *c = &cases[i];
    char block[256];
    size_t len, used;
    weir_sse_parser *parser;
    const weir_sse_event *event;
    check_case(c->line, "%s", c->name);
    if (!CHECK_INT(weir_sse_write(block, sizeof block, &len, &c->fields), 0)) continue;
    if (weir_sse_parser_new(&parser, NULL)) abort();
    int rc = weir_sse_next(parser, block, len, &used, &event);
    CHECK_INT(used, len);
    if (CHECK_INT(rc, c->fields.data ? WEIR_SSE_EVENT : WEIR_SSE_OTHER)) check_event(c, event);
    CHECK_INT(weir_sse_inside(parser), 0);
    weir_sse_parser_free(parser);
  }
}

/* Also with no room at all, and nowhere to write. */
static void without_room_nothing_is_written(void) {
  for (size_t i = 0; i < CASES; i++) {
    const write_case *c = &cases[i];
    for (size_t room = 0; room < c->len; room++) {
      size_t len = SIZE_MAX;
      char *to = malloc(room + 1);
      if (!to) abort();
      memset(to, '?', room + 1);
      check_case(c->line, "%s, room for %zu", c->name, room);
      CHECK_INT(weir_sse_write(room ? to : NULL, room, &len, &c->fields), WEIR_ENOROOM);
      CHECK_INT(len, c->len);
      for (size_t at = 0; at <= room; at++) CHECK_INT(to[at], '?');
      free(to);
    }
  }
}

static int write_fields(weir_sse_fields fields) {
  char block[64];
  size_t len = SIZE_MAX;
  int rc = weir_sse_write(block, sizeof block, &len, &fields);
  if (rc < 0) CHECK_INT(len, 0);
  return rc;
}

static void a_type_or_an_id_is_one_line(void) {
  CHECK_INT(write_fields((weir_sse_fields)SET(TYPE("a\n"))), WEIR_EFIELD);
  CHECK_INT(write_fields((weir_sse_fields)SET(TYPE("a\rb"))), WEIR_EFIELD);
  CHECK_INT(write_fields((weir_sse_fields)SET(TYPE("\r\n"), DATA("a"))), WEIR_EFIELD);
  CHECK_INT(write_fields((weir_sse_fields)SET(TYPE("abcdefghijklmno\n"))), WEIR_EFIELD);
  CHECK_INT(write_fields((weir_sse_fields)SET(ID("\n"))), WEIR_EFIELD);
  CHECK_INT(write_fields((weir_sse_fields)SET(ID("1\r"), DATA("a"))), WEIR_EFIELD);
  CHECK_INT(write_fields((weir_sse_fields)SET(ID("1\n\nretry: 1"))), WEIR_EFIELD);
  CHECK_INT(write_fields((weir_sse_fields)SET(ID("1\0"))), WEIR_EFIELD);
}

static void a_block_has_a_field(void) {
  size_t len = SIZE_MAX;
  char room[8];
  CHECK_INT(write_fields((weir_sse_fields){WEIR_SSE_FIELDS_INIT}), WEIR_EINVAL);
  CHECK_INT(write_fields((weir_sse_fields){DATA("a")}), WEIR_EINVAL);
  CHECK_INT(write_fields((weir_sse_fields)SET(.data_len = 1)), WEIR_EINVAL);
  CHECK_INT(write_fields((weir_sse_fields)SET(DATA("a"), .type_len = 1)), WEIR_EINVAL);
  CHECK_INT(write_fields((weir_sse_fields)SET(DATA("a"), .id_len = 1)), WEIR_EINVAL);
  CHECK_INT(write_fields((weir_sse_fields)SET(DATA("a"), .comment_len = 1)), WEIR_EINVAL);
  weir_sse_fields fields = SET(DATA("a"));
  CHECK_INT(weir_sse_write(NULL, sizeof room, &len, &fields), WEIR_EINVAL);
  CHECK_INT(len, 0);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_block_says_what_the_fields_say);
  TEST(what_is_written_is_read_again);
  TEST(without_room_nothing_is_written);
  TEST(a_type_or_an_id_is_one_line);
  TEST(a_block_has_a_field);
  return check_end();
}
