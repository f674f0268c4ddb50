/* Field lines: names, colons, values, folds, and names that some take for others. */
#include "hostile/tables.h"

#define FIELD(line) IN(GET_P line "\r\n\r\n")

/* clang-format off */
const hostile_request request_fields[] = {
    /* what the grammar gives */
    {"a name is any token", "9110 5.1", FIELD("!#$%&'*+-.^_`|~09aZ: b"), SERVED, "GET /p",
     .has = "!#$%&'*+-.^_`|~09aZ: b"},
    {"white space around a value is none of it", "9112 5.1", FIELD("A: \t b c\td\t "), SERVED,
     "GET /p", .has = "A: b c\td"},
    {"a value may be empty", "9110 5.5", FIELD("A:"), SERVED, "GET /p", .has = "A: "},
    {"a value may be blank", "9110 5.5", FIELD("A: \t "), SERVED, "GET /p", .has = "A: "},
    {"a value may hold high bytes", "9110 5.5", FIELD("A: \x80\xa0\xc3\xbc\xff"), SERVED, "GET /p",
     .has = "A: \x80\xa0\xc3\xbc\xff"},
    {"a value may hold a colon and more", "9110 5.5", FIELD("A: b: c, \"d\\\", <e> @ {f}"), SERVED,
     "GET /p", .has = "A: b: c, \"d\\\", <e> @ {f}"},
    {"fields may be repeated and keep their order", "9110 5.3", FIELD("A: 1\r\na: 2\r\nA: 3"),
     SERVED, "GET /p", .has = "A: 1\na: 2\nA: 3"},

    /* names */
    {"a name is not empty", "9110 5.1", FIELD(": b"), REFUSED},
    {"a name is not a colon", "9110 5.1", FIELD(":: b"), REFUSED},
    {"a name is not blank", "9110 5.1", FIELD(" : b"), REFUSED},
    {"an empty name does not hide the fields behind it", "9110 5.1",
     IN(POST_P ": b\r\nContent-Length: 5\r\n\r\nhello"), REFUSED},
    {"a name holds no control", "9110 5.1", FIELD("A@B: c"), REFUSED, .each = CONTROLS},
    {"a name begins with no control", "9110 5.1", FIELD("@B: c"), REFUSED, .each = CONTROLS},
    {"a name ends in no control", "9110 5.1", FIELD("A@: c"), REFUSED, .each = CONTROLS},
    {"a name holds nothing but tchar", "9110 5.6.2", FIELD("A@B: c"), REFUSED,
     .each = BYTES("\"(),/;<=>?@[\\]{} \t")},
    {"a name holds no high byte", "9110 5.1", FIELD("A@B: c"), REFUSED, .each = HIGH},
    {"a name holds no UTF-8", "9110 5.1", FIELD("\xc3\x9c" "ber: c"), REFUSED},

    /* colons */
    {"a line without colon is refused", "9112 5", FIELD("Abc"), REFUSED},
    {"a line of two words without colon is refused", "9112 5", FIELD("Abc def"), REFUSED},
    {"a second request line is refused", "9112 5", FIELD("GET /q HTTP/1.1"), REFUSED},
    {"a request line with a colon is refused", "9112 5", FIELD("GET /q:q HTTP/1.1"), REFUSED},
    {"a space before the colon is refused", "9112 5.1", FIELD("A : b"), REFUSED},
    {"a tab before the colon is refused", "9112 5.1", FIELD("A\t: b"), REFUSED},
    {"many spaces before the colon are refused", "9112 5.1", FIELD("A    : b"), REFUSED},
    {"a space before the colon of Host is refused", "9112 5.1",
     IN("GET /p HTTP/1.1\r\nHost : a\r\n\r\n"), REFUSED},

    /* values */
    {"a value holds no control", "9110 5.5", FIELD("A: b@c"), REFUSED, .each = CONTROLS},
    {"a value begins with no control", "9110 5.5", FIELD("A: @c"), REFUSED, .each = CONTROLS},
    {"a value ends in no control", "9110 5.5", FIELD("A: b@"), REFUSED, .each = CONTROLS},
    {"a value is not one control", "9110 5.5", FIELD("A:@"), REFUSED, .each = CONTROLS},

    /* folds (RFC 9112, 5.2: refuse, or replace; each origin does it in its own way) */
    {"a folded line is refused", "9112 5.2", FIELD("A: b\r\n c"), REFUSED},
    {"a line folded by a tab is refused", "9112 5.2", FIELD("A: b\r\n\tc"), REFUSED},
    {"a line folded at once is refused", "9112 5.2", FIELD("A:\r\n b"), REFUSED},
    {"a blank fold is refused", "9112 5.2", FIELD("A: b\r\n "), REFUSED},
    {"a fold that looks like a field is refused", "9112 5.2", FIELD("A: b\r\n C: d"), REFUSED},
    {"a fold by a bare LF is refused", "9112 5.2", FIELD("A: b\n c"), REFUSED},
    {"a fold by a bare CR is refused", "9112 5.2", FIELD("A: b\r c"), REFUSED},
    {"a folded Host is refused", "9112 5.2", IN("GET /p HTTP/1.1\r\nHost:\r\n a\r\n\r\n"), REFUSED},
    {"white space before the first field is refused", "9112 2.2",
     IN("GET /p HTTP/1.1\r\n Host: a\r\n\r\n"), REFUSED},
    {"a tab before the first field is refused", "9112 2.2",
     IN("GET /p HTTP/1.1\r\n\tA: b\r\nHost: a\r\n\r\n"), REFUSED},
    {"a blank line before the first field is refused", "9112 2.2",
     IN("GET /p HTTP/1.1\r\n \r\nHost: a\r\n\r\n"), REFUSED},
    {"a blank line does not end a head", "9112 5.2", IN("GET /p HTTP/1.1\r\nHost: a\r\n \r\n\r\n"),
     REFUSED},

    /* what says where a request comes from, and is believed by the origin */
    {"X-Forwarded-For of a stranger is not believed", "7239 8.1",
     FIELD("X-Forwarded-For: 10.0.0.1"), SERVED, "GET /p", .has = "X-Forwarded-For: 127.0.0.1"},
    {"two X-Forwarded-For are not believed", "7239 8.1",
     FIELD("X-Forwarded-For: 10.0.0.1\r\nx-forwarded-for: 10.0.0.2"), SERVED, "GET /p",
     .has = "X-Forwarded-For: 127.0.0.1"},
    {"X_Forwarded_For is not another field", "7239 8.1", FIELD("X_Forwarded_For: 10.0.0.1"), SERVED,
     "GET /p", .lacks = "X_Forwarded_For"},
    {"X-Forwarded_For is not another field", "7239 8.1", FIELD("X-Forwarded_For: 10.0.0.1"), SERVED,
     "GET /p", .lacks = "X-Forwarded_For"},
    {"Forwarded of a stranger is not believed", "7239 8.1",
     FIELD("Forwarded: for=10.0.0.1;proto=https"), SERVED, "GET /p", .lacks = "Forwarded"},
    {"X-Real-IP of a stranger is not believed", "7239 8.1", FIELD("X-Real-IP: 10.0.0.1"), SERVED,
     "GET /p", .has = "X-Real-IP: 127.0.0.1"},
    {"X-Forwarded-Proto and -Host of a stranger are not believed", "7239 8.1",
     FIELD("X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.org"), SERVED, "GET /p",
     .has = "X-Forwarded-Proto: http\nX-Forwarded-Host: a"},
    {"what is meant for the next proxy goes no further", "9110 11.7.2",
     FIELD("Proxy-Authorization: Basic eDp5\r\nProxy-Connection: keep-alive\r\n"
         "Keep-Alive: timeout=5"),
     SERVED, "GET /p", .lacks = "Proxy-Authorization Proxy-Connection Keep-Alive"},
};
/* clang-format on */
const size_t request_fields_count = sizeof request_fields / sizeof *request_fields;
