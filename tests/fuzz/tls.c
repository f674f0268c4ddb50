/* See tls.h. */
#include "fuzz/tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/tls_end.h"
#include "weir/err.h"

enum { ROOM = 20000, OUT_ROOM = 4096, ALERT_ROOM = 512, ALERT = 21 };

/* ---- what there is one of for each settings ---- */

static const weir_tls_pair both[] = {CA_PAIR("good"), CA_PAIR("rsa")}, rsa[] = {CA_PAIR("rsa")};
static const weir_tls_pair client_pairs[] = {CA_PAIR("client"), CA_PAIR("client-rsa")};

/* Those settings that make a weir_tls another one. */
static weir_tls *made[MBED_SIDES][2][256];
static char *sessions[2][256];
static size_t session_lens[2][256];
static bool session_tried[2][256];
static weir__tls_spare spare; /* of the engines that share */

static void set_versions(weir_tls_options *o, uint8_t settings) {
  int only = settings & TLS_VERSIONS;
  if (only == 1) o->max_version = WEIR_TLS_1_2;
  if (only == 2) o->min_version = WEIR_TLS_1_3;
}

/* No cache: what one input leaves there would be found by the next. */
static weir_tls *make_server(enum mbed_side side, uint8_t settings) {
  bool few = settings & TLS_RSA;
  weir_tls_options o = {WEIR_TLS_OPTIONS_INIT,     .pairs = few ? rsa : both,
                        .pair_count = few ? 1 : 2, .cache = UINT32_MAX,
                        .ca = CA("root.crt"),      .client_cert = WEIR_TLS_CLIENT_CERT_NONE};
  if (side == MBED_TARGET) set_versions(&o, settings);
  if (side == MBED_TARGET && settings & 4) o.client_cert = WEIR_TLS_CLIENT_CERT_WANTED;
  if (side == MBED_TARGET && settings & 8) o.client_cert = WEIR_TLS_CLIENT_CERT_REQUIRED;
  if (side == MBED_PEER && settings & TLS_PEER_CERT) o.client_cert = WEIR_TLS_CLIENT_CERT_WANTED;
  if (o.client_cert == WEIR_TLS_CLIENT_CERT_NONE) o.ca = NULL;
  return tls_server(&o);
}

static weir_tls *make_client(enum mbed_side side, uint8_t settings) {
  weir_tls_options o = {WEIR_TLS_OPTIONS_INIT, .ca = CA("root.crt")};
  bool few = settings & TLS_RSA;
  if (side == MBED_TARGET || settings & TLS_PEER_CERT)
    o.pairs = few ? client_pairs + 1 : client_pairs, o.pair_count = 1;
  if (side == MBED_TARGET) {
    set_versions(&o, settings);
    int certs = settings & TLS_CERTS;
    o.insecure_accept_any_certificate = certs == 4;
    if (certs == 4) o.ca = NULL;
    if (certs == 8) o.verify_name = "elsewhere.test";
    if (certs == 12) o.crl = CA("crl.pem");
  }
  return tls_origin(&o);
}

static weir_tls *tls_of(enum mbed_side side, bool server, uint8_t settings) {
  settings &= (uint8_t) ~(TLS_LIVE | TLS_RESUMES);
  weir_tls **tls = &made[side][server][settings];
  if (*tls) return *tls;
  mbed_restart_side(MBED_SETUP, settings);
  mbed_turn(MBED_SETUP);
  *tls = server ? make_server(side, settings) : make_client(side, settings);
  return *tls;
}

/* ---- rooms ---- */

/* An alert must fit: it would be sent for ever. */
static const size_t out_rooms[] = {OUT_ROOM, 512, 1000, 64};
static const size_t plain_rooms[] = {ROOM, 1, 7, 100, 1000, 16383, 16384, 16385};

enum { PLAIN_BITS = 7, RESTS = 8, OUT_BITS = 3 << 4 };

static void set_plain_room(tls_fuzz *e, size_t size) {
  free(e->plain_bytes);
  e->plain_bytes = malloc(size);
  if (!e->plain_bytes) abort();
  e->plain_room = size;
}

void tls_fuzz_rooms(tls_fuzz *e, uint8_t rooms) {
  set_plain_room(e, plain_rooms[rooms & PLAIN_BITS]);
  e->rests = rooms & RESTS;
  e->out_room = out_rooms[(rooms & OUT_BITS) >> 4];
}

bool tls_fuzz_has_room(const tls_fuzz *e) { return e->out_room == OUT_ROOM; }

/* ---- beginning and end ---- */

static void start(tls_fuzz *e, enum mbed_side side, bool server, uint8_t settings,
                  weir__slice session) {
  weir_tls *tls = tls_of(side, server, settings);
  fuzz_clear(&e->out), fuzz_clear(&e->plain);
  *e = (tls_fuzz){.out = e->out, .plain = e->plain, .side = side};
  tls_fuzz_rooms(e, 0);
  alloc_init(&e->alloc);
  weir__mem_init(&e->mem, &e->alloc.hooks);
  mbed_turn(side);
  int rc = server ? weir__tls_accept(&e->engine, &e->mem, tls)
                  : weir__tls_connect(&e->engine, &e->mem, tls, "good.test", session);
  REQUIRE(rc == 0 && weir__tls_is_client(e->engine) == !server);
}

static void carry(tls_fuzz *from, tls_fuzz *to, size_t *at) {
  size_t begin = *at;
  *at = from->out.len;
  if (*at > begin) tls_fuzz_feed(to, tls_behind(fuzz_bytes(&from->out), begin), NULL);
}

static void fetch_session(tls_fuzz *client, bool target_serves, uint8_t settings) {
  weir__slice session = {0};
  if (!weir__tls_has_session(client->engine)) return;
  REQUIRE(weir__tls_session(client->engine, &client->mem, &session) == 0 && session.len);
  sessions[target_serves][settings] = exact_copy(session.ptr, session.len);
  session_lens[target_serves][settings] = session.len;
  weir__mem_free(&client->mem, (char *)(uintptr_t)session.ptr);
}

/* One handshake between the two of them, for its session. */
static void shake_once(bool target_serves, uint8_t settings) {
  static tls_fuzz client, server;
  size_t said = 0, answered = 0;
  enum mbed_side serves = target_serves ? MBED_TARGET : MBED_PEER;
  enum mbed_side connects = target_serves ? MBED_PEER : MBED_TARGET;
  start(&server, serves, true, settings, (weir__slice){0});
  start(&client, connects, false, settings, (weir__slice){0});
  tls_fuzz_feed(&client, (weir__slice){"", 0}, NULL);
  while (said < client.out.len || answered < server.out.len) {
    carry(&client, &server, &said);
    carry(&server, &client, &answered);
  }
  fetch_session(&client, target_serves, settings);
  tls_fuzz_close(&client);
  tls_fuzz_close(&server);
}

static weir__slice session_of(bool target_serves, uint8_t settings) {
  settings &= (uint8_t)~TLS_LIVE;
  if (!(settings & TLS_RESUMES)) return weir__slice_of("", 0);
  if (!session_tried[target_serves][settings]) { /* some never shake hands */
    session_tried[target_serves][settings] = true;
    mbed_restart();
    shake_once(target_serves, settings);
    mbed_restart();
  }
  return weir__slice_of(sessions[target_serves][settings], session_lens[target_serves][settings]);
}

void tls_fuzz_open(tls_fuzz *e, enum mbed_side side, bool server, uint8_t settings) {
  bool target_serves = server == (side == MBED_TARGET);
  weir__slice session = weir__slice_of("", 0);
  if (!server) session = session_of(target_serves, settings);
  start(e, side, server, settings, session);
}

void tls_fuzz_close(tls_fuzz *e) {
  mbed_turn(e->side);
  weir__tls_free(e->engine);
  e->engine = NULL;
  free(e->plain_bytes);
  e->plain_bytes = NULL;
  REQUIRE(e->alloc.live_blocks == 0);
}

void tls_begin(void) {
  static bool begun;
  size_t before = mbed_drawn();
  if (begun) return;
  begun = true;
  shake_once(true, 0);
  if (mbed_drawn() > before) return;
  fprintf(stderr, "Mbed TLS is no shared library here: nothing can take its functions' places\n");
  abort();
}

/* ---- calls ---- */

static bool is_named(int rc) {
  return rc >= WEIR_ETLS_FAILED && rc <= WEIR_ETLS_EXPIRED &&
         strcmp(weir_strerror(rc), "unknown error") != 0;
}

static void check_facts(tls_fuzz *e) {
  int version = weir__tls_version(e->engine), alert = weir__tls_alert(e->engine);
  const char *alpn = weir__tls_alpn(e->engine);
  bool server = !weir__tls_is_client(e->engine);
  REQUIRE((alert >= 0) == (e->rc == WEIR_ETLS_ALERT) && alert <= UINT8_MAX);
  REQUIRE(!alpn || !strcmp(alpn, "http/1.1") || (server && !strcmp(alpn, "http/1.0")));
  if (!e->open) return;
  REQUIRE(version == WEIR_TLS_1_2 || version == WEIR_TLS_1_3);
  REQUIRE(weir__tls_cipher(e->engine));
}

/* An error is final. */
static void check_failed(tls_fuzz *e) {
  char raw[ALERT_ROOM], plain[1];
  weir__room out = weir__room_of(raw, sizeof raw), room = weir__room_of(plain, sizeof plain);
  weir__slice in = weir__slice_str("more"), one = weir__slice_str("x");
  weir__tls_flush flush = {&one, 1, 0};
  REQUIRE(is_named(e->rc));
  REQUIRE(weir__tls_handshake(e->engine, &in, &out) == e->rc);
  REQUIRE(weir__tls_read(e->engine, &in, &room, &out) == e->rc);
  REQUIRE(weir__tls_write(e->engine, &flush, &out) == e->rc);
  REQUIRE(weir__tls_close(e->engine, &out) == e->rc);
  REQUIRE(in.len == 4 && out.len == 0 && room.len == 0 && flush.count == 1 && flush.skip == 0);
}

static void check_shut(tls_fuzz *e) {
  char raw[ALERT_ROOM], plain[1];
  weir__room out = weir__room_of(raw, sizeof raw), room = weir__room_of(plain, sizeof plain);
  weir__slice in = weir__slice_str("more"), one = weir__slice_str("x");
  weir__tls_flush flush = {&one, 1, 0};
  REQUIRE(weir__tls_read(e->engine, &in, &room, &out) == WEIR_ESTATE);
  REQUIRE(weir__tls_write(e->engine, &flush, &out) == WEIR_ESTATE);
  REQUIRE(weir__tls_close(e->engine, &out) == WEIR_ESTATE);
  REQUIRE(in.len == 4 && out.len == 0 && room.len == 0);
}

void tls_fuzz_check(tls_fuzz *e) {
  mbed_turn(e->side);
  if (e->rests) weir__tls_share(e->engine, &spare);
  REQUIRE(weir__tls_is_open(e->engine) == e->open);
  check_facts(e);
  if (e->rc < 0)
    check_failed(e);
  else if (!e->open)
    check_shut(e);
}

static void check_result(const tls_fuzz *e, bool was_open, const weir__room *plain,
                         const weir__room *out, size_t left) {
  REQUIRE(out->len <= out->cap && plain->len <= plain->cap);
  REQUIRE(was_open || plain->len == 0);
  if (e->rc < 0) return;
  REQUIRE(e->rc <= WEIR__TLS_CLOSED);
  REQUIRE(e->rc != WEIR__TLS_DONE || !was_open);
  REQUIRE(e->rc != WEIR__TLS_CLOSED || was_open);
  REQUIRE(e->rc == WEIR__TLS_DONE || e->rc == WEIR__TLS_FULL || left == 0);
  REQUIRE(e->rc != WEIR__TLS_FULL || out->len == out->cap || plain->len == plain->cap);
  REQUIRE(!e->closed || (e->rc == WEIR__TLS_CLOSED && plain->len == 0));
}

/* The peer is told once. */
static void check_alerts(const tls_fuzz *e, weir__slice out) {
  size_t alerts = 0;
  for (; out.len; out = tls_behind(out, tls_record(out).len)) alerts += out.ptr[0] == ALERT;
  REQUIRE(e->rc >= 0 || !tls_fuzz_has_room(e) || alerts <= 1);
}

/* One call. */
static void call(tls_fuzz *e, weir__slice *in) {
  bool was_open = e->open;
  weir__slice given = *in;
  weir__room out = weir__room_of(malloc(e->out_room), e->out_room);
  weir__room plain = weir__room_of(e->plain_bytes, e->plain_room);
  if (!out.ptr) abort();
  mbed_turn(e->side);
  e->rc = was_open ? weir__tls_read(e->engine, in, &plain, &out)
                   : weir__tls_handshake(e->engine, in, &out);
  REQUIRE(in->len <= given.len && in->ptr + in->len == given.ptr + given.len);
  check_result(e, was_open, &plain, &out, in->len);
  if (!was_open) check_alerts(e, weir__room_slice(&out));
  e->taken += given.len - in->len;
  e->open = weir__tls_is_open(e->engine);
  REQUIRE(e->open == was_open || (e->rc == WEIR__TLS_DONE && !was_open));
  if (e->open && !was_open) e->opened_at = e->taken;
  if (e->rc >= 0 && out.len) e->spoke_at = e->taken;
  e->closed = e->closed || e->rc == WEIR__TLS_CLOSED;
  fuzz_put_raw(&e->out, weir__room_slice(&out));
  fuzz_put_raw(&e->plain, weir__room_slice(&plain));
  free(out.ptr);
  tls_fuzz_check(e);
}

static bool goes_on(const tls_fuzz *e, bool was_open, size_t left) {
  if (e->rc < 0) return false;
  return left || e->rc == WEIR__TLS_FULL || (e->open && !was_open);
}

static void feed_piece(tls_fuzz *e, const char *cipher, size_t len) {
  char *copy = exact_copy(cipher, len);
  weir__slice in = weir__slice_of(copy, len);
  bool was_open;
  do {
    was_open = e->open;
    call(e, &in);
  } while (goes_on(e, was_open, in.len));
  free(copy);
}

void tls_fuzz_feed(tls_fuzz *e, weir__slice cipher, fuzz_cuts *cuts) {
  size_t at = 0, n;
  do {
    n = cuts && cipher.len ? fuzz_next_cut(cuts, cipher.len - at) : cipher.len;
    if (e->rc >= 0) feed_piece(e, cipher.ptr + at, n);
    at += n;
  } while (at < cipher.len);
}

/* ---- what it is to say ---- */

static void say(tls_fuzz *e, const weir__room *out) {
  REQUIRE(out->len <= out->cap);
  fuzz_put_raw(&e->out, weir__room_slice(out));
}

bool tls_fuzz_write(tls_fuzz *e, weir__slice plain) {
  if (e->rc < 0 || !e->open) return false;
  char *raw = malloc(WEIR__TLS_CIPHER);
  weir__tls_flush flush = {&plain, 1, 0};
  int rc;
  mbed_turn(e->side);
  do {
    weir__room out = weir__room_of(raw, WEIR__TLS_CIPHER);
    rc = weir__tls_write(e->engine, &flush, &out);
    REQUIRE(rc != WEIR__TLS_FULL || out.len); /* there is always room for one */
    say(e, &out);
  } while (rc == WEIR__TLS_FULL);
  free(raw);
  REQUIRE(rc == WEIR__TLS_DONE || rc == WEIR_ESTATE); /* behind the end */
  return rc == WEIR__TLS_DONE;
}

bool tls_fuzz_end(tls_fuzz *e) {
  if (e->rc < 0 || !e->open) return false;
  char raw[ALERT_ROOM];
  weir__room out = weir__room_of(raw, sizeof raw);
  mbed_turn(e->side);
  REQUIRE(weir__tls_close(e->engine, &out) == WEIR__TLS_DONE);
  say(e, &out);
  size_t len = out.len;
  REQUIRE(weir__tls_close(e->engine, &out) == WEIR__TLS_DONE && out.len == len);
  REQUIRE(!tls_fuzz_write(e, weir__slice_str("too late")));
  return true;
}

weir__slice tls_record(weir__slice cipher) {
  const unsigned char *b = (const unsigned char *)cipher.ptr;
  size_t len = cipher.len < 5 ? cipher.len : 5 + ((size_t)b[3] << 8 | b[4]);
  return weir__slice_of(cipher.ptr, len < cipher.len ? len : cipher.len);
}
