/* The scripts of the targets `exchange` and `flood`: seven bytes of settings, then pieces separated
 * by LF and `%`, each a letter and what belongs to it:
 *
 *   C bytes  the client says    f  the client sends FIN    r  RST    e  its connection breaks
 *   O bytes  the origin says    F  the origin sends FIN    R  RST    E  its connection breaks
 *   k        the connection to the origin opens (as it does before O, F and R)
 *   x        .. or fails        t n  time passes           d  the relay is drained
 *   w n      the client's socket takes more bytes          W n  the origin's
 *   M bytes  as C, but in a flood as often as fills a read P bytes  as O, likewise
 *
 * It knows how to play one, not what should come of it. A script points into the input. */
#ifndef WEIR_FUZZ_SCRIPT_H
#define WEIR_FUZZ_SCRIPT_H

#include "fuzz/fuzz.h"

/* All is read at once, or in pieces; in pieces with narrow sockets, small limits and an allocation
 * that fails; or as narrow, all at once, and as much as a read takes. */
enum script_way { WHOLE, CUT, NARROW, FLOOD };

typedef struct script_settings {
  uint8_t options, limits, cuts, hook, window, alloc, more;
} script_settings;

typedef struct fuzz_script {
  script_settings set;
  weir__slice text;
} fuzz_script;

/* False if the input is too long. */
bool script_take(fuzz_script *out, const uint8_t *data, size_t size);

/* Plays it; then the judge looks at everything and writes what both peers saw to `seen`. If that is
 * NULL, only the stage looks: that nothing is left in the end, and at memory all the time. */
void script_run(const fuzz_script *script, enum script_way way, fuzz_record *seen);

#endif
