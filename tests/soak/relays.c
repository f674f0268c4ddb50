/* See relays.h. */
#include "relays.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "heap/heap.h"
#include "procs.h"
#include "report.h"
#include "usage.h"

enum {
  LIVES = 2000,     /* weir-relay processes in one soak */
  START_MS = 10000, /* for its first line */
  AGAIN_MS = 20,    /* between two tries to get the port of one that still has it */
  END_MS = 2000,    /* after the deadline of a drain */
  TOLD_MS = 1000,   /* for a relay to close its listener */
  RELOAD_MS = 2000, /* for the new log */
  EXIT_WRONG = 2,
  WORKERS_MAX = 2,
};
static const uint64_t never = UINT64_MAX;

enum phase { STARTING, SERVING, DRAINING, GONE };

struct life {
  unsigned relay, number, workers;
  enum phase phase;
  pid_t pid;
  int out; /* its stdout, until it has said where it listens */
  uint64_t started_ms, ready_ms, told_ms, drain_ms, gone_ms;
  unsigned logs;
  uint64_t reload_ms;
  struct heap *heap;
  struct usage calm, last_calm; /* the first time without streams, and the last */
  unsigned calms;
};

static struct relay_setup setup;
static struct life lives[LIVES];
static unsigned life_count, replaced, reloaded;
static struct life *current[RELAYS];
/* Of one with so many workers, before any stream. */
static struct usage began[WORKERS_MAX + 1];
static struct {
  bool waits; /* the old one serves on until the new one is ready */
  struct life *old;
} swap[RELAYS];

/* ---- names ---- */

static void name_file(char out[512], const struct life *l, const char *what) {
  snprintf(out, 512, "%s/relay-%u-%u.%s", setup.work, l->relay, l->number, what);
}

static void name_old_log(char out[512], const struct life *l, unsigned number) {
  char what[32];
  snprintf(what, sizeof what, "log.%u", number);
  name_file(out, l, what);
}

/* ---- starting ---- */

static void give_flags(const struct life *l, char flags[][512], char **argv) {
  unsigned n = 0;
#define FLAG(...) (snprintf(flags[n], 512, __VA_ARGS__), argv[n] = flags[n], n++)
  FLAG("%s", setup.binary);
  FLAG("--listen=127.0.0.1:%u", shared->relay_port[l->relay]);
  FLAG("--workers=%u", l->workers);
  FLAG("--drain-timeout=%" PRIu64 "ms", l->drain_ms);
  FLAG("--head-timeout=%ums", shared->head_ms);
  FLAG("--gap-timeout=%ums", shared->gap_ms);
  FLAG("--stall-timeout=%ums", shared->stall_ms);
  FLAG("--request-head-timeout=%ums", shared->request_head_ms);
  FLAG("--request-body-timeout=%ums", shared->request_body_ms);
  FLAG("--idle-origin=%ums", 1000u);
  FLAG("--access-log=%s/relay-%u-%u.log", setup.work, l->relay, l->number);
  for (unsigned i = 0; i < ORIGINS; i++)
    FLAG("--route=/%u/=http://127.0.0.%u:%u", i, 10 + i, shared->origin_port[i]);
#undef FLAG
  argv[n] = NULL;
}

static void redirect(int from, int to) {
  if (from < 0 || dup2(from, to) < 0) _exit(127);
}

_Noreturn static void become_relay(const struct life *l, int out) {
  static char flags[32][512];
  char *argv[33], name[512];
  give_flags(l, flags, argv);
  name_file(name, l, "err");
  redirect(open("/dev/null", O_RDONLY), STDIN_FILENO);
  redirect(out, STDOUT_FILENO);
  redirect(open(name, O_WRONLY | O_CREAT | O_APPEND, 0600), STDERR_FILENO);
  name_file(name, l, "heap");
  if (setup.heap) setenv("LD_PRELOAD", setup.heap, 1);
  if (setup.heap) setenv("SOAK_HEAP", name, 1);
  execv(setup.binary, argv);
  _exit(127);
}

static void launch(struct life *l) {
  int pipe_[2];
  if (pipe2(pipe_, O_CLOEXEC)) abort();
  l->pid = fork_bound();
  if (l->pid < 0) abort();
  if (l->pid == 0) become_relay(l, pipe_[1]);
  close(pipe_[1]);
  (void)fcntl(pipe_[0], F_SETFL, O_NONBLOCK);
  l->out = pipe_[0];
  l->phase = STARTING;
}

static struct life *start(unsigned relay, unsigned workers, uint64_t drain_ms) {
  static unsigned numbers[RELAYS];
  if (life_count == LIVES) abort();
  struct life *l = &lives[life_count++];
  *l = (struct life){.relay = relay, .workers = workers, .drain_ms = drain_ms};
  l->number = numbers[relay]++;
  l->started_ms = now_ms();
  l->ready_ms = l->told_ms = l->gone_ms = never;
  launch(l);
  current[relay] = l;
  return l;
}

/* ---- what becomes of it ---- */

static void map_heap(struct life *l) {
  char name[512];
  if (!setup.heap) return;
  name_file(name, l, "heap");
  l->heap = heap_map(name);
  if (!l->heap) broken(CHECK_HEAP, 0, 0, "nothing counts what weir-relay allocates: %s", name);
}

static void tell(struct life *l) {
  l->told_ms = now_ms();
  l->phase = DRAINING;
  kill(l->pid, SIGTERM);
}

static void is_ready(struct life *l, const char *line) {
  const char *port = strrchr(line, ':');
  shared->relay_port[l->relay] = (uint16_t)atoi(port + 1);
  l->phase = SERVING;
  l->ready_ms = now_ms();
  close(l->out);
  l->out = -1;
  map_heap(l);
  if (!began[l->workers].descriptors) usage_read(&began[l->workers], l->pid, l->heap);
  looked(CHECK_SERVED);
  if (swap[l->relay].waits) tell(swap[l->relay].old);
  swap[l->relay].waits = false;
  swap[l->relay].old = NULL;
}

static void await_line(struct life *l) {
  char line[256];
  ssize_t n = read(l->out, line, sizeof line - 1);
  if (n > 0 && line[n - 1] == '\n') {
    line[n - 1] = '\0';
    is_ready(l, line);
  } else if (now_ms() - l->started_ms > START_MS * shared->slow) {
    broken(CHECK_SERVED, 0, 0, "weir-relay does not begin to listen");
    l->started_ms = never / 2;
  }
}

static void quote_errors(const struct life *l) {
  char name[512], text[2001];
  name_file(name, l, "err");
  FILE *file = fopen(name, "r");
  size_t n = file ? fread(text, 1, sizeof text - 1, file) : 0;
  if (file) fclose(file);
  text[n] = '\0';
  printf("---- weir-relay %u, process %u said\n%s", l->relay, l->number, text);
}

/* One whose predecessor has not let go of the port yet tries again. */
static bool tries_again(struct life *l, int status) {
  const struct life *old = swap[l->relay].old;
  bool taken = l->phase == STARTING && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_WRONG;
  if (!taken || !old || now_ms() - l->started_ms > START_MS * shared->slow) return false;
  close(l->out);
  usleep(AGAIN_MS * 1000);
  launch(l);
  return true;
}

static void ended(struct life *l, int status) {
  uint64_t late = now_ms() - l->told_ms;
  if (tries_again(l, status)) return;
  bool told = l->phase == DRAINING;
  l->phase = GONE;
  l->gone_ms = now_ms();
  heap_unmap(l->heap);
  looked(CHECK_DRAIN);
  if (told && WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  broken(CHECK_DRAIN, 0, 0, "weir-relay %u, process %u ended with %s %d, %s", l->relay, l->number,
         WIFSIGNALED(status) ? "signal" : "status",
         WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
         told ? "when it was told to" : "untold");
  if (told) printf("     %" PRIu64 " ms after it was told\n", late);
  quote_errors(l);
}

static void watch_deadline(struct life *l) {
  uint64_t limit = l->drain_ms + END_MS * shared->slow + 4 * lag_ms();
  if (l->told_ms == never || now_ms() - l->told_ms <= limit) return;
  broken(CHECK_DRAIN, 0, 0, "weir-relay %u, process %u still runs %" PRIu64 " ms after SIGTERM",
         l->relay, l->number, now_ms() - l->told_ms);
  kill(l->pid, SIGABRT);
  l->told_ms = never;
}

static void watch_reload(struct life *l) {
  char name[512];
  if (!l->reload_ms) return;
  name_file(name, l, "log");
  bool there = access(name, F_OK) == 0;
  bool late = now_ms() - l->reload_ms > RELOAD_MS * shared->slow + 4 * lag_ms();
  if (!there && late) broken(CHECK_RELOAD, 0, 0, "SIGHUP brings no new log: %s", name);
  if (there || late) l->reload_ms = 0;
}

static void turn(struct life *l) {
  int status;
  if (l->phase == GONE) return;
  if (l->phase == STARTING) await_line(l);
  if (waitpid(l->pid, &status, WNOHANG) == l->pid) {
    ended(l, status);
    return;
  }
  watch_deadline(l);
  watch_reload(l);
}

void relays_turn(void) {
  for (unsigned i = 0; i < life_count; i++) turn(&lives[i]);
}

/* ---- orders ---- */

bool relays_start(const struct relay_setup *how) {
  setup = *how;
  /* One of each kind, so that both are known as they are before any client comes. */
  for (unsigned i = 0; i < RELAYS; i++) (void)start(i, 1 + (shared->seed + i) % WORKERS_MAX, 5000);
  uint64_t begun = now_ms();
  while (current[0]->phase == STARTING || current[1]->phase == STARTING) {
    if (now_ms() - begun > START_MS * shared->slow) return false;
    relays_turn();
    usleep(10000);
  }
  return current[0]->phase == SERVING && current[1]->phase == SERVING;
}

void relays_reload(unsigned relay) {
  char name[512], old[512];
  struct life *l = current[relay];
  if (l->phase != SERVING || l->reload_ms) return;
  name_file(name, l, "log");
  name_old_log(old, l, ++l->logs);
  if (rename(name, old)) broken(CHECK_RELOAD, 0, 0, "no log %s: %s", name, strerror(errno));
  kill(l->pid, SIGHUP);
  l->reload_ms = now_ms();
  reloaded++;
  looked(CHECK_RELOAD);
}

/* Only listeners that share their port may overlap; else the old one must go first. */
void relays_replace(unsigned relay, unsigned workers, uint64_t drain_ms) {
  struct life *old = current[relay];
  if (old->phase != SERVING || old->reload_ms) return;
  swap[relay].old = old;
  swap[relay].waits = old->workers > 1 && workers > 1;
  if (!swap[relay].waits) tell(old);
  (void)start(relay, workers, drain_ms);
  replaced++;
}

void relays_drain_all(void) {
  for (unsigned i = 0; i < RELAYS; i++)
    if (current[i]->phase == SERVING) tell(current[i]);
}

unsigned relays_replaced(void) { return replaced; }
unsigned relays_reloaded(void) { return reloaded; }
bool relays_count_heap(void) { return setup.heap != NULL; }

/* ---- how they are ---- */

bool relays_calm(void) {
  for (unsigned i = 0; i < life_count; i++)
    if (lives[i].phase == STARTING || lives[i].phase == DRAINING || lives[i].reload_ms)
      return false;
  return true;
}

bool relays_gone(void) {
  for (unsigned i = 0; i < life_count; i++)
    if (lives[i].phase != GONE) return false;
  return true;
}

bool relays_dry(void) {
  for (unsigned i = 0; i < RELAYS; i++)
    if (usage_descriptors(current[i]->pid) != began[current[i]->workers].descriptors) return false;
  return true;
}

static void measure(struct life *l) {
  struct usage now;
  usage_read(&now, l->pid, l->heap);
  usage_check_descriptors(began[l->workers].descriptors, &now);
  l->last_calm = now;
  if (l->calms++ == 0) l->calm = now;
  if (!l->heap) return; /* a sanitizer's quarantine grows, and it looks for leaks itself */
  if (l->calms > 1) usage_check_memory(began[l->workers].pss_kib, &l->calm, &now);
}

void relays_measure(void) {
  for (unsigned i = 0; i < RELAYS; i++) measure(current[i]);
}

void relays_print(char *out, size_t size) {
  size_t at = 0;
  for (unsigned i = 0; i < RELAYS; i++) {
    struct usage now;
    if (current[i]->phase != SERVING) continue;
    usage_read(&now, current[i]->pid, current[i]->heap);
    at += (size_t)snprintf(out + at, size - at, "%s%ux%u: %u fds, %" PRIu64 " KiB", at ? "; " : "",
                           i, current[i]->workers, now.descriptors, now.pss_kib);
  }
}

static void print_calm(const char *when, const struct usage *u) {
  printf("%s: %u descriptors, %" PRIu64 " blocks, %" PRIu64 " bytes (at most %" PRIu64 "); %" PRIu64
         " KiB in all\n",
         when, u->descriptors, u->blocks, u->bytes, u->peak, u->pss_kib);
}

void relays_print_memory(void) {
  if (!lives[0].calms) return;
  print_calm("the relay that stayed, before streams       ", &began[lives[0].workers]);
  print_calm("                       first without streams", &lives[0].calm);
  print_calm("                       last without streams ", &lives[0].last_calm);
}

void relays_each_log(void (*fn)(const char *path)) {
  char name[512];
  for (unsigned i = 0; i < life_count; i++) {
    for (unsigned n = 1; n <= lives[i].logs; n++) {
      name_old_log(name, &lives[i], n);
      fn(name);
    }
    name_file(name, &lives[i], "log");
    fn(name);
  }
}

/* ---- what was when ---- */

/* A relay that is late closes its listener late. */
static bool may_have_had(const struct life *l, unsigned relay, uint64_t from) {
  if (l->relay != relay || l->told_ms == never) return false;
  return l->told_ms + TOLD_MS * shared->slow + 4 * lag_ms() >= from;
}

bool relay_was_absent(unsigned relay, uint64_t at) {
  uint64_t slack = 50 + lag_ms();
  for (unsigned i = 0; i < life_count; i++) {
    const struct life *l = &lives[i];
    if (l->relay != relay || l->ready_ms == never) continue;
    if (l->ready_ms + slack <= at && (l->told_ms == never || at + slack < l->told_ms)) return false;
  }
  return true;
}

bool relay_was_told(unsigned relay, uint64_t from, uint64_t to) {
  for (unsigned i = 0; i < life_count; i++)
    if (may_have_had(&lives[i], relay, from) && lives[i].told_ms <= to) return true;
  return false;
}

/* Its clock began when it got the signal, never before. */
bool relay_was_due(unsigned relay, uint64_t from, uint64_t to) {
  for (unsigned i = 0; i < life_count; i++)
    if (may_have_had(&lives[i], relay, from) && lives[i].told_ms + lives[i].drain_ms <= to)
      return true;
  return false;
}
