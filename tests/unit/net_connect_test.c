/* net/connect: from an endpoint to an open stream. */
#include "net/connect.h"

#include <netinet/tcp.h>
#include <sys/stat.h>

#include "unit/net_fixture.h"
#include "unit/net_names.h"

enum { TIMEOUT_MS = 5000, STAGGER_MS = 250 };

/* connect() itself refuses it for TCP. */
#define BROADCAST "255.255.255.255"

typedef struct caller {
  unsigned calls;
  int status;
  weir__stream *stream;
  weir__connect **cancel; /* what its callback cancels */
  bool closed;
} caller;

static void on_connected(void *owner, int status, weir__stream *stream) {
  caller *c = owner;
  c->calls++;
  c->status = status;
  c->stream = stream;
  if (c->cancel) weir__connect_cancel(*c->cancel);
}

static void on_closed(void *owner) { ((caller *)owner)->closed = true; }

static const weir__stream_events events = {.on_closed = on_closed};

static void begin(net *n, weir__mem *mem) {
  net_begin(n, mem);
  names_begin();
}

static void end(net *n) {
  net_end(n);
  names_end();
}

static int start(net *n, caller *c, weir__connect **attempt, const char *host, int port) {
  weir__endpoint to = {.host = host, .port = (uint16_t)port};
  weir__connect *unused;
  return weir__connect_start(attempt ? attempt : &unused, &n->io, &n->clock, &to, TIMEOUT_MS,
                             on_connected, c);
}

/* The base is the first member of a weir__stream_uv. */
static uv_stream_t *handle_of(weir__stream *stream) {
  return weir__stream_uv_handle((weir__stream_uv *)(void *)stream);
}

static int descriptor_of(weir__stream *stream) {
  uv_os_fd_t fd = -1;
  CHECK_INT(uv_fileno((uv_handle_t *)handle_of(stream), &fd), 0);
  return fd;
}

/* The last byte of the peer's IPv4 address. */
static int peer_of(weir__stream *stream) {
  struct sockaddr_in peer;
  socklen_t len = sizeof peer;
  CHECK(getpeername(descriptor_of(stream), (struct sockaddr *)&peer, &len) == 0);
  return (int)(ntohl(peer.sin_addr.s_addr) & 0xff);
}

static void close_stream(net *n, caller *c) {
  weir__stream_own(c->stream, &events, c);
  weir__stream_close(c->stream);
  RUN_UNTIL(n, c->closed);
}

/* The look-up is over, an address is being tried, and the next one is due after it. */
static bool is_racing(net *n) {
  weir__deadline *first = n->clock.first;
  return first && first->at <= weir__clock_now(&n->clock) + STAGGER_MS;
}

/* The loop's clock goes on while a test runs, so moments are counted from the deadline itself. */
static uint64_t until_due(net *n) { return n->clock.first->at - weir__clock_now(&n->clock); }

/* The whole of it; returns the status. An open stream is closed again. */
static int connect_and_close(net *n, const weir__endpoint *to) {
  caller c = {0};
  weir__connect *attempt;
  int rc = weir__connect_start(&attempt, &n->io, &n->clock, to, TIMEOUT_MS, on_connected, &c);
  CHECK_INT(c.calls, 0);
  if (rc) return rc;
  RUN_UNTIL(n, c.calls);
  CHECK_INT(c.calls, 1);
  CHECK((c.status == 0) == (c.stream != NULL));
  if (!c.stream) return c.status;
  weir__stream_own(c.stream, &events, &c);
  CHECK_INT(weir__stream_writev(c.stream, &(weir__slice){"hi", 2}, 1), 0);
  close_stream(n, &c);
  return c.status;
}

/* A port on which nobody listens, on any loopback address. */
static int dead_port(void) {
  int port = 0, fd = net_listen_on("127.0.0.1", &port, 1);
  close(fd);
  return port;
}

/* A listener whose backlog is full: a connection to it gets no answer at all. */
typedef struct tarpit {
  int listener, fillers[8];
} tarpit;

static tarpit tarpit_open(const char *ip, int *port) {
  tarpit t = {.listener = net_listen_on(ip, port, 0)};
  for (size_t i = 0; i < 8; i++) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*port)};
    inet_pton(AF_INET, ip, &address.sin_addr);
    t.fillers[i] = socket(AF_INET, SOCK_STREAM, 0);
    net_nonblocking(t.fillers[i]);
    (void)connect(t.fillers[i], (struct sockaddr *)&address, sizeof address);
  }
  return t;
}

static void tarpit_close(tarpit *t) {
  for (size_t i = 0; i < 8; i++) close(t->fillers[i]);
  close(t->listener);
}

static void accept_and_expect_hi(int listener) {
  char buf[8];
  int fd = accept(listener, NULL, NULL);
  CHECK_MEM(buf, read(fd, buf, sizeof buf), "hi", 2);
  close(fd);
}

/* ---- where to ---- */

static void a_literal_address_is_connected_without_a_look_up(void) {
  net n;
  begin(&n, NULL);
  int port = 0, listener = net_listen_on("127.0.0.1", &port, 8);
  CHECK_INT(connect_and_close(&n, &(weir__endpoint){.host = "127.0.0.1", .port = (uint16_t)port}),
            0);
  accept_and_expect_hi(listener);
  CHECK_INT(names.count, 0);
  close(listener);
  end(&n);
}

static void an_ipv6_literal_is_connected(void) {
  net n;
  begin(&n, NULL);
  struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
  socklen_t len = sizeof address;
  int listener = socket(AF_INET6, SOCK_STREAM, 0);
  CHECK(bind(listener, (struct sockaddr *)&address, len) == 0 && listen(listener, 1) == 0);
  getsockname(listener, (struct sockaddr *)&address, &len);
  CHECK_INT(
      connect_and_close(&n, &(weir__endpoint){.host = "::1", .port = ntohs(address.sin6_port)}), 0);
  accept_and_expect_hi(listener);
  close(listener);
  end(&n);
}

static void a_name_is_looked_up_and_connected(void) {
  net n;
  begin(&n, NULL);
  int port = 0, listener = net_listen_on("127.0.0.1", &port, 8);
  names.addresses[0] = "127.0.0.1";
  weir__endpoint to = {.host = "origin.example", .port = (uint16_t)port};
  CHECK_INT(connect_and_close(&n, &to), 0);
  accept_and_expect_hi(listener);
  close(listener);
  end(&n);
}

static void a_unix_socket_is_connected(void) {
  net n;
  begin(&n, NULL);
  char dir[] = "/tmp/weir-XXXXXX";
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  CHECK(mkdtemp(dir) != NULL);
  snprintf(address.sun_path, sizeof address.sun_path, "%s/s", dir);
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 &&
        listen(listener, 1) == 0);
  CHECK_INT(connect_and_close(&n, &(weir__endpoint){.path = address.sun_path}), 0);
  accept_and_expect_hi(listener);
  close(listener);
  CHECK_INT(connect_and_close(&n, &(weir__endpoint){.path = address.sun_path}), UV_ECONNREFUSED);
  unlink(address.sun_path);
  CHECK_INT(connect_and_close(&n, &(weir__endpoint){.path = address.sun_path}), UV_ENOENT);
  rmdir(dir);
  end(&n);
}

static void a_unix_path_that_would_be_cut_is_refused(void) {
  net n;
  begin(&n, NULL);
  char path[200];
  memset(path, 'p', sizeof path);
  path[0] = '/';
  path[107] = '\0';
  CHECK_INT(connect_and_close(&n, &(weir__endpoint){.path = path}), UV_ENOENT);
  path[107] = 'p';
  path[108] = '\0';
  CHECK_INT(connect_and_close(&n, &(weir__endpoint){.path = path}), UV_ENAMETOOLONG);
  end(&n);
}

static void the_stream_is_tuned_and_does_not_read(void) {
  net n;
  caller c = {0};
  begin(&n, NULL);
  int port = 0, listener = net_listen_on("127.0.0.1", &port, 8), on = 0;
  socklen_t len = sizeof on;
  CHECK_INT(start(&n, &c, NULL, "127.0.0.1", port), 0);
  RUN_UNTIL(&n, c.calls);
  CHECK(c.stream->events == NULL);
  CHECK(!uv_is_active((uv_handle_t *)handle_of(c.stream)));
  getsockopt(descriptor_of(c.stream), IPPROTO_TCP, TCP_NODELAY, &on, &len);
  CHECK(on);
  close_stream(&n, &c);
  close(listener);
  end(&n);
}

/* ---- failures ---- */

static void a_refused_connection_is_reported(void) {
  net n;
  begin(&n, NULL);
  weir__endpoint to = {.host = "127.0.0.1", .port = (uint16_t)dead_port()};
  CHECK_INT(connect_and_close(&n, &to), UV_ECONNREFUSED);
  end(&n);
}

static void a_name_without_address_is_reported(void) {
  net n;
  begin(&n, NULL);
  names.error = EAI_NONAME;
  CHECK_INT(connect_and_close(&n, &(weir__endpoint){.host = "origin.example", .port = 80}),
            WEIR_ENOADDRESS);
  end(&n);
}

static void when_nothing_could_be_started_start_says_why(void) {
  net n;
  caller c = {0};
  begin(&n, NULL);
  CHECK_INT(start(&n, &c, NULL, BROADCAST, 80), UV_ENETUNREACH);
  CHECK(n.clock.first == NULL);
  net_settle(&n);
  CHECK_INT(c.calls, 0);
  end(&n);
}

static void a_connection_without_answer_ends_at_the_deadline(void) {
  net n;
  caller c = {0};
  begin(&n, NULL);
  int port = 0;
  tarpit t = tarpit_open("127.0.0.1", &port);
  CHECK_INT(start(&n, &c, NULL, "127.0.0.1", port), 0);
  net_settle(&n);
  weir__clock_advance(&n.clock, until_due(&n) - 1);
  CHECK_INT(c.calls, 0);
  weir__clock_advance(&n.clock, 1);
  CHECK_INT(c.calls, 1);
  CHECK_INT(c.status, WEIR_ETIMEOUT);
  CHECK(c.stream == NULL);
  CHECK(n.clock.first == NULL);
  tarpit_close(&t);
  end(&n);
}

static void a_look_up_without_answer_ends_at_the_same_deadline(void) {
  net n;
  caller c = {0};
  begin(&n, NULL);
  names.held = true;
  names.addresses[0] = "127.0.0.1";
  CHECK_INT(start(&n, &c, NULL, "origin.example", 80), 0);
  names_wait_asked();
  weir__clock_advance(&n.clock, TIMEOUT_MS);
  CHECK_INT(c.calls, 1);
  CHECK_INT(c.status, WEIR_ETIMEOUT);
  names_release();
  end(&n);
}

/* ---- the race ---- */

static void the_next_address_is_tried_at_once_when_one_fails(void) {
  net n;
  caller c = {0};
  begin(&n, NULL);
  int port = 0, listener = net_listen_on("127.0.0.3", &port, 8);
  names.addresses[0] = "127.0.0.1"; /* nobody there */
  names.addresses[1] = BROADCAST;
  names.addresses[2] = "127.0.0.3";
  CHECK_INT(start(&n, &c, NULL, "origin.example", port), 0);
  RUN_UNTIL(&n, c.calls);
  CHECK_INT(c.status, 0);
  CHECK_INT(peer_of(c.stream), 3);
  close_stream(&n, &c);
  close(listener);
  end(&n);
}

static void the_last_error_is_told_when_all_fail(void) {
  net n;
  caller c = {0};
  begin(&n, NULL);
  int port = dead_port();
  names.addresses[0] = BROADCAST;
  names.addresses[1] = "127.0.0.1";
  names.addresses[2] = "127.0.0.2";
  CHECK_INT(start(&n, &c, NULL, "origin.example", port), 0);
  RUN_UNTIL(&n, c.calls);
  CHECK_INT(c.status, UV_ECONNREFUSED);
  net_settle(&n);
  CHECK_INT(c.calls, 1);
  end(&n);
}

static void an_answer_of_which_no_address_can_be_started_is_reported(void) {
  net n;
  begin(&n, NULL);
  names.addresses[0] = BROADCAST;
  CHECK_INT(connect_and_close(&n, &(weir__endpoint){.host = "origin.example", .port = 80}),
            UV_ENETUNREACH);
  end(&n);
}

/* How many connections wait on a listener. */
static int waiting_on(int listener, int *fds, int max) {
  int count = 0;
  net_nonblocking(listener);
  while (count < max && (fds[count] = accept(listener, NULL, NULL)) >= 0) count++;
  return count;
}

static void a_silent_address_gets_a_rival_after_250_ms_and_the_first_that_connects_wins(void) {
  net n;
  caller c = {0};
  begin(&n, NULL);
  int port = 0, fds[8];
  tarpit t = tarpit_open("127.0.0.1", &port);
  int listener = net_listen_on("127.0.0.2", &port, 8);
  int unused = net_listen_on("127.0.0.3", &port, 8);
  names.addresses[0] = "127.0.0.1";
  names.addresses[1] = "127.0.0.2";
  names.addresses[2] = "127.0.0.3";
  CHECK_INT(start(&n, &c, NULL, "origin.example", port), 0);
  RUN_UNTIL(&n, is_racing(&n));
  CHECK_INT(n.io.live, 1);
  CHECK(until_due(&n) > STAGGER_MS / 2);
  weir__clock_advance(&n.clock, until_due(&n) - 1);
  CHECK_INT(n.io.live, 1);
  weir__clock_advance(&n.clock, 1);
  CHECK_INT(n.io.live, 2);
  RUN_UNTIL(&n, c.calls);
  CHECK_INT(c.status, 0);
  CHECK_INT(peer_of(c.stream), 2);
  CHECK(n.clock.first == NULL);
  RUN_UNTIL(&n, n.io.live == 1); /* the rival is closed, and the struct is gone */
  CHECK_INT(n.alloc.live_blocks, 1);
  CHECK_INT(waiting_on(unused, fds, 8), 0);
  close_stream(&n, &c);
  tarpit_close(&t);
  close(listener), close(unused);
  end(&n);
}

static void a_rival_that_fails_leaves_the_first_one_its_time(void) {
  net n;
  caller c = {0};
  begin(&n, NULL);
  int port = 0;
  tarpit t = tarpit_open("127.0.0.1", &port);
  names.addresses[0] = "127.0.0.1";
  names.addresses[1] = "127.0.0.2"; /* refuses */
  names.addresses[2] = BROADCAST;
  CHECK_INT(start(&n, &c, NULL, "origin.example", port), 0);
  RUN_UNTIL(&n, is_racing(&n));
  weir__clock_advance(&n.clock, STAGGER_MS);
  net_settle(&n);
  CHECK_INT(c.calls, 0);
  CHECK_INT(n.io.live, 1); /* only the first one is left */
  weir__clock_advance(&n.clock, TIMEOUT_MS);
  CHECK_INT(c.status, WEIR_ETIMEOUT);
  tarpit_close(&t);
  end(&n);
}

/* ---- cancel ---- */

static void a_cancelled_attempt_never_calls_back_in_any_phase(void) {
  for (int phase = 0; phase < 4; phase++) {
    CHECK_CASE("phase %d", phase);
    net n;
    caller c = {0};
    weir__connect *attempt;
    begin(&n, NULL);
    int port = 0, port2 = 0;
    tarpit t = tarpit_open("127.0.0.1", &port);
    int listener = net_listen_on("127.0.0.2", &port2, 8);
    names.held = phase == 0;
    names.addresses[0] = "127.0.0.1";
    names.addresses[1] = "127.0.0.4";
    if (phase < 3) {
      CHECK_INT(start(&n, &c, &attempt, "origin.example", port), 0);
      if (phase == 0) names_wait_asked();
      if (phase > 0) RUN_UNTIL(&n, is_racing(&n));
      if (phase > 1)
        weir__clock_advance(&n.clock, STAGGER_MS); /* two run, one of them is refused */
    } else {
      CHECK_INT(start(&n, &c, &attempt, "127.0.0.2", port2), 0); /* is connected by now */
    }
    weir__connect_cancel(attempt);
    if (phase == 0) names_release();
    RUN_UNTIL(&n, n.io.live == 0);
    weir__clock_advance(&n.clock, 2 * TIMEOUT_MS);
    CHECK_INT(c.calls, 0);
    tarpit_close(&t);
    close(listener);
    end(&n);
  }
}

static void a_callback_may_cancel_another_attempt(void) {
  net n;
  weir__connect *first, *second;
  caller a = {0}, b = {0};
  begin(&n, NULL);
  int port = dead_port();
  CHECK_INT(start(&n, &a, &first, "127.0.0.1", port), 0);
  CHECK_INT(start(&n, &b, &second, "127.0.0.1", port), 0);
  a.cancel = &second;
  b.cancel = &first;
  RUN_UNTIL(&n, a.calls + b.calls);
  net_settle(&n);
  CHECK_INT(a.calls + b.calls, 1);
  end(&n);
}

static void a_timeout_may_cancel_another_attempt_due_at_the_same_moment(void) {
  net n;
  weir__connect *first, *second;
  caller a = {0}, b = {0};
  begin(&n, NULL);
  int port = 0;
  tarpit t = tarpit_open("127.0.0.1", &port);
  CHECK_INT(start(&n, &a, &first, "127.0.0.1", port), 0);
  CHECK_INT(start(&n, &b, &second, "127.0.0.1", port), 0);
  a.cancel = &second;
  b.cancel = &first;
  weir__clock_advance(&n.clock, TIMEOUT_MS);
  CHECK_INT(a.calls + b.calls, 1);
  tarpit_close(&t);
  end(&n);
}

/* ---- memory ---- */

static int connect_without_memory(weir__mem *mem, void *arg) {
  net n;
  begin(&n, mem);
  int port = 0, listener = net_listen_on("127.0.0.1", &port, 8);
  names.addresses[0] = "127.0.0.1";
  weir__endpoint to = {.host = arg, .port = (uint16_t)port};
  int rc = connect_and_close(&n, &to);
  close(listener);
  end(&n);
  return rc;
}

static int connect_path_without_memory(weir__mem *mem, void *path) {
  net n;
  begin(&n, mem);
  int rc = connect_and_close(&n, &(weir__endpoint){.path = path});
  end(&n);
  return rc == UV_ENOENT ? 0 : rc; /* it came as far as it could */
}

static void any_allocation_may_fail(void) {
  char literal[] = "127.0.0.1", name[] = "origin.example", path[] = "/nowhere/s";
  check_each_failure(connect_without_memory, literal);
  check_each_failure(connect_without_memory, name);
  check_each_failure(connect_path_without_memory, path);
}

/* Memory that is out for one address only costs that address. */
static void the_next_address_is_tried_when_memory_was_out_for_one(void) {
  net n;
  caller c = {0};
  begin(&n, NULL);
  int port = 0, listener = net_listen_on("127.0.0.2", &port, 8);
  names.addresses[0] = "127.0.0.1";
  names.addresses[1] = "127.0.0.2";
  n.alloc.fail_at = 3; /* attempt, look-up, stream */
  CHECK_INT(start(&n, &c, NULL, "origin.example", port), 0);
  RUN_UNTIL(&n, c.calls);
  CHECK(n.alloc.failed);
  CHECK_INT(c.status, 0);
  CHECK_INT(peer_of(c.stream), 2);
  close_stream(&n, &c);
  close(listener);
  end(&n);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_literal_address_is_connected_without_a_look_up);
  TEST(an_ipv6_literal_is_connected);
  TEST(a_name_is_looked_up_and_connected);
  TEST(a_unix_socket_is_connected);
  TEST(a_unix_path_that_would_be_cut_is_refused);
  TEST(the_stream_is_tuned_and_does_not_read);
  TEST(a_refused_connection_is_reported);
  TEST(a_name_without_address_is_reported);
  TEST(when_nothing_could_be_started_start_says_why);
  TEST(a_connection_without_answer_ends_at_the_deadline);
  TEST(a_look_up_without_answer_ends_at_the_same_deadline);
  TEST(the_next_address_is_tried_at_once_when_one_fails);
  TEST(the_last_error_is_told_when_all_fail);
  TEST(an_answer_of_which_no_address_can_be_started_is_reported);
  TEST(a_silent_address_gets_a_rival_after_250_ms_and_the_first_that_connects_wins);
  TEST(a_rival_that_fails_leaves_the_first_one_its_time);
  TEST(a_cancelled_attempt_never_calls_back_in_any_phase);
  TEST(a_callback_may_cancel_another_attempt);
  TEST(a_timeout_may_cancel_another_attempt_due_at_the_same_moment);
  TEST(any_allocation_may_fail);
  TEST(the_next_address_is_tried_when_memory_was_out_for_one);
  return check_end();
}
