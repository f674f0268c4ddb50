/* Reads an event stream from standard input and prints its events as a reader of the standard would
 * see them: a line of JSON each, in which bytes are escaped as numbers. It never knows who sent the
 * stream. With an argument the bytes are fed to the parser in pieces of that many. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/err.h>
#include <weir/sse.h>

static void put_bytes(const char *name, const char *bytes, size_t len) {
  printf("\"%s\":\"", name);
  for (size_t i = 0; i < len; i++) printf("%02x", (unsigned char)bytes[i]);
  putchar('"');
}

static void print(const weir_sse_event *event) {
  putchar('{');
  put_bytes("type", event->type, event->type_len);
  putchar(',');
  put_bytes("data", event->data, event->data_len);
  putchar(',');
  put_bytes("id", event->id, event->id_len);
  puts("}");
}

static int feed(weir_sse_parser *parser, const char *bytes, size_t len) {
  for (size_t at = 0, used; at < len; at += used) {
    const weir_sse_event *event;
    int rc = weir_sse_next(parser, bytes + at, len - at, &used, &event);
    if (rc < 0) return rc;
    if (rc == WEIR_SSE_EVENT) print(event);
  }
  return 0;
}

/* Whoever follows the standard discards what is unfinished. */
static int finish(weir_sse_parser *parser) {
  const weir_sse_event *event;
  int rc = weir_sse_finish(parser, &event);
  if (rc == WEIR_SSE_EVENT && !event->unfinished) print(event);
  return rc < 0 ? rc : 0;
}

int main(int argc, char **argv) {
  char buf[4096];
  weir_sse_parser *parser;
  size_t len, piece = argc > 1 ? strtoul(argv[1], NULL, 10) : sizeof buf;
  if (piece == 0 || piece > sizeof buf) piece = sizeof buf;
  int rc = weir_sse_parser_new(&parser, NULL);
  if (rc) {
    fprintf(stderr, "%s\n", weir_strerror(rc));
    return 1;
  }
  while (rc == 0 && (len = fread(buf, 1, piece, stdin)) > 0) rc = feed(parser, buf, len);
  if (rc == 0) rc = finish(parser);
  if (rc) fprintf(stderr, "%s\n", weir_strerror(rc));
  weir_sse_parser_free(parser);
  return rc ? 1 : 0;
}
