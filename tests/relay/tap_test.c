/* A tap sees events and changes nothing: not a byte, not a write, not a moment. */
#include "support/play.h"

#include <stdio.h>
#include <stdlib.h>

static const char stream[] =
    ": hello\n\nid: 1\ndata: one\n\nevent: two\r\ndata: a\r\ndata: b\r\n\r\n"
    "retry: 10\n\ndata: \xe2\x82\xac\n\ndata: three\r\rdata: last\n\n";
static const char stream_seen[] = "[message|one][two|a\nb][message|\xe2\x82\xac][message|three]"
                                  "[message|last]";

/* ---- nothing is changed ---- */

typedef struct trace {
  char bytes[65536];
  size_t len;
  unsigned writes;
} trace;

/* The body in reads of so many bytes, each in chunks of so many. */
static void send_read(play *p, const char *bytes, size_t len, size_t chunk) {
  char read[65536];
  size_t at = 0;
  for (size_t done = 0; done < len; done += chunk) {
    size_t n = len - done < chunk ? len - done : chunk;
    if (p->framing == CHUNKED) at += (size_t)snprintf(read + at, 32, "%zx\r\n", n);
    memcpy(read + at, bytes + done, n), at += n;
    if (p->framing == CHUNKED) memcpy(read + at, "\r\n", 2), at += 2;
  }
  peer_send(p->origin, read, at);
  settle(&p->f);
}

static void record(play *p, trace *t, const char *body, size_t reads, size_t chunk) {
  size_t len = strlen(body);
  play_start(p, GET);
  spy_on_client(&p->f);
  for (size_t at = 0; at < len; at += reads)
    send_read(p, body + at, len - at < reads ? len - at : reads, chunk);
  t->writes = p->f.spy.writes;
  play_finish(p);
  play_await_end(p);
  *t = (trace){.len = p->client->got_len, .writes = t->writes};
  if (CHECK(t->len <= sizeof t->bytes)) memcpy(t->bytes, p->client->got, t->len);
}

static void run(trace *t, enum weir_event_mode mode, uint64_t budget, enum framing framing,
                const char *body, size_t reads, size_t chunk, const char *seen) {
  play p;
  play_init(&p);
  p.options.mode = mode;
  p.options.max_events = budget;
  p.framing = framing, p.length = strlen(body);
  record(&p, t, body, reads, chunk);
  if (seen) CHECK_STR(p.seen, mode == WEIR_EVENTS_OFF ? "" : seen);
  CHECK_END(&p.f, framing == CLOSED ? WEIR_END_UNMARKED : WEIR_END_COMPLETE);
  play_end(&p);
}

static void compare(enum framing framing, const char *body, size_t reads, size_t chunk,
                    const char *seen) {
  static trace off, tap, path;
  CHECK_CASE("%s, reads of %zu in chunks of %zu", framing_names[framing], reads, chunk);
  run(&off, WEIR_EVENTS_OFF, 0, framing, body, reads, chunk, seen);
  run(&tap, WEIR_EVENTS_TAP, 0, framing, body, reads, chunk, seen);
  CHECK_MEM(tap.bytes, tap.len, off.bytes, off.len);
  CHECK_INT(tap.writes, off.writes);
  if (framing == SIZED) return; /* who may put something in promises no length */
  run(&path, WEIR_EVENTS_TAP, 1000000, framing, body, reads, chunk, seen);
  CHECK_MEM(path.bytes, path.len, off.bytes, off.len);
  CHECK_INT(path.writes, off.writes);
}

static void a_tap_changes_no_byte_and_no_write(void) {
  static const size_t sizes[] = {1, 2, 3, 7, 16, 50, 1000};
  for (int framing = 0; framing < FRAMINGS; framing++)
    for (size_t r = 0; r < sizeof sizes / sizeof *sizes; r++)
      for (size_t c = 0; c <= r; c++)
        if (framing == CHUNKED || c == r)
          compare((enum framing)framing, stream, sizes[r], sizes[c], stream_seen);
}

/* More chunks in a read than a batch has room for, and than a tap remembers. */
static void a_tap_changes_nothing_of_a_read_of_a_thousand_chunks(void) {
  enum { EVENTS = 250 };
  char body[EVENTS * 10 + 1] = "";
  for (size_t i = 0; i < EVENTS; i++) snprintf(body + 10 * i, 11, "data: %02zu\n\n", i % 100);
  for (size_t chunk = 1; chunk < 13; chunk++) compare(CHUNKED, body, sizeof body, chunk, NULL);
}

/* ---- events are seen ---- */

static int see_it_arrived(play *p, weir_exchange *ex, const weir_sse_event *event) {
  (void)ex;
  peer_read_now(p->client);
  const char *end = p->client->got + p->client->got_len;
  p->count++;
  CHECK(memmem(p->client->got, (size_t)(end - p->client->got), event->raw, event->raw_len));
  return 0;
}

static void each_event_is_seen_behind_its_write_also_in_front_of_the_end(void) {
  for (int last = 0; last < 2; last++) {
    CHECK_CASE("end in the same read: %d", last);
    play p;
    play_init(&p);
    p.judge = see_it_arrived;
    play_start(&p, GET);
    play_say(&p, "data: 1\n\n");
    peer_say(p.origin, last ? "12\r\ndata: 2\n\ndata: 3\n\n\r\n0\r\n\r\n"
                            : "12\r\ndata: 2\n\ndata: 3\n\n\r\n");
    settle(&p.f);
    CHECK_INT(p.count, 3);
    CHECK_STR(p.seen, "[message|1][message|2][message|3]");
    if (!last) play_finish(&p);
    play_await_end(&p);
    CHECK_INT(only_end(&p.f)->stats.events, 3);
    play_end(&p);
  }
}

/* More of them than a batch has room for, which leaves in between. */
static void so_is_each_of_many_events_of_one_read(void) {
  enum { EVENTS = 150, ROOM = 20 };
  char read[EVENTS * ROOM] = "";
  for (size_t i = 0; i < EVENTS; i++)
    snprintf(read + strlen(read), ROOM + 1, "b\r\ndata: %03zu\n\n\r\n", i);
  play p;
  play_init(&p);
  p.judge = see_it_arrived;
  play_start(&p, GET);
  peer_say(p.origin, read);
  settle(&p.f);
  CHECK_INT(p.count, EVENTS);
  play_end(&p);
}

static void what_is_unfinished_is_no_event_of_a_tap(void) {
  static const struct {
    const char *media, *body, *seen;
  } cases[] = {
      {"text/event-stream", "data: 1\n\ndata: 2\n", "[message|1]"},
      {"text/event-stream", "data: 1\r\n\r\ndata: 2\r\n\r", "[message|1][message|2]"},
      {"application/jsonl", "{\"a\":1}\n{\"b\":2}", "[message|{\"a\":1}][message|{\"b\":2}~]"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("%s", cases[i].body);
    play p;
    play_init(&p);
    p.media = cases[i].media;
    play_start(&p, GET);
    play_say(&p, cases[i].body);
    play_finish(&p);
    CHECK_STR(p.seen, cases[i].seen);
    CHECK_WHOLE(&p, cases[i].body);
    play_end(&p);
  }
}

/* ---- events are lost ---- */

static void a_compressed_stream_is_told_lost_and_passes(void) {
  static const struct {
    const char *fields;
    bool lost;
  } cases[] = {{"Content-Encoding: gzip\r\n", true},
               {"Content-Encoding: br\r\n", true},
               {"Content-Encoding: Identity\r\n", false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("%s", cases[i].fields);
    play p;
    play_init(&p);
    p.fields = cases[i].fields;
    play_start(&p, GET);
    CHECK_INT(p.lost, cases[i].lost ? WEIR_ECODED : 0);
    play_say(&p, "data: 1\n\n");
    play_finish(&p);
    CHECK_WHOLE(&p, "data: 1\n\n");
    CHECK_STR(p.seen, cases[i].lost ? "" : "[message|1]");
    CHECK_END(&p.f, WEIR_END_COMPLETE);
    play_end(&p);
  }
}

/* Also where a budget has put the tap in the path. */
static void an_oversized_event_ends_the_tap_and_not_the_stream(void) {
  static const char big[] = "data: 0123456789012345678901234567890123456789\n\n";
  for (int budget = 0; budget < 2; budget++) {
    for (size_t cut = 0; cut < sizeof big - 1; cut++) {
      CHECK_CASE("budget %d, cut at %zu", budget, cut);
      char want[256];
      play p;
      play_init(&p);
      p.options.event_bytes = 32;
      p.options.max_events = budget ? 100 : 0;
      play_start(&p, GET);
      play_say(&p, "data: 1\n\n");
      play_send(&p, big, cut);
      play_say(&p, big + cut);
      play_say(&p, "data: 2\n\n");
      play_finish(&p);
      snprintf(want, sizeof want, "data: 1\n\n%sdata: 2\n\n", big);
      CHECK_WHOLE(&p, want);
      CHECK_STR(p.seen, "[message|1]");
      CHECK_INT(p.lost, WEIR_EEVENTSIZE);
      CHECK_END(&p.f, WEIR_END_COMPLETE);
      play_end(&p);
    }
  }
}

/* ---- hooks that end it ---- */

static int abort_it(play *p, weir_exchange *ex, const weir_sse_event *event) {
  (void)event;
  if (++p->at < 2) return 0;
  if (p->count) close_relay(&p->f);
  weir_exchange_abort(ex);
  return p->verdict;
}

static void a_hook_may_abort_or_close_the_relay(void) {
  static const int verdicts[] = {0, WEIR_EVENT_CUT, WEIR_EVENT_DROP, 404, -1};
  static const enum weir_event_mode modes[] = {WEIR_EVENTS_TAP, WEIR_EVENTS_FILTER};
  for (size_t v = 0; v < 5; v++) {
    for (size_t m = 0; m < 4; m++) {
      CHECK_CASE("verdict %d, mode %d, close %d", verdicts[v], modes[m / 2], (int)m % 2);
      play p;
      play_init(&p);
      p.judge = abort_it, p.verdict = verdicts[v], p.count = m % 2;
      p.options.mode = modes[m / 2];
      p.options.error_event = p.options.cut_event = "event";
      play_start(&p, GET);
      play_say(&p, "data: 1\n\ndata: 2\n\ndata: 3\n\n");
      CHECK_END(&p.f, m % 2 ? WEIR_END_DRAINED : WEIR_END_CUT);
      CHECK_INT(only_end(&p.f)->stats.in_band, 0);
      CHECK_STR(p.seen, "[message|1][message|2]");
      RUN_UNTIL(&p.f, is_over(p.client));
      CHECK(!take(p.client)->whole);
      play_end(&p);
    }
  }
}

static void abort_lost(weir_exchange *ex, int why, void *user) {
  play *p = weir__container_of((fixture *)user, play, f);
  p->lost = why;
  if (p->count) close_relay(&p->f);
  weir_exchange_abort(ex);
}

static void on_events_lost_may_abort_or_close_the_relay(void) {
  for (int i = 0; i < 8; i++) {
    bool coded = i & 1, budget = i & 2;
    CHECK_CASE("coded %d, budget %d, close %d", coded, budget, i & 4);
    play p;
    play_init(&p);
    p.f.hooks.on_events_lost = abort_lost, p.count = i & 4;
    p.options.event_bytes = 8;
    p.options.max_bytes = budget ? 1000 : 0;
    if (coded) p.fields = "Content-Encoding: gzip\r\n";
    play_start(&p, GET);
    if (!coded) play_say(&p, "data: 12345678901234567890\n\n");
    CHECK_END(&p.f, i & 4 ? WEIR_END_DRAINED : WEIR_END_CUT);
    CHECK_INT(p.lost, coded ? WEIR_ECODED : WEIR_EEVENTSIZE);
    play_end(&p);
  }
}

/* ---- a read that was given up ---- */

static int refuse_second(weir_exchange *ex, const char *data, size_t len, void *user) {
  (void)ex, (void)user;
  return memmem(data, len, "two", 3) ? 403 : 0;
}

static void a_read_that_was_given_up_is_not_seen_by_the_next_stream(void) {
  play p;
  play_init(&p);
  p.f.hooks.on_body = refuse_second;
  play_start(&p, GET);
  peer_say(p.origin, "b\r\ndata: one\n\n\r\nb\r\ndata: two\n\n\r\n");
  RUN_UNTIL(&p.f, p.f.end_count == 1);
  peer *other = ask(&p.f, GET), *origin = asked(&p.f, 1);
  peer_say(origin, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                   "Transfer-Encoding: chunked\r\n\r\nd\r\ndata: three\n\n\r\n0\r\n\r\n");
  RUN_UNTIL(&p.f, got_message(other));
  CHECK_STR(p.seen, "[message|three]");
  CHECK_ANSWER(other, 200, "data: three\n\n");
  play_end(&p);
}

/* ---- what is a stream, and who looks ---- */

static void check_seen(const char *media, const char *body, const char *seen) {
  CHECK_CASE("%s", media);
  play p;
  play_init(&p);
  p.media = media;
  play_start(&p, GET);
  play_say(&p, body);
  play_finish(&p);
  CHECK_WHOLE(&p, body);
  CHECK_STR(p.seen, seen);
  play_end(&p);
}

static void media_types_say_what_a_stream_is(void) {
  static const char *const streams[] = {"text/event-stream", "Text/Event-Stream",
                                        "text/event-stream;charset=utf-8",
                                        "text/event-stream ; x=\"y\""};
  static const char *const lines[] = {"application/x-ndjson", "application/jsonl",
                                      "APPLICATION/JSONL; charset=utf-8", "Application/X-NDJSON;x"};
  static const char *const none[] = {"text/plain",           "text/event-streams",
                                     "text/event",           "application/json",
                                     "application/ndjson",   "x",
                                     "application/json-seq", "text/event-stream, text/plain"};
  for (size_t i = 0; i < 4; i++) check_seen(streams[i], "data: {}\n\n", "[message|{}]");
  for (size_t i = 0; i < 4; i++) check_seen(lines[i], "{}\n\n", "[message|{}]");
  for (size_t i = 0; i < 8; i++) check_seen(none[i], "data: {}\n\n", "");
}

/* A feature that needs boundaries wakes the parser; so does the hook; so does the mode. */
static void without_hook_and_feature_nobody_looks(void) {
  for (int i = 0; i < 6; i++) {
    CHECK_CASE("%d", i);
    play p;
    play_init(&p);
    if (i != 1) p.f.hooks.on_event = NULL;
    if (i == 2) p.options.mode = WEIR_EVENTS_TAP;
    if (i == 3) p.options.max_events = 9;
    if (i == 4) p.options.mode = WEIR_EVENTS_FILTER;
    if (i == 5) p.options.mode = WEIR_EVENTS_OFF, p.options.max_events = 1;
    play_start(&p, GET);
    const weir__events *ev = last_exchange(&p.f)->events;
    CHECK_INT(ev && ev->parser, i >= 1 && i <= 4);
    CHECK_INT(ev && ev->filter, i == 4);
    play_say(&p, "data: 1\n\n");
    play_finish(&p);
    CHECK_WHOLE(&p, "data: 1\n\n");
    CHECK_INT(only_end(&p.f)->stats.events, i >= 1 && i <= 4);
    play_end(&p);
  }
}

/* ---- what a host may ask for, and when ---- */

static weir_event_options one_event(void) {
  return (weir_event_options){WEIR_EVENT_OPTIONS_INIT, .max_events = 1, .cut_event = "data: cut"};
}

static int set_in_request(weir_exchange *ex, weir_head *head, void *user) {
  weir_event_options o = one_event(), bad = {WEIR_EVENT_OPTIONS_INIT, .cut_event = "nonsense"};
  (void)head, (void)user;
  CHECK_INT(weir_exchange_set_events(ex, NULL), WEIR_EINVAL);
  CHECK_INT(weir_exchange_set_events(ex, &o), 0);
  CHECK_INT(weir_exchange_set_events(ex, &bad), WEIR_EEVENTS); /* the old ones hold */
  CHECK_INT(weir_exchange_spend(ex, 1), WEIR_ESTATE);
  return 0;
}

static int set_in_response(weir_exchange *ex, weir_head *head, void *user) {
  weir_event_options none = {WEIR_EVENT_OPTIONS_INIT, .mode = WEIR_EVENTS_OFF}, o = one_event();
  (void)head, (void)user;
  CHECK_INT(weir_exchange_set_events(ex, &none), 0);
  CHECK_INT(weir_exchange_set_events(ex, &o), 0); /* the last one holds */
  return 0;
}

static void a_host_may_set_events_for_one_exchange(void) {
  for (int i = 0; i < 2; i++) {
    CHECK_CASE("%d", i);
    play p;
    play_init(&p);
    if (i)
      p.f.hooks.on_response = set_in_response;
    else
      p.f.hooks.on_request = set_in_request;
    play_start(&p, GET);
    play_say(&p, "data: 1\n\ndata: 2\n\n");
    CHECK_WHOLE(&p, "data: 1\n\ndata: cut\n\n");
    CHECK_END(&p.f, WEIR_END_CUT);
    play_end(&p);
  }
}

static void what_is_no_stream_forgets_what_was_set(void) {
  play p;
  play_init(&p);
  p.f.hooks.on_request = set_in_request;
  p.media = "text/plain";
  play_start(&p, GET);
  CHECK_INT(weir_exchange_spend(last_exchange(&p.f), 1), WEIR_ESTATE);
  play_say(&p, "data: 1\n\ndata: 2\n\n");
  play_finish(&p);
  CHECK_WHOLE(&p, "data: 1\n\ndata: 2\n\n");
  play_end(&p);
}

static int misuse(play *p, weir_exchange *ex, const weir_sse_event *event) {
  weir_event_options o = one_event();
  weir_sse_fields fields = {WEIR_SSE_FIELDS_INIT, .data = "x", .data_len = 1};
  (void)p, (void)event;
  CHECK_INT(weir_exchange_set_events(ex, &o), WEIR_ESTATE);
  CHECK_INT(weir_exchange_put_event(ex, &fields, WEIR_EVENT_BEFORE), WEIR_ESTATE);
  return WEIR_EVENT_DROP; /* a tap cannot */
}

static void a_tap_puts_nothing_in_and_drops_nothing(void) {
  for (int budget = 0; budget < 2; budget++) {
    CHECK_CASE("budget %d", budget);
    play p;
    play_init(&p);
    p.judge = misuse;
    p.options.max_events = budget ? 9 : 0;
    play_start(&p, GET);
    play_say(&p, "data: 1\n\n");
    weir_sse_fields fields = {WEIR_SSE_FIELDS_INIT, .data = "x", .data_len = 1};
    CHECK_INT(weir_exchange_put_event(last_exchange(&p.f), &fields, WEIR_EVENT_BEFORE),
              WEIR_ESTATE);
    play_finish(&p);
    CHECK_WHOLE(&p, "data: 1\n\n");
    CHECK_INT(only_end(&p.f)->stats.dropped, 0);
    play_end(&p);
  }
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_tap_changes_no_byte_and_no_write);
  TEST(a_tap_changes_nothing_of_a_read_of_a_thousand_chunks);
  TEST(each_event_is_seen_behind_its_write_also_in_front_of_the_end);
  TEST(so_is_each_of_many_events_of_one_read);
  TEST(what_is_unfinished_is_no_event_of_a_tap);
  TEST(a_compressed_stream_is_told_lost_and_passes);
  TEST(an_oversized_event_ends_the_tap_and_not_the_stream);
  TEST(a_hook_may_abort_or_close_the_relay);
  TEST(on_events_lost_may_abort_or_close_the_relay);
  TEST(a_read_that_was_given_up_is_not_seen_by_the_next_stream);
  TEST(media_types_say_what_a_stream_is);
  TEST(without_hook_and_feature_nobody_looks);
  TEST(a_host_may_set_events_for_one_exchange);
  TEST(what_is_no_stream_forgets_what_was_set);
  TEST(a_tap_puts_nothing_in_and_drops_nothing);
  return check_end();
}
