/* weir-slow: clients that are slow on purpose, and ten that are not.
 *
 *   weir-slow head|body|read PORT COUNT SECONDS [once]
 *     COUNT connections from 127.0.0.1 to PORT that each send a request head, or a request body, or
 *     read a response, at one byte a second; one that is cut is opened again, or with `once` is not.
 *   weir-slow watch PORT COUNT SECONDS
 *     COUNT event streams of weir-origin from 127.0.0.2, and how late each event comes.
 *
 * Both tell what came of it as words for a shell: `key=value ..` in one line. It knows nothing of
 * weir but HTTP. Everything here belongs to main(). */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  SECOND_MS = 1000,
  EVENTS = 256,
  WINDOW = 2048,     /* bytes a slow reader lets the kernel keep for it */
  TEXT = 8192,       /* of a stream, kept until its events are whole */
  SAMPLES = 1 << 20, /* latencies */
  OPEN_MAX = 5,      /* connections opened in one turn */
};

enum kind { KIND_HEAD, KIND_BODY, KIND_READ, KIND_WATCH };

static const char *const kind_names[] = {"head", "body", "read", "watch"};

/* What each kind says at once; what follows is `x` by `x`. */
static const char *const openings[] = {
    "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ",
    "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n",
    "GET /bulk?bytes=300000 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /sse?n=0&interval_ms=20 HTTP/1.1\r\nHost: a\r\n\r\n",
};

typedef struct client {
  int fd; /* -1: none */
  bool connected, answered;
  int64_t began_ms; /* when it was connected */
  int64_t next_ms;  /* its next byte is due */
  char text[TEXT];  /* KIND_WATCH: bytes not understood yet */
  size_t len;
  int64_t number; /* of the last event; -1: none yet */
} client;

static struct {
  enum kind kind;
  struct sockaddr_in to;
  int count, epoll, open;
  bool once;
  client *clients;
  int64_t start_ms, opened_ms;
  /* what came of it */
  int opened, cut, refused, failed, lost;
  int statuses[600];
  int64_t shortest_ms, longest_ms; /* life of a connection that was cut */
  int64_t *samples;                /* microseconds */
  size_t sample_count;
} run;

static void die(const char *what) {
  fprintf(stderr, "weir-slow: %s: %s\n", what, strerror(errno));
  exit(2);
}

static int64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The clock of the time that stands in the events. */
static int64_t wall_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- opening ---- */

static void set_up(int fd) {
  int one = 1, window = WINDOW;
  struct sockaddr_in from = {.sin_family = AF_INET};
  from.sin_addr.s_addr = htonl(run.kind == KIND_WATCH ? 0x7f000002 : 0x7f000001);
  if (run.kind == KIND_READ) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (bind(fd, (struct sockaddr *)&from, sizeof from)) die("bind");
}

/* A slow reader must not be woken by what it does not want to read. */
static void watch_events(client *c, uint32_t events) {
  struct epoll_event e = {.events = events | EPOLLRDHUP, .data.ptr = c};
  if (epoll_ctl(run.epoll, EPOLL_CTL_MOD, c->fd, &e) &&
      epoll_ctl(run.epoll, EPOLL_CTL_ADD, c->fd, &e))
    die("epoll_ctl");
}

static void open_client(client *c) {
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c->fd < 0) die("socket");
  set_up(c->fd);
  c->connected = c->answered = false;
  c->len = 0;
  c->number = -1;
  if (connect(c->fd, (struct sockaddr *)&run.to, sizeof run.to) && errno != EINPROGRESS)
    die("connect");
  watch_events(c, EPOLLOUT);
  run.opened++;
  run.open++;
}

/* The bytes of all clients are spread over the second, so that none of them comes as a burst. */
static void on_connected(client *c) {
  const char *opening = openings[run.kind];
  c->connected = true;
  c->began_ms = now_ms();
  c->next_ms = c->began_ms + SECOND_MS * (1 + (c - run.clients)) / (1 + run.count);
  if (send(c->fd, opening, strlen(opening), MSG_NOSIGNAL) != (ssize_t)strlen(opening)) run.failed++;
  watch_events(c, run.kind == KIND_READ ? 0 : EPOLLIN);
}

/* ---- the end of one ---- */

static void close_client(client *c) {
  close(c->fd);
  c->fd = -1;
  run.open--;
}

/* One that was sent away at once was refused; all others had their time. */
static void on_cut(client *c, int status) {
  int64_t life = now_ms() - c->began_ms;
  close_client(c);
  if (status > 0 && status < 600) run.statuses[status]++;
  if (status == 503 || !c->connected) {
    run.refused++;
    return;
  }
  if (run.cut++ == 0 || life < run.shortest_ms) run.shortest_ms = life;
  if (life > run.longest_ms) run.longest_ms = life;
}

/* ---- slow ones ---- */

/* A byte is sent or read. A reader that finds nothing is one whom the cut has not reached. */
static void move_a_byte(client *c) {
  char byte = 'x';
  c->next_ms += SECOND_MS;
  if (run.kind == KIND_READ) {
    if (recv(c->fd, &byte, 1, MSG_DONTWAIT) == 0) on_cut(c, 0);
  } else {
    send(c->fd, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT); /* that it fails will be read */
  }
}

/* An answer is an early end, and what follows it is a FIN. */
static void read_answer(client *c) {
  char text[2048];
  ssize_t n = recv(c->fd, text, sizeof text - 1, MSG_DONTWAIT);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    on_cut(c, 0);
    return;
  }
  text[n] = '\0';
  int status = strncmp(text, "HTTP/1.1 ", 9) == 0 ? atoi(text + 9) : 0;
  on_cut(c, status);
}

static void on_slow(client *c, uint32_t events) {
  if (run.kind != KIND_READ)
    read_answer(c);
  else if (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP))
    on_cut(c, 0);
}

/* ---- watched ones ---- */

static void note_event(client *c, int64_t number, int64_t sent_us) {
  if (c->number >= 0 && number != c->number + 1) run.lost++;
  c->number = number;
  if (run.sample_count < SAMPLES) run.samples[run.sample_count++] = wall_us() - sent_us;
}

/* Events are found by their text; the framing between them is of no interest. */
static void read_events(client *c) {
  char *at = c->text, *found;
  long long number, sent;
  int used;
  while ((found = memmem(at, c->len - (size_t)(at - c->text), "{\"n\":", 5)) != NULL) {
    used = 0;
    if (sscanf(found, "{\"n\":%lld,\"t\":%lld,%n", &number, &sent, &used) != 2 || !used) break;
    note_event(c, number, sent);
    at = found + used;
  }
  c->len -= (size_t)(at - c->text);
  memmove(c->text, at, c->len);
  c->text[c->len] = '\0';
}

static void on_watched(client *c) {
  ssize_t n = recv(c->fd, c->text + c->len, TEXT - 1 - c->len, MSG_DONTWAIT);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    run.failed++;
    close_client(c);
    return;
  }
  c->len += (size_t)n;
  c->text[c->len] = '\0';
  read_events(c);
}

/* ---- the loop ---- */

static void on_ready(client *c, uint32_t events) {
  int err = 0;
  socklen_t len = sizeof err;
  if (c->fd < 0) return;
  if (!c->connected) {
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len);
    if (err)
      on_cut(c, 0);
    else
      on_connected(c);
  } else if (run.kind == KIND_WATCH) {
    on_watched(c);
  } else {
    on_slow(c, events);
  }
}

/* What is due: bytes, and connections in place of those that are gone. */
static void tick(void) {
  int64_t now = now_ms(), room = now - run.opened_ms; /* one a millisecond: slow, and no flood */
  if (room > OPEN_MAX) room = OPEN_MAX;
  run.opened_ms = now;
  for (client *c = run.clients; c < run.clients + run.count; c++) {
    bool first = run.opened < run.count;
    if (c->fd >= 0 && c->connected && run.kind != KIND_WATCH && now >= c->next_ms) move_a_byte(c);
    if (c->fd < 0 && room > 0 && (first || !run.once)) open_client(c), room--;
  }
}

static void turn(void) {
  struct epoll_event events[EVENTS];
  int n = epoll_wait(run.epoll, events, EVENTS, run.kind == KIND_WATCH ? 100 : 1);
  if (n < 0 && errno != EINTR) die("epoll_wait");
  for (int i = 0; i < n; i++) on_ready(events[i].data.ptr, events[i].events);
}

static void run_for(int64_t ms) {
  run.start_ms = now_ms();
  while (now_ms() < run.start_ms + ms) {
    tick();
    turn();
  }
}

/* ---- what came of it ---- */

static int by_size(const void *a, const void *b) {
  const int64_t *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

static int64_t percentile(double share) {
  if (!run.sample_count) return -1;
  return run.samples[(size_t)(share * (double)(run.sample_count - 1))];
}

static void tell_watched(void) {
  qsort(run.samples, run.sample_count, sizeof *run.samples, by_size);
  printf("events=%zu lost=%d broken=%d p50_us=%lld p99_us=%lld max_us=%lld\n", run.sample_count,
         run.lost, run.failed, (long long)percentile(0.5), (long long)percentile(0.99),
         (long long)percentile(1));
}

/* The oldest that still lives, so that one which is never cut shows. */
static int64_t oldest_ms(void) {
  int64_t oldest = 0, now = now_ms();
  for (client *c = run.clients; c < run.clients + run.count; c++)
    if (c->fd >= 0 && c->connected && now - c->began_ms > oldest) oldest = now - c->began_ms;
  return oldest;
}

static void tell_slow(void) {
  printf(
      "kind=%s opened=%d open=%d cut=%d refused=%d shortest_ms=%lld longest_ms=%lld oldest_ms=%lld",
      kind_names[run.kind], run.opened, run.open, run.cut, run.refused, (long long)run.shortest_ms,
      (long long)run.longest_ms, (long long)oldest_ms());
  for (int i = 100; i < 600; i++)
    if (run.statuses[i]) printf(" status_%d=%d", i, run.statuses[i]);
  printf("\n");
}

/* ---- the beginning ---- */

static int number(const char *text, int most) {
  char *end;
  long n = strtol(text, &end, 10);
  if (*text && !*end && n > 0 && n <= most) return (int)n;
  fprintf(stderr, "weir-slow: %s: want a whole number from 1 to %d\n", text, most);
  exit(2);
}

static enum kind kind_of(const char *name) {
  for (int i = 0; i <= KIND_WATCH; i++)
    if (strcmp(name, kind_names[i]) == 0) return (enum kind)i;
  fprintf(stderr, "weir-slow: %s: want head, body, read or watch\n", name);
  exit(2);
}

static void raise_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit)) die("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit)) die("setrlimit");
  if (limit.rlim_cur < (rlim_t)run.count + 16) errno = EMFILE, die("too many connections");
}

int main(int argc, char **argv) {
  if (argc < 5) {
    fprintf(stderr, "usage: weir-slow head|body|read|watch PORT COUNT SECONDS [once]\n");
    return 2;
  }
  run.kind = kind_of(argv[1]);
  run.to = (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)number(argv[2], 65535))};
  run.to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  run.count = number(argv[3], 100000);
  run.once = argc > 5;
  run.epoll = epoll_create1(EPOLL_CLOEXEC);
  run.clients = calloc((size_t)run.count, sizeof *run.clients);
  run.samples = malloc(SAMPLES * sizeof *run.samples);
  if (run.epoll < 0 || !run.clients || !run.samples) die("begin");
  for (int i = 0; i < run.count; i++) run.clients[i].fd = -1;
  raise_limit();
  run_for((int64_t)number(argv[4], 100000) * SECOND_MS);
  run.kind == KIND_WATCH ? tell_watched() : tell_slow();
  return 0;
}
