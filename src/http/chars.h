/* Which bytes may stand where in HTTP (RFC 9110, 5; RFC 9112, 3.2). Pure functions over slices;
 * they own nothing and never allocate. */
#ifndef WEIR_HTTP_CHARS_H
#define WEIR_HTTP_CHARS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* token (RFC 9110, 5.6.2): field names, methods, protocol names; never empty. */
bool weir__is_token(weir__slice s);
/* field-value: no control character but tab; bytes from 0x80 pass (obs-text). May be empty. */
bool weir__is_field_value(weir__slice s);
/* origin-form ("/..."), no white space, controls, or fragment. Bytes from 0x80 are refused. */
bool weir__is_origin_form(weir__slice s);
/* uri-host [":" port] (RFC 9110, 7.2; RFC 3986, 3.2.2): reg-name, IPv4 or [IPv6]; a port of 1 to 5
 * digits up to 65535 or empty after the colon; no userinfo; not empty, and no longer than the 255
 * bytes of any DNS name (RFC 3986, 3.2.2), so that copies of it stay small. */
bool weir__is_host(weir__slice s);
/* A number as digits; the slice points into `digits`. */
enum { WEIR__DECIMAL = 20 };
weir__slice weir__print_decimal(char digits[WEIR__DECIMAL], uint64_t value);
/* 1*DIGIT within 64 bits (sign, space, 0x are no digits). */
bool weir__parse_decimal(weir__slice s, uint64_t *value);

#endif
