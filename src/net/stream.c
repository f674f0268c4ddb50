/* What every stream can do, whatever it is made of. */
#include "net/stream.h"

static void ignore_data(void *owner, weir__slice data) { (void)owner, (void)data; }
static void ignore_status(void *owner, int status) { (void)owner, (void)status; }
static void ignore(void *owner) { (void)owner; }

static const weir__stream_events nobody = {.on_data = ignore_data,
                                           .on_end = ignore_status,
                                           .on_drained = ignore,
                                           .on_write_error = ignore_status,
                                           .on_closed = ignore};

void weir__stream_discard(weir__stream *s) {
  weir__stream_own(s, &nobody, NULL);
  weir__stream_close(s);
}

void weir__stream_break(weir__stream *s) {
  weir__stream_own(s, &nobody, NULL);
  weir__stream_reset(s);
}
