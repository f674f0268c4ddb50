/* Included in front of a table of tests/unit/http_h1_*_test.c: its cases are written to files then,
 * as seeds for the fuzz targets, instead of being tested. So seeds never fall behind the tables. It
 * knows the layout of each target's input. Files go to $WEIR_SEEDS/TARGET/. */
#ifndef WEIR_FUZZ_SEEDS_H1_H
#define WEIR_FUZZ_SEEDS_H1_H

#include "unit/http_h1_fixture.h"

#include "fuzz/seeds.h"

static inline unsigned char seed_limits(const h1_case *c) {
  if (!c->limits) return 0;
  return (c->limits->head_bytes <= 1024) | (c->limits->head_fields <= 8) << 1 |
         (c->limits->target_bytes <= 64) << 2 | (c->limits->interim_max <= 2) << 3;
}

static inline unsigned char seed_asked(const h1_case *c) {
  const char *method = c->method ? c->method : "GET";
  unsigned asked = strcmp(method, "HEAD") == 0 ? 1 : strcmp(method, "CONNECT") == 0 ? 2 : 0;
  return (unsigned char)(asked | (c->upgrade ? 1 << 2 : 0) | (c->fin ? 0x80 : 0));
}

static inline void seed_exchange(const h1_case *c, bool request) {
  char settings[7] = {0, (char)seed_limits(c), 7};
  const char *method = c->method ? c->method : "GET";
  char ask[200];
  snprintf(ask, sizeof ask, "C%s / HTTP/1.1\r\nHost: a\r\n%s%s\r\n\n%%O", method,
           c->upgrade ? "Connection: upgrade\r\nUpgrade: " : "", c->upgrade ? c->upgrade : "");
  const char *answer = "\n%OHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  const char *before = request ? "C" : ask, *behind = request ? answer : c->fin ? "\n%F" : "";
  seed_write("exchange", c->line,
             (seed_part[]){{settings, sizeof settings},
                           {before, strlen(before)},
                           {c->input, c->len},
                           {behind, strlen(behind)}},
             4);
}

static inline void seed_message(const h1_case *c, enum weir__h1_kind kind) {
  char settings[4] = {(char)seed_limits(c), (char)seed_asked(c), 7, 0};
  bool request = kind == WEIR__H1_REQUEST;
  seed_write(request ? "h1_request" : "h1_response", c->line,
             (seed_part[]){{settings, sizeof settings}, {c->input, c->len}}, 2);
  /* policy, peer, no failing allocation, no edit */
  char forward[4] = {(char)(request ? 6 : 0x80), (char)(1 | (seed_asked(c) & 3) << 4)};
  if (c->upgrade) forward[1] |= 0x40;
  seed_write("forward", c->line, (seed_part[]){{forward, sizeof forward}, {c->input, c->len}}, 2);
}

static inline void seed_case(const h1_case *c, enum weir__h1_kind kind) {
  seed_message(c, kind);
  seed_exchange(c, kind == WEIR__H1_REQUEST);
}

static inline void seed_cases(const h1_case *cases, size_t count, enum weir__h1_kind kind) {
  for (size_t i = 0; i < count; i++) seed_case(&cases[i], kind);
}

#define h1_check_case seed_case
#define h1_check_cases seed_cases

#endif
