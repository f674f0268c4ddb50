/* A weir__stream in memory: bytes that were written are kept in one growing string, of which the
 * first `accepted` have left. It reports nothing by itself, but inside the functions named for what
 * the peer or the socket does. */
#include "support/mem_stream.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/list.h"
#include "support/check.h"
#include "weir/err.h"

static mem_stream *from_base(const weir__stream *base) {
  mem_stream *m = weir__container_of(base, mem_stream, base);
  if (!m->gone) return m;
  fprintf(stderr, "mem_stream: used after on_closed\n");
  abort();
}

static void *grow(void *old, size_t size) {
  void *ptr = realloc(old, size);
  if (!ptr) abort();
  return ptr;
}

static size_t waiting(const mem_stream *m) { return m->written_len - m->accepted; }

/* ---- verbs ---- */

static int read_start(weir__stream *base) {
  mem_stream *m = from_base(base);
  if (m->fail_read_start) return m->fail_read_start;
  if (m->reading || m->ended || m->closed) return 0;
  m->reading = true;
  m->starts++;
  return 0;
}

static void read_stop(weir__stream *base) {
  mem_stream *m = from_base(base);
  if (m->reading) m->stops++;
  m->reading = false;
}

static void join(char **str, size_t *len, const weir__slice *slices, size_t count) {
  for (size_t i = 0; i < count; i++) {
    *str = grow(*str, *len + slices[i].len + 1);
    if (slices[i].len) memcpy(*str + *len, slices[i].ptr, slices[i].len);
    *len += slices[i].len;
    (*str)[*len] = '\0';
  }
}

/* The socket takes what its window lets through. */
static size_t let_through(mem_stream *m) {
  size_t n = waiting(m) < m->window ? waiting(m) : m->window;
  m->accepted += n;
  if (m->window != SIZE_MAX) m->window -= n;
  if (m->shut && !waiting(m)) m->fin_sent = true;
  return n;
}

static int take(mem_stream *m, const weir__slice *slices, size_t count) {
  if (m->closed) return WEIR_ECANCELED;
  if (m->fail_writev) return m->fail_writev;
  if (m->failed || m->shut) return UV_EPIPE;
  join(&m->written, &m->written_len, slices, count);
  let_through(m);
  if (waiting(m) <= m->high) return 0;
  m->full = true;
  return WEIR__FULL;
}

static int writev_verb(weir__stream *base, const weir__slice *slices, size_t count) {
  mem_stream *m = from_base(base);
  mem_write write = {.slices = count, .result = take(m, slices, count)};
  if (write.result < 0) m->failed = true;
  join(&write.ptr, &write.len, slices, count);
  m->writes = grow(m->writes, (m->write_count + 1) * sizeof *m->writes);
  m->writes[m->write_count++] = write;
  return write.result;
}

static size_t pending(const weir__stream *base) { return waiting(from_base(base)); }

static int shutdown_verb(weir__stream *base) {
  mem_stream *m = from_base(base);
  if (m->fail_shutdown) return m->fail_shutdown;
  if (m->shut) return 0;
  if (m->closed || m->failed) return m->closed ? WEIR_ECANCELED : UV_EPIPE;
  m->shut = true;
  let_through(m);
  return 0;
}

static void close_verb(weir__stream *base) {
  mem_stream *m = from_base(base);
  m->reading = false;
  m->closed = true;
}

static void reset_verb(weir__stream *base) {
  mem_stream *m = from_base(base);
  if (!m->closed) m->was_reset = true;
  close_verb(base);
}

static bool silent(const weir__stream *base) {
  const mem_stream *m = from_base(base);
  return !m->not_silent && !m->ended && !m->closed;
}

static bool left(const weir__stream *base, bool fin) {
  (void)fin;
  return from_base(base)->left;
}

static size_t unacked(const weir__stream *base) { return from_base(base)->unacked; }

static uint64_t added(const weir__stream *base) {
  (void)base;
  return 0;
}

static const weir__stream_verbs verbs = {
    .read_start = read_start,
    .read_stop = read_stop,
    .writev = writev_verb,
    .pending = pending,
    .shutdown = shutdown_verb,
    .close = close_verb,
    .reset = reset_verb,
    .silent = silent,
    .left = left,
    .unacked = unacked,
    .added = added,
};

/* ---- what the peer and the socket do ---- */

void mem_stream_init(mem_stream *m) {
  memset(m, 0, sizeof *m);
  m->base.verbs = &verbs;
  m->window = SIZE_MAX;
  m->high = 256 * 1024;
  m->low = 64 * 1024;
  join(&m->written, &m->written_len, &(weir__slice){"", 0}, 1);
}

void mem_stream_clear(mem_stream *m) {
  for (size_t i = 0; i < m->write_count; i++) free(m->writes[i].ptr);
  free(m->writes);
  m->writes = NULL;
  m->write_count = 0;
  if (!m->written) return;
  size_t rest = waiting(m);
  memmove(m->written, m->written + m->accepted, rest + 1);
  m->written_len = rest;
  m->accepted = 0;
}

void mem_stream_free(mem_stream *m) {
  mem_stream_clear(m);
  free(m->written);
}

static bool hears(const mem_stream *m) { return m->reading && !m->closed && !m->ended; }

bool mem_stream_feed(mem_stream *m, const char *bytes, size_t len) {
  if (!hears(m)) return false;
  char *copy = exact_copy(bytes, len);
  m->base.events->on_data(m->base.owner, weir__slice_of(copy, len));
  free(copy);
  return true;
}

bool mem_stream_feed_str(mem_stream *m, const char *str) {
  return mem_stream_feed(m, str, strlen(str));
}

bool mem_stream_feed_end(mem_stream *m, int status) {
  if (!hears(m)) return false;
  m->reading = false;
  m->ended = true;
  m->base.events->on_end(m->base.owner, status);
  return true;
}

void mem_stream_accept(mem_stream *m, size_t n) {
  if (m->closed || m->failed) return;
  m->window = n;
  size_t taken = let_through(m);
  if (m->window != SIZE_MAX) m->window = 0;
  bool low = m->full && waiting(m) <= m->low;
  if (low) m->full = false;
  if (taken && (low || !waiting(m))) m->base.events->on_drained(m->base.owner);
}

void mem_stream_accept_all(mem_stream *m) { mem_stream_accept(m, SIZE_MAX); }

void mem_stream_fail_write(mem_stream *m, int status) {
  if (m->closed || m->failed) return;
  m->failed = true;
  m->base.events->on_write_error(m->base.owner, status);
}

bool mem_stream_run(mem_stream *m) {
  if (!m->closed || m->gone) return false;
  m->gone = true;
  if (m->base.events) m->base.events->on_closed(m->base.owner);
  return true;
}
