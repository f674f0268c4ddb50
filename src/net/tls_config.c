/* What a listener or an origin has read from its files: certificates, keys, authorities, and what
 * Mbed TLS makes of them. It knows no connection. Each config is counted by those who use it. */
#include "net/tls_mbed.h"
#include "weir/err.h"

/* The cheapest first: Mbed TLS takes 1.3 ms for both steps with P-256, 1.5 with X25519, 2.1 with
 * P-384. */
static const uint16_t groups[] = {
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1, MBEDTLS_SSL_IANA_TLS_GROUP_SECP521R1,
    MBEDTLS_SSL_IANA_TLS_GROUP_NONE};

/* PKCS #1 before PSS: Mbed TLS 3.6.6 offers PSS, which TLS 1.3 needs, and then refuses an origin
 * that takes it with TLS 1.2. Most take the first that they know. */
static const uint16_t signatures[] = {
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256, MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP521R1_SHA512, MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,       MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,
    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256,    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384,
    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512,    MBEDTLS_TLS1_3_SIG_NONE};

/* ---- what lets clients resume ---- */

static void drop_resume(weir__tls_resume *r) {
  if (!r || atomic_fetch_sub(&r->refs, 1) > 1) return;
  mbedtls_ssl_ticket_free(&r->tickets);
  mbedtls_ssl_cache_free(&r->cache);
  weir__mem mem = r->mem;
  weir__mem_free(&mem, r);
}

static int new_resume(weir__tls_resume **to, weir__mem *mem, const weir_tls_options *o) {
  weir__tls_resume *r = weir__mem_new(mem, sizeof *r);
  if (!r) return WEIR_ENOMEM;
  *to = r;
  r->mem = *mem;
  atomic_init(&r->refs, 1);
  mbedtls_ssl_ticket_init(&r->tickets);
  mbedtls_ssl_cache_init(&r->cache);
  if (o->ticket_s == UINT32_MAX) return 0;
  mbedtls_ssl_cache_set_max_entries(&r->cache, (int)o->cache);
  mbedtls_ssl_cache_set_timeout(&r->cache, (int)o->ticket_s);
  int rc = mbedtls_ssl_ticket_setup(&r->tickets, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE,
                                    MBEDTLS_CIPHER_AES_256_GCM, o->ticket_s);
  return rc ? weir__tls_error(rc) : 0;
}

/* Where a resumed session would stand in for a certificate that is to be judged anew, or where the
 * terms have changed, it begins afresh. */
static bool goes_on(const weir__tls_config *c, const weir__tls_config *before) {
  return before && c->o.client_cert == WEIR_TLS_CLIENT_CERT_NONE &&
         before->o.client_cert == WEIR_TLS_CLIENT_CERT_NONE &&
         c->o.ticket_s == before->o.ticket_s && c->o.cache == before->o.cache;
}

static int set_resume(weir__tls_config *c, const weir__tls_config *before) {
  if (!c->server) {
    bool on = !c->o.no_resumption;
    mbedtls_ssl_conf_session_tickets(&c->ssl, on);
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(&c->ssl, on);
    return 0;
  }
  int rc = 0;
  if (goes_on(c, before)) {
    c->resume = before->resume;
    atomic_fetch_add(&c->resume->refs, 1);
  } else {
    rc = new_resume(&c->resume, &c->mem, &c->o);
  }
  if (rc || c->o.ticket_s == UINT32_MAX) return rc;
  mbedtls_ssl_conf_session_tickets_cb(&c->ssl, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse,
                                      &c->resume->tickets);
  if (c->o.cache != UINT32_MAX)
    mbedtls_ssl_conf_session_cache(&c->ssl, &c->resume->cache, mbedtls_ssl_cache_get,
                                   mbedtls_ssl_cache_set);
  return 0;
}

/* ---- certificates ---- */

/* The certificates that are best for the name; Mbed TLS takes of them the first whose key the
 * client understands. Without one it takes it from all. */
static int on_server_name(void *config, mbedtls_ssl_context *ssl, const unsigned char *bytes,
                          size_t len) {
  weir__tls_config *c = config;
  weir__slice name = weir__slice_of((const char *)bytes, len);
  int best = 1;
  for (size_t i = 0; i < c->o.pair_count; i++)
    if (weir__tls_serves(&c->identities[i].chain, name) == 2) best = 2;
  for (size_t i = 0; i < c->o.pair_count; i++) {
    weir__tls_identity *id = &c->identities[i];
    if (weir__tls_serves(&id->chain, name) < best) continue;
    int rc = mbedtls_ssl_set_hs_own_cert(ssl, &id->chain, &id->key);
    if (rc) return rc;
  }
  return 0;
}

static int read_identities(weir__tls_config *c, weir_tls_why *why) {
  if (!c->o.pair_count) return 0;
  c->identities = weir__arena_alloc(&c->arena, c->o.pair_count * sizeof *c->identities);
  if (!c->identities) return WEIR_ENOMEM;
  for (size_t i = 0; i < c->o.pair_count; i++) {
    mbedtls_x509_crt_init(&c->identities[i].chain);
    mbedtls_pk_init(&c->identities[i].key);
  }
  for (size_t i = 0; i < c->o.pair_count; i++) {
    weir__tls_identity *id = &c->identities[i];
    int rc = weir__tls_read_pair(&id->chain, &id->key, &c->o.pairs[i], why);
    if (rc) return rc;
    rc = mbedtls_ssl_conf_own_cert(&c->ssl, &id->chain, &id->key);
    if (rc) return weir__tls_error(rc);
  }
  return 0;
}

static int authmode(const weir__tls_config *c) {
  if (!c->server)
    return c->o.insecure_accept_any_certificate ? MBEDTLS_SSL_VERIFY_NONE
                                                : MBEDTLS_SSL_VERIFY_REQUIRED;
  if (c->o.client_cert == WEIR_TLS_CLIENT_CERT_REQUIRED) return MBEDTLS_SSL_VERIFY_REQUIRED;
  return c->o.client_cert == WEIR_TLS_CLIENT_CERT_WANTED ? MBEDTLS_SSL_VERIFY_OPTIONAL
                                                         : MBEDTLS_SSL_VERIFY_NONE;
}

static int read_trust(weir__tls_config *c, weir_tls_why *why) {
  int mode = authmode(c);
  mbedtls_ssl_conf_authmode(&c->ssl, mode);
  if (mode == MBEDTLS_SSL_VERIFY_NONE) return 0;
  int rc = weir__tls_read_ca(&c->ca, c->o.ca, why);
  if (!rc && c->o.crl) rc = weir__tls_read_crl(&c->crl, c->o.crl, why);
  if (!rc) mbedtls_ssl_conf_ca_chain(&c->ssl, &c->ca, c->o.crl ? &c->crl : NULL);
  return rc;
}

/* ---- protocol ---- */

static int set_protocol(weir__tls_config *c, weir_tls_why *why) {
  int min = (int)c->o.min_version, max = (int)c->o.max_version;
  int rc = weir__tls_ciphers(c->ciphers, c->o.ciphers, &min, &max, why);
  if (rc) return rc;
  rc = mbedtls_ssl_config_defaults(&c->ssl,
                                   c->server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
                                   MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
  if (rc) return weir__tls_error(rc);
  mbedtls_ssl_conf_rng(&c->ssl, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
  mbedtls_ssl_conf_min_tls_version(&c->ssl, (mbedtls_ssl_protocol_version)min);
  mbedtls_ssl_conf_max_tls_version(&c->ssl, (mbedtls_ssl_protocol_version)max);
  mbedtls_ssl_conf_ciphersuites(&c->ssl, c->ciphers);
  mbedtls_ssl_conf_groups(&c->ssl, groups);
  mbedtls_ssl_conf_sig_algs(&c->ssl, signatures);
  /* A resumed session has keys of its own, too. */
  mbedtls_ssl_conf_tls13_key_exchange_modes(&c->ssl,
                                            MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ALL);
  if (c->server) mbedtls_ssl_conf_sni(&c->ssl, on_server_name, c);
  if (!c->o.alpn[0]) return 0;
  rc = mbedtls_ssl_conf_alpn_protocols(&c->ssl, (const char **)(uintptr_t)c->o.alpn);
  return rc ? weir__tls_error(rc) : 0;
}

/* ---- beginning and end ---- */

/* Keys that came as text. */
static void wipe_texts(weir__tls_config *c) {
  for (size_t i = 0; i < c->o.pair_count && c->identities; i++) {
    const weir_tls_pair *p = &c->o.pairs[i];
    mbedtls_platform_zeroize((void *)(uintptr_t)p->cert, strlen(p->cert));
    if (p->key) mbedtls_platform_zeroize((void *)(uintptr_t)p->key, strlen(p->key));
  }
}

static void free_config(weir__tls_config *c) {
  weir__mem mem = c->mem;
  mbedtls_ssl_config_free(&c->ssl);
  for (size_t i = 0; i < c->o.pair_count && c->identities; i++) {
    mbedtls_x509_crt_free(&c->identities[i].chain);
    mbedtls_pk_free(&c->identities[i].key);
  }
  mbedtls_x509_crt_free(&c->ca);
  mbedtls_x509_crl_free(&c->crl);
  drop_resume(c->resume);
  wipe_texts(c);
  weir__arena_free(&c->arena);
  weir__mem_free(&mem, c);
}

void weir__tls_config_drop(weir__tls_config *c) {
  if (atomic_fetch_sub(&c->refs, 1) == 1) free_config(c);
}

static int fill(weir__tls_config *c, const weir_tls_options *options,
                const weir__tls_config *before, weir_tls_why *why) {
  if (psa_crypto_init() != PSA_SUCCESS)
    return weir__tls_fail(why, WEIR_ETLS_FAILED, "Mbed TLS finds no source of randomness");
  int rc = weir__tls_options(&c->o, &c->arena, c->server, options, why);
  if (!rc) rc = set_protocol(c, why);
  if (!rc) rc = read_identities(c, why);
  if (!rc) rc = read_trust(c, why);
  if (!rc) rc = set_resume(c, before);
  return rc;
}

int weir__tls_config_new(weir__tls_config **config, bool server, const weir_tls_options *options,
                         const weir__tls_config *before, weir_tls_why *why) {
  weir__mem mem;
  weir__mem_init(&mem, NULL); /* many threads share it: no relay's allocator */
  weir__tls_config *c = weir__mem_new(&mem, sizeof *c);
  if (!c) return WEIR_ENOMEM;
  atomic_init(&c->refs, 1);
  c->mem = mem;
  c->server = server;
  c->id = before ? before->id + 1 : 1;
  weir__arena_init(&c->arena, &c->mem, NULL, 0);
  mbedtls_ssl_config_init(&c->ssl);
  mbedtls_x509_crt_init(&c->ca);
  mbedtls_x509_crl_init(&c->crl);
  int rc = fill(c, options, before, why);
  if (rc)
    free_config(c);
  else
    *config = c;
  return rc;
}
