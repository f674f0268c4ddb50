/* The whole test harness. A test is a function named for the sentence it proves, listed in main:
 *
 *   static void a_name_is_found_in_any_case(void) { CHECK_STR(weir_head_get(head, "HOST"), "a"); }
 *
 *   int main(int argc, char **argv) {
 *     check_begin(argc, argv);
 *     TEST(a_name_is_found_in_any_case);
 *     return check_end();
 *   }
 *
 * `./x_test NAME ..` runs only those named. Checks are never compiled out, print both values, go on
 * after a failure, and say whether they held: if (!CHECK(head != NULL)) return; */
#ifndef WEIR_TEST_CHECK_H
#define WEIR_TEST_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of two values the first is what came out, the second what should have. */
#define CHECK(cond) check_true(__FILE__, __LINE__, #cond, (cond))
#define CHECK_INT(got, want) \
  check_int(__FILE__, __LINE__, #got, (intmax_t)(got), #want, (intmax_t)(want))
/* NULL is a value like another. */
#define CHECK_STR(got, want) check_str(__FILE__, __LINE__, #got, (got), #want, (want))
#define CHECK_MEM(got, got_len, want, want_len) \
  check_mem(__FILE__, __LINE__, #got, (got), (got_len), #want, (want), (want_len))

/* Names the case of a table at hand; failures say it from here to the end of the test. */
#define CHECK_CASE(...) check_case(__LINE__, __VA_ARGS__)

#define TEST(name) check_run(#name, name)

/* The rest of the test that calls it proves nothing in this run, and why: said, and counted. */
void check_skip(const char *why);

void check_begin(int argc, char **argv);
void check_run(const char *name, void (*test)(void));
/* What main returns: 0 only if tests ran and every check in them held. */
int check_end(void);

bool check_true(const char *file, int line, const char *text, bool held);
bool check_int(const char *file, int line, const char *got_text, intmax_t got,
               const char *want_text, intmax_t want);
bool check_str(const char *file, int line, const char *got_text, const char *got,
               const char *want_text, const char *want);
bool check_mem(const char *file, int line, const char *got_text, const void *got, size_t got_len,
               const char *want_text, const void *want, size_t want_len);
void check_case(int line, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A copy in memory of exactly that size, so that ASan sees one byte too far. The caller frees it
 * with free(). */
char *exact_copy(const void *bytes, size_t len);

#endif
