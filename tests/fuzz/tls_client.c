/* Target: what origins send to a TLS client, and its handshake with an origin whose messages are edited
 * on the way (src/net/tls*.c). See tls_shake.h. */
#include "fuzz/tls_shake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  return fuzz_shake(false, data, size);
}
