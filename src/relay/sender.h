/* One outgoing message on a stream: the response to a client, the request to an origin. It does not
 * know which, nor what the bytes mean. Slices stay their owner's until the flush; everything the
 * socket did not take is copied then.
 *
 * All that one read brought (head, pieces, end) is gathered and leaves in one write. The gathering
 * place is one for the relay, because one read happens at a time: a sender that finds it taken by
 * another one flushes that one first. */
#ifndef WEIR_RELAY_SENDER_H
#define WEIR_RELAY_SENDER_H

#include "base/buf.h"
#include "http/body.h"
#include "http/h1_write.h"
#include "net/stream.h"

enum { WEIR__BATCH_MAX = 64 };

typedef struct weir__sender weir__sender;

typedef struct weir__batch {
  weir__sender *owner;                 /* whose bytes these are; NULL: empty */
  weir__slice slices[WEIR__BATCH_MAX]; /* ptr NULL: the next `len` bytes of `text` */
  size_t count;
  weir__buf text; /* heads and trailers */
  size_t chunk;   /* index + 1 of the size line that waits for its number; 0: no chunk open */
  size_t chunk_len;
  char line[WEIR__CHUNK_LINE];
  weir__slice read; /* the bytes that are being fed, in which pieces may lie; or empty */
} weir__batch;

struct weir__sender {
  weir__batch *batch;
  weir__stream *stream; /* NULL: not connected yet, bytes go to `early` */
  weir__buf *early;     /* NULL: none */
  uint32_t early_max;   /* more than this waiting there is WEIR__FULL; 0: nothing may */
  int carried;          /* result of a flush that another sender forced */
  weir__body body;
  uint64_t sent; /* bytes the stream has taken */
  bool ended;
};

void weir__sender_init(weir__sender *sender, weir__batch *batch, uint32_t early_max);

/* True if more waits early than should. */
bool weir__sender_overfull(const weir__sender *sender);

/* Forgets what was gathered or waits early, and the message. The stream is not touched. */
void weir__sender_drop(weir__sender *sender);

/* The verbs of a message. 0, WEIR_ENOMEM, WEIR_EFRAMING (a body that does not fit the length).
 * weir__sender_interim() writes a head after which the real one is still to come. */
int weir__sender_interim(weir__sender *sender, const weir_head *head, const weir__h1_extra *extra);
int weir__sender_head(weir__sender *sender, const weir_head *head, const weir__h1_extra *extra,
                      weir__body body);
int weir__sender_body(weir__sender *sender, weir__slice span);
/* The same for bytes that do not live until the flush: they are copied. */
int weir__sender_text(weir__sender *sender, weir__slice text);
/* WEIR_ETRUNCATED if a length is still owed. `trailers` may be NULL. */
int weir__sender_end(weir__sender *sender, const weir_head *trailers);

/* One write for everything gathered. 0, WEIR__FULL (taken, but pause), or why the stream failed; if
 * it failed before it had taken the first byte of the message, the bytes are kept early, for
 * another stream. */
int weir__sender_flush(weir__sender *sender);

/* Connects the sender; what waited early goes out at once. As weir__sender_flush(). */
int weir__sender_attach(weir__sender *sender, weir__stream *stream);

/* Bytes that wait on this side: early, or in the stream. */
size_t weir__sender_pending(const weir__sender *sender);

#endif
