/* Cipher suites by the names that IANA and OpenSSL give them. It knows no connection. Static
 * memory. */
#include "net/tls_mbed.h"
#include "weir/err.h"

typedef struct suite {
  int id;
  bool standard; /* in the list that stands for none */
  const char *iana, *openssl;
} suite;

/* ChaCha20 before AES: Debian's Mbed TLS, without vectors for either, writes 16 KiB of the one in
 * 53 us and of the other in 75; small records cost the same. */
/* clang-format off */
static const suite suites[] = {
    {0x1303, true, "TLS_CHACHA20_POLY1305_SHA256", "TLS13-CHACHA20-POLY1305-SHA256"},
    {0x1301, true, "TLS_AES_128_GCM_SHA256", "TLS13-AES-128-GCM-SHA256"},
    {0x1302, true, "TLS_AES_256_GCM_SHA384", "TLS13-AES-256-GCM-SHA384"},
    {0x1304, false, "TLS_AES_128_CCM_SHA256", "TLS13-AES-128-CCM-SHA256"},
    {0xcca9, true, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {0xcca8, true, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"},
    {0xc02b, true, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {0xc02f, true, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    {0xc02c, true, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {0xc030, true, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    {0xc023, false, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "ECDHE-ECDSA-AES128-SHA256"},
    {0xc027, false, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "ECDHE-RSA-AES128-SHA256"},
    {0xc024, false, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", "ECDHE-ECDSA-AES256-SHA384"},
    {0xc028, false, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", "ECDHE-RSA-AES256-SHA384"},
    {0xc009, false, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"},
    {0xc013, false, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"},
    {0xc00a, false, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"},
    {0xc014, false, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"},
    {0x009e, false, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "DHE-RSA-AES128-GCM-SHA256"},
    {0x009f, false, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", "DHE-RSA-AES256-GCM-SHA384"},
    {0xccaa, false, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "DHE-RSA-CHACHA20-POLY1305"},
    {0x009c, false, "TLS_RSA_WITH_AES_128_GCM_SHA256", "AES128-GCM-SHA256"},
    {0x009d, false, "TLS_RSA_WITH_AES_256_GCM_SHA384", "AES256-GCM-SHA384"},
    {0x003c, false, "TLS_RSA_WITH_AES_128_CBC_SHA256", "AES128-SHA256"},
    {0x003d, false, "TLS_RSA_WITH_AES_256_CBC_SHA256", "AES256-SHA256"},
    {0x002f, false, "TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA"},
    {0x0035, false, "TLS_RSA_WITH_AES_256_CBC_SHA", "AES256-SHA"},
};
/* clang-format on */

enum { SUITES = sizeof suites / sizeof *suites };
_Static_assert((int)SUITES < (int)WEIR__TLS_CIPHERS, "a list holds every suite once, and its end");

static bool is_1_3(int id) { return id >> 8 == 0x13; }

static bool has(const int *list, size_t count, int id) {
  for (size_t i = 0; i < count; i++)
    if (list[i] == id) return true;
  return false;
}

/* One that this build of Mbed TLS lacks counts as unknown. */
static int id_of(weir__slice name) {
  for (size_t i = 0; i < SUITES; i++) {
    const suite *s = &suites[i];
    if (!weir__slice_is_nocase(name, s->iana) && !weir__slice_is_nocase(name, s->openssl)) continue;
    return mbedtls_ssl_ciphersuite_from_id(s->id) ? s->id : 0;
  }
  return 0;
}

static size_t standard(int *list) {
  size_t count = 0;
  for (size_t i = 0; i < SUITES; i++)
    if (suites[i].standard && mbedtls_ssl_ciphersuite_from_id(suites[i].id))
      list[count++] = suites[i].id;
  return count;
}

static int parse(int *list, size_t *count, const char *names, weir_tls_why *why) {
  const char *between = ":, ";
  for (const char *at = names + strspn(names, between); *at; at += strspn(at, between)) {
    weir__slice name = weir__slice_of(at, strcspn(at, between));
    int id = id_of(name);
    if (!id)
      return weir__tls_fail(why, WEIR_ETLS_CIPHERS, "`%.*s` is no cipher suite known here: want %s",
                            (int)name.len, name.ptr,
                            "names as TLS_AES_128_GCM_SHA256 or ECDHE-RSA-AES128-GCM-SHA256");
    if (!has(list, *count, id)) list[(*count)++] = id;
    at += name.len;
  }
  return 0;
}

int weir__tls_ciphers(int list[WEIR__TLS_CIPHERS], const char *names, int *min, int *max,
                      weir_tls_why *why) {
  size_t count = 0;
  int rc = 0;
  if (names)
    rc = parse(list, &count, names, why);
  else
    count = standard(list);
  if (rc) return rc;
  bool has_1_2 = false, has_1_3 = false;
  for (size_t i = 0; i < count; i++) {
    has_1_3 |= is_1_3(list[i]);
    has_1_2 |= !is_1_3(list[i]);
  }
  list[count] = 0;
  if (!has_1_2 && *min < WEIR_TLS_1_3) *min = WEIR_TLS_1_3;
  if (!has_1_3 && *max > WEIR_TLS_1_2) *max = WEIR_TLS_1_2;
  if (*min <= *max && count) return 0;
  return weir__tls_fail(why, WEIR_ETLS_CIPHERS, "no cipher suite is left for the TLS versions: %s",
                        "want some of the version that is to be spoken");
}

const char *weir__tls_cipher_name(int id) {
  for (size_t i = 0; i < SUITES; i++)
    if (suites[i].id == id) return suites[i].iana;
  return NULL;
}
