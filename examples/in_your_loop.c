/* weir inside a server of your own. The server has the loop, the listener and the connections,
 * reads the first bytes of each, and then chooses among three ways:
 *   /own        it answers itself; weir never hears of it;
 *   /start/..   it parses the head, lends weir the connection for this one request (without /start)
 *               and gets it back for the next: weir_relay_start();
 *   else        weir has the connection, with all its requests, until it closes:
 *               weir_relay_accept().
 * Run it as: weir-in-your-loop ORIGIN-URL [ADDRESS] */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir.h>

enum { HEAD_MAX = 16 * 1024, FIELDS_MAX = 64, DRAIN_MS = 5000 };

struct conn;

struct server {
  uv_loop_t loop;
  uv_tcp_t listener;
  uv_signal_t interrupt;
  weir_relay *relay;
  struct conn *conns; /* those that are ours at the moment */
  bool ending;
};

struct conn {
  uv_tcp_t tcp; /* its data points here, also after weir had it */
  struct server *server;
  struct conn *next, **at; /* in the server's list */
  uv_write_t write;
  size_t len;
  char text[HEAD_MAX + 1]; /* what was read and is still ours */
};

/* ---- connections ---- */

static void take(struct conn *c) {
  c->next = c->server->conns;
  c->at = &c->server->conns;
  if (c->next) c->next->at = &c->next;
  c->server->conns = c;
}

/* Weir has it now, or it is closing. */
static void release(struct conn *c) {
  *c->at = c->next;
  if (c->next) c->next->at = c->at;
}

static void on_closed(uv_handle_t *handle) { free(handle->data); }

static void close_conn(struct conn *c) {
  release(c);
  uv_close((uv_handle_t *)&c->tcp, on_closed);
}

static void go_on(struct conn *c);

/* ---- answering without weir ---- */

static void on_written(uv_write_t *write, int status) {
  struct conn *c = write->handle->data;
  (void)status;
  if (!uv_is_closing((uv_handle_t *)&c->tcp)) close_conn(c); /* the end of the server was faster */
}

static void answer(struct conn *c) {
  static char text[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 20\r\n"
                       "Connection: close\r\n\r\nThe server's answer\n";
  uv_buf_t buf = uv_buf_init(text, sizeof text - 1);
  if (uv_write(&c->write, (uv_stream_t *)&c->tcp, &buf, 1, on_written)) close_conn(c);
}

/* ---- lending weir one request ---- */

/* Where the server goes on. Bytes that were read and belong to the next request come along. */
static void on_returned(uv_stream_t *stream, const weir_returned *returned, void *user) {
  struct conn *c = user;
  (void)stream;
  if (!returned->open) {
    free(c); /* the handle is closed already: weir did that */
    return;
  }
  take(c);
  if (c->server->ending || returned->rest_len > HEAD_MAX) {
    close_conn(c);
    return;
  }
  c->len = returned->rest_len;
  if (c->len) memcpy(c->text, returned->rest, c->len);
  go_on(c);
}

/* Cuts "a<separator>b" in two, in place. Returns b, or NULL. */
static char *cut(char *text, const char *separator) {
  char *end = text ? strstr(text, separator) : NULL;
  if (!end) return NULL;
  *end = '\0';
  return end + strlen(separator);
}

/* This is all it takes, since weir judges the head once more: what a field or a target may be, how
 * long the body is, whether there is one Host. */
static bool parse(char *head, weir_request *request, weir_field *fields) {
  char *lines = cut(head, "\r\n");
  char *target = cut(head, " ");
  char *version = cut(target, " ");
  if (!version || strlen(version) != 8 || strncmp(version, "HTTP/1.", 7) != 0) return false;
  request->method = head;
  request->target = target + strlen("/start");
  request->http_minor = version[7] - '0';
  request->fields = fields;
  while (lines && *lines) {
    char *next = cut(lines, "\r\n"), *value = cut(lines, ":");
    if (!value || request->field_count == FIELDS_MAX) return false;
    fields[request->field_count++] = (weir_field){lines, value + strspn(value, " \t")};
    lines = next;
  }
  return true;
}

/* All strings are copied, so the buffer may be used again right after. */
static int start(struct conn *c, char *body) {
  weir_field fields[FIELDS_MAX];
  weir_request request = {WEIR_REQUEST_INIT, .body = body};
  request.body_len = c->len - (size_t)(body - c->text);
  body[-2] = '\0'; /* the empty line */
  if (!parse(c->text, &request, fields)) return WEIR_EMESSAGE;
  return weir_relay_start(c->server->relay, (uv_stream_t *)&c->tcp, &request, NULL, NULL,
                          on_returned, c);
}

/* ---- reading ---- */

/* Bytes that were read already go along. It comes back closed. */
static int hand_over(struct conn *c) {
  weir_accept_options o = {WEIR_ACCEPT_OPTIONS_INIT, .read = c->text, .read_len = c->len};
  return weir_relay_accept(c->server->relay, (uv_stream_t *)&c->tcp, &o, on_returned, c);
}

/* Weir calls back later, never from inside of start and accept; so there is time to release. */
static void choose(struct conn *c, char *body) {
  char *target = c->text + strcspn(c->text, " ");
  uv_read_stop((uv_stream_t *)&c->tcp);
  if (strncmp(target, " /own ", 6) == 0) {
    answer(c);
    return;
  }
  release(c);
  int rc = strncmp(target, " /start/", 8) == 0 ? start(c, body) : hand_over(c);
  if (rc == 0) return;
  fprintf(stderr, "weir-in-your-loop: refused a request: %s\n", weir_strerror(rc));
  take(c); /* it is still ours */
  close_conn(c);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  struct conn *c = handle->data;
  (void)suggested;
  *buf = uv_buf_init(c->text + c->len, (unsigned)(HEAD_MAX - c->len));
}

/* Chooses once the head is there. A server for more than a demo would also limit the time. */
static void look(struct conn *c) {
  c->text[c->len] = '\0';
  char *end = strstr(c->text, "\r\n\r\n");
  if (end)
    choose(c, end + 4);
  else if (c->len == HEAD_MAX)
    close_conn(c);
}

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf) {
  struct conn *c = stream->data;
  (void)buf;
  if (nread < 0) {
    close_conn(c);
    return;
  }
  c->len += (size_t)nread;
  look(c);
}

static void go_on(struct conn *c) {
  if (uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read))
    close_conn(c);
  else if (c->len)
    look(c);
}

static void on_connection(uv_stream_t *listener, int status) {
  struct server *server = listener->data;
  struct conn *c = status == 0 ? calloc(1, sizeof *c) : NULL;
  if (!c) return;
  uv_tcp_init(&server->loop, &c->tcp);
  c->tcp.data = c;
  c->server = server;
  take(c);
  if (uv_accept(listener, (uv_stream_t *)&c->tcp))
    close_conn(c);
  else
    go_on(c);
}

/* ---- the end ---- */

static void on_drained(weir_relay *relay, void *user) {
  (void)user;
  weir_relay_close(relay, NULL, NULL);
}

/* Our connections end now, weir's when their answers are complete. */
static void end(struct server *server) {
  server->ending = true;
  uv_close((uv_handle_t *)&server->listener, NULL);
  uv_close((uv_handle_t *)&server->interrupt, NULL);
  while (server->conns) close_conn(server->conns);
  weir_relay_drain(server->relay, DRAIN_MS, on_drained, NULL);
}

static void on_interrupt(uv_signal_t *interrupt, int number) {
  (void)number;
  end(interrupt->data);
}

/* ---- the start ---- */

static int make_relay(struct server *server, const char *url) {
  weir_upstream *origin;
  weir_upstream_options options = {WEIR_UPSTREAM_OPTIONS_INIT, .url = url};
  int rc = weir_relay_new(&server->relay, &server->loop, NULL);
  if (rc) return rc;
  rc = weir_upstream_new(&origin, server->relay, &options);
  return rc ? rc : weir_relay_route(server->relay, NULL, "/", origin);
}

static int listen_on(struct server *server, const char *text) {
  char host[64];
  struct sockaddr_in address;
  int length = sizeof address, split = (int)strcspn(text, ":");
  if (!text[split]) return UV_EINVAL;
  snprintf(host, sizeof host, "%.*s", split, text);
  int rc = uv_ip4_addr(host, atoi(text + split + 1), &address);
  if (rc == 0) rc = uv_tcp_bind(&server->listener, (struct sockaddr *)&address, 0);
  if (rc == 0) rc = uv_listen((uv_stream_t *)&server->listener, 511, on_connection);
  if (rc == 0) rc = uv_tcp_getsockname(&server->listener, (struct sockaddr *)&address, &length);
  if (rc == 0) printf("listening on http://%s:%d\n", host, ntohs(address.sin_port));
  fflush(stdout);
  return rc;
}

int main(int argc, char **argv) {
  struct server server = {.ending = false};
  if (argc < 2) return fprintf(stderr, "usage: weir-in-your-loop ORIGIN-URL [ADDRESS]\n"), 2;
  signal(SIGPIPE, SIG_IGN); /* libuv writes without MSG_NOSIGNAL */
  uv_loop_init(&server.loop);
  uv_tcp_init(&server.loop, &server.listener);
  uv_signal_init(&server.loop, &server.interrupt);
  server.listener.data = server.interrupt.data = &server;
  int rc = make_relay(&server, argv[1]);
  if (rc == 0) rc = listen_on(&server, argc > 2 ? argv[2] : "127.0.0.1:8080");
  if (rc == 0) rc = uv_signal_start(&server.interrupt, on_interrupt, SIGINT);
  if (rc) fprintf(stderr, "weir-in-your-loop: cannot start: %s\n", weir_strerror(rc));
  if (rc && server.relay) end(&server);
  uv_run(&server.loop, UV_RUN_DEFAULT);
  return uv_loop_close(&server.loop) || rc;
}
