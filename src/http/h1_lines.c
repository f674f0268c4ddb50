/* See h1_lines.h. */
#include "http/h1_lines.h"

void weir__h1_lines_begin_head(weir__h1_lines *lines, bool request) {
  *lines = (weir__h1_lines){.request = request, .start_line = true};
}

void weir__h1_lines_begin_trailers(weir__h1_lines *lines) {
  lines->section = 0;
  lines->line_start = true;
}

/* RFC 9112, 5.2 lets us refuse folded lines (obs-fold), which every origin reads in its own way.
 * llhttp once joined them and refuses them today; this does not depend on it. */
static bool folds(char c) { return c == ' ' || c == '\t'; }

/* The rest of the line at hand, or what there is of it. */
static size_t line_length(weir__slice bytes) {
  const char *lf = memchr(bytes.ptr, '\n', bytes.len);
  return lf ? (size_t)(lf + 1 - bytes.ptr) : bytes.len;
}

/* As many whole lines as there are, not beyond the empty one that ends the section. */
static size_t whole_lines(weir__slice bytes) {
  size_t len = 0;
  while (len < bytes.len && !folds(bytes.ptr[len])) {
    size_t line = line_length(weir__slice_of(bytes.ptr + len, bytes.len - len));
    if (bytes.ptr[len + line - 1] != '\n') break;
    len += line;
    if (line <= 2) break;
  }
  return len;
}

/* llhttp takes a second CR for the LF behind a status, and a third one would end the head. So a start
 * line is handed over up to a CR that stands alone; what comes next is refused. */
static size_t up_to_bare_cr(weir__slice line) {
  const char *cr = memchr(line.ptr, '\r', line.len);
  bool bare = cr && cr + 1 < line.ptr + line.len && cr[1] != '\n';
  return bare ? (size_t)(cr + 1 - line.ptr) : line.len;
}

size_t weir__h1_lines_next(weir__h1_lines *lines, weir__slice bytes, size_t room) {
  if (bytes.len > room) bytes.len = room;
  if (lines->line_start && folds(bytes.ptr[0])) return 0;
  if (lines->awaits_lf && bytes.ptr[0] != '\n') return 0;
  if (lines->start_line) {
    bytes.len = line_length(bytes);
    return up_to_bare_cr(bytes);
  }
  size_t whole = lines->line_start ? whole_lines(bytes) : 0;
  return whole ? whole : line_length(bytes);
}

bool weir__h1_lines_whole(const weir__h1_lines *lines, weir__slice piece) {
  return lines->line_start && piece.ptr[piece.len - 1] == '\n';
}

/* llhttp takes several spaces of a request line for one; RFC 9112, 3 has exactly two, of which one
 * stood behind the method. And it does without the space behind a status, which RFC 9112, 4
 * demands. */
static bool has_wrong_spaces(weir__h1_lines *lines, weir__slice read) {
  const char *end = read.ptr + read.len;
  for (const char *p = read.ptr; (p = memchr(p, ' ', (size_t)(end - p))); p++) lines->spaces++;
  if (lines->request) return lines->spaces > 1;
  return lines->spaces < 2 && read.len && read.ptr[read.len - 1] == '\n';
}

bool weir__h1_lines_pass(weir__h1_lines *lines, weir__slice piece, size_t used) {
  char last = piece.ptr[piece.len - 1];
  lines->section += used;
  lines->awaits_lf = lines->start_line && last == '\r';
  lines->line_start = last == '\n';
  if (!lines->start_line) return true;
  lines->start_line = !lines->line_start;
  return !has_wrong_spaces(lines, weir__slice_of(piece.ptr, used));
}
