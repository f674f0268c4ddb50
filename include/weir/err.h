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
  X(EURL, -5005, \
    "not an origin: want http://host[:port], https:// or unix:/path, without path or query") \
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
  X(ECANCELED, -5033, "ended by its owner") \
  X(EEVENTSIZE, -5034, "an event is larger than event_bytes or block_max") \
  X(ENOROOM, -5035, "the room that was given is too small") \
  X(ECODED, -5036, "the body is compressed, so that its events cannot be seen") \
  X(EEVENTS, -5037, \
    "not an option of event streams, text that is no whole block or comment, an unknown end " \
    "marker, or an early heartbeat together with a commit point") \
  X(ENOSTREAM, -5038, "the answer is no event stream, as an early heartbeat had promised") \
  X(ETLS_FILE, -5040, "a file of certificates or keys cannot be used") \
  X(ETLS_CIPHERS, -5041, "not a list of cipher suites") \
  X(ETLS_EXPIRED, -5050, "the certificate has expired") \
  X(ETLS_NOT_YET, -5051, "the certificate is not valid yet") \
  X(ETLS_NAME, -5052, "the certificate is for another name") \
  X(ETLS_UNKNOWN_CA, -5053, \
    "the certificate, or one it leads to, is signed by no authority that is trusted here") \
  X(ETLS_SELF_SIGNED, -5054, "the certificate is signed by itself and not trusted here") \
  X(ETLS_REVOKED, -5055, "the certificate was revoked") \
  X(ETLS_WEAK, -5056, "the certificate has a key or a signature that is too weak") \
  X(ETLS_USE, -5057, "the certificate is not for this use") \
  X(ETLS_CRL, -5058, "the list of revoked certificates is out of date or cannot be trusted") \
  X(ETLS_NO_CERT, -5059, "the peer has shown no certificate") \
  X(ETLS_CERT, -5060, "the certificate is malformed") \
  X(ETLS_VERSION, -5061, "no TLS version in common") \
  X(ETLS_CIPHER, -5062, "no cipher suite, group or signature in common") \
  X(ETLS_ALPN, -5063, "no application protocol in common") \
  X(ETLS_ALERT, -5064, "the peer ended the connection with a TLS alert") \
  X(ETLS_RECORD, -5065, "a TLS record is malformed, altered or repeated, or no TLS at all") \
  X(ETLS_MESSAGE, -5066, "a TLS message is malformed or came at the wrong time") \
  X(ETLS_TRUNCATED, -5067, "connection ended without TLS's close_notify") \
  X(ETLS_FAILED, -5068, "the TLS library failed")

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
