/* Field lines of an answer: what would write lines of its own, what belongs to one hop, and how much
 * is too much. A bad line spoils the whole head: the client gets a 502 and no byte of it. All of it
 * is constant. */
#include "hostile/tables.h"

#define FIELDS(lines) IN("HTTP/1.1 200 OK\r\n" lines "\r\nContent-Length: 2\r\n\r\nok")
#define MANY(line, n) LONG("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", line, n, "\r\nok")
#define BAD .client = "502", .end = WEIR_END_MALFORMED
#define GOOD .client = "200:ok", .kept = true

/* So that a head at its limit can be cut at every byte. */
static void make_small(fixture *f) {
  f->options.head_bytes = 1024;
  f->options.head_fields = 8;
}

/* 17 + 2 bytes of status line, 17 + 2 of Content-Length, 3 + n + 2 of X, 2 of the empty line. */
#define SMALL(n) LONG("HTTP/1.1 200 Fine\r\nContent-Length: 2\r\nX: ", "a", n, "\r\n\r\nok")
enum { ROOM = 1024 - 19 - 19 - 5 - 2 };

const hostile_response response_fields[] = {
    /* ---- lines inside of values: RFC 9110, 5.5 ---- */
    {"a bare CR in a value is refused", "9112 2.2", FIELDS("X: y\rSet-Cookie: a=b"), BAD},
    {"a bare LF in a value is refused", "9112 2.2", FIELDS("X: y\nSet-Cookie: a=b"), BAD},
    {"CR CR LF behind a value is refused", "9112 2.2", FIELDS("X: y\r\r\nSet-Cookie: a=b"), BAD},
    {"LF CR behind a value is refused", "9112 2.2", FIELDS("X: y\n\rSet-Cookie: a=b"), BAD},
    {"a NUL in a value is refused", "9110 5.5", FIELDS("X: y\0z"), BAD},
    {"a NUL for a value is refused", "9110 5.5", FIELDS("X: \0"), BAD},
    {"a control in a value is refused", "9110 5.5", FIELDS("X: y\001z"), BAD},
    {"a backspace in a value is refused", "9110 5.5", FIELDS("X: y\bz"), BAD},
    {"a vertical tab in a value is refused", "9110 5.5", FIELDS("X: y\vz"), BAD},
    {"a form feed in a value is refused", "9110 5.5", FIELDS("X: y\fz"), BAD},
    {"an escape in a value is refused", "9110 5.5", FIELDS("X: y\033[2Jz"), BAD},
    {"DEL in a value is refused", "9110 5.5", FIELDS("X: y\177z"), BAD},
    {"bytes above 127 in a value pass", "9110 5.5", FIELDS("X: \xc3\xa4\xff\x80"), GOOD,
     .has = "X: \xc3\xa4\xff\x80"},
    {"a tab inside a value passes", "9110 5.5", FIELDS("X:\ty\t \tz \t"), GOOD,
     .has = "X: y\t \tz"},
    {"an empty value passes", "9110 5.5", FIELDS("X:"), GOOD, .has = "X: "},
    {"a value of white space is empty", "9110 5.5", FIELDS("X: \t "), GOOD, .has = "X: "},
    {"what CR and LF are in other writings passes as it is", "9110 5.5",
     FIELDS("X: a%0d%0aSet-Cookie: b\\r\\n\xe5\x98\x8d\xe5\x98\x8a"), GOOD,
     .has = "X: a%0d%0aSet-Cookie: b\\r\\n\xe5\x98\x8d\xe5\x98\x8a", .lacks = "Set-Cookie"},

    /* ---- folded lines: RFC 9112, 5.2 ---- */
    {"a folded value is refused", "9112 5.2", FIELDS("X: y\r\n Set-Cookie: a=b"), BAD},
    {"a value folded with a tab is refused", "9112 5.2", FIELDS("X: y\r\n\tz"), BAD},
    {"an empty value folded is refused", "9112 5.2", FIELDS("X:\r\n y"), BAD},
    {"a fold of white space alone is refused", "9112 5.2", FIELDS("X: y\r\n "), BAD},
    {"a fold behind the status line is refused", "9112 2.2", FIELDS(" X: y"), BAD},
    {"white space for the empty line is refused", "9112 2.2",
     IN("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n \r\nok"), BAD},

    /* ---- names: RFC 9110, 5.1 ---- */
    {"a space before the colon is refused", "9112 5.1", FIELDS("X : y"), BAD},
    {"a tab before the colon is refused", "9112 5.1", FIELDS("X\t: y"), BAD},
    {"an empty name is refused", "9110 5.1", FIELDS(": y"), BAD},
    {"a colon alone is refused", "9110 5.1", FIELDS(":"), BAD},
    {"a line without colon is refused", "9112 5", FIELDS("X"), BAD},
    {"a line without colon in front is refused", "9112 5", FIELDS("X\r\nY: z"), BAD},
    {"a space inside a name is refused", "9110 5.1", FIELDS("X Y: z"), BAD},
    {"a bracket in a name is refused", "9110 5.1", FIELDS("X(: y"), BAD},
    {"a slash in a name is refused", "9110 5.1", FIELDS("X/Y: z"), BAD},
    {"an at in a name is refused", "9110 5.1", FIELDS("X@Y: z"), BAD},
    {"a quote in a name is refused", "9110 5.1", FIELDS("\"X\": y"), BAD},
    {"an equals sign in a name is refused", "9110 5.1", FIELDS("X=Y: z"), BAD},
    {"a comma in a name is refused", "9110 5.1", FIELDS("X,Y: z"), BAD},
    {"a NUL in a name is refused", "9110 5.1", FIELDS("X\0Y: z"), BAD},
    {"a NUL before a name is refused", "9110 5.1", FIELDS("\0X: y"), BAD},
    {"a control in a name is refused", "9110 5.1", FIELDS("X\001: y"), BAD},
    {"DEL in a name is refused", "9110 5.1", FIELDS("X\177: y"), BAD},
    {"a byte above 127 in a name is refused", "9110 5.1", FIELDS("X\xe4: y"), BAD},
    {"a bare CR in a name is refused", "9112 2.2", FIELDS("X\rY: z"), BAD},
    {"a bare LF in a name is refused", "9112 2.2", FIELDS("X\nY: z"), BAD},
    {"a bare CR before a name is refused", "9112 2.2", FIELDS("\rX: y"), BAD},
    {"every character of a token passes in a name", "9110 5.6.2",
     FIELDS("!#$%&'*+-.^_`|~09azAZ: y"), GOOD, .has = "!#$%&'*+-.^_`|~09azAZ: y"},

    /* ---- the end of the head: RFC 9112, 2.2 ---- */
    {"a head ended by LF is refused", "9112 2.2",
     IN("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nok"), BAD},
    {"a head ended by CR X is refused", "9112 2.2",
     IN("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\rXok"), BAD},
    {"a head ended by CR CR LF is refused", "9112 2.2",
     IN("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\r\nok"), BAD},
    {"a head ended by two LFs is refused", "9112 2.2",
     IN("HTTP/1.1 200 OK\r\nContent-Length: 2\n\nok"), BAD},

    /* ---- of one hop: RFC 9110, 7.6.1 ---- */
    {"fields of the hop stop here", "9110 7.6.1",
     FIELDS("Connection: keep-alive\r\nKeep-Alive: timeout=60\r\nProxy-Connection: keep-alive\r\n"
            "TE: trailers\r\nUpgrade: h2c, TLS/1.3\r\nProxy-Authenticate: Basic\r\n"
            "Proxy-Authorization: Basic x\r\nHTTP2-Settings: x"),
     GOOD,
     .lacks = "Connection Keep-Alive Proxy-Connection TE Upgrade Proxy-Authenticate "
              "Proxy-Authorization HTTP2-Settings"},
    {"fields of the hop in any case stop here", "9110 7.6.1",
     FIELDS("CONNECTION: KEEP-ALIVE\r\nkeep-alive: timeout=60\r\nte: x\r\nuPGRADE: x"), GOOD,
     .lacks = "Connection Keep-Alive TE Upgrade"},
    {"what Connection names stops here", "9110 7.6.1",
     FIELDS("X-A: 1\r\nConnection: X-A, x-b ,,\tX-C\r\nX-B: 2\r\nX-c: 3\r\nX-D: 4\r\nX-A: 5"), GOOD,
     .has = "X-D: 4", .lacks = "X-A X-B X-C Connection"},
    {"what several Connections name stops here", "9110 7.6.1",
     FIELDS("Connection: X-A\r\nX-A: 1\r\nConnection: X-B\r\nX-B: 2"), GOOD,
     .lacks = "X-A X-B Connection"},
    {"Connection may name itself", "9110 7.6.1",
     FIELDS("Connection: Connection, X-A\r\nConnection: X-B\r\nX-A: 1\r\nX-B: 2"), GOOD,
     .lacks = "X-A X-B Connection"},
    {"Connection cannot name the length away", "9110 7.6.1",
     FIELDS("Connection: Content-Length, content-length"), GOOD, .has = "Content-Length: 2"},
    {"Connection cannot name away what all recipients need", "9110 7.6.1",
     FIELDS("Connection: Content-Type, Set-Cookie, Date\r\nContent-Type: text/html\r\n"
            "Set-Cookie: a=b\r\nDate: x"),
     GOOD, .has = "Content-Type: text/html\nSet-Cookie: a=b\nDate: x"},
    {"Connection cannot name Via away", "9110 7.6.1", FIELDS("Connection: Via\r\nVia: 1.1 x"), GOOD,
     .has = "Via: 1.1 x\nVia: 1.1 weir"},
    {"Connection cannot name the mark of a stream away", "9110 7.6.1",
     IN("HTTP/1.1 200 OK\r\nConnection: X-Accel-Buffering\r\nX-Accel-Buffering: yes\r\n"
        "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
     GOOD, .has = "X-Accel-Buffering: no"},
    {"Connection may hold what is no token", "9110 7.6.1",
     FIELDS("Connection: \"X-A\", X B, ;, =\r\nX-A: 1"), GOOD, .has = "X-A: 1",
     .lacks = "Connection"},
    {"Connection may name a thousand", "9110 7.6.1",
     LONG("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\nConnection: X-A", ",b", 20000,
          "\r\n\r\nok"),
     GOOD, .lacks = "X-A Connection", .sparse = true},
    {"fields that weir writes do not stand twice", "9110 7.6.1",
     FIELDS("Connection: close\r\nConnection: close\r\nVia: 1.0 x, 1.1 y"), .client = "200:ok",
     .has = "Via: 1.0 x, 1.1 y\nVia: 1.1 weir", .lacks = "Connection"},
    {"a Host in an answer is a field like others", "9110 7.2", FIELDS("Host: a b\r\nHost: c"), GOOD,
     .has = "Host: a b\nHost: c"},
    {"a Trailer passes", "9110 6.6.2",
     IN("HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n"
        "2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n"),
     .client = "200:ok{X-Sum: 1}", .has = "Trailer: X-Sum", .kept = true},
    {"repeated fields pass in their order", "9110 5.3",
     FIELDS("Set-Cookie: a=1\r\nX: y\r\nSet-Cookie: b=2\r\nset-cookie: a=1"), GOOD,
     .has = "Set-Cookie: a=1\nSet-Cookie: b=2\nset-cookie: a=1"},

    /* ---- how much: RFC 9112, 3 and RFC 9110, 5.4 ---- */
    {"a head as long as may be passes", "9110 5.4", SMALL(ROOM), GOOD, .arrange = make_small},
    {"a head one byte longer is refused", "9110 5.4", SMALL(ROOM + 1), BAD, .arrange = make_small},
    {"a name as long as may be passes", "9110 5.4",
     LONG("HTTP/1.1 200 Fine\r\nContent-Length: 2\r\nX", "a", ROOM, ":\r\n\r\nok"), GOOD,
     .arrange = make_small},
    {"a name one byte longer is refused", "9110 5.4",
     LONG("HTTP/1.1 200 Fine\r\nContent-Length: 2\r\nX", "a", ROOM + 2, ":\r\n\r\nok"), BAD,
     .arrange = make_small},
    {"as many fields as may be pass", "9110 5.4", MANY("X: y\r\n", 7), GOOD, .arrange = make_small},
    {"one field more is refused", "9110 5.4", MANY("X: y\r\n", 8), BAD, .arrange = make_small},
    {"a head of 60 KiB passes", "9110 5.4", MANY("Set-Cookie: aaaaaaaaaaaaaaaa\r\n", 127), GOOD,
     .sparse = true},
    {"129 fields are refused", "9110 5.4", MANY("X: y\r\n", 128), BAD, .sparse = true},
    {"fields without number are refused", "9110 5.4", MANY("X: y\r\n", 100000), BAD,
     .sparse = true},
    {"a value without end is refused", "9110 5.4",
     LONG("HTTP/1.1 200 OK\r\nX: ", "a", 1048576, "\r\n\r\n"), BAD, .sparse = true},
    {"a name without end is refused", "9110 5.4",
     LONG("HTTP/1.1 200 OK\r\n", "a", 1048576, ": b\r\n\r\n"), BAD, .sparse = true},
    {"white space without end before a value is refused", "9110 5.4",
     LONG("HTTP/1.1 200 OK\r\nX:", " ", 70000, "y\r\n\r\n"), BAD, .sparse = true},
    {"white space without end behind a value is refused", "9110 5.4",
     LONG("HTTP/1.1 200 OK\r\nX: y", "\t", 70000, "\r\n\r\n"), BAD, .sparse = true},
};
const size_t response_fields_count = sizeof response_fields / sizeof *response_fields;
