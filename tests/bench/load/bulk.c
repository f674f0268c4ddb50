/* Large answers: `bytes` in all, shared by the connections. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "client.h"
#include "meter.h"
#include "origin.h"

enum { PIECE = 256 * 1024 };

struct fetch {
  struct client client;
  struct message response;
  uint64_t left;
};

static char piece[PIECE];
static uint64_t share; /* of each connection */
static unsigned fetching;

/* ---- the origin's end ---- */

static void send_more(struct origin_conn *conn) {
  while (conn->left) {
    size_t len = conn->left < PIECE ? (size_t)conn->left : PIECE;
    ssize_t n = send(conn->watch.fd, piece, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0) die("the relay stopped a body");
    conn->left -= (uint64_t)n;
    if (conn->left == 0) origin_answered(conn);
  }
}

static void on_request(struct origin_conn *conn, const char *target) {
  char head[160];
  (void)target;
  conn->left = share;
  int len = snprintf(head, sizeof head,
                     "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
                     "Content-Length: %llu\r\n\r\n",
                     (unsigned long long)share);
  loop_send(conn->watch.fd, head, (size_t)len);
  send_more(conn);
}

static const struct origin_events from_relay = {.on_request = on_request, .on_writable = send_more};

/* ---- the client's end ---- */

/* The head is read, the body only counted: what the client does with it is not measured. */
static bool take_head(struct fetch *fetch) {
  ssize_t n = client_read(&fetch->client);
  if (n <= 0) return false;
  fetch->left -= message_feed(&fetch->response, client_bytes, (size_t)n);
  return fetch->response.state != IN_HEAD;
}

static bool take_plain(struct fetch *fetch) {
  while (fetch->left) {
    ssize_t n = recv(fetch->client.watch.fd, NULL, 1 << 20, MSG_DONTWAIT | MSG_TRUNC);
    if (n < 0 && errno == EAGAIN) return false;
    errno = n ? errno : 0;
    if (n <= 0 || (uint64_t)n > fetch->left) die("a body ended wrongly");
    fetch->left -= (uint64_t)n;
  }
  return true;
}

/* What is encrypted has to be decrypted to be counted. */
static bool take_tls(struct fetch *fetch) {
  while (fetch->left) {
    ssize_t n = client_read(&fetch->client);
    errno = 0;
    if (n < 0) die("a body ended wrongly");
    if (n == 0) return false;
    fetch->left -= message_feed(&fetch->response, client_bytes, (size_t)n);
  }
  return true;
}

static void on_ready(struct watch *watch, unsigned events) {
  struct fetch *fetch = (struct fetch *)watch;
  (void)events;
  if (fetch->response.state == IN_HEAD && !take_head(fetch)) return;
  bool whole = fetch->client.ssl ? take_tls(fetch) : take_plain(fetch);
  if (whole && fetching) fetching--;
}

static void begin(struct fetch *fetch, int port) {
  static const char request[] = "GET /bulk HTTP/1.1\r\nHost: bench\r\n\r\n";
  fetch->left = share;
  message_begin_response(&fetch->response);
  client_connect(&fetch->client, port, EPOLLIN, on_ready);
  client_send(&fetch->client, request, sizeof request - 1);
}

void run_bulk(const struct options *options) {
  struct fetch *fetches = calloc(options->streams, sizeof *fetches);
  if (!fetches) die("memory");
  share = options->bytes / options->streams;
  origin_listen(options->origin, &from_relay);
  fetching = options->streams;
  struct window window = window_open(options);
  for (unsigned i = 0; i < options->streams; i++) begin(&fetches[i], options->relay);
  while (fetching) loop_turn();
  report_begin(options);
  window_report(options, &window);
  report_count("bytes", share * options->streams);
  report_end();
  for (unsigned i = 0; i < options->streams; i++) client_reset(&fetches[i].client);
}
