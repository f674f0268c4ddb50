/* What makes Mbed TLS say the same thing twice, and quickly: its randomness and its clock are scripted,
 * what takes it long is remembered, and what it tells a debugger guides libFuzzer, which cannot look
 * into a library that is installed. It works by being found before that library's own functions (so
 * that must be a shared one), and knows no engine. All it keeps is static. */
#ifndef WEIR_FUZZ_MBED_H
#define WEIR_FUZZ_MBED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whose turn it is: each draws from a randomness of its own, so that what one says does not depend on
 * how often the other was asked. */
enum mbed_side { MBED_SETUP, MBED_TARGET, MBED_PEER, MBED_SIDES };

/* Begins all randomness anew. */
void mbed_restart(void);
/* Begins that of one side anew, from a number of its own. */
void mbed_restart_side(enum mbed_side side, uint32_t number);
void mbed_turn(enum mbed_side side);
/* Random bytes that were asked for since the process began: none if Mbed TLS does not ask here. */
size_t mbed_drawn(void);

/* Sees each record of the peer before it is encrypted: its plain bytes (TLS 1.3: and behind them the
 * type, then perhaps zeros) and what will be authenticated with it (5 bytes, its header; TLS 1.2: 13,
 * of which [8] is the type). It may change any byte. NULL: none. */
typedef void mbed_seal_fn(void *user, unsigned char *plain, size_t len, unsigned char *head,
                          size_t head_len);
void mbed_on_seal(mbed_seal_fn *fn, void *user);

#endif
