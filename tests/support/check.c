#include "support/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
  char **wanted; /* names on the command line */
  int wanted_count;
  int run, failed, skipped; /* tests */
  int failures;             /* checks of the running test */
  const char *why_skipped;  /* the running test; NULL: it is not */
  char the_case[200];
} check;

void check_begin(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0); /* so that a crash does not swallow what came before */
  check.wanted = argv + 1;
  check.wanted_count = argc > 1 ? argc - 1 : 0;
}

static bool is_wanted(const char *name) {
  for (int i = 0; i < check.wanted_count; i++)
    if (strcmp(check.wanted[i], name) == 0) return true;
  return check.wanted_count == 0;
}

void check_run(const char *name, void (*test)(void)) {
  if (!is_wanted(name)) return;
  check.run++;
  check.failures = 0;
  check.why_skipped = NULL;
  check.the_case[0] = '\0';
  test();
  bool skipped = check.why_skipped && !check.failures;
  if (check.failures) check.failed++;
  if (skipped) check.skipped++;
  printf("%s %s%s%s\n",
         check.failures ? "FAILED"
         : skipped      ? "skip  "
                        : "ok    ",
         name, skipped ? ": " : "", skipped ? check.why_skipped : "");
}

void check_skip(const char *why) { check.why_skipped = why; }

int check_end(void) {
  printf("%d of %d failed", check.failed, check.run);
  if (check.skipped) printf(", %d skipped", check.skipped);
  printf("\n");
  if (!check.run) printf("nothing ran\n");
  return check.run && !check.failed ? 0 : 1;
}

void check_case(int line, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int n = snprintf(check.the_case, sizeof check.the_case, "  case at line %d: ", line);
  vsnprintf(check.the_case + n, sizeof check.the_case - (size_t)n, format, args);
  va_end(args);
}

static void fail(const char *file, int line) {
  check.failures++;
  if (check.the_case[0]) printf("%s\n", check.the_case);
  printf("%s:%d: ", file, line);
}

bool check_true(const char *file, int line, const char *text, bool held) {
  if (held) return true;
  fail(file, line);
  printf("%s does not hold\n", text);
  return false;
}

bool check_int(const char *file, int line, const char *got_text, intmax_t got,
               const char *want_text, intmax_t want) {
  if (got == want) return true;
  fail(file, line);
  printf("%s is %jd, not %s (%jd)\n", got_text, got, want_text, want);
  return false;
}

static void print_byte(unsigned char c) {
  if (c == '\r')
    printf("\\r");
  else if (c == '\n')
    printf("\\n");
  else if (c == '"' || c == '\\')
    printf("\\%c", c);
  else
    printf(c >= 0x20 && c < 0x7f ? "%c" : "\\x%02x", c);
}

enum { PRINT_MAX = 4000 };

static void print_bytes(const char *prefix, const void *bytes, size_t len) {
  if (!bytes) {
    printf("  %s NULL\n", prefix);
    return;
  }
  printf("  %s \"", prefix);
  for (size_t i = 0; i < len && i < PRINT_MAX; i++) print_byte(((const unsigned char *)bytes)[i]);
  printf("\"%s (%zu bytes)\n", len > PRINT_MAX ? ".." : "", len);
}

bool check_mem(const char *file, int line, const char *got_text, const void *got, size_t got_len,
               const char *want_text, const void *want, size_t want_len) {
  if (got_len == want_len && (!got_len || memcmp(got, want, got_len) == 0)) return true;
  fail(file, line);
  printf("%s is not %s\n", got_text, want_text);
  print_bytes("got ", got, got_len);
  print_bytes("want ", want, want_len);
  return false;
}

bool check_str(const char *file, int line, const char *got_text, const char *got,
               const char *want_text, const char *want) {
  if (got && want)
    return check_mem(file, line, got_text, got, strlen(got), want_text, want, strlen(want));
  if (got == want) return true;
  fail(file, line);
  printf("%s is not %s\n", got_text, want_text);
  print_bytes("got ", got, got ? strlen(got) : 0);
  print_bytes("want ", want, want ? strlen(want) : 0);
  return false;
}

char *exact_copy(const void *bytes, size_t len) {
  char *copy = malloc(len ? len : 1);
  if (!copy) abort();
  if (len) memcpy(copy, bytes, len);
  return copy;
}
