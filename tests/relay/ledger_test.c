/* The books of an event stream agree with what was done to it: when its bytes were read, when they
 * left, and why not before. By a scripted clock, of nanoseconds too. */
#include <stdio.h>

#include "support/fixture.h"

#define OK_EVENTS \
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
#define HELLO "d\r\ndata: hello\n\n\r\n"
#define HALF "6\r\ndata: \r\n"
#define REST "7\r\nhello\n\n\r\n"
#define LAST "0\r\n\r\n"

enum { KIB = 1024, MAX = 64 };

typedef struct books {
  fixture *f;
  weir_ledger at_end; /* of the last stream */
  int had;            /* it had one */
  weir_departure told[MAX];
  size_t count;
  void (*then)(weir_exchange *ex, fixture *f);
} books;

static books *books_of(void *user) { return ((fixture *)user)->test; }

static void on_departure(weir_exchange *ex, const weir_departure *departure, void *user) {
  books *b = books_of(user);
  CHECK_INT(departure->size, sizeof *departure);
  if (b->count < MAX) b->told[b->count++] = *departure;
  if (b->then) b->then(ex, user);
}

static void on_end(weir_exchange *ex, enum weir_end end, const weir_stats *stats, void *user);
static void (*fixture_on_end)(weir_exchange *ex, enum weir_end end, const weir_stats *stats,
                              void *user);

static void on_end(weir_exchange *ex, enum weir_end end, const weir_stats *stats, void *user) {
  books *b = books_of(user);
  b->had = stats->ledger != NULL;
  if (b->had) b->at_end = *stats->ledger;
  fixture_on_end(ex, end, stats, user);
}

static void arrange(fixture *f, books *b, const weir_event_options *o) {
  *b = (books){.f = f};
  fixture_init(f);
  f->test = b;
  fixture_on_end = f->hooks.on_end;
  f->hooks.on_end = on_end;
  f->hooks.on_departure = on_departure;
  f->options.events = o;
}

static void open_with(fixture *f, books *b, const weir_event_options *o) {
  arrange(f, b, o);
  fixture_start(f);
}

static uint64_t sum(const weir_histogram *h) {
  uint64_t n = 0;
  for (unsigned i = 0; i < WEIR_LEDGER_BINS; i++) n += h->count[i];
  return n;
}

/* How many values were at least so much. */
static uint64_t from(const weir_histogram *h, uint64_t value) {
  uint64_t n = 0;
  for (unsigned i = weir__histogram_bin(value); i < WEIR_LEDGER_BINS; i++) n += h->count[i];
  return n;
}

static uint64_t chunks(const fixture *f) { return last_exchange(f)->stats.chunks; }

static const weir_event_options keep = {WEIR_EVENT_OPTIONS_INIT, .ledger = 1};
static const weir_event_options keep_filtered = {WEIR_EVENT_OPTIONS_INIT, .ledger = 1,
                                                 .mode = WEIR_EVENTS_FILTER};

static void without_the_option_nobody_keeps_one(void) {
  weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .mode = WEIR_EVENTS_TAP};
  fixture f;
  books b;
  open_with(&f, &b, &o);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, OK_EVENTS HELLO);
  RUN_UNTIL(&f, got(client, "hello"));
  CHECK_INT(last_exchange(&f)->up.read_ns, 0); /* no clock was asked */
  peer_say(origin, LAST);
  RUN_UNTIL(&f, f.end_count);
  CHECK(!b.had);
  CHECK_INT(b.count, 0);
  fixture_end(&f);
}

static void a_read_that_leaves_at_once_adds_next_to_nothing(void) {
  fixture f;
  books b;
  open_with(&f, &b, &keep);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, OK_EVENTS HELLO);
  RUN_UNTIL(&f, got(client, "hello"));
  for (uint64_t n = 2; n <= 5; n++) {
    pass(&f, 1024);
    peer_say(origin, HELLO);
    RUN_UNTIL(&f, chunks(&f) == n);
  }
  peer_say(origin, LAST);
  RUN_UNTIL(&f, f.end_count);
  CHECK_INT(b.count, 5);
  for (size_t i = 0; i < b.count; i++) {
    CHECK_INT(b.told[i].merged, -1);
    CHECK_INT(b.told[i].bytes, 13);
    CHECK(b.told[i].added_ns < 1000000000); /* the second that passes between them is in none */
  }
  CHECK_INT(sum(&b.at_end.added_us), 5);
  CHECK_INT(sum(&b.at_end.gaps_ms), 4);
  CHECK_INT(b.at_end.gaps_ms.count[weir__histogram_bin(1024)], 4);
  CHECK_INT(sum(&b.at_end.first_byte_ms), 1);
  for (int why = 0; why < WEIR_MERGES; why++) CHECK_INT(b.at_end.merged[why], 0);
  fixture_end(&f);
}

static void the_first_byte_is_as_late_as_its_origin(void) {
  fixture f;
  books b;
  open_with(&f, &b, &keep);
  ask(&f, GET);
  peer *origin = asked(&f, 0);
  pass(&f, 5000);
  peer_say(origin, OK_EVENTS HELLO LAST);
  RUN_UNTIL(&f, f.end_count);
  CHECK_INT(b.at_end.first_byte_ms.count[weir__histogram_bin(5000)], 1);
  fixture_end(&f);
}

static void half_an_event_waits_in_a_filter_for_its_rest(void) {
  fixture f;
  books b;
  open_with(&f, &b, &keep_filtered);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, OK_EVENTS HALF);
  RUN_UNTIL(&f, chunks(&f) == 1);
  CHECK_INT(b.count, 0);
  pass(&f, 2000);
  peer_say(origin, REST);
  RUN_UNTIL(&f, got(client, "hello"));
  peer_say(origin, LAST);
  RUN_UNTIL(&f, f.end_count);
  CHECK_INT(b.count, 2);
  CHECK_INT(b.told[0].merged, WEIR_MERGE_PARTIAL);
  CHECK_INT(b.told[0].bytes, 6);
  CHECK(b.told[0].added_ns >= 2000000000 && b.told[0].added_ns < 3000000000);
  CHECK_INT(b.told[1].merged, -1);
  CHECK_INT(b.at_end.merged[WEIR_MERGE_PARTIAL], 1);
  CHECK_INT(from(&b.at_end.added_us, 2000000), 1);
  CHECK_INT(sum(&b.at_end.added_us), 2);
  fixture_end(&f);
}

/* What a tap lets pass has left, whatever events there are in it. */
static void half_an_event_waits_for_nothing_in_a_tap(void) {
  weir_event_options o = {WEIR_EVENT_OPTIONS_INIT, .ledger = 1, .mode = WEIR_EVENTS_TAP};
  fixture f;
  books b;
  open_with(&f, &b, &o);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, OK_EVENTS HALF);
  RUN_UNTIL(&f, got(client, "data: "));
  CHECK_INT(b.count, 1);
  CHECK_INT(b.told[0].merged, -1);
  peer_say(origin, REST LAST);
  RUN_UNTIL(&f, f.end_count);
  fixture_end(&f);
}

static void say_big_event(peer *origin) {
  static char text[32 * KIB + 32];
  if (!*text) {
    int at = sprintf(text, "8000\r\ndata: ");
    memset(text + at, 'x', 32 * KIB - 8);
    strcpy(text + at + 32 * KIB - 8, "\n\n\r\n");
  }
  peer_say(origin, text);
}

static void a_busy_client_gets_later_what_was_read_meanwhile(void) {
  fixture f;
  books b;
  open_with(&f, &b, &keep);
  peer *client = client_open_narrow(&f);
  peer_say(client, GET);
  peer *origin = asked(&f, 0);
  peer_say(origin, OK_EVENTS);
  settle(&f);
  for (int i = 0; i < 64 && !weir__downstream_pending(last_down(&f)); i++) {
    say_big_event(origin);
    settle(&f);
  }
  size_t at_once = b.count;
  peer_say(origin, HELLO);
  settle(&f);
  CHECK_INT(b.count, at_once);
  pass(&f, 4000);
  peer_go(client);
  RUN_UNTIL(&f, weir__downstream_pending(last_down(&f)) == 0 && got(client, "hello"));
  CHECK(b.count > at_once);
  for (size_t i = at_once; i < b.count; i++) {
    CHECK_INT(b.told[i].merged, WEIR_MERGE_BUSY);
    CHECK(b.told[i].added_ns >= 4000000000);
  }
  uint64_t reads = chunks(&f);
  peer_say(origin, LAST);
  RUN_UNTIL(&f, f.end_count);
  CHECK_INT(b.at_end.merged[WEIR_MERGE_BUSY], b.count - at_once);
  CHECK_INT(sum(&b.at_end.added_us), reads);
  CHECK_INT(from(&b.at_end.added_us, 4000000), b.count - at_once);
  fixture_end(&f);
}

/* More reads than are kept apart: they are one departure then, but as many in the histogram. */
static void no_read_is_lost_when_there_are_many(void) {
  enum { MANY = 100 };
  fixture f;
  books b;
  open_with(&f, &b, &keep_filtered);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, OK_EVENTS HALF);
  RUN_UNTIL(&f, chunks(&f) == 1);
  for (uint64_t n = 1; n < MANY; n++) {
    peer_say(origin, "1\r\nx\r\n");
    RUN_UNTIL(&f, chunks(&f) == n + 1);
  }
  pass(&f, 1000);
  peer_say(origin, REST LAST);
  RUN_UNTIL(&f, f.end_count && got_message(client));
  size_t bytes = 0;
  for (size_t i = 0; i < b.count; i++) bytes += b.told[i].bytes;
  CHECK_INT(bytes, take(client)->body_len);
  CHECK_INT(b.count, WEIR__ARRIVALS);
  CHECK_INT(sum(&b.at_end.added_us), MANY + 1);
  CHECK_INT(b.at_end.merged[WEIR_MERGE_PARTIAL], MANY + 1); /* the last of them among others */
  fixture_end(&f);
}

static void the_relay_has_the_sum_of_all(void) {
  fixture f;
  books b;
  weir_ledger all = {.size = sizeof all}, want = {.size = sizeof want};
  open_with(&f, &b, &keep_filtered);
  for (size_t n = 0; n < 3; n++) {
    peer *client = ask(&f, GET), *origin = asked(&f, 0);
    peer_say(origin, OK_EVENTS HALF);
    RUN_UNTIL(&f, chunks(&f) == 1);
    peer_say(origin, REST);
    RUN_UNTIL(&f, got(client, "hello"));
    peer_say(origin, LAST);
    RUN_UNTIL(&f, f.end_count == n + 1);
    forget(origin);
    uint64_t *to = (uint64_t *)&want.added_us, *of = (uint64_t *)&b.at_end.added_us;
    for (size_t i = 0; i < (sizeof want - sizeof want.size) / sizeof *to; i++) to[i] += of[i];
  }
  weir_relay_ledger(f.relay, &all);
  CHECK_INT(memcmp(&all, &want, sizeof all), 0);
  CHECK_INT(sum(&all.added_us), 6);
  CHECK_INT(sum(&all.first_byte_ms), 3);
  fixture_end(&f);
}

static void a_program_of_an_older_ledger_gets_no_more_than_it_knows(void) {
  fixture f;
  struct {
    weir_ledger known;
    char behind;
  } l = {.known.size = sizeof(size_t) + 8, .behind = 'x'};
  memset(&l.known.added_us.count[1], 7, 8);
  fixture_open(&f);
  weir_relay_ledger(f.relay, &l.known);
  CHECK_INT(l.known.size, sizeof(size_t) + 8);
  CHECK_INT(l.known.added_us.count[1], 0x0707070707070707);
  fixture_end(&f);
}

static void abort_it(weir_exchange *ex, fixture *f) {
  (void)f;
  weir_exchange_abort(ex);
}

static void close_it(weir_exchange *ex, fixture *f) {
  (void)ex;
  close_relay(f);
}

/* At once, behind a partial one, and when a busy client has taken all. */
static void the_host_may_end_it_when_bytes_depart(void) {
  static const struct {
    void (*then)(weir_exchange *ex, fixture *f);
    enum weir_end end;
  } cases[] = {{abort_it, WEIR_END_CUT}, {close_it, WEIR_END_DRAINED}};
  for (size_t i = 0; i < 4; i++) {
    CHECK_CASE("%zu", i);
    fixture f;
    books b;
    open_with(&f, &b, &keep);
    peer *client = client_open_narrow(&f);
    peer_say(client, GET);
    peer *origin = asked(&f, 0);
    peer_say(origin, OK_EVENTS);
    settle(&f);
    for (int n = 0; i >= 2 && n < 64 && !weir__downstream_pending(last_down(&f)); n++) {
      say_big_event(origin);
      settle(&f);
    }
    b.then = cases[i % 2].then;
    size_t before = b.count;
    if (i < 2) peer_say(origin, HELLO);
    peer_go(client);
    RUN_UNTIL(&f, f.end_count);
    CHECK_END(&f, cases[i % 2].end);
    CHECK_INT(b.count, before + 1);
    fixture_end(&f);
  }
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(without_the_option_nobody_keeps_one);
  TEST(a_read_that_leaves_at_once_adds_next_to_nothing);
  TEST(the_first_byte_is_as_late_as_its_origin);
  TEST(half_an_event_waits_in_a_filter_for_its_rest);
  TEST(half_an_event_waits_for_nothing_in_a_tap);
  TEST(a_busy_client_gets_later_what_was_read_meanwhile);
  TEST(no_read_is_lost_when_there_are_many);
  TEST(the_relay_has_the_sum_of_all);
  TEST(a_program_of_an_older_ledger_gets_no_more_than_it_knows);
  TEST(the_host_may_end_it_when_bytes_depart);
  return check_end();
}
