/* The target `tls_records`: two engines that have shaken hands; what the sender says then reaches the
 * target as the input says. An input is three bytes of settings (below; how what comes is cut; 
 * tls_fuzz_rooms()), then steps of a letter and what belongs to it:
 *
 *   w n     the sender writes: so many bytes as sizes[] has     z  it ends: close_notify
 *   p t n . it sends a record of type t with the next n bytes of the input, encrypted as it should be
 *   d       its next record comes                               D  all come
 *   x i i b .. comes with the bits b of byte i turned           s  it is lost
 *   c i i   .. its first i bytes come, and later it again       j  it and the next come as one
 *   o n     that n behind it comes, or (n > 127) before it; later again
 *   g t n . a record of type t with the next n bytes comes, made by somebody else
 *   r n .   the next n bytes come                               a l d  an alert in plain comes
 *   b n     the target writes                                   e  the target ends
 *
 * Judged besides what tls.h looks at: the plain bytes are, after each step, those of all whole records
 * in front of the first byte that was not the sender's, no more and no less; the first that is wrong
 * ends it; close_notify is told if it was among them. */
#ifndef WEIR_FUZZ_TLS_RECORDS_H
#define WEIR_FUZZ_TLS_RECORDS_H

enum {
  RECORDS_TLS13 = 1, /* else 1.2 */
  RECORDS_CLIENT = 2 /* the target is one */
};

#endif
