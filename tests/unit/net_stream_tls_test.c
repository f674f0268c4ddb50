/* net/stream_tls: a stream with an engine inside, over one in memory; an engine is the peer. */
#include "net/stream_tls.h"

#include "net_fixture.h"
#include "support/mem_stream.h"
#include "support/tls_end.h"

typedef struct fixture {
  net n;
  mem_stream below;
  weir__stream *stream;
  tls_end peer, ours; /* `ours` lends its engine */
  bytes got;
  unsigned datas, ends, drains, errors, closes;
  int status;
  void (*then)(struct fixture *f); /* inside on_data */
} fixture;

static void on_data(void *owner, weir__slice data) {
  fixture *f = owner;
  f->datas++;
  bytes_add(&f->got, data.ptr, data.len);
  if (f->then) f->then(f);
}

static void on_end(void *owner, int status) {
  fixture *f = owner;
  f->ends++;
  f->status = status;
}

static void on_drained(void *owner) { ((fixture *)owner)->drains++; }

static void on_write_error(void *owner, int status) {
  fixture *f = owner;
  f->errors++;
  f->status = status;
}

static void on_closed(void *owner) { ((fixture *)owner)->closes++; }

static const weir__stream_events events = {on_data, on_end, on_drained, on_write_error, on_closed};

static void begin_ends(fixture *f, const weir_tls_options *origin) {
  const weir_tls_pair good = CA_PAIR("good");
  memset(f, 0, sizeof *f);
  net_begin(&f->n, NULL);
  mem_stream_init(&f->below);
  tls_end_accept(&f->peer, tls_server(&(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .pairs = &good,
                                                          .pair_count = 1}));
  tls_end_connect(&f->ours, tls_origin(origin), "good.test", (weir__slice){0});
}

static void begin_stream(fixture *f, weir__slice early) {
  CHECK_INT(weir__stream_tls_new(&f->stream, &f->n.io, &f->n.clock, &f->below.base, f->ours.engine,
                                 early),
            0);
  weir__stream_own(f->stream, &events, f);
}

/* `early` of the peer's words stand behind the handshake. */
static void begin_early(fixture *f, const weir_tls_options *origin, const char *early) {
  begin_ends(f, origin);
  CHECK(tls_shake(&f->ours, &f->peer));
  if (*early) tls_end_write(&f->peer, early, strlen(early));
  begin_stream(f, weir__slice_of(f->peer.out.ptr, f->peer.out.len));
  bytes_clear(&f->peer.out);
}

static void begin(fixture *f) {
  begin_early(f, &(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .ca = CA("root.crt")}, "");
  CHECK_INT(weir__stream_read_start(f->stream), 0);
}

static void end(fixture *f) {
  weir__stream_close(f->stream);
  mem_stream_run(&f->below);
  CHECK_INT(f->closes, 1);
  f->ours.engine = NULL; /* it went with the stream */
  tls_end_close(&f->ours);
  tls_end_close(&f->peer);
  mem_stream_free(&f->below);
  bytes_clear(&f->got);
  weir__mem_free(&f->n.mem, f->n.io.tls);
  net_end(&f->n);
}

/* What the peer has written arrives. */
static void arrive(fixture *f) {
  mem_stream_feed(&f->below, f->peer.out.ptr, f->peer.out.len);
  bytes_clear(&f->peer.out);
}

static void peer_says(fixture *f, const char *str) {
  tls_end_write(&f->peer, str, strlen(str));
  arrive(f);
}

static void peer_closes(fixture *f) {
  char raw[600];
  weir__room out = weir__room_of(raw, sizeof raw);
  CHECK_INT(weir__tls_close(f->peer.engine, &out), 0);
  bytes_add(&f->peer.out, out.ptr, out.len);
}

/* What we have written reaches the peer. */
static void reach(fixture *f) {
  bytes_add(&f->peer.in, f->below.written, f->below.written_len);
  mem_stream_clear(&f->below);
  tls_end_turn(&f->peer);
}

static void check_got(fixture *f, const char *str) {
  CHECK_MEM(f->got.ptr, f->got.len, str, strlen(str));
  bytes_clear(&f->got);
}

/* ---- writing ---- */

static void one_flush_is_one_record_and_one_write(void) {
  fixture f;
  begin(&f);
  const weir__slice slices[] = {weir__slice_str("5\r\n"), weir__slice_str("hello"),
                                weir__slice_str("\r\n")};
  CHECK_INT(weir__stream_writev(f.stream, slices, 3), 0);
  CHECK_INT(f.below.write_count, 1);
  CHECK_INT(f.below.writes[0].slices, 1);
  CHECK_INT(record_size(weir__slice_of(f.below.writes[0].ptr, f.below.writes[0].len)),
            f.below.writes[0].len);
  reach(&f);
  CHECK_MEM(f.peer.plain.ptr, f.peer.plain.len, "5\r\nhello\r\n", 10);
  end(&f);
}

static void all_that_one_read_brought_is_one_write(void) {
  fixture f;
  char *payload = calloc(1, WEIR__SCRATCH);
  begin(&f);
  const weir__slice slices[] = {weir__slice_str("10000\r\n"),
                                weir__slice_of(payload, WEIR__SCRATCH), weir__slice_str("\r\n")};
  CHECK_INT(weir__stream_writev(f.stream, slices, 3), 0);
  CHECK_INT(f.below.write_count, 1);
  reach(&f);
  CHECK_INT(f.peer.plain.len, WEIR__SCRATCH + 9);
  free(payload);
  end(&f);
}

static void more_than_a_room_holds_goes_out_in_several_writes(void) {
  fixture f;
  char *payload = malloc(500000);
  for (size_t i = 0; i < 500000; i++) payload[i] = (char)(i * 13 + i / 511);
  begin(&f);
  weir__slice slice = weir__slice_of(payload, 500000);
  CHECK_INT(weir__stream_writev(f.stream, &slice, 1), 0);
  CHECK(f.below.write_count > 1 && f.below.write_count < 8);
  reach(&f);
  CHECK_MEM(f.peer.plain.ptr, f.peer.plain.len, payload, 500000);
  free(payload);
  end(&f);
}

static void fullness_drain_and_pending_are_those_below(void) {
  fixture f;
  weir__slice slice = weir__slice_str("some bytes");
  begin(&f);
  f.below.window = 0, f.below.high = 10, f.below.low = 5;
  CHECK_INT(weir__stream_writev(f.stream, &slice, 1), WEIR__FULL);
  CHECK(weir__stream_pending(f.stream) > slice.len);
  mem_stream_accept_all(&f.below);
  CHECK_INT(f.drains, 1);
  CHECK_INT(weir__stream_pending(f.stream), 0);
  CHECK_INT(weir__stream_writev(f.stream, &slice, 1), 0);
  end(&f);
}

static void a_write_that_fails_is_final(void) {
  fixture f;
  weir__slice slice = weir__slice_str("lost");
  begin(&f);
  f.below.fail_writev = UV_EPIPE;
  CHECK_INT(weir__stream_writev(f.stream, &slice, 1), UV_EPIPE);
  f.below.fail_writev = 0;
  CHECK_INT(weir__stream_writev(f.stream, &slice, 1), UV_EPIPE);
  CHECK_INT(weir__stream_shutdown(f.stream), UV_EPIPE);
  end(&f);
}

static void a_late_write_error_is_told(void) {
  fixture f;
  weir__slice slice = weir__slice_str("late");
  begin(&f);
  f.below.window = 0;
  CHECK_INT(weir__stream_writev(f.stream, &slice, 1), 0);
  mem_stream_fail_write(&f.below, UV_ECONNRESET);
  CHECK_INT(f.errors, 1);
  CHECK_INT(f.status, UV_ECONNRESET);
  CHECK_INT(weir__stream_writev(f.stream, &slice, 1), UV_ECONNRESET);
  end(&f);
}

/* ---- reading ---- */

static void all_plain_bytes_of_one_read_are_one_event(void) {
  fixture f;
  begin(&f);
  tls_end_write(&f.peer, "one ", 4);
  tls_end_write(&f.peer, "two ", 4);
  tls_end_write(&f.peer, "three", 5);
  arrive(&f);
  CHECK_INT(f.datas, 1);
  check_got(&f, "one two three");
  end(&f);
}

static void a_record_in_pieces_is_no_event_before_it_is_whole(void) {
  fixture f;
  begin(&f);
  tls_end_write(&f.peer, "pieces", 6);
  bytes cipher = f.peer.out;
  for (size_t i = 0; i < cipher.len; i++) {
    CHECK_INT(f.datas, 0);
    CHECK(mem_stream_feed(&f.below, cipher.ptr + i, 1));
  }
  CHECK_INT(f.datas, 1);
  check_got(&f, "pieces");
  end(&f);
}

static void a_ticket_is_no_event(void) {
  fixture f;
  begin_ends(&f, &(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .ca = CA("root.crt")});
  tls_end_turn(&f.ours), tls_carry(&f.ours, &f.peer), tls_end_turn(&f.peer);
  tls_carry(&f.peer, &f.ours), tls_end_turn(&f.ours);
  tls_carry(&f.ours, &f.peer), tls_end_turn(&f.peer);
  begin_stream(&f, (weir__slice){0});
  CHECK_INT(weir__stream_read_start(f.stream), 0);
  CHECK(f.peer.out.len > 0); /* the ticket */
  arrive(&f);
  CHECK_INT(f.datas + f.ends, 0);
  CHECK(weir__tls_has_session(weir__stream_tls_engine(f.stream)));
  end(&f);
}

static void what_came_behind_the_handshake_comes_first_and_later(void) {
  fixture f;
  begin_early(&f, &(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .ca = CA("root.crt")}, "early ");
  CHECK(!weir__stream_silent(f.stream));
  net_settle(&f.n);
  CHECK_INT(f.datas, 0);
  CHECK_INT(weir__stream_read_start(f.stream), 0);
  CHECK_INT(f.datas, 0); /* never before it returns */
  weir__clock_advance(&f.n.clock, 1);
  CHECK_INT(f.datas, 1);
  check_got(&f, "early ");
  peer_says(&f, "late");
  check_got(&f, "late");
  CHECK(weir__stream_silent(f.stream));
  end(&f);
}

static void what_came_first_stays_first(void) {
  fixture f;
  begin_early(&f, &(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .ca = CA("root.crt")}, "early ");
  CHECK_INT(weir__stream_read_start(f.stream), 0);
  peer_says(&f, "late");
  check_got(&f, "early late");
  end(&f);
}

static void stop(fixture *f) { weir__stream_read_stop(f->stream); }

static void a_stopped_stream_reports_nothing(void) {
  fixture f;
  begin(&f);
  weir__stream_read_stop(f.stream);
  CHECK(!f.below.reading);
  CHECK_INT(weir__stream_read_start(f.stream), 0);
  peer_says(&f, "now");
  check_got(&f, "now");
  end(&f);
}

/* Several records in one read, and more of them than a room holds. */
static void what_is_left_when_the_owner_stops_is_for_later(void) {
  fixture f;
  enum { SIZE = 200000 };
  char *payload = calloc(1, SIZE);
  begin(&f);
  tls_end_write(&f.peer, payload, SIZE);
  f.then = stop;
  arrive(&f);
  CHECK_INT(f.datas, 1);
  size_t before = f.got.len;
  CHECK(before < SIZE);
  weir__clock_advance(&f.n.clock, 1);
  CHECK_INT(f.got.len, before);
  f.then = NULL;
  CHECK_INT(weir__stream_read_start(f.stream), 0);
  weir__clock_advance(&f.n.clock, 1);
  CHECK_MEM(f.got.ptr, f.got.len, payload, SIZE);
  free(payload);
  end(&f);
}

/* ---- ends ---- */

/* The end below may come in the turn of the loop in which reading began, before there was time to
 * report what had come earlier. */
static void check_end_behind_early(int below, bool close_notify, int status) {
  fixture f;
  begin_ends(&f, &(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .ca = CA("root.crt")});
  CHECK(tls_shake(&f.ours, &f.peer));
  tls_end_write(&f.peer, "early", 5);
  if (close_notify) peer_closes(&f);
  begin_stream(&f, weir__slice_of(f.peer.out.ptr, f.peer.out.len));
  CHECK_INT(weir__stream_read_start(f.stream), 0);
  CHECK(mem_stream_feed_end(&f.below, below));
  check_got(&f, "early");
  CHECK_INT(f.ends, 1);
  CHECK_INT(f.status, status);
  weir__clock_advance(&f.n.clock, 1);
  CHECK_INT(f.datas, 1);
  CHECK_INT(f.ends, 1);
  end(&f);
}

static void an_end_comes_behind_what_came_with_the_handshake(void) {
  check_end_behind_early(0, true, 0);
  check_end_behind_early(0, false, WEIR_ETLS_TRUNCATED);
  check_end_behind_early(UV_ECONNRESET, false, UV_ECONNRESET);
}

static void close_notify_is_a_clean_end_with_the_last_bytes_before_it(void) {
  fixture f;
  begin(&f);
  tls_end_write(&f.peer, "last", 4);
  peer_closes(&f);
  arrive(&f);
  check_got(&f, "last");
  CHECK_INT(f.ends, 1);
  CHECK_INT(f.status, 0);
  CHECK_INT(weir__stream_read_start(f.stream), 0);
  weir__clock_advance(&f.n.clock, 1);
  CHECK_INT(f.ends, 1); /* once */
  weir__slice slice = weir__slice_str("still");
  CHECK_INT(weir__stream_writev(f.stream, &slice, 1), 0);
  reach(&f);
  CHECK_MEM(f.peer.plain.ptr, f.peer.plain.len, "still", 5);
  end(&f);
}

static void an_end_behind_data_waits_for_a_stopped_reader(void) {
  fixture f;
  begin(&f);
  f.then = stop;
  tls_end_write(&f.peer, "last", 4);
  peer_closes(&f);
  arrive(&f);
  CHECK_INT(f.datas, 1);
  CHECK_INT(f.ends, 0);
  CHECK_INT(weir__stream_read_start(f.stream), 0);
  CHECK_INT(f.ends, 0);
  weir__clock_advance(&f.n.clock, 1);
  CHECK_INT(f.ends, 1);
  CHECK_INT(f.status, 0);
  end(&f);
}

static void a_bare_fin_is_no_clean_end(void) {
  fixture f;
  begin(&f);
  peer_says(&f, "half a bo");
  CHECK(mem_stream_feed_end(&f.below, 0));
  CHECK_INT(f.ends, 1);
  CHECK_INT(f.status, WEIR_ETLS_TRUNCATED);
  end(&f);
}

static void a_bare_fin_is_a_clean_end_where_the_options_let_it(void) {
  fixture f;
  begin_early(&f,
              &(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .ca = CA("root.crt"),
                                  .ignore_missing_close_notify = 1},
              "");
  CHECK_INT(weir__stream_read_start(f.stream), 0);
  CHECK(mem_stream_feed_end(&f.below, 0));
  CHECK_INT(f.status, 0);
  end(&f);
}

static void a_reset_is_told_as_it_is(void) {
  fixture f;
  begin(&f);
  CHECK(mem_stream_feed_end(&f.below, UV_ECONNRESET));
  CHECK_INT(f.ends, 1);
  CHECK_INT(f.status, UV_ECONNRESET);
  end(&f);
}

static void an_altered_record_ends_it_behind_what_was_good_and_is_answered_by_an_alert(void) {
  fixture f;
  begin(&f);
  tls_end_write(&f.peer, "good", 4);
  size_t good = f.peer.out.len;
  tls_end_write(&f.peer, "bad", 3);
  f.peer.out.ptr[good + 6] ^= 1;
  arrive(&f);
  check_got(&f, "good");
  CHECK_INT(f.ends, 1);
  CHECK_INT(f.status, WEIR_ETLS_RECORD);
  reach(&f);
  CHECK_INT(f.peer.rc, WEIR_ETLS_ALERT);
  CHECK_INT(weir__tls_alert(f.peer.engine), 20);
  weir__slice slice = weir__slice_str("x");
  CHECK_INT(weir__stream_writev(f.stream, &slice, 1), WEIR_ETLS_RECORD);
  end(&f);
}

static void shutdown_sends_close_notify_and_fin(void) {
  fixture f;
  begin(&f);
  CHECK_INT(weir__stream_shutdown(f.stream), 0);
  CHECK_INT(weir__stream_shutdown(f.stream), 0);
  CHECK_INT(f.below.write_count, 1);
  CHECK(f.below.fin_sent);
  weir__slice slice = weir__slice_str("x");
  CHECK_INT(weir__stream_writev(f.stream, &slice, 1), UV_EPIPE);
  reach(&f);
  CHECK_INT(f.peer.rc, WEIR__TLS_CLOSED);
  peer_says(&f, "answer");
  check_got(&f, "answer");
  end(&f);
}

static void close_and_reset_send_nothing(void) {
  for (int reset = 0; reset < 2; reset++) {
    fixture f;
    begin(&f);
    reset ? weir__stream_reset(f.stream) : weir__stream_close(f.stream);
    CHECK_INT(f.below.write_count, 0);
    CHECK_INT(f.below.was_reset, reset);
    weir__slice slice = weir__slice_str("x");
    CHECK_INT(weir__stream_writev(f.stream, &slice, 1), WEIR_ECANCELED);
    CHECK_INT(f.closes, 0);
    end(&f);
  }
}

static void close_it(fixture *f) { weir__stream_close(f->stream); }

static void it_may_be_closed_in_an_event(void) {
  fixture f;
  begin(&f);
  f.then = close_it;
  tls_end_write(&f.peer, "first", 5);
  peer_closes(&f);
  arrive(&f);
  CHECK_INT(f.datas, 1);
  CHECK_INT(f.ends, 0);
  end(&f);
}

static void it_may_be_closed_with_something_left_to_tell(void) {
  fixture f;
  begin_early(&f, &(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .ca = CA("root.crt")}, "early");
  CHECK_INT(weir__stream_read_start(f.stream), 0);
  weir__stream_close(f.stream);
  weir__clock_advance(&f.n.clock, 1);
  CHECK_INT(f.datas, 0);
  end(&f);
}

/* ---- memory ---- */

/* Streams of their own engines, one after the other: each allocation around them fails in turn. */
static int make(weir__mem *mem, void *arg) {
  fixture *f = arg;
  weir__io io = {.loop = &f->n.loop, .mem = mem};
  weir__stream *stream;
  mem_stream below;
  tls_end ours, peer;
  mem_stream_init(&below);
  tls_ends_open(&ours, &peer);
  CHECK(tls_shake(&ours, &peer));
  int rc = weir__stream_tls_new(&stream, &io, &f->n.clock, &below.base, ours.engine,
                                weir__slice_str("early"));
  if (rc == 0) {
    ours.engine = NULL;
    weir__stream_discard(stream);
    mem_stream_run(&below);
  }
  tls_end_close(&ours), tls_end_close(&peer);
  mem_stream_free(&below);
  weir__mem_free(mem, io.tls);
  return rc;
}

static void without_memory_everything_is_still_the_callers(void) {
  fixture f;
  begin(&f);
  check_each_failure(make, &f);
  end(&f);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(one_flush_is_one_record_and_one_write);
  TEST(all_that_one_read_brought_is_one_write);
  TEST(more_than_a_room_holds_goes_out_in_several_writes);
  TEST(fullness_drain_and_pending_are_those_below);
  TEST(a_write_that_fails_is_final);
  TEST(a_late_write_error_is_told);
  TEST(all_plain_bytes_of_one_read_are_one_event);
  TEST(a_record_in_pieces_is_no_event_before_it_is_whole);
  TEST(a_ticket_is_no_event);
  TEST(what_came_behind_the_handshake_comes_first_and_later);
  TEST(what_came_first_stays_first);
  TEST(a_stopped_stream_reports_nothing);
  TEST(what_is_left_when_the_owner_stops_is_for_later);
  TEST(an_end_comes_behind_what_came_with_the_handshake);
  TEST(close_notify_is_a_clean_end_with_the_last_bytes_before_it);
  TEST(an_end_behind_data_waits_for_a_stopped_reader);
  TEST(a_bare_fin_is_no_clean_end);
  TEST(a_bare_fin_is_a_clean_end_where_the_options_let_it);
  TEST(a_reset_is_told_as_it_is);
  TEST(an_altered_record_ends_it_behind_what_was_good_and_is_answered_by_an_alert);
  TEST(shutdown_sends_close_notify_and_fin);
  TEST(close_and_reset_send_nothing);
  TEST(it_may_be_closed_in_an_event);
  TEST(it_may_be_closed_with_something_left_to_tell);
  TEST(without_memory_everything_is_still_the_callers);
  return check_end();
}
