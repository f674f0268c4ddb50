/* All tables: X(name) stands for `const hostile_request name[]` and `const size_t name##_count` in
 * name.c. */
#ifndef WEIR_TEST_HOSTILE_TABLES_H
#define WEIR_TEST_HOSTILE_TABLES_H

#include "hostile/hostile.h"

/* clang-format off */
#define HOSTILE_REQUEST_TABLES(X) \
  X(request_length) X(request_coding) X(request_chunks) X(request_start) X(request_lines) \
  X(request_fields) X(request_host) X(request_limits) X(request_hop)

#define HOSTILE_RESPONSE_TABLES(X) \
  X(response_status) \
  X(response_length) X(response_chunks) X(response_end) X(response_nobody) X(response_interim) \
      X(response_fields)
/* clang-format on */

#define DECLARE(name) \
  extern const hostile_request name[]; \
  extern const size_t name##_count;
HOSTILE_REQUEST_TABLES(DECLARE)
#undef DECLARE

#define DECLARE(name) \
  extern const hostile_response name[]; \
  extern const size_t name##_count;
HOSTILE_RESPONSE_TABLES(DECLARE)
#undef DECLARE

#endif
