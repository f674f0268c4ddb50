/* Names to addresses, with uv_getaddrinfo. It opens no socket. A look-up belongs to its caller
 * until it reports; after a cancel it belongs to libuv, whose callback gives its memory back. */
#include "net/dns.h"

#include <string.h>

#include "base/list.h"
#include "weir/err.h"

enum { NAME_MAX_BYTES = 253 }; /* RFC 1035 */

struct weir__dns {
  uv_getaddrinfo_t req;
  weir__io *io;
  weir__dns_fn fn; /* NULL once cancelled */
  void *owner;
  uint16_t port;
};

static const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};

/* libuv before 1.48 cuts what it makes of a longer name, and looks up another one (CVE-2024-24806).
 * A name that is not ASCII may grow, so it is refused whatever its length. */
static bool is_name(const char *host) {
  size_t len = strlen(host);
  if (len == 0 || len > NAME_MAX_BYTES) return false;
  for (; *host; host++) {
    if ((unsigned char)*host <= ' ' || (unsigned char)*host >= 0x7f) return false;
  }
  return true;
}

static int error_of(int status) {
  return status == UV_EAI_NONAME || status == UV_EAI_NODATA ? WEIR_ENOADDRESS : status;
}

/* ---- addresses ---- */

static bool is_same(const weir__sockaddr *a, const weir__sockaddr *b) {
  if (a->any.sa_family != b->any.sa_family) return false;
  if (a->any.sa_family == AF_INET) {
    return a->in4.sin_addr.s_addr == b->in4.sin_addr.s_addr && a->in4.sin_port == b->in4.sin_port;
  }
  return memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof a->in6.sin6_addr) == 0 &&
         a->in6.sin6_port == b->in6.sin6_port && a->in6.sin6_scope_id == b->in6.sin6_scope_id;
}

static void add(weir__addresses *addresses, const weir__sockaddr *address) {
  if (addresses->count == WEIR__ADDRESSES_MAX) return;
  for (size_t i = 0; i < addresses->count; i++) {
    if (is_same(&addresses->list[i], address)) return;
  }
  addresses->list[addresses->count++] = *address;
}

/* The first address from `*at` on that is (or is not) of a family; NULL at the end. */
static const weir__sockaddr *next_of(const weir__addresses *addresses, size_t *at, int family,
                                     bool same) {
  while (*at < addresses->count) {
    const weir__sockaddr *address = &addresses->list[(*at)++];
    if ((address->any.sa_family == family) == same) return address;
  }
  return NULL;
}

void weir__dns_order(weir__addresses *addresses) {
  if (!addresses->count) return;
  weir__addresses ordered = {.count = 0};
  int family = addresses->list[0].any.sa_family;
  size_t same_at = 0, other_at = 0;
  const weir__sockaddr *same, *other;
  do {
    same = next_of(addresses, &same_at, family, true);
    other = next_of(addresses, &other_at, family, false);
    if (same) add(&ordered, same);
    if (other) add(&ordered, other);
  } while (same || other);
  *addresses = ordered;
}

/* From one element of the system's answer; false for a family we do not know. */
static bool convert(weir__sockaddr *address, const struct addrinfo *info, uint16_t port) {
  memset(address, 0, sizeof *address);
  if (info->ai_family == AF_INET) {
    memcpy(&address->in4, info->ai_addr, sizeof address->in4);
    address->in4.sin_port = htons(port);
    return true;
  }
  if (info->ai_family != AF_INET6) return false;
  memcpy(&address->in6, info->ai_addr, sizeof address->in6);
  address->in6.sin6_port = htons(port);
  return true;
}

static void add_all(weir__addresses *addresses, const struct addrinfo *info, uint16_t port,
                    size_t most_of_a_family) {
  size_t in4 = 0, in6 = 0;
  for (; info; info = info->ai_next) {
    weir__sockaddr address;
    if (!convert(&address, info, port)) continue;
    size_t *of_family = info->ai_family == AF_INET ? &in4 : &in6;
    if ((*of_family)++ < most_of_a_family) add(addresses, &address);
  }
}

/* Half of the room is for each family first, so that many addresses of one cannot hide the
 * other. */
static int collect(weir__addresses *addresses, const struct addrinfo *info, uint16_t port) {
  addresses->count = 0;
  add_all(addresses, info, port, WEIR__ADDRESSES_MAX / 2);
  add_all(addresses, info, port, SIZE_MAX);
  weir__dns_order(addresses);
  return addresses->count ? 0 : WEIR_ENOADDRESS;
}

bool weir__dns_literal(weir__sockaddr *address, const char *host, uint16_t port) {
  memset(address, 0, sizeof *address);
  if (uv_ip4_addr(host, port, &address->in4) == 0) return true;
  return strchr(host, ':') && uv_ip6_addr(host, port, &address->in6) == 0;
}

/* ---- look-ups ---- */

static void on_answer(uv_getaddrinfo_t *req, int status, struct addrinfo *info) {
  weir__dns *dns = weir__container_of(req, weir__dns, req);
  weir__addresses addresses = {.count = 0};
  weir__io *io = dns->io;
  weir__dns_fn fn = dns->fn;
  void *owner = dns->owner;
  int err = status ? error_of(status) : collect(&addresses, info, dns->port);
  uv_freeaddrinfo(info);
  weir__mem_free(io->mem, dns);
  if (fn) fn(owner, err, &addresses);
  weir__io_drop(io);
}

int weir__dns_start(weir__dns **dns, weir__io *io, const char *host, uint16_t port, weir__dns_fn fn,
                    void *owner) {
  if (!is_name(host)) return WEIR_ENOADDRESS;
  weir__dns *d = weir__mem_new(io->mem, sizeof *d);
  if (!d) return WEIR_ENOMEM;
  *d = (weir__dns){.io = io, .fn = fn, .owner = owner, .port = port};
  int err = uv_getaddrinfo(io->loop, &d->req, on_answer, host, NULL, &hints);
  if (err) {
    weir__mem_free(io->mem, d);
    return error_of(err);
  }
  weir__io_hold(io);
  *dns = d;
  return 0;
}

void weir__dns_cancel(weir__dns *dns) {
  dns->fn = NULL;
  /* UV_EBUSY: a thread is at it; the callback comes then all the same and drops the answer. */
  (void)uv_cancel((uv_req_t *)&dns->req);
}

int weir__dns_now(weir__addresses *addresses, uv_loop_t *loop, const char *host, uint16_t port) {
  if (!is_name(host)) return WEIR_ENOADDRESS;
  uv_getaddrinfo_t req;
  int err = uv_getaddrinfo(loop, &req, NULL, host, NULL, &hints);
  if (err) return error_of(err);
  err = collect(addresses, req.addrinfo, port);
  uv_freeaddrinfo(req.addrinfo);
  return err;
}
