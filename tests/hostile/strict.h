/* Reads HTTP/1.1 messages in the one strict form that weir promises to write, and calls everything
 * else bad. It shares no line with the library and forgives nothing: what it lets pass, every
 * origin and every client reads in the same way. A message belongs to who asked for it. */
#ifndef WEIR_TEST_STRICT_H
#define WEIR_TEST_STRICT_H

#include <stdbool.h>
#include <stddef.h>

enum strict_framing { STRICT_NONE, STRICT_LENGTH, STRICT_CHUNKED, STRICT_CLOSE, STRICT_TUNNEL };

typedef struct strict_message {
  const char *bad; /* which rule it breaks; NULL for none so far */
  bool head_whole; /* the head is there .. */
  bool whole;      /* .. and all the rest */
  size_t used;     /* bytes of a whole message, or of what there is of it */

  char *start;  /* "GET /p HTTP/1.1" */
  char *method; /* of a request */
  char *target;
  int status;     /* of a response, else 0 */
  char *fields;   /* "Name: value\n" for each */
  char *trailers; /* likewise; "" for none */
  enum strict_framing framing;
  char *body;
  size_t body_len;
} strict_message;

/* The form, for both: a start line of single spaces and HTTP/1.1; then lines `Name: value` of a
 * token, colon, one space and a value without controls or white space at its ends, each ended by
 * CRLF; then exactly one of `Content-Length: N` (digits, no leading zero) and
 * `Transfer-Encoding: chunked`, or neither; chunk sizes in lower-case hex without leading zero or
 * extension. A request has one Host, and without framing no body.
 * A response may be framed by its end only if it says `Connection: close`; `over`: the connection
 * has ended without a reset. `method`: what it answers. */
void strict_request(strict_message *m, const char *bytes, size_t len);
void strict_response(strict_message *m, const char *bytes, size_t len, const char *method,
                     bool over);
void strict_clear(strict_message *m);

/* Whether a field line, "Name: value", stands in the head just so; how many fields of that name, in
 * any case, it has. */
bool strict_has(const strict_message *m, const char *line);
size_t strict_count(const strict_message *m, const char *name);

#endif
