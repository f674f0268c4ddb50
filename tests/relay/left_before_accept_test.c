/* Clients that have left again when their connection is accepted: the system hands out what they
 * sent, but does not know any more who they were. */
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/fixture.h"

#define SPOOF "GET /spoof HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.66\r\n\r\n"

static const char *const unix_clients[] = {"unix", NULL};

/* The first exchange leaves an idle connection to the origin, on which a request goes out at once. */
static peer *open_with_idle_origin(fixture *f) {
  fixture_init(f);
  f->options.trusted_proxies = unix_clients;
  f->options.half_close = 1;
  fixture_start(f);
  peer *client = ask(f, GET), *origin = asked(f, 0);
  peer_say(origin, OK_EMPTY);
  RUN_UNTIL(f, got_message(client));
  settle(f);
  forget(origin);
  return origin;
}

static void say_and_reset(const fixture *f, const char *text) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)f->port)};
  struct linger now = {.l_onoff = 1};
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  CHECK_INT(connect(fd, (const struct sockaddr *)&at, sizeof at), 0);
  CHECK_INT(write(fd, text, strlen(text)), strlen(text));
  CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
  close(fd);
}

static void a_client_without_address_is_not_taken_for_one_on_a_unix_socket(void) {
  fixture f;
  peer *origin = open_with_idle_origin(&f);
  say_and_reset(&f, SPOOF);
  weir_counters count = {.size = sizeof count};
  do {
    settle(&f);
    weir_relay_counters(f.relay, &count);
  } while (count.refused_total == 0 && count.clients_total == 1);
  CHECK_INT(count.refused_total, 1);
  CHECK_INT(untaken(origin), 0);
  CHECK_INT(f.end_count, 1);
  fixture_end(&f);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_client_without_address_is_not_taken_for_one_on_a_unix_socket);
  return check_end();
}
