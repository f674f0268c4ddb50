/* A relay that judges events: those that contain HIDE do not leave, and one that contains STOP ends
 * the stream in its place, with an event that says so.
 *   weir-guard ORIGIN-URL HIDE STOP [ADDRESS], as in:
 *   weir-guard http://127.0.0.1:8081 '"secret"' '"forbidden"' 127.0.0.1:8080
 * A word that an origin sends in two events is in neither: whoever looks for such keeps what came
 * before. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <weir.h>

struct words {
  const char *hide, *stop;
};

static bool contains(const weir_sse_event *event, const char *word) {
  size_t len = strlen(word);
  for (size_t at = 0; at + len <= event->data_len; at++)
    if (memcmp(event->data + at, word, len) == 0) return true;
  return false;
}

static int on_event(weir_exchange *ex, const weir_sse_event *event, void *user) {
  const struct words *words = user;
  (void)ex;
  if (contains(event, words->stop)) return WEIR_EVENT_DROP | WEIR_EVENT_CUT;
  return contains(event, words->hide) ? WEIR_EVENT_DROP : WEIR_EVENT_PASS;
}

static int make_relay(weir_relay **relay, uv_loop_t *loop, struct words *words) {
  weir_event_options events = {WEIR_EVENT_OPTIONS_INIT, .mode = WEIR_EVENTS_FILTER,
                               .cut_event = "event: guard\ndata: {\"reason\":\"{reason}\"}\n\n"};
  weir_hooks hooks = {WEIR_HOOKS_INIT, .on_event = on_event, .user = words};
  weir_options options = {WEIR_OPTIONS_INIT, .hooks = &hooks, .events = &events};
  return weir_relay_new(relay, loop, &options);
}

static int failed(const char *what, int code) {
  if (code) fprintf(stderr, "weir-guard: %s: %s\n", what, weir_strerror(code));
  return code != 0;
}

static void on_interrupt(uv_signal_t *interrupt, int number) {
  (void)number;
  weir_relay_close(interrupt->data, NULL, NULL);
  uv_close((uv_handle_t *)interrupt, NULL);
}

/* The port, or 0 after saying what is wrong. */
static int serve(weir_relay *relay, const char *url, const char *address) {
  weir_upstream *origin;
  int port = 0;
  weir_upstream_options options = {WEIR_UPSTREAM_OPTIONS_INIT, .url = url};
  if (failed(url, weir_upstream_new(&origin, relay, &options))) return 0;
  if (failed(url, weir_relay_route(relay, NULL, "/", origin))) return 0;
  return failed(address, weir_relay_listen(relay, address, NULL, &port)) ? 0 : port;
}

int main(int argc, char **argv) {
  weir_relay *relay;
  uv_loop_t *loop = uv_default_loop();
  uv_signal_t interrupt;
  if (argc < 4) return fprintf(stderr, "usage: weir-guard ORIGIN-URL HIDE STOP [ADDRESS]\n"), 2;
  struct words words = {argv[2], argv[3]};
  const char *address = argc > 4 ? argv[4] : "127.0.0.1:8080";
  signal(SIGPIPE, SIG_IGN); /* libuv writes without MSG_NOSIGNAL */
  if (failed("relay", make_relay(&relay, loop, &words))) return 1;
  int port = serve(relay, argv[1], address);
  if (port) {
    printf("listening on http://%.*s:%d\n", (int)strcspn(address, ":"), address, port);
    fflush(stdout);
    uv_signal_init(loop, &interrupt);
    interrupt.data = relay;
    uv_signal_start(&interrupt, on_interrupt, SIGTERM);
  } else {
    weir_relay_close(relay, NULL, NULL);
  }
  uv_run(loop, UV_RUN_DEFAULT);
  return uv_loop_close(loop) || !port;
}
