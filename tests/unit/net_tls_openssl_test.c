/* net/tls meets OpenSSL: both versions, both roles, resumption, and what another implementation does
 * that ours would not. */
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/check.h"
#include "support/ossl_end.h"
#include "weir/err.h"

static const size_t versions[] = {WEIR_TLS_1_2, WEIR_TLS_1_3};
#define EACH_VERSION(v) \
  for (size_t at_ = 0, v = 0; at_ < 2 && (v = versions[at_], CHECK_CASE("TLS %zx", v), 1); at_++)

static const weir_tls_pair good = CA_PAIR("good");
static const weir__slice no_session;

/* clang-format off */
#define SERVER(...) tls_server(&(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .pairs = &good, .pair_count = 1, __VA_ARGS__})
#define ORIGIN(...) tls_origin(&(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .ca = CA("root.crt"), __VA_ARGS__})
/* clang-format on */

/* A talk of ours as a server with OpenSSL as a client, or the other way round. */
static void meet(ossl_end *peer, tls_end *ours, bool we_serve, size_t version) {
  if (we_serve) {
    ossl_client(peer, NULL, version);
    ossl_begin(peer, "good.test");
    tls_end_accept(ours, SERVER(.sni = NULL));
  } else {
    ossl_server(peer, "good", version);
    ossl_begin(peer, NULL);
    tls_end_connect(ours, ORIGIN(.sni = NULL), "good.test", no_session);
  }
}

static void part(ossl_end *peer, tls_end *ours) {
  tls_end_close(ours);
  ossl_close(peer);
}

#define EACH_MEETING(v, serve) \
  EACH_VERSION(v) \
  for (size_t serve = 0; \
       serve < 2 && (CHECK_CASE("TLS %zx, we %s", v, serve ? "serve" : "ask"), 1); serve++)

static void bytes_go_both_ways_whatever_their_number(void) {
  static const size_t sizes[] = {1, 120, 16384, 50000};
  static char payload[50000];
  for (size_t i = 0; i < sizeof payload; i++) payload[i] = (char)(i * 31 + i / 199);
  EACH_MEETING(v, serve) {
    ossl_end peer;
    tls_end ours;
    meet(&peer, &ours, serve, v);
    CHECK(ossl_talk(&peer, &ours));
    CHECK_INT(weir__tls_version(ours.engine), v);
    for (size_t i = 0; i < 4; i++) {
      CHECK_INT(SSL_write(peer.ssl, payload, (int)sizes[i]), sizes[i]);
      CHECK_INT(tls_end_write(&ours, payload, sizes[i]), WEIR__TLS_DONE);
      ossl_talk(&peer, &ours);
      CHECK_MEM(ours.plain.ptr, ours.plain.len, payload, sizes[i]);
      CHECK_MEM(peer.plain.ptr, peer.plain.len, payload, sizes[i]);
      bytes_clear(&ours.plain), bytes_clear(&peer.plain);
    }
    part(&peer, &ours);
  }
}

static void bytes_may_come_one_by_one(void) {
  EACH_MEETING(v, serve) {
    ossl_end peer;
    tls_end ours;
    meet(&peer, &ours, serve, v);
    ours.bite = 1;
    CHECK(ossl_talk(&peer, &ours));
    SSL_write(peer.ssl, "in pieces", 9);
    ossl_talk(&peer, &ours);
    CHECK_MEM(ours.plain.ptr, ours.plain.len, "in pieces", 9);
    part(&peer, &ours);
  }
}

static void each_direction_ends_by_its_close_notify(void) {
  EACH_MEETING(v, serve) {
    ossl_end peer;
    tls_end ours;
    meet(&peer, &ours, serve, v);
    CHECK(ossl_talk(&peer, &ours));
    SSL_shutdown(peer.ssl);
    ossl_talk(&peer, &ours);
    CHECK_INT(ours.rc, WEIR__TLS_CLOSED);
    CHECK_INT(tls_end_write(&ours, "last", 4), WEIR__TLS_DONE);
    char raw[600];
    weir__room out = weir__room_of(raw, sizeof raw);
    CHECK_INT(weir__tls_close(ours.engine, &out), WEIR__TLS_DONE);
    bytes_add(&ours.out, out.ptr, out.len);
    ossl_talk(&peer, &ours);
    CHECK_MEM(peer.plain.ptr, peer.plain.len, "last", 4);
    CHECK(peer.closed && !peer.failed);
    part(&peer, &ours);
  }
}

static int seen_name(SSL *ssl, int *alert, void *seen) {
  (void)alert;
  const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  snprintf(seen, 64, "%s", name ? name : "none");
  return SSL_TLSEXT_ERR_OK;
}

static void the_server_name_is_the_host_unless_told_otherwise(void) {
  static const char *const names[][3] = {/* host, option, what the origin sees */
                                         {"good.test", NULL, "good.test"},
                                         {"127.0.0.1", NULL, "none"},
                                         {"::1", NULL, "none"},
                                         {"good.test", "", "none"},
                                         {"good.test", "other.test", "other.test"},
                                         {"127.0.0.1", "other.test", "other.test"}};
  EACH_VERSION(v) for (size_t i = 0; i < 6; i++) {
    char seen[64] = "nothing";
    ossl_end peer;
    tls_end ours;
    CHECK_CASE("TLS %zx, %s as %s", v, names[i][0], names[i][2]);
    ossl_server(&peer, "good", v);
    SSL_CTX_set_tlsext_servername_callback(peer.ctx, seen_name);
    SSL_CTX_set_tlsext_servername_arg(peer.ctx, seen);
    ossl_begin(&peer, NULL);
    tls_end_connect(&ours, ORIGIN(.sni = names[i][1]), names[i][0], no_session);
    CHECK(ossl_talk(&peer, &ours));
    CHECK_STR(seen, names[i][2]);
    part(&peer, &ours);
  }
}

/* ---- resumption ---- */

/* A client comes again with the session that it got; true if it could resume. */
static bool comes_again(ossl_end *peer, weir_tls *tls, SSL_SESSION **session) {
  tls_end ours;
  ossl_begin(peer, "good.test");
  if (*session) SSL_set_session(peer->ssl, *session);
  weir__tls_hold(tls);
  tls_end_accept(&ours, tls);
  CHECK(ossl_talk(peer, &ours));
  bool resumed = SSL_session_reused(peer->ssl);
  SSL_SESSION_free(*session);
  *session = SSL_get1_session(peer->ssl);
  SSL_shutdown(peer->ssl);
  ossl_finish(peer);
  tls_end_close(&ours);
  return resumed;
}

/* Comes, comes again, and after a reload. */
static void check_resumes(weir_tls *tls, size_t version, long options, bool want, bool after) {
  ossl_end peer;
  SSL_SESSION *session = NULL;
  ossl_client(&peer, "client", version);
  SSL_CTX_set_options(peer.ctx, (uint64_t)options);
  CHECK(!comes_again(&peer, tls, &session));
  CHECK_INT(comes_again(&peer, tls, &session), want);
  CHECK_INT(comes_again(&peer, tls, &session), want);
  CHECK_INT(weir_tls_reload(tls, NULL, NULL), 0);
  CHECK_INT(comes_again(&peer, tls, &session), after);
  SSL_SESSION_free(session);
  ossl_close(&peer);
  weir_tls_free(tls);
}

static void clients_resume_by_tickets_and_by_the_cache(void) {
  EACH_VERSION(v) {
    check_resumes(SERVER(.sni = NULL), v, 0, true, true);
    check_resumes(SERVER(.cache = UINT32_MAX), v, 0, true, true);
    check_resumes(SERVER(.ticket_s = UINT32_MAX), v, 0, false, false);
    /* Who shows a certificate is judged anew after a reload. */
    check_resumes(SERVER(.ca = CA("root.crt")), v, 0, true, false);
  }
  /* By the cache. */
  check_resumes(SERVER(.sni = NULL), WEIR_TLS_1_2, SSL_OP_NO_TICKET, true, true);
  check_resumes(SERVER(.cache = UINT32_MAX), WEIR_TLS_1_2, SSL_OP_NO_TICKET, false, false);
}

/* The keys of tickets have changed by then, and the cache has forgotten. */
static void after_their_time_sessions_are_of_no_use(void) {
  weir_tls *tls = SERVER(.ticket_s = 1);
  ossl_end peers[2];
  SSL_SESSION *sessions[2] = {NULL, NULL};
  for (size_t i = 0; i < 2; i++) {
    ossl_client(&peers[i], "client", i ? WEIR_TLS_1_3 : WEIR_TLS_1_2);
    CHECK(!comes_again(&peers[i], tls, &sessions[i]));
  }
  sleep(4); /* times are whole seconds, and a key serves for two terms */
  for (size_t i = 0; i < 2; i++) {
    CHECK_CASE("peer %zu", i);
    CHECK(!comes_again(&peers[i], tls, &sessions[i]));
    CHECK(comes_again(&peers[i], tls, &sessions[i]));
    SSL_SESSION_free(sessions[i]);
    ossl_close(&peers[i]);
  }
  weir_tls_free(tls);
}

/* A session of yesterday would stand in for the certificate of today. */
static void a_reload_that_asks_for_certificates_lets_nobody_resume(void) {
  EACH_VERSION(v) {
    ossl_end peer;
    tls_end ours;
    SSL_SESSION *session = NULL;
    weir_tls *tls = SERVER(.sni = NULL);
    ossl_client(&peer, NULL, v);
    CHECK(!comes_again(&peer, tls, &session));
    CHECK(comes_again(&peer, tls, &session));
    CHECK_INT(weir_tls_reload(tls,
                              &(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .pairs = &good,
                                                  .pair_count = 1, .ca = CA("root.crt")},
                              NULL),
              0);
    ossl_begin(&peer, "good.test");
    SSL_set_session(peer.ssl, session);
    tls_end_accept(&ours, tls);
    ossl_talk(&peer, &ours);
    CHECK_INT(ours.rc, WEIR_ETLS_NO_CERT);
    SSL_SESSION_free(session);
    part(&peer, &ours);
  }
}

/* Our end comes with the session and gets another. */
static bool we_come_again(ossl_end *peer, weir_tls *tls, const char *host, weir__slice *session) {
  tls_end ours;
  weir__mem mem;
  weir__mem_init(&mem, NULL);
  ossl_begin(peer, NULL);
  weir__tls_hold(tls);
  tls_end_connect(&ours, tls, host, *session);
  CHECK(ossl_talk(peer, &ours));
  bool resumed = weir__tls_resumed(ours.engine);
  CHECK_INT(SSL_session_reused(peer->ssl), resumed);
  weir__mem_free(&mem, (char *)(uintptr_t)session->ptr);
  *session = no_session;
  if (weir__tls_has_session(ours.engine)) {
    CHECK_INT(weir__tls_session(ours.engine, &mem, session), 0);
    CHECK(!weir__tls_has_session(ours.engine));
    CHECK_INT(weir__tls_session(ours.engine, &mem, session), WEIR_ESTATE);
  }
  SSL_shutdown(peer->ssl);
  ossl_finish(peer);
  tls_end_close(&ours);
  return resumed;
}

static void we_resume_at_an_origin_under_the_same_terms_only(void) {
  EACH_VERSION(v) {
    ossl_end peer;
    weir_tls *tls = ORIGIN(.sni = "good.test");
    weir__slice session = no_session;
    ossl_server(&peer, "good", v);
    CHECK(!we_come_again(&peer, tls, "good.test", &session));
    CHECK(we_come_again(&peer, tls, "good.test", &session));
    CHECK(we_come_again(&peer, tls, "good.test", &session));
    CHECK(!we_come_again(&peer, tls, "localhost", &session)); /* another name to verify */
    CHECK(we_come_again(&peer, tls, "localhost", &session));
    CHECK_INT(weir_tls_reload(tls, NULL, NULL), 0);
    CHECK(!we_come_again(&peer, tls, "localhost", &session)); /* the CA may be another */
    CHECK(we_come_again(&peer, tls, "localhost", &session));
    ossl_close(&peer);
    ossl_server(&peer, "good", v); /* its ticket keys are new */
    CHECK(!we_come_again(&peer, tls, "localhost", &session));
    weir_tls_free(tls);
    tls = ORIGIN(.no_resumption = 1);
    CHECK(!we_come_again(&peer, tls, "localhost", &session));
    CHECK_INT(session.len, 0);
    weir_tls_free(tls);
    ossl_close(&peer);
  }
}

static void a_session_that_is_none_costs_a_full_handshake(void) {
  static const char *const rubbish[] = {"", "x",
                                        "rubbish that is longer than the terms of one...."};
  for (size_t i = 0; i < 3; i++) {
    ossl_end peer;
    tls_end ours;
    ossl_server(&peer, "good", 0);
    ossl_begin(&peer, NULL);
    tls_end_connect(&ours, ORIGIN(.sni = NULL), "good.test", weir__slice_str(rubbish[i]));
    CHECK(ossl_talk(&peer, &ours));
    CHECK(!weir__tls_resumed(ours.engine));
    part(&peer, &ours);
  }
}

/* ---- what is not agreed upon ---- */

enum { NO_ALPN = 120, HANDSHAKE_FAILURE = 40, PROTOCOL_VERSION = 70, UNKNOWN_CA = 48 };

static void check_refused(ossl_end *peer, tls_end *ours, int reason, int alert) {
  CHECK(!ossl_talk(peer, ours) || ours->rc < 0);
  CHECK_INT(ours->rc, reason);
  CHECK_INT(peer->alert, alert);
  part(peer, ours);
}

static void an_old_version_is_refused(void) {
  ossl_end peer;
  tls_end ours;
  ossl_client(&peer, NULL, TLS1_1_VERSION);
  ossl_begin(&peer, NULL);
  tls_end_accept(&ours, SERVER(.sni = NULL));
  check_refused(&peer, &ours, WEIR_ETLS_VERSION, PROTOCOL_VERSION);
  ossl_client(&peer, NULL, TLS1_2_VERSION);
  ossl_begin(&peer, NULL);
  tls_end_accept(&ours, SERVER(.min_version = WEIR_TLS_1_3));
  check_refused(&peer, &ours, WEIR_ETLS_VERSION, PROTOCOL_VERSION);
}

/* The origin says so by an alert. */
static void an_old_origin_refuses_us(void) {
  ossl_end peer;
  tls_end ours;
  ossl_server(&peer, "good", TLS1_1_VERSION);
  ossl_begin(&peer, NULL);
  tls_end_connect(&ours, ORIGIN(.sni = NULL), "good.test", no_session);
  CHECK(!ossl_talk(&peer, &ours));
  CHECK_INT(ours.rc, WEIR_ETLS_ALERT);
  CHECK_INT(weir__tls_alert(ours.engine), PROTOCOL_VERSION);
  part(&peer, &ours);
}

static void without_a_cipher_in_common_nobody_speaks(void) {
  EACH_VERSION(v) {
    ossl_end peer;
    tls_end ours;
    ossl_client(&peer, NULL, v);
    SSL_CTX_set_cipher_list(peer.ctx, "ECDHE-ECDSA-AES256-GCM-SHA384");
    SSL_CTX_set_ciphersuites(peer.ctx, "TLS_AES_256_GCM_SHA384");
    ossl_begin(&peer, NULL);
    tls_end_accept(&ours,
                   SERVER(.ciphers = "TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256"));
    check_refused(&peer, &ours, WEIR_ETLS_CIPHER, HANDSHAKE_FAILURE);
  }
}

/* As curl does when it is to speak HTTP/1.0. */
static void a_client_that_offers_http_1_0_alone_is_served(void) {
  EACH_VERSION(v) {
    ossl_end peer;
    tls_end ours;
    ossl_client(&peer, NULL, v);
    SSL_CTX_set_alpn_protos(peer.ctx, (const unsigned char *)"\x08http/1.0", 9);
    ossl_begin(&peer, NULL);
    tls_end_accept(&ours, SERVER(.sni = NULL));
    CHECK(ossl_talk(&peer, &ours));
    CHECK_STR(weir__tls_alpn(ours.engine), "http/1.0");
    part(&peer, &ours);
  }
}

static void alpn_is_agreed_upon_or_nobody_speaks(void) {
  EACH_VERSION(v) {
    ossl_end peer;
    tls_end ours;
    ossl_client(&peer, NULL, v);
    SSL_CTX_set_alpn_protos(peer.ctx, (const unsigned char *)"\x02h2\x08http/1.1", 12);
    ossl_begin(&peer, NULL);
    tls_end_accept(&ours, SERVER(.sni = NULL));
    CHECK(ossl_talk(&peer, &ours));
    CHECK_STR(weir__tls_alpn(ours.engine), "http/1.1");
    part(&peer, &ours);
    ossl_client(&peer, NULL, v);
    SSL_CTX_set_alpn_protos(peer.ctx, (const unsigned char *)"\x02h2", 3);
    ossl_begin(&peer, NULL);
    tls_end_accept(&ours, SERVER(.sni = NULL));
    check_refused(&peer, &ours, WEIR_ETLS_ALPN, NO_ALPN);
    ossl_client(&peer, NULL, v); /* it does not ask */
    ossl_begin(&peer, NULL);
    tls_end_accept(&ours, SERVER(.sni = NULL));
    CHECK(ossl_talk(&peer, &ours));
    CHECK_STR(weir__tls_alpn(ours.engine), NULL);
    part(&peer, &ours);
  }
}

static void an_alert_is_told_with_its_number(void) {
  EACH_VERSION(v) {
    ossl_end peer;
    tls_end ours;
    ossl_client(&peer, NULL, v);
    SSL_CTX_set_verify(peer.ctx, SSL_VERIFY_PEER, NULL); /* it trusts nobody */
    ossl_begin(&peer, NULL);
    tls_end_accept(&ours, SERVER(.sni = NULL));
    CHECK(!ossl_talk(&peer, &ours));
    CHECK_INT(ours.rc, WEIR_ETLS_ALERT);
    CHECK_INT(weir__tls_alert(ours.engine), UNKNOWN_CA);
    part(&peer, &ours);
  }
}

/* ---- what others do ---- */

static void a_client_that_guessed_another_group_is_asked_again(void) {
  ossl_end peer;
  tls_end ours;
  ossl_client(&peer, NULL, TLS1_3_VERSION);
  SSL_CTX_set1_groups_list(peer.ctx, "X448:P-384"); /* sends a share of the first */
  ossl_begin(&peer, NULL);
  tls_end_accept(&ours, SERVER(.sni = NULL));
  ours.bite = 3;
  CHECK(ossl_talk(&peer, &ours));
  part(&peer, &ours);
}

/* Mbed TLS 3.6 knows no key update: the connection ends, and says so. */
static void a_key_update_is_never_data(void) {
  for (size_t serve = 0; serve < 2; serve++) {
    ossl_end peer;
    tls_end ours;
    CHECK_CASE("we %s", serve ? "serve" : "ask");
    meet(&peer, &ours, serve, TLS1_3_VERSION);
    CHECK(ossl_talk(&peer, &ours));
    SSL_key_update(peer.ssl, SSL_KEY_UPDATE_REQUESTED);
    SSL_write(peer.ssl, "behind it", 9);
    ossl_talk(&peer, &ours);
    CHECK_INT(ours.rc, WEIR_ETLS_MESSAGE);
    CHECK_INT(ours.plain.len, 0);
    CHECK_INT(peer.alert, 10);
    part(&peer, &ours);
  }
}

static void nobody_renegotiates(void) {
  for (size_t serve = 0; serve < 2; serve++) {
    ossl_end peer;
    tls_end ours;
    CHECK_CASE("we %s", serve ? "serve" : "ask");
    meet(&peer, &ours, serve, TLS1_2_VERSION);
    CHECK(ossl_talk(&peer, &ours));
    SSL_renegotiate(peer.ssl);
    ossl_talk(&peer, &ours);
    CHECK_INT(ours.plain.len, 0);
    CHECK_INT(SSL_num_renegotiations(peer.ssl) > 1, 0);
    part(&peer, &ours);
  }
}

static void plain_http_is_no_tls(void) {
  tls_end ours;
  tls_end_accept(&ours, SERVER(.sni = NULL));
  bytes_add(&ours.in, "GET / HTTP/1.1\r\n\r\n", 18);
  CHECK_INT(tls_end_turn(&ours), WEIR_ETLS_RECORD);
  tls_end_close(&ours);
  tls_end_connect(&ours, ORIGIN(.sni = NULL), "good.test", no_session);
  bytes_add(&ours.in, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
  CHECK_INT(tls_end_turn(&ours), WEIR_ETLS_RECORD);
  tls_end_close(&ours);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(bytes_go_both_ways_whatever_their_number);
  TEST(bytes_may_come_one_by_one);
  TEST(each_direction_ends_by_its_close_notify);
  TEST(the_server_name_is_the_host_unless_told_otherwise);
  TEST(clients_resume_by_tickets_and_by_the_cache);
  TEST(after_their_time_sessions_are_of_no_use);
  TEST(a_reload_that_asks_for_certificates_lets_nobody_resume);
  TEST(we_resume_at_an_origin_under_the_same_terms_only);
  TEST(a_session_that_is_none_costs_a_full_handshake);
  TEST(an_old_version_is_refused);
  TEST(an_old_origin_refuses_us);
  TEST(without_a_cipher_in_common_nobody_speaks);
  TEST(alpn_is_agreed_upon_or_nobody_speaks);
  TEST(a_client_that_offers_http_1_0_alone_is_served);
  TEST(an_alert_is_told_with_its_number);
  TEST(a_client_that_guessed_another_group_is_asked_again);
  TEST(a_key_update_is_never_data);
  TEST(nobody_renegotiates);
  TEST(plain_http_is_no_tls);
  return check_end();
}
