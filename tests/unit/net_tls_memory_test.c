/* net/tls: each allocation fails in turn, ours and those of Mbed TLS, which has no hook: this program
 * has a calloc() of its own, that the library finds before libc's. Each failure ends one thing, with
 * a reason, and leaves nothing behind. */
#include <stdlib.h>
#include <string.h>

#include "net/tls_mbed.h"
#include "support/check.h"
#include "support/tls_end.h"
#include "weir/err.h"

static size_t calls, fail_at;
static bool armed;

static bool fails(void) { return armed && ++calls == fail_at; }

#if defined(__GLIBC__)
/* Sanitizers keep the books of memory in theirs. */
extern void *__interceptor_calloc(size_t count, size_t size) __attribute__((weak));
extern void *__libc_calloc(size_t count, size_t size);
__attribute__((visibility("default"))) void *calloc(size_t count, size_t size);

void *calloc(size_t count, size_t size) {
  if (fails()) return NULL;
  return __interceptor_calloc ? __interceptor_calloc(count, size) : __libc_calloc(count, size);
}
#else
#error "tell this test how to stand in front of calloc() here"
#endif

static const weir_tls_pair good = CA_PAIR("good");
static const size_t versions[] = {WEIR_TLS_1_2, WEIR_TLS_1_3};

/* From here on, allocation `nth` fails; tells how many there were. */
static void arm(size_t nth) {
  calls = 0;
  fail_at = nth;
  armed = true;
}

static bool disarm(void) {
  armed = false;
  return fail_at && calls >= fail_at;
}

/* Of thousands of allocations the first ones each, later ones some. */
static size_t after(size_t nth) { return nth < 60 ? nth + 1 : nth + 1 + nth / 9; }

static void check_made(int rc, weir_tls **tls, bool failed) {
  if (rc == 0)
    weir_tls_free(*tls);
  else
    CHECK(failed);
  if (rc && rc != WEIR_ENOMEM) CHECK(rc == WEIR_ETLS_FAILED || rc == WEIR_ETLS_FILE);
}

static void reading_certificates_fails_cleanly(void) {
  bool failed = true;
  for (size_t nth = 1; failed; nth = after(nth)) {
    weir_tls *tls = NULL;
    weir_tls_why why;
    CHECK_CASE("allocation %zu", nth);
    arm(nth);
    int rc = weir_tls_server_new(&tls,
                                 &(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .pairs = &good,
                                                     .pair_count = 1, .ca = CA("root.crt"),
                                                     .crl = CA("crl.pem")},
                                 &why);
    failed = disarm();
    CHECK_INT(!*why.text, rc == 0);
    check_made(rc, &tls, failed);
  }
}

static weir_tls *servers[2], *origin;

/* Sessions are optional: one that could not be kept is none. */
static void fetch_session(tls_end *client) {
  weir__slice session = {0};
  (void)weir__tls_session(client->engine, &client->mem, &session);
  weir__mem_free(&client->mem, (char *)(uintptr_t)session.ptr);
}

static void talk(tls_end *client, tls_end *server) {
  if (!tls_shake(client, server)) return;
  if (tls_end_write(client, "question", 8) == 0) tls_carry(client, server), tls_end_turn(server);
  if (tls_end_write(server, "answer", 6) == 0) tls_carry(server, client), tls_end_turn(client);
  fetch_session(client);
}

static int open_end(tls_end *e, weir_tls *tls, const char *host) {
  memset(e, 0, sizeof *e);
  alloc_init(&e->alloc);
  weir__mem_init(&e->mem, &e->alloc.hooks);
  weir__tls_hold(tls);
  e->tls = tls;
  return host ? weir__tls_connect(&e->engine, &e->mem, tls, host, (weir__slice){0})
              : weir__tls_accept(&e->engine, &e->mem, tls);
}

/* A handshake survives what it can do without, and ends at what it cannot. */
static bool fail_nth(size_t version, size_t nth) {
  tls_end client, server;
  CHECK_CASE("TLS %zx, allocation %zu", versions[version], nth);
  arm(nth);
  int a = open_end(&server, servers[version], NULL), b = open_end(&client, origin, "good.test");
  if (!a && !b) talk(&client, &server);
  bool failed = disarm();
  if (a) CHECK_INT(a, WEIR_ENOMEM);
  if (b) CHECK_INT(b, WEIR_ENOMEM);
  if (!a && !b && !failed) CHECK_MEM(client.plain.ptr, client.plain.len, "answer", 6);
  if (!a && !b && (client.rc < 0 || server.rc < 0)) CHECK(failed);
  tls_end_close(&client), tls_end_close(&server);
  return failed;
}

static void a_connection_fails_cleanly_and_the_next_is_as_if_nothing_had_been(void) {
  for (size_t v = 0; v < 2; v++) {
    size_t nth = 1;
    for (; fail_nth(v, nth); nth = after(nth)) fail_nth(v, 0);
    CHECK(nth > 500); /* Mbed TLS really gets its memory here */
  }
}

/* What the relay's allocator gives is little, and each of it may fail. */
static int ours(weir__mem *mem, void *arg) {
  weir__tls *e = NULL;
  (void)arg;
  int rc = weir__tls_connect(&e, mem, origin, "good.test", (weir__slice){0});
  weir__tls_free(rc ? NULL : e);
  return rc;
}

static void an_engine_that_cannot_be_made_leaves_nothing(void) { check_each_failure(ours, NULL); }

static void memory_that_was_behind_another_failure_is_the_reason(void) {
  CHECK_INT(weir__tls_error(MBEDTLS_ERR_SSL_ALLOC_FAILED), WEIR_ENOMEM);
  CHECK_INT(weir__tls_error(MBEDTLS_ERR_X509_INVALID_FORMAT + MBEDTLS_ERR_ASN1_ALLOC_FAILED),
            WEIR_ENOMEM);
  CHECK_INT(weir__tls_error(MBEDTLS_ERR_X509_INVALID_FORMAT + MBEDTLS_ERR_ASN1_OUT_OF_DATA),
            WEIR_ETLS_CERT);
  CHECK_INT(weir__tls_error(MBEDTLS_ERR_SSL_INTERNAL_ERROR), WEIR_ETLS_FAILED);
}

static void open_shared(tls_end *client, tls_end *server, weir__tls_spare *spare, size_t v) {
  CHECK_INT(open_end(server, servers[v], NULL), 0);
  CHECK_INT(open_end(client, origin, "good.test"), 0);
  talk(client, server);
  weir__tls_share(client->engine, spare), weir__tls_share(server->engine, spare);
}

static void check_ends(tls_end *e, size_t nth) {
  arm(nth);
  CHECK_INT(tls_end_write(e, "x", 1), WEIR_ENOMEM);
  disarm();
  CHECK_INT(tls_end_write(e, "x", 1), WEIR_ENOMEM);
}

/* While one holds half a record, the others need a pair of their own. */
static void an_engine_without_buffers_ends_and_the_others_go_on(void) {
  for (size_t nth = 1; nth <= 2; nth++) {
    tls_end holder[2], cut[2], well[2];
    weir__tls_spare spare = {0};
    CHECK_CASE("allocation %zu", nth);
    open_shared(&holder[0], &holder[1], &spare, 0);
    open_shared(&cut[0], &cut[1], &spare, 1);
    open_shared(&well[0], &well[1], &spare, 1);
    CHECK_INT(tls_end_write(&holder[0], "question", 8), 0);
    bytes_add(&holder[1].in, holder[0].out.ptr, 7);
    tls_end_turn(&holder[1]);
    check_ends(&cut[0], nth);
    bytes_clear(&well[0].plain);
    talk(&well[0], &well[1]);
    CHECK_MEM(well[0].plain.ptr, well[0].plain.len, "answer", 6);
    for (size_t i = 0; i < 2; i++)
      tls_end_close(&holder[i]), tls_end_close(&cut[i]), tls_end_close(&well[i]);
    CHECK(!spare.users && !spare.in && !spare.out);
  }
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  for (size_t i = 0; i < 2; i++)
    servers[i] =
        tls_server(&(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .pairs = &good, .pair_count = 1,
                                       .max_version = (enum weir_tls_version)versions[i]});
  origin = tls_origin(&(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .ca = CA("root.crt")});
  TEST(reading_certificates_fails_cleanly);
  TEST(a_connection_fails_cleanly_and_the_next_is_as_if_nothing_had_been);
  TEST(an_engine_that_cannot_be_made_leaves_nothing);
  TEST(memory_that_was_behind_another_failure_is_the_reason);
  TEST(an_engine_without_buffers_ends_and_the_others_go_on);
  weir_tls_free(servers[0]), weir_tls_free(servers[1]), weir_tls_free(origin);
  return check_end();
}
