/* Over examples/relay/content.c. */
#include "../../examples/relay/content.h"

#include <stdlib.h>
#include <string.h>

#include "support/check.h"

/* An event whose data lies in memory of just its size. */
static bool asks(bool (*what)(const weir_sse_event *), const char *type, const char *data) {
  char *exact = exact_copy(data, strlen(data));
  weir_sse_event event = {.size = sizeof event,
                          .type = type,
                          .type_len = strlen(type),
                          .data = exact,
                          .data_len = strlen(data)};
  bool yes = what(&event);
  free(exact);
  return yes;
}

static void words_are_content(void) {
  static const char *const cases[] = {
      "{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"A\"}}]}",
      "{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\" :\t \"A\"}}]}",
      "{\"choices\":[{\"delta\":{\"content\":null,\"reasoning_content\":\"Hm\"}}]}",
      "{\"choices\":[{\"delta\":{\"content\":\"\"}},{\"delta\":{\"content\":\"B\"}}]}",
      "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"function\":{\"arguments\":\"{\"}}]}}]}",
      "{\"choices\":[{\"text\":\" a\",\"index\":0}]}",
      "{\"choices\":[{\"delta\":{\"content\":\"\\n\"}}]}",
      "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"A\"}}",
      "{\"type\": \"content_block_delta\", \"delta\": {\"thinking\": \"So\"}}",
      "{\"type\":\"content_block_delta\",\"delta\":{\"partial_json\":\"{\\\"a\"}}",
      "{\"type\":\"response.output_text.delta\",\"delta\":\"A\"}",
      "{\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"A\"}],\"role\": \"model\"}}]}",
      "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\"}}]}}]}",
      "{\"content\":\"A\",\"stop\":false}",
      "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"A\"},\"done\":false}",
      "plain words",
      "{\"n\":1}",
      "{\"content\":\"\\\"\"}",
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("%s", cases[i]);
    CHECK(asks(content_is, "message", cases[i]));
  }
}

static void envelopes_are_not(void) {
  static const char *const cases[] = {
      "{\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}",
      "{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":null}}]}",
      "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}",
      "{\"choices\": [], \"usage\": {\"total_tokens\": 3}}",
      "{\"type\":\"message_start\",\"message\":{\"role\":\"assistant\",\"content\":[]}}",
      "{\"type\":\"content_block_start\",\"content_block\":{\"type\":\"text\",\"text\":\"\"}}",
      "{\"type\": \"ping\"}",
      "{\"type\":\"content_block_stop\",\"index\":0}",
      "{\"type\":\"message_stop\"}",
      "{\"type\":\"response.created\",\"response\":{\"text\":{\"format\":{\"type\":\"text\"}}}}",
      "{\"type\":\"response.in_progress\",\"note\":\"say \\\"content\\\":\\\"A\\\" loud\"}",
      "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}]}}]}",
      "{\"content\":\"\",\"stop\":true}",
      "{\"content\":\"", /* no JSON, and no byte is read behind it */
      "[DONE]",
      "",
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_CASE("%s", cases[i]);
    CHECK(!asks(content_is, "message", cases[i]));
  }
  CHECK(!asks(content_is, "ping", "{}"));
  CHECK(asks(content_is, "tick", "{}"));
}

static void errors_are_known(void) {
  CHECK(asks(content_is_error, "error", "overloaded"));
  CHECK(asks(content_is_error, "message", "{\"error\":{\"message\":\"m\"}}"));
  CHECK(asks(content_is_error, "message", " { \"error\" : 1}"));
  CHECK(!asks(content_is_error, "message", "{\"errors\":0}"));
  CHECK(!asks(content_is_error, "message", "{\"a\":\"error\"}"));
  CHECK(!asks(content_is_error, "message", "error"));
  CHECK(!asks(content_is_error, "message", ""));
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(words_are_content);
  TEST(envelopes_are_not);
  TEST(errors_are_known);
  return check_end();
}
