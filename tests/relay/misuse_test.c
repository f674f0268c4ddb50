/* What a host gets wrong is refused with a code, and nothing of it is kept. */
#include <stdlib.h>

#include "support/lent.h"

static void a_relay_wants_a_loop_and_a_place_to_be_put(void) {
  fixture f;
  weir_relay *relay = NULL;
  fixture_open(&f);
  CHECK_INT(weir_relay_new(NULL, &f.loop.uv, NULL), WEIR_EINVAL);
  CHECK_INT(weir_relay_new(&relay, NULL, NULL), WEIR_EINVAL);
  CHECK(!relay);
  fixture_end(&f);
}

static void a_relay_without_options_runs_on_defaults(void) {
  fixture f;
  weir_relay *relay = NULL;
  fixture_open(&f);
  CHECK_INT(weir_relay_new(&relay, &f.loop.uv, NULL), 0);
  weir_relay_close(relay, NULL, NULL); /* and nobody asks to be told */
  fixture_end(&f);
}

/* Two relays on one loop, as a host may have them. */
typedef struct two {
  fixture f;
  weir_relay *other;
  weir_upstream *others;
} two;

static void open_two(two *t) {
  weir_upstream_options o = {WEIR_UPSTREAM_OPTIONS_INIT, .url = "http://127.0.0.1:1"};
  CHECK_INT(weir_relay_new(&t->other, &t->f.loop.uv, NULL), 0);
  CHECK_INT(weir_upstream_new(&t->others, t->other, &o), 0);
}

static void end_two(two *t) {
  weir_relay_close(t->other, NULL, NULL);
  fixture_end(&t->f);
}

static void an_origin_of_another_relay_gets_no_route(void) {
  two t;
  fixture_open(&t.f);
  open_two(&t);
  CHECK_INT(weir_relay_route(t.f.relay, NULL, "/x/", t.others), WEIR_EINVAL);
  peer *client = ask(&t.f, "GET /x/ HTTP/1.1\r\nHost: a\r\n\r\n");
  asked(&t.f, 0); /* it goes where all goes */
  CHECK(!is_over(client));
  end_two(&t);
}

static void an_origin_of_another_relay_serves_no_request_handed_over(void) {
  two t;
  lent l;
  fixture_open(&t.f);
  open_two(&t);
  lent_open(&l, &t.f, UV_TCP);
  CHECK_INT(lend_request_to(&l, GET, "", t.others, NULL), WEIR_EINVAL);
  CHECK_INT(t.f.relay->count.clients_total, 0);
  CHECK_INT(lend_request_to(&l, GET, "", t.f.upstream, NULL), 0); /* the stream was not touched */
  asked(&t.f, 0);
  lent_close(&l);
  end_two(&t);
  lent_free(&l);
}

static int choose(weir_exchange *ex, weir_head *head, void *user) {
  two *t = weir__container_of((fixture *)user, two, f);
  (void)head;
  CHECK_INT(weir_exchange_set_upstream(ex, t->others), WEIR_EINVAL);
  CHECK_INT(weir_exchange_set_upstream(ex, NULL), WEIR_EINVAL);
  return 0;
}

static void an_origin_of_another_relay_is_no_choice_in_a_hook(void) {
  two t;
  fixture_init(&t.f);
  t.f.hooks.on_request = choose;
  fixture_start(&t.f);
  open_two(&t);
  ask(&t.f, GET);
  asked(&t.f, 0);
  end_two(&t);
}

/* ---- counters ---- */

/* An older program knows fewer of them, a newer one more. */
static void counters_fill_what_the_program_knows(void) {
  struct {
    weir_counters known;
    uint64_t more;
  } newer = {.known = {.size = sizeof newer}, .more = 7};
  weir_counters older = {.size = offsetof(weir_counters, idle_origins), .idle_origins = 7};
  fixture f;
  fixture_open(&f);
  client_open(&f);
  RUN_UNTIL(&f, f.relay->count.clients == 1);
  weir_relay_counters(f.relay, &newer.known);
  CHECK_INT(newer.known.size, sizeof newer.known);
  CHECK_INT(newer.known.clients, 1);
  CHECK_INT(newer.more, 7);
  weir_relay_counters(f.relay, &older);
  CHECK_INT(older.size, offsetof(weir_counters, idle_origins));
  CHECK_INT(older.clients, 1);
  CHECK_INT(older.idle_origins, 7);
  fixture_end(&f);
}

/* ---- listening ---- */

static void listening_takes_options_or_none(void) {
  weir_listen_options o = {WEIR_LISTEN_OPTIONS_INIT, .backlog = 1};
  weir_listen_options bad = {.size = 1};
  fixture f;
  int port = 0;
  fixture_open(&f);
  CHECK_INT(weir_relay_listen(f.relay, "127.0.0.1:0", &bad, NULL), WEIR_EINVAL);
  CHECK_INT(weir_relay_listen(f.relay, "127.0.0.1:0", &o, NULL), 0);
  CHECK_INT(weir_relay_listen(f.relay, "127.0.0.1:0", NULL, &port), 0);
  CHECK(port > 0 && port != f.port);
  f.port = port;
  f.listen_options.tls = NULL; /* nobody asked for it here */
  ask(&f, GET);
  asked(&f, 0);
  fixture_end(&f);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_relay_wants_a_loop_and_a_place_to_be_put);
  TEST(a_relay_without_options_runs_on_defaults);
  TEST(an_origin_of_another_relay_gets_no_route);
  TEST(an_origin_of_another_relay_serves_no_request_handed_over);
  TEST(an_origin_of_another_relay_is_no_choice_in_a_hook);
  TEST(counters_fill_what_the_program_knows);
  TEST(listening_takes_options_or_none);
  return check_end();
}
