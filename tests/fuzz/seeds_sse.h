/* Included in front of tests/unit/http_sse_test.c: its cases are written to files then, as seeds for
 * the target `sse`, instead of being tested. It knows the layout of that target's input. Files go to
 * $WEIR_SEEDS/sse/. */
#ifndef WEIR_FUZZ_SEEDS_SSE_H
#define WEIR_FUZZ_SEEDS_SSE_H

#include "unit/http_sse_fixture.h"

#include "fuzz/seeds.h"

static inline void seed_cases(const sse_case *cases, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const sse_case *c = &cases[i];
    /* format, longest block, cuts, a failing allocation */
    char settings[4] = {c->format == WEIR_SSE_LINES, (char)c->block_max, (char)(i % 8),
                        (char)(i % 5)};
    seed_write("sse", c->line, (seed_part[]){{settings, sizeof settings}, {c->input, c->len}}, 2);
  }
}

#define sse_check_cases seed_cases

#endif
