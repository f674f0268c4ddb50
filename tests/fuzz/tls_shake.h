/* The targets `tls_server` and `tls_client`. An input is three bytes of settings (tls.h's; how what
 * comes is cut; tls_fuzz_rooms()), then
 *
 *   raw: what the peer sends, byte by byte as on the wire. Randomness is scripted, so that what was
 *   recorded once leads to the same keys each time;
 *   TLS_LIVE: edits of six bytes (kind, record, place (2), value, more) of what a peer, an engine too,
 *   says in a handshake and after it. They reach behind encryption: some change a message before it is
 *   encrypted.
 *
 * Judged: what net/tls.h promises of each call (tls.h here); raw, that cuts change nothing; live, that
 * nobody is open whose handshake was edited on the way, and that plain bytes come as they went. */
#ifndef WEIR_FUZZ_TLS_SHAKE_H
#define WEIR_FUZZ_TLS_SHAKE_H

#include "fuzz/tls.h"

enum tls_edit_kind {
  EDIT_SET,        /* the byte at place becomes value */
  EDIT_XOR,        /* .. is turned where value has ones */
  EDIT_ADD,        /* value is added to the two bytes there: to a length */
  EDIT_INSERT,     /* as many bytes as `more`, of that value; the record's length follows */
  EDIT_INSERT_FIT, /* .. and the handshake message's length */
  EDIT_REMOVE,     /* as many bytes as value */
  EDIT_REMOVE_FIT, /* .. and the handshake message's length */
  EDIT_CUT,        /* nothing more of this record comes */
  EDIT_DROP,       /* it does not come */
  EDIT_AGAIN,      /* it comes twice */
  EDIT_SWAP,       /* it comes behind the next */
  EDIT_SPLIT,      /* it comes as two */
  EDIT_BEFORE,     /* another comes first: type value, length more; place is its first two bytes */
  EDIT_SEALED_SET, /* as EDIT_SET, before it is encrypted */
  EDIT_SEALED_ADD, /* as EDIT_ADD, before it is encrypted */
  EDIT_SEALED_SHORT, /* it ends there, before it is encrypted: TLS 1.3 */
  EDIT_SEALED_TYPE,  /* its type is value, before it is encrypted: TLS 1.3 */
  EDIT_KINDS
};

enum { TLS_EDIT_SIZE = 6 };

/* One input. */
int fuzz_shake(bool server, const uint8_t *data, size_t size);

/* Of the last input: the target, and what came to it. For who writes seeds. */
extern tls_fuzz tls_shake_target;
extern fuzz_record tls_shake_wire;

#endif
