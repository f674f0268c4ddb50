/* weir/tls.h: what goes together, what is wrong with a file and the sentence that says so, reload. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/check.h"
#include "support/tls_end.h"
#include "weir/err.h"

static const weir_tls_pair good = CA_PAIR("good");

#define X16 "xxxxxxxxxxxxxxxx"
#define X64 X16 X16 X16 X16
#define NAME_256 X64 X64 X64 X64

/* clang-format off */
#define PAIR(c, k) &(const weir_tls_pair){WEIR_TLS_PAIR_INIT, .cert = c, .key = k}
#define SERVER(...) {WEIR_TLS_OPTIONS_INIT, .pairs = &good, .pair_count = 1, __VA_ARGS__}
#define WITH_PAIR(c, k) {WEIR_TLS_OPTIONS_INIT, .pairs = PAIR(c, k), .pair_count = 1}
#define ORIGIN(...) {WEIR_TLS_OPTIONS_INIT, __VA_ARGS__}
/* clang-format on */

typedef struct options_case {
  int line;
  bool server;
  int want;
  const char *says; /* part of the sentence */
  weir_tls_options o;
} options_case;

/* clang-format off */
static const options_case cases[] = {
    {__LINE__, true, 0, "", SERVER(.sni = NULL)},
    {__LINE__, true, 0, "", WITH_PAIR(CA("both.pem"), NULL)},
    {__LINE__, true, 0, "", WITH_PAIR(CA("chain.pem"), CA("chain.key"))},
    {__LINE__, true, 0, "", SERVER(.min_version = WEIR_TLS_1_3)},
    {__LINE__, true, 0, "", SERVER(.max_version = WEIR_TLS_1_2)},
    {__LINE__, true, 0, "", SERVER(.client_cert = WEIR_TLS_CLIENT_CERT_WANTED, .ca = CA("root.crt"), .crl = CA("crl.pem"))},
    {__LINE__, true, 0, "", SERVER(.ticket_s = 604800)},
    {__LINE__, true, 0, "", SERVER(.ticket_s = UINT32_MAX, .cache = UINT32_MAX)},
    {__LINE__, true, 0, "", SERVER(.ciphers = "TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256, tls_aes_256_gcm_sha384")},
    {__LINE__, false, 0, "", ORIGIN(.ca = NULL)},
    {__LINE__, false, 0, "", ORIGIN(.pairs = &good, .pair_count = 1, .sni = "", .verify_name = "x", .no_resumption = 1)},
    {__LINE__, false, 0, "", ORIGIN(.insecure_accept_any_certificate = 1, .sni = "x")},
    /* files */
    {__LINE__, true, WEIR_ETLS_FILE, "/nowhere.pem: cannot be read: no such file", WITH_PAIR("/nowhere.pem", CA("good.key"))},
    {__LINE__, true, WEIR_ETLS_FILE, "/nowhere.key: cannot be read: no such file", WITH_PAIR(CA("good.pem"), "/nowhere.key")},
    {__LINE__, true, WEIR_ETLS_FILE, "/tmp: cannot be read: ", WITH_PAIR("/tmp", NULL)},
    {__LINE__, true, WEIR_ETLS_FILE, "words.pem: holds no certificate: want PEM", WITH_PAIR(CA("words.pem"), CA("good.key"))},
    {__LINE__, true, WEIR_ETLS_FILE, "empty.pem: holds no certificate", WITH_PAIR(CA("empty.pem"), CA("good.key"))},
    {__LINE__, true, WEIR_ETLS_FILE, "good.key: holds no certificate", WITH_PAIR(CA("good.key"), CA("good.key"))},
    {__LINE__, true, WEIR_ETLS_FILE, "garbled.pem: a certificate in it is malformed", WITH_PAIR(CA("garbled.pem"), CA("good.key"))},
    {__LINE__, true, WEIR_ETLS_FILE, "good.pem: holds no key", WITH_PAIR(CA("good.pem"), NULL)},
    {__LINE__, true, WEIR_ETLS_FILE, "words.pem: holds no key", WITH_PAIR(CA("good.pem"), CA("words.pem"))},
    {__LINE__, true, WEIR_ETLS_FILE, "garbled.key: the key is malformed", WITH_PAIR(CA("good.pem"), CA("garbled.key"))},
    {__LINE__, true, WEIR_ETLS_FILE, "locked.key: the key has a passphrase: want one without", WITH_PAIR(CA("good.pem"), CA("locked.key"))},
    {__LINE__, true, WEIR_ETLS_FILE, "a.key: is not the key of the certificate in ", WITH_PAIR(CA("good.pem"), CA("a.key"))},
    {__LINE__, true, WEIR_ETLS_FILE, "rsa.key: is not the key of the certificate in ", WITH_PAIR(CA("good.pem"), CA("rsa.key"))},
    {__LINE__, true, WEIR_ETLS_FILE, "reversed.pem: the certificate of ", WITH_PAIR(CA("reversed.pem"), CA("chain.key"))},
    {__LINE__, true, WEIR_ETLS_EXPIRED, "expired.pem: the certificate has expired on 2021-01-01 00:00:00 UTC", WITH_PAIR(CA("expired.pem"), CA("expired.key"))},
    {__LINE__, true, WEIR_ETLS_NOT_YET, "future.pem: the certificate is not valid before 2090-01-01", WITH_PAIR(CA("future.pem"), CA("future.key"))},
    {__LINE__, true, WEIR_ETLS_FILE, "/nowhere: cannot be read", SERVER(.ca = "/nowhere")},
    {__LINE__, true, WEIR_ETLS_FILE, "words.pem: holds no list of revoked", SERVER(.ca = CA("root.crt"), .crl = CA("words.pem"))},
    {__LINE__, false, WEIR_ETLS_FILE, "words.pem: holds no certificate", ORIGIN(.ca = CA("words.pem"))},
    {__LINE__, false, WEIR_ETLS_FILE, "good.pem: holds no list of revoked", ORIGIN(.ca = CA("root.crt"), .crl = CA("good.pem"))},
    {__LINE__, false, WEIR_ETLS_FILE, "the PEM that was given as text: ", ORIGIN(.ca = "-----BEGIN NOTHING-----")},
    /* what goes together */
    {__LINE__, true, WEIR_EINVAL, "want one in pairs", ORIGIN(.ca = NULL)},
    {__LINE__, true, WEIR_EINVAL, "pair_count without pairs", ORIGIN(.pair_count = 1)},
    {__LINE__, true, WEIR_EINVAL, "a pair without a certificate", WITH_PAIR(NULL, CA("good.key"))},
    {__LINE__, true, WEIR_EINVAL, "options of an origin", SERVER(.sni = "x")},
    {__LINE__, true, WEIR_EINVAL, "options of an origin", SERVER(.verify_name = "x")},
    {__LINE__, true, WEIR_EINVAL, "options of an origin", SERVER(.insecure_accept_any_certificate = 1)},
    {__LINE__, true, WEIR_EINVAL, "options of an origin", SERVER(.no_resumption = 1)},
    {__LINE__, true, WEIR_EINVAL, "want in ca who signs them", SERVER(.client_cert = WEIR_TLS_CLIENT_CERT_WANTED)},
    {__LINE__, true, WEIR_EINVAL, "client_cert:", SERVER(.client_cert = (enum weir_tls_client_cert)9)},
    {__LINE__, true, WEIR_EINVAL, "crl without client certificates", SERVER(.crl = CA("crl.pem"))},
    {__LINE__, true, WEIR_EINVAL, "ticket_s:", SERVER(.ticket_s = 604801)},
    {__LINE__, true, WEIR_EINVAL, "cache:", SERVER(.cache = UINT32_MAX - 1)},
    {__LINE__, true, WEIR_EINVAL, "min_version is above", SERVER(.min_version = WEIR_TLS_1_3, .max_version = WEIR_TLS_1_2)},
    {__LINE__, true, WEIR_EINVAL, "want WEIR_TLS_1_2 or", SERVER(.min_version = (enum weir_tls_version)0x0302)},
    {__LINE__, true, WEIR_EINVAL, "want WEIR_TLS_1_2 or", SERVER(.max_version = (enum weir_tls_version)0x0305)},
    {__LINE__, true, WEIR_EINVAL, "alpn:", SERVER(.alpn = (const char *const[]){"", NULL})},
    {__LINE__, false, WEIR_EINVAL, "options of a server", ORIGIN(.ticket_s = 1)},
    {__LINE__, false, WEIR_EINVAL, "options of a server", ORIGIN(.cache = 1)},
    {__LINE__, false, WEIR_EINVAL, "options of a server", ORIGIN(.client_cert = WEIR_TLS_CLIENT_CERT_NONE)},
    {__LINE__, false, WEIR_EINVAL, "want either it or them", ORIGIN(.insecure_accept_any_certificate = 1, .ca = CA("root.crt"))},
    {__LINE__, false, WEIR_EINVAL, "verify_name is empty", ORIGIN(.verify_name = "")},
    {__LINE__, false, WEIR_EINVAL, "sni is an address", ORIGIN(.sni = "127.0.0.1")},
    {__LINE__, false, WEIR_EINVAL, "sni is an address", ORIGIN(.sni = "::1")},
    {__LINE__, false, WEIR_EINVAL, "sni: want a name of at most 255 bytes", ORIGIN(.sni = NAME_256)},
    {__LINE__, true, WEIR_ETLS_CIPHERS, "`TLS_NOPE` is no cipher suite", SERVER(.ciphers = "TLS_AES_128_GCM_SHA256:TLS_NOPE")},
    {__LINE__, true, WEIR_ETLS_CIPHERS, "no cipher suite is left", SERVER(.ciphers = "")},
    {__LINE__, true, WEIR_ETLS_CIPHERS, "no cipher suite is left", SERVER(.ciphers = "TLS_AES_128_GCM_SHA256", .max_version = WEIR_TLS_1_2)},
    {__LINE__, true, WEIR_ETLS_CIPHERS, "no cipher suite is left", SERVER(.ciphers = "ECDHE-RSA-AES128-GCM-SHA256", .min_version = WEIR_TLS_1_3)},
};
/* clang-format on */

static int make(weir_tls **tls, const options_case *c, weir_tls_why *why) {
  return c->server ? weir_tls_server_new(tls, &c->o, why) : weir_tls_origin_new(tls, &c->o, why);
}

static void options_are_taken_or_refused_with_a_sentence(void) {
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const options_case *c = &cases[i];
    weir_tls *tls = NULL;
    weir_tls_why why;
    CHECK_CASE("line %d", c->line);
    CHECK_INT(make(&tls, c, &why), c->want);
    if (!CHECK(c->want ? strstr(why.text, c->says) != NULL : !*why.text)) puts(why.text);
    CHECK_INT(tls != NULL, c->want == 0);
    weir_tls_free(tls);
    if (c->want) CHECK_INT(make(&tls, c, NULL), c->want); /* nobody has to ask why */
  }
}

static void an_origin_needs_no_options(void) {
  weir_tls *tls = NULL;
  weir_tls_why why;
  CHECK_INT(weir_tls_origin_new(&tls, NULL, &why), 0);
  weir_tls_free(tls);
  CHECK_INT(weir_tls_server_new(&tls, NULL, &why), WEIR_EINVAL);
  weir_tls_free(NULL);
}

/* As a program of tomorrow would pass it, and one of yesterday. */
static void structs_of_other_sizes_are_taken(void) {
  struct {
    weir_tls_pair pair;
    const char *more;
  } pairs[2] = {{.pair = CA_PAIR("a")}, {.pair = CA_PAIR("b")}};
  weir_tls_options o = {.size = sizeof o, .pairs = &pairs[0].pair, .pair_count = 2};
  weir_tls *tls = NULL;
  weir_tls_why why;
  pairs[0].pair.size = pairs[1].pair.size = sizeof pairs[0];
  o.size = offsetof(weir_tls_options, ca);
  CHECK_INT(weir_tls_server_new(&tls, &o, &why), 0);
  weir_tls_free(tls);
  pairs[1].pair.size = sizeof(weir_tls_pair);
  CHECK_INT(weir_tls_server_new(&tls, &o, &why), WEIR_EINVAL);
  pairs[1].pair.size = sizeof pairs[1];
  pairs[1].more = "unheard of";
  CHECK_INT(weir_tls_server_new(&tls, &o, &why), WEIR_EINVAL);
}

static char *slurp(const char *path) {
  char *text = calloc(1, 65536);
  FILE *file = fopen(path, "rb");
  if (!text || !file || !fread(text, 1, 65535, file)) abort();
  fclose(file);
  return text;
}

static void pem_may_be_given_as_text(void) {
  char *cert = slurp(CA("chain.pem")), *key = slurp(CA("chain.key")), *ca = slurp(CA("root.crt"));
  tls_end client, server;
  tls_end_accept(&server, tls_server(&(weir_tls_options)WITH_PAIR(cert, key)));
  tls_end_connect(&client, tls_origin(&(weir_tls_options)ORIGIN(.ca = ca)), "good.test",
                  (weir__slice){0});
  memset(cert, 'x', strlen(cert)), memset(key, 'x', strlen(key)); /* it was copied */
  CHECK(tls_shake(&client, &server));
  CHECK_INT(weir_tls_reload(server.tls, NULL, NULL), 0);
  tls_end_close(&client), tls_end_close(&server);
  free(cert), free(key), free(ca);
}

/* ---- names ---- */

/* Which certificate a client is shown: it asks for one name and accepts that of one. */
static bool is_shown(weir_tls *server_tls, const char *asks, const char *accepts) {
  tls_end client, server;
  weir__tls_hold(server_tls);
  tls_end_accept(&server, server_tls);
  tls_end_connect(&client,
                  tls_origin(&(weir_tls_options)ORIGIN(.ca = CA("root.crt"), .sni = asks,
                                                       .verify_name = accepts)),
                  "unused", (weir__slice){0});
  bool shown = tls_shake(&client, &server);
  if (!shown) CHECK_INT(client.rc, WEIR_ETLS_NAME);
  tls_end_close(&client), tls_end_close(&server);
  return shown;
}

static void the_server_name_chooses_among_certificates(void) {
  const weir_tls_pair pairs[] = {CA_PAIR("a"), CA_PAIR("b"), CA_PAIR("wild"), CA_PAIR("exact"),
                                 CA_PAIR("common")};
  weir_tls *tls =
      tls_server(&(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .pairs = pairs, .pair_count = 5});
  CHECK(is_shown(tls, "a.test", "a.test"));
  CHECK(is_shown(tls, "b.test", "b.test"));
  CHECK(is_shown(tls, "B.TEST", "b.test"));
  CHECK(is_shown(tls, "both.test", "b.test"));
  CHECK(is_shown(tls, "any.wild.test", "any.wild.test"));
  CHECK(is_shown(tls, "exact.wild.test", "exact.wild.test"));
  CHECK(!is_shown(tls, "exact.wild.test", "any.wild.test")); /* the exact one, not the wild */
  CHECK(is_shown(tls, "common", "common"));
  CHECK(is_shown(tls, "b", "a.test")); /* b's common name: it has others, which count */
  CHECK(is_shown(tls, "unknown.test", "a.test"));
  CHECK(is_shown(tls, "x.any.wild.test", "a.test"));
  CHECK(is_shown(tls, ".wild.test", "a.test"));
  CHECK(is_shown(tls, "", "a.test")); /* none */
  CHECK(!is_shown(tls, "b.test", "a.test"));
  weir_tls_free(tls);
}

/* ---- versions ---- */

/* Neither end says which version it wants: the ciphers leave one. */
static void ciphers_of_one_version_leave_that_version(void) {
  static const char *const ciphers[] = {"ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256"};
  for (size_t i = 0; i < 4; i++) {
    tls_end client, server;
    CHECK_CASE("%s at the %s", ciphers[i / 2], i % 2 ? "server" : "origin");
    const char *servers = i % 2 ? ciphers[i / 2] : NULL, *origins = i % 2 ? NULL : ciphers[i / 2];
    tls_end_accept(&server, tls_server(&(weir_tls_options)SERVER(.ciphers = servers)));
    tls_end_connect(&client,
                    tls_origin(&(weir_tls_options)ORIGIN(.ca = CA("root.crt"), .ciphers = origins)),
                    "good.test", (weir__slice){0});
    CHECK(tls_shake(&client, &server));
    CHECK_INT(weir__tls_version(client.engine), i < 2 ? WEIR_TLS_1_2 : WEIR_TLS_1_3);
    tls_end_close(&client), tls_end_close(&server);
  }
}

/* ---- reload ---- */

static void copy_file(const char *from, const char *to) {
  char *text = slurp(from);
  FILE *file = fopen(to, "wb");
  if (!file || !fputs(text, file)) abort();
  fclose(file);
  free(text);
}

static void a_reload_is_for_new_connections(void) {
  char cert[] = "/tmp/weir-tls-XXXXXX", key[sizeof cert + 4];
  close(mkstemp(cert));
  snprintf(key, sizeof key, "%s.key", cert);
  copy_file(CA("a.pem"), cert), copy_file(CA("a.key"), key);
  weir_tls *tls = tls_server(&(weir_tls_options)WITH_PAIR(cert, key));
  weir_tls_why why;
  CHECK(is_shown(tls, "", "a.test"));

  tls_end client, server; /* accepted before, shakes hands after */
  weir__tls_hold(tls);
  tls_end_accept(&server, tls);
  copy_file(CA("b.pem"), cert);
  CHECK_INT(weir_tls_reload(tls, NULL, &why), WEIR_ETLS_FILE);
  CHECK(strstr(why.text, "is not the key of the certificate in") != NULL);
  CHECK(is_shown(tls, "", "a.test")); /* the old stays in force */
  copy_file(CA("b.key"), key);
  CHECK_INT(weir_tls_reload(tls, NULL, &why), 0);
  CHECK_STR(why.text, "");
  CHECK(is_shown(tls, "", "b.test"));
  tls_end_connect(&client, tls_origin(&(weir_tls_options)ORIGIN(.ca = CA("root.crt"))), "a.test",
                  (weir__slice){0});
  CHECK(tls_shake(&client, &server));
  tls_end_close(&client);

  CHECK_INT(weir_tls_reload(tls, &(weir_tls_options)SERVER(.sni = NULL), &why), 0);
  CHECK(is_shown(tls, "", "good.test"));
  unlink(cert), unlink(key);
  CHECK_INT(weir_tls_reload(tls, NULL, &why), 0); /* those files are of no interest any more */
  weir_tls_free(tls);
  tls_end_close(&server);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(options_are_taken_or_refused_with_a_sentence);
  TEST(an_origin_needs_no_options);
  TEST(structs_of_other_sizes_are_taken);
  TEST(pem_may_be_given_as_text);
  TEST(the_server_name_chooses_among_certificates);
  TEST(ciphers_of_one_version_leave_that_version);
  TEST(a_reload_is_for_new_connections);
  return check_end();
}
