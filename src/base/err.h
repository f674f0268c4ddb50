/* Texts and names of weir's own error codes. It does not know libuv's: weir_strerror() in net/
 * joins the two. Static memory. */
#ifndef WEIR_BASE_ERR_H
#define WEIR_BASE_ERR_H

#include "weir/err.h"

/* "out of memory", "WEIR_ENOMEM"; NULL for a code that is not weir's. */
const char *weir__err_text(int code);
const char *weir__err_name(int code);

#endif
