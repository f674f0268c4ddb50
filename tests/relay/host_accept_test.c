/* A host accepts connections and hands them over: weir_relay_accept(). */
#include <stdio.h>

#include "support/lent.h"

#define OK_TWO "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define POST_TEN "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"

static const uv_handle_type kinds[] = {UV_TCP, UV_NAMED_PIPE};
#define EACH_KIND(i) \
  size_t i = 0; \
  i < sizeof kinds / sizeof *kinds; \
  i++

static void open_lent(fixture *f, lent *l, uv_handle_type kind) {
  fixture_open(f);
  lent_open(l, f, kind);
  lent_secure(l);
}

static void end_lent(fixture *f, lent *l) {
  lent_close(l);
  fixture_end(f);
  lent_free(l);
}

/* The origin answers everything that has come with as many answers. */
static void serve(fixture *f, size_t ends) {
  peer *origin = asked(f, 0);
  while (f->end_count < ends && !f->loop.late) {
    if (got(origin, "\r\n\r\n")) take(origin), peer_say(origin, OK_TWO);
    loop_turn(&f->loop);
  }
}

static void check_comes_back_closed(fixture *f, lent *l) {
  RUN_UNTIL(f, l->returns == 1);
  settle(f);
  CHECK_INT(l->returns, 1);
  CHECK(!l->open);
  CHECK_INT(f->relay->count.clients, 0);
}

/* ---- a connection that nobody has read from ---- */

static void an_accepted_connection_is_served_until_its_client_closes(void) {
  for (EACH_KIND(i)) {
    CHECK_CASE("%s", uv_handle_type_name(kinds[i]));
    lent l;
    fixture f;
    open_lent(&f, &l, kinds[i]);
    CHECK_INT(lend(&l, "", 0), 0);
    for (size_t n = 1; n <= 3; n++) {
      peer_say(l.client, GET);
      serve(&f, n);
      RUN_UNTIL(&f, got_message(l.client));
      CHECK_ANSWER(l.client, 200, "ok");
    }
    CHECK_INT(l.returns, 0);
    peer_close(l.client);
    check_comes_back_closed(&f, &l);
    end_lent(&f, &l);
  }
}

static int see_client(weir_exchange *ex, weir_head *head, void *user) {
  fixture *f = user;
  (void)head;
  CHECK_STR(weir_exchange_client_address(ex), f->test);
  CHECK_INT(weir_exchange_client_port(ex) > 0, strcmp(f->test, "unix") != 0);
  return 403;
}

static void an_accepted_connection_knows_its_client(void) {
  static char addresses[][16] = {"127.0.0.1", "unix"};
  for (EACH_KIND(i)) {
    lent l;
    fixture f;
    fixture_init(&f);
    f.hooks.on_request = see_client;
    f.test = addresses[i];
    fixture_start(&f);
    lent_open(&l, &f, kinds[i]);
    lent_secure(&l);
    CHECK_INT(lend(&l, GET, strlen(GET)), 0);
    RUN_UNTIL(&f, got_message(l.client));
    CHECK_INT(f.end_count, 1);
    end_lent(&f, &l);
  }
}

/* ---- bytes that the host has read ---- */

static void bytes_that_were_read_already_come_first(void) {
  static const struct {
    const char *read, *sent;
    size_t ends;
  } cases[] = {{GET, "", 1},
               {"G", "ET / HTTP/1.1\r\nHost: a\r\n\r\n", 1},
               {GET GET, "", 2},
               {GET "GET / HT", "TP/1.1\r\nHost: a\r\n\r\n", 2},
               {GET GET GET, GET, 4}};
  for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
    lent l;
    fixture f;
    CHECK_CASE("%s", cases[i / 2].read);
    open_lent(&f, &l, kinds[i % 2]);
    peer_say(l.client, cases[i / 2].sent);
    CHECK_INT(lend(&l, cases[i / 2].read, strlen(cases[i / 2].read)), 0);
    serve(&f, cases[i / 2].ends);
    settle(&f);
    for (size_t n = 0; n < cases[i / 2].ends; n++) CHECK_ANSWER(l.client, 200, "ok");
    CHECK_INT(untaken(l.client), 0);
    end_lent(&f, &l);
  }
}

/* The host may have stopped reading at any byte. */
static void the_host_may_have_read_any_part_of_two_requests(void) {
  static const char text[] = POST_TEN "helloworld" GET;
  for (size_t read = 0; read < sizeof text; read++) {
    lent l;
    fixture f;
    CHECK_CASE("%zu bytes were read", read);
    open_lent(&f, &l, kinds[read % 2]);
    CHECK_INT(lend(&l, text, read), 0);
    peer_say(l.client, text + read);
    peer *origin = asked(&f, 0);
    RUN_UNTIL(&f, got_message(origin));
    CHECK_STR(take(origin)->body, "helloworld");
    peer_say(origin, OK_TWO);
    serve(&f, 2);
    settle(&f);
    CHECK_ANSWER(l.client, 200, "ok");
    CHECK_ANSWER(l.client, 200, "ok");
    end_lent(&f, &l);
  }
}

static int count_request(weir_exchange *ex, weir_head *head, void *user) {
  fixture *f = user;
  (void)ex, (void)head;
  ++*(int *)f->test;
  return 403;
}

static void hooks_may_run_before_accept_returns_but_nothing_comes_back(void) {
  ONLY_PLAIN_CLIENT("a handshake comes first, and its jobs end later");
  int requests = 0;
  lent l;
  fixture f;
  fixture_init(&f);
  f.hooks.on_request = count_request;
  f.test = &requests;
  fixture_start(&f);
  lent_open(&l, &f, UV_TCP);
  static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  CHECK_INT(lend(&l, text, strlen(text)), 0);
  CHECK_INT(requests, 1);
  CHECK_INT(l.returns, 0);
  RUN_UNTIL(&f, is_over(l.client));
  CHECK_INT(take(l.client)->status, 403);
  peer_close(l.client);
  check_comes_back_closed(&f, &l);
  end_lent(&f, &l);
}

static void bad_bytes_are_answered_and_the_connection_comes_back_closed(void) {
  ONLY_PLAIN_CLIENT("what is no TLS fails the handshake, and gets no answer in HTTP");
  for (EACH_KIND(i)) {
    lent l;
    fixture f;
    open_lent(&f, &l, kinds[i]);
    CHECK_INT(lend(&l, "\x16\x03\x01", 3), 0);
    RUN_UNTIL(&f, is_over(l.client));
    CHECK_INT(take(l.client)->status, 400);
    CHECK_INT(f.end_count, 0);
    peer_close(l.client);
    check_comes_back_closed(&f, &l);
    end_lent(&f, &l);
  }
}

/* ---- how it ends ---- */

static void client_resets(fixture *f, lent *l) {
  (void)f;
  peer_reset(l->client);
}
static void host_aborts(fixture *f, lent *l) {
  weir_exchange_abort(last_exchange(f));
  peer_fin(l->client);
}
static void relay_drains(fixture *f, lent *l) {
  (void)l;
  weir_relay_drain(f->relay, 0, NULL, NULL);
}
static void origin_breaks_off(fixture *f, lent *l) {
  peer_say(asked(f, 0), OK_CHUNKED);
  peer_close(asked(f, 0));
  RUN_UNTIL(f, is_over(l->client));
  peer_close(l->client);
}
static void time_passes(fixture *f, lent *l) {
  pass(f, 300000);
  settle(f);
  peer_close(l->client);
}

typedef void (*way)(fixture *f, lent *l);

static void it_comes_back_once_however_the_exchange_ends(void) {
  static const way ways[] = {client_resets, host_aborts, relay_drains, origin_breaks_off,
                             time_passes};
  for (size_t i = 0; i < 2 * sizeof ways / sizeof *ways; i++) {
    CHECK_CASE("way %zu, %s", i / 2, uv_handle_type_name(kinds[i % 2]));
    lent l;
    fixture f;
    open_lent(&f, &l, kinds[i % 2]);
    CHECK_INT(lend(&l, GET, strlen(GET)), 0);
    asked(&f, 0);
    ways[i / 2](&f, &l);
    check_comes_back_closed(&f, &l);
    CHECK_INT(f.end_count, 1);
    end_lent(&f, &l);
  }
}

static void closing_the_relay_brings_it_back_before_that_is_reported(void) {
  for (int busy = 0; busy < 2; busy++) {
    lent l;
    fixture f;
    open_lent(&f, &l, UV_TCP);
    CHECK_INT(lend(&l, GET, busy ? strlen(GET) : 5), 0);
    if (l.tls) settle(&f); /* hands are shaken, or nothing would be busy */
    close_relay(&f);
    CHECK_INT(l.returns, 0);
    RUN_UNTIL(&f, l.returns == 1);
    CHECK(!f.closed && !l.open);
    RUN_UNTIL(&f, f.closed);
    CHECK_INT(f.end_count, busy);
    end_lent(&f, &l);
  }
}

/* Its exchange is over, it only waits to be told of. */
static void one_on_its_way_back_comes_back_open_though_the_relay_ends(void) {
  ONLY_PLAIN_CLIENT("who lends a request has read it, in plain bytes");
  for (int drain = 0; drain < 2; drain++) {
    int requests = 0;
    lent l;
    fixture f;
    fixture_init(&f);
    f.hooks.on_request = count_request;
    f.test = &requests;
    fixture_start(&f);
    lent_open(&l, &f, UV_TCP);
    CHECK_INT(lend_request(&l, GET, GET), 0);
    if (drain)
      weir_relay_drain(f.relay, 0, NULL, NULL);
    else
      close_relay(&f);
    CHECK_INT(l.returns, 0);
    RUN_UNTIL(&f, l.returns == 1);
    CHECK(l.open);
    CHECK_STR(l.rest, GET);
    end_lent(&f, &l);
  }
}

static void close_from_inside(lent *l) { close_relay(l->f); }

static void the_relay_may_be_closed_where_it_comes_back(void) {
  for (int open = 0; open < 2; open++) {
    lent l;
    fixture f;
    fixture_open(&f);
    lent_open(&l, &f, UV_TCP);
    if (!open) lent_secure(&l);
    l.then = close_from_inside;
    CHECK_INT(open ? lend_request(&l, GET, "") : lend(&l, GET, strlen(GET)), 0);
    peer_say(asked(&f, 0), OK_TWO);
    if (!open) peer_close(l.client);
    RUN_UNTIL(&f, f.closed);
    CHECK_INT(l.returns, 1);
    CHECK_INT(l.open, open);
    end_lent(&f, &l);
  }
}

static void an_idle_one_comes_back_when_its_time_is_over(void) {
  lent l;
  fixture f;
  open_lent(&f, &l, UV_TCP);
  CHECK_INT(lend(&l, "", 0), 0);
  settle(&f);
  pass(&f, 10000);
  check_comes_back_closed(&f, &l);
  CHECK_INT(l.client->got_len, 0);
  end_lent(&f, &l);
}

/* ---- what cannot be lent ---- */

static void never(uv_stream_t *stream, const weir_returned *returned, void *user) {
  (void)stream, (void)returned, (void)user;
  CHECK(!"nothing was lent");
}

static void check_refused(fixture *f, void *handle) {
  uv_handle_t *h = handle;
  h->data = f;
  weir_accept_options o = {WEIR_ACCEPT_OPTIONS_INIT, .read = GET, .read_len = strlen(GET)};
  CHECK_INT(weir_relay_accept(f->relay, handle, &o, never, NULL), WEIR_EINVAL);
  CHECK(h->data == f);
}

static void other_handles_cannot_be_lent(void) {
  uv_timer_t timer;
  uv_udp_t udp;
  uv_tcp_t unopened, closing;
  fixture f;
  fixture_open(&f);
  uv_timer_init(&f.loop.uv, &timer), check_refused(&f, &timer);
  uv_udp_init(&f.loop.uv, &udp), check_refused(&f, &udp);
  uv_tcp_init(&f.loop.uv, &unopened), check_refused(&f, &unopened);
  uv_tcp_init(&f.loop.uv, &closing), uv_close((uv_handle_t *)&closing, NULL);
  check_refused(&f, &closing);
  CHECK_INT(weir_relay_accept(f.relay, NULL, NULL, never, NULL), WEIR_EINVAL);
  uv_close((uv_handle_t *)&timer, NULL), uv_close((uv_handle_t *)&udp, NULL);
  uv_close((uv_handle_t *)&unopened, NULL);
  settle(&f);
  fixture_end(&f);
}

static void a_handle_of_another_loop_cannot_be_lent(void) {
  uv_loop_t other;
  uv_tcp_t handle;
  fixture f;
  fixture_open(&f);
  CHECK_INT(uv_loop_init(&other), 0);
  CHECK_INT(uv_tcp_init_ex(&other, &handle, AF_INET), 0);
  check_refused(&f, &handle);
  uv_close((uv_handle_t *)&handle, NULL);
  uv_run(&other, UV_RUN_DEFAULT);
  CHECK_INT(uv_loop_close(&other), 0);
  fixture_end(&f);
}

static void nothing_is_lent_without_a_way_back(void) {
  lent l;
  fixture f;
  open_lent(&f, &l, UV_TCP);
  CHECK_INT(weir_relay_accept(f.relay, &l.handle.stream, NULL, NULL, NULL), WEIR_EINVAL);
  CHECK(l.handle.any.data == &l);
  end_lent(&f, &l);
}

/* What was refused is as it was. */
static void a_draining_relay_takes_no_connection(void) {
  lent l;
  fixture f;
  open_lent(&f, &l, UV_TCP);
  weir_relay_drain(f.relay, 1000, NULL, NULL);
  CHECK_INT(lend(&l, GET, strlen(GET)), WEIR_ESTATE);
  CHECK(l.handle.any.data == &l && !uv_is_closing(&l.handle.any));
  settle(&f);
  CHECK(!is_over(l.client));
  CHECK_INT(l.returns, 0);
  end_lent(&f, &l);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(an_accepted_connection_is_served_until_its_client_closes);
  TEST(an_accepted_connection_knows_its_client);
  TEST(bytes_that_were_read_already_come_first);
  TEST(the_host_may_have_read_any_part_of_two_requests);
  TEST(hooks_may_run_before_accept_returns_but_nothing_comes_back);
  TEST(bad_bytes_are_answered_and_the_connection_comes_back_closed);
  TEST(it_comes_back_once_however_the_exchange_ends);
  TEST(closing_the_relay_brings_it_back_before_that_is_reported);
  TEST(one_on_its_way_back_comes_back_open_though_the_relay_ends);
  TEST(the_relay_may_be_closed_where_it_comes_back);
  TEST(an_idle_one_comes_back_when_its_time_is_over);
  TEST(other_handles_cannot_be_lent);
  TEST(a_handle_of_another_loop_cannot_be_lent);
  TEST(nothing_is_lent_without_a_way_back);
  TEST(a_draining_relay_takes_no_connection);
  return check_end();
}
