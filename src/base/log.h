/* The level gate before formatting: a line nobody asked for costs one comparison. It knows nothing
 * of what it prints. The line lives on the stack until the host's callback returns. */
#ifndef WEIR_BASE_LOG_H
#define WEIR_BASE_LOG_H

#include "weir/log.h"

typedef struct weir__log {
  weir_log_fn fn; /* NULL: nobody listens */
  void *user;
  enum weir_log_level level;
} weir__log;

/* weir__log_line(&relay->log, WEIR_LOG_INFO, "relay=%p event=listen port=%d", ...). Lines are cut
 * at 511 bytes; control characters in them are printed as `?`. */
#define weir__log_line(log, at, ...) \
  do { \
    if ((log)->fn && (at) <= (log)->level) weir__log_print((log), (at), __VA_ARGS__); \
  } while (0)

void weir__log_print(const weir__log *log, enum weir_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
