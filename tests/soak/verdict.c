/* See verdict.h. */
#include "verdict.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "procs.h"
#include "relays.h"
#include "report.h"

enum {
  BACK_MS = 300,    /* what an origin's death still explains afterwards */
  PROMPT_MS = 2000, /* for a cut to be seen */
  EARLY_MS = 600,   /* a silence may have begun before it was planned: a gap, a delayed head */
  LATE_MS = 2500,   /* after a timer */
  HICCUP_MS = 1000, /* a machine that is so late may let any timer run out */
};

const char *const client_end_names[] = {
#define NAME(name, text) text,
    CLIENT_ENDS(NAME)
#undef NAME
};

const char *const origin_end_names[] = {
#define NAME(name, text) text,
    ORIGIN_ENDS(NAME)
#undef NAME
};

struct facts {
  const struct record *r;
  const struct plan *p;
  unsigned attempts;
  const struct attempt *last; /* or NULL */
  enum origin_end end;        /* of the last */
  bool died;                  /* the origin, meanwhile or just before */
  bool due;                   /* the relay had to end it */
};

static struct times cut_times, left_times;

/* ---- words ---- */

static void accuse(const struct facts *f, enum check check, const char *what) {
  uint64_t sent = f->last ? f->last->sent : 0;
  broken(check, f->r->serial, f->r->received,
         "%s: %s, relay %u, client %s (%u), origin %u %s at %" PRIu64 " of %" PRIu64
         ", attempts %u, it took %" PRIu64 " ms",
         what, kind_names[f->p->kind], f->r->relay, client_end_names[f->r->end], f->r->status,
         f->p->origin, f->last ? origin_end_names[f->end] : "was not asked", sent, f->p->down,
         f->attempts, f->r->ended_ms - f->r->begun_ms);
}

/* ---- facts ---- */

static bool in_set(enum origin_end end, unsigned set) { return set >> end & 1; }

#define ONE(name) (1u << ORIGIN_##name)

/* Some attempt ended so. */
static bool some(const struct facts *f, unsigned set) {
  for (unsigned i = 0; i < f->attempts; i++)
    if (in_set((enum origin_end)f->r->attempts[i].end, set)) return true;
  return false;
}

static uint64_t quiet_since(const struct facts *f) {
  uint64_t quiet = f->last ? f->last->quiet_ms : 0;
  return quiet ? quiet : f->r->quiet_ms;
}

static bool reads_not(const struct facts *f) {
  return f->p->client_act == CLIENT_READS_NOT && f->r->quiet_ms;
}

static uint64_t client_stood_still(const struct facts *f) {
  unsigned swarm = (unsigned)(f->r - shared->records) / RECORDS_EACH;
  return stood_still_ms(ORIGINS + swarm, f->r->begun_ms, f->r->ended_ms);
}

static uint64_t bodies(const struct plan *p) { return p->bodiless ? 0 : p->down; }

/* ---- timers ---- */

/* How long before its silence began the relay may have heard the last. A client that was stopped
 * notices late that it is connected, an origin that it should have read or written. */
static uint64_t early_ms(const struct facts *f, uint64_t since) {
  uint64_t begun = f->r->reused ? f->r->begun_ms : f->r->connected_ms;
  uint64_t late = f->p->client_act == CLIENT_HALF_HEAD ? since - begun : 0;
  return EARLY_MS + late + f->p->read_pause_ms + f->p->head_delay_ms + lag_ms() +
         stood_still_ms(f->p->origin, begun, since);
}

static uint64_t late_ms(const struct facts *f) {
  return LATE_MS * shared->slow + 4 * lag_ms() + f->p->read_pause_ms + client_stood_still(f) +
         stood_still_ms(f->p->origin, f->r->begun_ms, f->r->ended_ms);
}

/* `at`: when the timer showed. */
static void check_timer(const struct facts *f, uint64_t at, uint32_t timer_ms) {
  uint64_t since = quiet_since(f), ms = at - since;
  looked(CHECK_TIMER);
  if (at < since || ms + early_ms(f, since) < timer_ms)
    accuse(f, CHECK_TIMER, "a timer ran out too early");
  else if (ms > timer_ms + late_ms(f))
    accuse(f, CHECK_TIMER, "a timer ran out too late");
}

/* Time ended it though nobody was silent. */
static void check_hiccup(const struct facts *f, enum check check, const char *what) {
  if (lag_ms() > HICCUP_MS)
    passed_over(check);
  else
    accuse(f, check, what);
}

/* ---- clean ---- */

static void check_unmarked(const struct facts *f) {
  looked(CHECK_UNMARKED);
  if (f->r->received < f->last->sent || f->r->received > f->last->intent)
    accuse(f, CHECK_UNMARKED, "its end is not where the origin's was");
}

/* Who has got all through a tunnel does not wait for what it sent to arrive. */
static bool only_sending_failed(const struct facts *f, bool whole) {
  return f->p->kind == KIND_TUNNEL && whole && f->end == ORIGIN_LOST && f->due;
}

static void check_clean(const struct facts *f) {
  bool whole = f->r->received == bodies(f->p);
  looked(CHECK_CLEAN);
  if (!f->last)
    accuse(f, CHECK_CLEAN, "a clean end of nothing");
  else if (f->end == ORIGIN_COMPLETE || (f->end == ORIGIN_MAYBE && !f->r->unmarked))
    whole ? (void)0 : accuse(f, CHECK_CLEAN, "a clean end, but not at its end");
  else if (f->r->unmarked && in_set(f->end, ONE(FIN) | ONE(KILLED) | ONE(MAYBE)))
    check_unmarked(f);
  else if (!only_sending_failed(f, whole))
    accuse(f, CHECK_CLEAN, "a clean end, but not of the origin");
}

/* ---- error answers ---- */

/* A request that met an origin's unannounced close and may not be repeated. */
static bool met_a_close(const struct facts *f) {
  uint64_t closed = shared->closed_idle_ms[f->p->origin];
  uint64_t from = f->r->begun_ms > BACK_MS + lag_ms() ? f->r->begun_ms - BACK_MS - lag_ms() : 0;
  return f->attempts == 0 && !plan_only_asks(f->p) && closed >= from;
}

static bool cut_before_head(const struct facts *f) {
  return f->last && f->last->sent == 0 && some(f, ONE(FIN) | ONE(RST) | ONE(BROKE) | ONE(KILLED));
}

static bool origin_is_silent(const struct facts *f) {
  return f->last && f->last->quiet_ms && f->last->sent == 0;
}

static void check_status(const struct facts *f) {
  looked(CHECK_ANSWER);
  switch (f->r->status) {
  case 408:
    if (f->p->client_act == CLIENT_HALF_HEAD)
      check_timer(f, f->r->ended_ms, shared->request_head_ms);
    else if (f->p->client_act == CLIENT_HALF_BODY && f->r->quiet_ms)
      check_timer(f, f->r->ended_ms, shared->request_body_ms);
    else
      check_hiccup(f, CHECK_ANSWER, "408 to one that was not silent");
    return;
  case 502:
    if (!f->died && !cut_before_head(f) && !met_a_close(f))
      accuse(f, CHECK_ANSWER, "502 without a reason");
    return;
  case 504:
    if (origin_is_silent(f))
      check_timer(f, f->r->ended_ms, shared->head_ms);
    else
      check_hiccup(f, CHECK_ANSWER, "504 for one that was not silent");
    return;
  }
  accuse(f, CHECK_ANSWER, "an answer that nothing can call for");
}

/* ---- cuts ---- */

static bool someone_cut(const struct facts *f) {
  if (f->due) return true;
  if (f->r->end == CLIENT_NOTHING) /* the relay would have said why, but not when it drains */
    return f->attempts == 0 && relay_was_told(f->r->relay, f->r->connected_ms, f->r->ended_ms);
  bool given = plan_only_asks(f->p) && f->end == ORIGIN_COMPLETE;
  if (reads_not(f)) return true;
  if (given) return false; /* whatever happened to the origin afterwards */
  return f->died || some(f, ONE(FIN) | ONE(RST) | ONE(BROKE) | ONE(KILLED) | ONE(MAYBE)) ||
         quiet_since(f);
}

/* What a FIN ends has come before it. A RST may have overtaken it, and what was not read at the
 * origin turns a FIN into one; a body that a RST has to end in turn waits a moment only. */
static void check_before(const struct facts *f) {
  bool fin = in_set(f->end, ONE(FIN) | ONE(BROKE) | ONE(KILLED));
  if (!fin || f->due || reads_not(f) || !plan_only_asks(f->p)) return;
  if (f->p->minor_0 && (f->p->client_act || client_stood_still(f))) return;
  looked(CHECK_BEFORE);
  if (f->r->received < f->last->sent)
    accuse(f, CHECK_BEFORE, "what came before the cut did not arrive");
}

static void check_prompt(const struct facts *f) {
  bool cut = in_set(f->end, ONE(FIN) | ONE(BROKE) | ONE(KILLED) | ONE(RST));
  if (!cut || f->p->client_act >= CLIENT_PAUSES || f->r->ended_ms < f->last->ended_ms) return;
  uint64_t ms = f->r->ended_ms - f->last->ended_ms, still = client_stood_still(f);
  looked(CHECK_PROMPT);
  if (!still) times_add(&cut_times, ms);
  if (ms > PROMPT_MS * shared->slow + 4 * lag_ms() + still)
    accuse(f, CHECK_PROMPT, "the cut was seen late");
}

static void check_cut(const struct facts *f) {
  looked(CHECK_VISIBLE);
  if (!someone_cut(f)) {
    check_hiccup(f, CHECK_LOST, "it was cut, but nobody did that");
    return;
  }
  if (!f->last) return;
  check_before(f);
  check_prompt(f);
  bool only_silent = f->last->quiet_ms && f->end == ORIGIN_LOST && !f->due && !f->died;
  if (only_silent && !reads_not(f)) check_timer(f, f->r->ended_ms, shared->gap_ms);
  if (reads_not(f) && f->end == ORIGIN_LOST && !f->due && !f->last->quiet_ms)
    check_timer(f, f->last->ended_ms, shared->stall_ms);
}

/* ---- clients that left ---- */

static void check_left(const struct facts *f) {
  if (f->attempts && f->p->up_framing && !f->r->sent_all) {
    looked(CHECK_UPLOAD);
    if (f->last->got_all) accuse(f, CHECK_UPLOAD, "the origin took half an upload for a whole one");
  }
  for (unsigned i = 0; i < f->attempts; i++) {
    const struct attempt *a = &f->r->attempts[i];
    if (a->end != ORIGIN_LOST || a->ended_ms < f->r->ended_ms) continue;
    looked(CHECK_LEFT);
    bool half_closed = f->p->kind == KIND_TUNNEL && f->r->sent_all;
    if (!half_closed && !stood_still_ms(f->p->origin, f->r->ended_ms, a->ended_ms))
      times_add(&left_times, a->ended_ms - f->r->ended_ms);
  }
}

/* ---- all of it ---- */

static struct facts facts_of(const struct record *r, const struct plan *p, unsigned attempts) {
  struct facts f = {.r = r, .p = p, .attempts = attempts};
  uint64_t back = BACK_MS + 2 * lag_ms();
  if (attempts) f.last = &r->attempts[attempts - 1];
  if (attempts) f.end = (enum origin_end)f.last->end;
  f.died = origin_was_down(p->origin, r->begun_ms - back, r->ended_ms);
  f.due = relay_was_due(r->relay, r->connected_ms, r->ended_ms);
  return f;
}

static void check_connection(const struct facts *f) {
  if (f->r->reused) return;
  looked(CHECK_SERVED);
  if (f->r->refused_ms && !relay_was_absent(f->r->relay, f->r->refused_ms))
    accuse(f, CHECK_SERVED, "a connection was refused while a relay listened");
}

static void check_once(const struct facts *f) {
  if (!f->attempts || strcmp(f->p->method, "POST") != 0) return;
  looked(CHECK_ONCE);
  if (f->attempts > 1) accuse(f, CHECK_ONCE, "it was asked again");
}

void verdict(const struct record *r, const struct plan *p, unsigned attempts) {
  struct facts f = facts_of(r, p, attempts);
  check_connection(&f);
  check_once(&f);
  if (r->end != CLIENT_LEFT && r->end != CLIENT_KILLED) looked(CHECK_LOST);
  if (r->received) looked(CHECK_BYTES);
  switch ((enum client_end)r->end) {
  case CLIENT_CLEAN: check_clean(&f); return;
  case CLIENT_STATUS: check_status(&f); return;
  case CLIENT_CUT:
  case CLIENT_NOTHING: check_cut(&f); return;
  case CLIENT_LEFT:
  case CLIENT_KILLED: check_left(&f); return;
  case CLIENT_HANGS: accuse(&f, CHECK_LOST, "nothing comes any more"); return;
  case CLIENT_REFUSED: accuse(&f, CHECK_SERVED, "nobody takes connections"); return;
  case CLIENT_BAD: /* told by who saw it */
  case CLIENT_NONE: return;
  }
}

static void print_times(const char *what, const struct times *t) {
  printf("%s: p50 %u ms, p99 %u ms, at most %u ms (%u)\n", what, times_at(t, 500), times_at(t, 990),
         times_at(t, 1000), t->count);
}

void verdict_print_times(void) {
  print_times("from an origin's cut to its client", &cut_times);
  print_times("from a client's leaving to its origin", &left_times);
}
