/* See access_log.h. */
#include "access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "say.h"

/* Linux writes as much to a pipe at once (PIPE_BUF), so lines do not mix there either. A target too
 * long for that is cut. */
enum { LINE_MAX_BYTES = 4096, TARGET_MAX_BYTES = 2560, WORD_MAX_BYTES = 128 };

struct line {
  char text[LINE_MAX_BYTES];
  size_t len;
};

/* ---- JSON ---- */

static void put(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The limits above leave room for all there is; what would not fit is left out all the same. */
static void put(struct line *line, const char *format, ...) {
  size_t room = sizeof line->text - line->len;
  va_list args;
  va_start(args, format);
  int len = vsnprintf(line->text + line->len, room, format, args);
  va_end(args);
  if (len > 0 && (size_t)len < room) line->len += (size_t)len;
}

static void put_char(struct line *line, unsigned char c) {
  if (line->len + 1 < sizeof line->text) line->text[line->len++] = (char)c;
}

/* Bytes are no characters until somebody says which: all but ASCII is written as the code point of
 * the same number, which is valid JSON whatever a client sent. */
static void put_escaped(struct line *line, const char *string, size_t max) {
  size_t end = line->len + max;
  for (const unsigned char *c = (const unsigned char *)string; *c; c++) {
    if (line->len + 6 + 3 > end) {
      put(line, "...");
      return;
    }
    if (*c < 0x20 || *c >= 0x7f) {
      put(line, "\\u%04x", *c);
      continue;
    }
    if (*c == '"' || *c == '\\') put_char(line, '\\');
    put_char(line, *c);
  }
}

static void put_string(struct line *line, const char *key, const char *value, size_t max) {
  put(line, ",\"%s\":", key);
  if (!value) {
    put(line, "null");
    return;
  }
  put(line, "\"");
  put_escaped(line, value, max);
  put(line, "\"");
}

static void put_number(struct line *line, const char *key, uint64_t value) {
  put(line, ",\"%s\":%" PRIu64, key, value);
}

/* UINT64_MAX: it never came. */
static void put_moment(struct line *line, const char *key, uint64_t ms) {
  if (ms == UINT64_MAX)
    put(line, ",\"%s\":null", key);
  else
    put_number(line, key, ms);
}

/* ---- event streams ---- */

/* What so many of a thousand entries are below; 0 if there is none. */
static uint64_t below(const weir_histogram *histogram, uint64_t of_thousand) {
  uint64_t total = 0, seen = 0;
  for (int i = 0; i < WEIR_LEDGER_BINS; i++) total += histogram->count[i];
  for (int i = 0; i < WEIR_LEDGER_BINS && total; i++) {
    seen += histogram->count[i];
    if (seen * 1000 >= total * of_thousand) return (uint64_t)1 << i;
  }
  return 0;
}

static void print_ledger(struct line *line, const weir_ledger *ledger) {
  put_number(line, "added_us_p50", below(&ledger->added_us, 500));
  put_number(line, "added_us_p99", below(&ledger->added_us, 990));
  put_number(line, "added_us_max", below(&ledger->added_us, 1000));
  put_number(line, "merged_busy", ledger->merged[WEIR_MERGE_BUSY]);
  put_number(line, "merged_held", ledger->merged[WEIR_MERGE_HELD]);
  put_number(line, "merged_partial", ledger->merged[WEIR_MERGE_PARTIAL]);
}

static void print_events(struct line *line, const weir_stats *stats) {
  put_number(line, "events", stats->events);
  put_moment(line, "first_event_ms", stats->first_event_ms);
  put_moment(line, "first_content_ms", stats->first_content_ms);
  put_number(line, "heartbeats", stats->heartbeats);
  put_number(line, "dropped", stats->dropped);
  put(line, ",\"in_band\":%s", stats->in_band ? "true" : "false");
  if (stats->ledger) print_ledger(line, stats->ledger);
}

/* ---- a line ---- */

static void print(struct line *line, const struct access_entry *entry, const weir_stats *stats) {
  char stamp[TIMESTAMP_SIZE];
  timestamp(stamp);
  put(line, "{\"time\":\"%s\"", stamp);
  put_string(line, "client", entry->client, WORD_MAX_BYTES);
  put_string(line, "method", entry->method, WORD_MAX_BYTES);
  put_string(line, "target", entry->target, TARGET_MAX_BYTES);
  put(line, ",\"status\":%d", stats->status);
  put_string(line, "end", weir_end_name(entry->end), WORD_MAX_BYTES);
  if (entry->end == WEIR_END_TIMEOUT)
    put_string(line, "timer", weir_timer_name(stats->timer), WORD_MAX_BYTES);
  put_number(line, "request_bytes", stats->request_bytes);
  put_number(line, "bytes", stats->response_bytes);
  put_number(line, "chunks", stats->chunks);
  put_moment(line, "first_byte_ms", stats->first_byte_ms);
  put_number(line, "longest_gap_ms", stats->longest_gap_ms);
  put_number(line, "duration_ms", stats->duration_ms);
  if (stats->event_stream) print_events(line, stats);
  put_string(line, "id", entry->id, WORD_MAX_BYTES);
  put(line, "}\n");
}

/* ---- the file ---- */

static bool is_stdout(const struct access_log *log) { return strcmp(log->path, "-") == 0; }

static int open_file(const char *path) {
  int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0)
    (void)say("--access-log %s: cannot write to it: %s", path,
              weir_strerror(uv_translate_sys_error(errno)));
  return fd;
}

bool access_log_is_on(const struct access_log *log) { return log->path != NULL; }

bool access_log_open(struct access_log *log, const char *path) {
  *log = (struct access_log){.path = path, .fd = STDOUT_FILENO};
  if (!path || is_stdout(log)) return true;
  log->fd = open_file(path);
  return log->fd >= 0;
}

void access_log_reopen(struct access_log *log) {
  if (!log->path || is_stdout(log)) return;
  int fd = open_file(log->path);
  if (fd < 0) return;
  close(log->fd);
  log->fd = fd;
}

static void note_result(struct access_log *log, bool written) {
  if (!written && !log->failing)
    (void)say("--access-log %s: lines get lost: %s", log->path,
              weir_strerror(uv_translate_sys_error(errno)));
  log->failing = !written;
}

void access_log_write(struct access_log *log, const struct access_entry *entry,
                      const weir_stats *stats) {
  struct line line;
  ssize_t written;
  line.len = 0;
  print(&line, entry, stats);
  do written = write(log->fd, line.text, line.len);
  while (written < 0 && errno == EINTR);
  if (written >= 0 && (size_t)written < line.len) errno = ENOSPC, written = -1;
  note_result(log, written >= 0);
}

void access_log_close(struct access_log *log) {
  if (!log->path || is_stdout(log) || log->fd < 0) return;
  close(log->fd);
  log->fd = -1;
}
