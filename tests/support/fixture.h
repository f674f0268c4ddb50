/* What a relay test stands on: a relay with counted memory, an origin, clients, all on one loop.
 *
 *   fixture f;
 *   fixture_init(&f);
 *   f.options.gap_ms = 60000;       arrange
 *   fixture_start(&f);
 *   peer *client = ask(&f, GET);    act
 *   peer *origin = asked(&f, 0);
 *   peer_say(origin, OK_EMPTY);
 *   RUN_UNTIL(&f, got_message(client));
 *   CHECK_INT(take(client)->status, 200);    observe
 *   fixture_end(&f);
 *
 * Clients and origins speak TLS where the way of this run says so (support/way.h).
 *
 * The end closes everything, turns the loop until it is dry, and checks that no handle, no
 * descriptor and no memory is left, and that each exchange had exactly one end. */
#ifndef WEIR_TEST_FIXTURE_H
#define WEIR_TEST_FIXTURE_H

#include <string.h>

#include "relay/downstream.h"
#include "relay/exchange.h"
#include "relay/relay.h"
#include "support/alloc.h"
#include "support/check.h"
#include "support/origin.h"
#include "support/way.h"
#include "weir.h"

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define OK_EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define OK_CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#define OK_CLOSE "HTTP/1.1 200 OK\r\n\r\n"

enum { URL_ROOM = 64 };

/* What on_end was told. */
typedef struct ended {
  enum weir_end end;
  weir_stats stats;
  unsigned turn; /* of the loop */
} ended;

/* Stands between a connection of the relay and its socket, and counts the writes. */
typedef struct spy {
  weir__stream_verbs verbs;
  const weir__stream_verbs *real;
  unsigned writes;
} spy;

typedef struct fixture fixture;
struct fixture {
  loop loop;
  counting_alloc alloc;
  /* To be changed between fixture_init() and fixture_start(). The hooks' user is the fixture. */
  weir_options options;
  weir_hooks hooks;
  weir_upstream_options origin_options;          /* NULL url: that of `origin`, and its tls */
  weir_listen_options listen_options;            /* with tls: clients speak it */
  void (*at_end)(fixture *f, weir_exchange *ex); /* the last thing in on_end */
  void *test;                                    /* the test's own */

  weir_relay *relay;
  weir_upstream *upstream;
  int port;
  origin_server origin;
  weir__list clients;
  size_t client_count;

  ended *ends; /* in order */
  size_t end_count;
  size_t idle_bytes;    /* what the relay holds before anybody comes */
  uint64_t exchanges;   /* that began, once the relay was told to close */
  bool closing, closed; /* the relay */
  spy spy;
};

void fixture_init(fixture *f);
void fixture_start(fixture *f);
void fixture_open(fixture *f); /* both, with nothing to arrange */
void fixture_end(fixture *f);

/* Closes the relay, before the end does. */
void close_relay(fixture *f);

/* Turns the loop until `cond` holds. */
#define RUN_UNTIL(f, cond) \
  do { \
    loop_wind(&(f)->loop); \
    while (!(cond) && loop_turn(&(f)->loop)) {} \
    if (!CHECK(cond)) fixture_print(f); \
  } while (0)

/* Time jumps, and what is due is called. */
void pass(fixture *f, uint64_t ms);
/* Lets everything happen that can by itself, handshakes in their threads too. */
void settle(fixture *f);

/* ---- clients and origins ---- */

peer *client_new(fixture *f); /* not connected yet */
/* Connects to the relay; over TLS it comes back when hands are shaken, or never will be. */
peer *client_open(fixture *f);
peer *client_open_narrow(fixture *f);       /* with a small window, and not reading */
peer *ask(fixture *f, const char *request); /* connects and sends that */

/* The URL of an origin there, of the kind that this run has. */
void print_url(char url[URL_ROOM], const char *host, int port);
/* Opens one more origin, of the same kind, that the relay knows by `host` (NULL: the client's). */
weir_upstream *add_origin(fixture *f, origin_server *o, const char *host);

/* The connection number `n` of the origin, once a whole request head has come on it. */
peer *asked(fixture *f, size_t n);

/* ---- inside the relay ---- */

/* The client connection that came last, and its exchange (NULL: none runs). */
weir__downstream *last_down(const fixture *f);
weir_exchange *last_exchange(const fixture *f);
/* Counts what is written on the client's connection, or on the origin's. */
void spy_on_client(fixture *f);
void spy_on_origin(fixture *f);
/* Bytes that the relay holds, beyond what it holds when nobody is there. */
size_t held(const fixture *f);

/* The only end there was; fails if there were none or several. */
const ended *only_end(const fixture *f);
#define CHECK_END(f, want) CHECK_STR(weir_end_name(only_end(f)->end), weir_end_name(want))

/* Checks the next message of a client: status and body, whole. */
#define CHECK_ANSWER(p, want_status, want_body) \
  check_answer(__FILE__, __LINE__, (p), (want_status), (want_body))
bool check_answer(const char *file, int line, peer *p, int status, const char *body);

void fixture_print(const fixture *f);

#endif
