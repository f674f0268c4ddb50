/* Runs rows of hostile_request: a client says it, and both ends are asked what they saw. Its bytes
 * belong to the row at hand. */
#include "hostile/stage.h"

#include <stdlib.h>
#include <string.h>

#define BEHIND "GET /behind HTTP/1.1\r\nHost: a\r\n\r\n"

typedef struct bench {
  const hostile_request *row;
  stage s;
  char *bytes; /* of the row, and what is sent behind it */
  size_t len, own_len;
  const char *each;            /* the byte in place of @ */
  const char *client, *origin; /* what must come of it */
} bench;

static bool is_101(hostile_bytes answer) {
  return answer.len > 12 && memcmp(answer.ptr + 9, "101", 3) == 0;
}

static bool answer(void *arg, peer *p, const strict_message *m) {
  bench *b = arg;
  (void)m;
  if (!b->row->answer.ptr) return false;
  stage_line_of(&b->s, p)->raw = is_101(b->row->answer);
  peer_send(p, b->row->answer.ptr, b->row->answer.len);
  return true;
}

/* ---- one run ---- */

static bool run_one(void *arg, const hostile_way *way) {
  bench *b = arg;
  const hostile_request *row = b->row;
  const char *method = b->len >= 5 && memcmp(b->bytes, "HEAD ", 5) == 0 ? "HEAD" : "GET";
  CHECK_CASE("RFC %s, %s%s", row->rule, way->name,
             b->len > b->own_len ? ", with a request behind it" : "");
  if (b->each) CHECK_CASE("RFC %s, byte %02x, %s", row->rule, (uint8_t)*b->each, way->name);
  stage_begin(&b->s);
  peer *client = stage_connect(&b->s);
  stage_send(&b->s, client, b->bytes, b->len, way);
  if (row->fin) peer_fin(client);
  stage_still(&b->s);
  bool held = stage_check(&b->s, client, method, b->client, b->origin);
  if (held && *b->origin) held = stage_check_request(&b->s, row->has, row->lacks);
  peer_close(client);
  return held && stage_check_fresh(&b->s);
}

/* ---- one row ---- */

/* The bytes of the row with `each` in place of @, in memory of their exact size, so that ASan sees
 * a byte too far. */
static void set_bytes(bench *b, const char *each, bool behind) {
  char *own = hostile_expand(&b->row->bytes, &b->own_len), *end = own + b->own_len;
  for (char *at = own; each && (at = memchr(at, '@', (size_t)(end - at))); at++) *at = *each;
  size_t more = behind ? strlen(BEHIND) : 0;
  b->len = b->own_len + more;
  b->bytes = realloc(own, b->len ? b->len : 1);
  if (!b->bytes) abort();
  memcpy(b->bytes + b->own_len, BEHIND, more);
}

static bool has_ended(const char *client) {
  static const char *const ends[] = {"close", "cut", "reset"};
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
    const char *at = strstr(client, ends[i]);
    if (at && strcmp(at, ends[i]) == 0) return true;
  }
  return false;
}

/* Where to cut: everywhere, but in a refused row not behind its end, and around the byte in
 * question if only that is another one than in the run before. */
static bool run_cuts(bench *b, bool served, bool again) {
  size_t from = 1, to = served ? b->len : b->own_len;
  const char *at = again ? memchr(b->row->bytes.text.ptr, '@', b->row->bytes.text.len) : NULL;
  if (at) {
    size_t place = (size_t)(at - b->row->bytes.text.ptr);
    from = place > 2 ? place - 1 : 1;
    to = place + 3 < to ? place + 3 : to;
  }
  return hostile_each_cut(from, to, b->row->sparse, run_one, b);
}

static bool run_with(bench *b, const char *each, bool behind, bool cuts) {
  const hostile_request *row = b->row;
  words client = {0}, origin = {0};
  bool served = behind && !has_ended(row->client);
  words_add(&client, "%s", row->client);
  words_add(&origin, "%s", row->origin ? row->origin : "");
  if (served) {
    words_next(&client, " "), words_add(&client, "200");
    words_next(&origin, " | "), words_add(&origin, "GET /behind");
  }
  b->client = words_str(&client), b->origin = words_str(&origin);
  set_bytes(b, each, behind);
  bool held = hostile_each_way(b->bytes, b->len, row->sparse, run_one, b) &&
              (!cuts || run_cuts(b, served, each && each != row->each.ptr));
  free(b->bytes);
  words_clear(&client);
  words_clear(&origin);
  return held;
}

/* `each`: the byte in place of @, or NULL. */
static bool run_both(bench *b, const char *each) {
  bool alone = b->row->alone;
  b->each = each;
  return run_with(b, each, false, alone) && (alone || run_with(b, each, true, true));
}

static const hostile_request *current; /* check_run() hands nothing on */

static void run_row(void) {
  bench b = {.row = current};
  const hostile_bytes *each = &current->each;
  stage_open(&b.s, current->arrange, answer, &b);
  bool held = each->len || run_both(&b, NULL);
  for (size_t i = 0; i < each->len && held; i++) held = run_both(&b, each->ptr + i);
  CHECK_CASE("RFC %s, at the end", current->rule);
  stage_close(&b.s);
}

void run_hostile_requests(const hostile_request *table, size_t count) {
  for (current = table; current < table + count; current++) check_run(current->name, run_row);
}
