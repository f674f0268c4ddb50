/* What both halves of the harness use: bytes and how they are cut, a loop that is still, outcomes
 * as texts. */
#ifndef WEIR_TEST_HOSTILE_RUN_H
#define WEIR_TEST_HOSTILE_RUN_H

#include "hostile/hostile.h"
#include "hostile/strict.h"

/* ---- bytes ---- */

/* The caller frees it with free(). */
char *hostile_expand(const hostile_input *input, size_t *len);

/* How a message is sent: whole, cut in two, or in steps. */
typedef struct hostile_way {
  char name[40];
  size_t cut;        /* 0: nowhere */
  size_t step;       /* 0: none */
  uint64_t pause_ms; /* passes between the pieces */
} hostile_way;

/* Where the piece ends that begins at `at`. */
size_t hostile_piece_end(const hostile_way *way, size_t at, size_t len);

/* Both call `act` until it returns false, and say whether it never did: in one piece, with a pause
 * behind the head, byte by byte; cut in two at each place, or some if `sparse`, from `from` up to
 * but not at `to`. */
typedef bool (*hostile_act)(void *arg, const hostile_way *way);
bool hostile_each_way(const char *bytes, size_t len, bool sparse, hostile_act act, void *arg);
/* For tools that make all slow: tries only each n-th place. */
void hostile_cut_less(size_t each);
bool hostile_each_cut(size_t from, size_t to, bool sparse, hostile_act act, void *arg);

/* ---- the loop ---- */

/* Turns it until nothing is left that could happen by itself. Between the turns `step` may act; it
 * returns whether it did. */
typedef bool (*hostile_step)(void *arg);
void hostile_still(fixture *f, hostile_step step, void *arg);
/* The same, for a while, because something is missing that a busy machine may still bring. */
void hostile_wait(fixture *f, hostile_step step, void *arg);

/* ---- outcomes ---- */

typedef struct words {
  char *str; /* never NULL once something was said */
  size_t len, cap;
} words;

void words_add(words *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A piece of an outcome: behind a blank or what else stands between. */
void words_next(words *w, const char *separator);
/* Printable bytes as they are, others as \xNN; of many only how many. */
void words_bytes(words *w, const char *bytes, size_t len);
const char *words_str(const words *w);
void words_clear(words *w);

/* A request as the outcome of an origin; only what its strict form holds. */
void words_request(words *w, const strict_message *m);
/* {A: b, C: d} */
void words_trailers(words *w, const strict_message *m);
/* How a client's connection stands; `unfinished`: in the middle of a response. */
void words_ending(words *w, const peer *p, bool unfinished);

/* Lines in `has` (separated by \n) stand in the message, names in `lacks` (by blanks) do not. */
bool hostile_check_fields(const strict_message *m, const char *has, const char *lacks);

/* The judge is judged. */
void run_strict_rules(void);

#endif
