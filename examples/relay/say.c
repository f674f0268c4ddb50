/* See say.h. */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

bool say(const char *format, ...) {
  char line[1024];
  va_list args;
  va_start(args, format);
  vsnprintf(line, sizeof line, format, args);
  va_end(args);
  fprintf(stderr, "weir-relay: %s\n", line);
  return false;
}

void timestamp(char out[TIMESTAMP_SIZE]) {
  uv_timeval64_t now;
  struct tm tm = {0};
  char date[20];
  uv_gettimeofday(&now);
  time_t seconds = (time_t)now.tv_sec;
  gmtime_r(&seconds, &tm);
  strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
  snprintf(out, TIMESTAMP_SIZE, "%s.%03dZ", date, (int)(now.tv_usec / 1000 % 1000));
}

const char *log_level_name(int level) {
  static const char *const names[] = {"off", "error", "warn", "info", "debug"};
  return level >= 0 && level <= WEIR_LOG_DEBUG ? names[level] : NULL;
}

void say_log(enum weir_log_level level, const char *line, void *unused) {
  char stamp[TIMESTAMP_SIZE];
  (void)unused;
  timestamp(stamp);
  fprintf(stderr, "%s %s %s\n", stamp, log_level_name((int)level), line);
}
