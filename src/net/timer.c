/* Deadlines in a pairing heap of nodes that sit inside what they watch, served by one libuv timer.
 * It knows no connection and allocates nothing. What is due is taken out of the heap first and then
 * called one by one, so a callback may set, stop and free any deadline, also one that is due
 * too. */
#include "net/timer.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

/* A thousand slow clients that came together run out of time together: answering them all in one
 * turn would hold up every stream for tens of milliseconds. */
enum { DUE_A_TURN = 32 };

/* ---- the heap ---- */

/* `prev` is the sibling before, or the parent of a first child; roots have neither. */
static weir__deadline *meld(weir__deadline *a, weir__deadline *b) {
  if (!a) return b;
  if (!b) return a;
  if (b->queued < a->queued) {
    weir__deadline *swap = a;
    a = b;
    b = swap;
  }
  b->prev = a;
  b->next = a->child;
  if (a->child) a->child->prev = b;
  a->child = b;
  return a;
}

static weir__deadline *take_sibling(weir__deadline **list) {
  weir__deadline *node = *list;
  if (!node) return NULL;
  *list = node->next;
  node->next = node->prev = NULL;
  return node;
}

/* The two passes of a pairing heap: meld pairs from the left, then all of them from the right. That
 * is what keeps the cost of a removal logarithmic over time. */
static weir__deadline *meld_siblings(weir__deadline *list) {
  weir__deadline *pairs = NULL, *root = NULL;
  while (list) {
    weir__deadline *a = take_sibling(&list);
    weir__deadline *pair = meld(a, take_sibling(&list));
    pair->next = pairs;
    pairs = pair;
  }
  for (weir__deadline *pair; (pair = take_sibling(&pairs));) root = meld(root, pair);
  return root;
}

static void unlink_sibling(weir__deadline *node) {
  if (node->prev->child == node)
    node->prev->child = node->next;
  else
    node->prev->next = node->next;
  if (node->next) node->next->prev = node->prev;
}

/* Takes a deadline out of the heap, or out of the list of those due. */
static void remove_node(weir__clock *clock, weir__deadline *node) {
  weir__deadline *children = meld_siblings(node->child);
  if (node == clock->first) {
    clock->first = children;
  } else if (node == clock->due) {
    clock->due = node->next;
    if (clock->due) clock->due->prev = NULL;
  } else {
    unlink_sibling(node);
    clock->first = meld(clock->first, children);
  }
  node->child = node->next = node->prev = NULL;
  node->queued = 0;
}

static void insert(weir__clock *clock, weir__deadline *node) {
  node->queued = node->at;
  clock->first = meld(clock->first, node);
}

/* ---- the libuv timer ---- */

static void on_timer(uv_timer_t *timer);

/* Only an earlier moment makes a call; when the root has become a later one, the timer fires for
 * nothing once and is set anew then. */
static void aim(weir__clock *clock) {
  if (!clock->first || clock->first->queued >= clock->armed) return;
  uint64_t now = weir__clock_now(clock);
  uint64_t wait = clock->first->queued > now ? clock->first->queued - now : 0;
  /* libuv 1.44 runs a timer that a timer sets to 0 before it looks at any socket again. */
  if (clock->firing && wait == 0) wait = 1;
  if (uv_timer_start(&clock->timer, on_timer, wait, 0) == 0) clock->armed = clock->first->queued;
}

/* Moves what is due at `now` from the heap to the list of those due, in order; the rest of many
 * waits until sockets had their turn. What has been aimed later meanwhile costs nothing to call,
 * and does not count. */
static void collect_due(weir__clock *clock, uint64_t now) {
  weir__deadline *last = NULL;
  for (int left = DUE_A_TURN; left > 0 && clock->first && clock->first->queued <= now;) {
    weir__deadline *node = clock->first;
    remove_node(clock, node);
    if (node->at > now) {
      if (node->at != WEIR__NEVER) insert(clock, node);
      continue;
    }
    left--;
    node->queued = now; /* it still stands somewhere: stop must take it out */
    node->prev = last;
    if (last)
      last->next = node;
    else
      clock->due = node;
    last = node;
  }
}

static bool is_closed(const weir__clock *clock) {
  return uv_is_closing((const uv_handle_t *)&clock->timer);
}

/* Deadlines that callbacks set to this very moment stay in the heap: their turn is the next one. */
static void fire_due(weir__clock *clock) {
  uint64_t now = weir__clock_now(clock);
  collect_due(clock, now);
  clock->firing = true;
  while (clock->due && !is_closed(clock)) {
    weir__deadline *node = clock->due;
    remove_node(clock, node);
    if (node->at == WEIR__NEVER) continue;
    if (node->at > now) {
      insert(clock, node);
      continue;
    }
    node->at = WEIR__NEVER;
    node->fn(node);
  }
  aim(clock);
  clock->firing = false;
}

static void on_timer(uv_timer_t *timer) {
  weir__clock *clock = timer->data;
  clock->armed = WEIR__NEVER;
  fire_due(clock);
}

/* ---- clock ---- */

int weir__clock_init(weir__clock *clock, uv_loop_t *loop) {
  memset(clock, 0, sizeof *clock);
  clock->armed = WEIR__NEVER;
  int err = uv_timer_init(loop, &clock->timer);
  if (err) return err;
  clock->timer.data = clock;
  uv_unref((uv_handle_t *)&clock->timer);
  return 0;
}

static void on_timer_closed(uv_handle_t *handle) {
  weir__clock *clock = handle->data;
  if (clock->on_closed) clock->on_closed(clock);
}

void weir__clock_close(weir__clock *clock, void (*on_closed)(weir__clock *clock)) {
  clock->on_closed = on_closed;
  uv_close((uv_handle_t *)&clock->timer, on_timer_closed);
}

uint64_t weir__clock_now(const weir__clock *clock) {
  uint64_t now = uv_now(clock->timer.loop) + clock->skew;
  return now ? now : 1;
}

uint64_t weir__clock_ns(const weir__clock *clock) { return uv_hrtime() + clock->skew * 1000000; }

void weir__clock_advance(weir__clock *clock, uint64_t ms) {
  assert(!clock->firing);
  uint64_t end = weir__clock_now(clock) + ms;
  while (clock->first && clock->first->queued <= end && !is_closed(clock)) {
    uint64_t now = weir__clock_now(clock);
    if (clock->first->queued > now) clock->skew += clock->first->queued - now;
    fire_due(clock);
  }
  uint64_t now = weir__clock_now(clock);
  if (end > now) clock->skew += end - now;
  clock->armed = WEIR__NEVER; /* it was aimed by the old skew */
  aim(clock);
}

/* ---- deadlines ---- */

void weir__deadline_set(weir__clock *clock, weir__deadline *deadline, uint32_t ms) {
  weir__deadline_set_at(clock, deadline,
                        ms == UINT32_MAX ? WEIR__NEVER : weir__clock_now(clock) + ms);
}

void weir__deadline_set_at(weir__clock *clock, weir__deadline *deadline, uint64_t at) {
  assert(at > 0);
  deadline->at = at;
  if (deadline->queued && deadline->queued <= at) return; /* the heap learns it when that comes */
  if (deadline->queued) remove_node(clock, deadline);
  if (at == WEIR__NEVER) return;
  insert(clock, deadline);
  aim(clock);
}

void weir__deadline_stop(weir__clock *clock, weir__deadline *deadline) {
  if (deadline->queued) remove_node(clock, deadline);
  deadline->at = WEIR__NEVER;
}
