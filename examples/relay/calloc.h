/* RELAY_CALLOC: this program has a calloc() of its own (calloc.c says why). It knows no sanitizer's
 * allocator and no C library but glibc, which keep theirs. It owns nothing. */
#ifndef RELAY_CALLOC_H
#define RELAY_CALLOC_H

#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define RELAY_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RELAY_SANITIZED
#endif

#if defined(__GLIBC__) && !defined(RELAY_SANITIZED)
#if !__GLIBC_PREREQ(2, 41)
#define RELAY_CALLOC
/* Libraries find it only if it is visible. */
__attribute__((visibility("default"))) void *calloc(size_t count, size_t size);
#endif
#endif

#endif
