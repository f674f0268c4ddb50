/* What every fuzz target stands on: checks that end the process, settings out of the first bytes of
 * the input, and a log to compare two runs by. It knows no protocol. A record keeps its memory from
 * one input to the next. */
#ifndef WEIR_FUZZ_H
#define WEIR_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* The one function of a target; libFuzzer calls it, or replay.c does. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for every input; never compiled out. Says the line and aborts. */
#define REQUIRE(cond) \
  do { \
    if (!(cond)) fuzz_fail(__FILE__, __LINE__, #cond); \
  } while (0)
_Noreturn void fuzz_fail(const char *file, int line, const char *text);

/* ---- the input ---- */

/* Settings come first, one a byte; what follows is the message. */
typedef struct fuzz_input {
  const char *ptr;
  size_t len;
} fuzz_input;

static inline fuzz_input fuzz_input_of(const uint8_t *data, size_t size) {
  return (fuzz_input){(const char *)data, size};
}
/* 0 when there is none left. */
uint8_t fuzz_byte(fuzz_input *in);
static inline weir__slice fuzz_rest(const fuzz_input *in) {
  return weir__slice_of(in->ptr, in->len);
}

/* ---- cuts ---- */

/* How the same bytes are handed over in pieces. */
typedef struct fuzz_cuts {
  uint32_t state;
  size_t longest;
} fuzz_cuts;

/* `how` 0: byte by byte; else pieces of every length up to about `how`, the same for the same
 * `how`. */
fuzz_cuts fuzz_cuts_of(uint8_t how);
/* The length of the next piece, 1 to `left`. */
size_t fuzz_next_cut(fuzz_cuts *cuts, size_t left);

/* ---- a log ---- */

typedef struct fuzz_record {
  char *ptr;
  size_t len, cap;
  size_t open; /* index + 1 of the entry that spans join; 0: none */
} fuzz_record;

void fuzz_clear(fuzz_record *r);
/* An entry: a letter, then what belongs to it. */
void fuzz_entry(fuzz_record *r, char kind);
void fuzz_put_int(fuzz_record *r, uint64_t n);
void fuzz_put(fuzz_record *r, weir__slice s);
/* Only the bytes: for records that are no log. */
void fuzz_put_raw(fuzz_record *r, weir__slice s);
/* Adds to the entry of that kind if it is the last one, else begins it. */
void fuzz_join(fuzz_record *r, char kind, weir__slice s);

bool fuzz_same(const fuzz_record *a, const fuzz_record *b);
/* Prints both and aborts unless they are the same. */
void fuzz_require_same(const char *what, const fuzz_record *a, const fuzz_record *b);
/* Prints both and aborts unless `a` is what `b` begins with. */
void fuzz_require_prefix(const char *what, const fuzz_record *a, const fuzz_record *b);

#endif
