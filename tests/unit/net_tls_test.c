/* net/tls: an engine speaks with another, in both versions, at every split of the bytes. */
#include "net/tls.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/tls_end.h"
#include "weir/err.h"

static const enum weir_tls_version versions[] = {WEIR_TLS_1_2, WEIR_TLS_1_3};
enum { VERSIONS = 2 };
#define EACH_VERSION(v) \
  for (size_t at_ = 0, v = 0; at_ < VERSIONS && (v = versions[at_], CHECK_CASE("TLS %zx", v), 1); \
       at_++)

static const weir_tls_pair good = CA_PAIR("good");

static weir_tls *server_of(size_t version) {
  return tls_server(&(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .pairs = &good, .pair_count = 1,
                                        .min_version = (enum weir_tls_version)version,
                                        .max_version = (enum weir_tls_version)version});
}

static weir_tls *origin(void) {
  return tls_origin(&(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .ca = CA("root.crt")});
}

static void open_ends(tls_end *client, tls_end *server, size_t version) {
  tls_end_accept(server, server_of(version));
  tls_end_connect(client, origin(), "good.test", (weir__slice){0});
}

static void close_ends(tls_end *client, tls_end *server) {
  tls_end_close(client);
  tls_end_close(server);
}

static void check_says(tls_end *from, tls_end *to, const char *str) {
  CHECK_INT(tls_end_write(from, str, strlen(str)), WEIR__TLS_DONE);
  tls_carry(from, to);
  CHECK_INT(tls_end_turn(to), WEIR__TLS_MORE);
  CHECK_MEM(to->plain.ptr, to->plain.len, str, strlen(str));
  bytes_clear(&to->plain);
}

/* ---- handshake ---- */

static void both_versions_shake_hands_and_carry_bytes_both_ways(void) {
  EACH_VERSION(v) {
    tls_end client, server;
    open_ends(&client, &server, v);
    CHECK(tls_shake(&client, &server));
    CHECK_INT(weir__tls_version(client.engine), v);
    CHECK_INT(weir__tls_version(server.engine), v);
    CHECK_STR(weir__tls_alpn(client.engine), "http/1.1");
    CHECK_STR(weir__tls_alpn(server.engine), "http/1.1");
    CHECK_STR(weir__tls_cipher(client.engine), v == WEIR_TLS_1_2
                                                   ? "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"
                                                   : "TLS_CHACHA20_POLY1305_SHA256");
    check_says(&client, &server, "question");
    check_says(&server, &client, "answer");
    check_says(&client, &server, "another");
    close_ends(&client, &server);
  }
}

static void the_newer_version_is_chosen(void) {
  tls_end client, server;
  tls_ends_open(&client, &server);
  CHECK(tls_shake(&client, &server));
  CHECK_INT(weir__tls_version(client.engine), WEIR_TLS_1_3);
  close_ends(&client, &server);
}

static void nothing_is_read_or_written_before_the_handshake_is_over(void) {
  tls_end client, server;
  char raw[600];
  weir__room room = weir__room_of(raw, sizeof raw);
  weir__slice slice = weir__slice_str("early"), in = {0};
  tls_ends_open(&client, &server);
  CHECK_INT(weir__tls_write(client.engine, &(weir__tls_flush){&slice, 1, 0}, &room), WEIR_ESTATE);
  CHECK_INT(weir__tls_read(client.engine, &in, &room, &room), WEIR_ESTATE);
  CHECK_INT(weir__tls_close(client.engine, &room), WEIR_ESTATE);
  CHECK_INT(room.len, 0);
  CHECK(tls_shake(&client, &server));
  close_ends(&client, &server);
}

/* Turns until one end is open, which then speaks behind its last flight. */
static tls_end *first_open(tls_end *client, tls_end *server) {
  for (;;) {
    tls_end_turn(client);
    if (weir__tls_is_open(client->engine)) return client;
    tls_carry(client, server);
    tls_end_turn(server);
    if (weir__tls_is_open(server->engine)) return server;
    tls_carry(server, client);
  }
}

static void bytes_behind_the_handshake_are_left_for_reading(void) {
  EACH_VERSION(v) {
    tls_end client, server;
    open_ends(&client, &server, v);
    tls_end *first = first_open(&client, &server), *last = first == &client ? &server : &client;
    tls_end_write(first, "hello", 5);
    tls_carry(first, last);
    char raw[8192], text[64];
    weir__room out = weir__room_of(raw, sizeof raw), plain = weir__room_of(text, sizeof text);
    weir__slice in = weir__slice_of(last->in.ptr, last->in.len);
    CHECK_INT(weir__tls_handshake(last->engine, &in, &out), WEIR__TLS_DONE);
    CHECK(in.len > 5);
    CHECK_INT(weir__tls_read(last->engine, &in, &plain, &out), WEIR__TLS_MORE);
    CHECK_MEM(plain.ptr, plain.len, "hello", 5);
    close_ends(&client, &server);
  }
}

/* ---- splits ---- */

static void check_whole_talk(size_t version, size_t bite, size_t room) {
  tls_end client, server;
  open_ends(&client, &server, version);
  client.bite = server.bite = bite;
  client.room = server.room = room;
  CHECK(tls_shake(&client, &server));
  check_says(&client, &server, "in pieces");
  check_says(&server, &client, "as well");
  close_ends(&client, &server);
}

static void bytes_may_come_one_by_one(void) { EACH_VERSION(v) check_whole_talk(v, 1, 0); }

static void rooms_may_be_small(void) {
  EACH_VERSION(v) {
    check_whole_talk(v, 0, 100);
    check_whole_talk(v, 7, 601);
  }
}

/* A flight of the handshake is cut in two, at every byte of its first header and many behind. */
static void cut_everywhere(size_t version, int flight, bool of_server) {
  size_t len = 2;
  for (size_t cut = 1; cut < len; cut += cut < 12 ? 1 : 1 + len / 50) {
    CHECK_CASE("TLS %zx, flight %d cut at %zu", version, flight, cut);
    tls_end client, server;
    open_ends(&client, &server, version);
    tls_end *a = of_server ? &server : &client, *b = of_server ? &client : &server;
    tls_end_turn(&client);
    for (int i = 0; i < flight; i++) {
      tls_carry(&client, &server), tls_end_turn(&server);
      tls_carry(&server, &client), tls_end_turn(&client);
    }
    if (of_server) tls_carry(&client, &server), tls_end_turn(&server);
    len = a->out.len;
    bytes rest = {0};
    if (len > cut) {
      bytes_add(&rest, a->out.ptr + cut, len - cut);
      a->out.len = cut;
    }
    tls_carry(a, b);
    CHECK_INT(tls_end_turn(b), WEIR__TLS_MORE);
    bytes_add(&a->out, rest.ptr, rest.len);
    bytes_clear(&rest);
    CHECK(tls_shake(&client, &server));
    check_says(&client, &server, "done");
    close_ends(&client, &server);
  }
}

static void every_flight_may_be_cut_in_two(void) {
  EACH_VERSION(v) {
    for (int flight = 0; flight < 2; flight++) {
      cut_everywhere(v, flight, false);
      cut_everywhere(v, flight, true);
    }
  }
}

/* ---- records ---- */

static void one_flush_is_one_record(void) {
  EACH_VERSION(v) {
    tls_end client, server;
    open_ends(&client, &server, v);
    CHECK(tls_shake(&client, &server));
    char payload[120], raw[1000];
    memset(payload, 'x', sizeof payload);
    const weir__slice slices[] = {weir__slice_str("78\r\n"), weir__slice_of(payload, 60),
                                  weir__slice_str(""), weir__slice_of(payload, 60),
                                  weir__slice_str("\r\n")};
    weir__room out = weir__room_of(raw, sizeof raw);
    weir__tls_flush flush = {slices, 5, 0};
    CHECK_INT(weir__tls_write(server.engine, &flush, &out), WEIR__TLS_DONE);
    CHECK_INT(record_size(weir__room_slice(&out)), out.len);
    CHECK(out.len <= 126 + 5 + 24);
    bytes_add(&client.in, out.ptr, out.len);
    tls_end_turn(&client);
    CHECK_INT(client.plain.len, 126);
    CHECK_MEM(client.plain.ptr, 6, "78\r\nxx", 6);
    CHECK_MEM(client.plain.ptr + 122, 4, "xx\r\n", 4);
    close_ends(&client, &server);
  }
}

/* Sizes around that of a record, in slices that end anywhere. */
static void a_long_flush_is_as_few_records_as_can_be(void) {
  static const size_t sizes[] = {1, 16383, 16384, 16385, 32768, 40000, 100000};
  char *payload = malloc(100000);
  for (size_t i = 0; i < 100000; i++) payload[i] = (char)(i * 7 + i / 251);
  EACH_VERSION(v) {
    tls_end client, server;
    open_ends(&client, &server, v);
    CHECK(tls_shake(&client, &server));
    size_t most = v == WEIR_TLS_1_3 ? WEIR__TLS_RECORD - 1 : WEIR__TLS_RECORD;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
      CHECK_CASE("TLS %zx, %zu bytes", v, sizes[i]);
      CHECK_INT(tls_end_write(&server, payload, sizes[i]), WEIR__TLS_DONE);
      CHECK_INT(count_records(&server.out), (sizes[i] + most - 1) / most);
      tls_carry(&server, &client);
      CHECK_INT(tls_end_turn(&client), WEIR__TLS_MORE);
      CHECK_MEM(client.plain.ptr, client.plain.len, payload, sizes[i]);
      bytes_clear(&client.plain);
    }
    close_ends(&client, &server);
  }
  free(payload);
}

static void slices_are_gathered_whatever_their_sizes(void) {
  tls_end client, server;
  char text[3000], raw[8000];
  for (size_t i = 0; i < sizeof text; i++) text[i] = (char)('a' + i % 26);
  tls_ends_open(&client, &server);
  CHECK(tls_shake(&client, &server));
  weir__slice slices[100];
  for (size_t size = 1; size < 60; size += 7) {
    CHECK_CASE("slices of 0 to %zu bytes", size);
    size_t at = 0, count = 0;
    for (; count < 100 && at + size < sizeof text; at += slices[count].len, count++)
      slices[count] = weir__slice_of(text + at, count % (size + 1));
    weir__room out = weir__room_of(raw, sizeof raw);
    weir__tls_flush flush = {slices, count, 3};
    CHECK_INT(weir__tls_write(client.engine, &flush, &out), WEIR__TLS_DONE);
    CHECK_INT(flush.count, 0);
    bytes_add(&server.in, out.ptr, out.len);
    tls_end_turn(&server);
    CHECK_MEM(server.plain.ptr, server.plain.len, text + 3, at - 3);
    bytes_clear(&server.plain);
  }
  close_ends(&client, &server);
}

static void an_empty_flush_is_no_record(void) {
  tls_end client, server;
  tls_ends_open(&client, &server);
  CHECK(tls_shake(&client, &server));
  CHECK_INT(tls_end_write(&client, "", 0), WEIR__TLS_DONE);
  CHECK_INT(client.out.len, 0);
  close_ends(&client, &server);
}

/* A record begins only where it fits: nothing is kept inside, and the same call goes on later. */
static void a_write_stops_where_the_room_ends_and_goes_on(void) {
  EACH_VERSION(v) {
    tls_end client, server;
    open_ends(&client, &server, v);
    CHECK(tls_shake(&client, &server));
    char *payload = calloc(1, 40000), *raw = malloc(WEIR__TLS_CIPHER);
    weir__slice slice = weir__slice_of(payload, 40000);
    weir__tls_flush flush = {&slice, 1, 0};
    weir__room small = weir__room_of(raw, 100), out;
    CHECK_INT(weir__tls_write(server.engine, &flush, &small), WEIR__TLS_FULL);
    CHECK_INT(small.len, 0);
    size_t calls = 0;
    int rc;
    do {
      out = weir__room_of(raw, WEIR__TLS_CIPHER);
      rc = weir__tls_write(server.engine, &flush, &out);
      CHECK_INT(record_size(weir__room_slice(&out)), out.len);
      bytes_add(&client.in, out.ptr, out.len);
      calls++;
    } while (rc == WEIR__TLS_FULL);
    CHECK_INT(calls, 3);
    tls_end_turn(&client);
    CHECK_INT(client.plain.len, 40000);
    free(payload), free(raw);
    close_ends(&client, &server);
  }
}

static void a_read_stops_where_the_room_ends_and_goes_on(void) {
  tls_end client, server;
  tls_ends_open(&client, &server);
  CHECK(tls_shake(&client, &server));
  tls_end_write(&server, "abcdefgh", 8);
  tls_carry(&server, &client);
  char text[3], raw[512];
  weir__slice in = weir__slice_of(client.in.ptr, client.in.len);
  for (size_t at = 0; at < 8; at += 3) {
    weir__room plain = weir__room_of(text, 3), out = weir__room_of(raw, sizeof raw);
    CHECK_INT(weir__tls_read(client.engine, &in, &plain, &out),
              at < 6 ? WEIR__TLS_FULL : WEIR__TLS_MORE);
    CHECK_MEM(plain.ptr, plain.len, &"abcdefgh"[at], at < 6 ? 3 : 2);
    CHECK_INT(out.len, 0);
  }
  CHECK_INT(in.len, 0);
  close_ends(&client, &server);
}

static size_t records(const char *ptr, size_t len) {
  return weir__tls_records(weir__slice_of(ptr, len));
}

static void whole_records_are_known_by_their_headers(void) {
  CHECK_INT(records("", 0), 0);
  CHECK_INT(records("\x16\x03\x01\x00", 4), 0);
  CHECK_INT(records("\x16\x03\x01\x00\x02x", 6), 0);
  CHECK_INT(records("\x16\x03\x01\x00\x02xy", 7), 7);
  CHECK_INT(records("\x16\x03\x01\x00\x02xy\x16", 8), 7);
  CHECK_INT(records("\x16\x03\x01\x00\x02xy\x17\x03\x03\x00\x00", 12), 12);
  CHECK_INT(records("GET", 3), 3);                  /* no record ever */
  CHECK_INT(records("\x16\x03\x01\xff\xff", 5), 5); /* too large: refused at once */
  CHECK_INT(records("\x16\x03\x01\x00\x00garbage", 12), 12);
}

/* ---- memory ---- */

/* Bytes of the heap's pages that the system keeps for us. */
/* Of libc's; next to nothing where a sanitizer has its place. */
static size_t allocated(void) { return mallinfo2().uordblks; }

static void talk_large(tls_end *client, tls_end *server) {
  static char payload[60000];
  tls_end *ends[] = {client, server, client};
  for (size_t i = 0; i < 2; i++) {
    tls_end_write(ends[i], payload, sizeof payload);
    tls_carry(ends[i], ends[i + 1]);
    tls_end_turn(ends[i + 1]);
    CHECK_MEM(ends[i + 1]->plain.ptr, ends[i + 1]->plain.len, payload, sizeof payload);
    bytes_clear(&ends[i + 1]->plain);
  }
}

static void engines_that_share_need_less_memory_and_go_on_as_before(void) {
  enum { COUNT = 40 };
  static tls_end clients[COUNT], servers[COUNT];
  EACH_VERSION(v) {
    weir__tls_spare spare = {0};
    for (size_t i = 0; i < COUNT; i++) {
      open_ends(&clients[i], &servers[i], v);
      CHECK(tls_shake(&clients[i], &servers[i]));
      talk_large(&clients[i], &servers[i]);
    }
    size_t before = allocated();
    for (size_t i = 0; i < COUNT; i++) {
      weir__tls_share(clients[i].engine, &spare);
      weir__tls_share(servers[i].engine, &spare);
    }
    size_t less = (2 * COUNT - 1) * (size_t)33000;
    CHECK(before < less || before - allocated() > less);
    for (size_t i = 0; i < COUNT; i++) {
      check_says(&clients[i], &servers[i], "small");
      talk_large(&clients[i], &servers[i]);
      close_ends(&clients[i], &servers[i]);
    }
    CHECK(!spare.users && !spare.in && !spare.out);
  }
}

/* Nor is anything shared that is still needed: another works between any two calls. */
static void an_engine_keeps_what_it_has_not_done_with(void) {
  EACH_VERSION(v) {
    tls_end client, server, others[2];
    static char payload[10000];
    weir__tls_spare spare = {0};
    open_ends(&others[0], &others[1], v);
    CHECK(tls_shake(&others[0], &others[1]));
    weir__tls_share(others[0].engine, &spare);
    weir__tls_share(others[1].engine, &spare);
    open_ends(&client, &server, v);
    weir__tls_share(server.engine, &spare); /* too early */
    CHECK_INT(spare.users, 2);
    CHECK(tls_shake(&client, &server));
    weir__tls_share(server.engine, &spare);
    for (size_t i = 0; i < sizeof payload; i++) payload[i] = (char)i;
    tls_end_write(&client, payload, sizeof payload);
    for (size_t at = 0; at < client.out.len; at += 500) {
      size_t n = client.out.len - at < 500 ? client.out.len - at : 500;
      bytes_add(&server.in, client.out.ptr + at, n);
      server.room = 3000; /* so that plain bytes wait inside */
      tls_end_turn(&server);
      check_says(&others[0], &others[1], "other");
    }
    CHECK_MEM(server.plain.ptr, server.plain.len, payload, sizeof payload);
    char text[100], raw[600];
    weir__room plain = weir__room_of(text, sizeof text), out = weir__room_of(raw, sizeof raw);
    bytes_clear(&client.out);
    tls_end_write(&client, payload, sizeof payload);
    weir__slice in = weir__slice_of(client.out.ptr, client.out.len);
    for (size_t at = 0; at < sizeof payload; at += plain.len) {
      plain.len = 0;
      CHECK(weir__tls_read(server.engine, &in, &plain, &out) >= 0);
      CHECK_MEM(plain.ptr, plain.len, payload + at, plain.len);
      check_says(&others[0], &others[1], "other");
    }
    close_ends(&client, &server);
    check_says(&others[0], &others[1], "still here");
    close_ends(&others[0], &others[1]);
    CHECK(!spare.users && !spare.in && !spare.out);
  }
}

/* ---- ends ---- */

static void close_notify_ends_one_direction(void) {
  EACH_VERSION(v) {
    tls_end client, server;
    char raw[600];
    weir__room out = weir__room_of(raw, sizeof raw);
    open_ends(&client, &server, v);
    CHECK(tls_shake(&client, &server));
    tls_end_write(&client, "last", 4);
    tls_carry(&client, &server);
    CHECK_INT(weir__tls_close(client.engine, &out), WEIR__TLS_DONE);
    CHECK(out.len > 0);
    bytes_add(&server.in, out.ptr, out.len);
    CHECK_INT(tls_end_turn(&server), WEIR__TLS_CLOSED);
    CHECK_MEM(server.plain.ptr, server.plain.len, "last", 4);
    CHECK_INT(tls_end_turn(&server), WEIR__TLS_CLOSED);
    CHECK_INT(server.out.len, 0);
    check_says(&server, &client, "still here");
    size_t before = out.len;
    CHECK_INT(weir__tls_close(client.engine, &out), WEIR__TLS_DONE); /* once */
    CHECK_INT(out.len, before);
    CHECK_INT(tls_end_write(&client, "x", 1), WEIR_ESTATE);
    close_ends(&client, &server);
  }
}

static void what_follows_close_notify_is_ignored(void) {
  tls_end client, server;
  char raw[600];
  weir__room out = weir__room_of(raw, sizeof raw);
  tls_ends_open(&client, &server);
  CHECK(tls_shake(&client, &server));
  weir__tls_close(client.engine, &out);
  bytes_add(&server.in, out.ptr, out.len);
  bytes_add(&server.in, "garbage behind it", 17);
  CHECK_INT(tls_end_turn(&server), WEIR__TLS_CLOSED);
  CHECK_INT(server.in.len, 0);
  bytes_add(&server.in, "more", 4);
  CHECK_INT(tls_end_turn(&server), WEIR__TLS_CLOSED);
  CHECK_INT(server.plain.len, 0);
  close_ends(&client, &server);
}

static void a_ticket_is_no_data(void) {
  tls_end client, server;
  tls_ends_open(&client, &server);
  tls_end_turn(&client);
  tls_carry(&client, &server), tls_end_turn(&server);
  tls_carry(&server, &client), tls_end_turn(&client);
  CHECK(weir__tls_is_open(client.engine));
  CHECK(!weir__tls_has_session(client.engine));
  tls_carry(&client, &server), tls_end_turn(&server);
  CHECK(server.out.len > 0); /* the ticket */
  tls_carry(&server, &client);
  CHECK_INT(tls_end_turn(&client), WEIR__TLS_MORE);
  CHECK_INT(client.plain.len, 0);
  CHECK(weir__tls_has_session(client.engine));
  close_ends(&client, &server);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(both_versions_shake_hands_and_carry_bytes_both_ways);
  TEST(the_newer_version_is_chosen);
  TEST(nothing_is_read_or_written_before_the_handshake_is_over);
  TEST(bytes_behind_the_handshake_are_left_for_reading);
  TEST(bytes_may_come_one_by_one);
  TEST(rooms_may_be_small);
  TEST(every_flight_may_be_cut_in_two);
  TEST(one_flush_is_one_record);
  TEST(a_long_flush_is_as_few_records_as_can_be);
  TEST(slices_are_gathered_whatever_their_sizes);
  TEST(an_empty_flush_is_no_record);
  TEST(a_write_stops_where_the_room_ends_and_goes_on);
  TEST(a_read_stops_where_the_room_ends_and_goes_on);
  TEST(whole_records_are_known_by_their_headers);
  TEST(engines_that_share_need_less_memory_and_go_on_as_before);
  TEST(an_engine_keeps_what_it_has_not_done_with);
  TEST(close_notify_ends_one_direction);
  TEST(what_follows_close_notify_is_ignored);
  TEST(a_ticket_is_no_data);
  return check_end();
}
