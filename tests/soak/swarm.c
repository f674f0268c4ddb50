/* Many clients: each sends what its plan says, verifies every byte it gets, leaves or stalls where
 * it is told, and writes down how it saw its stream end. It never knows what the origin did. A
 * client owns its socket and, while it runs, its record. */
#include "swarm.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
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

enum { SCRATCH = 64 * 1024, TURN_MS = 5, SMALL_ROOM = 16 * 1024 };

enum {
  REST_MS = 50, /* behind an end that is not the usual one */
  SIP_MS = 20,
  ASK_MS = 1000, /* for a 100, before the body goes out all the same */
  KNOCK_MS = 20, /* at a port where nobody listens .. */
  KNOCK_MAX_MS = 15000,
  HANGS_MS = 30000, /* longer than any timer of the relay */
};

enum state { RESTING, CONNECTING, RUNNING };

struct client {
  int fd;
  enum state state;
  struct record *record;
  struct plan plan;
  unsigned relay, more; /* of the connection: where it goes to, requests that may follow */
  uint64_t connected_ms, act_ms, moved_ms, read_again_ms;
  bool reused, broken_pipe, was_reset, fin_given, fin_taken, paused, still, told_to_send;
  char head[HEAD_MAX];
  size_t head_len;
  struct head answer;
  bool answered;
  struct body body;
  uint64_t key, received;
  struct giver giver;
  struct outgo out;
};

static unsigned number;
static struct client clients[STREAMS_EACH];
static char scratch[SCRATCH];

/* ---- records ---- */

static struct record *find_record(void) {
  static unsigned hint;
  for (unsigned i = 0; i < RECORDS_EACH; i++) {
    struct record *r = &shared->records[number * RECORDS_EACH + (hint + i) % RECORDS_EACH];
    if (r->state != RECORD_FREE) continue;
    hint = (hint + i + 1) % RECORDS_EACH;
    return r;
  }
  return NULL;
}

static void clear(struct record *r) {
  for (unsigned i = 0; i < ATTEMPTS; i++) r->attempts[i] = (struct attempt){0};
  r->reused = r->unmarked = r->status = r->end = 0;
  r->sent_all = 0;
  r->refused_ms = r->quiet_ms = r->ended_ms = r->received = 0;
}

/* False when all records wait for their judgement. */
static bool open_record(struct client *c, enum kind kind) {
  struct record *r = find_record();
  if (!r) return false;
  uint64_t serial = (atomic_fetch_add(&shared->next[number], 1) + 1) * SWARMS + number;
  clear(r);
  c->plan = plan_of(shared->seed, serial, kind);
  r->serial = serial;
  r->kind = c->plan.kind;
  r->begun_ms = now_ms();
  r->gate = GATE(serial, 0);
  r->state = RECORD_RUNNING;
  c->record = r;
  return true;
}

/* Bytes were seen to be wrong: the check says which, the record that it is told already. */
static void spoilt(struct client *c, const char *what) {
  broken(CHECK_BYTES, c->plan.serial, c->received, "%s (%s, answer %u)", what,
         kind_names[c->plan.kind], c->answer.status);
}

/* ---- the end ---- */

static void rest(struct client *c, uint64_t ms) {
  c->state = RESTING;
  c->act_ms = now_ms() + ms;
  c->reused = false;
}

static void close_record(struct client *c, enum client_end end) {
  struct record *r = c->record;
  r->received = c->received;
  r->status = c->answer.status;
  r->ended_ms = now_ms();
  r->end = end;
  r->state = RECORD_DONE;
  c->record = NULL;
}

static void end(struct client *c, enum client_end how) {
  if (c->fd >= 0 && how == CLIENT_LEFT && c->plan.client_act == CLIENT_SENDS_RST)
    tcp_reset(c->fd);
  else if (c->fd >= 0)
    close(c->fd);
  c->fd = -1;
  close_record(c, how);
  rest(c, how == CLIENT_CLEAN || how == CLIENT_LEFT ? 0 : REST_MS);
}

static void end_cut(struct client *c) {
  end(c, c->answered || c->head_len ? CLIENT_CUT : CLIENT_NOTHING);
}

static void end_spoilt(struct client *c, const char *what) {
  spoilt(c, what);
  end(c, CLIENT_BAD);
}

/* ---- the beginning ---- */

static void put_head(struct client *c) {
  const struct plan *p = &c->plan;
  outgo_print(&c->out, "%s /%u/%s/%u/%" PRIu64 " HTTP/1.%d\r\nHost: soak\r\n", p->method, p->origin,
              kind_names[p->kind], (unsigned)(c->record - shared->records), p->serial,
              p->minor_0 ? 0 : 1);
  if (p->kind == KIND_TUNNEL)
    outgo_print(&c->out, "Connection: Upgrade\r\nUpgrade: websocket\r\n");
  else if (p->close)
    outgo_print(&c->out, "Connection: close\r\n");
  if (p->up_framing == FRAMING_CHUNKED) outgo_print(&c->out, "Transfer-Encoding: chunked\r\n");
  if (p->up_framing == FRAMING_LENGTH)
    outgo_print(&c->out, "Content-Length: %" PRIu64 "\r\n", p->up);
  if (p->ask_first) outgo_print(&c->out, "Expect: 100-continue\r\n");
  outgo_put(&c->out, "\r\n", 2);
}

static void fall_silent(struct client *c) {
  c->still = true;
  c->record->quiet_ms = now_ms();
}

static void start_request(struct client *c) {
  const struct plan *p = &c->plan;
  uint64_t now = now_ms();
  c->state = RUNNING;
  c->record->connected_ms = c->connected_ms;
  c->record->relay = c->relay;
  c->record->reused = c->reused;
  c->record->begun_ms = c->moved_ms = c->act_ms = now;
  c->broken_pipe = c->was_reset = c->fin_given = c->fin_taken = c->paused = c->still = c->answered =
      false;
  c->told_to_send = false;
  c->head_len = 0, c->received = c->read_again_ms = 0;
  c->answer = (struct head){0};
  c->key = body_key(shared->seed, p->serial, DOWN);
  c->giver = giver_of(body_key(shared->seed, p->serial, UP), p->up, p->up_framing, p->up_piece_min,
                      p->up_piece_max);
  if (p->client_act == CLIENT_HALF_BODY) c->giver.limit = p->leave_at;
  c->record->sent_all = p->up_framing == FRAMING_NONE;
  c->out.at = c->out.len = 0;
  put_head(c);
  if (p->client_act != CLIENT_HALF_HEAD) return;
  c->out.len /= 2;
  fall_silent(c);
}

static void refused(struct client *c) {
  if (c->fd >= 0) close(c->fd);
  c->fd = -1;
  if (!c->record->refused_ms) c->record->refused_ms = now_ms();
  if (now_ms() - c->record->refused_ms > KNOCK_MAX_MS)
    end(c, CLIENT_REFUSED);
  else
    c->act_ms = now_ms() + KNOCK_MS;
}

static void knock(struct client *c) {
  bool slow = c->plan.client_act == CLIENT_IS_SLOW || c->plan.client_act == CLIENT_PAUSES ||
              c->plan.client_act == CLIENT_READS_NOT;
  c->connected_ms = now_ms();
  c->fd = tcp_connect(SWARM_ADDRESS(number), RELAY_ADDRESS, shared->relay_port[c->relay],
                      slow ? SMALL_ROOM : 0);
  c->state = CONNECTING;
  if (c->fd < 0) refused(c);
}

static void begin(struct client *c) {
  if (shared->orders != GO || now_ms() < c->act_ms || !open_record(c, KIND_COUNT)) return;
  c->relay = c->plan.relay;
  c->more = c->plan.more;
  c->record->relay = c->relay;
  c->record->connected_ms = now_ms();
  knock(c);
}

/* ---- a whole response ---- */

static bool may_go_on(const struct client *c) {
  return c->more && c->answer.marked && !c->answer.close && !c->plan.close && !c->plan.minor_0 &&
         c->giver.ended && c->out.len == 0 && shared->orders == GO;
}

/* A connection that stays open rests a little too, so that a drain can meet it. */
static void go_on(struct client *c) {
  c->more--;
  close_record(c, CLIENT_CLEAN);
  c->state = RESTING;
  c->reused = true;
  c->act_ms = now_ms() + c->plan.serial % 40;
}

static void finish(struct client *c) {
  const struct plan *p = &c->plan;
  bool sums = p->up_framing && p->kind != KIND_ECHO && p->kind != KIND_TUNNEL;
  if (!c->answer.marked)
    end(c, CLIENT_STATUS);
  else if (sums && (c->answer.got != p->up || c->answer.sum != c->giver.sum))
    end_spoilt(c, "the origin got another upload");
  else if (may_go_on(c))
    go_on(c);
  else
    end(c, CLIENT_CLEAN);
}

/* ---- reading ---- */

static const char *settle_framing(struct client *c) {
  const struct head *h = &c->answer;
  bool bodiless = (h->marked && c->plan.bodiless) || strcmp(c->plan.method, "HEAD") == 0;
  if (!bodiless && h->framing == FRAMING_NONE && !c->plan.minor_0) return "no framing";
  enum framing framing = h->framing == FRAMING_NONE ? FRAMING_CLOSE : h->framing;
  if (framing == FRAMING_CHUNKED && c->plan.minor_0) return "chunks for HTTP/1.0";
  c->body = body_of(bodiless ? FRAMING_NONE : framing, h->length);
  return NULL;
}

static const char *take_answer(struct client *c) {
  const struct head *h = &c->answer;
  c->answered = true;
  if (!h->marked) return h->status >= 400 ? settle_framing(c) : "an answer from nowhere";
  if (h->serial != c->plan.serial) return "the answer to another request";
  if (h->status != c->plan.status) return "another status";
  c->record->unmarked = c->plan.framing == FRAMING_CLOSE;
  if (c->plan.kind != KIND_TUNNEL) return settle_framing(c);
  c->body = body_of(FRAMING_CLOSE, 0);
  return h->upgrade ? NULL : "101 without Upgrade";
}

static const char *take_head(struct client *c, struct span *in) {
  size_t before = c->head_len, room = sizeof c->head - before;
  size_t n = in->len < room ? in->len : room;
  memcpy(c->head + before, in->ptr, n);
  c->head_len += n;
  int used = head_read(&c->answer, c->head, c->head_len);
  if (used < 0) return "a head that is none";
  size_t taken = used ? (size_t)used - before : n;
  in->ptr += taken, in->len -= taken;
  if (used == 0) return NULL;
  c->head_len = 0;
  bool interim = c->answer.status < 200 && c->answer.status != 101;
  if (c->answer.status == 100) c->told_to_send = true;
  return interim ? NULL : take_answer(c);
}

static const char *take_span(struct client *c, struct span span) {
  if (!c->answer.marked) return NULL;
  bool long_ = c->received + span.len > c->plan.down;
  size_t same = long_ ? 0 : body_match(c->key, c->received, span.ptr, span.len);
  c->received += same;
  atomic_fetch_add(&shared->bytes, same);
  if (long_) return "more than there is";
  return same < span.len ? "another byte" : NULL;
}

/* Says what is wrong, or NULL. `*whole` tells that the response has ended. */
static const char *take_body(struct client *c, struct span *in, bool *whole) {
  struct span span;
  for (const char *wrong = NULL; !wrong;) {
    switch (body_read(&c->body, in, &span)) {
    case WIRE_SPAN: wrong = take_span(c, span); break;
    case WIRE_END: *whole = true; return in->len ? "bytes behind the end" : NULL;
    case WIRE_MORE: return NULL;
    case WIRE_BAD: return "a broken framing";
    }
    if (wrong) return wrong;
  }
  return NULL;
}

static void take(struct client *c, struct span in) {
  const char *wrong = NULL;
  bool whole = false;
  c->moved_ms = now_ms();
  while (!wrong && !c->answered && in.len) wrong = take_head(c, &in);
  if (!wrong && c->answered) wrong = take_body(c, &in, &whole);
  if (wrong)
    end_spoilt(c, wrong);
  else if (whole)
    finish(c);
}

static void take_fin(struct client *c) {
  bool tunnel = c->answered && c->plan.kind == KIND_TUNNEL && c->answer.marked;
  c->fin_taken = true;
  if (!c->answered || c->body.framing != FRAMING_CLOSE || c->was_reset)
    end_cut(c);
  else if (!tunnel || c->received < c->plan.down || c->fin_given)
    finish(c);
}

/* How much it reads now. */
static size_t thirst(const struct client *c) {
  if (c->plan.client_act != CLIENT_IS_SLOW || c->received < c->plan.leave_at) return SCRATCH;
  return c->plan.sip < SCRATCH ? c->plan.sip : SCRATCH;
}

static void read_some(struct client *c) {
  size_t most = thirst(c);
  ssize_t n = recv(c->fd, scratch, most, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n < 0)
    end_cut(c);
  else if (n == 0)
    take_fin(c);
  else
    take(c, (struct span){scratch, (size_t)n});
  if (c->state == RUNNING && most < SCRATCH) c->read_again_ms = now_ms() + SIP_MS;
}

/* ---- writing ---- */

static bool may_send_body(const struct client *c) {
  if (c->plan.kind == KIND_TUNNEL) return c->answered && c->answer.marked;
  bool waits = c->plan.ask_first && !c->told_to_send && now_ms() < c->record->begun_ms + ASK_MS;
  return !waits && (!c->answered || c->plan.kind == KIND_ECHO);
}

/* A request that is about to end counts as sent. */
static void give_piece(struct client *c) {
  if (giver_would_end(&c->giver)) c->record->sent_all = 1;
  giver_give(&c->giver, &c->out, false);
  c->act_ms = now_ms() + c->plan.up_gap_ms;
  if (c->plan.client_act == CLIENT_HALF_BODY && c->giver.offset >= c->plan.leave_at) fall_silent(c);
}

static void give_fin(struct client *c) {
  c->fin_given = true;
  c->record->sent_all = 1;
  shutdown(c->fd, SHUT_WR);
  if (c->fin_taken) finish(c);
}

/* A relay that wants no more of the request may have said why. */
static bool flush(struct client *c) {
  if (c->broken_pipe) return false;
  int rc = outgo_flush(&c->out, c->fd);
  if (rc < 0) c->broken_pipe = true;
  if (rc == -ECONNRESET) c->was_reset = true; /* told once: what is read next is an end */
  return rc == 0;
}

static void send_some(struct client *c) {
  while (flush(c) && !c->still && may_send_body(c) && now_ms() >= c->act_ms) {
    if (!giver_can(&c->giver)) break;
    give_piece(c);
  }
  bool tunnel = c->plan.kind == KIND_TUNNEL && c->answered && c->answer.marked;
  if (tunnel && c->giver.ended && !c->out.len && !c->fin_given && !c->broken_pipe) give_fin(c);
}

/* ---- what goes wrong, as planned ---- */

static bool leaves(const struct client *c) {
  const struct plan *p = &c->plan;
  if (p->client_act != CLIENT_SENDS_FIN && p->client_act != CLIENT_SENDS_RST) return false;
  return c->received + c->giver.offset >= p->leave_at ||
         now_ms() >= c->record->begun_ms + p->leave_ms;
}

/* One that reads nothing must read on some day, to see that it was cut. */
static void pause_if_due(struct client *c) {
  bool reads_not = c->plan.client_act == CLIENT_READS_NOT;
  if (c->paused || (!reads_not && c->plan.client_act != CLIENT_PAUSES)) return;
  if (c->received < c->plan.leave_at || !c->answered) return;
  c->paused = true;
  c->read_again_ms = now_ms() + (reads_not ? shared->stall_ms * 2 : c->plan.leave_ms);
  if (reads_not) c->record->quiet_ms = now_ms();
}

static void run(struct client *c) {
  if (c->plan.client_act == CLIENT_HALF_BODY && c->plan.leave_at == 0 && !c->still) fall_silent(c);
  send_some(c);
  if (c->state == RUNNING && c->fin_taken && c->broken_pipe) end_cut(c);
  if (c->state != RUNNING) return;
  pause_if_due(c);
  if (shared->orders == LEAVE || leaves(c))
    end(c, CLIENT_LEFT);
  else if (now_ms() - c->moved_ms > HANGS_MS * shared->slow)
    end(c, CLIENT_HANGS);
}

/* ---- the socket ---- */

static bool reads(const struct client *c) { return !c->fin_taken && now_ms() >= c->read_again_ms; }

static short interest(const struct client *c) {
  short events = 0;
  if (c->fd < 0) return 0;
  if (c->state == CONNECTING) return POLLOUT;
  if (c->state == RESTING) return POLLIN;
  if (reads(c)) events |= POLLIN;
  if (c->out.len && !c->broken_pipe) events |= POLLOUT;
  return events;
}

/* Who wants nothing is not asked: poll() would tell of a hang-up again and again. */
static struct pollfd watch(const struct client *c) {
  short events = interest(c);
  return (struct pollfd){.fd = events ? c->fd : -1, .events = events};
}

static void connected(struct client *c) {
  if (tcp_error(c->fd))
    refused(c);
  else
    start_request(c);
}

/* Between two requests: the relay closes, or says something that nobody asked for. */
static void rested(struct client *c) {
  if (recv(c->fd, scratch, sizeof scratch, 0) > 0) spoilt(c, "bytes behind the end");
  close(c->fd);
  c->fd = -1;
  rest(c, 0);
}

static void ready(struct client *c, short events) {
  if (c->state == CONNECTING)
    connected(c);
  else if (c->state == RESTING)
    rested(c);
  else if (reads(c) && events & (POLLIN | POLLHUP | POLLERR))
    read_some(c);
}

static void go(struct client *c) {
  if (c->state == CONNECTING && c->fd < 0 && now_ms() >= c->act_ms) knock(c);
  if (c->state == CONNECTING && shared->orders == LEAVE) end(c, CLIENT_LEFT);
  if (c->state == RUNNING) run(c);
  if (c->state != RESTING) return;
  if (shared->orders == LEAVE && c->fd >= 0) close(c->fd), c->fd = -1, c->reused = false;
  if (c->fd < 0)
    begin(c);
  else if (shared->orders == GO && now_ms() >= c->act_ms && open_record(c, KIND_SMALL))
    start_request(c);
}

/* ---- the process ---- */

static void turn(void) {
  struct pollfd fds[STREAMS_EACH];
  for (unsigned i = 0; i < STREAMS_EACH; i++) fds[i] = watch(&clients[i]);
  (void)poll_with_pulse(fds, STREAMS_EACH, TURN_MS, &shared->pulse[ORIGINS + number]);
  for (unsigned i = 0; i < STREAMS_EACH; i++) {
    if (fds[i].revents && clients[i].fd == fds[i].fd) ready(&clients[i], fds[i].revents);
    go(&clients[i]);
  }
}

void swarm_run(unsigned which) {
  number = which;
  for (unsigned i = 0; i < STREAMS_EACH; i++) clients[i].fd = -1;
  for (;;) turn();
}
