#!/bin/sh
# The shared library shows exactly what the public headers declare with WEIR_EXTERN, and nothing else.
# Usage: sh tests/exports.sh SHARED-LIBRARY
set -eu
cd "${WEIR_SOURCE_DIR:-$(dirname "$0")/..}"

lists=$(mktemp -d)
trap 'rm -rf "$lists"' EXIT

# Sanitizers add symbols of their own.
nm -D --defined-only -P "$1" | sed -n 's/ .*//; /^__\(odr_\)\{0,1\}[a-z]*san/!p' | sort >"$lists/shown"
cat include/weir.h include/weir/*.h | grep -v '^ *#' | tr '\n' ' ' |
  grep -oE 'WEIR_EXTERN [^;(]*\(' | sed -E 's/.*[ *]([a-zA-Z0-9_]+)\($/\1/' | sort >"$lists/declared"

[ -s "$lists/declared" ] || { echo "no WEIR_EXTERN found in include/."; exit 1; }
comm -23 "$lists/shown" "$lists/declared" | sed 's/$/ is exported, and no public header declares it/' >"$lists/faults"
comm -13 "$lists/shown" "$lists/declared" | sed 's/$/ is declared, and the library does not export it/' >>"$lists/faults"
grep -hE '^weir__|^[^w]' "$lists/declared" | sed 's/$/ is no public name: those begin with weir_/' >>"$lists/faults"
[ ! -s "$lists/faults" ] || { cat "$lists/faults"; exit 1; }
