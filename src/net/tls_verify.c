/* For whom a certificate is, and whether a peer's will do. It knows no bytes of a connection. It
 * keeps nothing but its verdict, in the engine. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "net/tls_mbed.h"

bool weir__tls_is_address(const char *name) {
  struct in6_addr any;
  return inet_pton(AF_INET, name, &any) == 1 || inet_pton(AF_INET6, name, &any) == 1;
}

/* `*.a.b` stands for one label before `.a.b`. */
static int match(weir__slice pattern, weir__slice name) {
  if (pattern.len == name.len && !strncasecmp(pattern.ptr, name.ptr, name.len)) return 2;
  if (pattern.len < 3 || pattern.ptr[0] != '*' || pattern.ptr[1] != '.') return 0;
  const char *dot = memchr(name.ptr, '.', name.len);
  if (!dot || dot == name.ptr) return 0;
  size_t tail = name.len - (size_t)(dot - name.ptr);
  return tail == pattern.len - 1 && !strncasecmp(dot, pattern.ptr + 1, tail);
}

static weir__slice bytes_of(const mbedtls_asn1_buf *buf) {
  return weir__slice_of((const char *)buf->p, buf->len);
}

static int best(int a, int b) { return a > b ? a : b; }

/* Only a certificate without alternative names is for its common name (RFC 6125, 6.4.4). */
static int by_common_name(const mbedtls_x509_crt *cert, weir__slice name) {
  int found = 0;
  for (const mbedtls_x509_name *n = &cert->subject; n; n = n->next)
    if (n->oid.p && MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &n->oid) == 0)
      found = best(found, match(bytes_of(&n->val), name));
  return found;
}

int weir__tls_serves(const mbedtls_x509_crt *cert, weir__slice name) {
  const int dns_name = MBEDTLS_ASN1_CONTEXT_SPECIFIC | MBEDTLS_X509_SAN_DNS_NAME;
  if (!mbedtls_x509_crt_has_ext_type(cert, MBEDTLS_X509_EXT_SUBJECT_ALT_NAME))
    return by_common_name(cert, name);
  int found = 0;
  for (const mbedtls_x509_sequence *s = &cert->subject_alt_names; s; s = s->next)
    if (s->buf.tag == dns_name) found = best(found, match(bytes_of(&s->buf), name));
  return found;
}

/* Mbed TLS compares names only while it verifies a chain. So it verifies this one certificate, as
 * if it stood alone, and is asked what it thinks of the name. */
bool weir__tls_is_for(const mbedtls_x509_crt *cert, const char *name) {
  mbedtls_x509_crt alone = *cert, nobody;
  uint32_t flags = 0;
  alone.next = NULL;
  mbedtls_x509_crt_init(&nobody);
  int rc = mbedtls_x509_crt_verify(&alone, &nobody, NULL, name, &flags, NULL, NULL);
  if (rc && rc != MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) return false;
  return !(flags & MBEDTLS_X509_BADCERT_CN_MISMATCH);
}

static bool signed_by_itself(const mbedtls_x509_crt *cert) {
  return cert->issuer_raw.len && cert->issuer_raw.len == cert->subject_raw.len &&
         !memcmp(cert->issuer_raw.p, cert->subject_raw.p, cert->issuer_raw.len);
}

/* Mbed TLS compares the name that it sends as the server name, if any: this may be another. */
static void check_name(const weir__tls *e, const mbedtls_x509_crt *cert, uint32_t *flags) {
  if (!e->verify_name) return;
  *flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_CN_MISMATCH;
  if (!weir__tls_is_for(cert, e->verify_name)) *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
}

int weir__tls_on_cert(void *engine, mbedtls_x509_crt *cert, int depth, uint32_t *flags) {
  weir__tls *e = engine;
  e->cert_seen = true;
  if (depth == 0) {
    check_name(e, cert, flags);
    e->cert_alone = signed_by_itself(cert);
  }
  e->cert_flags |= *flags;
  /* Where a certificate is only wanted, Mbed TLS would let a bad one pass. */
  bool wanted = e->config->o.client_cert == WEIR_TLS_CLIENT_CERT_WANTED;
  return wanted && depth == 0 && e->cert_flags ? MBEDTLS_ERR_X509_FATAL_ERROR : 0;
}
