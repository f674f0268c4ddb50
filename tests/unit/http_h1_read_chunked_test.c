/* http/h1_read over chunked bodies: framing never passes as body, and only one framing is read. */
#include "unit/http_h1_fixture.h"

#define HEAD "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
#define GOT_HEAD "POST / 1.1 keep chunked {Host: a}{Transfer-Encoding: chunked}"
#define GOT(body) GOT_HEAD " | body " body " | end"
#define HELLO GOT("hello")
#define LAST "0\r\n\r\n"
#define END WEIR__H1_END
#define FIN .fin = true

/* A good chunk whose size line is `line`. */
#define SIZED(line) HEAD line "\r\nhello\r\n" LAST
/* What must not be read on. */
#define BAD(name, bytes) CASE(name, HEAD bytes, GOT_HEAD, REFUSED)
#define BAD_BEHIND(name, bytes) \
  CASE(name, HEAD "5\r\nhello" bytes, GOT_HEAD " | body hello", REFUSED)

static void chunks_become_one_body(void) {
  static const h1_case cases[] = {
      CASE("one", SIZED("5"), HELLO, END),
      CASE("two", HEAD "2\r\nhe\r\n3\r\nllo\r\n" LAST, HELLO, END),
      CASE("of one byte", HEAD "1\r\nh\r\n1\r\ne\r\n1\r\nl\r\n1\r\nl\r\n1\r\no\r\n" LAST, HELLO,
           END),
      CASE("none", HEAD LAST, GOT_HEAD " | end", END),
      CASE("with line ends inside", HEAD "9\r\n0\r\n\r\n\r\n\r\n\r\n" LAST,
           GOT("0\\r\\n\\r\\n\\r\\n\\r\\n"), END),
      CASE("with NULs inside", HEAD "3\r\n\000\000\000\r\n" LAST, GOT("\\x00\\x00\\x00"), END),
      CASE("with GET", "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" LAST,
           "GET / 1.1 keep chunked {Host: a}{Transfer-Encoding: chunked} | end", END),
      CASE("then another message", SIZED("5") HEAD LAST, HELLO " | " GOT_HEAD " | end", END),
      CASE("then an empty line and another message", SIZED("5") "\r\n" SIZED("5"),
           HELLO " | " HELLO, END),
      CASE("then bytes that are no message", SIZED("5") "5\r\n", HELLO, WEIR_EMESSAGE),
  };
  CHECK_REQUESTS(cases);
}

#define TEN "0123456789"

static void a_size_is_a_hexadecimal_number(void) {
  static const h1_case cases[] = {
      CASE("lower case", HEAD "a\r\n" TEN "\r\n" LAST, GOT(TEN), END),
      CASE("upper case", HEAD "A\r\n" TEN "\r\n" LAST, GOT(TEN), END),
      CASE("two digits", HEAD "1f\r\n" TEN TEN TEN "x\r\n" LAST, GOT(TEN TEN TEN "x"), END),
      CASE("two digits of either case", HEAD "1F\r\n" TEN TEN TEN "x\r\n" LAST,
           GOT(TEN TEN TEN "x"), END),
      CASE("leading zeros", SIZED("0005"), HELLO, END),
      CASE("more leading zeros than digits", SIZED("000000000000000000000005"), HELLO, END),
      CASE("many zeros", HEAD "5\r\nhello\r\n0000\r\n\r\n", HELLO, END),
      CASE("the largest", HEAD "ffffffffffffffff\r\nhello", GOT_HEAD " | body hello", 0),
      CASE("the largest, cut", HEAD "ffffffffffffffff\r\nhello", GOT_HEAD " | body hello",
           WEIR_ETRUNCATED, FIN),
      BAD("one more", "10000000000000000\r\nhello\r\n" LAST),
      BAD("17 digits", "fffffffffffffffff\r\nhello\r\n" LAST),
      BAD("what wraps around to 5", "10000000000000005\r\nhello\r\n" LAST),
      BAD("what wraps around to 0", "10000000000000000\r\n\r\n"),
      BAD("0x", "0x5\r\nhello\r\n" LAST),
      BAD("0X", "0X5\r\nhello\r\n" LAST),
      BAD("an h", "5h\r\nhello\r\n" LAST),
      BAD("a plus", "+5\r\nhello\r\n" LAST),
      BAD("a minus", "-5\r\nhello\r\n" LAST),
      BAD("a minus and zero", "-0\r\n\r\n"),
      BAD("a space before", " 5\r\nhello\r\n" LAST),
      BAD("a tab before", "\t5\r\nhello\r\n" LAST),
      BAD("a space inside", "0 5\r\nhello\r\n" LAST),
      BAD("a g", "g\r\nhello\r\n" LAST),
      BAD("a g behind", "5g\r\nhello\r\n" LAST),
      BAD("an underscore", "0_5\r\nhello\r\n" LAST),
      BAD("a comma", "5,5\r\nhello\r\n" LAST),
      BAD("a point", "5.0\r\nhello\r\n" LAST),
      BAD("quotes", "\"5\"\r\nhello\r\n" LAST),
      BAD("a NUL", "5\000\r\nhello\r\n" LAST),
      BAD("obs-text", "5\xb5\r\nhello\r\n" LAST),
      BAD("nothing", "\r\nhello\r\n" LAST),
      BAD("nothing but an extension", ";x\r\nhello\r\n" LAST),
      BAD("another line first", "\r\n5\r\nhello\r\n" LAST),
      BAD("a space for the last chunk", " 0\r\n\r\n"),
  };
  CHECK_REQUESTS(cases);
}

static void size_lines_end_with_crlf(void) {
  static const h1_case cases[] = {
      BAD("LF", "5\nhello\r\n" LAST),
      BAD("CR", "5\rhello\r\n" LAST),
      BAD("CR CR LF", "5\r\r\nhello\r\n" LAST),
      BAD("LF CR", "5\n\rhello\r\n" LAST),
      BAD("CR SP LF", "5\r \nhello\r\n" LAST),
      BAD("LF of the last", "0\n\r\n"),
      BAD("CR of the last", "0\r\r\n\r\n"),
      BAD("LF of an extension", "5;x\nhello\r\n" LAST),
      BAD("LF of an extension with a value", "5;x=y\nhello\r\n" LAST),
      BAD("LF of a quoted extension", "5;x=\"y\"\nhello\r\n" LAST),
      BAD("CR of an extension", "5;x\rhello\r\n" LAST),
      BAD("CR in an extension", "5;x\ry\r\nhello\r\n" LAST),
      BAD("LF in an extension", "5;x\ny\r\nhello\r\n" LAST),
      BAD("LF in a value", "5;x=y\nz\r\nhello\r\n" LAST),
      BAD("CR in a value", "5;x=y\rz\r\nhello\r\n" LAST),
      BAD("CRLF in quotes", "5;x=\"\r\n\"\r\nhello\r\n" LAST),
      BAD("LF in quotes", "5;x=\"\n\"\r\nhello\r\n" LAST),
      BAD("escaped LF in quotes", "5;x=\"\\\n\"\r\nhello\r\n" LAST),
      BAD("a NUL in an extension", "5;x\000\r\nhello\r\n" LAST),
      BAD("a control in an extension", "5;x\001y\r\nhello\r\n" LAST),
      BAD("DEL in an extension", "5;x=\177\r\nhello\r\n" LAST),
  };
  CHECK_REQUESTS(cases);
}

static void extensions_are_dropped(void) {
  static const h1_case cases[] = {
      CASE("a name", SIZED("5;x"), HELLO, END),
      CASE("a name and a value", SIZED("5;x=y"), HELLO, END),
      CASE("a quoted value", SIZED("5;x=\"y z;=\\\"\""), HELLO, END),
      CASE("several", SIZED("5;x=y;z;a=\"b\""), HELLO, END),
      CASE("of the last chunk", HEAD "5\r\nhello\r\n0;x=y\r\n\r\n", HELLO, END),
      CASE("of every chunk", HEAD "2;a\r\nhe\r\n3;b=c\r\nllo\r\n0;d\r\n\r\n", HELLO, END),
      CASE("that looks like a size", SIZED("5;5"), HELLO, END),
  };
  CHECK_REQUESTS(cases);
}

static void data_ends_with_crlf(void) {
  static const h1_case cases[] = {
      BAD_BEHIND("nothing", LAST),
      BAD_BEHIND("LF", "\n" LAST),
      BAD_BEHIND("CR", "\r" LAST),
      BAD_BEHIND("CR CR LF", "\r\r\n" LAST),
      BAD_BEHIND("LF CR", "\n\r" LAST),
      BAD_BEHIND("CR X", "\rX\n" LAST),
      BAD_BEHIND("one byte more", "!\r\n" LAST),
      BAD_BEHIND("a space", " \r\n" LAST),
      BAD_BEHIND("one empty line more", "\r\n\r\n" LAST),
      BAD_BEHIND("a size without digits", "\r\n;x\r\n"),
      CASE("one byte less", HEAD "6\r\nhello\r\n" LAST, GOT_HEAD " | body hello\\r", REFUSED),
  };
  CHECK_REQUESTS(cases);
}

#define TRAILERS(lines) HEAD "5\r\nhello\r\n0\r\n" lines "\r\n"
#define GOT_TRAILERS(fields) HELLO fields

static void trailers_are_reported(void) {
  static const h1_case cases[] = {
      CASE("one", TRAILERS("X: y\r\n"), GOT_TRAILERS(" {X: y}"), END),
      CASE("two", TRAILERS("X: y\r\nZ:\r\n"), GOT_TRAILERS(" {X: y}{Z: }"), END),
      CASE("without body", HEAD "0\r\nX: y\r\n\r\n", GOT_HEAD " | end {X: y}", END),
      CASE("behind an extension", HEAD "5\r\nhello\r\n0;a\r\nX: y\r\n\r\n", GOT_TRAILERS(" {X: y}"),
           END),
      CASE("trimmed", TRAILERS("X:\t y z \t\r\n"), GOT_TRAILERS(" {X: y z}"), END),
      CASE("names that forward drops", TRAILERS("Host: b\r\nAuthorization: c\r\nTrailer: d\r\n"),
           GOT_TRAILERS(" {Host: b}{Authorization: c}{Trailer: d}"), END),
      CASE("Connection changes nothing any more", TRAILERS("Connection: close\r\n") HEAD LAST,
           GOT_TRAILERS(" {Connection: close}") " | " GOT_HEAD " | end", END),
      CASE("Upgrade changes nothing any more",
           TRAILERS("Connection: upgrade\r\nUpgrade: a\r\n") HEAD LAST,
           GOT_TRAILERS(" {Connection: upgrade}{Upgrade: a}") " | " GOT_HEAD " | end", END),
      CASE("then another message", TRAILERS("X: y\r\n") SIZED("5"),
           GOT_TRAILERS(" {X: y}") " | " HELLO, END),
      CASE("a second message has none of the first's", TRAILERS("X: y\r\n") TRAILERS("Z: a\r\n"),
           GOT_TRAILERS(" {X: y}") " | " GOT_TRAILERS(" {Z: a}"), END),
  };
  CHECK_REQUESTS(cases);
}

#define GOT_BODY GOT_HEAD " | body hello"
#define BAD_TRAILER(name, bytes) \
  CASE(name, HEAD "5\r\nhello\r\n0\r\n" bytes, GOT_BODY, WEIR_EMESSAGE)

static void trailers_are_as_strict_as_heads(void) {
  static const h1_case cases[] = {
      BAD_TRAILER("folded first", " X: y\r\n\r\n"),
      BAD_TRAILER("folded", "X: y\r\n z\r\n\r\n"),
      BAD_TRAILER("folded with a tab", "X: y\r\n\tz\r\n\r\n"),
      BAD_TRAILER("folded behind an empty value", "X:\r\n y\r\n\r\n"),
      BAD_TRAILER("folded to nothing", "X: y\r\n \r\n\r\n"),
      BAD_TRAILER("blank", " \r\n\r\n"),
      BAD_TRAILER("a space before the colon", "X : y\r\n\r\n"),
      BAD_TRAILER("an empty name", ": y\r\n\r\n"),
      BAD_TRAILER("no colon", "X\r\n\r\n"),
      BAD_TRAILER("a name that is no token", "X(: y\r\n\r\n"),
      BAD_TRAILER("a NUL", "X: \000\r\n\r\n"),
      BAD_TRAILER("a control", "X: y\001\r\n\r\n"),
      BAD_TRAILER("bare LF", "X: y\nZ: a\r\n\r\n"),
      BAD_TRAILER("bare CR", "X: y\rZ: a\r\n\r\n"),
      BAD_TRAILER("bare LF at the end", "X: y\r\n\n"),
      BAD_TRAILER("bare LF for none", "\n"),
      BAD_TRAILER("CR X at the end", "X: y\r\n\rX"),
      BAD_TRAILER("CR X for none", "\rX"),
      BAD_TRAILER("CR CR LF for none", "\r\r\n"),
      BAD_TRAILER("another chunk", "5\r\nhello\r\n" LAST),
      BAD_TRAILER("the next request", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
  };
  CHECK_REQUESTS(cases);
}

/* Whether a length may be said there at all is the parser's affair; it never counts. */
static void a_length_in_trailers_frames_nothing(void) {
  static const h1_case cases[] = {
      CASE("a length", TRAILERS("Content-Length: 3\r\n"), GOT_BODY, REFUSED),
      CASE("an ambiguous one", TRAILERS("Content-Length: x\r\n"), GOT_BODY, REFUSED),
  };
  CHECK_REQUESTS(cases);
}

static void a_body_without_its_last_chunk_is_truncated(void) {
  static const h1_case cases[] = {
      CASE("no chunk", HEAD, GOT_HEAD, WEIR_ETRUNCATED, FIN),
      CASE("in a size", HEAD "1", GOT_HEAD, WEIR_ETRUNCATED, FIN),
      CASE("in a size line's end", HEAD "5\r", GOT_HEAD, WEIR_ETRUNCATED, FIN),
      CASE("in an extension", HEAD "5;x", GOT_HEAD, WEIR_ETRUNCATED, FIN),
      CASE("before the data", HEAD "5\r\n", GOT_HEAD, WEIR_ETRUNCATED, FIN),
      CASE("in the data", HEAD "5\r\nhell", GOT_HEAD " | body hell", WEIR_ETRUNCATED, FIN),
      CASE("behind the data", HEAD "5\r\nhello", GOT_BODY, WEIR_ETRUNCATED, FIN),
      CASE("in the data's end", HEAD "5\r\nhello\r", GOT_BODY, WEIR_ETRUNCATED, FIN),
      CASE("behind a chunk", HEAD "5\r\nhello\r\n", GOT_BODY, WEIR_ETRUNCATED, FIN),
      CASE("behind the last size", HEAD "5\r\nhello\r\n0", GOT_BODY, WEIR_ETRUNCATED, FIN),
      CASE("in the last size line's end", HEAD "5\r\nhello\r\n0\r", GOT_BODY, WEIR_ETRUNCATED, FIN),
      CASE("behind the last size line", HEAD "5\r\nhello\r\n0\r\n", GOT_BODY, WEIR_ETRUNCATED, FIN),
      CASE("in the empty line", HEAD "5\r\nhello\r\n0\r\n\r", GOT_BODY, WEIR_ETRUNCATED, FIN),
      CASE("in a trailer", HEAD "5\r\nhello\r\n0\r\nX", GOT_BODY, WEIR_ETRUNCATED, FIN),
      CASE("behind a trailer", HEAD "5\r\nhello\r\n0\r\nX: y\r\n", GOT_BODY, WEIR_ETRUNCATED, FIN),
      CASE("behind all of it", SIZED("5"), HELLO, 0, FIN),
  };
  CHECK_REQUESTS(cases);
}

#define OK "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#define GOT_OK "200 OK 1.1 keep chunked {Transfer-Encoding: chunked}"

static void responses_are_read_likewise(void) {
  static const h1_case cases[] = {
      CASE("chunks", OK "5;x\r\nhello\r\n0\r\nX: y\r\n\r\n", GOT_OK " | body hello | end {X: y}",
           END),
      CASE("bytes behind", OK LAST "x", GOT_OK " | end | rest x", END, .once = true),
      CASE("0x", OK "0x5\r\nhello\r\n" LAST, GOT_OK, REFUSED),
      CASE("LF", OK "5\nhello\n0\n\n", GOT_OK, REFUSED),
      CASE("a size that wraps around", OK "10000000000000005\r\nhello\r\n" LAST, GOT_OK, REFUSED),
      CASE("no CRLF behind the data", OK "5\r\nhello" LAST, GOT_OK " | body hello", REFUSED),
      CASE("a folded trailer", OK "0\r\nX: y\r\n z\r\n\r\n", GOT_OK, WEIR_EMESSAGE),
      CASE("truncated", OK "5\r\nhello\r\n", GOT_OK " | body hello", WEIR_ETRUNCATED, FIN),
      CASE("truncated behind the last size line", OK "0\r\n", GOT_OK, WEIR_ETRUNCATED, FIN),
  };
  CHECK_RESPONSES(cases);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(chunks_become_one_body);
  TEST(a_size_is_a_hexadecimal_number);
  TEST(size_lines_end_with_crlf);
  TEST(extensions_are_dropped);
  TEST(data_ends_with_crlf);
  TEST(trailers_are_reported);
  TEST(trailers_are_as_strict_as_heads);
  TEST(a_length_in_trailers_frames_nothing);
  TEST(a_body_without_its_last_chunk_is_truncated);
  TEST(responses_are_read_likewise);
  return check_end();
}
