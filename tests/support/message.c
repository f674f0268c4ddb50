#define _GNU_SOURCE
#include "support/message.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What is still to be read. */
typedef struct cursor {
  const char *at, *end;
} cursor;

static size_t left(const cursor *c) { return (size_t)(c->end - c->at); }

static const char *find(const cursor *c, const char *text) {
  return memmem(c->at, left(c), text, strlen(text));
}

static char *copy(const char *from, const char *to) {
  size_t len = (size_t)(to - from);
  char *text = malloc(len + 1);
  if (!text) abort();
  if (len) memcpy(text, from, len);
  text[len] = '\0';
  return text;
}

/* ---- heads ---- */

/* The first line behind `line` in a head; NULL after the last one. */
static const char *next_line(const char *line) {
  const char *end = strstr(line, "\r\n");
  return end && end[2] ? end + 2 : NULL;
}

bool has_line(const message *m, const char *line) {
  size_t len = strlen(line);
  for (const char *p = m->head; (p = next_line(p));)
    if (strncmp(p, line, len) == 0 && strncmp(p + len, "\r\n", 2) == 0) return true;
  return false;
}

size_t count_fields(const message *m, const char *name) {
  size_t len = strlen(name), count = 0;
  for (const char *p = m->head; (p = next_line(p));)
    count += strncmp(p, name, len) == 0 && p[len] == ':';
  return count;
}

/* The value of the only field of that name, in any case; NULL if there is none or several. */
static const char *only_value(const message *m, const char *name) {
  const char *value = NULL;
  size_t len = strlen(name), count = 0;
  for (const char *p = m->head; (p = next_line(p));)
    if (strncasecmp(p, name, len) == 0 && p[len] == ':') value = p + len + 1, count++;
  return count == 1 ? value : NULL;
}

static bool has_any(const message *m, const char *name) {
  size_t len = strlen(name);
  for (const char *p = m->head; (p = next_line(p));)
    if (strncasecmp(p, name, len) == 0 && p[len] == ':') return true;
  return false;
}

/* Lines end in CRLF, and neither of the two stands alone. */
static bool has_clean_lines(const char *head) {
  for (const char *p = head; *p; p++)
    if ((*p == '\r') != (p[1] == '\n')) return false;
  return head[0] != '\n';
}

static void read_status(message *m) {
  char space = 0;
  if (strncmp(m->head, "HTTP/", 5) != 0) return;
  m->bad |= sscanf(m->head, "HTTP/1.1 %3d%c", &m->status, &space) != 2 || space != ' ';
}

static bool read_head(message *m, cursor *c) {
  const char *end = find(c, "\r\n\r\n");
  m->head = copy(c->at, end ? end + 2 : c->at);
  if (!end) return false;
  m->bad = strlen(m->head) != (size_t)(end + 2 - c->at) || !has_clean_lines(m->head);
  c->at = end + 4;
  read_status(m);
  return !m->bad;
}

/* ---- bodies ---- */

static bool take_text(cursor *c, const char *text) {
  size_t len = strlen(text);
  if (left(c) < len || memcmp(c->at, text, len) != 0) return false;
  c->at += len;
  return true;
}

/* Hex digits and CRLF; nothing else may stand there. SIZE_MAX: not all there yet, or bad. */
static size_t read_size(message *m, cursor *c) {
  const char *end = find(c, "\r\n");
  size_t size = 0, digits = 0;
  if (!end) return SIZE_MAX;
  for (; c->at < end; c->at++, digits++) {
    const char *digit = strchr("0123456789abcdef", *c->at);
    if (!digit || !*c->at || digits == 15) return m->bad = true, SIZE_MAX;
    size = size * 16 + (size_t)(digit - "0123456789abcdef");
  }
  m->bad |= digits == 0;
  c->at = end + 2;
  return m->bad ? SIZE_MAX : size;
}

static bool read_trailers(message *m, cursor *c) {
  const char *end = c->at, *begin = c->at;
  if (take_text(c, "\r\n")) return true;
  end = find(c, "\r\n\r\n");
  if (!end) return false;
  free(m->trailers);
  m->trailers = copy(begin, end + 2);
  c->at = end + 4;
  return true;
}

/* There is room: a body is never longer than the bytes it comes from. */
static void take_body(message *m, cursor *c, size_t n) {
  memcpy(m->body + m->body_len, c->at, n);
  m->body_len += n;
  m->body[m->body_len] = '\0';
  c->at += n;
}

static bool read_chunks(message *m, cursor *c) {
  size_t size;
  while ((size = read_size(m, c)) != SIZE_MAX) {
    if (size == 0) return read_trailers(m, c);
    take_body(m, c, size < left(c) ? size : left(c));
    m->chunks++;
    if (left(c) < 2) return false;
    m->bad |= !take_text(c, "\r\n");
    if (m->bad) return false;
  }
  return false;
}

static bool read_length(message *m, cursor *c, const char *value) {
  char *end;
  size_t want = strtoull(value, &end, 10);
  m->bad |= end == value || strncmp(end, "\r\n", 2) != 0;
  take_body(m, c, want < left(c) ? want : left(c));
  return !m->bad && m->body_len == want;
}

static bool has_no_body(const message *m, bool bodiless) {
  return bodiless || (m->status && (m->status < 200 || m->status == 204 || m->status == 304));
}

static bool read_body(message *m, cursor *c, bool bodiless) {
  const char *length = only_value(m, "Content-Length");
  const char *coding = only_value(m, "Transfer-Encoding");
  m->chunked = coding != NULL, m->sized = length != NULL;
  m->bad |= coding && (length || strncmp(coding, " chunked\r\n", 10) != 0);
  m->bad |= !coding && has_any(m, "Transfer-Encoding");
  m->bad |= !length && has_any(m, "Content-Length");
  if (m->bad) return false;
  if (has_no_body(m, bodiless)) return true;
  if (coding) return read_chunks(m, c);
  if (length) return read_length(m, c, length);
  if (!m->status) return true;
  take_body(m, c, left(c));
  return false;
}

void message_split(message *m, const char *bytes, size_t len, bool bodiless) {
  cursor c = {bytes, bytes + len};
  *m = (message){.body = malloc(len + 1), .trailers = copy(bytes, bytes)};
  if (!m->body) abort();
  m->body[0] = '\0';
  m->whole = read_head(m, &c) && read_body(m, &c, bodiless);
  if (m->whole) m->used = len - left(&c);
}

void message_clear(message *m) {
  free(m->head);
  free(m->body);
  free(m->trailers);
}
