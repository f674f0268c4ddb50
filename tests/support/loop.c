#include "support/loop.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "support/check.h"

/* From one end to the other it is a handful of hops, and as many back: room to spare. */
enum { SETTLE_TURNS = 16 };

static int count_descriptors(void) {
  int count = 0;
  DIR *dir = opendir("/proc/self/fd");
  if (!dir) return 0;
  while (readdir(dir)) count++;
  closedir(dir);
  return count;
}

/* UDP to itself: it goes the way of all that crosses the loopback, and needs no connection, which a
 * crowded machine may refuse. */
static void open_ping(loop *l) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  struct timeval patience = {.tv_sec = 1};
  socklen_t len = sizeof at;
  l->ping = socket(AF_INET, SOCK_DGRAM, 0);
  CHECK_INT(bind(l->ping, (struct sockaddr *)&at, len), 0);
  CHECK_INT(getsockname(l->ping, (struct sockaddr *)&at, &len), 0);
  CHECK_INT(connect(l->ping, (struct sockaddr *)&at, len), 0);
  CHECK_INT(setsockopt(l->ping, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
}

/* Waits until the system has delivered what was sent so far: on a busy machine that takes a
 * while. */
static void await_delivery(loop *l) {
  char byte = 0;
  CHECK_INT(write(l->ping, &byte, 1), 1);
  CHECK_INT(read(l->ping, &byte, 1), 1);
}

static void on_late(uv_timer_t *timer) {
  loop *l = timer->data;
  l->late = true;
}

void loop_open(loop *l) {
  signal(SIGPIPE, SIG_IGN);
  CHECK_INT(uv_loop_init(&l->uv), 0); /* the first loop opens what stays open for good */
  CHECK_INT(uv_loop_close(&l->uv), 0);
  l->descriptors = count_descriptors();
  CHECK_INT(uv_loop_init(&l->uv), 0);
  open_ping(l);
  uv_timer_init(&l->uv, &l->watchdog);
  uv_unref((uv_handle_t *)&l->watchdog);
  l->watchdog.data = l;
  l->late = false;
  l->turns = 0;
}

void loop_wind(loop *l) {
  uv_update_time(&l->uv);
  uv_timer_start(&l->watchdog, on_late, LOOP_PATIENCE_MS, 0);
}

bool loop_turn(loop *l) {
  if (l->late || !uv_loop_alive(&l->uv)) return false;
  l->turns++;
  uv_run(&l->uv, UV_RUN_ONCE);
  return !l->late;
}

void loop_settle(loop *l) {
  for (int i = 0; i < SETTLE_TURNS; i++) {
    await_delivery(l);
    l->turns++;
    uv_run(&l->uv, UV_RUN_NOWAIT);
  }
}

static void name_handle(uv_handle_t *handle, void *arg) {
  (void)arg;
  printf("  still there: %s%s%s\n", uv_handle_type_name(handle->type),
         uv_is_closing(handle) ? ", closing" : "", uv_has_ref(handle) ? "" : ", unreferenced");
}

void loop_close(loop *l) {
  l->late = false;
  loop_wind(l);
  while (loop_turn(l)) {}
  CHECK(!l->late);
  uv_close((uv_handle_t *)&l->watchdog, NULL);
  uv_run(&l->uv, UV_RUN_NOWAIT);
  if (!CHECK_INT(uv_loop_close(&l->uv), 0)) uv_walk(&l->uv, name_handle, NULL);
  close(l->ping);
  CHECK_INT(count_descriptors(), l->descriptors);
}
