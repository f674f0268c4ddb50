/* See field_names.h. */
#include "http/field_names.h"

#include <assert.h>

#define TEXT(id, text) [WEIR__NAME_##id] = {text, sizeof text - 1},
static const weir__slice texts[] = {WEIR__FIELD_NAMES(TEXT)};
#undef TEXT

#define N(id) WEIR__NAME_##id
enum { LENGTH_MAX = 25, SAME_LENGTH_MAX = 6 };

/* The names of each length: few enough to be tried. */
static const uint8_t by_length[LENGTH_MAX + 1][SAME_LENGTH_MAX] = {
    [2] = {N(TE)},
    [3] = {N(AGE), N(VIA)},
    [4] = {N(DATE), N(HOST), N(VARY)},
    [5] = {N(RANGE)},
    [6] = {N(ACCEPT), N(COOKIE), N(EXPECT), N(PRAGMA)},
    [7] = {N(EXPIRES), N(TRAILER), N(UPGRADE), N(WARNING)},
    [8] = {N(IF_MATCH), N(IF_RANGE), N(LOCATION)},
    [9] = {N(FORWARDED), N(X_REAL_IP)},
    [10] = {N(CONNECTION), N(KEEP_ALIVE), N(SET_COOKIE)},
    [11] = {N(RETRY_AFTER)},
    [12] = {N(CONTENT_TYPE), N(MAX_FORWARDS)},
    [13] = {N(CACHE_CONTROL), N(AUTHORIZATION), N(IF_NONE_MATCH), N(CONTENT_RANGE)},
    [14] = {N(CONTENT_LENGTH), N(HTTP2_SETTINGS)},
    [15] = {N(X_FORWARDED_FOR)},
    [16] = {N(CONTENT_ENCODING), N(X_FORWARDED_HOST), N(X_FORWARDED_PORT), N(PROXY_CONNECTION),
            N(WWW_AUTHENTICATE)},
    [17] = {N(TRANSFER_ENCODING), N(X_FORWARDED_PROTO), N(X_ACCEL_BUFFERING), N(IF_MODIFIED_SINCE)},
    [18] = {N(PROXY_AUTHENTICATE)},
    [19] = {N(PROXY_AUTHORIZATION), N(IF_UNMODIFIED_SINCE)},
    [25] = {N(PROXY_AUTHENTICATION_INFO)},
};
#undef N

/* The first letter tells most of them apart, without a call. */
static bool is(weir__slice name, const char *text) {
  return (name.ptr[0] | 0x20) == (text[0] | 0x20) && strncasecmp(name.ptr, text, name.len) == 0;
}

enum weir__name weir__name_of(weir__slice name) {
  if (name.len > LENGTH_MAX) return WEIR__NAME_OTHER;
  const uint8_t *tried = by_length[name.len];
  for (size_t i = 0; i < SAME_LENGTH_MAX && tried[i]; i++)
    if (is(name, texts[tried[i]].ptr)) return (enum weir__name)tried[i];
  return WEIR__NAME_OTHER;
}

weir__slice weir__name_text(enum weir__name name) {
  assert(name != WEIR__NAME_OTHER && name < WEIR__NAME_COUNT);
  return texts[name];
}
