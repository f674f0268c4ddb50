/* The smallest relay: all requests go to one origin, and every chunk comes back at once.
 *   weir-minimal ORIGIN-URL [ADDRESS], as in: weir-minimal http://127.0.0.1:8081 127.0.0.1:8080 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <weir.h>

static int failed(const char *what, int code) {
  if (code) fprintf(stderr, "weir-minimal: %s: %s\n", what, weir_strerror(code));
  return code != 0;
}

/* Closing is all it takes: once the relay's last handle is gone, uv_run() returns. */
static void on_interrupt(uv_signal_t *interrupt, int number) {
  (void)number;
  weir_relay_close(interrupt->data, NULL, NULL);
  uv_close((uv_handle_t *)interrupt, NULL);
}

static int make_routes(weir_relay *relay, const char *url) {
  weir_upstream *origin;
  weir_upstream_options options = {WEIR_UPSTREAM_OPTIONS_INIT, .url = url};
  if (failed(url, weir_upstream_new(&origin, relay, &options))) return -1;
  return weir_relay_route(relay, NULL, "/", origin);
}

int main(int argc, char **argv) {
  weir_relay *relay;
  uv_loop_t *loop = uv_default_loop();
  uv_signal_t interrupt = {.data = NULL};
  const char *address = argc > 2 ? argv[2] : "127.0.0.1:8080";
  int port;
  if (argc < 2) return fprintf(stderr, "usage: weir-minimal ORIGIN-URL [ADDRESS]\n"), 2;
  signal(SIGPIPE, SIG_IGN); /* libuv writes without MSG_NOSIGNAL */
  if (failed("relay", weir_relay_new(&relay, loop, NULL))) return 1;
  int wrong = make_routes(relay, argv[1]) ||
              failed(address, weir_relay_listen(relay, address, NULL, &port));
  if (wrong) {
    weir_relay_close(relay, NULL, NULL);
  } else {
    printf("listening on http://%.*s:%d\n", (int)strcspn(address, ":"), address, port);
    fflush(stdout);
    uv_signal_init(loop, &interrupt);
    interrupt.data = relay;
    uv_signal_start(&interrupt, on_interrupt, SIGINT);
  }
  uv_run(loop, UV_RUN_DEFAULT);
  return uv_loop_close(loop) || wrong;
}
