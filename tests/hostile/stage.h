/* What a run of either half stands on: the fixture, an origin that answers each whole request with
 * an echo of its start line, and the story of both ends told as texts (hostile.h). It knows no row.
 * The stage owns its clients and connections until stage_close(). */
#ifndef WEIR_TEST_HOSTILE_STAGE_H
#define WEIR_TEST_HOSTILE_STAGE_H

#include "hostile/run.h"

/* What the origin does with a request instead of the echo; false leaves it to the echo. */
typedef bool (*stage_script)(void *arg, peer *p, const strict_message *m);

/* A connection of the origin. */
typedef struct stage_line {
  peer *peer;
  size_t begin; /* of this run in what it has received */
  bool raw;     /* it has become a tunnel: what comes now is no request */
} stage_line;

typedef struct stage {
  fixture f;
  stage_line *lines;
  size_t line_count;
  words echoes;   /* bodies that the client should get, in order, each ended by \n .. */
  size_t echo_at; /* .. and how far they have been met */
  stage_script script;
  void *arg;
} stage;

void stage_open(stage *s, void (*arrange)(fixture *f), stage_script script, void *arg);
void stage_close(stage *s);

/* Everything said from here on belongs to a new run. */
void stage_begin(stage *s);
/* The origin lets go of the connections that the relay keeps. */
void stage_drop_idle(stage *s);
stage_line *stage_line_of(stage *s, const peer *p);

peer *stage_connect(stage *s);
/* Turns the loop until nothing happens any more, the origin answering. */
void stage_still(stage *s);
void stage_wait(stage *s);

/* Sends bytes in a way, all being still after each piece. */
void stage_send(stage *s, peer *p, const char *bytes, size_t len, const hostile_way *way);

/* Tells what has not been taken of the client's bytes. `method`: what the first response answers. */
void stage_tell_client(stage *s, const peer *p, const char *method, words *w);
void stage_tell_origin(stage *s, words *w);
/* Fields of the first request that the origin has got, or of the client's last response. */
bool stage_check_request(stage *s, const char *has, const char *lacks);
bool stage_check_response(const peer *p, const char *method, const char *has, const char *lacks);

/* Compares the outcome of a run with what it should be; what is missing has a while to come. */
bool stage_check(stage *s, const peer *p, const char *method, const char *client,
                 const char *origin);

/* A request of which nobody can complain, on a connection of its own or on that one. */
bool stage_check_fresh(stage *s);
bool stage_check_same(stage *s, peer *p);

#endif
