/* See mbed.h. */
#include "fuzz/mbed.h"

#include <dlfcn.h>
#include <mbedtls/cipher.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecp.h>
#include <mbedtls/platform_time.h>
#include <mbedtls/rsa.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fuzz/fuzz.h"

/* Found before the library's. Weak: if that is no shared one, its own stay, and mbed_drawn() tells. */
#define IN_FRONT __attribute__((weak, visibility("default")))

#define THE_REAL(name) \
  static __typeof__(name) *real; \
  if (!real) real = (__typeof__(name) *)(uintptr_t)dlsym(RTLD_NEXT, #name); \
  if (!real) abort()

/* ---- time ---- */

enum { NOW = 1800000000 }; /* in 2027: the certificates of ca.sh are as good or bad as they say */

__attribute__((visibility("default"))) time_t time(time_t *at) {
  if (at) *at = NOW;
  return NOW;
}

IN_FRONT mbedtls_ms_time_t mbedtls_ms_time(void) { return (mbedtls_ms_time_t)NOW * 1000; }

/* ---- randomness ---- */

static uint64_t streams[MBED_SIDES], blinding = 1;
static enum mbed_side turn;
static bool blinds; /* what is asked for now only blinds: no result depends on it */
static size_t drawn;

void mbed_restart_side(enum mbed_side side, uint32_t number) {
  streams[side] = ((uint64_t)number << 8 | side) * 0x9e3779b97f4a7c15u;
}

void mbed_restart(void) {
  for (int side = MBED_TARGET; side < MBED_SIDES; side++)
    mbed_restart_side((enum mbed_side)side, 0);
}

void mbed_turn(enum mbed_side side) { turn = side; }
size_t mbed_drawn(void) { return drawn; }

/* SplitMix64 */
static unsigned char next_random(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return (unsigned char)(z >> 32);
}

IN_FRONT int mbedtls_ctr_drbg_random(void *ctx, unsigned char *to, size_t len) {
  (void)ctx;
  for (size_t i = 0; i < len; i++) to[i] = next_random(blinds ? &blinding : &streams[turn]);
  drawn += len;
  return 0;
}

/* ---- what takes long ---- */

enum { KEPT = 4096, KEY = 1024, POINT = 160 };

/* What was asked, and what the answer was. */
typedef struct memory {
  size_t key_len, point_len;
  unsigned char key[KEY], point[POINT];
} memory;

static memory memories[KEPT];

typedef struct question {
  size_t len;
  unsigned char bytes[KEY];
  bool good;
} question;

static void ask(question *q, const void *bytes, size_t len) {
  q->good = q->good && len <= sizeof q->bytes - q->len;
  if (!q->good) return;
  memcpy(q->bytes + q->len, bytes, len);
  q->len += len;
}

static void ask_number(question *q, const mbedtls_mpi *n) {
  unsigned char bytes[80];
  q->good = q->good && !mbedtls_mpi_write_binary(n, bytes, sizeof bytes);
  ask(q, bytes, sizeof bytes);
}

static void ask_point(question *q, const mbedtls_ecp_group *grp, const mbedtls_ecp_point *p) {
  unsigned char bytes[POINT] = {0};
  size_t len = 0;
  q->good = q->good && !mbedtls_ecp_point_write_binary(grp, p, MBEDTLS_ECP_PF_UNCOMPRESSED, &len,
                                                       bytes, sizeof bytes);
  ask(q, bytes, sizeof bytes);
}

static memory *memory_of(const question *q) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < q->len; i++) hash = (hash ^ q->bytes[i]) * 16777619u;
  return &memories[(hash ^ hash >> 16) % KEPT];
}

static bool recall(const question *q, mbedtls_ecp_group *grp, mbedtls_ecp_point *to) {
  const memory *m = memory_of(q);
  return q->good && m->key_len == q->len && !memcmp(m->key, q->bytes, q->len) &&
         !mbedtls_ecp_point_read_binary(grp, to, m->point, m->point_len);
}

static void keep(const question *q, const mbedtls_ecp_group *grp, const mbedtls_ecp_point *p) {
  memory *m = memory_of(q);
  m->key_len = 0;
  if (!q->good || mbedtls_ecp_point_write_binary(grp, p, MBEDTLS_ECP_PF_UNCOMPRESSED, &m->point_len,
                                                 m->point, sizeof m->point))
    return;
  memcpy(m->key, q->bytes, q->len);
  m->key_len = q->len;
}

IN_FRONT int mbedtls_ecp_mul_restartable(mbedtls_ecp_group *grp, mbedtls_ecp_point *to,
                                         const mbedtls_mpi *m, const mbedtls_ecp_point *p,
                                         int (*rng)(void *, unsigned char *, size_t), void *rng_ctx,
                                         mbedtls_ecp_restart_ctx *restart) {
  THE_REAL(mbedtls_ecp_mul_restartable);
  question q = {.good = true};
  ask(&q, &grp->id, sizeof grp->id);
  ask_number(&q, m);
  ask_point(&q, grp, p);
  if (recall(&q, grp, to)) return 0;
  bool before = blinds;
  blinds = true;
  int rc = real(grp, to, m, p, rng, rng_ctx, restart);
  blinds = before;
  if (!rc) keep(&q, grp, to);
  return rc;
}

IN_FRONT int mbedtls_ecp_muladd_restartable(mbedtls_ecp_group *grp, mbedtls_ecp_point *to,
                                            const mbedtls_mpi *m, const mbedtls_ecp_point *p,
                                            const mbedtls_mpi *n, const mbedtls_ecp_point *other,
                                            mbedtls_ecp_restart_ctx *restart) {
  THE_REAL(mbedtls_ecp_muladd_restartable);
  question q = {.good = true};
  ask(&q, &grp->id, sizeof grp->id);
  ask_number(&q, m);
  ask_point(&q, grp, p);
  ask_number(&q, n);
  ask_point(&q, grp, other);
  if (recall(&q, grp, to)) return 0;
  int rc = real(grp, to, m, p, n, other, restart);
  if (!rc) keep(&q, grp, to);
  return rc;
}

/* It draws only the first time, or each time: whichever, it blinds. */
IN_FRONT int mbedtls_rsa_private(mbedtls_rsa_context *ctx,
                                 int (*rng)(void *, unsigned char *, size_t), void *rng_ctx,
                                 const unsigned char *in, unsigned char *out) {
  THE_REAL(mbedtls_rsa_private);
  bool before = blinds;
  blinds = true;
  int rc = real(ctx, rng, rng_ctx, in, out);
  blinds = before;
  return rc;
}

/* ---- records before they are encrypted ---- */

static mbed_seal_fn *on_seal;
static void *on_seal_user;

void mbed_on_seal(mbed_seal_fn *fn, void *user) {
  on_seal = fn;
  on_seal_user = user;
}

IN_FRONT int mbedtls_cipher_auth_encrypt_ext(mbedtls_cipher_context_t *ctx, const unsigned char *iv,
                                             size_t iv_len, const unsigned char *head,
                                             size_t head_len, const unsigned char *in, size_t len,
                                             unsigned char *out, size_t out_len, size_t *used,
                                             size_t tag_len) {
  THE_REAL(mbedtls_cipher_auth_encrypt_ext);
  static unsigned char copy[32768];
  unsigned char head_copy[13];
  bool is_record = (head_len == 5 || head_len == 13) && len <= sizeof copy;
  if (!on_seal || turn != MBED_PEER || !is_record)
    return real(ctx, iv, iv_len, head, head_len, in, len, out, out_len, used, tag_len);
  memcpy(copy, in, len);
  memcpy(head_copy, head, head_len);
  on_seal(on_seal_user, copy, len, head_copy, head_len);
  return real(ctx, iv, iv_len, head_copy, head_len, copy, len, out, out_len, used, tag_len);
}

/* ---- what guides libFuzzer ---- */

enum { PLACES = 1 << 15 };

/* Each place of Mbed TLS that has something to say counts as a branch that was taken. */
__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t places[PLACES];

/* The same in each process, wherever the library lies. */
static uint32_t number_of(const char *file) {
  static const char *last;
  static uint32_t hash;
  if (file == last) return hash;
  hash = 2166136261u;
  for (last = file; *file; file++) hash = (hash ^ (unsigned char)*file) * 16777619u;
  return hash;
}

static void been_at(const char *file, int line, int what) {
  if (turn != MBED_TARGET) return;
  uint32_t hash = number_of(file) ^ (uint32_t)line * 2654435761u ^ (uint32_t)what * 40503u;
  uint8_t *count = &places[(hash ^ hash >> 15) % PLACES];
  if (*count < UINT8_MAX) ++*count;
}

/* No header that is installed declares them. */
void mbedtls_debug_print_msg(const void *ssl, int level, const char *file, int line,
                             const char *format, ...);
void mbedtls_debug_print_ret(const void *ssl, int level, const char *file, int line,
                             const char *text, int ret);
void mbedtls_debug_print_buf(const void *ssl, int level, const char *file, int line,
                             const char *text, const unsigned char *buf, size_t len);

IN_FRONT void mbedtls_debug_print_msg(const void *ssl, int level, const char *file, int line,
                                      const char *format, ...) {
  (void)ssl, (void)level, (void)format;
  been_at(file, line, 0);
}

IN_FRONT void mbedtls_debug_print_ret(const void *ssl, int level, const char *file, int line,
                                      const char *text, int ret) {
  (void)ssl, (void)level, (void)text;
  been_at(file, line, ret);
}

IN_FRONT void mbedtls_debug_print_buf(const void *ssl, int level, const char *file, int line,
                                      const char *text, const unsigned char *buf, size_t len) {
  (void)ssl, (void)level, (void)text, (void)buf, (void)len;
  been_at(file, line, 0);
}
