/* Answers that can have no body, whatever they declare or send: RFC 9112, 6.3. What comes behind
 * their empty line is never body, and never the answer to the next request. All of it is constant. */
#include "hostile/tables.h"

#define HEAD "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
#define GET_10 "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"
#define POISON "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
#define S204(fields) "HTTP/1.1 204 No Content\r\n" fields "\r\n"
#define S304(fields) "HTTP/1.1 304 Not Modified\r\n" fields "\r\n"
#define OK(fields) "HTTP/1.1 200 OK\r\n" fields "\r\n"
#define BAD .client = "502", .end = WEIR_END_MALFORMED

const hostile_response response_nobody[] = {
    /* ---- 204: RFC 9110, 8.6 and RFC 9112, 6.1 forbid both of its framings ---- */
    {"a 204 has no body", "9112 6.3", IN(S204("")), .client = "204",
     .lacks = "Content-Length Transfer-Encoding", .kept = true},
    {"a 204 loses a length of zero", "9110 8.6", IN(S204("Content-Length: 0\r\n")), .client = "204",
     .lacks = "Content-Length", .kept = true},
    {"a 204 that promises a body is not trusted further", "9110 8.6",
     IN(S204("Content-Length: 5\r\n")), .client = "204", .lacks = "Content-Length"},
    {"a 204 that promises chunks is not trusted further", "9112 6.1",
     IN(S204("Transfer-Encoding: chunked\r\n")), .client = "204", .lacks = "Transfer-Encoding"},
    {"the body of a 204 is dropped", "9112 6.3", IN(S204("Content-Length: 5\r\n") "hello"),
     .client = "204", .lacks = "Content-Length"},
    {"the chunks of a 204 are dropped", "9112 6.3",
     IN(S204("Transfer-Encoding: chunked\r\n") "5\r\nhello\r\n0\r\n\r\n"), .client = "204",
     .lacks = "Transfer-Encoding"},
    {"the late body of a 204 is nobody's", "9112 9.2", IN(S204("Content-Length: 46\r\n")),
     .client = "204", .late = BYTES(POISON)},
    {"the late chunks of a 204 are nobody's", "9112 9.2",
     IN(S204("Transfer-Encoding: chunked\r\n")), .client = "204", .late = BYTES("0\r\n\r\n")},
    {"undeclared bytes behind a 204 are dropped", "9112 6.3", IN(S204("") "hello"),
     .client = "204"},
    {"a 204 with two lengths is refused", "9112 6.3",
     IN(S204("Content-Length: 0\r\nContent-Length: 0\r\n")), BAD},
    {"a 204 with a bad length is refused", "9112 6.3", IN(S204("Content-Length: x\r\n")), BAD},
    {"a 204 with an unknown coding is refused", "9112 6.3", IN(S204("Transfer-Encoding: gzip\r\n")),
     BAD},
    {"a 204 does not close a client of HTTP/1.0", "9112 9.3", IN(S204("")), .client = "204",
     .has = "Connection: keep-alive", .ask = GET_10, .kept = true},

    /* ---- 304: its fields speak of a body it does not have ---- */
    {"a 304 keeps the length of what it speaks of", "9110 8.6", IN(S304("Content-Length: 5\r\n")),
     .client = "304", .has = "Content-Length: 5", .kept = true},
    {"a 304 loses its coding", "9112 6.1", IN(S304("Transfer-Encoding: chunked\r\n")),
     .client = "304", .lacks = "Transfer-Encoding", .kept = true},
    {"the body of a 304 is dropped", "9112 6.3", IN(S304("Content-Length: 5\r\n") "hello"),
     .client = "304"},
    {"the chunks of a 304 are dropped", "9112 6.3",
     IN(S304("Transfer-Encoding: chunked\r\n") "5\r\nhello\r\n0\r\n\r\n"), .client = "304"},
    {"a 304 with both is refused", "9112 6.3",
     IN(S304("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")), BAD},
    {"FIN behind a 304 is its end", "9112 8", IN(S304("Content-Length: 5\r\n")), .client = "304",
     .then = THEN_FIN},

    /* ---- HEAD ---- */
    {"an answer to HEAD keeps its length", "9110 8.6", IN(OK("Content-Length: 1234\r\n")),
     .client = "200", .ask = HEAD, .has = "Content-Length: 1234", .kept = true},
    {"an answer to HEAD loses its coding", "9112 6.1", IN(OK("Transfer-Encoding: chunked\r\n")),
     .client = "200", .ask = HEAD, .lacks = "Transfer-Encoding Content-Length", .kept = true},
    {"an answer to HEAD ends though nothing says how long it is", "9112 6.3", IN(OK("")),
     .client = "200", .ask = HEAD, .lacks = "Transfer-Encoding Content-Length", .kept = true},
    {"an answer to HEAD with both is refused", "9112 6.3",
     IN(OK("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")), BAD, .ask = HEAD},
    {"an answer to HEAD with two lengths is refused", "9112 6.3",
     IN(OK("Content-Length: 5\r\nContent-Length: 6\r\n")), BAD, .ask = HEAD},
    {"an error to HEAD has no body either", "9112 6.3",
     IN("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello"), .client = "404", .ask = HEAD},
    {"a 502 to HEAD has no body either", "9112 6.3", IN("nonsense\r\n\r\n"), BAD, .ask = HEAD},
    {"the body of HEAD until the close is dropped", "9112 6.3", IN(OK("") "hello"), .client = "200",
     .ask = HEAD, .then = THEN_FIN},

    /* ---- those that have one, though some think otherwise ---- */
    {"a 205 has the body it declares", "9112 6.3",
     IN("HTTP/1.1 205 Reset Content\r\nContent-Length: 5\r\n\r\nhello"), .client = "205:hello",
     .kept = true},
    {"a 205 without framing ends with the connection", "9112 6.3",
     IN("HTTP/1.1 205 Reset Content\r\n\r\n"), .client = "205", .end = WEIR_END_UNMARKED,
     .then = THEN_FIN},
    {"a 302 has the body it declares", "9112 6.3",
     IN("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 5\r\n\r\nhello"),
     .client = "302:hello", .kept = true},
    {"a 203 ends like a 200", "9112 6.3", IN("HTTP/1.1 203 X\r\nContent-Length: 0\r\n\r\n"),
     .client = "203", .kept = true},
};
const size_t response_nobody_count = sizeof response_nobody / sizeof *response_nobody;
