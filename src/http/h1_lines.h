/* Cuts a head or trailer section into the pieces that llhttp may see, and stops what it would let
 * pass: several spaces for one, a bare CR, folded lines, more bytes than the limit. It does not know
 * what the lines mean. It owns nothing. */
#ifndef WEIR_HTTP_H1_LINES_H
#define WEIR_HTTP_H1_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

typedef struct weir__h1_lines {
  uint32_t section; /* bytes of this head or trailer section */
  uint32_t spaces;  /* of this start line (a request line: behind its method) */
  bool request;
  bool awaits_lf;  /* a CR has come, of a start line or of an empty one before it */
  bool line_start; /* the next byte begins a line of the section */
  bool start_line; /* the line at hand is one */
} weir__h1_lines;

/* A head begins with its start line, trailers with a field. */
void weir__h1_lines_begin_head(weir__h1_lines *lines, bool request);
void weir__h1_lines_begin_trailers(weir__h1_lines *lines);

/* How many of `bytes` (not empty) go next: all whole lines of fields up to the end of the section,
 * or what there is of a line; never more than `room`. 0 if they are refused. */
size_t weir__h1_lines_next(weir__h1_lines *lines, weir__slice bytes, size_t room);

/* True if the next piece is made of whole lines of fields. */
bool weir__h1_lines_whole(const weir__h1_lines *lines, weir__slice piece);

/* Of `piece` llhttp has read the first `used` bytes. False: they are refused. */
bool weir__h1_lines_pass(weir__h1_lines *lines, weir__slice piece, size_t used);

#endif
