/* See h1_write.h. */
#include "http/h1_write.h"

#include <assert.h>
#include <stdio.h>

/* Appends one piece after the other until one fails. */
typedef struct writer {
  weir__buf *out;
  int rc;
} writer;

static void put(writer *w, weir__slice s) {
  if (!w->rc) w->rc = weir__buf_append(w->out, s);
}

static void put_str(writer *w, const char *str) { put(w, weir__slice_str(str)); }

static void put_field(writer *w, weir__slice name, weir__slice value) {
  put(w, name);
  put_str(w, ": ");
  put(w, value);
  put_str(w, "\r\n");
}

static void put_fields(writer *w, const weir_head *head) {
  for (const weir__field *f = head->first; f; f = f->next)
    put_field(w, weir__field_name(f), weir__field_value(f));
}

static void put_extra(writer *w, const char *name, const char *value) {
  if (value) put_field(w, weir__slice_str(name), weir__slice_str(value));
}

static void put_start_line(writer *w, const weir_head *head) {
  if (head->request) {
    put_str(w, head->method);
    put_str(w, " ");
    put_str(w, head->target);
    put_str(w, " HTTP/1.1\r\n");
    return;
  }
  char status[32];
  snprintf(status, sizeof status, "HTTP/1.1 %d ", head->status);
  put_str(w, status); /* the space stays without a reason too (RFC 9112, 4) */
  put_str(w, head->reason);
  put_str(w, "\r\n");
}

/* All or nothing. */
static int done(writer *w, size_t before) {
  if (w->rc) w->out->len = before;
  return w->rc;
}

int weir__h1_write_head(weir__buf *out, const weir_head *head, const weir__h1_extra *extra) {
  /* Both would be ambiguous (RFC 9112, 6.1). */
  assert(!extra->chunked || !weir__head_find(head, "Content-Length"));
  writer w = {out, 0};
  size_t before = out->len;
  put_start_line(&w, head);
  put_fields(&w, head);
  put_extra(&w, "Transfer-Encoding", extra->chunked ? "chunked" : NULL);
  put_extra(&w, "Connection", extra->connection);
  put_extra(&w, "Upgrade", extra->upgrade);
  put_str(&w, "\r\n");
  return done(&w, before);
}

int weir__h1_write_trailers(weir__buf *out, const weir_head *trailers) {
  writer w = {out, 0};
  size_t before = out->len;
  if (trailers) put_fields(&w, trailers);
  put_str(&w, "\r\n");
  return done(&w, before);
}
