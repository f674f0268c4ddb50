/* HTTP messages as a test sees them: cut out of bytes by a strict little splitter that shares no
 * line with the library. What it does not understand is `bad`. */
#ifndef WEIR_TEST_MESSAGE_H
#define WEIR_TEST_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct message {
  struct message *next; /* of the peer that keeps it */
  char *head;           /* start line and field lines, with CRLF, without the empty line */
  int status;           /* of a response, else 0 */
  char *body;           /* without framing; NUL-terminated */
  size_t body_len;
  char *trailers;      /* field lines, likewise; "" for none */
  size_t chunks;       /* of a chunked body, without the last one */
  bool chunked, sized; /* which framing; neither: none, or until the connection closes */
  bool whole;          /* complete as far as its framing tells */
  bool bad;
  size_t used; /* bytes of a whole message */
} message;

/* Cuts the first message off `bytes`. `bodiless`: it answers HEAD. A response with neither length
 * nor chunks takes everything and is never whole; a request has no body then. */
void message_split(message *m, const char *bytes, size_t len, bool bodiless);
void message_clear(message *m);

/* True if a field line, "Name: value", stands in the head just so. */
bool has_line(const message *m, const char *line);
/* How many fields of that name (in just that case) the head has. */
size_t count_fields(const message *m, const char *name);

#endif
