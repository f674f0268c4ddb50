/* See tls_records.h. */
#include "fuzz/tls_records.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/tls.h"
#include "weir/err.h"

enum {
  STEPS = 100,
  STOCK = 512,
  WRITTEN = 200000,
  WRITTEN_CUT = 10000,
  HEADER = 5,
  CCS = 6,
  LAST_SIZE = 7,
  CHUNK = 40000
};
enum { ALERT = 21, DATA = 23 };

static const size_t sizes[] = {1, 5, 100, 1000, 16383, 16384, 16385, CHUNK};

/* A record of the sender's. */
typedef struct item {
  size_t end;       /* where it ends in all that it said */
  size_t plain_end; /* how many plain bytes have gone with it */
  bool closes;      /* it is close_notify .. */
  bool odd; /* .. or what nobody but a fuzzer sends: it may end the connection, or nothing */
} item;

static tls_fuzz target, sender;
static item stock[STOCK];
static size_t stocked, next; /* items; the next to be delivered */
static fuzz_record plain;    /* all that went in */
static fuzz_record back;     /* .. on the other way */
static fuzz_record wire;     /* all that came to the target */
static size_t base;          /* of what the sender said, this was the handshake */
static size_t heard;         /* of what the target said, the sender has this */
static size_t common;        /* so much of what was sent has come ..*/
static size_t common_wire;   /* .. in so much of the wire */
static size_t most_plain;    /* so much is written each way: less if it is taken in small bites */
static bool odd_came;
static fuzz_cuts cuts, *how;

/* ---- the sender ---- */

static weir__slice sent(void) { return tls_behind(fuzz_bytes(&sender.out), base); }

static weir__slice item_bytes(size_t i) {
  size_t begin = i ? stock[i - 1].end : 0;
  return weir__slice_of(sent().ptr + begin, stock[i].end - begin);
}

/* The records that it has said since: all but the last are full. */
static void take_stock(size_t len, bool closes, bool odd) {
  size_t at = stocked ? stock[stocked - 1].end : 0;
  size_t plain_at = stocked ? stock[stocked - 1].plain_end : 0;
  const size_t most =
      weir__tls_version(sender.engine) == WEIR_TLS_1_3 ? WEIR__TLS_RECORD - 1 : WEIR__TLS_RECORD;
  while (at < sent().len) {
    REQUIRE(stocked < STOCK);
    size_t n = len < most ? len : most;
    at += tls_record(tls_behind(sent(), at)).len, plain_at += n, len -= n;
    stock[stocked++] = (item){at, plain_at, closes, odd};
  }
  REQUIRE(len == 0);
}

/* No two bytes that could be mistaken for each other are near. */
static const char *pattern(size_t at) {
  static char text[WRITTEN + CHUNK];
  if (!text[1])
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)(i * 7 + i / 251);
  return text + at;
}

static void write_some(uint8_t size) {
  size_t n = sizes[size & LAST_SIZE];
  if (plain.len > most_plain || stocked + 4 > STOCK) return;
  weir__slice text = weir__slice_of(pattern(plain.len % WRITTEN), n);
  if (!tls_fuzz_write(&sender, text)) return;
  fuzz_put_raw(&plain, text);
  take_stock(n, false, false);
}

static void end_sender(void) {
  if (stocked < STOCK && tls_fuzz_end(&sender)) take_stock(0, true, false);
}

static void set_type(void *user, unsigned char *bytes, size_t len, unsigned char *head,
                     size_t head_len) {
  unsigned char type = *(unsigned char *)user;
  if (head_len != HEADER) {
    head[8] = type;
    return;
  }
  while (len && !bytes[len - 1]) len--;
  REQUIRE(len);
  bytes[len - 1] = type;
}

/* With TLS 1.2 the type stands in the header, too, which was written before. */
static void write_odd(uint8_t type, weir__slice text) {
  if (!type) type = ALERT;
  if (!text.len || stocked == STOCK) return;
  mbed_on_seal(set_type, &type);
  bool written = tls_fuzz_write(&sender, text);
  mbed_on_seal(NULL, NULL);
  if (!written) return;
  if (type == DATA) fuzz_put_raw(&plain, text);
  take_stock(type == DATA ? text.len : 0, false, type != DATA);
  if (weir__tls_version(sender.engine) == WEIR_TLS_1_2)
    *(char *)(uintptr_t)item_bytes(stocked - 1).ptr = (char)type;
}

/* ---- the judge ---- */

static size_t whole_items(void) {
  size_t n = 0;
  while (n < stocked && stock[n].end <= common) n++;
  return n;
}

/* With TLS 1.3 this may stand between two records, and means nothing. */
static bool is_ignored(weir__slice at) {
  return weir__tls_version(sender.engine) == WEIR_TLS_1_3 && at.len >= CCS && at.ptr[0] == 0x14 &&
         !memcmp(at.ptr + 3, "\0\1\1", 3);
}

static void compare(void) {
  while (common_wire < wire.len) {
    weir__slice at = tls_behind(fuzz_bytes(&wire), common_wire);
    bool same = common < sent().len && at.ptr[0] == sent().ptr[common];
    size_t whole = same ? 0 : whole_items(), begin = whole ? stock[whole - 1].end : 0;
    if (!same && (common != begin || !is_ignored(at))) return;
    common += same;
    common_wire += same ? 1 : CCS;
  }
}

static void judge_closed(size_t whole) {
  bool closes = false;
  for (size_t i = 0; i < whole; i++) closes = closes || stock[i].closes;
  if (!odd_came) REQUIRE(target.closed == closes);
}

static void judge_rest(size_t whole) {
  size_t begin = whole ? stock[whole - 1].end : 0;
  weir__slice rest = tls_behind(fuzz_bytes(&wire), common_wire - (common - begin));
  bool same = common_wire == wire.len;
  if (same && !odd_came) REQUIRE(target.rc >= 0);
  bool wrong = !same && rest.len >= HEADER && weir__tls_records(rest) > 0;
  if (wrong && !target.closed) REQUIRE(target.rc < 0);
}

static void judge(void) {
  compare();
  size_t whole = whole_items();
  bool part = whole < stocked && common > (whole ? stock[whole - 1].end : 0);
  for (size_t i = 0; i < whole + part; i++) odd_came = odd_came || stock[i].odd;
  size_t most = whole ? stock[whole - 1].plain_end : 0;
  REQUIRE(odd_came ? target.plain.len <= most : target.plain.len == most);
  REQUIRE(!target.plain.len || memcmp(target.plain.ptr, plain.ptr, target.plain.len) == 0);
  judge_closed(whole);
  judge_rest(whole);
}

/* ---- deliveries ---- */

static void deliver(weir__slice bytes) {
  if (!bytes.len) return;
  fuzz_put_raw(&wire, bytes);
  tls_fuzz_feed(&target, bytes, how);
  judge();
}

static void deliver_next(void) {
  if (next < stocked) deliver(item_bytes(next)), next++;
}

static void deliver_altered(size_t at, uint8_t bits) {
  static char copy[20000];
  if (next == stocked) return;
  weir__slice bytes = item_bytes(next++);
  memcpy(copy, bytes.ptr, bytes.len);
  copy[at % bytes.len] ^= (char)bits;
  deliver(weir__slice_of(copy, bytes.len));
}

static void deliver_cut(size_t at) {
  if (next < stocked) deliver(weir__slice_of(item_bytes(next).ptr, at % item_bytes(next).len));
}

static void deliver_other(uint8_t far) {
  size_t i = next + (size_t)(int8_t)far;
  if (i < stocked) deliver(item_bytes(i));
}

static void deliver_joined(void) {
  static char copy[40000];
  if (next + 1 >= stocked) return;
  weir__slice one = item_bytes(next), two = item_bytes(next + 1);
  size_t len = one.len + two.len - HEADER;
  memcpy(copy, one.ptr, one.len);
  memcpy(copy + one.len, two.ptr + HEADER, two.len - HEADER);
  copy[3] = (char)((len - HEADER) >> 8), copy[4] = (char)(len - HEADER);
  next += 2;
  deliver(weir__slice_of(copy, len));
}

static void deliver_made(uint8_t type, weir__slice text) {
  char head[HEADER] = {(char)type, 3, 3, 0, (char)text.len}, all[HEADER + UINT8_MAX];
  memcpy(all, head, HEADER);
  if (text.len) memcpy(all + HEADER, text.ptr, text.len);
  deliver(weir__slice_of(all, HEADER + text.len));
}

/* ---- the other way ---- */

static void hear(void) {
  size_t begin = heard;
  heard = target.out.len;
  if (heard > begin) tls_fuzz_feed(&sender, tls_behind(fuzz_bytes(&target.out), begin), NULL);
  REQUIRE(sender.plain.len <= back.len);
  REQUIRE(!sender.plain.len || memcmp(sender.plain.ptr, back.ptr, sender.plain.len) == 0);
  if (target.rc >= 0 && !odd_came) REQUIRE(sender.rc >= 0 && sender.plain.len == back.len);
  bool told = target.rc < 0 && target.rc != WEIR_ETLS_ALERT && !odd_came;
  if (told && !sender.closed) REQUIRE(sender.rc < 0);
}

static void write_back(uint8_t size) {
  size_t n = sizes[size & LAST_SIZE];
  if (back.len > most_plain) return;
  weir__slice text = weir__slice_of(pattern(back.len % WRITTEN), n);
  if (tls_fuzz_write(&target, text)) fuzz_put_raw(&back, text);
  hear();
}

static void end_target(void) {
  bool ended = tls_fuzz_end(&target);
  hear();
  if (ended && !odd_came) REQUIRE(sender.closed);
}

/* ---- an input ---- */

static weir__slice text_of(fuzz_input *in, size_t n) {
  weir__slice all = fuzz_rest(in);
  if (n < all.len) all.len = n;
  in->ptr += all.len, in->len -= all.len;
  return all;
}

static size_t place_of(fuzz_input *in) {
  size_t high = fuzz_byte(in);
  return high << 8 | fuzz_byte(in);
}

static void step(fuzz_input *in) {
  uint8_t letter = fuzz_byte(in), one;
  size_t place;
  switch (letter) {
  case 'w': write_some(fuzz_byte(in)); break;
  case 'z': end_sender(); break;
  case 'p':
    one = fuzz_byte(in);
    write_odd(one, text_of(in, fuzz_byte(in)));
    break;
  case 'd': deliver_next(); break;
  case 'D':
    while (next < stocked) deliver_next();
    break;
  case 'x':
    place = place_of(in);
    deliver_altered(place, fuzz_byte(in));
    break;
  case 's': next += next < stocked; break;
  case 'c': deliver_cut(place_of(in)); break;
  case 'j': deliver_joined(); break;
  case 'o': deliver_other(fuzz_byte(in)); break;
  case 'g':
    one = fuzz_byte(in);
    deliver_made(one, text_of(in, fuzz_byte(in)));
    break;
  case 'r': deliver(text_of(in, fuzz_byte(in))); break;
  case 'a': deliver_made(ALERT, text_of(in, 2)); break;
  case 'b': write_back(fuzz_byte(in)); break;
  case 'e': end_target(); break;
  default: break;
  }
}

static void carry(tls_fuzz *from, tls_fuzz *to, size_t *at) {
  size_t begin = *at;
  *at = from->out.len;
  if (*at > begin) tls_fuzz_feed(to, tls_behind(fuzz_bytes(&from->out), begin), NULL);
}

static void shake(bool target_is_client) {
  base = heard = 0;
  tls_fuzz_feed(target_is_client ? &target : &sender, weir__slice_of("", 0), NULL);
  while (base < sender.out.len || heard < target.out.len) {
    carry(&sender, &target, &base);
    carry(&target, &sender, &heard);
  }
  REQUIRE(target.open && sender.open);
  stocked = next = common = common_wire = 0;
  odd_came = false;
  fuzz_clear(&plain), fuzz_clear(&back), fuzz_clear(&wire);
}

static void open_both(uint8_t bits) {
  bool client = bits & RECORDS_CLIENT;
  uint8_t settings = TLS_RESUMES | (bits & RECORDS_TLS13 ? 2 : 1);
  tls_begin();
  tls_fuzz_open(&target, MBED_TARGET, !client, settings);
  tls_fuzz_open(&sender, MBED_PEER, client, settings);
  mbed_restart();
  shake(client);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_input_of(data, size);
  uint8_t bits = fuzz_byte(&in), cut = fuzz_byte(&in), rooms = fuzz_byte(&in);
  open_both(bits);
  cuts = fuzz_cuts_of(cut);
  how = cut ? &cuts : NULL;
  tls_fuzz_rooms(&target, rooms);
  most_plain = cut || rooms ? WRITTEN_CUT : WRITTEN;
  for (int i = 0; i < STEPS && in.len; i++) step(&in);
  hear();
  tls_fuzz_check(&target);
  tls_fuzz_close(&target);
  tls_fuzz_close(&sender);
  return 0;
}
