/* What one exchange may cost at most: the sum of what the limits allow, part by part. */
#include "relay/exchange.h"
#include "relay/relay.h"

enum {
  KIB = 1024,
  MALLOC_SLACK = 64,  /* rounding and headers of the allocator behind the hook, a block */
  BLOCKS = 24,        /* blocks of fixed size that an exchange and its connections hold */
  ADDED_FIELDS = 16,  /* fields that weir adds to a head .. */
  PARSER = 512,       /* a parser of events without what it keeps */
  ADDED_BYTES = 2048, /* .. and their text, apart from what they repeat of the message */
};

static size_t head_bound(const weir_options *o) {
  size_t fields = (o->head_fields + (size_t)ADDED_FIELDS) * sizeof(weir__field);
  size_t text = 2 * (size_t)o->head_bytes + ADDED_BYTES; /* Forwarded and friends repeat Host */
  return weir__head_size() + weir__arena_bound(text + fields);
}

/* One direction: a head under way, an outbox filled by one read too many, its framing. */
static size_t direction_bound(const weir_options *o) {
  size_t burst = WEIR__SCRATCH + WEIR__TLS_CIPHER + (size_t)o->head_bytes + ADDED_BYTES;
  size_t early = 2 * ((size_t)o->outbox_high + burst);
  return head_bound(o) + weir__outbox_bound(o->outbox_high, burst) + early;
}

/* A TLS connection, in the handshake or behind it: its stream, an engine whose two record buffers
 * are full size, the flights of a handshake with their certificates, and what came too early.
 * Records that wait for the socket are in direction_bound(). */
static size_t tls_bound(void) {
  return weir__stream_tls_size() + WEIR__TLS_ENGINE_BOUND + 2 * (size_t)WEIR__SCRATCH;
}

/* A parser: a block that came in pieces, its data joined, the last event ID, each a buffer that grew
 * by doubling. */
static size_t parser_bound(const weir_relay *relay) {
  const weir__event_rules *rules = relay->set.events;
  bool looks = rules->boundaries || relay->set.hooks.on_event;
  return looks ? 3 * (2 * (size_t)rules->o.event_bytes + MALLOC_SLACK) + PARSER : 0;
}

/* What the commit point holds, and the two parsers that look at it: each may have it copied, as lines
 * and as data, in buffers that double. Then it leaves by the outbox at once. The request's body is
 * kept, and waits once more for a connection. */
static size_t commit_bound(const weir__event_rules *rules) {
  if (!rules->commits) return 0;
  size_t body = (size_t)rules->o.commit_bytes + WEIR__SCRATCH + WEIR__TLS_CIPHER;
  return 12 * body + 4 * (size_t)rules->o.replay_bytes + 4 * KIB;
}

/* For a client that is behind: the newest event and the one that is being judged, in buffers that
 * doubled; and the books. */
static size_t behind_bound(const weir_event_options *o) {
  bool keeps = o->stale_ms && o->stale == WEIR_STALE_COALESCE;
  size_t kept = keeps ? 2 * (2 * (size_t)o->event_bytes + MALLOC_SLACK) : 0;
  return kept + (o->ledger ? sizeof(weir__ledger) + MALLOC_SLACK : 0);
}

/* What is known of an event stream, and what of it waits for the commit point or for another try. */
static size_t events_bound(const weir_relay *relay) {
  const weir__event_rules *rules = relay->set.events;
  if (rules->o.mode == WEIR_EVENTS_OFF) return 0;
  size_t looking = sizeof(weir__events) + MALLOC_SLACK + parser_bound(relay);
  return looking + commit_bound(rules) + behind_bound(&rules->o);
}

size_t weir_relay_bytes_max(const weir_relay *relay) {
  const weir_options *o = &relay->set.o;
  size_t ahead = 2 * ((size_t)o->pipeline_bytes + WEIR__SCRATCH);
  size_t fixed = sizeof(weir__downstream) + sizeof(weir_exchange) + 2 * weir__h1_size() +
                 2 * weir__stream_uv_size() + (size_t)BLOCKS * MALLOC_SLACK;
  size_t message = ahead + 2 * direction_bound(o) + head_bound(o) /* trailers */;
  return fixed + 2 * tls_bound() + message + events_bound(relay);
}
