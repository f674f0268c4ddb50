/* What is too much is refused, with a status that says so. */
#include <stdio.h>
#include <stdlib.h>

#include "support/lent.h"

enum { KIB = 1024 };

#define OK_2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* A string of that many `c`; the caller frees it. */
static char *filler(size_t len, char c) {
  char *text = malloc(len + 1);
  if (!text) abort();
  memset(text, c, len);
  text[len] = '\0';
  return text;
}

static void say_many(peer *p, size_t count, const char *text) {
  for (size_t i = 0; i < count; i++) peer_say(p, text);
}

/* ---- of a request ---- */

/* Sends a request head with a target and a field of these lengths. */
static peer *ask_long(fixture *f, size_t target, size_t value) {
  char *t = filler(target, 't'), *v = filler(value, 'v');
  peer *client = ask(f, "GET /");
  peer_say(client, t);
  peer_say(client, " HTTP/1.1\r\nHost: a\r\nX: ");
  peer_say(client, v);
  peer_say(client, "\r\n\r\n");
  free(t), free(v);
  return client;
}

static void check_refused(fixture *f, peer *client, int status) {
  RUN_UNTIL(f, is_over(client));
  const message *m = take(client);
  CHECK_INT(m->status, status);
  CHECK(m->whole && has_line(m, "Connection: close"));
  CHECK(ended_well(client)); /* no reset takes the answer away, though the client had more to say */
  CHECK_INT(f->origin.count, 0);
  CHECK_INT(f->relay->count.exchanges_total, 0);
}

static void a_head_of_64_kib_is_too_large(void) {
  fixture f;
  fixture_open(&f);
  check_refused(&f, ask_long(&f, 1, 64 * KIB), 431);
  fixture_end(&f);
}

static void a_head_just_below_passes(void) {
  fixture f;
  fixture_open(&f);
  ask_long(&f, 1, 64 * KIB - 100);
  asked(&f, 0);
  fixture_end(&f);
}

static void a_hundred_and_twenty_nine_fields_are_too_many(void) {
  for (size_t count = 127; count <= 128; count++) { /* and Host */
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, "GET / HTTP/1.1\r\nHost: a\r\n");
    say_many(client, count, "A: b\r\n");
    peer_say(client, "\r\n");
    if (count == 128)
      check_refused(&f, client, 431);
    else
      CHECK_INT(count_fields(take(asked(&f, 0)), "A"), count);
    fixture_end(&f);
  }
}

static void a_target_over_16_kib_is_too_long(void) {
  fixture f;
  fixture_open(&f);
  check_refused(&f, ask_long(&f, 16 * KIB, 1), 414);
  fixture_end(&f);
}

static void a_target_just_below_passes(void) {
  fixture f;
  fixture_open(&f);
  ask_long(&f, 16 * KIB - 1, 1);
  asked(&f, 0);
  fixture_end(&f);
}

static void trailers_count_like_a_head(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
  peer *origin = asked(&f, 0);
  say_many(client, 129, "A: b\r\n");
  peer_say(client, "\r\n");
  RUN_UNTIL(&f, is_over(client));
  CHECK_INT(take(client)->status, 431);
  CHECK_END(&f, WEIR_END_CLIENT_BAD);
  RUN_UNTIL(&f, is_over(origin));
  fixture_end(&f);
}

static void chunk_framing_without_end_is_refused(void) {
  fixture f;
  fixture_open(&f);
  char *extension = filler(32 * KIB, 'x');
  peer *client = ask(&f, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;");
  peer *origin = asked(&f, 0);
  peer_say(client, extension);
  RUN_UNTIL(&f, is_over(client));
  CHECK_INT(take(client)->status, 400);
  RUN_UNTIL(&f, is_over(origin));
  free(extension);
  fixture_end(&f);
}

/* ---- of a response ---- */

static void check_bad_gateway(fixture *f, peer *client, int error) {
  RUN_UNTIL(f, got_message(client));
  CHECK_INT(take(client)->status, 502);
  CHECK_END(f, WEIR_END_MALFORMED);
  CHECK_INT(only_end(f)->stats.error, error);
  RUN_UNTIL(f, is_over(origin_peer(&f->origin, 0)));
}

static void a_response_head_that_is_too_large_is_a_502(void) {
  fixture f;
  fixture_open(&f);
  char *value = filler(64 * KIB, 'v');
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, "HTTP/1.1 200 OK\r\nX: ");
  peer_say(origin, value);
  check_bad_gateway(&f, client, WEIR_EHEADSIZE);
  free(value);
  fixture_end(&f);
}

static void a_response_with_too_many_fields_is_a_502(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, "HTTP/1.1 200 OK\r\n");
  say_many(origin, 130, "A: b\r\n"); /* the end of a line shows in the next one */
  check_bad_gateway(&f, client, WEIR_EHEADSIZE);
  fixture_end(&f);
}

static void a_large_response_head_passes(void) {
  fixture f;
  fixture_open(&f);
  char *value = filler(60 * KIB, 'v');
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: ");
  peer_say(origin, value);
  peer_say(origin, "\r\n\r\nok");
  RUN_UNTIL(&f, got_message(client));
  const message *m = take(client);
  CHECK_STR(m->body, "ok");
  CHECK(strstr(m->head, value));
  free(value);
  fixture_end(&f);
}

static void too_many_trailers_cut_the_response(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, OK_CHUNKED "2\r\nok\r\n0\r\n");
  say_many(origin, 129, "A: b\r\n");
  peer_say(origin, "\r\n");
  RUN_UNTIL(&f, is_over(client));
  const message *m = take(client);
  CHECK_STR(m->body, "ok");
  CHECK(!m->whole);
  CHECK_END(&f, WEIR_END_MALFORMED);
  fixture_end(&f);
}

/* ---- of connections ---- */

/* Over TLS it is not even greeted: a handshake costs more than the answer. */
static void check_turned_away(fixture *f, peer *client, size_t refused) {
  RUN_UNTIL(f, is_over(client));
  if (client->tls) {
    CHECK(!client->connected && !client->got_len);
  } else {
    const message *m = take(client);
    CHECK_INT(m->status, 503);
    CHECK(memmem(m->body, m->body_len, "too many connections", 20));
    CHECK(m->whole && has_line(m, "Connection: close"));
  }
  CHECK_INT(f->relay->count.refused_total, refused);
}

static void a_client_too_many_is_turned_away(void) {
  fixture f;
  fixture_init(&f);
  f.options.clients_max = 2;
  fixture_start(&f);
  peer *first = ask(&f, GET);
  asked(&f, 0);
  peer *second = client_open(&f);
  RUN_UNTIL(&f, f.relay->count.clients == 2);
  peer *third = ask(&f, GET);
  check_turned_away(&f, third, 1);
  peer_close(third);
  RUN_UNTIL(&f, f.relay->count.clients == 2);
  peer_close(second);
  RUN_UNTIL(&f, f.relay->count.clients == 1);
  peer *fourth = ask(&f, GET); /* there is room again */
  peer_say(asked(&f, 1), OK_2);
  RUN_UNTIL(&f, got_message(fourth));
  CHECK_ANSWER(fourth, 200, "ok");
  CHECK(!is_over(first));
  fixture_end(&f);
}

/* One that is turned away and does not leave must not take up room for ever. */
static void a_client_that_was_turned_away_and_stays_is_closed(void) {
  ONLY_PLAIN_CLIENT("one over TLS is closed at once, with nothing to wait for");
  fixture f;
  fixture_init(&f);
  f.options.clients_max = 1;
  fixture_start(&f);
  client_open(&f);
  RUN_UNTIL(&f, f.relay->count.clients == 1);
  peer *second = client_open(&f);
  RUN_UNTIL(&f, is_over(second));
  CHECK_INT(f.relay->count.clients, 2);
  pass(&f, 6000);
  RUN_UNTIL(&f, f.relay->count.clients == 1);
  fixture_end(&f);
}

/* ---- of connections from one address ---- */

/* One that asks from another address of this machine. */
static peer *ask_from(fixture *f, const char *address) {
  struct sockaddr_in from;
  peer *p = client_new(f);
  CHECK_INT(uv_ip4_addr(address, 0, &from), 0);
  CHECK_INT(uv_tcp_bind(&p->handle.tcp, (const struct sockaddr *)&from, 0), 0);
  peer_connect(p, f->port);
  peer_say(p, GET);
  return p;
}

static void an_address_too_often_is_turned_away_and_others_do_not(void) {
  fixture f;
  fixture_init(&f);
  f.options.clients_per_address_max = 2;
  fixture_start(&f);
  peer *first = ask(&f, GET);
  asked(&f, 0);
  client_open(&f); /* one that never asks is one as well */
  RUN_UNTIL(&f, f.relay->count.clients == 2);
  check_turned_away(&f, ask(&f, GET), 1);
  ask_from(&f, "127.0.0.2");
  asked(&f, 1);
  peer_close(first);
  uint64_t away = client_is_secure() ? 0 : 1; /* the one turned away stays, to read its answer, */
  RUN_UNTIL(&f, f.end_count == 1 && f.relay->count.clients == 2 + away);
  ask(&f, GET); /* and takes up no room */
  asked(&f, 2);
  check_turned_away(&f, ask(&f, GET), 2);
  fixture_end(&f);
}

/* Turned away since there were too many of all, it does not count for its address. */
static void both_caps_hold(void) {
  fixture f;
  fixture_init(&f);
  f.options.clients_max = 1;
  f.options.clients_per_address_max = 2;
  fixture_start(&f);
  peer *first = ask_from(&f, "127.0.0.2");
  asked(&f, 0);
  for (size_t n = 1; n <= 3; n++) check_turned_away(&f, ask(&f, GET), n);
  peer_close(first);
  RUN_UNTIL(&f, f.end_count == 1);
  ask(&f, GET);
  asked(&f, 1);
  fixture_end(&f);
}

static void a_trusted_proxy_comes_as_often_as_it_likes(void) {
  static const char *const trusted[] = {"127.0.0.1", NULL};
  fixture f;
  fixture_init(&f);
  f.options.clients_per_address_max = 1;
  f.options.trusted_proxies = trusted;
  fixture_start(&f);
  for (size_t n = 0; n < 3; n++) {
    ask(&f, GET);
    asked(&f, n);
  }
  ask_from(&f, "127.0.0.2");
  asked(&f, 3);
  check_turned_away(&f, ask_from(&f, "127.0.0.2"), 1);
  fixture_end(&f);
}

/* A host that hands over its connections is protected likewise, and gets them back closed. */
static void a_connection_handed_over_counts_for_its_address(void) {
  fixture f;
  lent l;
  fixture_init(&f);
  f.options.clients_per_address_max = 1;
  fixture_start(&f);
  lent_open(&l, &f, UV_TCP);
  lent_secure(&l);
  peer *first = ask(&f, GET);
  asked(&f, 0);
  CHECK_INT(lend(&l, GET, strlen(GET)), 0);
  check_turned_away(&f, l.client, 1);
  peer_close(l.client);
  RUN_UNTIL(&f, l.returns == 1);
  CHECK(!l.open);
  CHECK(!is_over(first));
  lent_close(&l);
  fixture_end(&f);
  lent_free(&l);
}

static void unix_clients_do_not_count(void) {
  fixture f;
  lent l[3];
  fixture_init(&f);
  f.options.clients_per_address_max = 1;
  fixture_start(&f);
  for (size_t n = 0; n < 3; n++) {
    lent_open(&l[n], &f, UV_NAMED_PIPE);
    lent_secure(&l[n]);
    CHECK_INT(lend(&l[n], GET, strlen(GET)), 0);
    asked(&f, n);
  }
  CHECK_INT(f.relay->count.refused_total, 0);
  for (size_t n = 0; n < 3; n++) lent_close(&l[n]);
  fixture_end(&f);
  for (size_t n = 0; n < 3; n++) lent_free(&l[n]);
}

/* What a host parsed itself is its own to hold back. */
static void a_request_handed_over_does_not_count(void) {
  ONLY_PLAIN_CLIENT("who lends a request has read it, in plain bytes");
  fixture f;
  lent l;
  fixture_init(&f);
  f.options.clients_per_address_max = 1;
  fixture_start(&f);
  lent_open(&l, &f, UV_TCP);
  ask(&f, GET);
  asked(&f, 0);
  CHECK_INT(lend_request(&l, GET, ""), 0);
  asked(&f, 1);
  lent_close(&l);
  fixture_end(&f);
  lent_free(&l);
}

/* One after another, each allocation on the way from accept to the first byte. */
static void a_client_that_cannot_be_counted_is_dropped(void) {
  ONLY_PLAIN_CLIENT("a handshake takes memory as well, behind the count");
  bool failed = true;
  size_t nth;
  for (nth = 1; failed; nth++) {
    fixture f;
    CHECK_CASE("allocation %zu fails", nth);
    fixture_init(&f);
    f.options.clients_per_address_max = 1;
    fixture_start(&f);
    f.alloc.fail_at = f.alloc.calls + nth;
    peer *client = client_open(&f);
    RUN_UNTIL(&f, client->connected && (f.relay->count.clients_total || f.alloc.failed));
    settle(&f);
    failed = f.alloc.failed;
    CHECK_INT(f.relay->count.refused_total, failed);
    CHECK_INT(f.relay->count.clients, !failed);
    CHECK_INT(is_over(client), failed);
    fixture_end(&f);
  }
  CHECK(nth > 4); /* stream, client, crowd at least */
}

static void a_connection_handed_over_that_cannot_be_counted_stays_the_hosts(void) {
  ONLY_PLAIN_CLIENT("a handshake takes memory as well, behind the count");
  bool failed = true;
  for (size_t nth = 1; failed; nth++) {
    fixture f;
    lent l;
    CHECK_CASE("allocation %zu fails", nth);
    fixture_init(&f);
    f.options.clients_per_address_max = 1;
    fixture_start(&f);
    lent_open(&l, &f, UV_TCP);
    f.alloc.fail_at = f.alloc.calls + nth;
    int rc = lend(&l, "", 0);
    failed = f.alloc.failed;
    CHECK_INT(rc, failed ? WEIR_ENOMEM : 0);
    CHECK_INT(f.relay->count.clients, !failed);
    CHECK_INT(l.returns, 0);
    f.alloc.fail_at = 0;
    if (rc) CHECK_INT(lend(&l, GET, strlen(GET)), 0); /* it is as good as before */
    if (rc) asked(&f, 0);
    lent_close(&l);
    fixture_end(&f);
    lent_free(&l);
  }
}

/* ---- counters ---- */

static void counters_tell_what_goes_on(void) {
  fixture f;
  fixture_open(&f);
  weir_counters c = {.size = sizeof c};
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  weir_relay_counters(f.relay, &c);
  CHECK_INT(c.clients, 1);
  CHECK_INT(c.exchanges, 1);
  CHECK_INT(c.idle_origins, 0);
  CHECK_INT(c.origins_total, 1);
  peer_say(origin, OK_2);
  RUN_UNTIL(&f, got_message(client));
  weir_relay_counters(f.relay, &c);
  CHECK_INT(c.exchanges, 0);
  CHECK_INT(c.exchanges_total, 1);
  CHECK_INT(c.idle_origins, 1);
  CHECK_INT(c.ends[WEIR_END_COMPLETE], 1);
  peer_close(client);
  RUN_UNTIL(&f, f.relay->count.clients == 0);
  weir_relay_counters(f.relay, &c);
  CHECK_INT(c.clients_total, 1);
  fixture_end(&f);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_head_of_64_kib_is_too_large);
  TEST(a_head_just_below_passes);
  TEST(a_hundred_and_twenty_nine_fields_are_too_many);
  TEST(a_target_over_16_kib_is_too_long);
  TEST(a_target_just_below_passes);
  TEST(trailers_count_like_a_head);
  TEST(chunk_framing_without_end_is_refused);
  TEST(a_response_head_that_is_too_large_is_a_502);
  TEST(a_response_with_too_many_fields_is_a_502);
  TEST(a_large_response_head_passes);
  TEST(too_many_trailers_cut_the_response);
  TEST(a_client_too_many_is_turned_away);
  TEST(a_client_that_was_turned_away_and_stays_is_closed);
  TEST(an_address_too_often_is_turned_away_and_others_do_not);
  TEST(both_caps_hold);
  TEST(a_trusted_proxy_comes_as_often_as_it_likes);
  TEST(a_connection_handed_over_counts_for_its_address);
  TEST(unix_clients_do_not_count);
  TEST(a_request_handed_over_does_not_count);
  TEST(a_client_that_cannot_be_counted_is_dropped);
  TEST(a_connection_handed_over_that_cannot_be_counted_stays_the_hosts);
  TEST(counters_tell_what_goes_on);
  return check_end();
}
