#include "support/heads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"

/* Takes all before `until` off the text; the rest if there is none. */
static weir__slice take(weir__slice *text, char until) {
  const char *end = memchr(text->ptr, until, text->len);
  weir__slice taken = weir__slice_of(text->ptr, end ? (size_t)(end - text->ptr) : text->len);
  text->ptr += taken.len + (end != NULL), text->len -= taken.len + (end != NULL);
  return taken;
}

static bool set_start(weir_head *head, const char *start) {
  weir__slice rest = weir__slice_str(start);
  weir__slice first = take(&rest, ' '), second = take(&rest, ' ');
  weir__slice version = head->request ? rest : first;
  head->minor = (uint8_t)(version.ptr[version.len - 1] - '0');
  if (head->request) {
    head->method = weir__arena_copy(&head->arena, first);
    head->target = weir__arena_copy(&head->arena, second);
    return head->method && head->target;
  }
  head->status = atoi(second.ptr);
  head->reason = weir__arena_copy(&head->arena, rest);
  return head->reason != NULL;
}

static bool add_fields(weir_head *head, const char *fields) {
  weir__slice rest = weir__slice_str(fields);
  while (rest.len) {
    weir__slice value = take(&rest, '\n'), name = take(&value, ':');
    if (weir__head_add(head, name, weir__slice_trim(value))) return false;
  }
  return true;
}

weir_head *head_of(weir__mem *mem, const char *start, const char *fields) {
  weir_head *head = weir__head_new(mem, strncmp(start, "HTTP/", 5) != 0);
  if (!head) return NULL;
  if (!set_start(head, start) || !add_fields(head, fields)) {
    weir__head_free(head);
    return NULL;
  }
  const weir__field *host = weir__head_search(head, weir__slice_str("Host")),
                    *upgrade = weir__head_search(head, weir__slice_str("Upgrade"));
  if (head->request && host) head->host = host->pub.value;
  if (upgrade && weir__head_lists(head, WEIR__NAME_CONNECTION, "upgrade"))
    head->upgrade = upgrade->pub.value;
  return head;
}

char *head_text(const weir_head *head) {
  char *text = NULL;
  size_t len = 0, count = 0;
  FILE *out = open_memstream(&text, &len);
  if (!out) abort();
  const weir__field *inside = head->first;
  for (const weir_field *f = NULL; (f = weir_head_next(head, f)); inside = inside->next, count++) {
    fprintf(out, "%s: %s\n", f->name, f->value);
    if (!CHECK(inside && &inside->pub == f)) break;
    CHECK_INT(inside->name_len, strlen(f->name));
    CHECK_INT(inside->value_len, strlen(f->value));
    CHECK(inside->next || head->last == inside);
  }
  CHECK_INT(head->count, count);
  CHECK(count || (!head->first && !head->last));
  fclose(out);
  return text;
}

bool check_fields(const char *file, int line, const weir_head *head, const char *want) {
  char *got = head_text(head);
  bool same = check_str(file, line, "the fields", got, "those wanted", want);
  free(got);
  return same;
}
