/* What both peers of a stage saw, taken apart by hostile/strict.c, and compared with what both sent,
 * taken apart by http/h1_read.c. It knows what a relay promises and nothing of how one works. It
 * belongs to the input at hand. */
#ifndef WEIR_FUZZ_JUDGE_H
#define WEIR_FUZZ_JUDGE_H

#include "fuzz/fuzz.h"
#include "fuzz/stage.h"

/* Checks all that must hold for a stage that has finished:
 *  - what left is in the strict form, and nothing stands behind a message that is cut;
 *  - responses come in the order of the requests, each to its own;
 *  - bodies, trailers excepted, are those that came, or what they begin with;
 *  - what ended before its end never looks whole, in either direction;
 *  - only what may be repeated was sent twice.
 * The record then holds what a peer can tell apart: heads, bodies without their chunks, ends. Two runs
 * that differ in their cuts only must have the same. */
void judge(const stage *s, fuzz_record *seen);

#endif
