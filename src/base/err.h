/* Texts and names of weir's own error codes. It does not know libuv's: weir_strerror() in net/
 * joins the two. Static memory. */
#ifndef WEIR_BASE_ERR_H
#define WEIR_BASE_ERR_H

#include <stdbool.h>

#include "weir/err.h"

/* "out of memory", "WEIR_ENOMEM"; NULL for a code that is not weir's. */
const char *weir__err_text(int code);
const char *weir__err_name(int code);

/* Of TLS on a running connection, not of its files. */
bool weir__is_tls_error(int code);
/* Of the connection and not of what was said on it: libuv's, or TLS's. */
bool weir__is_connection_error(int code);

#endif
