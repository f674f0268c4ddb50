/* Bytes to messages: the only user of llhttp. It never sees a socket and keeps no pointer into what
 * it was fed. A head it reports belongs to whoever gets it; everything else stays the reader's.
 *
 * The reader is strict: whatever RFC 9112 calls malformed or ambiguous is an error here, in one
 * place, before any byte of the message is reported. */
#ifndef WEIR_HTTP_H1_READ_H
#define WEIR_HTTP_H1_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "http/head.h"

typedef struct weir__h1_reader weir__h1_reader;

/* All run inside weir__h1_feed() or weir__h1_finish(). A result other than 0 stops the reader, and
 * feed returns it. */
typedef struct weir__h1_events {
  /* Interim response (1xx but 101). `head` is the reader's. */
  int (*on_interim)(void *owner, weir_head *head);
  /* Final head; `head` is the owner's from here. */
  int (*on_head)(void *owner, weir_head *head);
  /* A span of the body, inside the bytes fed. */
  int (*on_body)(void *owner, weir__slice span);
  /* The message is complete. `trailers` is the reader's, or NULL if there were none. */
  int (*on_end)(void *owner, weir_head *trailers);
} weir__h1_events;

typedef struct weir__h1_limits {
  size_t head_bytes; /* of a whole head, white space and line ends too; the same for trailers */
  size_t head_fields;
  size_t target_bytes;
  unsigned interim_max;
} weir__h1_limits;

enum weir__h1_kind { WEIR__H1_REQUEST, WEIR__H1_RESPONSE };
enum { WEIR__H1_KINDS = 2 };

/* What weir__h1_feed() says besides 0 and errors. */
enum { WEIR__H1_END = 1 /* a message is complete; what was not used belongs to the next */ };

/* `limits` and `events` must outlive the reader. NULL when memory is out. */
weir__h1_reader *weir__h1_new(weir__mem *mem, enum weir__h1_kind kind,
                              const weir__h1_limits *limits, const weir__h1_events *events,
                              void *owner);
void weir__h1_free(weir__h1_reader *reader);

/* Makes a reader new again, for another owner: what it was in the middle of is forgotten. */
void weir__h1_renew(weir__h1_reader *reader, const weir__h1_events *events, void *owner);

/* A response reader must know what was asked: the method decides about a body, and the protocols
 * asked for (as in the request's Upgrade field; NULL: none) whether a 101 is legal. `upgrade` must
 * live until the response head has been read. */
void weir__h1_expect(weir__h1_reader *reader, const char *method, const char *upgrade);

/* Reads on. Returns 0 (all used, more needed), WEIR__H1_END (a message ended after `*used` bytes:
 * feed the rest to begin the next one), what an event returned, or WEIR_E...: the message is bad
 * and the reader is good for nothing but weir__h1_free(). Heads framed as tunnel end the message at
 * once: the rest is no HTTP. */
int weir__h1_feed(weir__h1_reader *reader, weir__slice bytes, size_t *used);

/* The peer sent FIN. Returns WEIR__H1_END if that completes the message (close-delimited; on_end
 * has run), 0 if no message had begun, else WEIR_ETRUNCATED. */
int weir__h1_finish(weir__h1_reader *reader);

/* True between the first byte of a message and its end. */
bool weir__h1_inside(const weir__h1_reader *reader);

/* What a reader costs without heads, for weir_relay_bytes_max(). */
size_t weir__h1_size(void);

#endif
