/* net/stream_uv: a socket as a weir__stream. */
#include "net/stream_uv.h"

#include <netinet/tcp.h>
#include <sys/uio.h>

#include "unit/net_fixture.h"

enum { BIG = 8 << 20 };

/* Stands in for libc's, which libuv calls for more than one slice: a socket that is full just then,
 * and takes the bytes when libuv tries once more with write(). */
static bool full_for_a_moment;

/* visible, or libuv would not find it */
__attribute__((visibility("default"))) ssize_t writev(int fd, const struct iovec *slices,
                                                      int count) {
  struct msghdr msg = {.msg_iov = (struct iovec *)slices, .msg_iovlen = (size_t)count};
  if (!full_for_a_moment) return sendmsg(fd, &msg, MSG_NOSIGNAL);
  errno = EAGAIN;
  return -1;
}

/* What the owner of a stream saw, and what it does about it. */
typedef struct owner {
  weir__stream_uv *uv;
  weir__stream *s;
  char got[256];
  size_t got_len;
  unsigned ends, drains, errors, closes;
  int end_status, write_error;
  size_t pending_at_drain;
  bool *flag; /* set by on_closed */
  void (*in_data)(struct owner *o);
  void (*in_end)(struct owner *o);
  void (*in_drained)(struct owner *o);
  void (*in_error)(struct owner *o);
  void (*in_closed)(struct owner *o);
  uv_stream_t *given_back;
} owner;

static void on_data(void *user, weir__slice data) {
  owner *o = user;
  size_t room = sizeof o->got - o->got_len;
  size_t n = data.len < room ? data.len : room;
  memcpy(o->got + o->got_len, data.ptr, n);
  o->got_len += n;
  if (o->in_data) o->in_data(o);
}

static void on_end(void *user, int status) {
  owner *o = user;
  o->ends++;
  o->end_status = status;
  if (o->in_end) o->in_end(o);
}

static void on_drained(void *user) {
  owner *o = user;
  o->drains++;
  o->pending_at_drain = weir__stream_pending(o->s);
  if (o->in_drained) o->in_drained(o);
}

static void on_write_error(void *user, int status) {
  owner *o = user;
  o->errors++;
  o->write_error = status;
  if (o->in_error) o->in_error(o);
}

static void on_closed(void *user) {
  owner *o = user;
  o->closes++;
  if (o->in_closed) o->in_closed(o);
}

static const weir__stream_events events = {on_data, on_end, on_drained, on_write_error, on_closed};

static void close_it(owner *o) { weir__stream_close(o->s); }
static void reset_it(owner *o) { weir__stream_reset(o->s); }
static void give_it_back(owner *o) { o->given_back = weir__stream_uv_give_back(o->uv); }

static void own(owner *o, weir__stream_uv *uv) {
  o->uv = uv;
  o->s = weir__stream_uv_base(uv);
  weir__stream_own(o->s, &events, o);
}

/* A stream around one end of a TCP connection; the other end is returned, and does not block. */
static int open_tcp(net *n, owner *o) {
  int ours, theirs;
  weir__stream_uv *uv;
  net_tcp_pair(&ours, &theirs);
  net_nonblocking(theirs);
  CHECK_INT(weir__stream_uv_new(&uv, &n->io, UV_TCP), 0);
  CHECK_INT(uv_tcp_open((uv_tcp_t *)weir__stream_uv_handle(uv), ours), 0);
  own(o, uv);
  return theirs;
}

static int open_pipe(net *n, owner *o, int type) {
  int fds[2];
  weir__stream_uv *uv;
  CHECK(socketpair(AF_UNIX, type, 0, fds) == 0);
  net_nonblocking(fds[1]);
  CHECK_INT(weir__stream_uv_new(&uv, &n->io, UV_NAMED_PIPE), 0);
  CHECK_INT(uv_pipe_open((uv_pipe_t *)weir__stream_uv_handle(uv), fds[0]), 0);
  own(o, uv);
  return fds[1];
}

static void finish(net *n, owner *o, int theirs) {
  weir__stream_close(o->s);
  RUN_UNTIL(n, o->closes == 1);
  if (theirs >= 0) close(theirs);
  net_end(n);
}

static int write_str(owner *o, const char *str) {
  weir__slice slice = weir__slice_str(str);
  return weir__stream_writev(o->s, &slice, 1);
}

/* Leaves the stream with nothing to write, but with a write that libuv has not called back for. */
static void write_and_leave_the_callback_due(owner *o) {
  const weir__slice slices[] = {weir__slice_str("o"), weir__slice_str("ne")};
  full_for_a_moment = true;
  CHECK_INT(weir__stream_writev(o->s, slices, 2), 0);
  full_for_a_moment = false;
  CHECK_INT(weir__stream_pending(o->s), 0);
}

/* Bytes that tell where they were. */
static char *pattern(size_t len) {
  char *bytes = malloc(len);
  for (size_t i = 0; i < len; i++) bytes[i] = (char)(i % 251);
  return bytes;
}

static int write_bytes(owner *o, const char *bytes, size_t len) {
  weir__slice slice = weir__slice_of(bytes, len);
  return weir__stream_writev(o->s, &slice, 1);
}

/* Writes until the socket takes no more; what it took and what waits is *total. */
static int stall(owner *o, const char *bytes, size_t *total) {
  *total = 0;
  int rc = 0;
  while (rc == 0 && weir__stream_pending(o->s) == 0 && *total + 65536 <= BIG) {
    rc = write_bytes(o, bytes + *total, 65536);
    *total += 65536;
  }
  CHECK(rc >= 0);
  CHECK(weir__stream_pending(o->s) > 0);
  return rc;
}

/* Reads all there is; checks it against the pattern; tells how far it is now. */
static size_t drain(int fd, size_t seen) {
  static char buf[65536];
  ssize_t got;
  while ((got = read(fd, buf, sizeof buf)) > 0) {
    for (ssize_t i = 0; i < got; i++) {
      if (buf[i] != (char)((seen + (size_t)i) % 251)) return SIZE_MAX;
    }
    seen += (size_t)got;
  }
  return seen;
}

static size_t skim(int fd, size_t seen) {
  static char buf[65536];
  ssize_t got;
  while ((got = read(fd, buf, sizeof buf)) > 0) seen += (size_t)got;
  return seen;
}

static bool reads_error(int fd, int err) {
  char byte;
  return read(fd, &byte, 1) == -1 && errno == err;
}

/* ---- writing ---- */

static void what_the_socket_takes_leaves_before_writev_returns_and_is_not_copied(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  int theirs = open_tcp(&n, &o);
  size_t calls = n.alloc.calls;
  char buf[32];
  CHECK_INT(write_str(&o, "data: one\n\n"), 0);
  CHECK_MEM(buf, read(theirs, buf, sizeof buf), "data: one\n\n", 11);
  CHECK_INT(n.alloc.calls, calls);
  CHECK_INT(weir__stream_pending(o.s), 0);
  net_settle(&n);
  CHECK_INT(o.drains, 0); /* nothing ever waited */
  finish(&n, &o, theirs);
}

static void all_slices_leave_in_one_system_call(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  int theirs = open_pipe(&n, &o, SOCK_SEQPACKET); /* one write, one packet */
  weir__slice slices[80];
  char want[80], buf[200];
  for (size_t i = 0; i < 80; i++) {
    want[i] = (char)('!' + i);
    slices[i] = weir__slice_of(&want[i], 1);
  }
  CHECK_INT(weir__stream_writev(o.s, slices, 80), 0);
  CHECK_MEM(buf, read(theirs, buf, sizeof buf), want, sizeof want);
  finish(&n, &o, theirs);
}

static void more_slices_than_one_system_call_takes_leave_in_order(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  int theirs = open_tcp(&n, &o);
  enum { COUNT = 700 };
  weir__slice slices[COUNT];
  char *want = pattern(COUNT);
  for (size_t i = 0; i < COUNT; i++) slices[i] = weir__slice_of(want + i, 1);
  size_t calls = n.alloc.calls;
  CHECK_INT(weir__stream_writev(o.s, slices, COUNT), 0);
  CHECK_INT(weir__stream_pending(o.s), 0);
  CHECK_INT(n.alloc.calls, calls); /* not by way of the outbox */
  CHECK_INT(drain(theirs, 0), COUNT);
  free(want);
  finish(&n, &o, theirs);
}

static void empty_slices_write_nothing(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  int theirs = open_pipe(&n, &o, SOCK_SEQPACKET);
  const weir__slice slices[] = {weir__slice_str(""), weir__slice_of(NULL, 0), weir__slice_str("x"),
                                weir__slice_str("")};
  char buf[8];
  CHECK_INT(weir__stream_writev(o.s, slices, 0), 0);
  CHECK_INT(weir__stream_writev(o.s, slices, 2), 0);
  CHECK(reads_error(theirs, EAGAIN));
  CHECK_INT(weir__stream_writev(o.s, slices, 4), 0);
  CHECK_MEM(buf, read(theirs, buf, sizeof buf), "x", 1);
  finish(&n, &o, theirs);
}

static void what_the_socket_does_not_take_waits_and_arrives_in_order(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  int theirs = open_tcp(&n, &o);
  char *bytes = pattern(BIG);
  size_t total, seen = 0;
  stall(&o, bytes, &total);
  /* Behind the flight: merged, but in their place. */
  for (int i = 0; i < 10; i++) {
    CHECK(write_bytes(&o, bytes + total, 1000) >= 0);
    total += 1000;
  }
  PUMP_UNTIL(&n, seen = drain(theirs, seen), seen >= total);
  CHECK_INT(seen, total);
  RUN_UNTIL(&n, o.drains);
  CHECK_INT(weir__stream_pending(o.s), 0);
  free(bytes);
  finish(&n, &o, theirs);
}

static void what_waits_is_not_overtaken(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  int theirs = open_tcp(&n, &o);
  const weir__slice two[] = {weir__slice_str("t"), weir__slice_str("wo")};
  char buf[32];
  write_and_leave_the_callback_due(&o);
  full_for_a_moment = true;
  CHECK_INT(weir__stream_writev(o.s, two, 2), 0);
  full_for_a_moment = false;
  CHECK_INT(weir__stream_pending(o.s), 3); /* waits for the callback, although the socket is free */
  CHECK_INT(write_str(&o, "three"), 0);
  RUN_UNTIL(&n, o.drains);
  CHECK_MEM(buf, read(theirs, buf, sizeof buf), "onetwothree", 11);
  finish(&n, &o, theirs);
}

static void the_callers_bytes_may_change_when_writev_has_returned(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  int theirs = open_tcp(&n, &o);
  char *bytes = pattern(BIG);
  size_t total, seen = 0;
  stall(&o, bytes, &total);
  memset(bytes, '?', BIG);
  PUMP_UNTIL(&n, seen = drain(theirs, seen), seen >= total);
  CHECK_INT(seen, total);
  free(bytes);
  finish(&n, &o, theirs);
}

static void pending_falls_as_the_socket_takes_bytes_of_one_flight(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  int theirs = open_tcp(&n, &o);
  char *bytes = pattern(BIG);
  CHECK_INT(write_bytes(&o, bytes, BIG), WEIR__FULL);
  size_t before = weir__stream_pending(o.s), blocks = n.alloc.live_blocks;
  CHECK(before > BIG / 8 && before < BIG);
  size_t seen = drain(theirs, 0);
  PUMP_UNTIL(&n, (void)0, weir__stream_pending(o.s) < before);
  CHECK(weir__stream_pending(o.s) > 0);
  CHECK_INT(n.alloc.live_blocks, blocks); /* the same flight is in the air */
  CHECK_INT(o.drains, 0);
  CHECK(seen != SIZE_MAX);
  free(bytes);
  finish(&n, &o, theirs);
}

static void an_idle_stream_keeps_no_buffer_and_no_request(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  int theirs = open_tcp(&n, &o);
  char *bytes = pattern(BIG);
  size_t blocks = n.alloc.live_blocks, total, seen = 0;
  unsigned live = n.io.live;
  CHECK_INT(blocks, 1);
  stall(&o, bytes, &total);
  CHECK(n.alloc.live_blocks > blocks);
  PUMP_UNTIL(&n, seen = drain(theirs, seen), o.drains);
  CHECK_INT(n.alloc.live_blocks, blocks);
  CHECK_INT(n.io.live, live);
  free(bytes);
  finish(&n, &o, theirs);
}

static void a_drained_stream_writes_at_once_again(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  int theirs = open_tcp(&n, &o);
  char *bytes = pattern(BIG);
  size_t total, seen = 0;
  stall(&o, bytes, &total);
  PUMP_UNTIL(&n, seen = drain(theirs, seen), o.drains);
  seen = drain(theirs, seen);
  size_t calls = n.alloc.calls;
  CHECK_INT(write_bytes(&o, bytes + total, 1000), 0);
  CHECK_INT(drain(theirs, seen), total + 1000);
  CHECK_INT(n.alloc.calls, calls);
  free(bytes);
  finish(&n, &o, theirs);
}

/* ---- water marks ---- */

static void drained_comes_only_at_empty_when_writev_never_said_full(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  int theirs = open_tcp(&n, &o);
  char *bytes = pattern(BIG);
  size_t total, seen = 0;
  CHECK_INT(stall(&o, bytes, &total), 0);
  size_t flight = weir__stream_pending(o.s);
  CHECK_INT(write_bytes(&o, bytes + total, 1000), 0);
  CHECK_INT(weir__stream_pending(o.s), flight + 1000);
  total += 1000;
  PUMP_UNTIL(&n, seen = drain(theirs, seen), o.drains);
  CHECK_INT(o.pending_at_drain, 0);
  net_settle(&n);
  CHECK_INT(o.drains, 1);
  free(bytes);
  finish(&n, &o, theirs);
}

static void full_is_followed_by_one_drained_at_low_water(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  n.io.high = 10000;
  n.io.low = 5000;
  int theirs = open_tcp(&n, &o);
  char *bytes = pattern(BIG);
  size_t total, seen = 0;
  CHECK_INT(stall(&o, bytes, &total), WEIR__FULL);
  CHECK_INT(write_bytes(&o, bytes + total, 4000), WEIR__FULL); /* still, and taken */
  total += 4000;
  PUMP_UNTIL(&n, seen = drain(theirs, seen), o.drains);
  CHECK(o.pending_at_drain <= n.io.low);
  PUMP_UNTIL(&n, seen = drain(theirs, seen), seen >= total);
  RUN_UNTIL(&n, weir__stream_pending(o.s) == 0 && o.drains == 2); /* low, then empty */
  net_settle(&n);
  CHECK_INT(o.drains, 2);
  CHECK_INT(o.pending_at_drain, 0);
  free(bytes);
  finish(&n, &o, theirs);
}

static void no_drained_comes_while_more_than_low_water_waits(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  n.io.high = 10000;
  n.io.low = 5000;
  int theirs = open_tcp(&n, &o);
  char *bytes = pattern(BIG);
  size_t total, seen = 0;
  stall(&o, bytes, &total);
  CHECK_INT(write_bytes(&o, bytes + total, 3 << 20), WEIR__FULL); /* too much for any one socket */
  total += 3 << 20;
  PUMP_UNTIL(&n, seen = drain(theirs, seen), o.drains);
  CHECK(o.pending_at_drain <= n.io.low);
  free(bytes);
  finish(&n, &o, theirs);
}

/* ---- reading ---- */

static void data_and_then_fin_are_reported(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  int theirs = open_tcp(&n, &o);
  CHECK(write(theirs, "hello", 5) == 5);
  shutdown(theirs, SHUT_WR);
  net_settle(&n);
  CHECK_INT(o.got_len, 0); /* nobody asked */
  CHECK_INT(weir__stream_read_start(o.s), 0);
  CHECK_INT(weir__stream_read_start(o.s), 0);
  RUN_UNTIL(&n, o.ends);
  CHECK_MEM(o.got, o.got_len, "hello", 5);
  CHECK_INT(o.end_status, 0);
  CHECK_INT(write_str(&o, "still"), 0); /* the other direction works */
  CHECK_INT(weir__stream_read_start(o.s), 0);
  net_settle(&n);
  CHECK_INT(o.ends, 1);
  finish(&n, &o, theirs);
}

static void a_reset_is_an_end_with_its_error(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  int theirs = open_tcp(&n, &o);
  CHECK_INT(weir__stream_read_start(o.s), 0);
  net_reset(theirs);
  RUN_UNTIL(&n, o.ends);
  CHECK_INT(o.end_status, UV_ECONNRESET);
  finish(&n, &o, -1);
}

static void nothing_is_read_while_reading_is_stopped(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  int theirs = open_tcp(&n, &o);
  CHECK_INT(weir__stream_read_start(o.s), 0);
  weir__stream_read_stop(o.s);
  weir__stream_read_stop(o.s);
  CHECK(write(theirs, "later", 5) == 5);
  net_settle(&n);
  CHECK_INT(o.got_len, 0);
  CHECK_INT(weir__stream_read_start(o.s), 0);
  RUN_UNTIL(&n, o.got_len == 5);
  finish(&n, &o, theirs);
}

static void stop_reading(owner *o) { weir__stream_read_stop(o->s); }

static void reading_may_be_stopped_inside_on_data(void) {
  net n;
  owner o = {.in_data = stop_reading};
  net_begin(&n, NULL);
  int theirs = open_tcp(&n, &o);
  char *bytes = pattern(3 * WEIR__SCRATCH);
  CHECK_INT(weir__stream_read_start(o.s), 0);
  size_t sent = 0;
  ssize_t k;
  while (sent < 3 * WEIR__SCRATCH && (k = write(theirs, bytes, 3 * WEIR__SCRATCH - sent)) > 0)
    sent += (size_t)k;
  RUN_UNTIL(&n, o.got_len > 0);
  size_t got = o.got_len;
  o.got_len = 0;
  net_settle(&n);
  CHECK_INT(o.got_len, 0); /* although more waits to be read */
  CHECK(got > 0);
  free(bytes);
  finish(&n, &o, theirs);
}

static void close_is_allowed_in_every_event(void) {
  void (*const ways[])(owner *) = {close_it, reset_it};
  for (size_t i = 0; i < 2; i++) {
    CHECK_CASE("%s", i ? "reset" : "close");
    net n;
    owner in_data = {.in_data = ways[i]}, in_end = {.in_end = ways[i]};
    owner in_drained = {.in_drained = ways[i]};
    net_begin(&n, NULL);
    int a = open_tcp(&n, &in_data), b = open_tcp(&n, &in_end), c = open_tcp(&n, &in_drained);
    char *bytes = pattern(BIG);
    size_t total, seen = 0;
    weir__stream_read_start(in_data.s);
    weir__stream_read_start(in_end.s);
    CHECK(write(a, "data", 4) == 4);
    shutdown(a, SHUT_WR);
    shutdown(b, SHUT_WR);
    stall(&in_drained, bytes, &total);
    PUMP_UNTIL(&n, seen = drain(c, seen), in_drained.drains);
    RUN_UNTIL(&n, in_data.closes && in_end.closes && in_drained.closes);
    net_settle(&n);
    CHECK_INT(in_data.ends, 0); /* after close only on_closed comes */
    CHECK_INT(in_data.closes + in_end.closes + in_drained.closes, 3);
    close(a), close(b), close(c);
    free(bytes);
    net_end(&n);
  }
}

/* ---- failing writes ---- */

static void a_write_that_fails_later_is_reported_once(void) {
  net n;
  owner o = {.in_error = close_it};
  net_begin(&n, NULL);
  int theirs = open_tcp(&n, &o);
  char *bytes = pattern(BIG);
  size_t total;
  stall(&o, bytes, &total);
  write_bytes(&o, bytes + total, 1000);
  net_reset(theirs);
  RUN_UNTIL(&n, o.errors);
  CHECK(o.write_error == UV_ECONNRESET || o.write_error == UV_EPIPE);
  CHECK_INT(o.drains, 0);
  RUN_UNTIL(&n, o.closes);
  CHECK_INT(o.errors, 1);
  free(bytes);
  net_end(&n);
}

static void after_a_failed_write_writev_says_so(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  int theirs = open_tcp(&n, &o);
  char *bytes = pattern(BIG);
  size_t total;
  stall(&o, bytes, &total);
  net_reset(theirs);
  RUN_UNTIL(&n, o.errors);
  CHECK_INT(write_str(&o, "x"), o.write_error);
  CHECK_INT(weir__stream_shutdown(o.s), o.write_error);
  CHECK_INT(weir__stream_pending(o.s), 0);
  CHECK_INT(n.alloc.live_blocks, 1);
  free(bytes);
  finish(&n, &o, -1);
  CHECK_INT(o.errors, 1);
}

static void an_error_that_is_known_at_once_is_what_writev_returns(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  int theirs = open_pipe(&n, &o, SOCK_STREAM);
  close(theirs);
  CHECK_INT(write_str(&o, "x"), UV_EPIPE);
  CHECK_INT(write_str(&o, "x"), UV_EPIPE);
  net_settle(&n);
  CHECK_INT(o.errors, 0);
  finish(&n, &o, -1);
}

static void a_close_of_ours_reports_no_write_error(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  int theirs = open_tcp(&n, &o);
  char *bytes = pattern(BIG);
  size_t total;
  stall(&o, bytes, &total);
  write_bytes(&o, bytes + total, 1000);
  finish(&n, &o, theirs);
  CHECK_INT(o.errors + o.drains, 0);
  free(bytes);
}

static int stall_without_memory(weir__mem *mem, void *user) {
  (void)user;
  net n;
  owner o = {0};
  net_begin(&n, mem);
  int ours, theirs;
  weir__stream_uv *uv;
  net_tcp_pair(&ours, &theirs);
  int rc = weir__stream_uv_new(&uv, &n.io, UV_TCP);
  if (rc) {
    close(ours);
  } else {
    CHECK_INT(uv_tcp_open((uv_tcp_t *)weir__stream_uv_handle(uv), ours), 0);
    own(&o, uv);
    char *bytes = pattern(BIG);
    while (rc == 0 && weir__stream_pending(o.s) < 100000) rc = write_bytes(&o, bytes, 65536);
    if (rc == 0) rc = write_bytes(&o, bytes, 1 << 20); /* the second buffer */
    if (rc < 0) {
      CHECK_INT(write_str(&o, "x"), rc);
      net_nonblocking(theirs);
      PUMP_UNTIL(&n, skim(theirs, 0), weir__stream_pending(o.s) == 0 || o.errors || o.drains);
      net_settle(&n);
      CHECK_INT(o.errors, 0); /* it was returned */
    }
    free(bytes);
    weir__stream_close(o.s);
    RUN_UNTIL(&n, o.closes);
  }
  close(theirs);
  net_end(&n);
  return rc == WEIR__FULL ? 0 : rc;
}

static void any_allocation_may_fail(void) { check_each_failure(stall_without_memory, NULL); }

/* ---- ends ---- */

static void shutdown_sends_fin_at_once_when_nothing_waits(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  int theirs = open_tcp(&n, &o);
  char buf[8];
  CHECK_INT(write_str(&o, "end"), 0);
  CHECK_INT(weir__stream_shutdown(o.s), 0);
  CHECK_INT(weir__stream_shutdown(o.s), 0);
  CHECK_INT(read(theirs, buf, sizeof buf), 3);
  CHECK_INT(read(theirs, buf, sizeof buf), 0);
  CHECK_INT(write_str(&o, "more"), UV_EPIPE);
  CHECK_INT(weir__stream_read_start(o.s), 0); /* the other direction lives */
  CHECK(write(theirs, "hi", 2) == 2);
  RUN_UNTIL(&n, o.got_len == 2);
  finish(&n, &o, theirs);
}

static void shutdown_sends_fin_behind_what_waits(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  int theirs = open_tcp(&n, &o);
  char *bytes = pattern(BIG), byte;
  size_t total, seen = 0;
  stall(&o, bytes, &total);
  write_bytes(&o, bytes + total, 1000);
  total += 1000;
  CHECK_INT(weir__stream_shutdown(o.s), 0);
  PUMP_UNTIL(&n, seen = drain(theirs, seen), seen >= total);
  CHECK_INT(seen, total);
  RUN_UNTIL(&n, o.drains);
  RUN_UNTIL(&n, net_is_readable(theirs));
  CHECK_INT(read(theirs, &byte, 1), 0);
  free(bytes);
  finish(&n, &o, theirs);
}

static void shutdown_of_a_connection_that_is_gone_is_no_error(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  int theirs = open_tcp(&n, &o);
  weir__stream_read_start(o.s);
  net_reset(theirs);
  RUN_UNTIL(&n, o.ends);
  CHECK_INT(weir__stream_shutdown(o.s), 0);
  finish(&n, &o, -1);
}

static void close_sends_fin_and_reset_sends_rst(void) {
  net n;
  owner a = {0}, b = {0}, c = {0};
  char byte;
  net_begin(&n, NULL);
  int their_a = open_tcp(&n, &a), their_b = open_tcp(&n, &b), their_c = open_tcp(&n, &c);
  CHECK_INT(weir__stream_shutdown(c.s), 0);
  weir__stream_close(a.s);
  weir__stream_close(a.s);
  weir__stream_reset(b.s);
  weir__stream_reset(b.s);
  weir__stream_close(b.s);
  weir__stream_reset(c.s); /* behind a FIN */
  CHECK_INT(a.closes + b.closes + c.closes, 0);
  RUN_UNTIL(&n, a.closes && b.closes && c.closes);
  CHECK_INT(a.closes + b.closes + c.closes, 3);
  CHECK_INT(read(their_a, &byte, 1), 0);
  CHECK(reads_error(their_b, ECONNRESET));
  close(their_a), close(their_b), close(their_c);
  net_end(&n);
}

static void a_pipe_can_be_reset_too(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  int theirs = open_pipe(&n, &o, SOCK_STREAM);
  weir__stream_reset(o.s);
  RUN_UNTIL(&n, o.closes);
  char byte;
  CHECK_INT(read(theirs, &byte, 1), 0);
  close(theirs);
  net_end(&n);
}

static void a_stream_that_was_never_connected_can_be_closed(void) {
  const uv_handle_type types[] = {UV_TCP, UV_NAMED_PIPE};
  for (size_t i = 0; i < 4; i++) {
    net n;
    owner o = {0};
    weir__stream_uv *uv;
    net_begin(&n, NULL);
    CHECK_INT(weir__stream_uv_new(&uv, &n.io, types[i / 2]), 0);
    own(&o, uv);
    CHECK(!weir__stream_silent(o.s));
    if (i % 2)
      weir__stream_close(o.s);
    else
      weir__stream_reset(o.s);
    RUN_UNTIL(&n, o.closes);
    net_end(&n);
  }
}

static void after_close_every_verb_is_harmless(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  int theirs = open_tcp(&n, &o);
  weir__stream_close(o.s);
  CHECK_INT(weir__stream_read_start(o.s), 0);
  weir__stream_read_stop(o.s);
  CHECK_INT(write_str(&o, "x"), WEIR_ECANCELED);
  CHECK_INT(weir__stream_shutdown(o.s), WEIR_ECANCELED);
  CHECK_INT(weir__stream_pending(o.s), 0);
  CHECK_INT(weir__stream_unacked(o.s), 0);
  CHECK(!weir__stream_silent(o.s));
  weir__stream_uv_tune(o.uv, &(weir__tcp_options){1, 1});
  RUN_UNTIL(&n, o.closes);
  close(theirs);
  net_end(&n);
}

static void a_stream_nobody_owns_can_be_closed(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  int theirs = open_tcp(&n, &o);
  weir__stream_own(o.s, NULL, NULL);
  weir__stream_close(o.s);
  close(theirs);
  net_end(&n);
}

/* ---- lent handles ---- */

typedef struct host {
  uv_tcp_t *tcp; /* on the heap, freed as soon as that is allowed */
  int theirs;
  int mark; /* what its data points to */
  char got[16];
  ssize_t got_len;
} host;

static void lend(net *n, owner *o, host *h) {
  int ours;
  weir__stream_uv *uv;
  net_tcp_pair(&ours, &h->theirs);
  net_nonblocking(h->theirs);
  h->tcp = malloc(sizeof *h->tcp);
  uv_tcp_init(&n->loop, h->tcp);
  CHECK_INT(uv_tcp_open(h->tcp, ours), 0);
  h->tcp->data = h;
  CHECK_INT(weir__stream_uv_borrow(&uv, &n->io, (uv_stream_t *)h->tcp), 0);
  own(o, uv);
}

static void host_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf) {
  (void)size;
  host *h = handle->data;
  *buf = uv_buf_init(h->got, sizeof h->got);
}

static void host_read(uv_stream_t *handle, ssize_t nread, const uv_buf_t *buf) {
  (void)buf;
  host *h = handle->data;
  h->got_len = nread;
}

static void host_closed(uv_handle_t *handle) { free(handle); }

static void a_lent_handle_comes_back_open_and_as_it_was(void) {
  net n;
  owner o = {.in_data = give_it_back};
  host h = {0};
  net_begin(&n, NULL);
  lend(&n, &o, &h);
  weir__stream_read_start(o.s);
  CHECK(write(h.theirs, "request", 7) == 7);
  RUN_UNTIL(&n, o.given_back);
  CHECK_MEM(o.got, o.got_len, "request", 7);
  CHECK(o.given_back == (uv_stream_t *)h.tcp);
  CHECK(h.tcp->data == &h);
  CHECK_INT(n.alloc.live_blocks, 0);
  CHECK_INT(n.io.live, 0);
  CHECK(!uv_is_active((uv_handle_t *)h.tcp)); /* not reading */
  CHECK(write(h.theirs, "next", 4) == 4);
  CHECK_INT(uv_read_start((uv_stream_t *)h.tcp, host_alloc, host_read), 0);
  RUN_UNTIL(&n, h.got_len == 4);
  CHECK_INT(o.closes + o.ends, 0);
  uv_close((uv_handle_t *)h.tcp, host_closed);
  close(h.theirs);
  net_end(&n);
}

static void free_the_handle(owner *o) {
  host *h = weir__container_of(o->flag, host, mark);
  CHECK(h->tcp->data == h);
  free(h->tcp);
}

static void when_a_lent_handle_was_closed_its_host_may_free_it(void) {
  for (int reset = 0; reset < 2; reset++) {
    net n;
    host h = {0};
    owner o = {.in_closed = free_the_handle, .flag = (bool *)(void *)&h.mark};
    net_begin(&n, NULL);
    lend(&n, &o, &h);
    if (reset)
      weir__stream_reset(o.s);
    else
      weir__stream_close(o.s);
    RUN_UNTIL(&n, o.closes);
    close(h.theirs);
    net_end(&n);
  }
}

static void a_handle_may_come_back_before_libuv_has_reported_the_last_write(void) {
  net n;
  owner o = {0};
  host h = {0};
  char buf[8];
  net_begin(&n, NULL);
  lend(&n, &o, &h);
  write_and_leave_the_callback_due(&o);
  CHECK_MEM(buf, read(h.theirs, buf, sizeof buf), "one", 3);
  give_it_back(&o);
  CHECK_INT(n.alloc.live_blocks, 1); /* the request */
  CHECK_INT(n.io.live, 1);
  net_settle(&n);
  CHECK_INT(n.alloc.live_blocks, 0);
  CHECK_INT(n.io.live, 0);
  CHECK_INT(o.drains + o.errors + o.closes, 0);
  uv_close((uv_handle_t *)h.tcp, host_closed);
  close(h.theirs);
  net_end(&n);
}

static void a_lent_stream_costs_no_handle_of_its_own(void) {
  net n;
  owner o = {0};
  host h = {0};
  net_begin(&n, NULL);
  lend(&n, &o, &h);
  CHECK(n.alloc.live_bytes + sizeof(uv_tcp_t) <= weir__stream_uv_size());
  give_it_back(&o);
  uv_close((uv_handle_t *)h.tcp, host_closed);
  close(h.theirs);
  net_end(&n);
}

static void what_cannot_be_a_stream_is_not_borrowed(void) {
  net n;
  weir__stream_uv *uv;
  uv_timer_t timer;
  uv_tcp_t closing, unconnected;
  net_begin(&n, NULL);
  uv_timer_init(&n.loop, &timer);
  uv_tcp_init_ex(&n.loop, &closing, AF_INET);
  uv_tcp_init(&n.loop, &unconnected);
  uv_close((uv_handle_t *)&closing, NULL);
  CHECK_INT(weir__stream_uv_borrow(&uv, &n.io, (uv_stream_t *)(void *)&timer), WEIR_EINVAL);
  CHECK_INT(weir__stream_uv_borrow(&uv, &n.io, (uv_stream_t *)&closing), WEIR_EINVAL);
  CHECK_INT(weir__stream_uv_borrow(&uv, &n.io, (uv_stream_t *)&unconnected), WEIR_EINVAL);
  CHECK_INT(n.alloc.calls, 0);
  uv_close((uv_handle_t *)&timer, NULL);
  uv_close((uv_handle_t *)&unconnected, NULL);
  net_end(&n);
}

static void a_handle_is_the_hosts_as_before_when_memory_is_out(void) {
  net n;
  weir__stream_uv *uv;
  int mark;
  uv_tcp_t tcp;
  net_begin(&n, NULL);
  uv_tcp_init_ex(&n.loop, &tcp, AF_INET);
  tcp.data = &mark;
  n.alloc.fail_at = 1;
  CHECK_INT(weir__stream_uv_borrow(&uv, &n.io, (uv_stream_t *)&tcp), WEIR_ENOMEM);
  CHECK(tcp.data == &mark);
  CHECK_INT(n.io.live, 0);
  uv_close((uv_handle_t *)&tcp, NULL);
  net_end(&n);
}

/* ---- what the socket knows ---- */

static void a_peer_is_silent_until_a_byte_a_fin_or_a_reset_waits(void) {
  net n;
  owner byte = {0}, fin = {0}, rst = {0};
  net_begin(&n, NULL);
  int a = open_tcp(&n, &byte), b = open_tcp(&n, &fin), c = open_tcp(&n, &rst);
  CHECK(weir__stream_silent(byte.s) && weir__stream_silent(fin.s) && weir__stream_silent(rst.s));
  CHECK(write(a, "x", 1) == 1);
  shutdown(b, SHUT_WR);
  net_reset(c);
  CHECK(!weir__stream_silent(byte.s) && !weir__stream_silent(fin.s) && !weir__stream_silent(rst.s));
  weir__stream_read_start(byte.s);
  RUN_UNTIL(&n, byte.got_len == 1); /* to look at it has not taken it */
  CHECK(weir__stream_silent(byte.s));
  weir__stream_close(byte.s), weir__stream_close(fin.s), weir__stream_close(rst.s);
  close(a), close(b);
  net_end(&n);
}

static void a_peer_has_left_when_it_sent_fin_or_rst_even_behind_bytes_not_read(void) {
  net n;
  owner byte = {0}, fin = {0}, rst = {0};
  net_begin(&n, NULL);
  int a = open_tcp(&n, &byte), b = open_tcp(&n, &fin), c = open_tcp(&n, &rst);
  CHECK(write(a, "x", 1) == 1 && write(b, "x", 1) == 1 && write(c, "x", 1) == 1);
  CHECK(!weir__stream_left(byte.s, true) && !weir__stream_left(fin.s, true) &&
        !weir__stream_left(rst.s, true));
  shutdown(b, SHUT_WR);
  net_reset(c);
  CHECK(!weir__stream_left(byte.s, true));
  CHECK(weir__stream_left(fin.s, true) && weir__stream_left(rst.s, true));
  CHECK(!weir__stream_left(fin.s, false) && weir__stream_left(rst.s, false));
  weir__stream_close(byte.s), weir__stream_close(fin.s), weir__stream_close(rst.s);
  CHECK(!weir__stream_left(rst.s, true));
  close(a), close(b);
  net_end(&n);
}

static void unacked_counts_what_the_peer_has_not_taken(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  int theirs = open_tcp(&n, &o);
  char *bytes = pattern(BIG);
  size_t total, seen = 0;
  CHECK_INT(weir__stream_unacked(o.s), 0);
  stall(&o, bytes, &total);
#ifdef __linux__
  CHECK(weir__stream_unacked(o.s) > 0);
#endif
  PUMP_UNTIL(&n, seen = drain(theirs, seen), seen >= total);
  RUN_UNTIL(&n, weir__stream_unacked(o.s) == 0);
  free(bytes);
  finish(&n, &o, theirs);
}

static int tcp_option(weir__stream_uv *uv, int level, int option) {
  int value = -1;
  socklen_t len = sizeof value;
  uv_os_fd_t fd;
  CHECK_INT(uv_fileno((uv_handle_t *)weir__stream_uv_handle(uv), &fd), 0);
  getsockopt(fd, level, option, &value, &len);
  return value;
}

static void tune_sets_what_was_asked_for(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  int theirs = open_tcp(&n, &o);
  weir__stream_uv_tune(o.uv, &(weir__tcp_options){0});
  CHECK(tcp_option(o.uv, IPPROTO_TCP, TCP_NODELAY));
  CHECK(tcp_option(o.uv, SOL_SOCKET, SO_KEEPALIVE));
#ifdef TCP_KEEPCNT
  CHECK_INT(tcp_option(o.uv, IPPROTO_TCP, TCP_KEEPCNT), 6);
  CHECK_INT(tcp_option(o.uv, IPPROTO_TCP, TCP_KEEPINTVL), 10);
#endif
#ifdef TCP_USER_TIMEOUT
  CHECK_INT(tcp_option(o.uv, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
#endif
  weir__stream_uv_tune(o.uv, &(weir__tcp_options){131072, 30000});
#ifdef TCP_NOTSENT_LOWAT
  CHECK_INT(tcp_option(o.uv, IPPROTO_TCP, TCP_NOTSENT_LOWAT), 131072);
#endif
#ifdef TCP_USER_TIMEOUT
  CHECK_INT(tcp_option(o.uv, IPPROTO_TCP, TCP_USER_TIMEOUT), 30000);
#endif
  finish(&n, &o, theirs);
}

static void tune_leaves_pipes_alone(void) {
  net n;
  owner o = {0};
  net_begin(&n, NULL);
  int theirs = open_pipe(&n, &o, SOCK_STREAM);
  weir__stream_uv_tune(o.uv, &(weir__tcp_options){1000, 1000});
  CHECK_INT(write_str(&o, "x"), 0);
  CHECK_INT(weir__stream_unacked(o.s), 0);
  finish(&n, &o, theirs);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(what_the_socket_takes_leaves_before_writev_returns_and_is_not_copied);
  TEST(all_slices_leave_in_one_system_call);
  TEST(more_slices_than_one_system_call_takes_leave_in_order);
  TEST(empty_slices_write_nothing);
  TEST(what_the_socket_does_not_take_waits_and_arrives_in_order);
  TEST(what_waits_is_not_overtaken);
  TEST(the_callers_bytes_may_change_when_writev_has_returned);
  TEST(pending_falls_as_the_socket_takes_bytes_of_one_flight);
  TEST(an_idle_stream_keeps_no_buffer_and_no_request);
  TEST(a_drained_stream_writes_at_once_again);
  TEST(drained_comes_only_at_empty_when_writev_never_said_full);
  TEST(full_is_followed_by_one_drained_at_low_water);
  TEST(no_drained_comes_while_more_than_low_water_waits);
  TEST(data_and_then_fin_are_reported);
  TEST(a_reset_is_an_end_with_its_error);
  TEST(nothing_is_read_while_reading_is_stopped);
  TEST(reading_may_be_stopped_inside_on_data);
  TEST(close_is_allowed_in_every_event);
  TEST(a_write_that_fails_later_is_reported_once);
  TEST(after_a_failed_write_writev_says_so);
  TEST(an_error_that_is_known_at_once_is_what_writev_returns);
  TEST(a_close_of_ours_reports_no_write_error);
  TEST(any_allocation_may_fail);
  TEST(shutdown_sends_fin_at_once_when_nothing_waits);
  TEST(shutdown_sends_fin_behind_what_waits);
  TEST(shutdown_of_a_connection_that_is_gone_is_no_error);
  TEST(close_sends_fin_and_reset_sends_rst);
  TEST(a_pipe_can_be_reset_too);
  TEST(a_stream_that_was_never_connected_can_be_closed);
  TEST(after_close_every_verb_is_harmless);
  TEST(a_stream_nobody_owns_can_be_closed);
  TEST(a_lent_handle_comes_back_open_and_as_it_was);
  TEST(when_a_lent_handle_was_closed_its_host_may_free_it);
  TEST(a_handle_may_come_back_before_libuv_has_reported_the_last_write);
  TEST(a_lent_stream_costs_no_handle_of_its_own);
  TEST(what_cannot_be_a_stream_is_not_borrowed);
  TEST(a_handle_is_the_hosts_as_before_when_memory_is_out);
  TEST(a_peer_is_silent_until_a_byte_a_fin_or_a_reset_waits);
  TEST(a_peer_has_left_when_it_sent_fin_or_rst_even_behind_bytes_not_read);
  TEST(unacked_counts_what_the_peer_has_not_taken);
  TEST(tune_sets_what_was_asked_for);
  TEST(tune_leaves_pipes_alone);
  return check_end();
}
