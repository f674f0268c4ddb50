/* Heads from text and to text, so that a test reads like the message it is about. */
#ifndef WEIR_TEST_HEADS_H
#define WEIR_TEST_HEADS_H

#include "base/mem.h"
#include "http/head.h"

/* A head as the reader would make it, but for framing: of a start line and of field lines that end in
 * `\n` ("Host: a\nAccept: b\n"). NULL when memory is out. Free it with weir__head_free(). */
weir_head *head_of(weir__mem *mem, const char *start, const char *fields);

/* The field lines in the same form. Walks the list both by weir_head_next() and inside, and checks
 * that both and the count agree. The caller frees it with free(). */
char *head_text(const weir_head *head);

/* Checks all of them at once. */
#define CHECK_FIELDS(head, want) check_fields(__FILE__, __LINE__, (head), (want))
bool check_fields(const char *file, int line, const weir_head *head, const char *want);

#endif
