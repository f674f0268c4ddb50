/* Streams that carry nothing: what they cost while they wait, and how long a client's leaving takes
 * to reach the origin. */
#include <errno.h>

#include "streams.h"

static void turn_for(unsigned ms) {
  uint64_t end = now_ns() + ms * 1000000ull;
  while (now_ns() < end) loop_turn();
}

/* ---- memory ---- */

void run_memory(const struct options *options) {
  struct memory fresh = memory_of(options->pid);
  streams_open(options);
  turn_for(options->ms);
  struct memory full = memory_of(options->pid);
  report_begin(options);
  report_count("streams", streams.count);
  report_count("idle_pss_kib", fresh.pss);
  report_count("idle_anon_kib", fresh.anon);
  report_count("pss_kib", full.pss);
  report_count("anon_kib", full.anon);
  report_end();
  streams_close();
}

/* ---- who left ---- */

static unsigned heard;

static void on_gone(struct stream *stream) {
  errno = 0;
  if (!stream->left_at) die("the relay closed a stream whose client is there");
  if (stream->gone_at) return;
  stream->gone_at = now_ns();
  heard++;
}

/* Half of the clients say FIN, half RST. */
static void leave(unsigned number) {
  struct stream *stream = &streams.all[number];
  stream->left_at = now_ns();
  if (number % 2)
    client_reset(&stream->client);
  else
    client_close(&stream->client);
}

/* One by one, each a millisecond behind the one before. */
static void leave_all(void) {
  uint64_t start = now_ns();
  for (unsigned left = 0; left < streams.count;) {
    if (now_ns() >= start + left * 1000000ull) leave(left++);
    loop_turn();
  }
}

static void report_way(const char *name, unsigned first, unsigned step) {
  struct samples delays = {0};
  for (unsigned i = first; i < streams.count; i += step) {
    const struct stream *stream = &streams.all[i];
    if (stream->gone_at) samples_add(&delays, stream->gone_at - stream->left_at);
  }
  report_samples(name, &delays);
}

void run_gone(const struct options *options) {
  streams_open(options);
  turn_for(options->warmup_ms);
  streams.on_gone = on_gone;
  struct window window = window_open(options);
  leave_all();
  uint64_t limit = now_ns() + options->ms * 1000000ull;
  while (heard < streams.count && now_ns() < limit) loop_turn();
  report_begin(options);
  window_report(options, &window);
  report_count("clients", streams.count);
  report_count("heard", heard);
  report_way("gone", 0, 1);
  report_way("fin", 0, 2);
  report_way("rst", 1, 2);
  report_end();
  streams_close();
}
