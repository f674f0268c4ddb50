/* Loaded into weir-relay by LD_PRELOAD: counts the blocks and bytes that live, into the file that
 * SOAK_HEAP names. It changes nothing else and knows nothing of the program. The file is mapped
 * once and for all. */
#include <fcntl.h>
#include <malloc.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "heap.h"

/* The C library's own, so that nothing has to be looked up while somebody allocates. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t align, size_t size);
extern void __libc_free(void *block);

#define OPEN __attribute__((visibility("default")))

static struct heap before_the_file; /* what came before it; moved there */
static struct heap *_Atomic heap = &before_the_file;

static void note_peak(struct heap *h, int64_t bytes) {
  int64_t peak = atomic_load_explicit(&h->peak, memory_order_relaxed);
  while (bytes > peak && !atomic_compare_exchange_weak(&h->peak, &peak, bytes)) continue;
}

static void add(void *block, int sign) {
  struct heap *h = heap;
  if (!block) return;
  int64_t size = sign * (int64_t)malloc_usable_size(block);
  atomic_fetch_add_explicit(&h->blocks, sign, memory_order_relaxed);
  note_peak(h, atomic_fetch_add_explicit(&h->bytes, size, memory_order_relaxed) + size);
}

__attribute__((constructor)) static void open_file(void) {
  const char *path = getenv("SOAK_HEAP");
  int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
  if (fd < 0 || ftruncate(fd, sizeof(struct heap))) return;
  void *map = mmap(NULL, sizeof(struct heap), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (map == MAP_FAILED) return;
  struct heap *file = map;
  file->blocks = before_the_file.blocks;
  file->bytes = file->peak = before_the_file.bytes;
  heap = file;
}

OPEN void *malloc(size_t size) {
  void *block = __libc_malloc(size);
  add(block, 1);
  return block;
}

OPEN void *calloc(size_t count, size_t size) {
  void *block = __libc_calloc(count, size);
  add(block, 1);
  return block;
}

/* A block that cannot grow stays what it is. */
OPEN void *realloc(void *block, size_t size) {
  add(block, -1);
  void *grown = __libc_realloc(block, size);
  add(grown || size == 0 ? grown : block, 1);
  return grown;
}

OPEN void *memalign(size_t align, size_t size) {
  void *block = __libc_memalign(align, size);
  add(block, 1);
  return block;
}

OPEN void *aligned_alloc(size_t align, size_t size) { return memalign(align, size); }

OPEN int posix_memalign(void **out, size_t align, size_t size) {
  void *block = memalign(align, size);
  if (!block) return 12; /* ENOMEM */
  *out = block;
  return 0;
}

OPEN void free(void *block) {
  add(block, -1);
  __libc_free(block);
}
