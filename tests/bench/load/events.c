/* Streams that carry events: at their time (latency, CPU), as fast as they are taken (saturation),
 * and under strace (system calls). */
#include "shakes.h"
#include "streams.h"

/* ---- events at their time ---- */

/* An event that is due waits so long for the one before it in its stream: a stall of the machine
 * then is not taken for a relay that merges. One that holds events longer merges them, one that
 * holds them for less is late. */
#define PATIENCE_NS 50000000u

struct pace {
  uint64_t next, gap; /* between two events, of whichever streams */
  uint64_t sent;
  uint64_t random;
};

/* A step of one gap, give or take a quarter, so that no other clock can fall in step. Behind a
 * stall the pace goes on from now: what was missed is not caught up with in a burst. */
static void step(struct pace *pace, uint64_t now) {
  uint64_t x = pace->random;
  x ^= x << 13, x ^= x >> 7, x ^= x << 17;
  pace->random = x;
  if (now > pace->next + pace->gap) pace->next = now;
  pace->next += pace->gap * 3 / 4 + x % (pace->gap / 2);
}

static bool is_due(const struct pace *pace, const struct stream *stream, uint64_t now) {
  if (now < pace->next) return false;
  return stream->sent == stream->received || now > pace->next + PATIENCE_NS;
}

static void pace_for(const struct options *options, unsigned ms) {
  uint64_t now = now_ns(), end = now + ms * 1000000ull;
  struct pace pace = {.next = now, .random = 88172645463325252ull};
  pace.gap = 1000000000ull / (options->rate * options->streams);
  for (; now < end; now = now_ns()) {
    struct stream *stream = &streams.all[pace.sent % streams.count];
    if (is_due(&pace, stream, now)) {
      streams_send(stream);
      pace.sent++;
      step(&pace, now);
    }
    shakes_turn(now);
    loop_turn();
  }
  streams_drain();
}

/* ---- one event in flight on each stream ---- */

static bool stopping;

static void send_next(struct stream *stream) {
  if (!stopping) streams_send(stream);
}

static void saturate_for(unsigned ms) {
  uint64_t end = now_ns() + ms * 1000000ull;
  stopping = false;
  for (unsigned i = 0; i < streams.count; i++) streams_send(&streams.all[i]);
  while (now_ns() < end) loop_turn();
  stopping = true;
  streams_drain();
}

/* ---- runs ---- */

static struct window begin(const struct options *options) {
  samples_clear(&streams.delays);
  streams.received = streams.merged = 0;
  return window_open(options);
}

static void report(const struct options *options, const struct window *window) {
  report_begin(options);
  window_report(options, window);
  report_count("events", streams.received);
  report_count("merged", streams.merged);
  report_samples("delay", &streams.delays);
  report_end();
  streams_close();
}

void run_paced(const struct options *options) {
  streams_open(options);
  pace_for(options, options->warmup_ms);
  struct window window = begin(options);
  pace_for(options, options->ms);
  report(options, &window);
}

void run_saturated(const struct options *options) {
  streams_open(options);
  streams.on_event = send_next;
  saturate_for(options->warmup_ms);
  struct window window = begin(options);
  saturate_for(options->ms);
  report(options, &window);
}

/* ---- without and with handshakes beside ---- */

static void watch_for(const struct options *options, const char *name) {
  samples_clear(&streams.delays);
  pace_for(options, options->ms);
  report_samples(name, &streams.delays);
}

/* The same streams, first alone. What this process takes for its half of a handshake shall not
 * count: so the kernel tells when an event came. */
void run_beside(const struct options *options) {
  client_stamp();
  streams_open(options);
  pace_for(options, options->warmup_ms);
  report_begin(options);
  struct window window = begin(options);
  watch_for(options, "alone");
  shakes_start(options);
  watch_for(options, "beside");
  report_count("shakes", shakes_stop());
  window_report(options, &window);
  report_count("events", streams.received);
  report_end();
  streams_close();
}
