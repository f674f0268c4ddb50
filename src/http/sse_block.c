/* See sse.h. */
#include "http/sse.h"

#include <stdint.h>

#include "weir/err.h"

/* ---- lines ---- */

/* Whether one of eight bytes is a control below 0x0e, as CR and LF are: such a one borrows. */
static bool have_control(const char *eight) {
  const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
  uint64_t w;
  memcpy(&w, eight, sizeof w);
  return (w - ones * 0x0e) & ~w & tops;
}

static bool ends_line(char c) { return c == '\n' || c == '\r'; }

size_t weir__sse_line_length(weir__slice s) {
  size_t i = 0;
  while (s.len - i >= 8) {
    size_t next = i + 8;
    if (have_control(s.ptr + i))
      for (; i < next; i++)
        if (ends_line(s.ptr[i])) return i;
    i = next;
  }
  while (i < s.len && !ends_line(s.ptr[i])) i++;
  return i;
}

/* ---- fields ---- */

static bool is_field(weir__slice line, const char *name, size_t len, weir__slice *value) {
  if (line.len < len || memcmp(line.ptr, name, len) != 0) return false;
  *value = weir__slice_of(line.ptr + len, line.len - len);
  if (value->len == 0) return true;
  if (value->ptr[0] != ':') return false;
  value->ptr++, value->len--;
  if (value->len && value->ptr[0] == ' ') value->ptr++, value->len--;
  return true;
}
#define IS_FIELD(line, name, value) is_field((line), (name), sizeof(name) - 1, (value))

/* Digits only; more of them than fit are the longest time there is. */
static int64_t parse_retry(weir__slice s) {
  int64_t sum = 0;
  for (size_t i = 0; i < s.len; i++) {
    if (s.ptr[i] < '0' || s.ptr[i] > '9') return -1;
    int digit = s.ptr[i] - '0';
    sum = sum > (INT64_MAX - digit) / 10 ? INT64_MAX : sum * 10 + digit;
  }
  return s.len ? sum : -1;
}

/* Data of one line stays where it is. The first of several makes room for all that may follow. */
static int join_data(weir__buf *joined, weir_sse_event *event, weir__slice more) {
  if (event->data != joined->ptr) {
    joined->len = 0;
    if (!weir__buf_room(joined, event->raw_len)) return WEIR_ENOMEM;
    weir__buf_append(joined, weir__slice_of(event->data, event->data_len));
  }
  weir__buf_append(joined, weir__slice_of("\n", 1));
  weir__buf_append(joined, more);
  event->data = joined->ptr;
  event->data_len = joined->len;
  return 0;
}

static int read_data(weir__buf *joined, weir_sse_event *event, weir__slice value, bool *has_data) {
  if (*has_data) return join_data(joined, event, value);
  event->data = value.ptr;
  event->data_len = value.len;
  *has_data = true;
  return 0;
}

static void read_type(weir_sse_event *event, weir__slice value) {
  event->has_event = 1;
  event->type = value.len ? value.ptr : "message";
  event->type_len = value.len ? value.len : strlen("message");
}

static void read_id(weir_sse_event *event, weir__slice value) {
  if (memchr(value.ptr, '\0', value.len)) return;
  event->has_id = 1;
  event->id = value.ptr;
  event->id_len = value.len;
}

static void read_retry(weir_sse_event *event, weir__slice value) {
  int64_t ms = parse_retry(value);
  if (ms >= 0) event->retry_ms = ms;
}

static int read_line(weir__buf *joined, weir_sse_event *event, weir__slice line, bool *has_data) {
  weir__slice value;
  if (IS_FIELD(line, "data", &value)) return read_data(joined, event, value, has_data);
  if (IS_FIELD(line, "event", &value)) read_type(event, value);
  if (IS_FIELD(line, "id", &value)) read_id(event, value);
  if (IS_FIELD(line, "retry", &value)) read_retry(event, value);
  if (line.len && line.ptr[0] == ':') event->has_comment = 1;
  return 0;
}

/* A CRLF gives a blank line too many here, which says nothing. */
int weir__sse_read_block(weir__slice block, weir__buf *joined, weir_sse_event *event) {
  bool has_data = false;
  while (block.len) {
    weir__slice line = weir__slice_of(block.ptr, weir__sse_line_length(block));
    int rc = line.len ? read_line(joined, event, line, &has_data) : 0;
    if (rc) return rc;
    size_t end = line.len < block.len ? line.len + 1 : line.len;
    block.ptr += end, block.len -= end;
  }
  return has_data ? WEIR_SSE_EVENT : WEIR_SSE_OTHER;
}

/* ---- JSON ---- */

static bool is_blank(weir__slice s) {
  size_t i = 0;
  while (i < s.len && (s.ptr[i] == ' ' || s.ptr[i] == '\t' || s.ptr[i] == '\r')) i++;
  return i == s.len;
}

int weir__sse_read_json(weir__slice line, weir_sse_event *event) {
  if (line.len && line.ptr[line.len - 1] == '\n') line.len--;
  if (line.len && line.ptr[line.len - 1] == '\r') line.len--;
  if (is_blank(line)) return WEIR_SSE_OTHER;
  event->data = line.ptr;
  event->data_len = line.len;
  return WEIR_SSE_EVENT;
}
