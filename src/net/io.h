/* What everything that does I/O for one relay shares. It knows none of those objects, it only
 * counts them. It belongs to the relay, which may go when the count is back at zero. */
#ifndef WEIR_NET_IO_H
#define WEIR_NET_IO_H

#include <assert.h>
#include <uv.h>

#include "base/mem.h"

enum { WEIR__SCRATCH = 65536 };

typedef struct weir__io {
  uv_loop_t *loop;
  weir__mem *mem;
  char *scratch;    /* WEIR__SCRATCH bytes to read into; nothing keeps a pointer into it .. */
  void *block;      /* .. and what was allocated for them: they begin a page in it */
  size_t high, low; /* marks for the outboxes */
  struct weir__tls_loop *tls; /* net/stream_tls.h; NULL before the first TLS stream */
  unsigned live; /* objects whose memory has not gone back: streams, listeners, look-ups */
  void (*on_last)(struct weir__io *io); /* the count came back to zero; may be NULL */
} weir__io;

/* Makes the scratch buffer, which begins a page: kernels copy whole pages faster than across their
 * borders. The marks and on_last are the caller's to set. WEIR_ENOMEM. */
int weir__io_init(weir__io *io, uv_loop_t *loop, weir__mem *mem);
/* Frees what all of the loop's objects shared, once none of them lives. */
void weir__io_free(weir__io *io);

static inline void weir__io_hold(weir__io *io) { io->live++; }

static inline void weir__io_drop(weir__io *io) {
  assert(io->live > 0);
  if (--io->live == 0 && io->on_last) io->on_last(io);
}

#endif
