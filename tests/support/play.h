/* An event stream between a client and an origin, on a fixture: who sends it how, and what on_event
 * saw of it. It knows no feature of the relay; what a test wants stands in `options` and `judge`. A
 * play owns its fixture; its peers are that one's. */
#ifndef WEIR_TEST_PLAY_H
#define WEIR_TEST_PLAY_H

#include "support/fixture.h"
#include "weir/err.h"

#define GET_10 "GET / HTTP/1.0\r\nHost: a\r\n\r\n"

/* How the origin frames what it sends. */
enum framing { CHUNKED, SIZED, CLOSED, FRAMINGS };
extern const char *const framing_names[FRAMINGS];

typedef struct play play;
struct play {
  fixture f;
  /* To be changed between play_init() and play_start(). */
  weir_event_options options;
  enum framing framing;
  size_t length;      /* of a SIZED body */
  const char *media;  /* text/event-stream */
  const char *fields; /* more of the head, with CRLF */
  /* What on_event says, after it was noted. NULL: pass. */
  int (*judge)(play *p, weir_exchange *ex, const weir_sse_event *event);
  int verdict; /* the test's own, as is .. */
  size_t at, count;

  peer *client, *origin;
  char seen[8192]; /* "[type|data]" for each event, "[type|data~]" for what is unfinished */
  int lost;        /* what on_events_lost was told; 0: nothing */
};

void play_init(play *p);
/* Until the origin has sent its head, and the client has got it if it ever will. */
void play_start(play *p, const char *request);
void play_open(play *p); /* both, with nothing to arrange */
void play_end(play *p);

/* A piece of the body, in one write; and everything that happens by itself then. */
void play_say(play *p, const char *text);
void play_send(play *p, const char *bytes, size_t len);
/* The body ends as its framing says. */
void play_finish(play *p);

/* Turns until the exchange has ended and its client knows. */
void play_await_end(play *p);

/* What the client has of the body. */
#define CHECK_BODY(p, want) CHECK_STR(take((p)->client)->body, want)
/* It has that, and takes it for whole; or for cut. */
#define CHECK_WHOLE(p, want) check_ended(__FILE__, __LINE__, (p), (want), true)
#define CHECK_CUT(p, want) check_ended(__FILE__, __LINE__, (p), (want), false)
void check_ended(const char *file, int line, play *p, const char *body, bool whole);

#endif
