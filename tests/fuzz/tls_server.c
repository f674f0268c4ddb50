/* Target: what clients send to a TLS server, and its handshake with a client whose messages are edited
 * on the way (src/net/tls*.c). See tls_shake.h. */
#include "fuzz/tls_shake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  return fuzz_shake(true, data, size);
}
