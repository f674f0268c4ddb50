/* A filter holds a block until it is whole, not a moment longer, and sends what on_event wants of
 * it. */
#include "support/play.h"

#include <stdio.h>

static void init_filter(play *p) {
  play_init(p);
  p->options.mode = WEIR_EVENTS_FILTER;
}

/* ---- when they leave ---- */

static void each_event_leaves_the_moment_it_is_complete(void) {
  play p;
  init_filter(&p);
  play_start(&p, GET);
  spy_on_client(&p.f);
  play_say(&p, "data: 1\n");
  CHECK_BODY(&p, "");
  CHECK_INT(p.f.spy.writes, 0);
  play_say(&p, "\n");
  CHECK_BODY(&p, "data: 1\n\n");
  CHECK_INT(p.f.spy.writes, 1);
  play_say(&p, ": ping\n\ndata");
  CHECK_BODY(&p, "data: 1\n\n: ping\n\n");
  play_say(&p, ": 2\n\ndata: 3\n\n");
  CHECK_BODY(&p, "data: 1\n\n: ping\n\ndata: 2\n\ndata: 3\n\n");
  CHECK_INT(p.f.spy.writes, 3);
  play_finish(&p);
  CHECK_WHOLE(&p, "data: 1\n\n: ping\n\ndata: 2\n\ndata: 3\n\n");
  CHECK_STR(p.seen, "[message|1][message|2][message|3]");
  play_end(&p);
}

static void complete_events_of_one_read_leave_in_one_write(void) {
  play p;
  init_filter(&p);
  play_start(&p, GET);
  spy_on_client(&p.f);
  unsigned reads = p.client->reads;
  peer_say(p.origin, "9\r\ndata: 1\n\n\r\n12\r\ndata: 2\n\ndata: 3\n\n\r\n4\r\ndata\r\n");
  settle(&p.f);
  CHECK_INT(p.f.spy.writes, 1);
  CHECK_INT(p.client->reads, reads + 1);
  CHECK_BODY(&p, "data: 1\n\ndata: 2\n\ndata: 3\n\n");
  CHECK_INT(take(p.client)->chunks, 1);
  play_end(&p);
}

/* The first part of the block came in bytes that are gone. */
static void a_block_cut_anywhere_arrives_whole(void) {
  static const char block[] =
      "\xef\xbb\xbfid: 7\r\nevent: x\r\ndata: \xe2\x82\xac\r\ndata: b\r\n\r\n"
      ": c\n\ndata: 2\n\n";
  for (int framing = 0; framing < FRAMINGS; framing++) {
    for (size_t cut = 0; cut < sizeof block; cut++) {
      CHECK_CASE("%s, cut at %zu", framing_names[framing], cut);
      play p;
      init_filter(&p);
      p.framing = (enum framing)framing, p.length = sizeof block - 1;
      play_start(&p, GET);
      play_send(&p, block, cut);
      play_say(&p, block + cut);
      play_finish(&p);
      CHECK_WHOLE(&p, block);
      CHECK_STR(p.seen, "[x|\xe2\x82\xac\nb][message|2]");
      play_end(&p);
    }
  }
}

static void a_block_of_many_chunks_arrives_whole_in_one(void) {
  static const char block[] = "event: x\ndata: a\n\n";
  play p;
  init_filter(&p);
  play_start(&p, GET);
  for (size_t i = 0; i < sizeof block - 1; i++) {
    CHECK_BODY(&p, "");
    play_send(&p, block + i, 1);
  }
  CHECK_BODY(&p, block);
  CHECK_INT(take(p.client)->chunks, 1);
  play_end(&p);
}

/* More events in one read than a batch has room for, dropped ones in between. */
static int drop_threes(play *p, weir_exchange *ex, const weir_sse_event *event) {
  (void)ex, (void)event;
  p->seen[0] = '\0';
  return ++p->at % 3 ? 0 : WEIR_EVENT_DROP;
}

static void hundreds_of_events_of_one_read_leave_in_order(void) {
  enum { EVENTS = 600 };
  char all[EVENTS * 11 + 1] = "", want[EVENTS * 11 + 1] = "";
  for (size_t i = 0; i < EVENTS; i++) {
    snprintf(all + 11 * i, 12, "data: %03zu\n\n", i);
    if (i % 3 != 2) strcat(want, all + 11 * i);
  }
  play p;
  init_filter(&p);
  p.judge = drop_threes;
  play_start(&p, GET);
  play_say(&p, all);
  play_finish(&p);
  CHECK_WHOLE(&p, want);
  CHECK_INT(only_end(&p.f)->stats.events, EVENTS);
  CHECK_INT(only_end(&p.f)->stats.dropped, EVENTS / 3);
  play_end(&p);
}

/* ---- what leaves ---- */

static int put(weir_exchange *ex, const char *data, enum weir_event_place place) {
  weir_sse_fields f = {WEIR_SSE_FIELDS_INIT, .data = data, .data_len = strlen(data)};
  return weir_exchange_put_event(ex, &f, place);
}

/* The event's data says what is to be done with it. */
static int obey(play *p, weir_exchange *ex, const weir_sse_event *event) {
  (void)p;
  int verdict = 0;
  for (size_t i = 0; i < event->data_len; i++) {
    if (event->data[i] == '<') CHECK_INT(put(ex, "before", WEIR_EVENT_BEFORE), 0);
    if (event->data[i] == '>') CHECK_INT(put(ex, "behind", WEIR_EVENT_BEHIND), 0);
    if (event->data[i] == 'D') verdict |= WEIR_EVENT_DROP;
    if (event->data[i] == 'C') verdict |= WEIR_EVENT_CUT;
    if (event->data[i] == 'R') verdict = 403;
  }
  return verdict;
}

static const struct {
  const char *say, *want;
  enum weir_end end; /* COMPLETE: none before its time */
} wishes[] = {
    {"data: P\n\n", "data: P\n\n", WEIR_END_COMPLETE},
    {"data: D\n\ndata: P\n\n", "data: P\n\n", WEIR_END_COMPLETE},
    {"data: D\n\n", "", WEIR_END_COMPLETE},
    {"data: <\n\n", "data: before\n\ndata: <\n\n", WEIR_END_COMPLETE},
    {"data: >\n\ndata: P\n\n", "data: >\n\ndata: behind\n\ndata: P\n\n", WEIR_END_COMPLETE},
    {"data: <<>>\n\n",
     "data: before\n\ndata: before\n\ndata: <<>>\n\ndata: behind\n\ndata: behind\n\n",
     WEIR_END_COMPLETE},
    {"data: D<\n\n", "data: before\n\n", WEIR_END_COMPLETE}, /* replaced */
    {"data: D>\n\n", "data: behind\n\n", WEIR_END_COMPLETE},
    {"data: C\n\ndata: P\n\n", "data: C\n\n", WEIR_END_CUT},
    {"data: DC\n\ndata: P\n\n", "", WEIR_END_CUT},
    {"data: DC<>\n\ndata: P\n\n", "data: before\n\ndata: behind\n\n", WEIR_END_CUT},
    {"data: P\n\ndata: R\n\ndata: P\n\n", "data: P\n\n", WEIR_END_REFUSED},
};

static void check_wish(size_t i, const char *request, size_t cut) {
  const char *say = wishes[i].say;
  CHECK_CASE("%s of %s, cut at %zu", request, say, cut);
  play p;
  init_filter(&p);
  p.judge = obey;
  play_start(&p, request);
  play_send(&p, say, cut);
  play_say(&p, say + cut);
  if (wishes[i].end == WEIR_END_COMPLETE) play_finish(&p);
  if (wishes[i].end == WEIR_END_REFUSED)
    CHECK_CUT(&p, wishes[i].want);
  else
    CHECK_WHOLE(&p, wishes[i].want);
  CHECK_END(&p.f, wishes[i].end);
  CHECK_INT(only_end(&p.f)->stats.response_bytes, strlen(wishes[i].want));
  play_end(&p);
}

static void on_event_says_what_leaves(void) {
  for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++)
    for (size_t cut = 0; cut <= strlen(wishes[i].say); cut++) check_wish(i, GET, cut);
}

/* No chunks, so that the end of the connection is the end. */
static void a_client_of_http_1_0_gets_the_same(void) {
  for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) check_wish(i, GET_10, 0);
}

static int put_badly(play *p, weir_exchange *ex, const weir_sse_event *event) {
  weir_sse_fields bad = {WEIR_SSE_FIELDS_INIT, .type = "a\nb", .type_len = 3};
  weir_sse_fields none = {WEIR_SSE_FIELDS_INIT},
                  two = {WEIR_SSE_FIELDS_INIT, .data = "a\nb", .data_len = 3};
  (void)event;
  bool lines = strcmp(p->media, "text/event-stream") != 0;
  CHECK_INT(weir_exchange_put_event(ex, &bad, WEIR_EVENT_BEFORE), WEIR_EFIELD);
  CHECK_INT(weir_exchange_put_event(ex, &none, WEIR_EVENT_BEHIND),
            lines ? WEIR_EFIELD : WEIR_EINVAL);
  CHECK_INT(weir_exchange_put_event(ex, &two, WEIR_EVENT_BEHIND), lines ? WEIR_EFIELD : 0);
  return 0;
}

static void what_cannot_be_an_event_is_not_put_in(void) {
  for (int lines = 0; lines < 2; lines++) {
    play p;
    init_filter(&p);
    if (lines) p.media = "application/jsonl";
    p.judge = put_badly;
    play_start(&p, GET);
    play_say(&p, lines ? "{}\n" : "data: 1\n\n");
    CHECK_BODY(&p, lines ? "{}\n" : "data: 1\n\ndata: a\ndata: b\n\n");
    play_end(&p);
  }
}

static void lines_of_json_are_filtered_too(void) {
  static const struct {
    const char *say, *want;
  } cases[] = {
      {"{\"P\":1}\n{\"D\":1}\n\n{\"<>\":1}\r\n", "{\"P\":1}\n\nbefore\n{\"<>\":1}\r\nbehind\n"},
      {"1\n2", "1\n2"},
      {"1\n\"<>\"", "1\nbefore\n\"<>\"\nbehind\n"},
      {"1\n\"D>\"", "1\nbehind\n"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("%s", cases[i].say);
    play p;
    init_filter(&p);
    p.media = "application/x-ndjson";
    p.judge = obey;
    play_start(&p, GET);
    play_say(&p, cases[i].say);
    play_finish(&p);
    CHECK_WHOLE(&p, cases[i].want);
    CHECK_END(&p.f, WEIR_END_COMPLETE);
    play_end(&p);
  }
}

/* ---- what is unfinished ---- */

/* Its reader will discard it, so it passes as it is, unless something is put behind it. */
static void what_is_unfinished_at_the_end_is_shown_and_passes(void) {
  static const struct {
    const char *say, *want, *seen;
    uint64_t events, dropped;
  } cases[] = {
      {"data: 1\n\ndata: 2\n", "data: 1\n\ndata: 2\n", "[message|1][message|2~]", 1, 0},
      {"data: 1\n\ndata: 2", "data: 1\n\ndata: 2", "[message|1][message|2~]", 1, 0},
      {"data: 1\n\n: c", "data: 1\n\n: c", "[message|1]", 1, 0},
      {"data: 1\n\ndata: D\n", "data: 1\n\n", "[message|1][message|D~]", 1, 0},
      {"data: 1\n\ndata: C", "data: 1\n\ndata: C", "[message|1][message|C~]", 1, 0},
      {"data: 1\n\ndata: <", "data: 1\n\ndata: before\n\ndata: <", "[message|1][message|<~]", 1, 0},
      {"data: 1\n\ndata: >", "data: 1\n\ndata: behind\n\n", "[message|1][message|>~]", 1, 0},
      {"data: 1\r\n\r\ndata: 2\r\n\r", "data: 1\r\n\r\ndata: 2\r\n\r", "[message|1][message|2]", 2,
       0},
      {"data: 1\r\n\r\ndata: D\r\n\r", "data: 1\r\n\r\n", "[message|1][message|D]", 2, 1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (int framing = 0; framing < FRAMINGS; framing++) {
      CHECK_CASE("%s %s", framing_names[framing], cases[i].say);
      play p;
      init_filter(&p);
      p.framing = (enum framing)framing, p.length = strlen(cases[i].say);
      p.judge = obey;
      play_start(&p, GET);
      play_say(&p, cases[i].say);
      play_finish(&p);
      CHECK_WHOLE(&p, cases[i].want);
      CHECK_STR(p.seen, cases[i].seen);
      CHECK_INT(only_end(&p.f)->stats.events, cases[i].events);
      CHECK_INT(only_end(&p.f)->stats.dropped, cases[i].dropped);
      play_end(&p);
    }
  }
}

static int refuse_trailers(weir_exchange *ex, weir_head *head, void *user) {
  (void)ex, (void)head, (void)user;
  return 500;
}

static void nothing_is_put_behind_what_is_unfinished(void) {
  static const char *const bodies[] = {"data: 1\n\n", "data: 1\n\ndata: 2"};
  for (int i = 0; i < 2; i++) {
    play p;
    init_filter(&p);
    p.options.error_event = "data: error";
    p.f.hooks.on_trailers = refuse_trailers;
    play_start(&p, GET);
    play_say(&p, bodies[i]);
    peer_say(p.origin, "0\r\nA: b\r\n\r\n");
    if (i)
      CHECK_CUT(&p, "data: 1\n\ndata: 2");
    else
      CHECK_WHOLE(&p, "data: 1\n\ndata: error\n\n");
    CHECK_END(&p.f, WEIR_END_REFUSED);
    CHECK_INT(only_end(&p.f)->stats.in_band, !i);
    play_end(&p);
  }
}

/* ---- what a filter cannot see ---- */

static void an_oversized_event_ends_a_filtered_stream(void) {
  static const char big[] = "data: 0123456789012345678901234567890123456789\n\n";
  for (size_t cut = 0; cut < sizeof big - 1; cut++) {
    CHECK_CASE("cut at %zu", cut);
    play p;
    init_filter(&p);
    p.options.event_bytes = 32;
    play_start(&p, GET);
    play_say(&p, "data: 1\n\n");
    play_send(&p, big, cut);
    if (!p.f.end_count) play_say(&p, big + cut);
    CHECK_CUT(&p, "data: 1\n\n");
    CHECK_END(&p.f, WEIR_END_MALFORMED);
    CHECK_INT(only_end(&p.f)->stats.error, WEIR_EEVENTSIZE);
    CHECK_INT(p.lost, 0);
    play_end(&p);
  }
}

static void a_compressed_stream_is_a_502(void) {
  play p;
  init_filter(&p);
  p.fields = "Content-Encoding: gzip\r\n";
  play_start(&p, GET);
  RUN_UNTIL(&p.f, got_message(p.client));
  CHECK_INT(take(p.client)->status, 502);
  CHECK_END(&p.f, WEIR_END_MALFORMED);
  CHECK_INT(only_end(&p.f)->stats.error, WEIR_ECODED);
  play_end(&p);
}

static void a_response_with_a_length_becomes_chunked(void) {
  play p;
  init_filter(&p);
  p.framing = SIZED, p.length = 18;
  p.judge = obey;
  play_start(&p, GET);
  play_say(&p, "data: D\n\ndata: >\n\n");
  RUN_UNTIL(&p.f, got_message(p.client));
  const message *m = take(p.client);
  CHECK(m->chunked && !m->sized && m->whole);
  CHECK_STR(m->body, "data: >\n\ndata: behind\n\n");
  CHECK_END(&p.f, WEIR_END_COMPLETE);
  play_end(&p);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(each_event_leaves_the_moment_it_is_complete);
  TEST(complete_events_of_one_read_leave_in_one_write);
  TEST(a_block_cut_anywhere_arrives_whole);
  TEST(a_block_of_many_chunks_arrives_whole_in_one);
  TEST(hundreds_of_events_of_one_read_leave_in_order);
  TEST(on_event_says_what_leaves);
  TEST(a_client_of_http_1_0_gets_the_same);
  TEST(what_cannot_be_an_event_is_not_put_in);
  TEST(lines_of_json_are_filtered_too);
  TEST(what_is_unfinished_at_the_end_is_shown_and_passes);
  TEST(nothing_is_put_behind_what_is_unfinished);
  TEST(an_oversized_event_ends_a_filtered_stream);
  TEST(a_compressed_stream_is_a_502);
  TEST(a_response_with_a_length_becomes_chunked);
  return check_end();
}
