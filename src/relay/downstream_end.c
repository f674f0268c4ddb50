/* The ends of a client connection: keep-alive, gentle close, cut, drop, give back. */
#include "relay/downstream_end.h"

#include "relay/answer.h"
#include "relay/relay.h"
#include "weir/err.h"

enum {
  LINGER_MS = 5000,   /* for the client's FIN */
  UNACKED_MS = 10,    /* between two looks at what the client's kernel has not confirmed .. */
  UNACKED_LOOKS = 80, /* .. before a reset goes out all the same */
};

static void free_memory(weir__downstream *d) {
  weir_relay *relay = d->relay;
  weir__deadline_stop(&relay->clock, &d->deadline);
  weir__sender_drop(&d->sender);
  weir__buf_free(&d->ahead);
  weir__downstream_rest_reader(d);
  weir__mem_free(&relay->mem, d->loan);
  weir__list_remove(&d->node);
  weir__mem_free(&relay->mem, d);
}

static void uncount(weir__downstream *d) {
  if (d->in_crowd) weir__crowd_leave(&d->relay->crowd, &d->peer.addr);
  if (d->turned_away) d->relay->turned_away--;
  d->relay->count.clients--;
}

static void forget(weir__downstream *d) {
  uncount(d);
  free_memory(d);
}

void weir__downstream_unborrow(weir__downstream *d) {
  weir__stream_uv_give_back(d->uv);
  forget(d);
}

/* ---- the last step ---- */

static void give_up_handshake(weir__downstream *d) {
  weir__handshake *handshake = d->handshake;
  d->handshake = NULL;
  d->relay->count.handshakes_failed_total++;
  weir__handshake_cancel(handshake);
}

static void finish(weir__downstream *d, bool reset) {
  weir__downstream_set_state(d, WEIR__DOWN_CLOSED, 0);
  if (d->handshake)
    give_up_handshake(d);
  else if (reset)
    weir__stream_reset(d->stream);
  else
    weir__stream_close(d->stream);
}

/* Nothing was cut: TLS has to say so (RFC 8446, 6.1). */
static void finish_well(weir__downstream *d) {
  if (d->secure && !d->handshake) (void)weir__stream_shutdown(d->stream);
  finish(d, false);
}

/* ---- giving a lent stream back ---- */

static void tell_host(weir__downstream *d, uv_stream_t *stream, bool open) {
  weir_returned r = {.size = sizeof r, .open = open};
  if (open && d->ahead.len) {
    r.rest = d->ahead.ptr + d->ahead_at;
    r.rest_len = d->ahead.len - d->ahead_at;
  }
  if (d->loan) d->loan->returned(stream, &r, d->loan->user);
}

static void gone(weir__downstream *d) {
  weir_relay *relay = d->relay;
  forget(d);
  weir__relay_check(relay);
}

static void bury_returned(weir__remains *remains) {
  weir__downstream *d = weir__container_of(remains, weir__downstream, remains);
  if (d->lost) {
    finish(d, false);
    return;
  }
  tell_host(d, weir__stream_uv_give_back(d->uv), true);
  gone(d);
}

static void give_back(weir__downstream *d) {
  weir__downstream_set_state(d, WEIR__DOWN_RETURNING, 0);
  weir__stream_read_stop(d->stream);
  weir__reap_now(&d->relay->reaper, &d->remains, bury_returned);
}

void weir__downstream_closed(weir__downstream *d) {
  d->lent = d->uv ? weir__stream_uv_handle(d->uv) : NULL;
  if (d->held) {
    d->gone = true;
    d->stream = d->sender.stream = NULL;
    uncount(d);
    return;
  }
  tell_host(d, d->lent, false);
  gone(d);
}

/* ---- held by an exchange that goes on without it ---- */

void weir__downstream_hold(weir__downstream *d) {
  d->events = NULL;
  d->paused = false;
  weir__downstream_drop(d);
  d->held = true;
}

/* What the host keeps with a lent stream its hooks may use: it is told behind on_end. */
static void bury_held(weir__remains *remains) {
  weir__downstream *d = weir__container_of(remains, weir__downstream, remains);
  weir_relay *relay = d->relay;
  tell_host(d, d->lent, false);
  free_memory(d);
  weir__relay_check(relay);
}

void weir__downstream_let_go(weir__downstream *d) {
  d->held = false;
  if (d->gone) weir__reap_now(&d->relay->reaper, &d->remains, bury_held);
}

/* ---- closing ---- */

static void drop(weir__downstream *d, bool reset) {
  if (d->state == WEIR__DOWN_RETURNING || d->state == WEIR__DOWN_CLOSED) return;
  weir__sender_drop(&d->sender);
  finish(d, reset);
}

void weir__downstream_drop(weir__downstream *d) {
  bool unfinished = d->state == WEIR__DOWN_BUSY || d->state == WEIR__DOWN_CLOSING;
  drop(d, unfinished && d->close_delimited);
}

/* A FIN would wait in the kernel behind bytes that nobody takes, and keep their memory. */
void weir__downstream_reset(weir__downstream *d) { drop(d, true); }

static void linger(weir__downstream *d) {
  if (weir__stream_shutdown(d->stream) < 0) {
    weir__downstream_drop(d);
    return;
  }
  weir__downstream_set_state(d, WEIR__DOWN_LINGERING, LINGER_MS);
  weir__stream_read_start(d->stream);
  if (d->fin) finish(d, false);
}

/* A body delimited by close, cut short, has only a reset to say so; but a reset throws away what
 * the client's kernel has not got, so the good bytes must have been confirmed first. */
static void cut_now(weir__downstream *d) {
  if (!d->close_delimited) {
    linger(d);
    return;
  }
  if (d->looks++ < UNACKED_LOOKS && weir__stream_unacked(d->stream) > 0)
    weir__deadline_set(&d->relay->clock, &d->deadline, UNACKED_MS);
  else
    finish(d, true);
}

/* Its request was whole and its last one (RFC 9112, 9.6): no byte will come that a reset could
 * answer and so overtake the response. */
static bool says_no_more(const weir__downstream *d) {
  return d->last && d->request_done && d->ahead.len == 0;
}

void weir__downstream_go_on_closing(weir__downstream *d) {
  if (weir__downstream_pending(d) > 0) return;
  d->looks = 0;
  if (d->cut)
    cut_now(d);
  else if (says_no_more(d))
    finish_well(d);
  else
    linger(d);
}

/* What the client has not got: here and in the kernel, which takes megabytes for a file. */
static size_t untaken(const weir__downstream *d) {
  return weir__downstream_pending(d) + weir__stream_unacked(d->stream);
}

/* Flushes what waits, then ends; a client that takes too little in stall_ms is dropped. */
static void begin_closing(weir__downstream *d) {
  d->events = NULL;
  weir__downstream_set_state(d, WEIR__DOWN_CLOSING, d->relay->set.o.stall_ms);
  d->waiting = untaken(d);
  d->paused = false;
  if (!d->fin) weir__stream_read_start(d->stream); /* to see it leave */
  if (d->state == WEIR__DOWN_CLOSING) weir__downstream_go_on_closing(d);
}

static void watch_progress(weir__downstream *d) {
  size_t waiting = untaken(d);
  if (weir__downstream_pending(d) == 0) {
    cut_now(d);
  } else if (waiting + d->relay->set.stall_min <= d->waiting) {
    d->waiting = waiting;
    weir__deadline_set(&d->relay->clock, &d->deadline, d->relay->set.o.stall_ms);
  } else {
    finish(d, true);
  }
}

void weir__downstream_cut(weir__downstream *d) {
  if (d->state != WEIR__DOWN_BUSY) return;
  d->events = NULL;
  if (weir__sender_flush(&d->sender) < 0) {
    weir__downstream_drop(d);
    return;
  }
  d->cut = true;
  begin_closing(d);
}

/* ---- between requests ---- */

void weir__downstream_next(weir__downstream *d) {
  if (d->state != WEIR__DOWN_BUSY) return;
  d->events = NULL;
  weir__sender_drop(&d->sender);
  bool keep = d->keep && d->request_done && !d->relay->draining;
  if (d->loan && d->loan->once && keep) {
    give_back(d);
  } else if (keep) {
    weir__downstream_set_state(d, WEIR__DOWN_IDLE, d->relay->set.o.keepalive_ms);
    weir__downstream_read_ahead(d);
    if (d->state == WEIR__DOWN_IDLE || d->state == WEIR__DOWN_HEAD || d->state == WEIR__DOWN_BUSY)
      weir__downstream_read_on(d);
  } else {
    begin_closing(d);
  }
}

void weir__downstream_saw_fin(weir__downstream *d) {
  switch (d->state) {
  case WEIR__DOWN_CLOSING: /* it still gets what waits for it */
  case WEIR__DOWN_RETURNING:
  case WEIR__DOWN_CLOSED: return;
  case WEIR__DOWN_SHAKING:
  case WEIR__DOWN_IDLE:
  case WEIR__DOWN_HEAD:
  case WEIR__DOWN_BUSY:
  case WEIR__DOWN_LINGERING: finish_well(d);
  }
}

void weir__downstream_drain(weir__downstream *d) {
  d->keep = false;
  if (d->state == WEIR__DOWN_IDLE || d->state == WEIR__DOWN_SHAKING) finish_well(d);
}

/* ---- answers without an exchange ---- */

void weir__downstream_answer_and_close(weir__downstream *d, int status, int code) {
  weir__answer answer;
  enum weir_end end = code == WEIR_ENOMEM ? WEIR_END_NO_MEMORY
                      : status == 503     ? WEIR_END_REFUSED
                                          : WEIR_END_CLIENT_BAD;
  int rc = weir__answer_error(&answer, &d->relay->mem, status, end, 0, code, false);
  if (rc) {
    weir__downstream_drop(d);
    return;
  }
  d->keep = false;
  if (d->state != WEIR__DOWN_BUSY) d->head_only = false; /* no head was read that could be HEAD */
  d->minor = 1;
  rc = weir__downstream_send_head(d, answer.head, NULL);
  if (rc == 0) rc = weir__downstream_send_body(d, weir__slice_of(answer.body, answer.body_len));
  if (rc == 0) rc = weir__downstream_flush(d);
  weir__answer_free(&answer, &d->relay->mem);
  if (rc < 0)
    weir__downstream_drop(d);
  else
    begin_closing(d);
}

void weir__downstream_turn_away(weir__downstream *d) {
  d->turned_away = true;
  d->relay->turned_away++;
  d->relay->count.refused_total++;
  if (d->secure)
    weir__downstream_drop(d); /* a handshake costs more than the answer: who is flooded has none */
  else
    weir__downstream_answer_and_close(d, 503, UV_EMFILE);
}

/* ---- time ---- */

void weir__downstream_on_deadline(weir__deadline *deadline) {
  weir__downstream *d = weir__container_of(deadline, weir__downstream, deadline);
  switch (d->state) {
  case WEIR__DOWN_SHAKING:
    weir__downstream_note_refusal(d, WEIR_ETIMEOUT);
    finish(d, false);
    return;
  case WEIR__DOWN_HEAD: weir__downstream_answer_and_close(d, 408, WEIR_ETIMEOUT); return;
  case WEIR__DOWN_CLOSING: watch_progress(d); return;
  case WEIR__DOWN_IDLE:
  case WEIR__DOWN_LINGERING: finish_well(d); return;
  case WEIR__DOWN_BUSY: weir__downstream_look(d); return;
  case WEIR__DOWN_RETURNING: /* these have no timer */
  case WEIR__DOWN_CLOSED: return;
  }
}
