/* A client that leaves takes its origin connection along, in the loop turn that learns it, in every
 * phase: contract 6. */
#include <stdio.h>

#include "support/fixture.h"

enum { MIB = 1024 * 1024 };

#define LEN_MIB "HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n"
#define POST_LENGTH "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 104857600\r\n\r\n"
#define POST_CHUNKED "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

/* Each phase is a function that brings an exchange there; its origin connection is number 0. */
typedef struct scene {
  peer *client, *origin;
} scene;
typedef scene (*phase)(fixture *f);

static scene waiting_for_the_head(fixture *f) {
  scene s = {.client = ask(f, GET)};
  s.origin = asked(f, 0);
  return s;
}

static scene after_an_interim(fixture *f) {
  scene s = waiting_for_the_head(f);
  peer_say(s.origin, "HTTP/1.1 103 Early Hints\r\n\r\n");
  RUN_UNTIL(f, got(s.client, "103"));
  return s;
}

static scene after_the_head_in_silence(fixture *f) {
  scene s = waiting_for_the_head(f);
  peer_say(s.origin, OK_CHUNKED);
  RUN_UNTIL(f, got(s.client, "\r\n\r\n"));
  return s;
}

static scene mid_body_in_silence(fixture *f) {
  scene s = waiting_for_the_head(f);
  peer_say(s.origin, OK_CHUNKED "5\r\nhello\r\n");
  RUN_UNTIL(f, got(s.client, "hello"));
  return s;
}

static scene in_a_body_delimited_by_close(fixture *f) {
  scene s = waiting_for_the_head(f);
  peer_say(s.origin, OK_CLOSE "hello");
  RUN_UNTIL(f, got(s.client, "hello"));
  return s;
}

static scene mid_body_in_full_flow(fixture *f) {
  scene s = waiting_for_the_head(f);
  peer_say(s.origin, LEN_MIB);
  peer_pour(s.origin, 50 * MIB);
  RUN_UNTIL(f, s.client->got_len > MIB);
  return s;
}

static scene while_the_origin_is_paused(fixture *f) {
  scene s = {.client = client_open_narrow(f)};
  peer_say(s.client, GET);
  s.origin = asked(f, 0);
  peer_say(s.origin, LEN_MIB);
  peer_pour(s.origin, 50 * MIB);
  RUN_UNTIL(f, last_exchange(f)->origin_paused);
  return s;
}

static scene with_the_next_request_waiting(fixture *f) {
  scene s = {.client = ask(f, GET GET GET)};
  s.origin = asked(f, 0);
  return s;
}

static scene during_an_upload(fixture *f) {
  scene s = {.client = ask(f, POST_LENGTH "half")};
  s.origin = asked(f, 0);
  RUN_UNTIL(f, got(s.origin, "half"));
  return s;
}

static scene during_a_chunked_upload(fixture *f) {
  scene s = {.client = ask(f, POST_CHUNKED "4\r\nhalf\r\n")};
  s.origin = asked(f, 0);
  RUN_UNTIL(f, got(s.origin, "half"));
  return s;
}

static scene uploading_and_downloading(fixture *f) {
  scene s = during_a_chunked_upload(f);
  peer_say(s.origin, OK_CHUNKED "5\r\nhello\r\n");
  RUN_UNTIL(f, got(s.client, "hello"));
  return s;
}

static const struct {
  const char *name;
  phase enter;
} phases[] = {
/* clang-format off */
#define PHASE(name) \
  { #name, name }
    /* clang-format on */
    PHASE(waiting_for_the_head),
    PHASE(after_an_interim),
    PHASE(after_the_head_in_silence),
    PHASE(mid_body_in_silence),
    PHASE(in_a_body_delimited_by_close),
    PHASE(mid_body_in_full_flow),
    PHASE(while_the_origin_is_paused),
    PHASE(with_the_next_request_waiting),
    PHASE(during_an_upload),
    PHASE(during_a_chunked_upload),
    PHASE(uploading_and_downloading),
#undef PHASE
};

enum { PHASES = sizeof phases / sizeof *phases };

static void leave_by_close(peer *p) { peer_close(p); }
static void leave_by_fin(peer *p) { peer_fin(p); }
static void leave_by_reset(peer *p) { peer_reset(p); }

/* The relay may learn it in the turn that on_end names; the origin's end is the same turn's doing,
 * so it is seen one poll later at most. */
static void check_origin_ended_at_once(fixture *f, peer *origin) {
  RUN_UNTIL(f, is_over(origin) || origin->send_error);
  if (is_over(origin)) CHECK(origin->over <= f->ends[0].turn + 1);
  CHECK_INT(f->relay->count.exchanges, 0);
  CHECK_INT(f->relay->count.idle_origins, 0);
}

static void leave_in_each_phase(void (*leave)(peer *p)) {
  for (size_t i = 0; i < PHASES; i++) {
    CHECK_CASE("%s", phases[i].name);
    fixture f;
    fixture_open(&f);
    scene s = phases[i].enter(&f);
    leave(s.client);
    RUN_UNTIL(&f, f.end_count > 0);
    check_origin_ended_at_once(&f, s.origin);
    settle(&f);
    CHECK_END(&f, WEIR_END_CLIENT_GONE);
    CHECK_INT(f.origin.count, 1);
    RUN_UNTIL(&f, f.relay->count.clients == 0);
    fixture_end(&f);
  }
}

static void a_client_that_closes_ends_its_origin_connection_in_every_phase(void) {
  leave_in_each_phase(leave_by_close);
}

static void a_client_that_sends_fin_ends_its_origin_connection_in_every_phase(void) {
  leave_in_each_phase(leave_by_fin);
}

/* No close_notify: nobody is there any more to whom that could matter. */
static void a_client_that_dies_ends_its_origin_connection_in_every_phase(void) {
  ONLY_SECURE_CLIENT("over plain TCP it is one that closes");
  leave_in_each_phase(peer_die);
}

static void a_client_that_resets_ends_its_origin_connection_in_every_phase(void) {
  leave_in_each_phase(leave_by_reset);
}

/* ---- no connection yet ---- */

static void a_client_may_leave_while_the_origin_connects(void) {
  for (int reset = 0; reset < 2; reset++) {
    char url[URL_ROOM];
    black_hole hole;
    fixture f;
    black_hole_open(&hole);
    fixture_init(&f);
    print_url(url, "127.0.0.1", hole.port);
    f.origin_options.url = url;
    fixture_start(&f);
    peer *client = ask(&f, GET);
    RUN_UNTIL(&f, last_down(&f) && last_exchange(&f));
    settle(&f);
    CHECK_INT(last_exchange(&f)->phase, WEIR__PHASE_CONNECTING);
    if (reset)
      peer_reset(client);
    else
      peer_fin(client);
    RUN_UNTIL(&f, f.end_count == 1);
    CHECK_END(&f, WEIR_END_CLIENT_GONE);
    RUN_UNTIL(&f, f.relay->io.live == 1); /* the listener: no attempt goes on */
    fixture_end(&f);
    black_hole_close(&hole);
  }
}

/* ---- a client that is not read ---- */

static void leave(peer *p, int reset) {
  if (reset)
    peer_reset(p);
  else
    peer_close(p);
}

/* Busy kernels take their time: before the relay looks, there must be something to see. */
static void be_gone(fixture *f, peer *client, int reset) {
  leave(client, reset);
  RUN_UNTIL(f, !last_exchange(f) || weir__stream_left(last_down(f)->stream, true));
}

/* Not a byte more than it takes, so that a FIN is not stuck behind bytes that nobody reads. */
static void pour_until_paused(fixture *f, peer *client) {
  while (!last_exchange(f)->client_paused && !f->loop.late) {
    peer_pour(client, 16 * 1024);
    RUN_UNTIL(f, last_exchange(f)->stats.request_bytes == client->poured);
  }
}

/* No event tells it then; the relay looks once a second. */
static void a_client_that_left_a_paused_upload_is_missed_within_a_second(void) {
  for (int reset = 0; reset < 2; reset++) {
    CHECK_CASE("%s", reset ? "RST" : "FIN");
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, POST_LENGTH), *origin = asked(&f, 0);
    peer_stop(origin);
    pour_until_paused(&f, client);
    pass(&f, 5000); /* as long as it stays, looking does no harm */
    settle(&f);
    CHECK_INT(f.end_count, 0);
    be_gone(&f, client, reset);
    pass(&f, 1001);
    CHECK_END(&f, WEIR_END_CLIENT_GONE);
    peer_go(origin);
    RUN_UNTIL(&f, is_over(origin));
    fixture_end(&f);
  }
}

static void a_client_that_left_behind_too_many_requests_is_missed_within_a_second(void) {
  for (int reset = 0; reset < 2; reset++) {
    CHECK_CASE("%s", reset ? "RST" : "FIN");
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, GET), *origin = asked(&f, 0);
    for (size_t i = 0; i < 70000 / strlen(GET); i++) peer_say(client, GET);
    RUN_UNTIL(&f, last_down(&f)->ahead.len >= 65536);
    pass(&f, 5000);
    settle(&f);
    CHECK_INT(f.end_count, 0);
    be_gone(&f, client, reset);
    pass(&f, 1001);
    CHECK_END(&f, WEIR_END_CLIENT_GONE);
    RUN_UNTIL(&f, is_over(origin));
    fixture_end(&f);
  }
}

static void a_client_that_left_a_paused_upload_is_missed_when_the_origin_reads_on(void) {
  for (int reset = 0; reset < 2; reset++) {
    CHECK_CASE("%s", reset ? "RST" : "FIN");
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, POST_LENGTH), *origin = asked(&f, 0);
    peer_stop(origin);
    peer_pour(client, 50 * MIB);
    RUN_UNTIL(&f, last_exchange(&f)->client_paused);
    leave(client, reset);
    settle(&f);
    peer_go(origin);
    RUN_UNTIL(&f, f.end_count == 1);
    CHECK_END(&f, WEIR_END_CLIENT_GONE);
    RUN_UNTIL(&f, is_over(origin));
    fixture_end(&f);
  }
}

/* ---- nobody is read ---- */

/* Both directions are full, so both sides are paused: only a failing write can tell. */
static scene stuck_both_ways(fixture *f) {
  scene s = {.client = ask(f, POST_LENGTH)};
  s.origin = asked(f, 0);
  peer_say(s.origin, LEN_MIB);
  peer_stop(s.client), peer_stop(s.origin);
  peer_pour(s.client, 50 * MIB), peer_pour(s.origin, 50 * MIB);
  RUN_UNTIL(f, last_exchange(f)->client_paused && last_exchange(f)->origin_paused);
  settle(f);
  return s;
}

static void a_reset_of_the_client_shows_when_nobody_is_read(void) {
  fixture f;
  fixture_open(&f);
  scene s = stuck_both_ways(&f);
  peer_reset(s.client);
  RUN_UNTIL(&f, f.end_count == 1); /* at once: a write failed */
  CHECK_END(&f, WEIR_END_CLIENT_GONE);
  peer_go(s.origin);
  RUN_UNTIL(&f, is_over(s.origin));
  fixture_end(&f);
}

/* What the origin had said before may still be read, and is, when the client goes on. */
static void a_reset_of_the_origin_shows_when_the_client_goes_on(void) {
  fixture f;
  fixture_open(&f);
  scene s = stuck_both_ways(&f);
  peer_reset(s.origin);
  settle(&f);
  CHECK_INT(f.end_count, 0);
  peer_go(s.client);
  RUN_UNTIL(&f, f.end_count == 1);
  CHECK_END(&f, WEIR_END_RESET);
  RUN_UNTIL(&f, is_over(s.client));
  const message *m = take(s.client);
  CHECK(!m->whole && !m->bad);
  fixture_end(&f);
}

/* ---- half-close ---- */

static void with_half_close_a_client_gets_its_answer_after_its_fin(void) {
  static const char *const requests[] = {
      GET, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"};
  for (size_t i = 0; i < 2; i++) {
    fixture f;
    fixture_init(&f);
    f.options.half_close = 1;
    fixture_start(&f);
    peer *client = ask(&f, requests[i]);
    peer_fin(client);
    peer *origin = asked(&f, 0);
    settle(&f);
    CHECK_INT(f.end_count, 0);
    peer_say(origin, OK_CHUNKED "5\r\nhello\r\n");
    RUN_UNTIL(&f, got(client, "hello"));
    peer_say(origin, "5\r\nworld\r\n0\r\n\r\n");
    RUN_UNTIL(&f, is_over(client));
    CHECK(ended_well(client));
    CHECK_ANSWER(client, 200, "helloworld");
    CHECK_END(&f, WEIR_END_COMPLETE);
    fixture_end(&f);
  }
}

static void with_half_close_a_fin_inside_the_request_is_still_the_end(void) {
  fixture f;
  fixture_init(&f);
  f.options.half_close = 1;
  fixture_start(&f);
  scene s = during_an_upload(&f);
  peer_fin(s.client);
  RUN_UNTIL(&f, f.end_count == 1);
  CHECK_END(&f, WEIR_END_CLIENT_GONE);
  check_origin_ended_at_once(&f, s.origin);
  fixture_end(&f);
}

/* A request has a length, so a client may forget close_notify; it gets its answer. */
static void with_half_close_a_fin_without_close_notify_is_one_all_the_same(void) {
  ONLY_SECURE_CLIENT("over plain TCP there is no other");
  fixture f;
  fixture_init(&f);
  f.options.half_close = 1;
  fixture_start(&f);
  scene s = mid_body_in_silence(&f);
  peer_fin_bare(s.client);
  settle(&f);
  CHECK_INT(f.end_count, 0);
  peer_say(s.origin, "5\r\nworld\r\n0\r\n\r\n");
  RUN_UNTIL(&f, is_over(s.client));
  CHECK(ended_well(s.client));
  CHECK_ANSWER(s.client, 200, "helloworld");
  CHECK_END(&f, WEIR_END_COMPLETE);
  fixture_end(&f);
}

static void with_half_close_a_reset_is_still_the_end(void) {
  fixture f;
  fixture_init(&f);
  f.options.half_close = 1;
  fixture_start(&f);
  scene s = mid_body_in_silence(&f);
  peer_reset(s.client);
  RUN_UNTIL(&f, f.end_count == 1);
  CHECK_END(&f, WEIR_END_CLIENT_GONE);
  check_origin_ended_at_once(&f, s.origin);
  fixture_end(&f);
}

/* It says so, since more had been asked. */
static void with_half_close_the_answer_under_way_is_the_last(void) {
  fixture f;
  fixture_init(&f);
  f.options.half_close = 1;
  fixture_start(&f);
  peer *client = ask(&f, GET GET);
  peer_fin(client);
  peer *origin = asked(&f, 0);
  settle(&f);
  peer_say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none");
  RUN_UNTIL(&f, is_over(client));
  const message *m = take(client);
  CHECK_STR(m->body, "one");
  CHECK(has_line(m, "Connection: close"));
  CHECK_INT(untaken(client), 0);
  CHECK_INT(f.end_count, 1);
  fixture_end(&f);
}

/* ---- nobody to tell ---- */

static void a_connection_that_ends_before_a_request_is_no_exchange(void) {
  static const char *const starts[] = {"", "G", "GET / HTTP/1.1\r\nHost: a\r\n"};
  for (size_t i = 0; i < 2 * sizeof starts / sizeof *starts; i++) {
    CHECK_CASE("%s after \"%s\"", i % 2 ? "RST" : "FIN", starts[i / 2]);
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, starts[i / 2]);
    RUN_UNTIL(&f, f.relay->count.clients == 1);
    settle(&f);
    if (i % 2)
      peer_reset(client);
    else
      peer_fin(client);
    RUN_UNTIL(&f, f.relay->count.clients == 0);
    CHECK_INT(client->got_len, 0);
    CHECK_INT(f.end_count, 0);
    CHECK_INT(held(&f), 0);
    fixture_end(&f);
  }
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_client_that_closes_ends_its_origin_connection_in_every_phase);
  TEST(a_client_that_sends_fin_ends_its_origin_connection_in_every_phase);
  TEST(a_client_that_dies_ends_its_origin_connection_in_every_phase);
  TEST(a_client_that_resets_ends_its_origin_connection_in_every_phase);
  TEST(a_client_may_leave_while_the_origin_connects);
  TEST(a_client_that_left_a_paused_upload_is_missed_within_a_second);
  TEST(a_client_that_left_a_paused_upload_is_missed_when_the_origin_reads_on);
  TEST(a_client_that_left_behind_too_many_requests_is_missed_within_a_second);
  TEST(a_reset_of_the_client_shows_when_nobody_is_read);
  TEST(a_reset_of_the_origin_shows_when_the_client_goes_on);
  TEST(with_half_close_a_client_gets_its_answer_after_its_fin);
  TEST(with_half_close_a_fin_inside_the_request_is_still_the_end);
  TEST(with_half_close_a_fin_without_close_notify_is_one_all_the_same);
  TEST(with_half_close_a_reset_is_still_the_end);
  TEST(with_half_close_the_answer_under_way_is_the_last);
  TEST(a_connection_that_ends_before_a_request_is_no_exchange);
  return check_end();
}
