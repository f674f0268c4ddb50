/* One table of defaults; include/weir/relay.h says why each is what it is. */
#include "relay/options.h"

#include "http/chars.h"
#include "weir/err.h"

#define KIB 1024u

enum { VIA_MAX = 128 }; /* weir_relay_bytes_max() counts on it */

typedef struct default_value {
  size_t offset;
  uint32_t value;
} default_value;

/* clang-format off */
#define DEFAULT(field, value) \
  { offsetof(weir_options, field), value }
/* clang-format on */

/* clang-format off */
static const default_value defaults[] = {
    DEFAULT(connect_ms, 5000),
    DEFAULT(head_ms, 300000),
    DEFAULT(gap_ms, 300000),
    DEFAULT(total_ms, WEIR_OFF),
    DEFAULT(stall_ms, 60000),
    DEFAULT(request_head_ms, 10000),
    DEFAULT(request_body_ms, 60000),
    DEFAULT(keepalive_ms, 75000),
    DEFAULT(idle_origin_ms, 4000),
    DEFAULT(head_bytes, 64 * KIB),
    DEFAULT(head_fields, 128),
    DEFAULT(interim_max, 16),
    DEFAULT(clients_max, WEIR_OFF),
    DEFAULT(clients_per_address_max, WEIR_OFF),
    DEFAULT(idle_per_origin, 64),
    DEFAULT(outbox_high, 256 * KIB),
    DEFAULT(pipeline_bytes, 64 * KIB),
    DEFAULT(notsent_lowat, 128 * KIB),
    DEFAULT(user_timeout_ms, 30000),
    DEFAULT(client_rate_min, 16),
    DEFAULT(handshake_ms, 10000),
};
/* clang-format on */

/* A default that depends on a larger sibling follows it down. */
static uint32_t at_most(uint32_t value, uint32_t limit) { return value < limit ? value : limit; }

static void fill_in(weir_options *o) {
  for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++) {
    uint32_t *field = (uint32_t *)(void *)((char *)o + defaults[i].offset);
    if (*field == 0) *field = defaults[i].value;
  }
  if (o->target_bytes == 0) o->target_bytes = at_most(16 * KIB, o->head_bytes);
  if (o->outbox_low == 0) o->outbox_low = at_most(64 * KIB, o->outbox_high / 4);
  if (o->request_body_max == 0) o->request_body_max = UINT64_MAX;
  if (o->log_level == 0) o->log_level = WEIR_LOG_INFO;
  if (!o->via) o->via = "weir";
  if (!o->upgrade_protocols) o->upgrade_protocols = "websocket";
}

/* A pseudonym or host:port (RFC 9110, 7.6.3), of bytes that cannot end or comment out what
 * follows. */
static bool is_received_by(const char *via) {
  if (strlen(via) > VIA_MAX) return false;
  for (const char *p = via; *p; p++)
    if (!weir__is_token(weir__slice_of(p, 1)) && !strchr(":[]", *p)) return false;
  return true;
}

static int validate(const weir_options *o) {
  if (o->outbox_low > o->outbox_high) return WEIR_EINVAL;
  if (o->head_bytes < 1 * KIB || o->target_bytes > o->head_bytes) return WEIR_EINVAL;
  if (o->log_level > WEIR_LOG_DEBUG) return WEIR_EINVAL;
  if (!is_received_by(o->via)) return WEIR_EINVAL;
  return 0;
}

/* What a client must move in that time; at least a byte. */
static uint64_t least(uint32_t rate, uint32_t ms) {
  uint64_t bytes = rate == WEIR_OFF || ms == WEIR_OFF ? 0 : (uint64_t)rate * ms / 1000;
  return bytes ? bytes : 1;
}

static void derive(weir__settings *s) {
  const weir_options *o = &s->o;
  s->body_min = least(o->client_rate_min, o->request_body_ms);
  s->stall_min = least(o->client_rate_min, o->stall_ms);
  s->log = (weir__log){o->log, o->log_user, o->log_level};
  s->limits = (weir__h1_limits){.head_bytes = o->head_bytes,
                                .head_fields = o->head_fields,
                                .target_bytes = o->target_bytes,
                                .interim_max = o->interim_max};
  s->policy.forwarding_fields = !o->no_forwarding_fields;
  s->policy.forwarded = o->forwarded;
}

static int copy_strings(weir__settings *s, weir__mem *mem) {
  s->policy.via = weir__mem_copy(mem, weir__slice_str(s->o.via));
  s->policy.upgrade = weir__mem_copy(mem, weir__slice_str(s->o.upgrade_protocols));
  if (!s->policy.via || !s->policy.upgrade) return WEIR_ENOMEM;
  return weir__cidrs_parse(&s->trusted, mem, s->o.trusted_proxies);
}

int weir__settings_allocator(weir__mem *mem, const weir_options *options) {
  weir_options o = {0};
  int rc = options ? weir__copy_sized(&o, sizeof o, options) : 0;
  return rc ? rc : weir__mem_init(mem, &o.allocator);
}

int weir__settings_init(weir__settings *s, weir__mem *mem, const weir_options *options) {
  *s = (weir__settings){0};
  int rc = options ? weir__copy_sized(&s->o, sizeof s->o, options) : 0;
  if (rc == 0) fill_in(&s->o);
  if (rc == 0) rc = validate(&s->o);
  if (rc == 0 && s->o.hooks) rc = weir__copy_sized(&s->hooks, sizeof s->hooks, s->o.hooks);
  if (rc) return rc;
  derive(s);
  rc = copy_strings(s, mem);
  if (rc == 0) rc = weir__event_rules_new(&s->events, mem, s->o.events);
  if (rc) weir__settings_free(s, mem);
  return rc;
}

void weir__settings_free(weir__settings *s, weir__mem *mem) {
  weir__mem_free(mem, (char *)(uintptr_t)s->policy.via);
  weir__mem_free(mem, (char *)(uintptr_t)s->policy.upgrade);
  s->policy.via = s->policy.upgrade = NULL;
  weir__cidrs_free(&s->trusted, mem);
  weir__event_rules_free(s->events);
  s->events = NULL;
}
