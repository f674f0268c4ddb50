/* POST /v1/chat/completions as OpenAI's API answers it, streamed or whole, with the words of
 * path_word() for tokens.
 * It never knows JSON beyond finding the value of a key: a body it cannot read gets a 400.
 * What is remembered between two chunks is attached to the connection, which owns it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "origin_paths.h"

#define MODEL_MAX 128
#define WHOLE_MAX 100000u /* words of an answer that is built before it is sent */

struct chat {
  char model[MODEL_MAX]; /* as it stood in the body, escapes and all, so it can go back as it is */
  unsigned id;
  intmax_t created;
  bool stream, include_usage;
};

/* ---- just enough JSON: NULL stands for malformed or missing, and passes through ---- */

static const char *skip_space(const char *p) { return p + strspn(p, " \t\r\n"); }

/* `p` is at the opening quote; the result is behind the closing one. */
static const char *skip_string(const char *p) {
  for (p++; *p != '"'; p++) {
    if (*p == '\\') p++;
    if ((unsigned char)*p < 0x20) return NULL; /* the final NUL too */
  }
  return p + 1;
}

static const char *skip_nested(const char *p) {
  for (int depth = 0; *p != '\0'; p++) {
    if (*p == '"') {
      p = skip_string(p);
      if (p == NULL) return NULL;
      p--; /* the loop steps over the closing quote */
    }
    if (*p == '{' || *p == '[')
      depth++;
    else if ((*p == '}' || *p == ']') && --depth == 0)
      return p + 1;
  }
  return NULL;
}

static const char *skip_value(const char *p) {
  if (*p == '"') return skip_string(p);
  if (*p == '{' || *p == '[') return skip_nested(p);
  return p + strcspn(p, ",]} \t\r\n");
}

/* The value of `key` in the object at `p`; keys inside strings or nested objects do not count. */
static const char *find_key(const char *p, const char *key) {
  size_t length = strlen(key);
  p = skip_space(p);
  if (*p != '{') return NULL;
  do {
    p = skip_space(p + 1);
    const char *name = p + 1;
    p = *p == '"' ? skip_string(p) : NULL;
    if (p == NULL) return NULL;
    bool found = (size_t)(p - 1 - name) == length && strncmp(name, key, length) == 0;
    p = skip_space(p);
    if (*p != ':') return NULL;
    p = skip_space(p + 1);
    if (found) return p;
    p = skip_value(p);
    if (p != NULL) p = skip_space(p);
  } while (p != NULL && *p == ',');
  return NULL;
}

static bool is_true(const char *object, const char *key) {
  const char *value = object != NULL ? find_key(object, key) : NULL;
  return value != NULL && strncmp(value, "true", 4) == 0;
}

static bool copy_string(const char *value, char *out, size_t room) {
  const char *end = value != NULL && *value == '"' ? skip_string(value) : NULL;
  size_t length = end != NULL ? (size_t)(end - value) - 2 : 0;
  if (end == NULL || length == 0 || length >= room) return false;
  memcpy(out, value + 1, length);
  out[length] = '\0';
  return true;
}

/* ---- the streamed answer ---- */

/* One chunk: `choices` is the array's content, `tail` what follows the array. */
static void send_chunk(conn *c, const char *choices, const char *tail) {
  char event[MODEL_MAX + 768];
  const struct chat *chat = c->own;
  int length = snprintf(event, sizeof event,
                        "data: {\"id\":\"chatcmpl-weir%06u\",\"object\":\"chat.completion.chunk\","
                        "\"created\":%jd,\"model\":\"%s\",\"choices\":[%s]%s}\n\n",
                        chat->id, chat->created, chat->model, choices, tail);
  send_body(c, event, (size_t)length);
}

static void send_choice(conn *c, const char *delta, const char *finish_reason) {
  char choice[192];
  const struct chat *chat = c->own;
  snprintf(choice, sizeof choice, "{\"index\":0,\"delta\":{%s},\"finish_reason\":%s}", delta,
           finish_reason);
  send_chunk(c, choice, chat->include_usage ? ",\"usage\":null" : "");
}

static void send_token(conn *c, uint64_t number) {
  char delta[64];
  snprintf(delta, sizeof delta, "\"content\":\"%s%s\"", number > 0 ? " " : "", path_word(number));
  send_choice(c, delta, "null");
}

static void print_usage(char *line, size_t room, uint64_t words) {
  snprintf(line, room,
           ",\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":%" PRIu64
           ",\"total_tokens\":%" PRIu64 "}",
           words, words + 1);
}

static void send_done(conn *c) {
  char usage[128];
  const struct chat *chat = c->own;
  print_usage(usage, sizeof usage, c->pace.count);
  send_choice(c, "", "\"stop\"");
  if (chat->include_usage) send_chunk(c, "", usage);
  send_body(c, "data: [DONE]\n\n", 14);
  send_end(c);
}

static void stream_answer(conn *c, const struct pace *pace) {
  struct head head = {.status = 200, .framing = FRAME_CHUNKED};
  head.type = "text/event-stream; charset=utf-8";
  head.fields = "Cache-Control: no-cache\r\n";
  send_head(c, &head);
  send_choice(c, "\"role\":\"assistant\",\"content\":\"\"", "null");
  send_paced(c, pace);
}

/* ---- the whole answer, and the refusals ---- */

static bool print_answer(struct text *json, const struct chat *chat, uint64_t words) {
  char usage[128];
  print_usage(usage, sizeof usage, words);
  bool ok = text_addf(json,
                      "{\"id\":\"chatcmpl-weir%06u\",\"object\":\"chat.completion\","
                      "\"created\":%jd,\"model\":\"%s\",\"choices\":[{\"index\":0,\"message\":"
                      "{\"role\":\"assistant\",\"content\":\"",
                      chat->id, chat->created, chat->model);
  for (uint64_t i = 0; ok && i < words; i++) {
    ok = text_addf(json, "%s%s", i > 0 ? " " : "", path_word(i));
  }
  return ok && text_addf(json,
                         "\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}]"
                         "%s}\n",
                         usage);
}

static void send_answer(conn *c, uint64_t words) {
  struct text json = {0};
  if (words > WHOLE_MAX) words = WHOLE_MAX;
  if (print_answer(&json, c->own, words)) {
    send_whole(c, &(struct head){.status = 200, .type = "application/json"}, json.at, json.length);
  } else {
    conn_close(c);
  }
  text_free(&json);
}

static void refuse_body(conn *c, const char *sentence) {
  char json[256];
  int length = snprintf(json, sizeof json,
                        "{\"error\":{\"message\":\"%s\",\"type\":\"invalid_request_error\","
                        "\"param\":null,\"code\":null}}\n",
                        sentence);
  send_whole(c, &(struct head){.status = 400, .type = "application/json"}, json, (size_t)length);
}

void path_chat(conn *c) {
  static unsigned answers;
  struct pace pace = {.count = 16, .interval_ms = 50, .piece = send_token, .last = send_done};
  const char *body = c->request.text.at + c->request.body_at;
  if (!path_read_pace(c, &pace)) return;
  struct chat *chat = conn_attach(c, sizeof *chat);
  if (chat == NULL) return;
  if (!copy_string(find_key(body, "model"), chat->model, sizeof chat->model)) {
    refuse_body(c, "The body wants to be a JSON object with a string called model.");
    return;
  }
  chat->id = ++answers;
  chat->created = (intmax_t)time(NULL);
  chat->stream = is_true(body, "stream");
  chat->include_usage = is_true(find_key(body, "stream_options"), "include_usage");
  if (chat->stream)
    stream_answer(c, &pace);
  else
    send_answer(c, pace.count);
}
