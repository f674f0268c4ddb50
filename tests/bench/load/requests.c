/* Small answers in a closed loop: on kept connections, or on a new one each. */
#include <errno.h>
#include <stdlib.h>

#include "client.h"
#include "meter.h"
#include "origin.h"

enum { ANSWER_BYTES = 128 };

struct caller {
  struct client client;
  struct message response;
  uint64_t asked_at;
};

static const struct options *set;
static bool anew; /* a connection for each request */
static bool stopping;
static unsigned asking;
static uint64_t answered;
static struct samples delays;

/* ---- the origin's end ---- */

static void on_request(struct origin_conn *conn, const char *target) {
  static const char kept[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                             "Content-Length: 128\r\n\r\n"
                             "0123456789012345678901234567890123456789012345678901234567890123"
                             "0123456789012345678901234567890123456789012345678901234567890123";
  (void)target;
  loop_send(conn->watch.fd, kept, sizeof kept - 1);
  origin_answered(conn);
}

static const struct origin_events from_relay = {.on_request = on_request};

/* ---- the client's end ---- */

static void on_ready(struct watch *watch, unsigned events);

static void ask(struct caller *caller) {
  static const char kept[] = "GET /small HTTP/1.1\r\nHost: bench\r\nAccept: */*\r\n\r\n";
  static const char once[] =
      "GET /small HTTP/1.1\r\nHost: bench\r\nAccept: */*\r\nConnection: close\r\n\r\n";
  caller->asked_at = now_ns();
  message_begin_response(&caller->response);
  if (anew || caller->client.watch.fd < 0)
    client_connect(&caller->client, set->relay, EPOLLIN | EPOLLRDHUP, on_ready);
  client_send(&caller->client, anew ? once : kept, anew ? sizeof once - 1 : sizeof kept - 1);
}

static void finish(struct caller *caller) {
  samples_add(&delays, now_ns() - caller->asked_at);
  answered++;
  if (anew) client_close(&caller->client);
  if (stopping)
    asking--;
  else
    ask(caller);
}

static void on_end(struct caller *caller) {
  errno = 0;
  if (!anew || caller->response.state != DONE) die("the relay closed a connection");
  finish(caller);
}

/* Where the connection is to end, the answer is over when it has. */
static void on_ready(struct watch *watch, unsigned events) {
  struct caller *caller = (struct caller *)watch;
  ssize_t n = client_read(&caller->client);
  if (n > 0) {
    uint64_t payload = message_feed(&caller->response, client_bytes, (size_t)n);
    errno = 0;
    if (payload != 0 && payload != ANSWER_BYTES) die("an answer in pieces");
    if (!anew && caller->response.state == DONE) finish(caller);
    if (!anew) return;
  }
  if (n >= 0) n = events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR) ? client_read(&caller->client) : 0;
  if (n < 0) on_end(caller);
}

/* ---- a run ---- */

static void ask_for(struct caller *callers, unsigned ms) {
  uint64_t end = now_ns() + ms * 1000000ull;
  stopping = false;
  for (asking = 0; asking < set->streams; asking++) ask(&callers[asking]);
  while (now_ns() < end) loop_turn();
  stopping = true;
  uint64_t limit = now_ns() + 5000000000ull;
  while (asking) {
    errno = 0;
    if (now_ns() > limit) die("an answer never came");
    loop_turn();
  }
}

static void run(const struct options *options) {
  struct caller *callers = calloc(options->streams, sizeof *callers);
  if (!callers) die("memory");
  set = options;
  for (unsigned i = 0; i < options->streams; i++) callers[i].client.watch.fd = -1;
  origin_listen(options->origin, &from_relay);
  ask_for(callers, options->warmup_ms);
  answered = client_handshakes = client_resumed = 0;
  samples_clear(&delays);
  struct window window = window_open(options);
  ask_for(callers, options->ms);
  report_begin(options);
  window_report(options, &window);
  report_count("requests", answered);
  report_count("handshakes", client_handshakes);
  report_count("resumed", client_resumed);
  report_samples("delay", &delays);
  report_end();
  for (unsigned i = 0; i < options->streams; i++) client_reset(&callers[i].client);
}

void run_requests(const struct options *options) { run(options); }

void run_churn(const struct options *options) {
  anew = true;
  run(options);
}
