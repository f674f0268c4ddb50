/* An intrusive doubly linked list: the node sits inside what is listed, so nothing is allocated. It
 * knows nothing of its elements. A node belongs to the object around it. */
#ifndef WEIR_BASE_LIST_H
#define WEIR_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#define weir__container_of(ptr, type, member) \
  ((type *)(void *)(((char *)(ptr)) - offsetof(type, member)))

/* A node that is in no list points to itself, and so does an empty list. */
typedef struct weir__list {
  struct weir__list *next, *prev;
} weir__list;

static inline void weir__list_init(weir__list *node) { node->next = node->prev = node; }

static inline bool weir__list_empty(const weir__list *list) { return list->next == list; }

static inline void weir__list_remove(weir__list *node) {
  node->prev->next = node->next;
  node->next->prev = node->prev;
  weir__list_init(node);
}

/* Puts `node`, which is in no list, at the end. */
static inline void weir__list_append(weir__list *list, weir__list *node) {
  node->prev = list->prev;
  node->next = list;
  list->prev->next = node;
  list->prev = node;
}

/* Takes the first or the last node off; NULL when there is none. */
static inline weir__list *weir__list_pop(weir__list *list) {
  weir__list *node = list->next;
  if (node == list) return NULL;
  weir__list_remove(node);
  return node;
}

static inline weir__list *weir__list_pop_last(weir__list *list) {
  weir__list *node = list->prev;
  if (node == list) return NULL;
  weir__list_remove(node);
  return node;
}

/* Moves everything in `from` to the end of `to`, which leaves `from` empty. */
static inline void weir__list_move(weir__list *to, weir__list *from) {
  if (weir__list_empty(from)) return;
  from->next->prev = to->prev;
  to->prev->next = from->next;
  from->prev->next = to;
  to->prev = from->prev;
  weir__list_init(from);
}

#endif
