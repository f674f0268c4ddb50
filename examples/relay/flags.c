/* See flags.h. */
#include "flags.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event_flags.h"
#include "say.h"
#include "tls.h"
#include "values.h"

/* Those that flags fill. */
/* clang-format off */
#define LISTS_OF(config) \
  { \
    &(config)->listen, &(config)->redirects, &(config)->certs, &(config)->keys, \
        &(config)->trusted, &(config)->end_markers, &(config)->texts \
  }
/* clang-format on */

/* ---- help ---- */

static void print_flag(const struct flag *flag) {
  char left[40];
  snprintf(left, sizeof left, "--%s %s", flag->name, flag->values ? flag->values : "");
  printf("  %-27s %s%s%s%s\n", left, flag->help, flag->usual ? " (" : "",
         flag->usual ? flag->usual : "", flag->usual ? ")" : "");
}

static void show_flags(enum show page) {
  bool here = false;
  for (const struct flag *flag = flag_table; flag->name; flag++) {
    if (!flag->take) here = flag->page == page;
    if (!here) continue;
    if (flag->take)
      print_flag(flag);
    else
      printf("%s\n", flag->name);
  }
}

static void show_help(void) {
  printf("Usage: weir-relay [flags] [ORIGIN-URL]     relays HTTP, every chunk as it comes\n"
         "(--listen, --route, --cert, --key, --http-redirect, --..-header and\n"
         "--trusted-proxy: as often as you like)\n");
  show_flags(SHOW_HELP);
}

static void show_version(void) {
  printf("weir-relay %s (libuv %s, llhttp %s, Mbed TLS %s)\n", weir_version(), uv_version_string(),
         weir_llhttp_version(), weir_mbedtls_version());
}

static void show(enum show what) {
  switch (what) {
  case SHOW_NOTHING: return;
  case SHOW_HELP: show_help(); return;
  case SHOW_TUNING: show_flags(SHOW_TUNING); return;
  case SHOW_EVENTS: show_flags(SHOW_EVENTS); return;
  case SHOW_VERSION: show_version(); return;
  }
}

/* ---- parsing ---- */

static const struct flag *find(const char *name, size_t len) {
  for (const struct flag *flag = flag_table; flag->name; flag++)
    if (flag->take && strlen(flag->name) == len && memcmp(flag->name, name, len) == 0) return flag;
  return NULL;
}

/* The shortest one that begins like it, as for -h and --gap. */
static const struct flag *find_begun(const char *name) {
  const struct flag *begun = NULL;
  size_t len = strlen(name);
  for (const struct flag *flag = flag_table; flag->name && len; flag++) {
    bool fits = flag->take && strncmp(flag->name, name, len) == 0;
    if (fits && (!begun || strlen(flag->name) < strlen(begun->name))) begun = flag;
  }
  return begun;
}

/* Else the one that is spelt most like it, unless more than half of it would have to change. */
static const struct flag *find_meant(const char *name) {
  const struct flag *meant = find_begun(name);
  unsigned best = meant ? 0 : (unsigned)strlen(name) / 2 + 1;
  for (const struct flag *flag = flag_table; flag->name; flag++) {
    unsigned distance = flag->take ? edit_distance(name, flag->name) : best;
    if (distance < best) best = distance, meant = flag;
  }
  return meant;
}

static bool refuse_flag(const char *argument, const char *name, size_t len) {
  char copy[64];
  snprintf(copy, sizeof copy, "%.*s", len < sizeof copy ? (int)len : (int)sizeof copy - 1, name);
  const struct flag *meant = find_meant(copy);
  int shown = (int)(name - argument + (ptrdiff_t)len);
  if (meant) return say("unknown flag %.*s: did you mean --%s?", shown, argument, meant->name);
  return say("unknown flag %.*s: --help lists them all", shown, argument);
}

/* The value behind `=` or in the next argument, which is consumed then. NULL after saying that
 * there is none. A value may begin with one dash, but with two it is the next flag. */
static const char *find_value(const struct flag *flag, const char *behind, char ***next) {
  if (*behind == '=') return behind + 1;
  if (**next && strncmp(**next, "--", 2) != 0) return *(*next)++;
  (void)say("--%s needs a value: --%s %s", flag->name, flag->name, flag->values);
  return NULL;
}

static bool parse_flag(struct config *config, char ***next) {
  const char *argument = *(*next)++;
  const char *name = argument + strspn(argument, "-");
  size_t len = strcspn(name, "=");
  const struct flag *flag =
      strncmp(argument, "--", 2) == 0 && name == argument + 2 ? find(name, len) : NULL;
  if (!flag) return refuse_flag(argument, name, len);
  if (!flag->values && name[len] == '=') return say("--%s takes no value", flag->name);
  const char *value = flag->values ? find_value(flag, name + len, next) : "";
  return value && flag->take(flag, config, value);
}

/* ---- what belongs together ---- */

static uint32_t or_usual(uint32_t value, uint32_t usual) { return value ? value : usual; }

/* A low mark or a target's length that is not given follows its larger sibling down. */
static bool check_limits(const weir_options *o) {
  uint32_t high = or_usual(o->outbox_high, 256 << 10), low = o->outbox_low;
  uint32_t head = or_usual(o->head_bytes, 64 << 10), target = o->target_bytes;
  if (low > high)
    return say("--outbox-low (%u bytes) must not be above --outbox-high (%u bytes)", low, high);
  if (target > head)
    return say("--target-bytes (%u bytes) must not be above --head-bytes (%u bytes)", target, head);
  return true;
}

static bool check_places(const struct config *config, const char *flag, const struct list *list) {
  for (size_t i = 0; i < list->count && config->workers > 1; i++)
    if (value_is_unix(list->items[i]))
      return say("--%s %s: only a port can be shared by --workers %u; use 1 worker", flag,
                 list->items[i], config->workers);
  return true;
}

static bool check(struct config *config) {
  if (config->routes.count == 0)
    return say("no origin given: name one, as in weir-relay http://127.0.0.1:8081; see --help");
  if (config->listen.count == 0) config->listen.items[config->listen.count++] = "127.0.0.1:8080";
  return check_places(config, "listen", &config->listen) &&
         check_places(config, "http-redirect", &config->redirects) &&
         check_limits(&config->options) && event_flags_check(config) && tls_check(config);
}

/* Room for all arguments, a default, and the NULL behind them. */
static bool make_lists(struct config *config, size_t arguments) {
  struct list *lists[] = LISTS_OF(config);
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    lists[i]->items = calloc(arguments + 2, sizeof *lists[i]->items);
    if (!lists[i]->items) return say("out of memory");
  }
  return true;
}

enum flags_result flags_parse(struct config *config, int argc, char **argv) {
  *config = (struct config){
      .options = {WEIR_OPTIONS_INIT},
      .events = {WEIR_EVENT_OPTIONS_INIT},
      .client_tls = {WEIR_TLS_OPTIONS_INIT},
      .origin_tls = {WEIR_TLS_OPTIONS_INIT},
      .origin_pair = {WEIR_TLS_PAIR_INIT},
      .workers = 1,
      .drain_ms = 30000,
      .log_level = WEIR_LOG_WARN,
  };
  if (!make_lists(config, (size_t)argc)) return FLAGS_WRONG;
  char **next = argv + 1;
  while (*next && !config->show) {
    bool ok =
        **next == '-' ? parse_flag(config, &next) : routes_add_origin(&config->routes, *next++);
    if (!ok) return FLAGS_WRONG;
  }
  if (config->show) {
    show(config->show);
    return FLAGS_DONE;
  }
  config->options.trusted_proxies = config->trusted.items;
  return check(config) ? FLAGS_RUN : FLAGS_WRONG;
}

void config_free(struct config *config) {
  struct list *lists[] = LISTS_OF(config);
  event_flags_free(config);
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) free(lists[i]->items);
  routes_free(&config->routes);
  fields_free(&config->request_fields);
  fields_free(&config->response_fields);
}
