/* The rules: what a client may have seen, given what its origin did and what happened to both. It
 * only reads. */
#ifndef SOAK_VERDICT_H
#define SOAK_VERDICT_H

#include "plan.h"
#include "soak.h"

extern const char *const client_end_names[], *const origin_end_names[];

/* Of a stream that is over on both sides. */
void verdict(const struct record *record, const struct plan *plan, unsigned attempts);
/* How soon cuts were seen, and origins learned that their client left. */
void verdict_print_times(void);

#endif
