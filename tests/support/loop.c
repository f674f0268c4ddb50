#include "support/loop.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "support/check.h"

/* Turns that do not wait. What is sent on the loopback is there for the next one; a handful of hops
 * from one end to the other, and as many back, leave room to spare. */
enum { SETTLE_TURNS = 16 };

static int count_descriptors(void) {
  int count = 0;
  DIR *dir = opendir("/proc/self/fd");
  if (!dir) return 0;
  while (readdir(dir)) count++;
  closedir(dir);
  return count;
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
  CHECK_INT(count_descriptors(), l->descriptors);
}
