#include "fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void fuzz_fail(const char *file, int line, const char *text) {
  fprintf(stderr, "%s:%d: %s does not hold\n", file, line, text);
  abort();
}

/* ---- the input ---- */

uint8_t fuzz_byte(fuzz_input *in) {
  if (!in->len) return 0;
  in->len--;
  return (uint8_t)*in->ptr++;
}

/* ---- cuts ---- */

fuzz_cuts fuzz_cuts_of(uint8_t how) {
  return (fuzz_cuts){.state = how * 2654435761u + 1, .longest = how ? how : 1};
}

size_t fuzz_next_cut(fuzz_cuts *cuts, size_t left) {
  cuts->state = cuts->state * 1664525u + 1013904223u;
  size_t n = 1 + (cuts->state >> 8) % cuts->longest;
  return n < left ? n : left;
}

/* ---- a log ---- */

void fuzz_clear(fuzz_record *r) { r->len = r->open = 0; }

static void put_bytes(fuzz_record *r, const void *bytes, size_t len) {
  if (r->cap - r->len < len) {
    r->cap = (r->len + len) * 2 + 4096;
    r->ptr = realloc(r->ptr, r->cap);
    if (!r->ptr) abort();
  }
  if (len) memcpy(r->ptr + r->len, bytes, len);
  r->len += len;
}

void fuzz_entry(fuzz_record *r, char kind) {
  put_bytes(r, "\n", 1);
  put_bytes(r, &kind, 1);
  r->open = 0;
}

void fuzz_put_int(fuzz_record *r, uint64_t n) { put_bytes(r, &n, sizeof n); }

/* The length in front, so that what is put in two pieces differs from what is put in one. */
void fuzz_put(fuzz_record *r, weir__slice s) {
  fuzz_put_int(r, s.len);
  put_bytes(r, s.ptr, s.len);
}

void fuzz_put_raw(fuzz_record *r, weir__slice s) { put_bytes(r, s.ptr, s.len); }

void fuzz_join(fuzz_record *r, char kind, weir__slice s) {
  uint64_t len = 0;
  bool joins = r->open && r->ptr[r->open - 1] == kind;
  if (!joins) {
    fuzz_entry(r, kind);
    r->open = r->len;
    fuzz_put_int(r, 0);
  }
  put_bytes(r, s.ptr, s.len);
  len = r->len - r->open - sizeof len;
  memcpy(r->ptr + r->open, &len, sizeof len);
}

bool fuzz_same(const fuzz_record *a, const fuzz_record *b) {
  return a->len == b->len && (!a->len || memcmp(a->ptr, b->ptr, a->len) == 0);
}

static void print_byte(unsigned char c) {
  if (c == '\n' || (c >= 0x20 && c < 0x7f))
    fputc(c, stderr);
  else
    fprintf(stderr, "\\x%02x", c);
}

static void print(const char *name, const fuzz_record *r) {
  fprintf(stderr, "---- %s (%zu bytes):", name, r->len);
  for (size_t i = 0; i < r->len; i++) print_byte((unsigned char)r->ptr[i]);
  fputc('\n', stderr);
}

static _Noreturn void fail_both(const char *what, const fuzz_record *a, const fuzz_record *b) {
  fprintf(stderr, "%s\n", what);
  print("one", a);
  print("other", b);
  abort();
}

void fuzz_require_same(const char *what, const fuzz_record *a, const fuzz_record *b) {
  if (!fuzz_same(a, b)) fail_both(what, a, b);
}

static bool same_bytes(const char *a, const char *b, size_t len) {
  return len == 0 || memcmp(a, b, len) == 0;
}

/* The length of an open entry differs when its last span did not come, so what stands in front of
 * that entry is compared, then its bytes. */
void fuzz_require_prefix(const char *what, const fuzz_record *a, const fuzz_record *b) {
  size_t before = a->open ? a->open : a->len, skip = a->open ? before + sizeof(uint64_t) : before;
  if (a->len > b->len || !same_bytes(a->ptr, b->ptr, before) ||
      (a->len > skip && !same_bytes(a->ptr + skip, b->ptr + skip, a->len - skip)))
    fail_both(what, a, b);
}
