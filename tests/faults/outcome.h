/* What one performance of a scenario led to, and whether that is right. */
#ifndef WEIR_TEST_OUTCOME_H
#define WEIR_TEST_OUTCOME_H

#include "faults/fault.h"
#include "support/scenario.h"

enum { MESSAGES_MAX = 16 };

/* What one performance led to. */
typedef struct outcome {
  ended ends[MESSAGES_MAX];
  size_t end_count;
  message answers[MESSAGES_MAX], requests[MESSAGES_MAX];
  size_t answer_count, request_count;
  char *rest; /* of what the client got: a tunnel's bytes, half a head */
  size_t rest_len;
  bool fin, error; /* how the client's connection ended */
  int rcs[LISTENS_MAX];
  size_t rc_count;
} outcome;

void outcome_note(outcome *o, const world *w);
void outcome_clear(outcome *o);

/* Checks it against that of a performance in which nothing failed. `effect` is what of faults/kinds.h
 * may be otherwise. */
void check_outcome(const outcome *got, const outcome *want, unsigned effect, const fault *f,
                   const world *w);

#endif
