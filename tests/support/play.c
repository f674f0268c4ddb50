#include "support/play.h"

#include <stdio.h>
#include <stdlib.h>

const char *const framing_names[FRAMINGS] = {"chunked", "sized", "closed"};

/* ---- what is seen ---- */

static int on_event(weir_exchange *ex, const weir_sse_event *event, void *user) {
  play *p = weir__container_of((fixture *)user, play, f);
  size_t at = strlen(p->seen);
  snprintf(p->seen + at, sizeof p->seen - at, "[%.*s|%.*s%s]", (int)event->type_len, event->type,
           (int)event->data_len, event->data, event->unfinished ? "~" : "");
  return p->judge ? p->judge(p, ex, event) : WEIR_EVENT_PASS;
}

static void on_events_lost(weir_exchange *ex, int why, void *user) {
  play *p = weir__container_of((fixture *)user, play, f);
  (void)ex;
  CHECK_INT(p->lost, 0);
  p->lost = why;
}

/* ---- making ---- */

void play_init(play *p) {
  *p = (play){.options = {WEIR_EVENT_OPTIONS_INIT}, .media = "text/event-stream", .fields = ""};
  fixture_init(&p->f);
  p->f.options.events = &p->options;
  p->f.hooks.on_event = on_event;
  p->f.hooks.on_events_lost = on_events_lost;
}

static void say_head(play *p) {
  char head[512], length[64];
  snprintf(length, sizeof length, "Content-Length: %zu\r\n", p->length);
  snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%s%s\r\n", p->media,
           p->fields,
           p->framing == CHUNKED ? "Transfer-Encoding: chunked\r\n"
           : p->framing == SIZED ? length
                                 : "");
  peer_say(p->origin, head);
  settle(&p->f);
}

void play_start(play *p, const char *request) {
  fixture_start(&p->f);
  p->client = ask(&p->f, request);
  p->origin = asked(&p->f, 0);
  say_head(p);
}

void play_open(play *p) {
  play_init(p);
  play_start(p, GET);
}

void play_end(play *p) { fixture_end(&p->f); }

/* ---- what happens ---- */

void play_send(play *p, const char *bytes, size_t len) {
  char *piece = malloc(len + 32);
  if (!piece) abort();
  size_t at = 0;
  if (p->framing == CHUNKED) at = (size_t)snprintf(piece, 32, "%zx\r\n", len);
  memcpy(piece + at, bytes, len);
  at += len;
  if (p->framing == CHUNKED) memcpy(piece + at, "\r\n", 2), at += 2;
  if (len) peer_send(p->origin, piece, at);
  free(piece);
  settle(&p->f);
}

void play_say(play *p, const char *text) { play_send(p, text, strlen(text)); }

void play_finish(play *p) {
  if (p->framing == CHUNKED) peer_say(p->origin, "0\r\n\r\n");
  if (p->framing == CLOSED) peer_close(p->origin);
  settle(&p->f);
}

/* A reset waits until the clock says that the client's kernel has all. */
void play_await_end(play *p) {
  RUN_UNTIL(&p->f, p->f.end_count == 1);
  for (int i = 0; i < 100 && !is_over(p->client) && !got_message(p->client); i++) {
    pass(&p->f, 10);
    settle(&p->f);
  }
}

/* Without chunks and without a length a clean FIN says that it is whole. */
void check_ended(const char *file, int line, play *p, const char *body, bool whole) {
  play_await_end(p);
  const message *m = take(p->client);
  bool framed = m->chunked || m->sized;
  check_str(file, line, "the body", m->body, "what should have come", body);
  check_int(file, line, "whole", framed ? m->whole : ended_well(p->client), "wanted", whole);
}
