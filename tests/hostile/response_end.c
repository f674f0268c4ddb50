/* Where an answer ends: by its length, by the close, or not at all; and what an origin says behind
 * the end, which is never anybody's answer: RFC 9112, 6.3, 8 and 9.2. All of it is constant. */
#include "hostile/tables.h"

#define HEAD "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
#define GET_10 "GET / HTTP/1.0\r\nHost: a\r\n\r\n"
#define LENGTH "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#define CLOSE "HTTP/1.1 200 OK\r\n\r\n"
#define POISON "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
#define REFUSAL "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno"
#define UPLOAD \
  .ask = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhell", \
  .origin = "POST / hell..", .early = true
#define SHORT .end = WEIR_END_TRUNCATED, .then = THEN_FIN
#define RESET .end = WEIR_END_RESET, .then = THEN_RESETS

const hostile_response response_end[] = {
    /* ---- ends inside the head ---- */
    {"FIN for an answer is a 502", "9112 8", IN(""), .client = "502", SHORT},
    {"RST for an answer is a 502", "9112 8", IN(""), .client = "502", RESET},
    {"FIN in the version is a 502", "9112 8", IN("HTT"), .client = "502", SHORT},
    {"FIN in the status is a 502", "9112 8", IN("HTTP/1.1 20"), .client = "502", SHORT},
    {"FIN in the reason is a 502", "9112 8", IN("HTTP/1.1 200 O"), .client = "502", SHORT},
    {"FIN behind the status line is a 502", "9112 8", IN("HTTP/1.1 200 OK\r\n"), .client = "502",
     SHORT},
    {"FIN in a field is a 502", "9112 8", IN("HTTP/1.1 200 OK\r\nContent-Length: 0"),
     .client = "502", SHORT},
    {"FIN behind the fields is a 502", "9112 8", IN("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"),
     .client = "502", SHORT},
    {"FIN in the last CRLF is a 502", "9112 8", IN("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r"),
     .client = "502", SHORT},
    {"RST in the head is a 502", "9112 8", IN("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"),
     .client = "502", RESET},

    /* ---- a length that stays unmet ---- */
    {"FIN before the body of a length is seen", "9112 8", IN(LENGTH), .client = "200 cut", SHORT},
    {"FIN inside the body of a length is seen", "9112 8", IN(LENGTH "hell"),
     .client = "200:hell cut", SHORT},
    {"RST inside the body of a length is seen", "9112 8", IN(LENGTH "hell"),
     .client = "200:hell cut", RESET},
    {"FIN inside a length behind close is seen", "9112 8",
     IN("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhell"),
     .client = "200:hell cut", SHORT},
    {"FIN inside a length is seen by a client of HTTP/1.0", "9112 8", IN(LENGTH "hell"),
     .client = "200:hell cut", SHORT, .ask = GET_10},
    {"FIN inside a length of HTTP/1.0 is seen", "9112 8",
     IN("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhell"), .client = "200:hell cut", SHORT},
    {"FIN behind a length is the end", "9112 8", IN(LENGTH "hello"), .client = "200:hello",
     .then = THEN_FIN},
    {"RST behind a length comes too late to harm", "9112 8", IN(LENGTH "hello"),
     .client = "200:hello", .then = THEN_RESETS},

    /* ---- delimited by close ---- */
    {"FIN is the end of a body that nothing else marks", "9112 6.3", IN(CLOSE "hello"),
     .client = "200:hello", .end = WEIR_END_UNMARKED, .then = THEN_FIN},
    {"FIN is the end of an empty one, too", "9112 6.3", IN(CLOSE), .client = "200",
     .end = WEIR_END_UNMARKED, .then = THEN_FIN},
    {"RST is not the end of a body that nothing else marks", "9112 8", IN(CLOSE "hello"),
     .client = "200:hello cut", RESET},
    {"RST is not the end of an empty one either", "9112 8", IN(CLOSE), .client = "200 cut", RESET},
    {"RST resets a client of HTTP/1.0", "9112 8", IN(CLOSE "hello"), .client = "200:hello cut",
     RESET, .ask = GET_10},
    {"an answer inside such a body is body", "9112 6.3", IN(CLOSE LENGTH "hello"),
     .client =
         "200:HTTP/1.1\\x20200\\x20OK\\x0d\\x0aContent-Length:\\x205\\x0d\\x0a\\x0d\\x0ahello",
     .end = WEIR_END_UNMARKED, .then = THEN_FIN},
    {"keep-alive cannot keep such a connection", "9112 6.3",
     IN("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=60\r\n\r\nhello"),
     .client = "200:hello", .end = WEIR_END_UNMARKED, .then = THEN_FIN},
    {"such a body has no end while the connection lives", "9112 6.3", IN(CLOSE "hello"),
     .client = "200:hello.."},

    /* ---- bytes behind the end ---- */
    {"a byte behind a length is dropped", "9112 9.2", IN(LENGTH "hellox"), .client = "200:hello"},
    {"a byte behind a length of zero is dropped", "9112 9.2",
     IN("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nx"), .client = "200"},
    {"a CRLF behind a length is dropped", "9112 9.2", IN(LENGTH "hello\r\n"),
     .client = "200:hello"},
    {"a byte behind chunks is dropped", "9112 9.2", IN(CHUNKED "5\r\nhello\r\n0\r\n\r\nx"),
     .client = "200:hello"},
    {"a second last chunk is dropped", "9112 9.2", IN(CHUNKED "5\r\nhello\r\n0\r\n\r\n0\r\n\r\n"),
     .client = "200:hello"},
    {"a second answer is nobody's", "9112 9.2", IN(LENGTH "hello" POISON), .client = "200:hello"},
    {"a second answer behind chunks is nobody's", "9112 9.2",
     IN(CHUNKED "5\r\nhello\r\n0\r\n\r\n" POISON), .client = "200:hello"},
    {"a second answer behind HEAD is nobody's", "9112 9.2", IN(LENGTH POISON), .client = "200",
     .ask = HEAD},
    {"a body that HEAD did not ask for is dropped", "9110 9.3.2", IN(LENGTH "hello"),
     .client = "200", .ask = HEAD},
    {"chunks that HEAD did not ask for are dropped", "9110 9.3.2",
     IN(CHUNKED "5\r\nhello\r\n0\r\n\r\n"), .client = "200", .ask = HEAD},
    {"a second answer behind a 204 is nobody's", "9112 9.2",
     IN("HTTP/1.1 204 No Content\r\n\r\n" POISON), .client = "204"},
    {"a second answer behind a 304 is nobody's", "9112 9.2",
     IN("HTTP/1.1 304 Not Modified\r\n\r\n" POISON), .client = "304"},
    {"an interim response behind the end is nobody's", "9112 9.2",
     IN(LENGTH "hello"
               "HTTP/1.1 100 Continue\r\n\r\n"),
     .client = "200:hello"},
    {"many answers for one are nobody's", "9112 9.2", LONG(LENGTH "hello", POISON, 1000, ""),
     .client = "200:hello", .sparse = true},
    {"a MiB behind the end is dropped", "9112 9.2", LONG(LENGTH "hello", "x", 1048576, ""),
     .client = "200:hello", .sparse = true},

    /* ---- bytes on an idle connection ---- */
    {"a byte on an idle connection ends it", "9112 9.2", IN(LENGTH "hello"), .client = "200:hello",
     .late = BYTES("x")},
    {"an answer on an idle connection is nobody's", "9112 9.2", IN(LENGTH "hello"),
     .client = "200:hello", .late = BYTES(POISON)},
    {"a 408 on an idle connection is nobody's", "9112 9.2", IN(LENGTH "hello"),
     .client = "200:hello",
     .late = BYTES("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")},
    {"an interim response on an idle connection is nobody's", "9112 9.2", IN(LENGTH "hello"),
     .client = "200:hello", .late = BYTES("HTTP/1.1 103 Early Hints\r\n\r\n")},
    {"a CRLF on an idle connection ends it", "9112 9.2", IN(CHUNKED "0\r\n\r\n"), .client = "200",
     .late = BYTES("\r\n")},
    {"an answer on an idle connection behind HEAD is nobody's", "9112 9.2", IN(LENGTH),
     .client = "200", .ask = HEAD, .late = BYTES("hello")},
    {"an answer on an idle connection behind a 204 is nobody's", "9112 9.2",
     IN("HTTP/1.1 204 No Content\r\n\r\n"), .client = "204", .late = BYTES(POISON)},

    /* ---- what tells that a connection ends ---- */
    {"close is believed", "9112 9.6",
     IN("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"),
     .client = "200:hello"},
    {"close in a list and in capitals is believed", "9112 9.6",
     IN("HTTP/1.1 200 OK\r\nConnection: x, CLOSE ,y\r\nContent-Length: 5\r\n\r\nhello"),
     .client = "200:hello"},
    {"close in a second field is believed", "9112 9.6",
     IN("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nConnection: close\r\nContent-Length: 5\r\n"
        "\r\nhello"),
     .client = "200:hello"},
    {"close beside keep-alive is believed", "9112 9.6",
     IN("HTTP/1.1 200 OK\r\nConnection: keep-alive, close\r\nContent-Length: 5\r\n\r\nhello"),
     .client = "200:hello"},
    {"a word that close begins is another", "9112 9.6",
     IN("HTTP/1.1 200 OK\r\nConnection: closed\r\nContent-Length: 5\r\n\r\nhello"),
     .client = "200:hello", .kept = true},
    {"HTTP/1.0 closes", "9112 9.3", IN("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
     .client = "200:hello"},
    {"HTTP/1.0 keeps if it says so", "9112 9.3",
     IN("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello"),
     .client = "200:hello", .kept = true},
    {"a Keep-Alive of zero seconds ends it", "2068 19.7.1",
     IN("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=0\r\nContent-Length: 5\r\n\r\nhello"),
     .client = "200:hello"},
    {"a Keep-Alive of nonsense says nothing", "2068 19.7.1",
     IN("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=-1, timeout=, timeout=99999999999999999999, =,;\r\n"
        "Content-Length: 5\r\n\r\nhello"),
     .client = "200:hello", .kept = true},

    /* ---- answers that come before the request is whole ---- */
    {"an answer ends the wait for the body", "9112 9.3", IN(REFUSAL), .client = "413:no", UPLOAD,
     .after = "o worl"},
    {"an answer and FIN end the wait for the body", "9112 9.3", IN(REFUSAL), .client = "413:no",
     .then = THEN_FIN, UPLOAD, .after = "o worl"},
    {"an answer and RST end the wait for the body", "9112 9.3", IN(REFUSAL), .client = "413:no",
     .then = THEN_RESETS, UPLOAD, .after = "o worl"},
    {"an answer with close ends the wait for the body", "9112 9.6",
     IN("HTTP/1.1 413 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno"), .client = "413:no",
     .then = THEN_FIN, UPLOAD, .after = "o worl"},
    {"an answer ends the wait for chunks", "9112 9.3", IN(REFUSAL), .client = "413:no",
     .ask = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhell\r\n",
     .origin = "POST / hell..", .early = true, .after = "2\r\no!\r\n0\r\n\r\n"},
    {"a bad answer ends the wait for the body", "9112 9.3", IN("nonsense\r\n\r\n"), .client = "502",
     .end = WEIR_END_MALFORMED, UPLOAD, .after = "o worl"},
    {"FIN ends the wait for the body", "9112 9.3", IN(""), .client = "502", SHORT, UPLOAD,
     .after = "o worl"},
    {"a second answer to a request that goes on is nobody's", "9112 9.2", IN(REFUSAL POISON),
     .client = "413:no", UPLOAD, .after = "o worl"},
    {"a 101 to a request that goes on is refused", "9110 7.8",
     IN("HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"), .client = "502",
     .end = WEIR_END_MALFORMED,
     .ask = "POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
            "Content-Length: 10\r\n\r\nhell",
     .origin = "POST / hell..", .early = true, .after = "o worl"},
};
const size_t response_end_count = sizeof response_end / sizeof *response_end;
