/* Over src/http/sse.c and sse_block.c: streams and the blocks they must give. How the parser behaves besides is
 * http_sse_parser_test.c. */
#include "unit/http_sse_fixture.h"

#define MARK "\xef\xbb\xbf"

static void a_blank_line_ends_a_block(void) {
  static const sse_case cases[] = {
      CASE("nothing", "", ""),
      CASE("one event", "data: a\n\n", "9 [a]"),
      CASE("two events", "data: a\n\ndata: b\n\n", "9 [a] | 9 [b]"),
      CASE("many of one byte", "data:1\n\ndata:2\n\ndata:3\n\ndata:4\n\n",
           "8 [1] | 8 [2] | 8 [3] | 8 [4]"),
      CASE("a blank line alone", "\n", "1 -"),
      CASE("blank lines alone", "\n\n\n", "1 - | 1 - | 1 -"),
      CASE("a blank line in front", "\ndata: a\n\n", "1 - | 9 [a]"),
      CASE("blank lines between", "data: a\n\n\n\ndata: b\n\n", "9 [a] | 1 - | 1 - | 9 [b]"),
      CASE("a space is no blank line", "data: a\n \ndata: b\n\n", "19 [a\\nb]"),
      CASE("a tab is no blank line", "data: a\n\t\ndata: b\n\n", "19 [a\\nb]"),
      CASE("form feed and others end no line", "data: a\x0b\x0c\x1c\x1e\n\n",
           "13 [a\\x0b\\x0c\\x1c\\x1e]"),
      CASE("NEL and LINE SEPARATOR end no line", "data: a\xc2\x85\xe2\x80\xa8\n\n",
           "14 [a\\xc2\\x85\\xe2\\x80\\xa8]"),
      CASE("every block starts anew", "event: x\ndata: a\nretry: 5\n: c\n\ndata: b\n\n",
           "31 [a] type=x retry=5 comment | 9 [b]"),
  };
  CHECK_STREAMS(cases);
}

static void a_line_ends_with_lf_cr_or_both(void) {
  static const sse_case cases[] = {
      CASE("CRLF", "data: a\r\ndata: b\r\n\r\n", "20 [a\\nb]"),
      CASE("CR", "data: a\rdata: b\r\r", "17 [a\\nb]"),
      CASE("each kind in turn", "data: a\ndata: b\rdata: c\r\ndata: d\n\n", "34 [a\\nb\\nc\\nd]"),
      CASE("CRLF events", "data: a\r\n\r\ndata: b\r\n\r\n", "11 [a] | 11 [b]"),
      CASE("CR events", "data: a\r\rdata: b\r\r", "9 [a] | 9 [b]"),
      CASE("LF, then CRLF", "data: a\n\r\ndata: b\n\r\n", "10 [a] | 10 [b]"),
      CASE("CRLF, then LF", "data: a\r\n\ndata: b\r\n\n", "10 [a] | 10 [b]"),
      CASE("LF, then CR", "data: a\n\rdata: b\n\r", "9 [a] | 9 [b]"),
      CASE("CRLF, then CR", "data: a\r\n\rdata: b\r\n\r", "10 [a] | 10 [b]"),
      CASE("CR, then CRLF", "data: a\r\r\ndata: b\r\r\n", "9 [a] | 1 - | 9 [b] | 1 -"),
      CASE("CR in front", "\rdata: a\r\r", "1 - | 9 [a]"),
      CASE("CRLF in front", "\r\ndata: a\r\n\r\n", "2 - | 11 [a]"),
      CASE("CR alone", "\r", "1 -"),
      CASE("two CR", "\r\r", "1 - | 1 -"),
      CASE("three CR", "\r\r\r", "1 - | 1 - | 1 -"),
      CASE("two CRLF", "\r\n\r\n", "2 - | 2 -"),
      CASE("CR CR LF", "\r\r\n", "1 - | 1 - | 1 -"),
      CASE("LF CR", "\n\r", "1 - | 1 -"),
      CASE("CR CR CR behind a line", "data: a\r\r\rdata: b\r\r", "9 [a] | 1 - | 9 [b]"),
      CASE("CRLF CR CR behind a line", "data: a\r\n\r\rdata: b\n\n", "10 [a] | 1 - | 9 [b]"),
      CASE("CRLF CR CRLF behind a line", "data: a\r\n\r\r\ndata: b\n\n",
           "10 [a] | 1 - | 1 - | 9 [b]"),
      CASE("LF LF CR LF behind a line", "data: a\n\n\r\ndata: b\n\n", "9 [a] | 2 - | 9 [b]"),
      CASE("CR LF LF CR behind a line", "data: a\r\n\n\rdata: b\n\n", "10 [a] | 1 - | 9 [b]"),
      CASE("a CR event, then LF", "data: a\r\rdata: b\n\n", "9 [a] | 9 [b]"),
      CASE("LF of a late CRLF begins no line", "data: a\r\r\ndata: b\r\r", "9 [a] | 1 - | 9 [b]"),
      CASE("a line of CRLF behind a boundary of CR", "data: a\r\r: b\r\n\r\n",
           "9 [a] | 7 - comment"),
  };
  CHECK_STREAMS(cases);
}

static void a_field_is_known_by_its_whole_name(void) {
  static const sse_case cases[] = {
      CASE("no space behind the colon", "data:a\n\n", "8 [a]"),
      CASE("one space goes", "data: a\n\n", "9 [a]"),
      CASE("only one space goes", "data:  a\n\n", "10 [ a]"),
      CASE("a tab stays", "data:\ta\n\n", "9 [\\x09a]"),
      CASE("spaces at the end stay", "data: a  \n\n", "11 [a  ]"),
      CASE("colons in the value", "data::a:b\n\n", "11 [:a:b]"),
      CASE("space, colon", "data: :a\n\n", "10 [:a]"),
      CASE("space in front of the name", " data: a\n\n", "10 -"),
      CASE("space in front of the colon", "data : a\n\n", "10 -"),
      CASE("tab in front of the colon", "data\t: a\n\n", "10 -"),
      CASE("capital letters", "DATA: a\nData: b\n\n", "17 -"),
      CASE("longer names", "datax: a\ndata2\nidx: 1\nevents: x\nretrys: 1\n\n", "43 -"),
      CASE("shorter names", "dat: a\ni: 1\neven: x\nretr: 1\n\n", "29 -"),
      CASE("unknown names", "foo: a\nfoo\nunknown-name: b\n\n", "28 -"),
      CASE("an unknown name beside data", "foo: a\ndata: b\nbar\n\n", "20 [b]"),
      CASE("names in values", "data: id: 1\nfoo: data: x\n\n", "26 [id: 1]"),
      CASE("a value in the wrong order", "a:data\n\n", "8 -"),
      CASE("NUL in a name", "da\0ta: a\n\n", "10 -"),
      CASE("NUL in front of the colon", "data\0: a\n\n", "10 -"),
      CASE("a long unknown line", "abcdefghijklmnopqrstuvwxyz0123456789\ndata: a\n\n", "46 [a]"),
  };
  CHECK_STREAMS(cases);
}

static void data_lines_are_joined_with_lf(void) {
  static const sse_case cases[] = {
      CASE("two", "data: a\ndata: b\n\n", "17 [a\\nb]"),
      CASE("three", "data:a\ndata:b\ndata:c\n\n", "22 [a\\nb\\nc]"),
      CASE("with others between", "data: a\nid: 1\ndata: b\n: c\ndata: d\n\n",
           "35 [a\\nb\\nd] id=1 comment"),
      CASE("empty ones", "data:\ndata:\n\n", "13 [\\n]"),
      CASE("without a colon", "data\ndata\ndata\n\n", "16 [\\n\\n]"),
      CASE("the first is empty", "data\ndata: b\n\n", "14 [\\nb]"),
      CASE("the last is empty", "data: a\ndata\n\n", "14 [a\\n]"),
      CASE("one space each", "data:  a\ndata:  b\n\n", "19 [ a\\n b]"),
      CASE("one block joins nothing of another", "data: a\ndata: b\n\ndata: c\ndata: d\n\n",
           "17 [a\\nb] | 17 [c\\nd]"),
      CASE("joined, one line, joined", "data:a\ndata:b\n\ndata:c\n\ndata:d\ndata:efgh\n\n",
           "15 [a\\nb] | 8 [c] | 18 [d\\nefgh]"),
      CASE("an empty value is an event", "data:\n\n", "7 []"),
      CASE("a space alone is empty, too", "data: \n\n", "8 []"),
      CASE("no colon is an event", "data\n\n", "6 []"),
      CASE("JSON of a model", "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n",
           "48 [{\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}]"),
      CASE("[DONE]", "data: [DONE]\n\n", "14 [[DONE]]"),
  };
  CHECK_STREAMS(cases);
}

static void no_data_is_no_event(void) {
  static const sse_case cases[] = {
      CASE("type alone", "event: x\n\n", "10 - type=x"),
      CASE("the type goes with its block", "event: x\n\ndata: a\n\n", "10 - type=x | 9 [a]"),
      CASE("id alone is in force", "id: 1\n\ndata: a\n\n", "7 - id=1 | 9 [a] last=1"),
      CASE("retry alone", "retry: 3000\n\n", "13 - retry=3000"),
      CASE("a comment alone", ": hello\n\n", "9 - comment"),
      CASE("all but data", "event: x\nid: 1\nretry: 2\n: c\nfoo\n\n",
           "33 - type=x id=1 retry=2 comment"),
  };
  CHECK_STREAMS(cases);
}

static void the_last_type_counts(void) {
  static const sse_case cases[] = {
      CASE("a type", "event: test\ndata: x\n\n", "21 [x] type=test"),
      CASE("behind data", "data: x\nevent: test\n\n", "21 [x] type=test"),
      CASE("two", "event: a\nevent: b\ndata: x\n\n", "27 [x] type=b"),
      CASE("empty", "event:\ndata: x\n\n", "16 [x] type=message"),
      CASE("without a colon", "event\ndata: x\n\n", "15 [x] type=message"),
      CASE("empty behind another", "event: a\nevent\ndata: x\n\n", "24 [x] type=message"),
      CASE("one space goes", "event:  a \ndata: x\n\n", "20 [x] type= a "),
      CASE("a type called message", "event: message\ndata: x\n\n", "24 [x] type=message"),
      CASE("of one block only", "event: a\ndata: x\n\ndata: y\n\n", "18 [x] type=a | 9 [y]"),
  };
  CHECK_STREAMS(cases);
}

static void an_id_stays_in_force(void) {
  static const sse_case cases[] = {
      CASE("over blocks", "id: 1\ndata: a\n\ndata: b\n\n", "15 [a] id=1 | 9 [b] last=1"),
      CASE("until another", "id: 1\ndata: a\n\nid: 22\ndata: b\n\ndata: c\n\n",
           "15 [a] id=1 | 16 [b] id=22 | 9 [c] last=22"),
      CASE("until an empty one", "id: 1\ndata: a\n\nid:\ndata: b\n\ndata: c\n\n",
           "15 [a] id=1 | 13 [b] id= | 9 [c]"),
      CASE("until one without a colon", "id: 1\n\nid\ndata: b\n\ndata: c\n\n",
           "7 - id=1 | 12 [b] id= | 9 [c]"),
      CASE("the last of a block", "id: 1\nid: 2\ndata: a\n\n", "21 [a] id=2"),
      CASE("behind data", "data: a\nid: 1\n\n", "15 [a] id=1"),
      CASE("NUL makes it no field",
           "id: 1\ndata: a\n\nid: 2\0"
           "3\ndata: b\n\n",
           "15 [a] id=1 | 17 [b] last=1"),
      CASE("NUL alone", "id: \0\ndata: a\n\n", "15 [a]"),
      CASE("NUL at the end", "id: 1\nid: 2\0\ndata: a\n\n", "22 [a] id=1"),
      CASE("NUL, then a good one", "id: \0\nid: 4\ndata: a\n\n", "21 [a] id=4"),
      CASE("one space goes", "id:  1 \ndata: a\n\n", "17 [a] id= 1 "),
      CASE("UTF-8", "id: \xe2\x80\xa6\ndata: a\n\ndata: b\n\n",
           "17 [a] id=\\xe2\\x80\\xa6 | 9 [b] last=\\xe2\\x80\\xa6"),
      CASE("a longer one, then a shorter", "id: abcdefghijklmnopqrstuvwxyz\n\nid: z\n\ndata\n\n",
           "32 - id=abcdefghijklmnopqrstuvwxyz | 7 - id=z | 6 [] last=z"),
  };
  CHECK_STREAMS(cases);
}

static void retry_is_digits_only(void) {
  static const sse_case cases[] = {
      CASE("a number", "retry: 1500\ndata: a\n\n", "21 [a] retry=1500"),
      CASE("no space", "retry:7\n\n", "9 - retry=7"),
      CASE("zero", "retry: 0\n\n", "10 - retry=0"),
      CASE("zeros in front", "retry: 00010\n\n", "14 - retry=10"),
      CASE("empty", "retry:\n\n", "8 -"),
      CASE("without a colon", "retry\n\n", "7 -"),
      CASE("empty undoes nothing", "retry: 5\nretry\n\n", "16 - retry=5"),
      CASE("letters", "retry: 1000x\n\n", "14 -"),
      CASE("letters undo nothing", "retry: 5\nretry: x\n\n", "19 - retry=5"),
      CASE("the last counts", "retry: 5\nretry: 6\n\n", "19 - retry=6"),
      CASE("two spaces", "retry:  5\n\n", "11 -"),
      CASE("space at the end", "retry: 5 \n\n", "11 -"),
      CASE("a sign", "retry: +5\nretry: -5\n\n", "21 -"),
      CASE("a fraction", "retry: 5.0\n\n", "12 -"),
      CASE("an exponent", "retry: 1e3\n\n", "12 -"),
      CASE("hexadecimal", "retry: 0x10\n\n", "13 -"),
      CASE("digits of another script", "retry: \xd9\xa1\n\n", "11 -"),
      CASE("the greatest", "retry: 9223372036854775807\n\n", "28 - retry=9223372036854775807"),
      CASE("one more", "retry: 9223372036854775808\n\n", "28 - retry=9223372036854775807"),
      CASE("far more", "retry: 99999999999999999999999999\n\n", "35 - retry=9223372036854775807"),
      CASE("far more and a letter", "retry: 99999999999999999999999999a\n\n", "36 -"),
      CASE("of one block only", "retry: 5\n\ndata: a\n\n", "10 - retry=5 | 9 [a]"),
  };
  CHECK_STREAMS(cases);
}

static void comments_are_told_and_skipped(void) {
  static const sse_case cases[] = {
      CASE("empty", ":\n\n", "3 - comment"),
      CASE("two", ":a\n: b\n\n", "8 - comment"),
      CASE("between data", "data:1\n:\ndata:2\n\n", "17 [1\\n2] comment"),
      CASE("one that looks like a field", ":data: a\n\n", "10 - comment"),
      CASE("two colons", "::\n\n", "4 - comment"),
      CASE("NUL", ":\0\ndata:2\n\n", "11 [2] comment"),
      CASE("with CR", ":\rdata:3\r\r", "10 [3] comment"),
      CASE("CR in it ends it", ": a\rdata: b\n\n", "13 [b] comment"),
      CASE("a long one", ":aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\ndata:4\n\n",
           "62 [4] comment"),
      CASE("behind a space it is none", " :\n\n", "4 -"),
      CASE("a heartbeat between events", "data: a\n\n:\n\ndata: b\n\n",
           "9 [a] | 3 - comment | 9 [b]"),
  };
  CHECK_STREAMS(cases);
}

static void a_byte_order_mark_is_skipped_once(void) {
  static const sse_case cases[] = {
      CASE("one", MARK "data: a\n\n", "12 [a]"),
      CASE("two", MARK MARK "data: a\n\n", "15 -"),
      CASE("a second block with one", MARK "data: a\n\n" MARK "data: b\n\n", "12 [a] | 12 -"),
      CASE("only the second block with one", "data: a\n\n" MARK "data: b\n\n", "9 [a] | 12 -"),
      CASE("behind a blank line", "\n" MARK "data: a\n\n", "1 - | 12 -"),
      CASE("in front of a comment", MARK ":\n\n", "6 - comment"),
      CASE("in front of a blank line", MARK "\ndata: a\n\n", "4 - | 9 [a]"),
      CASE("in front of a CR", MARK "\rdata: a\n\n", "4 - | 9 [a]"),
      CASE("in front of a CRLF", MARK "\r\ndata: a\n\n", "5 - | 9 [a]"),
      CASE("alone", MARK, "3 - unfinished"),
      CASE("its first byte", "\xef", "1 - unfinished"),
      CASE("its first byte, then data",
           "\xef"
           "data: a\n\ndata: b\n\n",
           "10 - | 9 [b]"),
      CASE("two bytes, then blank lines", "\xef\xbb\n\ndata: b\n\n", "4 - | 9 [b]"),
      CASE("one byte, then CR", "\xef\r\rdata: b\n\n", "3 - | 9 [b]"),
      CASE("its first byte twice",
           "\xef\xef\xbb\xbf"
           "data: a\n\n",
           "13 -"),
      CASE("of UTF-16",
           "\xfe\xff"
           "data: a\n\n",
           "11 -"),
      CASE("in data", "data: " MARK "a\n\n", "12 [\\xef\\xbb\\xbfa]"),
      CASE("in front of data of several lines", MARK "data: a\ndata: b\n\n", "20 [a\\nb]"),
  };
  CHECK_STREAMS(cases);
}

static void other_bytes_pass_as_they_are(void) {
  static const sse_case cases[] = {
      CASE("NUL in data", "data: \0a\0\n\n", "11 [\\x00a\\x00]"),
      CASE("NUL alone", "\0\n\n", "3 -"),
      CASE("NUL in a type", "event: a\0b\ndata\n\n", "17 [] type=a\\x00b"),
      CASE("UTF-8", "data: ok\xe2\x80\xa6\n\n", "13 [ok\\xe2\\x80\\xa6]"),
      CASE("no UTF-8", "data: \xff\xfe\xc0\x80\n\n", "12 [\\xff\\xfe\\xc0\\x80]"),
      CASE("a character that is cut off by the line", "data: \xe2\x80\ndata: b\n\n",
           "18 [\\xe2\\x80\\nb]"),
      CASE("controls", "data: \x01\x08\x0e\x1f\x7f\n\n", "13 [\\x01\\x08\\x0e\\x1f\\x7f]"),
      CASE("tabs all over", "data:\t\t\t\t\t\t\t\t\t\t\t\tx\n\n",
           "20 [\\x09\\x09\\x09\\x09\\x09\\x09\\x09\\x09\\x09\\x09\\x09\\x09x]"),
  };
  CHECK_STREAMS(cases);
}

static void what_has_no_blank_line_is_unfinished(void) {
  static const sse_case cases[] = {
      CASE("no line end", "data: a", "7 [a] unfinished"),
      CASE("no blank line", "data: a\n", "8 [a] unfinished"),
      CASE("CR", "data: a\r", "8 [a] unfinished"),
      CASE("CRLF", "data: a\r\n", "9 [a] unfinished"),
      CASE("CR of the blank line", "data: a\n\r", "9 [a]"),
      CASE("CR of the blank line of CRLF", "data: a\r\n\r", "10 [a]"),
      CASE("the ID of a whole one", "id: 1\r\n\r", "8 - id=1"),
      CASE("behind a whole one", "data: a\n\ndata: b\ndata: c", "9 [a] | 15 [b\\nc] unfinished"),
      CASE("half a name", "data: a\n\nda", "9 [a] | 2 - unfinished"),
      CASE("a comment", ": a", "3 - comment unfinished"),
      CASE("everything", "event: x\nid: 1\nretry: 2\ndata", "28 [] type=x id=1 retry=2 unfinished"),
      CASE("nothing behind a late LF", "data: a\r\r\n", "9 [a] | 1 -"),
  };
  CHECK_STREAMS(cases);
}

#define LINES .format = WEIR_SSE_LINES

static void each_line_of_json_is_an_event(void) {
  static const sse_case cases[] = {
      CASE_WITH("nothing", "", "", LINES),
      CASE_WITH("one", "{}\n", "3 [{}]", LINES),
      CASE_WITH("several", "{\"a\":1}\n[2]\n3\n", "8 [{\"a\":1}] | 4 [[2]] | 2 [3]", LINES),
      CASE_WITH("CRLF", "{}\r\n[]\r\n", "4 [{}] | 4 [[]]", LINES),
      CASE_WITH("blank lines", "\n{}\n\n\n[]\n", "1 - | 3 [{}] | 1 - | 1 - | 3 [[]]", LINES),
      CASE_WITH("blank lines of CRLF", "\r\n{}\r\n\r\n", "2 - | 4 [{}] | 2 -", LINES),
      CASE_WITH("lines of white space", " \n\t \r\n{}\n", "2 - | 4 - | 3 [{}]", LINES),
      CASE_WITH("CR is white space", "[1,\r2]\n", "7 [[1,\\r2]]", LINES),
      CASE_WITH("only one CR belongs to the end", "1\r\r\n", "4 [1\\r]", LINES),
      CASE_WITH("white space around stays", "  {} \n", "6 [  {} ]", LINES),
      CASE_WITH("it has no fields", "data: a\nid: 1\n:\n", "8 [data: a] | 6 [id: 1] | 2 [:]",
                LINES),
      CASE_WITH("without its end", "{}\n[", "3 [{}] | 1 [[] unfinished", LINES),
      CASE_WITH("without its end, with CR", "{}\r", "3 [{}] unfinished", LINES),
      CASE_WITH("white space without end", "{}\n ", "3 [{}] | 1 - unfinished", LINES),
      CASE_WITH("a mark", MARK "{}\n{}\n", "6 [{}] | 3 [{}]", LINES),
      CASE_WITH("a mark alone", MARK "\n{}\n", "4 - | 3 [{}]", LINES),
      CASE_WITH("a second mark", MARK "{}\n" MARK "\n", "6 [{}] | 4 [\\xef\\xbb\\xbf]", LINES),
      CASE_WITH("a NUL is not blank", "\0\n", "2 [\\x00]", LINES),
  };
  CHECK_STREAMS(cases);
}

#define TOO_LONG .result = WEIR_EEVENTSIZE

static void a_block_that_is_too_long_ends_it(void) {
  static const sse_case cases[] = {
      CASE_WITH("just short enough", "data: a\n\n", "9 [a]", .block_max = 9),
      CASE_WITH("each of them", "data: a\n\ndata: b\n\n", "9 [a] | 9 [b]", .block_max = 9),
      CASE_WITH("one byte more", "data: a\n\n", "", TOO_LONG, .block_max = 8),
      CASE_WITH("the second", "data\n\ndata: b\n\n", "6 []", TOO_LONG, .block_max = 8),
      CASE_WITH("without an end", "data: abcdefghijklmnopqrstuvwxyz", "", TOO_LONG, .block_max = 8),
      CASE_WITH("unfinished, just short enough", "data: ab", "8 [ab] unfinished", .block_max = 8),
      CASE_WITH("the LF of its blank line", "data\r\n\r\n", "", TOO_LONG, .block_max = 7),
      CASE_WITH("the LF that never comes", "data\r\n\rdata", "7 [] | 4 [] unfinished",
                .block_max = 7),
      CASE_WITH("a late LF does not count", "data\r\r\n", "6 [] | 1 -", .block_max = 6),
      CASE_WITH("a mark counts", MARK "data\n\n", "", TOO_LONG, .block_max = 8),
      CASE_WITH("comments count", ": a\n: b\n\n", "", TOO_LONG, .block_max = 8),
      CASE_WITH("blank lines do not add up", "\n\n\n\n\n\n", "1 - | 1 - | 1 - | 1 - | 1 - | 1 -",
                .block_max = 1),
      CASE_WITH("a line of JSON", "[1]\n[23]\n", "4 [[1]]", TOO_LONG, LINES, .block_max = 4),
      CASE_WITH("a line of JSON without end", "[1]\n[2345", "4 [[1]]", TOO_LONG, LINES,
                .block_max = 4),
  };
  CHECK_STREAMS(cases);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_blank_line_ends_a_block);
  TEST(a_line_ends_with_lf_cr_or_both);
  TEST(a_field_is_known_by_its_whole_name);
  TEST(data_lines_are_joined_with_lf);
  TEST(no_data_is_no_event);
  TEST(the_last_type_counts);
  TEST(an_id_stays_in_force);
  TEST(retry_is_digits_only);
  TEST(comments_are_told_and_skipped);
  TEST(a_byte_order_mark_is_skipped_once);
  TEST(other_bytes_pass_as_they_are);
  TEST(what_has_no_blank_line_is_unfinished);
  TEST(each_line_of_json_is_an_event);
  TEST(a_block_that_is_too_long_ends_it);
  return check_end();
}
