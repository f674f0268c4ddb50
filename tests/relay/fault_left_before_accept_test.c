/* A client that has sent its request and a reset before the relay accepted it: nobody knows its
 * address any more, and its request must not pass for one from the trusted unix socket. */
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/fixture.h"

#define SPOOF "GET /spoof HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n"

/* Blocking, so that all of it has happened when this returns. */
static void ask_and_reset(int port) {
  struct sockaddr_in to;
  struct linger now = {1, 0};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  uv_ip4_addr("127.0.0.1", port, &to);
  CHECK_INT(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
  CHECK_INT(write(fd, SPOOF, strlen(SPOOF)), strlen(SPOOF));
  CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
  close(fd);
}

/* With an idle connection to the origin nothing would have to be waited for. */
static void a_client_that_left_before_it_was_accepted_is_not_served(void) {
  static const char *const trusted[] = {"unix", NULL};
  fixture f;
  fixture_init(&f);
  f.options.trusted_proxies = trusted;
  fixture_start(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  take(origin);
  peer_say(origin, OK_EMPTY);
  RUN_UNTIL(&f, got_message(client));
  settle(&f);
  ask_and_reset(f.port);
  settle(&f);
  CHECK_INT(untaken(origin), 0);
  CHECK_INT(f.origin.count, 1);
  fixture_end(&f);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_client_that_left_before_it_was_accepted_is_not_served);
  return check_end();
}
