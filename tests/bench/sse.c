/* How fast the library parses event streams: the same 64 KiB of events of 120 bytes over and over,
 * as they come whole, in pieces of a network's size, and with CRLF. It prints gigabytes for each
 * second of CPU time, the median of several rounds, and never judges them. The stream is a static
 * buffer, the parser belongs to the measurement. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "weir/err.h"
#include "weir/sse.h"

enum { STREAM = 64 * 1024, EVENT = 120, ROUNDS = 15, REPEATS = 1024 };

static char stream[STREAM];

static void die(const char *what, int code) {
  fprintf(stderr, "sse: %s: %s\n", what, weir_strerror(code));
  exit(1);
}

/* As many whole events as there is room for; returns how many bytes they have. */
static size_t fill(const char *line_end) {
  size_t ends = 2 * strlen(line_end), len = 0;
  for (unsigned n = 0; len + EVENT <= sizeof stream; n++, len += EVENT) {
    char *event = stream + len;
    memset(event, 'x', EVENT);
    int head =
        snprintf(event, EVENT, "data: {\"id\":\"%08u\",\"object\":\"chunk\",\"delta\":\"", n);
    event[head] = 'x';
    memcpy(event + EVENT - ends - 2, "\"}", 2);
    for (size_t at = EVENT - ends; at < EVENT; at += ends / 2)
      memcpy(event + at, line_end, ends / 2);
  }
  return len;
}

static size_t parse_piece(weir_sse_parser *parser, const char *bytes, size_t len) {
  const weir_sse_event *event;
  size_t events = 0;
  for (size_t at = 0, used; at < len; at += used) {
    int rc = weir_sse_next(parser, bytes + at, len - at, &used, &event);
    if (rc < 0) die("weir_sse_next", rc);
    events += rc == WEIR_SSE_EVENT && event->data_len > 0;
  }
  return events;
}

static void parse(weir_sse_parser *parser, size_t len, size_t piece) {
  size_t events = 0;
  for (size_t at = 0; at < len; at += piece)
    events += parse_piece(parser, stream + at, piece < len - at ? piece : len - at);
  if (events == len / EVENT) return;
  fprintf(stderr, "sse: %zu events, not %zu\n", events, len / EVENT);
  exit(1);
}

/* Of this process's CPU, so that others on the machine do not count. */
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double bytes_per_second(weir_sse_parser *parser, size_t len, size_t piece) {
  double from = now();
  for (int i = 0; i < REPEATS; i++) parse(parser, len, piece);
  return (double)len * REPEATS / (now() - from);
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void measure(const char *name, const char *line_end, size_t piece) {
  weir_sse_parser *parser;
  double rounds[ROUNDS];
  size_t len = fill(line_end);
  int rc = weir_sse_parser_new(&parser, NULL);
  if (rc) die("weir_sse_parser_new", rc);
  parse(parser, len, piece); /* warm */
  for (int i = 0; i < ROUNDS; i++) rounds[i] = bytes_per_second(parser, len, piece);
  weir_sse_parser_free(parser);
  qsort(rounds, ROUNDS, sizeof *rounds, by_value);
  printf("%s: %.2f GB/s\n", name, rounds[ROUNDS / 2] / 1e9);
}

int main(void) {
  measure("whole", "\n", STREAM);
  measure("pieces of 1400 bytes", "\n", 1400);
  measure("CRLF", "\r\n", STREAM);
  measure("CRLF, pieces of 1400 bytes", "\r\n", 1400);
  measure("CR", "\r", STREAM);
  return 0;
}
