/* See cidr.h. */
#include "base/cidr.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

#include "weir/err.h"

/* ::ffff:0:0/96 */
static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static unsigned width(enum weir__family family) {
  switch (family) {
  case WEIR__UNIX: return 0;
  case WEIR__IPV4: return 32;
  case WEIR__IPV6: return 128;
  }
  return 0;
}

weir__addr weir__addr_from(const void *bytes, size_t len) {
  assert(len == 4 || len == 16);
  weir__addr addr = {.family = len == 4 ? WEIR__IPV4 : WEIR__IPV6};
  if (len == 16 && memcmp(bytes, mapped, sizeof mapped) == 0) {
    addr.family = WEIR__IPV4;
    bytes = (const uint8_t *)bytes + sizeof mapped;
    len = 4;
  }
  memcpy(addr.bytes, bytes, len);
  return addr;
}

bool weir__addr_parse(weir__addr *addr, weir__slice text) {
  char copy[INET6_ADDRSTRLEN];
  uint8_t bytes[16];
  if (text.len >= sizeof copy || memchr(text.ptr, '\0', text.len)) return false;
  memcpy(copy, text.ptr, text.len);
  copy[text.len] = '\0';
  bool v6 = strchr(copy, ':') != NULL;
  if (inet_pton(v6 ? AF_INET6 : AF_INET, copy, bytes) != 1) return false;
  *addr = weir__addr_from(bytes, v6 ? 16 : 4);
  return true;
}

/* 0 to `max`, without leading zeros. */
static bool parse_bits(const char *text, unsigned max, unsigned *bits) {
  if (!*text || (text[0] == '0' && text[1])) return false;
  for (*bits = 0; *text; text++) {
    if (*text < '0' || *text > '9') return false;
    *bits = *bits * 10 + (unsigned)(*text - '0');
    if (*bits > max) return false;
  }
  return true;
}

/* True if the first `bits` bits of both are the same. */
static bool same_prefix(const uint8_t *a, const uint8_t *b, unsigned bits) {
  unsigned whole = bits / 8, rest = bits % 8;
  if (memcmp(a, b, whole) != 0) return false;
  return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

static bool zero_behind(const weir__cidr *cidr) {
  for (unsigned bit = cidr->bits; bit < width(cidr->addr.family); bit++)
    if (cidr->addr.bytes[bit / 8] & (0x80u >> bit % 8)) return false;
  return true;
}

int weir__cidr_parse(weir__cidr *cidr, const char *text) {
  *cidr = (weir__cidr){.addr = {.family = WEIR__UNIX}};
  if (strcmp(text, "unix") == 0) return 0;
  size_t len = strcspn(text, "/");
  if (!weir__addr_parse(&cidr->addr, weir__slice_of(text, len))) return WEIR_ECIDR;
  unsigned max = memchr(text, ':', len) ? 128 : 32; /* as written: a mapped address counts as v6 */
  unsigned shift = max - width(cidr->addr.family);
  cidr->bits = max;
  if (text[len] && !parse_bits(text + len + 1, max, &cidr->bits)) return WEIR_ECIDR;
  if (cidr->bits < shift) return WEIR_ECIDR; /* the ffff of ::ffff:0:0 lies behind the length */
  cidr->bits -= shift;
  return zero_behind(cidr) ? 0 : WEIR_ECIDR;
}

bool weir__cidr_has(const weir__cidr *cidr, const weir__addr *addr) {
  return cidr->addr.family == addr->family &&
         same_prefix(cidr->addr.bytes, addr->bytes, cidr->bits);
}

int weir__cidrs_parse(weir__cidrs *cidrs, weir__mem *mem, const char *const *texts) {
  *cidrs = (weir__cidrs){0};
  size_t count = 0;
  while (texts && texts[count]) count++;
  if (!count) return 0;
  cidrs->ranges = weir__mem_new(mem, count * sizeof *cidrs->ranges);
  if (!cidrs->ranges) return WEIR_ENOMEM;
  for (; cidrs->count < count; cidrs->count++) {
    int rc = weir__cidr_parse(&cidrs->ranges[cidrs->count], texts[cidrs->count]);
    if (!rc) continue;
    weir__cidrs_free(cidrs, mem);
    return rc;
  }
  return 0;
}

bool weir__cidrs_have(const weir__cidrs *cidrs, const weir__addr *addr) {
  for (size_t i = 0; i < cidrs->count; i++)
    if (weir__cidr_has(&cidrs->ranges[i], addr)) return true;
  return false;
}

void weir__cidrs_free(weir__cidrs *cidrs, weir__mem *mem) {
  weir__mem_free(mem, cidrs->ranges);
  *cidrs = (weir__cidrs){0};
}
