/* See events.h: whether a response is an event stream, what is done with it, and what a host may ask
 * for. */
#include "relay/events.h"

#include "base/sized.h"
#include "relay/exchange.h"
#include "relay/relay.h"
#include "weir/err.h"

/* ---- making and freeing ---- */

static void init(weir__events *ev, weir_exchange *ex) {
  ev->ex = ex;
  ev->rules = ex->relay->set.events;
  ev->first_event_ms = ev->first_content_ms = UINT64_MAX;
  ev->behind.mem = &ex->relay->mem;
  weir__stale_init(ev);
  for (int i = 0; i < WEIR__SEMANTIC_TIMERS; i++) ev->left[i] = WEIR_OFF;
  weir__deadlines_init(&ev->deadlines, ev->due, WEIR__EVENT_TIMES, &ex->relay->clock,
                       weir__events_on_time);
}

static weir__events *new_events(weir_exchange *ex) {
  weir__events *ev = weir__mem_new(&ex->relay->mem, sizeof *ev);
  if (ev) init(ev, ex);
  return ev;
}

int weir__events_need(weir_exchange *ex) {
  if (!ex->events) ex->events = new_events(ex);
  return ex->events ? 0 : WEIR_ENOMEM;
}

static void free_rules(weir__events *ev) {
  if (ev->owns_rules) weir__event_rules_free((weir__event_rules *)(uintptr_t)ev->rules);
}

void weir__events_stop(weir__events *ev) {
  if (!ev) return;
  weir__deadlines_stop_all(&ev->deadlines);
  weir__stale_stop(ev);
  weir__ledger_close(ev);
  weir__tap_forget(ev);
}

static void free_parts(weir__events *ev) {
  weir__events_stop(ev);
  weir_sse_parser_free(ev->parser);
  weir__buf_free(&ev->behind);
  weir__commit_free(ev);
  weir__mem_free(&ev->ex->relay->mem, ev->ledger);
}

void weir__events_reset(weir__events *ev) {
  weir__events old = *ev;
  free_parts(ev);
  *ev = (weir__events){.owns_rules = old.owns_rules, .tokens = old.tokens};
  init(ev, old.ex);
  ev->rules = old.rules;
}

void weir__events_free(weir__events *ev) {
  if (!ev) return;
  free_parts(ev);
  free_rules(ev);
  weir__mem_free(&ev->ex->relay->mem, ev);
}

void weir__events_tell(const weir__events *ev, weir_stats *stats) {
  stats->first_event_ms = ev ? ev->first_event_ms : UINT64_MAX;
  stats->first_content_ms = ev ? ev->first_content_ms : UINT64_MAX;
  if (!ev) return;
  stats->event_stream = ev->is_stream || ev->ours;
  stats->events = ev->events;
  stats->dropped = ev->dropped;
  stats->tokens = ev->tokens;
  stats->heartbeats = ev->heartbeats;
  stats->in_band = ev->in_band && ev->ex->response_done && !ev->ex->down->unwritten &&
                   weir__downstream_pending(ev->ex->down) == 0;
  stats->ledger = ev->ledger ? &ev->ledger->sum : NULL;
}

static void forget(weir_exchange *ex) {
  weir__events_free(ex->events);
  ex->events = NULL;
}

const weir__event_rules *weir__events_rules(const weir_exchange *ex) {
  return ex->events ? ex->events->rules : ex->relay->set.events;
}

/* ---- what the response is ---- */

static bool is_lines(const weir_head *head) {
  return weir__head_media_is(head, "application/x-ndjson") ||
         weir__head_media_is(head, "application/jsonl");
}

static bool is_stream(const weir_exchange *ex, const weir_head *head) {
  if (head->status != 200 || head->framing == WEIR__FRAMING_NONE || ex->down->head_only)
    return false;
  return weir__head_media_is(head, "text/event-stream") || is_lines(head);
}

static bool is_coded(const weir_head *head) {
  const weir__field *field = weir__head_find(head, WEIR__NAME_CONTENT_ENCODING);
  return field && !weir__slice_is_nocase(weir__field_value(field), "identity");
}

/* ---- what is done with it ---- */

static bool needs_parser(const weir__events *ev) {
  return ev->rules->boundaries || ev->ex->hooks->on_event;
}

/* A budget must hold before bytes leave. */
static bool has_budget(const weir_event_options *o) {
  return o->max_events || o->max_bytes || o->max_tokens;
}

static int start_parser(weir__events *ev) {
  weir_sse_options o = {WEIR_SSE_OPTIONS_INIT, .allocator = ev->ex->relay->mem.hooks,
                        .block_max = ev->rules->o.event_bytes};
  o.format = ev->lines ? WEIR_SSE_LINES : WEIR_SSE_STREAM;
  return weir_sse_parser_new(&ev->parser, &o);
}

/* Who may put bytes in, or keep some back, cannot promise the origin's length. */
static void drop_length(weir_head *head) {
  if (head->framing != WEIR__FRAMING_LENGTH) return;
  head->framing = WEIR__FRAMING_CHUNKED;
  weir__head_drop(head, WEIR__IN(CONTENT_LENGTH));
}

/* A filter that cannot see would let everything pass unseen. */
static int look_inside(weir__events *ev, weir_head *head) {
  weir_exchange *ex = ev->ex;
  ev->filter = ev->rules->o.mode == WEIR_EVENTS_FILTER;
  ev->in_path = has_budget(&ev->rules->o);
  if (is_coded(head) && ev->filter) {
    weir__exchange_fail(ex, WEIR_END_MALFORMED, WEIR_ECODED);
    return WEIR_ECANCELED;
  }
  if (is_coded(head)) {
    weir__tap_lose(ev, WEIR_ECODED);
    return weir__exchange_over(ex) ? WEIR_ECANCELED : 0;
  }
  if (start_parser(ev)) {
    weir__exchange_fail(ex, WEIR_END_NO_MEMORY, WEIR_ENOMEM);
    return WEIR_ECANCELED;
  }
  if (ev->rules->alters) drop_length(head);
  return 0;
}

static bool is_wanted(const weir_exchange *ex) {
  const weir__event_rules *rules = weir__events_rules(ex);
  return rules->o.mode != WEIR_EVENTS_OFF &&
         (rules->boundaries || rules->watches || ex->hooks->on_event);
}

/* The client has been told that this is an uncoded text/event-stream. */
static bool breaks_our_word(const weir_exchange *ex, const weir_head *head) {
  if (!ex->events || !ex->events->ours) return false;
  return !is_stream(ex, head) || is_lines(head) || is_coded(head);
}

/* A head of ours that has left cannot be taken back: its events stay. */
static int begin_unseen(weir_exchange *ex) {
  if (ex->events && ex->events->ours)
    weir__deadlines_stop_all(&ex->events->deadlines);
  else
    forget(ex);
  return 0;
}

/* Who waits for the first event of a body that nobody can read is to be told. */
static bool looks(const weir__events *ev, const weir_head *head) {
  return needs_parser(ev) || (ev->rules->commits && is_coded(head));
}

static int begin(weir__events *ev, weir_head *head, bool *held) {
  ev->is_stream = true;
  ev->lines = is_lines(head);
  if (looks(ev, head) && look_inside(ev, head)) return WEIR_ECANCELED;
  weir__events_start_time(ev);
  weir__cutting_begin(ev);
  return weir__commit_begin(ev, head, !is_coded(head), held);
}

int weir__events_begin(weir_exchange *ex, weir_head *head, bool *held) {
  if (breaks_our_word(ex, head)) {
    weir__exchange_fail(ex, WEIR_END_REFUSED, is_coded(head) ? WEIR_ECODED : WEIR_ENOSTREAM);
    return WEIR_ECANCELED;
  }
  if (!is_stream(ex, head) || !is_wanted(ex)) return begin_unseen(ex);
  if (weir__events_need(ex) || weir__ledger_open(ex->events)) {
    weir__exchange_fail(ex, WEIR_END_NO_MEMORY, WEIR_ENOMEM);
    return WEIR_ECANCELED;
  }
  return begin(ex->events, head, held);
}

/* ---- the body ---- */

int weir__events_body(weir_exchange *ex, weir__slice span) {
  weir__events *ev = ex->events;
  weir__events_note_byte(ev);
  weir__abandon_count(ev, span.len);
  if (ev->ledger) ev->ledger->body += span.len;
  return ev->held ? weir__commit_body(ev, span) : weir__heartbeat_body(ev, span);
}

int weir__events_divert(weir__events *ev, weir__slice bytes) { return weir__stale_keep(ev, bytes); }

int weir__events_sent(weir__events *ev) {
  weir__stale_sent(ev);
  return weir__ledger_sent(ev);
}

int weir__events_drained(weir__events *ev) {
  weir__heartbeat_drained(ev);
  int rc = weir__ledger_sent(ev);
  return rc ? rc : weir__stale_drained(ev);
}

int weir__events_end(weir_exchange *ex) {
  weir__events *ev = ex->events;
  if (ev->held && weir__commit_end(ev)) return WEIR_ECANCELED;
  if (weir__heartbeat_end(ev) || weir__tap_end(ev)) return WEIR_ECANCELED;
  return weir__stale_release(ev);
}

void weir__events_judge_end(weir__events *ev) {
  if (!ev->parser || !ev->rules->marker_count || !ev->ex->response_done) return;
  enum weir_end end = ev->ex->end;
  if (end != WEIR_END_COMPLETE && end != WEIR_END_UNMARKED) return;
  ev->ex->end = ev->marked ? WEIR_END_COMPLETE : WEIR_END_UNMARKED;
}

int weir__events_flushed(weir_exchange *ex) {
  weir__events *ev = ex->events;
  if (weir__tap_flushed(ev)) return WEIR_ECANCELED;
  if (!ev->held) weir__commit_free(ev); /* it has left */
  weir__events_judge_end(ev);
  weir__heartbeat_flushed(ev);
  return weir__abandon_flushed(ev);
}

/* ---- what a host may ask for ---- */

static bool has_our_head(const weir_exchange *ex) { return ex->events && ex->events->ours; }

static bool may_set(const weir_exchange *ex) {
  return ex->in_head_hook && (!ex->head_sent || has_our_head(ex)) &&
         (ex->phase == WEIR__PHASE_ASKING || ex->phase == WEIR__PHASE_WAITING);
}

int weir_exchange_set_events(weir_exchange *ex, const weir_event_options *options) {
  weir__event_rules *rules;
  if (weir__exchange_over(ex) || !may_set(ex)) return WEIR_ESTATE;
  if (!options) return WEIR_EINVAL;
  int rc = weir__event_rules_new(&rules, &ex->relay->mem, options);
  if (rc) return rc;
  rc = has_our_head(ex) && rules->commits ? WEIR_EEVENTS : weir__events_need(ex);
  if (rc) {
    weir__event_rules_free(rules);
    return rc;
  }
  free_rules(ex->events);
  ex->events->rules = rules;
  ex->events->owns_rules = true;
  return 0;
}

/* A line of JSON has no fields, and must stay one line. */
static int print_line(weir__buf *out, const weir_sse_fields *fields) {
  if (!fields->data || memchr(fields->data, '\n', fields->data_len)) return WEIR_EFIELD;
  char *at = weir__buf_room(out, fields->data_len + 1);
  if (!at) return WEIR_ENOMEM;
  memcpy(at, fields->data, fields->data_len);
  at[fields->data_len] = '\n';
  out->len += fields->data_len + 1;
  return 0;
}

static int print_block(weir__buf *out, const weir_sse_fields *fields) {
  size_t len;
  int rc = weir_sse_write(NULL, 0, &len, fields);
  if (rc != WEIR_ENOROOM) return rc;
  char *at = weir__buf_room(out, len);
  if (!at) return WEIR_ENOMEM;
  rc = weir_sse_write(at, len, &len, fields);
  if (rc == 0) out->len += len;
  return rc;
}

int weir_exchange_put_event(weir_exchange *ex, const weir_sse_fields *fields,
                            enum weir_event_place place) {
  weir__events *ev = ex->events;
  if (!ev || !ev->judging || !ev->filter || weir__exchange_over(ex)) return WEIR_ESTATE;
  weir_sse_fields f;
  int rc = weir__copy_sized(&f, sizeof f, fields);
  weir__buf text = {.mem = &ex->relay->mem};
  weir__buf *out = place == WEIR_EVENT_BEHIND ? &ev->behind : &text;
  if (rc == 0) rc = ev->lines ? print_line(out, &f) : print_block(out, &f);
  if (rc == 0 && text.len) rc = weir__exchange_pass_text(ex, weir__buf_slice(&text));
  weir__buf_free(&text);
  return rc;
}

int weir_exchange_spend(weir_exchange *ex, uint64_t tokens) {
  bool begun = ex->phase == WEIR__PHASE_STREAMING || ex->phase == WEIR__PHASE_LEAVING;
  if (!ex->events || !begun) return WEIR_ESTATE;
  ex->events->tokens += tokens;
  return 0;
}
