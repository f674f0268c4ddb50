/* Signs of life: where they stand in a stream, when, and before there is one. */
#include <stdio.h>
#include <stdlib.h>

#include "support/fixture.h"

enum { BEAT = 1000, ROOM = 4096, KIB = 1024 };

#define SSE "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
#define SSE_CHUNKED SSE "Transfer-Encoding: chunked\r\n\r\n"
#define ASK_SSE "GET / HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n"
#define ASK_OLD "GET / HTTP/1.0\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n"
#define CHUNK "9\r\ndata: 1\n\n\r\n"
#define LAST "0\r\n\r\n"

static void start(fixture *f, const weir_event_options *o) {
  f->options.events = o;
  fixture_start(f);
}

static void open_with(fixture *f, const weir_event_options *o) {
  fixture_init(f);
  start(f, o);
}

static uint64_t now(const fixture *f) { return weir__clock_now(&f->relay->clock); }

/* ---- a gap at every byte ---- */

static const struct stream {
  const char *name, *text;
  bool lines;
} streams[] = {
    {"chat completions",
     "data: {\"id\":\"c1\",\"choices\":[{\"delta\":{\"content\":\"He\"}}]}\n\n"
     "data: {\"id\":\"c1\",\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
     "data: [DONE]\n\n"},
    {"responses", "event: response.created\ndata: {\"type\":\"response.created\"}\n\n"
                  "event: response.output_text.delta\n"
                  "data: {\"type\":\"response.output_text.delta\",\"delta\":\"Hi\"}\n\n"
                  "event: response.completed\ndata: {\"type\":\"response.completed\"}\n\n"},
    {"messages", "event: message_start\ndata: {\"type\":\"message_start\"}\n\n"
                 "event: ping\ndata: {\"type\": \"ping\"}\n\n"
                 "event: content_block_delta\ndata: {\"delta\":{\"text\":\"H\xc3\xa9\"}}\n\n"
                 "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"},
    {"alt=sse", "data: {\"candidates\": [{\"content\": {\"role\": \"model\"}}]}\r\n\r\n"
                "data: {\"usageMetadata\": {\"totalTokenCount\": 9}}\r\n\r\n"},
    {"a server of a model at home", ": hello\n\ndata: {\"content\":\"a\",\"stop\":false}\n\n"
                                    "id: 7\nretry: 10\n\n"
                                    "data: {\"content\":\"\",\ndata: \"stop\":true}\n\n"},
    {"lines of JSON", "{\"response\":\"a\",\"done\":false}\n{\"response\":\"\",\"done\":true}\n",
     true},
    {"unfinished", "data: whole\n\ndata: half\n"},
};
enum { STREAMS = sizeof streams / sizeof *streams };

enum framing { CHUNKED, SIZED, CLOSED, OLD_CLIENT, FRAMINGS };

/* A blank line has just ended, or a line of JSON. */
static bool is_boundary(const struct stream *s, size_t at) {
  const char *t = s->text;
  if (at == 0) return true;
  if (t[at - 1] != '\n') return false;
  return s->lines || (at > 1 && t[at - 2] == '\n') ||
         (at > 2 && t[at - 2] == '\r' && t[at - 3] == '\n');
}

static void say_piece(peer *origin, enum framing framing, const char *head, const char *text,
                      size_t len) {
  char out[2 * ROOM];
  if (!len || framing == SIZED || framing == CLOSED)
    snprintf(out, sizeof out, "%s%.*s", head, (int)len, text);
  else
    snprintf(out, sizeof out, "%s%zx\r\n%.*s\r\n", head, len, (int)len, text);
  peer_say(origin, out);
}

static void print_head(char head[ROOM], const struct stream *s, enum framing framing) {
  char length[64];
  snprintf(length, sizeof length, "Content-Length: %zu\r\n", strlen(s->text));
  snprintf(head, ROOM, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%s\r\n",
           s->lines ? "application/x-ndjson" : "text/event-stream; charset=utf-8",
           framing == SIZED    ? length
           : framing == CLOSED ? ""
                               : "Transfer-Encoding: chunked\r\n");
}

static void end_body(peer *origin, enum framing framing) {
  if (framing == CLOSED)
    peer_fin(origin);
  else if (framing != SIZED)
    peer_say(origin, LAST);
}

static bool has_all(const peer *client, enum framing framing) {
  return framing == OLD_CLIENT ? is_over(client) : got_message(client);
}

static bool has_passed(const fixture *f, size_t len) {
  const weir_exchange *ex = last_exchange(f);
  return ex && ex->head_sent && ex->stats.response_bytes >= len;
}

/* Three heartbeats long. In a filter what is unfinished has not left. */
static void check_gap(fixture *f, peer *client, const struct stream *s, enum framing framing,
                      const char *beat, size_t at, bool filter) {
  char head[ROOM], want[ROOM];
  size_t len = strlen(s->text), left = at, ends = f->end_count;
  peer *origin = asked(f, f->origin.count - 1);
  forget(origin);
  print_head(head, s, framing);
  say_piece(origin, framing, head, s->text, at);
  while (filter && !is_boundary(s, left)) left--;
  RUN_UNTIL(f, f->end_count > ends || has_passed(f, left));
  settle(f);
  pass(f, 3 * BEAT);
  bool beats = at < len || framing != SIZED; /* else it is over */
  if (!beats || !is_boundary(s, left)) beat = "";
  snprintf(want, sizeof want, "%.*s%s%s%s%s", (int)left, s->text, beat, beat, beat, s->text + left);
  say_piece(origin, framing, "", s->text + at, len - at);
  end_body(origin, framing);
  RUN_UNTIL(f, has_all(client, framing));
  const message *m = take(client);
  CHECK_MEM(m->body, m->body_len, want, strlen(want));
  CHECK_INT(f->ends[f->end_count - 1].stats.heartbeats, *beat ? 3 : 0);
}

static bool needs_new_origin(enum framing framing) { return framing == CLOSED; }

static void check_gaps(const struct stream *s, enum framing framing, weir_event_options o) {
  const char *beat = s->lines ? "\n" : o.heartbeat ? o.heartbeat : ":\n";
  bool filter = o.mode == WEIR_EVENTS_FILTER;
  fixture f;
  peer *client = NULL;
  o.heartbeat_ms = BEAT;
  open_with(&f, &o);
  for (size_t at = 0; at <= strlen(s->text); at++) {
    CHECK_CASE("%s, framing %d, mode %d, behind byte %zu", s->name, framing, o.mode, at);
    size_t origins = f.origin.count;
    if (!client || framing == OLD_CLIENT)
      client = ask(&f, framing == OLD_CLIENT ? ASK_OLD : ASK_SSE);
    else
      peer_say(client, ASK_SSE);
    if (needs_new_origin(framing) || !origins) RUN_UNTIL(&f, f.origin.count > origins);
    check_gap(&f, client, s, framing, beat, at, filter);
  }
  fixture_end(&f);
}

static void output_without_heartbeats_is_input_whatever_the_gap(void) {
  for (size_t i = 0; i < STREAMS; i++)
    check_gaps(&streams[i], CHUNKED, (weir_event_options){WEIR_EVENT_OPTIONS_INIT});
}

static void a_tap_with_a_budget_beats_at_the_same_places(void) {
  for (size_t i = 0; i < STREAMS; i++)
    check_gaps(&streams[i], CHUNKED,
               (weir_event_options){WEIR_EVENT_OPTIONS_INIT, .max_events = 1000});
}

static void a_filter_beats_between_what_it_has_sent(void) {
  for (size_t i = 0; i < STREAMS - 1; i++)
    check_gaps(&streams[i], CHUNKED,
               (weir_event_options){WEIR_EVENT_OPTIONS_INIT, .mode = WEIR_EVENTS_FILTER});
}

static void no_framing_stands_in_the_way(void) {
  for (enum framing framing = SIZED; framing < FRAMINGS; framing++)
    check_gaps(&streams[3], framing, (weir_event_options){WEIR_EVENT_OPTIONS_INIT});
}

static void a_heartbeat_has_the_shape_that_is_wanted(void) {
  static const char *const shapes[] = {":\n", ": ping\n\n", "event: ping\ndata: {}\n\n",
                                       ":a\n:b\n"};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
    check_gaps(&streams[4], CHUNKED,
               (weir_event_options){WEIR_EVENT_OPTIONS_INIT, .heartbeat = shapes[i]});
}

/* ---- when ---- */

static const weir_event_options every_second = {WEIR_EVENT_OPTIONS_INIT, .heartbeat_ms = BEAT};

static uint64_t beats_of(const fixture *f) { return last_exchange(f)->events->heartbeats; }

static void one_comes_to_the_millisecond_behind_the_last_byte(void) {
  fixture f;
  open_with(&f, &every_second);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, SSE_CHUNKED);
  RUN_UNTIL(&f, got(client, "\r\n\r\n"));
  pass(&f, 700);
  uint64_t from = now(&f);
  peer_say(origin, CHUNK);
  RUN_UNTIL(&f, got(client, "data: 1\n\n"));
  uint64_t to = now(&f);
  pass(&f, from + BEAT - 1 - now(&f));
  CHECK_INT(beats_of(&f), 0);
  pass(&f, to + BEAT - now(&f));
  CHECK_INT(beats_of(&f), 1);
  uint64_t beaten = now(&f); /* at the latest; the clock of the machine goes on meanwhile */
  pass(&f, from + 2 * BEAT - 1 - now(&f));
  CHECK_INT(beats_of(&f), 1);
  pass(&f, beaten + BEAT - now(&f));
  CHECK_INT(beats_of(&f), 2);
  RUN_UNTIL(&f, got(client, "2\r\n:\n\r\n2\r\n:\n\r\n"));
  fixture_end(&f);
}

static void the_origin_is_silent_all_the_same(void) {
  fixture f;
  fixture_init(&f);
  f.options.gap_ms = 3 * BEAT + 500;
  start(&f, &every_second);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  uint64_t from = now(&f);
  peer_say(origin, SSE_CHUNKED CHUNK);
  RUN_UNTIL(&f, got(client, "data: 1\n\n"));
  uint64_t to = now(&f);
  pass(&f, from + f.options.gap_ms - 1 - now(&f));
  CHECK_INT(f.end_count, 0);
  CHECK_INT(beats_of(&f), 3);
  pass(&f, to + f.options.gap_ms - now(&f));
  CHECK_END(&f, WEIR_END_TIMEOUT);
  CHECK_INT(only_end(&f)->stats.timer, WEIR_TIMER_GAP);
  CHECK_INT(only_end(&f)->stats.heartbeats, 3);
  CHECK_INT(only_end(&f)->stats.response_bytes, 9 + 3 * 2);
  fixture_end(&f);
}

static char *long_stream(size_t len) {
  char *text = calloc(1, len + 64);
  if (!text) abort();
  size_t at = (size_t)sprintf(text, "%s", SSE "\r\n");
  for (; at + 10 < len; at += 9) memcpy(text + at, "data: 1\n\n", 9);
  return text;
}

static void none_comes_while_something_waits_for_the_client(void) {
  char *text = long_stream(200 * KIB);
  fixture f;
  open_with(&f, &every_second);
  peer *client = client_open_narrow(&f);
  peer_say(client, GET);
  peer *origin = asked(&f, 0);
  peer_say(origin, text);
  RUN_UNTIL(&f, last_exchange(&f)->stats.response_bytes >= strlen(text) - strlen(SSE "\r\n"));
  settle(&f);
  CHECK(weir__downstream_pending(last_down(&f)) > 0);
  pass(&f, 5 * BEAT + BEAT / 2);
  CHECK_INT(beats_of(&f), 0);
  uint64_t from = now(&f);
  peer_go(client);
  RUN_UNTIL(&f, weir__downstream_pending(last_down(&f)) == 0);
  settle(&f);
  pass(&f, from + BEAT - 1 - now(&f)); /* what it has just taken is a sign of life as well */
  CHECK_INT(beats_of(&f), 0);
  pass(&f, BEAT);
  CHECK_INT(beats_of(&f), 1);
  free(text);
  fixture_end(&f);
}

static void none_comes_where_no_events_are(void) {
  static const char *const heads[] = {
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nhello",
      "HTTP/1.1 404 Not Found\r\nContent-Type: text/event-stream\r\n\r\nhello",
      SSE "Content-Encoding: gzip\r\n\r\nhello",
  };
  for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
    CHECK_CASE("%s", heads[i]);
    fixture f;
    open_with(&f, &every_second);
    peer *client = ask(&f, GET), *origin = asked(&f, 0);
    peer_say(origin, heads[i]);
    RUN_UNTIL(&f, got(client, "hello"));
    pass(&f, 10 * BEAT);
    peer_fin(origin);
    RUN_UNTIL(&f, got_message(client));
    CHECK_STR(take(client)->body, "hello");
    CHECK_INT(only_end(&f)->stats.heartbeats, 0);
    fixture_end(&f);
  }
}

static void none_comes_when_events_were_lost(void) {
  weir_event_options o = every_second;
  fixture f;
  o.event_bytes = 16;
  open_with(&f, &o);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, SSE "\r\ndata: 456789012345678\n\n");
  RUN_UNTIL(&f, got(client, "\n\n"));
  pass(&f, 10 * BEAT);
  CHECK_INT(beats_of(&f), 0);
  fixture_end(&f);
}

/* ---- a byte order mark ---- */

#define MARK "\xef\xbb\xbf"

/* Cut behind each byte whose bit is set. */
static void say_cut(fixture *f, peer *origin, const char *text, unsigned cuts) {
  size_t len = strlen(text), from = 0;
  for (size_t i = 1; i <= len; i++) {
    if (i < len && !(i <= 5 && cuts >> (i - 1) & 1)) continue;
    say_piece(origin, CHUNKED, "", text + from, i - from);
    from = i;
    settle(f);
  }
}

static void check_mark(const char *text, const char *want, bool beats, unsigned cuts,
                       enum weir_event_mode mode) {
  char all[64];
  weir_event_options o = every_second;
  fixture f;
  o.mode = mode;
  open_with(&f, &o);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, SSE_CHUNKED);
  RUN_UNTIL(&f, got(client, "\r\n\r\n"));
  if (beats) pass(&f, BEAT);
  say_cut(&f, origin, text, cuts);
  peer_say(origin, LAST);
  RUN_UNTIL(&f, got_message(client));
  snprintf(all, sizeof all, "%s%s", beats ? ":\n" : "", want);
  CHECK_STR(take(client)->body, all);
  CHECK_END(&f, WEIR_END_COMPLETE);
  fixture_end(&f);
}

static void a_mark_stays_at_the_beginning_or_goes(void) {
  static const struct {
    const char *text, *behind_a_beat;
  } cases[] = {
      {MARK "data: 1\n\n", "data: 1\n\n"},
      {MARK MARK "data: 1\n\n", MARK "data: 1\n\n"},
      {"\xef\xbb"
       "data: 1\n\n",
       "\xef\xbb"
       "data: 1\n\n"},
      {"\xef\xef\xbb\xbf:\n\n", "\xef\xef\xbb\xbf:\n\n"},
      {"data: 1\n\n" MARK "data: 2\n\n", "data: 1\n\n" MARK "data: 2\n\n"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (unsigned cuts = 0; cuts < 16; cuts++) {
      CHECK_CASE("case %zu, cuts %x", i, cuts);
      check_mark(cases[i].text, cases[i].text, false, cuts, WEIR_EVENTS_TAP);
      check_mark(cases[i].text, cases[i].behind_a_beat, true, cuts, WEIR_EVENTS_TAP);
      check_mark(cases[i].text, cases[i].behind_a_beat, true, cuts, WEIR_EVENTS_FILTER);
    }
  }
}

static void half_a_mark_that_is_all_there_is_passes(void) {
  check_mark("\xef\xbb", "\xef\xbb", true, 0, WEIR_EVENTS_TAP);
  check_mark("\xef\xbb", "\xef\xbb", true, 1, WEIR_EVENTS_TAP);
}

/* ---- before the head ---- */

static const weir_event_options early = {WEIR_EVENT_OPTIONS_INIT, .heartbeat_ms = BEAT,
                                         .heartbeat_early = 1};

static peer *origin_after_two_beats(fixture *f, peer *client) {
  peer *origin = asked(f, f->origin.count ? f->origin.count - 1 : 0);
  pass(f, 2 * BEAT);
  RUN_UNTIL(f, got(client, "2\r\n:\n\r\n2\r\n:\n\r\n"));
  return origin;
}

static void an_early_one_brings_a_head_of_ours(void) {
  fixture f;
  open_with(&f, &early);
  uint64_t from;
  peer *client = client_open(&f);
  from = now(&f);
  peer_say(client, ASK_SSE);
  peer *origin = asked(&f, 0);
  uint64_t to = now(&f);
  pass(&f, from + BEAT - 1 - now(&f));
  CHECK_INT(beats_of(&f), 0);
  pass(&f, to + BEAT - now(&f));
  CHECK_INT(beats_of(&f), 1);
  pass(&f, BEAT);
  RUN_UNTIL(&f, got(client, "2\r\n:\n\r\n2\r\n:\n\r\n"));
  peer_say(origin, SSE "X-Origin: 1\r\nContent-Length: 9\r\n\r\ndata: 1\n\n");
  RUN_UNTIL(&f, got_message(client));
  const message *m = take(client);
  CHECK(has_line(m, "Content-Type: text/event-stream") && has_line(m, "Cache-Control: no-cache"));
  CHECK(has_line(m, "X-Accel-Buffering: no"));
  CHECK_INT(count_fields(m, "Date"), 1);
  CHECK_INT(count_fields(m, "X-Origin") + count_fields(m, "Content-Length"), 0);
  CHECK_STR(m->body, ":\n:\ndata: 1\n\n");
  CHECK_END(&f, WEIR_END_COMPLETE);
  CHECK_INT(only_end(&f)->stats.heartbeats, 2);
  CHECK_INT(only_end(&f)->stats.status, 200);
  peer_say(client, ASK_SSE); /* the connection lives on */
  peer_say(asked(&f, f.origin.count - 1), "");
  fixture_end(&f);
}

/* What the origin does behind two early heartbeats, and how that ends. */
static const struct turn {
  const char *name, *says;
  enum { STAYS, LEAVES, RESETS } then;
  enum weir_end end;
  int error;
} turns[] = {
    {"another type", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok",
     STAYS, WEIR_END_REFUSED, WEIR_ENOSTREAM},
    {"lines of JSON",
     "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nContent-Length: 3\r\n\r\n{}\n",
     STAYS, WEIR_END_REFUSED, WEIR_ENOSTREAM},
    {"an error", "HTTP/1.1 500 Oops\r\nContent-Type: text/event-stream\r\n\r\n", STAYS,
     WEIR_END_REFUSED, WEIR_ENOSTREAM},
    {"a redirect", "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n", STAYS,
     WEIR_END_REFUSED, WEIR_ENOSTREAM},
    {"no content", "HTTP/1.1 204 No Content\r\n\r\n", STAYS, WEIR_END_REFUSED, WEIR_ENOSTREAM},
    {"compressed", SSE "Content-Encoding: br\r\n\r\n", STAYS, WEIR_END_REFUSED, WEIR_ECODED},
    {"no HTTP", "hello\r\n\r\n", STAYS, WEIR_END_MALFORMED, WEIR_EMESSAGE},
    {"half a head", "HTTP/1.1 200 O", LEAVES, WEIR_END_TRUNCATED, WEIR_ETRUNCATED},
    {"a reset", "", RESETS, WEIR_END_RESET, UV_ECONNRESET},
    {"half a stream", SSE_CHUNKED CHUNK, LEAVES, WEIR_END_TRUNCATED, WEIR_ETRUNCATED},
    {"a head and no more", SSE_CHUNKED, LEAVES, WEIR_END_TRUNCATED, WEIR_ETRUNCATED},
};

static void play_turn(const struct turn *t, const char *request, bool in_band) {
  weir_event_options o = early;
  fixture f;
  bool old = request != NULL && strcmp(request, ASK_OLD) == 0;
  if (in_band) o.error_event = "data: {reason}\n\n";
  open_with(&f, &o);
  peer *client = ask(&f, request), *origin = asked(&f, 0);
  pass(&f, 2 * BEAT);
  RUN_UNTIL(&f, got(client, ":\n"));
  peer_say(origin, t->says);
  if (t->then == LEAVES) settle(&f), peer_fin(origin);
  if (t->then == RESETS) settle(&f), peer_reset(origin);
  RUN_UNTIL(&f, f.end_count && (old || !in_band ? is_over(client) : got_message(client)));
  CHECK_END(&f, t->end);
  CHECK_INT(only_end(&f)->stats.error, t->error);
  CHECK_INT(only_end(&f)->stats.status, 200);
  CHECK_INT(only_end(&f)->stats.in_band, in_band);
  const message *m = take(client);
  char want[64];
  const char *body = strstr(t->says, CHUNK) ? "data: 1\n\n" : "";
  snprintf(want, sizeof want, ":\n:\n%s%s%s%s", body, in_band ? "data: " : "",
           in_band ? weir_end_name(t->end) : "", in_band ? "\n\n" : "");
  CHECK_STR(m->body, want);
  if (!old) CHECK_INT(m->whole, in_band);
  if (old) CHECK_INT(client->error ? 1 : 0, in_band ? 0 : 1);
  fixture_end(&f);
}

static void what_is_no_stream_ends_it_in_band_or_with_a_cut(void) {
  for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
    CHECK_CASE("%s", turns[i].name);
    bool lost = origin_is_secure() && (turns[i].then == RESETS || turns[i].then == LEAVES);
    play_turn(&turns[i], ASK_SSE, true);
    play_turn(&turns[i], ASK_SSE, false);
    if (!client_is_secure() && !lost) play_turn(&turns[i], ASK_OLD, true);
    if (!client_is_secure() && !lost) play_turn(&turns[i], ASK_OLD, false);
  }
}

static void an_origin_that_does_not_answer_ends_it_so_too(void) {
  weir_event_options o = early;
  fixture f;
  fixture_init(&f);
  o.error_event = "event";
  f.options.head_ms = 2 * BEAT + 500;
  start(&f, &o);
  peer *client = ask(&f, ASK_SSE);
  origin_after_two_beats(&f, client);
  pass(&f, BEAT);
  RUN_UNTIL(&f, got_message(client));
  CHECK(strstr(take(client)->body, "event: error\ndata: {\"reason\":\"timeout\"") != NULL);
  CHECK_END(&f, WEIR_END_TIMEOUT);
  CHECK_INT(only_end(&f)->stats.timer, WEIR_TIMER_HEAD);
  fixture_end(&f);
}

static void an_origin_that_cannot_be_reached_does_so_too(void) {
  black_hole hole;
  char url[URL_ROOM];
  weir_event_options o = early;
  fixture f;
  black_hole_open(&hole);
  fixture_init(&f);
  o.error_event = "data: {timer}\n\n";
  snprintf(url, sizeof url, "http://127.0.0.1:%d", hole.port);
  f.origin_options.url = url;
  start(&f, &o);
  peer *client = ask(&f, ASK_SSE);
  RUN_UNTIL(&f, last_down(&f) && last_exchange(&f));
  pass(&f, 5000);
  RUN_UNTIL(&f, got_message(client));
  CHECK_STR(take(client)->body, ":\n:\n:\n:\ndata: connect\n\n");
  CHECK_END(&f, WEIR_END_TIMEOUT);
  pass(&f, 600000); /* nothing fires any more */
  fixture_end(&f);
  black_hole_close(&hole);
}

/* The client has yet to take the last word; what was awaited of the origin is no matter any more. */
static void nothing_is_awaited_behind_the_last_word(void) {
  enum { LEN = 900 * KIB };
  char *text = calloc(1, LEN + 3);
  weir_event_options o = early;
  fixture f;
  memset(text, 'd', LEN), memcpy(text, "data:", 5), memcpy(text + LEN, "\n\n", 2);
  o.error_event = text;
  fixture_init(&f);
  f.options.head_ms = 5 * BEAT;
  start(&f, &o);
  peer *client = client_open_narrow(&f);
  peer_say(client, ASK_SSE);
  peer *origin = asked(&f, 0);
  pass(&f, BEAT);
  peer_say(origin, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  RUN_UNTIL(&f, last_exchange(&f)->response_done);
  settle(&f);
  CHECK(weir__downstream_pending(last_down(&f)) > 0);
  pass(&f, 10 * BEAT);
  CHECK_INT(f.end_count, 0);
  peer_go(client);
  RUN_UNTIL(&f, got_message(client));
  CHECK_INT(take(client)->body_len, 2 + LEN + 2);
  CHECK_END(&f, WEIR_END_REFUSED);
  CHECK_INT(only_end(&f)->stats.heartbeats, 1);
  free(text);
  fixture_end(&f);
}

/* Which requests get one: an Accept that names it, or a host that asks. */
static int set_early(weir_exchange *ex, weir_head *head, void *user) {
  (void)head, (void)user;
  CHECK_INT(weir_exchange_set_events(ex, &early), 0);
  return 0;
}

static void only_who_wants_a_stream_gets_one_early(void) {
  static const struct {
    const char *request;
    bool beats, by_hook;
  } cases[] = {
      {GET, false},
      {GET, true, true},
      {"GET / HTTP/1.1\r\nHost: a\r\nAccept: application/json, Text/Event-Stream ;q=0.5\r\n\r\n",
       true},
      {"GET / HTTP/1.1\r\nHost: a\r\nAccept: text/event-streams, */*\r\n\r\n", false},
      {"HEAD / HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\nConnection: upgrade\r\n"
       "Upgrade: websocket\r\n\r\n",
       false},
      {"POST / HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\nContent-Length: 2\r\n\r\n1",
       false},
      {"POST / HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\nContent-Length: 2\r\n\r\n12",
       true},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("%s", cases[i].request);
    fixture f;
    fixture_init(&f);
    if (cases[i].by_hook)
      f.hooks.on_request = set_early, fixture_start(&f);
    else
      start(&f, &early);
    peer *client = ask(&f, cases[i].request);
    asked(&f, 0);
    settle(&f);
    pass(&f, 2 * BEAT);
    settle(&f);
    CHECK_INT(got(client, "HTTP/1.1 200 OK\r\n"), cases[i].beats);
    CHECK_INT(untaken(client) > 0, cases[i].beats);
    fixture_end(&f);
  }
}

static void an_origin_that_is_soon_enough_is_heard_itself(void) {
  fixture f;
  open_with(&f, &early);
  peer *client = ask(&f, ASK_SSE), *origin = asked(&f, 0);
  pass(&f, BEAT / 2);
  peer_say(origin, "HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno");
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 503, "no");
  pass(&f, 5 * BEAT);
  settle(&f);
  CHECK_INT(untaken(client), 0);
  fixture_end(&f);
}

static void nothing_interim_follows_a_head_of_ours(void) {
  fixture f;
  open_with(&f, &early);
  peer *client = ask(&f, ASK_SSE), *origin = origin_after_two_beats(&f, client);
  peer_say(origin, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" SSE_CHUNKED CHUNK LAST);
  RUN_UNTIL(&f, got_message(client));
  CHECK_STR(take(client)->body, ":\n:\ndata: 1\n\n");
  fixture_end(&f);
}

static void a_mark_behind_an_early_one_goes_too(void) {
  fixture f;
  open_with(&f, &early);
  peer *client = ask(&f, ASK_SSE), *origin = origin_after_two_beats(&f, client);
  peer_say(origin, SSE_CHUNKED "c\r\n" MARK "data: 1\n\n\r\n" LAST);
  RUN_UNTIL(&f, got_message(client));
  CHECK_STR(take(client)->body, ":\n:\ndata: 1\n\n");
  fixture_end(&f);
}

static void a_request_is_still_tried_again(void) {
  fixture f;
  open_with(&f, &early);
  peer *client = ask(&f, ASK_SSE), *origin = asked(&f, 0);
  peer_say(origin, SSE_CHUNKED CHUNK LAST);
  RUN_UNTIL(&f, got_message(client));
  take(client), forget(origin);
  peer_say(client, ASK_SSE);
  RUN_UNTIL(&f, got(origin, "\r\n\r\n"));
  pass(&f, BEAT);
  RUN_UNTIL(&f, got(client, ":\n"));
  peer_reset(origin);
  peer *second = asked(&f, 1);
  pass(&f, BEAT);
  peer_say(second, SSE_CHUNKED CHUNK LAST);
  RUN_UNTIL(&f, got_message(client));
  CHECK_STR(take(client)->body, ":\n:\ndata: 1\n\n");
  CHECK_INT(f.ends[1].stats.retries, 1);
  fixture_end(&f);
}

static void a_client_that_leaves_meanwhile_ends_it(void) {
  fixture f;
  open_with(&f, &early);
  peer *client = ask(&f, ASK_SSE), *origin = origin_after_two_beats(&f, client);
  peer_close(client);
  RUN_UNTIL(&f, f.end_count && is_over(origin));
  CHECK_END(&f, WEIR_END_CLIENT_GONE);
  fixture_end(&f);
}

/* ---- what hooks may do ---- */

static int answer(weir_exchange *ex, weir_head *head, void *user) {
  (void)head, (void)user;
  CHECK_INT(weir_exchange_answer(ex, &(weir_answer){WEIR_ANSWER_INIT, .status = 200}), WEIR_ESTATE);
  return 502;
}

static int set_anew(weir_exchange *ex, weir_head *head, void *user) {
  weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .commit_event = 1};
  (void)head, (void)user;
  CHECK_INT(weir_exchange_set_events(ex, &o), WEIR_EEVENTS);
  o = (weir_event_options){WEIR_EVENT_OPTIONS_INIT, .mode = WEIR_EVENTS_OFF};
  CHECK_INT(weir_exchange_set_events(ex, &o), 0);
  return 0;
}

static int abort_it(weir_exchange *ex, weir_head *head, void *user) {
  (void)head, (void)user;
  weir_exchange_abort(ex);
  return 0;
}

static int close_it(weir_exchange *ex, weir_head *head, void *user) {
  (void)ex, (void)head;
  close_relay(user);
  return 0;
}

static void a_host_meets_the_head_behind_ours(void) {
  static const struct {
    int (*hook)(weir_exchange *ex, weir_head *head, void *user);
    enum weir_end end;
    const char *body;
    bool whole;
  } cases[] = {{answer, WEIR_END_REFUSED, ":\n:\ndata: refused\n\n", true},
               {set_anew, WEIR_END_COMPLETE, ":\n:\ndata: 1\n\n", true},
               {abort_it, WEIR_END_CUT, ":\n:\n", false},
               {close_it, WEIR_END_DRAINED, ":\n:\n", false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("hook %zu", i);
    weir_event_options o = early;
    fixture f;
    fixture_init(&f);
    o.error_event = "data: {reason}\n\n";
    f.hooks.on_response = cases[i].hook;
    start(&f, &o);
    peer *client = ask(&f, ASK_SSE), *origin = origin_after_two_beats(&f, client);
    peer_say(origin, SSE_CHUNKED CHUNK LAST);
    RUN_UNTIL(&f, f.end_count && (is_over(client) || got_message(client)));
    CHECK_END(&f, cases[i].end);
    const message *m = take(client);
    CHECK_STR(m->body, cases[i].body);
    CHECK_INT(m->whole, cases[i].whole);
    fixture_end(&f);
  }
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(output_without_heartbeats_is_input_whatever_the_gap);
  TEST(a_tap_with_a_budget_beats_at_the_same_places);
  TEST(a_filter_beats_between_what_it_has_sent);
  TEST(no_framing_stands_in_the_way);
  TEST(a_heartbeat_has_the_shape_that_is_wanted);
  TEST(one_comes_to_the_millisecond_behind_the_last_byte);
  TEST(the_origin_is_silent_all_the_same);
  TEST(none_comes_while_something_waits_for_the_client);
  TEST(none_comes_where_no_events_are);
  TEST(none_comes_when_events_were_lost);
  TEST(a_mark_stays_at_the_beginning_or_goes);
  TEST(half_a_mark_that_is_all_there_is_passes);
  TEST(an_early_one_brings_a_head_of_ours);
  TEST(what_is_no_stream_ends_it_in_band_or_with_a_cut);
  TEST(an_origin_that_does_not_answer_ends_it_so_too);
  TEST(an_origin_that_cannot_be_reached_does_so_too);
  TEST(nothing_is_awaited_behind_the_last_word);
  TEST(only_who_wants_a_stream_gets_one_early);
  TEST(an_origin_that_is_soon_enough_is_heard_itself);
  TEST(nothing_interim_follows_a_head_of_ours);
  TEST(a_mark_behind_an_early_one_goes_too);
  TEST(a_request_is_still_tried_again);
  TEST(a_client_that_leaves_meanwhile_ends_it);
  TEST(a_host_meets_the_head_behind_ours);
  return check_end();
}
