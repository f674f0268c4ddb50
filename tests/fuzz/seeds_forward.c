/* Seeds of the target `forward`: each field name that the library knows, passed on, named in
 * Connection, and both, by clients that are believed and that are not, and in responses; and in
 * trailers. Files go to $WEIR_SEEDS/forward/. */
#include <stdio.h>
#include <string.h>

#include "fuzz/seeds.h"
#include "http/field_names.h"

#define REQUEST "GET / HTTP/1.1\r\nHost: a\r\n"
#define RESPONSE "HTTP/1.1 200 OK\r\nServer: b\r\n"

enum { TELLS = 6, BELIEVED = 8, UPGRADES = 32, IS_RESPONSE = 128, IPV4 = 1 }; /* see forward.c */

static void write_seed(int policy, const char *head, const char *fields) {
  char settings[4] = {(char)policy, IPV4};
  seed_write(
      "forward", policy,
      (seed_part[]){
          {settings, sizeof settings}, {head, strlen(head)}, {fields, strlen(fields)}, {"\r\n", 2}},
      4);
}

static void write_all(const char *fields) {
  write_seed(TELLS, REQUEST, fields);
  write_seed(BELIEVED, REQUEST, fields);
  write_seed(TELLS | BELIEVED, REQUEST, fields);
  write_seed(IS_RESPONSE, RESPONSE, fields);
}

static void write_trailer(int policy, const char *head, const char *name) {
  char text[300];
  snprintf(text, sizeof text, "Transfer-Encoding: chunked\r\n\r\n0\r\n%s: 1\r\nX-Sum: 1\r\n", name);
  write_seed(policy, head, text);
}

static void write_name(const char *name) {
  char fields[200];
  snprintf(fields, sizeof fields, "%s: 1\r\n", name);
  write_all(fields);
  snprintf(fields, sizeof fields, "Connection: %s\r\n%s: 1\r\n", name, name);
  write_all(fields);
  write_trailer(TELLS, REQUEST, name);
  write_trailer(IS_RESPONSE, RESPONSE, name);
  snprintf(fields, sizeof fields, "%s: 1\r\nX-A: 1\r\nConnection: x-a, %s\r\n%s: 2\r\n", name, name,
           name);
  write_all(fields);
}

/* X_Real_IP for X-Real-IP. */
static void write_like(const char *name) {
  char like[64];
  snprintf(like, sizeof like, "%s", name);
  for (char *p = like; (p = strchr(p, '-'));) *p = '_';
  if (strcmp(like, name) != 0) write_name(like);
}

int main(void) {
#define NAME(id, text) write_name(text), write_like(text);
  WEIR__FIELD_NAMES(NAME)
#undef NAME
  write_seed(TELLS | UPGRADES, REQUEST,
             "Connection: Upgrade\r\nUpgrade: h2c, websocket/13, foo\r\n");
  write_seed(TELLS | UPGRADES, REQUEST,
             "Connection: upgrade, TE\r\nUpgrade: H2C/1\r\nTE: trailers\r\n");
  write_seed(IS_RESPONSE, RESPONSE,
             "Content-Type: Text/Event-Stream ; a=b\r\nContent-Length: 0\r\n");
  return 0;
}
