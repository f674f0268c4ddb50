/* A program outside weir's tree: puts a relay in front of the origin named on the command line and
 * fetches one response through it. Exits 0 if that came whole, with status 200 and a body.
 * Knows nothing but the installed headers. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir.h>

static const char request[] = "GET /hello HTTP/1.1\r\nHost: consumer\r\nConnection: close\r\n\r\n";

static struct {
  weir_relay *relay;
  uv_tcp_t tcp;
  char response[4096];
  size_t len;
  enum weir_end end;
} state;

static void check(int result, const char *what) {
  if (result >= 0) return;
  fprintf(stderr, "%s: %s\n", what, weir_strerror(result));
  exit(1);
}

static void on_end(weir_exchange *ex, enum weir_end end, const weir_stats *stats, void *user) {
  (void)ex;
  (void)stats;
  (void)user;
  state.end = end;
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  (void)handle;
  (void)suggested;
  *buf =
      uv_buf_init(state.response + state.len, (unsigned)(sizeof(state.response) - 1 - state.len));
}

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf) {
  (void)buf;
  if (nread >= 0) {
    state.len += (size_t)nread;
    return;
  }
  if (nread != UV_EOF) check((int)nread, "read");
  uv_close((uv_handle_t *)stream, NULL);
  weir_relay_close(state.relay, NULL, NULL);
}

static void on_connect(uv_connect_t *connect, int status) {
  check(status, "connect");
  uv_buf_t buf = uv_buf_init((char *)request, sizeof(request) - 1);
  check(uv_try_write(connect->handle, &buf, 1), "write");
  check(uv_read_start(connect->handle, give_room, on_read), "read");
}

int main(int argc, char **argv) {
  if (argc != 2) return fprintf(stderr, "usage: consumer ORIGIN-URL\n"), 2;
  signal(SIGPIPE, SIG_IGN);

  uv_loop_t *loop = uv_default_loop();
  weir_hooks hooks = {WEIR_HOOKS_INIT, .on_end = on_end};
  weir_options options = {WEIR_OPTIONS_INIT, .hooks = &hooks};
  weir_upstream_options origin_options = {WEIR_UPSTREAM_OPTIONS_INIT, .url = argv[1]};
  weir_upstream *origin;
  int port;
  check(weir_relay_new(&state.relay, loop, &options), "relay");
  check(weir_upstream_new(&origin, state.relay, &origin_options), "origin");
  check(weir_relay_route(state.relay, NULL, "/", origin), "route");
  check(weir_relay_listen(state.relay, "127.0.0.1:0", NULL, &port), "listen");

  struct sockaddr_in address;
  uv_connect_t connect;
  check(uv_ip4_addr("127.0.0.1", port, &address), "address");
  check(uv_tcp_init(loop, &state.tcp), "tcp");
  check(uv_tcp_connect(&connect, &state.tcp, (const struct sockaddr *)&address, on_connect),
        "connect");
  uv_run(loop, UV_RUN_DEFAULT);

  const char *body = strstr(state.response, "\r\n\r\n");
  int whole = state.end == WEIR_END_COMPLETE && body && body[4];
  if (!whole || strncmp(state.response, "HTTP/1.1 200 ", 13) != 0) {
    fprintf(stderr, "end %s, response:\n%s\n", weir_end_name(state.end), state.response);
    return 1;
  }
  printf("%s relayed %zu bytes\n", weir_version(), state.len);
  return 0;
}
