/* See tls.h. */
#include "tls.h"

#include <stdlib.h>

#include "say.h"

/* ---- what belongs together ---- */

struct given {
  const char *flag;
  bool is;
};

static const char *first_given(const struct given *flags, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (flags[i].is) return flags[i].flag;
  return NULL;
}

#define FIRST_GIVEN(flags) first_given(flags, sizeof(flags) / sizeof *(flags))

static bool check_clients(const struct config *config) {
  const weir_tls_options *o = &config->client_tls;
  size_t certs = config->certs.count;
  const struct given needs_cert[] = {
      {"client-ca", o->ca},
      {"client-crl", o->crl},
      {"tls-min", o->min_version},
      {"ciphers", o->ciphers},
      {"http-redirect", config->redirects.count},
  };
  const char *flag = certs ? NULL : FIRST_GIVEN(needs_cert);
  if (flag) return say("--%s needs --cert FILE: without one there is no TLS with clients", flag);
  if (config->keys.count > certs)
    return say("--key %s: there is no --cert for it: the Nth --key is that of the Nth --cert",
               config->keys.items[certs]);
  if (o->crl && !o->ca)
    return say("--client-crl needs --client-ca FILE, who signs the certificates");
  if (config->redirect_port && !config->redirects.count)
    return say("--redirect-port needs --http-redirect ADDR, which leads there");
  return true;
}

static bool check_origins(const struct config *config) {
  const weir_tls_options *o = &config->origin_tls;
  const weir_tls_pair *pair = &config->origin_pair;
  const struct given needs_https[] = {
      {"origin-ca", o->ca},
      {"origin-crl", o->crl},
      {"origin-cert", pair->cert},
      {"origin-key", pair->key},
      {"origin-sni", o->sni},
      {"origin-verify-name", o->verify_name},
      {"origin-insecure", o->insecure_accept_any_certificate},
      {"origin-bare-end", o->ignore_missing_close_notify},
  };
  const struct given needs_care[] = {
      {"origin-ca", o->ca}, {"origin-crl", o->crl}, {"origin-verify-name", o->verify_name}};
  const char *flag = routes_have_https(&config->routes) ? NULL : FIRST_GIVEN(needs_https);
  if (flag) return say("--%s needs an https origin, as in https://127.0.0.1:8443", flag);
  if (pair->key && !pair->cert)
    return say("--origin-key %s: there is no --origin-cert for it", pair->key);
  flag = o->insecure_accept_any_certificate ? FIRST_GIVEN(needs_care) : NULL;
  return !flag || say("--origin-insecure believes whoever answers: leave out it or --%s", flag);
}

bool tls_check(const struct config *config) {
  return check_clients(config) && check_origins(config);
}

/* ---- files ---- */

static bool open_clients(struct tls *tls, const struct config *config) {
  size_t count = config->certs.count;
  weir_tls_options options = config->client_tls;
  weir_tls_why why;
  if (!count) return true;
  weir_tls_pair *pairs = calloc(count, sizeof *pairs);
  if (!pairs) return say("out of memory");
  for (size_t i = 0; i < count; i++)
    pairs[i] = (weir_tls_pair){WEIR_TLS_PAIR_INIT, .cert = config->certs.items[i],
                               .key = i < config->keys.count ? config->keys.items[i] : NULL};
  options.pairs = pairs;
  options.pair_count = count;
  int rc = weir_tls_server_new(&tls->clients, &options, &why);
  free(pairs);
  if (rc == WEIR_ETLS_CIPHERS) return say("--ciphers: %s", why.text);
  return rc == 0 || say("%s", why.text);
}

static bool open_origins(struct tls *tls, const struct config *config) {
  weir_tls_options options = config->origin_tls;
  weir_tls_why why;
  if (!routes_have_https(&config->routes)) return true;
  options.pairs = &config->origin_pair;
  options.pair_count = config->origin_pair.cert ? 1 : 0;
  int rc = weir_tls_origin_new(&tls->origins, &options, &why);
  return rc == 0 || say("%s", why.text);
}

bool tls_open(struct tls *tls, const struct config *config) {
  *tls = (struct tls){0};
  if (open_clients(tls, config) && open_origins(tls, config)) return true;
  tls_close(tls);
  return false;
}

static void reload(weir_tls *tls, const char *whose) {
  weir_tls_why why;
  if (!tls) return;
  if (weir_tls_reload(tls, NULL, &why))
    (void)say("TLS with %s goes on with the old certificates: %s", whose, why.text);
  else
    (void)say("TLS with %s: the certificates were read again", whose);
}

void tls_reload(const struct tls *tls) {
  reload(tls->clients, "clients");
  reload(tls->origins, "origins");
}

void tls_close(struct tls *tls) {
  weir_tls_free(tls->clients);
  weir_tls_free(tls->origins);
  *tls = (struct tls){0};
}
