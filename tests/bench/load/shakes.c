/* See shakes.h. */
#include "shakes.h"

#include <errno.h>

#include "client.h"
#include "message.h"
#include "meter.h"

enum { AT_ONCE = 64 };

struct shake {
  struct client client;
  struct message response;
};

static struct shake shakes[AT_ONCE];
static uint64_t next, gap; /* gap 0: stopped */
static uint64_t begun, done;
static int port;

static void on_ready(struct watch *watch, unsigned events) {
  struct shake *shake = (struct shake *)watch;
  (void)events;
  ssize_t n = client_read(&shake->client);
  errno = 0;
  if (n < 0) die("the relay closed a connection beside the streams");
  if (n > 0) message_feed(&shake->response, client_bytes, (size_t)n);
  if (shake->response.state != DONE) return;
  done++;
  client_close(&shake->client);
}

static void begin(struct shake *shake) {
  static const char request[] =
      "GET /" SHAKE " HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";
  message_begin_response(&shake->response);
  client_connect(&shake->client, port, EPOLLIN | EPOLLRDHUP, on_ready);
  client_send(&shake->client, request, sizeof request - 1);
}

/* A relay that is behind by 64 of them gets no more until it has caught up. */
void shakes_turn(uint64_t now) {
  if (!gap || now < next) return;
  struct shake *shake = &shakes[begun % AT_ONCE];
  if (shake->client.ssl) return;
  next += gap;
  begun++;
  begin(shake);
}

void shakes_start(const struct options *options) {
  port = options->relay;
  gap = options->beside ? 1000000000u / options->beside : 0;
  next = now_ns();
  done = 0;
}

uint64_t shakes_stop(void) {
  gap = 0;
  for (int i = 0; i < AT_ONCE; i++)
    if (shakes[i].client.ssl) client_reset(&shakes[i].client);
  return done;
}
