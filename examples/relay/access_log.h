/* The access log: one line of JSON for each exchange, appended with one write(), so that the lines
 * of several workers and of an old and a new process do not mix. Knows no exchange in progress. A
 * worker has its own; nothing is shared but the file. */
#ifndef RELAY_ACCESS_LOG_H
#define RELAY_ACCESS_LOG_H

#include <stdbool.h>
#include <weir.h>

struct access_log {
  const char *path; /* NULL: no log; "-": standard output. The caller's. */
  int fd;
  bool failing; /* the last line could not be written, and that was said */
};

/* What the log tells that weir_stats does not. Strings may be NULL. */
struct access_entry {
  const char *client, *method, *target, *id;
  enum weir_end end;
};

/* The file is made if it is not there. False after saying why it cannot be opened. */
bool access_log_open(struct access_log *log, const char *path);

/* Opens the path anew, for a file that was moved away. The old file stays open if that fails. */
void access_log_reopen(struct access_log *log);

bool access_log_is_on(const struct access_log *log);
void access_log_write(struct access_log *log, const struct access_entry *entry,
                      const weir_stats *stats);
void access_log_close(struct access_log *log);

#endif
