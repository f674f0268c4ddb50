/* See ledger.h. Each read is entered once the write behind it was tried, and closed when the client's
 * socket has accepted so much that all of it must be among that. */
#include "relay/ledger.h"

#include "relay/exchange.h"
#include "relay/relay.h"
#include "weir/err.h"

/* ---- histograms ---- */

unsigned weir__histogram_bin(uint64_t value) {
  unsigned bin = 0;
  while (value && bin < WEIR_LEDGER_BINS - 1) value >>= 1, bin++;
  return bin;
}

void weir__histogram_add(weir_histogram *h, uint64_t value, uint64_t times) {
  h->count[weir__histogram_bin(value)] += times;
}

/* In the stream's, and in the relay's. */
#define ENTER(ev, field, value, times) \
  do { \
    weir__histogram_add(&(ev)->ledger->sum.field, (value), (times)); \
    weir__histogram_add(&(ev)->ex->relay->ledger.field, (value), (times)); \
  } while (0)

/* ---- what came ---- */

static weir__arrival *arrival_at(weir__ledger *l, unsigned n) {
  return &l->arrivals[(l->first + n) % WEIR__ARRIVALS];
}

static void add_arrival(weir__events *ev) {
  weir__ledger *l = ev->ledger;
  weir__arrival a = {.out = -1, .read_ns = ev->ex->up.read_ns, .merged = -1};
  weir__arrival *last = arrival_at(l, l->count ? l->count - 1 : 0);
  bool joins = l->count == WEIR__ARRIVALS;
  if (!joins) {
    last = arrival_at(l, l->count++);
    *last = a;
  }
  last->out = -1;
  last->body = l->body;
  last->bytes += (size_t)(l->body - l->noted);
  last->reads++;
}

/* Bytes that go nowhere have no departure. */
static void note_read(weir__events *ev) {
  weir__ledger *l = ev->ledger;
  if (l->body == l->noted) return;
  uint64_t now = weir__clock_now(&ev->ex->relay->clock);
  if (l->noted) ENTER(ev, gaps_ms, now - l->last_ms, 1);
  l->last_ms = now;
  if (!ev->diverted) add_arrival(ev);
  l->noted = l->body;
}

/* ---- what left ---- */

static int64_t sent(const weir_exchange *ex) {
  return (int64_t)(ex->down->sender.sent + weir__stream_added(ex->down->stream));
}

/* So much of the body has been written, or was not to be. */
static uint64_t passed(const weir__events *ev) {
  if (!ev->ex->head_sent) return 0;
  if (!ev->filter || !ev->parser || ev->ex->response_done) return ev->ledger->body;
  return ev->ledger->body - weir_sse_inside(ev->parser);
}

static void note_writes(weir__events *ev) {
  weir__ledger *l = ev->ledger;
  uint64_t body = passed(ev);
  for (unsigned i = 0; i < l->count; i++) {
    weir__arrival *a = arrival_at(l, i);
    if (a->out >= 0) continue;
    if (a->body <= body)
      a->out = sent(ev->ex);
    else if (a->merged < 0)
      a->merged = ev->ex->head_sent ? WEIR_MERGE_PARTIAL : WEIR_MERGE_HELD;
  }
}

static int tell(weir__events *ev, const weir__arrival *a) {
  const weir_hooks *hooks = ev->ex->hooks;
  uint64_t ns = weir__clock_ns(&ev->ex->relay->clock) - a->read_ns;
  ENTER(ev, added_us, ns / 1000, a->reads);
  if (a->merged >= 0) {
    ev->ledger->sum.merged[a->merged] += a->reads;
    ev->ex->relay->ledger.merged[a->merged] += a->reads;
  }
  weir_departure d = {.size = sizeof d, .added_ns = ns, .bytes = a->bytes, .merged = a->merged};
  if (hooks->on_departure) hooks->on_departure(ev->ex, &d, hooks->user);
  return weir__exchange_over(ev->ex) ? WEIR_ECANCELED : 0;
}

static void note_busy(weir__ledger *l) {
  for (unsigned i = 0; i < l->count; i++) {
    weir__arrival *a = arrival_at(l, i);
    if (a->out >= 0 && a->merged < 0) a->merged = WEIR_MERGE_BUSY;
  }
}

static int note_departures(weir__events *ev) {
  weir__ledger *l = ev->ledger;
  int64_t accepted = sent(ev->ex) - (int64_t)weir__downstream_pending(ev->ex->down);
  while (l->count && arrival_at(l, 0)->out >= 0 && arrival_at(l, 0)->out <= accepted) {
    weir__arrival a = *arrival_at(l, 0);
    l->first = (l->first + 1) % WEIR__ARRIVALS;
    l->count--;
    if (tell(ev, &a)) return WEIR_ECANCELED;
  }
  note_busy(l);
  return 0;
}

/* An answer of our own leaves instead: what came will not. */
static bool is_replaced(const weir_exchange *ex) {
  return ex->head_sent && (ex->end == WEIR_END_ANSWERED || ex->stats.status != 200);
}

int weir__ledger_sent(weir__events *ev) {
  if (!ev->ledger) return 0;
  note_read(ev);
  if (ev->ex->down->held || is_replaced(ev->ex)) ev->ledger->count = 0;
  if (!ev->ledger->count) return 0;
  note_writes(ev);
  return note_departures(ev);
}

/* ---- opening and closing them ---- */

int weir__ledger_open(weir__events *ev) {
  weir_exchange *ex = ev->ex;
  if (!ev->rules->o.ledger || ev->ledger) return 0;
  ev->ledger = weir__mem_new(&ex->relay->mem, sizeof *ev->ledger);
  if (!ev->ledger) return WEIR_ENOMEM;
  ev->ledger->sum.size = sizeof ev->ledger->sum;
  if (!ex->up.timed) ex->up.read_ns = weir__clock_ns(&ex->relay->clock); /* it is set just now */
  ex->up.timed = true;
  return 0;
}

void weir__ledger_close(weir__events *ev) {
  weir__ledger *l = ev->ledger;
  if (!l || l->closed) return;
  l->closed = true;
  uint64_t byte = ev->ex->stats.first_byte_ms;
  if (byte != UINT64_MAX) ENTER(ev, first_byte_ms, byte, 1);
  if (ev->first_event_ms != UINT64_MAX) ENTER(ev, first_event_ms, ev->first_event_ms, 1);
  if (ev->first_content_ms != UINT64_MAX) ENTER(ev, first_content_ms, ev->first_content_ms, 1);
}

void weir_relay_ledger(const weir_relay *relay, weir_ledger *ledger) {
  size_t size = ledger->size;
  if (size > sizeof relay->ledger) size = sizeof relay->ledger;
  memcpy(ledger, &relay->ledger, size);
  ledger->size = size;
}
