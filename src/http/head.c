/* See head.h. */
#include "http/head.h"

#include <string.h>

#include "weir/err.h"

/* A head and the room for what most of them hold are one block; so large that glibc keeps it at
 * hand for the next. */
enum { BLOCK = 1024, ROOM = BLOCK - sizeof(weir_head) };

weir_head *weir__head_new(weir__mem *mem, bool request) {
  weir_head *head = mem->hooks.alloc(BLOCK, mem->hooks.user);
  if (!head) return NULL;
  *head = (weir_head){.request = request, .minor = 1, .host = "", .reason = request ? NULL : ""};
  weir__arena_init(&head->arena, mem, (char *)(head + 1), ROOM);
  return head;
}

void weir__head_free(weir_head *head) {
  if (!head) return;
  weir__mem *mem = head->arena.mem;
  weir__arena_free(&head->arena);
  weir__mem_free(mem, head);
}

size_t weir__head_size(void) { return BLOCK; }

/* ---- the list ---- */

static int append(weir_head *head, enum weir__name known, weir__slice name, weir__slice value) {
  if (name.len > UINT32_MAX || value.len > UINT32_MAX) return WEIR_ENOMEM;
  weir__field *field = weir__arena_alloc(&head->arena, sizeof *field);
  if (!field) return WEIR_ENOMEM;
  *field = (weir__field){.pub = {name.ptr, value.ptr},
                         .name_len = (uint32_t)name.len,
                         .value_len = (uint32_t)value.len,
                         .known = (uint8_t)known};
  if (head->last) head->last->next = field;
  if (!head->first) head->first = field;
  head->last = field;
  head->count++;
  head->names |= UINT64_C(1) << known;
  return 0;
}

int weir__head_link(weir_head *head, weir__slice name, weir__slice value) {
  return append(head, weir__name_of(name), name, value);
}

void weir__head_unlink(weir_head *head, weir__field *before, weir__field *field) {
  if (before) before->next = field->next;
  if (head->first == field) head->first = field->next;
  if (head->last == field) head->last = before;
  head->count--;
  field->removed = true;
}

static const weir__field *first_known(const weir__field *field, enum weir__name name) {
  while (field && field->known != name) field = field->next;
  return field;
}

const weir__field *weir__head_find(const weir_head *head, enum weir__name name) {
  return weir__names_have(head->names, name) ? first_known(head->first, name) : NULL;
}

const weir__field *weir__head_find_next(const weir__field *field) {
  return first_known(field->next, field->known);
}

/* `known` is the number of `name`, so that most fields are told apart without looking at bytes. */
static bool is_named(const weir__field *field, enum weir__name known, weir__slice name) {
  if (field->known != known) return false;
  if (known != WEIR__NAME_OTHER) return true;
  return field->name_len == name.len && strncasecmp(field->pub.name, name.ptr, name.len) == 0;
}

const weir__field *weir__head_search(const weir_head *head, weir__slice name) {
  enum weir__name known = weir__name_of(name);
  const weir__field *field = head->first;
  while (field && !is_named(field, known, name)) field = field->next;
  return field;
}

int weir__head_add(weir_head *head, weir__slice name, weir__slice value) {
  const char *name_copy = weir__arena_copy(&head->arena, name);
  const char *value_copy = weir__arena_copy(&head->arena, value);
  if (!name_copy || !value_copy) return WEIR_ENOMEM;
  return weir__head_link(head, weir__slice_of(name_copy, name.len),
                         weir__slice_of(value_copy, value.len));
}

/* Removes the fields of that name behind `before`, or all of them for NULL. */
static void remove_behind(weir_head *head, weir__field *before, weir__slice name) {
  enum weir__name known = weir__name_of(name);
  for (weir__field *f = before ? before->next : head->first; f; f = f->next) {
    if (is_named(f, known, name))
      weir__head_unlink(head, before, f);
    else
      before = f;
  }
}

static int replace(weir_head *head, const weir__field *found, weir__slice value) {
  weir__field *field = (weir__field *)found;
  if (value.len > UINT32_MAX) return WEIR_ENOMEM;
  field->pub.value = value.ptr;
  field->value_len = (uint32_t)value.len;
  remove_behind(head, field, weir__field_name(field));
  return 0;
}

int weir__head_set(weir_head *head, weir__slice name, weir__slice value) {
  const weir__field *field = weir__head_search(head, name);
  if (!field) return weir__head_add(head, name, value);
  const char *copy = weir__arena_copy(&head->arena, value);
  return copy ? replace(head, field, weir__slice_of(copy, value.len)) : WEIR_ENOMEM;
}

int weir__head_put(weir_head *head, enum weir__name name, weir__slice value) {
  const weir__field *field = weir__head_find(head, name);
  if (field) return replace(head, field, value);
  return append(head, name, weir__name_text(name), value);
}

void weir__head_remove(weir_head *head, weir__slice name) { remove_behind(head, NULL, name); }

void weir__head_drop(weir_head *head, weir__names names) {
  weir__field *before = NULL;
  if (!(head->names & names)) return;
  for (weir__field *f = head->first; f; f = f->next) {
    if (weir__names_have(names, f->known))
      weir__head_unlink(head, before, f);
    else
      before = f;
  }
}

/* ---- what fields say ---- */

bool weir__head_lists(const weir_head *head, enum weir__name name, const char *token) {
  for (const weir__field *f = weir__head_find(head, name); f; f = weir__head_find_next(f)) {
    weir__slice rest = weir__field_value(f), element;
    while (weir__slice_next(&rest, &element))
      if (weir__slice_is_nocase(element, token)) return true;
  }
  return false;
}

bool weir__head_media_is(const weir_head *head, const char *type) {
  const weir__field *field = weir__head_find(head, WEIR__NAME_CONTENT_TYPE);
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
