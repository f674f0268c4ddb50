/* See url.h. */
#include "http/url.h"

#include "base/cidr.h"
#include "http/chars.h"
#include "weir/err.h"

enum {
  PATH_MAX_BYTES = 107, /* sun_path is 108 bytes with its NUL */
  PORT_HTTP = 80,
  PORT_HTTPS = 443,
  PORT_DIGITS = 5
};

static bool skip(weir__slice *s, const char *prefix) {
  size_t len = strlen(prefix);
  if (s->len < len || strncasecmp(s->ptr, prefix, len) != 0) return false;
  s->ptr += len, s->len -= len;
  return true;
}

/* ---- the parts, as slices of the text ---- */

typedef struct parts {
  weir__slice host, authority;
  uint16_t port;
  bool numeric;
} parts;

/* Letters, digits, `-`, `.`, `_`: what a look-up can find, far less than what a URL may hold. */
static bool is_name(weir__slice s) {
  for (size_t i = 0; i < s.len; i++) {
    char c = s.ptr[i];
    bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '.' || c == '_';
    if (!ok) return false;
  }
  return s.len > 0 && s.len <= WEIR__HOST_MAX && s.ptr[0] != '.';
}

/* Takes the host off the front of `rest`. */
static bool take_host(weir__slice *rest, parts *p) {
  weir__addr addr;
  bool brackets = skip(rest, "[");
  const char *end = rest->len ? memchr(rest->ptr, brackets ? ']' : ':', rest->len) : NULL;
  if (brackets && !end) return false;
  p->host = weir__slice_of(rest->ptr, end ? (size_t)(end - rest->ptr) : rest->len);
  rest->ptr += p->host.len + brackets, rest->len -= p->host.len + brackets;
  p->numeric = p->host.len && weir__addr_parse(&addr, p->host);
  bool v6 = p->host.len && memchr(p->host.ptr, ':', p->host.len);
  return brackets ? p->numeric && v6 : is_name(p->host);
}

static bool take_port(weir__slice rest, parts *p) {
  uint64_t port = p->port;
  if (rest.len && (!skip(&rest, ":") || !weir__parse_decimal(rest, &port))) return false;
  if (port == 0 || port > UINT16_MAX || rest.len > PORT_DIGITS) return false; /* as in any Host */
  p->port = (uint16_t)port;
  return true;
}

static bool split(weir__slice rest, parts *p) {
  if (rest.len && rest.ptr[rest.len - 1] == '/') rest.len--;
  p->authority = rest;
  return take_host(&rest, p) && take_port(rest, p);
}

/* ---- copies ---- */

static int parse_unix(weir__url *url, weir__mem *mem, weir__slice path) {
  if (path.len == 0 || path.len > PATH_MAX_BYTES || path.ptr[0] != '/') return WEIR_EURL;
  if (!weir__is_field_value(path) || memchr(path.ptr, '\t', path.len)) return WEIR_EURL;
  url->path = weir__mem_copy(mem, path);
  url->authority = weir__mem_copy(mem, weir__slice_str("localhost"));
  return url->path && url->authority ? 0 : WEIR_ENOMEM;
}

static int parse_http(weir__url *url, weir__mem *mem, weir__slice rest) {
  parts p = {.port = url->tls ? PORT_HTTPS : PORT_HTTP};
  if (!split(rest, &p)) return WEIR_EURL;
  url->host = weir__mem_copy(mem, p.host);
  url->authority = weir__mem_copy(mem, p.authority);
  url->port = p.port;
  url->numeric = p.numeric;
  return url->host && url->authority ? 0 : WEIR_ENOMEM;
}

int weir__url_parse(weir__url *url, weir__mem *mem, const char *text) {
  *url = (weir__url){.port = PORT_HTTP};
  weir__slice rest = weir__slice_str(text);
  int rc = WEIR_EURL;
  url->tls = skip(&rest, "https://");
  if (url->tls || skip(&rest, "http://"))
    rc = parse_http(url, mem, rest);
  else if (skip(&rest, "unix:"))
    rc = parse_unix(url, mem, rest);
  if (rc) weir__url_free(url, mem);
  return rc;
}

void weir__url_free(weir__url *url, weir__mem *mem) {
  weir__mem_free(mem, url->host);
  weir__mem_free(mem, url->path);
  weir__mem_free(mem, url->authority);
  *url = (weir__url){0};
}
