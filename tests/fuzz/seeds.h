/* Writes seeds of fuzz targets to files. It knows no target. */
#ifndef WEIR_FUZZ_SEEDS_H
#define WEIR_FUZZ_SEEDS_H

#include <stddef.h>

typedef struct seed_part {
  const char *ptr;
  size_t len;
} seed_part;

/* Writes the parts, joined, to a new file $WEIR_SEEDS/`target`/PROGRAM-`line`-N. What is longer than
 * any input libFuzzer is allowed to make is left out. Ends the process when that fails. */
void seed_write(const char *target, int line, const seed_part *parts, size_t count);

#endif
