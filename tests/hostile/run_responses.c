/* Runs rows of hostile_response: a client asks, the origin says the bytes, and both ends are asked
 * what they saw. Its bytes belong to the row at hand. */
#include "hostile/stage.h"

#include <stdlib.h>
#include <string.h>

typedef struct bench {
  const hostile_response *row;
  stage s;
  char *bytes; /* of the row */
  size_t len;
  const char *ask;
  char *method; /* of that */
  peer *asked;  /* the connection on which it came */
} bench;

/* The first request of a run is the row's; any other one gets the echo. */
static bool catch_first(void *arg, peer *p, const strict_message *m) {
  bench *b = arg;
  if (b->asked) return false;
  b->asked = p;
  (void)m;
  stage_line_of(&b->s, p)->raw = strstr(b->row->client, " raw") != NULL;
  return true;
}

/* ---- one run ---- */

/* The connection on which a request has begun that will not be whole. */
static void catch_begun(bench *b) {
  for (size_t i = 0; i < b->s.line_count && b->row->early; i++) {
    stage_line *line = &b->s.lines[i];
    if (!got(line->peer, "\r\n\r\n")) continue;
    b->asked = line->peer;
    line->raw = true;
  }
}

static bool ask_origin(bench *b, peer *client) {
  peer_say(client, b->ask);
  stage_still(&b->s);
  catch_begun(b);
  for (int i = 0; i < 40 && !b->asked; i++) stage_wait(&b->s), catch_begun(b);
  return CHECK(b->asked != NULL);
}

static void answer(bench *b, const hostile_way *way) {
  stage_send(&b->s, b->asked, b->bytes, b->len, way);
  if (b->row->then == THEN_FIN) peer_fin(b->asked);
  if (b->row->then == THEN_RESETS) peer_reset(b->asked);
  stage_still(&b->s);
}

static void go_on(bench *b, peer *client) {
  peer_send(b->asked, b->row->late.ptr, b->row->late.len);
  stage_still(&b->s);
  if (b->row->after) peer_say(client, b->row->after);
  stage_still(&b->s);
}

static bool is_open(const char *client) {
  size_t len = strlen(client);
  return len && !strstr(client, "close") && !strstr(client, "cut") && !strstr(client, "reset") &&
         !strstr(client, "raw") && !(len >= 2 && strcmp(client + len - 2, "..") == 0);
}

/* All the origin should have seen. */
static void expect_origin(const bench *b, words *w) {
  strict_message m;
  if (b->row->origin) {
    words_add(w, "%s", b->row->origin);
    return;
  }
  strict_request(&m, b->asked->got + stage_line_of((stage *)&b->s, b->asked)->begin,
                 b->asked->at - stage_line_of((stage *)&b->s, b->asked)->begin);
  words_request(w, &m);
  strict_clear(&m);
}

static bool check_outcome(bench *b, const peer *client, size_t end) {
  const hostile_response *row = b->row;
  words origin = {0};
  expect_origin(b, &origin);
  bool held = stage_check(&b->s, client, b->method, row->client, words_str(&origin));
  words_clear(&origin);
  if (!held || !stage_check_response(client, b->method, row->has, row->lacks)) return false;
  if (b->s.f.end_count <= end) return true; /* it has not ended: "200:he.." */
  return CHECK_STR(weir_end_name(b->s.f.ends[end].end), weir_end_name(row->end));
}

/* The next request comes on the connection that is kept, or that one is closed. */
static bool check_kept(bench *b) {
  size_t had = b->asked->got_len;
  if (!stage_check_fresh(&b->s)) return false;
  if (b->row->kept) return CHECK(b->asked->got_len > had);
  return CHECK_INT(b->asked->got_len, had) && (b->asked->closed || CHECK(is_over(b->asked)));
}

static bool run_one(void *arg, const hostile_way *way) {
  bench *b = arg;
  CHECK_CASE("RFC %s, %s", b->row->rule, way->name);
  stage_drop_idle(&b->s);
  stage_begin(&b->s);
  b->asked = NULL;
  size_t end = b->s.f.end_count;
  peer *client = stage_connect(&b->s);
  bool held = ask_origin(b, client);
  if (held) answer(b, way), go_on(b, client);
  held = held && check_outcome(b, client, end);
  if (held && is_open(b->row->client)) held = stage_check_same(&b->s, client);
  peer_close(client);
  return held && check_kept(b);
}

/* ---- one row ---- */

static const hostile_response *current; /* check_run() hands nothing on */

static void run_row(void) {
  bench b = {.row = current, .ask = current->ask ? current->ask : GET};
  b.method = exact_copy(b.ask, strcspn(b.ask, " ") + 1);
  b.method[strcspn(b.ask, " ")] = '\0';
  char *bytes = hostile_expand(&current->bytes, &b.len);
  b.bytes = exact_copy(bytes, b.len);
  stage_open(&b.s, current->arrange, catch_first, &b);
  if (hostile_each_way(b.bytes, b.len, current->sparse, run_one, &b))
    hostile_each_cut(1, b.len, current->sparse, run_one, &b);
  CHECK_CASE("RFC %s, at the end", current->rule);
  stage_close(&b.s);
  free(bytes);
  free(b.bytes);
  free(b.method);
}

void run_hostile_responses(const hostile_response *table, size_t count) {
  for (current = table; current < table + count; current++) check_run(current->name, run_row);
}
