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
