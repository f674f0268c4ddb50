/* Finds things in a request: path, fields, query parameters; and grows the text they are kept in.
 * It never knows a socket, a parser or what the path will answer.
 * What it returns points into the request's text and lives until that changes. */
#include "origin_request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Above this a text goes back to the heap between two requests: thousands of idle connections must
 * not each remember the largest body they ever saw. */
#define KEPT_ROOM 2048

static bool text_reserve(struct text *text, size_t more) {
  size_t wanted = text->length + more + 1;
  if (wanted <= text->room) return true;
  size_t room = text->room > 0 ? text->room : 256;
  while (room < wanted) room *= 2;
  char *at = realloc(text->at, room);
  if (at == NULL) return false;
  text->at = at;
  text->room = room;
  return true;
}

bool text_add(struct text *text, const char *p, size_t length) {
  if (!text_reserve(text, length)) return false;
  memcpy(text->at + text->length, p, length);
  text->length += length;
  text->at[text->length] = '\0';
  return true;
}

bool text_addf(struct text *text, const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int length = vsnprintf(NULL, 0, format, args);
  bool ok = length >= 0 && text_reserve(text, (size_t)length);
  if (ok) {
    vsnprintf(text->at + text->length, (size_t)length + 1, format, again);
    text->length += (size_t)length;
  }
  va_end(again);
  va_end(args);
  return ok;
}

bool text_add_json(struct text *text, const char *s) {
  bool ok = text_add(text, "\"", 1);
  for (; ok && *s != '\0'; s++) {
    unsigned char byte = (unsigned char)*s;
    if (byte == '"' || byte == '\\')
      ok = text_addf(text, "\\%c", byte);
    else if (byte < 0x20 || byte >= 0x7f)
      ok = text_addf(text, "\\u%04x", byte);
    else
      ok = text_add(text, s, 1);
  }
  return ok && text_add(text, "\"", 1);
}

void text_free(struct text *text) {
  free(text->at);
  *text = (struct text){0};
}

void request_clear(struct request *request) {
  struct text text = request->text;
  if (text.room > KEPT_ROOM) text_free(&text);
  text.length = 0;
  *request = (struct request){.text = text};
}

void request_free(struct request *request) { text_free(&request->text); }

const char *request_path(const struct request *request, size_t *length) {
  const char *target = request->text.length > 0 ? request->text.at : "";
  const char *scheme = strstr(target, "://");
  /* A "://" further in belongs to a path or a query. */
  if (scheme != NULL && strcspn(target, "/?") == (size_t)(scheme - target) + 1) {
    target = scheme + 3 + strcspn(scheme + 3, "/?");
  }
  *length = strcspn(target, "?");
  return target;
}

bool request_path_is(const struct request *request, const char *path) {
  size_t length;
  const char *at = request_path(request, &length);
  return length == strlen(path) && memcmp(at, path, length) == 0;
}

void request_next_field(const struct request *request, const char **name, const char **value) {
  const char *end = request->text.at + request->body_at;
  const char *last = *name != NULL ? *value : request->text.at;
  const char *next = last + strlen(last) + 1;
  *name = next < end ? next : NULL;
  *value = next < end ? next + strlen(next) + 1 : NULL;
}

const char *request_field(const struct request *request, const char *wanted) {
  const char *name = NULL, *value = NULL;
  do {
    request_next_field(request, &name, &value);
  } while (name != NULL && strcasecmp(name, wanted) != 0);
  return value;
}

const char *request_query(const struct request *request, const char *key, size_t *length) {
  size_t path_length, key_length = strlen(key);
  const char *p = request_path(request, &path_length) + path_length;
  while (*p != '\0') {
    p++; /* '?' or '&' */
    size_t pair = strcspn(p, "&");
    if (pair > key_length && strncmp(p, key, key_length) == 0 && p[key_length] == '=') {
      *length = pair - key_length - 1;
      return p + key_length + 1;
    }
    p += pair;
  }
  return NULL;
}

bool request_number(const struct request *request, const char *key, uint64_t max, uint64_t *value) {
  size_t length;
  const char *p = request_query(request, key, &length);
  if (p == NULL) return true;
  uint64_t number = 0;
  for (size_t i = 0; i < length; i++) {
    /* No path allows more than 2^60, so one more digit cannot overflow. */
    if (p[i] < '0' || p[i] > '9' || number > max) return false;
    number = number * 10 + (uint64_t)(p[i] - '0');
  }
  if (length == 0 || number > max) return false;
  *value = number;
  return true;
}
