/* net/tls: bytes that were altered, repeated, cut, swapped, made up. One connection ends with a
 * reason, or waits for more; no byte of it ever becomes data, and nothing spins. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/tls_end.h"
#include "weir/err.h"

static const size_t versions[] = {WEIR_TLS_1_2, WEIR_TLS_1_3};
#define EACH_VERSION(v) \
  for (size_t at_ = 0, v = 0; at_ < 2 && (v = versions[at_], CHECK_CASE("TLS %zx", v), 1); at_++)

static const weir_tls_pair good = CA_PAIR("good");

/* One of each for the whole test: reading certificates again and again would be most of it. */
static weir_tls *server_tls[2], *origin_tls;

static void begin(tls_end *client, tls_end *server, size_t version) {
  weir_tls *tls = server_tls[version == WEIR_TLS_1_3];
  weir__tls_hold(tls), weir__tls_hold(origin_tls);
  tls_end_accept(server, tls);
  tls_end_connect(client, origin_tls, "good.test", (weir__slice){0});
}

static void end(tls_end *client, tls_end *server) {
  tls_end_close(client);
  tls_end_close(server);
}

static bool is_named(int rc) { return rc <= WEIR_ETLS_EXPIRED && rc >= WEIR_ETLS_FAILED; }

/* An engine that failed says the same for ever. */
static void check_final(tls_end *e) {
  int rc = e->rc;
  char raw[600];
  weir__room out = weir__room_of(raw, sizeof raw);
  CHECK(is_named(rc));
  bytes_clear(&e->in);
  CHECK_INT(tls_end_turn(e), rc);
  CHECK_INT(tls_end_write(e, "x", 1), rc);
  CHECK_INT(weir__tls_close(e->engine, &out), rc);
  CHECK_INT(out.len, 0);
}

/* ---- records of data ---- */

/* Each byte of a record with its bits turned in several ways. Of the header, what says how long it is
 * may make the engine wait for the rest. */
static void an_altered_record_is_no_data(void) {
  EACH_VERSION(v) {
    for (size_t at = 0, size = 1; at < size; at++) {
      tls_end client, server;
      begin(&client, &server, v);
      CHECK(tls_shake(&client, &server));
      tls_end_write(&client, "secret", 6);
      tls_carry(&client, &server);
      size = server.in.len;
      CHECK_CASE("TLS %zx, byte %zu of %zu", v, at, size);
      server.in.ptr[at] = (char)(server.in.ptr[at] ^ 1 << at % 8);
      int rc = tls_end_turn(&server);
      CHECK_INT(server.plain.len, 0);
      if (at != 3 && at != 4) CHECK(rc < 0);
      if (at > 4) CHECK_INT(rc, WEIR_ETLS_RECORD);
      if (rc < 0) {
        CHECK(server.out.len > 0); /* the peer is told */
        check_final(&server);
      }
      end(&client, &server);
    }
  }
}

static void a_repeated_record_is_refused(void) {
  EACH_VERSION(v) {
    tls_end client, server;
    begin(&client, &server, v);
    CHECK(tls_shake(&client, &server));
    tls_end_write(&client, "once", 4);
    bytes_add(&server.in, client.out.ptr, client.out.len);
    tls_carry(&client, &server);
    CHECK_INT(tls_end_turn(&server), WEIR_ETLS_RECORD);
    CHECK_MEM(server.plain.ptr, server.plain.len, "once", 4); /* what came before is good */
    check_final(&server);
    end(&client, &server);
  }
}

static void records_in_another_order_are_refused(void) {
  EACH_VERSION(v) {
    tls_end client, server;
    begin(&client, &server, v);
    CHECK(tls_shake(&client, &server));
    tls_end_write(&client, "first", 5);
    bytes first = client.out;
    client.out = (bytes){0};
    tls_end_write(&client, "second", 6);
    tls_carry(&client, &server);
    bytes_add(&server.in, first.ptr, first.len);
    bytes_clear(&first);
    CHECK_INT(tls_end_turn(&server), WEIR_ETLS_RECORD);
    CHECK_INT(server.plain.len, 0);
    end(&client, &server);
  }
}

static void a_record_of_the_other_direction_is_refused(void) {
  EACH_VERSION(v) {
    tls_end client, server;
    begin(&client, &server, v);
    CHECK(tls_shake(&client, &server));
    tls_end_write(&client, "mirror", 6);
    tls_carry(&client, &client);
    CHECK_INT(tls_end_turn(&client), WEIR_ETLS_RECORD);
    CHECK_INT(client.plain.len, 0);
    end(&client, &server);
  }
}

static void a_record_that_is_cut_is_waited_for(void) {
  EACH_VERSION(v) {
    tls_end client, server;
    begin(&client, &server, v);
    CHECK(tls_shake(&client, &server));
    tls_end_write(&client, "whole", 5);
    for (size_t i = 0; i < client.out.len; i++) {
      CHECK_INT(server.plain.len, 0);
      bytes_add(&server.in, client.out.ptr + i, 1);
      CHECK_INT(tls_end_turn(&server), WEIR__TLS_MORE);
    }
    CHECK_MEM(server.plain.ptr, server.plain.len, "whole", 5);
    end(&client, &server);
  }
}

/* ---- headers ---- */

typedef struct header_case {
  int line;
  const char *bytes;
  size_t len;
} header_case;

/* clang-format off */
#define HEADER(literal) {__LINE__, literal, sizeof literal - 1}
static const header_case headers[] = {
    HEADER("\x16\x03\x03\xff\xff"),         /* longer than any may be */
    HEADER("\x16\x03\x03\x48\x01"),
    HEADER("\x17\x03\x03\xff\xff"),
    HEADER("\x00\x03\x03\x00\x05hello"),    /* of no type */
    HEADER("\x18\x03\x03\x00\x05hello"),    /* heartbeat */
    HEADER("\xff\x03\x03\x00\x05hello"),
    HEADER("\x16\x7f\x7f\x00\x05hello"),    /* of no version */
    HEADER("\x80\x2e\x01\x03\x01\x00\x15"), /* SSL 2 */
};
/* clang-format on */

static void a_header_that_cannot_be_is_refused_before_its_record_has_come(void) {
  EACH_VERSION(v) for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
    for (int open = 0; open < 2; open++) {
      tls_end client, server;
      CHECK_CASE("line %d, TLS %zx, %s", headers[i].line, v, open ? "open" : "at first");
      begin(&client, &server, v);
      if (open) CHECK(tls_shake(&client, &server));
      bytes_add(&server.in, headers[i].bytes, headers[i].len);
      CHECK_INT(tls_end_turn(&server), WEIR_ETLS_RECORD);
      CHECK_INT(server.plain.len, 0);
      end(&client, &server);
    }
  }
}

/* ---- handshakes ---- */

/* Turns one bit of what one end says in its nth flight. */
static void alter(tls_end *from, size_t at) {
  if (from->out.len) from->out.ptr[at % from->out.len] ^= (char)(1 << at % 8);
}

/* Goes on while something is said, but not for ever. */
static void shake_altered(tls_end *client, tls_end *server, bool of_server, int flight, size_t at) {
  tls_end_turn(client);
  for (int i = 0; i < 20 && (client->out.len || server->out.len); i++) {
    if (!of_server && i == flight) alter(client, at);
    tls_carry(client, server);
    tls_end_turn(server);
    if (of_server && i == flight) alter(server, at);
    tls_carry(server, client);
    tls_end_turn(client);
  }
}

/* Some bits mean nothing (the version that a record claims): then all is as if nothing had been. */
static void check_honest(tls_end *client, tls_end *server) {
  CHECK_INT(client->plain.len + server->plain.len, 0);
  if (client->rc < 0 || server->rc < 0) {
    CHECK(client->rc >= 0 || is_named(client->rc));
    CHECK(server->rc >= 0 || is_named(server->rc));
    return;
  }
  if (!weir__tls_is_open(client->engine) || !weir__tls_is_open(server->engine)) return;
  tls_end_write(client, "honest", 6);
  tls_carry(client, server);
  tls_end_turn(server);
  CHECK_MEM(server->plain.ptr, server->plain.len, "honest", 6);
}

static void an_altered_handshake_comes_to_nothing(void) {
  EACH_VERSION(v) for (size_t at = 0; at < 900; at += at < 12 ? 1 : 31) {
    for (int flight = 0; flight < 4; flight++) {
      tls_end client, server;
      CHECK_CASE("TLS %zx, flight %d, byte %zu", v, flight, at);
      begin(&client, &server, v);
      shake_altered(&client, &server, flight % 2, flight / 2, at);
      check_honest(&client, &server);
      end(&client, &server);
    }
  }
}

static void data_in_the_handshake_is_refused(void) {
  EACH_VERSION(v) {
    tls_end client, server;
    begin(&client, &server, v);
    bytes_add(&server.in, "\x17\x03\x03\x00\x05hello", 10);
    CHECK(tls_end_turn(&server) < 0);
    check_final(&server);
    tls_end_turn(&client);
    bytes_add(&client.in, "\x17\x03\x03\x00\x05hello", 10);
    CHECK(tls_end_turn(&client) < 0);
    check_final(&client);
    end(&client, &server);
  }
}

static void a_hello_without_end_is_not_collected(void) {
  tls_end client, server;
  begin(&client, &server, WEIR_TLS_1_2);
  static const char more[5 + 16384] = "\x16\x03\x03\x40\x00";
  bytes_add(&server.in, "\x16\x03\x01\x00\x06\x01\xff\xff\xff\x03\x03", 11);
  for (int i = 0; i < 4 && tls_end_turn(&server) >= 0; i++)
    bytes_add(&server.in, more, sizeof more);
  CHECK(server.rc < 0);
  end(&client, &server);
}

/* ---- alerts and floods ---- */

static void a_fatal_alert_ends_a_handshake_anywhere(void) {
  EACH_VERSION(v) for (int flight = 0; flight < 3; flight++) {
    tls_end client, server;
    CHECK_CASE("TLS %zx, flight %d", v, flight);
    begin(&client, &server, v);
    tls_end_turn(&client);
    if (flight > 0) tls_carry(&client, &server), tls_end_turn(&server);
    tls_end *hit = flight == 1 ? &client : &server;
    bytes_add(&hit->in, "\x15\x03\x03\x00\x02\x02\x28", 7);
    CHECK_INT(tls_end_turn(hit), WEIR_ETLS_ALERT);
    CHECK_INT(weir__tls_alert(hit->engine), 40);
    check_final(hit);
    end(&client, &server);
  }
}

/* Nobody may cut a connection that has keys. */
static void a_plain_alert_in_an_open_connection_is_an_altered_record(void) {
  static const char *const alerts[] = {"\x15\x03\x03\x00\x02\x02\x28", "\x15\x03\x03\x00\x02\x01"};
  EACH_VERSION(v) for (size_t i = 0; i < 2; i++) {
    tls_end client, server;
    begin(&client, &server, v);
    CHECK(tls_shake(&client, &server));
    bytes_add(&server.in, alerts[i], 7); /* the second is close_notify */
    CHECK_INT(tls_end_turn(&server), WEIR_ETLS_RECORD);
    end(&client, &server);
  }
}

static void close_notify_in_the_handshake_is_no_clean_end(void) {
  tls_end client, server;
  begin(&client, &server, WEIR_TLS_1_3);
  bytes_add(&server.in, "\x15\x03\x03\x00\x02\x01\x00", 7);
  CHECK_INT(tls_end_turn(&server), WEIR_ETLS_ALERT);
  CHECK_INT(weir__tls_alert(server.engine), 0);
  end(&client, &server);
}

/* Each costs what its bytes cost: nothing is answered, kept or asked twice. */
static void floods_of_nothing_are_answered_by_nothing(void) {
  static const struct {
    const char *bytes;
    size_t len;
  } floods[] = {{"\x15\x03\x03\x00\x02\x01\x5a", 7}, /* warnings */
                {"\x14\x03\x03\x00\x01\x01", 6},     /* change of cipher */
                {"\x16\x03\x03\x00\x00", 5}};        /* nothing */
  EACH_VERSION(v) for (size_t i = 0; i < 3; i++) {
    tls_end client, server;
    CHECK_CASE("TLS %zx, flood %zu", v, i);
    begin(&client, &server, v);
    for (int n = 0; n < 3000; n++) bytes_add(&server.in, floods[i].bytes, floods[i].len);
    int rc = tls_end_turn(&server);
    CHECK(rc < 0 || rc == WEIR__TLS_MORE);
    CHECK(server.out.len < 100);
    end(&client, &server);
  }
}

/* ---- anything ---- */

static uint32_t seed = 1;
static uint32_t next_random(void) {
  seed ^= seed << 13, seed ^= seed >> 17, seed ^= seed << 5;
  return seed;
}

static void add_anything(bytes *b) {
  char raw[300];
  size_t len = next_random() % sizeof raw;
  for (size_t i = 0; i < len; i++) raw[i] = (char)next_random();
  if (len > 5 && next_random() % 2) { /* at least the header makes sense */
    memcpy(raw, "\x16\x03\x03\x00", 4);
    raw[0] = (char)(0x14 + next_random() % 4);
    raw[4] = (char)(len - 5);
  }
  bytes_add(b, raw, len);
}

static void bytes_of_any_kind_end_one_connection_at_most(void) {
  for (int round = 0; round < 600; round++) {
    tls_end client, server;
    CHECK_CASE("round %d", round);
    begin(&client, &server, versions[round % 2]);
    int turns = (int)(next_random() % 5);
    tls_end_turn(&client);
    for (int i = 0; i < turns; i++) {
      tls_carry(&client, &server), tls_end_turn(&server);
      tls_carry(&server, &client), tls_end_turn(&client);
    }
    tls_end *hit = next_random() % 2 ? &client : &server;
    add_anything(&hit->in);
    tls_end_turn(hit);
    CHECK(hit->rc >= 0 || is_named(hit->rc));
    CHECK_INT(hit->plain.len, 0);
    end(&client, &server);
  }
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  for (size_t i = 0; i < 2; i++)
    server_tls[i] =
        tls_server(&(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .pairs = &good, .pair_count = 1,
                                       .max_version = (enum weir_tls_version)versions[i],
                                       .min_version = (enum weir_tls_version)versions[i]});
  origin_tls = tls_origin(&(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .ca = CA("root.crt")});
  TEST(an_altered_record_is_no_data);
  TEST(a_repeated_record_is_refused);
  TEST(records_in_another_order_are_refused);
  TEST(a_record_of_the_other_direction_is_refused);
  TEST(a_record_that_is_cut_is_waited_for);
  TEST(a_header_that_cannot_be_is_refused_before_its_record_has_come);
  TEST(an_altered_handshake_comes_to_nothing);
  TEST(data_in_the_handshake_is_refused);
  TEST(a_hello_without_end_is_not_collected);
  TEST(a_fatal_alert_ends_a_handshake_anywhere);
  TEST(a_plain_alert_in_an_open_connection_is_an_altered_record);
  TEST(close_notify_in_the_handshake_is_no_clean_end);
  TEST(floods_of_nothing_are_answered_by_nothing);
  TEST(bytes_of_any_kind_end_one_connection_at_most);
  weir_tls_free(server_tls[0]);
  weir_tls_free(server_tls[1]);
  weir_tls_free(origin_tls);
  return check_end();
}
