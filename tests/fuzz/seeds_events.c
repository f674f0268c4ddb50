/* Seeds of the target `events`: settings (see events.c), then the body of an event stream. */
#include <string.h>

#include "fuzz/seeds.h"

static const char *const streams[] = {
    "data: one\n\ndata: two\n\n",
    ": c\n\nid: 1\r\nevent: x\r\ndata: a\r\ndata: b\r\n\r\nretry: 5\r\rdata: c\r\r",
    "\xef\xbb\xbf\144ata: \xe2\x82\xac\n\ndata: unfinished\n", /* an octal d: hex would go on */
    "event: last\ndata: no\n\nevent: last\ndata: ",
    "data: 0123456789012345678901234567890123456789\n\ndata: x\r\n\r",
};

static const char *const lines[] = {"{\"a\":1}\n\n{\"b\":2}\r\n{\"c\"", "1\n2\n3"};

enum { SETTINGS = 5 };

static void write_seed(const char *body, unsigned bits, unsigned n) {
  static const unsigned char some[][SETTINGS - 1] = {{0, 0, 0, 0},   {7, 3, 0, 2}, {200, 200, 0, 1},
                                                     {20, 1, 33, 3}, {3, 9, 8, 1}, {255, 2, 9, 0}};
  char settings[SETTINGS] = {(char)bits};
  memcpy(settings + 1, some[n % 6], SETTINGS - 1);
  seed_part parts[] = {{settings, SETTINGS}, {body, strlen(body)}};
  seed_write("events", (int)n, parts, 2);
}

int main(void) {
  unsigned n = 0;
  for (unsigned bits = 0; bits < 256; bits += 8, n++) {
    write_seed(streams[n % 5], bits, n);
    write_seed(streams[(n / 3) % 5], bits, n + 1);
    write_seed(lines[n % 2], bits | 1, n);
    if (n % 8 == 0) write_seed(streams[0], bits | 6, n);
  }
  return 0;
}
