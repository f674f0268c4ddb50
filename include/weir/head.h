/* The head of a message: request line or status line, then fields in the order they came.
 *
 * Heads are made by the relay and handed to hooks; a host reads and edits them there. All strings
 * are NUL-terminated (a NUL inside a message is refused when it is parsed) and stay valid until
 * the head's hook returns, also those of fields that were replaced or removed meanwhile. */
#ifndef WEIR_HEAD_H
#define WEIR_HEAD_H

#include <stddef.h>

#include "weir/version.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_head weir_head;

/* One field line. The name keeps the case it came with; the value has no white space around it. */
typedef struct weir_field {
  const char *name;
  const char *value;
} weir_field;

/* Request: the method, and the target as it goes upstream. NULL in the head of a response. */
WEIR_EXTERN const char *weir_head_method(const weir_head *head);
WEIR_EXTERN const char *weir_head_target(const weir_head *head);

/* Response: 100 to 599 (0 in the head of a request), and the reason phrase, perhaps empty. */
WEIR_EXTERN int weir_head_status(const weir_head *head);
WEIR_EXTERN const char *weir_head_reason(const weir_head *head);

/* The value of the first field of that name (any case), or NULL. */
WEIR_EXTERN const char *weir_head_get(const weir_head *head, const char *name);

/* Walks the fields in order; begin with NULL, ends with NULL. The field just seen may be removed:
 *   for (const weir_field *f = NULL; (f = weir_head_next(head, f));) ... */
WEIR_EXTERN const weir_field *weir_head_next(const weir_head *head, const weir_field *after);

/* set: replaces the first field of that name in its place, removes the others, or adds one.
 * add: appends one more. Both copy the strings, the value without white space around it.
 * WEIR_EFIELD: the name is no token or the value has a control character (RFC 9110, 5.1 and 5.5:
 * a CR or LF let in here would let its author write fields and bodies of his own), or the field
 * frames the message or describes the connection and so is weir's to write: Connection,
 * Content-Length, Keep-Alive, Proxy-Connection, TE, Transfer-Encoding, Upgrade. A request's Host
 * may be set, to host[:port], but neither added nor removed: it has exactly one. WEIR_ENOMEM. */
WEIR_EXTERN int weir_head_set(weir_head *head, const char *name, const char *value);
WEIR_EXTERN int weir_head_add(weir_head *head, const char *name, const char *value);

/* Removes every field of that name; how many there were is not told. WEIR_EFIELD as above. */
WEIR_EXTERN int weir_head_remove(weir_head *head, const char *name);

/* Changes the request target (origin-form, or `*` for OPTIONS). WEIR_ETARGET for one that has a
 * space, a control character, a byte from 0x80 or a `#` or does not begin with `/`, and for
 * CONNECT; WEIR_ESTATE on a response. WEIR_ENOMEM. */
WEIR_EXTERN int weir_head_set_target(weir_head *head, const char *target);

/* Changes status (200 to 599) and reason (NULL: the usual one; white space around it goes). WEIR_EINVAL for another status, or
 * when the change would alter what the client takes for the body: between 204 or 304 and others, of
 * an interim response, of a tunnel to other than 2xx. WEIR_ESTATE on a request; WEIR_EFIELD for a
 * reason with a control character; WEIR_ENOMEM. */
WEIR_EXTERN int weir_head_set_status(weir_head *head, int status, const char *reason);

#ifdef __cplusplus
}
#endif
#endif
