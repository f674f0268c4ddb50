/* See values.h. */
#include "values.h"

#include <string.h>
#include <strings.h>

enum { COMPARED = 63, NAME_BYTES = 253 };

/* ---- numbers with units ---- */

struct unit {
  const char *name;
  uint64_t factor;
};

static bool multiply(uint64_t number, uint64_t factor, uint64_t *value) {
  if (number > UINT64_MAX / factor) return false;
  *value = number * factor;
  return true;
}

/* The table ends with a nameless unit. */
static bool read_number(const char *text, const struct unit *units, uint64_t *value) {
  uint64_t number = 0;
  const char *digits = text;
  for (; *text >= '0' && *text <= '9'; text++) {
    if (number > (UINT64_MAX - 9) / 10) return false;
    number = number * 10 + (uint64_t)(*text - '0');
  }
  if (text == digits) return false;
  for (;; units++) {
    if (strcasecmp(text, units->name) == 0) return multiply(number, units->factor, value);
    if (!*units->name) return false;
  }
}

bool value_time(const char *text, uint32_t *ms) {
  static const struct unit units[] = {
      {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 60 * 60000}, {"", 1000}};
  uint64_t value;
  if (!read_number(text, units, &value) || value == 0 || value >= UINT32_MAX) return false;
  *ms = (uint32_t)value;
  return true;
}

bool value_size(const char *text, uint64_t *bytes) {
  static const struct unit units[] = {{"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30}, {"", 1}};
  return read_number(text, units, bytes);
}

bool value_count(const char *text, uint64_t *count) {
  static const struct unit units[] = {{"", 1}};
  return read_number(text, units, count);
}

/* ---- addresses ---- */

bool value_is_unix(const char *address) { return strncmp(address, "unix:", 5) == 0; }

bool value_address(const char *text) {
  uint64_t port;
  if (value_is_unix(text)) return text[5] == '/' && text[6];
  const char *colon = strrchr(text, ':');
  if (!colon || strpbrk(text, "/@?# ")) return false;
  if (memchr(text, ':', (size_t)(colon - text)) && (text[0] != '[' || colon[-1] != ']'))
    return false;
  return value_count(colon + 1, &port) && port <= UINT16_MAX;
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Without a letter it is an address. */
bool value_name(const char *text) {
  size_t len = strlen(text);
  return len <= NAME_BYTES && strspn(text, LETTERS "0123456789-._") == len &&
         strpbrk(text, LETTERS);
}

bool value_pseudonym(const char *text) {
  for (const unsigned char *c = (const unsigned char *)text; *c; c++)
    if (*c <= ' ' || *c == ',' || *c == 0x7f) return false;
  return *text;
}

/* ---- texts ---- */

void value_unescape(char *text) {
  char *to = text;
  for (const char *from = text; *from; from++) {
    bool escape = from[0] == '\\' && (from[1] == 'n' || from[1] == '\\');
    if (escape) from++;
    *to++ = escape && *from == 'n' ? '\n' : *from;
  }
  *to = 0;
}

/* ---- what was meant ---- */

static unsigned least(unsigned a, unsigned b) { return a < b ? a : b; }

/* The usual table, a row for each letter of `a`; three are alive, since a swap looks back two. */
unsigned edit_distance(const char *a, const char *b) {
  unsigned rows[3][COMPARED + 1];
  unsigned a_len = (unsigned)strnlen(a, COMPARED), b_len = (unsigned)strnlen(b, COMPARED);
  for (unsigned j = 0; j <= b_len; j++) rows[0][j] = j;
  for (unsigned i = 1; i <= a_len; i++) {
    unsigned *row = rows[i % 3];
    const unsigned *above = rows[(i - 1) % 3], *before = rows[(i + 1) % 3];
    row[0] = i;
    for (unsigned j = 1; j <= b_len; j++) {
      row[j] = least(above[j - 1] + (a[i - 1] != b[j - 1]), least(above[j], row[j - 1]) + 1);
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = least(row[j], before[j - 2] + 1);
    }
  }
  return rows[a_len % 3][b_len];
}
