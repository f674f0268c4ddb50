/* What a head means, and whether it means exactly one thing (RFC 9112, 3.2, 6, 9.3): pure functions
 * that fill in the lower half of struct weir_head. They know no parser and no limits. The head
 * stays its owner's. */
#ifndef WEIR_HTTP_H1_CHECK_H
#define WEIR_HTTP_H1_CHECK_H

#include "http/head.h"

/* Fills framing, length, keep_alive, expect, host, upgrade; turns an absolute-form target into
 * origin-form and its authority into `host`. WEIR_EFRAMING, WEIR_EHOST, WEIR_EMESSAGE,
 * WEIR_ENOMEM. */
int weir__h1_check_request(weir_head *head);

/* The same for a response to `method`; `asked` are the protocols its request asked to switch to, or
 * NULL. WEIR_EFRAMING, WEIR_EUPGRADE, WEIR_EMESSAGE, WEIR_ENOMEM. */
int weir__h1_check_response(weir_head *head, const char *method, const char *asked);

#endif
