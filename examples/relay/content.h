/* What of an event stream its reader waits for: words, as the streams of OpenAI, Anthropic, Gemini
 * and those like them carry them. Pure: an event in, an answer out. It never knows JSON beyond
 * finding a key, and keeps nothing. */
#ifndef RELAY_CONTENT_H
#define RELAY_CONTENT_H

#include <stdbool.h>
#include <weir.h>

/* The event has a word in it, or a part of a tool's call. Of a stream that looks like none of those:
 * any event with data but `ping` and `[DONE]`. */
bool content_is(const weir_sse_event *event);

/* It tells of an error: by its type, or since its data begins with {"error". */
bool content_is_error(const weir_sse_event *event);

#endif
