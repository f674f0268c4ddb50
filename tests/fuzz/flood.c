/* Target: the same as `exchange`, but a peer may say the same thing over and over in one read (M
 * and P of script.h). One run, in which only the stage looks: memory must stay within
 * weir_relay_bytes_max(). It is apart from `exchange` because it is a hundred times slower. */
#include "fuzz/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_script played;
  if (script_take(&played, data, size)) script_run(&played, FLOOD, NULL);
  return 0;
}
