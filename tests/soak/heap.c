/* See heap/heap.h: the judge's half. */
#include "heap/heap.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct heap *heap_map(const char *path) {
  struct stat file;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return NULL;
  bool fits = fstat(fd, &file) == 0 && file.st_size == sizeof(struct heap);
  void *heap = fits ? mmap(NULL, sizeof(struct heap), PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
  close(fd);
  return heap == MAP_FAILED ? NULL : heap;
}

void heap_unmap(struct heap *heap) {
  if (heap) munmap(heap, sizeof *heap);
}
