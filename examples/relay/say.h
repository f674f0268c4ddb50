/* What weir-relay says about itself on stderr, and the time it was said. Knows no HTTP, keeps
 * nothing. Any thread. */
#ifndef RELAY_SAY_H
#define RELAY_SAY_H

#include <stdbool.h>
#include <weir.h>

/* One line on stderr that begins with "weir-relay: ". Always returns false, so that what fails can
 * say why and leave in one statement. */
bool say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The time as RFC 3339 has it, in UTC: "2025-03-01T12:00:00.123Z". */
enum { TIMESTAMP_SIZE = 32 };
void timestamp(char out[TIMESTAMP_SIZE]);

/* The relay's own log on stderr: time, level, line. */
void say_log(enum weir_log_level level, const char *line, void *unused);

/* "off", "error", "warn", "info", "debug"; NULL for a number that is no level. */
const char *log_level_name(int level);

#endif
