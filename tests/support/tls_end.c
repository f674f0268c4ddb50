/* See tls_end.h. */
#include "support/tls_end.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "weir/err.h"

enum { ROOM = 128 * 1024 };

void bytes_add(bytes *b, const char *ptr, size_t len) {
  if (!len) return;
  b->ptr = realloc(b->ptr, b->len + len);
  if (!b->ptr) abort();
  memcpy(b->ptr + b->len, ptr, len);
  b->len += len;
}

void bytes_drop(bytes *b, size_t n) {
  b->len -= n;
  if (n) memmove(b->ptr, b->ptr + n, b->len);
}

void bytes_clear(bytes *b) {
  free(b->ptr);
  *b = (bytes){0};
}

/* ---- beginning and end ---- */

static weir_tls *made(int rc, weir_tls *tls, const weir_tls_why *why) {
  if (rc == 0) return tls;
  fprintf(stderr, "tls_end: %s\n", why->text);
  abort();
}

weir_tls *tls_server(const weir_tls_options *options) {
  weir_tls *tls = NULL;
  weir_tls_why why;
  int rc = weir_tls_server_new(&tls, options, &why);
  return made(rc, tls, &why);
}

weir_tls *tls_origin(const weir_tls_options *options) {
  weir_tls *tls = NULL;
  weir_tls_why why;
  int rc = weir_tls_origin_new(&tls, options, &why);
  return made(rc, tls, &why);
}

static void begin(tls_end *end, weir_tls *tls) {
  memset(end, 0, sizeof *end);
  alloc_init(&end->alloc);
  weir__mem_init(&end->mem, &end->alloc.hooks);
  end->tls = tls;
}

void tls_end_accept(tls_end *end, weir_tls *tls) {
  begin(end, tls);
  CHECK_INT(weir__tls_accept(&end->engine, &end->mem, tls), 0);
}

void tls_end_connect(tls_end *end, weir_tls *tls, const char *host, weir__slice session) {
  begin(end, tls);
  CHECK_INT(weir__tls_connect(&end->engine, &end->mem, tls, host, session), 0);
}

void tls_ends_open(tls_end *client, tls_end *server) {
  const weir_tls_pair good = CA_PAIR("good");
  tls_end_accept(server, tls_server(&(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .pairs = &good,
                                                        .pair_count = 1}));
  tls_end_connect(client,
                  tls_origin(&(weir_tls_options){WEIR_TLS_OPTIONS_INIT, .ca = CA("root.crt")}),
                  "good.test", (weir__slice){0});
}

void tls_end_close(tls_end *end) {
  weir__tls_free(end->engine);
  weir_tls_free(end->tls);
  bytes_clear(&end->in);
  bytes_clear(&end->out);
  bytes_clear(&end->plain);
  CHECK_NO_LEAK(&end->alloc);
}

/* ---- turns ---- */

/* One call, with memory of the exact sizes. */
static int call(tls_end *end, weir__slice *in) {
  size_t size = end->room ? end->room : ROOM;
  weir__room out = weir__room_of(malloc(size), size), plain = weir__room_of(malloc(size), size);
  if (!out.ptr || !plain.ptr) abort();
  end->rc = weir__tls_is_open(end->engine) ? weir__tls_read(end->engine, in, &plain, &out)
                                           : weir__tls_handshake(end->engine, in, &out);
  bytes_add(&end->out, out.ptr, out.len);
  bytes_add(&end->plain, plain.ptr, plain.len);
  free(out.ptr);
  free(plain.ptr);
  return end->rc;
}

static bool goes_on(const tls_end *end, bool was_open) {
  if (end->rc == WEIR__TLS_FULL) return true;
  if (end->rc < 0) return false;
  return end->in.len || (end->rc == WEIR__TLS_DONE && !was_open);
}

int tls_end_turn(tls_end *end) {
  bool was_open;
  do {
    was_open = weir__tls_is_open(end->engine);
    size_t len = end->bite && end->bite < end->in.len ? end->bite : end->in.len;
    char *copy = exact_copy(end->in.ptr, len);
    weir__slice in = weir__slice_of(copy, len);
    call(end, &in);
    bytes_drop(&end->in, len - in.len);
    free(copy);
  } while (goes_on(end, was_open));
  return end->rc;
}

int tls_end_write(tls_end *end, const char *ptr, size_t len) {
  size_t size = end->room ? end->room : ROOM;
  char *copy = exact_copy(ptr, len), *room = malloc(size);
  weir__slice slice = weir__slice_of(copy, len);
  weir__tls_flush flush = {&slice, 1, 0};
  do {
    weir__room out = weir__room_of(room, size);
    end->rc = weir__tls_write(end->engine, &flush, &out);
    bytes_add(&end->out, out.ptr, out.len);
  } while (end->rc == WEIR__TLS_FULL);
  free(copy);
  free(room);
  return end->rc;
}

void tls_carry(tls_end *from, tls_end *to) {
  bytes_add(&to->in, from->out.ptr, from->out.len);
  bytes_clear(&from->out);
}

bool tls_shake(tls_end *client, tls_end *server) {
  tls_end_turn(client);
  while (client->out.len || server->out.len) {
    tls_carry(client, server);
    tls_end_turn(server);
    tls_carry(server, client);
    tls_end_turn(client);
  }
  return weir__tls_is_open(client->engine) && weir__tls_is_open(server->engine);
}

/* ---- records ---- */

size_t record_size(weir__slice in) {
  const unsigned char *b = (const unsigned char *)in.ptr;
  if (in.len < 5) return 0;
  size_t size = 5 + ((size_t)b[3] << 8 | b[4]);
  return size <= in.len ? size : 0;
}

size_t count_records(const bytes *b) {
  size_t count = 0, size;
  for (weir__slice rest = weir__slice_of(b->ptr, b->len); (size = record_size(rest)) > 0; count++)
    rest = weir__slice_of(rest.ptr + size, rest.len - size);
  return count;
}
