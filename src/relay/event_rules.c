/* See event_rules.h. */
#include "relay/event_rules.h"

#include <stdio.h>

#include "base/sized.h"
#include "weir/err.h"

#define KIB 1024u

enum { EVENT_BYTES = 1024 * KIB, COMMIT_BYTES = 64 * KIB, ABANDON_MAX = 64 };

/* ---- texts ---- */

static const struct {
  const char *name, *text;
} known_terminals[] = {
    {"openai", "data: {\"error\":{\"message\":\"{message}\",\"type\":\"server_error\","
               "\"param\":null,\"code\":\"{reason}\"}}\n\n"},
    {"anthropic", "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\","
                  "\"message\":\"{message}\"}}\n\n"},
    {"event", "event: error\ndata: {\"reason\":\"{reason}\",\"message\":\"{message}\"}\n\n"},
};

static const char terminal_line[] =
    "{\"error\":{\"reason\":\"{reason}\",\"message\":\"{message}\"}}\n";

static const char *text_of(const char *terminal) {
  for (size_t i = 0; i < sizeof known_terminals / sizeof *known_terminals; i++)
    if (strcmp(terminal, known_terminals[i].name) == 0) return known_terminals[i].text;
  return terminal;
}

/* A comment, a blank line, or one of the four fields: what else would a reader take it for? */
static bool is_line(weir__slice line) {
  static const char *const fields[] = {"data", "event", "id", "retry"};
  if (line.len == 0 || line.ptr[0] == ':') return true;
  const char *colon = memchr(line.ptr, ':', line.len);
  weir__slice name = weir__slice_of(line.ptr, colon ? (size_t)(colon - line.ptr) : line.len);
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    if (weir__slice_is(name, fields[i])) return true;
  return false;
}

static bool are_lines(const char *text) {
  if (!*text || strchr(text, '\r')) return false;
  while (*text) {
    size_t len = strcspn(text, "\n");
    if (!is_line(weir__slice_of(text, len))) return false;
    text += len + (text[len] == '\n');
  }
  return true;
}

static bool ends_with(const char *text, const char *end) {
  size_t len = strlen(text), tail = strlen(end);
  return len >= tail && strcmp(text + len - tail, end) == 0;
}

static bool is_all_comments(const char *text) {
  for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n')
    if (*at != ':') return false;
  return true;
}

/* Nothing of it may become part of the event behind it. */
static bool is_heartbeat(const char *text) {
  if (!are_lines(text) || !ends_with(text, "\n")) return false;
  return is_all_comments(text) || ends_with(text, "\n\n");
}

/* ---- end markers ---- */

static bool parse_marker(weir__marker *marker, const char *text) {
  static const struct {
    const char *prefix;
    enum weir__marker_kind kind;
  } kinds[] = {{"data: ", WEIR__MARKER_DATA},
               {"event: ", WEIR__MARKER_TYPE},
               {"contains: ", WEIR__MARKER_CONTAINS}};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    size_t len = strlen(kinds[i].prefix);
    if (strncmp(text, kinds[i].prefix, len) || !text[len]) continue;
    *marker = (weir__marker){kinds[i].kind, weir__slice_str(text + len)};
    return true;
  }
  return false;
}

static bool is_marker(const weir__marker *marker, const weir_sse_event *event) {
  weir__slice text = marker->text;
  switch (marker->kind) {
  case WEIR__MARKER_DATA:
    return event->data_len == text.len && memcmp(event->data, text.ptr, text.len) == 0;
  case WEIR__MARKER_TYPE:
    return event->type_len == text.len && memcmp(event->type, text.ptr, text.len) == 0;
  case WEIR__MARKER_CONTAINS:
    return event->data_len && memmem(event->data, event->data_len, text.ptr, text.len) != NULL;
  }
  return false;
}

bool weir__event_rules_mark(const weir__event_rules *rules, const weir_sse_event *event) {
  for (size_t i = 0; i < rules->marker_count; i++)
    if (is_marker(&rules->markers[i], event)) return true;
  return false;
}

/* ---- the first event ---- */

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static weir__slice skip_space(weir__slice text) {
  while (text.len && is_space(*text.ptr)) text.ptr++, text.len--;
  return text;
}

/* Takes `word` and the white space behind it; false: something else stands there. */
static bool take_word(weir__slice *text, const char *word) {
  size_t len = strlen(word);
  if (text->len < len || memcmp(text->ptr, word, len) != 0) return false;
  *text = skip_space(weir__slice_of(text->ptr + len, text->len - len));
  return true;
}

bool weir__event_tells_error(const weir_sse_event *event) {
  if (weir__slice_is(weir__slice_of(event->type, event->type_len), "error")) return true;
  weir__slice data = skip_space(weir__slice_of(event->data, event->data_len));
  if (!take_word(&data, "{") || !take_word(&data, "\"error\"") || !take_word(&data, ":"))
    return false;
  return !take_word(&data, "null") && !take_word(&data, "false");
}

/* ---- making them ---- */

static int copy_text(weir__event_rules *r, const char **text) {
  if (!*text) return 0;
  *text = weir__arena_copy(&r->arena, weir__slice_str(*text));
  return *text ? 0 : WEIR_ENOMEM;
}

static int copy_terminal(weir__event_rules *r, const char **terminal) {
  if (!*terminal) return 0;
  *terminal = text_of(*terminal);
  return are_lines(*terminal) ? copy_text(r, terminal) : WEIR_EEVENTS;
}

static int copy_markers(weir__event_rules *r) {
  const char *const *from = r->o.end_markers;
  size_t count = 0;
  while (from && from[count]) count++;
  r->markers = weir__arena_alloc(&r->arena, (count + 1) * sizeof *r->markers);
  if (!r->markers) return WEIR_ENOMEM;
  for (; r->marker_count < count; r->marker_count++) {
    const char *text = from[r->marker_count];
    int rc = copy_text(r, &text);
    if (rc) return rc;
    if (!parse_marker(&r->markers[r->marker_count], text)) return WEIR_EEVENTS;
  }
  r->o.end_markers = NULL; /* the host's */
  return 0;
}

static bool commits(const weir_event_options *o) {
  return o->commit_event || o->commit_bytes || o->commit_ms;
}

static int validate(const weir_event_options *o) {
  if (o->mode < WEIR_EVENTS_DEFAULT || o->mode > WEIR_EVENTS_FILTER) return WEIR_EINVAL;
  if (o->stale < WEIR_STALE_EVICT || o->stale > WEIR_STALE_COALESCE) return WEIR_EINVAL;
  if (o->heartbeat_early && (commits(o) || !o->heartbeat_ms)) return WEIR_EEVENTS;
  return is_heartbeat(o->heartbeat) ? 0 : WEIR_EEVENTS;
}

static void fill_in(weir_event_options *o) {
  if (!o->event_bytes) o->event_bytes = EVENT_BYTES;
  if (!o->heartbeat) o->heartbeat = ":\n";
  if (commits(o) && !o->commit_bytes) o->commit_bytes = COMMIT_BYTES;
  if (!o->abandon_max) o->abandon_max = ABANDON_MAX;
  if (o->stale_ms && o->stale == WEIR_STALE_COALESCE) o->mode = WEIR_EVENTS_FILTER;
}

static bool are_texts(const weir_event_options *o) {
  const char *const terminals[] = {o->error_event, o->cut_event, o->drain_event};
  weir__marker marker;
  for (size_t i = 0; i < sizeof terminals / sizeof *terminals; i++)
    if (terminals[i] && !are_lines(text_of(terminals[i]))) return false;
  for (const char *const *text = o->end_markers; text && *text; text++)
    if (!parse_marker(&marker, *text)) return false;
  return true;
}

int weir_event_options_check(const weir_event_options *options) {
  weir_event_options o = {0};
  if (!options) return WEIR_EINVAL;
  int rc = weir__copy_sized(&o, sizeof o, options);
  fill_in(&o);
  if (rc == 0) rc = validate(&o);
  return rc || are_texts(&o) ? rc : WEIR_EEVENTS;
}

static bool puts_in(const weir_event_options *o) {
  return o->heartbeat_ms || o->error_event || o->cut_event || o->drain_event || o->drain_retry_ms ||
         o->drain_cut_ms || o->max_events || o->max_bytes || o->max_tokens || o->max_ms;
}

static void derive(weir__event_rules *r) {
  const weir_event_options *o = &r->o;
  r->heartbeat = weir__slice_str(o->heartbeat);
  r->alters = o->mode == WEIR_EVENTS_FILTER || puts_in(o);
  r->boundaries = r->alters || o->mode == WEIR_EVENTS_TAP || r->marker_count || o->first_event_ms ||
                  o->first_content_ms || o->event_gap_ms;
  r->commits = commits(o);
  r->watches = r->commits || o->first_byte_ms || o->abandon_bytes || o->abandon_ms || o->stale_ms ||
               o->ledger;
}

static int copy_all(weir__event_rules *r) {
  weir_event_options *o = &r->o;
  int rc = copy_text(r, &o->heartbeat);
  if (rc == 0) rc = copy_terminal(r, &o->error_event);
  if (rc == 0) rc = copy_terminal(r, &o->cut_event);
  if (rc == 0) rc = copy_terminal(r, &o->drain_event);
  return rc ? rc : copy_markers(r);
}

int weir__event_rules_new(weir__event_rules **out, weir__mem *mem,
                          const weir_event_options *options) {
  weir__event_rules *r = weir__mem_new(mem, sizeof *r);
  if (!r) return WEIR_ENOMEM;
  weir__arena_init(&r->arena, mem, NULL, 0);
  int rc = options ? weir__copy_sized(&r->o, sizeof r->o, options) : 0;
  fill_in(&r->o);
  if (rc == 0) rc = validate(&r->o);
  if (rc == 0) rc = copy_all(r);
  if (rc) {
    weir__event_rules_free(r);
    return rc;
  }
  derive(r);
  *out = r;
  return 0;
}

void weir__event_rules_free(weir__event_rules *r) {
  if (!r) return;
  weir__mem *mem = r->arena.mem;
  weir__arena_free(&r->arena);
  weir__mem_free(mem, r);
}

/* ---- terminal events ---- */

/* Whoever reads it is no operator: it says what happened, and nothing of the network behind. */
static const char *sentence_of(enum weir_end end) {
  switch (end) {
  case WEIR_END_TRUNCATED:
  case WEIR_END_RESET:
  case WEIR_END_MALFORMED: return "The stream broke off before it was complete.";
  case WEIR_END_UNREACHABLE: return "The service cannot be reached.";
  case WEIR_END_TIMEOUT: return "The service took too long.";
  case WEIR_END_CUT: return "The stream was ended here.";
  case WEIR_END_REFUSED:
  case WEIR_END_CLIENT_BAD: return "The request was refused.";
  case WEIR_END_DRAINED: return "The service is being restarted.";
  case WEIR_END_COMPLETE:
  case WEIR_END_UNMARKED:
  case WEIR_END_ANSWERED:
  case WEIR_END_CLIENT_GONE:
  case WEIR_END_NO_MEMORY: break;
  }
  return "The service has a problem.";
}

static int put_braces(weir__buf *out, const char **at, const char *const values[3]) {
  static const char *const names[3] = {"{reason}", "{timer}", "{message}"};
  for (int i = 0; i < 3; i++) {
    size_t len = strlen(names[i]);
    if (strncmp(*at, names[i], len)) continue;
    *at += len;
    return weir__buf_append(out, weir__slice_str(values[i]));
  }
  return weir__buf_append(out, weir__slice_of((*at)++, 1));
}

static int expand(weir__buf *out, const char *text, const char *const values[3]) {
  int rc = 0;
  while (*text && rc == 0) {
    size_t len = strcspn(text, "{");
    rc = weir__buf_append(out, weir__slice_of(text, len));
    text += len;
    if (*text && rc == 0) rc = put_braces(out, &text, values);
  }
  return rc;
}

static int end_block(weir__buf *out, const char *text) {
  if (ends_with(text, "\n\n")) return 0;
  return weir__buf_append(out, weir__slice_str(ends_with(text, "\n") ? "\n" : "\n\n"));
}

int weir__terminal_write(weir__buf *out, const char *text, bool lines, enum weir_end end,
                         enum weir_timer timer) {
  const char *values[3] = {weir_end_name(end),
                           end == WEIR_END_TIMEOUT ? weir_timer_name(timer) : "", sentence_of(end)};
  if (lines) return expand(out, terminal_line, values);
  int rc = expand(out, text, values);
  return rc ? rc : end_block(out, text);
}
