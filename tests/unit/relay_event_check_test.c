/* weir_event_options_check(): what it says is what the relay would say, without one. */
#include <string.h>

#include "base/mem.h"
#include "relay/event_rules.h"
#include "support/check.h"
#include "weir/err.h"

/* What is made of them says the same. */
static int check_both(const weir_event_options *options) {
  weir__mem mem;
  weir__event_rules *rules = NULL;
  weir__mem_init(&mem, &(weir_allocator){0});
  int rc = weir_event_options_check(options);
  CHECK_INT(weir__event_rules_new(&rules, &mem, options), rc);
  if (rc == 0) weir__event_rules_free(rules);
  return rc;
}

static int check_text(const char *text) {
  return check_both(&(weir_event_options){WEIR_EVENT_OPTIONS_INIT, .error_event = text});
}

static int check_heartbeat(const char *text) {
  return check_both(&(weir_event_options){WEIR_EVENT_OPTIONS_INIT, .heartbeat = text});
}

static int check_marker(const char *text) {
  const char *const markers[] = {"data: [DONE]", text, NULL};
  return check_both(&(weir_event_options){WEIR_EVENT_OPTIONS_INIT, .end_markers = markers});
}

static void defaults_are_fine(void) {
  CHECK_INT(check_both(&(weir_event_options){WEIR_EVENT_OPTIONS_INIT}), 0);
  CHECK_INT(weir_event_options_check(NULL), WEIR_EINVAL);
}

static void texts_are_whole_lines_of_a_stream(void) {
  static const char *const good[] = {
      "openai", "anthropic", "event", "data: x", "event: a\ndata: b\n\n", ": bye\n"};
  static const char *const bad[] = {"", "opnai", "data: x\r\n", "event: a\nhello\n\n"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) CHECK_INT(check_text(good[i]), 0);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) CHECK_INT(check_text(bad[i]), WEIR_EEVENTS);
}

static void every_terminal_event_is_looked_at(void) {
  CHECK_INT(check_both(&(weir_event_options){WEIR_EVENT_OPTIONS_INIT, .cut_event = "no"}),
            WEIR_EEVENTS);
  CHECK_INT(check_both(&(weir_event_options){WEIR_EVENT_OPTIONS_INIT, .drain_event = "no"}),
            WEIR_EEVENTS);
}

static void a_heartbeat_leaves_nothing_open(void) {
  static const char *const good[] = {":\n", ": ping\n\n", ":a\n:b\n", "event: ping\ndata: {}\n\n"};
  static const char *const bad[] = {"", ":", "ping", "event: ping\n", "data: x"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) CHECK_INT(check_heartbeat(good[i]), 0);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    CHECK_INT(check_heartbeat(bad[i]), WEIR_EEVENTS);
}

static void a_marker_says_where_to_look(void) {
  CHECK_INT(check_marker("event: message_stop"), 0);
  CHECK_INT(check_marker("contains: \"done\":true"), 0);
  CHECK_INT(check_marker("[DONE]"), WEIR_EEVENTS);
  CHECK_INT(check_marker("data: "), WEIR_EEVENTS);
  CHECK_INT(check_marker("id: 7"), WEIR_EEVENTS);
}

static void what_excludes_each_other_is_told(void) {
  weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .heartbeat_early = 1};
  CHECK_INT(check_both(&o), WEIR_EEVENTS);
  o.heartbeat_ms = 1;
  CHECK_INT(check_both(&o), 0);
  o.commit_ms = 1;
  CHECK_INT(check_both(&o), WEIR_EEVENTS);
  CHECK_INT(
      check_both(&(weir_event_options){WEIR_EVENT_OPTIONS_INIT, .mode = (enum weir_event_mode)9}),
      WEIR_EINVAL);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(defaults_are_fine);
  TEST(texts_are_whole_lines_of_a_stream);
  TEST(every_terminal_event_is_looked_at);
  TEST(a_heartbeat_leaves_nothing_open);
  TEST(a_marker_says_where_to_look);
  TEST(what_excludes_each_other_is_told);
  return check_end();
}
