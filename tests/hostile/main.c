/* hostile_test TABLE [ROW ..] runs a table, or the rows of those names.
 * hostile_test strict_rules runs those about strict.c, by which all rows are judged.
 * With WEIR_TEST_CUT_EACH=7 in the environment only each seventh place is cut, for tools that make
 * all slow.
 * hostile_test --dump DIR writes the bytes of all rows, one file each, into folders that exist:
 * DIR/request/TABLE-N and DIR/response/TABLE-N. They are seeds for fuzzing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hostile/run.h"
#include "hostile/tables.h"

static bool run_table(const char *table) {
  if (strcmp(table, "strict_rules") == 0) return run_strict_rules(), true;
#define RUN(name) \
  if (strcmp(table, #name) == 0) return run_hostile_requests(name, name##_count), true;
  HOSTILE_REQUEST_TABLES(RUN)
#undef RUN
#define RUN(name) \
  if (strcmp(table, #name) == 0) return run_hostile_responses(name, name##_count), true;
  HOSTILE_RESPONSE_TABLES(RUN)
#undef RUN
  return false;
}

/* ---- seeds ---- */

static void write_seed(const char *dir, const char *kind, const char *table, size_t number,
                       const hostile_input *input) {
  char path[4096];
  size_t len;
  char *bytes = hostile_expand(input, &len);
  snprintf(path, sizeof path, "%s/%s/%s-%zu", dir, kind, table, number);
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(bytes, 1, len, file) != len || fclose(file)) {
    perror(path);
    exit(1);
  }
  free(bytes);
}

static int dump(const char *dir) {
#define DUMP(name) \
  for (size_t i = 0; i < name##_count; i++) write_seed(dir, "request", #name, i, &name[i].bytes);
  HOSTILE_REQUEST_TABLES(DUMP)
#undef DUMP
#define DUMP(name) \
  for (size_t i = 0; i < name##_count; i++) write_seed(dir, "response", #name, i, &name[i].bytes);
  HOSTILE_RESPONSE_TABLES(DUMP)
#undef DUMP
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "--dump") == 0) return dump(argv[2]);
  const char *table = argc > 1 ? argv[1] : "", *each = getenv("WEIR_TEST_CUT_EACH");
  check_begin(argc - 1, argv + 1);
  if (each) {
    printf("only each place whose number %s divides is cut\n", each);
    hostile_cut_less(strtoul(each, NULL, 10));
  }
  if (!run_table(table)) printf("there is no table \"%s\"\n", table);
  return check_end();
}
