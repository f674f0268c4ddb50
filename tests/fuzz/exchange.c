/* Target: a whole exchange, or many, between a client and origins made of memory (src/relay, on
 * top of all of src/http). The input is a script: see script.h.
 *
 * Three runs: all is read at once; in pieces; in pieces with narrow sockets, small limits and an
 * allocation that fails. The first two must look the same to both peers, and in each the judge
 * looks at everything. */
#include "fuzz/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static fuzz_record whole, cut, narrow;
  fuzz_script played;
  if (!script_take(&played, data, size)) return 0;
  script_run(&played, WHOLE, &whole);
  script_run(&played, CUT, &cut);
  fuzz_require_same("cuts made a difference", &whole, &cut);
  if (played.set.window || played.set.alloc) script_run(&played, NARROW, &narrow);
  return 0;
}
