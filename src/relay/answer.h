/* Answers that weir or its host gives instead of an origin, as heads and bodies. Pure: it sends
 * nothing. What it makes belongs to the caller. */
#ifndef WEIR_RELAY_ANSWER_H
#define WEIR_RELAY_ANSWER_H

#include "base/mem.h"
#include "http/head.h"
#include "weir/exchange.h"

typedef struct weir__answer {
  weir_head *head; /* framing and Content-Length set */
  char *body;      /* NULL when empty */
  size_t body_len;
} weir__answer;

/* The status a client gets for an end when no head has left yet; `code` refines it. 0: none, only a
 * close. */
int weir__answer_status(enum weir_end end, enum weir_timer timer, int code);

/* A small error answer that names the reason and nothing of the network behind: text/plain, or
 * {"error":{..}} when the client's Accept asks for JSON. WEIR_ENOMEM. */
int weir__answer_error(weir__answer *answer, weir__mem *mem, int status, enum weir_end end,
                       enum weir_timer timer, int code, bool json);

/* The head of an event stream that has no end yet, and no body here: for heartbeats that come before
 * any answer. WEIR_ENOMEM. */
int weir__answer_stream(weir__answer *answer, weir__mem *mem);

/* A copy of the host's answer, with Content-Length, and with Date if it has none. WEIR_EINVAL,
 * WEIR_EFIELD, WEIR_ENOMEM. */
int weir__answer_copy(weir__answer *answer, weir__mem *mem, const weir_answer *from);

/* True if the media types in an Accept field prefer JSON to plain text: it names application/json
 * (or a +json type) and not text/plain. */
bool weir__answer_wants_json(const weir_head *request);

void weir__answer_free(weir__answer *answer, weir__mem *mem);

#endif
