/* Copies structs that begin with their size. It knows none of them by name. */
#ifndef WEIR_BASE_SIZED_H
#define WEIR_BASE_SIZED_H

#include <stddef.h>

/* Copies a size-first struct of a program that may be older (what it lacks is zero) or newer (what
 * we do not know must be zero). WEIR_EINVAL. */
int weir__copy_sized(void *to, size_t to_size, const void *from);

#endif
