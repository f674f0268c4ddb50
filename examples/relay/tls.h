/* TLS as the command line asks for it: what clients are shown, and what origins must show. Knows no
 * connection and no relay. The main thread makes, reloads and closes it; the relays of all workers
 * share it, and with it the sessions that clients resume. */
#ifndef RELAY_TLS_H
#define RELAY_TLS_H

#include <stdbool.h>
#include <weir.h>

#include "config.h"

struct tls {
  weir_tls *clients; /* NULL: --listen speaks plain HTTP */
  weir_tls *origins; /* NULL: no origin is https */
};

/* Whether the flags go together. Reads no file. False after saying what is wrong. */
bool tls_check(const struct config *config);

/* Reads the files. False after saying what is wrong with one, and nothing is left. */
bool tls_open(struct tls *tls, const struct config *config);

/* Reads them again, for connections to come, and says so; or says why the old ones stay. */
void tls_reload(const struct tls *tls);

/* Hands are shaken with somebody. */
static inline bool tls_in_use(const struct tls *tls) { return tls->clients || tls->origins; }

void tls_close(struct tls *tls);

#endif
