/* See h1_write.h. A head is measured, then written in one go: most of its pieces are a few bytes
 * long, and asking for room before each would cost more than they do. */
#include "http/h1_write.h"

#include <assert.h>

#include "http/chars.h"
#include "weir/err.h"

/* Without room it only counts: the same walk measures and writes. */
typedef struct writer {
  char *at; /* NULL: counting */
  size_t len;
} writer;

static inline void put(writer *w, weir__slice s) {
  if (w->at) memcpy(w->at + w->len, s.ptr, s.len);
  w->len += s.len;
}

#define PUT_TEXT(w, text) put((w), weir__slice_of((text), sizeof(text) - 1))

static void put_field(writer *w, weir__slice name, weir__slice value) {
  put(w, name);
  PUT_TEXT(w, ": ");
  put(w, value);
  PUT_TEXT(w, "\r\n");
}

static void put_fields(writer *w, const weir_head *head) {
  for (const weir__field *f = head->first; f; f = f->next)
    put_field(w, weir__field_name(f), weir__field_value(f));
}

static void put_extra(writer *w, enum weir__name name, const char *value) {
  if (value) put_field(w, weir__name_text(name), weir__slice_str(value));
}

static void put_request_line(writer *w, const weir_head *head) {
  put(w, weir__slice_str(head->method));
  PUT_TEXT(w, " ");
  put(w, weir__slice_str(head->target));
  PUT_TEXT(w, " HTTP/1.1\r\n");
}

/* The space stays without a reason too (RFC 9112, 4). */
static void put_status_line(writer *w, const weir_head *head) {
  char digits[WEIR__DECIMAL];
  PUT_TEXT(w, "HTTP/1.1 ");
  put(w, weir__print_decimal(digits, (uint64_t)head->status));
  PUT_TEXT(w, " ");
  put(w, weir__slice_str(head->reason));
  PUT_TEXT(w, "\r\n");
}

static void put_head(writer *w, const weir_head *head, const weir__h1_extra *extra) {
  if (head->request)
    put_request_line(w, head);
  else
    put_status_line(w, head);
  put_fields(w, head);
  put_extra(w, WEIR__NAME_TRANSFER_ENCODING, extra->chunked ? "chunked" : NULL);
  put_extra(w, WEIR__NAME_CONNECTION, extra->connection);
  put_extra(w, WEIR__NAME_UPGRADE, extra->upgrade);
  PUT_TEXT(w, "\r\n");
}

int weir__h1_write_head(weir__buf *out, const weir_head *head, const weir__h1_extra *extra) {
  /* Both would be ambiguous (RFC 9112, 6.1). */
  assert(!extra->chunked || !weir__head_find(head, WEIR__NAME_CONTENT_LENGTH));
  writer measure = {0}, w = {0};
  put_head(&measure, head, extra);
  w.at = weir__buf_room(out, measure.len);
  if (!w.at) return WEIR_ENOMEM;
  put_head(&w, head, extra);
  out->len += w.len;
  return 0;
}

static void put_trailers(writer *w, const weir_head *trailers) {
  if (trailers) put_fields(w, trailers);
  PUT_TEXT(w, "\r\n");
}

int weir__h1_write_trailers(weir__buf *out, const weir_head *trailers) {
  writer measure = {0}, w = {0};
  put_trailers(&measure, trailers);
  w.at = weir__buf_room(out, measure.len);
  if (!w.at) return WEIR_ENOMEM;
  put_trailers(&w, trailers);
  out->len += w.len;
  return 0;
}
