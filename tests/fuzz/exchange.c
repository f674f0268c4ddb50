/* Target: a whole exchange, or many, between a client and origins made of memory (src/relay, on top
 * of all of src/http). Seven bytes of settings, then a script: pieces separated by LF and `%`, each a
 * letter and what belongs to it:
 *
 *   C bytes  the client says    f  the client sends FIN    r  RST    e  its connection breaks
 *   O bytes  the origin says    F  the origin sends FIN    R  RST    E  its connection breaks
 *   k        the connection to the origin opens (as it does before O, F and R)
 *   x        .. or fails        t n  time passes           d  the relay is drained
 *   w n      the client's socket takes more bytes          W n  the origin's
 *   M bytes  as C, and in a flood as often as fills a read  P bytes  as O, likewise
 *
 * Three runs: all is read at once; in pieces; in pieces with narrow sockets, small limits and an
 * allocation that fails. The first two must look the same to both peers, and in each the judge looks
 * at everything. Scripts with M or P have a fourth run, the flood, narrow too, in which only the stage
 * looks: at memory, above all. */
#include <string.h>
#include <uv.h>

#include "fuzz/judge.h"
#include "fuzz/stage.h"
#include "net/io.h"
#include "weir/err.h"

enum { OPS_MAX = 64, FLOOD_OPS_MAX = 16, SMALL = 64 };

enum way { WHOLE, CUT, NARROW, FLOOD };

typedef struct settings {
  uint8_t options, limits, cuts, hook, window, alloc, more;
} settings;

/* ---- the script ---- */

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

static bool has_flood(weir__slice script) {
  weir__slice piece;
  while (next_piece(&script, &piece))
    if (piece.len && (piece.ptr[0] == 'M' || piece.ptr[0] == 'P')) return true;
  return false;
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

static void play(stage *s, char op, weir__slice arg, enum way way) {
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

static weir_options options_of(const settings *set, enum way way) {
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

static stage_settings stage_settings_of(const settings *set, const fuzz_cuts *cuts, enum way way) {
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

static void run(const settings *set, weir__slice script, const fuzz_cuts *cuts, enum way way,
                fuzz_record *seen) {
  static stage s;
  stage_settings how = stage_settings_of(set, cuts, way);
  int most = way == FLOOD ? FLOOD_OPS_MAX : OPS_MAX;
  weir__slice piece;
  stage_open(&s, &how);
  for (int ops = 0; ops < most && next_piece(&script, &piece); ops++)
    if (piece.len) play(&s, piece.ptr[0], weir__slice_of(piece.ptr + 1, piece.len - 1), way);
  stage_finish(&s);
  stage_close(&s);
  if (seen) judge(&s, seen);
  stage_free(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static fuzz_record whole, cut, narrow;
  fuzz_input in = fuzz_input_of(data, size);
  settings set;
  if (size > STAGE_INPUT) return 0;
  set.options = fuzz_byte(&in), set.limits = fuzz_byte(&in), set.cuts = fuzz_byte(&in);
  set.hook = fuzz_byte(&in), set.window = fuzz_byte(&in), set.alloc = fuzz_byte(&in);
  set.more = fuzz_byte(&in);
  fuzz_cuts cuts = fuzz_cuts_of(set.cuts);
  run(&set, fuzz_rest(&in), &cuts, WHOLE, &whole);
  run(&set, fuzz_rest(&in), &cuts, CUT, &cut);
  fuzz_require_same("cuts made a difference", &whole, &cut);
  if (set.window || set.alloc) run(&set, fuzz_rest(&in), &cuts, NARROW, &narrow);
  if (has_flood(fuzz_rest(&in))) run(&set, fuzz_rest(&in), &cuts, FLOOD, NULL);
  return 0;
}
