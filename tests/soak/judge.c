/* See judge.h. The rules are in verdict.c; here is who is judged when. */
#include "judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "procs.h"
#include "report.h"
#include "verdict.h"

/* How soon an origin must learn that its client has left; two looks of the relay at a client that
 * it does not read (1 s each), and some time for a busy machine. */
enum { LEFT_MS = 2000, SERIALS = 1 << 24 };

static uint8_t fates[SERIALS]; /* enum fate */
static bool accused[RECORDS];  /* told already */
static uint64_t judged, seen_ends[CLIENT_HANGS + 1], unmarked;
static uint64_t last_serial;

/* ---- who is over ---- */

static bool runs(const struct attempt *a) {
  uint32_t end = a->end;
  return end == ORIGIN_NONE || end == ORIGIN_RUNNING || end == ORIGIN_FINISHING;
}

static bool any_runs(const struct record *r, unsigned attempts) {
  for (unsigned i = 0; i < attempts; i++)
    if (runs(&r->attempts[i])) return true;
  return false;
}

/* Who has sent all through a tunnel and then leaves by FIN looks like one that still reads, until
 * the origin writes, or the relay finds it silent. */
static uint64_t limit_of(const struct record *r, const struct plan *plan) {
  uint64_t limit = LEFT_MS * shared->slow + 4 * lag_ms();
  if (plan->kind == KIND_TUNNEL && r->sent_all) limit += shared->gap_ms + plan->act_ms;
  return limit + stood_still_ms(plan->origin, r->ended_ms, now_ms());
}

static void accuse_if_late(const struct record *r, const struct plan *plan) {
  uint64_t ms = now_ms() - r->ended_ms, limit = limit_of(r, plan);
  if (accused[r - shared->records] || ms <= limit) return;
  accused[r - shared->records] = true;
  broken(CHECK_LEFT, r->serial, r->received,
         "its client %s %" PRIu64 " ms ago, but its origin has not learned it (%s)",
         client_end_names[r->end], ms, kind_names[r->kind]);
}

/* In a tunnel a direction may end well while the other one does not, and the log tells of both. */
static bool came_whole(const struct record *r, unsigned attempts) {
  if (r->end != CLIENT_CLEAN) return false;
  return r->kind != KIND_TUNNEL || (attempts && r->attempts[attempts - 1].end == ORIGIN_COMPLETE);
}

static void note(const struct record *r, unsigned attempts) {
  judged++;
  seen_ends[r->end]++;
  if (r->end == CLIENT_CLEAN && r->unmarked) unmarked++;
  if (r->serial > last_serial) last_serial = r->serial;
  if (r->serial >= SERIALS) return;
  if (came_whole(r, attempts)) fates[r->serial] = FATE_WHOLE;
  if (r->end == CLIENT_CUT) fates[r->serial] = FATE_CUT;
}

static void consider(struct record *r) {
  uint64_t gate = r->gate;
  struct plan plan = plan_of(shared->seed, r->serial, (enum kind)r->kind);
  unsigned attempts = GATE_ATTEMPTS(gate);
  if (any_runs(r, attempts)) {
    accuse_if_late(r, &plan);
    return;
  }
  if (!atomic_compare_exchange_strong(&r->gate, &gate, 0)) return;
  note(r, attempts);
  verdict(r, &plan, attempts);
  accused[r - shared->records] = false;
  r->state = RECORD_FREE;
}

unsigned judge_turn(void) {
  unsigned busy = 0;
  for (unsigned i = 0; i < RECORDS; i++) {
    struct record *r = &shared->records[i];
    if (r->state == RECORD_DONE) consider(r);
    if (r->state != RECORD_FREE) busy++;
  }
  return busy;
}

/* ---- who was killed ---- */

static void kill_attempt(struct attempt *a) {
  if (!runs(a)) return;
  a->ended_ms = now_ms();
  a->end = a->end == ORIGIN_FINISHING ? ORIGIN_MAYBE : ORIGIN_KILLED;
}

void judge_origin_killed(unsigned origin) {
  for (unsigned i = 0; i < RECORDS; i++) {
    struct record *r = &shared->records[i];
    if (r->state == RECORD_FREE) continue;
    if (plan_of(shared->seed, r->serial, (enum kind)r->kind).origin != origin) continue;
    for (unsigned n = 0; n < GATE_ATTEMPTS(r->gate); n++) kill_attempt(&r->attempts[n]);
  }
}

void judge_swarm_killed(unsigned swarm) {
  for (unsigned i = swarm * RECORDS_EACH; i < (swarm + 1) * RECORDS_EACH; i++) {
    struct record *r = &shared->records[i];
    if (r->state != RECORD_RUNNING) continue;
    r->ended_ms = now_ms();
    r->end = CLIENT_KILLED;
    r->state = RECORD_DONE;
  }
}

/* ---- what is told ---- */

enum fate judge_fate_of(uint64_t serial) {
  return serial < SERIALS ? (enum fate)fates[serial] : FATE_UNKNOWN;
}

uint64_t judge_last_serial(void) { return last_serial < SERIALS ? last_serial : SERIALS - 1; }

void judge_print(char *out, size_t size) {
  snprintf(out, size,
           "%" PRIu64 " streams: %" PRIu64 " whole, %" PRIu64 " cut, %" PRIu64 " left, %" PRIu64
           " killed, %" PRIu64 " error answers, %" PRIu64 " MB",
           judged, seen_ends[CLIENT_CLEAN], seen_ends[CLIENT_CUT] + seen_ends[CLIENT_NOTHING],
           seen_ends[CLIENT_LEFT], seen_ends[CLIENT_KILLED], seen_ends[CLIENT_STATUS],
           shared->bytes / 1000000);
}

void judge_print_summary(void) {
  char line[300];
  judge_print(line, sizeof line);
  printf("%s; of the whole ones %" PRIu64 " had their end marked by a FIN only\n", line, unmarked);
  verdict_print_times();
}
