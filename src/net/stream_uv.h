/* uv_tcp_t and uv_pipe_t as a weir__stream: try to write first, keep the rest in an outbox. It
 * knows neither TLS nor HTTP. Its memory goes back in the close callback of its handle, or, for a
 * handle that a host lent, when the handle is given back. */
#ifndef WEIR_NET_STREAM_UV_H
#define WEIR_NET_STREAM_UV_H

#include <uv.h>

#include "net/io.h"
#include "net/outbox.h"
#include "net/tcp.h"
#include "net/stream.h"

typedef struct weir__stream_uv weir__stream_uv;

/* A stream with its own, fresh handle of the given type (UV_TCP or UV_NAMED_PIPE), for accepting
 * into or connecting with. WEIR_ENOMEM or libuv's code. It must be ended with close() even if it
 * was never connected. `base` of the result is the weir__stream. */
int weir__stream_uv_new(weir__stream_uv **stream, weir__io *io, uv_handle_type type);

/* A stream around a handle that a host lent. close() closes the host's handle, too; on_closed then
 * means that the host may free it. WEIR_EINVAL for another type, WEIR_ENOMEM. */
int weir__stream_uv_borrow(weir__stream_uv **stream, weir__io *io, uv_stream_t *handle);

/* Gives a lent handle back, open, not reading, its `data` restored; the stream's memory goes back
 * at once and no event follows. Only when nothing is pending and close() was not called. */
uv_stream_t *weir__stream_uv_give_back(weir__stream_uv *stream);

weir__stream *weir__stream_uv_base(weir__stream_uv *stream);
uv_stream_t *weir__stream_uv_handle(weir__stream_uv *stream);

/* As those of net/tcp. For pipes: nothing. */
void weir__stream_uv_tune(weir__stream_uv *stream, const weir__tcp_options *options);
void weir__stream_uv_set_notsent_lowat(weir__stream_uv *stream, unsigned bytes);

/* What one stream costs, for weir_relay_bytes_max(). */
size_t weir__stream_uv_size(void);

#endif
