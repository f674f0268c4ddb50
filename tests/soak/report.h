/* What the soak promises to check, what became of it, and what it prints. Any process may say that
 * a promise broke (soak.h); the judge's process counts and prints. */
#ifndef SOAK_REPORT_H
#define SOAK_REPORT_H

#include "soak.h"

#define CHECKS(X) \
  X(BYTES, "every_byte_is_the_one_that_was_sent", "streams") \
  X(CLEAN, "a_clean_end_is_the_origins_own_end", "clean ends") \
  X(UNMARKED, "an_end_that_only_a_fin_marks_loses_no_byte", "such ends") \
  X(VISIBLE, "every_cut_is_seen_by_the_client", "cuts") \
  X(LOST, "nothing_is_cut_that_nobody_cut", "streams") \
  X(BEFORE, "the_bytes_before_a_cut_arrive", "cuts") \
  X(PROMPT, "a_cut_is_seen_at_once", "cuts") \
  X(LEFT, "an_origin_learns_at_once_that_its_client_left", "clients that left") \
  X(UPLOAD, "an_upload_that_broke_off_never_looks_whole", "uploads") \
  X(ONCE, "what_may_not_be_repeated_is_asked_once", "requests") \
  X(TIMER, "time_ends_what_is_silent_and_nothing_else", "timers") \
  X(ANSWER, "an_error_answer_has_its_reason", "answers") \
  X(SERVED, "connections_are_taken_whenever_a_relay_listens", "connections") \
  X(DRAIN, "a_drained_relay_ends_in_time_with_status_0", "drains") \
  X(RELOAD, "a_reload_reopens_the_log_and_cuts_nothing", "reloads") \
  X(DESCRIPTORS, "descriptors_are_flat", "samples") \
  X(HEAP, "memory_held_is_flat", "samples") \
  X(PSS, "memory_of_the_process_is_flat", "samples") \
  X(LOG, "the_log_tells_each_exchange_once_and_how_it_ended", "lines") \
  X(HARNESS, "the_peers_themselves_go_on", "peers started")

enum check {
#define CHECK_ENUM(name, sentence, unit) CHECK_##name,
  CHECKS(CHECK_ENUM)
#undef CHECK_ENUM
      CHECK_COUNT
};

/* One more thing was looked at for this promise. */
void looked(enum check check);
void looked_n(enum check check, uint64_t n);
/* Not looked at, for a reason that has nothing to do with the relay: told at the end. */
void passed_over(enum check check);

/* Prints the failures that came in since. True once there are so many that going on is idle. */
bool print_failures(void);

/* Prints each promise and the last line. What was never looked at has failed, unless `excused` says
 * why it could not be. Returns the exit status. */
int print_checks(const char *(*excused)(enum check check));

/* Latencies in milliseconds. */
struct times {
  uint32_t count, buckets[10001];
};
void times_add(struct times *times, uint64_t ms);
unsigned times_at(const struct times *times, unsigned per_mille);

#endif
