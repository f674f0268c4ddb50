/* net/tls: who is believed, who is refused, and with which reason; what the peer is told. The peer is
 * OpenSSL, which shows any certificate. */
#include "support/check.h"
#include "support/ossl_end.h"
#include "weir/err.h"

static const size_t versions[] = {WEIR_TLS_1_2, WEIR_TLS_1_3};

/* ---- origins ---- */

typedef struct origin_case {
  int line;
  const char *shown; /* by the origin */
  const char *host;
  int reason; /* 0: it is believed */
  int alert;  /* that the origin gets; 0: of no interest */
  weir_tls_options o;
} origin_case;

/* clang-format off */
#define ROOT .o = {WEIR_TLS_OPTIONS_INIT, .ca = CA("root.crt")}
#define WITH(...) .o = {WEIR_TLS_OPTIONS_INIT, __VA_ARGS__}

enum { BAD_CERTIFICATE = 42, UNSUPPORTED = 43, REVOKED = 44, EXPIRED = 45, UNKNOWN_CA = 48,
       HANDSHAKE_FAILURE = 40 };

static const origin_case origins[] = {
    {__LINE__, "good", "good.test", 0, 0, ROOT},
    {__LINE__, "good", "GOOD.Test", 0, 0, ROOT},
    {__LINE__, "good", "localhost", 0, 0, ROOT},
    {__LINE__, "good", "127.0.0.1", 0, 0, ROOT},
    {__LINE__, "good", "::1", 0, 0, ROOT},
    {__LINE__, "rsa", "good.test", 0, 0, ROOT},
    {__LINE__, "chain", "good.test", 0, 0, ROOT},
    {__LINE__, "wild", "x.wild.test", 0, 0, ROOT},
    {__LINE__, "common", "common", 0, 0, ROOT},
    {__LINE__, "revoked", "good.test", 0, 0, ROOT},
    {__LINE__, "alone", "good.test", 0, 0, WITH(.ca = CA("alone.pem"))},
    {__LINE__, "good", "good.test", 0, 0, WITH(.ca = CA("root.crt"), .crl = CA("crl.pem"))},
    {__LINE__, "good", "good.test.", WEIR_ETLS_NAME, BAD_CERTIFICATE, ROOT},
    {__LINE__, "good", "bad.test", WEIR_ETLS_NAME, BAD_CERTIFICATE, ROOT},
    {__LINE__, "good", "127.0.0.2", WEIR_ETLS_NAME, BAD_CERTIFICATE, ROOT},
    {__LINE__, "good", "::2", WEIR_ETLS_NAME, BAD_CERTIFICATE, ROOT},
    {__LINE__, "good", "good.test.evil.test", WEIR_ETLS_NAME, BAD_CERTIFICATE, ROOT},
    {__LINE__, "elsewhere", "good.test", WEIR_ETLS_NAME, BAD_CERTIFICATE, ROOT},
    {__LINE__, "wild", "wild.test", WEIR_ETLS_NAME, BAD_CERTIFICATE, ROOT},
    {__LINE__, "wild", "x.y.wild.test", WEIR_ETLS_NAME, BAD_CERTIFICATE, ROOT},
    {__LINE__, "common", "other", WEIR_ETLS_NAME, BAD_CERTIFICATE, ROOT},
    {__LINE__, "good", "good", WEIR_ETLS_NAME, BAD_CERTIFICATE, ROOT}, /* its CN: it has other names */
    {__LINE__, "expired", "good.test", WEIR_ETLS_EXPIRED, EXPIRED, ROOT},
    {__LINE__, "future", "good.test", WEIR_ETLS_NOT_YET, 0, ROOT},
    {__LINE__, "incomplete", "good.test", WEIR_ETLS_UNKNOWN_CA, UNKNOWN_CA, ROOT},
    {__LINE__, "unknown", "good.test", WEIR_ETLS_UNKNOWN_CA, UNKNOWN_CA, ROOT},
    {__LINE__, "good", "good.test", WEIR_ETLS_UNKNOWN_CA, UNKNOWN_CA, WITH(.ca = CA("stranger.crt"))},
    {__LINE__, "good", "good.test", WEIR_ETLS_UNKNOWN_CA, UNKNOWN_CA, WITH(.ca = NULL)}, /* the system's */
    {__LINE__, "beneath", "good.test", WEIR_ETLS_UNKNOWN_CA, UNKNOWN_CA, ROOT},
    {__LINE__, "alone", "good.test", WEIR_ETLS_SELF_SIGNED, UNKNOWN_CA, ROOT},
    {__LINE__, "weak", "good.test", WEIR_ETLS_WEAK, 0, ROOT},
    {__LINE__, "sha1", "good.test", WEIR_ETLS_WEAK, 0, ROOT},
    {__LINE__, "revoked", "good.test", WEIR_ETLS_REVOKED, REVOKED,
     WITH(.ca = CA("root.crt"), .crl = CA("crl.pem"))},
    {__LINE__, "good", "good.test", WEIR_ETLS_CRL, 0, WITH(.ca = CA("root.crt"), .crl = CA("crl-old.pem"))},
    {__LINE__, "client", "client", WEIR_ETLS_USE, UNSUPPORTED, ROOT},
    /* Names apart from the host's. */
    {__LINE__, "good", "10.1.2.3", 0, 0, WITH(.ca = CA("root.crt"), .verify_name = "good.test")},
    {__LINE__, "good", "good.test", WEIR_ETLS_NAME, BAD_CERTIFICATE,
     WITH(.ca = CA("root.crt"), .verify_name = "bad.test")},
    {__LINE__, "good", "bad.test", 0, 0, WITH(.ca = CA("root.crt"), .verify_name = "127.0.0.1")},
    {__LINE__, "good", "good.test", 0, 0, WITH(.ca = CA("root.crt"), .sni = "other.test")},
    {__LINE__, "good", "good.test", 0, 0, WITH(.ca = CA("root.crt"), .sni = "")},
    {__LINE__, "good", "bad.test", WEIR_ETLS_NAME, BAD_CERTIFICATE, WITH(.ca = CA("root.crt"), .sni = "good.test")},
    {__LINE__, "good", "bad.test", WEIR_ETLS_NAME, BAD_CERTIFICATE, WITH(.ca = CA("root.crt"), .sni = "")},
    /* Whoever asks for it. */
    {__LINE__, "expired", "bad.test", 0, 0, WITH(.insecure_accept_any_certificate = 1)},
    {__LINE__, "alone", "10.1.2.3", 0, 0, WITH(.insecure_accept_any_certificate = 1)},
    {__LINE__, "weak", "bad.test", 0, 0, WITH(.insecure_accept_any_certificate = 1)},
};
/* clang-format on */

/* With TLS 1.3 a peer may be open before it is refused: what counts is what both know in the end,
 * and that the peer can read the alert. */
static void check_outcome(const ossl_end *peer, tls_end *ours, bool open, int reason, int alert) {
  CHECK_INT(open && ours->rc >= 0, reason == 0);
  if (!reason) return;
  CHECK_INT(ours->rc, reason);
  CHECK_INT(tls_end_turn(ours), reason); /* an error is final */
  CHECK_INT(peer->failed, true);
  CHECK(peer->alert > 0);
  if (alert) CHECK_INT(peer->alert, alert);
}

static void meet_origin(const origin_case *c, size_t version) {
  ossl_end peer;
  tls_end ours;
  CHECK_CASE("line %d, TLS %zx: %s for %s", c->line, version, c->shown, c->host);
  ossl_server(&peer, c->shown, version);
  ossl_begin(&peer, NULL);
  tls_end_connect(&ours, tls_origin(&c->o), c->host, (weir__slice){0});
  bool open = ossl_talk(&peer, &ours);
  check_outcome(&peer, &ours, open, c->reason, c->alert);
  tls_end_close(&ours);
  ossl_close(&peer);
}

static void origins_are_believed_or_refused_with_a_reason(void) {
  for (size_t i = 0; i < sizeof origins / sizeof *origins; i++)
    for (size_t v = 0; v < 2; v++) meet_origin(&origins[i], versions[v]);
}

/* ---- clients ---- */

typedef struct client_case {
  int line;
  const char *shown; /* by the client; NULL: none */
  enum weir_tls_client_cert asked;
  int reason;
  int alert;
  const char *crl;
} client_case;

/* clang-format off */
#define NONE WEIR_TLS_CLIENT_CERT_NONE
#define WANTED WEIR_TLS_CLIENT_CERT_WANTED
#define REQUIRED WEIR_TLS_CLIENT_CERT_REQUIRED
static const client_case clients[] = {
    {__LINE__, NULL, NONE, 0, 0, NULL},
    {__LINE__, "client", NONE, 0, 0, NULL},
    {__LINE__, "client-unknown", NONE, 0, 0, NULL},
    {__LINE__, NULL, WANTED, 0, 0, NULL},
    {__LINE__, "client", WANTED, 0, 0, NULL},
    {__LINE__, "client-rsa", WANTED, 0, 0, NULL},
    {__LINE__, "client-unknown", WANTED, WEIR_ETLS_UNKNOWN_CA, 0, NULL},
    {__LINE__, "client-expired", WANTED, WEIR_ETLS_EXPIRED, 0, NULL},
    {__LINE__, "good", WANTED, WEIR_ETLS_USE, 0, NULL},
    {__LINE__, "alone", WANTED, WEIR_ETLS_SELF_SIGNED, 0, NULL},
    {__LINE__, "client", REQUIRED, 0, 0, NULL},
    {__LINE__, "client-rsa", REQUIRED, 0, 0, NULL},
    {__LINE__, "client", REQUIRED, 0, 0, CA("crl.pem")},
    {__LINE__, NULL, REQUIRED, WEIR_ETLS_NO_CERT, 0, NULL},
    {__LINE__, "client-unknown", REQUIRED, WEIR_ETLS_UNKNOWN_CA, UNKNOWN_CA, NULL},
    {__LINE__, "client-expired", REQUIRED, WEIR_ETLS_EXPIRED, EXPIRED, NULL},
    {__LINE__, "client-revoked", REQUIRED, WEIR_ETLS_REVOKED, REVOKED, CA("crl.pem")},
    {__LINE__, "client", REQUIRED, WEIR_ETLS_CRL, 0, CA("crl-old.pem")},
    {__LINE__, "good", REQUIRED, WEIR_ETLS_USE, 0, NULL},
    {__LINE__, "weak", REQUIRED, WEIR_ETLS_WEAK, 0, NULL},
    {__LINE__, "alone", REQUIRED, WEIR_ETLS_SELF_SIGNED, 0, NULL},
};
/* clang-format on */

static void meet_client(const client_case *c, size_t version) {
  const weir_tls_pair good = CA_PAIR("good");
  ossl_end peer;
  tls_end ours;
  CHECK_CASE("line %d, TLS %zx: %s", c->line, version, c->shown ? c->shown : "none");
  weir_tls_options o = {WEIR_TLS_OPTIONS_INIT, .pairs = &good, .pair_count = 1};
  o.client_cert = c->asked;
  o.ca = c->asked == NONE ? NULL : CA("root.crt");
  o.crl = c->crl;
  tls_end_accept(&ours, tls_server(&o));
  ossl_client(&peer, c->shown, version);
  ossl_begin(&peer, "good.test");
  bool open = ossl_talk(&peer, &ours);
  check_outcome(&peer, &ours, open, c->reason, c->alert);
  /* Whose chain is bad does not get as far as to a ticket. */
  if (c->reason && c->reason != WEIR_ETLS_USE)
    CHECK(version == WEIR_TLS_1_3 ? !SSL_SESSION_has_ticket(SSL_get_session(peer.ssl))
                                  : !SSL_is_init_finished(peer.ssl));
  tls_end_close(&ours);
  ossl_close(&peer);
}

static void clients_are_let_in_or_refused_with_a_reason(void) {
  for (size_t i = 0; i < sizeof clients / sizeof *clients; i++)
    for (size_t v = 0; v < 2; v++) meet_client(&clients[i], versions[v]);
}

static void a_ca_alone_asks_for_client_certificates(void) {
  const weir_tls_pair good = CA_PAIR("good");
  ossl_end peer;
  tls_end ours;
  tls_end_accept(&ours, tls_server(&(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .pairs = &good,
                                                       .pair_count = 1, .ca = CA("root.crt")}));
  ossl_client(&peer, NULL, WEIR_TLS_1_2);
  ossl_begin(&peer, NULL);
  ossl_talk(&peer, &ours);
  CHECK_INT(ours.rc, WEIR_ETLS_NO_CERT);
  CHECK_INT(peer.alert, HANDSHAKE_FAILURE);
  tls_end_close(&ours);
  ossl_close(&peer);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(origins_are_believed_or_refused_with_a_reason);
  TEST(clients_are_let_in_or_refused_with_a_reason);
  TEST(a_ca_alone_asks_for_client_certificates);
  return check_end();
}
