/* See head.h. */
#include "http/head.h"

#include <string.h>

#include "weir/err.h"

weir_head *weir__head_new(weir__mem *mem, bool request) {
  weir_head *head = weir__mem_new(mem, sizeof *head);
  if (!head) return NULL;
  head->arena.mem = mem;
  head->request = request;
  head->minor = 1;
  head->host = "";
  if (!request) head->reason = "";
  return head;
}

void weir__head_free(weir_head *head) {
  if (!head) return;
  weir__mem *mem = head->arena.mem;
  weir__arena_free(&head->arena);
  weir__mem_free(mem, head);
}

weir__slice weir__field_name(const weir__field *field) {
  return weir__slice_of(field->pub.name, field->name_len);
}

weir__slice weir__field_value(const weir__field *field) {
  return weir__slice_of(field->pub.value, field->value_len);
}

static bool is_named(const weir__field *field, const char *name) {
  return weir__slice_is_nocase(weir__field_name(field), name);
}

/* ---- the list ---- */

int weir__head_link(weir_head *head, const char *name, size_t name_len, const char *value,
                    size_t value_len) {
  if (name_len > UINT32_MAX || value_len > UINT32_MAX) return WEIR_ENOMEM;
  weir__field *field = weir__arena_alloc(&head->arena, sizeof *field);
  if (!field) return WEIR_ENOMEM;
  field->pub = (weir_field){name, value};
  field->name_len = (uint32_t)name_len;
  field->value_len = (uint32_t)value_len;
  if (head->last) head->last->next = field;
  if (!head->first) head->first = field;
  head->last = field;
  head->count++;
  return 0;
}

void weir__head_unlink(weir_head *head, weir__field *before, weir__field *field) {
  if (before) before->next = field->next;
  if (head->first == field) head->first = field->next;
  if (head->last == field) head->last = before;
  head->count--;
  field->removed = true;
}

const weir__field *weir__head_find(const weir_head *head, const char *name) {
  const weir__field *field = head->first;
  while (field && !is_named(field, name)) field = field->next;
  return field;
}

int weir__head_add(weir_head *head, weir__slice name, weir__slice value) {
  const char *name_copy = weir__arena_copy(&head->arena, name);
  const char *value_copy = weir__arena_copy(&head->arena, value);
  if (!name_copy || !value_copy) return WEIR_ENOMEM;
  return weir__head_link(head, name_copy, name.len, value_copy, value.len);
}

/* Removes the fields of that name behind `before`, or all of them for NULL. */
static void remove_behind(weir_head *head, weir__field *before, const char *name) {
  weir__field *next;
  for (weir__field *f = before ? before->next : head->first; f; f = next) {
    next = f->next;
    if (is_named(f, name))
      weir__head_unlink(head, before, f);
    else
      before = f;
  }
}

int weir__head_relink(weir_head *head, const char *name, const char *value, size_t value_len) {
  weir__field *field = (weir__field *)weir__head_find(head, name);
  if (!field) return weir__head_link(head, name, strlen(name), value, value_len);
  if (value_len > UINT32_MAX) return WEIR_ENOMEM;
  field->pub.value = value;
  field->value_len = (uint32_t)value_len;
  remove_behind(head, field, name);
  return 0;
}

int weir__head_set(weir_head *head, const char *name, weir__slice value) {
  if (!weir__head_find(head, name)) return weir__head_add(head, weir__slice_str(name), value);
  const char *copy = weir__arena_copy(&head->arena, value);
  return copy ? weir__head_relink(head, name, copy, value.len) : WEIR_ENOMEM;
}

void weir__head_remove(weir_head *head, const char *name) { remove_behind(head, NULL, name); }

/* ---- what fields say ---- */

bool weir__head_lists(const weir_head *head, const char *name, const char *token) {
  for (const weir__field *f = head->first; f; f = f->next) {
    if (!is_named(f, name)) continue;
    weir__slice rest = weir__field_value(f), element;
    while (weir__slice_next(&rest, &element))
      if (weir__slice_is_nocase(element, token)) return true;
  }
  return false;
}

bool weir__head_media_is(const weir_head *head, const char *type) {
  const weir__field *field = weir__head_find(head, "Content-Type");
  if (!field) return false;
  weir__slice media = weir__field_value(field);
  const char *semicolon = memchr(media.ptr, ';', media.len);
  if (semicolon) media.len = (size_t)(semicolon - media.ptr);
  return weir__slice_is_nocase(weir__slice_trim(media), type);
}

weir__slice weir__target_path(const char *target) {
  return weir__slice_of(target, strcspn(target, "?"));
}

/* IANA, HTTP Status Code Registry; without 306 and 418, which are unused there. */
#define REASONS(X) \
  X(100, "Continue") \
  X(101, "Switching Protocols") \
  X(102, "Processing") \
  X(103, "Early Hints") \
  X(200, "OK") \
  X(201, "Created") \
  X(202, "Accepted") \
  X(203, "Non-Authoritative Information") \
  X(204, "No Content") \
  X(205, "Reset Content") \
  X(206, "Partial Content") \
  X(207, "Multi-Status") \
  X(300, "Multiple Choices") \
  X(301, "Moved Permanently") \
  X(302, "Found") \
  X(303, "See Other") \
  X(304, "Not Modified") \
  X(307, "Temporary Redirect") \
  X(308, "Permanent Redirect") \
  X(400, "Bad Request") \
  X(401, "Unauthorized") \
  X(402, "Payment Required") \
  X(403, "Forbidden") \
  X(404, "Not Found") \
  X(405, "Method Not Allowed") \
  X(406, "Not Acceptable") \
  X(407, "Proxy Authentication Required") \
  X(408, "Request Timeout") \
  X(409, "Conflict") \
  X(410, "Gone") \
  X(411, "Length Required") \
  X(412, "Precondition Failed") \
  X(413, "Content Too Large") \
  X(414, "URI Too Long") \
  X(415, "Unsupported Media Type") \
  X(416, "Range Not Satisfiable") \
  X(417, "Expectation Failed") \
  X(421, "Misdirected Request") \
  X(422, "Unprocessable Content") \
  X(425, "Too Early") \
  X(426, "Upgrade Required") \
  X(428, "Precondition Required") \
  X(429, "Too Many Requests") \
  X(431, "Request Header Fields Too Large") \
  X(451, "Unavailable For Legal Reasons") \
  X(500, "Internal Server Error") \
  X(501, "Not Implemented") \
  X(502, "Bad Gateway") \
  X(503, "Service Unavailable") \
  X(504, "Gateway Timeout") \
  X(505, "HTTP Version Not Supported") \
  X(507, "Insufficient Storage") \
  X(508, "Loop Detected") \
  X(511, "Network Authentication Required")

const char *weir__reason(int status) {
  switch (status) {
#define REASON(number, text) \
  case number: return text;
    REASONS(REASON)
#undef REASON
  }
  return "";
}
