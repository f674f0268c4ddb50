/* Over examples/relay/calloc.c, or the C library's own where the program leaves it that. */
#define _GNU_SOURCE
#include "../../examples/relay/calloc.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"

/* Out of sight of compilers that know what malloc() and calloc() do. */
static void *(*volatile make)(size_t, size_t) = calloc;

static void memory_that_was_used_before_is_zero(void) {
  static const size_t sizes[] = {1, 24, 100, 1032, 4096, 200000};
  static const char zero[200000];
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    char *volatile used = malloc(sizes[i]);
    CHECK_CASE("%zu bytes", sizes[i]);
    CHECK(used != NULL);
    memset(used, 0xa5, sizes[i]);
    free(used);
    char *memory = make(1, sizes[i]);
    CHECK_MEM(memory, sizes[i], zero, sizes[i]);
    free(memory);
  }
}

#ifndef RELAY_SANITIZED /* there it would end the program */
static void a_size_that_overflows_is_no_memory(void) {
  CHECK(make(SIZE_MAX / 2, 3) == NULL);
  CHECK(make(3, SIZE_MAX / 2) == NULL);
  CHECK(make(SIZE_MAX, SIZE_MAX) == NULL);
}
#endif

static void nothing_can_be_freed(void) {
  free(make(0, 8));
  free(make(8, 0));
}

/* Else Mbed TLS would go on with the other one, and nobody would notice. */
static void libraries_find_it(void) {
#ifdef RELAY_CALLOC
  CHECK(dlsym(RTLD_DEFAULT, "calloc") == (void *)make);
  CHECK(dlsym(RTLD_NEXT, "calloc") != (void *)make);
#endif
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(memory_that_was_used_before_is_zero);
#ifndef RELAY_SANITIZED
  TEST(a_size_that_overflows_is_no_memory);
#endif
  TEST(nothing_can_be_freed);
  TEST(libraries_find_it);
  return check_end();
}
