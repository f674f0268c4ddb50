/* http/h1_check by itself: the rules that llhttp, as it is today, enforces before it. What can be seen
 * through the reader is in http_h1_read_*_test.c. */
#include "http/h1_check.h"

#include <stdio.h>

#include "support/alloc.h"
#include "support/check.h"
#include "support/heads.h"
#include "weir/err.h"

static const struct {
  const char *start, *fields;
  int rc;
  enum weir__framing framing;
  uint64_t length;
} cases[] = {
    {"POST / HTTP/1.1", "Host: a\n", 0, WEIR__FRAMING_NONE, 0},
    {"POST / HTTP/1.1", "Host: a\nContent-Length: 5\n", 0, WEIR__FRAMING_LENGTH, 5},
    {"POST / HTTP/1.1", "Host: a\nContent-Length: 007\n", 0, WEIR__FRAMING_LENGTH, 7},
    {"POST / HTTP/1.1", "Host: a\nTransfer-Encoding: CHUNKED\n", 0, WEIR__FRAMING_CHUNKED, 0},
    {"POST / HTTP/1.1", "Host: a\nContent-Length: \n", WEIR_EFRAMING, 0, 0},
    {"POST / HTTP/1.1", "Host: a\nContent-Length: +5\n", WEIR_EFRAMING, 0, 0},
    {"POST / HTTP/1.1", "Host: a\nContent-Length: -5\n", WEIR_EFRAMING, 0, 0},
    {"POST / HTTP/1.1", "Host: a\nContent-Length: 5 5\n", WEIR_EFRAMING, 0, 0},
    {"POST / HTTP/1.1", "Host: a\nContent-Length: 5,5\n", WEIR_EFRAMING, 0, 0},
    {"POST / HTTP/1.1", "Host: a\nContent-Length: 0x5\n", WEIR_EFRAMING, 0, 0},
    {"POST / HTTP/1.1", "Host: a\nContent-Length: 18446744073709551616\n", WEIR_EFRAMING, 0, 0},
    {"POST / HTTP/1.1", "Host: a\nContent-Length: 5\ncontent-length: 5\n", WEIR_EFRAMING, 0, 0},
    {"POST / HTTP/1.1", "Host: a\nContent-Length: 5\nContent-Length: 6\n", WEIR_EFRAMING, 0, 0},
    {"POST / HTTP/1.1", "Host: a\nTransfer-Encoding: chunked\nContent-Length: 5\n", WEIR_EFRAMING,
     0, 0},
    {"POST / HTTP/1.1", "Host: a\nContent-Length: 0\nTransfer-Encoding: chunked\n", WEIR_EFRAMING,
     0, 0},
    {"POST / HTTP/1.1", "Host: a\nTransfer-Encoding: \n", WEIR_EFRAMING, 0, 0},
    {"POST / HTTP/1.1", "Host: a\nTransfer-Encoding: gzip, chunked\n", WEIR_EFRAMING, 0, 0},
    {"POST / HTTP/1.1", "Host: a\nTransfer-Encoding: chunked, chunked\n", WEIR_EFRAMING, 0, 0},
    {"POST / HTTP/1.1", "Host: a\nTransfer-Encoding: xchunked\n", WEIR_EFRAMING, 0, 0},
    {"POST / HTTP/1.1", "Host: a\nTransfer-Encoding: chunked\nTransfer-Encoding: chunked\n",
     WEIR_EFRAMING, 0, 0},
    {"POST / HTTP/1.0", "Transfer-Encoding: chunked\n", WEIR_EFRAMING, 0, 0},
    {"GET  HTTP/1.1", "Host: a\n", WEIR_EMESSAGE, 0, 0},
    {"GET x HTTP/1.1", "Host: a\n", WEIR_EMESSAGE, 0, 0},
    {"GET /\x01 HTTP/1.1", "Host: a\n", WEIR_EMESSAGE, 0, 0},
    {"GET /\x80 HTTP/1.1", "Host: a\n", WEIR_EMESSAGE, 0, 0},
    {"GET http://u@b/ HTTP/1.1", "Host: a\n", WEIR_EHOST, 0, 0},
    {"GET http:///x HTTP/1.1", "Host: a\n", WEIR_EHOST, 0, 0},
    {"GET http:// HTTP/1.1", "Host: a\n", WEIR_EMESSAGE, 0, 0},
    {"GET http://b/x#y HTTP/1.1", "Host: a\n", WEIR_EMESSAGE, 0, 0},
    {"CONNECT b:1 HTTP/1.1", "Host: a\n", 0, WEIR__FRAMING_NONE, 0},
    {"CONNECT / HTTP/1.1", "Host: a\n", WEIR_EMESSAGE, 0, 0},
    {"CONNECT b HTTP/1.1", "Host: a\n", WEIR_EMESSAGE, 0, 0},
    {"CONNECT b:x HTTP/1.1", "Host: a\n", WEIR_EMESSAGE, 0, 0},
    {"CONNECT b:1/x HTTP/1.1", "Host: a\n", WEIR_EMESSAGE, 0, 0},
    {"CONNECT http://b:1 HTTP/1.1", "Host: a\n", WEIR_EMESSAGE, 0, 0},
    {"HTTP/1.1 200 OK", "", 0, WEIR__FRAMING_CLOSE, 0},
    {"HTTP/1.1 200 OK", "Content-Length: 5\n", 0, WEIR__FRAMING_LENGTH, 5},
    {"HTTP/1.1 200 OK", "Transfer-Encoding: chunked\n", 0, WEIR__FRAMING_CHUNKED, 0},
    {"HTTP/1.1 99 X", "", WEIR_EMESSAGE, 0, 0},
    {"HTTP/1.1 100 X", "", 0, WEIR__FRAMING_NONE, 0},
    {"HTTP/1.1 599 X", "", 0, WEIR__FRAMING_CLOSE, 0},
    {"HTTP/1.1 600 X", "", WEIR_EMESSAGE, 0, 0},
    {"HTTP/1.1 304 X", "Content-Length: 5\nTransfer-Encoding: chunked\n", WEIR_EFRAMING, 0, 0},
    {"HTTP/1.1 200 OK", "Content-Length: 5\nContent-Length: 5\n", WEIR_EFRAMING, 0, 0},
};

static void a_message_means_exactly_one_thing(void) {
  weir__mem mem;
  weir__mem_init(&mem, NULL);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    weir_head *head = head_of(&mem, cases[i].start, cases[i].fields);
    CHECK_CASE("%s, %s", cases[i].start, cases[i].fields);
    int rc =
        head->request ? weir__h1_check_request(head) : weir__h1_check_response(head, "GET", NULL);
    CHECK_INT(rc, cases[i].rc);
    if (rc == 0) CHECK_INT(head->framing, cases[i].framing);
    if (rc == 0) CHECK_INT(head->length, cases[i].length);
    weir__head_free(head);
  }
}

/* What the origin gets must be what we read. */
static void a_length_is_rewritten_in_its_shortest_form(void) {
  static const char *const lengths[][2] = {{"0", "0"},
                                           {"00", "0"},
                                           {"007", "7"},
                                           {"70", "70"},
                                           {"9223372036854775807", "9223372036854775807"}};
  weir__mem mem;
  weir__mem_init(&mem, NULL);
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    char fields[60];
    snprintf(fields, sizeof fields, "content-LENGTH: %s\nX: y\n", lengths[i][0]);
    weir_head *head = head_of(&mem, "HTTP/1.1 200 OK", fields);
    CHECK_CASE("%s", lengths[i][0]);
    CHECK_INT(weir__h1_check_response(head, "GET", NULL), 0);
    snprintf(fields, sizeof fields, "content-LENGTH: %s\nX: y\n", lengths[i][1]);
    CHECK_FIELDS(head, fields);
    weir__head_free(head);
  }
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_message_means_exactly_one_thing);
  TEST(a_length_is_rewritten_in_its_shortest_form);
  return check_end();
}
