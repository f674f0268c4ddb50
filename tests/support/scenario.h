/* What happens between clients, a relay and an origin, as a list of short plays. Each comes to its
 * end whatever fails meanwhile, so a test can run it over and over and let one thing fail each
 * time. */
#ifndef WEIR_TEST_SCENARIO_H
#define WEIR_TEST_SCENARIO_H

#include "support/stage.h"

extern const scenario scenarios[];
extern const size_t scenario_count;

/* NULL if there is none of that name. */
const scenario *scenario_named(const char *name);

#endif
