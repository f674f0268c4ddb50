/* What may stand behind a flag: times, sizes, counts, addresses. Pure: values in, values out. */
#ifndef RELAY_VALUES_H
#define RELAY_VALUES_H

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds: "250ms", "300s", "5m", "2h", or seconds without a unit. Not 0, below 49 days. */
bool value_time(const char *text, uint32_t *ms);

/* Bytes: "4096", "64k", "1m", "2g". */
bool value_size(const char *text, uint64_t *bytes);

/* A whole number. */
bool value_count(const char *text, uint64_t *count);

/* Spelt like "host:port", "[v6]:port", ":port" or "unix:/path"; whether it exists is another
 * question. */
bool value_address(const char *text);
bool value_is_unix(const char *address);

/* A host's name as TLS asks for it (RFC 6066, 3): no address, no port. */
bool value_name(const char *text);

/* May stand in Via: no space, comma or control character (RFC 9110, 7.6.3). */
bool value_pseudonym(const char *text);

/* Makes a newline of each `\n`, one backslash of two, in place. Other backslashes stay. */
void value_unescape(char *text);

/* How many letters must be added, left out, changed or swapped with a neighbour to make one string
 * of the other. Looks at the first 63 of each. */
unsigned edit_distance(const char *a, const char *b);

#endif
