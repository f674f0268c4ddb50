/* Budgets: the stream ends at the boundary where one is used up, with an event that says so, and
 * the origin is left at once. */
#include "support/play.h"

#include <stdio.h>

#define CUT "data: cut\n\n"

static const enum weir_event_mode modes[] = {WEIR_EVENTS_DEFAULT, WEIR_EVENTS_FILTER};

#define EACH_MODE(m) \
  const enum weir_event_mode *m = modes; \
  m < modes + 2; \
  m++

static const char events[] = "data: 1\n\n: c\n\ndata: 2\n\ndata: 3\n\ndata: 4\n\n";
static const size_t ends[] = {0, 9, 23, 32, 41}; /* of event n */

static void check_cut(play *p, const char *want) {
  CHECK_WHOLE(p, want);
  CHECK_END(&p->f, WEIR_END_CUT);
  CHECK_INT(only_end(&p->f)->stats.in_band, p->options.cut_event != NULL);
  RUN_UNTIL(&p->f, is_over(p->origin));
}

/* ---- events ---- */

static void so_many_events_and_not_one_more(void) {
  for (EACH_MODE(m)) {
    for (size_t k = 1; k <= 4; k++) {
      for (size_t cut = 0; cut <= ends[k]; cut++) {
        CHECK_CASE("mode %d, %zu events, cut at %zu", *m, k, cut);
        char want[128];
        play p;
        play_init(&p);
        p.options.mode = *m;
        p.options.max_events = k;
        p.options.cut_event = CUT;
        play_start(&p, GET);
        play_send(&p, events, cut);
        CHECK_INT(p.f.end_count, cut == ends[k]);
        if (!p.f.end_count) play_say(&p, events + cut);
        snprintf(want, sizeof want, "%.*s" CUT, (int)ends[k], events);
        check_cut(&p, want);
        CHECK_INT(only_end(&p.f)->stats.events, k);
        CHECK_INT(only_end(&p.f)->stats.response_bytes, strlen(want));
        play_end(&p);
      }
    }
  }
}

static void it_ends_well_without_a_word_too_and_in_any_framing(void) {
  static const char *const requests[] = {GET, GET_10};
  for (EACH_MODE(m)) {
    for (int i = 0; i < 2 * FRAMINGS; i++) {
      CHECK_CASE("mode %d, %s, %s", *m, framing_names[i / 2], requests[i % 2]);
      play p;
      play_init(&p);
      p.framing = (enum framing)(i / 2), p.length = 1000;
      p.options.mode = *m;
      p.options.max_events = 2;
      play_start(&p, requests[i % 2]);
      play_say(&p, events);
      check_cut(&p, "data: 1\n\n: c\n\ndata: 2\n\n");
      play_end(&p);
    }
  }
}

static void it_leaves_in_one_write_and_the_connection_is_kept(void) {
  for (EACH_MODE(m)) {
    play p;
    play_init(&p);
    p.options.mode = *m;
    p.options.max_events = 1;
    p.options.cut_event = CUT;
    play_start(&p, GET);
    spy_on_client(&p.f);
    play_say(&p, events);
    CHECK_INT(p.f.spy.writes, 1);
    CHECK_ANSWER(p.client, 200, "data: 1\n\n" CUT);
    peer_say(p.client, GET);
    peer_say(asked(&p.f, 1), OK_EMPTY);
    RUN_UNTIL(&p.f, got_message(p.client));
    CHECK_ANSWER(p.client, 200, "");
    play_end(&p);
  }
}

static void lines_of_json_are_counted_too(void) {
  for (EACH_MODE(m)) {
    play p;
    play_init(&p);
    p.media = "application/jsonl";
    p.options.mode = *m;
    p.options.max_events = 2;
    p.options.cut_event = CUT;
    play_start(&p, GET);
    play_say(&p, "1\n\n2\n3\n");
    check_cut(&p, "1\n\n2\n{\"error\":{\"reason\":\"cut\",\"message\":\"The stream was ended "
                  "here.\"}}\n");
    play_end(&p);
  }
}

/* ---- bytes, tokens ---- */

static void bytes_run_out_at_the_boundary_behind(void) {
  for (EACH_MODE(m)) {
    for (size_t max = 1; max <= 23; max++) {
      CHECK_CASE("mode %d, %zu bytes", *m, max);
      play p;
      play_init(&p);
      p.options.mode = *m;
      p.options.max_bytes = max;
      p.options.cut_event = CUT;
      play_start(&p, GET);
      play_say(&p, events);
      check_cut(&p, max <= 9    ? "data: 1\n\n" CUT
                    : max <= 14 ? "data: 1\n\n: c\n\n" CUT
                                : "data: 1\n\n: c\n\ndata: 2\n\n" CUT);
      play_end(&p);
    }
  }
}

static int spend_three(play *p, weir_exchange *ex, const weir_sse_event *event) {
  (void)p, (void)event;
  CHECK_INT(weir_exchange_spend(ex, 3), 0);
  return 0;
}

static void tokens_are_what_the_host_spends(void) {
  for (EACH_MODE(m)) {
    for (uint64_t max = 1; max <= 6; max++) {
      CHECK_CASE("mode %d, %u tokens", *m, (unsigned)max);
      play p;
      play_init(&p);
      p.judge = spend_three;
      p.options.mode = *m;
      p.options.max_tokens = max;
      p.options.cut_event = CUT;
      play_start(&p, GET);
      play_say(&p, events);
      check_cut(&p, max <= 3 ? "data: 1\n\n" CUT : "data: 1\n\n: c\n\ndata: 2\n\n" CUT);
      CHECK_INT(only_end(&p.f)->stats.tokens, max <= 3 ? 3 : 6);
      play_end(&p);
    }
  }
}

static void tokens_spent_between_events_count_at_the_next_boundary(void) {
  for (EACH_MODE(m)) {
    play p;
    play_init(&p);
    p.options.mode = *m;
    p.options.max_tokens = 10;
    p.options.cut_event = CUT;
    play_start(&p, GET);
    play_say(&p, "data: 1\n\n");
    CHECK_INT(weir_exchange_spend(last_exchange(&p.f), 10), 0);
    CHECK_INT(p.f.end_count, 0);
    play_say(&p, "data: 2\n\ndata: 3\n\n");
    check_cut(&p, "data: 1\n\ndata: 2\n\n" CUT);
    play_end(&p);
  }
}

/* ---- time ---- */

static void time_runs_out_at_once_at_a_boundary(void) {
  for (EACH_MODE(m)) {
    play p;
    play_init(&p);
    p.options.mode = *m;
    p.options.max_ms = 5000;
    p.options.cut_event = "event: cut\ndata: {reason}{timer}";
    play_start(&p, GET);
    pass(&p.f, 4000);
    play_say(&p, "data: 1\n\n");
    pass(&p.f, 900);
    CHECK_INT(p.f.end_count, 0);
    pass(&p.f, 100);
    check_cut(&p, "data: 1\n\nevent: cut\ndata: cut\n\n");
    play_end(&p);
  }
}

/* In a tap the client waits inside an event; in a filter it never does. */
static void time_that_runs_out_inside_an_event_waits_for_its_end(void) {
  for (EACH_MODE(m)) {
    play p;
    play_init(&p);
    p.options.mode = *m;
    p.options.max_ms = 5000;
    p.options.cut_event = CUT;
    play_start(&p, GET);
    play_say(&p, "data: 1\n\ndata");
    pass(&p.f, 5000);
    if (*m == WEIR_EVENTS_FILTER) {
      check_cut(&p, "data: 1\n\n" CUT);
    } else {
      CHECK_INT(p.f.end_count, 0);
      play_say(&p, ": 2\n");
      CHECK_INT(p.f.end_count, 0);
      play_say(&p, "\ndata: 3\n\n");
      check_cut(&p, "data: 1\n\ndata: 2\n\n" CUT);
    }
    play_end(&p);
  }
}

static void an_abort_while_a_cut_waits_is_an_abort(void) {
  play p;
  play_init(&p);
  p.options.max_ms = 5000;
  p.options.cut_event = CUT;
  play_start(&p, GET);
  play_say(&p, "data: 1\n\ndata");
  pass(&p.f, 5000);
  weir_exchange_abort(last_exchange(&p.f));
  CHECK_CUT(&p, "data: 1\n\ndata");
  CHECK_INT(only_end(&p.f)->stats.in_band, 0);
  play_end(&p);
}

static int abort_two(play *p, weir_exchange *ex, const weir_sse_event *event) {
  (void)p;
  if (event->data[0] == '2') weir_exchange_abort(ex);
  return 0;
}

/* Also in the hook behind which it would have been cut. */
static void an_abort_at_the_boundary_of_a_cut_is_an_abort(void) {
  for (EACH_MODE(m)) {
    play p;
    play_init(&p);
    p.judge = abort_two;
    p.options.mode = *m;
    p.options.max_events = 2;
    p.options.max_ms = *m == WEIR_EVENTS_FILTER ? 0 : 5000;
    p.options.cut_event = CUT;
    play_start(&p, GET);
    play_say(&p, "data: 1\n\ndata");
    pass(&p.f, 5000);
    play_say(&p, ": 2\n\n");
    CHECK_CUT(&p, *m == WEIR_EVENTS_FILTER ? "data: 1\n\n" : "data: 1\n\ndata: 2\n\n");
    CHECK_END(&p.f, WEIR_END_CUT);
    CHECK_INT(only_end(&p.f)->stats.in_band, 0);
    play_end(&p);
  }
}

static void an_end_before_the_time_is_none_of_it(void) {
  play p;
  play_init(&p);
  p.options.max_ms = 5000;
  p.options.cut_event = CUT;
  play_start(&p, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n1");
  play_say(&p, "data: 1\n\n");
  play_finish(&p);
  pass(&p.f, 10000); /* the client has not sent all of its request */
  peer_say(p.client, "2");
  CHECK_WHOLE(&p, "data: 1\n\n");
  CHECK_END(&p.f, WEIR_END_COMPLETE);
  play_end(&p);
}

/* ---- the host's own cut ---- */

static int cut_two(play *p, weir_exchange *ex, const weir_sse_event *event) {
  (void)p, (void)ex;
  return event->data[0] == '2' ? WEIR_EVENT_CUT : 0;
}

/* A tap's host says it behind the write: what has left goes on to its boundary. */
static void a_hook_may_cut(void) {
  static const struct {
    enum weir_event_mode mode;
    const char *say, *then, *want;
  } cases[] = {
      {WEIR_EVENTS_FILTER, "data: 1\n\ndata: 2\n\ndata: 3\n\n", "", "data: 1\n\ndata: 2\n\n" CUT},
      {WEIR_EVENTS_TAP, "data: 1\n\ndata: 2\n\n", "", "data: 1\n\ndata: 2\n\n" CUT},
      {WEIR_EVENTS_TAP, "data: 2\n\ndata: 3\n\n", "", "data: 2\n\ndata: 3\n\n" CUT},
      {WEIR_EVENTS_TAP, "data: 2\n\nda", "ta: 3\n\ndata: 4\n\n", "data: 2\n\ndata: 3\n\n" CUT},
      {WEIR_EVENTS_TAP, "data: 2\n\n: ", "3\n\n", "data: 2\n\n: 3\n\n" CUT},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("%zu", i);
    play p;
    play_init(&p);
    p.judge = cut_two;
    p.options.mode = cases[i].mode;
    p.options.cut_event = CUT;
    play_start(&p, GET);
    play_say(&p, cases[i].say);
    if (*cases[i].then) CHECK_INT(p.f.end_count, 0);
    if (*cases[i].then) play_say(&p, cases[i].then);
    check_cut(&p, cases[i].want);
    play_end(&p);
  }
}

/* ---- nobody looks ---- */

static void a_compressed_stream_is_cut_hard_at_the_byte(void) {
  for (size_t cut = 0; cut < 30; cut++) {
    CHECK_CASE("cut at %zu", cut);
    play p;
    play_init(&p);
    p.fields = "Content-Encoding: gzip\r\n";
    p.options.max_bytes = 30;
    p.options.cut_event = CUT;
    play_start(&p, GET);
    play_send(&p, events, cut);
    CHECK_INT(p.f.end_count, 0);
    play_say(&p, events + cut);
    CHECK_CUT(&p, "data: 1\n\n: c\n\ndata: 2\n\ndata: 3");
    CHECK_END(&p.f, WEIR_END_CUT);
    RUN_UNTIL(&p.f, is_over(p.origin));
    play_end(&p);
  }
}

static void a_compressed_stream_is_cut_hard_when_its_time_is_over(void) {
  play p;
  play_init(&p);
  p.fields = "Content-Encoding: gzip\r\n";
  p.options.max_ms = 5000;
  play_start(&p, GET);
  play_say(&p, events);
  pass(&p.f, 5000);
  CHECK_CUT(&p, events);
  CHECK_END(&p.f, WEIR_END_CUT);
  play_end(&p);
}

static void a_cut_that_waits_in_an_oversized_event_waits_no_more(void) {
  play p;
  play_init(&p);
  p.options.max_ms = 5000;
  p.options.event_bytes = 16;
  play_start(&p, GET);
  play_say(&p, "data: 1\n\ndata: ");
  pass(&p.f, 5000);
  CHECK_INT(p.f.end_count, 0);
  play_say(&p, "01234567890123456789");
  CHECK_CUT(&p, "data: 1\n\ndata: ");
  CHECK_END(&p.f, WEIR_END_CUT);
  CHECK_INT(p.lost, WEIR_EEVENTSIZE);
  play_end(&p);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(so_many_events_and_not_one_more);
  TEST(it_ends_well_without_a_word_too_and_in_any_framing);
  TEST(it_leaves_in_one_write_and_the_connection_is_kept);
  TEST(lines_of_json_are_counted_too);
  TEST(bytes_run_out_at_the_boundary_behind);
  TEST(tokens_are_what_the_host_spends);
  TEST(tokens_spent_between_events_count_at_the_next_boundary);
  TEST(time_runs_out_at_once_at_a_boundary);
  TEST(time_that_runs_out_inside_an_event_waits_for_its_end);
  TEST(an_abort_while_a_cut_waits_is_an_abort);
  TEST(an_abort_at_the_boundary_of_a_cut_is_an_abort);
  TEST(an_end_before_the_time_is_none_of_it);
  TEST(a_hook_may_cut);
  TEST(a_compressed_stream_is_cut_hard_at_the_byte);
  TEST(a_compressed_stream_is_cut_hard_when_its_time_is_over);
  TEST(a_cut_that_waits_in_an_oversized_event_waits_no_more);
  return check_end();
}
