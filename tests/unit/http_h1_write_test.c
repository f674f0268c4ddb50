/* Over src/http/h1_write.c. */
#include "http/h1_write.h"

#include <string.h>

#include "support/alloc.h"
#include "support/check.h"
#include "support/heads.h"
#include "weir/err.h"

/* Checks what is appended to a buffer that holds something already. */
static void check_written(const char *start, const char *fields, const weir__h1_extra *extra,
                          const char *want) {
  counting_alloc a;
  weir__mem mem;
  alloc_init(&a);
  weir__mem_init(&mem, &a.hooks);
  weir__buf out = {.mem = &mem};
  weir_head *head = head_of(&mem, start, fields);
  CHECK_INT(weir__buf_append(&out, weir__slice_str("before|")), 0);
  CHECK_INT(weir__h1_write_head(&out, head, extra), 0);
  CHECK_MEM(out.ptr + 7, out.len - 7, want, strlen(want));
  CHECK_MEM(out.ptr, 7, "before|", 7);
  weir__buf_free(&out);
  weir__head_free(head);
  CHECK_NO_LEAK(&a);
}

static const weir__h1_extra nothing;

static void a_request_head_has_the_strict_form(void) {
  check_written("POST /a?b HTTP/1.1", "Host: a\nX-Empty:\nx: y  z\n", &nothing,
                "POST /a?b HTTP/1.1\r\nHost: a\r\nX-Empty: \r\nx: y  z\r\n\r\n");
}

static void a_response_head_has_the_strict_form(void) {
  check_written("HTTP/1.1 404 Not Found", "A: 1\na: 2\n", &nothing,
                "HTTP/1.1 404 Not Found\r\nA: 1\r\na: 2\r\n\r\n");
}

static void without_a_reason_the_space_stays(void) {
  check_written("HTTP/1.1 200 ", "", &nothing, "HTTP/1.1 200 \r\n\r\n");
}

static void the_version_is_ours_not_the_peers(void) {
  check_written("GET / HTTP/1.0", "", &nothing, "GET / HTTP/1.1\r\n\r\n");
  check_written("HTTP/1.0 200 OK", "", &nothing, "HTTP/1.1 200 OK\r\n\r\n");
}

static void the_extra_fields_stand_behind_the_others(void) {
  check_written("GET / HTTP/1.1", "Host: a\n",
                &(weir__h1_extra){.connection = "upgrade", .upgrade = "websocket"},
                "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
  check_written(
      "HTTP/1.1 200 OK", "A: b\n", &(weir__h1_extra){.connection = "close", .chunked = true},
      "HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
}

static void a_trailer_section_ends_in_an_empty_line(void) {
  weir__mem mem;
  weir__mem_init(&mem, NULL);
  weir__buf out = {.mem = &mem};
  weir_head *trailers = head_of(&mem, "HTTP/1.1 200 OK", "A: 1\nB: 2\n");
  CHECK_INT(weir__h1_write_trailers(&out, trailers), 0);
  CHECK_MEM(out.ptr, out.len, "A: 1\r\nB: 2\r\n\r\n", 14);
  CHECK_INT(weir__h1_write_trailers(&out, NULL), 0);
  CHECK_MEM(out.ptr, out.len, "A: 1\r\nB: 2\r\n\r\n\r\n", 16);
  weir__buf_free(&out);
  weir__head_free(trailers);
}

/* Fields long enough that the buffer grows several times. */
static int write_both(weir__mem *mem, void *arg) {
  char *fields = arg;
  weir__buf out = {.mem = mem};
  weir_head *head = head_of(mem, "GET / HTTP/1.1", fields);
  int rc = head ? weir__buf_append(&out, weir__slice_str("before")) : WEIR_ENOMEM;
  if (!rc) {
    rc = weir__h1_write_head(&out, head, &nothing);
    if (rc) CHECK_MEM(out.ptr, out.len, "before", 6);
  }
  if (!rc) {
    size_t len = out.len;
    rc = weir__h1_write_trailers(&out, head);
    if (rc) CHECK_INT(out.len, len);
  }
  weir__buf_free(&out);
  weir__head_free(head);
  return rc;
}

static void every_failed_allocation_leaves_the_buffer_as_it_was(void) {
  char fields[1501];
  memset(fields, 'a', sizeof fields);
  memcpy(fields, "A:", 2);
  memcpy(fields + 700, "\nB:", 3);
  fields[1499] = '\n';
  fields[1500] = '\0';
  check_each_failure(write_both, fields);
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_request_head_has_the_strict_form);
  TEST(a_response_head_has_the_strict_form);
  TEST(without_a_reason_the_space_stays);
  TEST(the_version_is_ours_not_the_peers);
  TEST(the_extra_fields_stand_behind_the_others);
  TEST(a_trailer_section_ends_in_an_empty_line);
  TEST(every_failed_allocation_leaves_the_buffer_as_it_was);
  return check_end();
}
