/* A process full of clients. */
#ifndef SOAK_SWARM_H
#define SOAK_SWARM_H

/* Keeps its streams going until it is killed. */
_Noreturn void swarm_run(unsigned number);

#endif
