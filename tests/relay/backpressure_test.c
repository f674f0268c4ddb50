/* A slow side pauses the other one, in bounded memory: contracts 3 and 4. */
#include <stdio.h>
#include <stdlib.h>

#include "support/fixture.h"

enum { KIB = 1024, MIB = 1024 * KIB, BIG = 64 * MIB };

#define OK_BIG "HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n"
#define POST_BIG "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 67108864\r\n\r\n"
#define POST_CHUNKED "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

static void forget_peak(fixture *f) { f->alloc.peak_bytes = f->alloc.live_bytes; }

static size_t peak(const fixture *f) { return f->alloc.peak_bytes - f->idle_bytes; }

/* The turns in which nothing more moves. */
static void check_stands_still(fixture *f, const peer *sender) {
  settle(f);
  size_t before = sender->poured;
  settle(f);
  CHECK_INT(sender->poured, before);
}

/* Much takes its time on a busy machine: the watchdog looks at each step. */
static void run_until_got(fixture *f, const peer *p, size_t bytes) {
  for (size_t step = 0; step < bytes; step += 4 * MIB) RUN_UNTIL(f, p->got_len >= step);
  RUN_UNTIL(f, p->got_len >= bytes);
}

/* ---- towards the client ---- */

static void check_big(const message *m) {
  CHECK(m->whole);
  CHECK_INT(m->body_len, BIG);
  CHECK(is_poured(m->body, m->body_len));
}

static void a_stopped_client_pauses_the_origin_and_still_gets_every_byte(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  forget_peak(&f);
  peer_stop(client);
  peer_say(origin, OK_BIG);
  peer_pour(origin, BIG);
  RUN_UNTIL(&f, last_exchange(&f)->origin_paused);
  check_stands_still(&f, origin);
  CHECK(origin->poured < BIG);
  CHECK(peak(&f) <= weir_relay_bytes_max(f.relay));
  peer_go(client);
  run_until_got(&f, client, BIG);
  RUN_UNTIL(&f, f.end_count == 1 && untaken(client) > BIG);
  CHECK(peak(&f) <= weir_relay_bytes_max(f.relay));
  check_big(take(client));
  CHECK_END(&f, WEIR_END_COMPLETE);
  printf("    one exchange held up to %zu KiB of the %zu KiB that are its bound\n", peak(&f) / KIB,
         weir_relay_bytes_max(f.relay) / KIB);
  fixture_end(&f);
}

static void a_client_that_stops_and_goes_gets_every_byte_in_chunks_too(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  forget_peak(&f);
  peer_say(origin, OK_CHUNKED "4000000\r\n");
  peer_pour(origin, BIG);
  for (size_t n = 4 * MIB; n < BIG; n += 8 * MIB) {
    RUN_UNTIL(&f, client->got_len >= n);
    peer_stop(client);
    RUN_UNTIL(&f, last_exchange(&f)->origin_paused || origin->poured == BIG);
    settle(&f);
    peer_go(client);
  }
  RUN_UNTIL(&f, origin->poured == BIG && origin->unsent == 0);
  peer_say(origin, "\r\n0\r\n\r\n");
  RUN_UNTIL(&f, f.end_count == 1 && untaken(client) > BIG &&
                    memcmp(client->got + client->got_len - 5, "0\r\n\r\n", 5) == 0);
  CHECK(peak(&f) <= weir_relay_bytes_max(f.relay));
  check_big(take(client));
  fixture_end(&f);
}

/* The end comes while nobody reads the origin, and waits behind all that was sent before it. */
static void an_end_that_comes_during_a_pause_is_not_lost(void) {
  static const char *const requests[] = {GET, "GET / HTTP/1.0\r\nHost: a\r\n\r\n"};
  for (size_t i = 0; i < 2; i++) {
    CHECK_CASE("%s", requests[i]);
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, requests[i]), *origin = asked(&f, 0);
    peer_stop(client);
    peer_say(origin, OK_CLOSE);
    peer_pour(origin, 8 * MIB);
    RUN_UNTIL(&f, last_exchange(&f)->origin_paused);
    settle(&f);
    peer_go(client);
    RUN_UNTIL(&f, origin->poured == 8 * MIB);
    peer_stop(client);
    peer_close(origin);
    settle(&f);
    peer_go(client);
    RUN_UNTIL(&f, f.end_count == 1);
    CHECK_END(&f, WEIR_END_UNMARKED);
    RUN_UNTIL(&f, i ? ended_well(client) : got(client, "\r\n0\r\n\r\n"));
    const message *m = take(client);
    CHECK_INT(m->whole, i == 0);
    CHECK_INT(m->body_len, 8 * MIB);
    CHECK(is_poured(m->body, m->body_len));
    fixture_end(&f);
  }
}

/* The origin has said all: it need not wait until a slow client has taken the last of it. */
static void an_origin_is_free_before_a_slow_client_has_taken_everything(void) {
  fixture f;
  fixture_open(&f);
  peer *slow = client_open_narrow(&f);
  peer_say(slow, GET);
  peer *origin = asked(&f, 0);
  forget(origin);
  peer_say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n");
  peer_pour(origin, 200000);
  RUN_UNTIL(&f, f.relay->count.idle_origins == 1);
  CHECK_INT(f.end_count, 0);
  CHECK(weir__downstream_pending(last_down(&f)) > 0);
  peer *quick = ask(&f, GET);
  peer_say(asked(&f, 0), OK_EMPTY);
  RUN_UNTIL(&f, got_message(quick));
  CHECK_INT(f.origin.count, 1);
  peer_go(slow);
  RUN_UNTIL(&f, f.end_count == 2);
  RUN_UNTIL(&f, got_message(slow));
  CHECK(is_poured(take(slow)->body, 200000));
  fixture_end(&f);
}

/* The origin may go on only when no more than the low water mark is left. */
static void the_origin_resumes_at_low_water(void) {
  fixture f;
  fixture_init(&f);
  f.options.outbox_high = 100 * KIB;
  f.options.outbox_low = 10 * KIB;
  fixture_start(&f);
  peer *client = client_open_narrow(&f); /* so that what waits goes in small steps */
  peer_say(client, GET);
  peer *origin = asked(&f, 0);
  peer_say(origin, OK_BIG);
  peer_pour(origin, BIG);
  RUN_UNTIL(&f, last_exchange(&f)->origin_paused);
  weir_exchange *ex = last_exchange(&f);
  CHECK(weir__downstream_pending(ex->down) > 100 * KIB);
  CHECK(weir__downstream_pending(ex->down) <= 100 * KIB + WEIR__SCRATCH + KIB);
  peer_go(client);
  RUN_UNTIL(&f, !ex->origin_paused);
  CHECK(weir__downstream_pending(ex->down) <= 10 * KIB);
  fixture_end(&f);
}

static void a_stopped_client_does_not_hold_up_another(void) {
  fixture f;
  fixture_open(&f);
  peer *slow = ask(&f, GET), *origin = asked(&f, 0);
  peer_stop(slow);
  peer_say(origin, OK_BIG);
  peer_pour(origin, BIG);
  RUN_UNTIL(&f, last_exchange(&f)->origin_paused);
  peer *quick = ask(&f, GET);
  peer_say(asked(&f, 1), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  RUN_UNTIL(&f, got_message(quick));
  CHECK_ANSWER(quick, 200, "ok");
  fixture_end(&f);
}

/* Every read makes a chunk, and a chunk of one byte costs six: framing counts, too. */
static void tiny_chunks_for_a_stopped_client_stay_bounded(void) {
  fixture f;
  fixture_init(&f);
  f.options.outbox_high = 16 * KIB;
  f.options.outbox_low = 4 * KIB;
  fixture_start(&f);
  peer *client = client_open_narrow(&f);
  peer_say(client, GET);
  peer *origin = asked(&f, 0);
  forget_peak(&f);
  peer_say(origin, OK_CHUNKED);
  weir_exchange *ex = last_exchange(&f);
  size_t sent = 0;
  while (!ex->origin_paused && sent < 100 * KIB) {
    for (int i = 0; i < 10; i++) peer_say(origin, "1\r\na\r\n"), loop_turn(&f.loop), sent++;
  }
  CHECK(ex->origin_paused);
  CHECK(peak(&f) <= weir_relay_bytes_max(f.relay));
  peer_go(client);
  peer_say(origin, "0\r\n\r\n");
  RUN_UNTIL(&f, f.end_count == 1);
  RUN_UNTIL(&f, got_message(client));
  CHECK_INT(take(client)->body_len, sent);
  fixture_end(&f);
}

/* Ten thousand chunks in each read: time must not grow with their square, nor memory with
 * anything. */
static void a_flood_of_tiny_chunks_is_no_trouble(void) {
  enum { CHUNKS = 200000 };
  fixture f;
  fixture_open(&f);
  char *flood = malloc((size_t)6 * CHUNKS);
  for (size_t i = 0; i < CHUNKS; i++) memcpy(flood + 6 * i, "1\r\na\r\n", 6);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  forget_peak(&f);
  peer_stop(client);
  peer_say(origin, OK_CHUNKED);
  peer_send(origin, flood, (size_t)6 * CHUNKS);
  peer_say(origin, "0\r\n\r\n");
  settle(&f);
  peer_go(client);
  RUN_UNTIL(&f, f.end_count == 1);
  RUN_UNTIL(&f, got(client, "\r\n0\r\n\r\n"));
  const message *m = take(client);
  CHECK_INT(m->body_len, CHUNKS);
  CHECK(m->chunks < CHUNKS / 10);
  CHECK(peak(&f) <= weir_relay_bytes_max(f.relay));
  free(flood);
  fixture_end(&f);
}

/* ---- events ---- */

#define OK_EVENTS \
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

enum { EVENT = 2 * MIB, STALE_MS = 5000 };

/* Two lines of data, so that it is joined, in a chunk of its own. */
static char *large_event(size_t *len) {
  char *text = malloc(EVENT + 64);
  int head = sprintf(text, "%x\r\n", EVENT);
  char *body = text + head;
  memset(body, 'x', EVENT);
  memcpy(body, "data: ", 6);
  memcpy(body + EVENT / 2, "\ndata: ", 7);
  memcpy(body + EVENT - 2, "\n\n\r\n", 4);
  *len = (size_t)head + EVENT + 2;
  return text;
}

static int pass_on(weir_exchange *ex, const weir_sse_event *event, void *user) {
  fixture *f = user;
  (void)ex;
  CHECK_INT(event->data_len, EVENT - 6 - 6 - 2);
  (*(unsigned *)f->test)++;
  return 0;
}

/* As large as may be, to a client that takes nothing; each as soon as the relay has all of the last. */
static void check_events_stay_bounded(const weir_event_options *o, unsigned want) {
  size_t len;
  char *text = large_event(&len);
  unsigned judged = 0;
  fixture f;
  fixture_init(&f);
  f.test = &judged;
  f.options.events = o;
  f.options.stall_ms = WEIR_OFF;
  f.hooks.on_event = pass_on;
  fixture_start(&f);
  peer *client = client_open_narrow(&f);
  peer_say(client, GET);
  peer *origin = asked(&f, 0);
  peer_say(origin, OK_EVENTS);
  settle(&f);
  forget_peak(&f);
  for (unsigned i = 0; i < 4; i++) {
    peer_send(origin, text, len);
    settle(&f);
    pass(&f, STALE_MS);
  }
  CHECK_INT(judged, want);
  CHECK(peak(&f) > 2 * EVENT);
  CHECK(peak(&f) <= weir_relay_bytes_max(f.relay));
  printf("    events held up to %zu KiB of the %zu KiB that are the bound\n", peak(&f) / KIB,
         weir_relay_bytes_max(f.relay) / KIB);
  free(text);
  fixture_end(&f);
}

static void events_of_any_size_stay_within_the_bound(void) {
  const weir_event_options filter = {WEIR_EVENT_OPTIONS_INIT, .mode = WEIR_EVENTS_FILTER,
                                     .event_bytes = EVENT};
  weir_event_options coalesce = filter, commit = filter;
  coalesce.stale_ms = STALE_MS;
  coalesce.stale = WEIR_STALE_COALESCE;
  coalesce.ledger = 1;
  commit.commit_event = 1;
  commit.commit_bytes = EVENT;
  check_events_stay_bounded(&filter, 1);
  check_events_stay_bounded(&coalesce, 4);
  check_events_stay_bounded(&commit, 1);
}

/* ---- towards the origin ---- */

static void a_stopped_origin_pauses_the_client_and_still_gets_every_byte(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, POST_BIG), *origin = asked(&f, 0);
  forget_peak(&f);
  peer_stop(origin);
  peer_pour(client, BIG);
  RUN_UNTIL(&f, last_exchange(&f)->client_paused);
  check_stands_still(&f, client);
  CHECK(client->poured < BIG);
  CHECK(peak(&f) <= weir_relay_bytes_max(f.relay));
  peer_go(origin);
  run_until_got(&f, origin, BIG);
  RUN_UNTIL(&f, untaken(origin) > BIG);
  check_big(take(origin));
  peer_say(origin, OK_EMPTY);
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 200, "");
  CHECK(peak(&f) <= weir_relay_bytes_max(f.relay));
  fixture_end(&f);
}

static void a_chunked_upload_is_paused_likewise(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, POST_CHUNKED "4000000\r\n"), *origin = asked(&f, 0);
  peer_stop(origin);
  peer_pour(client, BIG);
  RUN_UNTIL(&f, last_exchange(&f)->client_paused);
  check_stands_still(&f, client);
  peer_go(origin);
  run_until_got(&f, origin, BIG);
  RUN_UNTIL(&f, client->poured == BIG && client->unsent == 0);
  peer_say(client, "\r\n0\r\n\r\n");
  RUN_UNTIL(&f, untaken(origin) > BIG &&
                    memcmp(origin->got + origin->got_len - 5, "0\r\n\r\n", 5) == 0);
  check_big(take(origin));
  peer_say(origin, OK_EMPTY);
  RUN_UNTIL(&f, f.end_count == 1);
  fixture_end(&f);
}

/* What comes before there is a connection waits, within the same bound. */
static void an_upload_waits_for_the_connection_in_bounded_memory(void) {
  char url[URL_ROOM];
  black_hole hole;
  fixture f;
  black_hole_open(&hole);
  fixture_init(&f);
  print_url(url, "127.0.0.1", hole.port);
  f.origin_options.url = url;
  fixture_start(&f);
  forget_peak(&f);
  peer *client = ask(&f, POST_BIG);
  peer_pour(client, BIG);
  RUN_UNTIL(&f, last_down(&f) && last_exchange(&f) && last_exchange(&f)->client_paused);
  check_stands_still(&f, client);
  CHECK(peak(&f) <= weir_relay_bytes_max(f.relay));
  fixture_end(&f);
  black_hole_close(&hole);
}

static char *long_value(void) {
  char *value = malloc(60 * KIB + 1);
  if (!value) abort();
  memset(value, 'v', 60 * KIB);
  value[60 * KIB] = '\0';
  return value;
}

/* Heads as long as they may be, and both outboxes full. */
static void all_limits_at_once_stay_within_the_bound(void) {
  fixture f;
  fixture_open(&f);
  char *value = long_value();
  forget_peak(&f);
  peer *client = ask(&f, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 67108864\r\nX: ");
  peer_say(client, value), peer_say(client, "\r\n\r\n");
  peer *origin = asked(&f, 0);
  peer_say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\nX: ");
  peer_say(origin, value), peer_say(origin, "\r\n\r\n");
  peer_stop(client), peer_stop(origin);
  peer_pour(client, BIG), peer_pour(origin, BIG);
  RUN_UNTIL(&f, last_exchange(&f)->client_paused && last_exchange(&f)->origin_paused);
  settle(&f);
  CHECK(peak(&f) <= weir_relay_bytes_max(f.relay));
  printf("    at all limits an exchange held up to %zu KiB\n", peak(&f) / KIB);
  free(value);
  fixture_end(&f);
}

/* ---- pipelined requests ---- */

static void pipelined_requests_that_wait_are_bounded(void) {
  enum { REQUESTS = 20000 };
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  forget_peak(&f);
  for (int i = 0; i < REQUESTS; i++) peer_say(client, GET);
  RUN_UNTIL(&f, last_down(&f)->ahead.len >= 64 * KIB);
  settle(&f);
  CHECK(client->unsent > 0 || last_down(&f)->ahead.len < 200 * KIB);
  CHECK(peak(&f) <= weir_relay_bytes_max(f.relay));
  CHECK_INT(untaken(origin), origin->got_len);
  fixture_end(&f);
}

/* One read brings two thousand requests that need no origin: each is gone before the next begins. */
static void pipelined_requests_that_are_answered_here_hold_one_exchange(void) {
  enum { REQUESTS = 2000 };
  fixture f;
  fixture_init(&f);
  f.options.head_bytes = KIB, f.options.head_fields = 8;
  f.options.outbox_high = 16 * KIB, f.options.outbox_low = 4 * KIB;
  fixture_start(&f);
  peer *client = client_open(&f);
  RUN_UNTIL(&f, f.relay->count.clients == 1);
  forget_peak(&f);
  for (int i = 0; i < REQUESTS; i++) peer_say(client, "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n");
  RUN_UNTIL(&f, f.end_count == REQUESTS);
  CHECK(peak(&f) <= weir_relay_bytes_max(f.relay));
  for (int i = 0; i < REQUESTS; i++) {
    RUN_UNTIL(&f, got_message(client));
    CHECK_INT(take(client)->status, 405);
  }
  printf("    %d exchanges of one read held up to %zu bytes\n", REQUESTS, peak(&f));
  fixture_end(&f);
}

/* A client that is always one request ahead: what was read must not pile up. */
static void a_client_that_is_always_one_ahead_costs_no_more_with_time(void) {
  size_t before = 0;
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET GET), *origin = asked(&f, 0);
  for (int i = 0; i < 500; i++) {
    RUN_UNTIL(&f, got_message(origin));
    take(origin);
    peer_say(client, GET);
    peer_say(origin, OK_EMPTY);
    RUN_UNTIL(&f, got_message(client));
    CHECK_ANSWER(client, 200, "");
    if (i == 20) before = held(&f);
    if (i > 20) CHECK(held(&f) <= before + 1024);
  }
  fixture_end(&f);
}

/* ---- many ---- */

static void stall_one(fixture *f, size_t n) {
  peer *client = client_open_narrow(f);
  peer_say(client, GET);
  peer *origin = asked(f, n);
  peer_say(origin, OK_BIG);
  peer_pour(origin, 300 * KIB);
}

static size_t count_paused(const fixture *f) {
  size_t count = 0;
  const weir__list *list = &f->relay->downstreams;
  for (const weir__list *n = list->next; n != list; n = n->next) {
    const weir__downstream *d = weir__container_of(n, weir__downstream, node);
    count += d->events && ((weir_exchange *)d->owner)->origin_paused;
  }
  return count;
}

/* A thousand of them; over TLS, where each costs handshakes, fewer. */
static void many_stalled_clients_stay_within_their_bound(void) {
  const size_t stalled = client_is_secure() || origin_is_secure() ? 100 : 1000;
  fixture f;
  fixture_init(&f);
  f.origin.narrow = true;
  f.options.outbox_high = 16 * KIB;
  f.options.outbox_low = 4 * KIB;
  fixture_start(&f);
  for (size_t i = 0; i < stalled; i++) stall_one(&f, i);
  RUN_UNTIL(&f, count_paused(&f) == stalled);
  CHECK(peak(&f) <= stalled * weir_relay_bytes_max(f.relay));
  printf("    %zu stalled clients hold %zu KiB each, the bound is %zu KiB\n", stalled,
         held(&f) / KIB / stalled, weir_relay_bytes_max(f.relay) / KIB);
  peer *quick = ask(&f, GET);
  peer_say(asked(&f, stalled), OK_EMPTY);
  RUN_UNTIL(&f, got_message(quick));
  fixture_end(&f);
}

/* ---- nothing goes on ---- */

/* What a figure of plain connections may be in this run. What an engine takes of malloc() is not
 * counted here. */
static size_t or_over_tls(size_t bytes) {
  enum { TLS_STREAM = 1280 };
  return bytes + TLS_STREAM * ((size_t)client_is_secure() + origin_is_secure());
}

static void hush(fixture *f) {
  peer *client = ask(f, GET), *origin = asked(f, f->client_count - 1);
  peer_say(origin, OK_CHUNKED "5\r\nhello\r\n");
  RUN_UNTIL(f, got(client, "hello"));
  settle(f);
}

/* The first one leaves the relay with what all have in common, as the room where heads are written. */
static void an_idle_stream_keeps_no_buffers(void) {
  fixture f;
  fixture_open(&f);
  hush(&f);
  size_t before = held(&f);
  hush(&f);
  CHECK(held(&f) - before <
        or_over_tls(1920)); /* with what malloc adds, and libuv's tables, below 2 KiB */
  printf("    an idle stream holds %zu bytes\n", held(&f) - before);
  fixture_end(&f);
}

static void ask_at_length(peer *client) {
  peer_say(client, "GET / HTTP/1.1\r\nHost: a\r\nCookie: ");
  for (int i = 0; i < 400; i++) peer_say(client, "0123456789");
  peer_say(client, "\r\n\r\n");
}

/* A head is kept until no second try can need it any more, and no longer. */
static void nor_does_one_that_might_have_been_asked_twice(void) {
  fixture f;
  fixture_open(&f);
  peer *client = client_open(&f);
  ask_at_length(client);
  peer *origin = asked(&f, 0);
  forget(origin);
  peer_say(origin, OK_EMPTY);
  RUN_UNTIL(&f, got_message(client));
  forget(client);
  settle(&f);
  size_t before = held(&f);
  ask_at_length(client);
  asked(&f, 0);
  CHECK(held(&f) > before + 4000);
  peer_say(origin, OK_CHUNKED);
  RUN_UNTIL(&f, got(client, "\r\n\r\n"));
  settle(&f);
  CHECK(held(&f) < before + 2000);
  fixture_end(&f);
}

static void a_stream_that_was_stalled_once_keeps_no_buffers_either(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_stop(client);
  peer_say(origin, OK_BIG);
  peer_pour(origin, BIG / 8);
  RUN_UNTIL(&f, last_exchange(&f)->origin_paused);
  peer_go(client);
  RUN_UNTIL(&f, client->got_len > BIG / 8);
  settle(&f);
  CHECK(held(&f) < or_over_tls(4096));
  fixture_end(&f);
}

static void an_exchange_that_waits_for_its_head_is_small(void) {
  fixture f;
  fixture_open(&f);
  ask(&f, GET);
  asked(&f, 0);
  settle(&f);
  CHECK(held(&f) < or_over_tls(4096));
  printf("    an exchange that waits for its head holds %zu bytes\n", held(&f));
  fixture_end(&f);
}

static void an_idle_client_connection_is_smaller(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, OK_EMPTY);
  peer_close(origin);
  RUN_UNTIL(&f, got_message(client));
  settle(&f);
  CHECK_INT(f.relay->count.idle_origins, 0);
  CHECK(held(&f) < or_over_tls(2048));
  printf("    an idle client connection holds %zu bytes\n", held(&f));
  fixture_end(&f);
}

static void nothing_is_held_when_everybody_has_left(void) {
  size_t before = 0;
  fixture f;
  fixture_open(&f);
  for (size_t i = 0; i < 3; i++) {
    peer *client = ask(&f, GET), *origin = asked(&f, i);
    peer_say(origin, OK_CLOSE "hello");
    peer_close(origin);
    RUN_UNTIL(&f, got_message(client));
    peer_close(client);
    RUN_UNTIL(&f, f.relay->count.clients == 0);
    if (i) CHECK_INT(held(&f), before); /* the first one warms the relay up */
    before = held(&f);
  }
  fixture_end(&f);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_stopped_client_pauses_the_origin_and_still_gets_every_byte);
  TEST(a_client_that_stops_and_goes_gets_every_byte_in_chunks_too);
  TEST(an_end_that_comes_during_a_pause_is_not_lost);
  TEST(an_origin_is_free_before_a_slow_client_has_taken_everything);
  TEST(the_origin_resumes_at_low_water);
  TEST(a_stopped_client_does_not_hold_up_another);
  TEST(tiny_chunks_for_a_stopped_client_stay_bounded);
  TEST(a_flood_of_tiny_chunks_is_no_trouble);
  TEST(events_of_any_size_stay_within_the_bound);
  TEST(a_stopped_origin_pauses_the_client_and_still_gets_every_byte);
  TEST(a_chunked_upload_is_paused_likewise);
  TEST(an_upload_waits_for_the_connection_in_bounded_memory);
  TEST(all_limits_at_once_stay_within_the_bound);
  TEST(pipelined_requests_that_wait_are_bounded);
  TEST(pipelined_requests_that_are_answered_here_hold_one_exchange);
  TEST(a_client_that_is_always_one_ahead_costs_no_more_with_time);
  TEST(many_stalled_clients_stay_within_their_bound);
  TEST(an_idle_stream_keeps_no_buffers);
  TEST(nor_does_one_that_might_have_been_asked_twice);
  TEST(a_stream_that_was_stalled_once_keeps_no_buffers_either);
  TEST(an_exchange_that_waits_for_its_head_is_small);
  TEST(an_idle_client_connection_is_smaller);
  TEST(nothing_is_held_when_everybody_has_left);
  return check_end();
}
