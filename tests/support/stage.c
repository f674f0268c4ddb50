#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem */
#endif
#include "support/stage.h"

#ifdef __linux__
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#endif
#include <unistd.h>

enum { NAP_MS = 10, NAPS_MAX = 50, STEPS_MAX = 200 };

/* ---- the origin ---- */

static void serve_one(peer *p, const char *answer) {
  message m;
  message_split(&m, p->got + p->at, untaken(p), false);
  if (m.whole) p->at += m.used, peer_say(p, answer);
  message_clear(&m);
}

static void serve(fixture *f) {
  const char *answer = world_of(f)->answer;
  const weir__list *list = &f->origin.peers;
  for (const weir__list *n = list->next; n != list && answer; n = n->next)
    serve_one(weir__container_of(n, peer, node), answer);
}

void say_everywhere(fixture *f, const char *text) {
  const weir__list *list = &f->origin.peers;
  for (const weir__list *n = list->next; n != list; n = n->next)
    peer_say(weir__container_of(n, peer, node), text);
}

/* ---- going on ---- */

static uint64_t mix(uint64_t sum, uint64_t value) {
  return (sum ^ value) * UINT64_C(0x100000001b3);
}

static uint64_t look_at_peers(uint64_t sum, const weir__list *list) {
  for (const weir__list *n = list->next; n != list; n = n->next) {
    const peer *p = weir__container_of(n, peer, node);
    sum = mix(mix(mix(sum, p->got_len), p->unsent), p->poured);
    sum = mix(sum, (uint64_t)(p->connected + 2 * p->fin + 4 * (p->error != 0) + 8 * p->gone));
  }
  return sum;
}

/* A number that is another one whenever something has moved. */
static uint64_t look(const fixture *f) {
  const world *w = world_of(f);
  uint64_t sum = look_at_peers(look_at_peers(0, &f->clients), &f->origin.peers);
  sum = mix(mix(sum, f->end_count), f->origin.count);
  sum = mix(mix(sum, w->lent.returns), w->done);
  if (w->moved) sum = mix(sum, w->moved());
  if (f->closing) return sum;
  return mix(mix(sum, f->relay->count.clients), f->relay->count.exchanges_total);
}

static void on_wake(uv_timer_t *wake) { (void)wake; }

/* Asks the system past whoever may stand before it. */
static bool is_underway(const weir__downstream *down) {
  uv_os_fd_t fd;
  int bytes = 0;
  if (weir__downstream_pending(down) > 0) return true;
  if (uv_fileno((uv_handle_t *)weir__stream_uv_handle(down->uv), &fd)) return false;
#ifdef __linux__
  return syscall(SYS_ioctl, fd, SIOCOUTQ, &bytes) == 0 && bytes > 0;
#endif
  return bytes > 0;
}

/* A look-up runs in a thread; a window that was full opens when the other end's system says so. */
static bool awaits_system(const fixture *f) {
  if (f->closing || !last_down(f)) return false;
  const weir_exchange *ex = last_exchange(f);
  bool connecting = ex && ex->phase == WEIR__PHASE_CONNECTING;
  return (connecting && world_of(f)->by_name) || is_underway(last_down(f));
}

/* Waits in real time, for a little while. */
static bool nap(fixture *f, unsigned *naps) {
  world *w = world_of(f);
  if (!awaits_system(f) || ++*naps > NAPS_MAX) return false;
  uv_update_time(&f->loop.uv);
  uv_timer_start(&w->wake, on_wake, NAP_MS, 0);
  uv_run(&f->loop.uv, UV_RUN_ONCE);
  uv_timer_stop(&w->wake);
  return true;
}

/* The relay's clock jumps, further each time: past the delay between two attempts to connect first,
 * past five minutes at last. */
static bool pass_more(world *w, unsigned *idle) {
  static const unsigned ms[] = {300, 700, 4500, 6000, 11000, 61000, 80000, 301000, 301000};
  if (*idle == sizeof ms / sizeof *ms || w->f.closing || w->steps == STEPS_MAX) return false;
  w->steps++;
  pass(&w->f, ms[(*idle)++]);
  return true;
}

bool turn(fixture *f) {
  world *w = world_of(f);
  uint64_t before = look(f);
  unsigned idle = 0, naps = 0;
  if (w->stuck) return false;
  do {
    serve(f);
    settle(f);
    if (look(f) != before) return true;
  } while (nap(f, &naps) || pass_more(w, &idle));
  w->stuck = true;
  return false;
}

void calm(fixture *f) {
  for (int i = 0; i < 3; i++) settle(f), serve(f);
  settle(f);
}

/* The first final response that nobody has taken, as far as it is there. */
static void final_of(message *m, const peer *p) {
  peer rest = *p;
  for (;;) {
    message_split(m, rest.got + rest.at, untaken(&rest), false);
    if (!m->whole || m->status >= 200) return;
    rest.at += m->used;
    message_clear(m);
  }
}

bool served(const peer *p) {
  message m;
  final_of(&m, p);
  message_clear(&m);
  return m.whole;
}

bool heard(const peer *p, const char *text) {
  message m;
  final_of(&m, p);
  bool found = memmem(m.body, m.body_len, text, strlen(text)) != NULL;
  message_clear(&m);
  return found;
}

/* ---- one performance ---- */

void scenario_open(world *w, const scenario *play) {
  *w = (world){.play = play, .answer = OK_TWO};
  fixture_init(&w->f);
  w->f.test = w;
  uv_timer_init(&w->f.loop.uv, &w->wake);
  play->arrange(&w->f);
  fixture_start(&w->f);
}

void scenario_act(world *w) {
  w->play->act(&w->f);
  settle(&w->f);
}

void scenario_probe(world *w) {
  w->answer = OK_TWO;
  w->stuck = false;
  if (!w->play->status) return;
  peer *client = ask(&w->f, GET);
  while (!served(client) && !is_over(client) && turn(&w->f)) {}
  CHECK_INT(take(client)->status, w->play->status);
}

void scenario_close(world *w) {
  if (w->lent.f) lent_close(&w->lent);
  uv_close((uv_handle_t *)&w->wake, NULL);
  fixture_end(&w->f);
  if (w->lent.f) lent_free(&w->lent);
}
