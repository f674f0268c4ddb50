/* See tls_shake.h. */
#include "fuzz/tls_shake.h"

#include <stdlib.h>
#include <string.h>

#include "support/check.h"

enum { EDITS = 8, ROUNDS = 30, HEADER = 5, RECORD = 20000 };
enum { HANDSHAKE = 22, DATA = 23 };

static const char *const first = "the first that the peer says", *const second = "and the second",
                         *const answer = "what the target says";

tls_fuzz tls_shake_target;
fuzz_record tls_shake_wire;

typedef struct settings {
  uint8_t bits, cuts, rooms;
} settings;

static void open_target(bool server, const settings *set) {
  tls_fuzz_open(&tls_shake_target, MBED_TARGET, server, set->bits);
  tls_fuzz_rooms(&tls_shake_target, set->rooms);
}

static void fetch_session(tls_fuzz *e) {
  weir__slice session;
  mbed_turn(e->side);
  bool waits = weir__tls_has_session(e->engine);
  int rc = weir__tls_session(e->engine, &e->mem, &session);
  REQUIRE((rc == 0) == waits && !weir__tls_has_session(e->engine));
  if (rc == 0) weir__mem_free(&e->mem, (char *)(uintptr_t)session.ptr);
}

/* What an open engine may still be asked. */
static void finish_target(void) {
  tls_fuzz *e = &tls_shake_target;
  fetch_session(e);
  tls_fuzz_write(e, weir__slice_str(answer));
  tls_fuzz_end(e);
  tls_fuzz_check(e);
}

/* ---- raw ---- */

static void run_raw(bool server, const settings *set, weir__slice bytes, fuzz_cuts *cuts) {
  tls_fuzz *e = &tls_shake_target;
  open_target(server, set);
  mbed_restart();
  if (!server) tls_fuzz_feed(e, weir__slice_of("", 0), NULL);
  if (bytes.len) tls_fuzz_feed(e, bytes, cuts);
  finish_target();
  tls_fuzz_close(e);
}

static void copy(fuzz_record *to, const fuzz_record *from) {
  fuzz_clear(to);
  fuzz_put_raw(to, fuzz_bytes(from));
}

/* An alert that is cut short by its room is sent once more. */
static void raw(bool server, settings set, weir__slice bytes) {
  static fuzz_record out, plain;
  fuzz_cuts cuts = fuzz_cuts_of(set.cuts);
  const tls_fuzz *e = &tls_shake_target;
  const settings whole = {.bits = set.bits};
  REQUIRE(weir__tls_records(bytes) <= bytes.len);
  run_raw(server, &whole, bytes, NULL);
  if (!set.cuts && !set.rooms) return;
  int rc = e->rc;
  size_t taken = e->taken;
  copy(&out, &e->out), copy(&plain, &e->plain);
  run_raw(server, &set, bytes, set.cuts ? &cuts : NULL);
  REQUIRE(e->rc == rc && (rc < 0 || e->taken == taken));
  fuzz_require_same("cuts change what comes out", &e->plain, &plain);
  if (tls_fuzz_has_room(e) || rc >= 0) fuzz_require_same("cuts change what is sent", &e->out, &out);
}

/* ---- live: edits ---- */

typedef struct edit {
  uint8_t kind, record, value, more;
  size_t place;
} edit;

/* The way from the peer to the target. */
typedef struct way {
  edit edits[EDITS];
  size_t edit_count;
  unsigned records, sealed; /* so many went by */
  size_t at;                /* of what the peer said, this is on its way */
  char held[2 * RECORD];    /* behind the next */
  size_t held_len;
  fuzz_cuts *cuts;
  bool sealed_altered; /* of the handshake, before encryption */
} way;

static way the_way;
static tls_fuzz peer;

static void take_edits(way *w, weir__slice bytes) {
  const unsigned char *b = (const unsigned char *)bytes.ptr;
  for (; w->edit_count < EDITS && bytes.len >= TLS_EDIT_SIZE; b += TLS_EDIT_SIZE) {
    w->edits[w->edit_count++] = (edit){.kind = b[0] % EDIT_KINDS,
                                       .record = b[1],
                                       .place = (size_t)b[2] << 8 | b[3],
                                       .value = b[4],
                                       .more = b[5]};
    bytes = tls_behind(bytes, TLS_EDIT_SIZE);
  }
}

typedef struct record {
  char bytes[2 * RECORD];
  size_t len;
} record;

static void add_16(char *at, int n) {
  unsigned char *b = (unsigned char *)at;
  unsigned sum = ((unsigned)b[0] << 8 | b[1]) + (unsigned)n;
  b[0] = (unsigned char)(sum >> 8), b[1] = (unsigned char)sum;
}

/* Lengths follow: of the record, and of the message it begins with. */
static void fit(record *r, int n, bool message) {
  if (r->len < HEADER + 4) return;
  add_16(r->bytes + 3, n);
  if (message && r->bytes[0] == HANDSHAKE) add_16(r->bytes + HEADER + 2, n);
}

static void insert(record *r, const edit *e, size_t at, bool message) {
  if (r->len + e->more > sizeof r->bytes) return;
  memmove(r->bytes + at + e->more, r->bytes + at, r->len - at);
  memset(r->bytes + at, e->value, e->more);
  r->len += e->more;
  fit(r, e->more, message);
}

static void remove_some(record *r, const edit *e, size_t at, bool message) {
  size_t n = e->value < r->len - at ? e->value : r->len - at;
  memmove(r->bytes + at, r->bytes + at + n, r->len - at - n);
  r->len -= n;
  fit(r, -(int)n, message);
}

static void deliver(way *w, const char *bytes, size_t len) {
  if (!len) return;
  fuzz_put_raw(&tls_shake_wire, weir__slice_of(bytes, len));
  tls_fuzz_feed(&tls_shake_target, weir__slice_of(bytes, len), w->cuts);
}

static void split(way *w, record *r, size_t at) {
  record behind;
  if (at <= HEADER || at >= r->len) return;
  behind.len = r->len - at + HEADER;
  memcpy(behind.bytes, r->bytes, HEADER);
  memcpy(behind.bytes + HEADER, r->bytes + at, r->len - at);
  add_16(behind.bytes + 3, HEADER - (int)at);
  add_16(r->bytes + 3, (int)at - (int)r->len);
  deliver(w, r->bytes, at);
  *r = behind;
}

static void deliver_before(way *w, const edit *e) {
  char bytes[HEADER + UINT8_MAX] = {(char)e->value, 3, 3, 0, (char)e->more, (char)(e->place >> 8),
                                    (char)e->place};
  deliver(w, bytes, HEADER + (size_t)e->more);
}

static void apply(way *w, record *r, const edit *e) {
  size_t at = r->len ? e->place % r->len : 0;
  if (!r->len) return;
  switch ((enum tls_edit_kind)e->kind) {
  case EDIT_SET: r->bytes[at] = (char)e->value; return;
  case EDIT_XOR: r->bytes[at] ^= (char)e->value; return;
  case EDIT_ADD:
    if (at + 1 < r->len) add_16(r->bytes + at, (signed char)e->value);
    return;
  case EDIT_INSERT: insert(r, e, at, false); return;
  case EDIT_INSERT_FIT: insert(r, e, at, true); return;
  case EDIT_REMOVE: remove_some(r, e, at, false); return;
  case EDIT_REMOVE_FIT: remove_some(r, e, at, true); return;
  case EDIT_CUT: r->len = at; return;
  case EDIT_DROP: r->len = 0; return;
  case EDIT_AGAIN: deliver(w, r->bytes, r->len); return;
  case EDIT_SWAP:
    if (w->held_len) return;
    memcpy(w->held, r->bytes, r->len);
    w->held_len = r->len;
    r->len = 0;
    return;
  case EDIT_SPLIT: split(w, r, at); return;
  case EDIT_BEFORE: deliver_before(w, e); return;
  case EDIT_SEALED_SET:
  case EDIT_SEALED_ADD:
  case EDIT_SEALED_SHORT:
  case EDIT_SEALED_TYPE:
  case EDIT_KINDS: return;
  }
}

static void pass_record(way *w, weir__slice bytes) {
  static record r;
  size_t held = w->held_len;
  REQUIRE(bytes.len <= RECORD);
  memcpy(r.bytes, bytes.ptr, bytes.len);
  r.len = bytes.len;
  for (size_t i = 0; i < w->edit_count; i++)
    if (w->edits[i].record == w->records) apply(w, &r, &w->edits[i]);
  w->records++;
  deliver(w, r.bytes, r.len);
  if (!held) return;
  w->held_len = 0;
  deliver(w, w->held, held);
}

/* All that the peer said since. False if that is nothing. */
static bool pass(way *w) {
  size_t begin = w->at;
  while (w->at < peer.out.len) {
    weir__slice one = tls_record(tls_behind(fuzz_bytes(&peer.out), w->at));
    w->at += one.len;
    pass_record(w, one);
  }
  return w->at > begin;
}

/* ---- live: edits before encryption ---- */

/* The plain bytes, and where their type stands. */
typedef struct inner {
  unsigned char *bytes, *type;
  size_t len;
  bool tls13;
} inner;

static inner inner_of(unsigned char *plain, size_t len, unsigned char *head, size_t head_len) {
  if (head_len != HEADER) return (inner){plain, head + 8, len, false};
  while (len && !plain[len - 1]) len--;
  REQUIRE(len);
  return (inner){plain, plain + len - 1, len - 1, true};
}

static void shorten(inner *in, size_t len) {
  unsigned char type = *in->type;
  memset(in->bytes + len, 0, in->len + 1 - len);
  in->bytes[len] = type;
}

static void alter_sealed(inner *in, const edit *e) {
  size_t at = in->len ? e->place % in->len : 0;
  if (!in->len) return;
  if (e->kind == EDIT_SEALED_SET) in->bytes[at] = e->value;
  if (e->kind == EDIT_SEALED_ADD && at + 1 < in->len)
    add_16((char *)in->bytes + at, (signed char)e->value);
  if (e->kind == EDIT_SEALED_SHORT && in->tls13) shorten(in, at);
  if (e->kind == EDIT_SEALED_TYPE && in->tls13 && e->value && e->value != DATA)
    *in->type = e->value;
}

/* Data is left alone: it would come as other data, and rightly so. */
static void on_seal(void *user, unsigned char *plain, size_t len, unsigned char *head,
                    size_t head_len) {
  static unsigned char before[RECORD];
  way *w = user;
  inner in = inner_of(plain, len, head, head_len);
  unsigned char type = *in.type;
  REQUIRE(len <= sizeof before);
  memcpy(before, plain, len);
  for (size_t i = 0; i < w->edit_count && type != DATA; i++)
    if (w->edits[i].record == w->sealed) alter_sealed(&in, &w->edits[i]);
  w->sealed++;
  if (type == HANDSHAKE && !tls_shake_target.open && memcmp(before, plain, len) != 0)
    w->sealed_altered = true;
}

/* ---- live: the judge ---- */

/* What a handshake is made of, in records of whatever sizes: those of type handshake, and those that
 * are encrypted with TLS 1.3. */
static void collect(fuzz_record *to, weir__slice bytes) {
  fuzz_clear(to);
  while (bytes.len) {
    weir__slice one = tls_record(bytes);
    bool counts = one.len > HEADER && (one.ptr[0] == HANDSHAKE || one.ptr[0] == DATA);
    if (counts) fuzz_put_raw(to, tls_behind(one, HEADER));
    bytes = tls_behind(bytes, one.len);
  }
}

/* The target has taken `taken` bytes: are they what the peer said? */
static bool is_unedited(size_t taken) {
  static fuzz_record got, said;
  collect(&got, weir__slice_of(tls_shake_wire.ptr, taken));
  collect(&said, fuzz_bytes(&peer.out));
  return got.len <= said.len && (!got.len || memcmp(got.ptr, said.ptr, got.len) == 0);
}

static bool begins(const char *text, const fuzz_record *with) {
  return with->len <= strlen(text) && (!with->len || memcmp(text, with->ptr, with->len) == 0);
}

static void judge(bool peer_was_open, bool ended) {
  static char said[200];
  const tls_fuzz *target = &tls_shake_target;
  strcat(strcpy(said, first), second);
  if (target->open) REQUIRE(!the_way.sealed_altered && is_unedited(target->opened_at));
  if (peer.open && !peer_was_open) REQUIRE(is_unedited(target->spoke_at));
  REQUIRE(begins(said, &target->plain) && begins(answer, &peer.plain));
  REQUIRE(!target->closed || ended);
  REQUIRE(!peer.closed);
}

/* ---- live: turns ---- */

static bool answer_back(size_t *at) {
  const tls_fuzz *target = &tls_shake_target;
  size_t begin = *at;
  bool was_open = peer.open;
  *at = target->out.len;
  if (*at > begin) tls_fuzz_feed(&peer, tls_behind(fuzz_bytes(&target->out), begin), NULL);
  judge(was_open, false);
  return *at > begin;
}

static void talk(void) {
  size_t back = 0;
  mbed_on_seal(on_seal, &the_way);
  for (int i = 0; i < ROUNDS; i++) {
    bool passed = pass(&the_way);
    if (!answer_back(&back) && !passed) break;
  }
  tls_fuzz_write(&peer, weir__slice_str(first));
  pass(&the_way);
  tls_fuzz_write(&tls_shake_target, weir__slice_str(answer));
  answer_back(&back);
  tls_fuzz_write(&peer, weir__slice_str(second));
  pass(&the_way);
  bool ended = tls_fuzz_end(&peer);
  pass(&the_way);
  judge(true, ended);
  mbed_on_seal(NULL, NULL);
}

/* Without edits all goes well, or the two do not fit. */
static void check_untouched(void) {
  const tls_fuzz *target = &tls_shake_target;
  if (target->rc < 0 || peer.rc < 0) return;
  REQUIRE(target->open && peer.open && target->closed);
  REQUIRE(target->plain.len == strlen(first) + strlen(second));
  REQUIRE(peer.plain.len == strlen(answer));
}

static void live(bool server, settings set, weir__slice bytes) {
  tls_fuzz *target = &tls_shake_target;
  fuzz_cuts cuts = fuzz_cuts_of(set.cuts);
  memset(&the_way, 0, offsetof(way, held));
  the_way.held_len = 0, the_way.sealed_altered = false;
  the_way.cuts = set.cuts ? &cuts : NULL;
  take_edits(&the_way, bytes);
  tls_fuzz_open(&peer, MBED_PEER, !server, set.bits);
  open_target(server, &set);
  mbed_restart();
  tls_fuzz *client = server ? &peer : target;
  tls_fuzz_feed(client, weir__slice_of("", 0), NULL);
  talk();
  if (!the_way.edit_count) check_untouched();
  finish_target();
  tls_fuzz_close(target);
  tls_fuzz_close(&peer);
}

int fuzz_shake(bool server, const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_input_of(data, size);
  settings set = {fuzz_byte(&in), fuzz_byte(&in), fuzz_byte(&in)};
  tls_begin();
  fuzz_clear(&tls_shake_wire);
  if (set.bits & TLS_LIVE)
    live(server, set, fuzz_rest(&in));
  else
    raw(server, set, fuzz_rest(&in));
  return 0;
}
