/* What each path answers: the seam between the connection and the paths.
 * It never knows how bytes reach the client.
 * The connection owns everything that passes here. */
#ifndef ORIGIN_PATHS_H
#define ORIGIN_PATHS_H

#include "origin_conn.h"

enum body_use {
  BODY_DROP, /* read and forgotten */
  BODY_KEEP, /* at hand as request text when the path answers */
  BODY_ECHO  /* the answer begins with the head; each body byte goes back as it comes */
};

/* What becomes of the body of this request; its head is complete. */
enum body_use path_body_use(const struct request *request);

/* Answers the request, or begins to: within this call or from a pace begun in it. */
void path_answer(conn *c);

/* The words every text here is made of: number 0, 1, 2, ... without end. */
const char *path_word(uint64_t number);

/* Reads n, interval_ms and size from the query over the defaults already in `*pace`. False: one of
 * them is no good, and the client has been told which. */
bool path_read_pace(conn *c, struct pace *pace);

/* POST /v1/chat/completions, in origin_chat.c. */
void path_chat(conn *c);

#endif
