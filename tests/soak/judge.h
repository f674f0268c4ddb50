/* Judges streams that are over: what the client saw against what the origin did and what happened
 * to both meanwhile. It never touches a socket. */
#ifndef SOAK_JUDGE_H
#define SOAK_JUDGE_H

#include "plan.h"
#include "soak.h"

/* Judges what can be. Returns how many records are not free. */
unsigned judge_turn(void);
/* Writes into the records of a process what it cannot write any more. */
void judge_origin_killed(unsigned origin);
void judge_swarm_killed(unsigned swarm);

/* For the ledger: how its client saw a stream end. */
enum fate { FATE_UNKNOWN, FATE_WHOLE, FATE_CUT };
enum fate judge_fate_of(uint64_t serial);
uint64_t judge_last_serial(void);

void judge_print(char *out, size_t size);
void judge_print_summary(void);

#endif
