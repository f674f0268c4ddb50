/* support/mem_stream: the stream in memory behaves as net/stream.h says of every stream. */
#include "support/mem_stream.h"

#include <string.h>
#include <uv.h>

#include "support/check.h"
#include "weir/err.h"

typedef struct owner {
  mem_stream m;
  char got[64];
  size_t got_len;
  unsigned ends, drains, errors, closes;
  int status;
} owner;

static void on_data(void *user, weir__slice data) {
  owner *o = user;
  memcpy(o->got + o->got_len, data.ptr, data.len);
  o->got_len += data.len;
}

static void on_end(void *user, int status) {
  owner *o = user;
  o->ends++;
  o->status = status;
}

static void on_drained(void *user) { ((owner *)user)->drains++; }

static void on_write_error(void *user, int status) {
  owner *o = user;
  o->errors++;
  o->status = status;
}

static void on_closed(void *user) { ((owner *)user)->closes++; }

static const weir__stream_events events = {on_data, on_end, on_drained, on_write_error, on_closed};

static void begin(owner *o) {
  memset(o, 0, sizeof *o);
  mem_stream_init(&o->m);
  weir__stream_own(&o->m.base, &events, o);
}

static int write_str(owner *o, const char *str) {
  const weir__slice slices[] = {weir__slice_of(str, 1), weir__slice_str(str + 1)};
  return weir__stream_writev(&o->m.base, slices, 2);
}

static void what_is_fed_reaches_only_a_stream_that_reads(void) {
  owner o;
  begin(&o);
  CHECK(!mem_stream_feed_str(&o.m, "early"));
  CHECK_INT(weir__stream_read_start(&o.m.base), 0);
  CHECK(mem_stream_feed_str(&o.m, "data"));
  weir__stream_read_stop(&o.m.base);
  CHECK(!mem_stream_feed_end(&o.m, 0));
  CHECK_INT(weir__stream_read_start(&o.m.base), 0);
  CHECK(mem_stream_feed_end(&o.m, UV_ECONNRESET));
  CHECK_INT(weir__stream_read_start(&o.m.base), 0);
  CHECK(!mem_stream_feed_str(&o.m, "late"));
  CHECK_MEM(o.got, o.got_len, "data", 4);
  CHECK_INT(o.ends, 1);
  CHECK_INT(o.status, UV_ECONNRESET);
  mem_stream_free(&o.m);
}

static void every_writev_is_recorded_and_joined(void) {
  owner o;
  begin(&o);
  CHECK_INT(write_str(&o, "one"), 0);
  CHECK_INT(write_str(&o, "two"), 0);
  CHECK_INT(o.m.write_count, 2);
  CHECK_STR(o.m.writes[1].ptr, "two");
  CHECK_INT(o.m.writes[1].slices, 2);
  CHECK_STR(o.m.written, "onetwo");
  CHECK_INT(o.m.accepted, 6);
  mem_stream_clear(&o.m);
  CHECK_STR(o.m.written, "");
  CHECK_INT(o.m.write_count, 0);
  mem_stream_free(&o.m);
}

static void the_window_holds_bytes_back_and_drained_comes_at_low_and_at_empty(void) {
  owner o;
  begin(&o);
  o.m.window = 2;
  o.m.high = 6;
  o.m.low = 3;
  CHECK_INT(write_str(&o, "12345678"), 0);
  CHECK_INT(weir__stream_pending(&o.m.base), 6);
  CHECK_INT(write_str(&o, "9"), WEIR__FULL);
  mem_stream_accept(&o.m, 3);
  CHECK_INT(o.drains, 0);
  mem_stream_accept(&o.m, 1);
  CHECK_INT(o.drains, 1);
  mem_stream_accept(&o.m, 1);
  CHECK_INT(o.drains, 1);
  mem_stream_accept_all(&o.m);
  CHECK_INT(o.drains, 2);
  CHECK_INT(write_str(&o, "x"), 0);
  CHECK_INT(weir__stream_pending(&o.m.base), 0);
  CHECK_STR(o.m.written, "123456789x");
  mem_stream_free(&o.m);
}

static void fin_goes_out_behind_what_waits(void) {
  owner o;
  begin(&o);
  o.m.window = 0;
  write_str(&o, "abc");
  CHECK_INT(weir__stream_shutdown(&o.m.base), 0);
  CHECK(o.m.shut && !o.m.fin_sent);
  mem_stream_accept_all(&o.m);
  CHECK(o.m.fin_sent);
  CHECK_INT(write_str(&o, "more"), UV_EPIPE);
  mem_stream_free(&o.m);
}

static void errors_can_be_injected_and_a_failed_writev_is_final(void) {
  owner o;
  begin(&o);
  o.m.fail_read_start = UV_EBADF;
  CHECK_INT(weir__stream_read_start(&o.m.base), UV_EBADF);
  o.m.fail_writev = WEIR_ENOMEM;
  CHECK_INT(write_str(&o, "lost"), WEIR_ENOMEM);
  o.m.fail_writev = 0;
  CHECK_INT(write_str(&o, "too"), UV_EPIPE);
  mem_stream_fail_write(&o.m, UV_EPIPE);
  CHECK_INT(o.errors, 0); /* it was returned */
  CHECK_STR(o.m.written, "");
  mem_stream_free(&o.m);
}

static void a_late_write_error_comes_once(void) {
  owner o;
  begin(&o);
  mem_stream_fail_write(&o.m, UV_ECONNRESET);
  mem_stream_fail_write(&o.m, UV_ECONNRESET);
  CHECK_INT(o.errors, 1);
  CHECK_INT(o.status, UV_ECONNRESET);
  mem_stream_free(&o.m);
}

static void on_closed_comes_later_once_and_alone(void) {
  owner o;
  begin(&o);
  CHECK_INT(weir__stream_read_start(&o.m.base), 0);
  o.m.window = 0;
  write_str(&o, "abc");
  CHECK(!mem_stream_run(&o.m));
  weir__stream_reset(&o.m.base);
  weir__stream_close(&o.m.base);
  CHECK_INT(o.closes, 0);
  CHECK(o.m.was_reset);
  CHECK(!mem_stream_feed_str(&o.m, "x"));
  mem_stream_accept_all(&o.m);
  mem_stream_fail_write(&o.m, UV_EPIPE);
  CHECK(mem_stream_run(&o.m));
  CHECK(!mem_stream_run(&o.m));
  CHECK_INT(o.closes, 1);
  CHECK_INT(o.drains + o.errors + o.ends, 0);
  mem_stream_free(&o.m);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(what_is_fed_reaches_only_a_stream_that_reads);
  TEST(every_writev_is_recorded_and_joined);
  TEST(the_window_holds_bytes_back_and_drained_comes_at_low_and_at_empty);
  TEST(fin_goes_out_behind_what_waits);
  TEST(errors_can_be_injected_and_a_failed_writev_is_final);
  TEST(a_late_write_error_comes_once);
  TEST(on_closed_comes_later_once_and_alone);
  return check_end();
}
