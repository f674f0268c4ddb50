/* See stage.h. */
#include "hostile/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENCE = 40 }; /* looks at what is not complete yet */

/* ---- the origin ---- */

static void note_lines(stage *s) {
  size_t count = s->f.origin.count;
  if (count == s->line_count) return;
  s->lines = realloc(s->lines, count * sizeof *s->lines);
  if (!s->lines) abort();
  weir__list *node = s->f.origin.peers.prev; /* the new ones are the last */
  for (size_t i = count; i-- > s->line_count; node = node->prev)
    s->lines[i] = (stage_line){.peer = weir__container_of(node, peer, node)};
  s->line_count = count;
}

stage_line *stage_line_of(stage *s, const peer *p) {
  for (size_t i = 0; i < s->line_count; i++)
    if (s->lines[i].peer == p) return &s->lines[i];
  return NULL;
}

static void echo(stage *s, peer *p, const strict_message *m) {
  char body[400], head[100];
  bool bodiless = strcmp(m->method, "HEAD") == 0;
  snprintf(body, sizeof body, "%s %.200s %zu", m->method, m->target, m->body_len);
  snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", strlen(body));
  peer_say(p, head);
  if (!bodiless) peer_say(p, body);
  words_add(&s->echoes, "%s\n", bodiless ? "" : body);
}

/* Takes one request off a connection, if there is a whole one. */
static bool serve(stage *s, stage_line *line) {
  strict_message m;
  peer *p = line->peer;
  if (line->raw || !untaken(p)) return false;
  strict_request(&m, p->got + p->at, untaken(p));
  if (m.whole) {
    p->at += m.used;
    if (!s->script || !s->script(s->arg, p, &m)) echo(s, p, &m);
  }
  strict_clear(&m);
  return m.whole;
}

static bool serve_all(void *arg) {
  stage *s = arg;
  bool served = false;
  note_lines(s);
  for (size_t i = 0; i < s->line_count; i++)
    while (serve(s, &s->lines[i])) served = true;
  return served;
}

void stage_still(stage *s) { hostile_still(&s->f, serve_all, s); }

void stage_wait(stage *s) { hostile_wait(&s->f, serve_all, s); }

/* ---- a stage ---- */

void stage_open(stage *s, void (*arrange)(fixture *f), stage_script script, void *arg) {
  *s = (stage){.script = script, .arg = arg};
  fixture_init(&s->f);
  s->f.options.request_head_ms = WEIR_OFF; /* byte by byte a slow machine needs its time */
  if (arrange) arrange(&s->f);
  fixture_start(&s->f);
}

void stage_close(stage *s) {
  fixture_end(&s->f);
  words_clear(&s->echoes);
  free(s->lines);
}

void stage_begin(stage *s) {
  note_lines(s);
  for (size_t i = 0; i < s->line_count; i++) {
    forget(s->lines[i].peer);
    s->lines[i].begin = s->lines[i].peer->at;
  }
  words_clear(&s->echoes);
}

void stage_drop_idle(stage *s) {
  peers_close(&s->f.origin.peers);
  stage_still(s);
}

peer *stage_connect(stage *s) {
  peer *p = client_open(&s->f);
  RUN_UNTIL(&s->f, p->connected);
  return p;
}

void stage_send(stage *s, peer *p, const char *bytes, size_t len, const hostile_way *way) {
  for (size_t at = 0, end; at < len; at = end) {
    end = hostile_piece_end(way, at, len);
    peer_send(p, bytes + at, end - at);
    stage_still(s);
    if (way->pause_ms && end < len) pass(&s->f, way->pause_ms);
  }
}

/* ---- what the origin saw ---- */

static void tell_raw(words *w, const peer *p, size_t at) {
  if (at == p->got_len) return;
  words_add(w, " raw:");
  words_bytes(w, p->got + at, p->got_len - at);
}

static void tell_line(const stage_line *line, words *w) {
  const peer *p = line->peer;
  for (size_t at = line->begin; at < p->got_len;) {
    strict_message m;
    strict_request(&m, p->got + at, p->got_len - at);
    words_request(w, &m);
    at = m.whole ? at + m.used : p->got_len;
    if (m.whole && line->raw) tell_raw(w, p, at), at = p->got_len;
    strict_clear(&m);
  }
}

void stage_tell_origin(stage *s, words *w) {
  note_lines(s);
  for (size_t i = 0; i < s->line_count; i++) tell_line(&s->lines[i], w);
}

bool stage_check_request(stage *s, const char *has, const char *lacks) {
  bool held = true;
  for (size_t i = 0; i < s->line_count; i++) {
    const stage_line *line = &s->lines[i];
    if (line->peer->got_len == line->begin) continue;
    strict_message m;
    strict_request(&m, line->peer->got + line->begin, line->peer->got_len - line->begin);
    held = hostile_check_fields(&m, has, lacks);
    strict_clear(&m);
    return held;
  }
  return CHECK(!has && !lacks);
}

/* ---- what the client saw ---- */

/* True if the body is the echo that is next in order; it is used up then. */
static bool is_echo(stage *s, const strict_message *m) {
  const char *next = words_str(&s->echoes) + s->echo_at;
  size_t len = strcspn(next, "\n");
  if (!m->whole || !next[0] || len != m->body_len || memcmp(next, m->body, len)) return false;
  s->echo_at += len + 1;
  return true;
}

static bool awaits_echo(const stage *s) { return s->echo_at < s->echoes.len; }

static void tell_response(stage *s, const strict_message *m, words *w) {
  bool own = strict_count(m, "Via") == 0;
  words_next(w, " ");
  if (m->bad) words_add(w, "NOT STRICT: %s: ", m->bad);
  words_add(w, "%d", m->status);
  if (m->framing == STRICT_TUNNEL && m->body_len) {
    words_add(w, " raw:");
    words_bytes(w, m->body, m->body_len);
  }
  if (own || m->status < 200 || m->framing == STRICT_TUNNEL || is_echo(s, m)) return;
  if (m->body_len || awaits_echo(s)) words_add(w, ":");
  words_bytes(w, m->body, m->body_len);
  words_trailers(w, m);
}

void stage_tell_client(stage *s, const peer *p, const char *method, words *w) {
  bool unfinished = false;
  s->echo_at = 0;
  for (size_t at = p->at; at < p->got_len && !unfinished;) {
    strict_message m;
    strict_response(&m, p->got + at, p->got_len - at, method, p->fin);
    tell_response(s, &m, w);
    if (m.status >= 200) method = "GET";
    unfinished = !m.whole;
    at += m.used;
    strict_clear(&m);
  }
  words_ending(w, p, unfinished);
}

/* That of the last response which is not interim, whole or not. */
bool stage_check_response(const peer *p, const char *method, const char *has, const char *lacks) {
  bool held = true, done = false;
  for (size_t at = p->at; at < p->got_len && !done;) {
    strict_message m;
    strict_response(&m, p->got + at, p->got_len - at, method, p->fin);
    done = m.status >= 200 || m.status == 101 || !m.whole;
    if (done) held = hostile_check_fields(&m, has, lacks);
    at += m.used;
    strict_clear(&m);
  }
  return held && (done || CHECK(!has && !lacks));
}

/* ---- comparing ---- */

static bool ends_with(const char *str, const char *tail) {
  size_t len = strlen(str), n = strlen(tail);
  return len >= n && strcmp(str + len - n, tail) == 0;
}

/* `want` ends in a request that never ends: as much of it as `got` has, or nothing. */
static bool is_part(const char *got, const char *want) {
  size_t len = strlen(want) - 2, got_len = strlen(got);
  const char *last = strrchr(want, '|');
  size_t before = last ? (size_t)(last - want) - 1 : 0;
  if (got_len == before && strncmp(got, want, before) == 0) return true;
  return ends_with(got, "..") && got_len - 2 <= len && strncmp(got, want, got_len - 2) == 0;
}

static bool agrees(const char *got, const char *want) {
  return strcmp(got, want) == 0 || (ends_with(want, "..") && is_part(got, want));
}

typedef struct story {
  words client, origin;
} story;

static void clear_story(story *told) {
  words_clear(&told->client);
  words_clear(&told->origin);
}

static bool look(stage *s, story *told, const peer *p, const char *method, const char *client,
                 const char *origin) {
  clear_story(told);
  stage_tell_client(s, p, method, &told->client);
  stage_tell_origin(s, &told->origin);
  return strcmp(words_str(&told->client), client) == 0 && agrees(words_str(&told->origin), origin);
}

bool stage_check(stage *s, const peer *p, const char *method, const char *client,
                 const char *origin) {
  story told = {{0}};
  bool held = look(s, &told, p, method, client, origin);
  for (int i = 0; i < PATIENCE && !held; i++) {
    stage_wait(s);
    held = look(s, &told, p, method, client, origin);
  }
  if (!held) {
    CHECK_STR(words_str(&told.client), client);
    CHECK_STR(words_str(&told.origin), origin);
    fixture_print(&s->f);
  }
  clear_story(&told);
  return held;
}

/* ---- afterwards ---- */

static bool check_plain(stage *s, peer *p, const char *request, const char *origin) {
  stage_script script = s->script;
  s->script = NULL;
  stage_begin(s);
  forget(p);
  peer_say(p, request);
  stage_still(s);
  bool held = stage_check(s, p, "GET", "200", origin);
  s->script = script;
  return held;
}

bool stage_check_same(stage *s, peer *p) {
  return check_plain(s, p, "GET /same HTTP/1.1\r\nHost: a\r\n\r\n", "GET /same");
}

bool stage_check_fresh(stage *s) {
  peer *p = stage_connect(s);
  bool held = check_plain(s, p, "GET /fresh HTTP/1.1\r\nHost: a\r\n\r\n", "GET /fresh");
  peer_close(p);
  return held;
}
