/* See ledger.h. A line is looked at on its own; what is counted is how often each stream has one.
 * It owns that count. */
#include "ledger.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge.h"
#include "relays.h"
#include "report.h"

static uint8_t *lines; /* of each stream */

static bool says_whole(const char *line) {
  return strstr(line, "\"end\":\"complete\"") || strstr(line, "\"end\":\"unmarked\"");
}

static void compare(uint64_t serial, const char *line) {
  enum fate fate = judge_fate_of(serial);
  if (lines[serial]++) broken(CHECK_LOG, serial, 0, "the log has it twice: %.150s", line);
  if (fate == FATE_WHOLE && !says_whole(line))
    broken(CHECK_LOG, serial, 0, "it came whole, but the log says: %.150s", line);
  if (fate == FATE_CUT && says_whole(line))
    broken(CHECK_LOG, serial, 0, "it was cut, but the log says: %.150s", line);
}

/* A client that never ended its head has no target. */
static void read_line(const char *line) {
  uint64_t serial;
  const char *target = strstr(line, "\"target\":");
  looked(CHECK_LOG);
  if (target && strncmp(target, "\"target\":null", 13) == 0) return;
  if (!target || sscanf(target, "\"target\":\"/%*u/%*[a-z]/%*u/%" SCNu64 "\"", &serial) != 1 ||
      line[strlen(line) - 1] != '\n')
    broken(CHECK_LOG, 0, 0, "no line: %.150s", line);
  else if (serial > 0 && serial <= judge_last_serial())
    compare(serial, line);
}

static void read_log(const char *path) {
  char line[4200];
  FILE *file = fopen(path, "r");
  if (!file) {
    broken(CHECK_LOG, 0, 0, "%s: %s", path, strerror(errno));
    return;
  }
  while (fgets(line, sizeof line, file)) read_line(line);
  fclose(file);
}

void ledger_check(void) {
  lines = calloc(judge_last_serial() + 1, 1);
  if (!lines) abort();
  relays_each_log(read_log);
  for (uint64_t serial = 1; serial <= judge_last_serial(); serial++)
    if (judge_fate_of(serial) == FATE_WHOLE && !lines[serial])
      broken(CHECK_LOG, serial, 0, "the log does not have it");
  free(lines);
}
