/* Frees what ended during a loop turn once none of its functions can be on the stack any more. It
 * does not know what it buries. Whoever reaps an object has let go of it. */
#ifndef WEIR_NET_REAPER_H
#define WEIR_NET_REAPER_H

#include <stdbool.h>
#include <uv.h>

#include "base/list.h"

/* Sits inside the object. */
typedef struct weir__remains {
  weir__list node;
  void (*bury)(struct weir__remains *remains);
} weir__remains;

typedef struct weir__reaper {
  uv_check_t check; /* runs behind the poll phase of each turn; unreferenced */
  uv_idle_t wake;   /* active: there will be such a turn, at once */
  unsigned open;    /* of these two */
  weir__list dead;
  void (*on_closed)(struct weir__reaper *reaper);
} weir__reaper;

void weir__reaper_init(weir__reaper *reaper, uv_loop_t *loop);

/* `bury` is called once, from the loop, never before this returns: when the loop next wakes for
 * whatever reason, or at the latest at the reaper's end. */
void weir__reap(weir__reaper *reaper, weir__remains *remains, void (*bury)(weir__remains *remains));

/* The same, but the loop wakes for it and lives until then: somebody waits to be told. */
void weir__reap_now(weir__reaper *reaper, weir__remains *remains,
                    void (*bury)(weir__remains *remains));

/* Buries it at once: the caller knows that none of its functions is on the stack. */
void weir__reap_early(weir__remains *remains);

/* Buries what is left, closes its handle, then reports. Nothing may be reaped after this. */
void weir__reaper_close(weir__reaper *reaper, void (*on_closed)(weir__reaper *reaper));

#endif
