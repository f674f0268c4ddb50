/* Feeds one input to http/h1_read in several ways and compares. For the two targets over it. */
#ifndef WEIR_FUZZ_H1_H
#define WEIR_FUZZ_H1_H

#include "fuzz/fuzz.h"
#include "http/h1_read.h"

/* The first four bytes are settings: limits (see h1.c), what was asked and how it ends, the cuts,
 * which allocation fails. */
int fuzz_h1(enum weir__h1_kind kind, fuzz_input in);

/* Limits as the settings byte says: those of the defaults, or small enough to be met by a short
 * input. */
weir__h1_limits fuzz_limits(uint8_t bits);

#endif
