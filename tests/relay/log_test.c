/* What the relay tells about itself, line by line, and to whom it says nothing. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/fixture.h"

enum { LINES_MAX = 64, LINE_MAX_BYTES = 512 };

/* Everything that was said, in order. */
typedef struct listener {
  struct {
    enum weir_log_level level;
    char text[LINE_MAX_BYTES];
  } lines[LINES_MAX];
  size_t count;
} listener;

static void on_line(enum weir_log_level level, const char *line, void *user) {
  listener *l = user;
  if (!CHECK(l->count < LINES_MAX)) return;
  l->lines[l->count].level = level;
  snprintf(l->lines[l->count++].text, LINE_MAX_BYTES, "%s", line);
}

static void begin(fixture *f, listener *l, enum weir_log_level level) {
  *l = (listener){0};
  fixture_init(f);
  f->options.log = on_line;
  f->options.log_user = l;
  f->options.log_level = level;
}

/* How many lines of that level contain `text`. */
static size_t said(const listener *l, enum weir_log_level level, const char *text) {
  size_t count = 0;
  for (size_t i = 0; i < l->count; i++)
    count += l->lines[i].level == level && strstr(l->lines[i].text, text);
  return count;
}

static size_t said_at(const listener *l, enum weir_log_level level) { return said(l, level, ""); }

static void answer_one(fixture *f) {
  peer *client = ask(f, GET);
  peer_say(asked(f, 0), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  RUN_UNTIL(f, got_message(client));
  CHECK_ANSWER(client, 200, "ok");
}

static void a_listener_tells_its_address_and_port(void) {
  fixture f;
  listener l;
  char line[64];
  begin(&f, &l, WEIR_LOG_INFO);
  fixture_start(&f);
  snprintf(line, sizeof line, "event=listen address=127.0.0.1:0 port=%d", f.port);
  CHECK_INT(said(&l, WEIR_LOG_INFO, line), 1);
  fixture_end(&f);
}

static void an_exchange_tells_how_it_ended(void) {
  fixture f;
  listener l;
  begin(&f, &l, WEIR_LOG_INFO);
  fixture_start(&f);
  answer_one(&f);
  CHECK_INT(said(&l, WEIR_LOG_INFO, "event=end end=complete status=200 bytes=2 error=0"), 1);
  fixture_end(&f);
}

static void an_exchange_that_failed_tells_why(void) {
  fixture f;
  listener l;
  begin(&f, &l, WEIR_LOG_INFO);
  fixture_start(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
  RUN_UNTIL(&f, got(client, "hel"));
  peer_close(origin);
  RUN_UNTIL(&f, is_over(client));
  CHECK_INT(said(&l, WEIR_LOG_INFO, "end=truncated status=200 bytes=3 error=WEIR_ETRUNCATED"), 1);
  fixture_end(&f);
}

static void a_bad_request_tells_from_whom_and_why(void) {
  fixture f;
  listener l;
  begin(&f, &l, WEIR_LOG_INFO);
  fixture_start(&f);
  peer *client = ask(&f, "GET / HTTP/1.1\r\n\r\n");
  RUN_UNTIL(&f, is_over(client));
  CHECK_INT(said(&l, WEIR_LOG_INFO, "client=127.0.0.1 event=bad_request status=400 why=\"Host is"),
            1);
  fixture_end(&f);
}

static void a_connection_that_finds_no_memory_is_a_warning(void) {
  fixture f;
  listener l;
  begin(&f, &l, WEIR_LOG_WARN);
  fixture_start(&f);
  f.alloc.fail_at = f.alloc.calls + 1;
  f.alloc.fail_forever = true;
  peer *client = client_open(&f);
  RUN_UNTIL(&f, is_over(client));
  CHECK_INT(said(&l, WEIR_LOG_WARN, "event=refused"), 1);
  CHECK_INT(said(&l, WEIR_LOG_WARN, "why=\"out of memory\""), 1);
  CHECK_INT(l.count, 1);
  fixture_end(&f);
}

/* ---- levels ---- */

static void debug_tells_each_state_of_a_client_and_each_phase_of_an_exchange(void) {
  fixture f;
  listener l;
  begin(&f, &l, WEIR_LOG_DEBUG);
  fixture_start(&f);
  answer_one(&f);
  CHECK(said(&l, WEIR_LOG_DEBUG, "event=state from=IDLE to=HEAD") +
            said(&l, WEIR_LOG_DEBUG, "event=state from=IDLE to=BUSY") >=
        1);
  CHECK_INT(said(&l, WEIR_LOG_DEBUG, "event=state from=BUSY to=IDLE"), 1);
  CHECK(said(&l, WEIR_LOG_DEBUG, "event=phase from=ASKING") >= 1);
  CHECK_INT(said(&l, WEIR_LOG_INFO, "event=end"), 1);
  fixture_end(&f);
}

static void nothing_is_said_above_the_level_asked_for(void) {
  for (int level = WEIR_LOG_ERROR; level <= WEIR_LOG_DEBUG; level++) {
    fixture f;
    listener l;
    CHECK_CASE("level %d", level);
    begin(&f, &l, (enum weir_log_level)level);
    fixture_start(&f);
    answer_one(&f);
    for (int higher = level + 1; higher <= WEIR_LOG_DEBUG; higher++)
      CHECK_INT(said_at(&l, (enum weir_log_level)higher), 0);
    CHECK_INT(said_at(&l, WEIR_LOG_INFO) > 0, level >= WEIR_LOG_INFO);
    CHECK_INT(said_at(&l, WEIR_LOG_DEBUG) > 0, level >= WEIR_LOG_DEBUG);
    fixture_end(&f);
  }
}

static void the_level_is_info_when_none_is_said(void) {
  fixture f;
  listener l;
  begin(&f, &l, 0);
  fixture_start(&f);
  answer_one(&f);
  CHECK(said_at(&l, WEIR_LOG_INFO) > 0);
  CHECK_INT(said_at(&l, WEIR_LOG_DEBUG), 0);
  fixture_end(&f);
}

/* ---- form ---- */

/* What a peer sends must not make lines of its own, nor end one. */
static void no_line_holds_a_byte_that_a_peer_chose_to_break_it(void) {
  static const char *const requests[] = {
      "GET /\" HTTP/1.1\r\nHost: a\x7f\"b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\"\x01\r\nX: \x1b[31m\r\n\r\n",
      "BAD\x1b / HTTP/1.1\r\nHost: a\r\n\r\n",
  };
  fixture f;
  listener l;
  begin(&f, &l, WEIR_LOG_DEBUG);
  fixture_start(&f);
  for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
    peer *client = ask(&f, requests[i]);
    RUN_UNTIL(&f, is_over(client));
  }
  CHECK_INT(said(&l, WEIR_LOG_INFO, "event=bad_request status=400"), 3);
  for (size_t i = 0; i < l.count; i++) {
    CHECK_CASE("%s", l.lines[i].text);
    CHECK(strncmp(l.lines[i].text, "relay=", 6) == 0);
    for (const char *p = l.lines[i].text; *p; p++) CHECK(isprint((unsigned char)*p));
  }
  fixture_end(&f);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_listener_tells_its_address_and_port);
  TEST(an_exchange_tells_how_it_ended);
  TEST(an_exchange_that_failed_tells_why);
  TEST(a_bad_request_tells_from_whom_and_why);
  TEST(a_connection_that_finds_no_memory_is_a_warning);
  TEST(debug_tells_each_state_of_a_client_and_each_phase_of_an_exchange);
  TEST(nothing_is_said_above_the_level_asked_for);
  TEST(the_level_is_info_when_none_is_said);
  TEST(no_line_holds_a_byte_that_a_peer_chose_to_break_it);
  return check_end();
}
