/* See event_flags.h. */
#include "event_flags.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"
#include "values.h"

static bool is_off(const char *value) { return strcmp(value, "off") == 0; }

/* ---- numbers ---- */

bool take_event_time(const struct flag *flag, struct config *config, const char *value) {
  uint32_t ms = 0;
  if (!is_off(value) && !value_time(value, &ms)) return flag_refuse(flag, value, FLAG_WANTS_TIME);
  *(uint32_t *)flag_field(flag, config) = ms;
  return true;
}

static bool take_number(const struct flag *flag, const char *value, uint64_t max, bool is_size,
                        uint64_t *number) {
  char want[96];
  *number = 0;
  if (is_off(value)) return true;
  bool ok = is_size ? value_size(value, number) : value_count(value, number);
  if (ok && *number >= flag->least && *number <= max) return true;
  snprintf(want, sizeof want, "%s of %llu or more, or off",
           is_size ? "a size such as 65536, 64k or 1m," : "a whole number",
           (unsigned long long)flag->least);
  return flag_refuse(flag, value, want);
}

static bool take_32(const struct flag *flag, struct config *config, const char *value, bool size) {
  uint64_t number;
  if (!take_number(flag, value, UINT32_MAX, size, &number)) return false;
  *(uint32_t *)flag_field(flag, config) = (uint32_t)number;
  return true;
}

bool take_event_size(const struct flag *flag, struct config *config, const char *value) {
  return take_32(flag, config, value, true);
}

bool take_event_count(const struct flag *flag, struct config *config, const char *value) {
  return take_32(flag, config, value, false);
}

bool take_event_size64(const struct flag *flag, struct config *config, const char *value) {
  return take_number(flag, value, UINT64_MAX, true, flag_field(flag, config));
}

bool take_event_count64(const struct flag *flag, struct config *config, const char *value) {
  return take_number(flag, value, UINT64_MAX, false, flag_field(flag, config));
}

/* ---- words ---- */

bool take_event_mode(const struct flag *flag, struct config *config, const char *value) {
  static const char *const names[] = {
      [WEIR_EVENTS_OFF] = "off", [WEIR_EVENTS_TAP] = "tap", [WEIR_EVENTS_FILTER] = "filter"};
  for (int mode = WEIR_EVENTS_OFF; mode <= WEIR_EVENTS_FILTER; mode++) {
    if (strcmp(value, names[mode]) != 0) continue;
    config->events.mode = (enum weir_event_mode)mode;
    return true;
  }
  return flag_refuse(flag, value, "off, tap or filter");
}

bool take_stale_action(const struct flag *flag, struct config *config, const char *value) {
  bool coalesce = strcmp(value, "coalesce") == 0;
  if (!coalesce && strcmp(value, "evict") != 0)
    return flag_refuse(flag, value, "evict or coalesce");
  config->events.stale = coalesce ? WEIR_STALE_COALESCE : WEIR_STALE_EVICT;
  config->has_stale_action = true;
  return true;
}

/* ---- texts ---- */

static bool is_usable(weir_event_options options) {
  options.size = sizeof options;
  return weir_event_options_check(&options) == 0;
}

/* A copy in which `\n` is a newline and `\\` a backslash. NULL after saying that there is no
 * memory. */
static const char *own_text(struct config *config, const char *value) {
  char *copy = strdup(value);
  if (!copy) {
    (void)say("out of memory");
    return NULL;
  }
  value_unescape(copy);
  config->texts.items[config->texts.count++] = copy;
  return copy;
}

static const char *heartbeat_text(struct config *config, const char *value) {
  if (strcmp(value, "comment") == 0) return ":\n";
  if (strcmp(value, "ping") == 0) return ": ping\n\n";
  if (strcmp(value, "event") == 0) return "event: ping\ndata: {\"type\":\"ping\"}\n\n";
  return own_text(config, value);
}

bool take_heartbeat(const struct flag *flag, struct config *config, const char *value) {
  const char *text = heartbeat_text(config, value);
  if (!text) return false;
  if (!is_usable((weir_event_options){.heartbeat = text}))
    return flag_refuse(flag, value,
                       "comment, ping, event, or a text of comment lines or whole events, as in "
                       "': beat\\n' or 'event: beat\\n\\n'");
  config->events.heartbeat = text;
  return true;
}

bool take_terminal(const struct flag *flag, struct config *config, const char *value) {
  const char *text = own_text(config, value);
  if (!text) return false;
  if (!is_usable((weir_event_options){.error_event = text}))
    return flag_refuse(flag, value,
                       "openai, anthropic, event, or a text of whole events, as in "
                       "'event: end\\ndata: {reason}'");
  *(const char **)flag_field(flag, config) = text;
  return true;
}

bool take_end_marker(const struct flag *flag, struct config *config, const char *value) {
  const char *const one[] = {value, NULL};
  if (!is_usable((weir_event_options){.end_markers = one}))
    return flag_refuse(flag, value, "'data: TEXT', 'event: TYPE' or 'contains: TEXT'");
  config->end_markers.items[config->end_markers.count++] = value;
  return true;
}

/* ---- what belongs together ---- */

/* A flag that does nothing without another is a mistake. */
static bool check_needs(const struct config *config) {
  const weir_event_options *o = &config->events;
  bool commits = o->commit_event || o->commit_bytes || o->commit_ms;
  bool abandons = o->abandon_bytes || o->abandon_ms;
  bool spends = o->max_events || o->max_bytes || o->max_tokens || o->max_ms;
  const struct {
    bool given, met;
    const char *flag, *needs;
  } rules[] = {
      {o->heartbeat, o->heartbeat_ms, "heartbeat-text", "--heartbeat TIME"},
      {o->heartbeat_early, o->heartbeat_ms, "heartbeat-early", "--heartbeat TIME"},
      {config->commit_retry, commits, "commit-retry", "--commit-event, -bytes or -time"},
      {o->replay_bytes, config->commit_retry, "replay-body", "--commit-retry N"},
      {o->cut_event, spends, "cut-event", "--max-events, -stream-bytes, -stream-time or -tokens"},
      {o->abandon_max, abandons, "abandon-max", "--abandon-bytes or --abandon-time"},
      {config->has_stale_action, o->stale_ms, "stale-action", "--stale TIME"},
  };
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
    if (rules[i].given && !rules[i].met)
      return say("--%s does nothing without %s", rules[i].flag, rules[i].needs);
  return true;
}

/* The flag that holds the head, or NULL. */
static const char *find_commit(const weir_event_options *o) {
  if (o->commit_event) return "commit-event";
  if (o->commit_bytes) return "commit-bytes";
  return o->commit_ms ? "commit-time" : NULL;
}

/* Those that need to know where events end. */
static const char *find_looker(const struct config *config) {
  const weir_event_options *o = &config->events;
  if (o->heartbeat_ms) return "heartbeat";
  if (o->error_event) return "error-event";
  if (config->end_markers.count) return "end-marker";
  if (o->drain_cut_ms) return "drain-cut";
  return find_commit(o);
}

static bool check_conflicts(const struct config *config) {
  const weir_event_options *o = &config->events;
  const char *commit = find_commit(o), *looker = find_looker(config);
  if (o->heartbeat_early && commit)
    return say("--heartbeat-early sends the response head at once, --%s holds it back: "
               "only one of them goes",
               commit);
  if (o->mode == WEIR_EVENTS_OFF && looker)
    return say("--%s does nothing with --event-mode off", looker);
  if (o->mode == WEIR_EVENTS_TAP && o->stale_ms && o->stale == WEIR_STALE_COALESCE)
    return say("--stale-action coalesce leaves events out, --event-mode tap none: "
               "only one of them goes");
  if (o->drain_cut_ms && o->drain_cut_ms >= config->drain_ms)
    return say("--drain-cut (%u ms) must be below --drain-timeout (%u ms)", o->drain_cut_ms,
               config->drain_ms);
  return true;
}

bool event_flags_check(struct config *config) {
  weir_event_options *o = &config->events;
  if (!check_needs(config) || !check_conflicts(config)) return false;
  if (config->end_markers.count) o->end_markers = config->end_markers.items;
  config->options.events = o;
  int rc = weir_event_options_check(o); /* all that can be wrong was said above */
  return rc == 0 || say("flags of event streams: %s", weir_strerror(rc));
}

void event_flags_free(struct config *config) {
  for (size_t i = 0; i < config->texts.count; i++) free((char *)(uintptr_t)config->texts.items[i]);
  config->texts.count = 0;
}
