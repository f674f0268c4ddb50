/* net/tls: many threads shake hands with the certificates of one weir_tls, while it is reloaded. */
#include <stdatomic.h>
#include <string.h>
#include <uv.h>

#include "support/check.h"
#include "support/tls_end.h"
#include "weir/err.h"

enum { THREADS = 4, ROUNDS = 25 };

static weir_tls *server_tls, *origin_tls;
static atomic_int opened, failed, running;

/* No CHECK here: it is for one thread. */
static void one_round(tls_end *client, tls_end *server) {
  bool good = tls_shake(client, server) && !tls_end_write(client, "hello", 5);
  tls_carry(client, server);
  tls_end_turn(server);
  good = good && server->plain.len == 5 && !memcmp(server->plain.ptr, "hello", 5);
  atomic_fetch_add(good ? &opened : &failed, 1);
}

static void shake_hands(void *arg) {
  (void)arg;
  for (int i = 0; i < ROUNDS; i++) {
    tls_end client, server;
    weir__tls_hold(server_tls), weir__tls_hold(origin_tls);
    tls_end_accept(&server, server_tls);
    tls_end_connect(&client, origin_tls, "good.test", (weir__slice){0});
    one_round(&client, &server);
    tls_end_close(&client), tls_end_close(&server);
  }
  atomic_fetch_sub(&running, 1);
}

static void run(const char *pair, enum weir_tls_version version) {
  const weir_tls_pair pairs[] = {{WEIR_TLS_PAIR_INIT, .cert = pair}};
  uv_thread_t threads[THREADS];
  atomic_store(&opened, 0), atomic_store(&failed, 0), atomic_store(&running, THREADS);
  server_tls = tls_server(&(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .pairs = pairs,
                                              .pair_count = 1, .max_version = version});
  for (size_t i = 0; i < THREADS; i++)
    CHECK_INT(uv_thread_create(&threads[i], shake_hands, NULL), 0);
  while (atomic_load(&running)) CHECK_INT(weir_tls_reload(server_tls, NULL, NULL), 0);
  for (size_t i = 0; i < THREADS; i++) uv_thread_join(&threads[i]);
  CHECK_INT(atomic_load(&opened), THREADS * ROUNDS);
  CHECK_INT(atomic_load(&failed), 0);
  weir_tls_free(server_tls);
}

static void threads_share_certificates_that_are_reloaded(void) {
  origin_tls = tls_origin(&(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .ca = CA("root.crt")});
  run(CA("both.pem"), WEIR_TLS_1_3);
  run(CA("both.pem"), WEIR_TLS_1_2);
  run(CA("both-rsa.pem"), WEIR_TLS_1_3);
  weir_tls_free(origin_tls);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(threads_share_certificates_that_are_reloaded);
  return check_end();
}
