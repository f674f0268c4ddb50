/* See io.h. */
#include "net/io.h"

#include <stdint.h>

#include "weir/err.h"

enum { PAGE = 4096 };

int weir__io_init(weir__io *io, uv_loop_t *loop, weir__mem *mem) {
  *io = (weir__io){.loop = loop, .mem = mem, .block = weir__mem_new(mem, WEIR__SCRATCH + PAGE)};
  if (!io->block) return WEIR_ENOMEM;
  io->scratch = (char *)io->block + (-(uintptr_t)io->block % PAGE);
  return 0;
}

void weir__io_free(weir__io *io) {
  weir__mem_free(io->mem, io->block);
  weir__mem_free(io->mem, io->tls);
  io->block = io->scratch = NULL;
  io->tls = NULL;
}
