/* See h1_write.h. Room is asked for once a line, and the line written without another look: most of
 * its pieces are a few bytes long, and asking before each would cost more than they do. */
#include "http/h1_write.h"

#include <assert.h>

#include "http/chars.h"
#include "weir/err.h"

static char *put(char *at, weir__slice s) {
  memcpy(at, s.ptr, s.len);
  return at + s.len;
}

#define PUT_TEXT(at, text) put((at), weir__slice_of((text), sizeof(text) - 1))

static int put_field(weir__buf *out, weir__slice name, weir__slice value) {
  size_t len = name.len + value.len + strlen(": \r\n");
  char *at = weir__buf_room(out, len);
  if (!at) return WEIR_ENOMEM;
  at = PUT_TEXT(put(at, name), ": ");
  PUT_TEXT(put(at, value), "\r\n");
  out->len += len;
  return 0;
}

static int put_fields(weir__buf *out, const weir_head *head) {
  int rc = 0;
  for (const weir__field *f = head->first; f && rc == 0; f = f->next)
    rc = put_field(out, weir__field_name(f), weir__field_value(f));
  return rc;
}

static int put_extra(weir__buf *out, enum weir__name name, const char *value) {
  return value ? put_field(out, weir__name_text(name), weir__slice_str(value)) : 0;
}

static int put_request_line(weir__buf *out, const weir_head *head) {
  weir__slice method = weir__slice_str(head->method), target = weir__slice_str(head->target);
  size_t len = method.len + target.len + strlen("  HTTP/1.1\r\n");
  char *at = weir__buf_room(out, len);
  if (!at) return WEIR_ENOMEM;
  at = PUT_TEXT(put(at, method), " ");
  PUT_TEXT(put(at, target), " HTTP/1.1\r\n");
  out->len += len;
  return 0;
}

/* The space stays without a reason too (RFC 9112, 4). */
static int put_status_line(weir__buf *out, const weir_head *head) {
  weir__slice reason = weir__slice_str(head->reason);
  int status = head->status;
  size_t len = reason.len + strlen("HTTP/1.1 200 \r\n");
  char *at = weir__buf_room(out, len);
  if (!at) return WEIR_ENOMEM;
  assert(status >= 100 && status <= 999);
  at = PUT_TEXT(at, "HTTP/1.1 ");
  *at++ = (char)('0' + status / 100);
  *at++ = (char)('0' + status / 10 % 10);
  *at++ = (char)('0' + status % 10);
  at = PUT_TEXT(at, " ");
  PUT_TEXT(put(at, reason), "\r\n");
  out->len += len;
  return 0;
}

static int put_head(weir__buf *out, const weir_head *head, const weir__h1_extra *extra) {
  int rc = head->request ? put_request_line(out, head) : put_status_line(out, head);
  if (rc == 0) rc = put_fields(out, head);
  if (rc == 0) rc = put_extra(out, WEIR__NAME_TRANSFER_ENCODING, extra->chunked ? "chunked" : NULL);
  if (rc == 0) rc = put_extra(out, WEIR__NAME_CONNECTION, extra->connection);
  if (rc == 0) rc = put_extra(out, WEIR__NAME_UPGRADE, extra->upgrade);
  return rc ? rc : weir__buf_append(out, weir__slice_str("\r\n"));
}

int weir__h1_write_head(weir__buf *out, const weir_head *head, const weir__h1_extra *extra) {
  /* Both would be ambiguous (RFC 9112, 6.1). */
  assert(!extra->chunked || !weir__head_find(head, WEIR__NAME_CONTENT_LENGTH));
  size_t before = out->len;
  int rc = put_head(out, head, extra);
  if (rc) out->len = before;
  return rc;
}

int weir__h1_write_trailers(weir__buf *out, const weir_head *trailers) {
  size_t before = out->len;
  int rc = trailers ? put_fields(out, trailers) : 0;
  if (rc == 0) rc = weir__buf_append(out, weir__slice_str("\r\n"));
  if (rc) out->len = before;
  return rc;
}
