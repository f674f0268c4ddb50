/* http/h1_read and http/h1_check over request heads: what is refused, and what a head means. */
#include "unit/http_h1_fixture.h"

/* A request with one good Host and these field lines, and what comes of it when it is good. */
#define GET(fields) "GET / HTTP/1.1\r\nHost: a\r\n" fields "\r\n"
#define GOT(fields) "GET / 1.1 keep none {Host: a}" fields " | end"
#define POST(fields) "POST / HTTP/1.1\r\nHost: a\r\n" fields "\r\n"
#define LINE(line) line "\r\nHost: a\r\n\r\n"
#define HOST(host) "GET / HTTP/1.1\r\nHost: " host "\r\n\r\n"
#define END WEIR__H1_END
#define SIXTEEN "0123456789abcdef"

/* ---- the request line ---- */

static void check_method(const char *method, bool good) {
  char input[200], log[200];
  int len = snprintf(input, sizeof input, "%s /x HTTP/1.1\r\nHost: a\r\n\r\n", method);
  snprintf(log, sizeof log, "%s /x 1.1 keep none {Host: a} | end", method);
  h1_case c = {.line = __LINE__,
               .name = method,
               .input = input,
               .len = (size_t)len,
               .log = good ? log : "",
               .result = good ? END : WEIR_EMESSAGE};
  h1_check_case(&c, WEIR__H1_REQUEST);
}

static void a_method_is_any_token(void) {
  static const char *const methods[] = {"GET",      "HEAD",       "POST",
                                        "PUT",      "DELETE",     "OPTIONS",
                                        "TRACE",    "PATCH",      "QUERY",
                                        "PROPFIND", "MKCALENDAR", "PURGE",
                                        "LINK",     "M-SEARCH",   "SUBSCRIBE",
                                        "SOURCE",   "DESCRIBE",   "SETUP",
                                        "REPORT",   "PRI",        "get",
                                        "Get",      "G",          "X-OTHER",
                                        "BREW",     "CONNECT2",   "!#$%&'*+-.^_`|~0aZ"};
  for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) check_method(methods[i], true);
}

static void a_method_has_at_most_64_bytes(void) {
  check_method(SIXTEEN SIXTEEN SIXTEEN SIXTEEN, true);
  check_method(SIXTEEN SIXTEEN SIXTEEN SIXTEEN "x", false);
}

static void what_is_no_token_is_no_method(void) {
  static const char *const methods[] = {"",     " GET", "\tGET",  "GET\t",  "G@T",    "G(T",
                                        "G\"T", "GET:", "G\xc3T", "G\x7fT", "G\x01T", "GET,",
                                        "G/T",  "{GET", "GET\r",  "GET\n",  "GET\r\n"};
  for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) check_method(methods[i], false);
  static const h1_case cases[] = {
      CASE("a NUL in the method", "G\000T / HTTP/1.1\r\nHost: a\r\n\r\n", "", WEIR_EMESSAGE),
      CASE("only a method", "GET\r\n\r\n", "", WEIR_EMESSAGE),
      CASE("a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01", "", WEIR_EMESSAGE),
  };
  CHECK_REQUESTS(cases);
}

static void the_request_line_has_two_single_spaces(void) {
  static const h1_case cases[] = {
      CASE("two spaces before the target", LINE("GET  / HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("many spaces before the target", LINE("GET     / HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("two spaces before the version", LINE("GET /  HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("a space behind the version", LINE("GET / HTTP/1.1 "), "", REFUSED),
      CASE("a tab behind the version", LINE("GET / HTTP/1.1\t"), "", REFUSED),
      CASE("a space in the target", LINE("GET /a b HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("a tab before the target", LINE("GET \t/ HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("a tab before the version", LINE("GET /\tHTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("no target", LINE("GET HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("an empty target", LINE("GET  HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("a space for a version", LINE("GET / "), "", WEIR_EMESSAGE),
      CASE("words behind the version", LINE("GET / HTTP/1.1 x"), "", REFUSED),
      CASE("bare LF behind the version", "GET / HTTP/1.1\nHost: a\r\n\r\n", "", REFUSED),
      CASE("bare CR behind the version", "GET / HTTP/1.1\rHost: a\r\n\r\n", "", WEIR_EMESSAGE),
      CASE("CR CR LF behind the version", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", "", WEIR_EMESSAGE),
      CASE("another line behind the target", "GET /\r\n HTTP/1.1\r\nHost: a\r\n\r\n", "", REFUSED),
  };
  CHECK_REQUESTS(cases);
}

static void only_http_1_0_and_1_1_are_spoken(void) {
  static const h1_case cases[] = {
      CASE("1.1", LINE("GET / HTTP/1.1"), "GET / 1.1 keep none {Host: a} | end", END),
      CASE("1.0", LINE("GET / HTTP/1.0"), "GET / 1.0 close none {Host: a} | end", END),
      CASE("0.9", LINE("GET / HTTP/0.9"), "", WEIR_EVERSION),
      CASE("1.2", LINE("GET / HTTP/1.2"), "", WEIR_EVERSION),
      CASE("1.9", LINE("GET / HTTP/1.9"), "", WEIR_EVERSION),
      CASE("2.0", LINE("GET / HTTP/2.0"), "", WEIR_EVERSION),
      CASE("3.0", LINE("GET / HTTP/3.0"), "", WEIR_EVERSION),
      CASE("the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "", REFUSED),
      CASE("none, as in 0.9", "GET /\r\n\r\n", "", REFUSED),
      CASE("none, but fields", LINE("GET /"), "", REFUSED),
      CASE("no minor number", LINE("GET / HTTP/1"), "", REFUSED),
      CASE("an empty minor number", LINE("GET / HTTP/1."), "", REFUSED),
      CASE("a minor number of two digits", LINE("GET / HTTP/1.10"), "", REFUSED),
      CASE("a major number of two digits", LINE("GET / HTTP/01.1"), "", REFUSED),
      CASE("no dot", LINE("GET / HTTP/11"), "", REFUSED),
      CASE("a comma", LINE("GET / HTTP/1,1"), "", REFUSED),
      CASE("letters", LINE("GET / HTTP/a.b"), "", REFUSED),
      CASE("lower case", LINE("GET / http/1.1"), "", WEIR_EMESSAGE),
      CASE("another name", LINE("GET / XTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("a longer name", LINE("GET / HTTPS/1.1"), "", WEIR_EMESSAGE),
      CASE("a space inside", LINE("GET / HTTP /1.1"), "", WEIR_EMESSAGE),
      CASE("GET by RTSP 1.0", LINE("GET / RTSP/1.0"), "", WEIR_EMESSAGE),
      CASE("GET by RTSP 1.1", LINE("GET / RTSP/1.1"), "", WEIR_EMESSAGE),
      CASE("POST by RTSP", LINE("POST / RTSP/1.1"), "", WEIR_EMESSAGE),
      CASE("SETUP by RTSP", LINE("SETUP / RTSP/1.0"), "", WEIR_EMESSAGE),
      CASE("GET by ICE", LINE("GET / ICE/1.0"), "", WEIR_EMESSAGE),
      CASE("SOURCE by ICE", LINE("SOURCE / ICE/1.0"), "", WEIR_EMESSAGE),
      CASE("CONNECT by RTSP", LINE("CONNECT a:1 RTSP/1.0"), "", WEIR_EMESSAGE),
  };
  CHECK_REQUESTS(cases);
}

/* ---- the target ---- */

static void origin_form_passes_as_it_came(void) {
  static const h1_case cases[] = {
      CASE("a path", LINE("GET /a/b HTTP/1.1"), "GET /a/b 1.1 keep none {Host: a} | end", END),
      CASE("a query", LINE("GET /a?b=c&d HTTP/1.1"), "GET /a?b=c&d 1.1 keep none {Host: a} | end",
           END),
      CASE("two slashes", LINE("GET //b/c HTTP/1.1"), "GET //b/c 1.1 keep none {Host: a} | end",
           END),
      CASE("dots", LINE("GET /../a/. HTTP/1.1"), "GET /../a/. 1.1 keep none {Host: a} | end", END),
      CASE("escapes", LINE("GET /%20%zz HTTP/1.1"), "GET /%20%zz 1.1 keep none {Host: a} | end",
           END),
      CASE("every sign", LINE("GET /-._~!$&'()*+,;=:@?/? HTTP/1.1"),
           "GET /-._~!$&'()*+,;=:@?/? 1.1 keep none {Host: a} | end", END),
      CASE("a URL in it", LINE("GET /http://b/ HTTP/1.1"),
           "GET /http://b/ 1.1 keep none {Host: a} | end", END),
      CASE("a fragment", LINE("GET /a#b HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("obs-text", LINE("GET /\xc3\xa4 HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("a NUL", LINE("GET /a\000b HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("a control", LINE("GET /a\001b HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("DEL", LINE("GET /a\177b HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("a tab", LINE("GET /a\tb HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("bare CR", LINE("GET /a\rb HTTP/1.1"), "", REFUSED),
      CASE("bare LF", LINE("GET /a\nb HTTP/1.1"), "", REFUSED),
      CASE("no slash", LINE("GET a HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("only a query", LINE("GET ?a HTTP/1.1"), "", WEIR_EMESSAGE),
  };
  CHECK_REQUESTS(cases);
}

/* RFC 9112, 3.2.2. */
static void the_host_of_absolute_form_wins(void) {
  static const h1_case cases[] = {
      CASE("a path", LINE("GET http://b/x?y HTTP/1.1"),
           "GET /x?y 1.1 keep none host=b {Host: a} | end", END),
      CASE("no path", LINE("GET http://b HTTP/1.1"), "GET / 1.1 keep none host=b {Host: a} | end",
           END),
      CASE("no path but a query", LINE("GET http://b?x HTTP/1.1"),
           "GET /?x 1.1 keep none host=b {Host: a} | end", END),
      CASE("a port", LINE("GET http://b:81/ HTTP/1.1"),
           "GET / 1.1 keep none host=b:81 {Host: a} | end", END),
      CASE("an IPv6 address", LINE("GET http://[::1]:81/x HTTP/1.1"),
           "GET /x 1.1 keep none host=[::1]:81 {Host: a} | end", END),
      CASE("capitals", LINE("GET HTTP://B/ HTTP/1.1"), "GET / 1.1 keep none host=B {Host: a} | end",
           END),
      CASE("https", LINE("GET https://b/ HTTP/1.1"), "GET / 1.1 keep none host=b {Host: a} | end",
           END),
      CASE("a URL as path", LINE("GET http://b/http://c/ HTTP/1.1"),
           "GET /http://c/ 1.1 keep none host=b {Host: a} | end", END),
      CASE("no Host, 1.0", "GET http://b/ HTTP/1.0\r\n\r\n", "GET / 1.0 close none host=b | end",
           END),
      CASE("no Host, 1.1", "GET http://b/ HTTP/1.1\r\n\r\n", "", WEIR_EHOST),
      CASE("a bad Host", "GET http://b/ HTTP/1.1\r\nHost: a b\r\n\r\n", "", WEIR_EHOST),
      CASE("userinfo", LINE("GET http://u@b/ HTTP/1.1"), "", REFUSED),
      CASE("userinfo that looks like a host", LINE("GET http://b:80@c/ HTTP/1.1"), "", REFUSED),
      CASE("an empty host", LINE("GET http:///x HTTP/1.1"), "", REFUSED),
      CASE("only a port", LINE("GET http://:80/ HTTP/1.1"), "", REFUSED),
      CASE("a port out of range", LINE("GET http://b:65536/ HTTP/1.1"), "", WEIR_EHOST),
      CASE("a comma in the port", LINE("GET http://b:8,0/ HTTP/1.1"), "", REFUSED),
      CASE("a fragment", LINE("GET http://b/x#y HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("a fragment for a path", LINE("GET http://b#y HTTP/1.1"), "", REFUSED),
      CASE("another scheme", LINE("GET ftp://b/ HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("no scheme", LINE("GET ://b/ HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("one slash", LINE("GET http:/b HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("nothing behind the slashes", LINE("GET http:// HTTP/1.1"), "", REFUSED),
      CASE("obs-text", LINE("GET http://b/\xff HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("a backslash", LINE("GET http://b\\c/ HTTP/1.1"), "", REFUSED),
  };
  CHECK_REQUESTS(cases);
}

static void asterisk_form_is_for_options(void) {
  static const h1_case cases[] = {
      CASE("the server", LINE("OPTIONS * HTTP/1.1"), "OPTIONS * 1.1 keep none {Host: a} | end",
           END),
      CASE("a path", LINE("OPTIONS /x HTTP/1.1"), "OPTIONS /x 1.1 keep none {Host: a} | end", END),
      CASE("absolute without path", LINE("OPTIONS http://b HTTP/1.1"),
           "OPTIONS * 1.1 keep none host=b {Host: a} | end", END),
      CASE("absolute with path", LINE("OPTIONS http://b/ HTTP/1.1"),
           "OPTIONS / 1.1 keep none host=b {Host: a} | end", END),
      CASE("absolute with query", LINE("OPTIONS http://b?c HTTP/1.1"),
           "OPTIONS /?c 1.1 keep none host=b {Host: a} | end", END),
      CASE("GET", LINE("GET * HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("another method", LINE("options * HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("two", LINE("OPTIONS ** HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("with a path", LINE("OPTIONS */x HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("with a query", LINE("OPTIONS *?x HTTP/1.1"), "", WEIR_EMESSAGE),
  };
  CHECK_REQUESTS(cases);
}

static void authority_form_is_for_connect(void) {
  static const h1_case cases[] = {
      CASE("a name", LINE("CONNECT b:443 HTTP/1.1"), "CONNECT b:443 1.1 keep none {Host: a} | end",
           END),
      CASE("an IPv4 address", LINE("CONNECT 192.0.2.7:1 HTTP/1.1"),
           "CONNECT 192.0.2.7:1 1.1 keep none {Host: a} | end", END),
      CASE("an IPv6 address", LINE("CONNECT [::1]:443 HTTP/1.1"),
           "CONNECT [::1]:443 1.1 keep none {Host: a} | end", END),
      CASE("no port", LINE("CONNECT b HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("an empty port", LINE("CONNECT b: HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("IPv6 without port", LINE("CONNECT [2001:db8::1] HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("IPv6 that ends in colons", LINE("CONNECT [1::] HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("IPv6 with an empty port", LINE("CONNECT [::1]: HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("a port out of range", LINE("CONNECT b:65536 HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("letters for a port", LINE("CONNECT b:https HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("two ports", LINE("CONNECT b:1:2 HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("userinfo", LINE("CONNECT u@b:1 HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("a path", LINE("CONNECT / HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("a host and a path", LINE("CONNECT b:1/x HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("a URL", LINE("CONNECT http://b:1 HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("an asterisk", LINE("CONNECT * HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("GET", LINE("GET b:443 HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("another method", LINE("connect b:443 HTTP/1.1"), "", WEIR_EMESSAGE),
      CASE("no Host", "CONNECT b:443 HTTP/1.1\r\n\r\n", "", WEIR_EHOST),
  };
  CHECK_REQUESTS(cases);
}

/* RFC 9110, 9.3.6: what follows is no content, so a length would be read by one and not by another. */
static void connect_has_no_body(void) {
  static const h1_case cases[] = {
      CASE("bytes behind it", LINE("CONNECT b:1 HTTP/1.1") "\x16\x03\x01",
           "CONNECT b:1 1.1 keep none {Host: a} | end | rest \\x16\\x03\\x01", END, .once = true),
      CASE("no length", "CONNECT b:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
           "CONNECT b:1 1.1 keep length=0 {Host: a}{Content-Length: 0} | end", END),
      CASE("a length", "CONNECT b:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", "",
           WEIR_EFRAMING),
      CASE("chunks",
           "CONNECT b:1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "",
           WEIR_EFRAMING),
  };
  CHECK_REQUESTS(cases);
}

/* ---- Host ---- */

static void there_is_exactly_one_host(void) {
  static const h1_case cases[] = {
      CASE("none", "GET / HTTP/1.1\r\n\r\n", "", WEIR_EHOST),
      CASE("none but others", "GET / HTTP/1.1\r\nHosts: a\r\nX-Host: a\r\n\r\n", "", WEIR_EHOST),
      CASE("none in 1.0", "GET / HTTP/1.0\r\n\r\n", "GET / 1.0 close none | end", END),
      CASE("two", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "", WEIR_EHOST),
      CASE("two that agree", "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nhOST: a\r\n\r\n", "",
           WEIR_EHOST),
      CASE("two in 1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", "", WEIR_EHOST),
      CASE("any case", "GET / HTTP/1.1\r\nhoST: a\r\n\r\n", "GET / 1.1 keep none {hoST: a} | end",
           END),
      CASE("not the first field", "GET / HTTP/1.1\r\nX: y\r\nHost: a\r\n\r\n",
           "GET / 1.1 keep none {X: y}{Host: a} | end", END),
  };
  CHECK_REQUESTS(cases);
}

#define GOT_HOST(host) "GET / 1.1 keep none {Host: " host "} | end"
#define NAME_255 \
  SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN \
      SIXTEEN SIXTEEN SIXTEEN "0123456789abcde"

static void a_host_is_a_name_or_an_address_and_perhaps_a_port(void) {
  static const h1_case cases[] = {
      CASE("a name", HOST("b.example"), GOT_HOST("b.example"), END),
      CASE("every sign", HOST("-._~!$&'()*+,;=%41"), GOT_HOST("-._~!$&'()*+,;=%41"), END),
      CASE("an address", HOST("192.0.2.7:8080"), GOT_HOST("192.0.2.7:8080"), END),
      CASE("IPv6", HOST("[2001:db8::1]"), GOT_HOST("[2001:db8::1]"), END),
      CASE("IPv6 and a port", HOST("[::1]:80"), GOT_HOST("[::1]:80"), END),
      CASE("a port", HOST("b:65535"), GOT_HOST("b:65535"), END),
      CASE("an empty port", HOST("b:"), GOT_HOST("b:"), END),
      CASE("white space around", "GET / HTTP/1.1\r\nHost:\t b \t\r\n\r\n", GOT_HOST("b"), END),
      CASE("255 bytes", HOST(NAME_255), GOT_HOST(NAME_255), END),
      CASE("256 bytes", HOST(NAME_255 "x"), "", WEIR_EHOST),
      CASE("empty", HOST(""), "", WEIR_EHOST),
      CASE("empty in 1.0", "GET / HTTP/1.0\r\nHost:\r\n\r\n", "", WEIR_EHOST),
      CASE("white space", HOST(" \t "), "", WEIR_EHOST),
      CASE("only a port", HOST(":80"), "", WEIR_EHOST),
      CASE("a port out of range", HOST("b:65536"), "", WEIR_EHOST),
      CASE("a port of six digits", HOST("b:000080"), "", WEIR_EHOST),
      CASE("a signed port", HOST("b:+80"), "", WEIR_EHOST),
      CASE("letters for a port", HOST("b:http"), "", WEIR_EHOST),
      CASE("two ports", HOST("b:80:80"), "", WEIR_EHOST),
      CASE("userinfo", HOST("u@b"), "", WEIR_EHOST),
      CASE("userinfo with a password", HOST("u:p@b"), "", WEIR_EHOST),
      CASE("two hosts", HOST("b c"), "", WEIR_EHOST),
      CASE("a path", HOST("b/c"), "", WEIR_EHOST),
      CASE("a query", HOST("b?c"), "", WEIR_EHOST),
      CASE("a fragment", HOST("b#c"), "", WEIR_EHOST),
      CASE("a backslash", HOST("b\\c"), "", WEIR_EHOST),
      CASE("a URL", HOST("http://b"), "", WEIR_EHOST),
      CASE("a quote", HOST("\"b\""), "", WEIR_EHOST),
      CASE("obs-text", HOST("\xc3\xa4"), "", WEIR_EHOST),
      CASE("half an escape", HOST("b%4"), "", WEIR_EHOST),
      CASE("a bad escape", HOST("%zz"), "", WEIR_EHOST),
      CASE("IPv6 without brackets", HOST("::1"), "", WEIR_EHOST),
      CASE("IPv6 with one bracket", HOST("[::1"), "", WEIR_EHOST),
      CASE("IPv6 with the other", HOST("::1]"), "", WEIR_EHOST),
      CASE("IPv6 and a name", HOST("[::1]b"), "", WEIR_EHOST),
      CASE("a name and IPv6", HOST("b[::1]"), "", WEIR_EHOST),
      CASE("a name in brackets", HOST("[b]"), "", WEIR_EHOST),
      CASE("no IPv6", HOST("[::g]"), "", WEIR_EHOST),
      CASE("a tab inside", HOST("b\tc"), "", WEIR_EHOST),
  };
  CHECK_REQUESTS(cases);
}

/* ---- how long the body is ---- */

#define LENGTH(value) POST("Content-Length:" value "\r\n") "hello"
#define HELLO "POST / 1.1 keep length=5 {Host: a}{Content-Length: 5} | body hello | end"

static void content_length_is_one_number(void) {
  static const h1_case cases[] = {
      CASE("a number", LENGTH(" 5"), HELLO, END),
      CASE("no white space", LENGTH("5"), HELLO, END),
      CASE("much white space", LENGTH("  \t 5  "), HELLO, END),
      CASE("any case", POST("cONTENT-lENGTH: 5\r\n") "hello",
           "POST / 1.1 keep length=5 {Host: a}{cONTENT-lENGTH: 5} | body hello | end", END),
      CASE("leading zeros", LENGTH(" 005"), HELLO, END),
      CASE("as many as there are digits", LENGTH(" 00000000000000000000000000000005"), HELLO, END),
      CASE("zero", POST("Content-Length: 0\r\n"),
           "POST / 1.1 keep length=0 {Host: a}{Content-Length: 0} | end", END),
      CASE("zeros", POST("Content-Length: 000\r\n"),
           "POST / 1.1 keep length=0 {Host: a}{Content-Length: 0} | end", END),
      CASE("with GET", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
           "GET / 1.1 keep length=5 {Host: a}{Content-Length: 5} | body hello | end", END),
      CASE("with HEAD", "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
           "HEAD / 1.1 keep length=5 {Host: a}{Content-Length: 5} | body hello | end", END),
      CASE("in 1.0", "POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello",
           "POST / 1.0 close length=5 {Content-Length: 5} | body hello | end", END),
      CASE("none with POST", POST(""), "POST / 1.1 keep none {Host: a} | end", END),
      CASE("the largest", POST("Content-Length: 9223372036854775807\r\n") "hello",
           "POST / 1.1 keep length=9223372036854775807 {Host: a}"
           "{Content-Length: 9223372036854775807} | body hello",
           0),
      CASE("one more", LENGTH(" 18446744073709551616"), "", WEIR_EFRAMING),
      CASE("one more than a signed count holds", LENGTH(" 9223372036854775808"), "", WEIR_EFRAMING),
      CASE("ten times it", LENGTH(" 92233720368547758070"), "", WEIR_EFRAMING),
      CASE("what wraps around to 5", LENGTH(" 18446744073709551621"), "", WEIR_EFRAMING),
      CASE("a plus", LENGTH(" +5"), "", WEIR_EFRAMING),
      CASE("a minus", LENGTH(" -5"), "", WEIR_EFRAMING),
      CASE("two numbers", LENGTH(" 5 5"), "", WEIR_EFRAMING),
      CASE("a list", LENGTH(" 5,5"), "", WEIR_EFRAMING),
      CASE("a list with a space", LENGTH(" 5, 5"), "", WEIR_EFRAMING),
      CASE("half a list", LENGTH(" 5,"), "", WEIR_EFRAMING),
      CASE("hexadecimal", LENGTH(" 0x5"), "", WEIR_EFRAMING),
      CASE("hexadecimal letters", LENGTH(" 5a"), "", WEIR_EFRAMING),
      CASE("a fraction", LENGTH(" 5.0"), "", WEIR_EFRAMING),
      CASE("an exponent", LENGTH(" 5e0"), "", WEIR_EFRAMING),
      CASE("quotes", LENGTH(" \"5\""), "", WEIR_EFRAMING),
      CASE("a parameter", LENGTH(" 5;x"), "", WEIR_EFRAMING),
      CASE("obs-text", LENGTH(" 5\xa0"), "", WEIR_EFRAMING),
      CASE("nothing", LENGTH(""), "", WEIR_EFRAMING),
      CASE("white space only", LENGTH(" \t "), "", REFUSED),
      CASE("twice the same", LENGTH(" 5\r\nContent-Length: 5"), "", WEIR_EFRAMING),
      CASE("twice, otherwise", LENGTH(" 5\r\nContent-Length: 6"), "", WEIR_EFRAMING),
      CASE("first empty", LENGTH("\r\nContent-Length: 5"), "", WEIR_EFRAMING),
      CASE("then empty", LENGTH(" 5\r\ncontent-length:"), "", WEIR_EFRAMING),
      CASE("folded", LENGTH("\r\n 5"), "", WEIR_EMESSAGE),
      CASE("folded behind it", LENGTH(" 5\r\n 5"), "", WEIR_EMESSAGE),
      CASE("a space before the colon", POST("Content-Length : 5\r\n") "hello", "", WEIR_EMESSAGE),
      CASE("an underscore is another name", POST("Content_Length: 5\r\n"),
           "POST / 1.1 keep none {Host: a}{Content_Length: 5} | end", END),
      CASE("other names that begin or end like it",
           POST("Content-Lengt: 5\r\nContent-Lengths: 6\r\nX-Content-Length: 7\r\n"),
           "POST / 1.1 keep none {Host: a}{Content-Lengt: 5}{Content-Lengths: 6}"
           "{X-Content-Length: 7} | end",
           END),
  };
  CHECK_REQUESTS(cases);
}

#define CODING(value) POST("Transfer-Encoding:" value "\r\n") "5\r\nhello\r\n0\r\n\r\n"
#define CHUNKED(value) \
  "POST / 1.1 keep chunked {Host: a}{Transfer-Encoding: " value "} | body hello | end"

static void transfer_encoding_is_chunked_and_nothing_else(void) {
  static const h1_case cases[] = {
      CASE("chunked", CODING(" chunked"), CHUNKED("chunked"), END),
      CASE("capitals", CODING(" Chunked"), CHUNKED("Chunked"), END),
      CASE("more capitals", CODING(" CHUNKED"), CHUNKED("CHUNKED"), END),
      CASE("no space", CODING("chunked"), CHUNKED("chunked"), END),
      CASE("a space behind", CODING(" chunked "), CHUNKED("chunked"), END),
      CASE("a tab before", CODING("\tchunked"), CHUNKED("chunked"), END),
      CASE("twice in one", CODING(" chunked, chunked"), "", WEIR_EFRAMING),
      CASE("twice in two", CODING(" chunked\r\nTransfer-Encoding: chunked"), "", WEIR_EFRAMING),
      CASE("gzip first", CODING(" gzip, chunked"), "", WEIR_EFRAMING),
      CASE("gzip first in two", CODING(" gzip\r\nTransfer-Encoding: chunked"), "", WEIR_EFRAMING),
      CASE("gzip last", CODING(" chunked, gzip"), "", WEIR_EFRAMING),
      CASE("gzip", CODING(" gzip"), "", WEIR_EFRAMING),
      CASE("identity", CODING(" identity"), "", WEIR_EFRAMING),
      CASE("identity first", CODING(" identity, chunked"), "", WEIR_EFRAMING),
      CASE("identity behind", CODING(" chunked\r\nTransfer-Encoding: identity"), "", WEIR_EFRAMING),
      CASE("xchunked", CODING(" xchunked"), "", WEIR_EFRAMING),
      CASE("chunkedx", CODING(" chunkedx"), "", WEIR_EFRAMING),
      CASE("chunk", CODING(" chunk"), "", WEIR_EFRAMING),
      CASE("a parameter", CODING(" chunked;q=1"), "", WEIR_EFRAMING),
      CASE("quotes", CODING(" \"chunked\""), "", WEIR_EFRAMING),
      CASE("empty elements", CODING(" ,chunked"), "", WEIR_EFRAMING),
      CASE("a comma behind", CODING(" chunked,"), "", WEIR_EFRAMING),
      CASE("nothing", CODING(""), "", WEIR_EFRAMING),
      CASE("a space inside", CODING(" chu nked"), "", WEIR_EFRAMING),
      CASE("a vertical tab before", CODING(" \vchunked"), "", REFUSED),
      CASE("a NUL behind", CODING(" chunked\000"), "", REFUSED),
      CASE("obs-text behind", CODING(" chunked\x80"), "", WEIR_EFRAMING),
      CASE("folded", CODING("\r\n chunked"), "", WEIR_EMESSAGE),
      CASE("folded with a tab", CODING(" chunked\r\n\tx"), "", WEIR_EMESSAGE),
      CASE("a space before the colon", POST("Transfer-Encoding : chunked\r\n") "0\r\n\r\n", "",
           WEIR_EMESSAGE),
      CASE("an underscore is another name", POST("Transfer_Encoding: chunked\r\n"),
           "POST / 1.1 keep none {Host: a}{Transfer_Encoding: chunked} | end", END),
      CASE("in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "",
           WEIR_EFRAMING),
      CASE("with a length", CODING(" chunked\r\nContent-Length: 5"), "", WEIR_EFRAMING),
      CASE("with a length of 0", CODING(" chunked\r\nContent-Length: 0"), "", WEIR_EFRAMING),
      CASE("behind a length", POST("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), "",
           WEIR_EFRAMING),
      CASE("identity with a length", POST("Content-Length: 5\r\nTransfer-Encoding: identity\r\n"),
           "", WEIR_EFRAMING),
      CASE("empty with a length", POST("Content-Length: 5\r\nTransfer-Encoding:\r\n"), "",
           WEIR_EFRAMING),
  };
  CHECK_REQUESTS(cases);
}

/* White space at its end is no part of a value, be it spaces or tabs: read as chunked or refused, but
 * never read as anything else. */
static void a_tab_behind_chunked_changes_nothing_or_all(void) {
  static const h1_case cases[] = {
      CASE("a tab", CODING(" chunked\t") "x", "", REFUSED),
      CASE("a space and a tab", CODING(" chunked \t") "x", "", REFUSED),
  };
  CHECK_REQUESTS(cases);
}

/* ---- field lines ---- */

static void field_names_are_tokens(void) {
  static const h1_case cases[] = {
      CASE("every sign", GET("!#$%&'*+-.^_`|~0aZ: x\r\n"), GOT("{!#$%&'*+-.^_`|~0aZ: x}"), END),
      CASE("order, case and repetition stay", GET("b: 1\r\nA: 2\r\nB: 3\r\na: 4\r\n"),
           GOT("{b: 1}{A: 2}{B: 3}{a: 4}"), END),
      CASE("a space before the colon", GET("X : y\r\n"), "", WEIR_EMESSAGE),
      CASE("a tab before the colon", GET("X\t: y\r\n"), "", WEIR_EMESSAGE),
      CASE("an empty name", GET(": y\r\n"), "", WEIR_EMESSAGE),
      CASE("only a colon", GET(":\r\n"), "", WEIR_EMESSAGE),
      CASE("an empty name that hides the next line", GET(":\r\nX: y\r\n"), "", WEIR_EMESSAGE),
      CASE("a space inside", GET("X Y: z\r\n"), "", WEIR_EMESSAGE),
      CASE("no colon", GET("X\r\n"), "", WEIR_EMESSAGE),
      CASE("a bracket", GET("X(: y\r\n"), "", WEIR_EMESSAGE),
      CASE("an at sign", GET("X@Y: z\r\n"), "", WEIR_EMESSAGE),
      CASE("a slash", GET("X/Y: z\r\n"), "", WEIR_EMESSAGE),
      CASE("a quote", GET("\"X\": z\r\n"), "", WEIR_EMESSAGE),
      CASE("a brace", GET("{X}: z\r\n"), "", WEIR_EMESSAGE),
      CASE("a NUL", GET("X\000: y\r\n"), "", WEIR_EMESSAGE),
      CASE("a control", GET("X\001: y\r\n"), "", WEIR_EMESSAGE),
      CASE("DEL", GET("X\177: y\r\n"), "", WEIR_EMESSAGE),
      CASE("obs-text", GET("X\xc3\xa4: y\r\n"), "", WEIR_EMESSAGE),
      CASE("bare CR", GET("X\r: y\r\n"), "", WEIR_EMESSAGE),
      CASE("bare LF", GET("X\n: y\r\n"), "", WEIR_EMESSAGE),
      CASE("the first line", "GET / HTTP/1.1\r\n: y\r\nHost: a\r\n\r\n", "", WEIR_EMESSAGE),
  };
  CHECK_REQUESTS(cases);
}

static void field_values_have_no_controls(void) {
  static const h1_case cases[] = {
      CASE("no white space", GET("X:y\r\n"), GOT("{X: y}"), END),
      CASE("white space around", GET("X: \t y z \t \r\n"), GOT("{X: y z}"), END),
      CASE("a tab inside", GET("X: y\tz\r\n"), GOT("{X: y\\x09z}"), END),
      CASE("empty", GET("X:\r\n"), GOT("{X: }"), END),
      CASE("white space only", GET("X: \t \r\n"), GOT("{X: }"), END),
      CASE("empty, first and last", "GET / HTTP/1.1\r\nX:\r\nHost: a\r\nY:\r\n\r\n",
           "GET / 1.1 keep none {X: }{Host: a}{Y: } | end", END),
      CASE("colons", GET("X:::y:\r\n"), GOT("{X: ::y:}"), END),
      CASE("obs-text", GET("X: \x80\xff\r\n"), GOT("{X: \\x80\\xff}"), END),
      CASE("every sign", GET("X: ()<>@,;\\\"/[]?={}\r\n"), GOT("{X: ()<>@,;\\\"/[]?={}}"), END),
      CASE("a NUL", GET("X: y\000z\r\n"), "", WEIR_EMESSAGE),
      CASE("a NUL first", GET("X: \000\r\n"), "", WEIR_EMESSAGE),
      CASE("a control", GET("X: \001\r\n"), "", WEIR_EMESSAGE),
      CASE("a backspace", GET("X: y\bz\r\n"), "", WEIR_EMESSAGE),
      CASE("a vertical tab", GET("X: y\vz\r\n"), "", WEIR_EMESSAGE),
      CASE("a form feed", GET("X: y\fz\r\n"), "", WEIR_EMESSAGE),
      CASE("an escape", GET("X: \033[31m\r\n"), "", WEIR_EMESSAGE),
      CASE("the last control", GET("X: \037\r\n"), "", WEIR_EMESSAGE),
      CASE("DEL", GET("X: y\177\r\n"), "", WEIR_EMESSAGE),
      CASE("a control in a Connection", GET("Connection: y\001\r\n"), "", WEIR_EMESSAGE),
      CASE("bare CR", GET("X: y\rz\r\n"), "", WEIR_EMESSAGE),
      CASE("bare CR at its end", GET("X: y\rY: z\r\n"), "", WEIR_EMESSAGE),
      CASE("bare CR first", GET("X:\rY: z\r\n"), "", WEIR_EMESSAGE),
      CASE("bare CR behind white space", GET("X: \r Y: z\r\n"), "", WEIR_EMESSAGE),
      CASE("bare LF", GET("X: y\nY: z\r\n"), "", WEIR_EMESSAGE),
      CASE("bare LF first", GET("X:\nY: z\r\n"), "", WEIR_EMESSAGE),
      CASE("bare LF behind white space", GET("X: \nY: z\r\n"), "", WEIR_EMESSAGE),
      CASE("bare LF and a line that smuggles", GET("X: y\nContent-Length: 5\r\n"), "",
           WEIR_EMESSAGE),
      CASE("CR CR LF", GET("X: y\r\r\n"), "", WEIR_EMESSAGE),
      CASE("CR CR LF of an empty one", GET("X:\r\r\n"), "", WEIR_EMESSAGE),
      CASE("LF CR", GET("X: y\n\rY: z\r\n"), "", WEIR_EMESSAGE),
      CASE("bare LF of the Host", "GET / HTTP/1.1\r\nHost: a\n\r\n", "", WEIR_EMESSAGE),
      CASE("bare LF of a length", POST("Content-Length: 0\n"), "", WEIR_EMESSAGE),
      CASE("bare LF of a coding", POST("Transfer-Encoding: chunked\n"), "", WEIR_EMESSAGE),
      CASE("bare CR of a length", POST("Content-Length: 0\rX: y\r\n"), "", WEIR_EMESSAGE),
      CASE("bare CR of a coding", POST("Transfer-Encoding: chunked\rX: y\r\n"), "", WEIR_EMESSAGE),
      CASE("bare LF of a Connection", GET("Connection: close\n"), "", WEIR_EMESSAGE),
  };
  CHECK_REQUESTS(cases);
}

/* RFC 9112, 5.2. */
static void folded_lines_are_refused(void) {
  static const h1_case cases[] = {
      CASE("the first field", "GET / HTTP/1.1\r\nHost: a\r\n b\r\nX: y\r\n\r\n", "", WEIR_EMESSAGE),
      CASE("a field in the middle", GET("X: y\r\n z\r\nY: z\r\n"), "", WEIR_EMESSAGE),
      CASE("the last field", GET("X: y\r\n z\r\n"), "", WEIR_EMESSAGE),
      CASE("with a tab", GET("X: y\r\n\tz\r\n"), "", WEIR_EMESSAGE),
      CASE("behind an empty value", GET("X:\r\n y\r\n"), "", WEIR_EMESSAGE),
      CASE("behind white space", GET("X: \r\n y\r\n"), "", WEIR_EMESSAGE),
      CASE("to nothing", GET("X: y\r\n \r\n"), "", WEIR_EMESSAGE),
      CASE("from nothing to nothing", GET("X:\r\n \r\n"), "", WEIR_EMESSAGE),
      CASE("a line that looks like a field", GET("X: y\r\n Content-Length: 5\r\n"), "",
           WEIR_EMESSAGE),
      CASE("before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "", WEIR_EMESSAGE),
      CASE("a blank line before the first field", "GET / HTTP/1.1\r\n \r\nHost: a\r\n\r\n", "",
           WEIR_EMESSAGE),
      CASE("at the end of the head", "GET / HTTP/1.0\r\n\t\r\n\r\n", "", WEIR_EMESSAGE),
      CASE("a Connection", GET("Connection: close\r\n , x\r\n"), "", WEIR_EMESSAGE),
  };
  CHECK_REQUESTS(cases);
}

static void a_head_ends_with_an_empty_line_and_nothing_else(void) {
  static const h1_case cases[] = {
      CASE("CRLF", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", GOT(""), END),
      CASE("CR X", "GET / HTTP/1.1\r\nHost: a\r\n\rX", "", WEIR_EMESSAGE),
      CASE("CR X and more", "GET / HTTP/1.1\r\nHost: a\r\n\rX\r\n\r\n", "", WEIR_EMESSAGE),
      CASE("CR and a field", "GET / HTTP/1.1\r\nHost: a\r\n\rX: y\r\n\r\n", "", WEIR_EMESSAGE),
      CASE("CR SP LF", "GET / HTTP/1.1\r\nHost: a\r\n\r \n", "", WEIR_EMESSAGE),
      CASE("CR CR LF", "GET / HTTP/1.1\r\nHost: a\r\n\r\r\n", "", WEIR_EMESSAGE),
      CASE("LF", "GET / HTTP/1.1\r\nHost: a\r\n\n", "", WEIR_EMESSAGE),
      CASE("LF LF", "GET / HTTP/1.1\r\nHost: a\n\n", "", WEIR_EMESSAGE),
      CASE("only LFs", "GET / HTTP/1.1\nHost: a\n\n", "", REFUSED),
      CASE("a NUL", "GET / HTTP/1.1\r\nHost: a\r\n\000\r\n\r\n", "", WEIR_EMESSAGE),
      CASE("CR X behind a length", POST("Content-Length: 5\r\n\rX"), "", WEIR_EMESSAGE),
      CASE("LF without fields", "GET / HTTP/1.0\r\n\n", "", WEIR_EMESSAGE),
      CASE("CR X without fields", "GET / HTTP/1.0\r\n\rX", "", WEIR_EMESSAGE),
  };
  CHECK_REQUESTS(cases);
}

/* ---- empty lines ---- */

#define PLAIN GET("")

/* RFC 9112, 2.2. */
static void two_empty_lines_before_a_request_are_forgiven(void) {
  static const h1_case cases[] = {
      CASE("one", "\r\n" PLAIN, GOT(""), END),
      CASE("two", "\r\n\r\n" PLAIN, GOT(""), END),
      CASE("three", "\r\n\r\n\r\n" PLAIN, "", WEIR_EMESSAGE),
      CASE("two between two requests", PLAIN "\r\n\r\n" PLAIN, GOT("") " | " GOT(""), END),
      CASE("three between two requests", PLAIN "\r\n\r\n\r\n" PLAIN, GOT(""), WEIR_EMESSAGE),
      CASE("two, and two again", "\r\n\r\n" PLAIN "\r\n\r\n" PLAIN, GOT("") " | " GOT(""), END),
      CASE("behind a body", POST("Content-Length: 5\r\n") "hello\r\n" PLAIN, HELLO " | " GOT(""),
           END),
      CASE("LF", "\n" PLAIN, "", WEIR_EMESSAGE),
      CASE("LF behind one", "\r\n\n" PLAIN, "", WEIR_EMESSAGE),
      CASE("CR", "\r" PLAIN, "", WEIR_EMESSAGE),
      CASE("CR CR LF", "\r\r\n" PLAIN, "", WEIR_EMESSAGE),
      CASE("LF CR", "\n\r" PLAIN, "", WEIR_EMESSAGE),
      CASE("a space in it", " \r\n" PLAIN, "", WEIR_EMESSAGE),
      CASE("a NUL in it", "\000\r\n" PLAIN, "", WEIR_EMESSAGE),
      CASE("a UTF-8 byte order mark", "\xef\xbb\xbf" PLAIN, "", WEIR_EMESSAGE),
  };
  CHECK_REQUESTS(cases);
}

/* ---- what else a head says ---- */

#define CONNECTION(version, fields) "GET / HTTP/" version "\r\nHost: a\r\n" fields "\r\n"

/* RFC 9112, 9.3. */
static void a_connection_is_kept_unless_it_says_otherwise(void) {
  static const h1_case cases[] = {
      CASE("1.1 close", CONNECTION("1.1", "Connection: close\r\n"),
           "GET / 1.1 close none {Host: a}{Connection: close} | end", END),
      CASE("1.1 capitals", CONNECTION("1.1", "Connection: Close\r\n"),
           "GET / 1.1 close none {Host: a}{Connection: Close} | end", END),
      CASE("1.1 in a list", CONNECTION("1.1", "Connection: x,, close ,y\r\n"),
           "GET / 1.1 close none {Host: a}{Connection: x,, close ,y} | end", END),
      CASE("1.1 in the second field", CONNECTION("1.1", "Connection: x\r\nconnection: close\r\n"),
           "GET / 1.1 close none {Host: a}{Connection: x}{connection: close} | end", END),
      CASE("1.1 close wins", CONNECTION("1.1", "Connection: keep-alive, close\r\n"),
           "GET / 1.1 close none {Host: a}{Connection: keep-alive, close} | end", END),
      CASE("1.1 what only looks like it", CONNECTION("1.1", "Connection: closed, xclose\r\n"),
           "GET / 1.1 keep none {Host: a}{Connection: closed, xclose} | end", END),
      CASE("1.1 another field", CONNECTION("1.1", "Proxy-Connection: close\r\n"),
           "GET / 1.1 keep none {Host: a}{Proxy-Connection: close} | end", END),
      CASE("1.0 keep-alive", CONNECTION("1.0", "Connection: Keep-Alive\r\n"),
           "GET / 1.0 keep none {Host: a}{Connection: Keep-Alive} | end", END),
      CASE("1.0 both", CONNECTION("1.0", "Connection: keep-alive\r\nConnection: close\r\n"),
           "GET / 1.0 close none {Host: a}{Connection: keep-alive}{Connection: close} | end", END),
      CASE("1.0 another field", CONNECTION("1.0", "Proxy-Connection: keep-alive\r\n"),
           "GET / 1.0 close none {Host: a}{Proxy-Connection: keep-alive} | end", END),
      CASE("a second request behind close", CONNECTION("1.1", "Connection: close\r\n") PLAIN,
           "GET / 1.1 close none {Host: a}{Connection: close} | end | " GOT(""), END),
      CASE("a body behind close", POST("Connection: close\r\nContent-Length: 5\r\n") "hello",
           "POST / 1.1 close length=5 {Host: a}{Connection: close}{Content-Length: 5}"
           " | body hello | end",
           END),
  };
  CHECK_REQUESTS(cases);
}

static void expect_is_told(void) {
  static const h1_case cases[] = {
      CASE("100-continue", POST("Expect: 100-continue\r\nContent-Length: 5\r\n"),
           "POST / 1.1 keep length=5 expect {Host: a}{Expect: 100-continue}{Content-Length: 5}", 0),
      CASE("capitals", POST("expect: 100-Continue\r\nContent-Length: 5\r\n"),
           "POST / 1.1 keep length=5 expect {Host: a}{expect: 100-Continue}{Content-Length: 5}", 0),
      CASE("1.0 knows none", "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
           "POST / 1.0 close length=5 {Expect: 100-continue}{Content-Length: 5}", 0),
      CASE("another one", GET("Expect: 200-ok\r\n"), GOT("{Expect: 200-ok}"), END),
  };
  CHECK_REQUESTS(cases);
}

#define ASKS "Connection: Upgrade\r\nUpgrade: websocket\r\n"
#define ASKED "{Connection: Upgrade}{Upgrade: websocket}"

/* Whether the rest is HTTP is decided by the answer. */
static void what_follows_an_upgrade_head_is_left_alone(void) {
  static const h1_case cases[] = {
      CASE("no HTTP follows", GET(ASKS) "\x81\x85zzzz\r\n\r\n",
           "GET / 1.1 keep none upgrade=websocket {Host: a}" ASKED
           " | end | rest \\x81\\x85zzzz\\r\\n\\r\\n",
           END, .once = true),
      CASE("HTTP follows", GET(ASKS) PLAIN,
           "GET / 1.1 keep none upgrade=websocket {Host: a}" ASKED " | end | " GOT(""), END),
      CASE("a body", POST(ASKS "Content-Length: 5\r\n") "hello\r\x81",
           "POST / 1.1 keep length=5 upgrade=websocket {Host: a}" ASKED
           "{Content-Length: 5} | body hello | end | rest \\r\\x81",
           END, .once = true),
      CASE("a body in chunks",
           POST(ASKS "Transfer-Encoding: chunked\r\n") "5\r\nhello\r\n0\r\n\r\n\x81\x85",
           "POST / 1.1 keep chunked upgrade=websocket {Host: a}" ASKED
           "{Transfer-Encoding: chunked} | body hello | end | rest \\x81\\x85",
           END, .once = true),
      CASE("a body of no length", POST(ASKS "Content-Length: 0\r\n") "\x81",
           "POST / 1.1 keep length=0 upgrade=websocket {Host: a}" ASKED
           "{Content-Length: 0} | end | rest \\x81",
           END, .once = true),
      CASE("several", GET("Upgrade: a/1, b\r\nConnection: x, UPGRADE\r\nUPGRADE: c\r\n"),
           "GET / 1.1 keep none upgrade=a/1, b, c {Host: a}{Upgrade: a/1, b}"
           "{Connection: x, UPGRADE}{UPGRADE: c} | end",
           END),
      CASE("Connection does not name it", GET("Upgrade: websocket\r\n"),
           GOT("{Upgrade: websocket}"), END),
      CASE("Connection names what is not there", GET("Connection: upgrade\r\n"),
           GOT("{Connection: upgrade}"), END),
      CASE("1.0", CONNECTION("1.0", ASKS), "GET / 1.0 close none {Host: a}" ASKED " | end", END),
      CASE("1.0 and a body", "POST / HTTP/1.0\r\n" ASKS "Content-Length: 5\r\n\r\nhello",
           "POST / 1.0 close length=5 " ASKED "{Content-Length: 5} | body hello | end", END),
  };
  CHECK_REQUESTS(cases);
}

/* ---- one after the other, and the end ---- */

static void requests_follow_each_other(void) {
  static const h1_case cases[] = {
      CASE("two heads", PLAIN GET("X: y\r\n"), GOT("") " | " GOT("{X: y}"), END),
      CASE("three heads and bodies", LENGTH("5") PLAIN CODING("chunked"),
           HELLO " | " GOT("") " | " CHUNKED("chunked"), END),
      CASE("half of the second", PLAIN "GET / HTT", GOT(""), 0),
      CASE("a bad second", PLAIN "GET / XTTP", GOT(""), WEIR_EMESSAGE),
      CASE("a longer body than said", LENGTH("5") "!", HELLO, 0),
      CASE("a longer body than said, no method", LENGTH("5") "@", HELLO, WEIR_EMESSAGE),
      CASE("a body nobody announced", PLAIN "{\"a\":1}", GOT(""), WEIR_EMESSAGE),
      CASE("a tunnel, then HTTP", LINE("CONNECT b:1 HTTP/1.1") PLAIN,
           "CONNECT b:1 1.1 keep none {Host: a} | end | " GOT(""), END),
      CASE("methods of different framing", LINE("CONNECT b:1 HTTP/1.1") LENGTH("5"),
           "CONNECT b:1 1.1 keep none {Host: a} | end | " HELLO, END),
  };
  CHECK_REQUESTS(cases);
}

#define FIN .fin = true

static void a_request_that_ends_early_is_truncated(void) {
  static const h1_case cases[] = {
      CASE("nothing came", "", "", 0, FIN),
      CASE("between two requests", PLAIN, GOT(""), 0, FIN),
      CASE("in the method", "GE", "", WEIR_ETRUNCATED, FIN),
      CASE("behind the method", "GET ", "", WEIR_ETRUNCATED, FIN),
      CASE("in the target", "GET /a", "", WEIR_ETRUNCATED, FIN),
      CASE("in the version", "GET / HTTP/1", "", WEIR_ETRUNCATED, FIN),
      CASE("behind the request line", "GET / HTTP/1.1\r\n", "", WEIR_ETRUNCATED, FIN),
      CASE("in a field", "GET / HTTP/1.1\r\nHost", "", WEIR_ETRUNCATED, FIN),
      CASE("before the empty line", "GET / HTTP/1.1\r\nHost: a\r\n", "", WEIR_ETRUNCATED, FIN),
      CASE("in the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\r", "", WEIR_ETRUNCATED, FIN),
      CASE("before the body", POST("Content-Length: 5\r\n"),
           "POST / 1.1 keep length=5 {Host: a}{Content-Length: 5}", WEIR_ETRUNCATED, FIN),
      CASE("in the body", POST("Content-Length: 5\r\n") "hell",
           "POST / 1.1 keep length=5 {Host: a}{Content-Length: 5} | body hell", WEIR_ETRUNCATED,
           FIN),
      CASE("in the second request", PLAIN "G", GOT(""), WEIR_ETRUNCATED, FIN),
      CASE("what was refused stays so", "GET\r\n", "", WEIR_EMESSAGE, FIN),
  };
  CHECK_REQUESTS(cases);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_method_is_any_token);
  TEST(a_method_has_at_most_64_bytes);
  TEST(what_is_no_token_is_no_method);
  TEST(the_request_line_has_two_single_spaces);
  TEST(only_http_1_0_and_1_1_are_spoken);
  TEST(origin_form_passes_as_it_came);
  TEST(the_host_of_absolute_form_wins);
  TEST(asterisk_form_is_for_options);
  TEST(authority_form_is_for_connect);
  TEST(connect_has_no_body);
  TEST(there_is_exactly_one_host);
  TEST(a_host_is_a_name_or_an_address_and_perhaps_a_port);
  TEST(content_length_is_one_number);
  TEST(transfer_encoding_is_chunked_and_nothing_else);
  TEST(a_tab_behind_chunked_changes_nothing_or_all);
  TEST(field_names_are_tokens);
  TEST(field_values_have_no_controls);
  TEST(folded_lines_are_refused);
  TEST(a_head_ends_with_an_empty_line_and_nothing_else);
  TEST(two_empty_lines_before_a_request_are_forgiven);
  TEST(a_connection_is_kept_unless_it_says_otherwise);
  TEST(expect_is_told);
  TEST(what_follows_an_upgrade_head_is_left_alone);
  TEST(requests_follow_each_other);
  TEST(a_request_that_ends_early_is_truncated);
  return check_end();
}
