/* weir-relay as processes: started, told to reload, drained and replaced, measured; and when that
 * was, for the judge. It knows flags and /proc, never a stream. The judge's process owns them, and
 * none outlives it. */
#ifndef SOAK_RELAYS_H
#define SOAK_RELAYS_H

#include "soak.h"

struct relay_setup {
  const char *binary;
  const char *heap; /* a library that counts what is allocated, or NULL */
  const char *work; /* a directory for logs */
};

/* Starts both and waits until they listen. False if one does not. */
bool relays_start(const struct relay_setup *setup);
/* Renames the log and sends SIGHUP. */
void relays_reload(unsigned relay);
/* Tells the relay to drain and puts another one in its place. Nothing while it is being replaced
 * already. */
void relays_replace(unsigned relay, unsigned workers, uint64_t drain_ms);
/* Looks after all of them: who is ready, who has ended and how. */
void relays_turn(void);
/* No drain and no replacement goes on. */
bool relays_calm(void);
/* Nothing but what they had at their begin is open. */
bool relays_dry(void);
/* Compares both to their first time here, when no stream runs. */
void relays_measure(void);
/* Sends SIGTERM to all; relays_turn() sees to the rest. */
void relays_drain_all(void);
bool relays_gone(void);
/* For the progress line: one relay's descriptors and memory, now. */
void relays_print(char *out, size_t size);
/* What the one that stayed held without streams, the first time and the last. */
void relays_print_memory(void);
/* Calls back for each log there is. */
void relays_each_log(void (*fn)(const char *path));
unsigned relays_replaced(void);
unsigned relays_reloaded(void);
bool relays_count_heap(void);

/* Nobody may have been listening at that time. */
bool relay_was_absent(unsigned relay, uint64_t at);
/* One that may have had a connection from `from` to `to` was told to end in that time .. */
bool relay_was_told(unsigned relay, uint64_t from, uint64_t to);
/* .. or had come to its deadline. */
bool relay_was_due(unsigned relay, uint64_t from, uint64_t to);

#endif
