/* A uv_check_t that is active only while somebody waits: freeing needs no turn of its own, so a
 * request costs no extra epoll_wait. */
#include "net/reaper.h"

static void bury_all(weir__reaper *reaper) {
  weir__list *node;
  while ((node = weir__list_pop(&reaper->dead))) {
    weir__remains *remains = weir__container_of(node, weir__remains, node);
    remains->bury(remains);
  }
}

static void on_check(uv_check_t *check) {
  weir__reaper *reaper = check->data;
  uv_check_stop(check);
  uv_idle_stop(&reaper->wake);
  bury_all(reaper);
}

static void on_close(uv_handle_t *handle) {
  weir__reaper *reaper = handle->data;
  if (--reaper->open) return;
  bury_all(reaper);
  reaper->on_closed(reaper);
}

static void on_wake(uv_idle_t *wake) { (void)wake; } /* that the loop does not sleep is all */

void weir__reaper_init(weir__reaper *reaper, uv_loop_t *loop) {
  weir__list_init(&reaper->dead);
  uv_check_init(loop, &reaper->check); /* neither can fail */
  uv_idle_init(loop, &reaper->wake);
  reaper->check.data = reaper->wake.data = reaper;
  uv_unref((uv_handle_t *)&reaper->check);
}

void weir__reap(weir__reaper *reaper, weir__remains *remains,
                void (*bury)(weir__remains *remains)) {
  remains->bury = bury;
  weir__list_init(&remains->node);
  weir__list_append(&reaper->dead, &remains->node);
  uv_check_start(&reaper->check, on_check);
}

void weir__reap_now(weir__reaper *reaper, weir__remains *remains,
                    void (*bury)(weir__remains *remains)) {
  weir__reap(reaper, remains, bury);
  uv_idle_start(&reaper->wake, on_wake);
}

void weir__reap_early(weir__remains *remains) {
  weir__list_remove(&remains->node);
  remains->bury(remains);
}

void weir__reaper_close(weir__reaper *reaper, void (*on_closed)(weir__reaper *reaper)) {
  reaper->on_closed = on_closed;
  reaper->open = 2;
  uv_close((uv_handle_t *)&reaper->check, on_close);
  uv_close((uv_handle_t *)&reaper->wake, on_close);
}
