/* Who judges must not nod: each deviation from the strict form is seen by strict.c. */
#include "hostile/run.h"

#include <stdlib.h>
#include <string.h>

#define GET_A "GET /p HTTP/1.1\r\nHost: a\r\n"
#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"

enum verdict { WHOLE, PART, BAD };

/* clang-format off */
static const struct {
  hostile_bytes bytes;
  enum verdict verdict;
} rows[] = {
    {BYTES(GET_A "\r\n"), WHOLE},
    {BYTES(GET_A "A: b c\r\nB: \r\nC: \xff\r\n\r\n"), WHOLE},
    {BYTES("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), WHOLE},
    {BYTES("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n"), WHOLE},
    {BYTES(GET_A "Content-Length: 2\r\n\r\nok"), WHOLE},
    {BYTES(GET_A CHUNKED "2\r\nok\r\n0\r\nA: b\r\n\r\n"), WHOLE},
    {BYTES(OK "Content-Length: 0\r\n\r\n"), WHOLE},
    {BYTES("HTTP/1.1 204 \r\n\r\n"), WHOLE},
    {BYTES("HTTP/1.1 100 Continue\r\n\r\n"), WHOLE},
    {BYTES("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"), WHOLE},
    {BYTES(GET_A "\r"), PART},
    {BYTES(GET_A "Content-Length: 2\r\n\r\no"), PART},
    {BYTES(GET_A CHUNKED "2\r\nok\r\n0\r\n"), PART},
    {BYTES(OK "Connection: close\r\n\r\nok"), PART},
    {BYTES("GET /p HTTP/1.1\nHost: a\r\n\r\n"), BAD},
    {BYTES("GET /p HTTP/1.1\r\nHost: a\n\r\n"), BAD},
    {BYTES("GET /p HTTP/1.1\r\nHost: a\r\n\n"), BAD},
    {BYTES("GET /p HTTP/1.1\r\nHost: a\r\n\rX"), BAD},
    {BYTES(GET_A "A: b\rc\r\n\r\n"), BAD},
    {BYTES("\r\n" GET_A "\r\n"), BAD},
    {BYTES("GET  /p HTTP/1.1\r\nHost: a\r\n\r\n"), BAD},
    {BYTES("GET /p HTTP/1.1 \r\nHost: a\r\n\r\n"), BAD},
    {BYTES("GET /p HTTP/1.0\r\nHost: a\r\n\r\n"), BAD},
    {BYTES("GET /p\r\nHost: a\r\n\r\n"), BAD},
    {BYTES("G(T /p HTTP/1.1\r\nHost: a\r\n\r\n"), BAD},
    {BYTES("GET p HTTP/1.1\r\nHost: a\r\n\r\n"), BAD},
    {BYTES("GET http://a/p HTTP/1.1\r\nHost: a\r\n\r\n"), BAD},
    {BYTES("GET * HTTP/1.1\r\nHost: a\r\n\r\n"), BAD},
    {BYTES("GET /p#f HTTP/1.1\r\nHost: a\r\n\r\n"), BAD},
    {BYTES("GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n"), BAD},
    {BYTES("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"), BAD},
    {BYTES("GET /p HTTP/1.1\r\n\r\n"), BAD},
    {BYTES(GET_A "Host: a\r\n\r\n"), BAD},
    {BYTES("GET /p HTTP/1.1\r\nHost: \r\n\r\n"), BAD},
    {BYTES("GET /p HTTP/1.1\r\nHost: a@b\r\n\r\n"), BAD},
    {BYTES(GET_A "A:b\r\n\r\n"), BAD},
    {BYTES(GET_A "A:  b\r\n\r\n"), BAD},
    {BYTES(GET_A "A: b \r\n\r\n"), BAD},
    {BYTES(GET_A "A: b\t\r\n\r\n"), BAD},
    {BYTES(GET_A "A : b\r\n\r\n"), BAD},
    {BYTES(GET_A ": b\r\n\r\n"), BAD},
    {BYTES(GET_A "A\r\n\r\n"), BAD},
    {BYTES(GET_A "A: b\r\n c\r\n\r\n"), BAD},
    {BYTES(GET_A "A\x80: b\r\n\r\n"), BAD},
    {BYTES(GET_A "A: b\0c\r\n\r\n"), BAD},
    {BYTES(GET_A "A: b\x7f" "c\r\n\r\n"), BAD},
    {BYTES(GET_A "Connection: TE\r\nConnection: TE\r\n\r\n"), BAD},
    {BYTES(GET_A "Content-Length: 02\r\n\r\nok"), BAD},
    {BYTES(GET_A "Content-Length: +2\r\n\r\nok"), BAD},
    {BYTES(GET_A "Content-Length: 2, 2\r\n\r\nok"), BAD},
    {BYTES(GET_A "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok"), BAD},
    {BYTES(GET_A "Content-Length: 18446744073709551615\r\n\r\nok"), BAD},
    {BYTES(GET_A "Content-Length: \r\n\r\n"), BAD},
    {BYTES(GET_A "Content-Length: 2\r\n" CHUNKED "2\r\nok\r\n0\r\n\r\n"), BAD},
    {BYTES(GET_A "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n"), BAD},
    {BYTES(GET_A "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), BAD},
    {BYTES(GET_A "transfer-encoding: identity\r\n\r\n"), BAD},
    {BYTES(GET_A CHUNKED "A\r\n0123456789\r\n0\r\n\r\n"), BAD},
    {BYTES(GET_A CHUNKED "02\r\nok\r\n0\r\n\r\n"), BAD},
    {BYTES(GET_A CHUNKED "2;a\r\nok\r\n0\r\n\r\n"), BAD},
    {BYTES(GET_A CHUNKED "2 \r\nok\r\n0\r\n\r\n"), BAD},
    {BYTES(GET_A CHUNKED "\r\nok\r\n0\r\n\r\n"), BAD},
    {BYTES(GET_A CHUNKED "2\nok\r\n0\r\n\r\n"), BAD},
    {BYTES(GET_A CHUNKED "2\r\nokay\r\n0\r\n\r\n"), BAD},
    {BYTES(GET_A CHUNKED "2\r\nok\n0\r\n\r\n"), BAD},
    {BYTES(GET_A CHUNKED "00\r\n\r\n"), BAD},
    {BYTES(GET_A CHUNKED "0\r\nA\r\n\r\n"), BAD},
    {BYTES(GET_A CHUNKED "0\r\n\n"), BAD},
    {BYTES("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"), BAD},
    {BYTES("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"), BAD},
    {BYTES("HTTP/1.1 99 \r\nContent-Length: 0\r\n\r\n"), BAD},
    {BYTES("HTTP/1.1 600 \r\nContent-Length: 0\r\n\r\n"), BAD},
    {BYTES("HTTP/1.1 2000 \r\nContent-Length: 0\r\n\r\n"), BAD},
    {BYTES("HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n"), BAD},
    {BYTES("HTTP/1.1 200  OK\r\nContent-Length: 0\r\n\r\n"), BAD},
    {BYTES("HTTP/1.1 200 O\1K\r\nContent-Length: 0\r\n\r\n"), BAD},
    {BYTES(OK "\r\n"), BAD},
    {BYTES("HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n"), BAD},
    {BYTES("HTTP/1.1 100 \r\n" CHUNKED), BAD},
    {BYTES("HTTP/1.1 304 \r\n" CHUNKED), BAD},
};
/* clang-format on */

static enum verdict verdict_of(const strict_message *m) {
  return m->bad ? BAD : m->whole ? WHOLE : PART;
}

static void a_deviation_from_the_strict_form_is_bad(void) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const hostile_bytes *b = &rows[i].bytes;
    char *bytes = exact_copy(b->ptr, b->len);
    strict_message m;
    CHECK_CASE("row %zu: %s", i, b->ptr);
    if (strncmp(bytes, "HTTP/", 5) == 0)
      strict_response(&m, bytes, b->len, "GET", false);
    else
      strict_request(&m, bytes, b->len);
    CHECK_INT(verdict_of(&m), rows[i].verdict);
    if (rows[i].verdict == WHOLE) CHECK_INT(m.used, b->len);
    strict_clear(&m);
    free(bytes);
  }
}

static void what_lies_behind_a_message_is_not_used(void) {
  strict_message m;
  strict_request(&m, GET_A "Content-Length: 2\r\n\r\nok\r\n", strlen(GET_A) + 25);
  CHECK(m.whole);
  CHECK_STR(m.body, "ok");
  CHECK_INT(m.used, strlen(GET_A) + 23);
  strict_clear(&m);
}

static void a_reset_does_not_end_a_body_that_a_fin_would(void) {
  static const char bytes[] = OK "Connection: close\r\n\r\nok";
  strict_message m;
  strict_response(&m, bytes, strlen(bytes), "GET", true);
  CHECK(m.whole && !m.bad);
  strict_clear(&m);
  strict_response(&m, bytes, strlen(bytes), "GET", false);
  CHECK(!m.whole && !m.bad);
  strict_clear(&m);
}

void run_strict_rules(void) {
  TEST(a_deviation_from_the_strict_form_is_bad);
  TEST(what_lies_behind_a_message_is_not_used);
  TEST(a_reset_does_not_end_a_body_that_a_fin_would);
}
