/* See run.h. */
#define _GNU_SOURCE
#include "hostile/run.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  SPARSE_EDGE = 64,   /* bytes at both ends of a long message where each place is cut .. */
  SPARSE_CUTS = 64,   /* .. and so many places between */
  SPARSE_STEP = 1009, /* a prime: its pieces begin everywhere in what repeats */
  PAUSE_MS = 3000,    /* shorter than each timer */
  SHOWN_MAX = 100,    /* bytes of a body */
  WAIT_MS = 50,
  WAITS = 20,
};

/* ---- bytes ---- */

static char *put(char *to, hostile_bytes b) {
  if (b.len) memcpy(to, b.ptr, b.len);
  return to + b.len;
}

char *hostile_expand(const hostile_input *input, size_t *len) {
  *len = input->text.len + input->fill.len * input->times + input->after.len;
  char *bytes = malloc(*len + 1), *to = bytes;
  if (!bytes) abort();
  to = put(to, input->text);
  for (size_t i = 0; i < input->times; i++) to = put(to, input->fill);
  to = put(to, input->after);
  *to = '\0';
  return bytes;
}

size_t hostile_piece_end(const hostile_way *way, size_t at, size_t len) {
  if (way->step) return at + way->step < len ? at + way->step : len;
  return at < way->cut ? way->cut : len;
}

/* ---- ways ---- */

static size_t head_end(const char *bytes, size_t len) {
  const char *end = memmem(bytes, len, "\r\n\r\n", 4);
  return end ? (size_t)(end - bytes) + 4 : len / 2;
}

static hostile_way cut_at(size_t cut, uint64_t pause_ms) {
  hostile_way way = {.cut = cut, .pause_ms = pause_ms};
  snprintf(way.name, sizeof way.name, pause_ms ? "a pause at %zu" : "cut at %zu", cut);
  return way;
}

static hostile_way in_steps(size_t step) {
  hostile_way way = {.step = step};
  snprintf(way.name, sizeof way.name, "%zu by %zu", step, step);
  return way;
}

static size_t only_each = 1;

void hostile_cut_less(size_t each) { only_each = each; }

static bool is_cut(size_t cut, size_t len, bool sparse) {
  size_t stride = len / SPARSE_CUTS + 1;
  if (cut % only_each != 0) return false;
  return !sparse || cut <= SPARSE_EDGE || cut + SPARSE_EDGE >= len || cut % stride == 0;
}

bool hostile_each_way(const char *bytes, size_t len, bool sparse, hostile_act act, void *arg) {
  hostile_way whole = {.name = "whole"};
  hostile_way pause = cut_at(head_end(bytes, len), PAUSE_MS);
  hostile_way steps = in_steps(sparse ? SPARSE_STEP : 1);
  return act(arg, &whole) && act(arg, &pause) && act(arg, &steps);
}

bool hostile_each_cut(size_t from, size_t to, bool sparse, hostile_act act, void *arg) {
  for (size_t cut = from ? from : 1; cut < to; cut++) {
    hostile_way way = cut_at(cut, 0);
    if (is_cut(cut, to, sparse) && !act(arg, &way)) return false;
  }
  return true;
}

/* ---- the loop ---- */

/* Something is due: a descriptor that libuv watches is ready, or it has work of its own. */
static bool is_due(fixture *f, int wait_ms) {
  struct pollfd ready = {.fd = uv_backend_fd(&f->loop.uv), .events = POLLIN};
  return uv_backend_timeout(&f->loop.uv) == 0 || poll(&ready, 1, wait_ms) > 0;
}

/* What was sent before this byte has arrived when it has. */
static void await_delivery(fixture *f) {
  char byte = 0;
  CHECK_INT(write(f->loop.ping, &byte, 1), 1);
  CHECK_INT(read(f->loop.ping, &byte, 1), 1);
}

static void turn(fixture *f) {
  f->loop.turns++;
  uv_run(&f->loop.uv, UV_RUN_NOWAIT);
}

void hostile_still(fixture *f, hostile_step step, void *arg) {
  loop_wind(&f->loop);
  do {
    turn(f);
    await_delivery(f);
    turn(f); /* descriptors that were new in the first turn are watched from the second on */
  } while (step(arg) || is_due(f, 0));
}

void hostile_wait(fixture *f, hostile_step step, void *arg) {
  is_due(f, WAIT_MS);
  hostile_still(f, step, arg);
}

/* ---- words ---- */

static void words_grow(words *w, size_t more) {
  if (w->len + more < w->cap) return;
  w->cap = 2 * w->cap + more + 1;
  w->str = realloc(w->str, w->cap);
  if (!w->str) abort();
}

void words_add(words *w, const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int n = vsnprintf(NULL, 0, format, args);
  words_grow(w, (size_t)n + 1);
  vsnprintf(w->str + w->len, (size_t)n + 1, format, again);
  w->len += (size_t)n;
  va_end(again);
  va_end(args);
}

void words_next(words *w, const char *separator) {
  if (w->len) words_add(w, "%s", separator);
}

void words_bytes(words *w, const char *bytes, size_t len) {
  if (len >= SHOWN_MAX) {
    words_add(w, "[%zu]", len);
    return;
  }
  for (size_t i = 0; i < len; i++)
    words_add(w, bytes[i] > ' ' && bytes[i] < 0x7f ? "%c" : "\\x%02x", (unsigned char)bytes[i]);
}

const char *words_str(const words *w) { return w->str ? w->str : ""; }

void words_clear(words *w) {
  free(w->str);
  *w = (words){0};
}

/* ---- outcomes ---- */

void words_trailers(words *w, const strict_message *m) {
  size_t len;
  if (!*m->trailers) return;
  for (const char *line = m->trailers; *line; line += len + 1) {
    len = strcspn(line, "\n");
    words_add(w, line == m->trailers ? "{" : ", ");
    if (len >= SHOWN_MAX)
      words_add(w, "[%zu]", len);
    else
      words_add(w, "%.*s", (int)len, line);
  }
  words_add(w, "}");
}

void words_request(words *w, const strict_message *m) {
  words_next(w, " | ");
  if (m->bad) words_add(w, "NOT STRICT: %s: ", m->bad);
  if (!m->head_whole) {
    words_add(w, "(half a head)");
    return;
  }
  words_add(w, "%s %s", m->method, m->target);
  if (m->body_len) words_add(w, " "), words_bytes(w, m->body, m->body_len);
  words_trailers(w, m);
  if (!m->whole) words_add(w, "..");
}

void words_ending(words *w, const peer *p, bool unfinished) {
  if (unfinished) {
    words_add(w, is_over(p) ? " cut" : "..");
  } else if (is_over(p)) {
    words_next(w, " ");
    words_add(w, p->fin ? "close" : "reset");
  }
}

/* ---- fields ---- */

static bool next_part(const char **rest, char separator, char *part, size_t size) {
  while (*rest && **rest == separator) ++*rest;
  if (!*rest || !**rest) return false;
  const char *end = strchrnul(*rest, separator);
  snprintf(part, size, "%.*s", (int)(end - *rest), *rest);
  *rest = end;
  return true;
}

bool hostile_check_fields(const strict_message *m, const char *has, const char *lacks) {
  char part[256];
  bool held = true;
  while (next_part(&has, '\n', part, sizeof part))
    if (!strict_has(m, part) && (!m->start || strcmp(m->start, part)))
      held = CHECK_STR(m->fields, part);
  while (next_part(&lacks, ' ', part, sizeof part))
    if (strict_count(m, part)) held = CHECK_STR(m->fields, "(without that)");
  return held;
}
