/* See stage.h. Everything the relay is told comes from pump(): it hands over what was sent, piece
 * by piece, and lets the loop turn behind each piece as a real one would. */
#include "fuzz/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "relay/downstream.h"
#include "relay/exchange.h"
#include "relay/pool.h"
#include "relay/relay.h"
#include "weir/err.h"

enum { NOW = 1000000, TURNS_TO_CLOSE = 32 };

static stage *current; /* there is one at a time */

/* ---- what is replaced ---- */

typedef struct stage_attempt {
  weir__mem *mem;
  weir__connect_fn fn;
  void *owner;
} stage_attempt;

int __wrap_weir__connect_start(weir__connect **attempt, weir__io *io, weir__clock *clock,
                               const weir__endpoint *to, uint32_t timeout_ms, weir__connect_fn fn,
                               void *owner);
void __wrap_weir__connect_cancel(weir__connect *attempt);
uint64_t __wrap_uv_now(const uv_loop_t *loop);
time_t __wrap_time(time_t *at);

int __wrap_weir__connect_start(weir__connect **attempt, weir__io *io, weir__clock *clock,
                               const weir__endpoint *to, uint32_t timeout_ms, weir__connect_fn fn,
                               void *owner) {
  (void)clock, (void)to, (void)timeout_ms;
  REQUIRE(!current->attempt);
  if (current->origin_count == STAGE_ORIGINS) return UV_EMFILE;
  stage_attempt *a = weir__mem_new(io->mem, sizeof *a);
  if (!a) return WEIR_ENOMEM;
  *a = (stage_attempt){io->mem, fn, owner};
  current->attempt = a;
  *attempt = (weir__connect *)a;
  return 0;
}

void __wrap_weir__connect_cancel(weir__connect *attempt) {
  REQUIRE((stage_attempt *)attempt == current->attempt);
  weir__mem_free(current->attempt->mem, current->attempt);
  current->attempt = NULL;
}

uint64_t __wrap_uv_now(const uv_loop_t *loop) { return (void)loop, NOW; }

time_t __wrap_time(time_t *at) {
  if (at) *at = 0;
  return 0;
}

/* ---- wires ---- */

static bool wire_left(const weir__stream *base, bool fin) {
  const wire *w = weir__container_of(base, wire, stream.base);
  return w->rst || (fin && w->fin);
}

/* Records grow with all that was written before. */
static int write_and_forget(weir__stream *base, const weir__slice *slices, size_t count) {
  wire *w = weir__container_of(base, wire, stream.base);
  int rc = w->kept_writev(base, slices, count);
  if (w->stream.written) mem_stream_clear(&w->stream);
  return rc;
}

static void wire_open(wire *w, stage *s, size_t window) {
  fuzz_record sent = w->sent; /* its memory serves again */
  memset(w, 0, sizeof *w);
  w->sent = sent;
  fuzz_clear(&w->sent);
  mem_stream_init(&w->stream);
  w->verbs = *w->stream.base.verbs;
  w->verbs.left = wire_left;
  w->kept_writev = w->verbs.writev;
  if (s->set.forget) w->verbs.writev = write_and_forget;
  w->stream.base.verbs = &w->verbs;
  w->stream.window = window;
  w->stream.high = s->relay->set.o.outbox_high;
  w->stream.low = s->relay->set.o.outbox_low;
  w->stage = s;
}

bool wire_ended_well(const wire *w) {
  const mem_stream *m = &w->stream;
  return !m->was_reset && !m->failed && (m->fin_sent || m->closed);
}

static size_t waiting_on(const wire *w) {
  const mem_stream *m = &w->stream;
  return w->stage && !m->closed ? m->base.verbs->pending(&m->base) : 0;
}

static bool hears(const wire *w) {
  return w->stream.reading && !w->stream.closed && !w->stream.ended;
}

/* ---- turns of the loop ---- */

static void on_idle(uv_idle_t *idle) { (void)idle; }

/* One loop for all inputs; something on it is always active, or it would not turn. */
static uv_loop_t *the_loop(void) {
  static uv_loop_t loop;
  static uv_idle_t idle;
  if (idle.loop) return &loop;
  if (uv_loop_init(&loop) || uv_idle_init(&loop, &idle)) abort();
  uv_idle_start(&idle, on_idle);
  return &loop;
}

/* NULL once it is gone. */
static const weir__downstream *client_of(const stage *s) {
  const weir__list *first = s->relay->downstreams.next;
  if (first == &s->relay->downstreams) return NULL;
  return weir__container_of(first, weir__downstream, node);
}

/* Contract 3, with what real streams would hold of their own. */
static void check_memory(stage *s) {
  size_t waiting = waiting_on(&s->client);
  for (size_t i = 0; i < s->origin_count; i++) waiting += waiting_on(&s->origins[i]);
  if (waiting > s->most_waiting) s->most_waiting = waiting;
  REQUIRE(s->alloc.peak_bytes - s->idle_bytes + s->most_waiting <= s->bytes_max);
}

static void run_wire(wire *w) {
  if (w->stage) mem_stream_run(&w->stream);
}

/* What every read leaves behind: nothing gathered, nothing half told. */
static void turn(stage *s) {
  check_memory(s);
  if (s->closed) return;
  REQUIRE(!s->relay->batch.owner);
  if (client_of(s)) s->head_read |= client_of(s)->served;
  bool close = s->relay->closing;
  run_wire(&s->client);
  for (size_t i = 0; i < s->origin_count; i++) run_wire(&s->origins[i]);
  if (close || !weir__list_empty(&s->relay->reaper.dead)) uv_run(the_loop(), UV_RUN_NOWAIT);
}

static bool tell_end(stage *s, wire *w) {
  if ((!w->fin && !w->rst) || w->told || !hears(w)) return false;
  w->told = true;
  mem_stream_feed_end(&w->stream, w->rst ? UV_ECONNRESET : 0);
  turn(s);
  return true;
}

static size_t next_piece(stage *s, size_t left) {
  if (left > WEIR__SCRATCH) left = WEIR__SCRATCH;
  return s->set.cuts ? fuzz_next_cut(&s->cuts, left) : left;
}

static bool tell(stage *s, wire *w) {
  size_t left = w->sent.len - w->read;
  if (!hears(w)) return false;
  if (!left) return tell_end(s, w);
  size_t n = next_piece(s, left);
  const char *bytes = w->sent.ptr + w->read;
  w->read += n;
  w->stream.not_silent = w->read < w->sent.len || w->fin || w->rst;
  mem_stream_feed(&w->stream, bytes, n);
  turn(s);
  return true;
}

static bool passed_fin(const wire *w) {
  return w->stream.fin_sent || w->stream.failed || w->stream.closed || waiting_on(w) > 0;
}

/* Through a tunnel FIN passes as soon as all before it has left. */
static void check_half_close(const stage *s) {
  const weir__downstream *d = client_of(s);
  const weir_exchange *ex = d && d->events ? d->owner : NULL;
  if (!ex || !s->origin_count || ex->phase != WEIR__PHASE_TUNNEL) return;
  if (ex->origin_fin) REQUIRE(passed_fin(&s->client));
  if (ex->client_fin) REQUIRE(passed_fin(&s->origins[s->origin_count - 1]));
}

/* The client first, so that the order does not depend on the cuts. */
static void pump(stage *s) {
  bool more = true;
  turn(s);
  while (more && !s->closed) {
    more = tell(s, &s->client);
    for (size_t i = 0; i < s->origin_count && !more; i++) more = tell(s, &s->origins[i]);
  }
  if (!s->closed) check_half_close(s);
}

/* ---- hooks ---- */

static void relay_closed(weir_relay *relay, void *user) {
  stage *s = user;
  (void)relay;
  REQUIRE(!s->closed);
  s->closed = true;
}

static int answer(weir_exchange *ex) {
  static const weir_field fields[] = {{"X-Answer", "1"}};
  int rc =
      weir_exchange_answer(ex, &(weir_answer){WEIR_ANSWER_INIT, .status = 200, .fields = fields,
                                              .field_count = 1, .body = "ours", .body_len = 4});
  REQUIRE(rc == 0 || rc == WEIR_ENOMEM || rc == WEIR_ESTATE ||
          rc == WEIR_EINVAL); /* 200 to CONNECT */
  return 0;
}

/* What a host may do with any head. Out of memory it stays as it was. */
static void edit(weir_head *head) {
  REQUIRE(weir_head_set(head, "Content-Length", "7") == WEIR_EFIELD);
  REQUIRE(weir_head_add(head, "X-Edited", "a\r\nb") == WEIR_EFIELD);
  weir_head_add(head, "X-Edited", "1");
  weir_head_remove(head, "Accept");
  weir_head_set(head, "Server", "edited");
  if (weir_head_method(head)) weir_head_set_target(head, "/edited");
  if (weir_head_status(head)) weir_head_set_status(head, 299, NULL);
}

static int act(stage *s, weir_exchange *ex, weir_head *head) {
  if (++s->hook_calls != s->set.act_at) return 0;
  switch (s->set.act) {
  case ACT_REFUSE: return 451;
  case ACT_FAIL: return -1;
  case ACT_ABORT: weir_exchange_abort(ex); return 0;
  case ACT_ANSWER: return answer(ex);
  case ACT_DRAIN: stage_drain(s); return 0;
  case ACT_CLOSE: weir_relay_close(s->relay, relay_closed, s); return 0;
  case ACT_EDIT:
    if (head) edit(head);
    return 0;
  case ACT_NOTHING: break;
  }
  return 0;
}

/* The exchange's number travels with both messages, so that the judge knows what belongs
 * together: memory never fails for it. */
static void sign(stage *s, weir_exchange *ex, weir_head *head) {
  char id[24];
  size_t fail_at = s->alloc.fail_at;
  snprintf(id, sizeof id, "%u", (unsigned)weir_exchange_id(ex));
  s->alloc.fail_at = 0;
  REQUIRE(weir_head_set(head, "X-Fuzz", id) == 0);
  s->alloc.fail_at = fail_at;
}

static int on_request(weir_exchange *ex, weir_head *head, void *user) {
  stage *s = user;
  uint64_t id = weir_exchange_id(ex);
  if (id <= STAGE_EXCHANGES) s->ends[id].asked = true;
  sign(s, ex, head);
  if (s->set.allow_connect) weir_exchange_allow_connect(ex);
  return act(s, ex, head);
}

static int on_response(weir_exchange *ex, weir_head *head, void *user) {
  sign(user, ex, head);
  return act(user, ex, head);
}

static int on_interim(weir_exchange *ex, weir_head *head, void *user) {
  sign(user, ex, head);
  return act(user, ex, head);
}

static int on_body(weir_exchange *ex, const char *data, size_t len, void *user) {
  stage *s = user;
  REQUIRE(data && len);
  return s->set.count_bodies ? act(s, ex, NULL) : 0;
}

static int on_trailers(weir_exchange *ex, weir_head *head, void *user) {
  return act(user, ex, head);
}

static int on_timeout(weir_exchange *ex, enum weir_timer timer, void *user) {
  stage *s = user;
  (void)timer;
  int verdict = act(s, ex, NULL);
  return verdict == 0 && s->set.extend ? WEIR_TIMEOUT_EXTEND : WEIR_TIMEOUT_END;
}

static void on_end(weir_exchange *ex, enum weir_end end, const weir_stats *stats, void *user) {
  stage *s = user;
  uint64_t id = weir_exchange_id(ex);
  REQUIRE(id >= 1);
  if (id > STAGE_EXCHANGES) return;
  REQUIRE(s->ends[id].times++ == 0);
  s->ends[id].end = end;
  s->ends[id].stats = *stats;
}

static const weir_hooks hooks = {.size = sizeof hooks,
                                 .on_request = on_request,
                                 .on_response = on_response,
                                 .on_interim = on_interim,
                                 .on_body = on_body,
                                 .on_trailers = on_trailers,
                                 .on_timeout = on_timeout,
                                 .on_end = on_end};

/* ---- opening ---- */

/* WEIR_TEST_LOG=1 shows what the relay says. */
static void on_log(enum weir_log_level level, const char *line, void *user) {
  (void)level, (void)user;
  fprintf(stderr, "    %s\n", line);
}

static void open_relay(stage *s) {
  weir_options o = s->set.options;
  alloc_init(&s->alloc);
  s->hooks = hooks;
  s->hooks.user = s;
  s->hooks.on_event = s->set.on_event;
  o.allocator = s->alloc.hooks;
  o.hooks = &s->hooks;
  if (getenv("WEIR_TEST_LOG")) o.log = on_log, o.log_level = WEIR_LOG_DEBUG;
  REQUIRE(weir_relay_new(&s->relay, the_loop(), &o) == 0);
  weir_upstream_options origin = {WEIR_UPSTREAM_OPTIONS_INIT, .url = "http://origin:81",
                                  .host = s->set.host};
  REQUIRE(weir_upstream_new(&s->upstream, s->relay, &origin) == 0);
  REQUIRE(weir_relay_route(s->relay, NULL, "/", s->upstream) == 0);
  s->idle_bytes = s->alloc.peak_bytes = s->alloc.live_bytes;
  s->bytes_max = weir_relay_bytes_max(s->relay);
  s->most_waiting = 0;
}

static void open_client(stage *s) {
  weir__downstream *d;
  wire_open(&s->client, s, s->set.client_window);
  s->client.stream.unacked = s->set.unacked;
  if (s->set.fail_at) s->alloc.fail_at = s->alloc.calls + s->set.fail_at;
  if (weir__downstream_new(&d, s->relay, &s->client.stream.base, NULL)) {
    weir__stream_discard(&s->client.stream.base);
    return;
  }
  weir__downstream_begin(d, weir__slice_of("", 0));
}

void stage_open(stage *s, const stage_settings *set) {
  current = s;
  s->set = *set;
  s->origin_count = s->hook_calls = 0;
  s->attempt = NULL;
  s->closed = s->head_read = false;
  memset(s->ends, 0, sizeof s->ends);
  if (set->cuts) s->cuts = *set->cuts;
  open_relay(s);
  open_client(s);
}

/* ---- what the peers do ---- */

static wire *newest_origin(stage *s) {
  for (size_t i = s->origin_count; i-- > 0;)
    if (!s->origins[i].stream.closed) return &s->origins[i];
  return NULL;
}

static void say(stage *s, wire *w, weir__slice bytes) {
  if (w && !w->fin && !w->rst && !w->stream.closed) {
    fuzz_put_raw(&w->sent, bytes);
    if (bytes.len) w->stream.not_silent = true;
  }
  pump(s);
}

void stage_client_says(stage *s, weir__slice bytes) { say(s, &s->client, bytes); }

void stage_origin_says(stage *s, weir__slice bytes) {
  stage_connect(s, 0);
  say(s, newest_origin(s), bytes);
}

static void end(stage *s, wire *w, bool rst) {
  if (w && !w->fin && !w->rst) {
    w->fin = !rst, w->rst = rst;
    w->stream.not_silent = true;
  }
  pump(s);
}

void stage_client_ends(stage *s, bool rst) { end(s, &s->client, rst); }

void stage_origin_ends(stage *s, bool rst) {
  stage_connect(s, 0);
  end(s, newest_origin(s), rst);
}

void stage_connect(stage *s, int status) {
  stage_attempt *a = s->attempt;
  if (s->closed || !a) return;
  stage_attempt told = *a;
  s->attempt = NULL;
  weir__mem_free(a->mem, a);
  wire *w = status ? NULL : &s->origins[s->origin_count++];
  if (w) wire_open(w, s, s->set.origin_window);
  told.fn(told.owner, status, w ? &w->stream.base : NULL);
  pump(s);
}

static void take(stage *s, wire *w, size_t n) {
  if (!s->closed && w && w->stage) mem_stream_accept(&w->stream, n);
  pump(s);
}

void stage_client_takes(stage *s, size_t n) { take(s, &s->client, n); }
void stage_origin_takes(stage *s, size_t n) { take(s, newest_origin(s), n); }

static void break_off(stage *s, wire *w) {
  if (s->closed || !w || w->stream.closed) return;
  if (w->stream.base.verbs->pending(&w->stream.base))
    mem_stream_fail_write(&w->stream, UV_EPIPE);
  else
    w->stream.fail_writev = UV_EPIPE;
  pump(s);
}

void stage_client_breaks(stage *s) { break_off(s, &s->client); }
void stage_origin_breaks(stage *s) { break_off(s, newest_origin(s)); }

void stage_pass(stage *s, uint32_t ms) {
  if (!s->closed) weir__clock_advance(&s->relay->clock, ms);
  pump(s);
}

void stage_drain(stage *s) { weir_relay_drain(s->relay, 60000, NULL, NULL); }

/* ---- the end ---- */

static void take_all(stage *s) {
  stage_client_takes(s, SIZE_MAX);
  for (size_t i = 0; i < s->origin_count; i++) take(s, &s->origins[i], SIZE_MAX);
}

static void end_origins(stage *s) {
  for (size_t i = 0; i < s->origin_count; i++) end(s, &s->origins[i], false);
}

void stage_finish(stage *s) {
  take_all(s);
  while (s->attempt && !s->closed) stage_connect(s, UV_ECONNREFUSED);
  end_origins(s);
  while (s->attempt && !s->closed) stage_connect(s, UV_ECONNREFUSED);
  stage_client_ends(s, false);
  if (s->set.unacked) stage_pass(s, 1000); /* a reset waits that long for the client's kernel */
  if (s->closed || s->relay->closing) return;
  REQUIRE(s->relay->count.exchanges == 0);
  REQUIRE(s->relay->count.clients == 0);
  REQUIRE(s->relay->count.idle_origins == 0);
}

/* Each exchange has had its end, once. */
static void check_ends(const stage *s) {
  for (size_t id = 1; id <= STAGE_EXCHANGES; id++)
    if (s->ends[id].asked) REQUIRE(s->ends[id].times == 1);
}

void stage_close(stage *s) {
  if (!s->closed && !s->relay->closing) weir_relay_close(s->relay, relay_closed, s);
  for (int i = 0; i < TURNS_TO_CLOSE && !s->closed; i++) {
    turn(s);
    uv_run(the_loop(), UV_RUN_NOWAIT);
  }
  REQUIRE(s->closed);
  check_ends(s);
  REQUIRE(!s->attempt && s->client.stream.closed);
  for (size_t i = 0; i < s->origin_count; i++) REQUIRE(s->origins[i].stream.gone);
  REQUIRE(s->alloc.live_blocks == 0 && s->alloc.live_bytes == 0);
}

void stage_free(stage *s) {
  mem_stream_free(&s->client.stream);
  for (size_t i = 0; i < s->origin_count; i++) mem_stream_free(&s->origins[i].stream);
}
