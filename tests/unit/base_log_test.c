/* Over src/base/log.c. */
#include "base/log.h"

#include <stdio.h>
#include <string.h>

#include "support/check.h"

typedef struct seen {
  int lines;
  enum weir_log_level level;
  char line[1000];
} seen;

static void on_line(enum weir_log_level level, const char *line, void *user) {
  seen *s = user;
  s->lines++;
  s->level = level;
  snprintf(s->line, sizeof s->line, "%s", line);
}

static void a_line_is_formatted_and_handed_over(void) {
  seen s = {0};
  weir__log log = {on_line, &s, WEIR_LOG_INFO};
  weir__log_line(&log, WEIR_LOG_WARN, "event=%s port=%d", "listen", 80);
  CHECK_INT(s.lines, 1);
  CHECK_INT(s.level, WEIR_LOG_WARN);
  CHECK_STR(s.line, "event=listen port=80");
}

static int evaluated;
static int evaluate(void) { return ++evaluated; }

static void a_line_below_the_level_costs_no_evaluation(void) {
  seen s = {0};
  weir__log log = {on_line, &s, WEIR_LOG_INFO};
  evaluated = 0;
  weir__log_line(&log, WEIR_LOG_DEBUG, "%d", evaluate());
  CHECK_INT(evaluated, 0);
  CHECK_INT(s.lines, 0);
  weir__log_line(&log, WEIR_LOG_INFO, "%d", evaluate());
  CHECK_INT(evaluated, 1);
  CHECK_INT(s.lines, 1);
}

static void nobody_need_listen(void) {
  weir__log log = {NULL, NULL, WEIR_LOG_DEBUG};
  evaluated = 0;
  weir__log_line(&log, WEIR_LOG_ERROR, "%d", evaluate());
  CHECK_INT(evaluated, 0);
}

static void a_long_line_is_cut_at_511_bytes(void) {
  char text[600];
  memset(text, 'x', sizeof text);
  text[599] = '\0';
  seen s = {0};
  weir__log log = {on_line, &s, WEIR_LOG_INFO};
  weir__log_line(&log, WEIR_LOG_INFO, "%s", text + 600 - 512);
  CHECK_INT(strlen(s.line), 511);
  weir__log_line(&log, WEIR_LOG_INFO, "%s", text);
  CHECK_INT(strlen(s.line), 511);
}

static void control_characters_are_printed_as_question_marks(void) {
  seen s = {0};
  weir__log log = {on_line, &s, WEIR_LOG_INFO};
  weir__log_line(&log, WEIR_LOG_INFO, "a%sb", "\r\n\t\x1b[0m\x7f \x1f\xc3\xa4");
  CHECK_STR(s.line, "a????[0m? ?\xc3\xa4"
                    "b");
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_line_is_formatted_and_handed_over);
  TEST(a_line_below_the_level_costs_no_evaluation);
  TEST(nobody_need_listen);
  TEST(a_long_line_is_cut_at_511_bytes);
  TEST(control_characters_are_printed_as_question_marks);
  return check_end();
}
