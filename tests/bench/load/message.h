/* Just enough HTTP/1.1 for both ends of a benchmark: where a head ends, and how much payload bytes
 * bring. Anything unexpected ends the program: a benchmark of wrong answers is none. */
#ifndef BENCH_MESSAGE_H
#define BENCH_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum message_state { IN_HEAD, IN_LENGTH, IN_SIZE_LINE, IN_CHUNK, IN_CHUNK_END, IN_LAST_LINE, DONE };

struct message {
  enum message_state state;
  bool request;
  uint64_t left; /* of the body, or of the chunk */
  size_t head_len;
  char head[1024]; /* ends with NUL once it is whole */
};

void message_begin_request(struct message *message);
void message_begin_response(struct message *message);

/* Takes what was read; returns how many bytes of payload were in it. `state` is DONE at the end. */
uint64_t message_feed(struct message *message, const char *bytes, size_t len);

#endif
