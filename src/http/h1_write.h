/* Heads to bytes, in the one strict form: single spaces, CRLF, no folding. It writes what it is
 * given and decides nothing. The bytes go to the caller's buffer. */
#ifndef WEIR_HTTP_H1_WRITE_H
#define WEIR_HTTP_H1_WRITE_H

#include "base/buf.h"
#include "http/head.h"

/* Appends the start line (always HTTP/1.1: RFC 9112, 2.3), the fields, and the empty line.
 * `connection` (or NULL) becomes the Connection field, `upgrade` (or NULL) the Upgrade field,
 * `chunked` adds Transfer-Encoding: chunked. WEIR_ENOMEM leaves `out` as it was. */
typedef struct weir__h1_extra {
  const char *connection;
  const char *upgrade;
  bool chunked;
} weir__h1_extra;
int weir__h1_write_head(weir__buf *out, const weir_head *head, const weir__h1_extra *extra);

/* Appends field lines and the empty line that ends a trailer section; NULL has no fields. */
int weir__h1_write_trailers(weir__buf *out, const weir_head *trailers);

#endif
