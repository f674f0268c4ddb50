/* weir-bench-load: one run of one scenario, with the client and the origin in one process, so that
 * one clock serves both and neither waits for the other. Prints one line of JSON. It never starts a
 * relay: run.sh does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "client.h"
#include "meter.h"
#include "options.h"

enum { DISTURBED = 3 }; /* the exit code; the line was printed all the same */

static const struct {
  const char *name;
  void (*run)(const struct options *options);
} modes[] = {
    {"paced", run_paced},   {"saturated", run_saturated}, {"syscalls", run_syscalls},
    {"memory", run_memory}, {"gone", run_gone},           {"requests", run_requests},
    {"churn", run_churn},   {"bulk", run_bulk},           {"beside", run_beside},
};

static int use(void) {
  fprintf(stderr, "use: weir-bench-load MODE relay=PORT origin=PORT [pid=PID] [scenario=NAME]\n"
                  "       [name=RELAY] [round=N] [streams=N] [rate=N] [ms=N] [warmup=MS]\n"
                  "       [bytes=N] [tls=1] [resume=1] [beside=N]\nmodes:");
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) fprintf(stderr, " %s", modes[i].name);
  fprintf(stderr, "\n");
  return 2;
}

/* The value, if `word` is key=value. */
static const char *value_of(const char *word, const char *key) {
  size_t len = strlen(key);
  return strncmp(word, key, len) == 0 && word[len] == '=' ? word + len + 1 : NULL;
}

static int take_word(struct options *o, const char *word) {
  const char *v;
  if ((v = value_of(word, "scenario"))) return o->scenario = v, 0;
  if ((v = value_of(word, "name"))) return o->name = v, 0;
  if ((v = value_of(word, "round"))) return o->round = atoi(v), 0;
  if ((v = value_of(word, "relay"))) return o->relay = atoi(v), 0;
  if ((v = value_of(word, "origin"))) return o->origin = atoi(v), 0;
  if ((v = value_of(word, "pid"))) return o->pid = atoi(v), 0;
  if ((v = value_of(word, "streams"))) return o->streams = (unsigned)atoi(v), o->streams == 0;
  if ((v = value_of(word, "rate"))) return o->rate = (unsigned)atoi(v), o->rate == 0;
  if ((v = value_of(word, "ms"))) return o->ms = (unsigned)atoi(v), 0;
  if ((v = value_of(word, "warmup"))) return o->warmup_ms = (unsigned)atoi(v), 0;
  if ((v = value_of(word, "bytes"))) return o->bytes = strtoull(v, NULL, 10), 0;
  if ((v = value_of(word, "tls"))) return o->tls = atoi(v), 0;
  if ((v = value_of(word, "resume"))) return o->resume = atoi(v), 0;
  if ((v = value_of(word, "beside"))) return o->beside = (unsigned)atoi(v), 0;
  return 1;
}

/* Thousands of streams need two descriptors each. */
static void raise_descriptors(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit)) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv) {
  struct options options = {.scenario = "none",
                            .name = "none",
                            .streams = 1,
                            .rate = 100,
                            .ms = 1000,
                            .warmup_ms = 200,
                            .bytes = 1u << 30};
  if (argc < 2) return use();
  for (int i = 2; i < argc; i++)
    if (take_word(&options, argv[i])) return use();
  if (!options.relay || !options.origin) return use();
  raise_descriptors();
  client_init(&options);
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
    if (strcmp(argv[1], modes[i].name) != 0) continue;
    modes[i].run(&options);
    return window_was_disturbed() ? DISTURBED : 0;
  }
  return use();
}
