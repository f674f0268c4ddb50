/* Counts the relay's system calls for each event: strace is attached once the stream is open, and
 * taken off before it closes, so that nothing but events is counted. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "streams.h"

struct kind {
  const char *name;
  const char *calls; /* each between spaces */
  uint64_t count;
};

static struct kind kinds[] = {
    {"reads", " read readv recv recvfrom recvmsg ", 0},
    {"writes", " write writev send sendto sendmsg ", 0},
    {"waits", " epoll_wait epoll_pwait epoll_pwait2 poll ppoll select ", 0},
    {"others", "", 0},
};

static void count(const char *call, uint64_t times) {
  char word[80];
  size_t i = 0;
  snprintf(word, sizeof word, " %s ", call);
  while (i < 3 && !strstr(kinds[i].calls, word)) i++;
  kinds[i].count += times;
}

/* ---- strace ---- */

static bool thread_traced(int pid, const char *thread) {
  char path[320], line[128];
  int tracer = 0;
  snprintf(path, sizeof path, "/proc/%d/task/%s/status", pid, thread);
  FILE *file = fopen(path, "r");
  if (!file) die(path);
  while (fgets(line, sizeof line, file)) (void)sscanf(line, "TracerPid: %d", &tracer);
  fclose(file);
  return tracer != 0;
}

static bool traced(int pid) {
  char path[64];
  bool all = true;
  snprintf(path, sizeof path, "/proc/%d/task", pid);
  DIR *threads = opendir(path);
  if (!threads) die(path);
  for (struct dirent *thread; (thread = readdir(threads));)
    if (thread->d_name[0] != '.' && !thread_traced(pid, thread->d_name)) all = false;
  closedir(threads);
  return all;
}

static pid_t attach(int pid, const char *file) {
  char number[16];
  snprintf(number, sizeof number, "%d", pid);
  pid_t strace = fork();
  if (strace == 0) {
    execlp("strace", "strace", "-q", "-f", "-c", "-U", "calls,name", "-o", file, "-p", number,
           (char *)NULL);
    die("strace");
  }
  while (!traced(pid)) {
    errno = 0;
    if (waitpid(strace, NULL, WNOHANG) != 0) die("strace cannot attach to the relay");
    usleep(1000);
  }
  return strace;
}

static void detach(pid_t strace) {
  kill(strace, SIGINT);
  waitpid(strace, NULL, 0);
}

/* Lines of "calls name", between rules and a total. */
static void read_table(const char *path) {
  char line[256], call[64];
  unsigned long long calls;
  FILE *file = fopen(path, "r");
  if (!file) die(path);
  while (fgets(line, sizeof line, file))
    if (sscanf(line, "%llu %63s", &calls, call) == 2 && strcmp(call, "total") != 0)
      count(call, calls);
  fclose(file);
  unlink(path);
}

/* ---- a run ---- */

static void send_one_by_one(const struct options *options) {
  uint64_t total = (uint64_t)options->rate * options->ms / 1000;
  for (uint64_t i = 0; i < total; i++) {
    streams_send(&streams.all[i % streams.count]);
    streams_drain();
    usleep(1000000 / options->rate);
  }
}

void run_syscalls(const struct options *options) {
  char file[] = "/tmp/weir-bench-strace.XXXXXX";
  if (mkstemp(file) < 0) die(file);
  streams_open(options);
  send_one_by_one(options);
  uint64_t before = streams.received;
  pid_t strace = attach(options->pid, file);
  send_one_by_one(options);
  detach(strace);
  read_table(file);
  report_begin(options);
  report_count("events", streams.received - before);
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    report_count(kinds[i].name, kinds[i].count);
  report_end();
  streams_close();
}
