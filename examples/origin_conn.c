/* Reads requests with llhttp, one after the other, hands each to its path, and ends as the answer
 * or the client asks.
 * It never knows what an answer says, nor how it is sent.
 * A connection is made in conn_accept() and freed when the second of its handles has closed. */
#include "origin_conn.h"

#include <stdlib.h>
#include <strings.h>

#include "origin_paths.h"

#define BODY_MAX (16 * 1024 * 1024) /* kept for a path; prompts carry images; more is 413 */
#define AHEAD_MAX (64 * 1024)       /* of pipelined requests before we stop reading */
#define LINGER_MS 1000              /* for the client to see our FIN before we close */

/* One loop, one thread, and no read outlives its callback: all connections share the buffer. */
static char read_buffer[64 * 1024];

/* ---- the request, as llhttp reports it ---- */

static int keep_head(llhttp_t *parser, const char *p, size_t length) {
  conn *c = container_of(parser, conn, parser);
  if (c->head_done) return 0; /* trailers */
  bool ok = c->request.text.length + length < HEAD_MAX && text_add(&c->request.text, p, length);
  if (!ok) {
    llhttp_set_error_reason(parser, "head too large");
    c->refusal = 431;
  }
  return ok ? 0 : HPE_USER;
}

static int end_string(llhttp_t *parser) { return keep_head(parser, "", 1); }

static bool expects_continue(const conn *c) {
  const char *expect = request_field(&c->request, "Expect");
  bool body = c->request.chunked || c->request.length > 0;
  return body && c->request.minor > 0 && expect != NULL && strcasecmp(expect, "100-continue") == 0;
}

static int on_headers_complete(llhttp_t *parser) {
  conn *c = container_of(parser, conn, parser);
  struct request *r = &c->request;
  r->body_at = r->text.length;
  r->method = llhttp_method_name((llhttp_method_t)llhttp_get_method(parser));
  r->minor = llhttp_get_http_minor(parser);
  r->upgrade = llhttp_get_upgrade(parser) != 0;
  r->chunked = (parser->flags & F_CHUNKED) != 0;
  r->length = parser->flags & F_CONTENT_LENGTH ? parser->content_length : 0;
  c->keep_alive = llhttp_should_keep_alive(parser) != 0;
  c->head_done = true;
  if (expects_continue(c)) send_raw(c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
  if (path_body_use(r) == BODY_ECHO) path_answer(c);
  return 0;
}

static int keep_body(conn *c, const char *p, size_t length) {
  struct text *text = &c->request.text;
  if (text->length - c->request.body_at + length <= BODY_MAX && text_add(text, p, length)) return 0;
  llhttp_set_error_reason(&c->parser, "body too large");
  c->refusal = 413;
  return HPE_USER;
}

static int on_body(llhttp_t *parser, const char *p, size_t length) {
  conn *c = container_of(parser, conn, parser);
  switch (path_body_use(&c->request)) {
  case BODY_DROP: return 0;
  case BODY_KEEP: return keep_body(c, p, length);
  case BODY_ECHO: send_body(c, p, length); return 0;
  }
  return 0;
}

/* Pausing keeps the parser from reading the next request before this one is answered. */
static int on_message_complete(llhttp_t *parser) {
  conn *c = container_of(parser, conn, parser);
  if (c->begun) send_end(c);
  return HPE_PAUSED;
}

static const llhttp_settings_t *parser_settings(void) {
  static llhttp_settings_t settings;
  if (settings.on_message_complete != NULL) return &settings;
  llhttp_settings_init(&settings);
  settings.on_url = keep_head;
  settings.on_url_complete = end_string;
  settings.on_header_field = keep_head;
  settings.on_header_field_complete = end_string;
  settings.on_header_value = keep_head;
  settings.on_header_value_complete = end_string;
  settings.on_headers_complete = on_headers_complete;
  settings.on_body = on_body;
  settings.on_message_complete = on_message_complete;
  return &settings;
}

/* ---- one request after the other ---- */

static bool answered(const conn *c) {
  return c->state == CONN_ANSWERING && c->ended && c->unwritten == 0;
}

static void next_request(conn *c) {
  request_clear(&c->request);
  free(c->own);
  c->own = NULL;
  c->head_done = c->begun = c->bodiless = c->ended = false;
  c->state = CONN_READING;
  llhttp_reset(&c->parser);
}

static void refuse(conn *c) {
  c->keep_alive = false;
  if (!c->begun) {
    send_line(c, c->refusal != 0 ? c->refusal : 400, "Malformed request: %s.",
              llhttp_get_error_reason(&c->parser));
  }
  conn_finish(c);
}

static void end_answer(conn *c) {
  if (c->keep_alive)
    next_request(c);
  else
    conn_finish(c);
}

/* What came while no request is being read. */
static void spill(conn *c, const char *p, size_t length) {
  switch (c->state) {
  case CONN_READING:
  case CONN_ANSWERING:
    if (!text_add(&c->ahead, p, length)) conn_close(c);
    return;
  case CONN_TUNNEL: send_raw(c, p, length); return;
  case CONN_LINGER:
  case CONN_CLOSED: return;
  }
}

static void feed(conn *c, const char *p, size_t length) {
  while (length > 0 && c->state == CONN_READING) {
    llhttp_errno_t rc = llhttp_execute(&c->parser, p, length);
    if (rc == HPE_OK || c->state != CONN_READING) return;
    if (rc != HPE_PAUSED) {
      refuse(c);
      return;
    }
    size_t used = (size_t)(llhttp_get_error_pos(&c->parser) - p);
    p += used;
    length -= used;
    c->state = CONN_ANSWERING;
    if (!c->begun) path_answer(c);
    if (answered(c)) end_answer(c);
  }
  if (length > 0) spill(c, p, length);
}

static void feed_ahead(conn *c) {
  struct text ahead = c->ahead;
  c->ahead = (struct text){0};
  if (ahead.length > 0) feed(c, ahead.at, ahead.length);
  text_free(&ahead);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  (void)handle, (void)suggested;
  *buf = uv_buf_init(read_buffer, sizeof read_buffer);
}

static void aim_reading(conn *c);

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buf) {
  conn *c = container_of(stream, conn, io.stream);
  if (length > 0) feed(c, buf->base, (size_t)length);
  c->client_done = length < 0;
  if (length == UV_EOF && c->state == CONN_TUNNEL)
    conn_finish(c);
  else if (length < 0)
    conn_close(c);
  aim_reading(c);
}

/* A held answer: nothing is queued and nothing is planned. */
static bool is_silent(const conn *c) {
  return c->state == CONN_ANSWERING && c->unwritten == 0 && c->pace.piece == NULL;
}

/* Where bytes bounce back, we read no faster than the client does. Everywhere else we go on reading
 * while we answer, since libuv tells of a client that left only while it reads. With too much read
 * ahead we stop; then a failing write tells, and where none will come we give up at once. */
static void aim_reading(conn *c) {
  if (c->state == CONN_CLOSED || c->client_done) return;
  bool bounces = c->state == CONN_TUNNEL || (c->state == CONN_READING && c->begun);
  bool want = bounces ? uv_stream_get_write_queue_size(&c->io.stream) <= HIGH_WATER
                      : c->ahead.length < AHEAD_MAX;
  if (!want && is_silent(c)) conn_close(c);
  if (want == c->reading || c->state == CONN_CLOSED) return;
  c->reading = want;
  if (!want)
    uv_read_stop(&c->io.stream);
  else if (uv_read_start(&c->io.stream, on_alloc, on_read) != 0)
    conn_close(c);
}

/* After a write or a pause: the next piece, or the next request. */
void conn_go_on(conn *c) {
  if (!uv_is_active((uv_handle_t *)&c->timer)) send_due_pieces(c);
  if (answered(c)) {
    end_answer(c);
    feed_ahead(c);
  }
  aim_reading(c);
}

void conn_on_timer(uv_timer_t *timer) {
  conn *c = container_of(timer, conn, timer);
  if (c->state == CONN_LINGER)
    conn_close(c);
  else
    conn_go_on(c);
}

/* ---- beginning and end ---- */

static void release(conn *c) {
  if (--c->handles > 0) return;
  request_free(&c->request);
  text_free(&c->ahead);
  free(c->own);
  free(c);
}

static void on_io_closed(uv_handle_t *handle) { release(container_of(handle, conn, io.handle)); }

static void on_timer_closed(uv_handle_t *handle) { release(container_of(handle, conn, timer)); }

static void close_timer(conn *c) {
  c->state = CONN_CLOSED;
  c->pace.piece = NULL;
  uv_close((uv_handle_t *)&c->timer, on_timer_closed);
}

void conn_close(conn *c) {
  if (c->state == CONN_CLOSED) return;
  close_timer(c);
  uv_close(&c->io.handle, on_io_closed);
}

void conn_reset(conn *c) {
  if (c->state == CONN_CLOSED) return;
  bool tcp = c->io.handle.type == UV_TCP;
  if (tcp && uv_tcp_close_reset(&c->io.tcp, on_io_closed) == 0)
    close_timer(c);
  else
    conn_close(c);
}

/* Closing with unread bytes would send a reset, which can destroy what the client has not read. */
static void on_shutdown(uv_shutdown_t *req, int status) {
  conn *c = container_of(req, conn, shutdown);
  if (status < 0 || c->client_done)
    conn_close(c);
  else
    uv_timer_start(&c->timer, conn_on_timer, LINGER_MS, 0);
}

void conn_finish(conn *c) {
  if (c->state == CONN_LINGER || c->state == CONN_CLOSED) return;
  c->state = CONN_LINGER;
  c->pace.piece = NULL;
  text_free(&c->ahead);
  uv_timer_stop(&c->timer);
  if (uv_shutdown(&c->shutdown, &c->io.stream, on_shutdown) != 0) conn_close(c);
}

void conn_tunnel(conn *c) {
  if (c->state == CONN_ANSWERING) c->state = CONN_TUNNEL;
}

static int open_io(conn *c, uv_stream_t *listener) {
  bool tcp = listener->type == UV_TCP;
  return tcp ? uv_tcp_init(listener->loop, &c->io.tcp)
             : uv_pipe_init(listener->loop, &c->io.pipe, 0);
}

void conn_accept(uv_stream_t *listener) {
  conn *c = calloc(1, sizeof *c);
  if (c == NULL) return;
  if (open_io(c, listener) != 0) {
    free(c);
    return;
  }
  c->handles = 2;
  uv_timer_init(listener->loop, &c->timer);
  llhttp_init(&c->parser, HTTP_REQUEST, parser_settings());
  if (uv_accept(listener, &c->io.stream) != 0) {
    conn_close(c);
    return;
  }
  if (listener->type == UV_TCP) uv_tcp_nodelay(&c->io.tcp, 1);
  aim_reading(c);
}
