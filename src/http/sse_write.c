/* Writes an event as a block of an event stream (weir/sse.h). It never knows who reads it, and trusts
 * no byte to be free of line ends. The room belongs to the caller. */
#include <stdint.h>

#include "base/sized.h"
#include "http/chars.h"
#include "http/sse.h"
#include "weir/err.h"
#include "weir/sse.h"

/* Counts what does not fit, and writes it nowhere. */
typedef struct sink {
  char *to;
  size_t room, len;
} sink;

static void put(sink *s, const char *bytes, size_t len) {
  if (len && s->len <= s->room && len <= s->room - s->len) memcpy(s->to + s->len, bytes, len);
  s->len = len < SIZE_MAX - s->len ? s->len + len : SIZE_MAX;
}

/* With a space, since the reader takes one away. */
static void put_line(sink *s, const char *name, weir__slice value) {
  put(s, name, strlen(name));
  put(s, ": ", value.len ? 2 : 1);
  put(s, value.ptr, value.len);
  put(s, "\n", 1);
}

static size_t line_end(weir__slice s) {
  return s.len > 1 && s.ptr[0] == '\r' && s.ptr[1] == '\n' ? 2 : 1;
}

/* One line for each of the value's. */
static void put_lines(sink *s, const char *name, weir__slice value) {
  for (;;) {
    size_t len = value.len ? weir__sse_line_length(value) : 0;
    put_line(s, name, weir__slice_of(value.ptr, len));
    if (len == value.len) return;
    value.ptr += len, value.len -= len;
    size_t end = line_end(value);
    value.ptr += end, value.len -= end;
  }
}

static void put_retry(sink *s, uint64_t ms) {
  char digits[WEIR__DECIMAL];
  put_line(s, "retry", weir__print_decimal(digits, ms));
}

static void put_block(sink *s, const weir_sse_fields *f) {
  if (f->comment) put_lines(s, "", weir__slice_of(f->comment, f->comment_len));
  if (f->type) put_line(s, "event", weir__slice_of(f->type, f->type_len));
  if (f->id) put_line(s, "id", weir__slice_of(f->id, f->id_len));
  if (f->has_retry) put_retry(s, f->retry_ms);
  if (f->data) put_lines(s, "data", weir__slice_of(f->data, f->data_len));
  put(s, "\n", 1);
}

static bool is_one_line(const char *ptr, size_t len) {
  return !len || weir__sse_line_length(weir__slice_of(ptr, len)) == len;
}

static int check(const weir_sse_fields *f) {
  if ((!f->type && f->type_len) || (!f->data && f->data_len)) return WEIR_EINVAL;
  if ((!f->id && f->id_len) || (!f->comment && f->comment_len)) return WEIR_EINVAL;
  if (!f->type && !f->data && !f->id && !f->comment && !f->has_retry) return WEIR_EINVAL;
  if (!is_one_line(f->type, f->type_len) || !is_one_line(f->id, f->id_len)) return WEIR_EFIELD;
  return f->id_len && memchr(f->id, '\0', f->id_len) ? WEIR_EFIELD : 0;
}

int weir_sse_write(char *to, size_t room, size_t *len, const weir_sse_fields *fields) {
  weir_sse_fields f;
  sink measure = {0}, s = {to, room, 0};
  *len = 0;
  int rc = room && !to ? WEIR_EINVAL : weir__copy_sized(&f, sizeof f, fields);
  if (rc == 0) rc = check(&f);
  if (rc) return rc;
  put_block(&measure, &f);
  *len = measure.len;
  if (measure.len > room) return WEIR_ENOROOM;
  put_block(&s, &f);
  return 0;
}
