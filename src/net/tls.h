/* The TLS engine: cipher bytes in, plain bytes out; plain bytes in, cipher bytes out. It knows no
 * stream and no loop, takes nothing from a relay's allocator once it is made (Mbed TLS takes its
 * own from malloc), and keeps no pointer behind a call. An engine belongs to whoever made it; it
 * holds the certificates it began with until it goes.
 *
 * Threads: one thread at a time. Different engines run in different threads at once, also those of
 * one weir_tls. So a handshake step may run in a thread-pool job, which owns the engine and the
 * bytes it was given until it is done; nothing it does calls an allocator of a relay. */
#ifndef WEIR_NET_TLS_H
#define WEIR_NET_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/slice.h"
#include "weir/tls.h"

typedef struct weir__tls weir__tls;

enum {
  WEIR__TLS_RECORD = 16384, /* plain bytes that one record takes at most; with TLS 1.3 one less */
  /* What that record is at most on the wire, whatever the cipher. */
  WEIR__TLS_CIPHER = WEIR__TLS_RECORD + 512,
  /* What an engine takes at most, with its handshake: Mbed TLS 3.6 has two record buffers of 17
   * KiB, a dozen KiB of keys and transcripts, and both chains, which limits itself to a message of
   * 16 KiB each, parsed. */
  WEIR__TLS_ENGINE_BOUND = 192 * 1024
};

/* Room for bytes of which the first `len` are used. */
typedef struct weir__room {
  char *ptr;
  size_t len, cap;
} weir__room;

static inline weir__room weir__room_of(char *ptr, size_t cap) { return (weir__room){ptr, 0, cap}; }
static inline weir__slice weir__room_slice(const weir__room *r) {
  return weir__slice_of(r->ptr, r->len);
}

/* What handshake, read and write say besides the errors. */
enum weir__tls_result {
  WEIR__TLS_DONE = 0,   /* handshake: it is over. write: all was taken */
  WEIR__TLS_MORE = 1,   /* all of `in` was taken, and more of it is needed */
  WEIR__TLS_FULL = 2,   /* a room is full: empty it and call again */
  WEIR__TLS_CLOSED = 3, /* read: close_notify came; no more plain bytes will. Writing goes on */
};

/* An engine for a client that was accepted, or for an origin at `host` (name or address; its
 * default for server name and name to verify). `session` is what weir__tls_session() gave for the
 * same origin, or empty; one that is of no use any more is passed over. WEIR_ENOMEM, WEIR_EINVAL
 * (no name to verify), WEIR_ETLS_FAILED. */
int weir__tls_accept(weir__tls **engine, weir__mem *mem, weir_tls *tls);
int weir__tls_connect(weir__tls **engine, weir__mem *mem, weir_tls *tls, const char *host,
                      weir__slice session);
void weir__tls_free(weir__tls *engine);

/* In all of these: `in` is moved past the bytes that were taken; bytes to be sent are appended to
 * `out`, also when an error is returned (an alert: it should be sent before the connection ends),
 * for which a room must have 64 bytes left, or FULL may come for ever. An error is final: the same
 * comes again from every later call. */

/* Shakes hands: a client begins with an empty `in`. Takes milliseconds where keys are exchanged.
 * Stops when it is over: what is left of `in` is for weir__tls_read(). */
int weir__tls_handshake(weir__tls *engine, weir__slice *in, weir__room *out);

/* Appends to `plain`; what stands there is good even when an error is returned. Never DONE.
 * If `plain` has room for as much as `in` and a record more, one call takes all. */
int weir__tls_read(weir__tls *engine, weir__slice *in, weir__room *plain, weir__room *out);

/* Plain bytes on their way out: the slices, of which the first `skip` bytes have gone. */
typedef struct weir__tls_flush {
  const weir__slice *slices;
  size_t count, skip;
} weir__tls_flush;

/* Makes one record of up to WEIR__TLS_RECORD bytes, the next when there are more. FULL when `out`
 * has no room for the next record: with WEIR__TLS_CIPHER bytes there always is. */
int weir__tls_write(weir__tls *engine, weir__tls_flush *plain, weir__room *out);

/* Sends close_notify, once; no write may follow, reads may. */
int weir__tls_close(weir__tls *engine, weir__room *out);

/* Record buffers that open engines of one thread share: 33 KB for all of them. Zero at first; its
 * memory is there as long as one of its engines is, before which it must not go. */
typedef struct weir__tls_spare {
  unsigned char *in, *out;
  unsigned users;
} weir__tls_spare;

/* From now on the engine, which is open (or nothing happens), uses `spare` and not its own, but for
 * as long as it holds half a record. A call may then fail with WEIR_ENOMEM. */
void weir__tls_share(weir__tls *engine, weir__tls_spare *spare);

/* How many bytes of `in` are whole records, or too wrong to become any: a handshake step with less
 * is not worth a job. */
size_t weir__tls_records(weir__slice in);

/* True if no key is exchanged, signed or verified in what is left of a handshake: then it is over
 * within some tens of microseconds. */
bool weir__tls_is_light(const weir__tls *engine);

bool weir__tls_is_client(const weir__tls *engine); /* it speaks first */
bool weir__tls_is_open(const weir__tls *engine);
/* The protocol that ALPN chose, or NULL. */
const char *weir__tls_alpn(const weir__tls *engine);
/* enum weir_tls_version, and the cipher as IANA writes it; once open. */
int weir__tls_version(const weir__tls *engine);
const char *weir__tls_cipher(const weir__tls *engine);
/* What a connection that ends without close_notify has ended with: WEIR_ETLS_TRUNCATED, or 0 where
 * the options let it. */
int weir__tls_bare_end(const weir__tls *engine);
/* The alert that came with WEIR_ETLS_ALERT (RFC 8446, 6), or -1 if that is not known. */
int weir__tls_alert(const weir__tls *engine);
/* True if an origin's certificate was not looked at since a session was resumed. */
bool weir__tls_resumed(const weir__tls *engine);

/* True if a session has come (with TLS 1.3 during any read) that was not fetched yet. */
bool weir__tls_has_session(const weir__tls *engine);
/* Fetches it, in memory of `mem` that is the caller's. WEIR_ENOMEM, WEIR_ESTATE (there is none). */
int weir__tls_session(weir__tls *engine, weir__mem *mem, weir__slice *session);

/* For whoever keeps a weir_tls beside the host. */
void weir__tls_hold(weir_tls *tls);
bool weir__tls_is_server(const weir_tls *tls);

#endif
