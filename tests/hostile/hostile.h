/* Hostile messages: tables of what a peer may send that is malformed, ambiguous or too much, and
 * what must come of it. A row is a message and three answers: what the client gets, what the origin
 * has seen, and that the next request is served as if nothing had been.
 *
 * Each row runs whole, with a pause behind the head, byte by byte, and cut in two at every byte,
 * the relay having used up the first piece before the second comes; there is one outcome for all.
 * Whatever weir writes, to either side, is read by strict.c and must be in the strict form.
 *
 *   const hostile_request request_length[] = {
 *       {"two lengths are refused", "9112 6.3",
 *        IN("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx"),
 *        .client = "400 close"},
 *       {"an empty line before the request is skipped", "9112 2.2",
 *        IN("\r\nGET /p HTTP/1.1\r\nHost: a\r\n\r\n"), .client = "200", .origin = "GET /p"},
 *   };
 *   const size_t request_length_count = sizeof request_length / sizeof *request_length;
 *
 * A table is a file of its own, named in tables.h; `hostile_test request_length` runs it, and
 * `hostile_test request_length "two lengths are refused"` runs one row of it. */
#ifndef WEIR_TEST_HOSTILE_H
#define WEIR_TEST_HOSTILE_H

#include <stdbool.h>
#include <stddef.h>

#include "support/fixture.h"

/* ---- what is sent ---- */

typedef struct hostile_bytes {
  const char *ptr;
  size_t len;
} hostile_bytes;

/* `text`, then `fill` as often as `times` says, then `after`. */
typedef struct hostile_input {
  hostile_bytes text, fill;
  size_t times;
  hostile_bytes after;
} hostile_input;

/* Literals, which may hold NUL. */
#define BYTES(literal) \
  { literal, sizeof(literal) - 1 }
#define IN(literal) \
  { .text = BYTES(literal) }
#define LONG(literal, filler, n, rest) \
  { .text = BYTES(literal), .fill = BYTES(filler), .times = (n), .after = BYTES(rest) }

/* ---- what comes of it ----
 *
 * Outcomes are texts, so that a failure can be read.
 *
 * `client`: each response in order, and how the connection stands then:
 *     "200"          a whole response; the connection is open
 *     "400 close"    a whole response and FIN, no byte behind it
 *     "" or "close"  nothing, and the connection is open or has ended
 *     "200:he cut"   an unfinished response, ended so that the client can tell (FIN or reset)
 *     "200:he.."     an unfinished response; the connection is open
 *     "reset"        the connection was reset between messages
 *     "101 raw:xy"   bytes of a tunnel
 * A body is shown behind a colon, trailers behind it in braces ("200:hello{X-Sum: 1}"), only in the
 * response half, and not for what weir says itself (which has no Via). Of 100 bytes and more the
 * length is shown ("200:[4096]").
 *
 * `origin`: each request in order, separated by " | ": method, target, body, trailers:
 *     "POST /p hello{X-Sum: 1} | GET /q"
 *     "POST /p he.."  at most this much of a request that never ends, or nothing of it: how far
 *                     it comes depends on what the relay had read when the bad byte came
 *     "GET /ws raw:x" bytes of a tunnel
 * Other than printable bytes are shown as \xNN. */

typedef struct hostile_request {
  const char *name; /* the sentence this row proves */
  const char *rule; /* where it is written: "9112 6.3" is RFC 9112, section 6.3 */
  hostile_input bytes;
  const char *client;
  const char *origin; /* NULL: nothing */

  const char *has;   /* lines the origin's first request must have, separated by "\n" .. */
  const char *lacks; /* .. and names it must not have, separated by a space */

  hostile_bytes each;          /* the row runs once for each of these bytes, in place of every @ */
  hostile_bytes answer;        /* what the origin says to each request; none: 200 and an echo */
  void (*arrange)(fixture *f); /* sets f->options, f->hooks .. */
  bool fin;                    /* the client sends FIN behind it */
  bool alone; /* no request behind it: it would become part of the message. Else each row runs with
                  a GET /behind as well: refused with the rest of a row that ends in "close",
                  answered and seen behind any other */
  bool
      sparse; /* long: cut at the first and last 64 bytes and at some 64 places between, and sent in
                  pieces of 1009 bytes instead of byte by byte */
} hostile_request;

/* The usual beginnings of rows, and how most of them end. */
#define GET_P "GET /p HTTP/1.1\r\nHost: a\r\n"
#define POST_P "POST /p HTTP/1.1\r\nHost: a\r\n"
#define POST_CHUNKS POST_P "Transfer-Encoding: chunked\r\n\r\n"
#define REFUSED .client = "400 close"
#define SERVED .client = "200"

/* Every control character but tab, CR and LF. */
#define CONTROLS \
  BYTES("\0\1\2\3\4\5\6\7\x08\x0b\x0c\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19" \
        "\x1a\x1b\x1c\x1d\x1e\x1f\x7f")
/* The ends and the middle of what is not ASCII. */
#define HIGH BYTES("\x80\x85\xa0\xc3\xff")

/* What the origin does when it has sent its bytes. */
enum hostile_then { THEN_WAITS, THEN_FIN, THEN_RESETS };

typedef struct hostile_response {
  const char *name;
  const char *rule;
  hostile_input bytes; /* what the origin sends once it has got the request whole */
  const char *client;
  enum weir_end end; /* of that exchange; 0 is WEIR_END_COMPLETE */

  const char *ask; /* what the client sends; NULL: GET of fixture.h. HTTP/1.0, HEAD, CONNECT .. */
  enum hostile_then then;
  hostile_bytes late; /* what the origin sends on the same connection when all is quiet again */
  const char *after;  /* what the client sends then, to a tunnel for instance */
  const char *origin; /* all the origin has seen, if it is more than what `ask` says or less */
  const char *has;    /* lines the final response must have, separated by "\n" .. */
  const char *lacks;  /* .. and names it must not have, separated by a space */
  bool early;         /* it is sent as soon as the head of the request is there; `ask` has no more
                         of it, and the rest is in `after` */
  bool kept;          /* the origin's connection serves the next request; else it must be closed */
  void (*arrange)(fixture *f);
  bool sparse;
} hostile_response;

/* Each row of a table is a test of check.h. Behind each run a request on a fresh connection must be
 * answered rightly; in the response half, one on the same connection too, if that is open. */
void run_hostile_requests(const hostile_request *table, size_t count);
void run_hostile_responses(const hostile_response *table, size_t count);

#endif
