/* See sized.h. */
#include "base/sized.h"

#include <string.h>

#include "weir/err.h"

int weir__copy_sized(void *to, size_t to_size, const void *from) {
  size_t from_size = *(const size_t *)from;
  size_t shared = from_size < to_size ? from_size : to_size;
  if (from_size < sizeof(size_t)) return WEIR_EINVAL;
  const char *bytes = from;
  for (size_t i = to_size; i < from_size; i++)
    if (bytes[i]) return WEIR_EINVAL;
  memset(to, 0, to_size);
  memcpy(to, from, shared);
  *(size_t *)to = to_size;
  return 0;
}
