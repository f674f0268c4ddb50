/* All flags, in the order of the help, and how each reads its value into the configuration. Knows
 * neither argv nor how flags are found. Static and never changed. */
#ifndef RELAY_FLAG_TABLE_H
#define RELAY_FLAG_TABLE_H

#include "config.h"

struct flag;

/* False after saying what is wrong with the value. */
typedef bool (*take_fn)(const struct flag *flag, struct config *config, const char *value);

struct flag {
  const char *name;   /* without its dashes; of a heading, the whole line */
  const char *values; /* "ADDR"; NULL: it takes none */
  const char *help;
  const char *usual; /* the default as the help shows it, or NULL */
  take_fn take;      /* NULL: a heading of the help */
  size_t at;         /* of the field in struct config */
  uint64_t least;    /* of a number */
  enum show page;    /* of a heading: the help that it and the flags below it are shown in */
};

/* What readers share: where the value goes; one sentence about what is wrong with it, and false. */
#define FLAG_WANTS_TIME "a time such as 300s, 5m or 250ms (less than 49 days), or off"
void *flag_field(const struct flag *flag, struct config *config);
bool flag_refuse(const struct flag *flag, const char *value, const char *want);

/* Ends with a nameless one. */
extern const struct flag flag_table[];

#endif
