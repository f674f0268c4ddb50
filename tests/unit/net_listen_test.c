/* net/listen: bind, listen, accept. */
#include "net/listen.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include "unit/net_fixture.h"

enum { MANY = 20 };

typedef struct server {
  net n;
  weir__listener *listener;
  weir__stream_uv *streams[MANY];
  size_t accepted, dropped;
  int status; /* of the last one dropped */
  unsigned closes;
  bool close_in_accept, heal_at_drop;
  char dir[32], path[64], address[80]; /* of a unix socket */
} server;

static void on_closed(void *owner) { ((server *)owner)->closes++; }

static void on_accept(void *owner, weir__listener *listener, int status, weir__stream_uv *stream) {
  server *h = owner;
  CHECK(listener == h->listener);
  CHECK((status == 0) == (stream != NULL));
  if (stream && h->accepted < MANY) h->streams[h->accepted++] = stream;
  if (!stream) h->dropped++, h->status = status;
  if (!stream && h->heal_at_drop) h->n.alloc.fail_at = 0;
  if (h->close_in_accept) weir__listener_close(listener, on_closed);
}

static void begin(server *h, weir__mem *mem) {
  memset(h, 0, sizeof *h);
  net_begin(&h->n, mem);
  strcpy(h->dir, "/tmp/weir-XXXXXX");
  CHECK(mkdtemp(h->dir) != NULL);
  snprintf(h->path, sizeof h->path, "%s/s", h->dir);
  snprintf(h->address, sizeof h->address, "unix:%s", h->path);
}

static int listen_on(server *h, const char *address) {
  return weir__listen(&h->listener, &h->n.io, address, 16, false, on_accept, h);
}

static void close_streams(server *h) {
  for (size_t i = 0; i < h->accepted; i++) weir__stream_close(weir__stream_uv_base(h->streams[i]));
  h->accepted = 0;
}

/* Also proves that no unix socket was left behind. */
static void end(server *h) {
  close_streams(h);
  if (h->listener && !h->closes) weir__listener_close(h->listener, on_closed);
  net_end(&h->n);
  CHECK_INT(h->closes, h->listener ? 1 : 0);
  CHECK(rmdir(h->dir) == 0);
}

/* Connects without blocking, whatever the address is; -1 if refused. */
static int connect_unix(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  net_nonblocking(fd);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

static int connect6(int port) {
  struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
  address.sin6_addr = in6addr_loopback;
  int fd = socket(AF_INET6, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

static bool file_exists(const char *path) {
  struct stat file;
  return lstat(path, &file) == 0;
}

static bool has_ipv6(void) {
  struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
  int fd = socket(AF_INET6, SOCK_STREAM, 0);
  bool works = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
  if (fd >= 0) close(fd);
  return works;
}

/* ---- addresses ---- */

static void addresses_are_taken_apart(void) {
  static const struct {
    const char *address, *host;
    int port;
  } good[] = {
      {":8080", "", 8080},
      {":0", "", 0},
      {"127.0.0.1:80", "127.0.0.1", 80},
      {"localhost:65535", "localhost", 65535},
      {"[::1]:443", "::1", 443},
      {"[::]:1", "::", 1},
      {"a-b.c_d:00080", "a-b.c_d", 80},
  };
  static const char *const bad[] = {
      "",
      ":",
      "8080",
      "localhost",
      "localhost:",
      "localhost:http",
      "a:65536",
      "a:99999",
      "a:100000",
      "a:-1",
      "a:+1",
      "a: 1",
      "a:1 ",
      "::1:80",
      "[::1]",
      "[::1]80",
      "[::1:80",
      "::1]:80",
      "[]:80",
      "[localhost]:80",
      "[127.0.0.1]:80",
      "[::1]x:80",
      "a b:80",
      "a/b:80",
      "http://a:80",
      "u@a:80",
      "a?b:80",
      "[::1]:",
      "[:80",
      "]:80",
      "a:4294967376",
      "a\x01:80",
      "\xc3\xbc:80",
      "[[::1]]:80",
  };
  char host[64];
  uint16_t port;
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    CHECK_CASE("%s", good[i].address);
    if (!CHECK(weir__listen_parse(good[i].address, host, sizeof host, &port))) continue;
    CHECK_STR(host, good[i].host);
    CHECK_INT(port, good[i].port);
  }
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    CHECK_CASE("%s", bad[i]);
    CHECK(!weir__listen_parse(bad[i], host, sizeof host, &port));
  }
}

static void a_host_that_does_not_fit_is_refused(void) {
  char host[10];
  uint16_t port;
  CHECK(weir__listen_parse("123456789:80", host, sizeof host, &port));
  CHECK(!weir__listen_parse("1234567890:80", host, sizeof host, &port));
  CHECK(weir__listen_parse("[::1:2:3:4]:80", host, sizeof host, &port));
  CHECK(!weir__listen_parse("[::11:2:3:4]:80", host, sizeof host, &port));
}

static void what_is_no_address_is_refused(void) {
  static const char *const bad[] = {"nonsense", "unix:", "unix:relative", "a:99999", ""};
  server h;
  begin(&h, NULL);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    CHECK_CASE("%s", bad[i]);
    CHECK_INT(listen_on(&h, bad[i]), WEIR_EADDRESS);
  }
  end(&h);
}

/* ---- TCP ---- */

static void a_free_port_is_taken_and_told(void) {
  server h;
  begin(&h, NULL);
  CHECK_INT(listen_on(&h, "127.0.0.1:0"), 0);
  CHECK(h.listener->port > 0);
  int fd = net_connect_to("127.0.0.1", h.listener->port);
  CHECK(fd >= 0);
  CHECK_INT(h.accepted, 0); /* from the loop only */
  RUN_UNTIL(&h.n, h.accepted == 1);
  weir__slice hi = weir__slice_str("hi");
  char buf[8];
  CHECK_INT(weir__stream_writev(weir__stream_uv_base(h.streams[0]), &hi, 1), 0);
  CHECK_MEM(buf, read(fd, buf, sizeof buf), "hi", 2);
  close(fd);
  end(&h);
}

static void an_ipv6_address_is_bound(void) {
  if (!has_ipv6()) return;
  server h;
  begin(&h, NULL);
  CHECK_INT(listen_on(&h, "[::1]:0"), 0);
  int fd = connect6(h.listener->port);
  CHECK(fd >= 0);
  RUN_UNTIL(&h.n, h.accepted == 1);
  close(fd);
  end(&h);
}

static void an_empty_host_takes_both_families(void) {
  server h;
  begin(&h, NULL);
  CHECK_INT(listen_on(&h, ":0"), 0);
  int in4 = net_connect_to("127.0.0.1", h.listener->port), in6 = -1;
  CHECK(in4 >= 0);
  if (has_ipv6()) {
    in6 = connect6(h.listener->port);
    CHECK(in6 >= 0);
  }
  RUN_UNTIL(&h.n, h.accepted == (in6 >= 0 ? 2u : 1u));
  close(in4);
  if (in6 >= 0) close(in6);
  end(&h);
}

static void a_name_is_looked_up_and_bound(void) {
  server h;
  begin(&h, NULL);
  CHECK_INT(listen_on(&h, "localhost:0"), 0);
  end(&h);
}

static void a_name_without_address_is_an_error(void) {
  server h;
  begin(&h, NULL);
  CHECK(listen_on(&h, "no-such-name.invalid:0") < 0);
  end(&h);
}

static void a_port_in_use_is_an_error(void) {
  server h;
  char address[32];
  begin(&h, NULL);
  int port = 0, other = net_listen_on("127.0.0.1", &port, 1);
  snprintf(address, sizeof address, "127.0.0.1:%d", port);
  CHECK_INT(listen_on(&h, address), UV_EADDRINUSE);
  CHECK_INT(h.n.alloc.live_blocks, 0);
  close(other);
  end(&h);
}

static void a_port_is_shared_only_when_that_was_asked_for(void) {
  server h;
  weir__listener *first;
  char address[32];
  begin(&h, NULL);
  CHECK_INT(weir__listen(&first, &h.n.io, "127.0.0.1:0", 16, true, on_accept, &h), 0);
  snprintf(address, sizeof address, "127.0.0.1:%d", first->port);
  CHECK_INT(listen_on(&h, address), UV_EADDRINUSE);
  CHECK_INT(weir__listen(&h.listener, &h.n.io, address, 16, true, on_accept, &h), 0);
  CHECK_INT(h.listener->port, first->port);
  weir__listener_close(first, NULL);
  end(&h);
}

static void the_port_is_free_again_at_once(void) {
  char address[32];
  for (int i = 0; i < 2; i++) {
    server h;
    begin(&h, NULL);
    CHECK_INT(listen_on(&h, i ? address : "127.0.0.1:0"), 0);
    int port = h.listener->port, fd = net_connect_to("127.0.0.1", port);
    RUN_UNTIL(&h.n, h.accepted == 1);
    snprintf(address, sizeof address, "127.0.0.1:%d", port);
    close_streams(&h); /* our side first: TIME_WAIT */
    RUN_UNTIL(&h.n, h.n.io.live == 1);
    close(fd);
    end(&h);
  }
}

/* ---- unix sockets ---- */

static void a_unix_socket_is_made_and_removed(void) {
  server h;
  begin(&h, NULL);
  CHECK_INT(listen_on(&h, h.address), 0);
  CHECK_INT(h.listener->port, 0);
  int fd = connect_unix(h.path);
  CHECK(fd >= 0);
  RUN_UNTIL(&h.n, h.accepted == 1);
  CHECK_INT(weir__stream_uv_handle(h.streams[0])->type, UV_NAMED_PIPE);
  close(fd);
  weir__listener_close(h.listener, on_closed);
  CHECK(!file_exists(h.path));
  end(&h);
}

static void leave_socket_behind(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK(bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1) == 0);
  close(fd);
}

static void a_unix_socket_left_behind_is_replaced(void) {
  server h;
  begin(&h, NULL);
  leave_socket_behind(h.path);
  CHECK_INT(listen_on(&h, h.address), 0);
  int fd = connect_unix(h.path);
  RUN_UNTIL(&h.n, h.accepted == 1);
  close(fd);
  end(&h);
}

static void a_unix_socket_that_answers_is_left_alone(void) {
  for (int full = 0; full < 2; full++) {
    CHECK_CASE("backlog %s", full ? "full" : "empty");
    server h;
    begin(&h, NULL);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, h.path);
    int other = socket(AF_UNIX, SOCK_STREAM, 0), fillers[4] = {-1, -1, -1, -1};
    CHECK(bind(other, (struct sockaddr *)&address, sizeof address) == 0 && listen(other, 1) == 0);
    for (int i = 0; full && i < 4; i++) fillers[i] = connect_unix(h.path);
    CHECK_INT(listen_on(&h, h.address), UV_EADDRINUSE);
    CHECK(file_exists(h.path));
    for (int i = 0; i < 4; i++) {
      if (fillers[i] >= 0) close(fillers[i]);
    }
    close(other);
    unlink(h.path);
    end(&h);
  }
}

static void a_file_that_is_no_socket_is_never_touched(void) {
  server h;
  char buf[8], target[80];
  begin(&h, NULL);
  int fd = open(h.path, O_CREAT | O_WRONLY, 0600);
  CHECK(write(fd, "dear", 4) == 4);
  close(fd);
  CHECK_INT(listen_on(&h, h.address), UV_EADDRINUSE);
  fd = open(h.path, O_RDONLY);
  CHECK_INT(read(fd, buf, sizeof buf), 4);
  close(fd);
  /* Nor is a link to a socket that was left behind. */
  snprintf(target, sizeof target, "%s/t", h.dir);
  unlink(h.path);
  leave_socket_behind(target);
  CHECK(symlink(target, h.path) == 0);
  CHECK_INT(listen_on(&h, h.address), UV_EADDRINUSE);
  CHECK(file_exists(h.path) && file_exists(target));
  unlink(h.path);
  unlink(target);
  end(&h);
}

static void a_successors_unix_socket_is_not_removed(void) {
  server h;
  begin(&h, NULL);
  CHECK_INT(listen_on(&h, h.address), 0);
  unlink(h.path);
  leave_socket_behind(h.path); /* another file by the same name */
  weir__listener_close(h.listener, on_closed);
  RUN_UNTIL(&h.n, h.closes);
  CHECK(file_exists(h.path));
  unlink(h.path);
  end(&h);
}

static void a_unix_path_may_have_107_bytes(void) {
  server h;
  char address[256], path[200];
  begin(&h, NULL);
  memset(path, 'p', sizeof path);
  memcpy(path, h.path, strlen(h.path));
  path[107] = '\0';
  snprintf(address, sizeof address, "unix:%s", path);
  CHECK_INT(listen_on(&h, address), 0);
  CHECK(file_exists(path));
  weir__listener_close(h.listener, on_closed);
  CHECK(!file_exists(path));
  RUN_UNTIL(&h.n, h.closes);
  h.listener = NULL;
  h.closes = 0;
  path[107] = 'p';
  path[108] = '\0';
  snprintf(address, sizeof address, "unix:%s", path);
  CHECK_INT(listen_on(&h, address), UV_ENAMETOOLONG);
  end(&h);
}

static void a_unix_path_that_cannot_be_made_is_an_error(void) {
  server h;
  begin(&h, NULL);
  CHECK_INT(listen_on(&h, "unix:/nowhere/at/all"), UV_ENOENT);
  end(&h);
}

/* ---- the end ---- */

static void close_is_idempotent_and_allowed_in_on_accept(void) {
  server h;
  begin(&h, NULL);
  h.close_in_accept = true;
  CHECK_INT(listen_on(&h, "127.0.0.1:0"), 0);
  int port = h.listener->port, fds[3];
  for (int i = 0; i < 3; i++) fds[i] = net_connect_to("127.0.0.1", port);
  RUN_UNTIL(&h.n, h.closes);
  CHECK_INT(h.accepted, 1);
  CHECK_INT(net_connect_to("127.0.0.1", port), -1);
  for (int i = 0; i < 3; i++) close(fds[i]);
  end(&h);
  CHECK_INT(h.closes, 1);
}

static void a_closed_listener_leaves_its_list_by_itself(void) {
  server h;
  weir__list list;
  begin(&h, NULL);
  weir__list_init(&list);
  CHECK_INT(listen_on(&h, "127.0.0.1:0"), 0);
  weir__list_append(&list, &h.listener->node);
  weir__listener_close(h.listener, on_closed);
  weir__listener_close(h.listener, on_closed);
  CHECK(!weir__list_empty(&list));
  RUN_UNTIL(&h.n, h.closes);
  CHECK(weir__list_empty(&list));
  end(&h);
}

/* ---- when something is out ---- */

static bool is_closed(int fd) {
  char byte;
  net_nonblocking(fd);
  ssize_t n = read(fd, &byte, 1);
  return n == 0 || (n < 0 && errno != EAGAIN);
}

static void connections_are_dropped_while_memory_is_out_and_served_after_it(void) {
  for (int unix_socket = 0; unix_socket < 2; unix_socket++) {
    CHECK_CASE("%s", unix_socket ? "unix" : "tcp");
    server h;
    begin(&h, NULL);
    CHECK_INT(listen_on(&h, unix_socket ? h.address : "127.0.0.1:0"), 0);
    h.n.alloc.fail_at = h.n.alloc.calls + 1;
    h.n.alloc.fail_forever = true;
    int fds[5];
    for (int i = 0; i < 5; i++) {
      fds[i] = unix_socket ? connect_unix(h.path) : net_connect_to("127.0.0.1", h.listener->port);
      CHECK(fds[i] >= 0);
    }
    RUN_UNTIL(&h.n, h.dropped == 5);
    CHECK_INT(h.status, WEIR_ENOMEM);
    net_settle(&h.n);
    for (int i = 0; i < 5; i++) {
      CHECK(is_closed(fds[i]));
      close(fds[i]);
    }
    h.n.alloc.fail_at = 0;
    int fd = unix_socket ? connect_unix(h.path) : net_connect_to("127.0.0.1", h.listener->port);
    RUN_UNTIL(&h.n, h.accepted == 1);
    CHECK_INT(h.dropped, 5);
    close(fd);
    end(&h);
  }
}

static void a_connection_that_waited_for_the_drop_of_another_is_served(void) {
  server h;
  begin(&h, NULL);
  CHECK_INT(listen_on(&h, "127.0.0.1:0"), 0);
  h.n.alloc.fail_at = h.n.alloc.calls + 1;
  h.n.alloc.fail_forever = true;
  int fds[3];
  for (int i = 0; i < 3; i++) fds[i] = net_connect_to("127.0.0.1", h.listener->port);
  h.heal_at_drop = true;
  RUN_UNTIL(&h.n, h.accepted == 2);
  CHECK_INT(h.dropped, 1);
  for (int i = 0; i < 3; i++) close(fds[i]);
  end(&h);
}

static void on_accept_and_close_at_drop(void *owner, weir__listener *listener, int status,
                                        weir__stream_uv *stream) {
  server *h = owner;
  CHECK(stream == NULL && status == WEIR_ENOMEM);
  h->dropped++;
  weir__listener_close(listener, on_closed);
}

static void a_listener_may_be_closed_while_it_drops(void) {
  server h;
  begin(&h, NULL);
  CHECK_INT(
      weir__listen(&h.listener, &h.n.io, "127.0.0.1:0", 16, false, on_accept_and_close_at_drop, &h),
      0);
  h.n.alloc.fail_at = h.n.alloc.calls + 1;
  h.n.alloc.fail_forever = true;
  int fds[3];
  for (int i = 0; i < 3; i++) fds[i] = net_connect_to("127.0.0.1", h.listener->port);
  RUN_UNTIL(&h.n, h.closes == 1);
  CHECK_INT(h.dropped, 1);
  for (int i = 0; i < 3; i++) close(fds[i]);
  end(&h);
}

/* Leaves this process without descriptors, runs the loop, and gives them back. */
static void settle_without_descriptors(server *h) {
  struct rlimit old, low;
  int full[256], count = 0;
  CHECK(getrlimit(RLIMIT_NOFILE, &old) == 0);
  low = old;
  low.rlim_cur = 256;
  CHECK(setrlimit(RLIMIT_NOFILE, &low) == 0);
  while (count < 256 && (full[count] = dup(0)) >= 0) count++;
  net_settle(&h->n);
  while (count > 0) close(full[--count]);
  CHECK(setrlimit(RLIMIT_NOFILE, &old) == 0);
}

static void a_listener_survives_running_out_of_descriptors(void) {
  for (int snatched = 0; snatched < 2; snatched++) {
    CHECK_CASE("libuv %s its spare descriptor", snatched ? "has lost" : "has");
    server h;
    int fds[4];
    begin(&h, NULL);
    CHECK_INT(listen_on(&h, "127.0.0.1:0"), 0);
    for (int i = 0; i < 3; i++) fds[i] = net_connect_to("127.0.0.1", h.listener->port);
    if (snatched) {
      close(h.n.loop.emfile_fd);
      h.n.loop.emfile_fd = -1;
    }
    settle_without_descriptors(&h);
    CHECK_INT(h.accepted, 0);
    fds[3] = net_connect_to("127.0.0.1", h.listener->port);
    RUN_UNTIL(&h.n, h.accepted >= 1);
    for (int i = 0; i < 4; i++) close(fds[i]);
    end(&h);
  }
}

static int listen_without_memory(weir__mem *mem, void *arg) {
  const char *tcp = arg;
  server h;
  begin(&h, mem);
  int rc = listen_on(&h, tcp ? tcp : h.address);
  if (rc) CHECK(!file_exists(h.path));
  end(&h);
  return rc;
}

static void any_allocation_may_fail(void) {
  char in4[] = "127.0.0.1:0", name[] = "localhost:0";
  check_each_failure(listen_without_memory, in4);
  check_each_failure(listen_without_memory, name);
  check_each_failure(listen_without_memory, NULL);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(addresses_are_taken_apart);
  TEST(a_host_that_does_not_fit_is_refused);
  TEST(what_is_no_address_is_refused);
  TEST(a_free_port_is_taken_and_told);
  TEST(an_ipv6_address_is_bound);
  TEST(an_empty_host_takes_both_families);
  TEST(a_name_is_looked_up_and_bound);
  TEST(a_name_without_address_is_an_error);
  TEST(a_port_in_use_is_an_error);
  TEST(a_port_is_shared_only_when_that_was_asked_for);
  TEST(the_port_is_free_again_at_once);
  TEST(a_unix_socket_is_made_and_removed);
  TEST(a_unix_socket_left_behind_is_replaced);
  TEST(a_unix_socket_that_answers_is_left_alone);
  TEST(a_file_that_is_no_socket_is_never_touched);
  TEST(a_successors_unix_socket_is_not_removed);
  TEST(a_unix_path_may_have_107_bytes);
  TEST(a_unix_path_that_cannot_be_made_is_an_error);
  TEST(close_is_idempotent_and_allowed_in_on_accept);
  TEST(a_closed_listener_leaves_its_list_by_itself);
  TEST(connections_are_dropped_while_memory_is_out_and_served_after_it);
  TEST(a_connection_that_waited_for_the_drop_of_another_is_served);
  TEST(a_listener_may_be_closed_while_it_drops);
  TEST(a_listener_survives_running_out_of_descriptors);
  TEST(any_allocation_may_fail);
  return check_end();
}
