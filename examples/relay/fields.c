/* See fields.h. */
#include "fields.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "say.h"

enum { EXPANDED_MAX = 8192 };

/* A value is its pieces, one behind the other: text, or what a placeholder stands for. */
struct piece {
  const char *text; /* NULL: a placeholder */
  size_t len;
  enum placeholder placeholder;
};

struct field_rule {
  char *name;
  char *value; /* NULL: remove. The text of all pieces lies in it. */
  struct piece *pieces;
  size_t count;
  bool plain; /* no placeholder: `value` is what is sent */
};

/* What is wrong, and with which argument. */
struct origin_of_text {
  const char *flag, *text;
  bool request;
};

/* ---- names ---- */

/* weir_head_set() refuses these, but only while a request waits; here it is told at the start. */
static bool is_weirs(const char *name) {
  static const char *const names[] = {
      "Connection", "Content-Length",    "Keep-Alive", "Proxy-Connection",
      "TE",         "Transfer-Encoding", "Upgrade"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcasecmp(name, names[i]) == 0) return true;
  return false;
}

/* RFC 9110, 5.6.2. */
static bool is_token(const char *name) {
  static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return *name && strspn(name, token) == strlen(name);
}

static bool has_control(const char *value) {
  for (const unsigned char *c = (const unsigned char *)value; *c; c++)
    if ((*c < 0x20 && *c != '\t') || *c == 0x7f) return true;
  return false;
}

static bool check_rule(const struct field_rule *rule, const struct origin_of_text *from) {
  bool is_host = from->request && strcasecmp(rule->name, "Host") == 0;
  if (!is_token(rule->name))
    return say("%s '%s': '%s' is no field name", from->flag, from->text, rule->name);
  if (is_weirs(rule->name))
    return say(
        "%s '%s': %s frames the message or describes the connection, so weir writes it itself",
        from->flag, from->text, rule->name);
  if (is_host)
    return say("%s '%s': the client's Host goes upstream; --origin-host sends another one instead",
               from->flag, from->text);
  if (rule->value && has_control(rule->value))
    return say("%s '%s: ..': the value has a control character", from->flag, rule->name);
  return true;
}

/* ---- placeholders ---- */

static int find_placeholder(const char *name, size_t len) {
  static const char *const names[] = {
#define NAME(id, text) text,
      PLACEHOLDERS(NAME)
#undef NAME
  };
  for (int i = 0; i < PLACEHOLDER_COUNT; i++)
    if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0) return i;
  return -1;
}

static bool refuse_placeholder(const struct origin_of_text *from, const char *at, size_t len) {
  return say("%s '%s': {%.*s} is no placeholder; there are"
#define NAME(id, text) " {" text "}"
             PLACEHOLDERS(NAME)
#undef NAME
                 ", and {{ for a brace",
             from->flag, from->text, (int)len, at);
}

static void add_piece(struct field_rule *rule, struct piece piece) {
  if (piece.text && piece.len == 0) return;
  rule->pieces[rule->count++] = piece;
}

/* Cuts the value into pieces. There are at most as many as it has bytes. */
static bool cut(struct field_rule *rule, bool *uses, const struct origin_of_text *from) {
  const char *text = rule->value, *brace;
  for (; (brace = strchr(text, '{')); text = brace) {
    bool doubled = brace[1] == '{'; /* one brace stays with the text before */
    add_piece(rule, (struct piece){.text = text, .len = (size_t)(brace - text) + doubled});
    brace += doubled ? 2 : 1;
    if (doubled) continue;
    size_t len = strcspn(brace, "}");
    int which = brace[len] ? find_placeholder(brace, len) : -1;
    if (which < 0) return refuse_placeholder(from, brace, len);
    add_piece(rule, (struct piece){.placeholder = (enum placeholder)which});
    uses[which] = true;
    brace += len + 1;
  }
  add_piece(rule, (struct piece){.text = text, .len = strlen(text)});
  return true;
}

/* ---- rules ---- */

static void free_rule(struct field_rule *rule) {
  free(rule->name);
  free(rule->value);
  free(rule->pieces);
}

static char *copy_trimmed(const char *text, size_t len) {
  while (len && (*text == ' ' || *text == '\t')) text++, len--;
  while (len && (text[len - 1] == ' ' || text[len - 1] == '\t')) len--;
  return strndup(text, len);
}

static bool read_rule(struct field_rule *rule, bool *uses, const struct origin_of_text *from) {
  const char *colon = strchr(from->text, ':');
  if (!colon || colon == from->text)
    return say("%s '%s': want 'Name: value', or 'Name:' to remove it", from->flag, from->text);
  rule->name = strndup(from->text, (size_t)(colon - from->text));
  char *value = copy_trimmed(colon + 1, strlen(colon + 1));
  if (!rule->name || !value) {
    free(value);
    return say("out of memory");
  }
  if (*value)
    rule->value = value;
  else
    free(value);
  if (!check_rule(rule, from)) return false;
  if (!rule->value) return true;
  rule->pieces = calloc(strlen(rule->value) + 1, sizeof *rule->pieces);
  if (!rule->pieces) return say("out of memory");
  rule->plain = !strchr(rule->value, '{');
  return cut(rule, uses, from);
}

bool fields_add(struct fields *fields, const char *flag, const char *text, bool request) {
  struct origin_of_text from = {.flag = flag, .text = text, .request = request};
  struct field_rule rule = {0};
  if (!read_rule(&rule, fields->uses, &from)) {
    free_rule(&rule);
    return false;
  }
  struct field_rule *more = realloc(fields->rules, (fields->count + 1) * sizeof *more);
  if (!more) {
    free_rule(&rule);
    return say("out of memory");
  }
  fields->rules = more;
  fields->rules[fields->count++] = rule;
  return true;
}

void fields_free(struct fields *fields) {
  for (size_t i = 0; i < fields->count; i++) free_rule(&fields->rules[i]);
  free(fields->rules);
  *fields = (struct fields){0};
}

/* ---- applying ---- */

bool fields_want_values(const struct fields *fields) {
  for (int i = 0; i < PLACEHOLDER_COUNT; i++)
    if (fields->uses[i]) return true;
  return false;
}

static bool expand(char out[EXPANDED_MAX], const struct field_rule *rule,
                   const struct placeholder_values *values) {
  size_t at = 0;
  for (size_t i = 0; i < rule->count; i++) {
    const struct piece *piece = &rule->pieces[i];
    const char *text = piece->text ? piece->text : values->of[piece->placeholder];
    size_t len = piece->text ? piece->len : strlen(text);
    if (len >= EXPANDED_MAX - at) return false;
    memcpy(out + at, text, len);
    at += len;
  }
  out[at] = '\0';
  return true;
}

static int apply(const struct field_rule *rule, weir_head *head,
                 const struct placeholder_values *values) {
  char value[EXPANDED_MAX];
  if (!rule->value) return weir_head_remove(head, rule->name);
  if (rule->plain) return weir_head_set(head, rule->name, rule->value);
  return expand(value, rule, values) ? weir_head_set(head, rule->name, value) : WEIR_EFIELD;
}

int fields_apply(const struct fields *fields, weir_head *head,
                 const struct placeholder_values *values) {
  int rc = 0;
  for (size_t i = 0; i < fields->count && rc == 0; i++) rc = apply(&fields->rules[i], head, values);
  return rc;
}
