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
  bury_all(reaper);
}

static void on_close(uv_handle_t *handle) {
  weir__reaper *reaper = handle->data;
  bury_all(reaper);
  reaper->on_closed(reaper);
}

int weir__reaper_init(weir__reaper *reaper, uv_loop_t *loop) {
  weir__list_init(&reaper->dead);
  int rc = uv_check_init(loop, &reaper->check);
  if (rc) return rc;
  reaper->check.data = reaper;
  uv_unref((uv_handle_t *)&reaper->check);
  return 0;
}

void weir__reap(weir__reaper *reaper, weir__remains *remains,
                void (*bury)(weir__remains *remains)) {
  remains->bury = bury;
  weir__list_init(&remains->node);
  weir__list_append(&reaper->dead, &remains->node);
  uv_check_start(&reaper->check, on_check);
}

void weir__reaper_close(weir__reaper *reaper, void (*on_closed)(weir__reaper *reaper)) {
  reaper->on_closed = on_closed;
  uv_close((uv_handle_t *)&reaper->check, on_close);
}
