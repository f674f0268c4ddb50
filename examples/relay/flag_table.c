/* See flag_table.h. A new flag is a new line in the table at the end. */
#include "flag_table.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "event_flags.h"
#include "say.h"
#include "values.h"

/* ---- reading values ---- */

void *flag_field(const struct flag *flag, struct config *config) {
  return (char *)config + flag->at;
}

bool flag_refuse(const struct flag *flag, const char *value, const char *want) {
  return say("--%s %s: want %s", flag->name, value, want);
}

static bool is_off(const char *value) { return strcmp(value, "off") == 0; }

static bool take_time(const struct flag *flag, struct config *config, const char *value) {
  uint32_t ms = WEIR_OFF;
  if (!is_off(value) && !value_time(value, &ms)) return flag_refuse(flag, value, FLAG_WANTS_TIME);
  *(uint32_t *)flag_field(flag, config) = ms;
  return true;
}

/* The largest number stands for "off", here and in the library. */
static bool take_number(const struct flag *flag, const char *value, uint64_t max, bool is_size,
                        uint64_t *number) {
  char want[96];
  *number = max;
  if (is_off(value)) return true;
  bool ok = is_size ? value_size(value, number) : value_count(value, number);
  if (ok && *number >= flag->least && *number < max) return true;
  snprintf(want, sizeof want, "%s from %llu to %llu, or off",
           is_size ? "a size such as 65536, 64k or 1m," : "a whole number",
           (unsigned long long)flag->least, (unsigned long long)max - 1);
  return flag_refuse(flag, value, want);
}

static bool take_32(const struct flag *flag, struct config *config, const char *value, bool size) {
  uint64_t number;
  if (!take_number(flag, value, UINT32_MAX, size, &number)) return false;
  *(uint32_t *)flag_field(flag, config) = (uint32_t)number;
  return true;
}

static bool take_size(const struct flag *flag, struct config *config, const char *value) {
  return take_32(flag, config, value, true);
}

static bool take_count(const struct flag *flag, struct config *config, const char *value) {
  return take_32(flag, config, value, false);
}

static bool take_size64(const struct flag *flag, struct config *config, const char *value) {
  return take_number(flag, value, UINT64_MAX, true, flag_field(flag, config));
}

static bool take_workers(const struct flag *flag, struct config *config, const char *value) {
  uint64_t number;
  if (!value_count(value, &number) || number < 1 || number > 256)
    return flag_refuse(flag, value, "a whole number from 1 to 256");
  config->workers = (uint32_t)number;
  return true;
}

static bool take_text(const struct flag *flag, struct config *config, const char *value) {
  if (!*value) return flag_refuse(flag, "''", flag->values);
  *(const char **)flag_field(flag, config) = value;
  return true;
}

/* "off" is the empty string to the library. */
static bool take_via(const struct flag *flag, struct config *config, const char *value) {
  if (!value_pseudonym(value))
    return flag_refuse(flag, value, "a name without spaces and commas, or off");
  config->options.via = is_off(value) ? "" : value;
  return true;
}

static bool take_upgrade(const struct flag *flag, struct config *config, const char *value) {
  if (!*value) return flag_refuse(flag, "''", "protocols such as websocket,mqtt, or off");
  config->options.upgrade_protocols = is_off(value) ? "" : value;
  return true;
}

static bool take_tls_min(const struct flag *flag, struct config *config, const char *value) {
  bool is_1_2 = strcmp(value, "1.2") == 0;
  if (!is_1_2 && strcmp(value, "1.3") != 0) return flag_refuse(flag, value, "1.2 or 1.3");
  config->client_tls.min_version = is_1_2 ? WEIR_TLS_1_2 : WEIR_TLS_1_3;
  return true;
}

/* "off" is the empty string to the library. */
static bool take_sni(const struct flag *flag, struct config *config, const char *value) {
  if (!value_name(value)) return flag_refuse(flag, value, "a name such as example.org, or off");
  config->origin_tls.sni = is_off(value) ? "" : value;
  return true;
}

static bool take_port(const struct flag *flag, struct config *config, const char *value) {
  uint64_t port;
  if (!value_count(value, &port) || port < 1 || port > UINT16_MAX)
    return flag_refuse(flag, value, "a port from 1 to 65535");
  *(uint32_t *)flag_field(flag, config) = (uint32_t)port;
  return true;
}

static bool take_switch(const struct flag *flag, struct config *config, const char *value) {
  (void)value;
  *(uint8_t *)flag_field(flag, config) = 1;
  return true;
}

static bool take_check(const struct flag *flag, struct config *config, const char *value) {
  (void)flag, (void)value;
  config->check_only = true;
  return true;
}

static bool take_log_level(const struct flag *flag, struct config *config, const char *value) {
  for (int level = 0; log_level_name(level); level++) {
    if (strcmp(value, log_level_name(level)) != 0) continue;
    config->log_level = level;
    return true;
  }
  return flag_refuse(flag, value, "off, error, warn, info or debug");
}

static bool take_item(const struct flag *flag, struct config *config, const char *value) {
  if (!*value) return flag_refuse(flag, "''", flag->values);
  struct list *list = flag_field(flag, config);
  list->items[list->count++] = value;
  return true;
}

static bool take_address(const struct flag *flag, struct config *config, const char *value) {
  if (!value_address(value))
    return flag_refuse(flag, value, "host:port, [v6]:port, :port or unix:/path");
  return take_item(flag, config, value);
}

static bool take_route(const struct flag *flag, struct config *config, const char *value) {
  (void)flag;
  return routes_add(&config->routes, value);
}

static bool take_request_field(const struct flag *flag, struct config *config, const char *value) {
  (void)flag;
  return fields_add(&config->request_fields, "--request-header", value, true);
}

static bool take_response_field(const struct flag *flag, struct config *config, const char *value) {
  (void)flag;
  return fields_add(&config->response_fields, "--response-header", value, false);
}

static bool take_help(const struct flag *flag, struct config *config, const char *value) {
  (void)flag, (void)value;
  config->show = SHOW_HELP;
  return true;
}

static bool take_help_tuning(const struct flag *flag, struct config *config, const char *value) {
  (void)flag, (void)value;
  config->show = SHOW_TUNING;
  return true;
}

static bool take_help_events(const struct flag *flag, struct config *config, const char *value) {
  (void)flag, (void)value;
  config->show = SHOW_EVENTS;
  return true;
}

static bool take_version(const struct flag *flag, struct config *config, const char *value) {
  (void)flag, (void)value;
  config->show = SHOW_VERSION;
  return true;
}

/* ---- the table ---- */

/* clang-format off */
#define HEADING(text, help) \
  { .name = text, .page = help }
/* clang-format on */
#define FLAG(flag, value, text, default_value, reader) \
  .name = flag, .values = value, .help = text, .usual = default_value, .take = reader
#define IN_CONFIG(field) .at = offsetof(struct config, field)
#define IN_OPTIONS(field) .at = offsetof(struct config, options.field)
#define IN_CLIENT_TLS(field) .at = offsetof(struct config, client_tls.field)
#define IN_ORIGIN_TLS(field) .at = offsetof(struct config, origin_tls.field)
/* clang-format off */
#define TIMER(flag, field, text, default_value) \
  { FLAG(flag, "TIME", text, default_value, take_time), IN_OPTIONS(field) }
/* clang-format on */
/* clang-format off */
#define SIZE(flag, field, text, default_value, min) \
  { FLAG(flag, "SIZE", text, default_value, take_size), IN_OPTIONS(field), .least = min }
/* clang-format on */
/* clang-format off */
#define COUNT(flag, field, text, default_value) \
  { FLAG(flag, "N", text, default_value, take_count), IN_OPTIONS(field), .least = 1 }
/* clang-format on */

#define IN_EVENTS(field) .at = offsetof(struct config, events.field)
/* clang-format off */
#define EVENT_TIME(flag, field, text, default_value) \
  { FLAG(flag, "TIME", text, default_value, take_event_time), IN_EVENTS(field) }
/* clang-format on */
/* clang-format off */
#define EVENT_TEXT(flag, field, text) \
  { FLAG(flag, "TEXT", text, NULL, take_terminal), IN_EVENTS(field) }
/* clang-format on */

/* The defaults are the library's (include/weir/relay.h): a flag that is not given leaves a zero. */
const struct flag flag_table[] = {
    HEADING("Where (ORIGIN-URL is --route /=URL; http://.., https://.. or unix:/path):", SHOW_HELP),
    {FLAG("listen", "ADDR", "host:port, :port, unix:/path", "127.0.0.1:8080", take_address),
     IN_CONFIG(listen)},
    {FLAG("route", "PREFIX=URL", "or HOST/PREFIX=URL; the longest prefix wins", NULL, take_route)},
    {FLAG("origin-host", "VALUE", "the Host that origins get", "the client's", take_text),
     IN_CONFIG(origin_host)},
    HEADING("TLS with clients (a FILE is PEM; SIGHUP reads all of them again):", SHOW_HELP),
    {FLAG("cert", "FILE", "certificate and chain; --listen speaks TLS then", NULL, take_item),
     IN_CONFIG(certs)},
    {FLAG("key", "FILE", "of the Nth --cert, unless that file holds it too", NULL, take_item),
     IN_CONFIG(keys)},
    {FLAG("client-ca", "FILE", "who must have signed a certificate of each client", NULL,
          take_text),
     IN_CLIENT_TLS(ca)},
    {FLAG("client-crl", "FILE", ".. and not have revoked it here", NULL, take_text),
     IN_CLIENT_TLS(crl)},
    {FLAG("tls-min", "1.2|1.3", "what clients must speak at least", "1.2", take_tls_min)},
    {FLAG("ciphers", "LIST", "for clients, as OpenSSL or IANA names them", NULL, take_text),
     IN_CLIENT_TLS(ciphers)},
    {FLAG("http-redirect", "ADDR", "a plain listener that answers 308 to https", NULL,
          take_address),
     IN_CONFIG(redirects)},
    {FLAG("redirect-port", "PORT", "the port it leads to", "that of --listen", take_port),
     IN_CONFIG(redirect_port)},
    HEADING("TLS with origins (https://..):", SHOW_HELP),
    {FLAG("origin-ca", "FILE", "who must have signed them", "the system's", take_text),
     IN_ORIGIN_TLS(ca)},
    {FLAG("origin-crl", "FILE", ".. and not have revoked them here", NULL, take_text),
     IN_ORIGIN_TLS(crl)},
    {FLAG("origin-cert", "FILE", "the certificate to show to origins", NULL, take_text),
     IN_CONFIG(origin_pair.cert)},
    {FLAG("origin-key", "FILE", ".. and its key, unless --origin-cert holds it", NULL, take_text),
     IN_CONFIG(origin_pair.key)},
    {FLAG("origin-sni", "NAME|off", "the name to ask for", "the URL's host", take_sni)},
    {FLAG("origin-verify-name", "NAME", "the name to insist on", "the URL's host", take_text),
     IN_ORIGIN_TLS(verify_name)},
    {FLAG("origin-insecure", NULL, "believe whoever answers", NULL, take_switch),
     IN_ORIGIN_TLS(insecure_accept_any_certificate)},
    {FLAG("origin-bare-end", NULL, "a body may end without TLS's close_notify", NULL, take_switch),
     IN_ORIGIN_TLS(ignore_missing_close_notify)},
    HEADING("Fields ({client_addr} {client_port} {local_port} {host} {scheme} {request_id}):",
            SHOW_HELP),
    {FLAG("request-header", "'N: V'", "set on the way to the origin; 'N:' removes; {{ = {", NULL,
          take_request_field)},
    {FLAG("response-header", "'N: V'", "set on the way to the client; 'N:' removes", NULL,
          take_response_field)},
    {FLAG("no-forwarding-headers", NULL, "send no X-Forwarded-*, no X-Real-IP", NULL, take_switch),
     IN_OPTIONS(no_forwarding_fields)},
    {FLAG("forwarded", NULL, "send Forwarded (RFC 7239) too", NULL, take_switch),
     IN_OPTIONS(forwarded)},
    {FLAG("trusted-proxy", "RANGE", "address, CIDR, unix: its X-Forwarded-* count", NULL,
          take_item),
     IN_CONFIG(trusted)},
    {FLAG("via", "NAME|off", "the name in Via", "weir", take_via)},
    {FLAG("upgrade", "LIST|off", "protocols that may take over", "websocket", take_upgrade)},
    {FLAG("half-close", NULL, "answer clients that have sent FIN, too", NULL, take_switch),
     IN_OPTIONS(half_close)},
    HEADING("Program (SIGTERM, SIGINT: drain, exit 0; again: cut, exit 1; wrong flags: 2):",
            SHOW_HELP),
    {FLAG("workers", "N", "threads, each with a relay of its own", "1", take_workers)},
    {FLAG("access-log", "FILE|-", "a line of JSON an exchange; SIGHUP reopens it", NULL, take_text),
     IN_CONFIG(access_log)},
    {FLAG("log-level", "LEVEL", "off, error, warn, info, debug", "warn", take_log_level)},
    {FLAG("drain-timeout", "TIME", "for running exchanges at SIGTERM, SIGINT", "30s", take_time),
     IN_CONFIG(drain_ms)},
    {FLAG("check", NULL, "only check the flags", NULL, take_check)},
    {FLAG("version", NULL, "print the versions", NULL, take_version)},
    {FLAG("help", NULL, "print this", NULL, take_help)},
    {FLAG("help-tuning", NULL, "print the flags of timers and limits", NULL, take_help_tuning)},
    {FLAG("help-events", NULL, "print the flags of event streams", NULL, take_help_events)},
    HEADING("Timers (300s, 5m, 250ms, a plain number of seconds, or off):", SHOW_TUNING),
    TIMER("connect-timeout", connect_ms, "look up and connect to the origin", "5s"),
    TIMER("handshake-timeout", handshake_ms, "TLS handshake, with client or origin", "10s"),
    TIMER("head-timeout", head_ms, "until the response head", "300s"),
    TIMER("gap-timeout", gap_ms, "between two pieces of a body", "300s"),
    TIMER("total-timeout", total_ms, "a whole exchange", "off"),
    TIMER("stall-timeout", stall_ms, "a client that takes none or too little", "60s"),
    TIMER("request-head-timeout", request_head_ms, "until the request head", "10s"),
    TIMER("request-body-timeout", request_body_ms, "none or too little of a request body", "60s"),
    TIMER("keepalive-timeout", keepalive_ms, "idle client connection", "75s"),
    TIMER("idle-origin", idle_origin_ms, "idle origin connection", "4s"),
    TIMER("user-timeout", user_timeout_ms, "TCP_USER_TIMEOUT to the client", "30s"),
    HEADING("Limits (64k, 1m, a plain number, or off):", SHOW_TUNING),
    SIZE("head-bytes", head_bytes, "a message head", "64k", 1024),
    COUNT("head-fields", head_fields, "fields in a head", "128"),
    SIZE("target-bytes", target_bytes, "a request target", "16k", 1),
    COUNT("interim-max", interim_max, "interim responses", "16"),
    {FLAG("request-body-max", "SIZE", "a request body", "off", take_size64),
     IN_OPTIONS(request_body_max), .least = 1},
    COUNT("clients-max", clients_max, "client connections, of each worker", "off"),
    COUNT("clients-per-address", clients_per_address_max, ".. of one IPv4 or IPv6 /64", "off"),
    SIZE("client-rate-min", client_rate_min, "a second, or a client counts as silent", "16", 1),
    COUNT("idle-per-origin", idle_per_origin, "idle connections to an origin", "64"),
    SIZE("outbox-high", outbox_high, "waiting bytes that pause a stream", "256k", 1),
    SIZE("outbox-low", outbox_low, ".. and those it goes on at", "64k", 1),
    SIZE("pipeline-bytes", pipeline_bytes, "early bytes kept from a client", "64k", 1),
    SIZE("notsent-lowat", notsent_lowat, "TCP_NOTSENT_LOWAT to the client", "128k", 1),
    HEADING("Event streams and lines of JSON (all is off by default; README.md says why):",
            SHOW_EVENTS),
    {FLAG("event-mode", "MODE", "tap or filter: look, whether needed or not; off", NULL,
          take_event_mode)},
    {FLAG("event-bytes", "SIZE", "an event longer than this is not looked at", "1m", take_size),
     IN_EVENTS(event_bytes), .least = 16},
    {FLAG("ledger", NULL, "add to the log what weir added to each event", NULL, take_switch),
     IN_EVENTS(ledger)},
    HEADING("Kept alive (between events, when nothing has left for so long):", SHOW_EVENTS),
    EVENT_TIME("heartbeat", heartbeat_ms, "silence that a heartbeat ends", NULL),
    {FLAG("heartbeat-text", "TEXT", "comment, ping, event, or a text", "comment", take_heartbeat)},
    {FLAG("heartbeat-early", NULL, "also before the origin has answered, with a 200", NULL,
          take_switch),
     IN_EVENTS(heartbeat_early)},
    HEADING("Timers of a stream (the first three since the request head):", SHOW_EVENTS),
    EVENT_TIME("first-byte-timeout", first_byte_ms, "to the first byte of the body", NULL),
    EVENT_TIME("first-event-timeout", first_event_ms, "to the first event; comments do not count",
               NULL),
    EVENT_TIME("first-content-timeout", first_content_ms, "to the first event with words in it",
               NULL),
    EVENT_TIME("event-gap-timeout", event_gap_ms, "between two events", NULL),
    HEADING("Before the head (a stream that begins with an error becomes a 503):", SHOW_EVENTS),
    {FLAG("commit-event", NULL, "hold the head for the first event", NULL, take_switch),
     IN_EVENTS(commit_event)},
    {FLAG("commit-bytes", "SIZE", ".. for so much of the body", NULL, take_event_size),
     IN_EVENTS(commit_bytes), .least = 1},
    EVENT_TIME("commit-time", commit_ms, ".. for so long; what comes first holds", NULL),
    {FLAG("commit-retry", "N", "after an error ask the origin again, so often", NULL,
          take_event_count),
     IN_CONFIG(commit_retry), .least = 1},
    {FLAG("replay-body", "SIZE", "request bodies kept to be sent again", NULL, take_event_size),
     IN_EVENTS(replay_bytes), .least = 1},
    HEADING("Ends (TEXT: openai, anthropic, event, or events with {reason} {message},",
            SHOW_EVENTS),
    HEADING("      lines parted by \\n):", SHOW_EVENTS),
    EVENT_TEXT("error-event", error_event, "last event when the origin dies or stalls"),
    {FLAG("end-marker", "MARK", "'data: [DONE]', 'event: TYPE', 'contains: TEXT'", NULL,
          take_end_marker)},
    {FLAG("max-events", "N", "then the stream is cut, between events", NULL, take_event_count64),
     IN_EVENTS(max_events), .least = 1},
    {FLAG("max-stream-bytes", "SIZE", ".. after so many bytes", NULL, take_event_size64),
     IN_EVENTS(max_bytes), .least = 1},
    EVENT_TIME("max-stream-time", max_ms, ".. after so long", NULL),
    {FLAG("max-tokens", "N", ".. after so many events with words in them", NULL,
          take_event_count64),
     IN_EVENTS(max_tokens), .least = 1},
    EVENT_TEXT("cut-event", cut_event, "last event then"),
    EVENT_TIME("drain-cut", drain_cut_ms, "at SIGTERM: cut between events after so long", NULL),
    EVENT_TEXT("drain-event", drain_event, "last event then"),
    EVENT_TIME("drain-retry", drain_retry_ms, "when clients come back: `retry:` before it", NULL),
    HEADING("Clients that are gone or slow:", SHOW_EVENTS),
    {FLAG("abandon-bytes", "SIZE", "read so much from the origin of one that is gone", NULL,
          take_event_size64),
     IN_EVENTS(abandon_bytes), .least = 1},
    EVENT_TIME("abandon-time", abandon_ms, ".. for so long", NULL),
    {FLAG("abandon-max", "N", ".. of so many at once", "64", take_count), IN_EVENTS(abandon_max),
     .least = 1},
    EVENT_TIME("stale", stale_ms, "age of bytes that a client has not taken", NULL),
    {FLAG("stale-action", "WHAT", "evict, or coalesce: keep the newest event", "evict",
          take_stale_action)},
    {0},
};
