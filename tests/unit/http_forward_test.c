/* Over src/http/forward.c and src/http/forward_fields.c. */
#include "http/forward.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/alloc.h"
#include "support/check.h"
#include "support/heads.h"
#include "weir/err.h"

#define GET "GET /a HTTP/1.1"
#define GET_1_0 "GET /a HTTP/1.0"
#define OK "HTTP/1.1 200 OK"

/* No Via, no X-Forwarded-*: tests of what goes need not name what comes. */
static const weir__policy quiet = {.via = "", .upgrade = "websocket"};
static const weir__policy plain = {.via = "", .upgrade = "", .forwarding_fields = true};
static const weir__policy rfc7239 = {.via = "", .upgrade = "", .forwarded = true};
static const weir__policy everything = {
    .via = "weir", .upgrade = "websocket", .forwarding_fields = true, .forwarded = true};

enum { V4, V6, UNIX };

static weir__peer peer_of(int family, bool trusted) {
  static const char *const texts[] = {"192.0.2.7", "2001:db8::1", "unix"};
  weir__peer peer = {.port = 5000, .local_port = 8080, .scheme = "http", .trusted = trusted};
  snprintf(peer.text, sizeof peer.text, "%s", texts[family]);
  if (family == UNIX)
    peer.port = peer.local_port = 0;
  else
    CHECK(weir__addr_parse(&peer.addr, weir__slice_str(peer.text)));
  return peer;
}

/* A request on its way, and what came out. */
typedef struct request {
  const char *start, *fields; /* GET, none */
  const weir__policy *policy; /* quiet */
  int family;
  bool trusted;
  const char *host_override;
  const char *absolute; /* host of an absolute target */
} request;

typedef struct result {
  counting_alloc a;
  weir__mem mem;
  weir_head *head;
  const char *upgrade;
  bool te;
} result;

static void forward(result *r, const request *q) {
  *r = (result){.upgrade = "never set", .te = true};
  alloc_init(&r->a);
  weir__mem_init(&r->mem, &r->a.hooks);
  r->head = head_of(&r->mem, q->start ? q->start : GET, q->fields ? q->fields : "");
  if (q->absolute) r->head->host = q->absolute;
  weir__peer peer = peer_of(q->family, q->trusted);
  CHECK_INT(weir__forward_request(r->head, q->policy ? q->policy : &quiet, &peer, q->host_override,
                                  "origin:81", &r->upgrade, &r->te),
            0);
}

static void done(result *r) {
  weir__head_free(r->head);
  CHECK_NO_LEAK(&r->a);
}

static void check_forwarded(const request *q, const char *want) {
  result r;
  forward(&r, q);
  CHECK_FIELDS(r.head, want);
  done(&r);
}

/* ---- what goes from a request ---- */

static void hop_by_hop_fields_end_here(void) {
  check_forwarded(&(request){.fields = "Host: a\n"
                                       "Connection: keep-alive\n"
                                       "Accept: b\n"
                                       "Keep-Alive: timeout=5\n"
                                       "proxy-connection: keep-alive\n"
                                       "Proxy-Authenticate: Basic\n"
                                       "Proxy-Authorization: Basic x\n"
                                       "TE: trailers\n"
                                       "Transfer-Encoding: chunked\n"
                                       "UPGRADE: websocket\n"
                                       "HTTP2-Settings: AAMAAABk\n"
                                       "Trailer: X-Sum\n"
                                       "Authorization: Bearer x\n"
                                       "Cookie: c\n"},
                  "Host: a\nAccept: b\nTrailer: X-Sum\nAuthorization: Bearer x\nCookie: c\n");
}

static void fields_named_in_connection_end_here(void) {
  static const struct {
    const char *fields, *want;
  } cases[] = {
      {"Host: a\nConnection: x-one\nX-One: 1\nX-Two: 2\n", "Host: a\nX-Two: 2\n"},
      {"Host: a\nX-One: 1\nx-ONE: 2\nConnection: X-one\nX-On: 3\n", "Host: a\nX-On: 3\n"},
      {"Host: a\nConnection: close, X-One , ,x-two,\nX-One: 1\nX-Two: 2\n", "Host: a\n"},
      {"Host: a\nConnection: X-One\nX-Two: 2\nCONNECTION: x-two\nX-One: 1\n", "Host: a\n"},
      {"Host: a\nConnection:\nX-One: 1\n", "Host: a\nX-One: 1\n"},
      {"Host: a\nConnection: connection, close\nConnection: x-one\nX-One: 1\n", "Host: a\n"},
      {"Connection: connection\nHost: a\nConnection: x-one\nX-One: 1\n", "Host: a\n"},
      {"Connection: a\nA: 1\nConnection: b\nB: 2\nHost: a\n", "Host: a\n"},
      {"Host: a\nConnection: x-one\n", "Host: a\n"},
      {"Host: a\nConnection: \"x-one\"\nX-One: 1\n", "Host: a\nX-One: 1\n"},
      {"Host: a\nConnection: x-one x-two\nX-One: 1\nX-Two: 2\n", "Host: a\nX-One: 1\nX-Two: 2\n"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("%s", cases[i].fields);
    check_forwarded(&(request){.fields = cases[i].fields}, cases[i].want);
  }
}

static void a_client_cannot_name_away_what_the_origin_relies_on(void) {
  static const char *const names[] = {"Host",
                                      "Content-Length",
                                      "X-Forwarded-For",
                                      "X-Forwarded-Proto",
                                      "X-Forwarded-Host",
                                      "X-Forwarded-Port",
                                      "X-Real-IP",
                                      "Forwarded",
                                      "Via"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char fields[200], want[100];
    const char *value = strcmp(names[i], "Host") == 0 ? "a" : "5";
    bool host = *value == 'a';
    snprintf(fields, sizeof fields, "%sConnection: close, %s\n%s: %s\n", host ? "" : "Host: a\n",
             names[i], names[i], value);
    snprintf(want, sizeof want, "%s%s: %s\n", host ? "" : "Host: a\n", names[i], value);
    CHECK_CASE("Connection: close, %s", names[i]);
    check_forwarded(&(request){.fields = fields, .trusted = true}, want);
  }
}

static void naming_a_forwarding_field_does_not_strip_ours(void) {
  check_forwarded(&(request){.fields =
                                 "Host: a\n"
                                 "Connection: close, x-forwarded-for, X-Real-IP, via, forwarded\n",
                             .policy = &everything},
                  "Host: a\n"
                  "X-Forwarded-For: 192.0.2.7\n"
                  "X-Forwarded-Proto: http\n"
                  "X-Forwarded-Host: a\n"
                  "X-Forwarded-Port: 8080\n"
                  "X-Real-IP: 192.0.2.7\n"
                  "Forwarded: for=192.0.2.7;host=a;proto=http\n"
                  "Via: 1.1 weir\n");
}

static void all_else_keeps_its_order_and_case(void) {
  static const char fields[] =
      "hOST: a\nzz: 1\nAccept: b\nX-UP: 2\nzz: 3\ncontent-length: 7\nExpect: 100-continue\n";
  check_forwarded(&(request){.fields = fields}, fields);
}

static void expect_goes_from_http_1_0_only(void) {
  check_forwarded(&(request){.start = GET_1_0, .fields = "Host: a\nExpect: 100-continue\n"},
                  "Host: a\n");
  check_forwarded(&(request){.fields = "Host: a\nExpect: 100-continue\n"},
                  "Host: a\nExpect: 100-continue\n");
}

static void options_of_the_whole_server_keeps_its_target(void) {
  result r;
  forward(&r, &(request){.start = "OPTIONS * HTTP/1.1", .fields = "Host: a\n"});
  CHECK_STR(weir_head_target(r.head), "*");
  CHECK_FIELDS(r.head, "Host: a\n");
  done(&r);
}

/* ---- upgrade, te ---- */

static void only_protocols_of_the_policy_are_asked_for(void) {
  static const struct {
    const char *allowed, *upgrade, *want;
  } cases[] = {
      {"websocket", "websocket", "websocket"},
      {"websocket", "WebSocket", "WebSocket"},
      {"WEBSOCKET", "websocket", "websocket"},
      {"websocket", "websocket/13", "websocket/13"},
      {"websocket", "h2c", NULL},
      {"websocket", "h2c, websocket", "websocket"},
      {"websocket", "websocket, h2c", "websocket"},
      {"websocket", "foo,websocket ,, bar", "websocket"},
      {"websocket", "websockets", NULL},
      {"websocket", "websocke", NULL},
      {"websocket", "foo", NULL},
      {"websocket", "", NULL},
      {"", "websocket", NULL},
      {"foo, websocket", "websocket, bar, foo", "websocket, foo"},
      {"h2c", "h2c", NULL},
      {"h2c, foo", "H2C, foo", "foo"},
      {"h2c", "h2c/2", NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char fields[100];
    snprintf(fields, sizeof fields, "Host: a\nConnection: Upgrade\nUpgrade: %s\n",
             cases[i].upgrade);
    weir__policy policy = {.via = "", .upgrade = cases[i].allowed};
    CHECK_CASE("\"%s\" of \"%s\"", cases[i].upgrade, cases[i].allowed);
    result r;
    forward(&r, &(request){.fields = fields, .policy = &policy});
    CHECK_STR(r.upgrade, cases[i].want);
    CHECK_FIELDS(r.head, "Host: a\n");
    done(&r);
  }
}

static void a_flood_of_protocols_is_cut(void) {
  char fields[1200] = "Host: a\nConnection: upgrade\nUpgrade: websocket", want[1200] = "websocket";
  for (int i = 1; i < 100; i++) strcat(fields, ",websocket");
  for (int i = 1; i < 23; i++) strcat(want, ", websocket");
  strcat(fields, "\n");
  result r;
  forward(&r, &(request){.fields = fields});
  CHECK_STR(r.upgrade, want);
  done(&r);
}

static void an_upgrade_that_connection_does_not_name_is_none(void) {
  result r;
  forward(&r, &(request){.fields = "Host: a\nUpgrade: websocket\n"});
  CHECK_STR(r.upgrade, NULL);
  CHECK_FIELDS(r.head, "Host: a\n");
  done(&r);
}

static void http_1_0_upgrades_to_nothing(void) {
  result r;
  forward(
      &r,
      &(request){.start = GET_1_0,
                 .fields = "Host: a\nConnection: upgrade, te\nUpgrade: websocket\nTE: trailers\n"});
  CHECK_STR(r.upgrade, NULL);
  CHECK(!r.te);
  CHECK_FIELDS(r.head, "Host: a\n");
  done(&r);
}

static void te_trailers_is_told_and_other_codings_dropped(void) {
  static const struct {
    const char *fields;
    bool te;
  } cases[] = {
      {"Host: a\nTE: trailers\n", true},
      {"Host: a\nTE: gzip, Trailers;q=1\n", false},
      {"Host: a\nTE: gzip, TRAILERS\n", true},
      {"Host: a\nTE: gzip\nTE: trailers\n", true},
      {"Host: a\nTE: gzip\n", false},
      {"Host: a\nTE:\n", false},
      {"Host: a\n", false},
      {"Host: a\nConnection: TE\nTE: trailers\n", true},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("%s", cases[i].fields);
    result r;
    forward(&r, &(request){.fields = cases[i].fields});
    CHECK_INT(r.te, cases[i].te);
    CHECK_FIELDS(r.head, "Host: a\n");
    done(&r);
  }
}

/* ---- Host ---- */

static void host_is_that_of_the_override_else_the_client_else_the_origin(void) {
  static const struct {
    const char *start, *fields, *override, *absolute, *want;
  } cases[] = {
      {GET, "A: 1\nhost: a:80\nB: 2\n", NULL, NULL, "A: 1\nhost: a:80\nB: 2\n"},
      {GET, "A: 1\nhost: a:80\nB: 2\n", "o:1", NULL, "A: 1\nhost: o:1\nB: 2\n"},
      {GET, "A: 1\nHost: a\n", NULL, "abs:82", "A: 1\nHost: abs:82\n"},
      {GET, "A: 1\nHost: a\n", "o", "abs:82", "A: 1\nHost: o\n"},
      {GET_1_0, "A: 1\n", NULL, NULL, "A: 1\nHost: origin:81\n"},
      {GET_1_0, "A: 1\n", "o", NULL, "A: 1\nHost: o\n"},
      {GET_1_0, "A: 1\n", NULL, "abs", "A: 1\nHost: abs\n"},
      {GET, "Host:\n", NULL, NULL, "Host: origin:81\n"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("case %zu", i);
    check_forwarded(&(request){.start = cases[i].start,
                               .fields = cases[i].fields,
                               .host_override = cases[i].override,
                               .absolute = cases[i].absolute},
                    cases[i].want);
  }
}

/* ---- X-Forwarded-*, X-Real-IP ---- */

static void a_client_is_described_to_the_origin(void) {
  check_forwarded(&(request){.fields = "Host: a:80\n", .policy = &plain},
                  "Host: a:80\nX-Forwarded-For: 192.0.2.7\nX-Forwarded-Proto: http\n"
                  "X-Forwarded-Host: a:80\nX-Forwarded-Port: 8080\nX-Real-IP: 192.0.2.7\n");
  check_forwarded(&(request){.fields = "Host: [::1]\n", .policy = &plain, .family = V6},
                  "Host: [::1]\nX-Forwarded-For: 2001:db8::1\nX-Forwarded-Proto: http\n"
                  "X-Forwarded-Host: [::1]\nX-Forwarded-Port: 8080\nX-Real-IP: 2001:db8::1\n");
}

static void a_unix_client_has_no_address_and_no_port(void) {
  static const char want[] = "Host: a\nX-Forwarded-Proto: http\nX-Forwarded-Host: a\n";
  check_forwarded(&(request){.fields = "Host: a\n", .policy = &plain, .family = UNIX}, want);
  check_forwarded(&(request){.fields = "Host: a\nX-Forwarded-For: 10.0.0.1\nX-Real-IP: 10.0.0.1\n"
                                       "X-Forwarded-Port: 1\n",
                             .policy = &plain,
                             .family = UNIX},
                  want);
}

static void the_host_told_is_the_clients_own(void) {
  check_forwarded(&(request){.fields = "Host: a\n",
                             .policy = &plain,
                             .family = UNIX,
                             .host_override = "o",
                             .absolute = "abs:82"},
                  "Host: o\nX-Forwarded-Proto: http\nX-Forwarded-Host: abs:82\n");
  check_forwarded(&(request){.start = GET_1_0, .policy = &plain, .family = UNIX},
                  "X-Forwarded-Proto: http\nHost: origin:81\n");
}

#define CLAIMS \
  "x-forwarded-for: 10.0.0.1\nX-Forwarded-Proto: https\nX-Forwarded-Host: h\n" \
  "X-Forwarded-Port: 443\nX-Real-IP: 10.0.0.2\n"
#define TRUTH \
  "X-Forwarded-For: 192.0.2.7\nX-Forwarded-Proto: http\nX-Forwarded-Host: a\n" \
  "X-Forwarded-Port: 8080\nX-Real-IP: 192.0.2.7\n"

static void what_an_untrusted_client_claims_is_replaced(void) {
  check_forwarded(&(request){.fields = "Host: a\n" CLAIMS "X-Forwarded-For: 10.0.0.3\nB: 1\n",
                             .policy = &plain},
                  "Host: a\nB: 1\n" TRUTH);
}

static void what_an_untrusted_client_claims_goes_even_if_nothing_is_added(void) {
  check_forwarded(&(request){.fields = "Host: a\n" CLAIMS "Forwarded: for=10.0.0.1\nB: 1\n"},
                  "Host: a\nB: 1\n");
}

static void claims_with_underscores_go_too(void) {
  static const char fields[] = "Host: a\nX_Forwarded_For: 10.0.0.1\nx_real-ip: 10.0.0.1\n"
                               "X-Forwarded_Proto: https\nX_Forwarded_Fo: 1\nX_Real_IPs: 1\n";
  check_forwarded(&(request){.fields = fields}, "Host: a\nX_Forwarded_Fo: 1\nX_Real_IPs: 1\n");
  check_forwarded(&(request){.fields = fields, .trusted = true}, fields);
}

static void what_a_trusted_client_says_is_kept_and_its_address_appended(void) {
  check_forwarded(
      &(request){.fields = "Host: a\n" CLAIMS "B: 1\n", .policy = &plain, .trusted = true},
      "Host: a\nx-forwarded-for: 10.0.0.1, 192.0.2.7\nX-Forwarded-Proto: https\n"
      "X-Forwarded-Host: h\nX-Forwarded-Port: 443\nX-Real-IP: 10.0.0.2\nB: 1\n");
}

static void what_a_trusted_client_leaves_open_is_filled_in(void) {
  check_forwarded(&(request){.fields = "Host: a\n", .policy = &plain, .trusted = true},
                  "Host: a\n" TRUTH);
  check_forwarded(&(request){.fields = "Host: a\nX-Forwarded-For:\nX-Forwarded-Proto:\n"
                                       "X-Forwarded-Host:\nX-Forwarded-Port:\nX-Real-IP:\n",
                             .policy = &plain,
                             .trusted = true},
                  "Host: a\n" TRUTH);
}

static void several_lists_of_a_trusted_client_become_one(void) {
  check_forwarded(&(request){.fields = "X-Forwarded-For: 10.0.0.1, 10.0.0.2\nHost: a\n"
                                       "X-Forwarded-For:\nx-forwarded-for: 10.0.0.3\n",
                             .policy = &plain,
                             .family = V6,
                             .trusted = true,
                             .absolute = ""},
                  "X-Forwarded-For: 10.0.0.1, 10.0.0.2, 10.0.0.3, 2001:db8::1\nHost: origin:81\n"
                  "X-Forwarded-Proto: http\nX-Forwarded-Port: 8080\nX-Real-IP: 2001:db8::1\n");
}

static void a_trusted_unix_client_speaks_for_others(void) {
  check_forwarded(
      &(request){.fields = "Host: a\n" CLAIMS, .policy = &plain, .family = UNIX, .trusted = true},
      "Host: a\n" CLAIMS);
  check_forwarded(
      &(request){.fields = "Host: a\n", .policy = &plain, .family = UNIX, .trusted = true},
      "Host: a\nX-Forwarded-Proto: http\nX-Forwarded-Host: a\n");
}

/* ---- Forwarded, Via ---- */

static void forwarded_quotes_what_is_no_token(void) {
  static const struct {
    int family;
    const char *host, *want;
  } cases[] = {
      {V4, "a", "for=192.0.2.7;host=a;proto=http"},
      {V4, "a.example", "for=192.0.2.7;host=a.example;proto=http"},
      {V4, "a:80", "for=192.0.2.7;host=\"a:80\";proto=http"},
      {V4, "[::1]:80", "for=192.0.2.7;host=\"[::1]:80\";proto=http"},
      {V4, "a;b", "for=192.0.2.7;host=\"a;b\";proto=http"},
      {V4, "a,b", "for=192.0.2.7;host=\"a,b\";proto=http"},
      {V4, "", "for=192.0.2.7;proto=http"},
      {V6, "a", "for=\"[2001:db8::1]\";host=a;proto=http"},
      {UNIX, "a", "host=a;proto=http"},
      {UNIX, "", "proto=http"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("%s, %d", cases[i].host, cases[i].family);
    result r;
    forward(&r, &(request){.fields = "Host: x\n",
                           .policy = &rfc7239,
                           .family = cases[i].family,
                           .absolute = cases[i].host});
    CHECK_STR(weir_head_get(r.head, "Forwarded"), cases[i].want);
    done(&r);
  }
}

static void forwarded_is_appended_for_trusted_and_replaced_for_others(void) {
  static const char fields[] = "forwarded: for=10.0.0.1\nHost: a\nForwarded: for=10.0.0.2;by=_x\n";
  check_forwarded(
      &(request){.fields = fields, .policy = &rfc7239, .trusted = true},
      "forwarded: for=10.0.0.1, for=10.0.0.2;by=_x, for=192.0.2.7;host=a;proto=http\nHost: a\n");
  check_forwarded(&(request){.fields = fields, .policy = &rfc7239},
                  "Host: a\nForwarded: for=192.0.2.7;host=a;proto=http\n");
  check_forwarded(&(request){.fields = fields, .trusted = true}, fields);
}

static void via_is_added_behind_others_with_the_version_received(void) {
  weir__policy policy = {.via = "edge", .upgrade = ""};
  check_forwarded(&(request){.fields = "Via: 1.0 x\nHost: a\n", .policy = &policy},
                  "Via: 1.0 x\nHost: a\nVia: 1.1 edge\n");
  check_forwarded(&(request){.start = GET_1_0, .fields = "Host: a\n", .policy = &policy},
                  "Host: a\nVia: 1.0 edge\n");
}

/* ---- responses ---- */

/* A response on its way. */
typedef struct response {
  const char *start, *fields;
  enum weir__framing framing;
  const weir__policy *policy; /* quiet */
} response;

static void check_response(const response *p, const char *want) {
  counting_alloc a;
  weir__mem mem;
  alloc_init(&a);
  weir__mem_init(&mem, &a.hooks);
  weir_head *head = head_of(&mem, p->start ? p->start : OK, p->fields);
  head->framing = p->framing;
  CHECK_INT(weir__forward_response(head, p->policy ? p->policy : &quiet), 0);
  CHECK_FIELDS(head, want);
  weir__head_free(head);
  CHECK_NO_LEAK(&a);
}

static void hop_by_hop_fields_of_a_response_end_here(void) {
  check_response(&(response){.fields = "Server: a\n"
                                       "Connection: close, x-one, set-cookie, content-length, "
                                       "Content-Type, date, via\n"
                                       "Keep-Alive: timeout=5\n"
                                       "X-One: 1\n"
                                       "Set-Cookie: a\n"
                                       "set-cookie: b\n"
                                       "Content-Length: 5\n"
                                       "Content-Type: text/plain\n"
                                       "Date: today\n"
                                       "Via: 1.1 x\n"
                                       "Proxy-Authenticate: Basic\n"
                                       "Upgrade: h2c\n"
                                       "Transfer-Encoding: chunked\n"
                                       "Trailer: X-Sum\n",
                             .framing = WEIR__FRAMING_LENGTH},
                 "Server: a\nSet-Cookie: a\nset-cookie: b\nContent-Length: 5\n"
                 "Content-Type: text/plain\nDate: today\nVia: 1.1 x\nTrailer: X-Sum\n");
}

static void a_response_gets_via_with_the_version_of_the_origin(void) {
  check_response(&(response){.fields = "A: 1\n", .policy = &everything}, "A: 1\nVia: 1.1 weir\n");
  check_response(
      &(response){.start = "HTTP/1.0 200 OK", .fields = "Via: 1.1 x\n", .policy = &everything},
      "Via: 1.1 x\nVia: 1.0 weir\n");
}

static void only_a_stream_is_marked_as_not_to_be_buffered(void) {
  static const struct {
    const char *start, *fields;
    enum weir__framing framing;
    bool marked;
  } cases[] = {
      {OK, "Content-Type: text/html\n", WEIR__FRAMING_CHUNKED, true},
      {OK, "", WEIR__FRAMING_CLOSE, true},
      {OK, "Content-Type: Text/Event-Stream; charset=utf-8\n", WEIR__FRAMING_LENGTH, true},
      {OK, "Content-Type: text/event-stream\n", WEIR__FRAMING_NONE, true}, /* HEAD */
      {OK, "Content-Type: text/html\n", WEIR__FRAMING_LENGTH, false},
      {OK, "Content-Type: text/event-stream-not\n", WEIR__FRAMING_LENGTH, false},
      {OK, "", WEIR__FRAMING_NONE, false},
      {OK, "", WEIR__FRAMING_TUNNEL, false},
      {OK, "X-Accel-Buffering: yes\n", WEIR__FRAMING_CHUNKED, false},
      {OK, "x-accel-buffering: no\n", WEIR__FRAMING_CLOSE, false},
      {"HTTP/1.1 103 Early Hints", "Content-Type: text/event-stream\n", WEIR__FRAMING_NONE, false},
      {"HTTP/1.1 500 Oh", "", WEIR__FRAMING_CHUNKED, true},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char want[200];
    snprintf(want, sizeof want, "%s%s", cases[i].fields,
             cases[i].marked ? "X-Accel-Buffering: no\n" : "");
    CHECK_CASE("case %zu", i);
    check_response(&(response){cases[i].start, cases[i].fields, cases[i].framing, NULL}, want);
  }
}

static void content_length_goes_where_there_can_be_no_content(void) {
  static const struct {
    const char *start;
    enum weir__framing framing;
    bool goes;
  } cases[] = {
      {"HTTP/1.1 100 Continue", WEIR__FRAMING_NONE, true},
      {"HTTP/1.1 103 Early Hints", WEIR__FRAMING_NONE, true},
      {"HTTP/1.1 101 Switching Protocols", WEIR__FRAMING_TUNNEL, true},
      {"HTTP/1.1 204 No Content", WEIR__FRAMING_NONE, true},
      {"HTTP/1.1 200 Connected", WEIR__FRAMING_TUNNEL, true},
      {"HTTP/1.1 304 Not Modified", WEIR__FRAMING_NONE, false},
      {"HTTP/1.1 200 OK", WEIR__FRAMING_NONE, false}, /* HEAD */
      {"HTTP/1.1 205 Reset Content", WEIR__FRAMING_LENGTH, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("%s", cases[i].start);
    check_response(&(response){cases[i].start, "Content-Length: 5\nA: 1\n", cases[i].framing, NULL},
                   cases[i].goes ? "A: 1\n" : "Content-Length: 5\nA: 1\n");
  }
}

static void an_interim_head_passes_cleaned(void) {
  check_response(&(response){.start = "HTTP/1.1 103 Early Hints",
                             .fields = "Link: </a>\nConnection: x\nX: 1\n",
                             .policy = &everything},
                 "Link: </a>\nVia: 1.1 weir\n");
}

/* ---- trailers ---- */

static void trailers_lose_what_only_a_head_may_say(void) {
  static const char *const never[] = {"Content-Length",
                                      "transfer-encoding",
                                      "HOST",
                                      "Connection",
                                      "Keep-Alive",
                                      "TE",
                                      "Trailer",
                                      "Upgrade",
                                      "Authorization",
                                      "Proxy-Authorization",
                                      "WWW-Authenticate",
                                      "Cookie",
                                      "Set-Cookie",
                                      "Cache-Control",
                                      "Content-Type",
                                      "Content-Encoding",
                                      "Content-Range",
                                      "Expect",
                                      "If-None-Match",
                                      "Range",
                                      "Location",
                                      "Vary",
                                      "X-Forwarded-For",
                                      "Forwarded",
                                      "X-Real-IP",
                                      "Via",
                                      "Max-Forwards",
                                      "X-Accel-Buffering"};
  weir__mem mem;
  weir__mem_init(&mem, NULL);
  for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
    char fields[100];
    snprintf(fields, sizeof fields, "X-Sum: 1\n%s: 2\nETag: 3\n%s: 4\n", never[i], never[i]);
    weir_head *trailers = head_of(&mem, OK, fields);
    weir__forward_trailers(trailers, false);
    CHECK_CASE("%s", never[i]);
    CHECK_FIELDS(trailers, "X-Sum: 1\nETag: 3\n");
    weir__head_free(trailers);
  }
}

/* ---- memory ---- */

/* The arena is filled so far beforehand, so that its first block ends at another place each time. */
static int forward_behind(weir__mem *mem, void *filled) {
  static const char zeros[1024];
  weir_head *head = head_of(mem, GET,
                            "Host: a:80\nX-Forwarded-For: 10.0.0.1\nForwarded: for=10.0.0.1\n"
                            "Connection: upgrade\nUpgrade: websocket\n");
  if (!head) return WEIR_ENOMEM;
  int rc =
      weir__arena_copy(&head->arena, weir__slice_of(zeros, *(size_t *)filled)) ? 0 : WEIR_ENOMEM;
  weir__peer peer = peer_of(V6, true);
  const char *upgrade;
  bool te;
  if (!rc)
    rc = weir__forward_request(head, &everything, &peer, "override.example:8080", "origin",
                               &upgrade, &te);
  head->framing = WEIR__FRAMING_CHUNKED;
  head->status = 200;
  if (!rc) rc = weir__forward_response(head, &everything);
  free(head_text(head)); /* walks: a head half made would not survive it */
  weir__head_free(head);
  return rc;
}

static void every_failed_allocation_is_told(void) {
  for (size_t filled = 0; filled < 1024; filled++) check_each_failure(forward_behind, &filled);
}

/* ---- cost ---- */

/* Whoever names thousands costs no more than whoever names some hundred. */
static void the_first_256_names_in_connection_count(void) {
  static char fields[64 * 1024];
  for (int before = 255; before <= 256; before++) {
    size_t len = (size_t)sprintf(fields, "Host: a\nX-One: 1\nConnection: ");
    for (int i = 0; i < before; i++) len += (size_t)sprintf(fields + len, "zz,");
    strcpy(fields + len, "X-One\nConnection: x-one\n");
    CHECK_CASE("behind %d others", before);
    check_forwarded(&(request){.fields = fields},
                    before < 256 ? "Host: a\n" : "Host: a\nX-One: 1\n");
  }
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(hop_by_hop_fields_end_here);
  TEST(fields_named_in_connection_end_here);
  TEST(a_client_cannot_name_away_what_the_origin_relies_on);
  TEST(naming_a_forwarding_field_does_not_strip_ours);
  TEST(all_else_keeps_its_order_and_case);
  TEST(expect_goes_from_http_1_0_only);
  TEST(options_of_the_whole_server_keeps_its_target);
  TEST(only_protocols_of_the_policy_are_asked_for);
  TEST(a_flood_of_protocols_is_cut);
  TEST(an_upgrade_that_connection_does_not_name_is_none);
  TEST(http_1_0_upgrades_to_nothing);
  TEST(te_trailers_is_told_and_other_codings_dropped);
  TEST(host_is_that_of_the_override_else_the_client_else_the_origin);
  TEST(a_client_is_described_to_the_origin);
  TEST(a_unix_client_has_no_address_and_no_port);
  TEST(the_host_told_is_the_clients_own);
  TEST(what_an_untrusted_client_claims_is_replaced);
  TEST(what_an_untrusted_client_claims_goes_even_if_nothing_is_added);
  TEST(claims_with_underscores_go_too);
  TEST(what_a_trusted_client_says_is_kept_and_its_address_appended);
  TEST(what_a_trusted_client_leaves_open_is_filled_in);
  TEST(several_lists_of_a_trusted_client_become_one);
  TEST(a_trusted_unix_client_speaks_for_others);
  TEST(forwarded_quotes_what_is_no_token);
  TEST(forwarded_is_appended_for_trusted_and_replaced_for_others);
  TEST(via_is_added_behind_others_with_the_version_received);
  TEST(hop_by_hop_fields_of_a_response_end_here);
  TEST(a_response_gets_via_with_the_version_of_the_origin);
  TEST(only_a_stream_is_marked_as_not_to_be_buffered);
  TEST(content_length_goes_where_there_can_be_no_content);
  TEST(an_interim_head_passes_cleaned);
  TEST(trailers_lose_what_only_a_head_may_say);
  TEST(every_failed_allocation_is_told);
  TEST(the_first_256_names_in_connection_count);
  return check_end();
}
