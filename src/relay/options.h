/* Defaults, limits and validation of everything a host can set. It opens nothing. The copies it
 * makes belong to the struct weir__settings until weir__settings_free(). */
#ifndef WEIR_RELAY_OPTIONS_H
#define WEIR_RELAY_OPTIONS_H

#include "base/cidr.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sized.h"
#include "http/forward.h"
#include "http/h1_read.h"
#include "relay/event_rules.h"
#include "weir/relay.h"

/* The options as they are in force: every zero replaced by its default. */
typedef struct weir__settings {
  weir_options o; /* its pointers are not ours: use what stands below */
  weir_hooks hooks;
  weir__log log;
  weir__h1_limits limits;
  weir__policy policy; /* its strings are ours */
  weir__cidrs trusted;
  weir__event_rules *events; /* never NULL */
  uint64_t body_min;         /* bytes of a request body that must come in request_body_ms */
  uint64_t stall_min;        /* bytes that a client must take in stall_ms */
} weir__settings;

/* Reads the allocator only, since everything else needs it. */
int weir__settings_allocator(weir__mem *mem, const weir_options *options);

/* WEIR_EINVAL, WEIR_ECIDR, WEIR_EEVENTS, WEIR_ENOMEM; nothing is kept then. `options` may be NULL. */
int weir__settings_init(weir__settings *settings, weir__mem *mem, const weir_options *options);
void weir__settings_free(weir__settings *settings, weir__mem *mem);

#endif
