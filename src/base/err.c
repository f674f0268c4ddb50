/* See err.h. */
#include "base/err.h"

#include <stddef.h>

const char *weir__err_text(int code) {
  switch (code) {
#define TEXT(name, number, text) \
  case number: return text;
    WEIR_ERRORS(TEXT)
#undef TEXT
  }
  return NULL;
}

const char *weir__err_name(int code) {
  switch (code) {
#define NAME(name, number, text) \
  case number: return "WEIR_" #name;
    WEIR_ERRORS(NAME)
#undef NAME
  }
  return NULL;
}

bool weir__is_tls_error(int code) { return code <= WEIR_ETLS_EXPIRED && code >= WEIR_ETLS_FAILED; }

bool weir__is_connection_error(int code) { return code > WEIR_ENOMEM || weir__is_tls_error(code); }
