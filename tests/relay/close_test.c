/* How a relay ends at once, whatever goes on: weir_relay_close(). */
#include <stdio.h>

#include "support/fixture.h"

enum { FOREVER = 1000000 };

typedef struct report {
  fixture *f;
  unsigned calls;
  bool calling; /* drain is on the stack */
  bool then_close;
} report;

static void on_done(weir_relay *relay, void *user) {
  report *r = user;
  CHECK(relay == r->f->relay);
  CHECK(!r->calling);
  r->calls++;
  if (r->then_close) close_relay(r->f);
}

static void drain(fixture *f, report *r, uint32_t ms) {
  r->f = f;
  r->calling = true;
  weir_relay_drain(f->relay, ms, on_done, r);
  r->calling = false;
}

static peer *stream(fixture *f, size_t n, const char *request, const char *head) {
  peer *client = ask(f, request);
  peer_say(asked(f, n), head);
  RUN_UNTIL(f, got(client, "\r\n\r\n"));
  return client;
}

static void closing_ends_everything_in_every_phase(void) {
  static const char *const requests[] = {
      "", "GET / HT", GET, GET GET, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx"};
  for (int i = 0; i < 10; i++) {
    const char *request = requests[i / 2];
    CHECK_CASE("\"%s\"%s", request, i % 2 ? ", streaming" : "");
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, request);
    RUN_UNTIL(&f, f.relay->count.clients == 1);
    if (i >= 4) peer_say(asked(&f, 0), i % 2 ? OK_CHUNKED "5\r\nhello\r\n" : "HTTP/1.1 2");
    settle(&f);
    close_relay(&f);
    CHECK_INT(f.end_count, i >= 4); /* hooks run before it returns */
    if (i >= 4) CHECK_END(&f, WEIR_END_DRAINED);
    RUN_UNTIL(&f, f.closed && is_over(client));
    CHECK_NO_LEAK(&f.alloc);
    fixture_end(&f);
  }
}

static int close_on_trailers(weir_exchange *ex, weir_head *trailers, void *user) {
  (void)ex, (void)trailers;
  close_relay(user);
  return 0;
}

/* However the origin's bytes were cut: what stood before the ones that made a hook close goes out. */
static void what_one_read_brought_before_a_hook_closed_the_relay_arrives(void) {
  fixture f;
  fixture_init(&f);
  f.hooks.on_trailers = close_on_trailers;
  fixture_start(&f);
  peer *client = ask(&f, GET);
  peer_say(asked(&f, 0), OK_CHUNKED "5\r\nhello\r\n0\r\nX: y\r\n\r\n");
  RUN_UNTIL(&f, f.closed && is_over(client));
  CHECK_END(&f, WEIR_END_DRAINED);
  CHECK(got(client, "hello"));
  CHECK(!got(client, "0\r\n"));
  fixture_end(&f);
}

static void closing_ends_an_attempt_to_connect(void) {
  for (int named = 0; named < 2; named++) {
    char url[URL_ROOM];
    black_hole hole;
    fixture f;
    black_hole_open(&hole);
    fixture_init(&f);
    print_url(url, named ? "localhost" : "127.0.0.1", hole.port);
    f.origin_options.url = url;
    fixture_start(&f);
    ask(&f, GET);
    RUN_UNTIL(&f, last_down(&f) && last_exchange(&f));
    close_relay(&f); /* a name is still being looked up now */
    CHECK_END(&f, WEIR_END_DRAINED);
    RUN_UNTIL(&f, f.closed);
    fixture_end(&f);
    black_hole_close(&hole);
  }
}

static void closing_ends_a_drain(void) {
  for (int over = 0; over < 2; over++) {
    report r = {0};
    fixture f;
    fixture_open(&f);
    peer *client = stream(&f, 0, GET, OK_CHUNKED);
    drain(&f, &r, FOREVER);
    if (over) peer_close(client);
    if (over) RUN_UNTIL(&f, r.calls == 1);
    close_relay(&f);
    RUN_UNTIL(&f, f.closed);
    settle(&f);
    CHECK_INT(r.calls, over);
    CHECK_INT(f.end_count, 1);
    fixture_end(&f);
  }
}

static void the_relay_may_be_closed_when_it_is_drained(void) {
  report r = {.then_close = true};
  fixture f;
  fixture_open(&f);
  stream(&f, 0, GET, OK_CHUNKED);
  drain(&f, &r, 0);
  RUN_UNTIL(&f, f.closed);
  CHECK_INT(r.calls, 1);
  fixture_end(&f);
}

static void never_again(weir_relay *relay, void *user) {
  (void)relay, (void)user;
  CHECK(!"the first call's done is the one");
}

static void closing_twice_is_closing_once(void) {
  report r = {0};
  fixture f;
  fixture_open(&f);
  stream(&f, 0, GET, OK_CHUNKED);
  close_relay(&f);
  weir_relay_close(f.relay, never_again, NULL);
  drain(&f, &r, 0);
  RUN_UNTIL(&f, f.closed);
  CHECK_INT(r.calls, 0);
  fixture_end(&f);
}

static void a_relay_may_be_closed_before_the_loop_ever_turned(void) {
  fixture f;
  fixture_open(&f);
  close_relay(&f);
  CHECK_INT(uv_run(&f.loop.uv, UV_RUN_ONCE) >= 0, 1);
  RUN_UNTIL(&f, f.closed);
  CHECK_NO_LEAK(&f.alloc);
  fixture_end(&f);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(closing_ends_everything_in_every_phase);
  TEST(what_one_read_brought_before_a_hook_closed_the_relay_arrives);
  TEST(closing_ends_an_attempt_to_connect);
  TEST(closing_ends_a_drain);
  TEST(the_relay_may_be_closed_when_it_is_drained);
  TEST(closing_twice_is_closing_once);
  TEST(a_relay_may_be_closed_before_the_loop_ever_turned);
  return check_end();
}
