/* Over src/base/list.h. */
#include "base/list.h"

#include "support/check.h"

typedef struct item {
  int before; /* so that the node is not at the front */
  weir__list node;
  char letter;
} item;

typedef struct fixture {
  weir__list list, other;
  item a, b, c;
} fixture;

static void open(fixture *f) {
  weir__list_init(&f->list);
  weir__list_init(&f->other);
  f->a.letter = 'a', f->b.letter = 'b', f->c.letter = 'c';
  weir__list_init(&f->a.node);
  weir__list_init(&f->b.node);
  weir__list_init(&f->c.node);
}

static char letter(weir__list *node) { return weir__container_of(node, item, node)->letter; }

/* Checks the letters from front to back, and back to front that the links agree. */
static void check_letters(weir__list *list, const char *want) {
  char got[8] = "";
  size_t n = 0;
  for (weir__list *node = list->next; node != list && n < 7; node = node->next) {
    got[n++] = letter(node);
    CHECK(node->next->prev == node && node->prev->next == node);
  }
  CHECK_STR(got, want);
  CHECK_INT(weir__list_empty(list), !*want);
}

static void a_new_list_is_empty(void) {
  fixture f;
  open(&f);
  check_letters(&f.list, "");
  CHECK(!weir__list_pop(&f.list));
  CHECK(!weir__list_pop_last(&f.list));
}

static void append_keeps_the_order(void) {
  fixture f;
  open(&f);
  weir__list_append(&f.list, &f.a.node);
  weir__list_append(&f.list, &f.b.node);
  weir__list_append(&f.list, &f.c.node);
  check_letters(&f.list, "abc");
}

static void a_node_leaves_from_anywhere_and_twice(void) {
  fixture f;
  open(&f);
  weir__list_append(&f.list, &f.a.node);
  weir__list_append(&f.list, &f.b.node);
  weir__list_append(&f.list, &f.c.node);
  weir__list_remove(&f.b.node);
  check_letters(&f.list, "ac");
  CHECK(weir__list_empty(&f.b.node));
  weir__list_remove(&f.b.node);
  check_letters(&f.list, "ac");
  weir__list_remove(&f.a.node);
  weir__list_remove(&f.c.node);
  check_letters(&f.list, "");
}

static void pop_takes_the_first_and_pop_last_the_last(void) {
  fixture f;
  open(&f);
  weir__list_append(&f.list, &f.a.node);
  weir__list_append(&f.list, &f.b.node);
  weir__list_append(&f.list, &f.c.node);
  CHECK_INT(letter(weir__list_pop(&f.list)), 'a');
  CHECK_INT(letter(weir__list_pop_last(&f.list)), 'c');
  check_letters(&f.list, "b");
  CHECK(weir__list_empty(&f.a.node));
  CHECK(weir__list_empty(&f.c.node));
}

static void move_empties_one_list_into_the_other(void) {
  fixture f;
  open(&f);
  weir__list_append(&f.list, &f.a.node);
  weir__list_append(&f.other, &f.b.node);
  weir__list_append(&f.other, &f.c.node);
  weir__list_move(&f.list, &f.other);
  check_letters(&f.list, "abc");
  check_letters(&f.other, "");
  weir__list_move(&f.list, &f.other);
  check_letters(&f.list, "abc");
  weir__list_move(&f.other, &f.list);
  check_letters(&f.other, "abc");
  check_letters(&f.list, "");
}

int main(int argc, char **argv) {
  check_begin(argc, argv);
  TEST(a_new_list_is_empty);
  TEST(append_keeps_the_order);
  TEST(a_node_leaves_from_anywhere_and_twice);
  TEST(pop_takes_the_first_and_pop_last_the_last);
  TEST(move_empties_one_list_into_the_other);
  return check_end();
}
