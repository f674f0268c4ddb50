/* Included in front of tests/unit/http_url_test.c and http_chars_test.c: what they pass to the
 * functions that the target `url` is about becomes a seed as well. Files go to $WEIR_SEEDS/url/. */
#ifndef WEIR_FUZZ_SEEDS_URL_H
#define WEIR_FUZZ_SEEDS_URL_H

#include "fuzz/seeds.h"
#include "http/chars.h"
#include "http/url.h"

static inline weir__slice seed_slice(weir__slice s) {
  seed_write("url", 0, (seed_part[]){{"", 1}, {s.ptr, s.len}}, 2);
  return s;
}

static inline const char *seed_str(const char *str) {
  seed_slice(weir__slice_str(str));
  return str;
}

#define weir__url_parse(url, mem, text) weir__url_parse((url), (mem), seed_str(text))
#define weir__is_host(s) weir__is_host(seed_slice(s))
#define weir__is_origin_form(s) weir__is_origin_form(seed_slice(s))
#define weir__parse_decimal(s, value) weir__parse_decimal(seed_slice(s), (value))

#endif
