/* Sends answers: a head, a body at once or in pieces, an end; as fast as the socket takes them.
 * It never knows what an answer says, nor what a request is beyond how its answer must be framed.
 * It owns what the socket has not taken yet; everything else is the connection's. */
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "origin_conn.h"

#define WRITES_A_TURN 16 /* see write_out() */

/* ---- writing ---- */

/* What the socket did not take at once. */
struct leftover {
  uv_write_t req;
  char bytes[];
};

static void on_written(uv_write_t *req, int status) {
  conn *c = container_of(req->handle, conn, io.stream);
  free(container_of(req, struct leftover, req));
  c->unwritten--;
  if (status < 0)
    conn_close(c);
  else
    conn_go_on(c);
}

/* Copies `bufs` without their first `sent` bytes. */
static void queue_rest(conn *c, const uv_buf_t *bufs, unsigned count, size_t sent, size_t total) {
  struct leftover *rest = malloc(sizeof *rest + total - sent);
  if (rest == NULL) {
    conn_close(c);
    return;
  }
  size_t length = 0;
  for (unsigned i = 0; i < count; i++) {
    size_t skip = sent < bufs[i].len ? sent : bufs[i].len;
    memcpy(rest->bytes + length, bufs[i].base + skip, bufs[i].len - skip);
    length += bufs[i].len - skip;
    sent -= skip;
  }
  uv_buf_t buf = uv_buf_init(rest->bytes, (unsigned)length);
  c->unwritten++;
  if (uv_write(&rest->req, &c->io.stream, &buf, 1, on_written) != 0) {
    c->unwritten--;
    free(rest);
    conn_close(c);
  }
}

/* Every so many writes take the queue although the socket may have room: the queue tries at once
 * too, but completes in the next turn of the loop, so a fast reader cannot starve the others. */
static void write_out(conn *c, const uv_buf_t *bufs, unsigned count) {
  if (c->state == CONN_CLOSED) return;
  int taken = 0;
  if (c->unwritten == 0 && ++c->writes % WRITES_A_TURN != 0) {
    taken = uv_try_write(&c->io.stream, bufs, count);
  }
  if (taken < 0 && taken != UV_EAGAIN) {
    conn_close(c);
    return;
  }
  size_t sent = taken > 0 ? (size_t)taken : 0, total = 0;
  for (unsigned i = 0; i < count; i++) total += bufs[i].len;
  if (sent < total) queue_rest(c, bufs, count, sent, total);
}

static uv_buf_t span(const char *p, size_t length) {
  return uv_buf_init((char *)(uintptr_t)p, (unsigned)length);
}

void send_raw(conn *c, const char *p, size_t length) {
  uv_buf_t buf = span(p, length);
  write_out(c, &buf, 1);
}

/* ---- the answer ---- */

/* llhttp spells it NOT_FOUND. */
static const char *name_of(int status) {
  switch (status) {
#define NAMED(number, identifier, text) \
  case number: return #text;
    HTTP_STATUS_MAP(NAMED)
#undef NAMED
  }
  return "UNNAMED";
}

static const char *reason_of(int status) {
  static char reason[64];
  const char *name = name_of(status);
  size_t i = 0;
  if (status == 200) return name;
  for (; name[i] != '\0' && i + 1 < sizeof reason; i++) {
    bool first = i == 0 || name[i - 1] == '_';
    reason[i] = name[i] == '_' ? ' ' : first ? name[i] : (char)tolower((unsigned char)name[i]);
  }
  reason[i] = '\0';
  return reason;
}

static bool never_has_body(int status) { return status == 204 || status == 304; }

static bool is_head_request(const conn *c) {
  return c->request.method != NULL && strcmp(c->request.method, "HEAD") == 0;
}

static void print_framing(const conn *c, const struct head *head, char *line, size_t room) {
  line[0] = '\0';
  if (never_has_body(head->status)) return;
  switch (c->framing) {
  case FRAME_LENGTH: snprintf(line, room, "Content-Length: %" PRIu64 "\r\n", head->length); return;
  case FRAME_CHUNKED: snprintf(line, room, "Transfer-Encoding: chunked\r\n"); return;
  case FRAME_UNTIL_CLOSE: return;
  }
}

static const char *connection_field(const conn *c) {
  if (!c->keep_alive) return "Connection: close\r\n";
  return c->request.minor == 0 ? "Connection: keep-alive\r\n" : "";
}

/* Decides how the body is framed, and prints the head into a buffer that the next head reuses. A
 * path echoes at most one request field, so the room is enough. */
static uv_buf_t begin_answer(conn *c, const struct head *head) {
  static char text[HEAD_MAX + 1024];
  char framing[64];
  c->begun = true;
  c->framing = head->framing;
  if (c->framing == FRAME_CHUNKED && c->request.minor == 0) c->framing = FRAME_UNTIL_CLOSE;
  if (c->framing == FRAME_UNTIL_CLOSE) c->keep_alive = false;
  c->bodiless = never_has_body(head->status) || is_head_request(c);
  print_framing(c, head, framing, sizeof framing);
  int length = snprintf(text, sizeof text, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\n%s%s%s\r\n",
                        head->status, reason_of(head->status), head->type,
                        head->fields != NULL ? head->fields : "", framing, connection_field(c));
  return span(text, (size_t)length);
}

void send_head(conn *c, const struct head *head) {
  uv_buf_t buf = begin_answer(c, head);
  write_out(c, &buf, 1);
}

void send_body(conn *c, const char *p, size_t length) {
  if (c->bodiless || c->ended || length == 0) return;
  if (c->framing != FRAME_CHUNKED) {
    send_raw(c, p, length);
    return;
  }
  char size[24];
  int size_length = snprintf(size, sizeof size, "%zx\r\n", length);
  uv_buf_t bufs[] = {span(size, (size_t)size_length), span(p, length), span("\r\n", 2)};
  write_out(c, bufs, 3);
}

void send_end_with_trailers(conn *c, const char *trailers) {
  if (c->ended) return;
  if (c->framing == FRAME_CHUNKED && !c->bodiless) {
    uv_buf_t bufs[] = {span("0\r\n", 3), span(trailers, strlen(trailers)), span("\r\n", 2)};
    write_out(c, bufs, 3);
  }
  c->ended = true;
}

void send_end(conn *c) { send_end_with_trailers(c, ""); }

void send_whole(conn *c, const struct head *head, const char *p, size_t length) {
  struct head sized = *head;
  sized.framing = FRAME_LENGTH;
  sized.length = length;
  uv_buf_t bufs[] = {begin_answer(c, &sized), span(p, length)};
  write_out(c, bufs, c->bodiless ? 1 : 2);
  c->ended = true;
}

void send_line(conn *c, int status, const char *format, ...) {
  char line[512];
  va_list args;
  va_start(args, format);
  int length = vsnprintf(line, sizeof line - 1, format, args);
  va_end(args);
  size_t kept = (size_t)length < sizeof line - 2 ? (size_t)length : sizeof line - 2;
  line[kept] = '\n';
  send_whole(c, &(struct head){.status = status, .type = "text/plain"}, line, kept + 1);
}

void *conn_attach(conn *c, size_t size) {
  c->own = calloc(1, size);
  if (c->own == NULL) conn_close(c);
  return c->own;
}

/* ---- the pace ---- */

static bool has_room(const conn *c) {
  if (c->pace.interval_ms == 0) return c->unwritten == 0;
  return uv_stream_get_write_queue_size(&c->io.stream) <= HIGH_WATER;
}

/* Aims at the plan, not at the last piece, so that lateness does not add up. At least 1 ms: libuv
 * 1.44 never leaves its timer phase while timers of 0 ms are started in it. */
static void wait_for_next(conn *c) {
  uint64_t due = c->started_ms + c->pieces * c->pace.interval_ms, now = uv_now(c->timer.loop);
  uv_timer_start(&c->timer, conn_on_timer, due > now ? due - now : 1, 0);
}

static void end_pace(conn *c) {
  c->pace.piece = NULL;
  if (c->pace.last != NULL)
    c->pace.last(c);
  else
    send_end(c);
}

/* A piece may end the pace itself: by closing, or when its write fails. */
void send_due_pieces(conn *c) {
  while (c->pace.piece != NULL && has_room(c)) {
    c->pace.piece(c, c->pieces++);
    if (c->pace.piece == NULL) return;
    if (c->pieces == c->pace.count) {
      end_pace(c);
    } else if (c->pace.interval_ms > 0) {
      wait_for_next(c);
      return;
    }
  }
}

void send_paced(conn *c, const struct pace *pace) {
  if (c->state == CONN_CLOSED) return;
  c->pace = *pace;
  c->pieces = 0;
  c->started_ms = uv_now(c->timer.loop);
  if (pace->count == 0 || c->bodiless)
    end_pace(c);
  else
    send_due_pieces(c);
}
