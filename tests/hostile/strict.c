/* See strict.h. A cursor walks over the bytes; the first broken rule ends the walk. */
#define _GNU_SOURCE
#include "hostile/strict.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct cursor {
  const char *at, *end;
} cursor;

typedef struct text {
  const char *ptr;
  size_t len;
} text;

static size_t left(const cursor *c) { return (size_t)(c->end - c->at); }

static bool broken(strict_message *m, const char *rule) {
  if (!m->bad) m->bad = rule;
  return false;
}

static char *copy(text t) {
  char *out = malloc(t.len + 1);
  if (!out) abort();
  if (t.len) memcpy(out, t.ptr, t.len);
  out[t.len] = '\0';
  return out;
}

static void append(char **to, text t) {
  size_t had = *to ? strlen(*to) : 0;
  *to = realloc(*to, had + t.len + 2);
  if (!*to) abort();
  memcpy(*to + had, t.ptr, t.len);
  memcpy(*to + had + t.len, "\n", 2);
}

/* ---- characters ---- */

static bool is_among(unsigned char c, const char *more) {
  bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return letter || (c && strchr(more, c));
}

static bool all_among(text t, const char *more) {
  for (size_t i = 0; i < t.len; i++)
    if (!is_among((unsigned char)t.ptr[i], more)) return false;
  return t.len > 0;
}

static bool is_token(text t) { return all_among(t, "!#$%&'*+-.^_`|~"); }

/* RFC 9110, 5.5: no control but the tab, and no white space at the ends. */
static bool is_value(text t) {
  for (size_t i = 0; i < t.len; i++) {
    unsigned char c = (unsigned char)t.ptr[i];
    if ((c < ' ' && c != '\t') || c == 0x7f) return false;
  }
  return t.len == 0 || (!strchr(" \t", t.ptr[0]) && !strchr(" \t", t.ptr[t.len - 1]));
}

static bool is_target(text method, text target) {
  for (size_t i = 0; i < target.len; i++)
    if (target.ptr[i] <= ' ' || target.ptr[i] > '~' || target.ptr[i] == '#') return false;
  if (method.len == 7 && memcmp(method.ptr, "CONNECT", 7) == 0)
    return all_among(target, "-._~%!$&'()*+,;=:[]"); /* uri-host ":" port: RFC 9112, 3.2.3 */
  bool options = method.len == 7 && memcmp(method.ptr, "OPTIONS", 7) == 0;
  return target.len && (target.ptr[0] == '/' || (options && target.len == 1 && *target.ptr == '*'));
}

/* ---- lines ---- */

/* The next line without its CRLF; false if it has not ended. A CR or LF elsewhere breaks it. */
static bool take_line(strict_message *m, cursor *c, text *line) {
  const char *lf = memchr(c->at, '\n', left(c));
  const char *cr = memchr(c->at, '\r', left(c));
  bool here = cr && (!lf || cr < lf) && cr + 1 < c->end;
  if (here && cr[1] != '\n') return broken(m, "a CR stands alone");
  if (!lf) return false;
  if (lf == c->at || lf[-1] != '\r') return broken(m, "an LF stands alone");
  *line = (text){c->at, (size_t)(lf - 1 - c->at)};
  c->at = lf + 1;
  return true;
}

static bool take_until(text *from, char separator, text *part) {
  const char *at = memchr(from->ptr, separator, from->len);
  if (!at) return false;
  *part = (text){from->ptr, (size_t)(at - from->ptr)};
  from->len -= part->len + 1;
  from->ptr = at + 1;
  return true;
}

static bool is_text(text t, const char *str) {
  return t.len == strlen(str) && memcmp(t.ptr, str, t.len) == 0;
}

static bool read_field(strict_message *m, text line, char **into) {
  text whole = line, name;
  if (!take_until(&line, ':', &name)) return broken(m, "a field line has no colon");
  if (!is_token(name)) return broken(m, "a field name is no token");
  if (!line.len || line.ptr[0] != ' ') return broken(m, "no space behind a colon");
  if (!is_value((text){line.ptr + 1, line.len - 1})) return broken(m, "a field value is none");
  append(into, whole);
  return true;
}

/* Field lines and the empty one behind them. */
static bool read_fields(strict_message *m, cursor *c, char **into) {
  text line;
  while (take_line(m, c, &line)) {
    if (line.len == 0) return true;
    if (!read_field(m, line, into)) return false;
  }
  return false;
}

/* ---- fields ---- */

static const char *next_line(const char *line) {
  const char *end = strchr(line, '\n');
  return end && end[1] ? end + 1 : NULL;
}

static const char *first_line(const strict_message *m) { return *m->fields ? m->fields : NULL; }

static bool is_named(const char *line, const char *name, size_t len) {
  return strncasecmp(line, name, len) == 0 && line[len] == ':';
}

size_t strict_count(const strict_message *m, const char *name) {
  size_t count = 0;
  for (const char *line = first_line(m); line; line = next_line(line))
    count += is_named(line, name, strlen(name));
  return count;
}

bool strict_has(const strict_message *m, const char *wanted) {
  size_t len = strlen(wanted);
  for (const char *line = first_line(m); line; line = next_line(line))
    if (strncmp(line, wanted, len) == 0 && line[len] == '\n') return true;
  return false;
}

/* The value of a field there is once; an empty text for none. */
static text value_of(const strict_message *m, const char *name) {
  size_t len = strlen(name);
  for (const char *line = first_line(m); line; line = next_line(line))
    if (is_named(line, name, len)) return (text){line + len + 2, strcspn(line + len + 2, "\n")};
  return (text){"", 0};
}

/* ---- heads ---- */

static bool read_request_line(strict_message *m, text line) {
  text method, target;
  m->start = copy(line);
  if (!take_until(&line, ' ', &method) || !take_until(&line, ' ', &target))
    return broken(m, "a request line has three parts");
  m->method = copy(method);
  m->target = copy(target);
  if (!is_token(method)) return broken(m, "a method is a token");
  if (!is_target(method, target)) return broken(m, "the target has no form");
  return is_text(line, "HTTP/1.1") || broken(m, "the version is HTTP/1.1");
}

static bool is_digits(text t) {
  for (size_t i = 0; i < t.len; i++)
    if (t.ptr[i] < '0' || t.ptr[i] > '9') return false;
  return true;
}

static bool read_status_line(strict_message *m, text line) {
  text version, status;
  m->start = copy(line);
  if (!take_until(&line, ' ', &version) || !is_text(version, "HTTP/1.1"))
    return broken(m, "a status line begins with HTTP/1.1");
  if (!take_until(&line, ' ', &status) || status.len != 3 || !is_digits(status))
    return broken(m, "a status has three digits");
  m->status = 100 * (status.ptr[0] - '0') + 10 * (status.ptr[1] - '0') + status.ptr[2] - '0';
  if (m->status < 100 || m->status > 599) return broken(m, "a status is between 100 and 599");
  return is_value(line) || broken(m, "the reason is none");
}

static bool is_length(text t) {
  return t.len && t.len < 20 && is_digits(t) && (t.len == 1 || t.ptr[0] != '0');
}

/* At most one length or one coding, each in its one form. */
static bool read_framing(strict_message *m) {
  size_t lengths = strict_count(m, "Content-Length"),
         codings = strict_count(m, "Transfer-Encoding");
  if (lengths + codings > 1) return broken(m, "framed twice");
  if (strict_count(m, "Connection") > 1) return broken(m, "Connection stands twice");
  if (lengths && !is_length(value_of(m, "Content-Length"))) return broken(m, "an odd length");
  if (codings && !is_text(value_of(m, "Transfer-Encoding"), "chunked"))
    return broken(m, "an odd coding");
  m->framing = lengths ? STRICT_LENGTH : codings ? STRICT_CHUNKED : STRICT_NONE;
  return true;
}

static bool read_request_framing(strict_message *m) {
  if (strict_count(m, "Host") != 1) return broken(m, "a request has one Host");
  if (!all_among(value_of(m, "Host"), "-._~%!$&'()*+,;=:[]")) return broken(m, "an odd Host");
  return read_framing(m);
}

static bool says_close(const strict_message *m) {
  text value = value_of(m, "Connection");
  return value.len == 5 && strncasecmp(value.ptr, "close", 5) == 0;
}

static bool read_response_framing(strict_message *m, const char *method) {
  bool connected = strcmp(method, "CONNECT") == 0 && m->status / 100 == 2;
  bool head = strcmp(method, "HEAD") == 0;
  if (!read_framing(m)) return false;
  if (m->status < 200 || m->status == 204 || connected) {
    if (m->framing != STRICT_NONE) return broken(m, "framed where there is no body");
    if (m->status == 101 || connected) m->framing = STRICT_TUNNEL;
    return true;
  }
  if (head || m->status == 304) {
    if (m->framing == STRICT_CHUNKED) return broken(m, "a coding where there is no body");
    m->framing = STRICT_NONE;
    return true;
  }
  if (m->framing != STRICT_NONE) return true;
  m->framing = STRICT_CLOSE;
  return says_close(m) || broken(m, "nothing tells where it ends");
}

/* ---- bodies ---- */

static void take_body(strict_message *m, cursor *c, size_t n) {
  if (n > left(c)) n = left(c);
  memcpy(m->body + m->body_len, c->at, n);
  m->body_len += n;
  m->body[m->body_len] = '\0';
  c->at += n;
}

static bool read_length(strict_message *m, cursor *c) {
  size_t want = strtoull(value_of(m, "Content-Length").ptr, NULL, 10);
  take_body(m, c, want);
  return m->body_len == want;
}

/* Lower-case hex digits and nothing else. */
static bool read_size(strict_message *m, cursor *c, size_t *size) {
  static const char digits[] = "0123456789abcdef";
  text line;
  *size = 0;
  if (!take_line(m, c, &line)) return false;
  if (!line.len || line.len > 15 || (line.len > 1 && line.ptr[0] == '0'))
    return broken(m, "an odd chunk size");
  for (size_t i = 0; i < line.len; i++) {
    const char *digit = memchr(digits, line.ptr[i], 16);
    if (!digit) return broken(m, "a chunk size is hex");
    *size = *size * 16 + (size_t)(digit - digits);
  }
  return true;
}

static bool read_chunks(strict_message *m, cursor *c) {
  size_t size;
  while (read_size(m, c, &size)) {
    if (size == 0) return read_fields(m, c, &m->trailers);
    size_t before = m->body_len;
    take_body(m, c, size);
    if (m->body_len - before < size || left(c) < 2) return false;
    if (memcmp(c->at, "\r\n", 2) != 0) return broken(m, "no CRLF behind a chunk");
    c->at += 2;
  }
  return false;
}

static bool read_body(strict_message *m, cursor *c, bool over) {
  switch (m->framing) {
  case STRICT_NONE: return true;
  case STRICT_LENGTH: return read_length(m, c);
  case STRICT_CHUNKED: return read_chunks(m, c);
  case STRICT_CLOSE: take_body(m, c, left(c)); return over;
  case STRICT_TUNNEL: take_body(m, c, left(c)); return true;
  }
  return false;
}

/* ---- messages ---- */

static void begin(strict_message *m, size_t len) {
  text none = {"", 0};
  *m = (strict_message){.fields = copy(none), .trailers = copy(none), .body = malloc(len + 1)};
  if (!m->body) abort();
  m->body[0] = '\0';
}

static void read_rest(strict_message *m, cursor *c, const char *bytes, bool over) {
  m->head_whole = true;
  m->whole = read_body(m, c, over) && !m->bad;
  m->used = (size_t)(c->at - bytes);
}

void strict_request(strict_message *m, const char *bytes, size_t len) {
  cursor c = {bytes, bytes + len};
  text line;
  begin(m, len);
  if (!take_line(m, &c, &line) || !read_request_line(m, line)) return;
  if (!read_fields(m, &c, &m->fields) || !read_request_framing(m)) return;
  read_rest(m, &c, bytes, false);
}

void strict_response(strict_message *m, const char *bytes, size_t len, const char *method,
                     bool over) {
  cursor c = {bytes, bytes + len};
  text line;
  begin(m, len);
  if (!take_line(m, &c, &line) || !read_status_line(m, line)) return;
  if (!read_fields(m, &c, &m->fields) || !read_response_framing(m, method)) return;
  read_rest(m, &c, bytes, over);
}

void strict_clear(strict_message *m) {
  free(m->start);
  free(m->method);
  free(m->target);
  free(m->fields);
  free(m->trailers);
  free(m->body);
}
