/* A hook sends a request to another origin than the routes do: weir_exchange_set_upstream(). */
#include "support/fixture.h"

#define OK_TWO "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

typedef struct detour {
  origin_server origin; /* the other one */
  weir_upstream *upstream;
  const char *host;
} detour;

static int go_elsewhere(weir_exchange *ex, weir_head *head, void *user) {
  fixture *f = user;
  detour *d = f->test;
  (void)head;
  CHECK_INT(weir_exchange_set_upstream(ex, NULL), WEIR_EINVAL);
  CHECK_INT(weir_exchange_set_upstream(ex, d->upstream), 0);
  return 0;
}

static void start_detour(fixture *f, detour *d) {
  if (!f->hooks.on_request) f->hooks.on_request = go_elsewhere;
  f->test = d;
  fixture_start(f);
  d->upstream = add_origin(f, &d->origin, d->host);
}

static void end_detour(fixture *f, detour *d) {
  origin_close(&d->origin);
  fixture_end(f);
  origin_free(&d->origin);
}

static peer *asked_elsewhere(fixture *f, detour *d) {
  RUN_UNTIL(f, origin_peer(&d->origin, 0) && got(origin_peer(&d->origin, 0), "\r\n\r\n"));
  return origin_peer(&d->origin, 0);
}

/* The Host is the client's, unless the origin it goes to in the end has one of its own. */
static void on_request_may_choose_the_origin(void) {
  static const struct {
    const char *routed, *chosen, *line;
  } cases[] = {{NULL, NULL, "Host: a"},
               {NULL, "chosen:81", "Host: chosen:81"},
               {"routed", NULL, "Host: a"},
               {"routed", "chosen", "Host: chosen"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("%s", cases[i].line);
    fixture f;
    detour d = {.host = cases[i].chosen};
    fixture_init(&f);
    f.origin_options.host = cases[i].routed;
    start_detour(&f, &d);
    peer *client = ask(&f, GET), *origin = asked_elsewhere(&f, &d);
    const message *m = take(origin);
    CHECK(has_line(m, cases[i].line));
    CHECK_INT(count_fields(m, "Host"), 1);
    CHECK(has_line(m, "X-Forwarded-Host: a"));
    peer_say(origin, OK_TWO);
    RUN_UNTIL(&f, got_message(client));
    CHECK_ANSWER(client, 200, "ok");
    CHECK_INT(f.origin.count, 0);
    end_detour(&f, &d);
  }
}

static int name_host(weir_exchange *ex, weir_head *head, void *user) {
  go_elsewhere(ex, head, user);
  return weir_head_set(head, "Host", "mine:82");
}

static void a_host_that_the_hook_sets_behind_that_stays(void) {
  fixture f;
  detour d = {.host = "chosen"};
  fixture_init(&f);
  f.hooks.on_request = name_host;
  start_detour(&f, &d);
  ask(&f, GET);
  CHECK(has_line(take(asked_elsewhere(&f, &d)), "Host: mine:82"));
  end_detour(&f, &d);
}

static void the_connection_to_a_chosen_origin_is_kept_for_that_origin(void) {
  fixture f;
  detour d = {0};
  fixture_init(&f);
  start_detour(&f, &d);
  peer *client = ask(&f, GET), *origin = asked_elsewhere(&f, &d);
  for (int i = 0; i < 3; i++) {
    forget(origin);
    peer_say(origin, OK_TWO);
    RUN_UNTIL(&f, got_message(client));
    CHECK_ANSWER(client, 200, "ok");
    peer_say(client, GET);
    RUN_UNTIL(&f, got(origin, "\r\n\r\n"));
  }
  CHECK_INT(d.origin.count, 1);
  CHECK_INT(f.ends[2].stats.reused, 1);
  end_detour(&f, &d);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(on_request_may_choose_the_origin);
  TEST(a_host_that_the_hook_sets_behind_that_stays);
  TEST(the_connection_to_a_chosen_origin_is_kept_for_that_origin);
  return check_end();
}
