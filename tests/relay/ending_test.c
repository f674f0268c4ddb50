/* The last word of an event stream whose origin fails: at a boundary an event and a clean end,
 * inside an event not a byte. And what a clean end is worth. */
#include "support/play.h"

#include <stdio.h>

#define ERROR "data: error\n\n"

/* ---- how an origin fails ---- */

static int refuse_r(play *p, weir_exchange *ex, const weir_sse_event *event) {
  (void)p, (void)ex;
  return memmem(event->data, event->data_len, "R", 1) ? 403 : 0;
}

static void do_die(play *p) { peer_close(p->origin); }
static void do_reset(play *p) { peer_reset(p->origin); }
static void do_stall(play *p) { pass(&p->f, 5000); }
static void do_break(play *p) { peer_say(p->origin, "no chunk\r\n"); }

typedef struct failure {
  const char *name;
  void (*act)(play *p);
  enum weir_end end;
  bool sized, closed; /* can happen to a body that is framed so */
} failure;

static const failure failures[] = {
    {"FIN", do_die, WEIR_END_TRUNCATED, true, false},
    {"RST", do_reset, WEIR_END_RESET, true, true},
    {"silence", do_stall, WEIR_END_TIMEOUT, true, true},
    {"no HTTP", do_break, WEIR_END_MALFORMED, false, false},
};

static bool can_happen(const failure *f, enum framing framing) {
  return framing == CHUNKED || (framing == SIZED ? f->sized : f->closed);
}

static void fail(play *p, const failure *f, const char *request, const char *body, size_t len) {
  p->options.error_event = ERROR;
  p->f.options.gap_ms = 5000;
  p->length = 10000;
  play_start(p, request);
  play_send(p, body, len);
  f->act(p);
  play_await_end(p);
  CHECK_END(&p->f, f->end);
}

static const char events[] = "data: 1\n\nevent: x\r\ndata: 2\r\n\r\n: c\n\n";

static bool is_boundary(size_t at) { return at == 0 || at == 9 || at == 30 || at == 35; }

/* At every byte of a stream: in a tap the bytes say where its client is, in a filter it is always
 * at a boundary. */
static void check_failure(const failure *f, enum framing framing, const char *request,
                          enum weir_event_mode mode, size_t at) {
  size_t left = at;
  char want[256];
  CHECK_CASE("%s, %s, mode %d, %.14s, at %zu", f->name, framing_names[framing], mode, request, at);
  play p;
  play_init(&p);
  p.framing = framing;
  p.options.mode = mode;
  fail(&p, f, request, events, at);
  while (mode == WEIR_EVENTS_FILTER && !is_boundary(left)) left--;
  bool in_band = is_boundary(left);
  snprintf(want, sizeof want, "%.*s%s", (int)left, events, in_band ? ERROR : "");
  if (in_band)
    CHECK_WHOLE(&p, want);
  else
    CHECK_CUT(&p, want);
  CHECK_INT(only_end(&p.f)->stats.in_band, in_band);
  CHECK_INT(only_end(&p.f)->stats.response_bytes, strlen(want));
  play_end(&p);
}

/* Each byte where it is cheap; where hands are shaken each time the first failure stands for all. */
static void check_failures(enum weir_event_mode mode, const char *request, size_t step) {
  for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
    bool coarse = i && (client_is_secure() || origin_is_secure());
    for (int framing = 0; framing < FRAMINGS; framing++)
      for (size_t at = 0; at < sizeof events; at += coarse ? 5 : step)
        if (can_happen(&failures[i], (enum framing)framing))
          check_failure(&failures[i], (enum framing)framing, request, mode, at);
  }
}

static void a_tap_ends_at_a_boundary_and_is_cut_inside_an_event(void) {
  check_failures(WEIR_EVENTS_TAP, GET, 1);
}

static void a_filter_always_ends_at_a_boundary(void) { check_failures(WEIR_EVENTS_FILTER, GET, 1); }

/* Whose end of a body is a close, or a reset. */
static void a_client_of_http_1_0_is_told_too(void) {
  check_failures(WEIR_EVENTS_TAP, GET_10, 9);
  check_failures(WEIR_EVENTS_FILTER, GET_10, 9);
}

static void without_error_event_it_is_cut_at_a_boundary_too(void) {
  for (int framing = 0; framing < FRAMINGS; framing++) {
    play p;
    play_init(&p);
    p.framing = (enum framing)framing, p.length = 1000;
    p.options.cut_event = p.options.drain_event = ERROR;
    play_start(&p, GET);
    play_say(&p, "data: 1\n\n");
    peer_reset(p.origin);
    CHECK_CUT(&p, "data: 1\n\n");
    CHECK_END(&p.f, WEIR_END_RESET);
    play_end(&p);
  }
}

static void the_connection_serves_another_request(void) {
  play p;
  play_init(&p);
  p.options.error_event = ERROR;
  play_start(&p, GET);
  play_say(&p, "data: 1\n\n");
  peer_close(p.origin);
  RUN_UNTIL(&p.f, got_message(p.client));
  CHECK_ANSWER(p.client, 200, "data: 1\n\n" ERROR);
  peer_say(p.client, GET);
  peer_say(asked(&p.f, 1), OK_EMPTY);
  RUN_UNTIL(&p.f, got_message(p.client));
  CHECK_ANSWER(p.client, 200, "");
  play_end(&p);
}

static void the_last_word_leaves_with_the_bytes_before_it(void) {
  play p;
  play_init(&p);
  p.options.error_event = ERROR;
  p.options.max_events = 9;
  p.judge = refuse_r;
  play_start(&p, GET);
  spy_on_client(&p.f);
  play_say(&p, "data: 1\n\ndata: R\n\ndata: 3\n\n");
  CHECK_WHOLE(&p, "data: 1\n\ndata: R\n\n" ERROR);
  CHECK_INT(p.f.spy.writes, 1);
  CHECK_END(&p.f, WEIR_END_REFUSED);
  play_end(&p);
}

/* What has left behind the refused event can be taken back by nobody; if that ends at no boundary,
 * or has not been looked at, it is cut. */
static void a_refused_event_ends_a_tap_where_its_bytes_do(void) {
  static const struct {
    const char *say, *want;
    bool whole;
  } cases[] = {{"data: R\n\n", "data: R\n\n" ERROR, true},
               {"data: 1\n\ndata: R\n\n", "data: 1\n\ndata: R\n\n" ERROR, true},
               {"data: R\n\ndata", "data: R\n\ndata", false},
               {"data: R\n\ndata: 2\n\n", "data: R\n\ndata: 2\n\n", false}};
  for (size_t i = 0; i < 4; i++) {
    CHECK_CASE("%s", cases[i].say);
    play p;
    play_init(&p);
    p.options.error_event = ERROR;
    p.judge = refuse_r;
    play_start(&p, GET);
    play_say(&p, cases[i].say);
    if (cases[i].whole)
      CHECK_WHOLE(&p, cases[i].want);
    else
      CHECK_CUT(&p, cases[i].want);
    CHECK_END(&p.f, WEIR_END_REFUSED);
    play_end(&p);
  }
}

/* ---- the words ---- */

static void templates_say_what_happened(void) {
  static const struct {
    const char *text, *timeout;
  } cases[] = {
      {"openai", "data: {\"error\":{\"message\":\"The service took too long.\",\"type\":"
                 "\"server_error\",\"param\":null,\"code\":\"timeout\"}}\n\n"},
      {"anthropic", "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\","
                    "\"message\":\"The service took too long.\"}}\n\n"},
      {"event", "event: error\ndata: {\"reason\":\"timeout\",\"message\":\"The service took too "
                "long.\"}\n\n"},
      {"event: x\ndata: {reason}/{timer}/{message}/{other}",
       "event: x\ndata: timeout/gap/The service took too long./{other}\n\n"},
      {"data: a\n\ndata: b\n", "data: a\n\ndata: b\n\n"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char want[512];
    play p;
    play_init(&p);
    p.options.error_event = cases[i].text;
    p.f.options.gap_ms = 5000;
    play_start(&p, GET);
    play_say(&p, "data: 1\n\n");
    pass(&p.f, 5000);
    snprintf(want, sizeof want, "data: 1\n\n%s", cases[i].timeout);
    CHECK_WHOLE(&p, want);
    CHECK_END(&p.f, WEIR_END_TIMEOUT);
    play_end(&p);
  }
}

static void lines_of_json_end_with_a_line(void) {
  for (int inside = 0; inside < 2; inside++) {
    play p;
    play_init(&p);
    p.media = "application/x-ndjson";
    p.options.error_event = "openai";
    play_start(&p, GET);
    play_say(&p, inside ? "{\"a\":1}\n{" : "{\"a\":1}\n");
    peer_close(p.origin);
    if (inside)
      CHECK_CUT(&p, "{\"a\":1}\n{");
    else
      CHECK_WHOLE(&p, "{\"a\":1}\n{\"error\":{\"reason\":\"truncated\",\"message\":\"The stream "
                      "broke off before it was complete.\"}}\n");
    play_end(&p);
  }
}

/* ---- ends that nobody is told of ---- */

static void do_abort(play *p) { weir_exchange_abort(last_exchange(&p->f)); }

static void do_close(play *p) { close_relay(&p->f); }

static void do_stop(play *p) { peer_fin(p->client); }

static void an_abort_and_a_client_that_leaves_get_no_last_word(void) {
  static const struct {
    void (*act)(play *p);
    enum weir_end end;
  } cases[] = {
      {do_abort, WEIR_END_CUT}, {do_close, WEIR_END_DRAINED}, {do_stop, WEIR_END_CLIENT_GONE}};
  for (size_t i = 0; i < 3; i++) {
    CHECK_CASE("%zu", i);
    play p;
    play_init(&p);
    p.options.error_event = p.options.cut_event = ERROR;
    play_start(&p, GET);
    play_say(&p, "data: 1\n\n");
    cases[i].act(&p);
    CHECK_CUT(&p, "data: 1\n\n");
    CHECK_END(&p.f, cases[i].end);
    CHECK_INT(only_end(&p.f)->stats.in_band, 0);
    play_end(&p);
  }
}

static void a_request_body_that_stalls_is_no_failure_of_the_origin(void) {
  play p;
  play_init(&p);
  p.options.error_event = ERROR;
  p.f.options.request_body_ms = 5000;
  play_start(&p, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n123");
  play_say(&p, "data: 1\n\n");
  pass(&p.f, 5000);
  CHECK_CUT(&p, "data: 1\n\n");
  CHECK_END(&p.f, WEIR_END_TIMEOUT);
  play_end(&p);
}

/* The words wait behind bytes that nobody takes: they are told when those are taken, or never. */
static void a_last_word_is_told_when_the_client_has_taken_it(void) {
  for (int takes = 0; takes < 2; takes++) {
    CHECK_CASE("it takes it: %d", takes);
    char event[1000];
    play p;
    play_init(&p);
    p.options.error_event = ERROR;
    p.f.options.total_ms = 5000, p.f.options.stall_ms = 10000;
    fixture_start(&p.f);
    p.client = client_open_narrow(&p.f);
    peer_say(p.client, GET);
    p.origin = asked(&p.f, 0);
    peer_say(p.origin, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n");
    memset(event, 'x', sizeof event);
    memcpy(event, "data: ", 6), memcpy(event + sizeof event - 2, "\n\n", 2);
    for (int i = 0; i < 2000 && weir__downstream_pending(last_down(&p.f)) == 0; i++)
      play_send(&p, event, sizeof event);
    CHECK(weir__downstream_pending(last_down(&p.f)) > 0);
    pass(&p.f, 5000);
    CHECK_INT(p.f.end_count, 0);
    if (takes) peer_go(p.client);
    if (takes) RUN_UNTIL(&p.f, p.f.end_count == 1);
    if (!takes) pass(&p.f, 15000);
    CHECK_END(&p.f, WEIR_END_TIMEOUT);
    CHECK_STR(weir_timer_name(only_end(&p.f)->stats.timer), "total");
    CHECK_INT(only_end(&p.f)->stats.in_band, takes);
    if (takes) RUN_UNTIL(&p.f, got_message(p.client) && got(p.client, ERROR));
    play_end(&p);
  }
}

/* ---- what a clean end is worth ---- */

static const char *const markers[] = {"data: [DONE]", "event: message_stop",
                                      "contains: \"done\":true", NULL};

static void check_clean(enum framing framing, enum weir_event_mode mode, const char *media,
                        const char *body, bool together, enum weir_end end) {
  CHECK_CASE("%s, mode %d, together %d: %s", framing_names[framing], mode, together, body);
  char text[512];
  play p;
  play_init(&p);
  p.f.hooks.on_event = NULL;
  p.framing = framing, p.length = strlen(body), p.media = media;
  p.options.mode = mode;
  p.options.end_markers = markers;
  play_start(&p, GET);
  snprintf(text, sizeof text, "%zx\r\n%s\r\n0\r\n\r\n", strlen(body), body);
  if (together && framing == CHUNKED)
    peer_say(p.origin, text);
  else if (together && framing == CLOSED)
    peer_say(p.origin, body), peer_close(p.origin);
  else
    play_say(&p, body), play_finish(&p);
  CHECK_WHOLE(&p, body);
  CHECK_END(&p.f, end);
  play_end(&p);
}

static void a_clean_end_is_complete_behind_a_marker_and_unmarked_without(void) {
  static const struct {
    const char *media, *body;
    bool marked;
  } cases[] = {
      {"text/event-stream", "data: 1\n\ndata: [DONE]\n\n", true},
      {"text/event-stream", "data: [DONE]\n\n: bye\n\n", true},
      {"text/event-stream", "data:[DONE]\r\n\r", true},
      {"text/event-stream", "event: message_stop\ndata: {}\n\n", true},
      {"text/event-stream", "data: {\"x\":1,\"done\":true}\n\n", true},
      {"application/x-ndjson", "{\"done\":false}\n{\"done\":true}\n", true},
      {"application/jsonl", "{\"done\":true}", true},
      {"text/event-stream", "data: 1\n\n", false},
      {"text/event-stream", "data: [DONE]\n", false}, /* no event yet */
      {"text/event-stream", "data: [DONE] \n\n", false},
      {"text/event-stream", "event: message_stops\ndata: {}\n\n", false},
      {"text/event-stream", ": data: [DONE]\n\n", false},
      {"application/jsonl", "{\"done\":false}\n", false},
      {"text/event-stream", "", false},
  };
  static const enum weir_event_mode modes[] = {WEIR_EVENTS_DEFAULT, WEIR_EVENTS_FILTER};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    for (int framing = 0; framing < FRAMINGS; framing++)
      for (int m = 0; m < 4; m++)
        check_clean((enum framing)framing, modes[m / 2], cases[i].media, cases[i].body, m % 2,
                    cases[i].marked ? WEIR_END_COMPLETE : WEIR_END_UNMARKED);
}

static void behind_a_lost_tap_the_framing_says_what_an_end_is(void) {
  for (int framing = 0; framing < FRAMINGS; framing++) {
    for (int coded = 0; coded < 2; coded++) {
      static const char body[] = "data: [DONE]\n\ndata: 01234567890123456789\n\n";
      play p;
      play_init(&p);
      p.framing = (enum framing)framing, p.length = sizeof body - 1;
      p.options.end_markers = markers;
      p.options.event_bytes = 20;
      if (coded) p.fields = "Content-Encoding: gzip\r\n";
      play_start(&p, GET);
      play_say(&p, body);
      play_finish(&p);
      CHECK_WHOLE(&p, body);
      CHECK_END(&p.f, framing == CLOSED ? WEIR_END_UNMARKED : WEIR_END_COMPLETE);
      play_end(&p);
    }
  }
}

static void a_broken_end_is_no_better_behind_a_marker(void) {
  play p;
  play_init(&p);
  p.options.end_markers = markers;
  play_start(&p, GET);
  play_say(&p, "data: [DONE]\n\n");
  peer_close(p.origin);
  CHECK_CUT(&p, "data: [DONE]\n\n");
  CHECK_END(&p.f, WEIR_END_TRUNCATED);
  play_end(&p);
}

/* The whole response has left when a tap's hook sees the last event: the abort changes nothing. */
static int abort_last(play *p, weir_exchange *ex, const weir_sse_event *event) {
  (void)event;
  if (p->verdict == 0) weir_exchange_abort(ex);
  return p->verdict;
}

static void what_a_hook_says_of_the_last_event_behind_the_end_changes_nothing(void) {
  static const int verdicts[] = {0, WEIR_EVENT_CUT, 500, -1};
  for (int i = 0; i < 4; i++) {
    CHECK_CASE("verdict %d", verdicts[i]);
    play p;
    play_init(&p);
    p.options.end_markers = markers;
    p.judge = abort_last, p.verdict = verdicts[i];
    play_start(&p, GET);
    peer_say(p.origin, "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n");
    CHECK_WHOLE(&p, "data: [DONE]\n\n");
    CHECK_END(&p.f, WEIR_END_COMPLETE);
    play_end(&p);
  }
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_tap_ends_at_a_boundary_and_is_cut_inside_an_event);
  TEST(a_filter_always_ends_at_a_boundary);
  TEST(a_client_of_http_1_0_is_told_too);
  TEST(without_error_event_it_is_cut_at_a_boundary_too);
  TEST(the_connection_serves_another_request);
  TEST(the_last_word_leaves_with_the_bytes_before_it);
  TEST(a_refused_event_ends_a_tap_where_its_bytes_do);
  TEST(templates_say_what_happened);
  TEST(lines_of_json_end_with_a_line);
  TEST(an_abort_and_a_client_that_leaves_get_no_last_word);
  TEST(a_request_body_that_stalls_is_no_failure_of_the_origin);
  TEST(a_last_word_is_told_when_the_client_has_taken_it);
  TEST(a_clean_end_is_complete_behind_a_marker_and_unmarked_without);
  TEST(behind_a_lost_tap_the_framing_says_what_an_end_is);
  TEST(a_broken_end_is_no_better_behind_a_marker);
  TEST(what_a_hook_says_of_the_last_event_behind_the_end_changes_nothing);
  return check_end();
}
