/* See streams.h. */
#include "streams.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shakes.h"

enum { OPENING_MAX = 64, WIRE_MAX = EVENT_BYTES + 16 };

struct streams streams;

/* An event as it travels: size line, payload, CRLF. */
static char wire[WIRE_MAX];
static size_t wire_len;

static void make_wire(void) {
  char event[EVENT_BYTES + 1];
  memset(event, 'x', EVENT_BYTES);
  memcpy(event, "data: ", 6);
  memcpy(event + EVENT_BYTES - 2, "\n\n", 3);
  wire_len = (size_t)snprintf(wire, sizeof wire, "%x\r\n%s\r\n", EVENT_BYTES, event);
}

/* ---- the origin's end ---- */

static void note_sent(struct stream *stream) {
  errno = 0;
  if (stream->sent - stream->received >= IN_FLIGHT_MAX) die("the relay does not keep up");
  stream->sent_at[stream->sent++ % IN_FLIGHT_MAX] = now_ns();
}

void streams_send(struct stream *stream) {
  note_sent(stream);
  loop_send(stream->origin->watch.fd, wire, wire_len);
}

static void begin_stream(struct origin_conn *conn, const char *target) {
  static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                             "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n";
  char first[sizeof head + WIRE_MAX];
  unsigned number = (unsigned)strtoul(target + 1, NULL, 10);
  errno = 0;
  if (number >= streams.count) die("a stream nobody asked for");
  struct stream *stream = &streams.all[number];
  stream->origin = conn;
  conn->owner = stream;
  memcpy(first, head, sizeof head - 1);
  memcpy(first + sizeof head - 1, wire, wire_len);
  note_sent(stream);
  loop_send(conn->watch.fd, first, sizeof head - 1 + wire_len);
}

/* What comes beside the streams. */
static void answer_shake(struct origin_conn *conn) {
  static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  loop_send(conn->watch.fd, answer, sizeof answer - 1);
  origin_answered(conn);
}

static void on_request(struct origin_conn *conn, const char *target) {
  if (strncmp(target + 1, SHAKE, strlen(SHAKE)) == 0)
    answer_shake(conn);
  else
    begin_stream(conn, target);
}

static void on_origin_gone(struct origin_conn *conn) {
  struct stream *stream = conn->owner;
  if (!stream) return; /* a connection without a request: the relay's own affair */
  errno = 0;
  if (!streams.on_gone) die("the relay closed a stream at the origin");
  streams.on_gone(stream);
}

static const struct origin_events from_relay = {.on_request = on_request,
                                                .on_gone = on_origin_gone};

/* ---- the client's end ---- */

static void take_event(struct stream *stream, uint64_t now) {
  samples_add(&streams.delays, now - stream->sent_at[stream->received % IN_FLIGHT_MAX]);
  if (stream->received++ == 0) streams.open++;
  streams.received++;
  if (streams.on_event) streams.on_event(stream);
}

static void on_ready(struct watch *watch, unsigned events) {
  struct stream *stream = (struct stream *)watch;
  (void)events;
  ssize_t n = client_read(&stream->client);
  if (n == 0) return;
  uint64_t now = client_arrival;
  errno = 0;
  if (n < 0) die("the relay ended a stream");
  stream->partial += message_feed(&stream->response, client_bytes, (size_t)n);
  uint64_t whole = stream->partial / EVENT_BYTES;
  stream->partial %= EVENT_BYTES;
  if (whole > 1) streams.merged += whole - 1;
  while (whole--) take_event(stream, now);
}

static void open_one(const struct options *options, unsigned number) {
  struct stream *stream = &streams.all[number];
  char request[128];
  int len =
      snprintf(request, sizeof request,
               "GET /%u HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n", number);
  message_begin_response(&stream->response);
  client_connect(&stream->client, options->relay, EPOLLIN | EPOLLRDHUP, on_ready);
  client_send(&stream->client, request, (size_t)len);
}

/* ---- all of them ---- */

static void await_open(unsigned count) {
  uint64_t limit = now_ns() + 10 * 1000000000ull;
  while (streams.open < count) {
    errno = 0;
    if (now_ns() > limit) die("streams did not open in ten seconds");
    loop_turn();
  }
}

void streams_open(const struct options *options) {
  make_wire();
  streams.count = options->streams;
  streams.all = calloc(streams.count, sizeof *streams.all);
  if (!streams.all) die("memory");
  origin_listen(options->origin, &from_relay);
  for (unsigned i = 0; i < streams.count; i++) {
    if (i >= OPENING_MAX) await_open(i - OPENING_MAX + 1);
    open_one(options, i);
  }
  await_open(streams.count);
}

static uint64_t waiting(void) {
  uint64_t sent = 0;
  for (unsigned i = 0; i < streams.count; i++)
    sent += streams.all[i].sent - streams.all[i].received;
  return sent;
}

void streams_drain(void) {
  uint64_t limit = now_ns() + 5 * 1000000000ull;
  while (waiting()) {
    errno = 0;
    if (now_ns() > limit) die("events got lost");
    loop_turn();
  }
}

void streams_close(void) {
  for (unsigned i = 0; i < streams.count; i++) {
    client_reset(&streams.all[i].client);
    loop_reset(&streams.all[i].origin->watch);
  }
}
