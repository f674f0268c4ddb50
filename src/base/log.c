/* See log.h. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

enum { LINE_MAX_BYTES = 511 };

/* What a peer sent may stand in a line: it must not begin a new one or steer a terminal. */
static void disarm(char *line) {
  for (unsigned char *c = (unsigned char *)line; *c; c++)
    if (*c < 0x20 || *c == 0x7f) *c = '?';
}

void weir__log_print(const weir__log *log, enum weir_log_level level, const char *format, ...) {
  char line[LINE_MAX_BYTES + 1];
  va_list args;
  va_start(args, format);
  int len = vsnprintf(line, sizeof line, format, args);
  va_end(args);
  if (len < 0) return;
  disarm(line);
  log->fn(level, line, log->user);
}
