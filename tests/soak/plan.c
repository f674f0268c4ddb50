/* See plan.h. */
#include "plan.h"

#include <string.h>

enum { KIB = 1024, MIB = 1024 * 1024 };

const char *const kind_names[KIND_COUNT] = {
#define NAME(name, text) text,
    KINDS(NAME)
#undef NAME
};

/* ---- chance ---- */

/* splitmix64 */
static uint64_t mix(uint64_t x) {
  x += UINT64_C(0x9e3779b97f4a7c15);
  x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
  return x ^ (x >> 31);
}

struct dice dice_of(uint64_t seed, uint64_t what) {
  return (struct dice){mix(mix(seed) ^ what)};
}

uint64_t roll(struct dice *dice, uint64_t sides) {
  dice->state += UINT64_C(0x9e3779b97f4a7c15);
  return mix(dice->state) % sides;
}

uint64_t roll_between(struct dice *dice, uint64_t low, uint64_t high) {
  return low + roll(dice, high - low + 1);
}

static bool percent(struct dice *dice, unsigned chance) { return roll(dice, 100) < chance; }

static uint32_t between(struct dice *dice, uint32_t low, uint32_t high) {
  return (uint32_t)roll_between(dice, low, high);
}

/* ---- kinds ---- */

static void draw_events(struct plan *p, struct dice *d) {
  uint64_t pieces = roll_between(d, 5, 60);
  p->framing = FRAMING_CHUNKED;
  p->piece_min = 20, p->piece_max = 400;
  p->gap_ms = between(d, 10, 120);
  p->down = pieces * 200;
  p->end_apart = percent(d, 50);
  p->early_hints = percent(d, 5);
}

static void draw_bulk(struct plan *p, struct dice *d) {
  p->framing = percent(d, 75) ? FRAMING_LENGTH : FRAMING_CHUNKED;
  p->down = percent(d, 70) ? roll_between(d, 32 * KIB, 512 * KIB) : roll_between(d, MIB, 3 * MIB);
  p->piece_min = 4 * KIB, p->piece_max = 60 * KIB;
  if (percent(d, 50)) p->gap_ms = between(d, 3, 30);
}

static void draw_tail(struct plan *p, struct dice *d) {
  p->framing = FRAMING_CLOSE;
  p->down = roll_between(d, 0, 60 * KIB);
  p->piece_min = 50, p->piece_max = 4000;
  p->gap_ms = between(d, 5, 80);
}

static void draw_request_body(struct plan *p, struct dice *d, uint64_t most) {
  p->method = "POST";
  p->up_framing = percent(d, 50) ? FRAMING_CHUNKED : FRAMING_LENGTH;
  p->up = roll_between(d, 1, most);
  p->up_piece_min = 200, p->up_piece_max = 20 * KIB;
  p->up_gap_ms = between(d, 0, 40);
}

static void draw_upload(struct plan *p, struct dice *d) {
  draw_request_body(p, d, percent(d, 30) ? MIB : 200 * KIB);
  p->framing = percent(d, 50) ? FRAMING_CHUNKED : FRAMING_LENGTH;
  p->down = roll_between(d, 1, 2000);
  p->piece_min = 100, p->piece_max = 2000;
  p->ask_first = percent(d, 15);
  if (percent(d, 25)) p->read_pause_ms = between(d, 100, 1200);
}

static void draw_echo(struct plan *p, struct dice *d) {
  draw_request_body(p, d, 150 * KIB);
  p->framing = FRAMING_CHUNKED;
  p->down = p->up;
  p->up_piece_max = 8 * KIB;
  p->up_gap_ms = between(d, 5, 60);
  p->piece_min = 1, p->piece_max = 16 * KIB;
}

static void draw_small(struct plan *p, struct dice *d) {
  p->down = roll_between(d, 0, 1500);
  p->piece_min = 500, p->piece_max = 2000;
  p->framing = percent(d, 50) ? FRAMING_CHUNKED : FRAMING_LENGTH;
  switch (roll(d, 8)) {
  case 0: p->method = "HEAD", p->bodiless = true; break;
  case 1: p->status = 204, p->framing = FRAMING_NONE, p->down = 0, p->bodiless = true; break;
  case 2:
  case 3: draw_request_body(p, d, 3000), p->up_gap_ms = 0; break;
  }
  p->more = (unsigned)roll_between(d, 3, 30);
}

static void draw_tunnel(struct plan *p, struct dice *d) {
  p->status = 101;
  p->framing = p->up_framing = FRAMING_CLOSE;
  p->down = roll_between(d, 0, 60 * KIB);
  p->up = roll_between(d, 0, 60 * KIB);
  p->piece_min = p->up_piece_min = 50;
  p->piece_max = p->up_piece_max = 4000;
  p->gap_ms = between(d, 5, 80);
  p->up_gap_ms = between(d, 5, 80);
}

static void (*const draw[KIND_COUNT])(struct plan *, struct dice *) = {
    [KIND_EVENTS] = draw_events, [KIND_BULK] = draw_bulk, [KIND_TAIL] = draw_tail,
    [KIND_UPLOAD] = draw_upload, [KIND_ECHO] = draw_echo, [KIND_SMALL] = draw_small,
    [KIND_TUNNEL] = draw_tunnel,
};

static enum kind draw_kind(struct dice *d) {
  static const unsigned shares[KIND_COUNT] = {
      [KIND_EVENTS] = 36, [KIND_BULK] = 15, [KIND_TAIL] = 12,   [KIND_UPLOAD] = 12,
      [KIND_ECHO] = 6,    [KIND_SMALL] = 9, [KIND_TUNNEL] = 10,
  };
  unsigned side = (unsigned)roll(d, 100), kind = 0;
  while (side >= shares[kind]) side -= shares[kind++];
  return (enum kind)kind;
}

/* ---- what goes wrong ---- */

static void draw_origin_act(struct plan *p, struct dice *d) {
  static const enum origin_act acts[] = {
      ORIGIN_SENDS_FIN, ORIGIN_SENDS_FIN, ORIGIN_SENDS_RST, ORIGIN_SENDS_RST, ORIGIN_BREAKS,
      ORIGIN_STALLS,    ORIGIN_STALLS,    ORIGIN_STALLS,    ORIGIN_IS_SILENT, ORIGIN_CLOSES};
  p->origin_act = acts[roll(d, sizeof acts / sizeof *acts)];
  p->act_at = percent(d, 20) ? 0 : roll(d, p->down + 1);
  p->act_inside = percent(d, 50);
  p->act_ms = between(d, 100, 1500);
  if (p->origin_act == ORIGIN_IS_SILENT && p->act_at == 0 && percent(d, 50))
    p->origin_act = ORIGIN_HALF_HEAD;
}

/* A broken framing needs chunks to break, and whoever says `close` closes announced. */
static void settle_origin_act(struct plan *p) {
  bool chunked = p->framing == FRAMING_CHUNKED && !p->bodiless;
  bool ends = p->framing == FRAMING_CLOSE || p->says_close;
  if (p->origin_act == ORIGIN_BREAKS && !chunked) p->origin_act = ORIGIN_SENDS_RST;
  if (p->origin_act == ORIGIN_CLOSES && ends) p->origin_act = ORIGIN_ACTS_NOT;
  if (p->bodiless || p->framing == FRAMING_LENGTH) {
    p->act_at = p->bodiless || p->down == 0 ? 0 : p->act_at % p->down;
    if (p->bodiless || p->down == 0) p->act_inside = false; /* the head is all there is */
  }
}

static void draw_act_in_request(struct plan *p, struct dice *d) {
  bool cuts = p->origin_act == ORIGIN_SENDS_FIN || p->origin_act == ORIGIN_SENDS_RST;
  if (!cuts || p->kind != KIND_UPLOAD || percent(d, 50)) return;
  p->act_in_request = true;
  p->act_at = roll(d, p->up);
}

static void draw_client_act(struct plan *p, struct dice *d) {
  static const enum client_act acts[] = {CLIENT_SENDS_FIN, CLIENT_SENDS_FIN, CLIENT_SENDS_RST,
                                         CLIENT_SENDS_RST, CLIENT_PAUSES,    CLIENT_IS_SLOW};
  p->client_act = acts[roll(d, sizeof acts / sizeof *acts)];
  p->leave_at = roll(d, p->down + p->up + 1);
  p->leave_ms = between(d, 0, 2500);
  p->sip = between(d, 2 * KIB, 24 * KIB);
  if (p->client_act == CLIENT_PAUSES) p->leave_ms = between(d, 100, 1500);
}

/* Few, since each holds its place until a timer ends it. */
static void draw_long_act(struct plan *p, struct dice *d) {
  p->origin_act = ORIGIN_ACTS_NOT;
  p->leave_at = p->down / 4;
  if (p->up && p->kind == KIND_UPLOAD && percent(d, 50))
    p->client_act = CLIENT_HALF_BODY, p->leave_at = roll(d, p->up);
  else if (p->kind == KIND_BULK)
    p->client_act = CLIENT_READS_NOT, p->down = 3 * MIB, p->leave_at = roll(d, 200 * KIB);
  else
    p->client_act = CLIENT_HALF_HEAD;
}

/* ---- the whole ---- */

struct plan plan_of(uint64_t seed, uint64_t serial, enum kind kind) {
  struct dice d = dice_of(seed, serial);
  struct plan p = {.serial = serial, .method = "GET", .status = 200};
  enum kind drawn = draw_kind(&d);
  p.kind = kind == KIND_COUNT ? drawn : kind;
  p.origin = (unsigned)roll(&d, 4);
  p.relay = (unsigned)roll(&d, 2);
  draw[p.kind](&p, &d);
  p.close = percent(&d, 20);
  p.says_close = p.framing != FRAMING_CLOSE && percent(&d, 15);
  p.minor_0 = p.kind <= KIND_TAIL && percent(&d, 15);
  if (percent(&d, 20)) p.head_delay_ms = between(&d, 1, 300);
  unsigned chance = p.kind == KIND_SMALL ? 3 : 22;
  if (percent(&d, chance)) draw_origin_act(&p, &d);
  settle_origin_act(&p);
  draw_act_in_request(&p, &d);
  if (percent(&d, chance)) draw_client_act(&p, &d);
  if (percent(&d, chance / 7)) draw_long_act(&p, &d);
  return p;
}

bool plan_only_asks(const struct plan *plan) { return plan->up_framing == FRAMING_NONE; }

/* ---- bytes ---- */

uint64_t body_key(uint64_t seed, uint64_t serial, enum direction direction) {
  return mix(mix(seed) ^ serial * 2) + (uint64_t)direction * UINT64_C(0xd1b54a32d192ed03);
}

/* Eight bytes at a time, and no two places alike. */
void body_fill(uint64_t key, uint64_t offset, char *out, size_t len) {
  while (len) {
    uint64_t word = mix(key + offset / 8);
    size_t skip = offset % 8, n = 8 - skip < len ? 8 - skip : len;
    memcpy(out, (const char *)&word + skip, n);
    out += n, offset += n, len -= n;
  }
}

size_t body_match(uint64_t key, uint64_t offset, const char *bytes, size_t len) {
  size_t done = 0;
  while (done < len) {
    uint64_t word = mix(key + offset / 8);
    size_t skip = offset % 8, n = 8 - skip < len - done ? 8 - skip : len - done;
    const char *want = (const char *)&word + skip;
    if (memcmp(bytes + done, want, n) != 0) {
      while (bytes[done] == *want) done++, want++;
      return done;
    }
    done += n, offset += n;
  }
  return done;
}

uint64_t body_sum(uint64_t sum, const char *bytes, size_t len) {
  for (size_t i = 0; i < len; i++)
    sum = (sum ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3) + 1;
  return sum;
}
