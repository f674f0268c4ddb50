/* A byte stream: a small table of verbs and a small table of events. It does not know what its
 * implementations are made of, nor what the bytes mean. A stream belongs to whoever opened it until
 * close(); after on_closed it is gone. */
#ifndef WEIR_NET_STREAM_H
#define WEIR_NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

typedef struct weir__stream weir__stream;

/* What writev() and flush functions say besides 0 and errors: all was taken, but more than the high
 * water mark waits now; send no more before on_drained. */
enum { WEIR__FULL = 1 };

/* `owner` is the stream's owner field. Every event may call any verb. After close() or reset() only
 * on_closed comes. */
typedef struct weir__stream_events {
  /* Bytes that were read; valid until it returns. Never after on_end. */
  void (*on_data)(void *owner, weir__slice data);
  /* No more will come: 0 for FIN, else the error. Writing may still work after 0. */
  void (*on_end)(void *owner, int status);
  /* Less waits than before: comes when the low water mark is passed after WEIR__FULL, and when
   * nothing waits any more (also when a later writev() failed for want of memory). */
  void (*on_drained)(void *owner);
  /* A write failed after writev() had taken the bytes: the peer is gone. Comes at most once. */
  void (*on_write_error)(void *owner, int status);
  /* The last event. The stream's memory goes back when it returns. */
  void (*on_closed)(void *owner);
} weir__stream_events;

typedef struct weir__stream_verbs {
  /* Begin or stop reporting on_data and on_end. Idempotent. read_start: 0 or an error. */
  int (*read_start)(weir__stream *stream);
  void (*read_stop)(weir__stream *stream);
  /* Takes all `count` slices or fails: what the socket does not take at once is copied. 0,
   * WEIR__FULL, WEIR_ENOMEM, or what the system says; after an error the stream is good for close()
   * and reset() only. Never reports an event before it returns. */
  int (*writev)(weir__stream *stream, const weir__slice *slices, size_t count);
  /* Bytes taken that the socket has not accepted yet. */
  size_t (*pending)(const weir__stream *stream);
  /* Sends FIN behind everything taken. Never reports an event before it returns. */
  int (*shutdown)(weir__stream *stream);
  /* close: ends the stream; bytes still pending are dropped. reset: likewise, with RST where there
   * is such a thing. Both idempotent; on_closed comes later, never before they return. */
  void (*close)(weir__stream *stream);
  void (*reset)(weir__stream *stream);
  /* True if the peer has been silent so far: no byte, FIN or error waits to be read. Costs a system
   * call; asked before a request goes onto a connection that was idle. */
  bool (*silent)(const weir__stream *stream);
  /* True if the peer has sent RST, or with `fin` FIN, also behind bytes that were not read. Costs a
   * system call; asked now and then while reading is stopped, for no event can come then. */
  bool (*left)(const weir__stream *stream, bool fin);
  /* Bytes that the peer's kernel has not acknowledged; 0 where nobody can tell. */
  size_t (*unacked)(const weir__stream *stream);
  /* How many bytes it has added to those it took: pending and unacked count them too. */
  uint64_t (*added)(const weir__stream *stream);
} weir__stream_verbs;

struct weir__stream {
  const weir__stream_verbs *verbs;
  const weir__stream_events
      *events; /* set by the owner before read_start; may be changed at any time */
  void *owner;
};

static inline void weir__stream_own(weir__stream *s, const weir__stream_events *events,
                                    void *owner) {
  s->events = events;
  s->owner = owner;
}
static inline int weir__stream_read_start(weir__stream *s) { return s->verbs->read_start(s); }
static inline void weir__stream_read_stop(weir__stream *s) { s->verbs->read_stop(s); }
static inline int weir__stream_writev(weir__stream *s, const weir__slice *v, size_t n) {
  return s->verbs->writev(s, v, n);
}
static inline size_t weir__stream_pending(const weir__stream *s) { return s->verbs->pending(s); }
static inline int weir__stream_shutdown(weir__stream *s) { return s->verbs->shutdown(s); }
static inline void weir__stream_close(weir__stream *s) { s->verbs->close(s); }
static inline void weir__stream_reset(weir__stream *s) { s->verbs->reset(s); }
static inline bool weir__stream_silent(const weir__stream *s) { return s->verbs->silent(s); }
static inline bool weir__stream_left(const weir__stream *s, bool fin) {
  return s->verbs->left(s, fin);
}
/* Closes a stream that nobody listens to any more. */
void weir__stream_discard(weir__stream *s);
/* The same, with a reset. */
void weir__stream_break(weir__stream *s);
static inline size_t weir__stream_unacked(const weir__stream *s) { return s->verbs->unacked(s); }
static inline uint64_t weir__stream_added(const weir__stream *s) { return s->verbs->added(s); }

#endif
