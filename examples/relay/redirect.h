/* --http-redirect: the answer to a request over plain HTTP. Knows no listener. Keeps nothing. */
#ifndef RELAY_REDIRECT_H
#define RELAY_REDIRECT_H

#include <weir.h>

/* Answers 308, which keeps method and body, with the same place at https and `port` (0: the usual
 * one); 400 where a request names no place. What on_request is to return. */
int redirect_to_https(weir_exchange *ex, int port);

#endif
