/* Sizes at, one over and far over each limit. Most rows run with limits so small that every cut can
 * be tried; the figures count as weir does: a head from its method to its empty line. */
#include "hostile/tables.h"

enum { HEAD = 1024, FIELDS = 16, TARGET = 128, BODY = 90 };

#define TEN(x) x x x x x x x x x x
#define NINETY(x) TEN(x x x x x x x x x)
#define LEN(text) (sizeof(text) - 1)
#define FIELD GET_P "A: "

static void small(fixture *f) {
  f->options.head_bytes = HEAD;
  f->options.head_fields = FIELDS;
  f->options.target_bytes = TARGET;
  f->options.request_body_max = BODY;
}

/* clang-format off */
const hostile_request request_limits[] = {
    /* the head as a whole */
    {"a head of just the limit passes", "9110 5.4",
     LONG(FIELD, "x", HEAD - LEN(FIELD) - 4, "\r\n\r\n"), SERVED, "GET /p", .arrange = small,
     .sparse = true},
    {"a head of a byte more is a 431", "6585 5",
     LONG(FIELD, "x", HEAD - LEN(FIELD) - 3, "\r\n\r\n"), .client = "431 close", .arrange = small,
     .sparse = true},
    {"a head of just the limit in small fields passes", "9110 5.4",
     LONG(GET_P "A:", " ", HEAD - LEN(GET_P) - 6, "\r\n\r\n"), SERVED, "GET /p", .has = "A: ",
     .arrange = small, .sparse = true},
    {"white space counts like other bytes", "6585 5",
     LONG(GET_P "A:", " ", HEAD - LEN(GET_P) - 5, "\r\n\r\n"), .client = "431 close",
     .arrange = small, .sparse = true},
    {"a name counts like other bytes", "6585 5", LONG(GET_P, "x", HEAD, ": b\r\n\r\n"),
     .client = "431 close", .arrange = small, .sparse = true},
    {"a head that never ends is a 431", "6585 5", LONG(FIELD, "x", 200000, ""),
     .client = "431 close", .sparse = true},
    {"a name that never ends is a 431", "6585 5", LONG(GET_P, "x", 200000, ""),
     .client = "431 close", .sparse = true},
    {"a head of 64 KiB passes by default", "9110 5.4",
     LONG(FIELD, "x", 65536 - LEN(FIELD) - 4, "\r\n\r\n"), SERVED, "GET /p", .sparse = true},
    {"a head of a byte more is a 431 by default", "6585 5",
     LONG(FIELD, "x", 65536 - LEN(FIELD) - 3, "\r\n\r\n"), .client = "431 close", .sparse = true},
    {"a megabyte of fields is a 431", "6585 5",
     LONG(GET_P, "Cookie: 0123456789abcdef0123456789abcdef0123456789abcdef\r\n", 20000, "\r\n"),
     .client = "431 close", .sparse = true},

    /* fields */
    {"as many fields as the limit says pass", "9110 5.4",
     LONG(GET_P, "A: b\r\n", FIELDS - 1, "\r\n"), SERVED, "GET /p", .arrange = small},
    {"one field more is a 431", "6585 5", LONG(GET_P, "A: b\r\n", FIELDS, "\r\n"),
     .client = "431 close", .arrange = small},
    {"empty fields count", "6585 5", LONG(GET_P, "A:\r\n", FIELDS, "\r\n"), .client = "431 close",
     .arrange = small},
    {"fields that go no further count", "6585 5", LONG(GET_P, "TE: x\r\n", FIELDS, "\r\n"),
     .client = "431 close", .arrange = small},
    {"128 fields pass by default", "9110 5.4", LONG(GET_P, "A: b\r\n", 127, "\r\n"), SERVED,
     "GET /p", .sparse = true},
    {"129 fields are a 431 by default", "6585 5", LONG(GET_P, "A: b\r\n", 128, "\r\n"),
     .client = "431 close", .sparse = true},

    /* the target */
    {"a target of just the limit passes", "9112 3",
     LONG("GET /", "p", TARGET - 1, " HTTP/1.1\r\nHost: a\r\n\r\n"), SERVED,
     "GET /" TEN("pppppppppp") TEN("pp") "ppppppp", .arrange = small},
    {"a target of a byte more is a 414", "9110 15.5.15",
     LONG("GET /", "p", TARGET, " HTTP/1.1\r\nHost: a\r\n\r\n"), .client = "414 close",
     .arrange = small},
    {"a query counts", "9110 15.5.15", LONG("GET /?", "p", TARGET, " HTTP/1.1\r\nHost: a\r\n\r\n"),
     .client = "414 close", .arrange = small},
    {"the host of an absolute target counts", "9110 15.5.15",
     LONG("GET http://b.org/", "p", TARGET - 10, " HTTP/1.1\r\nHost: a\r\n\r\n"),
     .client = "414 close", .arrange = small},
    {"a target far over is a 414", "9110 15.5.15",
     LONG("GET /", "p", 100000, " HTTP/1.1\r\nHost: a\r\n\r\n"), .client = "414 close",
     .sparse = true},
    {"a target that never ends is a 414", "9110 15.5.15", LONG("GET /", "p", 16384, ""),
     .client = "414 close", .arrange = small, .alone = true, .sparse = true},

    /* the body */
    {"a body of just the limit passes", "9110 15.5.14",
     LONG(POST_P "Content-Length: 90\r\n\r\n", "x", BODY, ""), SERVED, "POST /p " NINETY("x"),
     .arrange = small},
    {"a length of a byte more is a 413", "9110 15.5.14",
     LONG(POST_P "Content-Length: 91\r\n\r\n", "x", BODY + 1, ""), .client = "413 close",
     .arrange = small},
    {"a length far over is a 413", "9110 15.5.14",
     IN(POST_P "Content-Length: 9223372036854775807\r\n\r\nhello"), .client = "413 close",
     .arrange = small},
    {"chunks of just the limit pass", "9110 15.5.14",
     LONG(POST_CHUNKS, "a\r\nxxxxxxxxxx\r\n", 9, "0\r\n\r\n"), SERVED, "POST /p " NINETY("x"),
     .arrange = small},
    {"chunks of a byte more are a 413", "9110 15.5.14",
     LONG(POST_CHUNKS "1\r\nx\r\n", "a\r\nxxxxxxxxxx\r\n", 9, "0\r\n\r\n"), .client = "413 close",
     "POST /p " NINETY("x") "..", .arrange = small},
    {"a chunk far over is a 413", "9110 15.5.14", LONG(POST_CHUNKS "ffffffff\r\n", "x", 1000, ""),
     .client = "413 close", "POST /p " NINETY("x") "..", .arrange = small, .sparse = true},
};
/* clang-format on */
const size_t request_limits_count = sizeof request_limits / sizeof *request_limits;
