/* What one whole block of an event stream says, and where a line ends. It never knows what came
 * before the block, or whose line it is. The strings of an event lie in the block or in the caller's
 * buffer. */
#ifndef WEIR_HTTP_SSE_H
#define WEIR_HTTP_SSE_H

#include "base/buf.h"
#include "base/slice.h"
#include "weir/sse.h"

/* How many bytes `s` has in front of its first CR or LF; all of them if there is none. */
size_t weir__sse_line_length(weir__slice s);

/* Sets what the block (without a byte order mark) says in `event`, which has what is said without
 * it, and its `raw`. Data of several lines is put into `joined`, over what it holds.
 * WEIR_SSE_EVENT, WEIR_SSE_OTHER, WEIR_ENOMEM. */
int weir__sse_read_block(weir__slice block, weir__buf *joined, weir_sse_event *event);

/* The same of a line of JSON, with its end or without; it cannot fail. */
int weir__sse_read_json(weir__slice line, weir_sse_event *event);

#endif
