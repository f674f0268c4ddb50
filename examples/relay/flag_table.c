/* See flag_table.h. A new flag is a new line in the table at the end. */
#include "flag_table.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "say.h"
#include "values.h"

/* ---- reading values ---- */

static void *field_of(const struct flag *flag, struct config *config) {
  return (char *)config + flag->at;
}

static bool refuse(const struct flag *flag, const char *value, const char *want) {
  return say("--%s %s: want %s", flag->name, value, want);
}

static bool is_off(const char *value) { return strcmp(value, "off") == 0; }

static bool take_time(const struct flag *flag, struct config *config, const char *value) {
  uint32_t ms = WEIR_OFF;
  if (!is_off(value) && !value_time(value, &ms))
    return refuse(flag, value, "a time such as 300s, 5m or 250ms (less than 49 days), or off");
  *(uint32_t *)field_of(flag, config) = ms;
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
  return refuse(flag, value, want);
}

static bool take_32(const struct flag *flag, struct config *config, const char *value, bool size) {
  uint64_t number;
  if (!take_number(flag, value, UINT32_MAX, size, &number)) return false;
  *(uint32_t *)field_of(flag, config) = (uint32_t)number;
  return true;
}

static bool take_size(const struct flag *flag, struct config *config, const char *value) {
  return take_32(flag, config, value, true);
}

static bool take_count(const struct flag *flag, struct config *config, const char *value) {
  return take_32(flag, config, value, false);
}

static bool take_size64(const struct flag *flag, struct config *config, const char *value) {
  return take_number(flag, value, UINT64_MAX, true, field_of(flag, config));
}

static bool take_workers(const struct flag *flag, struct config *config, const char *value) {
  uint64_t number;
  if (!value_count(value, &number) || number < 1 || number > 256)
    return refuse(flag, value, "a whole number from 1 to 256");
  config->workers = (uint32_t)number;
  return true;
}

static bool take_text(const struct flag *flag, struct config *config, const char *value) {
  if (!*value) return refuse(flag, "''", flag->values);
  *(const char **)field_of(flag, config) = value;
  return true;
}

/* "off" is the empty string to the library. */
static bool take_via(const struct flag *flag, struct config *config, const char *value) {
  if (!value_pseudonym(value))
    return refuse(flag, value, "a name without spaces and commas, or off");
  config->options.via = is_off(value) ? "" : value;
  return true;
}

static bool take_upgrade(const struct flag *flag, struct config *config, const char *value) {
  if (!*value) return refuse(flag, "''", "protocols such as websocket,mqtt, or off");
  config->options.upgrade_protocols = is_off(value) ? "" : value;
  return true;
}

static bool take_tls_min(const struct flag *flag, struct config *config, const char *value) {
  bool is_1_2 = strcmp(value, "1.2") == 0;
  if (!is_1_2 && strcmp(value, "1.3") != 0) return refuse(flag, value, "1.2 or 1.3");
  config->client_tls.min_version = is_1_2 ? WEIR_TLS_1_2 : WEIR_TLS_1_3;
  return true;
}

/* "off" is the empty string to the library. */
static bool take_sni(const struct flag *flag, struct config *config, const char *value) {
  if (!value_name(value)) return refuse(flag, value, "a name such as example.org, or off");
  config->origin_tls.sni = is_off(value) ? "" : value;
  return true;
}

static bool take_port(const struct flag *flag, struct config *config, const char *value) {
  uint64_t port;
  if (!value_count(value, &port) || port < 1 || port > UINT16_MAX)
    return refuse(flag, value, "a port from 1 to 65535");
  *(uint32_t *)field_of(flag, config) = (uint32_t)port;
  return true;
}

static bool take_switch(const struct flag *flag, struct config *config, const char *value) {
  (void)value;
  *(uint8_t *)field_of(flag, config) = 1;
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
  return refuse(flag, value, "off, error, warn, info or debug");
}

static bool take_item(const struct flag *flag, struct config *config, const char *value) {
  if (!*value) return refuse(flag, "''", flag->values);
  struct list *list = field_of(flag, config);
  list->items[list->count++] = value;
  return true;
}

static bool take_address(const struct flag *flag, struct config *config, const char *value) {
  if (!value_address(value))
    return refuse(flag, value, "host:port, [v6]:port, :port or unix:/path");
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
    {0},
};
