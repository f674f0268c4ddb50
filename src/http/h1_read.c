/* Feeds llhttp and builds heads from its spans. llhttp's lenient flags all stay off; what it lets
 * pass all the same is stopped in http/h1_lines and, for chunk framing without end, here; and what a
 * head means is decided in http/h1_check. The parser and the head under construction are the
 * reader's. */
#include "http/h1_read.h"

#include <assert.h>
#include <llhttp.h>
#include <stdint.h>

#include "http/chars.h"
#include "http/h1_check.h"
#include "http/h1_lines.h"
#include "weir/err.h"
#include "weir/version.h"

enum {
  METHOD_MAX = 64,       /* bytes of a method token */
  BLANKS_MAX = 4,        /* bytes of empty lines before a request line (RFC 9112, 2.2) */
  OVERHEAD_FREE = 16384, /* chunk framing a message may always have .. */
  OVERHEAD_CHUNK = 32,   /* .. and for each chunk besides */
};

enum phase {
  PHASE_START, /* between messages, or in a request's method */
  PHASE_HEAD,  /* in a start line or the fields */
  PHASE_BODY,
  PHASE_TRAILERS, /* behind the last chunk's size line */
  PHASE_INTERIM,  /* an interim response is over */
  PHASE_END,
  PHASE_BROKEN,
};

struct weir__h1_reader {
  llhttp_t parser;
  weir__mem *mem;
  const weir__h1_limits *limits;
  const weir__h1_events *events;
  void *owner;
  enum weir__h1_kind kind : 8;
  enum phase phase : 8;
  int error; /* what a callback wants feed to return */

  const char *method; /* what a response answers */
  const char *upgrade;

  weir_head *head; /* head or trailers under construction */
  char *text;      /* the string that grows: method, target, reason, name */
  size_t text_len;
  char *value;
  size_t value_len;
  weir__h1_lines lines;
  uint32_t interims;
  uint8_t blanks;
  bool in_arena; /* llhttp reads in the arena of `head` */

  const char *fed;          /* where the bytes begin that llhttp is reading */
  uint64_t before, payload; /* bytes of the body before those: all, and without framing */
  uint64_t chunks;
};

static weir__h1_reader *reader_of(llhttp_t *parser) { return parser->data; }

/* Keeps the code for feed; what llhttp is told only has to stop it. */
static int stop(weir__h1_reader *r, int code) {
  r->error = code;
  return HPE_USER;
}

/* The string gets longer. Where llhttp reads in the arena it need not be copied there. */
static int grow(weir__h1_reader *r, char **str, size_t *len, const char *at, size_t n) {
  if (!n) return 0;
  if (r->in_arena && (!*str || *str + *len == at)) {
    if (!*str) *str = (char *)at;
    *len += n;
    return 0;
  }
  int rc = weir__arena_append(&r->head->arena, str, len, weir__slice_of(at, n));
  return rc ? stop(r, rc) : 0;
}

/* ---- the start line ---- */

static int on_url(llhttp_t *p, const char *at, size_t n) {
  weir__h1_reader *r = reader_of(p);
  if (r->text_len + n > r->limits->target_bytes) return stop(r, WEIR_ETARGETSIZE);
  return grow(r, &r->text, &r->text_len, at, n);
}

static int on_url_complete(llhttp_t *p) {
  weir__h1_reader *r = reader_of(p);
  r->head->target = r->text ? r->text : "";
  r->text = NULL, r->text_len = 0;
  return 0;
}

static int on_status(llhttp_t *p, const char *at, size_t n) {
  weir__h1_reader *r = reader_of(p);
  return grow(r, &r->text, &r->text_len, at, n);
}

static int on_status_complete(llhttp_t *p) {
  weir__h1_reader *r = reader_of(p);
  weir__slice reason = weir__slice_trim(weir__slice_of(r->text ? r->text : "", r->text_len));
  if (r->text) r->text[reason.ptr - r->text + (ptrdiff_t)reason.len] = '\0';
  r->head->reason = reason.ptr;
  r->text = NULL, r->text_len = 0;
  return weir__is_field_value(reason) ? 0 : stop(r, WEIR_EMESSAGE);
}

/* ---- fields, of heads and of trailers ---- */

static int on_header_field(llhttp_t *p, const char *at, size_t n) {
  weir__h1_reader *r = reader_of(p);
  if (!r->head) r->head = weir__head_new(r->mem, r->kind == WEIR__H1_REQUEST); /* trailers */
  if (!r->head) return stop(r, WEIR_ENOMEM);
  return grow(r, &r->text, &r->text_len, at, n);
}

static int on_header_value(llhttp_t *p, const char *at, size_t n) {
  weir__h1_reader *r = reader_of(p);
  return grow(r, &r->value, &r->value_len, at, n);
}

static int on_header_value_complete(llhttp_t *p) {
  weir__h1_reader *r = reader_of(p);
  weir__slice name = weir__slice_of(r->text, r->text_len);
  weir__slice value = weir__slice_trim(weir__slice_of(r->value ? r->value : "", r->value_len));
  if (r->head->count >= r->limits->head_fields) return stop(r, WEIR_EHEADSIZE);
  if (!weir__is_token(name) || !weir__is_field_value(value)) return stop(r, WEIR_EMESSAGE);
  r->text[r->text_len] = '\0'; /* in the arena itself: llhttp has passed it by */
  if (r->value) r->value[value.ptr - r->value + (ptrdiff_t)value.len] = '\0';
  int rc = weir__head_link(r->head, name, value);
  r->text = r->value = NULL, r->text_len = r->value_len = 0;
  return rc ? stop(r, rc) : 0;
}

/* ---- the end of a head ---- */

static int report_interim(weir__h1_reader *r) {
  if (++r->interims > r->limits->interim_max) return stop(r, WEIR_EINTERIM);
  int rc = r->events->on_interim(r->owner, r->head);
  weir__head_free(r->head);
  r->head = NULL;
  r->phase = PHASE_INTERIM;
  return rc ? stop(r, rc) : 1;
}

/* What on_headers_complete answers: 0 a body follows as llhttp sees it, 1 none, 2 no HTTP
 * follows. */
static int after_head(const weir_head *head, enum weir__h1_kind kind) {
  if (head->framing == WEIR__FRAMING_TUNNEL) return 2;
  return kind == WEIR__H1_RESPONSE && head->framing == WEIR__FRAMING_NONE;
}

/* llhttp frames what follows, so it must have understood what the check did: it takes "chunked"
 * with a tab behind it for no chunks. */
static bool agrees(const llhttp_t *p, const weir_head *head) {
  bool chunked = p->flags & F_CHUNKED, length = p->flags & F_CONTENT_LENGTH;
  switch (head->framing) {
  case WEIR__FRAMING_CHUNKED: return chunked && !length;
  case WEIR__FRAMING_LENGTH: return !chunked && length && p->content_length == head->length;
  case WEIR__FRAMING_CLOSE: return !chunked && !length;
  case WEIR__FRAMING_NONE: return !head->request || (!chunked && !length);
  case WEIR__FRAMING_TUNNEL: return true;
  }
  return false;
}

static int on_headers_complete(llhttp_t *p) {
  weir__h1_reader *r = reader_of(p);
  weir_head *head = r->head;
  if (p->http_major != 1 || p->http_minor > 1) return stop(r, WEIR_EVERSION);
  head->minor = p->http_minor;
  head->status = r->kind == WEIR__H1_RESPONSE ? p->status_code : 0;
  int rc = r->kind == WEIR__H1_REQUEST ? weir__h1_check_request(head)
                                       : weir__h1_check_response(head, r->method, r->upgrade);
  if (rc == 0 && !agrees(p, head)) rc = WEIR_EFRAMING;
  if (rc) return stop(r, rc);
  if (head->status >= 100 && head->status < 200 && head->status != 101) return report_interim(r);
  int next = after_head(head, r->kind);
  r->phase = PHASE_BODY;
  r->head = NULL; /* the owner's from here */
  rc = r->events->on_head(r->owner, head);
  return rc ? stop(r, rc) : next;
}

/* ---- body and end ---- */

/* Chunk framing is paid for by what it frames: extensions, leading zeros and one-byte chunks cannot
 * be sent for ever without body. Looked at when a chunk's data begins, and when the bytes at hand
 * are used up, so that no cut makes a difference. */
static bool overspent(const weir__h1_reader *r, uint64_t read, uint64_t chunks) {
  return read - r->payload > OVERHEAD_FREE + OVERHEAD_CHUNK * chunks;
}

static int on_body(llhttp_t *p, const char *at, size_t n) {
  weir__h1_reader *r = reader_of(p);
  if (overspent(r, r->before + (uint64_t)(at - r->fed), r->chunks)) return stop(r, WEIR_EOVERHEAD);
  r->payload += n;
  int rc = r->events->on_body(r->owner, weir__slice_of(at, n));
  return rc ? stop(r, rc) : 0;
}

/* llhttp lets DEL pass in quotes. */
static int on_extension(llhttp_t *p, const char *at, size_t n) {
  return weir__is_field_value(weir__slice_of(at, n)) ? 0 : stop(reader_of(p), WEIR_EMESSAGE);
}

/* Pauses before the trailer section, so that its lines pass through feed_section(). */
static int on_chunk_header(llhttp_t *p) {
  weir__h1_reader *r = reader_of(p);
  if (p->content_length) return r->chunks++, 0;
  r->phase = PHASE_TRAILERS;
  weir__h1_lines_begin_trailers(&r->lines);
  return HPE_PAUSED;
}

static int on_message_complete(llhttp_t *p) {
  weir__h1_reader *r = reader_of(p);
  if (r->phase == PHASE_INTERIM) return HPE_PAUSED;
  r->phase = PHASE_END;
  int rc = r->events->on_end(r->owner, r->head);
  weir__head_free(r->head);
  r->head = NULL;
  return rc ? stop(r, rc) : HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_url_complete = on_url_complete,
    .on_status = on_status,
    .on_status_complete = on_status_complete,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_header_value_complete = on_header_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_chunk_header = on_chunk_header,
    .on_chunk_extension_name = on_extension,
    .on_chunk_extension_value = on_extension,
    .on_message_complete = on_message_complete,
};

/* ---- feeding ---- */

/* llhttp blames the version for a bad line end behind it, too. */
static int error_of(const llhttp_t *p, llhttp_errno_t err) {
  bool other =
      p->http_major > 1 || (p->http_major == 1 && p->http_minor > 1); /* 0: none was read */
  if (err == HPE_INVALID_VERSION && other) return WEIR_EVERSION;
  bool framing = err == HPE_INVALID_CONTENT_LENGTH || err == HPE_UNEXPECTED_CONTENT_LENGTH ||
                 err == HPE_INVALID_TRANSFER_ENCODING;
  return framing ? WEIR_EFRAMING : WEIR_EMESSAGE;
}

/* Runs llhttp over `bytes`, adds what it used to `*used`. A pause is where a callback wanted one:
 * at the last chunk, or at the end of a message. */
static int execute(weir__h1_reader *r, weir__slice bytes, size_t *used) {
  r->fed = bytes.ptr;
  llhttp_errno_t err = llhttp_execute(&r->parser, bytes.ptr, bytes.len);
  *used += err == HPE_OK ? bytes.len : (size_t)(llhttp_get_error_pos(&r->parser) - bytes.ptr);
  if (r->error) return r->error;
  if (err == HPE_PAUSED) llhttp_resume(&r->parser);
  if (err == HPE_OK || err == HPE_PAUSED || err == HPE_PAUSED_UPGRADE)
    return r->phase == PHASE_END ? WEIR__H1_END : 0;
  return error_of(&r->parser, err);
}

/* llhttp tells of a target when the piece at hand ends, or not at all if it finds fault with a later
 * byte. So no piece reaches further than the first byte too many: what is wrong first counts, however
 * the line is cut. */
static size_t room_of(const weir__h1_reader *r) {
  size_t room = r->limits->head_bytes - r->lines.section;
  size_t target = r->limits->target_bytes + 1 - r->text_len;
  assert(room > 0); /* the options allow no head shorter than a method */
  return r->lines.start_line && r->lines.request && target < room ? target : room;
}

/* Whole lines of fields move to the arena as they are, and names and values point into them. */
static int execute_lines(weir__h1_reader *r, weir__slice lines, size_t *used) {
  const char *copy = weir__arena_copy(&r->head->arena, lines);
  if (!copy) return WEIR_ENOMEM;
  r->in_arena = true;
  int rc = execute(r, weir__slice_of(copy, lines.len), used);
  r->in_arena = false;
  return rc;
}

/* A head or trailer section, piece by piece: no more bytes than the limit, whatever they are. */
static int feed_section(weir__h1_reader *r, weir__slice bytes, size_t *used) {
  enum phase phase = r->phase;
  size_t begun = *used;
  bytes.len = weir__h1_lines_next(&r->lines, bytes, room_of(r));
  if (!bytes.len) return WEIR_EMESSAGE;
  bool whole = r->head && weir__h1_lines_whole(&r->lines, bytes);
  int rc = whole ? execute_lines(r, bytes, used) : execute(r, bytes, used);
  if (!weir__h1_lines_pass(&r->lines, bytes, *used - begun)) return WEIR_EMESSAGE;
  bool full = r->lines.section >= r->limits->head_bytes;
  return rc == 0 && r->phase == phase && full ? WEIR_EHEADSIZE : rc;
}

static int feed_body(weir__h1_reader *r, weir__slice bytes, size_t *used) {
  size_t begun = *used;
  int rc = execute(r, bytes, used);
  r->before += *used - begun;
  return rc <= 0 && !r->error && overspent(r, r->before, r->chunks + 1) ? WEIR_EOVERHEAD : rc;
}

/* A new message: all counters begin again, except that of interim responses. */
static int begin(weir__h1_reader *r) {
  r->head = weir__head_new(r->mem, r->kind == WEIR__H1_REQUEST);
  if (!r->head) return WEIR_ENOMEM;
  llhttp_reset(&r->parser);
  r->text = r->value = NULL;
  r->text_len = r->value_len = 0;
  weir__h1_lines_begin_head(&r->lines, r->kind == WEIR__H1_REQUEST);
  r->before = r->chunks = r->payload = 0;
  return 0;
}

/* Empty lines before a request line are forgiven, a few (RFC 9112, 2.2). */
static int skip_blank(weir__h1_reader *r, char c) {
  if (++r->blanks > BLANKS_MAX || c != (r->lines.awaits_lf ? '\n' : '\r')) return WEIR_EMESSAGE;
  r->lines.awaits_lf = !r->lines.awaits_lf;
  return 0;
}

/* llhttp knows a closed list of methods, HTTP any token (RFC 9110, 9.1). Only CONNECT changes how a
 * request is framed, so the token is read here and llhttp sees one of two. The other one is PUT,
 * because behind GET and POST it would read RTSP too. */
static int end_method(weir__h1_reader *r) {
  bool connect = strcmp(r->text, "CONNECT") == 0;
  const char *known = connect ? "CONNECT " : "PUT ";
  r->head->method = r->text;
  r->text = NULL, r->text_len = 0;
  r->phase = PHASE_HEAD;
  r->lines.section = strlen(r->head->method) + 1;
  return llhttp_execute(&r->parser, known, strlen(known)) == HPE_OK ? 0 : WEIR_EMESSAGE;
}

static int add_to_method(weir__h1_reader *r, weir__slice piece, size_t *used) {
  *used += piece.len;
  if (r->text_len + piece.len > METHOD_MAX || !weir__is_token(piece)) return WEIR_EMESSAGE;
  return weir__arena_append(&r->head->arena, &r->text, &r->text_len, piece);
}

static int feed_method(weir__h1_reader *r, weir__slice bytes, size_t *used) {
  char c = bytes.ptr[0];
  if (!r->head && (c == '\r' || c == '\n' || r->lines.awaits_lf))
    return *used += 1, skip_blank(r, c);
  int rc = r->head ? 0 : begin(r);
  if (rc) return rc;
  const char *space = memchr(bytes.ptr, ' ', bytes.len <= METHOD_MAX ? bytes.len : METHOD_MAX + 1);
  if (space == bytes.ptr && r->text) return *used += 1, end_method(r);
  if (space) bytes.len = (size_t)(space - bytes.ptr);
  return add_to_method(r, bytes, used);
}

static int feed_start(weir__h1_reader *r, weir__slice bytes, size_t *used) {
  if (r->kind == WEIR__H1_REQUEST) return feed_method(r, bytes, used);
  if (bytes.ptr[0] != 'H') return WEIR_EMESSAGE; /* llhttp skips empty lines, and 9.3 reads RTSP */
  int rc = begin(r);
  if (rc) return rc;
  r->phase = PHASE_HEAD;
  return feed_section(r, bytes, used);
}

static int step(weir__h1_reader *r, weir__slice bytes, size_t *used) {
  switch (r->phase) {
  case PHASE_END:
    r->interims = 0;
    r->blanks = 0;
    /* fall through */
  case PHASE_INTERIM: r->phase = PHASE_START; return 0;
  case PHASE_START: return feed_start(r, bytes, used);
  case PHASE_HEAD:
  case PHASE_TRAILERS: return feed_section(r, bytes, used);
  case PHASE_BODY: return feed_body(r, bytes, used);
  case PHASE_BROKEN: return r->error;
  }
  return WEIR_ESTATE;
}

int weir__h1_feed(weir__h1_reader *r, weir__slice bytes, size_t *used) {
  size_t done = 0;
  int rc = 0;
  while (rc == 0 && done < bytes.len)
    rc = step(r, weir__slice_of(bytes.ptr + done, bytes.len - done), &done);
  if (rc < 0 || r->error) r->phase = PHASE_BROKEN, r->error = rc;
  *used = done;
  return rc;
}

int weir__h1_finish(weir__h1_reader *r) {
  if (r->phase == PHASE_BROKEN) return r->error;
  if (!weir__h1_inside(r)) return 0;
  if (r->phase == PHASE_BODY) llhttp_finish(&r->parser);
  if (r->error) return r->phase = PHASE_BROKEN, r->error;
  return r->phase == PHASE_END ? WEIR__H1_END : WEIR_ETRUNCATED;
}

bool weir__h1_inside(const weir__h1_reader *r) {
  switch (r->phase) {
  case PHASE_START: return r->head != NULL;
  case PHASE_HEAD:
  case PHASE_BODY:
  case PHASE_TRAILERS:
  case PHASE_INTERIM: return true;
  case PHASE_END:
  case PHASE_BROKEN: return false;
  }
  return false;
}

/* ---- making one ---- */

weir__h1_reader *weir__h1_new(weir__mem *mem, enum weir__h1_kind kind,
                              const weir__h1_limits *limits, const weir__h1_events *events,
                              void *owner) {
  weir__h1_reader *r = weir__mem_new(mem, sizeof *r);
  if (!r) return NULL;
  llhttp_init(&r->parser, kind == WEIR__H1_REQUEST ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
  r->parser.data = r;
  r->mem = mem;
  r->kind = kind;
  r->limits = limits;
  r->method = "GET";
  weir__h1_renew(r, events, owner);
  return r;
}

void weir__h1_renew(weir__h1_reader *r, const weir__h1_events *events, void *owner) {
  weir__head_free(r->head);
  r->head = NULL;
  r->error = 0;
  r->lines.awaits_lf = false;
  r->phase = PHASE_END; /* the step from there to the next message resets the rest */
  r->events = events;
  r->owner = owner;
}

void weir__h1_free(weir__h1_reader *r) {
  if (!r) return;
  weir__head_free(r->head);
  weir__mem_free(r->mem, r);
}

void weir__h1_expect(weir__h1_reader *r, const char *method, const char *upgrade) {
  bool matters = strcmp(method, "HEAD") == 0 || strcmp(method, "CONNECT") == 0;
  r->method = !matters           ? "GET"
              : method[0] == 'H' ? "HEAD"
                                 : "CONNECT"; /* static: outlives the head */
  r->upgrade = upgrade;
}

size_t weir__h1_size(void) { return sizeof(weir__h1_reader); }

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

const char *weir_llhttp_version(void) {
  return TEXT(LLHTTP_VERSION_MAJOR) "." TEXT(LLHTTP_VERSION_MINOR) "." TEXT(LLHTTP_VERSION_PATCH);
}
