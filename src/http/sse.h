/* What the parser and the writer of event streams share: where a line ends. It never knows whose
 * line it is. It owns nothing. */
#ifndef WEIR_HTTP_SSE_H
#define WEIR_HTTP_SSE_H

#include "base/slice.h"

/* How many bytes `s` has in front of its first CR or LF; all of them if there is none. */
size_t weir__sse_line_length(weir__slice s);

#endif
