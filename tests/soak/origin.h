/* A process full of origin connections. */
#ifndef SOAK_ORIGIN_H
#define SOAK_ORIGIN_H

/* Serves on its port until it is killed. */
_Noreturn void origin_run(unsigned number);

#endif
