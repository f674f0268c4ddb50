/* Texts and names of every error code, weir's and libuv's. It knows no object and no loop. Static
 * memory. */
#include <uv.h>

#include "base/err.h"

/* uv_strerror() and uv_err_name() leak memory for a code they do not know, so the tables are made
 * from libuv's own map. */
static const char *uv_text(int code) {
  switch (code) {
#define TEXT(name, text) \
  case UV_##name: return text;
    UV_ERRNO_MAP(TEXT)
#undef TEXT
  }
  return "unknown error";
}

static const char *uv_name(int code) {
  switch (code) {
#define NAME(name, text) \
  case UV_##name: return #name;
    UV_ERRNO_MAP(NAME)
#undef NAME
  }
  return "UNKNOWN";
}

const char *weir_strerror(int code) {
  const char *text = weir__err_text(code);
  return text ? text : uv_text(code);
}

const char *weir_err_name(int code) {
  const char *name = weir__err_name(code);
  return name ? name : uv_name(code);
}
