/* Seeds of the targets `exchange` and `flood` that no other table has: scripts (see script.h) of
 * what takes more than a request and its response. Files go to $WEIR_SEEDS/exchange/ and
 * $WEIR_SEEDS/flood/. */
#include "fuzz/seeds.h"

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define POST "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#define EVENTS CHUNKED "9\r\ndata: a\n\n\r\n"
#define UPGRADE "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
#define SWITCHED "HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
#define CONNECT "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"

#define POST_MUCH "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n"
#define FIVE(text) text text text text text
#define TWENTY(text) FIVE(text) FIVE(text) FIVE(text) FIVE(text)

enum {
  TYPICAL = 7,
  ALLOCATIONS = 40
}; /* settings: options, limits, cuts, hook, window, allocation, more */

typedef struct script {
  const char settings[TYPICAL + 1];
  const char *text;
  size_t len;
} script;

#define SCRIPT(settings, text) \
  { settings, text, sizeof(text) - 1 }

static const script scripts[] = {
    SCRIPT("\0\0\7\0\0", "C" GET "\n%O" OK),
    SCRIPT("\0\0\3\0\x11", "C" GET "\n%O" OK "\n%w\x30\n%w\xff"),
    SCRIPT("\0\0\7\0\0\x9", "C" GET "\n%O" OK),
    SCRIPT("\0\0\7\0\0", "C" GET GET GET "\n%O" OK "\n%O" OK "\n%O" OK),
    SCRIPT("\0\0\7\0\0", "C" GET "\n%O" OK OK "\n%C" GET "\n%O" OK),
    SCRIPT("\0\0\7\0\0", "C" GET "\n%O" OK "\n%C" GET "\n%F\n%k\n%O" OK),
    SCRIPT("\0\0\7\0\0", "C" GET "\n%O" OK "\n%C" POST "hello\n%F"),
    SCRIPT("\0\0\7\0\0", "C" GET "\n%O" OK "\n%t\3\n%C" GET "\n%O" OK),
    SCRIPT("\0\0\7\0\0", "C" GET "\n%x\0"),
    SCRIPT("\0\0\7\0\0", "C" GET "\n%x\1\n%C" GET "\n%x\2"),
    SCRIPT("\0\0\7\0\0", "C" POST "he\n%k\n%Cllo\n%O" OK),
    SCRIPT("\0\0\7\0\0", "C" POST "he\n%O" OK "\n%Cllo" GET "\n%O" OK),
    SCRIPT("\0\0\7\0\0", "C" POST "he\n%O" OK "\n%f"),
    SCRIPT("\0\0\7\0\x1", "C" POST "he\n%k\n%Cllo\n%W\x10\n%O" OK),
    SCRIPT("\0\0\7\0\0", "CPOST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                         "5\r\nhello\r\n\n%k\n%C0\r\nX-Sum: 1\r\n\r\n\n%O" OK),
    SCRIPT("\0\0\7\0\0",
           "CPOST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
           "\n%OHTTP/1.1 100 Continue\r\n\r\n\n%Chello\n%O" OK),
    SCRIPT("\0\0\7\0\0",
           "CPOST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
           "\n%O" OK "\n%Chello" GET "\n%O" OK),
    SCRIPT("\x20\0\7\0\0", "CPOST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                           "10\r\n0123456789abcdef\r\n1\r\nx\r\n0\r\n\r\n"),
    SCRIPT("\0\0\7\0\0", "C" GET "\n%O" EVENTS "\n%t\2\n%O9\r\ndata: b\n\n\r\n\n%O0\r\n\r\n"),
    SCRIPT("\0\0\7\0\x1", "C" GET "\n%O" EVENTS "\n%w\x10\n%t\6\n%w\xff\n%O0\r\n\r\n"),
    SCRIPT("\0\0\7\0\0", "C" GET "\n%O" EVENTS "\n%F"),
    SCRIPT("\0\0\7\0\0", "C" GET "\n%O" EVENTS "\n%R"),
    SCRIPT("\0\0\7\0\0", "C" GET "\n%O" EVENTS "\n%f"),
    SCRIPT("\0\0\7\0\0", "C" GET "\n%O" EVENTS "\n%r"),
    SCRIPT("\0\0\7\0\x40", "C" GET "\n%O" EVENTS "\n%e"),
    SCRIPT("\0\0\7\0\x40", "C" POST "\n%k\n%E\n%Chello"),
    SCRIPT("\0\0\7\0\0", "C" GET "\n%O" EVENTS "\n%t\7"),
    SCRIPT("\x80\0\7\0\0", "C" GET "\n%O" EVENTS "\n%t\7\n%O0\r\n\r\n"),
    SCRIPT("\0\0\7\0\0", "C" GET "\n%k\n%t\7"),
    SCRIPT("\0\0\7\0\0", "CGET / HT\n%t\5"),
    SCRIPT("\0\0\7\0\0", "C" GET "\n%O" EVENTS "\n%d\n%O0\r\n\r\n"),
    SCRIPT("\0\0\7\0\0", "C" GET "\n%O" EVENTS "\n%d\n%t\6"),
    SCRIPT("\0\0\7\0\0", "CGET / HTTP/1.0\r\n\r\n\n%O" EVENTS "\n%O0\r\n\r\n"),
    SCRIPT("\0\0\7\0\0", "CGET / HTTP/1.0\r\n\r\n\n%O" EVENTS "\n%F"),
    SCRIPT("\0\0\7\0\0", "CGET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n\n%O" OK "\n%C" GET),
    SCRIPT("\0\0\7\0\0", "C" GET "\n%OHTTP/1.1 200 OK\r\n\r\nuntil\n%O the end\n%F"),
    SCRIPT("\0\0\7\0\0", "C" GET "\n%OHTTP/1.1 200 OK\r\n\r\nuntil\n%R"),
    SCRIPT("\0\0\7\0\0", "CGET / HTTP/1.0\r\n\r\n\n%OHTTP/1.0 200 OK\r\n\r\nuntil\n%O the end\n%F"),
    SCRIPT("\1\0\7\0\0", "C" GET "\n%f\n%O" OK),
    SCRIPT("\1\0\7\0\0", "C" GET "\n%f\n%OHTTP/1.1 200 OK\r\n\r\nuntil\n%F"),
    SCRIPT("\0\0\7\0\0", "CHEAD / HTTP/1.1\r\nHost: a\r\n\r\n" GET
                         "\n%OHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n\n%O" OK),
    SCRIPT("\0\0\7\0\0", "C" GET "\n%OHTTP/1.1 103 Early\r\nLink: a\r\n\r\n\n%O" OK),
    SCRIPT("\0\0\7\0\0", "C" GET "\n%O" CHUNKED "1\r\nx\r\n0\r\nX-Sum: 1\r\nHost: b\r\n\r\n"),
    SCRIPT("\0\0\7\0\0", "C" GET "\n%O" CHUNKED "1\r\nx\r\nbad"),
    SCRIPT("\0\0\7\0\0", "C" UPGRADE "\n%O" SWITCHED "hi\n%Cho\n%f\n%Obye\n%F"),
    SCRIPT("\0\0\7\0\0",
           "CGET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket/1\r\n\r\n"
           "\n%OHTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket/1\r\n\r\nhi\n%F"),
    SCRIPT("\0\0\7\0\0", "C" UPGRADE "early\n%O" SWITCHED "\n%F\n%Cmore\n%f"),
    SCRIPT("\0\0\7\0\0", "C" UPGRADE "\n%O" SWITCHED "hi\n%R"),
    SCRIPT("\0\0\7\0\0", "C" UPGRADE "\n%O" SWITCHED "hi\n%Cho\n%r"),
    SCRIPT("\0\0\7\0\x11", "C" UPGRADE "\n%O" SWITCHED "hi\n%Cho\n%w\xff\n%F\n%f"),
    SCRIPT("\0\0\7\0\0", "C" UPGRADE "\n%O" OK "\n%C" GET),
    SCRIPT("\x40\0\7\0\0", "C" CONNECT "\n%OHTTP/1.1 200 X\r\n\r\nhi\n%Cho\n%F\n%f"),
    SCRIPT("\x40\0\7\0\0", "C" CONNECT "\n%OHTTP/1.1 403 X\r\nContent-Length: 2\r\n\r\nno\n%C" GET),
    SCRIPT("\0\0\7\0\0", "C" CONNECT "\n%C" GET "\n%O" OK),
    SCRIPT("\0\0\7\x01\0", "C" GET),
    SCRIPT("\0\0\7\x11\0", "C" GET GET "\n%O" OK),
    SCRIPT("\0\0\7\x12\0", "C" GET "\n%O" OK),
    SCRIPT("\0\0\7\x22\0", "C" GET "\n%O" OK),
    SCRIPT("\0\0\7\x32\0", "C" GET "\n%O" EVENTS "0\r\n\r\n"),
    SCRIPT("\0\0\7\x33\x1", "C" GET "\n%O" EVENTS "\n%w\x50"),
    SCRIPT("\0\0\7\x41\0", "C" POST "he\n%Cllo" GET "\n%O" OK),
    SCRIPT("\0\0\7\x42\0", "C" GET "\n%O" EVENTS),
    SCRIPT("\0\0\7\x42\0", "C" GET "\n%k\n%t\7"),
    SCRIPT("\0\0\7\x51\0", "C" GET "\n%O" OK),
    SCRIPT("\0\0\7\x52\0", "C" GET "\n%O" EVENTS "0\r\n\r\n\n%C" GET),
    SCRIPT("\0\0\7\x61\0", "C" GET "\n%O" OK),
    SCRIPT("\0\0\7\x62\0", "C" GET "\n%O" EVENTS),
    SCRIPT("\0\0\7\x71\0", "C" GET "\n%O" OK),
    SCRIPT("\0\0\7\x72\0", "C" GET "\n%O" OK),
    SCRIPT("\0\0\7\0\0\0\1", "C" GET "\n%O" EVENTS "\n%t\6"),
    SCRIPT("\0\0\7\0\0\0\2", "C" GET "\n%O" EVENTS "\n%t\2"),
    SCRIPT("\0\0\7\0\0\0\x8", "CGET / HTTP/1.0\r\n\r\n\n%O" EVENTS "\n%R\n%t\1\n%t\2"),
    SCRIPT("\0\0\7\0\0\0\x10", "C" GET "\n%O" OK),
    SCRIPT("\0\0\7\0\x60\0\x20", "C" GET "\n%O" EVENTS "\n%t\3\n%w\1\n%t\3\n%t\4"),
    SCRIPT("\0\0\7\0\0",
           "C" GET
           "\n%OHTTP/1.1 200 OK\r\nKeep-Alive: max=5, timeout=3\r\nContent-Length: 0\r\n\r\n"
           "\n%t\2\n%C" GET "\n%O" OK),
    SCRIPT("\0\0\7\0\0", "CGET / HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n\n%R"),
    SCRIPT("\2\0\7\0\0", "CGET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: b\r\n\r\n\n%O" OK),
    SCRIPT("\xc\x3f\7\0\0", "CGET /0123456789abcdef HTTP/1.1\r\nHost: a\r\n\r\n\n%O" OK),
    SCRIPT("\0\x50\7\0\x10", "C" GET GET GET GET GET "\n%O" OK "\n%w\xff\n%O" OK "\n%w\xff\n%O" OK),
};

static void write_script(const char *target, int number, const script *s) {
  seed_write(target, number, (seed_part[]){{s->settings, TYPICAL}, {s->text, s->len}}, 2);
}

/* They go to `flood` as well. */
static const script floods[] = {
    SCRIPT("\0\0\7\0\0", "M" CONNECT),
    SCRIPT("\0\0\7\0\x11", "M" CONNECT "\n%w\xff"),
    SCRIPT("\x40\0\7\0\x41", "C" CONNECT "\n%OHTTP/1.1 200 X\r\n\r\n\n%Mho\n%Phi\n%w\xff"),
    SCRIPT("\0\0\7\0\0", "M" GET "\n%O" OK "\n%O" OK),
    SCRIPT("\0\0\7\0\x41", "M" GET "\n%O" OK "\n%O" OK "\n%w\xff\n%O" OK),
    SCRIPT("\0\0\7\0\0", "M\r\n\n%C" GET),
    SCRIPT("\0\0\7\0\0",
           "CPOST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\n%M1\r\nx\r\n"
           "\n%k\n%M1\r\nx\r\n\n%W\xff\n%C0\r\n\r\n\n%O" OK),
    SCRIPT("\0\x80\7\0\x41",
           "CPOST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\n%M1\r\nx\r\n"
           "\n%k\n%M1\r\nx\r\n\n%W\xff\n%C0\r\n\r\n\n%O" OK),
    SCRIPT("\0\0\7\0\0", "C" GET "\n%O" CHUNKED "\n%P1\r\nx\r\n\n%P1\r\nx\r\n"),
    SCRIPT("\0\0\7\0\x41", "C" GET "\n%O" EVENTS "\n%P9\r\ndata: a\n\n\r\n\n%w\xff\n%P0\r\n\r\n"),
    SCRIPT("\0\0\7\0\0", "C" GET "\n%PHTTP/1.1 103 Early\r\nLink: a\r\n\r\n\n%O" OK),
    SCRIPT("\0\0\7\0\0", "CGET / HTTP/1.1\r\n\n%MA: b\r\n"),
    /* .. more than may be held, to one who takes nothing */
    SCRIPT("\0\0\7\0\1", "C" GET "\n%OHTTP/1.1 200 OK\r\n\r\n" TWENTY("\n%Px")),
    SCRIPT("\0\x80\7\0\1", "C" POST_MUCH TWENTY("\n%Mx")),
    SCRIPT("\0\x80\7\0\1", "C" POST_MUCH "\n%k" TWENTY("\n%Mx")),
    SCRIPT("\0\x80\7\0\1", "C" UPGRADE "\n%O" SWITCHED TWENTY("\n%Mho\n%Phi")),
    SCRIPT("\0\0\7\0\1", "C" GET "\n%k" TWENTY("\n%Mx")),
    SCRIPT("\0\0\7\0\1", "C" GET TWENTY("\n%M\r\n")),
};

/* Each allocation fails in turn that a plain exchange makes, so that none is missed when code
 * moves. */
static void write_failing(const char *text, size_t len) {
  for (char nth = 1; nth <= ALLOCATIONS; nth++) {
    char settings[TYPICAL] = {0, 0, 7, 0, 0, nth};
    seed_write("exchange", 1000 + nth, (seed_part[]){{settings, TYPICAL}, {text, len}}, 2);
  }
}

int main(void) {
  for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
    write_script("exchange", (int)i, &scripts[i]);
  for (size_t i = 0; i < sizeof floods / sizeof *floods; i++) {
    write_script("exchange", (int)i, &floods[i]);
    write_script("flood", (int)i, &floods[i]);
  }
#define FAILING(text) write_failing(text, sizeof(text) - 1)
  FAILING("CHEAD / HTTP/1.1\r\nHost: a\r\n\r\n\n%OHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  FAILING("C" POST "hello" GET "\n%O" CHUNKED "1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n\n%O" OK);
  FAILING("C" UPGRADE "\n%O" SWITCHED "hi\n%Cho\n%f\n%F");
#undef FAILING
  return 0;
}
