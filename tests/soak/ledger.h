/* weir-relay's access logs against what the clients saw. */
#ifndef SOAK_LEDGER_H
#define SOAK_LEDGER_H

/* Reads all of them, when nobody writes them any more. */
void ledger_check(void);

#endif
