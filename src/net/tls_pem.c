/* Certificates, keys and lists from PEM, with a sentence for whatever is wrong with them. It knows
 * no connection. What it reads belongs to the caller, who also frees what an error left behind. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/tls_mbed.h"
#include "weir/err.h"

enum { FILE_MAX = 16 * 1024 * 1024 };

/* The text, NUL-terminated as Mbed TLS wants it, and what to call it. */
typedef struct source {
  unsigned char *text;
  size_t size; /* with its NUL */
  bool owned;
  const char *name;
} source;

static bool is_text(const char *pem) { return strstr(pem, "-----BEGIN ") != NULL; }

static const char *name_of(const char *pem) {
  return is_text(pem) ? "the PEM that was given as text" : pem;
}

static int unreadable(weir_tls_why *why, const char *path, const char *reason) {
  return weir__tls_fail(why, WEIR_ETLS_FILE, "%s: cannot be read: %s", path, reason);
}

static int read_whole(source *s, FILE *file, weir_tls_why *why) {
  if (fseek(file, 0, SEEK_END)) return unreadable(why, s->name, weir_strerror(-errno));
  long size = ftell(file);
  rewind(file);
  if (size < 0 || size > FILE_MAX)
    return unreadable(why, s->name, "it is no file of at most 16 MiB");
  s->text = malloc((size_t)size + 1);
  if (!s->text) return WEIR_ENOMEM;
  s->owned = true;
  s->size = fread(s->text, 1, (size_t)size, file) + 1;
  s->text[s->size - 1] = '\0';
  return ferror(file) ? unreadable(why, s->name, weir_strerror(-errno)) : 0;
}

static int open_source(source *s, const char *pem, weir_tls_why *why) {
  memset(s, 0, sizeof *s);
  s->name = name_of(pem);
  if (is_text(pem)) {
    s->text = (unsigned char *)(uintptr_t)pem; /* read only */
    s->size = strlen(pem) + 1;
    return 0;
  }
  FILE *file = fopen(pem, "rb");
  if (!file) return unreadable(why, pem, weir_strerror(-errno));
  setvbuf(file, NULL, _IONBF, 0); /* no copy of a key stays behind */
  int rc = read_whole(s, file, why);
  fclose(file);
  return rc;
}

static void close_source(source *s) {
  if (!s->owned) return;
  mbedtls_platform_zeroize(s->text, s->size);
  free(s->text);
}

/* ---- certificates ---- */

/* `lax`: an authority that this Mbed TLS cannot read is passed over, as long as one is left. */
static int parse_certs(mbedtls_x509_crt *chain, const source *s, bool lax, weir_tls_why *why) {
  assert(s->text);
  int bad = mbedtls_x509_crt_parse(chain, s->text, s->size);
  if (bad == 0 || (bad > 0 && lax && chain->version)) return 0;
  if (bad < 0 && weir__tls_error(bad) == WEIR_ENOMEM) return WEIR_ENOMEM;
  if (bad > 0 || strstr((const char *)s->text, "-----BEGIN CERTIFICATE-----"))
    return weir__tls_fail(why, WEIR_ETLS_FILE,
                          "%s: a certificate in it is malformed: want PEM as the authority gave it",
                          s->name);
  return weir__tls_fail(why, WEIR_ETLS_FILE,
                        "%s: holds no certificate: want PEM with -----BEGIN CERTIFICATE-----",
                        s->name);
}

static int out_of_date(weir_tls_why *why, int code, const char *name, const char *is,
                       const mbedtls_x509_time *t) {
  return weir__tls_fail(
      why, code,
      "%s: the certificate %s %04d-%02d-%02d %02d:%02d:%02d UTC: want one that is "
      "valid today",
      name, is, t->year, t->mon, t->day, t->hour, t->min, t->sec);
}

static int check_dates(const mbedtls_x509_crt *cert, const char *name, weir_tls_why *why) {
  if (mbedtls_x509_time_is_past(&cert->valid_to))
    return out_of_date(why, WEIR_ETLS_EXPIRED, name, "has expired on", &cert->valid_to);
  if (mbedtls_x509_time_is_future(&cert->valid_from))
    return out_of_date(why, WEIR_ETLS_NOT_YET, name, "is not valid before", &cert->valid_from);
  return 0;
}

/* ---- keys ---- */

static bool fits(const mbedtls_x509_crt *cert, const mbedtls_pk_context *key) {
  return mbedtls_pk_check_pair(&cert->pk, key, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE) ==
         0;
}

static int check_fit(const mbedtls_x509_crt *chain, const mbedtls_pk_context *key,
                     const weir_tls_pair *pair, weir_tls_why *why) {
  const char *key_name = name_of(pair->key ? pair->key : pair->cert);
  if (fits(chain, key)) return 0;
  for (const mbedtls_x509_crt *c = chain->next; c; c = c->next)
    if (fits(c, key))
      return weir__tls_fail(why, WEIR_ETLS_FILE,
                            "%s: the certificate of %s is not the first: want it before those that "
                            "it leads to",
                            name_of(pair->cert), key_name);
  return weir__tls_fail(why, WEIR_ETLS_FILE,
                        "%s: is not the key of the certificate in %s: want the one it was made for",
                        key_name, name_of(pair->cert));
}

static int parse_key(mbedtls_pk_context *key, const source *s, weir_tls_why *why) {
  assert(s->text);
  int rc = mbedtls_pk_parse_key(key, s->text, s->size, NULL, 0, mbedtls_psa_get_random,
                                MBEDTLS_PSA_RANDOM_STATE);
  if (rc == 0) {
    if (mbedtls_pk_can_do(key, MBEDTLS_PK_RSA) || mbedtls_pk_can_do(key, MBEDTLS_PK_ECDSA))
      return 0;
    return weir__tls_fail(why, WEIR_ETLS_FILE, "%s: the key is neither RSA nor EC", s->name);
  }
  if (weir__tls_error(rc) == WEIR_ENOMEM) return WEIR_ENOMEM;
  const char *text = (const char *)s->text;
  if (rc == MBEDTLS_ERR_PK_PASSWORD_REQUIRED || strstr(text, "-----BEGIN ENCRYPTED"))
    return weir__tls_fail(why, WEIR_ETLS_FILE,
                          "%s: the key has a passphrase: want one without (`openssl pkey` takes it "
                          "off)",
                          s->name);
  if (!strstr(text, "PRIVATE KEY-----"))
    return weir__tls_fail(why, WEIR_ETLS_FILE,
                          "%s: holds no key: want PEM with -----BEGIN PRIVATE KEY-----, there or "
                          "in a file of its own",
                          s->name);
  return weir__tls_fail(why, WEIR_ETLS_FILE, "%s: the key is malformed, or neither RSA nor EC",
                        s->name);
}

static int read_key(mbedtls_pk_context *key, const char *pem, weir_tls_why *why) {
  source s;
  int rc = open_source(&s, pem, why);
  if (!rc) rc = parse_key(key, &s, why);
  close_source(&s);
  return rc;
}

int weir__tls_read_pair(mbedtls_x509_crt *chain, mbedtls_pk_context *key, const weir_tls_pair *pair,
                        weir_tls_why *why) {
  source s;
  int rc = open_source(&s, pair->cert, why);
  if (!rc) rc = parse_certs(chain, &s, false, why);
  close_source(&s);
  if (!rc) rc = read_key(key, pair->key ? pair->key : pair->cert, why);
  if (!rc) rc = check_fit(chain, key, pair, why);
  return rc ? rc : check_dates(chain, name_of(pair->cert), why);
}

/* ---- authorities ---- */

/* Debian and Alpine; Fedora, and what that is a link to; SUSE; macOS and the BSDs. */
static const char *const bundles[] = {"/etc/ssl/certs/ca-certificates.crt",
                                      "/etc/pki/tls/certs/ca-bundle.crt",
                                      "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                                      "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

static const char *system_bundle(void) {
  for (size_t i = 0; i < sizeof bundles / sizeof *bundles; i++) {
    FILE *file = fopen(bundles[i], "rb");
    if (!file) continue;
    fclose(file);
    return bundles[i];
  }
  return NULL;
}

int weir__tls_read_ca(mbedtls_x509_crt *ca, const char *pem, weir_tls_why *why) {
  source s;
  bool lax = !pem;
  if (!pem) pem = system_bundle();
  if (!pem)
    return weir__tls_fail(
        why, WEIR_ETLS_FILE,
        "%s: no such file, nor any other bundle of the system's authorities: want "
        "the package ca-certificates, or ca set",
        bundles[0]);
  int rc = open_source(&s, pem, why);
  if (!rc) rc = parse_certs(ca, &s, lax, why);
  close_source(&s);
  return rc;
}

static int parse_crl(mbedtls_x509_crl *crl, const source *s, weir_tls_why *why) {
  int rc = mbedtls_x509_crl_parse(crl, s->text, s->size);
  if (rc == 0 && crl->version) return 0;
  if (rc && weir__tls_error(rc) == WEIR_ENOMEM) return WEIR_ENOMEM;
  return weir__tls_fail(why, WEIR_ETLS_FILE,
                        "%s: holds no list of revoked certificates: want PEM with -----BEGIN X509 "
                        "CRL-----",
                        s->name);
}

int weir__tls_read_crl(mbedtls_x509_crl *crl, const char *pem, weir_tls_why *why) {
  source s;
  int rc = open_source(&s, pem, why);
  if (!rc) rc = parse_crl(crl, &s, why);
  close_source(&s);
  return rc;
}
