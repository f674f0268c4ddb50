/* Seeds of the targets `tls_server`, `tls_client` and `tls_records`: what peers send in handshakes that
 * go well, made by shaking hands here and now; each kind of edit at each record; and steps for an
 * open pair. Files go to $WEIR_SEEDS/TARGET/. Aborts if what was sent does not do so once more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/seeds.h"
#include "fuzz/tls_shake.h"

enum { SETTINGS = 3, RECORDS_EACH = 5 };

static const char *const targets[] = {"tls_client", "tls_server"};

/* ---- raw ---- */

static const struct {
  uint8_t bits;
  bool server, client, works;
} handshakes[] = {
    {1, true, true, true},
    {2, true, true, true},
    {0, true, true, true},
    {1 | TLS_RSA, true, true, true},
    {2 | TLS_RSA, true, true, true},
    {1 | TLS_RESUMES, true, true, true},
    {2 | TLS_RESUMES, true, true, true},
    {1 | TLS_PEER_CERT, true, true, true},
    {2 | TLS_PEER_CERT, true, true, true},
    {1 | 4 | TLS_PEER_CERT, true, true, true},
    {2 | 4 | TLS_PEER_CERT, true, true, true},
    {1 | 8 | TLS_PEER_CERT | TLS_RSA, true, false, true},
    {2 | 8 | TLS_PEER_CERT | TLS_RSA, true, false, true},
    {1 | 4, true, true, true},
    {2 | 4, true, true, true},
    {1 | 8, true, true, false}, /* no certificate; another name */
    {2 | 8, true, true, false},
    {1 | 12, false, true, true},
    {2 | 12, false, true, true},
};

static void run(bool server, const uint8_t *settings, const fuzz_record *bytes) {
  size_t size = SETTINGS + (bytes ? bytes->len : 0);
  uint8_t *all = malloc(size);
  if (!all) abort();
  memcpy(all, settings, SETTINGS);
  if (bytes) memcpy(all + SETTINGS, bytes->ptr, bytes->len);
  fuzz_shake(server, all, size);
  free(all);
}

static void write_raw(bool server, size_t i) {
  static fuzz_record wire;
  uint8_t live[SETTINGS] = {handshakes[i].bits | TLS_LIVE}, raw[SETTINGS] = {handshakes[i].bits};
  run(server, live, NULL);
  REQUIRE(tls_shake_target.open == handshakes[i].works);
  fuzz_clear(&wire);
  fuzz_put_raw(&wire, fuzz_bytes(&tls_shake_wire));
  run(server, raw, &wire);
  REQUIRE(tls_shake_target.open == handshakes[i].works);
  if (i % 2) raw[1] = 7, raw[2] = (uint8_t)(i * 13);
  seed_write(targets[server], (int)i,
             (seed_part[]){{(const char *)raw, SETTINGS}, {wire.ptr, wire.len}}, 2);
  seed_write(targets[server], (int)i, &(seed_part){(const char *)live, SETTINGS}, 1);
}

/* ---- edits ---- */

static void write_edit(bool server, uint8_t bits, uint8_t kind, uint8_t record) {
  static const uint8_t places[] = {0, 3, 9, 11, 44, 90};
  for (size_t i = kind % 2; i < sizeof places; i += 2) {
    char edit[TLS_EDIT_SIZE] = {(char)kind, (char)record, 0, (char)places[i], 2, 1};
    char settings[SETTINGS] = {(char)(bits | TLS_LIVE), kind % 3 ? 0 : 11};
    seed_write(targets[server], 100 + kind,
               (seed_part[]){{settings, SETTINGS}, {edit, TLS_EDIT_SIZE}}, 2);
  }
}

static void write_edits(bool server) {
  for (uint8_t version = 1; version <= 2; version++)
    for (uint8_t kind = 0; kind < EDIT_KINDS; kind++)
      for (uint8_t record = 0; record < RECORDS_EACH; record++)
        write_edit(server, version, kind, record);
}

/* ---- records ---- */

#define STEPS(text) \
  { text, sizeof(text) - 1 }

static const seed_part steps[] = {
    STEPS("w\2d"),
    STEPS("w\1w\2w\0D"),
    STEPS("w\7Dw\6D"),
    STEPS("w\4w\5Dzd"),
    STEPS("w\1zDr\3abc"),
    STEPS("w\1x\0\5\1"),
    STEPS("w\1x\0\0\4"),
    STEPS("w\1x\0\4\1w\1d"),
    STEPS("w\1w\1do\xff"),
    STEPS("w\1w\1o\1dd"),
    STEPS("w\1w\1sd"),
    STEPS("w\1c\0\6d"),
    STEPS("w\1c\0\3D"),
    STEPS("w\1w\1j"),
    STEPS("w\1da\1\0"),
    STEPS("w\1a\2\50d"),
    STEPS("g\x16\4\0\0\0\0w\1d"),
    STEPS("g\x17\0w\1d"),
    STEPS("g\x14\1\1w\1d"),
    STEPS("r\5\x17\3\3\xff\xff"),
    STEPS("r\3GET"),
    STEPS("b\2w\1Db\3zDb\1e"),
    STEPS("ew\2Db\1"),
    STEPS("w\1p\x17\5helloD"),
    STEPS("p\x15\2\1\0w\1D"),         /* close_notify */
    STEPS("p\x15\2\2\50w\1D"),        /* a fatal alert */
    STEPS("p\x15\2\1\x5aw\1Db\1"),    /* a warning */
    STEPS("p\x16\4\0\0\0\0w\1Db\1"),  /* HelloRequest */
    STEPS("p\x16\5\x18\0\0\1\0w\1D"), /* KeyUpdate */
    STEPS("p\x16\5\x18\0\0\1\1w\1D"),
    STEPS("p\x16\x15\4\0\0\x11\0\0\x0e\x10\1\2\3\4\1\0\0\4tick\0\0w\1D"), /* NewSessionTicket */
    STEPS("p\x16\6\1\0\0\2\3\3w\1D"),                                     /* ClientHello */
    STEPS("p\x14\1\1w\1D"),
    STEPS("p\x18\3abcD"),
};

static void write_steps(void) {
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
    for (char bits = 0; bits < 4; bits++) {
      char settings[SETTINGS] = {bits, i % 3 == 1 ? 3 : 0, (char)(i % 4 == 3 ? i * 5 : 0)};
      seed_write("tls_records", (int)i, (seed_part[]){{settings, SETTINGS}, steps[i]}, 2);
    }
}

int main(void) {
  for (size_t i = 0; i < sizeof handshakes / sizeof *handshakes; i++) {
    if (handshakes[i].server) write_raw(true, i);
    if (handshakes[i].client) write_raw(false, i);
  }
  write_edits(true);
  write_edits(false);
  write_steps();
  return 0;
}
