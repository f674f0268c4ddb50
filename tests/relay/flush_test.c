/* What reaches the relay leaves it at once: contract 1. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>

#include "support/fixture.h"

static void first_chunk_reaches_client_before_upstream_ends(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, OK_CHUNKED "5\r\nhello\r\n");
  RUN_UNTIL(&f, got(client, "5\r\nhello\r\n"));
  CHECK_INT(f.end_count, 0);
  peer_say(origin, "5\r\nworld\r\n0\r\n\r\n");
  RUN_UNTIL(&f, got_message(client));
  CHECK_ANSWER(client, 200, "helloworld");
  CHECK_END(&f, WEIR_END_COMPLETE);
  fixture_end(&f);
}

static void head_leaves_before_any_body(void) {
  static const char *const heads[] = {OK_CHUNKED, OK_CLOSE,
                                      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"};
  for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
    CHECK_CASE("%s", heads[i]);
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, GET), *origin = asked(&f, 0);
    peer_say(origin, heads[i]);
    RUN_UNTIL(&f, got(client, "\r\n\r\n"));
    CHECK_INT(take(client)->body_len, 0);
    fixture_end(&f);
  }
}

static void head_and_first_body_of_one_read_leave_together(void) {
  static const char *const answers[] = {OK_CHUNKED "5\r\nhello\r\n", OK_CLOSE "hello",
                                        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"};
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    CHECK_CASE("%s", answers[i]);
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, GET), *origin = asked(&f, 0);
    spy_on_client(&f);
    peer_say(origin, answers[i]);
    RUN_UNTIL(&f, got(client, "hello"));
    CHECK_INT(client->reads, 1);
    CHECK_INT(f.spy.writes, 1);
    fixture_end(&f);
  }
}

static void chunks_of_one_read_leave_in_one_write_as_one_chunk(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, OK_CHUNKED);
  RUN_UNTIL(&f, got(client, "\r\n\r\n"));
  spy_on_client(&f);
  client->reads = 0;
  peer_say(origin, "1\r\na\r\n2;x=y\r\nbc\r\n3\r\ndef\r\n");
  RUN_UNTIL(&f, got(client, "f\r\n"));
  CHECK_INT(client->reads, 1);
  CHECK_INT(f.spy.writes, 1);
  CHECK(got(client, "\r\n\r\n6\r\nabcdef\r\n"));
  fixture_end(&f);
}

static void a_whole_answer_in_one_read_leaves_in_one_write(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  spy_on_client(&f);
  peer_say(origin, OK_CHUNKED "5\r\nhello\r\n5\r\nworld\r\n0\r\nTrailer-Field: x\r\n\r\n");
  RUN_UNTIL(&f, got_message(client));
  CHECK_INT(client->reads, 1);
  CHECK_INT(f.spy.writes, 1);
  const message *m = take(client);
  CHECK_STR(m->body, "helloworld");
  CHECK_INT(m->chunks, 1);
  CHECK_STR(m->trailers, "Trailer-Field: x\r\n");
  fixture_end(&f);
}

/* More pieces than one batch has room for: nothing is lost, mixed up, or left behind. */
static void a_read_of_a_thousand_tiny_chunks_leaves_whole(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  char text[6 * 1000 + 1], want[1001];
  for (size_t i = 0; i < 1000; i++) {
    want[i] = (char)('a' + i % 26);
    snprintf(text + 6 * i, 7, "1\r\n%c\r\n", want[i]);
  }
  want[1000] = '\0';
  peer_say(origin, OK_CHUNKED);
  RUN_UNTIL(&f, got(client, "\r\n\r\n"));
  peer_say(origin, text);
  RUN_UNTIL(&f, last_exchange(&f)->stats.response_bytes == 1000);
  RUN_UNTIL(&f, take(client)->body_len == 1000);
  CHECK_STR(take(client)->body, want);
  fixture_end(&f);
}

/* Nothing waits for a later turn of the loop. */
static void bytes_are_in_the_clients_socket_when_their_read_returns(void) {
  fixture f;
  fixture_open(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, OK_CHUNKED);
  RUN_UNTIL(&f, got(client, "\r\n\r\n"));
  for (uint64_t n = 1; n <= 50; n++) {
    size_t before = client->got_len;
    peer_say(origin, "5\r\nhello\r\n");
    RUN_UNTIL(&f, last_exchange(&f)->stats.chunks >= n);
    peer_read_now(client);
    CHECK_INT(client->got_len, before + 10);
  }
  fixture_end(&f);
}

static void each_piece_arrives_before_the_next_is_sent(void) {
  static const char *const heads[] = {OK_CHUNKED, OK_CLOSE,
                                      "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"};
  for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
    CHECK_CASE("%s", heads[i]);
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, GET), *origin = asked(&f, 0);
    peer_say(origin, heads[i]);
    RUN_UNTIL(&f, got(client, "\r\n\r\n"));
    forget(client);
    for (int n = 0; n < 50; n++) {
      peer_say(origin, i ? "data\n" : "5\r\ndata\n\r\n");
      RUN_UNTIL(&f, got(client, "data\n"));
      forget(client);
    }
    fixture_end(&f);
  }
}

static void pieces_of_a_request_body_leave_at_once_too(void) {
  static const char *const heads[] = {
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"};
  for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
    CHECK_CASE("%s", heads[i]);
    fixture f;
    fixture_open(&f);
    peer *client = ask(&f, heads[i]), *origin = asked(&f, 0);
    spy_on_origin(&f);
    for (unsigned n = 0; n < 20; n++) {
      unsigned reads = origin->reads;
      forget(origin);
      peer_say(client, i ? "2\r\nda\r\n3\r\nta\n\r\n" : "data\n");
      RUN_UNTIL(&f, got(origin, i ? "5\r\ndata\n\r\n" : "data\n"));
      CHECK_INT(f.spy.writes, n + 1);
      CHECK_INT(origin->reads, reads + 1);
    }
    fixture_end(&f);
  }
}

/* All share one place to gather in, so each round lets every origin speak in the same turn. */
static void streams_do_not_mix(void) {
  enum { STREAMS = 50, ROUNDS = 10 };
  peer *clients[STREAMS];
  char piece[32];
  fixture f;
  fixture_open(&f);
  for (size_t i = 0; i < STREAMS; i++) {
    clients[i] = ask(&f, GET);
    peer_say(asked(&f, i), i % 2 ? OK_CHUNKED : OK_CLOSE);
  }
  for (int round = 0; round < ROUNDS; round++) {
    for (size_t i = 0; i < STREAMS; i++) {
      snprintf(piece, sizeof piece, i % 2 ? "4\r\n<%02zu>\r\n" : "<%02zu>", i);
      peer_say(origin_peer(&f.origin, i), piece);
    }
    loop_turn(&f.loop);
  }
  for (size_t i = 0; i < STREAMS; i++) {
    RUN_UNTIL(&f, take(clients[i])->body_len == 4 * ROUNDS);
    snprintf(piece, sizeof piece, "<%02zu>", i);
    const char *body = take(clients[i])->body;
    for (size_t n = 0; n < ROUNDS; n++) CHECK_MEM(body + 4 * n, 4, piece, 4);
  }
  fixture_end(&f);
}

static int socket_option(int fd, int level, int option) {
  int value = -1;
  socklen_t len = sizeof value;
  CHECK_INT(getsockopt(fd, level, option, &value, &len), 0);
  return value;
}

static int option_of(const weir__stream_uv *uv, int level, int option) {
  int fd = -1;
  uv_fileno((uv_handle_t *)weir__stream_uv_handle((weir__stream_uv *)uv), &fd);
  return socket_option(fd, level, option);
}

/* Whatever stands before it: the socket of this process whose other end has that port. */
static int socket_to(int port) {
  struct sockaddr_in at;
  for (int fd = 0; fd < 1000; fd++) {
    socklen_t len = sizeof at;
    if (getpeername(fd, (struct sockaddr *)&at, &len)) continue;
    if (at.sin_family == AF_INET && ntohs(at.sin_port) == port) return fd;
  }
  return -1;
}

static void no_side_waits_for_acknowledgements(void) {
  fixture f;
  fixture_open(&f);
  ask(&f, GET);
  asked(&f, 0);
  CHECK_INT(option_of(last_down(&f)->uv, IPPROTO_TCP, TCP_NODELAY), 1);
  CHECK_INT(socket_option(socket_to(f.origin.port), IPPROTO_TCP, TCP_NODELAY), 1);
  fixture_end(&f);
}

static void a_clients_socket_has_what_the_options_say(void) {
  fixture f;
  fixture_init(&f);
  f.options.notsent_lowat = 100000;
  f.options.user_timeout_ms = 12345;
  fixture_start(&f);
  ask(&f, GET);
  asked(&f, 0);
  const weir__stream_uv *client = last_down(&f)->uv;
  CHECK_INT(option_of(client, SOL_SOCKET, SO_KEEPALIVE), 1);
#ifdef TCP_NOTSENT_LOWAT
  CHECK_INT(option_of(client, IPPROTO_TCP, TCP_NOTSENT_LOWAT), 100000);
#endif
#ifdef TCP_USER_TIMEOUT
  CHECK_INT(option_of(client, IPPROTO_TCP, TCP_USER_TIMEOUT), 12345);
#endif
  fixture_end(&f);
}

/* What a client does not read of a file may wait in its socket; of the stream behind it, less. */
static void a_long_body_of_known_length_is_not_held_back(void) {
  fixture f;
  fixture_init(&f);
  f.options.notsent_lowat = 100000;
  fixture_start(&f);
  peer *client = ask(&f, GET), *origin = asked(&f, 0);
  peer_say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n");
  peer_pour(origin, 1048576);
  RUN_UNTIL(&f, last_exchange(&f)->head_sent);
#ifdef TCP_NOTSENT_LOWAT
  CHECK_INT(option_of(last_down(&f)->uv, IPPROTO_TCP, TCP_NOTSENT_LOWAT), 0);
#endif
  RUN_UNTIL(&f, got_message(client));
  CHECK_INT(take(client)->body_len, 1048576);
  forget(origin);
  peer_say(client, GET);
  peer_say(asked(&f, 0), OK_CHUNKED "5\r\nhello\r\n");
  RUN_UNTIL(&f, got(client, "hello"));
#ifdef TCP_NOTSENT_LOWAT
  CHECK_INT(option_of(last_down(&f)->uv, IPPROTO_TCP, TCP_NOTSENT_LOWAT), 100000);
#endif
  fixture_end(&f);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(first_chunk_reaches_client_before_upstream_ends);
  TEST(head_leaves_before_any_body);
  TEST(head_and_first_body_of_one_read_leave_together);
  TEST(chunks_of_one_read_leave_in_one_write_as_one_chunk);
  TEST(a_whole_answer_in_one_read_leaves_in_one_write);
  TEST(a_read_of_a_thousand_tiny_chunks_leaves_whole);
  TEST(bytes_are_in_the_clients_socket_when_their_read_returns);
  TEST(each_piece_arrives_before_the_next_is_sent);
  TEST(pieces_of_a_request_body_leave_at_once_too);
  TEST(streams_do_not_mix);
  TEST(no_side_waits_for_acknowledgements);
  TEST(a_clients_socket_has_what_the_options_say);
  TEST(a_long_body_of_known_length_is_not_held_back);
  return check_end();
}
