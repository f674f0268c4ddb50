/* See give.h. */
#include "give.h"

struct giver giver_of(uint64_t key, uint64_t total, enum framing framing, uint32_t piece_min,
                      uint32_t piece_max) {
  struct giver g = {.key = key,
                    .total = total,
                    .limit = total,
                    .framing = framing,
                    .piece_min = piece_min,
                    .piece_max = piece_max,
                    .dice = {key}};
  g.piece = (uint32_t)roll_between(&g.dice, piece_min, piece_max);
  g.ended = framing == FRAMING_NONE || (total == 0 && framing != FRAMING_CHUNKED);
  return g;
}

static size_t next_len(const struct giver *g) {
  uint64_t left = g->limit > g->offset ? g->limit - g->offset : 0;
  return left < g->piece ? (size_t)left : g->piece;
}

uint64_t giver_would_reach(const struct giver *g) { return g->offset + next_len(g); }

bool giver_can(const struct giver *g) {
  if (g->ended) return false;
  return next_len(g) || (g->framing == FRAMING_CHUNKED && g->offset == g->total);
}

bool giver_would_end(const struct giver *g) {
  if (g->offset + next_len(g) < g->total) return false;
  return g->offset == g->total || g->framing != FRAMING_CHUNKED || !g->end_apart;
}

static void give_bytes(struct giver *g, struct outgo *out, size_t len) {
  char *room = outgo_room(out, len);
  body_fill(g->key, g->offset, room, len);
  g->sum = body_sum(g->sum, room, len);
  g->offset += len;
}

static void give_chunk(struct giver *g, struct outgo *out, size_t len, bool broken_off) {
  outgo_print(out, "%zx\r\n", len + (broken_off ? 99 : 0));
  give_bytes(g, out, len);
  if (!broken_off) outgo_put(out, "\r\n", 2);
}

void giver_give(struct giver *g, struct outgo *out, bool broken_off) {
  size_t len = next_len(g);
  bool ends = giver_would_end(g) && !broken_off;
  if (g->framing == FRAMING_CHUNKED && len)
    give_chunk(g, out, len, broken_off);
  else
    give_bytes(g, out, len);
  if (ends && g->framing == FRAMING_CHUNKED) outgo_put(out, "0\r\n\r\n", 5);
  g->ended = ends;
  g->piece = (uint32_t)roll_between(&g->dice, g->piece_min, g->piece_max);
}
