/* The soak: 500 streams through two weir-relays, while everybody around them is killed, stopped and
 * started again. This file makes the table and the processes, plays the acts, and tells what came
 * of it; each act ends with no stream at all, when memory and descriptors are compared. It never
 * judges. Run it by tests/soak.sh. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fcntl.h>

#include "chaos.h"
#include "judge.h"
#include "ledger.h"
#include "procs.h"
#include "relays.h"
#include "report.h"
#include "soak.h"

enum {
  ACT_MS = 15000,
  CALM_MS = 4000, /* of an act, for its end without streams */
  HOLD_MS = 1000, /* in which streams may end by themselves */
  EMPTY_MS = 12000,
  DRY_MS = 5000, /* five times as long as a connection to an origin is kept */
  TELL_MS = 10000,
  TURN_US = 5000,
  ACTS_MIN = 2, /* one to compare, one to compare with */
};

struct shared *shared;

/* ---- the table ---- */

static void make_table(uint64_t seed, uint32_t slow) {
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) abort();
  shared->seed = seed;
  shared->slow = slow;
  shared->begun_ms = now_ms();
  shared->head_ms = shared->gap_ms = shared->stall_ms = 5000 * slow;
  shared->request_head_ms = 3000 * slow;
  shared->request_body_ms = 4000 * slow;
}

/* A sanitizer brings its own allocator, and takes its time. */
static bool is_sanitized(const char *binary) {
  struct stat file;
  int fd = open(binary, O_RDONLY);
  if (fd < 0 || fstat(fd, &file)) abort();
  void *text = mmap(NULL, (size_t)file.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  close(fd);
  if (text == MAP_FAILED) abort();
  bool found = memmem(text, (size_t)file.st_size, "__asan_init", 11) ||
               memmem(text, (size_t)file.st_size, "__tsan_init", 11);
  munmap(text, (size_t)file.st_size);
  return found;
}

/* ---- what goes on ---- */

static void print_progress(void) {
  char streams[300], relays[300] = "";
  judge_print(streams, sizeof streams);
  relays_print(relays, sizeof relays);
  printf("%4" PRIu64
         " s: %s\n        killed %u origins, %u swarms; stopped %u; reloaded %u, replaced %u"
         "; %s; lag %" PRIu64 " ms\n",
         (now_ms() - shared->begun_ms) / 1000, streams, procs_killed(false), procs_killed(true),
         procs_stopped(), relays_reloaded(), relays_replaced(), relays, lag_ms());
  fflush(stdout);
}

/* False when so much has failed that it may end. */
static bool turn(unsigned *busy) {
  static uint64_t told;
  if (!told) told = now_ms() / TELL_MS;
  relays_turn();
  *busy = judge_turn();
  if (now_ms() / TELL_MS != told) print_progress();
  told = now_ms() / TELL_MS;
  usleep(TURN_US);
  return !print_failures();
}

static bool play(unsigned act, uint64_t until) {
  unsigned busy;
  uint64_t now = now_ms();
  chaos_begin(act, until > now ? until - now : 1000);
  while (now_ms() < until) {
    chaos_turn();
    procs_turn();
    if (!turn(&busy)) return false;
  }
  return true;
}

/* False as well when `until` does not become true in that time; what it is waits for is told. */
static bool pass(uint64_t ms, bool (*until)(unsigned busy), const char *what) {
  unsigned busy = 0;
  for (uint64_t begun = now_ms(); now_ms() - begun < ms;) {
    bool calm = procs_calm();
    if (!turn(&busy)) return false;
    if (until && calm && until(busy)) return true;
  }
  if (until) broken(CHECK_LEFT, 0, 0, "%s still after %" PRIu64 " ms, %u streams", what, ms, busy);
  return !until;
}

static bool is_empty(unsigned busy) { return busy == 0 && relays_calm(); }
static bool is_dry(unsigned busy) { return busy == 0 && relays_dry(); }
static bool is_gone(unsigned busy) { return busy == 0 && relays_gone(); }

/* What is not closed will be found by the measuring. */
static bool await_dry(void) {
  unsigned busy;
  for (uint64_t begun = now_ms(); now_ms() - begun < DRY_MS * shared->slow;)
    if (!turn(&busy) || is_dry(busy)) return true;
  return false;
}

/* All streams end, then all connections, then there is nothing that could hold memory. */
static bool calm_down(void) {
  shared->orders = HOLD;
  if (!pass(HOLD_MS, NULL, NULL)) return false;
  shared->orders = LEAVE;
  if (!pass(EMPTY_MS * shared->slow, is_empty, "there are streams or drains")) return false;
  (void)await_dry();
  relays_measure();
  return !print_failures();
}

static bool play_all(uint64_t length_ms) {
  unsigned acts = (unsigned)(length_ms / ACT_MS);
  if (acts < ACTS_MIN) acts = ACTS_MIN;
  for (unsigned act = 0; act < acts; act++) {
    uint64_t end = shared->begun_ms + length_ms * (act + 1) / acts;
    shared->orders = GO;
    if (!play(act, end - CALM_MS) || !calm_down()) return false;
  }
  return true;
}

static bool begin(const struct relay_setup *setup) {
  procs_start(0, ORIGINS);
  for (int i = 0; i < 1000 && !procs_calm(); i++) usleep(10000);
  if (!relays_start(setup)) return false;
  procs_start(ORIGINS, PROCESSES);
  return true;
}

static void end(void) {
  relays_drain_all();
  (void)pass(EMPTY_MS * shared->slow, is_gone, "relays run");
  procs_end();
  ledger_check();
}

/* ---- the program ---- */

static bool ended_early;

static const char *excuse(enum check check) {
  if (ended_early) return "not reached";
  if ((check == CHECK_HEAP || check == CHECK_PSS) && !relays_count_heap())
    return "a sanitizer is built in, which looks for leaks itself and keeps what was freed";
  return NULL;
}

int main(int argc, char **argv) {
  if (argc != 6) {
    fprintf(stderr, "usage: weir-soak WEIR-RELAY HEAP-LIBRARY DIRECTORY SECONDS SEED\n");
    return 2;
  }
  bool sanitized = is_sanitized(argv[1]);
  make_table(strtoull(argv[5], NULL, 10), sanitized ? 3 : 1);
  struct relay_setup setup = {
      .binary = argv[1], .heap = sanitized ? NULL : argv[2], .work = argv[3]};
  signal(SIGPIPE, SIG_IGN);
  if (!begin(&setup)) broken(CHECK_HARNESS, 0, 0, "the relays do not start");
  ended_early = shared->failures || !play_all(strtoull(argv[4], NULL, 10) * 1000);
  if (!ended_early) end();
  print_failures();
  judge_print_summary();
  relays_print_memory();
  print_progress();
  return print_checks(excuse);
}
