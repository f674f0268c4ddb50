/* See report.h. */
#include "report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const sentences[CHECK_COUNT] = {
#define SENTENCE(name, sentence, unit) sentence,
    CHECKS(SENTENCE)
#undef SENTENCE
};

static const char *const units[CHECK_COUNT] = {
#define UNIT(name, sentence, unit) unit,
    CHECKS(UNIT)
#undef UNIT
};

typedef struct tally {
  uint64_t looked, passed_over, broken;
} tally;

static tally counts[CHECK_COUNT];

void looked(enum check check) { counts[check].looked++; }
void looked_n(enum check check, uint64_t n) { counts[check].looked += n; }
void passed_over(enum check check) { counts[check].passed_over++; }

/* ---- failures ---- */

void broken(unsigned check, uint64_t serial, uint64_t offset, const char *format, ...) {
  uint32_t at = atomic_fetch_add(&shared->failures, 1);
  if (at >= FAILURES) return;
  struct failure *f = &shared->failure[at];
  f->check = check, f->serial = serial, f->offset = offset;
  f->ms = now_ms() - shared->begun_ms;
  va_list args;
  va_start(args, format);
  vsnprintf(f->text, sizeof f->text, format, args);
  va_end(args);
  f->ready = 1;
}

static void print_failure(const struct failure *f) {
  printf("FAIL %s: seed %" PRIu64 ", second %.1f", sentences[f->check], shared->seed,
         (double)f->ms / 1000);
  if (f->serial) printf(", stream %" PRIu64 ", offset %" PRIu64, f->serial, f->offset);
  printf(": %s\n", f->text);
  fflush(stdout);
  counts[f->check].broken++;
}

bool print_failures(void) {
  static uint32_t printed;
  while (printed < FAILURES && shared->failure[printed].ready)
    print_failure(&shared->failure[printed++]);
  return printed == FAILURES;
}

/* ---- the end ---- */

enum outcome { HELD, BROKEN, NOT_LOOKED_AT };

static enum outcome outcome_of(enum check check, const char *excuse) {
  if (counts[check].broken) return BROKEN;
  if (counts[check].looked) return HELD;
  return excuse ? NOT_LOOKED_AT : BROKEN;
}

static enum outcome print_check(enum check check, const char *excuse) {
  static const char *const words[] = {"ok  ", "FAIL", "none"};
  enum outcome outcome = outcome_of(check, excuse);
  printf("%s %s (%" PRIu64 " %s", words[outcome], sentences[check], counts[check].looked,
         units[check]);
  if (counts[check].passed_over)
    printf(", %" PRIu64 " more could not be told", counts[check].passed_over);
  if (outcome == NOT_LOOKED_AT) printf(": %s", excuse);
  if (counts[check].broken) printf(", %" PRIu64 " broken", counts[check].broken);
  printf(")\n");
  return outcome;
}

int print_checks(const char *(*excused)(enum check check)) {
  unsigned outcomes[3] = {0};
  print_failures();
  for (unsigned i = 0; i < CHECK_COUNT; i++)
    outcomes[print_check((enum check)i, excused((enum check)i))]++;
  if (shared->failures > FAILURES)
    printf("%u failures, the first %d of them above\n", shared->failures, FAILURES);
  printf("%u passed, %u failed\n", outcomes[HELD], outcomes[BROKEN]);
  return outcomes[BROKEN] ? 1 : 0;
}

/* ---- latencies ---- */

enum { LONGEST = 10000 };

void times_add(struct times *times, uint64_t ms) {
  times->buckets[ms < LONGEST ? ms : LONGEST]++;
  times->count++;
}

unsigned times_at(const struct times *times, unsigned per_mille) {
  uint64_t rank = (uint64_t)times->count * per_mille / 1000, seen = 0;
  for (unsigned ms = 0; ms <= LONGEST; ms++) {
    seen += times->buckets[ms];
    if (seen > rank || seen == times->count) return ms;
  }
  return LONGEST;
}
