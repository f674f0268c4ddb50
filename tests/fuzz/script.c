/* See script.h: turns settings into those of a stage, and pieces into what its peers do. There is
 * no wrong input: what says nothing does nothing. The one stage is kept for its memory. */
#include "fuzz/script.h"

#include <string.h>
#include <uv.h>

#include "fuzz/judge.h"
#include "fuzz/stage.h"
#include "net/io.h"
#include "weir/err.h"

enum { OPS_MAX = 64, FLOOD_OPS_MAX = 24, SMALL = 64 };

/* ---- pieces ---- */

/* Takes the next piece off the script. */
static bool next_piece(weir__slice *script, weir__slice *piece) {
  if (!script->len) return false;
  const char *end = memmem(script->ptr, script->len, "\n%", 2);
  size_t len = end ? (size_t)(end - script->ptr) : script->len;
  *piece = weir__slice_of(script->ptr, len);
  size_t used = end ? len + 2 : len;
  script->ptr += used, script->len -= used;
  return true;
}

static uint8_t number(weir__slice arg) { return arg.len ? (uint8_t)arg.ptr[0] : 0; }

static void pass(stage *s, uint8_t how) {
  static const uint32_t ms[] = {1, 10, 1000, 2000, 5000, 15000, 61000, 301000};
  stage_pass(s, ms[how & 7]);
}

static void fail_connect(stage *s, uint8_t how) {
  static const int codes[] = {UV_ECONNREFUSED, WEIR_ENOADDRESS, UV_ETIMEDOUT, WEIR_ENOMEM};
  stage_connect(s, codes[how & 3]);
}

/* As often as a read takes. */
static weir__slice many(weir__slice bytes) {
  static char read[WEIR__SCRATCH];
  size_t len = 0;
  if (!bytes.len) return bytes;
  for (; len + bytes.len <= sizeof read; len += bytes.len) memcpy(read + len, bytes.ptr, bytes.len);
  return weir__slice_of(read, len);
}

/* What only matters to sockets that do not take everything. */
static void play_narrow(stage *s, char op, weir__slice arg) {
  switch (op) {
  case 'e': stage_client_breaks(s); return;
  case 'E': stage_origin_breaks(s); return;
  case 'w': stage_client_takes(s, number(arg)); return;
  case 'W': stage_origin_takes(s, number(arg)); return;
  }
}

static void play(stage *s, char op, weir__slice arg, enum script_way way) {
  switch (op) {
  case 'M': stage_client_says(s, way == FLOOD ? many(arg) : arg); return;
  case 'P': stage_origin_says(s, way == FLOOD ? many(arg) : arg); return;
  case 'C': stage_client_says(s, arg); return;
  case 'O': stage_origin_says(s, arg); return;
  case 'f': stage_client_ends(s, false); return;
  case 'r': stage_client_ends(s, true); return;
  case 'F': stage_origin_ends(s, false); return;
  case 'R': stage_origin_ends(s, true); return;
  case 'k': stage_connect(s, 0); return;
  case 'x': fail_connect(s, number(arg)); return;
  case 't': pass(s, number(arg)); return;
  case 'd':
    if (!s->closed) stage_drain(s);
    return;
  }
  if (way >= NARROW) play_narrow(s, op, arg);
}

/* ---- settings ---- */

static const char *const trusted[] = {"unix", NULL};

static weir_options options_of(const script_settings *set, enum script_way way) {
  weir_options o = {WEIR_OPTIONS_INIT};
  o.half_close = set->options & 1;
  o.trusted_proxies = set->options & 2 ? trusted : NULL;
  o.forwarded = !!(set->options & 4);
  o.no_forwarding_fields = !!(set->options & 8);
  o.via = set->options & 16 ? "" : NULL;
  o.request_body_max = set->options & 32 ? 16 : 0;
  o.head_bytes = set->limits & 1 || way == FLOOD ? 1024 : 0;
  o.head_fields = set->limits & 2 || way == FLOOD ? 6 : 0;
  o.target_bytes = set->limits & 4 ? 16 : 0;
  o.interim_max = set->limits & 8 ? 1 : 0;
  o.idle_per_origin = set->limits & 16 ? 1 : 0;
  o.total_ms = set->more & 1 ? 20000 : 0;
  o.gap_ms = set->more & 2 ? 1000 : 0;
  o.upgrade_protocols = set->more & 4 ? "" : NULL;
  if (way < NARROW) return o;
  o.stall_ms = set->more & 32 ? 8000 : 0;
  o.client_rate_min = set->more & 64 ? WEIR_OFF : 0;
  o.outbox_high = set->limits & 32 ? 16 : SMALL;
  o.pipeline_bytes = set->limits & 64 ? 8 : SMALL;
  return o;
}

static stage_settings stage_settings_of(const script_settings *set, const fuzz_cuts *cuts,
                                        enum script_way way) {
  bool narrow = way >= NARROW;
  size_t window = narrow && set->window ? (size_t)set->window - 1 : SIZE_MAX;
  return (stage_settings){.options = options_of(set, way),
                          .allow_connect = set->options & 64,
                          .extend = set->options & 128,
                          .act = (enum stage_act)(set->hook >> 4 & 7),
                          .act_at = set->hook & 15,
                          .count_bodies = narrow,
                          .forget = way == FLOOD,
                          .unacked = set->more & 8 ? 100 : 0,
                          .host = set->more & 16 ? "override:1" : NULL,
                          .cuts = way == CUT || way == NARROW ? cuts : NULL,
                          .client_window = window,
                          .origin_window = set->limits & 128 ? window : SIZE_MAX,
                          .fail_at = narrow ? set->alloc : 0};
}

/* ---- runs ---- */

bool script_take(fuzz_script *out, const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_input_of(data, size);
  script_settings *set = &out->set;
  if (size > STAGE_INPUT) return false;
  set->options = fuzz_byte(&in), set->limits = fuzz_byte(&in), set->cuts = fuzz_byte(&in);
  set->hook = fuzz_byte(&in), set->window = fuzz_byte(&in), set->alloc = fuzz_byte(&in);
  set->more = fuzz_byte(&in);
  out->text = fuzz_rest(&in);
  return true;
}

void script_run(const fuzz_script *script, enum script_way way, fuzz_record *seen) {
  static stage s;
  fuzz_cuts cuts = fuzz_cuts_of(script->set.cuts);
  stage_settings how = stage_settings_of(&script->set, &cuts, way);
  int most = way == FLOOD ? FLOOD_OPS_MAX : OPS_MAX;
  weir__slice rest = script->text, piece;
  stage_open(&s, &how);
  for (int ops = 0; ops < most && next_piece(&rest, &piece); ops++)
    if (piece.len) play(&s, piece.ptr[0], weir__slice_of(piece.ptr + 1, piece.len - 1), way);
  stage_finish(&s);
  stage_close(&s);
  if (seen) judge(&s, seen);
  stage_free(&s);
}
