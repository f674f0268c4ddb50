/* See usage.h. */
#include "usage.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

/* What is held may differ between two times without streams by what libuv has of its own: arrays
 * that only grow. */
enum { MORE_BLOCKS = 4, MORE_BYTES = 32 * 1024 };

/* Pages are another matter: the allocator keeps what lies between blocks that live, so they may
 * stand where the highest tide left them, and a quarter more, but not beyond. (A leak of blocks
 * shows above, long before.) The rest is what the program touches only with streams: code, stacks,
 * the allocator's own. */
enum { PER_TIDE = 125, MORE_PSS_KIB = 1024 };

unsigned usage_descriptors(pid_t pid) {
  char path[64];
  unsigned count = 0;
  snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
  DIR *dir = opendir(path);
  if (!dir) return 0;
  for (struct dirent *entry; (entry = readdir(dir));)
    if (entry->d_name[0] != '.') count++;
  closedir(dir);
  return count;
}

static uint64_t read_pss(pid_t pid) {
  char path[64], line[256];
  uint64_t kib = 0;
  snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
  FILE *file = fopen(path, "r");
  if (!file) return 0;
  while (fgets(line, sizeof line, file))
    if (sscanf(line, "Pss: %" SCNu64, &kib) == 1) break;
  fclose(file);
  return kib;
}

void usage_read(struct usage *usage, pid_t pid, const struct heap *heap) {
  *usage = (struct usage){.descriptors = usage_descriptors(pid), .pss_kib = read_pss(pid)};
  if (!heap) return;
  usage->blocks = (uint64_t)heap->blocks;
  usage->bytes = (uint64_t)heap->bytes;
  usage->peak = (uint64_t)heap->peak;
}

void usage_check_descriptors(unsigned first, const struct usage *now) {
  looked(CHECK_DESCRIPTORS);
  if (now->descriptors != first)
    broken(CHECK_DESCRIPTORS, 0, 0, "%u descriptors without any stream, %u when it began",
           now->descriptors, first);
}

static void check_heap(const struct usage *first, const struct usage *now) {
  looked(CHECK_HEAP);
  if (now->blocks > first->blocks + MORE_BLOCKS || now->bytes > first->bytes + MORE_BYTES)
    broken(CHECK_HEAP, 0, 0,
           "%" PRIu64 " blocks, %" PRIu64 " bytes allocated without any stream; the first time it "
           "was %" PRIu64 " and %" PRIu64,
           now->blocks, now->bytes, first->blocks, first->bytes);
}

void usage_check_memory(uint64_t began_pss_kib, const struct usage *first,
                        const struct usage *now) {
  uint64_t most = began_pss_kib + now->peak / 1024 * PER_TIDE / 100 + MORE_PSS_KIB;
  check_heap(first, now);
  looked(CHECK_PSS);
  if (now->pss_kib > most)
    broken(CHECK_PSS, 0, 0,
           "%" PRIu64 " KiB (PSS) without any stream; it began with %" PRIu64
           ", and its streams never held more than %" PRIu64 " KiB",
           now->pss_kib, began_pss_kib, now->peak / 1024);
}
