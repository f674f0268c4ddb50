/* What comes before an answer, and what takes its place: interim responses, 101 in odd places, and
 * answers to CONNECT. A tunnel opens only where it was asked for, by the status that says so, to the
 * protocol that was named. All of it is constant. */
#include "hostile/tables.h"

#define OK_HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"
#define HINT "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
#define SWITCH(fields) "HTTP/1.1 101 Switching Protocols\r\n" fields "\r\n"
#define TO(protocols) SWITCH("Connection: upgrade\r\nUpgrade: " protocols "\r\n")
#define WEBSOCKET "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
#define POST_SWITCH \
  "POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n" \
  "Content-Length: 4\r\n\r\nbody"
#define GET_10 "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"
#define CONNECT "CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n"
#define BAD .client = "502", .end = WEIR_END_MALFORMED
#define RAW(what) .client = what, .ask = WEBSOCKET

static int allow(weir_exchange *ex, weir_head *head, void *user) {
  (void)head, (void)user;
  return weir_exchange_allow_connect(ex);
}

static void allow_connect(fixture *f) { f->hooks.on_request = allow; }

const hostile_response response_interim[] = {
    /* ---- RFC 9110, 15.2 ---- */
    {"a 100 nobody expects passes, as a gateway must", "9110 15.2", IN(CONTINUE OK_HELLO),
     .client = "100 200:hello", .kept = true},
    {"a 100 to a body that has been sent passes", "9110 15.2", IN(CONTINUE OK_HELLO),
     .client = "100 200:hello", .kept = true,
     .ask = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"},
    {"interim responses of every kind pass", "9110 15.2",
     IN(CONTINUE "HTTP/1.1 102 Processing\r\n\r\n" HINT "HTTP/1.1 199 \r\nX: y\r\n\r\n" OK_HELLO),
     .client = "100 102 103 199 200:hello", .kept = true},
    {"HTTP/1.0 knows no interim responses", "9110 15.2", IN(CONTINUE HINT OK_HELLO),
     .client = "200:hello", .ask = GET_10, .kept = true},
    {"as many as may be pass", "9110 15.2", LONG("", HINT, 16, OK_HELLO),
     .client = "103 103 103 103 103 103 103 103 103 103 103 103 103 103 103 103 200:hello",
     .kept = true},
    {"one more is a 502", "9110 15.2", LONG("", CONTINUE, 17, OK_HELLO),
     .client = "100 100 100 100 100 100 100 100 100 100 100 100 100 100 100 100 502",
     .end = WEIR_END_MALFORMED},
    {"a flood of them is a 502", "9110 15.2", LONG("", CONTINUE, 5000, ""),
     .client = "100 100 100 100 100 100 100 100 100 100 100 100 100 100 100 100 502",
     .end = WEIR_END_MALFORMED, .sparse = true},
    {"a flood of them is a 502 for HTTP/1.0, too", "9110 15.2", LONG("", CONTINUE, 5000, ""), BAD,
     .ask = GET_10, .sparse = true},
    {"one without end is a 502", "9112 3",
     LONG("HTTP/1.1 103 Early Hints\r\nLink: ", "a", 70000, "\r\n\r\n" OK_HELLO), BAD,
     .sparse = true},
    {"nothing behind them is a 502", "9112 8", IN(CONTINUE HINT), .client = "100 103 502",
     .end = WEIR_END_TRUNCATED, .then = THEN_FIN},
    {"RST behind them is a 502", "9112 8", IN(HINT), .client = "103 502", .end = WEIR_END_RESET,
     .then = THEN_RESETS},
    {"nonsense behind them is a 502", "9112 4", IN(HINT "nonsense\r\n\r\n"), .client = "103 502",
     .end = WEIR_END_MALFORMED},
    {"an empty line behind one is a 502", "9112 2.2", IN(HINT "\r\n" OK_HELLO), .client = "103 502",
     .end = WEIR_END_MALFORMED},

    /* ---- they have no body: RFC 9112, 6.3 ---- */
    {"a length of one does not leave", "9110 8.6",
     IN("HTTP/1.1 103 X\r\nContent-Length: 5\r\n\r\n" OK_HELLO), .client = "103 200:hello",
     .kept = true},
    {"a coding of one does not leave", "9112 6.1",
     IN("HTTP/1.1 103 X\r\nTransfer-Encoding: chunked\r\n\r\n" OK_HELLO), .client = "103 200:hello",
     .kept = true},
    {"the body of one is no answer", "9112 6.3",
     IN("HTTP/1.1 103 X\r\nContent-Length: 5\r\n\r\nhello" OK_HELLO), .client = "103 502",
     .end = WEIR_END_MALFORMED},
    {"the chunks of one are no answer", "9112 6.3",
     IN("HTTP/1.1 103 X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" OK_HELLO),
     .client = "103 502", .end = WEIR_END_MALFORMED},
    {"one with both is refused", "9112 6.3",
     IN("HTTP/1.1 103 X\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" OK_HELLO), BAD},
    {"one with two lengths is refused", "9112 6.3",
     IN("HTTP/1.1 100 X\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n" OK_HELLO), BAD},
    {"one with a bad field is refused", "9112 5.1",
     IN("HTTP/1.1 103 X\r\nLink : y\r\n\r\n" OK_HELLO), BAD},
    {"fields of the hop in one stop here", "9110 7.6.1",
     IN("HTTP/1.1 103 X\r\nConnection: close, Link\r\nKeep-Alive: x\r\nLink: y\r\nUpgrade: "
        "z\r\n\r\n" OK_HELLO),
     .client = "103 200:hello", .kept = true},

    /* ---- 101 in odd places: RFC 9110, 7.8 and 15.2.2 ---- */
    {"a 101 nobody asked for is refused", "9110 15.2.2", IN(TO("websocket") "hello"), BAD},
    {"a 101 to POST nobody asked for is refused", "9110 15.2.2", IN(TO("websocket") "hello"), BAD,
     .ask = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"},
    {"a 101 to HEAD nobody asked for is refused", "9110 15.2.2", IN(TO("websocket") "hello"), BAD,
     .ask = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"a 101 to HTTP/1.0 is refused", "9110 7.8", IN(TO("websocket") "hello"), .client = "502 close",
     .end = WEIR_END_MALFORMED,
     .ask = "GET / HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"},
    {"a 101 to an Upgrade that may not pass is refused", "9110 7.8", IN(TO("h2c") "hello"), BAD,
     .ask = "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
     .has = NULL},
    {"a 101 to another protocol is refused", "9110 15.2.2", IN(TO("h2c") "hello"), BAD,
     .ask = WEBSOCKET},
    {"a 101 to more protocols is refused", "9110 15.2.2", IN(TO("websocket, h2c") "hello"), BAD,
     .ask = WEBSOCKET},
    {"a 101 to more protocols in two fields is refused", "9110 15.2.2",
     IN(SWITCH("Connection: upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n") "hello"), BAD,
     .ask = WEBSOCKET},
    {"a 101 to a longer name is refused", "9110 15.2.2", IN(TO("websocket2") "hello"), BAD,
     .ask = WEBSOCKET},
    {"a 101 to a version of it is refused", "9110 15.2.2", IN(TO("websocket/2") "hello"), BAD,
     .ask = WEBSOCKET},
    {"a 101 to nothing is refused", "9110 15.2.2", IN(TO("") "hello"), BAD, .ask = WEBSOCKET},
    {"a 101 without Upgrade is refused", "9110 15.2.2",
     IN(SWITCH("Connection: upgrade\r\n") "hello"), BAD, .ask = WEBSOCKET},
    {"a 101 without Connection is refused", "9110 7.8",
     IN(SWITCH("Upgrade: websocket\r\n") "hello"), BAD, .ask = WEBSOCKET},
    {"a bare 101 is refused", "9110 15.2.2", IN(SWITCH("") "hello"), BAD, .ask = WEBSOCKET},
    {"a 101 in HTTP/1.0 is refused", "9110 7.8",
     IN("HTTP/1.0 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello"), BAD,
     .ask = WEBSOCKET},
    {"a 101 with two lengths is refused", "9112 6.3",
     IN(SWITCH("Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n"
               "Content-Length: 2\r\n")),
     BAD, .ask = WEBSOCKET},
    {"FIN in a 101 is a 502", "9112 8", IN("HTTP/1.1 101 X\r\nConnection: upgrade\r\n"),
     .client = "502", .end = WEIR_END_TRUNCATED, .then = THEN_FIN, .ask = WEBSOCKET},

    /* ---- 101 where it belongs ---- */
    {"a 101 that was asked for opens a tunnel", "9110 7.8", IN(TO("websocket") "hello"),
     RAW("101 raw:hello")},
    {"a 101 may write the name in its own way", "9110 7.8",
     IN(SWITCH("connection: Keep-Alive, UPGRADE\r\nupgrade: WebSocket\r\n") "hello"),
     RAW("101 raw:hello")},
    {"a 101 behind a 100 opens a tunnel", "9110 15.2.2", IN(CONTINUE TO("websocket") "hello"),
     RAW("100 101 raw:hello")},
    {"a 101 behind a 103 opens a tunnel", "9110 15.2.2", IN(HINT TO("websocket") "hello"),
     RAW("103 101 raw:hello")},
    {"a second 101 is bytes of the tunnel", "9110 7.8", IN(TO("websocket") SWITCH("")),
     RAW("101 raw:HTTP/1.1\\x20101\\x20Switching\\x20Protocols\\x0d\\x0a\\x0d\\x0a")},
    {"an answer behind a 101 is bytes of the tunnel", "9110 7.8", IN(TO("websocket") OK_HELLO),
     RAW("101 "
         "raw:HTTP/1.1\\x20200\\x20OK\\x0d\\x0aContent-Length:\\x205\\x0d\\x0a\\x0d\\x0ahello")},
    {"a length does not frame a 101", "9112 6.3",
     IN(SWITCH("Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n") "hello"),
     RAW("101 raw:hello")},
    {"chunks do not frame a 101", "9112 6.3",
     IN(SWITCH(
         "Connection: upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n") "hello"),
     RAW("101 raw:hello")},
    {"fields of the hop in a 101 stop here", "9110 7.6.1",
     IN(SWITCH("Connection: upgrade, X-Hop\r\nUpgrade: websocket\r\nX-Hop: 1\r\nKeep-Alive: x\r\n"
               "Proxy-Connection: x\r\nTE: x\r\n") "hello"),
     RAW("101 raw:hello"), .has = "Connection: upgrade\nUpgrade: websocket",
     .lacks = "X-Hop Keep-Alive Proxy-Connection TE"},
    {"empty elements of a 101's Upgrade go", "9110 5.6.1",
     IN(SWITCH(
         "Connection: upgrade\r\nUpgrade: websocket,,\r\nUpgrade: \r\nUpgrade:, \r\n") "hello"),
     RAW("101 raw:hello"), .has = "Connection: upgrade\nUpgrade: websocket"},
    {"a 101 whose Upgrade has only empty elements is refused", "9110 15.2.2",
     IN(SWITCH("Connection: upgrade\r\nUpgrade: , ,\r\n") "hello"), BAD, .ask = WEBSOCKET},
    {"a 101 to POST opens a tunnel behind the body", "9110 7.8", IN(TO("websocket") "hello"),
     .client = "101 raw:hello", .ask = POST_SWITCH},

    /* ---- anything but 101 is HTTP: CVE-2024-23326 ---- */
    {"a 200 to an Upgrade is an answer", "9110 7.8",
     IN("HTTP/1.1 200 OK\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\n"
        "hello"),
     .client = "200:hello", .ask = WEBSOCKET, .lacks = "Upgrade Connection", .kept = true},
    {"a 200 without framing to an Upgrade is no tunnel", "9110 7.8",
     IN("HTTP/1.1 200 OK\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello"),
     .client = "200:hello", .end = WEIR_END_UNMARKED, .then = THEN_FIN, .ask = WEBSOCKET,
     .lacks = "Upgrade Connection"},
    {"a 426 is an answer", "9110 7.8",
     IN("HTTP/1.1 426 Upgrade Required\r\nConnection: upgrade\r\nUpgrade: TLS/1.3\r\n"
        "Content-Length: 0\r\n\r\n"),
     .client = "426", .ask = WEBSOCKET, .kept = true},
    {"a 200 and tunnel bytes are an answer and bytes behind its end", "9112 9.2",
     IN("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n\x81\x05hello"), .client = "200",
     .ask = WEBSOCKET},

    /* ---- CONNECT: RFC 9110, 9.3.6 ---- */
    {"a 2xx to CONNECT opens a tunnel", "9110 9.3.6", IN("HTTP/1.1 200 OK\r\n\r\nhello"),
     .client = "200 raw:hello", .ask = CONNECT, .arrange = allow_connect},
    {"a length does not frame a tunnel", "9110 9.3.6",
     IN("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello"), .client = "200 raw:hello",
     .ask = CONNECT, .lacks = "Content-Length", .arrange = allow_connect},
    {"chunks do not frame a tunnel", "9110 9.3.6",
     IN("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello"), .client = "200 raw:hello",
     .ask = CONNECT, .lacks = "Transfer-Encoding", .arrange = allow_connect},
    {"a 204 to CONNECT opens a tunnel", "9110 9.3.6", IN("HTTP/1.1 204 No Content\r\n\r\nhello"),
     .client = "204 raw:hello", .ask = CONNECT, .arrange = allow_connect},
    {"a 299 to CONNECT opens a tunnel", "9110 9.3.6", IN("HTTP/1.1 299 X\r\n\r\nhello"),
     .client = "299 raw:hello", .ask = CONNECT, .arrange = allow_connect},
    {"a 101 to CONNECT is refused", "9110 15.2.2", IN(TO("websocket") "hello"), BAD, .ask = CONNECT,
     .arrange = allow_connect},
    {"both framings in an answer to CONNECT are refused", "9112 6.3",
     IN("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"), BAD,
     .ask = CONNECT, .arrange = allow_connect},
    {"a 407 to CONNECT is an answer", "9110 9.3.6",
     IN("HTTP/1.1 407 X\r\nProxy-Authenticate: Basic\r\nContent-Length: 5\r\n\r\nhello"),
     .client = "407:hello", .ask = CONNECT, .lacks = "Proxy-Authenticate", .kept = true,
     .arrange = allow_connect},
    {"a 302 to CONNECT that has no end is no tunnel", "9110 9.3.6",
     IN("HTTP/1.1 302 Found\r\n\r\nhello"), .client = "302:hello", .end = WEIR_END_UNMARKED,
     .then = THEN_FIN, .ask = CONNECT, .arrange = allow_connect},
};
const size_t response_interim_count = sizeof response_interim / sizeof *response_interim;
