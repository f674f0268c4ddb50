/* The system's resolver, scripted: getaddrinfo() and freeaddrinfo() of this program answer what the
 * test says, and only when it lets them. Include it in one file of a program. */
#ifndef WEIR_TEST_NET_NAMES_H
#define WEIR_TEST_NET_NAMES_H

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "net/dns.h"
#include "support/check.h"

enum { NAMES_MAX = 24 };

/* Set before a look-up, read by libuv's threads. */
static struct {
  const char *addresses[NAMES_MAX]; /* literals; the answer ends at the first NULL */
  int error;                        /* EAI_..., instead of them */
  bool held;                        /* look-ups wait for names_release() */
  uv_sem_t asked, released;
  _Atomic unsigned count; /* look-ups so far */
} names;

static inline void names_begin(void) {
  memset(&names, 0, sizeof names);
  uv_sem_init(&names.asked, 0);
  uv_sem_init(&names.released, 0);
}

static inline void names_end(void) {
  uv_sem_destroy(&names.asked);
  uv_sem_destroy(&names.released);
}

/* Waits until a held look-up runs in its thread. */
static inline void names_wait_asked(void) { uv_sem_wait(&names.asked); }
static inline void names_release(void) { uv_sem_post(&names.released); }

typedef struct names_node {
  struct addrinfo info;
  weir__sockaddr address;
} names_node;

static struct addrinfo *names_make(const char *literal) {
  names_node *node = calloc(1, sizeof *node);
  if (!node) abort();
  node->info.ai_socktype = SOCK_STREAM;
  node->info.ai_addr = &node->address.any;
  if (strcmp(literal, "unknown") == 0) { /* a family we do not know */
    node->info.ai_family = AF_UNIX;
    return &node->info;
  }
  if (!weir__dns_literal(&node->address, literal, 0)) abort();
  node->info.ai_family = node->address.any.sa_family;
  node->info.ai_addrlen =
      node->info.ai_family == AF_INET ? sizeof node->address.in4 : sizeof node->address.in6;
  return &node->info;
}

/* Visible although everything here is compiled hidden: libuv has to find these instead of libc's. */
#pragma GCC visibility push(default)
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **answer) {
  (void)name, (void)service, (void)hints;
  names.count++;
  if (names.held) {
    uv_sem_post(&names.asked);
    uv_sem_wait(&names.released);
  }
  if (names.error) return names.error;
  struct addrinfo **last = answer;
  for (size_t i = 0; i < NAMES_MAX && names.addresses[i]; i++, last = &(*last)->ai_next)
    *last = names_make(names.addresses[i]);
  *last = NULL;
  return 0;
}

void freeaddrinfo(struct addrinfo *info) {
  while (info) {
    struct addrinfo *next = info->ai_next;
    free(info);
    info = next;
  }
}
#pragma GCC visibility pop

#endif
