/* --request-header and --response-header: fields to set or to remove, with placeholders. Checks at
 * the start all that can be checked then. Knows no exchange: the values of the placeholders come
 * from the caller. A struct fields owns its copies until fields_free(). */
#ifndef RELAY_FIELDS_H
#define RELAY_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <weir.h>

#define PLACEHOLDERS(X) \
  X(CLIENT_ADDR, "client_addr") \
  X(CLIENT_PORT, "client_port") \
  X(LOCAL_PORT, "local_port") \
  X(HOST, "host") \
  X(SCHEME, "scheme") \
  X(REQUEST_ID, "request_id")

enum placeholder {
#define PLACEHOLDER_ENUM(name, text) PLACEHOLDER_##name,
  PLACEHOLDERS(PLACEHOLDER_ENUM)
#undef PLACEHOLDER_ENUM
      PLACEHOLDER_COUNT
};

/* What stands for each; none is NULL. */
struct placeholder_values {
  const char *of[PLACEHOLDER_COUNT];
};

struct fields {
  struct field_rule *rules;
  size_t count;
  bool uses[PLACEHOLDER_COUNT];
};

/* Adds one 'Name: value' or 'Name:'. `flag` is named when something is wrong with it: that is said,
 * nothing is added, and the result is false. */
bool fields_add(struct fields *fields, const char *flag, const char *text, bool request);

/* True if some value has a placeholder, so that apply() wants values. */
bool fields_want_values(const struct fields *fields);

/* Applies all in order. What weir_head_set() says, WEIR_EFIELD for a value that is too long. */
int fields_apply(const struct fields *fields, weir_head *head,
                 const struct placeholder_values *values);

void fields_free(struct fields *fields);

#endif
