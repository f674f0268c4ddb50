/* Memory that is missing at a particular moment; failmalloc_test.c tries all the others. */
#include <stdio.h>
#include <unistd.h>

#include "support/lent.h"

/* ---- before the first request ---- */

/* What a host does with the codes: it gives up. */
static int make(fixture *f, const char *path) {
  char address[80];
  const char *const trusted[] = {"10.0.0.0/8", "fd00::/8", "unix", NULL};
  weir_upstream_options o = {WEIR_UPSTREAM_OPTIONS_INIT, .url = "http://a.example:81", .host = "b"};
  f->options.trusted_proxies = trusted;
  snprintf(address, sizeof address, "unix:%s", path);
  int rc = weir_relay_new(&f->relay, &f->loop.uv, &f->options);
  if (rc) f->relay = NULL;
  if (rc == 0) rc = weir_upstream_new(&f->upstream, f->relay, &o);
  if (rc == 0) rc = weir_relay_route(f->relay, "host", "/prefix", f->upstream);
  if (rc == 0) rc = weir_relay_listen(f->relay, "127.0.0.1:0", NULL, &f->port);
  if (rc == 0) rc = weir_relay_listen(f->relay, address, NULL, NULL);
  return rc;
}

static void a_relay_that_cannot_be_made_says_so_and_leaves_nothing(void) {
  char path[64];
  bool failed = true;
  snprintf(path, sizeof path, "/tmp/weir-failmalloc-test-%d", (int)getpid());
  for (size_t nth = 1; failed; nth++) {
    fixture f;
    CHECK_CASE("allocation %zu fails", nth);
    fixture_init(&f);
    f.alloc.fail_at = nth;
    int rc = make(&f, path);
    failed = f.alloc.failed;
    CHECK_INT(rc, failed ? WEIR_ENOMEM : 0);
    fixture_end(&f);
    CHECK_INT(access(path, F_OK), -1);
  }
}

/* ---- the last write ---- */

static int no_memory(weir__stream *stream, const weir__slice *slices, size_t count) {
  (void)stream, (void)slices, (void)count;
  return WEIR_ENOMEM;
}

/* The origin has said all, but its last bytes have nowhere to go: the response has not ended. */
static void fail_last_write(fixture *f, peer *client) {
  peer_say(asked(f, 0), OK_CHUNKED "5\r\nhello\r\n");
  RUN_UNTIL(f, got(client, "hello"));
  spy_on_client(f);
  f->spy.verbs.writev = no_memory;
  peer_say(origin_peer(&f->origin, 0), "0\r\n\r\n");
  RUN_UNTIL(f, is_over(client));
  CHECK(!take(client)->whole);
  CHECK_END(f, WEIR_END_NO_MEMORY);
}

static void a_last_write_that_fails_cuts_the_response(void) {
  fixture f;
  fixture_open(&f);
  fail_last_write(&f, ask(&f, GET));
  fixture_end(&f);
}

static void a_lent_connection_does_not_come_back_open_then(void) {
  lent l;
  fixture f;
  fixture_open(&f);
  lent_open(&l, &f, UV_NAMED_PIPE);
  CHECK_INT(lend_request(&l, GET, ""), 0);
  fail_last_write(&f, l.client);
  peer_close(l.client);
  RUN_UNTIL(&f, l.returns == 1);
  CHECK(!l.open);
  lent_close(&l);
  fixture_end(&f);
  lent_free(&l);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_relay_that_cannot_be_made_says_so_and_leaves_nothing);
  TEST(a_last_write_that_fails_cuts_the_response);
  TEST(a_lent_connection_does_not_come_back_open_then);
  return check_end();
}
