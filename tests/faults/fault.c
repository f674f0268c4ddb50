#include "faults/fault.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

enum { DESCRIPTORS = 4096, MANY = 300 };

/* The loop has one thread; look-ups run in others, and touch nothing but the counters. */
static struct {
  bool armed;
  fault plan;
  atomic_size_t counts[FAULT_CALLS][FAULT_SIDES];
  atomic_size_t hits;
  unsigned char sides[DESCRIPTORS];
  size_t bytes;
  unsigned depth; /* of calls that weir is making */
  enum fault_side making;
  int spare; /* descriptors that have become free since there were none */
} fault_state;

static _Thread_local bool in_loop;

static const char *const call_names[] = {
#define NAME(name) #name,
    FAULT_UV_CALLS(NAME) FAULT_SYSTEM_CALLS(NAME)
#undef NAME
};

static const char *const side_names[] = {"none", "listener", "client", "origin"};

const char *fault_call_name(enum fault_call call) { return call_names[call]; }

const char *fault_side_name(enum fault_side side) { return side_names[side]; }

void fault_arm(const fault *f) {
  static const fault none = {.call = FAULT_CALLS};
  memset(fault_state.counts, 0, sizeof fault_state.counts);
  fault_state.plan = f ? *f : none;
  fault_state.hits = 0;
  fault_state.spare = 0;
  fault_state.armed = true;
}

void fault_disarm(void) { fault_state.armed = false; }

size_t fault_count(enum fault_call call, enum fault_side side) {
  return fault_state.counts[call][side];
}

size_t fault_hits(void) { return fault_state.hits; }

size_t fault_bytes(void) { return fault_state.bytes; }

void fault_passed(size_t bytes) { fault_state.bytes += bytes; }

/* ---- calls ---- */

bool fault_no_descriptor(void) {
  const fault *f = &fault_state.plan;
  bool none = fault_state.armed && f->times > 1 && (f->error == EMFILE || f->error == ENFILE);
  return none && fault_state.hits > 0;
}

void fault_descriptor(int change) {
  if (fault_no_descriptor()) fault_state.spare += change;
}

static bool strikes(enum fault_call call, enum fault_side side, size_t nth) {
  const fault *f = &fault_state.plan;
  if (call != f->call || side != f->side || nth < f->nth) return false;
  return nth - f->nth < f->times && !(fault_no_descriptor() && fault_state.spare > 0);
}

/* One byte at a time shows all that there is to see; with a hundred thousand bytes more of the same
 * only takes time. */
static bool is_tedious(void) {
  return fault_state.plan.error == FAULT_SHORT && fault_state.hits > MANY;
}

int fault_take(enum fault_call call, enum fault_side side) {
  if (!fault_state.armed) return 0;
  size_t nth = ++fault_state.counts[call][side];
  if (!strikes(call, side, nth) || is_tedious()) return 0;
  fault_state.hits++;
  return fault_state.plan.error;
}

/* ---- whose they are ---- */

void fault_begin(void) { in_loop = true; }

void fault_enter(enum fault_side side) {
  if (!in_loop) return;
  fault_state.depth++;
  fault_state.making = side;
}

void fault_leave(void) {
  if (in_loop) fault_state.depth--;
}

bool fault_inside(void) { return in_loop && fault_state.depth; }

enum fault_side fault_making(void) { return fault_inside() ? fault_state.making : FAULT_NONE; }

enum fault_side fault_side_of(int fd) {
  return fd >= 0 && fd < DESCRIPTORS && in_loop ? fault_state.sides[fd] : FAULT_NONE;
}

void fault_own(int fd, enum fault_side side) {
  if (fd >= 0 && fd < DESCRIPTORS && in_loop) fault_state.sides[fd] = (unsigned char)side;
}
