/* All that the command line says, ready for use. Strings are argv's; lists and fields belong to the
 * struct until config_free(). Read by every worker and changed by none. */
#ifndef RELAY_CONFIG_H
#define RELAY_CONFIG_H

#include "fields.h"
#include "routes.h"

/* NULL-terminated. */
struct list {
  const char **items;
  size_t count;
};

/* What to print instead of relaying. */
enum show { SHOW_NOTHING, SHOW_HELP, SHOW_TUNING, SHOW_EVENTS, SHOW_VERSION };

struct config {
  weir_options options;
  struct list listen, trusted;
  struct list certs, keys;                 /* the Nth key is that of the Nth certificate */
  struct list redirects;                   /* plain listeners that lead to https */
  weir_tls_options client_tls, origin_tls; /* but for certificates and keys of our own */
  weir_tls_pair origin_pair;               /* .cert NULL: none to show to origins */
  weir_event_options events;               /* options.events points here */
  struct list end_markers;
  struct list texts;     /* copies that others point to */
  uint32_t commit_retry; /* how often a stream that begins with an error is asked for again */
  bool has_stale_action;
  struct routes routes;
  struct fields request_fields, response_fields;
  const char *origin_host; /* NULL: the client's Host */
  const char *access_log;  /* NULL: none */
  uint32_t workers, drain_ms;
  uint32_t redirect_port; /* 0: that of the first --listen */
  int log_level;          /* 0: off, else enum weir_log_level */
  bool check_only;
  enum show show;
};

void config_free(struct config *config);

#endif
