/* Pointer and length: bytes that somebody else owns. It never frees or copies by itself. The owner
 * of the bytes is named where a slice is passed; by default it lives until the call returns. */
#ifndef WEIR_BASE_SLICE_H
#define WEIR_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

typedef struct weir__slice {
  const char *ptr;
  size_t len;
} weir__slice;

static inline weir__slice weir__slice_of(const char *ptr, size_t len) {
  return (weir__slice){ptr, len};
}

static inline weir__slice weir__slice_str(const char *str) {
  return (weir__slice){str, strlen(str)};
}

static inline bool weir__slice_is(weir__slice s, const char *str) {
  return s.len == strlen(str) && memcmp(s.ptr, str, s.len) == 0;
}

/* Compares letters of either case as the same: field names, schemes, hosts. */
static inline bool weir__slice_is_nocase(weir__slice s, const char *str) {
  return s.len == strlen(str) && strncasecmp(s.ptr, str, s.len) == 0;
}

/* Without spaces and tabs around it (OWS, RFC 9110, 5.6.3). */
static inline weir__slice weir__slice_trim(weir__slice s) {
  while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) s.ptr++, s.len--;
  while (s.len && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t')) s.len--;
  return s;
}

/* Takes the next element of a comma-separated list off `rest`, trimmed; empty elements are skipped
 * (RFC 9110, 5.6.1). False when there is none. Quoted strings are not known here. */
static inline bool weir__slice_next(weir__slice *rest, weir__slice *element) {
  while (rest->len) {
    const char *comma = memchr(rest->ptr, ',', rest->len);
    size_t len = comma ? (size_t)(comma - rest->ptr) : rest->len;
    *element = weir__slice_trim(weir__slice_of(rest->ptr, len));
    rest->ptr += len, rest->len -= len;
    if (comma) rest->ptr++, rest->len--;
    if (element->len) return true;
  }
  return false;
}

#endif
