/* See crowd.h. */
#include "relay/crowd.h"

#include <assert.h>
#include <uv.h>

#include "weir/err.h"

enum { CAP_MIN = 16 };

typedef struct weir__crowd_group {
  uint64_t net;      /* the address, or the first 64 bits of it */
  uint32_t family;   /* enum weir__family */
  uint32_t presence; /* connections; 0: the place is free */
} group;

/* ---- addresses to places ---- */

static group group_of(const weir__addr *addr) {
  size_t len = addr->family == WEIR__IPV4 ? 4 : 8;
  group g = {.family = addr->family};
  assert(addr->family != WEIR__UNIX);
  for (size_t i = 0; i < len; i++) g.net = g.net << 8 | addr->bytes[i];
  return g;
}

static bool same(const group *a, const group *b) {
  return a->net == b->net && a->family == b->family;
}

/* Every bit of the address reaches every bit of the place: multiplications by odd numbers carry
 * upwards, shifts bring that down again. */
static size_t home(const weir__crowd *crowd, const group *g) {
  uint64_t x = g->net ^ crowd->seed ^ (uint64_t)g->family << 56;
  x = (x ^ x >> 32) * UINT64_C(0x9e3779b97f4a7c15);
  x = (x ^ x >> 29) * UINT64_C(0xff51afd7ed558ccd);
  return (size_t)(x ^ x >> 32) & (crowd->cap - 1);
}

static size_t next(const weir__crowd *crowd, size_t i) { return (i + 1) & (crowd->cap - 1); }

/* Where the address is, or the free place where it belongs. There is one: half are. */
static group *find(const weir__crowd *crowd, const group *g) {
  size_t i = home(crowd, g);
  while (crowd->groups[i].presence && !same(&crowd->groups[i], g)) i = next(crowd, i);
  return &crowd->groups[i];
}

/* ---- room ---- */

static int resize(weir__crowd *crowd, size_t cap) {
  weir__crowd old = *crowd;
  group *groups = weir__mem_new(crowd->mem, cap * sizeof *groups);
  if (!groups) return WEIR_ENOMEM;
  crowd->groups = groups;
  crowd->cap = cap;
  for (size_t i = 0; i < old.cap; i++)
    if (old.groups[i].presence) *find(crowd, &old.groups[i]) = old.groups[i];
  weir__mem_free(crowd->mem, old.groups);
  return 0;
}

static int make_room(weir__crowd *crowd) {
  if (crowd->count < crowd->cap / 2) return 0;
  return resize(crowd, crowd->cap ? crowd->cap * 2 : CAP_MIN);
}

/* What a rush has made large does not stay so. Without memory to move to it does, until later. */
static void give_room_back(weir__crowd *crowd) {
  if (crowd->count == 0)
    weir__crowd_free(crowd);
  else if (crowd->cap > CAP_MIN && crowd->count < crowd->cap / 8)
    (void)resize(crowd, crowd->cap / 2);
}

/* ---- coming and going ---- */

void weir__crowd_init(weir__crowd *crowd, weir__mem *mem) {
  *crowd = (weir__crowd){.mem = mem};
  crowd->seed = uv_hrtime() * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)(uintptr_t)crowd;
}

void weir__crowd_free(weir__crowd *crowd) {
  weir__mem_free(crowd->mem, crowd->groups);
  crowd->groups = NULL;
  crowd->count = crowd->cap = 0;
}

static int add(weir__crowd *crowd, const group *g) {
  int rc = make_room(crowd);
  if (rc) return rc;
  group *here = find(crowd, g);
  *here = *g;
  here->presence = 1;
  crowd->count++;
  return 0;
}

int weir__crowd_enter(weir__crowd *crowd, const weir__addr *addr, uint32_t max) {
  group g = group_of(addr);
  group *here = crowd->count ? find(crowd, &g) : NULL;
  if (!here || here->presence == 0) return add(crowd, &g);
  if (here->presence >= max) return WEIR__CROWDED;
  here->presence++;
  return 0;
}

/* Whoever stands behind the gap and was kept from its own place, or one nearer to it, moves up. */
static void close_gap(weir__crowd *crowd, size_t gap) {
  size_t mask = crowd->cap - 1;
  for (size_t i = next(crowd, gap); crowd->groups[i].presence; i = next(crowd, i)) {
    size_t moved = (i - home(crowd, &crowd->groups[i])) & mask;
    if (moved < ((i - gap) & mask)) continue;
    crowd->groups[gap] = crowd->groups[i];
    gap = i;
  }
  crowd->groups[gap] = (group){0};
}

void weir__crowd_leave(weir__crowd *crowd, const weir__addr *addr) {
  group g = group_of(addr);
  group *here = find(crowd, &g);
  assert(here->presence);
  if (--here->presence) return;
  close_gap(crowd, (size_t)(here - crowd->groups));
  crowd->count--;
  give_room_back(crowd);
}
