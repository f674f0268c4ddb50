/* Event streams: a parser and a writer of `text/event-stream` (WHATWG HTML, 9.2 "Server-sent
 * events"), and of lines of JSON, usable without a relay.
 *
 *   weir_sse_parser *parser;
 *   weir_sse_event event;
 *   weir_sse_parser_new(&parser, NULL);
 *   while ((len = read(fd, buf, sizeof buf)) > 0)
 *     for (size_t at = 0, used; at < len; at += used)
 *       if (weir_sse_next(parser, buf + at, len - at, &used, &event) == WEIR_SSE_EVENT)
 *         printf("%.*s\n", (int)event.data_len, event.data);
 *   weir_sse_parser_free(parser);
 *
 * A stream is a row of blocks. Each ends with its blank line (of JSON lines: with its line end),
 * which is the event boundary; a block is an event, or holds comments and settings only.
 *
 * Threads: a parser belongs to one thread at a time; the writer keeps nothing. Nothing here calls
 * back, except the allocator. */
#ifndef WEIR_SSE_H
#define WEIR_SSE_H

#include <stddef.h>
#include <stdint.h>

#include "weir/alloc.h"
#include "weir/version.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- reading ---- */

typedef struct weir_sse_parser weir_sse_parser;

enum weir_sse_format {
  WEIR_SSE_STREAM, /* text/event-stream */
  WEIR_SSE_LINES   /* application/x-ndjson, application/jsonl: each line that is not blank is an
                      event, whose data it is */
};

typedef struct weir_sse_options {
  size_t size;
  weir_allocator allocator;    /* malloc, realloc, free */
  enum weir_sse_format format; /* WEIR_SSE_STREAM */
  uint32_t block_max;          /* 1 MiB: a longer block is WEIR_EEVENTSIZE */
} weir_sse_options;
#define WEIR_SSE_OPTIONS_INIT .size = sizeof(weir_sse_options)

/* A block, as weir_sse_next() finds it. It is the parser's. None of the strings ends with a NUL byte,
 * and none is NULL; lengths tell. They lie in the bytes that were given or in the parser. All is
 * valid until the parser is used again or freed, or those bytes change. */
typedef struct weir_sse_event {
  size_t size;      /* of this struct as the library was compiled */
  const char *type; /* of `event`; "message" without one */
  size_t type_len;
  const char *data; /* the `data` lines with LF between them */
  size_t data_len;
  const char *id; /* the last event ID: of this block, or the one in force before it */
  size_t id_len;
  int64_t retry_ms; /* of `retry` in this block, or -1; what does not fit is INT64_MAX */
  const char *raw;  /* the whole block as it came, with its blank line */
  size_t raw_len;
  uint8_t has_event;   /* of `event`, `id`: this block has such a field .. */
  uint8_t has_id;      /* (an `id` with a NUL byte is none) */
  uint8_t has_comment; /* .. or a line that begins with a colon */
  uint8_t unfinished;  /* of weir_sse_finish(): the blank line never came */
} weir_sse_event;

/* What weir_sse_next() found, besides errors. */
enum {
  WEIR_SSE_MORE = 0,  /* everything was used, no block ends in it */
  WEIR_SSE_EVENT = 1, /* a block that dispatches an event */
  WEIR_SSE_OTHER = 2  /* a block that dispatches none: comments, retry, id, no data */
};

/* `options` may be NULL. WEIR_EINVAL, WEIR_ENOMEM. */
WEIR_EXTERN int weir_sse_parser_new(weir_sse_parser **parser, const weir_sse_options *options);
/* NULL is fine. */
WEIR_EXTERN void weir_sse_parser_free(weir_sse_parser *parser);

/* Reads on, to the end of the first block that ends in these `len` bytes, and tells in `used` how
 * many of them it took. The bytes of a block that goes on later are copied; a block that lies whole
 * in `bytes` is not, unless it has more than one `data` line. A byte order mark at the very
 * beginning is skipped (it belongs to the first block's `raw`). Bytes that are no UTF-8 pass as they
 * are. No byte is lost: the `raw` of all blocks, joined, are the stream. `event` is set to NULL if
 * none was found.
 * Behind the CR of a blank line an LF may follow, which belongs to it, so that the block is found
 * with the next byte; `used` may be 0 then. Where the line before ended with a CR alone, the block is
 * found at once; an LF that comes all the same is WEIR_SSE_OTHER, with nothing but `raw`.
 * With `len` 0 it gives back the memory of the last event, and finds nothing.
 * Below 0: WEIR_EEVENTSIZE, WEIR_ENOMEM; the parser is good for weir_sse_parser_free() only then,
 * says the same again, and stands inside of a block for ever. */
WEIR_EXTERN int weir_sse_next(weir_sse_parser *parser, const char *bytes, size_t len, size_t *used,
                              const weir_sse_event **event);

/* The stream has ended: WEIR_SSE_EVENT or WEIR_SSE_OTHER for what stands behind the last boundary,
 * WEIR_SSE_MORE if nothing does. An `unfinished` event of a stream is to be discarded by whoever
 * follows the standard, and its ID does not come into force; a last line of JSON without its line
 * end is as good as the others. The parser can read another stream from its beginning then, as after
 * a connection was made anew; the last event ID stays in force. WEIR_ENOMEM and what failed before. */
WEIR_EXTERN int weir_sse_finish(weir_sse_parser *parser, const weir_sse_event **event);

/* How many bytes came since the last boundary; 0: the stream stands at one, and a whole block may
 * be put in between. (Behind a CR that may still be followed by its LF it does not yet stand
 * there.) Costs nothing. */
WEIR_EXTERN size_t weir_sse_inside(const weir_sse_parser *parser);

/* ---- writing ---- */

/* An event to be written. NULL leaves a field out; one that is not NULL and has no bytes is written
 * empty: `data` that is an event, an `id` that ends the one in force, a `comment` that keeps a
 * connection alive. */
typedef struct weir_sse_fields {
  size_t size;
  const char *type; /* must have no CR or LF */
  size_t type_len;
  const char *data; /* any bytes; each CR, LF or CRLF begins one more `data` line */
  size_t data_len;
  const char *id; /* must have no CR, LF or NUL */
  size_t id_len;
  uint8_t has_retry; /* 1: retry_ms is written, also 0 */
  uint64_t retry_ms;
  const char *comment; /* any bytes; each line becomes a comment */
  size_t comment_len;
} weir_sse_fields;
#define WEIR_SSE_FIELDS_INIT .size = sizeof(weir_sse_fields)

/* Writes one well-formed block into `to` (may be NULL with `room` 0), its blank line included, and
 * tells in `len` how long it is; what has no room is not written at all. 0, WEIR_ENOROOM (`len` is
 * the room it wants), WEIR_EFIELD (type or id), WEIR_EINVAL (no field at all, or bytes at
 * NULL). */
WEIR_EXTERN int weir_sse_write(char *to, size_t room, size_t *len, const weir_sse_fields *fields);

#ifdef __cplusplus
}
#endif
#endif
