/* http/h1_read and http/h1_check over responses: what is refused, where a message ends, and what its
 * end is worth. */
#include "unit/http_h1_fixture.h"

/* A response of status 200 with these field lines. */
#define OK(fields) "HTTP/1.1 200 OK\r\n" fields "\r\n"
#define LINE(line) line "\r\nContent-Length: 0\r\n\r\n"
#define EMPTY(start) start " keep length=0 {Content-Length: 0} | end"
#define OK_HELLO OK("Content-Length: 5\r\n") "hello"
#define GOT_HELLO "200 OK 1.1 keep length=5 {Content-Length: 5} | body hello | end"
#define END WEIR__H1_END
#define FIN .fin = true

/* ---- the status line ---- */

static void only_http_1_0_and_1_1_are_understood(void) {
  static const h1_case cases[] = {
      CASE("1.1", LINE("HTTP/1.1 200 OK"), EMPTY("200 OK 1.1"), END),
      CASE("1.0", LINE("HTTP/1.0 200 OK"), "200 OK 1.0 close length=0 {Content-Length: 0} | end",
           END),
      CASE("0.9", LINE("HTTP/0.9 200 OK"), "", WEIR_EVERSION),
      CASE("1.2", LINE("HTTP/1.2 200 OK"), "", WEIR_EVERSION),
      CASE("2.0", LINE("HTTP/2.0 200 OK"), "", WEIR_EVERSION),
      CASE("3.0", LINE("HTTP/3.0 200 OK"), "", WEIR_EVERSION),
      CASE("2", LINE("HTTP/2 200 OK"), "", REFUSED),
      CASE("no minor number", LINE("HTTP/1 200 OK"), "", REFUSED),
      CASE("two digits", LINE("HTTP/1.10 200 OK"), "", REFUSED),
      CASE("no dot", LINE("HTTP/11 200 OK"), "", REFUSED),
      CASE("lower case", LINE("http/1.1 200 OK"), "", WEIR_EMESSAGE),
      CASE("ICY", LINE("ICY 200 OK"), "", WEIR_EMESSAGE),
      CASE("RTSP 1.0", LINE("RTSP/1.0 200 OK"), "", WEIR_EMESSAGE),
      CASE("RTSP 1.1", LINE("RTSP/1.1 200 OK"), "", WEIR_EMESSAGE),
      CASE("ICE", LINE("ICE/1.0 200 OK"), "", WEIR_EMESSAGE),
      CASE("a request", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "", WEIR_EMESSAGE),
      CASE("HTTP/0.9", "<html>hello</html>", "", WEIR_EMESSAGE),
      CASE("HTTP/0.9 that begins with H", "Hello\r\n", "", WEIR_EMESSAGE),
      CASE("SSH", "SSH-2.0-x\r\n", "", WEIR_EMESSAGE),
      CASE("a TLS alert", "\x15\x03\x01\x00\x02\x02\x28", "", WEIR_EMESSAGE),
      CASE("an HTTP/2 frame", "\000\000\006\004\000\000\000\000\000", "", WEIR_EMESSAGE),
      CASE("a NUL", LINE("HTTP/1.1\000 200 OK"), "", REFUSED),
  };
  CHECK_RESPONSES(cases);
}

static void a_status_is_three_digits_from_100_to_599(void) {
  static const h1_case cases[] = {
      CASE("200", LINE("HTTP/1.1 200 OK"), EMPTY("200 OK 1.1"), END),
      CASE("299", LINE("HTTP/1.1 299 X"), EMPTY("299 X 1.1"), END),
      CASE("599", LINE("HTTP/1.1 599 X"), EMPTY("599 X 1.1"), END),
      CASE("600", LINE("HTTP/1.1 600 X"), "", WEIR_EMESSAGE),
      CASE("999", LINE("HTTP/1.1 999 X"), "", WEIR_EMESSAGE),
      CASE("099", LINE("HTTP/1.1 099 X"), "", WEIR_EMESSAGE),
      CASE("000", LINE("HTTP/1.1 000 X"), "", WEIR_EMESSAGE),
      CASE("99", LINE("HTTP/1.1 99 X"), "", WEIR_EMESSAGE),
      CASE("2000", LINE("HTTP/1.1 2000 X"), "", WEIR_EMESSAGE),
      CASE("0200", LINE("HTTP/1.1 0200 X"), "", WEIR_EMESSAGE),
      CASE("letters", LINE("HTTP/1.1 abc X"), "", WEIR_EMESSAGE),
      CASE("hexadecimal", LINE("HTTP/1.1 0xc8 X"), "", WEIR_EMESSAGE),
      CASE("a sign", LINE("HTTP/1.1 +200 X"), "", WEIR_EMESSAGE),
      CASE("a sign for a digit", LINE("HTTP/1.1 -20 X"), "", WEIR_EMESSAGE),
      CASE("none", LINE("HTTP/1.1 OK"), "", WEIR_EMESSAGE),
      CASE("only the version", LINE("HTTP/1.1"), "", REFUSED),
      CASE("only the version and a space", LINE("HTTP/1.1 "), "", WEIR_EMESSAGE),
      CASE("two spaces before", LINE("HTTP/1.1  200 OK"), "", WEIR_EMESSAGE),
      CASE("a tab before", LINE("HTTP/1.1\t200 OK"), "", REFUSED),
      CASE("a tab behind", LINE("HTTP/1.1 200\tOK"), "", WEIR_EMESSAGE),
      CASE("words behind without a space", LINE("HTTP/1.1 200OK"), "", WEIR_EMESSAGE),
  };
  CHECK_RESPONSES(cases);
}

static void a_reason_may_say_anything_or_nothing(void) {
  static const h1_case cases[] = {
      CASE("words", LINE("HTTP/1.1 200 Not (yet) OK!"), EMPTY("200 Not (yet) OK! 1.1"), END),
      CASE("empty", LINE("HTTP/1.1 200 "), EMPTY("200  1.1"), END),
      CASE("absent", LINE("HTTP/1.1 200"), "", WEIR_EMESSAGE),
      CASE("spaces around", LINE("HTTP/1.1 200  \t OK \t "), EMPTY("200 OK 1.1"), END),
      CASE("obs-text", LINE("HTTP/1.1 200 \xc3\xa4"), EMPTY("200 \\xc3\\xa4 1.1"), END),
      CASE("a tab", LINE("HTTP/1.1 200 a\tb"), EMPTY("200 a\\x09b 1.1"), END),
      CASE("a NUL", LINE("HTTP/1.1 200 a\000b"), "", WEIR_EMESSAGE),
      CASE("a control", LINE("HTTP/1.1 200 a\001b"), "", WEIR_EMESSAGE),
      CASE("an escape", LINE("HTTP/1.1 200 \033[1m"), "", WEIR_EMESSAGE),
      CASE("DEL", LINE("HTTP/1.1 200 a\177b"), "", WEIR_EMESSAGE),
      CASE("bare CR", LINE("HTTP/1.1 200 a\rb"), "", WEIR_EMESSAGE),
      CASE("bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", "", WEIR_EMESSAGE),
      CASE("bare LF and no reason", "HTTP/1.1 200\nContent-Length: 0\r\n\r\n", "", WEIR_EMESSAGE),
      CASE("bare CR and no reason", "HTTP/1.1 200\rContent-Length: 0\r\n\r\n", "", WEIR_EMESSAGE),
      CASE("CR CR LF", "HTTP/1.1 200 OK\r\r\nContent-Length: 0\r\n\r\n", "", WEIR_EMESSAGE),
  };
  CHECK_RESPONSES(cases);
}

/* RFC 9112, 2.2 forgives empty lines to clients only. */
static void nothing_stands_before_a_status_line(void) {
  static const h1_case cases[] = {
      CASE("an empty line", "\r\n" OK_HELLO, "", WEIR_EMESSAGE),
      CASE("a bare LF", "\n" OK_HELLO, "", WEIR_EMESSAGE),
      CASE("a bare CR", "\r" OK_HELLO, "", WEIR_EMESSAGE),
      CASE("a space", " " OK_HELLO, "", WEIR_EMESSAGE),
      CASE("a NUL", "\000" OK_HELLO, "", WEIR_EMESSAGE),
      CASE("an empty line behind an interim response", "HTTP/1.1 100 X\r\n\r\n\r\n" OK_HELLO,
           "100 X 1.1", WEIR_EMESSAGE),
      CASE("an empty line between two", OK_HELLO "\r\n" OK_HELLO, GOT_HELLO, WEIR_EMESSAGE),
  };
  CHECK_RESPONSES(cases);
}

/* ---- fields: the same code as for requests, so only what could make a difference ---- */

static void fields_are_as_strict_as_in_requests(void) {
  static const h1_case cases[] = {
      CASE("folded", OK("X: y\r\n z\r\n"), "", WEIR_EMESSAGE),
      CASE("folded first", "HTTP/1.1 200 OK\r\n X: y\r\n\r\n", "", WEIR_EMESSAGE),
      CASE("folded with a tab behind an empty value", OK("X:\r\n\ty\r\n"), "", WEIR_EMESSAGE),
      CASE("a space before the colon", OK("Content-Length : 5\r\n"), "", WEIR_EMESSAGE),
      CASE("an empty name", OK(": y\r\n"), "", WEIR_EMESSAGE),
      CASE("bare LF", OK("X: y\nContent-Length: 5\r\n"), "", WEIR_EMESSAGE),
      CASE("bare CR", OK("X: y\rContent-Length: 5\r\n"), "", WEIR_EMESSAGE),
      CASE("a NUL", OK("X: y\000z\r\n"), "", WEIR_EMESSAGE),
      CASE("CR X at the end", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\rX", "", WEIR_EMESSAGE),
      CASE("LF at the end", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\n", "", WEIR_EMESSAGE),
      CASE("Host is a field like others", OK("Host: a b\r\nHost: c\r\nContent-Length: 0\r\n"),
           "200 OK 1.1 keep length=0 {Host: a b}{Host: c}{Content-Length: 0} | end", END),
  };
  CHECK_RESPONSES(cases);
}

/* ---- how long the body is ---- */

#define LENGTH(value) OK("Content-Length:" value "\r\n") "hello"

static void a_length_is_one_number(void) {
  static const h1_case cases[] = {
      CASE("a number", LENGTH(" 5"), GOT_HELLO, END),
      CASE("leading zeros", LENGTH(" 0005"), GOT_HELLO, END),
      CASE("zero", LINE("HTTP/1.1 200 OK"), EMPTY("200 OK 1.1"), END),
      CASE("1.0", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
           "200 OK 1.0 close length=5 {Content-Length: 5} | body hello | end", END),
      CASE("the largest", LENGTH(" 9223372036854775807"),
           "200 OK 1.1 keep length=9223372036854775807 {Content-Length: 9223372036854775807}"
           " | body hello",
           WEIR_ETRUNCATED, FIN),
      CASE("one more", LENGTH(" 18446744073709551616"), "", WEIR_EFRAMING),
      CASE("a sign", LENGTH(" +5"), "", WEIR_EFRAMING),
      CASE("a minus", LENGTH(" -1"), "", WEIR_EFRAMING),
      CASE("a list", LENGTH(" 5, 5"), "", WEIR_EFRAMING),
      CASE("nothing", LENGTH(""), "", WEIR_EFRAMING),
      CASE("garbage", LENGTH(" x"), "", WEIR_EFRAMING),
      CASE("twice the same", LENGTH(" 5\r\nContent-Length: 5"), "", WEIR_EFRAMING),
      CASE("twice, otherwise", LENGTH(" 5\r\nContent-Length: 4"), "", WEIR_EFRAMING),
  };
  CHECK_RESPONSES(cases);
}

#define CODING(value) OK("Transfer-Encoding:" value "\r\n") "5\r\nhello\r\n0\r\n\r\n"
#define CHUNKED(value) "200 OK 1.1 keep chunked {Transfer-Encoding: " value "} | body hello | end"

/* What is not exactly `chunked` would be read until the close: chunk framing would become body. */
static void a_coding_is_chunked_and_nothing_else(void) {
  static const h1_case cases[] = {
      CASE("chunked", CODING(" chunked"), CHUNKED("chunked"), END),
      CASE("capitals", CODING(" CHUNKED"), CHUNKED("CHUNKED"), END),
      CASE("a space behind", CODING(" chunked "), CHUNKED("chunked"), END),
      CASE("gzip", CODING(" gzip"), "", WEIR_EFRAMING),
      CASE("gzip, chunked", CODING(" gzip, chunked"), "", WEIR_EFRAMING),
      CASE("chunked, gzip", CODING(" chunked, gzip"), "", WEIR_EFRAMING),
      CASE("identity", CODING(" identity"), "", WEIR_EFRAMING),
      CASE("xchunked", CODING(" xchunked"), "", WEIR_EFRAMING),
      CASE("nothing", CODING(""), "", WEIR_EFRAMING),
      CASE("a comma behind", CODING(" chunked,"), "", WEIR_EFRAMING),
      CASE("twice", CODING(" chunked\r\nTransfer-Encoding: chunked"), "", WEIR_EFRAMING),
      CASE("gzip before in another field", CODING(" gzip\r\nTransfer-Encoding: chunked"), "",
           WEIR_EFRAMING),
      CASE("identity behind in another field", CODING(" chunked\r\nTransfer-Encoding: identity"),
           "", WEIR_EFRAMING),
      CASE("with a length", CODING(" chunked\r\nContent-Length: 5"), "", WEIR_EFRAMING),
      CASE("behind a length", CODING(" chunked\r\nContent-Length: 5"), "", WEIR_EFRAMING),
      CASE("identity with a length", LENGTH(" 5\r\nTransfer-Encoding: identity"), "",
           WEIR_EFRAMING),
      CASE("1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "",
           WEIR_EFRAMING),
      CASE("a tab behind", CODING(" chunked\t"), "", REFUSED),
      CASE("a space and a tab behind", CODING(" chunked \t"), "", REFUSED),
      CASE("a tab and a space behind", CODING("\tchunked\t "), "", REFUSED),
  };
  CHECK_RESPONSES(cases);
}

static void a_body_without_length_ends_with_the_connection(void) {
  static const h1_case cases[] = {
      CASE("no bytes", OK(""), "200 OK 1.1 close until-close | end", END, FIN),
      CASE("bytes", OK("") "hello", "200 OK 1.1 close until-close | body hello | end", END, FIN),
      CASE("bytes that look like a message", OK("") OK_HELLO,
           "200 OK 1.1 close until-close | body HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\n"
           "hello | end",
           END, FIN),
      CASE("no FIN yet", OK("") "hello", "200 OK 1.1 close until-close | body hello", 0),
      CASE("1.0 that would keep", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nhello",
           "200 OK 1.0 close until-close {Connection: keep-alive} | body hello | end", END, FIN),
      CASE("an error", "HTTP/1.1 502 X\r\n\r\nhello",
           "502 X 1.1 close until-close | body hello | end", END, FIN),
      CASE("an event stream", OK("Content-Type: text/event-stream\r\n") "data: x\n\n",
           "200 OK 1.1 close until-close {Content-Type: text/event-stream}"
           " | body data: x\\n\\n | end",
           END, FIN),
  };
  CHECK_RESPONSES(cases);
}

/* RFC 9112, 6.3: whatever their fields say. */
static void some_responses_have_no_body(void) {
  static const h1_case cases[] = {
      CASE("HEAD with a length", OK("Content-Length: 5\r\n") OK("Content-Length: 6\r\n"),
           "200 OK 1.1 keep none {Content-Length: 5} | end | "
           "200 OK 1.1 keep none {Content-Length: 6} | end",
           END, .method = "HEAD"),
      CASE("HEAD with chunks", OK("Transfer-Encoding: chunked\r\n") "5\r\n",
           "200 OK 1.1 keep none {Transfer-Encoding: chunked} | end | rest 5\\r\\n", END,
           .method = "HEAD", .once = true),
      CASE("HEAD with nothing", OK(""), "200 OK 1.1 keep none | end", END, .method = "HEAD"),
      CASE("HEAD with two lengths", OK("Content-Length: 5\r\nContent-Length: 6\r\n"), "",
           WEIR_EFRAMING, .method = "HEAD"),
      CASE("HEAD with a bad length", OK("Content-Length: x\r\n"), "", WEIR_EFRAMING,
           .method = "HEAD"),
      CASE("HEAD with both", OK("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), "",
           WEIR_EFRAMING, .method = "HEAD"),
      CASE("HEAD in lower case is another method", OK("Content-Length: 5\r\n") "hello", GOT_HELLO,
           END, .method = "head"),
      CASE("204", "HTTP/1.1 204 X\r\n\r\n", "204 X 1.1 keep none | end", END),
      CASE("204 with a length", "HTTP/1.1 204 X\r\nContent-Length: 5\r\n\r\n" OK_HELLO,
           "204 X 1.1 close none {Content-Length: 5} | end | " GOT_HELLO, END),
      CASE("204 with chunks", "HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n" OK_HELLO,
           "204 X 1.1 close none {Transfer-Encoding: chunked} | end | " GOT_HELLO, END),
      CASE("304 with a length", "HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\n" OK_HELLO,
           "304 X 1.1 keep none {Content-Length: 5} | end | " GOT_HELLO, END),
      CASE("304 with chunks", "HTTP/1.1 304 X\r\nTransfer-Encoding: chunked\r\n\r\n" OK_HELLO,
           "304 X 1.1 keep none {Transfer-Encoding: chunked} | end | " GOT_HELLO, END),
      CASE("304 in 1.0", "HTTP/1.0 304 X\r\n\r\n", "304 X 1.0 close none | end", END),
      CASE("205 has one", "HTTP/1.1 205 X\r\nContent-Length: 5\r\n\r\nhello",
           "205 X 1.1 keep length=5 {Content-Length: 5} | body hello | end", END),
      CASE("an error has one", "HTTP/1.1 404 X\r\nContent-Length: 5\r\n\r\nhello",
           "404 X 1.1 keep length=5 {Content-Length: 5} | body hello | end", END),
  };
  CHECK_RESPONSES(cases);
}

/* ---- interim responses ---- */

#define INTERIM(status) "HTTP/1.1 " status " X\r\nLink: y\r\n\r\n"
#define SEEN(status) status " X 1.1 {Link: y} | "

static void interim_responses_come_before_the_real_one(void) {
  static const h1_case cases[] = {
      CASE("100", "HTTP/1.1 100 Continue\r\n\r\n" OK_HELLO, "100 Continue 1.1 | " GOT_HELLO, END),
      CASE("103", INTERIM("103") OK_HELLO, SEEN("103") GOT_HELLO, END),
      CASE("as many as may be", INTERIM("100") INTERIM("102") INTERIM("199") OK_HELLO,
           SEEN("100") SEEN("102") SEEN("199") GOT_HELLO, END),
      CASE("one more", INTERIM("100") INTERIM("102") INTERIM("103") INTERIM("100") OK_HELLO,
           "100 X 1.1 {Link: y} | 102 X 1.1 {Link: y} | 103 X 1.1 {Link: y}", WEIR_EINTERIM),
      CASE("as many as may be for each of two messages",
           INTERIM("100") INTERIM("100") OK_HELLO INTERIM("103") INTERIM("103") OK_HELLO,
           SEEN("100") SEEN("100") GOT_HELLO " | " SEEN("103") SEEN("103") GOT_HELLO, END),
      CASE("with a length", "HTTP/1.1 100 X\r\nContent-Length: 5\r\n\r\n" OK_HELLO,
           "100 X 1.1 {Content-Length: 5} | " GOT_HELLO, END),
      CASE("with chunks", "HTTP/1.1 103 X\r\nTransfer-Encoding: chunked\r\n\r\n" OK_HELLO,
           "103 X 1.1 {Transfer-Encoding: chunked} | " GOT_HELLO, END),
      CASE("with close", "HTTP/1.1 100 X\r\nConnection: close\r\n\r\n" OK_HELLO,
           "100 X 1.1 {Connection: close} | " GOT_HELLO, END),
      CASE("with an upgrade",
           "HTTP/1.1 100 X\r\nConnection: upgrade\r\nUpgrade: a\r\n\r\n" OK_HELLO,
           "100 X 1.1 {Connection: upgrade}{Upgrade: a} | " GOT_HELLO, END),
      CASE("in 1.0", "HTTP/1.0 100 X\r\n\r\n" OK_HELLO, "100 X 1.0 | " GOT_HELLO, END),
      CASE("to HEAD", INTERIM("103") OK("Content-Length: 5\r\n"),
           SEEN("103") "200 OK 1.1 keep none {Content-Length: 5} | end", END, .method = "HEAD"),
      CASE("to CONNECT", INTERIM("100") OK("") "x",
           SEEN("100") "200 OK 1.1 close tunnel | end | rest x", END, .method = "CONNECT"),
      CASE("then nothing", INTERIM("100"), "100 X 1.1 {Link: y}", 0),
      CASE("then FIN", INTERIM("100"), "100 X 1.1 {Link: y}", WEIR_ETRUNCATED, FIN),
      CASE("then half a head and FIN", INTERIM("100") "HTTP/1.1 200", "100 X 1.1 {Link: y}",
           WEIR_ETRUNCATED, FIN),
      CASE("a bad one", "HTTP/1.1 100 X\r\nA b\r\n\r\n", "", WEIR_EMESSAGE),
      CASE("of bad length", "HTTP/1.1 100 X\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "",
           WEIR_EFRAMING),
  };
  CHECK_RESPONSES(cases);
}

/* ---- tunnels ---- */

#define SWITCH(fields) "HTTP/1.1 101 X\r\n" fields "\r\n"
#define TO(protocols) SWITCH("Connection: Upgrade\r\nUpgrade: " protocols "\r\n") "\x81\x05hello"
#define SWITCHED(protocols) \
  "101 X 1.1 close tunnel upgrade=" protocols " {Connection: Upgrade}{Upgrade: " protocols "} | " \
  "end | rest \\x81\\x05hello"

static void a_101_switches_to_what_was_asked_for(void) {
  static const h1_case cases[] = {
      CASE("asked", TO("websocket"), SWITCHED("websocket"), END, .method = "GET",
           .upgrade = "websocket"),
      CASE("any case", TO("WebSocket"), SWITCHED("WebSocket"), END, .method = "GET",
           .upgrade = "websocket"),
      CASE("one of several", TO("b"), SWITCHED("b"), END, .method = "GET", .upgrade = "a, b,c"),
      CASE("two of several", TO("c, a"), SWITCHED("c, a"), END, .method = "GET",
           .upgrade = "a, b,c"),
      CASE("with a length",
           SWITCH("Content-Length: 5\r\nConnection: Upgrade\r\nUpgrade: a\r\n") "hello",
           "101 X 1.1 close tunnel upgrade=a {Connection: Upgrade}{Upgrade: a} | end | rest hello",
           END, .method = "GET", .upgrade = "a"),
      CASE("with chunks",
           SWITCH("Transfer-Encoding: chunked\r\nConnection: Upgrade\r\nUpgrade: a\r\n") "hello",
           "101 X 1.1 close tunnel upgrade=a {Transfer-Encoding: chunked}{Connection: Upgrade}"
           "{Upgrade: a} | end | rest hello",
           END, .method = "GET", .upgrade = "a"),
      CASE("behind interim responses", INTERIM("100") TO("a"), SEEN("100") SWITCHED("a"), END,
           .method = "GET", .upgrade = "a"),
      CASE("not asked", TO("websocket"), "", WEIR_EUPGRADE),
      CASE("not asked, by name", TO("websocket"), "", WEIR_EUPGRADE, .method = "GET"),
      CASE("asked for another", TO("h2c"), "", WEIR_EUPGRADE, .method = "GET",
           .upgrade = "websocket"),
      CASE("one that was asked and one that was not", TO("websocket, h2c"), "", WEIR_EUPGRADE,
           .method = "GET", .upgrade = "websocket"),
      CASE("one that begins like it", TO("websocket2"), "", WEIR_EUPGRADE, .method = "GET",
           .upgrade = "websocket"),
      CASE("one that it begins with", TO("web"), "", WEIR_EUPGRADE, .method = "GET",
           .upgrade = "websocket"),
      CASE("no Upgrade", SWITCH("Connection: Upgrade\r\n"), "", WEIR_EUPGRADE, .method = "GET",
           .upgrade = "websocket"),
      CASE("an empty Upgrade", TO(""), "", WEIR_EUPGRADE, .method = "GET", .upgrade = "websocket"),
      CASE("a list of nothing", TO(" , ,"), "", WEIR_EUPGRADE, .method = "GET",
           .upgrade = "websocket"),
      CASE("Connection does not name it", SWITCH("Upgrade: websocket\r\n"), "", WEIR_EUPGRADE,
           .method = "GET", .upgrade = "websocket"),
      CASE("no fields", SWITCH(""), "", WEIR_EUPGRADE, .method = "GET", .upgrade = "websocket"),
      CASE("1.0", "HTTP/1.0 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "",
           WEIR_EUPGRADE, .method = "GET", .upgrade = "websocket"),
  };
  CHECK_RESPONSES(cases);
}

/* CVE-2024-23326: a 200 opens no tunnel, however much it looks like a 101. */
static void only_a_101_switches(void) {
  static const h1_case cases[] = {
      CASE("200", OK("Connection: Upgrade\r\nUpgrade: a\r\nContent-Length: 5\r\n") "hello",
           "200 OK 1.1 keep length=5 upgrade=a {Connection: Upgrade}{Upgrade: a}"
           "{Content-Length: 5} | body hello | end",
           END, .method = "GET", .upgrade = "a"),
      CASE("200 until close", OK("Connection: Upgrade\r\nUpgrade: a\r\n") "hello",
           "200 OK 1.1 close until-close upgrade=a {Connection: Upgrade}{Upgrade: a}"
           " | body hello | end",
           END, .method = "GET", .upgrade = "a", FIN),
      CASE("426",
           "HTTP/1.1 426 X\r\nConnection: Upgrade\r\nUpgrade: a\r\nContent-Length: 0\r\n\r\n",
           "426 X 1.1 keep length=0 upgrade=a {Connection: Upgrade}{Upgrade: a}"
           "{Content-Length: 0} | end",
           END, .method = "GET", .upgrade = "a"),
  };
  CHECK_RESPONSES(cases);
}

static void a_2xx_to_connect_opens_a_tunnel(void) {
  static const h1_case cases[] = {
      CASE("200", OK("") "\x16\x03", "200 OK 1.1 close tunnel | end | rest \\x16\\x03", END,
           .method = "CONNECT"),
      CASE("with a length", OK("Content-Length: 5\r\n") "hello",
           "200 OK 1.1 close tunnel | end | rest hello", END, .method = "CONNECT"),
      CASE("with a length of 0", OK("Content-Length: 0\r\n") "hello",
           "200 OK 1.1 close tunnel | end | rest hello", END, .method = "CONNECT"),
      CASE("with chunks", OK("Transfer-Encoding: chunked\r\n") "5\r\n",
           "200 OK 1.1 close tunnel {Transfer-Encoding: chunked} | end | rest 5\\r\\n", END,
           .method = "CONNECT"),
      CASE("204", "HTTP/1.1 204 X\r\n\r\nhello", "204 X 1.1 close tunnel | end | rest hello", END,
           .method = "CONNECT"),
      CASE("1.0", "HTTP/1.0 200 X\r\n\r\nhello", "200 X 1.0 close tunnel | end | rest hello", END,
           .method = "CONNECT"),
      CASE("two lengths", OK("Content-Length: 5\r\nContent-Length: 6\r\n"), "", WEIR_EFRAMING,
           .method = "CONNECT"),
      CASE("a refusal", "HTTP/1.1 407 X\r\nContent-Length: 5\r\n\r\nhello" OK_HELLO,
           "407 X 1.1 keep length=5 {Content-Length: 5} | body hello | end | "
           "200 OK 1.1 close tunnel | end | rest hello",
           END, .method = "CONNECT"),
      CASE("a redirection", "HTTP/1.1 302 X\r\n\r\nhello",
           "302 X 1.1 close until-close | body hello | end", END, .method = "CONNECT", FIN),
  };
  CHECK_RESPONSES(cases);
}

/* ---- keep-alive ---- */

#define SAYS(version, value) \
  "HTTP/" version " 200 OK\r\nConnection: " value "\r\nContent-Length: 0\r\n\r\n"
#define SAID(version, keep, value) \
  "200 OK " version " " keep " length=0 {Connection: " value "}{Content-Length: 0} | end"

static void a_connection_is_kept_unless_it_says_otherwise(void) {
  static const h1_case cases[] = {
      CASE("1.1 close", SAYS("1.1", "close"), SAID("1.1", "close", "close"), END),
      CASE("1.1 capitals", SAYS("1.1", "CLOSE"), SAID("1.1", "close", "CLOSE"), END),
      CASE("1.1 in a list", SAYS("1.1", "x, close"), SAID("1.1", "close", "x, close"), END),
      CASE("1.1 keep-alive", SAYS("1.1", "keep-alive"), SAID("1.1", "keep", "keep-alive"), END),
      CASE("1.1 both", SAYS("1.1", "close, keep-alive"), SAID("1.1", "close", "close, keep-alive"),
           END),
      CASE("1.0 keep-alive", SAYS("1.0", "keep-alive"), SAID("1.0", "keep", "keep-alive"), END),
      CASE("1.0 close", SAYS("1.0", "close"), SAID("1.0", "close", "close"), END),
      CASE("1.0 upgrade", SAYS("1.0", "upgrade"), SAID("1.0", "close", "upgrade"), END),
      CASE("1.1 close, chunked",
           OK("Connection: close\r\nTransfer-Encoding: chunked\r\n") "0\r\n\r\n",
           "200 OK 1.1 close chunked {Connection: close}{Transfer-Encoding: chunked} | end", END),
  };
  CHECK_RESPONSES(cases);
}

/* ---- the end ---- */

static void what_comes_behind_the_end_is_not_used(void) {
  static const h1_case cases[] = {
      CASE("behind a length", OK_HELLO "x", GOT_HELLO " | rest x", END, .once = true),
      CASE("behind no length", LINE("HTTP/1.1 200 OK") "x", EMPTY("200 OK 1.1") " | rest x", END,
           .once = true),
      CASE("behind chunks", CODING(" chunked") "x", CHUNKED("chunked") " | rest x", END,
           .once = true),
      CASE("behind a 204", "HTTP/1.1 204 X\r\n\r\nx", "204 X 1.1 keep none | end | rest x", END,
           .once = true),
      CASE("behind close", SAYS("1.1", "close") "x", SAID("1.1", "close", "close") " | rest x", END,
           .once = true),
      CASE("another message", OK_HELLO CODING(" chunked") OK_HELLO,
           GOT_HELLO " | " CHUNKED("chunked") " | " GOT_HELLO, END),
      CASE("no message", OK_HELLO "hello", GOT_HELLO, WEIR_EMESSAGE),
  };
  CHECK_RESPONSES(cases);
}

static void a_response_that_ends_early_is_truncated(void) {
  static const h1_case cases[] = {
      CASE("nothing came", "", "", 0, FIN),
      CASE("behind the end", OK_HELLO, GOT_HELLO, 0, FIN),
      CASE("in the version", "HTT", "", WEIR_ETRUNCATED, FIN),
      CASE("in the status", "HTTP/1.1 20", "", WEIR_ETRUNCATED, FIN),
      CASE("in the reason", "HTTP/1.1 200 O", "", WEIR_ETRUNCATED, FIN),
      CASE("behind the status line", "HTTP/1.1 200 OK\r\n", "", WEIR_ETRUNCATED, FIN),
      CASE("in a name", "HTTP/1.1 200 OK\r\nCon", "", WEIR_ETRUNCATED, FIN),
      CASE("in a value", "HTTP/1.1 200 OK\r\nX: y", "", WEIR_ETRUNCATED, FIN),
      CASE("before the empty line", "HTTP/1.1 200 OK\r\nX: y\r\n", "", WEIR_ETRUNCATED, FIN),
      CASE("in the empty line", "HTTP/1.1 200 OK\r\nX: y\r\n\r", "", WEIR_ETRUNCATED, FIN),
      CASE("before a body", OK("Content-Length: 5\r\n"),
           "200 OK 1.1 keep length=5 {Content-Length: 5}", WEIR_ETRUNCATED, FIN),
      CASE("in a body", OK("Content-Length: 5\r\n") "hell",
           "200 OK 1.1 keep length=5 {Content-Length: 5} | body hell", WEIR_ETRUNCATED, FIN),
      CASE("in a body behind close", OK("Connection: close\r\nContent-Length: 5\r\n") "hell",
           "200 OK 1.1 close length=5 {Connection: close}{Content-Length: 5} | body hell",
           WEIR_ETRUNCATED, FIN),
      CASE("in a second head", OK_HELLO "HTTP/1.1", GOT_HELLO, WEIR_ETRUNCATED, FIN),
      CASE("what was refused stays so", "ICY 200\r\n", "", WEIR_EMESSAGE, FIN),
  };
  CHECK_RESPONSES(cases);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(only_http_1_0_and_1_1_are_understood);
  TEST(a_status_is_three_digits_from_100_to_599);
  TEST(a_reason_may_say_anything_or_nothing);
  TEST(nothing_stands_before_a_status_line);
  TEST(fields_are_as_strict_as_in_requests);
  TEST(a_length_is_one_number);
  TEST(a_coding_is_chunked_and_nothing_else);
  TEST(a_body_without_length_ends_with_the_connection);
  TEST(some_responses_have_no_body);
  TEST(interim_responses_come_before_the_real_one);
  TEST(a_101_switches_to_what_was_asked_for);
  TEST(only_a_101_switches);
  TEST(a_2xx_to_connect_opens_a_tunnel);
  TEST(a_connection_is_kept_unless_it_says_otherwise);
  TEST(what_comes_behind_the_end_is_not_used);
  TEST(a_response_that_ends_early_is_truncated);
  return check_end();
}
