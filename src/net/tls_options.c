/* Which options of TLS go together, and a copy of them that lasts. It reads no file. The copy lies
 * in the arena of its config. */
#include "base/sized.h"
#include "net/tls_mbed.h"
#include "weir/err.h"

enum { TICKET_S = 12 * 3600, TICKET_S_MAX = 7 * 24 * 3600, CACHE = 1000, ALPN_MAX = 16 };

/* curl asked for HTTP/1.0 offers that alone. */
static const char *const of_server[] = {"http/1.1", "http/1.0", NULL};
static const char *const of_origin[] = {"http/1.1", NULL};

static int wrong(weir_tls_why *why, const char *sentence) {
  return weir__tls_fail(why, WEIR_EINVAL, "%s", sentence);
}

/* ---- what goes together ---- */

static int check_versions(weir_tls_options *o, weir_tls_why *why) {
  if (!o->min_version) o->min_version = WEIR_TLS_1_2;
  if (!o->max_version) o->max_version = WEIR_TLS_1_3;
  if (o->min_version < WEIR_TLS_1_2 || o->max_version > WEIR_TLS_1_3)
    return wrong(why, "min_version, max_version: want WEIR_TLS_1_2 or WEIR_TLS_1_3");
  if (o->min_version > o->max_version)
    return wrong(why, "min_version is above max_version: want it below or the same");
  return 0;
}

static int check_server(weir_tls_options *o, weir_tls_why *why) {
  if (!o->pair_count) return wrong(why, "a server without a certificate: want one in pairs");
  if (o->sni || o->verify_name || o->insecure_accept_any_certificate || o->no_resumption ||
      o->ignore_missing_close_notify)
    return wrong(why, "sni, verify_name, insecure_accept_any_certificate, no_resumption and "
                      "ignore_missing_close_notify are options of an origin: want them unset at a "
                      "server");
  if (o->client_cert > WEIR_TLS_CLIENT_CERT_REQUIRED)
    return wrong(why, "client_cert: want one of enum weir_tls_client_cert");
  if (!o->client_cert)
    o->client_cert = o->ca ? WEIR_TLS_CLIENT_CERT_REQUIRED : WEIR_TLS_CLIENT_CERT_NONE;
  bool asked = o->client_cert != WEIR_TLS_CLIENT_CERT_NONE;
  if (asked && !o->ca)
    return wrong(why, "client certificates are asked for: want in ca who signs them");
  if (o->crl && !asked) return wrong(why, "crl without client certificates: want ca too");
  if (!o->ticket_s) o->ticket_s = TICKET_S;
  if (o->ticket_s > TICKET_S_MAX && o->ticket_s != UINT32_MAX)
    return wrong(why, "ticket_s: want at most 604800 (7 days), or UINT32_MAX for none");
  if (!o->cache) o->cache = CACHE;
  if (o->cache > INT32_MAX && o->cache != UINT32_MAX)
    return wrong(why, "cache: want at most 2147483647, or UINT32_MAX for none");
  return 0;
}

/* RFC 6066, 3. */
static int check_sni(const char *sni, weir_tls_why *why) {
  if (!sni) return 0;
  if (strlen(sni) > MBEDTLS_SSL_MAX_HOST_NAME_LEN)
    return wrong(why, "sni: want a name of at most 255 bytes");
  if (weir__tls_is_address(sni))
    return wrong(why, "sni is an address: want a name, or an empty one that is not sent");
  return 0;
}

static int check_origin(const weir_tls_options *o, weir_tls_why *why) {
  if (o->pair_count > 1) return wrong(why, "an origin is shown one certificate: want one pair");
  if (o->client_cert || o->ticket_s || o->cache)
    return wrong(why, "client_cert, ticket_s and cache are options of a server: want them unset at "
                      "an origin");
  if (o->insecure_accept_any_certificate && (o->ca || o->crl || o->verify_name))
    return wrong(why, "insecure_accept_any_certificate looks at no ca, crl or verify_name: want "
                      "either it or them");
  if (o->verify_name && !*o->verify_name)
    return wrong(why, "verify_name is empty: want a name or an address, or NULL for the origin's");
  return check_sni(o->sni, why);
}

/* ---- the copy ---- */

static int copy_str(const char **to, weir__arena *arena, const char *from) {
  if (!from) return 0;
  *to = weir__arena_copy(arena, weir__slice_str(from));
  return *to ? 0 : WEIR_ENOMEM;
}

static int copy_pair(weir_tls_pair *to, weir__arena *arena, const weir_tls_pair *from,
                     weir_tls_why *why) {
  if (weir__copy_sized(to, sizeof *to, from))
    return wrong(why, "a pair's size: want WEIR_TLS_PAIR_INIT");
  if (!to->cert) return wrong(why, "a pair without a certificate: want cert");
  int rc = copy_str(&to->cert, arena, to->cert);
  return rc ? rc : copy_str(&to->key, arena, to->key);
}

static int copy_pairs(weir_tls_options *o, weir__arena *arena, weir_tls_why *why) {
  if (!o->pair_count) return 0;
  if (!o->pairs) return wrong(why, "pair_count without pairs: want as many as it says");
  size_t stride = o->pairs->size;
  const char *from = (const char *)o->pairs;
  weir_tls_pair *pairs = weir__arena_alloc(arena, o->pair_count * sizeof *pairs);
  if (!pairs) return WEIR_ENOMEM;
  for (size_t i = 0; i < o->pair_count; i++, from += stride) {
    const weir_tls_pair *pair = (const void *)from;
    if (pair->size != stride) return wrong(why, "pairs: want all of the same size");
    int rc = copy_pair(&pairs[i], arena, pair, why);
    if (rc) return rc;
  }
  o->pairs = pairs;
  return 0;
}

static int copy_alpn(weir_tls_options *o, weir__arena *arena, bool server, weir_tls_why *why) {
  const char *const *from = o->alpn ? o->alpn : server ? of_server : of_origin;
  size_t count = 0;
  while (from[count]) count++;
  if (count > ALPN_MAX) return wrong(why, "alpn: want at most 16 protocols");
  const char **list = weir__arena_alloc(arena, (count + 1) * sizeof *list);
  if (!list) return WEIR_ENOMEM;
  for (size_t i = 0; i < count; i++) {
    if (!*from[i] || strlen(from[i]) > 255) return wrong(why, "alpn: want names of 1 to 255 bytes");
    int rc = copy_str(&list[i], arena, from[i]);
    if (rc) return rc;
  }
  list[count] = NULL;
  o->alpn = list;
  return 0;
}

static int copy_strings(weir_tls_options *o, weir__arena *arena) {
  const char **strings[] = {&o->ca, &o->crl, &o->ciphers, &o->sni, &o->verify_name};
  for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
    int rc = copy_str(strings[i], arena, *strings[i]);
    if (rc) return rc;
  }
  return 0;
}

int weir__tls_options(weir_tls_options *o, weir__arena *arena, bool server,
                      const weir_tls_options *from, weir_tls_why *why) {
  static const weir_tls_options none = {WEIR_TLS_OPTIONS_INIT};
  if (weir__copy_sized(o, sizeof *o, from ? from : &none))
    return wrong(why, "the options' size: want WEIR_TLS_OPTIONS_INIT");
  int rc = check_versions(o, why);
  if (!rc) rc = server ? check_server(o, why) : check_origin(o, why);
  if (!rc) rc = copy_pairs(o, arena, why);
  if (!rc) rc = copy_alpn(o, arena, server, why);
  if (!rc) rc = copy_strings(o, arena);
  return rc;
}
