/* An origin: answers each request as its plan says, cuts and stalls where it says so, verifies the
 * bytes it gets and writes down what it did. It never knows what the client saw. The process owns
 * its connections and dies with them. */
#include "origin.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "give.h"
#include "report.h"
#include "soak.h"
#include "sock.h"
#include "wire.h"

enum { CONNECTIONS = 2000, SCRATCH = 64 * 1024, TURN_MS = 5, TURNS = 8, ORPHAN_MS = 3000 };

struct conn {
  int fd;
  bool busy; /* with a request; the rest is about that one */
  bool request_done, head_given, fin_given, acted, silent;
  struct plan plan;
  struct attempt *attempt, orphan;
  uint64_t begun_ms, next_ms, read_again_ms;
  char head[HEAD_MAX];
  size_t head_len;
  struct head asked;
  struct body up;
  uint64_t up_key, got, sum;
  struct giver giver;
  struct outgo out;
};

static unsigned number;
static struct conn *conns[CONNECTIONS];
static size_t count;
static char scratch[SCRATCH];

/* ---- the end of a connection, or of an answer on it ---- */

static uint64_t lag(void) {
  const struct pulse *p = &shared->pulse[number];
  return p->lag_ms > p->lag_before_ms ? p->lag_ms : p->lag_before_ms;
}

static void settle(struct conn *c, enum origin_end end) {
  uint64_t now = now_ms();
  uint64_t limit = ORPHAN_MS * shared->slow + 4 * lag();
  if (c->attempt == &c->orphan && now - c->begun_ms > limit)
    broken(CHECK_LEFT, c->plan.serial, 0, "its client had left, but its origin learned it late");
  c->attempt->ended_ms = now;
  c->attempt->end = (uint32_t)end;
}

static void hang_up(struct conn *c) {
  close(c->fd);
  c->fd = -1;
}

static void lose(struct conn *c) {
  if (c->busy) settle(c, ORIGIN_LOST);
  hang_up(c);
}

static void forget_request(struct conn *c) {
  c->busy = c->request_done = c->head_given = c->fin_given = c->acted = c->silent = false;
  c->got = c->sum = 0;
}

/* ---- what goes wrong, as planned ---- */

static bool cuts(const struct plan *p) {
  return p->origin_act == ORIGIN_SENDS_FIN || p->origin_act == ORIGIN_SENDS_RST ||
         p->origin_act == ORIGIN_BREAKS || p->origin_act == ORIGIN_IS_SILENT;
}

static bool may_act(const struct conn *c) {
  return !c->acted && c->plan.origin_act != ORIGIN_ACTS_NOT && c->plan.origin_act != ORIGIN_CLOSES;
}

static bool act_is_due(const struct conn *c) {
  const struct plan *p = &c->plan;
  if (!may_act(c)) return false;
  if (p->act_in_request) return c->got >= p->act_at;
  if (!c->head_given)
    return p->act_at == 0 && (!p->act_inside || p->origin_act == ORIGIN_HALF_HEAD);
  return c->giver.offset >= p->act_at;
}

static void fall_silent(struct conn *c) {
  c->silent = true;
  c->attempt->quiet_ms = now_ms();
}

static void act(struct conn *c) {
  c->acted = true;
  switch (c->plan.origin_act) {
  case ORIGIN_SENDS_FIN:
    settle(c, ORIGIN_FIN);
    hang_up(c);
    return;
  case ORIGIN_SENDS_RST:
    settle(c, ORIGIN_RST);
    tcp_reset(c->fd);
    c->fd = -1;
    return;
  case ORIGIN_BREAKS:
    outgo_put(&c->out, "no size\r\n", 9);
    settle(c, ORIGIN_BROKE);
    c->attempt = &c->orphan; /* what comes now is not about the attempt any more */
    c->orphan = (struct attempt){0};
    c->begun_ms = now_ms();
    c->silent = true;
    return;
  case ORIGIN_STALLS:
    c->next_ms = now_ms() + c->plan.act_ms;
    c->giver.limit = c->giver.total;
    return;
  case ORIGIN_HALF_HEAD:
    outgo_put(&c->out, "HTTP/1.1 200 OK\r\nContent-", 25);
    fall_silent(c);
    return;
  case ORIGIN_IS_SILENT: fall_silent(c); return;
  case ORIGIN_ACTS_NOT:
  case ORIGIN_CLOSES: return;
  }
}

/* ---- answering ---- */

static void give_framing(struct conn *c) {
  if (c->plan.kind == KIND_TUNNEL)
    outgo_print(&c->out, "Connection: Upgrade\r\nUpgrade: websocket\r\n");
  else if (c->plan.framing == FRAMING_CHUNKED)
    outgo_print(&c->out, "Transfer-Encoding: chunked\r\n");
  else if (c->plan.framing == FRAMING_LENGTH)
    outgo_print(&c->out, "Content-Length: %" PRIu64 "\r\n", c->plan.down);
  if (c->plan.says_close) outgo_print(&c->out, "Connection: close\r\n");
}

static void give_head(struct conn *c) {
  const struct plan *p = &c->plan;
  c->head_given = true;
  if (p->early_hints) outgo_print(&c->out, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
  outgo_print(&c->out, "HTTP/1.1 %u Soak\r\nX-Soak: %" PRIu64 "\r\n", p->status, p->serial);
  if (p->kind == KIND_EVENTS) outgo_print(&c->out, "Content-Type: text/event-stream\r\n");
  if (p->up_framing && p->kind != KIND_ECHO && p->kind != KIND_TUNNEL)
    outgo_print(&c->out, "X-Got: %" PRIu64 " %" PRIx64 "\r\n", c->got, c->sum);
  give_framing(c);
  outgo_put(&c->out, "\r\n", 2);
  if (c->giver.ended && p->kind != KIND_TUNNEL) c->attempt->end = ORIGIN_FINISHING;
}

static void give_piece(struct conn *c) {
  const struct plan *p = &c->plan;
  bool last = giver_would_end(&c->giver);
  bool before_act = may_act(c) && cuts(p) && p->origin_act != ORIGIN_BREAKS && !p->act_in_request;
  bool broken_off = before_act && p->act_inside && p->act_at < p->down &&
                    giver_would_reach(&c->giver) == p->act_at;
  if (last) c->attempt->end = ORIGIN_FINISHING;
  giver_give(&c->giver, &c->out, broken_off);
  c->attempt->intent = c->giver.offset;
}

/* An echo goes as far as what it got, and ends behind its request. */
static void bound_echo(struct conn *c) {
  uint64_t bound = c->request_done || c->got < c->plan.up ? c->got : c->got - 1;
  c->giver.limit = may_act(c) && c->plan.act_at < bound ? c->plan.act_at : bound;
}

/* Waits for its request where the kind of the stream says so. */
static bool may_answer(struct conn *c) {
  if (c->plan.kind == KIND_ECHO) bound_echo(c);
  return c->request_done || c->plan.kind == KIND_ECHO || c->plan.kind == KIND_TUNNEL;
}

static void give(struct conn *c) {
  if (act_is_due(c)) {
    act(c);
    return;
  }
  if (!c->head_given) {
    give_head(c);
    if (c->plan.gap_ms || act_is_due(c)) {
      c->next_ms = now_ms() + c->plan.gap_ms;
      return;
    }
  }
  if (giver_can(&c->giver)) give_piece(c);
  c->next_ms = now_ms() + c->plan.gap_ms;
}

/* All is in the socket. */
static void finish_tunnel(struct conn *c) {
  if (!c->fin_given) {
    c->fin_given = true;
    c->attempt->end = ORIGIN_FINISHING;
    shutdown(c->fd, SHUT_WR);
  }
  if (!c->request_done) return;
  settle(c, ORIGIN_COMPLETE);
  hang_up(c);
}

static void finish(struct conn *c) {
  if (c->plan.kind == KIND_TUNNEL) {
    finish_tunnel(c);
    return;
  }
  bool announced = c->plan.framing == FRAMING_CLOSE || c->plan.says_close;
  c->attempt->end = ORIGIN_FINISHING;
  if (announced) hang_up(c);
  if (c->plan.origin_act == ORIGIN_CLOSES) shared->closed_idle_ms[number] = now_ms();
  settle(c, ORIGIN_COMPLETE);
  if (!announced && c->plan.origin_act == ORIGIN_CLOSES) hang_up(c);
  forget_request(c);
}

/* ---- the request ---- */

/* Reserves an attempt, or takes the orphan: a record may have been judged already, when the request
 * waited in the socket of a stopped origin. */
static struct attempt *reserve(struct conn *c, unsigned index, uint64_t serial) {
  struct record *r = &shared->records[index % RECORDS];
  uint64_t gate = r->gate;
  c->orphan = (struct attempt){0};
  while (GATE_SERIAL(gate) == serial && GATE_ATTEMPTS(gate) < ATTEMPTS)
    if (atomic_compare_exchange_weak(&r->gate, &gate, gate + 1))
      return &r->attempts[GATE_ATTEMPTS(gate)];
  if (GATE_SERIAL(gate) == serial)
    broken(CHECK_ONCE, serial, 0, "it was asked more than %d times", ATTEMPTS);
  return &c->orphan;
}

static enum kind kind_of(const char *name) {
  unsigned kind = 0;
  while (kind < KIND_COUNT && strcmp(kind_names[kind], name) != 0) kind++;
  return (enum kind)kind;
}

static void prepare_answer(struct conn *c) {
  const struct plan *p = &c->plan;
  uint64_t key = body_key(shared->seed, p->serial, DOWN);
  c->giver = giver_of(key, p->bodiless ? 0 : p->down, p->bodiless ? FRAMING_NONE : p->framing,
                      p->piece_min, p->piece_max);
  c->giver.end_apart = p->end_apart || p->act_at == p->down;
  if (may_act(c) && !p->act_in_request) c->giver.limit = p->act_at;
  c->next_ms = c->begun_ms + p->head_delay_ms;
}

static bool begin(struct conn *c) {
  unsigned origin, index;
  uint64_t serial;
  char method[16], kind[16];
  if (sscanf(c->asked.line, "%15s /%u/%15[a-z]/%u/%" SCNu64 " HTTP/1.1", method, &origin, kind,
             &index, &serial) != 5 ||
      origin != number || kind_of(kind) == KIND_COUNT) {
    broken(CHECK_BYTES, 0, 0, "an origin was asked \"%s\"", c->asked.line);
    return false;
  }
  c->busy = true;
  c->plan = plan_of(shared->seed, serial, kind_of(kind));
  c->begun_ms = now_ms();
  c->attempt = reserve(c, index, serial);
  c->attempt->end = ORIGIN_RUNNING;
  c->up_key = body_key(shared->seed, serial, UP);
  c->up = body_of(c->plan.kind == KIND_TUNNEL ? FRAMING_CLOSE : c->asked.framing, c->asked.length);
  c->request_done = c->up.framing == FRAMING_NONE;
  c->read_again_ms = c->plan.read_pause_ms ? c->begun_ms + c->plan.read_pause_ms : 0;
  prepare_answer(c);
  if (strcmp(method, c->plan.method) != 0 ||
      c->asked.framing != (c->plan.kind == KIND_TUNNEL ? FRAMING_NONE : c->plan.up_framing) ||
      c->asked.upgrade != (c->plan.kind == KIND_TUNNEL))
    broken(CHECK_BYTES, serial, 0, "an origin was asked \"%s\" in another way", c->asked.line);
  if (c->asked.expect) outgo_print(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
  return true;
}

static bool take_span(struct conn *c, struct span span) {
  size_t same =
      c->got + span.len > c->plan.up ? 0 : body_match(c->up_key, c->got, span.ptr, span.len);
  if (same < span.len) {
    broken(CHECK_BYTES, c->plan.serial, c->got + same, "%s of a request was altered on its way",
           c->got + span.len > c->plan.up ? "the length" : "a byte");
    return false;
  }
  c->sum = body_sum(c->sum, span.ptr, span.len);
  c->got += span.len;
  c->attempt->got = c->got;
  atomic_fetch_add(&shared->bytes, span.len);
  return true;
}

static void request_ended(struct conn *c) {
  c->request_done = true;
  c->attempt->got_all = 1;
}

static bool take_body(struct conn *c, struct span *in) {
  struct span span;
  for (;;) {
    switch (body_read(&c->up, in, &span)) {
    case WIRE_SPAN:
      if (!take_span(c, span)) return false;
      break;
    case WIRE_END: request_ended(c); return true;
    case WIRE_MORE: return true;
    case WIRE_BAD:
      broken(CHECK_BYTES, c->plan.serial, c->got, "the framing of a request is broken");
      return false;
    }
  }
}

static bool take_head(struct conn *c, struct span *in) {
  size_t room = sizeof c->head - c->head_len, before = c->head_len;
  size_t n = in->len < room ? in->len : room;
  memcpy(c->head + c->head_len, in->ptr, n);
  c->head_len += n;
  int used = head_read(&c->asked, c->head, c->head_len);
  if (used < 0) broken(CHECK_BYTES, 0, 0, "an origin got a head that is none");
  if (used < 0) return false;
  size_t taken = used ? (size_t)used - before : n;
  in->ptr += taken, in->len -= taken;
  if (used) c->head_len = 0;
  return used == 0 || begin(c);
}

static bool take(struct conn *c, struct span in) {
  while (in.len) {
    if (!c->busy) {
      if (!take_head(c, &in)) return false;
    } else if (c->request_done) {
      broken(CHECK_BYTES, c->plan.serial, c->got, "bytes behind the end of a request");
      return false;
    } else if (!take_body(c, &in)) {
      return false;
    }
  }
  return true;
}

/* ---- the socket ---- */

/* A relay that ends its side of a tunnel may still take ours. */
static void take_fin(struct conn *c) {
  if (c->busy && c->plan.kind == KIND_TUNNEL && c->got == c->plan.up && !c->request_done)
    request_ended(c);
  else
    lose(c);
}

static void read_some(struct conn *c) {
  ssize_t n = recv(c->fd, scratch, sizeof scratch, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n < 0)
    lose(c);
  else if (n == 0)
    take_fin(c);
  else if (!take(c, (struct span){scratch, (size_t)n}))
    lose(c);
}

/* A broken-off body must have left before what comes behind it. */
static bool flush(struct conn *c) {
  int rc = outgo_flush(&c->out, c->fd);
  if (rc < 0) lose(c);
  if (rc == 0) c->attempt->sent = c->attempt->intent;
  return rc == 0;
}

static void advance(struct conn *c) {
  for (int turn = 0; turn < TURNS && c->fd >= 0 && c->busy; turn++) {
    if (!flush(c) || c->silent) return;
    if (act_is_due(c) && c->plan.act_in_request) {
      act(c);
      return;
    }
    bool done = c->head_given && c->giver.ended && !act_is_due(c);
    if (done) {
      finish(c);
      return;
    }
    if (now_ms() < c->next_ms || !may_answer(c)) return;
    give(c);
    if (c->fd >= 0 && !flush(c)) return;
  }
}

/* All is in the socket, though nobody has noticed yet: what comes now is about the next request. */
static void finish_if_done(struct conn *c) {
  bool act = may_act(c) && c->plan.origin_act != ORIGIN_STALLS;
  if (c->busy && c->head_given && c->giver.ended && !c->out.len && !act && !c->silent) finish(c);
}

static short interest(struct conn *c) {
  short events = POLLRDHUP;
  bool waits = c->busy && c->read_again_ms > now_ms();
  bool halved = c->busy && c->plan.kind == KIND_TUNNEL && c->request_done;
  if (halved) events = 0;
  if (!waits && !halved) events |= POLLIN;
  if (c->out.len) events |= POLLOUT;
  return events;
}

static void serve(struct conn *c, short ready) {
  if (ready & POLLRDHUP) c->read_again_ms = 0;
  finish_if_done(c);
  if (c->fd < 0) return;
  bool halved = c->busy && c->plan.kind == KIND_TUNNEL && c->request_done;
  if (halved && (ready & (POLLERR | POLLHUP)))
    lose(c);
  else if (ready & (POLLIN | POLLRDHUP | POLLHUP | POLLERR))
    read_some(c);
  if (c->fd >= 0) advance(c);
}

/* ---- the process ---- */

static void take_connections(int listener) {
  int fd;
  while (count < CONNECTIONS && (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    struct conn *c = calloc(1, sizeof *c);
    if (!c) abort();
    c->fd = fd;
    conns[count++] = c;
  }
}

static void bury(void) {
  for (size_t i = 0; i < count;) {
    struct conn *c = conns[i];
    if (c->fd >= 0) {
      i++;
      continue;
    }
    outgo_free(&c->out);
    free(c);
    conns[i] = conns[--count];
  }
}

static void turn(int listener, struct pollfd *fds) {
  size_t n = count;
  fds[0] = (struct pollfd){.fd = listener, .events = POLLIN};
  for (size_t i = 0; i < n; i++)
    fds[i + 1] = (struct pollfd){.fd = conns[i]->fd, .events = interest(conns[i])};
  (void)poll_with_pulse(fds, n + 1, TURN_MS, &shared->pulse[number]);
  for (size_t i = 0; i < n; i++) serve(conns[i], fds[i + 1].revents);
  if (fds[0].revents) take_connections(listener);
  bury();
}

void origin_run(unsigned which) {
  static struct pollfd fds[CONNECTIONS + 1];
  number = which;
  int listener = tcp_listen(ORIGIN_ADDRESS(number), &shared->origin_port[number]);
  if (listener < 0)
    broken(CHECK_HARNESS, 0, 0, "origin %u cannot listen: %s", number, strerror(errno));
  while (listener >= 0) turn(listener, fds);
  _exit(1);
}
