/* See others.h. Two lists of processes with their CPU time, both in the order of /proc: ascending.
 */
#include "others.h"

#include <dirent.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "meter.h"

enum { PROCESSES_MAX = 65536 };

struct process {
  int pid;
  uint64_t ns;
};

static struct process before[PROCESSES_MAX];
static size_t before_count;
static int relay;

/* 0 for one that has ended meanwhile. */
static uint64_t cpu_of(int pid) {
  clockid_t clock;
  struct timespec t;
  if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t)) return 0;
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The next process that is another, or 0 at the end. */
static int next_pid(DIR *proc) {
  for (struct dirent *entry; (entry = readdir(proc));) {
    int pid = atoi(entry->d_name);
    if (pid > 0 && pid != relay && pid != getpid()) return pid;
  }
  return 0;
}

void others_watch(int relay_pid) {
  DIR *proc = opendir("/proc");
  if (!proc) die("/proc");
  relay = relay_pid;
  before_count = 0;
  for (int pid; before_count < PROCESSES_MAX && (pid = next_pid(proc));)
    before[before_count++] = (struct process){pid, cpu_of(pid)};
  closedir(proc);
}

uint64_t others_ns(void) {
  DIR *proc = opendir("/proc");
  uint64_t sum = 0;
  size_t at = 0;
  if (!proc) die("/proc");
  for (int pid; (pid = next_pid(proc));) {
    uint64_t now = cpu_of(pid);
    while (at < before_count && before[at].pid < pid) at++;
    uint64_t then = at < before_count && before[at].pid == pid ? before[at].ns : 0;
    if (now > then) sum += now - then;
  }
  closedir(proc);
  return sum;
}
