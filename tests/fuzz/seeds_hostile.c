/* Seeds of all targets that read messages, out of the tables of tests/hostile: each row as a
 * message for the readers and `forward`, and as a script for `exchange`. It knows no row by name,
 * and not what should come of it. Files go to $WEIR_SEEDS/TARGET/. */
#include "fuzz/seeds_h1.h"
#include "hostile/tables.h"

static const char settings_any[7] = {0, 0, 7}, settings_tunnels[7] = {0x40, 0, 7};

static int row_number; /* of all tables; in the names of files */

/* The caller frees it. Of the bytes that may stand for @, the first does. */
static char *expand(const hostile_input *in, hostile_bytes each, size_t *len) {
  FILE *out;
  char *bytes = NULL;
  if (!(out = open_memstream(&bytes, len))) abort();
  fwrite(in->text.ptr, 1, in->text.len, out);
  for (size_t i = 0; i < in->times; i++) fwrite(in->fill.ptr, 1, in->fill.len, out);
  fwrite(in->after.ptr, 1, in->after.len, out);
  if (fclose(out)) abort();
  for (size_t i = 0; i < *len && each.len; i++)
    if (bytes[i] == '@') bytes[i] = each.ptr[0];
  return bytes;
}

/* The options that a row sets tell which limit it is about. */
static weir__h1_limits limits_of(void (*arrange)(fixture *f)) {
  fixture f = {0};
  if (arrange) arrange(&f);
  const weir_options *o = &f.options;
  return (weir__h1_limits){.head_bytes = o->head_bytes ? o->head_bytes : h1_limits.head_bytes,
                           .head_fields = o->head_fields ? o->head_fields : h1_limits.head_fields,
                           .target_bytes = o->target_bytes ? o->target_bytes : 1024,
                           .interim_max = 3};
}

static seed_part str_part(const char *text) { return (seed_part){text, text ? strlen(text) : 0}; }

/* ---- requests ---- */

static void write_request(const hostile_request *row) {
  weir__h1_limits limits = limits_of(row->arrange);
  hostile_bytes answer = row->answer;
  if (!answer.len) answer = (hostile_bytes)BYTES("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  h1_case c = {.line = row_number++, .fin = row->fin, .limits = &limits};
  char *bytes = expand(&row->bytes, row->each, &c.len);
  c.input = bytes;
  seed_message(&c, WEIR__H1_REQUEST);
  seed_write("exchange", c.line,
             (seed_part[]){{settings_any, 7},
                           {"C", 1},
                           {bytes, c.len},
                           str_part(row->fin ? "\n%f\n%O" : "\n%O"),
                           {answer.ptr, answer.len}},
             5);
  free(bytes);
}

/* ---- responses ---- */

static const char *method_of(const char *ask) {
  if (strncmp(ask, "HEAD", 4) == 0) return "HEAD";
  return strncmp(ask, "CONNECT", 7) == 0 ? "CONNECT" : "GET";
}

static const char *ending(enum hostile_then then) {
  return then == THEN_FIN ? "\n%F" : then == THEN_RESETS ? "\n%R" : "";
}

static void write_story(const hostile_response *row, const char *ask, const h1_case *c) {
  bool tunnels = strcmp(c->method, "CONNECT") == 0;
  seed_write("exchange", c->line,
             (seed_part[]){{tunnels ? settings_tunnels : settings_any, 7},
                           {"C", 1},
                           str_part(ask),
                           {"\n%O", 3},
                           {c->input, c->len},
                           str_part(ending(row->then)),
                           str_part(row->after ? "\n%C" : NULL),
                           str_part(row->after),
                           str_part(row->late.len ? "\n%O" : NULL),
                           {row->late.ptr, row->late.len}},
             10);
}

static void write_response(const hostile_response *row) {
  weir__h1_limits limits = limits_of(row->arrange);
  const char *ask = row->ask ? row->ask : GET;
  h1_case c = {.line = row_number++, .fin = row->then == THEN_FIN, .limits = &limits};
  c.method = method_of(ask);
  c.upgrade = strstr(ask, "\r\nUpgrade: ") ? "websocket" : NULL;
  char *bytes = expand(&row->bytes, (hostile_bytes){0}, &c.len);
  c.input = bytes;
  seed_message(&c, WEIR__H1_RESPONSE);
  write_story(row, ask, &c);
  free(bytes);
}

int main(void) {
#define WRITE(name) \
  for (size_t i = 0; i < name##_count; i++) write_request(&name[i]);
  HOSTILE_REQUEST_TABLES(WRITE)
#undef WRITE
#define WRITE(name) \
  for (size_t i = 0; i < name##_count; i++) write_response(&name[i]);
  HOSTILE_RESPONSE_TABLES(WRITE)
#undef WRITE
  return 0;
}
