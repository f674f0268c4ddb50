/* Who comes in: listeners of the relay, connections and requests that a host hands over. It knows
 * nothing of what they say. A listener belongs to the relay until its close callback. */
#ifndef WEIR_RELAY_LISTENERS_H
#define WEIR_RELAY_LISTENERS_H

#include "weir/relay.h"

/* Stops accepting. Idempotent. */
void weir__listeners_close(weir_relay *relay);

#endif
