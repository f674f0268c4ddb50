/* A request as text: method, target, fields and, where the path asked for it, the body.
 * It never knows a socket, a parser or what the path will answer.
 * The one growable text in it belongs to the request until request_free(). */
#ifndef ORIGIN_REQUEST_H
#define ORIGIN_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growable string, NUL-terminated whenever it is not empty; all zero is an empty one. */
struct text {
  char *at;
  size_t length, room;
};

/* Both append, and return false when memory is out, which leaves the text as it was. */
bool text_add(struct text *text, const char *p, size_t length);
bool text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends `s` as a JSON string, quotes included; bytes above ASCII are taken for Latin-1. */
bool text_add_json(struct text *text, const char *s);

void text_free(struct text *text);

struct request {
  struct text text; /* target, then name and value in turn, each ended by NUL, then the body */
  size_t body_at;   /* where the head ends in it */
  const char *method;
  int minor; /* HTTP/1.minor */
  bool upgrade, chunked;
  uint64_t length; /* as declared; 0 without a Content-Length */
};

/* Forgets the request; a text of usual size is kept for the next one. */
void request_clear(struct request *request);
void request_free(struct request *request);

/* The target's path without its query; an absolute-form target loses its scheme and authority.
 * Not NUL-terminated. */
const char *request_path(const struct request *request, size_t *length);
bool request_path_is(const struct request *request, const char *path);

/* The value of the first field called `name` in any case, or NULL. */
const char *request_field(const struct request *request, const char *name);

/* Walks the fields in order: `*name` is NULL at first, and again when there are no more. */
void request_next_field(const struct request *request, const char **name, const char **value);

/* The value of the query parameter `key`, or NULL. Not NUL-terminated, not percent-decoded. */
const char *request_query(const struct request *request, const char *key, size_t *length);

/* Reads a decimal query parameter into `*value`, which stays as it is when there is none.
 * False: it is no number or exceeds `max`. */
bool request_number(const struct request *request, const char *key, uint64_t max, uint64_t *value);

#endif
