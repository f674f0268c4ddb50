/* Clients over TLS: what a handshake may come to, how a connection ends, certificates that change.
 * What HTTP looks like over it is what the other tests say when they run that way. */
#include <stdio.h>
#include <unistd.h>

#include "support/fixture.h"
#include "support/lent.h"
#include "support/tls_end.h"

#define OK_TWO "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static void init(fixture *f) {
  fixture_init(f);
  f->listen_options.tls = way_listener_tls();
}

static void open_(fixture *f) {
  init(f);
  fixture_start(f);
}

/* A client that speaks no TLS by itself. */
static peer *raw_client(fixture *f) {
  peer *p = peer_new(&f->loop, &f->clients, UV_TCP, "raw", f->client_count++);
  peer_connect(p, f->port);
  RUN_UNTIL(f, p->connected && last_down(f));
  return p;
}

static peer *serve_one(fixture *f) {
  peer *client = ask(f, GET), *origin = asked(f, 0);
  peer_say(origin, OK_TWO);
  RUN_UNTIL(f, got_message(client));
  take(client);
  return client;
}

static const weir_counters *counts(const fixture *f) { return &f->relay->count; }

/* ---- the handshake ---- */

static void the_origin_is_told_that_it_was_https(void) {
  fixture f;
  open_(&f);
  ask(&f, GET);
  CHECK(has_line(take(asked(&f, 0)), "X-Forwarded-Proto: https"));
  CHECK_STR(weir_exchange_scheme(last_exchange(&f)), "https");
  CHECK_INT(counts(&f)->handshakes_total, 1);
  CHECK_INT(counts(&f)->handshakes_failed_total, 0);
  fixture_end(&f);
}

static void check_failed(fixture *f, const peer *p) {
  RUN_UNTIL(f, is_over(p) && counts(f)->clients == 0);
  CHECK_INT(counts(f)->handshakes_total, 0);
  CHECK_INT(counts(f)->handshakes_failed_total, 1);
  CHECK_INT(counts(f)->exchanges_total, 0);
  fixture_end(f);
}

static void a_client_that_speaks_no_tls_gets_an_alert_and_no_answer(void) {
  fixture f;
  open_(&f);
  peer *p = raw_client(&f);
  peer_say(p, GET);
  RUN_UNTIL(&f, is_over(p));
  CHECK_MEM(p->got, 2, "\x15\x03", 2);
  CHECK(!got(p, "HTTP"));
  check_failed(&f, p);
}

static void a_client_may_leave_in_the_middle_of_it(void) {
  static const char hello[] = "\x16\x03\x01\x02\x00\x01\x00";
  for (size_t said = 0; said < sizeof hello; said++)
    for (int reset = 0; reset < 2; reset++) {
      fixture f;
      CHECK_CASE("%zu bytes, %s", said, reset ? "reset" : "closed");
      open_(&f);
      peer *p = raw_client(&f);
      peer_send(p, hello, said);
      settle(&f);
      reset ? peer_reset(p) : peer_close(p);
      RUN_UNTIL(&f, counts(&f)->clients == 0);
      CHECK_INT(counts(&f)->handshakes_failed_total, 1);
      fixture_end(&f);
    }
}

static void a_client_that_drips_its_hello_has_handshake_ms_in_all(void) {
  fixture f;
  init(&f);
  f.options.handshake_ms = 1000;
  fixture_start(&f);
  peer *p = raw_client(&f);
  static const char hello[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc";
  for (int i = 0; i < 9; i++) {
    peer_send(p, &hello[i], 1);
    settle(&f);
    pass(&f, 100);
  }
  CHECK(!is_over(p));
  pass(&f, 101);
  CHECK_INT(p->got_len, 0);
  check_failed(&f, p);
}

/* request_head_ms begins behind it. */
static void the_time_for_the_first_head_is_counted_from_the_handshake_on(void) {
  fixture f;
  init(&f);
  f.options.handshake_ms = 5000;
  f.options.request_head_ms = 2000;
  fixture_start(&f);
  peer *p = client_open(&f);
  CHECK(p->connected);
  pass(&f, 1900);
  CHECK(!is_over(p));
  pass(&f, 200);
  RUN_UNTIL(&f, is_over(p));
  CHECK_INT(p->got_len, 0);
  fixture_end(&f);
}

static void one_too_many_is_closed_without_a_handshake(void) {
  fixture f;
  init(&f);
  f.options.clients_max = 1;
  fixture_start(&f);
  peer *first = client_open(&f);
  peer *second = peer_new(&f.loop, &f.clients, UV_TCP, "raw", f.client_count++);
  peer_connect(second, f.port);
  RUN_UNTIL(&f, is_over(second));
  CHECK_INT(second->got_len, 0);
  CHECK_INT(counts(&f)->refused_total, 1);
  CHECK_INT(counts(&f)->handshakes_total, 1);
  CHECK_INT(counts(&f)->handshakes_failed_total, 0);
  CHECK(!is_over(first));
  fixture_end(&f);
}

/* ---- the relay ends meanwhile ---- */

static void on_done(weir_relay *relay, void *user) { (void)relay, ++*(unsigned *)user; }

static void a_drain_does_not_wait_for_a_handshake(void) {
  unsigned done = 0;
  fixture f;
  open_(&f);
  peer *p = raw_client(&f);
  weir_relay_drain(f.relay, WEIR_OFF, on_done, &done);
  RUN_UNTIL(&f, done);
  RUN_UNTIL(&f, is_over(p));
  fixture_end(&f);
}

static bool is_open(const fixture *f) {
  return f->relay->count.clients && last_down(f)->state != WEIR__DOWN_SHAKING;
}

/* Whatever the job in the thread pool has come to. */
static void the_relay_may_close_at_any_moment_of_it(void) {
  for (int turns = 0; turns < 12; turns++) {
    fixture f;
    CHECK_CASE("after %d turns", turns);
    open_(&f);
    peer *p = client_new(&f);
    peer_connect(p, f.port);
    for (int i = 0; i < turns && !is_open(&f); i++) loop_turn(&f.loop);
    close_relay(&f);
    fixture_end(&f);
  }
}

/* ---- ends ---- */

static void check_says_goodbye(fixture *f, const peer *client) {
  RUN_UNTIL(f, is_over(client));
  CHECK(ended_well(client));
  fixture_end(f);
}

static void an_idle_connection_that_times_out_ends_with_close_notify(void) {
  fixture f;
  open_(&f);
  peer *client = serve_one(&f);
  pass(&f, 75001);
  check_says_goodbye(&f, client);
}

static void an_idle_connection_that_is_drained_ends_with_close_notify(void) {
  unsigned done = 0;
  fixture f;
  open_(&f);
  peer *client = serve_one(&f);
  weir_relay_drain(f.relay, WEIR_OFF, on_done, &done);
  RUN_UNTIL(&f, done);
  check_says_goodbye(&f, client);
}

static void the_last_response_of_a_connection_ends_with_close_notify(void) {
  static const char *const requests[] = {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                                         "GET / HTTP/1.0\r\n\r\n"};
  for (size_t i = 0; i < 2; i++) {
    fixture f;
    CHECK_CASE("%s", requests[i]);
    open_(&f);
    peer *client = ask(&f, requests[i]);
    peer_say(asked(&f, 0), i ? OK_CHUNKED "2\r\nok\r\n0\r\n\r\n" : OK_TWO);
    RUN_UNTIL(&f, is_over(client));
    CHECK_STR(take(client)->body, "ok");
    check_says_goodbye(&f, client);
  }
}

/* What is delimited by close and was cut must not look whole. */
static void a_cut_body_delimited_by_close_ends_without_close_notify(void) {
  fixture f;
  open_(&f);
  peer *client = ask(&f, "GET / HTTP/1.0\r\n\r\n"), *origin = asked(&f, 0);
  peer_say(origin, OK_CHUNKED "5\r\nhello\r\n");
  RUN_UNTIL(&f, got(client, "hello"));
  peer_reset(origin);
  RUN_UNTIL(&f, f.end_count && is_over(client));
  CHECK(!ended_well(client));
  CHECK(!client->closed_well);
  fixture_end(&f);
}

/* Most clients do, and what they have said has a length. */
static void a_client_that_leaves_without_close_notify_is_gone_like_any_other(void) {
  fixture f;
  open_(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_die(client);
  RUN_UNTIL(&f, f.end_count && is_over(origin));
  CHECK_END(&f, WEIR_END_CLIENT_GONE);
  CHECK_INT(only_end(&f)->stats.error, UV_EOF);
  fixture_end(&f);
}

static void what_is_no_record_any_more_is_a_client_gone(void) {
  fixture f;
  open_(&f);
  peer *client = ask(&f, GET);
  asked(&f, 0);
  uv_os_fd_t fd;
  CHECK_INT(uv_fileno(&client->handle.any, &fd), 0);
  CHECK_INT(write(fd,
                  "\x17\x03\x03\x00\x20"
                  "this is no record of any session",
                  37),
            37);
  RUN_UNTIL(&f, f.end_count);
  CHECK_END(&f, WEIR_END_CLIENT_GONE);
  CHECK_INT(only_end(&f)->stats.error, WEIR_ETLS_RECORD);
  fixture_end(&f);
}

/* ---- certificates that change ---- */

static long serial_of(const peer *p) {
  X509 *cert = SSL_get1_peer_certificate(p->tls->ssl);
  long serial = cert ? (long)X509_subject_name_hash(cert) : 0;
  X509_free(cert);
  return serial;
}

static void new_connections_get_the_new_certificate_and_running_ones_keep_theirs(void) {
  const weir_tls_pair good = CA_PAIR("good"), rsa = CA_PAIR("rsa");
  weir_tls_options o = {WEIR_TLS_OPTIONS_INIT, .pairs = &good, .pair_count = 1,
                        .ticket_s = UINT32_MAX, .cache = UINT32_MAX};
  weir_tls *tls = tls_server(&o);
  weir_tls_why why;
  fixture f;
  init(&f);
  f.listen_options.tls = tls;
  fixture_start(&f);
  peer *before = serve_one(&f);
  o.pairs = &rsa;
  CHECK_INT(weir_tls_reload(tls, &o, &why), 0);
  peer *after = client_open(&f);
  CHECK(after->connected);
  CHECK(EVP_PKEY_is_a(X509_get0_pubkey(SSL_get0_peer_certificate(after->tls->ssl)), "RSA"));
  CHECK(EVP_PKEY_is_a(X509_get0_pubkey(SSL_get0_peer_certificate(before->tls->ssl)), "EC"));
  peer_say(before, GET);
  RUN_UNTIL(&f, got(origin_peer(&f.origin, 0), "GET"));
  o.pairs = &(weir_tls_pair){WEIR_TLS_PAIR_INIT, .cert = "/nonexistent"};
  CHECK_INT(weir_tls_reload(tls, &o, &why), WEIR_ETLS_FILE);
  peer *still = client_open(&f);
  CHECK(still->connected && serial_of(still) == serial_of(after));
  weir_tls_free(tls); /* the listener holds it */
  CHECK(client_open(&f)->connected);
  fixture_end(&f);
}

/* ---- what may not be ---- */

static void a_listener_takes_no_tls_of_an_origin(void) {
  int port;
  fixture f;
  lent l;
  fixture_open(&f);
  weir_listen_options o = {WEIR_LISTEN_OPTIONS_INIT, .tls = way_origin_tls()};
  CHECK_INT(weir_relay_listen(f.relay, "127.0.0.1:0", &o, &port), WEIR_EINVAL);
  lent_open(&l, &f, UV_TCP);
  l.tls = way_origin_tls();
  CHECK_INT(lend(&l, NULL, 0), WEIR_EINVAL);
  lent_close(&l);
  fixture_end(&f);
  lent_free(&l);
}

int main(void) {
  TEST(the_origin_is_told_that_it_was_https);
  TEST(a_client_that_speaks_no_tls_gets_an_alert_and_no_answer);
  TEST(a_client_may_leave_in_the_middle_of_it);
  TEST(a_client_that_drips_its_hello_has_handshake_ms_in_all);
  TEST(the_time_for_the_first_head_is_counted_from_the_handshake_on);
  TEST(one_too_many_is_closed_without_a_handshake);
  TEST(a_drain_does_not_wait_for_a_handshake);
  TEST(the_relay_may_close_at_any_moment_of_it);
  TEST(an_idle_connection_that_times_out_ends_with_close_notify);
  TEST(an_idle_connection_that_is_drained_ends_with_close_notify);
  TEST(the_last_response_of_a_connection_ends_with_close_notify);
  TEST(a_cut_body_delimited_by_close_ends_without_close_notify);
  TEST(a_client_that_leaves_without_close_notify_is_gone_like_any_other);
  TEST(what_is_no_record_any_more_is_a_client_gone);
  TEST(new_connections_get_the_new_certificate_and_running_ones_keep_theirs);
  TEST(a_listener_takes_no_tls_of_an_origin);
  return check_end();
}
