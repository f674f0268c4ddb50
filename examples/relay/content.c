/* See content.h. */
#include "content.h"

#include <string.h>

struct span {
  const char *at, *end;
};

/* ---- finding values ---- */

static void skip_space(struct span *s) {
  while (s->at < s->end && strchr(" \t\r\n", *s->at) && *s->at) s->at++;
}

static bool skip(struct span *s, const char *text) {
  size_t len = strlen(text);
  if ((size_t)(s->end - s->at) < len || memcmp(s->at, text, len) != 0) return false;
  s->at += len;
  return true;
}

/* Leaves `s` at the value of the next such key. A quote inside of a string is escaped, so that what
 * looks like a key there ends with a backslash and is none. */
static bool find_value(struct span *s, const char *quoted_key) {
  size_t len = strlen(quoted_key);
  const char *key;
  while ((key = memmem(s->at, (size_t)(s->end - s->at), quoted_key, len)) != NULL) {
    s->at = key + len;
    struct span behind = *s;
    skip_space(&behind);
    if (!skip(&behind, ":")) continue;
    skip_space(&behind);
    *s = behind;
    return true;
  }
  return false;
}

/* ---- what values say ---- */

enum shape { STRANGE, EMPTY, FILLED };

/* A string is empty or not; null, a list or an object under such a key says nothing. */
static enum shape look_for_text(struct span data, const char *key) {
  enum shape shape = STRANGE;
  while (find_value(&data, key)) {
    if (!skip(&data, "\"")) continue;
    shape = EMPTY;
    if (data.at < data.end && *data.at != '"') return FILLED;
  }
  return shape;
}

static bool has_key(struct span data, const char *key) { return find_value(&data, key); }

/* `"type": "response.created"` and the like: a stream of that kind, but no words. */
static bool has_type(struct span data, const char *prefix) {
  while (find_value(&data, "\"type\""))
    if (skip(&data, "\"") && skip(&data, prefix)) return true;
  return false;
}

static enum shape find_text(struct span data) {
  static const char *const keys[] = {
      "\"content\"",   "\"text\"",      "\"delta\"",        "\"thinking\"", "\"reasoning_content\"",
      "\"reasoning\"", "\"arguments\"", "\"partial_json\"", "\"refusal\""};
  enum shape found = STRANGE;
  for (size_t i = 0; i < sizeof keys / sizeof *keys && found != FILLED; i++) {
    enum shape shape = look_for_text(data, keys[i]);
    if (shape > found) found = shape;
  }
  return found;
}

static bool has_part(struct span data) {
  return has_key(data, "\"functionCall\"") || has_key(data, "\"inlineData\"");
}

static bool is_envelope(struct span data) {
  static const char *const types[] = {"message_", "content_block_", "response.", "ping\""};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (has_type(data, types[i])) return true;
  return has_key(data, "\"choices\"") || has_key(data, "\"candidates\"");
}

static bool is(const char *text, size_t len, const char *word) {
  return len == strlen(word) && memcmp(text, word, len) == 0;
}

bool content_is(const weir_sse_event *event) {
  struct span data = {event->data, event->data + event->data_len};
  enum shape text = find_text(data);
  if (text == FILLED || has_part(data)) return true;
  if (text == EMPTY || is_envelope(data)) return false;
  return event->data_len && !is(event->type, event->type_len, "ping") &&
         !is(event->data, event->data_len, "[DONE]");
}

bool content_is_error(const weir_sse_event *event) {
  struct span data = {event->data, event->data + event->data_len};
  if (is(event->type, event->type_len, "error")) return true;
  skip_space(&data);
  if (!skip(&data, "{")) return false;
  skip_space(&data);
  return skip(&data, "\"error\"");
}
