/* net/handshake: jobs of the thread pool over a stream in memory; an engine is the peer. */
#include "net/handshake.h"

#include "net_fixture.h"
#include "support/mem_stream.h"
#include "support/tls_end.h"

typedef struct fixture {
  net *n;
  mem_stream below;
  weir__handshake *handshake;
  tls_end ours, peer; /* `ours` lends its engine */
  unsigned reports;
  int status;
  weir__stream *stream;
  unsigned closes;
  bytes got;
  const char *says; /* what the peer says as soon as it is open, behind its last flight */
  unsigned gone;    /* how often it was said that the stream below is */
} fixture;

static void on_report(void *owner, int status, weir__stream *stream) {
  fixture *f = owner;
  f->reports++;
  f->status = status;
  f->stream = stream;
}

static void on_gone(void *owner) {
  fixture *f = owner;
  CHECK(f->below.closed);
  f->gone++;
}

static void begin_with(fixture *f, net *n, bool server, weir_tls *ours, weir_tls *theirs) {
  const weir__slice none = {0};
  memset(f, 0, sizeof *f);
  f->n = n;
  mem_stream_init(&f->below);
  if (server) {
    tls_end_accept(&f->ours, ours);
    tls_end_connect(&f->peer, theirs, "good.test", none);
  } else {
    tls_end_connect(&f->ours, ours, "good.test", none);
    tls_end_accept(&f->peer, theirs);
  }
  CHECK_INT(
      weir__handshake_start(&f->handshake, &n->io, &n->clock, &f->below.base, f->ours.engine,
                            &(weir__handshake_wish){.fn = on_report, .gone = on_gone, .owner = f}),
      0);
  CHECK_INT(f->reports, 0);
}

static weir_tls *a_server(void) {
  const weir_tls_pair good = CA_PAIR("good");
  return tls_server(&(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .pairs = &good, .pair_count = 1});
}

static weir_tls *an_origin(const char *ca) {
  return tls_origin(&(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .ca = ca});
}

static void begin(fixture *f, net *n, bool server) {
  weir_tls *a = a_server(), *b = an_origin(CA("root.crt"));
  begin_with(f, n, server, server ? a : b, server ? b : a);
}

static void end(fixture *f) {
  if (f->stream) weir__stream_discard(f->stream);
  unsigned gone = f->reports && f->status == 0 ? 0 : 1; /* else the stream is handed over */
  while (f->below.closed && !f->closes && mem_stream_run(&f->below)) f->closes++;
  CHECK_INT(f->gone, gone);
  RUN_UNTIL(f->n, f->n->io.live == 0);
  f->ours.engine = NULL; /* it went with the handshake or the stream */
  tls_end_close(&f->ours);
  tls_end_close(&f->peer);
  mem_stream_free(&f->below);
  bytes_clear(&f->got);
}

static void end_net(net *n) {
  weir__mem_free(&n->mem, n->io.tls);
  n->io.tls = NULL;
  net_end(n);
}

/* What one end has said reaches the other, `bite` bytes at a time. */
static void carry(fixture *f, size_t bite) {
  bytes_add(&f->peer.in, f->below.written, f->below.written_len);
  mem_stream_clear(&f->below);
  if (f->peer.rc >= 0) tls_end_turn(&f->peer);
  if (f->says && weir__tls_is_open(f->peer.engine)) {
    tls_end_write(&f->peer, f->says, strlen(f->says));
    f->says = NULL;
  }
  while (f->peer.out.len && f->below.reading && f->below.base.events) {
    size_t n = bite && bite < f->peer.out.len ? bite : f->peer.out.len;
    if (!mem_stream_feed(&f->below, f->peer.out.ptr, n)) break;
    bytes_drop(&f->peer.out, n);
  }
}

static void shake(fixture *f, size_t bite) {
  PUMP_UNTIL(f->n, carry(f, bite), f->reports && !f->below.written_len);
}

static void both_roles_end_with_an_open_stream(void) {
  net n;
  for (int server = 0; server < 2; server++)
    for (size_t bite = 0; bite < 3; bite++) {
      fixture f;
      CHECK_CASE("%s, bite %zu", server ? "server" : "client", bite);
      net_begin(&n, NULL);
      begin(&f, &n, server);
      shake(&f, bite);
      CHECK_INT(f.status, 0);
      CHECK(f.stream != NULL);
      CHECK(!f.below.closed);
      weir__slice slice = weir__slice_str("hello");
      CHECK_INT(weir__stream_writev(f.stream, &slice, 1), 0);
      carry(&f, 0);
      CHECK_MEM(f.peer.plain.ptr, f.peer.plain.len, "hello", 5);
      end(&f);
      end_net(&n);
    }
}

static void on_data(void *owner, weir__slice data) {
  fixture *f = owner;
  bytes_add(&f->got, data.ptr, data.len);
}
static void on_status(void *owner, int status) { (void)owner, (void)status; }
static void on_nothing(void *owner) { (void)owner; }
static const weir__stream_events reader = {on_data, on_status, on_nothing, on_status, on_nothing};

/* As a client of TLS 1.3 does, whose request stands behind its Finished. */
static void what_stands_behind_the_handshake_is_read_first(void) {
  net n;
  fixture f;
  net_begin(&n, NULL);
  begin(&f, &n, true);
  f.says = "request";
  shake(&f, 0);
  CHECK_INT(f.status, 0);
  weir__stream_own(f.stream, &reader, &f);
  CHECK_INT(weir__stream_read_start(f.stream), 0);
  weir__clock_advance(&n.clock, 1);
  CHECK_MEM(f.got.ptr, f.got.len, "request", 7);
  end(&f);
  end_net(&n);
}

/* A host that has looked at the first bytes hands them over. */
static void what_was_read_before_it_began_is_taken_first(void) {
  for (size_t n_early = 1; n_early < 400; n_early += 37) {
    net n;
    fixture f;
    net_begin(&n, NULL);
    CHECK_CASE("%zu bytes", n_early);
    memset(&f, 0, sizeof f);
    f.n = &n;
    mem_stream_init(&f.below);
    tls_end_accept(&f.ours, a_server());
    tls_end_connect(&f.peer, an_origin(CA("root.crt")), "good.test", (weir__slice){0});
    tls_end_turn(&f.peer);
    size_t len = n_early < f.peer.out.len ? n_early : f.peer.out.len;
    weir__handshake_wish wish = {
        .early = weir__slice_of(f.peer.out.ptr, len), .fn = on_report, .owner = &f};
    CHECK_INT(
        weir__handshake_start(&f.handshake, &n.io, &n.clock, &f.below.base, f.ours.engine, &wish),
        0);
    bytes_drop(&f.peer.out, len);
    shake(&f, 0);
    CHECK_INT(f.status, 0);
    end(&f);
    end_net(&n);
  }
}

static void check_fails(bool server, weir_tls *ours, weir_tls *theirs, int want, int alert) {
  net n;
  fixture f;
  net_begin(&n, NULL);
  begin_with(&f, &n, server, ours, theirs);
  shake(&f, 0);
  carry(&f, 0);
  CHECK_INT(f.status, want);
  CHECK_INT(f.reports, 1);
  CHECK(f.below.closed && !f.below.was_reset);
  if (alert) CHECK_INT(weir__tls_alert(f.peer.engine), alert);
  end(&f);
  end_net(&n);
}

static void a_refusal_is_reported_behind_its_alert(void) {
  check_fails(false, an_origin(CA("stranger.crt")), a_server(), WEIR_ETLS_UNKNOWN_CA, 48);
  check_fails(true, a_server(), an_origin(CA("stranger.crt")), WEIR_ETLS_ALERT, 0);
}

/* Bytes that come at first, and what the stream below says then. */
static void check_ends(const char *bytes_, int end_status, int want) {
  net n;
  fixture f;
  net_begin(&n, NULL);
  begin(&f, &n, true);
  if (*bytes_) mem_stream_feed_str(&f.below, bytes_);
  if (f.below.reading) mem_stream_feed_end(&f.below, end_status);
  PUMP_UNTIL(&n, (void)0, f.reports);
  CHECK_INT(f.status, want);
  CHECK(f.below.closed);
  end(&f);
  end_net(&n);
}

static void a_peer_that_leaves_or_speaks_no_tls_is_reported(void) {
  check_ends("", 0, WEIR_ETLS_TRUNCATED);
  check_ends("\x16\x03", 0, WEIR_ETLS_TRUNCATED);
  check_ends("", UV_ECONNRESET, UV_ECONNRESET);
  check_ends("GET / HTTP/1.1\r\n", 0, WEIR_ETLS_RECORD);
}

static void a_write_that_fails_ends_it(void) {
  net n;
  fixture f;
  net_begin(&n, NULL);
  begin(&f, &n, false);
  f.below.fail_writev = UV_EPIPE;
  PUMP_UNTIL(&n, (void)0, f.reports);
  CHECK_INT(f.status, UV_EPIPE);
  end(&f);
  end_net(&n);
}

/* ---- what is done at once ---- */

static weir_tls_options server_options(const weir_tls_pair *pair) {
  return (weir_tls_options){WEIR_TLS_OPTIONS_INIT, .pairs = pair, .pair_count = 1};
}

static bool has_flight(const fixture *f) { return f->below.written_len && f->below.reading; }

/* The client has spoken first; what the server then says lies in `below`. */
static void wait_for_flight(fixture *f) {
  carry(f, 0);
  RUN_UNTIL(f->n, has_flight(f));
}

/* Feeds the client's last flight, and looks before the loop goes on. */
static void check_last_step(const weir_tls_options *options, bool at_once) {
  net n;
  fixture f;
  net_begin(&n, NULL);
  begin_with(&f, &n, true, tls_server(options), an_origin(CA("root.crt")));
  wait_for_flight(&f);
  CHECK_INT(f.reports, 0);
  carry(&f, 0);
  CHECK_INT(f.reports, at_once);
  CHECK_INT(n.io.tls->jobs, !at_once);
  shake(&f, 0);
  CHECK_INT(f.status, 0);
  end(&f);
  end_net(&n);
}

static void a_finished_of_tls_1_3_takes_no_job(void) {
  const weir_tls_pair good = CA_PAIR("good");
  weir_tls_options options = server_options(&good);
  check_last_step(&options, true);
}

static void keys_and_certificates_of_clients_take_one(void) {
  const weir_tls_pair good = CA_PAIR("good");
  weir_tls_options options = server_options(&good);
  options.client_cert = WEIR_TLS_CLIENT_CERT_WANTED;
  options.ca = CA("root.crt");
  check_last_step(&options, false);
  options = server_options(&good);
  options.max_version = WEIR_TLS_1_2;
  check_last_step(&options, false);
}

/* As one that is cut, or whose keys are others. */
static void a_wrong_finished_is_reported_at_once(void) {
  net n;
  fixture f;
  net_begin(&n, NULL);
  begin(&f, &n, true);
  wait_for_flight(&f);
  mem_stream_clear(&f.below);
  mem_stream_feed(&f.below, "\x17\x03\x03\x00\x15garbage of 21 bytes..", 26);
  CHECK_INT(f.reports, 1);
  CHECK(f.status != 0);
  CHECK(f.below.closed);
  end(&f);
  end_net(&n);
}

/* ---- many ---- */

enum { MANY = 8 };

static void only_so_many_jobs_run_at_once_and_all_get_their_turn(void) {
  static fixture many[MANY];
  net n;
  net_begin(&n, NULL);
  for (size_t i = 0; i < MANY; i++) begin(&many[i], &n, false);
  CHECK_INT(n.io.tls->jobs, WEIR__HANDSHAKE_JOBS);
  size_t done = 0;
  for (int turns = 0; done < MANY && turns < 100000; turns++) {
    uv_run(&n.loop, UV_RUN_NOWAIT);
    CHECK(n.io.tls->jobs <= WEIR__HANDSHAKE_JOBS);
    done = 0;
    for (size_t i = 0; i < MANY; i++) carry(&many[i], 0), done += many[i].reports;
  }
  CHECK_INT(done, MANY);
  CHECK_INT(n.io.tls->jobs, 0);
  CHECK(weir__list_empty(&n.io.tls->queue));
  for (size_t i = 0; i < MANY; i++) {
    CHECK_INT(many[i].status, 0);
    weir__stream_discard(many[i].stream);
    mem_stream_run(&many[i].below);
    many[i].stream = NULL, many[i].closes = 1;
  }
  for (size_t i = 0; i < MANY; i++) end(&many[i]);
  end_net(&n);
}

/* In every state: waiting for bytes, in line, in the pool. */
static void cancelled_ones_report_nothing_and_leave_nothing(void) {
  static fixture many[MANY];
  net n;
  for (int rounds = 0; rounds < 4; rounds++) {
    CHECK_CASE("round %d", rounds);
    net_begin(&n, NULL);
    for (size_t i = 0; i < MANY; i++) begin(&many[i], &n, i % 2);
    for (int i = 0; i < rounds; i++) uv_run(&n.loop, UV_RUN_NOWAIT);
    for (size_t i = MANY; i-- > 0;) {
      if (many[i].reports) continue;
      weir__handshake_cancel(many[i].handshake);
      CHECK(many[i].below.closed);
      mem_stream_run(&many[i].below);
      many[i].closes = 1;
    }
    CHECK(weir__list_empty(&n.io.tls->queue));
    RUN_UNTIL(&n, n.io.live == 0);
    for (size_t i = 0; i < MANY; i++) {
      CHECK_INT(many[i].reports, 0);
      end(&many[i]);
    }
    CHECK_INT(n.io.tls->jobs, 0);
    end_net(&n);
  }
}

/* ---- memory ---- */

static int start(weir__mem *mem, void *arg) {
  net *n = arg;
  weir__io io = {.loop = &n->loop, .mem = mem};
  weir__handshake *h;
  mem_stream below;
  tls_end ours;
  mem_stream_init(&below);
  tls_end_connect(&ours, an_origin(CA("root.crt")), "good.test", (weir__slice){0});
  int rc = weir__handshake_start(&h, &io, &n->clock, &below.base, ours.engine,
                                 &(weir__handshake_wish){.fn = on_report});
  if (rc == 0) {
    ours.engine = NULL;
    weir__handshake_cancel(h);
    mem_stream_run(&below);
    RUN_UNTIL(n, io.live == 0);
  }
  tls_end_close(&ours);
  mem_stream_free(&below);
  weir__mem_free(mem, io.tls);
  return rc;
}

static void without_memory_everything_is_still_the_callers(void) {
  net n;
  net_begin(&n, NULL);
  check_each_failure(start, &n);
  net_end(&n);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(both_roles_end_with_an_open_stream);
  TEST(what_stands_behind_the_handshake_is_read_first);
  TEST(what_was_read_before_it_began_is_taken_first);
  TEST(a_refusal_is_reported_behind_its_alert);
  TEST(a_peer_that_leaves_or_speaks_no_tls_is_reported);
  TEST(a_write_that_fails_ends_it);
  TEST(a_finished_of_tls_1_3_takes_no_job);
  TEST(keys_and_certificates_of_clients_take_one);
  TEST(a_wrong_finished_is_reported_at_once);
  TEST(only_so_many_jobs_run_at_once_and_all_get_their_turn);
  TEST(cancelled_ones_report_nothing_and_leave_nothing);
  TEST(without_memory_everything_is_still_the_callers);
  return check_end();
}
