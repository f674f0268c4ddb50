/* Feeds files to a fuzz target without libFuzzer, so that seeds and old findings are part of the
 * ordinary suite with any compiler. It knows no target: the one it is linked with decides. Arguments
 * are files, or folders of files. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz/fuzz.h"

static size_t replayed;

static uint8_t *read_file(const char *path, size_t *size) {
  FILE *in = fopen(path, "rb");
  struct stat st;
  if (!in || fstat(fileno(in), &st)) return NULL;
  *size = (size_t)st.st_size;
  uint8_t *bytes = malloc(*size ? *size : 1); /* exact, so that ASan sees one byte too far */
  if (!bytes || fread(bytes, 1, *size, in) != *size) abort();
  fclose(in);
  return bytes;
}

/* The name goes out first: it is what one needs to know when the target does not return. */
static bool replay_file(const char *path) {
  size_t size;
  uint8_t *bytes = read_file(path, &size);
  if (!bytes) return false;
  fprintf(stderr, "%s\n", path);
  LLVMFuzzerTestOneInput(bytes, size);
  free(bytes);
  replayed++;
  return true;
}

static bool replay(const char *path);

static bool replay_folder(const char *path, DIR *dir) {
  struct dirent *entry;
  bool good = true;
  while ((entry = readdir(dir))) {
    char inside[PATH_MAX];
    if (entry->d_name[0] == '.') continue;
    int length = snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
    good = length < PATH_MAX && replay(inside) && good;
  }
  closedir(dir);
  return good;
}

static bool replay(const char *path) {
  DIR *dir = opendir(path);
  return dir ? replay_folder(path, dir) : replay_file(path);
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (replay(argv[i])) continue;
    fprintf(stderr, "%s cannot be read\n", argv[i]);
    return 1;
  }
  printf("%zu inputs replayed\n", replayed);
  return replayed ? 0 : 1;
}
