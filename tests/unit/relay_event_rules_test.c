/* relay/event_rules: what may be set, what the texts become, and what events say. */
#include "relay/event_rules.h"

#include <stdlib.h>

#include "support/alloc.h"
#include "support/check.h"
#include "weir/err.h"

static weir__mem mem;
static counting_alloc counted;

static void set_up(void) {
  alloc_init(&counted);
  weir__mem_init(&mem, &counted.hooks);
}

#define OPTIONS(...) (&(weir_event_options){WEIR_EVENT_OPTIONS_INIT, __VA_ARGS__})

static int try_rules(const weir_event_options *o) {
  weir__event_rules *rules = NULL;
  set_up();
  int rc = weir__event_rules_new(&rules, &mem, o);
  CHECK((rules != NULL) == (rc == 0));
  weir__event_rules_free(rules);
  CHECK_INT(counted.live_bytes, 0);
  return rc;
}

static weir__event_rules *rules_of(const weir_event_options *o) {
  weir__event_rules *rules = NULL;
  set_up();
  CHECK_INT(weir__event_rules_new(&rules, &mem, o), 0);
  return rules;
}

static void drop(weir__event_rules *rules) {
  weir__event_rules_free(rules);
  CHECK_INT(counted.live_bytes, 0);
}

/* ---- options ---- */

static void nothing_set_means_nothing_wanted(void) {
  for (int given = 0; given < 2; given++) {
    weir__event_rules *r = rules_of(given ? OPTIONS(.mode = WEIR_EVENTS_DEFAULT) : NULL);
    CHECK(!r->boundaries && !r->watches && !r->alters && !r->commits);
    CHECK_INT(r->o.event_bytes, 1024 * 1024);
    CHECK_INT(r->o.abandon_max, 64);
    CHECK_INT(r->o.commit_bytes, 0);
    CHECK_MEM(r->heartbeat.ptr, r->heartbeat.len, ":\n", (size_t)2);
    drop(r);
  }
}

static void each_option_wants_what_it_needs(void) {
  enum { BOUNDARIES = 1, WATCHES = 2, ALTERS = 4, COMMITS = 8 };
  static const char *const markers[] = {"data: [DONE]", NULL};
  const struct {
    const weir_event_options *o;
    int wants;
  } cases[] = {
      {OPTIONS(.mode = WEIR_EVENTS_TAP), BOUNDARIES},
      {OPTIONS(.mode = WEIR_EVENTS_FILTER), BOUNDARIES | ALTERS},
      {OPTIONS(.heartbeat_ms = 1), BOUNDARIES | ALTERS},
      {OPTIONS(.error_event = "event"), BOUNDARIES | ALTERS},
      {OPTIONS(.cut_event = "event"), BOUNDARIES | ALTERS},
      {OPTIONS(.drain_event = "event"), BOUNDARIES | ALTERS},
      {OPTIONS(.drain_cut_ms = 1), BOUNDARIES | ALTERS},
      {OPTIONS(.drain_retry_ms = 1), BOUNDARIES | ALTERS},
      {OPTIONS(.max_events = 1), BOUNDARIES | ALTERS},
      {OPTIONS(.max_bytes = 1), BOUNDARIES | ALTERS},
      {OPTIONS(.max_tokens = 1), BOUNDARIES | ALTERS},
      {OPTIONS(.max_ms = 1), BOUNDARIES | ALTERS},
      {OPTIONS(.end_markers = markers), BOUNDARIES},
      {OPTIONS(.first_event_ms = 1), BOUNDARIES},
      {OPTIONS(.first_content_ms = 1), BOUNDARIES},
      {OPTIONS(.event_gap_ms = 1), BOUNDARIES},
      {OPTIONS(.first_byte_ms = 1), WATCHES},
      {OPTIONS(.abandon_bytes = 1), WATCHES},
      {OPTIONS(.abandon_ms = 1), WATCHES},
      {OPTIONS(.ledger = 1), WATCHES},
      {OPTIONS(.stale_ms = 1), WATCHES},
      {OPTIONS(.stale_ms = 1, .stale = WEIR_STALE_COALESCE), WATCHES | BOUNDARIES | ALTERS},
      {OPTIONS(.commit_event = 1), WATCHES | COMMITS},
      {OPTIONS(.commit_bytes = 1), WATCHES | COMMITS},
      {OPTIONS(.commit_ms = 1), WATCHES | COMMITS}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("%zu", i);
    weir__event_rules *r = rules_of(cases[i].o);
    CHECK_INT(r->boundaries * BOUNDARIES + r->watches * WATCHES + r->alters * ALTERS +
                  r->commits * COMMITS,
              cases[i].wants);
    if (cases[i].wants & COMMITS)
      CHECK_INT(r->o.commit_bytes, cases[i].o->commit_bytes ? 1 : 64 * 1024);
    drop(r);
  }
}

static void what_cannot_be_is_refused(void) {
  static const char *const bad_kind[] = {"data: x", "id: 1", NULL}, *const empty[] = {"data: ",
                                                                                      NULL};
  const struct {
    const weir_event_options *o;
    int rc;
  } cases[] = {
      {OPTIONS(.mode = (enum weir_event_mode)7), WEIR_EINVAL},
      {OPTIONS(.stale = (enum weir_stale)7), WEIR_EINVAL},
      {OPTIONS(.heartbeat_early = 1), WEIR_EEVENTS},
      {OPTIONS(.heartbeat_early = 1, .heartbeat_ms = 1), 0},
      {OPTIONS(.heartbeat_early = 1, .heartbeat_ms = 1, .commit_event = 1), WEIR_EEVENTS},
      {OPTIONS(.heartbeat_early = 1, .heartbeat_ms = 1, .commit_bytes = 1), WEIR_EEVENTS},
      {OPTIONS(.heartbeat_early = 1, .heartbeat_ms = 1, .commit_ms = 1), WEIR_EEVENTS},
      {OPTIONS(.end_markers = bad_kind), WEIR_EEVENTS},
      {OPTIONS(.end_markers = empty), WEIR_EEVENTS},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("%zu", i);
    CHECK_INT(try_rules(cases[i].o), cases[i].rc);
  }
}

static void texts_are_whole_lines_of_a_stream(void) {
  static const struct {
    const char *text;
    bool heartbeat, terminal;
  } cases[] = {
      {":\n", true, true},
      {": ping\n", true, true},
      {": ping\n\n", true, true},
      {"event: ping\n\n", true, true},
      {"data: x\n\n", true, true},
      {"retry: 5\n\n", true, true},
      {"id\n\n", true, true},
      {":a\n:b\n", true, true},
      {"data: x\n", false, true},
      {":", false, true},
      {"data: x", false, true},
      {"", false, false},
      {"hello\n\n", false, false},
      {"data : x\n\n", false, false},
      {":\r\n", false, false},
      {"data: x\n\nhello\n\n", false, false},
      {":a\ndata: x\n", false, true},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("%s", cases[i].text);
    const char *text = cases[i].text;
    int terminal = cases[i].terminal ? 0 : WEIR_EEVENTS;
    CHECK_INT(try_rules(OPTIONS(.heartbeat = text)), cases[i].heartbeat ? 0 : WEIR_EEVENTS);
    CHECK_INT(try_rules(OPTIONS(.error_event = text)), terminal);
    CHECK_INT(try_rules(OPTIONS(.cut_event = text)), terminal);
    CHECK_INT(try_rules(OPTIONS(.drain_event = text)), terminal);
  }
}

static void everything_is_copied(void) {
  char heartbeat[] = ": a\n", text[] = "data: a\n\n", marker[] = "data: a";
  const char *markers[] = {marker, NULL};
  weir__event_rules *r =
      rules_of(OPTIONS(.heartbeat = heartbeat, .error_event = text, .end_markers = markers));
  heartbeat[2] = text[6] = marker[6] = 'b';
  CHECK_MEM(r->heartbeat.ptr, r->heartbeat.len, ": a\n", (size_t)4);
  CHECK_STR(r->o.error_event, "data: a\n\n");
  CHECK_MEM(r->markers[0].text.ptr, r->markers[0].text.len, "a", (size_t)1);
  CHECK(r->o.end_markers == NULL);
  drop(r);
}

static void each_allocation_may_fail(void) {
  static const char *const markers[] = {"data: x", NULL};
  const weir_event_options *o = OPTIONS(.error_event = "openai", .end_markers = markers);
  for (size_t nth = 1;; nth++) {
    weir__event_rules *rules = NULL;
    set_up();
    counted.fail_at = nth;
    int rc = weir__event_rules_new(&rules, &mem, o);
    weir__event_rules_free(rules);
    CHECK_INT(counted.live_bytes, 0);
    if (rc == 0) break;
    CHECK_INT(rc, WEIR_ENOMEM);
  }
}

/* ---- terminal events ---- */

static void a_terminal_event_says_what_happened(void) {
  static const struct {
    const char *text;
    bool lines;
    enum weir_end end;
    enum weir_timer timer;
    const char *want;
  } cases[] = {
      {"openai", false, WEIR_END_TIMEOUT, WEIR_TIMER_GAP,
       "data: {\"error\":{\"message\":\"The service took too long.\",\"type\":\"server_error\","
       "\"param\":null,\"code\":\"timeout\"}}\n\n"},
      {"anthropic", false, WEIR_END_CUT, 0,
       "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\","
       "\"message\":\"The stream was ended here.\"}}\n\n"},
      {"event", false, WEIR_END_RESET, 0,
       "event: error\ndata: {\"reason\":\"reset\","
       "\"message\":\"The stream broke off before it was complete.\"}\n\n"},
      {"data: {reason}/{timer}", false, WEIR_END_TIMEOUT, WEIR_TIMER_GAP, "data: timeout/gap\n\n"},
      {"data: {timer}.\n", false, WEIR_END_RESET, WEIR_TIMER_GAP, "data: .\n\n"},
      {"data: {x}{reason\n\n", false, WEIR_END_RESET, 0, "data: {x}{reason\n\n"},
      {"openai", true, WEIR_END_DRAINED, 0,
       "{\"error\":{\"reason\":\"drained\",\"message\":\"The service is being restarted.\"}}\n"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("%s", cases[i].text);
    weir__event_rules *r = rules_of(OPTIONS(.error_event = cases[i].text));
    weir__buf out = {.mem = &mem};
    CHECK_INT(
        weir__terminal_write(&out, r->o.error_event, cases[i].lines, cases[i].end, cases[i].timer),
        0);
    CHECK_MEM(out.ptr, out.len, cases[i].want, strlen(cases[i].want));
    weir__buf_free(&out);
    drop(r);
  }
}

/* ---- events ---- */

static weir_sse_event event_of(const char *type, const char *data) {
  return (weir_sse_event){
      .type = type, .type_len = strlen(type), .data = data, .data_len = strlen(data)};
}

static void a_marker_is_the_whole_value_or_a_part_of_the_data(void) {
  static const char *const markers[] = {"data: [DONE]", "event: message_stop",
                                        "contains: \"done\":true", NULL};
  static const struct {
    const char *type, *data;
    bool marks;
  } cases[] = {{"message", "[DONE]", true},         {"message", "[DONE] ", false},
               {"message_stop", "{}", true},        {"message_stop2", "{}", false},
               {"message", "message_stop", false},  {"message", "{\"done\":true}", true},
               {"message", "{\"done\":tru", false}, {"message", "", false}};
  weir__event_rules *r = rules_of(OPTIONS(.end_markers = markers));
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    weir_sse_event event = event_of(cases[i].type, cases[i].data);
    CHECK_CASE("%s %s", cases[i].type, cases[i].data);
    CHECK(weir__event_rules_mark(r, &event) == cases[i].marks);
  }
  drop(r);
}

static void an_error_is_told_by_type_or_by_the_beginning_of_data(void) {
  static const struct {
    const char *type, *data;
    bool tells;
  } cases[] = {{"error", "", true},
               {"errors", "", false},
               {"message", "{\"error\":\"x\"}", true},
               {"message", " \t\n{\r\n \"error\"\t: {", true},
               {"message", "{\"error\":null,\"a\":1}", false},
               {"message", "{\"error\": false}", false},
               {"message", "{\"error\"}", false},
               {"message", "{\"error", false},
               {"message", "{\"errors\":1}", false},
               {"message", "{\"a\":1,\"error\":1}", false},
               {"message", "", false},
               {"message", "error", false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("%s %s", cases[i].type, cases[i].data);
    char *data = exact_copy(cases[i].data, strlen(cases[i].data));
    weir_sse_event event = event_of(cases[i].type, cases[i].data);
    event.data = data;
    CHECK(weir__event_tells_error(&event) == cases[i].tells);
    free(data);
  }
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(nothing_set_means_nothing_wanted);
  TEST(each_option_wants_what_it_needs);
  TEST(what_cannot_be_is_refused);
  TEST(texts_are_whole_lines_of_a_stream);
  TEST(everything_is_copied);
  TEST(each_allocation_may_fail);
  TEST(a_terminal_event_says_what_happened);
  TEST(a_marker_is_the_whole_value_or_a_part_of_the_data);
  TEST(an_error_is_told_by_type_or_by_the_beginning_of_data);
  return check_end();
}
