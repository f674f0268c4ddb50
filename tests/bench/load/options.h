/* What a run is told: key=value words, each with a default. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdint.h>

struct options {
  const char *scenario, *name; /* only printed: what this run is a round of, and of which relay */
  int round;
  int relay, origin; /* ports on 127.0.0.1; the same one: no relay between */
  int pid;           /* the relay's, or 0 */
  unsigned streams;  /* or connections */
  unsigned rate;     /* events per second and stream */
  unsigned ms, warmup_ms;
  uint64_t bytes;
  int tls;         /* clients speak TLS 1.3 .. */
  int resume;      /* .. and resume their sessions */
  unsigned beside; /* full handshakes a second beside the streams */
};

/* The modes of main(): each does one run and prints one line of JSON. */
void run_paced(const struct options *options);     /* events at their time: latency, CPU */
void run_saturated(const struct options *options); /* one event in flight on each stream */
void run_syscalls(const struct options *options);  /* paced, under strace */
void run_memory(const struct options *options);    /* many silent streams */
void run_gone(const struct options *options);      /* clients leave silent streams */
void run_requests(const struct options *options);  /* small answers on kept connections */
void run_churn(const struct options *options);     /* a connection for each */
void run_bulk(const struct options *options);      /* large answers */
void run_beside(const struct options *options);    /* paced, without and with handshakes beside */

#endif
