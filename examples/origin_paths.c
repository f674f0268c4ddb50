/* What each path answers, in the order of the table at the end.
 * It never knows how bytes reach the client or when a socket has room.
 * What a path remembers between two pieces it attaches to the connection, which owns it. */
#include "origin_paths.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sha1.h"

#define COUNT_MAX 1000000000u
#define INTERVAL_MAX_MS 3600000u
#define PIECE_MAX 65536u
#define BULK_MAX ((uint64_t)64 << 30)
#define BULK_PERIOD 251 /* prime, so that a lost block of any usual size shows */

/* Every piece is built here, and sent before the next one is. */
static char piece[PIECE_MAX + 256];

static const struct pace usual_pace = {.count = 16, .interval_ms = 50};

/* ---- what the paths share ---- */

/* False: the parameter is no good, and the client has been told so. */
static bool read_number(conn *c, const char *key, uint64_t max, uint64_t *value) {
  if (request_number(&c->request, key, max, value)) return true;
  send_line(c, 400, "The parameter %s wants a whole number from 0 to %" PRIu64 ".", key, max);
  return false;
}

bool path_read_pace(conn *c, struct pace *pace) {
  return read_number(c, "n", COUNT_MAX, &pace->count) &&
         read_number(c, "interval_ms", INTERVAL_MAX_MS, &pace->interval_ms) &&
         read_number(c, "size", PIECE_MAX, &pace->size);
}

const char *path_word(uint64_t number) {
  static const char *const words[] = {
      "A",    "weir",  "is",       "a",     "low",   "dam:", "whatever", "reaches",
      "it",   "flows", "straight", "over.", "So",    "does", "this",     "answer:",
      "word", "by",    "word,",    "each",  "one",   "the",  "moment",   "it",
      "was",  "said,", "and",      "none",  "waits", "for",  "the",      "next."};
  return words[number % (sizeof words / sizeof words[0])];
}

/* Puts `head` and `tail` around as much padding as `size` still asks for. */
static size_t build_piece(const char *head, char padding, uint64_t size, const char *tail) {
  size_t head_length = strlen(head), tail_length = strlen(tail), pad = 0;
  if (size > head_length + tail_length) pad = (size_t)size - head_length - tail_length;
  memcpy(piece, head, head_length);
  memset(piece + head_length, padding, pad);
  memcpy(piece + head_length + pad, tail, tail_length);
  return head_length + pad + tail_length;
}

static uint64_t unix_micros(void) {
  uv_timeval64_t now;
  uv_gettimeofday(&now);
  return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_usec;
}

static void send_word(conn *c, uint64_t number) {
  send_body(c, piece, build_piece(path_word(number), '.', c->pace.size, " "));
}

static void send_event(conn *c, uint64_t number) {
  char head[128];
  snprintf(head, sizeof head,
           "id: %" PRIu64 "\ndata: {\"n\":%" PRIu64 ",\"t\":%" PRIu64 ",\"pad\":\"", number, number,
           unix_micros());
  send_body(c, piece, build_piece(head, 'x', c->pace.size, "\"}\n\n"));
}

static void send_json_line(conn *c, uint64_t number) {
  char head[96];
  snprintf(head, sizeof head, "{\"n\":%" PRIu64 ",\"t\":%" PRIu64 ",\"pad\":\"", number,
           unix_micros());
  send_body(c, piece, build_piece(head, 'x', c->pace.size, "\"}\n"));
}

static void begin_stream(conn *c, const char *type, const char *fields) {
  send_head(
      c, &(struct head){.status = 200, .framing = FRAME_CHUNKED, .type = type, .fields = fields});
}

/* ---- streams ---- */

static const char event_stream[] = "text/event-stream";
static const char no_cache[] = "Cache-Control: no-cache\r\n";

static void answer_sse(conn *c) {
  struct pace pace = usual_pace;
  pace.piece = send_event;
  if (!path_read_pace(c, &pace)) return;
  if (pace.count == 0) pace.count = UINT64_MAX;
  begin_stream(c, event_stream, no_cache);
  send_paced(c, &pace);
}

/* No pace follows, so nothing but the client ends this. */
static void answer_hold(conn *c) {
  begin_stream(c, event_stream, no_cache);
  send_event(c, 0);
  if (c->bodiless) send_end(c);
}

static void print_session(conn *c, char *line, size_t room) {
  static unsigned made_up;
  const char *session = request_field(&c->request, "X-Session-ID");
  if (session != NULL)
    snprintf(line, room, "X-Session-ID: %s\r\n", session);
  else
    snprintf(line, room, "X-Session-ID: session-%06u\r\n", ++made_up);
}

static void answer_text(conn *c) {
  char fields[256];
  struct pace pace = usual_pace;
  pace.piece = send_word;
  const char *session = request_field(&c->request, "X-Session-ID");
  if (session != NULL && strlen(session) > 200) {
    send_line(c, 400, "The field X-Session-ID may have 200 bytes.");
    return;
  }
  if (!path_read_pace(c, &pace)) return;
  print_session(c, fields, sizeof fields);
  begin_stream(c, "text/plain; charset=utf-8", fields);
  send_paced(c, &pace);
}

static void answer_ndjson(conn *c) {
  struct pace pace = usual_pace;
  pace.piece = send_json_line;
  if (!path_read_pace(c, &pace)) return;
  begin_stream(c, "application/x-ndjson", NULL);
  send_paced(c, &pace);
}

/* The end of this body is the end of the connection. */
static void answer_close(conn *c) {
  struct pace pace = usual_pace;
  pace.piece = send_word;
  if (!path_read_pace(c, &pace)) return;
  send_head(c, &(struct head){.status = 200, .framing = FRAME_UNTIL_CLOSE, .type = "text/plain"});
  send_paced(c, &pace);
}

/* ---- a stream that ends badly, and one that ends with a trailer ---- */

/* The cut takes the place of one more word, an interval after the last: a reset also destroys what
 * the client's kernel still holds. */
static void send_word_or_fin(conn *c, uint64_t number) {
  if (number + 1 < c->pace.count)
    send_word(c, number);
  else
    conn_finish(c);
}

static void send_word_or_rst(conn *c, uint64_t number) {
  if (number + 1 < c->pace.count)
    send_word(c, number);
  else
    conn_reset(c);
}

static void answer_cut(conn *c) {
  size_t length = 3;
  struct pace pace = usual_pace;
  const char *how = request_query(&c->request, "how", &length);
  bool fin = how == NULL || (length == 3 && strncmp(how, "fin", 3) == 0);
  if (!path_read_pace(c, &pace)) return;
  if (!fin && (length != 3 || strncmp(how, "rst", 3) != 0)) {
    send_line(c, 400, "The parameter how is fin or rst.");
    return;
  }
  pace.count++;
  pace.piece = fin ? send_word_or_fin : send_word_or_rst;
  begin_stream(c, "text/plain", NULL);
  send_paced(c, &pace);
}

/* FNV-1a, 64 bits. */
static void send_summed_word(conn *c, uint64_t number) {
  uint64_t *sum = c->own;
  size_t length = build_piece(path_word(number), '.', c->pace.size, " ");
  for (size_t i = 0; i < length; i++) *sum = (*sum ^ (unsigned char)piece[i]) * 0x100000001b3u;
  send_body(c, piece, length);
}

static void send_checksum(conn *c) {
  char line[64];
  snprintf(line, sizeof line, "X-Checksum: %016" PRIx64 "\r\n", *(uint64_t *)c->own);
  send_end_with_trailers(c, line);
}

static void answer_trailers(conn *c) {
  struct pace pace = usual_pace;
  pace.piece = send_summed_word;
  pace.last = send_checksum;
  if (!path_read_pace(c, &pace)) return;
  uint64_t *sum = conn_attach(c, sizeof *sum);
  if (sum == NULL) return;
  *sum = 0xcbf29ce484222325u;
  begin_stream(c, "text/plain", "Trailer: X-Checksum\r\n");
  send_paced(c, &pace);
}

/* ---- bytes ---- */

static void answer_hello(conn *c) {
  send_whole(c, &(struct head){.status = 200, .type = "text/plain"}, "Hello, world\n", 13);
}

/* Byte i of the whole body is i % BULK_PERIOD, whatever the size of the pieces. */
static char pattern[PIECE_MAX + BULK_PERIOD];

static void send_bulk(conn *c, uint64_t number) {
  uint64_t bytes = *(uint64_t *)c->own, offset = number * c->pace.size;
  uint64_t length = bytes - offset < c->pace.size ? bytes - offset : c->pace.size;
  send_body(c, pattern + offset % BULK_PERIOD, (size_t)length);
}

static void answer_bulk(conn *c) {
  struct pace pace = {.size = PIECE_MAX, .piece = send_bulk};
  uint64_t bytes = (uint64_t)1 << 30, chunked = 0;
  if (!read_number(c, "bytes", BULK_MAX, &bytes) || !read_number(c, "chunked", 1, &chunked)) return;
  if (!path_read_pace(c, &pace)) return;
  uint64_t *own = conn_attach(c, sizeof *own);
  if (own == NULL) return;
  *own = bytes;
  if (pace.size == 0) pace.size = PIECE_MAX;
  pace.count = (bytes + pace.size - 1) / pace.size;
  for (size_t i = 0; i < sizeof pattern; i++) pattern[i] = (char)(i % BULK_PERIOD);
  struct head head = {.status = 200, .length = bytes, .type = "application/octet-stream"};
  head.framing = chunked ? FRAME_CHUNKED : FRAME_LENGTH;
  send_head(c, &head);
  send_paced(c, &pace);
}

/* Only the head: the connection sends the body back, as path_body_use() asks. */
static void answer_echo(conn *c) {
  const struct request *r = &c->request;
  const char *type = request_field(r, "Content-Type");
  struct head head = {.status = 200, .framing = FRAME_LENGTH, .length = r->length};
  head.type = type != NULL ? type : "application/octet-stream";
  if (r->chunked) head.framing = FRAME_CHUNKED;
  send_head(c, &head);
}

/* ---- statuses and fields ---- */

static void answer_status(conn *c) {
  size_t length;
  const char *digits = request_path(&c->request, &length) + strlen("/status/");
  int status = length == strlen("/status/") + 3 ? atoi(digits) : 0;
  if (status < 200 || status > 599) {
    send_line(c, 400, "The path is /status/200 to /status/599; for an interim one ask for /early.");
    return;
  }
  send_line(c, status, "status %d", status);
}

static void send_early(conn *c, uint64_t number) {
  static const char hints[] = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n";
  if (number == 1)
    send_line(c, 200, "This came after an early hint.");
  else if (c->request.minor > 0)
    send_raw(c, hints, sizeof hints - 1);
}

static void answer_early(conn *c) {
  struct pace pace = usual_pace;
  if (!path_read_pace(c, &pace)) return;
  pace.count = 2;
  pace.piece = send_early;
  send_paced(c, &pace);
}

static bool add_fields(struct text *json, const struct request *request) {
  const char *name = NULL, *value = NULL, *separator = "";
  bool ok = true;
  request_next_field(request, &name, &value);
  for (; ok && name != NULL; request_next_field(request, &name, &value)) {
    ok = text_addf(json, "%s\n  [", separator) && text_add_json(json, name) &&
         text_add(json, ", ", 2) && text_add_json(json, value) && text_add(json, "]", 1);
    separator = ",";
  }
  return ok;
}

static void answer_headers(conn *c) {
  struct text json = {0};
  const struct request *r = &c->request;
  bool ok = text_addf(&json, "{\"method\": \"%s\", \"version\": \"1.%d\", \"target\": ", r->method,
                      r->minor) &&
            text_add_json(&json, r->text.at) && text_addf(&json, ", \"fields\": [") &&
            add_fields(&json, r) && text_addf(&json, "\n]}\n");
  const struct head head = {.status = 200, .type = "application/json"};
  if (ok)
    send_whole(c, &head, json.at, json.length);
  else
    conn_close(c);
  text_free(&json);
}

static void refuse_upgrade(conn *c) {
  struct head head = {.status = 426, .type = "text/plain"};
  head.fields = "Upgrade: websocket\r\nConnection: upgrade\r\n";
  send_whole(c, &head, "This path asks for Upgrade: websocket.\n", 39);
}

static void answer_ws(conn *c) {
  char accept[29], answer[160];
  const char *upgrade = request_field(&c->request, "Upgrade");
  const char *key = request_field(&c->request, "Sec-WebSocket-Key");
  if (!c->request.upgrade || c->request.minor == 0 || strcasecmp(upgrade, "websocket") != 0) {
    refuse_upgrade(c);
    return;
  }
  if (key == NULL || strlen(key) != 24) {
    send_line(c, 400, "The field Sec-WebSocket-Key wants 24 characters.");
    return;
  }
  websocket_accept(key, accept);
  int length = snprintf(answer, sizeof answer,
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                        accept);
  send_raw(c, answer, (size_t)length);
  conn_tunnel(c);
}

/* ---- the table ---- */

struct path {
  const char *name;    /* ending in '/', it is a prefix */
  const char *methods; /* NULL: any */
  enum body_use body;
  void (*answer)(conn *c);
};

static const struct path paths[] = {
    {"/v1/chat/completions", "POST", BODY_KEEP, path_chat},
    {"/sse", "GET, HEAD", BODY_DROP, answer_sse},
    {"/text", "GET, HEAD, POST", BODY_DROP, answer_text},
    {"/ndjson", "GET, HEAD", BODY_DROP, answer_ndjson},
    {"/hold", "GET, HEAD", BODY_DROP, answer_hold},
    {"/hello", "GET, HEAD", BODY_DROP, answer_hello},
    {"/bulk", "GET, HEAD", BODY_DROP, answer_bulk},
    {"/echo", "POST, PUT", BODY_ECHO, answer_echo},
    {"/status/", NULL, BODY_DROP, answer_status},
    {"/early", "GET, HEAD", BODY_DROP, answer_early},
    {"/trailers", "GET, HEAD", BODY_DROP, answer_trailers},
    {"/headers", NULL, BODY_DROP, answer_headers},
    {"*", "OPTIONS", BODY_DROP, answer_headers},
    {"/cut", "GET, HEAD", BODY_DROP, answer_cut},
    {"/close", "GET, HEAD", BODY_DROP, answer_close},
    {"/ws", "GET", BODY_DROP, answer_ws},
};

static bool names(const struct path *path, const char *p, size_t length) {
  size_t name_length = strlen(path->name);
  bool prefix = name_length > 1 && path->name[name_length - 1] == '/';
  return (prefix ? length >= name_length : length == name_length) &&
         memcmp(p, path->name, name_length) == 0;
}

static const struct path *find_path(const struct request *request) {
  size_t length;
  const char *p = request_path(request, &length);
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
    if (names(&paths[i], p, length)) return &paths[i];
  }
  return NULL;
}

enum body_use path_body_use(const struct request *request) {
  const struct path *path = find_path(request);
  return path != NULL ? path->body : BODY_DROP;
}

/* RFC 9112, section 3.2. */
static bool names_one_host(const struct request *request) {
  const char *name = NULL, *value = NULL;
  int hosts = 0;
  request_next_field(request, &name, &value);
  for (; name != NULL; request_next_field(request, &name, &value)) {
    hosts += strcasecmp(name, "Host") == 0;
  }
  return hosts == 1 || (hosts == 0 && request->minor == 0);
}

static void refuse_method(conn *c, const struct path *path) {
  char allow[64];
  snprintf(allow, sizeof allow, "Allow: %s\r\n", path->methods);
  const struct head head = {.status = 405, .type = "text/plain", .fields = allow};
  send_whole(c, &head, "This path has another method.\n", 30);
}

/* No name of a method is part of another one that a path allows, so strstr() compares well. */
void path_answer(conn *c) {
  const struct path *path = find_path(&c->request);
  if (!names_one_host(&c->request)) {
    send_line(c, 400, "An HTTP/1.1 request has exactly one Host field.");
  } else if (path == NULL) {
    send_line(c, 404, "There is no such path; `weir-origin --help` lists them.");
  } else if (path->methods != NULL && strstr(path->methods, c->request.method) == NULL) {
    refuse_method(c, path);
  } else {
    path->answer(c);
  }
}
