/* See message.h. */
#include "message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meter.h"

void message_begin_request(struct message *message) {
  message->state = IN_HEAD;
  message->request = true;
  message->head_len = 0;
}

void message_begin_response(struct message *message) {
  message_begin_request(message);
  message->request = false;
}

/* ---- the head ---- */

static _Noreturn void refuse(const struct message *message, const char *why) {
  fprintf(stderr, "weir-bench-load: %s:\n%s\n", why, message->head);
  exit(1);
}

static void begin_body(struct message *message) {
  const char *length = strcasestr(message->head, "\ncontent-length:");
  if (strncmp(message->head, "HTTP/1.1 200", 12) != 0) refuse(message, "not a 200");
  message->left = 0;
  if (strcasestr(message->head, "\ntransfer-encoding: chunked"))
    message->state = IN_SIZE_LINE;
  else if (length)
    message->left = strtoull(length + 16, NULL, 10), message->state = IN_LENGTH;
  else
    refuse(message, "no framing");
}

/* Moves what belongs to the head into `head`; returns how many bytes of `bytes` that was. */
static size_t take_head(struct message *message, const char *bytes, size_t len) {
  size_t before = message->head_len, room = sizeof message->head - 1 - before;
  size_t copied = len < room ? len : room;
  memcpy(message->head + before, bytes, copied);
  message->head_len += copied;
  message->head[message->head_len] = 0;
  char *end = strstr(message->head, "\r\n\r\n");
  if (!end && copied == room) refuse(message, "a large head");
  if (!end) return len;
  end[4] = 0;
  message->head_len = (size_t)(end + 4 - message->head);
  if (message->request)
    message->state = DONE;
  else
    begin_body(message);
  return message->head_len - before;
}

/* ---- the body ---- */

static void take_size_digit(struct message *message, char c) {
  if (c >= '0' && c <= '9') message->left = message->left * 16 + (unsigned)(c - '0');
  if (c >= 'a' && c <= 'f') message->left = message->left * 16 + (unsigned)(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') message->left = message->left * 16 + (unsigned)(c - 'A') + 10;
  if (c == '\n') message->state = message->left ? IN_CHUNK : IN_LAST_LINE;
}

/* One byte of what is between the chunks. */
static void take_framing(struct message *message, char c) {
  if (message->state == IN_SIZE_LINE) {
    take_size_digit(message, c);
    return;
  }
  if (c != '\n') return;
  message->state = message->state == IN_CHUNK_END ? IN_SIZE_LINE : DONE;
}

static size_t take_payload(struct message *message, size_t len) {
  size_t n = len < message->left ? len : (size_t)message->left;
  message->left -= n;
  if (message->left == 0) message->state = message->state == IN_CHUNK ? IN_CHUNK_END : DONE;
  return n;
}

uint64_t message_feed(struct message *message, const char *bytes, size_t len) {
  uint64_t payload = 0;
  size_t at = message->state == IN_HEAD ? take_head(message, bytes, len) : 0;
  while (at < len) {
    errno = 0;
    if (message->state == DONE) die("bytes behind a message");
    if (message->state == IN_CHUNK || message->state == IN_LENGTH) {
      size_t n = take_payload(message, len - at);
      payload += n, at += n;
    } else {
      take_framing(message, bytes[at++]);
    }
  }
  if (message->state == IN_LENGTH && message->left == 0) message->state = DONE;
  return payload;
}
