/* The field names that weir itself looks at, as numbers: whether a field is one of them is asked
 * once, when it joins a head, and sets of them are one word. It knows no heads and no meaning. It
 * owns nothing. */
#ifndef WEIR_HTTP_FIELD_NAMES_H
#define WEIR_HTTP_FIELD_NAMES_H

#include <stdint.h>

#include "base/slice.h"

#define WEIR__FIELD_NAMES(X) \
  X(ACCEPT, "Accept") \
  X(AGE, "Age") \
  X(AUTHORIZATION, "Authorization") \
  X(CACHE_CONTROL, "Cache-Control") \
  X(CONNECTION, "Connection") \
  X(CONTENT_ENCODING, "Content-Encoding") \
  X(CONTENT_LENGTH, "Content-Length") \
  X(CONTENT_RANGE, "Content-Range") \
  X(CONTENT_TYPE, "Content-Type") \
  X(COOKIE, "Cookie") \
  X(DATE, "Date") \
  X(EXPECT, "Expect") \
  X(EXPIRES, "Expires") \
  X(FORWARDED, "Forwarded") \
  X(HOST, "Host") \
  X(HTTP2_SETTINGS, "HTTP2-Settings") \
  X(IF_MATCH, "If-Match") \
  X(IF_MODIFIED_SINCE, "If-Modified-Since") \
  X(IF_NONE_MATCH, "If-None-Match") \
  X(IF_RANGE, "If-Range") \
  X(IF_UNMODIFIED_SINCE, "If-Unmodified-Since") \
  X(KEEP_ALIVE, "Keep-Alive") \
  X(LOCATION, "Location") \
  X(MAX_FORWARDS, "Max-Forwards") \
  X(PRAGMA, "Pragma") \
  X(PROXY_AUTHENTICATE, "Proxy-Authenticate") \
  X(PROXY_AUTHENTICATION_INFO, "Proxy-Authentication-Info") \
  X(PROXY_AUTHORIZATION, "Proxy-Authorization") \
  X(PROXY_CONNECTION, "Proxy-Connection") \
  X(RANGE, "Range") \
  X(RETRY_AFTER, "Retry-After") \
  X(SET_COOKIE, "Set-Cookie") \
  X(TE, "TE") \
  X(TRAILER, "Trailer") \
  X(TRANSFER_ENCODING, "Transfer-Encoding") \
  X(UPGRADE, "Upgrade") \
  X(VARY, "Vary") \
  X(VIA, "Via") \
  X(WARNING, "Warning") \
  X(WWW_AUTHENTICATE, "WWW-Authenticate") \
  X(X_ACCEL_BUFFERING, "X-Accel-Buffering") \
  X(X_FORWARDED_FOR, "X-Forwarded-For") \
  X(X_FORWARDED_HOST, "X-Forwarded-Host") \
  X(X_FORWARDED_PORT, "X-Forwarded-Port") \
  X(X_FORWARDED_PROTO, "X-Forwarded-Proto") \
  X(X_REAL_IP, "X-Real-IP")

enum weir__name {
  WEIR__NAME_OTHER, /* none of these */
#define WEIR__NAME_ENUM(id, text) WEIR__NAME_##id,
  WEIR__FIELD_NAMES(WEIR__NAME_ENUM)
#undef WEIR__NAME_ENUM
      WEIR__NAME_COUNT
};

/* A set of names; WEIR__NAME_OTHER is in none. */
typedef uint64_t weir__names;
#define WEIR__IN(id) (UINT64_C(1) << WEIR__NAME_##id)
_Static_assert(WEIR__NAME_COUNT <= 64, "a set of names is one word");

static inline bool weir__names_have(weir__names names, enum weir__name name) {
  return name != WEIR__NAME_OTHER && names >> name & 1;
}

/* In any case of letters. */
enum weir__name weir__name_of(weir__slice name);

/* As the field's own specification spells it; not for WEIR__NAME_OTHER. */
weir__slice weir__name_text(enum weir__name name);

#endif
