/* Error codes. One set: libuv's codes (-4095 to -1) pass through unchanged, weir's own lie
 * below. */
#ifndef WEIR_ERR_H
#define WEIR_ERR_H

#include "weir/version.h"

#ifdef __cplusplus
extern "C" {
#endif

/* name, number, sentence */
#define WEIR_ERRORS(X) \
  X(ENOMEM, -5001, "out of memory") \
  X(EINVAL, -5002, "invalid argument") \
  X(ESTATE, -5003, "not possible in this state") \
  X(EADDRESS, -5004, \
    "not an address to listen on: want host:port, [v6]:port, :port or unix:/path") \
  X(EURL, -5005, "not an origin: want http://host[:port] or unix:/path, without path or query") \
  X(ECIDR, -5006, "not an address range: want 10.0.0.0/8, 192.0.2.7, fd00::/8 or unix") \
  X(EFIELD, -5007, \
    "not a field that may be set: the name is no token, the value has a control " \
    "character, or weir itself writes this field") \
  X(ETARGET, -5008, "not a request target") \
  X(EMESSAGE, -5020, "malformed HTTP message") \
  X(EVERSION, -5021, "HTTP version is neither 1.0 nor 1.1") \
  X(EFRAMING, -5022, "ambiguous message length") \
  X(EHOST, -5023, "Host is missing, repeated or malformed") \
  X(EHEADSIZE, -5024, "message head is too large") \
  X(ETARGETSIZE, -5025, "request target is too long") \
  X(EBODYSIZE, -5026, "request body is too large") \
  X(EOVERHEAD, -5027, "too much chunk framing for too little body") \
  X(EINTERIM, -5028, "too many interim responses") \
  X(EUPGRADE, -5029, "switched to a protocol that was not asked for") \
  X(ETRUNCATED, -5030, "connection ended inside a message") \
  X(ENOADDRESS, -5031, "the name has no address") \
  X(ETIMEOUT, -5032, "a timer ran out") \
  X(ECANCELED, -5033, "ended by its owner")

enum weir_err {
#define WEIR_ERR_ENUM(name, number, text) WEIR_##name = number,
  WEIR_ERRORS(WEIR_ERR_ENUM)
#undef WEIR_ERR_ENUM
};

/* The sentence for a code of weir or libuv ("out of memory"), and its name ("WEIR_ENOMEM").
 * An unknown code gives "unknown error" and "UNKNOWN". Static memory. Any thread. */
WEIR_EXTERN const char *weir_strerror(int code);
WEIR_EXTERN const char *weir_err_name(int code);

#ifdef __cplusplus
}
#endif
#endif
