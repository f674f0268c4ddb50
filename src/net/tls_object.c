/* weir_tls: what the host holds. It knows no file and no connection. It goes when the host and all
 * who keep it have given it up; the lock is held for a few instructions at a time. */
#include <pthread.h>

#include "net/tls_mbed.h"
#include "weir/err.h"

struct weir_tls {
  atomic_uint refs;
  bool server;
  weir__mem mem;
  pthread_mutex_t reloading; /* one at a time */
  pthread_mutex_t lock;      /* guards `config` */
  weir__tls_config *config;
};

static weir__tls_config *swap(weir_tls *tls, weir__tls_config *config) {
  pthread_mutex_lock(&tls->lock);
  weir__tls_config *old = tls->config;
  tls->config = config;
  pthread_mutex_unlock(&tls->lock);
  return old;
}

weir__tls_config *weir__tls_config_of(weir_tls *tls) {
  pthread_mutex_lock(&tls->lock);
  weir__tls_config *config = tls->config;
  atomic_fetch_add(&config->refs, 1);
  pthread_mutex_unlock(&tls->lock);
  return config;
}

/* ---- new ---- */

static weir_tls *new_tls(bool server) {
  weir__mem mem;
  weir__mem_init(&mem, NULL);
  weir_tls *tls = weir__mem_new(&mem, sizeof *tls);
  if (!tls) return NULL;
  atomic_init(&tls->refs, 1);
  tls->mem = mem;
  tls->server = server;
  pthread_mutex_init(&tls->reloading, NULL);
  pthread_mutex_init(&tls->lock, NULL);
  return tls;
}

static void begin_why(weir_tls_why *why) {
  if (why) *why->text = '\0';
}

/* What had no sentence of its own gets that of its code. */
static int end_why(weir_tls_why *why, int rc) {
  if (rc && why && !*why->text) weir__tls_fail(why, rc, "%s", weir_strerror(rc));
  return rc;
}

static int make(weir_tls **to, bool server, const weir_tls_options *options, weir_tls_why *why) {
  begin_why(why);
  if (server && !options) return weir__tls_fail(why, WEIR_EINVAL, "a server without options");
  weir_tls *tls = new_tls(server);
  if (!tls) return end_why(why, WEIR_ENOMEM);
  int rc = weir__tls_config_new(&tls->config, server, options, NULL, why);
  if (rc)
    weir_tls_free(tls);
  else
    *to = tls;
  return end_why(why, rc);
}

int weir_tls_server_new(weir_tls **tls, const weir_tls_options *options, weir_tls_why *why) {
  return make(tls, true, options, why);
}

int weir_tls_origin_new(weir_tls **tls, const weir_tls_options *options, weir_tls_why *why) {
  return make(tls, false, options, why);
}

/* ---- later ---- */

int weir_tls_reload(weir_tls *tls, const weir_tls_options *options, weir_tls_why *why) {
  begin_why(why);
  pthread_mutex_lock(&tls->reloading);
  weir__tls_config *old = weir__tls_config_of(tls), *config;
  int rc = weir__tls_config_new(&config, tls->server, options ? options : &old->o, old, why);
  if (!rc) weir__tls_config_drop(swap(tls, config));
  weir__tls_config_drop(old);
  pthread_mutex_unlock(&tls->reloading);
  return end_why(why, rc);
}

void weir__tls_hold(weir_tls *tls) { atomic_fetch_add(&tls->refs, 1); }

void weir_tls_free(weir_tls *tls) {
  if (!tls || atomic_fetch_sub(&tls->refs, 1) > 1) return;
  if (tls->config) weir__tls_config_drop(tls->config);
  pthread_mutex_destroy(&tls->reloading);
  pthread_mutex_destroy(&tls->lock);
  weir__mem mem = tls->mem;
  weir__mem_free(&mem, tls);
}

bool weir__tls_is_server(const weir_tls *tls) { return tls->server; }

const char *weir_mbedtls_version(void) { return MBEDTLS_VERSION_STRING; }
