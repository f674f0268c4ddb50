/* How a client connection goes from one request to the next, and how it ends. For
 * relay/downstream.c only; the split follows the two questions, not two owners. */
#ifndef WEIR_RELAY_DOWNSTREAM_END_H
#define WEIR_RELAY_DOWNSTREAM_END_H

#include "relay/downstream.h"

/* In downstream.c. */
void weir__downstream_set_state(weir__downstream *d, enum weir__down_state state, uint32_t ms);
void weir__downstream_read_ahead(weir__downstream *d);
void weir__downstream_read_on(weir__downstream *d);
void weir__downstream_look(weir__downstream *d);
void weir__downstream_rest_reader(weir__downstream *d);
void weir__downstream_use(weir__downstream *d, weir__stream *stream);

/* In downstream_end.c. */
void weir__downstream_answer_and_close(weir__downstream *d, int status, int code);
void weir__downstream_saw_fin(weir__downstream *d);
void weir__downstream_go_on_closing(weir__downstream *d);
void weir__downstream_closed(weir__downstream *d);
void weir__downstream_on_deadline(weir__deadline *deadline);

/* In downstream_tls.c: why there will be no handshake. It is not ended by that. */
void weir__downstream_note_refusal(weir__downstream *d, int code);

#endif
