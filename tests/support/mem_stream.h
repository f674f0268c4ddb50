/* A weir__stream in memory, for tests without sockets: the test decides what the peer sends, how
 * much the "socket" takes and which verb fails, and reads what was written. It belongs to the test,
 * also after on_closed, so that its records can still be looked at. */
#ifndef WEIR_TEST_MEM_STREAM_H
#define WEIR_TEST_MEM_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "net/stream.h"

/* One writev(): what it was given, joined, and what it returned. */
typedef struct mem_write {
  char *ptr; /* NUL-terminated */
  size_t len, slices;
  int result;
} mem_write;

typedef struct mem_stream {
  weir__stream base; /* hand out &m->base */

  /* The test may set these at any time. */
  size_t window;       /* bytes the socket takes before it blocks; SIZE_MAX at first */
  size_t high, low;    /* water marks; 256 KiB and 64 KiB at first */
  int fail_writev;     /* what the next writev() returns, taking nothing; 0: it works */
  int fail_read_start; /* likewise */
  int fail_shutdown;   /* likewise */
  bool not_silent;     /* what silent() denies */
  bool left;           /* what the verb of that name says */
  size_t unacked;      /* what unacked() says */

  /* What happened. */
  mem_write *writes;
  size_t write_count;
  char *written; /* what all successful writev() calls took, joined; NUL-terminated */
  size_t written_len;
  size_t accepted; /* as many of them has the socket taken so far */
  unsigned starts, stops;
  bool reading, shut, closed, was_reset; /* shut: shutdown() was called; closed: or reset */
  bool fin_sent;                         /* .. and all before it was taken */
  bool gone;                             /* on_closed was delivered: using it any more aborts */

  bool full, ended, failed;
} mem_stream;

void mem_stream_init(mem_stream *m);
/* Frees the records. */
void mem_stream_free(mem_stream *m);

/* The peer sends. Each must be met by a stream that is reading; false (and nothing reported) if it
 * is not, is closed or has ended. The bytes are handed over in memory of their exact size, which is
 * gone when on_data returns. */
bool mem_stream_feed(mem_stream *m, const char *bytes, size_t len);
bool mem_stream_feed_str(mem_stream *m, const char *str);
bool mem_stream_feed_end(mem_stream *m, int status);

/* The socket takes up to `n` more of what waits (and no more: the window is 0 then), or all of it and
 * whatever comes later. Reports on_drained as net/stream.h says. */
void mem_stream_accept(mem_stream *m, size_t n);
void mem_stream_accept_all(mem_stream *m);

/* What waits will never be taken: on_write_error. */
void mem_stream_fail_write(mem_stream *m, int status);

/* Delivers on_closed if it is due; true if it did. */
bool mem_stream_run(mem_stream *m);

/* Forgets the records, so that a test can look at what comes from here on. What still waits goes on
 * waiting, and shows up in none of them. */
void mem_stream_clear(mem_stream *m);

#endif
