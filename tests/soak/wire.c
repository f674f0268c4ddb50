/* See wire.h. */
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- heads ---- */

static bool has_value(const char *value, const char *word) { return strcasecmp(value, word) == 0; }

static int read_field(struct head *h, char *line) {
  char *value = strchr(line, ':');
  if (!value) return -1;
  *value++ = '\0';
  value += strspn(value, " ");
  if (has_value(line, "Content-Length")) {
    if (h->framing != FRAMING_NONE) return -1;
    h->framing = FRAMING_LENGTH, h->length = strtoull(value, NULL, 10);
  } else if (has_value(line, "Transfer-Encoding")) {
    if (h->framing != FRAMING_NONE || !has_value(value, "chunked")) return -1;
    h->framing = FRAMING_CHUNKED;
  } else if (has_value(line, "Connection")) {
    h->close = has_value(value, "close");
  } else if (has_value(line, "Upgrade")) {
    h->upgrade = has_value(value, "websocket");
  } else if (has_value(line, "Expect")) {
    h->expect = true;
  } else if (has_value(line, "X-Soak")) {
    h->marked = true, h->serial = strtoull(value, NULL, 10);
  } else if (has_value(line, "X-Got")) {
    h->got = strtoull(value, &value, 10), h->sum = strtoull(value, NULL, 16);
  }
  return 0;
}

static int read_start(struct head *h, const char *line) {
  if (strlen(line) >= sizeof h->line) return -1;
  strcpy(h->line, line);
  if (sscanf(line, "HTTP/1.1 %3u", &h->status) == 1) return 0;
  size_t len = strlen(line);
  if (len < 12 || strncmp(line + len - 9, " HTTP/1.", 8) != 0) return -1;
  h->minor_0 = line[len - 1] == '0';
  return 0;
}

static int read_lines(struct head *h, char *text) {
  char *line = text, *end = strstr(line, "\r\n");
  *end = '\0';
  if (read_start(h, line)) return -1;
  for (line = end + 2; (end = strstr(line, "\r\n")); line = end + 2) {
    *end = '\0';
    if (read_field(h, line)) return -1;
  }
  return 0;
}

int head_read(struct head *head, const char *bytes, size_t len) {
  char text[HEAD_MAX + 1];
  const char *end = memmem(bytes, len, "\r\n\r\n", 4);
  if (!end) return len < HEAD_MAX ? 0 : -1;
  size_t size = (size_t)(end - bytes) + 4;
  if (size > HEAD_MAX || memchr(bytes, '\0', size)) return -1;
  memcpy(text, bytes, size - 2);
  text[size - 2] = '\0';
  *head = (struct head){0};
  return read_lines(head, text) ? -1 : (int)size;
}

/* ---- bodies ---- */

struct body body_of(enum framing framing, uint64_t length) {
  struct body body = {.framing = framing, .left = length};
  if (framing == FRAMING_CHUNKED) body.left = 0;
  return body;
}

static enum wire take(struct body *b, struct span *in, struct span *out) {
  size_t n = b->framing != FRAMING_CLOSE && b->left < in->len ? (size_t)b->left : in->len;
  *out = (struct span){in->ptr, n};
  in->ptr += n, in->len -= n;
  if (b->framing != FRAMING_CLOSE) b->left -= n;
  return WIRE_SPAN;
}

static int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool read_size(struct body *b, char c) {
  int digit = digit_of(c);
  if (digit < 0) {
    if (c != '\r' || b->digits == 0) return false;
    b->state = CHUNK_SIZE_LF;
    return true;
  }
  b->left = b->left * 16 + (unsigned)digit;
  return ++b->digits <= 8;
}

static bool expect(struct body *b, char c, char want, enum chunk_state next) {
  b->state = next;
  return c == want;
}

/* No extensions, no trailers: neither the origins nor the clients send any. */
static bool read_framing(struct body *b, char c) {
  switch (b->state) {
  case CHUNK_SIZE: return read_size(b, c);
  case CHUNK_SIZE_LF: return expect(b, c, '\n', b->left ? CHUNK_DATA : CHUNK_LAST_CR);
  case CHUNK_CR: return expect(b, c, '\r', CHUNK_LF);
  case CHUNK_LF: b->digits = 0; return expect(b, c, '\n', CHUNK_SIZE);
  case CHUNK_LAST_CR: return expect(b, c, '\r', CHUNK_LAST_LF);
  case CHUNK_LAST_LF: b->done = true; return c == '\n';
  case CHUNK_DATA: break;
  }
  return false;
}

static enum wire read_chunked(struct body *b, struct span *in, struct span *out) {
  while (in->len && !b->done) {
    if (b->state == CHUNK_DATA) {
      if (b->left) return take(b, in, out);
      b->state = CHUNK_CR;
    }
    if (!read_framing(b, *in->ptr)) return WIRE_BAD;
    in->ptr++, in->len--;
  }
  return b->done ? WIRE_END : WIRE_MORE;
}

enum wire body_read(struct body *body, struct span *in, struct span *out) {
  switch (body->framing) {
  case FRAMING_NONE: return WIRE_END;
  case FRAMING_CHUNKED: return read_chunked(body, in, out);
  case FRAMING_LENGTH:
    if (body->left == 0) return WIRE_END;
    break;
  case FRAMING_CLOSE: break;
  }
  return in->len ? take(body, in, out) : WIRE_MORE;
}
