/* What a gateway should make of a head, field by field. It knows no reader and no writer, only what
 * came and what is to leave; what it holds points into the head that came. */
#ifndef WEIR_FUZZ_FORWARD_JUDGE_H
#define WEIR_FUZZ_FORWARD_JUDGE_H

#include "http/forward.h"

enum { CAME_MAX = 256 };

typedef struct gateway {
  bool request; /* it forwards one, or a response */
  weir__policy policy;
  weir__peer peer;
  const char *override; /* of Host */
  const char *method;   /* that a response answers */
} gateway;

/* The fields as they came. */
typedef struct came {
  const char *name[CAME_MAX], *value[CAME_MAX];
  size_t count;
} came;

void came_note(came *c, const weir_head *head);
/* True if Connection names a field that does not stay or go anyhow. */
bool came_names_fields(const came *c, bool request);
bool came_lists(const came *c, const char *name, const char *element);

/* Aborts unless `head` holds what it should, now that it has been through the gateway. */
void judge_forwarded(const gateway *g, const came *c, const weir_head *head);
/* .. unless `list`, if there is one, holds only protocols that the policy names, and never h2c. */
void judge_upgrade(const gateway *g, const came *c, const weir_head *head, const char *list);
/* .. unless nothing in the trailers frames, routes or ends here. */
void judge_trailers(const weir_head *trailers);

#endif
