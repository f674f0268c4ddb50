/* The first line of an answer: what is no status line of HTTP/1.x is no answer, and the client gets
 * a 502. It knows nothing of what follows the line. All of it is constant. */
#include "hostile/tables.h"

/* A status line over an answer that is good otherwise. */
#define LINE(line) IN(line "\r\nContent-Length: 2\r\n\r\nok")
#define BAD .client = "502", .end = WEIR_END_MALFORMED

const hostile_response response_status[] = {
    /* ---- the version: RFC 9112, 2.3 ---- */
    {"HTTP/1.0 is understood", "9112 2.3", LINE("HTTP/1.0 200 OK"), .client = "200:ok",
     .has = "HTTP/1.1 200 OK"},
    {"HTTP/0.9 in a status line is refused", "9110 2.5", LINE("HTTP/0.9 200 OK"), BAD},
    {"HTTP/1.2 is refused", "9110 2.5", LINE("HTTP/1.2 200 OK"), BAD},
    {"HTTP/2.0 is refused", "9110 2.5", LINE("HTTP/2.0 200 OK"), BAD},
    {"HTTP/3 is refused", "9110 2.5", LINE("HTTP/3 200 OK"), BAD},
    {"a version without minor number is refused", "9112 2.3", LINE("HTTP/1 200 OK"), BAD},
    {"a version of more digits is refused", "9112 2.3", LINE("HTTP/1.10 200 OK"), BAD},
    {"a version with a leading zero is refused", "9112 2.3", LINE("HTTP/01.1 200 OK"), BAD},
    {"a version with a comma is refused", "9112 2.3", LINE("HTTP/1,1 200 OK"), BAD},
    {"a version without slash is refused", "9112 2.3", LINE("HTTP 1.1 200 OK"), BAD},
    {"a space inside the version is refused", "9112 2.3", LINE("HTTP/ 1.1 200 OK"), BAD},
    {"the name in lower case is refused", "9112 2.3", LINE("http/1.1 200 OK"), BAD},
    {"a status line without version is refused", "9112 4", LINE("200 OK"), BAD},
    {"ICY is refused", "9112 4", LINE("ICY 200 OK"), BAD},
    {"RTSP is refused", "9112 4", LINE("RTSP/1.0 200 OK"), BAD},
    {"a line of CGI is refused", "9112 4", LINE("Status: 200 OK"), BAD},

    /* ---- what is no status line at all ---- */
    {"an answer of HTTP/0.9 is refused", "9112 4", IN("<html>hello</html>"), BAD},
    {"an answer of HTTP/0.9 that begins with H is refused", "9112 4", IN("Hello, world\r\n"), BAD},
    {"a request for an answer is refused", "9112 4", IN("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), BAD},
    {"a greeting of SSH is refused", "9112 4", IN("SSH-2.0-x\r\n"), BAD},
    {"a TLS alert is refused", "9112 4", IN("\x15\x03\x01\x00\x02\x02\x28"), BAD},
    {"an HTTP/2 frame is refused", "9112 4", IN("\0\0\6\4\0\0\0\0\0"), BAD},
    {"a NUL is refused", "9112 4", IN("\0"), BAD},
    {"a byte order mark is refused", "9112 4", LINE("\xef\xbb\xbfHTTP/1.1 200 OK"), BAD},

    /* ---- only a server forgives empty lines: RFC 9112, 2.2 ---- */
    {"an empty line before it is refused", "9112 2.2", LINE("\r\nHTTP/1.1 200 OK"), BAD},
    {"a bare LF before it is refused", "9112 2.2", LINE("\nHTTP/1.1 200 OK"), BAD},
    {"a bare CR before it is refused", "9112 2.2", LINE("\rHTTP/1.1 200 OK"), BAD},
    {"a space before it is refused", "9112 4", LINE(" HTTP/1.1 200 OK"), BAD},
    {"nothing but an empty line is refused", "9112 2.2", IN("\r\n\r\n"), BAD},

    /* ---- the status: RFC 9110, 15 ---- */
    {"a status of one digit is refused", "9112 4", LINE("HTTP/1.1 2 OK"), BAD},
    {"a status of two digits is refused", "9112 4", LINE("HTTP/1.1 20 OK"), BAD},
    {"a status of four digits is refused", "9112 4", LINE("HTTP/1.1 2000 OK"), BAD},
    {"a status with a leading zero more is refused", "9112 4", LINE("HTTP/1.1 0200 OK"), BAD},
    {"status 000 is refused", "9110 15", LINE("HTTP/1.1 000 OK"), BAD},
    {"status 099 is refused", "9110 15", LINE("HTTP/1.1 099 OK"), BAD},
    {"status 600 is refused", "9110 15", LINE("HTTP/1.1 600 OK"), BAD},
    {"status 999 is refused", "9110 15", LINE("HTTP/1.1 999 OK"), BAD},
    {"status 599 passes", "9110 15", LINE("HTTP/1.1 599 Odd"), .client = "599:ok", .kept = true},
    {"a status with a sign is refused", "9112 4", LINE("HTTP/1.1 +20 OK"), BAD},
    {"a status below zero is refused", "9112 4", LINE("HTTP/1.1 -20 OK"), BAD},
    {"a status in hexadecimal is refused", "9112 4", LINE("HTTP/1.1 0xc OK"), BAD},
    {"a status with a point is refused", "9112 4", LINE("HTTP/1.1 200.1 OK"), BAD},
    {"a status in words is refused", "9112 4", LINE("HTTP/1.1 OK"), BAD},
    {"a version alone is refused", "9112 4", LINE("HTTP/1.1"), BAD},
    {"a version and a space are refused", "9112 4", LINE("HTTP/1.1 "), BAD},
    {"a reason joined to the status is refused", "9112 4", LINE("HTTP/1.1 200OK"), BAD},

    /* ---- what stands between: RFC 9112, 4 lets us read any white space, and does not ask it ---- */
    {"two spaces before the status are refused", "9112 4", LINE("HTTP/1.1  200 OK"), BAD},
    {"a tab before the status is refused", "9112 4", LINE("HTTP/1.1\t200 OK"), BAD},
    {"a tab behind the status is refused", "9112 4", LINE("HTTP/1.1 200\tOK"), BAD},
    {"a vertical tab before the status is refused", "9112 4", LINE("HTTP/1.1\v200 OK"), BAD},
    {"a NUL behind the version is refused", "9112 4", LINE("HTTP/1.1\0 200 OK"), BAD},
    {"a status without the space behind it is refused", "9112 4", LINE("HTTP/1.1 200"), BAD},

    /* ---- the reason ---- */
    {"a reason may be empty", "9112 4", LINE("HTTP/1.1 200 "), .client = "200:ok",
     .has = "HTTP/1.1 200 ", .kept = true},
    {"a reason may have bytes above 127", "9112 4", LINE("HTTP/1.1 200 \xc3\xa4\xff"),
     .client = "200:ok", .has = "HTTP/1.1 200 \xc3\xa4\xff", .kept = true},
    {"a reason may have a tab inside", "9112 4", LINE("HTTP/1.1 200 a\tb"), .client = "200:ok",
     .has = "HTTP/1.1 200 a\tb", .kept = true},
    {"a reason loses the white space around it", "9112 4", LINE("HTTP/1.1 200 \t OK \t"),
     .client = "200:ok", .has = "HTTP/1.1 200 OK", .kept = true},
    {"a reason of white space leaves as none", "9112 4", LINE("HTTP/1.1 200   \t"),
     .client = "200:ok", .has = "HTTP/1.1 200 ", .kept = true},
    {"a NUL in the reason is refused", "9112 4", LINE("HTTP/1.1 200 a\0b"), BAD},
    {"a control in the reason is refused", "9112 4", LINE("HTTP/1.1 200 a\001b"), BAD},
    {"an escape in the reason is refused", "9112 4", LINE("HTTP/1.1 200 \033[1m"), BAD},
    {"DEL in the reason is refused", "9112 4", LINE("HTTP/1.1 200 a\177b"), BAD},

    /* ---- the end of the line ---- */
    {"a bare LF behind the reason is refused", "9112 2.2", LINE("HTTP/1.1 200 OK\nX: y"), BAD},
    {"a bare CR in the reason is refused", "9112 2.2", LINE("HTTP/1.1 200 OK\rX: y"), BAD},
    {"CR CR LF behind the reason is refused", "9112 2.2", LINE("HTTP/1.1 200 OK\r"), BAD},
    {"CR CR does not end a status line", "9112 2.2",
     IN("HTTP/1.1 200 OK\r\rContent-Length: 0\r\n\r\n"), BAD},
    {"CR CR CR LF does not end a head", "9112 2.2", IN("HTTP/1.1 200 OK\r\r\r\nX: y\r\n\r\n"), BAD},
    {"LF CR behind the reason is refused", "9112 2.2", LINE("HTTP/1.1 200 OK\n\rX: y"), BAD},
    {"a head of bare LFs is refused", "9112 2.2", IN("HTTP/1.1 200 OK\nContent-Length: 2\n\nok"),
     BAD},

    /* ---- its length ---- */
    {"a reason without end is refused", "9112 3", LONG("HTTP/1.1 200 ", "a", 70000, ""), BAD,
     .sparse = true},
    {"zeros without end for a status are refused", "9112 3",
     LONG("HTTP/1.1 ", "0", 70000, "200 OK\r\n\r\n"), BAD, .sparse = true},
};
const size_t response_status_count = sizeof response_status / sizeof *response_status;
