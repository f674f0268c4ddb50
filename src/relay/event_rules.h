/* What a host wants done with event streams: a checked copy of weir_event_options, its texts ready to
 * be sent. Pure: it knows no exchange. Rules never change once made; they belong to the relay's
 * settings, or to the one exchange that they were set for. */
#ifndef WEIR_RELAY_EVENT_RULES_H
#define WEIR_RELAY_EVENT_RULES_H

#include "base/buf.h"
#include "base/mem.h"
#include "weir/events.h"
#include "weir/exchange.h"

/* An end marker: where to look, and for what. */
enum weir__marker_kind { WEIR__MARKER_DATA, WEIR__MARKER_TYPE, WEIR__MARKER_CONTAINS };
typedef struct weir__marker {
  enum weir__marker_kind kind;
  weir__slice text;
} weir__marker;

typedef struct weir__event_rules {
  weir_event_options o;  /* defaults filled in; its strings are ours, names of terminal events
                           replaced by what they stand for */
  weir__slice heartbeat; /* of a text/event-stream */
  weir__marker *markers;
  size_t marker_count;
  bool boundaries; /* something here needs to know where events end */
  bool watches;    /* .. or wants events for another reason */
  bool commits;    /* .. of which one is that the head is held for them */
  bool alters;     /* .. or may put bytes in, so that a length cannot be promised */
  weir__arena arena;
} weir__event_rules;

/* `options` may be NULL: all defaults. WEIR_EINVAL, WEIR_EEVENTS, WEIR_ENOMEM. */
int weir__event_rules_new(weir__event_rules **rules, weir__mem *mem,
                          const weir_event_options *options);
void weir__event_rules_free(weir__event_rules *rules); /* NULL is fine */

/* True if the event is one of the end markers. */
bool weir__event_rules_mark(const weir__event_rules *rules, const weir_sse_event *event);

/* True if an event, as the first one, says that the answer is none: its type is `error`, or its data
 * begins with {"error": and something else than null or false; with white space anywhere. */
bool weir__event_tells_error(const weir_sse_event *event);

/* Appends a terminal event: `text` (error_event and the like) with what its braces stand for,
 * whole blocks; for lines of JSON the line they end with. WEIR_ENOMEM. */
int weir__terminal_write(weir__buf *out, const char *text, bool lines, enum weir_end end,
                         enum weir_timer timer);

#endif
