/* See origin.h. Connections are kept by descriptor and never freed: events of this loop turn may
 * still point at one that has closed. */
#include "origin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "meter.h"

enum { MAX_DESCRIPTORS = 1 << 20 };

static struct origin_conn *conns[MAX_DESCRIPTORS];
static const struct origin_events *scenario;

static void gone(struct origin_conn *conn) {
  if (scenario->on_gone) scenario->on_gone(conn);
  loop_close(&conn->watch);
}

static void take_request(struct origin_conn *conn) {
  char *head = conn->request.head;
  conn->close = strcasestr(head, "\r\nconnection: close") != NULL;
  errno = 0;
  if (strncmp(head, "GET ", 4) != 0) die("the origin expects GET");
  scenario->on_request(conn, head + 4);
}

static void read_some(struct origin_conn *conn) {
  ssize_t n = loop_read(conn->watch.fd);
  if (n < 0) {
    gone(conn);
    return;
  }
  if (n == 0) return;
  message_feed(&conn->request, loop_buffer, (size_t)n);
  if (conn->request.state == DONE) take_request(conn);
}

static void on_ready(struct watch *watch, unsigned events) {
  struct origin_conn *conn = (struct origin_conn *)watch;
  if (events & EPOLLIN) read_some(conn);
  /* An end that came along with bytes is announced by this event and no other. */
  if (watch->fd >= 0 && events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) read_some(conn);
  if (watch->fd >= 0 && events & EPOLLOUT && scenario->on_writable) scenario->on_writable(conn);
}

static void on_accept(int fd) {
  if (fd >= MAX_DESCRIPTORS) die("too many connections");
  if (!conns[fd]) conns[fd] = malloc(sizeof *conns[fd]);
  struct origin_conn *conn = conns[fd];
  if (!conn) die("memory");
  conn->owner = NULL;
  conn->left = 0;
  message_begin_request(&conn->request);
  unsigned room = scenario->on_writable ? EPOLLOUT : 0;
  loop_watch(&conn->watch, fd, EPOLLIN | EPOLLRDHUP | room, on_ready);
}

void origin_listen(int port, const struct origin_events *events) {
  scenario = events;
  loop_listen(port, on_accept);
}

void origin_answered(struct origin_conn *conn) {
  message_begin_request(&conn->request);
  if (conn->close) loop_close(&conn->watch);
}
