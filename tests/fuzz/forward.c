/* Target: the policy of a gateway (src/http/forward.c, src/http/forward_fields.c), between the
 * reader and src/http/h1_write.c as the relay puts them together. What should leave is worked out
 * once more by forward_judge.h; what leaves must be in the strict form and pass a second time as
 * it is.
 *
 * The first four bytes: policy, peer and what was asked, which allocation fails, and what a hook
 * does to the head by the public functions. If it does something, two strings that end in NUL
 * follow; and whatever they hold, the head stays one that may leave. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/forward_judge.h"
#include "fuzz/h1.h"
#include "hostile/strict.h"
#include "http/h1_write.h"
#include "support/alloc.h"
#include "weir/err.h"

typedef struct job {
  gateway gateway;
  const char *asked;
  weir__mem *mem;
  bool names_fields; /* Connection names some: none may come as a trailer */
  uint8_t edit;
  const char *name, *value; /* for that */
  weir__buf out;            /* the head as it leaves */
} job;

/* ---- what a host may do to it ---- */

/* NUL where a string was wanted, status where none may be, and so on: all of it is only refused. */
static void edit_head(const job *j, weir_head *head) {
  bool connected = !j->gateway.request &&
                   strcmp(j->gateway.method, "CONNECT") == 0; /* the relay looks after that */
  switch (j->edit & 7) {
  case 1: weir_head_set(head, j->name, j->value); break;
  case 2: weir_head_add(head, j->name, j->value); break;
  case 3: weir_head_remove(head, j->name); break;
  case 4: weir_head_set_target(head, j->value); break;
  case 5:
    if (!connected) weir_head_set_status(head, 190 + (j->edit >> 3) * 8, j->value);
    break;
  case 6:
    if (!connected) weir_head_set_status(head, j->edit & 8 ? 204 : 304, NULL);
    break;
  }
  const char *got = weir_head_get(head, j->name);
  bool found = false;
  for (const weir_field *f = NULL; (f = weir_head_next(head, f));)
    found |= f->value == got && strcasecmp(f->name, j->name) == 0;
  REQUIRE(found == (got != NULL));
}

/* ---- writing, as the relay does ---- */

static void write_head(job *j, const weir_head *head, const weir__h1_extra *extra) {
  j->out.len = 0;
  if (weir__h1_write_head(&j->out, head, extra)) j->out.len = 0;
}

/* True if the head is fit to be looked at. */
static bool send_request(job *j, weir_head *head) {
  static came c;
  const char *upgrade = "";
  bool te = false;
  came_note(&c, head);
  if (weir__forward_request(head, &j->gateway.policy, &j->gateway.peer, j->gateway.override,
                            "origin:81", &upgrade, &te))
    return false;
  j->names_fields = came_names_fields(&c, true);
  REQUIRE(j->names_fields == head->names_fields);
  judge_forwarded(&j->gateway, &c, head);
  judge_upgrade(&j->gateway, &c, head, upgrade);
  REQUIRE(te == (head->minor == 1 && came_lists(&c, "TE", "trailers")));
  if (te && weir__head_add(head, weir__slice_str("TE"), weir__slice_str("trailers"))) return false;
  if (j->edit) edit_head(j, head);
  const char *connection = upgrade ? te ? "upgrade, TE" : "upgrade" : te ? "TE" : NULL;
  write_head(j, head,
             &(weir__h1_extra){.connection = connection,
                               .upgrade = upgrade,
                               .chunked = head->framing == WEIR__FRAMING_CHUNKED});
  return j->out.len > 0;
}

static bool send_response(job *j, weir_head *head) {
  static came c;
  bool chunked = head->framing == WEIR__FRAMING_CHUNKED || head->framing == WEIR__FRAMING_CLOSE;
  const char *upgrade = head->status == 101 ? head->upgrade : NULL;
  came_note(&c, head);
  if (weir__forward_response(head, &j->gateway.policy)) return false;
  j->names_fields = came_names_fields(&c, false);
  REQUIRE(j->names_fields == head->names_fields);
  judge_forwarded(&j->gateway, &c, head);
  if (j->edit) edit_head(j, head);
  write_head(j, head,
             &(weir__h1_extra){
                 .connection = upgrade ? "upgrade" : NULL, .upgrade = upgrade, .chunked = chunked});
  return j->out.len > 0;
}

/* ---- what leaves ---- */

static enum strict_framing leaves_as(const job *j, const weir_head *head) {
  switch (head->framing) {
  case WEIR__FRAMING_LENGTH: return STRICT_LENGTH;
  case WEIR__FRAMING_CHUNKED: return STRICT_CHUNKED;
  case WEIR__FRAMING_CLOSE: return j->gateway.request ? STRICT_NONE : STRICT_CHUNKED;
  case WEIR__FRAMING_TUNNEL: return STRICT_TUNNEL;
  case WEIR__FRAMING_NONE: break;
  }
  return STRICT_NONE;
}

static void check_strict(const job *j, const weir_head *head) {
  strict_message m;
  if (j->gateway.request)
    strict_request(&m, j->out.ptr, j->out.len);
  else
    strict_response(&m, j->out.ptr, j->out.len, j->gateway.method, false);
  if (m.bad) fprintf(stderr, "%s:\n%.*s\n", m.bad, (int)j->out.len, j->out.ptr);
  REQUIRE(!m.bad && m.head_whole && m.used == j->out.len);
  REQUIRE(m.framing == leaves_as(j, head));
  REQUIRE(strict_count(&m, "Keep-Alive") == 0 && strict_count(&m, "Proxy-Connection") == 0);
  REQUIRE(strict_count(&m, "Connection") <= 1 && strict_count(&m, "Upgrade") <= 1);
  strict_clear(&m);
}

static void take_head(job *j, weir_head *head);

static int on_head(void *owner, weir_head *head) {
  take_head(owner, head);
  weir__head_free(head);
  return WEIR_ECANCELED;
}

static int on_interim(void *owner, weir_head *head) {
  take_head(owner, head);
  return WEIR_ECANCELED;
}

static int on_body(void *owner, weir__slice span) { return (void)owner, (void)span, 0; }
static int on_end(void *owner, weir_head *trailers) { return (void)owner, (void)trailers, 0; }

static const weir__h1_events again_events = {
    .on_interim = on_interim, .on_head = on_head, .on_body = on_body, .on_end = on_end};

static int read_head(weir__slice bytes, const weir__h1_events *events, job *j) {
  static const weir__h1_limits wide = {1 << 20, CAME_MAX, 1 << 20, 100};
  size_t used;
  weir__h1_reader *reader = weir__h1_new(
      j->mem, j->gateway.request ? WEIR__H1_REQUEST : WEIR__H1_RESPONSE, &wide, events, j);
  if (!reader) return WEIR_ENOMEM;
  weir__h1_expect(reader, j->gateway.method, j->asked);
  int rc = weir__h1_feed(reader, bytes, &used);
  weir__h1_free(reader);
  return rc;
}

/* A second gateway that believes the first and adds nothing sends on just what it got. */
static void check_fixed_point(const job *first) {
  job j = *first;
  j.out = (weir__buf){.mem = j.mem};
  j.gateway.policy = (weir__policy){.via = "", .upgrade = first->gateway.policy.upgrade};
  j.gateway.peer.trusted = true;
  j.gateway.override = NULL;
  int rc = read_head(weir__buf_slice(&first->out), &again_events, &j);
  REQUIRE(rc == WEIR_ECANCELED || rc == WEIR_ENOMEM);
  bool same = j.out.len == first->out.len && memcmp(j.out.ptr, first->out.ptr, j.out.len) == 0;
  if (rc == WEIR_ECANCELED && j.out.len) {
    if (!same)
      fprintf(stderr, "%.*s\n%.*s\n", (int)first->out.len, first->out.ptr, (int)j.out.len,
              j.out.ptr);
    REQUIRE(same);
  }
  weir__buf_free(&j.out);
}

static bool passed_once;

static void take_head(job *j, weir_head *head) {
  j->out.len = 0;
  if (!(j->gateway.request ? send_request(j, head) : send_response(j, head))) return;
  check_strict(j, head);
  if (passed_once) return;
  passed_once = true;
  if (!j->edit) check_fixed_point(j);
}

/* ---- the first reading ---- */

static int on_first_head(void *owner, weir_head *head) {
  job *j = owner;
  passed_once = false;
  bool connect = j->gateway.request && strcmp(head->method, "CONNECT") == 0;
  take_head(j, head);
  weir__head_free(head);
  return connect ? WEIR_ECANCELED : 0;
}

static int on_first_interim(void *owner, weir_head *head) {
  passed_once = false;
  take_head(owner, head);
  return 0;
}

static int on_trailers(void *owner, weir_head *trailers) {
  job *j = owner;
  if (!trailers) return 0;
  weir__forward_trailers(trailers, j->names_fields);
  REQUIRE(!j->names_fields || !trailers->first);
  judge_trailers(trailers);
  j->out.len = 0;
  if (weir__h1_write_trailers(&j->out, trailers)) return 0;
  REQUIRE(j->out.len >= 2 && memcmp(j->out.ptr + j->out.len - 2, "\r\n", 2) == 0);
  return 0;
}

static const weir__h1_events first_events = {.on_interim = on_first_interim,
                                             .on_head = on_first_head,
                                             .on_body = on_body,
                                             .on_end = on_trailers};

static void set_peer(weir__peer *peer, uint8_t how) {
  static const char v4[4] = {(char)192, 0, 2, 7}, v6[16] = {0x20, 0x01, 0x0d, (char)0xb8, [15] = 1};
  *peer = (weir__peer){.scheme = "http", .port = 50000, .local_port = how & 4 ? 0 : 8080};
  const char *text = how & 1 ? how & 2 ? "2001:db8::1" : "192.0.2.7" : "unix";
  snprintf(peer->text, sizeof peer->text, "%s", text);
  if (how & 1) peer->addr = weir__addr_from(how & 2 ? v6 : v4, how & 2 ? 16 : 4);
}

static const char *const upgrades[] = {"websocket", "", "websocket, foo, h2c", "websocket"};
static const char *const methods[] = {"GET", "HEAD", "CONNECT", "POST"};

/* A string that ends in NUL, in memory of its exact size; the caller frees it. */
static char *take_string(fuzz_input *in) {
  size_t len = in->len ? strnlen(in->ptr, in->len) : 0;
  char *text = malloc(len + 1);
  if (!text) abort();
  if (len) memcpy(text, in->ptr, len);
  text[len] = '\0';
  size_t used = len < in->len ? len + 1 : len;
  in->ptr += used, in->len -= used;
  return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_input_of(data, size);
  uint8_t policy = fuzz_byte(&in), peer = fuzz_byte(&in), nth = fuzz_byte(&in);
  uint8_t edit = fuzz_byte(&in);
  char *name = edit ? take_string(&in) : NULL, *value = edit ? take_string(&in) : NULL;
  counting_alloc alloc;
  weir__mem mem;
  alloc_init(&alloc);
  alloc.fail_at = nth;
  weir__mem_init(&mem, &alloc.hooks);
  job j = {.gateway = {.request = !(policy & 0x80),
                       .policy = {.via = policy & 1 ? "" : "weir",
                                  .upgrade = upgrades[policy >> 4 & 3],
                                  .forwarding_fields = policy & 2,
                                  .forwarded = policy & 4},
                       .override = policy & 0x40 ? "override:1" : NULL,
                       .method = methods[peer >> 4 & 3]},
           .asked = peer & 0x40   ? "websocket"
                    : peer & 0x80 ? "websocket, foo"
                                  : NULL,
           .mem = &mem,
           .edit = edit,
           .name = name,
           .value = value,
           .out = {.mem = &mem}};
  set_peer(&j.gateway.peer, peer);
  j.gateway.peer.trusted = policy & 8;
  read_head(fuzz_rest(&in), &first_events, &j);
  weir__buf_free(&j.out);
  free(name);
  free(value);
  REQUIRE(alloc.live_blocks == 0);
  return 0;
}
