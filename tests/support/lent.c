#include "support/lent.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "net/listen.h"

enum { FIELDS_MAX = 16, HELLO_READ = 100 };

/* ---- making ---- */

static int listen_once(struct sockaddr_in *at) {
  socklen_t len = sizeof *at;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  uv_ip4_addr("127.0.0.1", 0, at);
  CHECK_INT(bind(fd, (struct sockaddr *)at, len), 0);
  CHECK_INT(listen(fd, 1), 0);
  CHECK_INT(getsockname(fd, (struct sockaddr *)at, &len), 0);
  return fd;
}

static void tcp_pair(uv_os_sock_t ends[2]) {
  struct sockaddr_in at;
  int listener = listen_once(&at);
  ends[1] = socket(AF_INET, SOCK_STREAM, 0);
  CHECK_INT(connect(ends[1], (struct sockaddr *)&at, sizeof at), 0);
  ends[0] = accept(listener, NULL, NULL);
  uv_fs_t req;
  uv_fs_close(NULL, &req, listener, NULL);
  uv_fs_req_cleanup(&req);
}

static void open_end(peer_handle *handle, uv_handle_type type, uv_os_sock_t fd) {
  CHECK_INT(type == UV_TCP ? uv_tcp_open(&handle->tcp, fd) : uv_pipe_open(&handle->pipe, fd), 0);
}

void lent_only(fixture *f) {
  weir__list *node = f->relay->listeners.next;
  weir__listener_close(weir__container_of(node, weir__listener, node), NULL);
  loop_settle(&f->loop);
}

void lent_open(lent *l, fixture *f, uv_handle_type type) {
  uv_os_sock_t ends[2];
  *l = (lent){.f = f, .rest = calloc(1, 1)};
  if (type == UV_TCP)
    tcp_pair(ends), uv_tcp_init(&f->loop.uv, &l->handle.tcp);
  else
    uv_socketpair(SOCK_STREAM, 0, ends, 0, 0), uv_pipe_init(&f->loop.uv, &l->handle.pipe, 0);
  l->client = peer_new(&f->loop, &f->clients, type, "lent client", f->client_count++);
  open_end(&l->handle, type, ends[0]);
  open_end(&l->client->handle, type, ends[1]);
  l->handle.any.data = l;
  l->client->connected = true;
  peer_hurry(l->client);
  peer_go(l->client);
}

void lent_secure(lent *l) {
  l->tls = l->f->listen_options.tls;
  if (!l->tls) return;
  peer_secure(l->client, peer_tls_client());
  l->client->connected = false;
}

void lent_close(lent *l) {
  if (l->out) close_relay(l->f);
  RUN_UNTIL(l->f, !l->out);
  if (!uv_is_closing(&l->handle.any)) uv_close(&l->handle.any, NULL);
}

void lent_free(lent *l) { free(l->rest); }

/* ---- coming back ---- */

static void keep_rest(lent *l, const char *rest, size_t len) {
  free(l->rest);
  l->rest = calloc(1, len + 1);
  if (!l->rest) abort();
  if (len) memcpy(l->rest, rest, len);
}

static void on_returned(uv_stream_t *stream, const weir_returned *returned, void *user) {
  lent *l = user;
  CHECK(stream == &l->handle.stream);
  CHECK(stream->data == l);
  CHECK(!l->calling);
  CHECK(returned->size == sizeof *returned);
  CHECK_INT(uv_is_closing(&l->handle.any), !returned->open);
  if (!returned->open) CHECK_INT(returned->rest_len, 0);
  l->returns++;
  l->out = false;
  l->open = returned->open;
  keep_rest(l, returned->rest, returned->rest_len);
  if (l->then) l->then(l);
}

/* ---- lending ---- */

/* What the client has said before stays behind what it says here. */
static void say_first(peer *p, const char *text, size_t len) {
  weir__slice later = peer_tls_unhold(p->tls);
  p->unsent -= later.len;
  peer_send(p, text, len);
  peer_send(p, later.ptr, later.len);
  free((char *)later.ptr);
}

/* The host finds out by its first bytes that the client speaks TLS, say. */
static size_t read_hello(lent *l, char *room, size_t size) {
  uv_os_fd_t fd = -1;
  CHECK_INT(uv_fileno(&l->handle.any, &fd), 0);
  ssize_t n = recv(fd, room, size, MSG_WAITALL);
  return CHECK(n > 0) ? (size_t)n : 0;
}

int lend(lent *l, const char *bytes, size_t len) {
  char hello[HELLO_READ];
  if (l->client->tls && !l->client->connected) {
    say_first(l->client, bytes, len);
    peer_greet(l->client);
    len = read_hello(l, hello, sizeof hello);
    bytes = hello;
  }
  char *copy = exact_copy(bytes, len);
  l->calling = true;
  weir_accept_options o = {WEIR_ACCEPT_OPTIONS_INIT, .read = len ? copy : NULL, .read_len = len,
                           .tls = l->tls};
  int rc = weir_relay_accept(l->f->relay, &l->handle.stream, &o, on_returned, l);
  l->calling = false;
  l->out = rc == 0;
  free(copy);
  return rc;
}

/* Cuts "a<separator>b" in two, in place; returns b, or the end. */
static char *cut(char *text, const char *separator) {
  char *at = strstr(text, separator);
  if (!at) return text + strlen(text);
  *at = '\0';
  return at + strlen(separator);
}

static void read_head(weir_request *r, weir_field *fields, char *head) {
  cut(head, "\r\n\r\n");
  char *lines = cut(head, "\r\n"), *target = cut(head, " "), *version = cut(target, " ");
  r->method = head;
  r->target = target;
  r->http_minor = version[7] - '0';
  r->fields = fields;
  while (*lines && r->field_count < FIELDS_MAX) {
    char *next = cut(lines, "\r\n"), *value = cut(lines, ": ");
    fields[r->field_count++] = (weir_field){lines, value};
    lines = next;
  }
}

int lend_request_to(lent *l, const char *head, const char *body, weir_upstream *upstream,
                    const weir_hooks *hooks) {
  char *text = exact_copy(head, strlen(head) + 1), *bytes = exact_copy(body, strlen(body));
  weir_field fields[FIELDS_MAX];
  weir_request r = {WEIR_REQUEST_INIT, .body = bytes, .body_len = strlen(body)};
  read_head(&r, fields, text);
  l->calling = true;
  int rc = weir_relay_start(l->f->relay, &l->handle.stream, &r, upstream, hooks, on_returned, l);
  l->calling = false;
  l->out = rc == 0;
  free(text);
  free(bytes);
  return rc;
}

int lend_request(lent *l, const char *head, const char *body) {
  return lend_request_to(l, head, body, NULL, NULL);
}
