#include "fuzz/seeds.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SEED_MAX = 4096 };

static FILE *open_new(const char *target, int line) {
  static unsigned count;
  char path[PATH_MAX];
  const char *root = getenv("WEIR_SEEDS");
  if (!root) return NULL;
  snprintf(path, sizeof path, "%s/%s", root, target);
  if (mkdir(path, 0777) && errno != EEXIST) return NULL;
  snprintf(path, sizeof path, "%s/%s/%s-%d-%u", root, target, program_invocation_short_name, line,
           count++);
  return fopen(path, "wb");
}

void seed_write(const char *target, int line, const seed_part *parts, size_t count) {
  size_t size = 0;
  for (size_t i = 0; i < count; i++) size += parts[i].len;
  if (size > SEED_MAX) return;
  FILE *out = open_new(target, line);
  for (size_t i = 0; out && i < count; i++)
    if (parts[i].len && fwrite(parts[i].ptr, 1, parts[i].len, out) != parts[i].len) abort();
  if (out && fclose(out) == 0) return;
  fprintf(stderr, "cannot write seeds: $WEIR_SEEDS must be a folder\n");
  exit(1);
}
