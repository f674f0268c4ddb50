/* The fields that a gateway writes itself: inner half of forward.h, which explains each. Strings go
 * into the head's arena. All return 0 or WEIR_ENOMEM. */
#ifndef WEIR_HTTP_FORWARD_FIELDS_H
#define WEIR_HTTP_FORWARD_FIELDS_H

#include "http/forward.h"

/* X-Forwarded-*, X-Real-IP, Forwarded. */
int weir__forward_add_client(weir_head *head, const weir__policy *policy, const weir__peer *peer);
int weir__forward_add_host(weir_head *head, const char *host_override, const char *authority);
int weir__forward_add_via(weir_head *head, const weir__policy *policy);
/* Takes out X-Forwarded-* and their like, also when spelt with `_`. */
void weir__forward_remove_claims(weir_head *head);
/* X-Accel-Buffering: no. */
int weir__forward_mark_stream(weir_head *head);

#endif
