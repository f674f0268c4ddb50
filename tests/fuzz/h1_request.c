/* Target: the request reader (src/http/h1_read.c, src/http/h1_check.c). */
#include "fuzz/h1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  return fuzz_h1(WEIR__H1_REQUEST, fuzz_input_of(data, size));
}
