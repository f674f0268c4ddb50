#!/bin/sh
# The checks of .clang-tidy over src/; `sh tests/tidy.sh FILE..` looks at those files only. Anything
# found is a failure. WEIR_BUILD_DIR names another build folder: only its list of commands is needed, nothing is built.
set -eu
cd "$(dirname "$0")/.."

build=${WEIR_BUILD_DIR:-build/tidy}

sh tests/setup.sh test
[ -e "$build/CMakeCache.txt" ] || generator="-G Ninja"
# The compiler is clang-tidy's own, so that it knows every flag.
cmake -S . -B "$build" ${generator:-} -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug -DCMAKE_EXPORT_COMPILE_COMMANDS=ON \
  -DWEIR_TESTS=OFF -DWEIR_EXAMPLES=OFF >"$build.log" 2>&1 || { cat "$build.log"; exit 1; }
rm -f "$build.log"

[ $# -gt 0 ] || set -- src/*/*.c
count=$#
# One at a time in each process: a file that fails does not end the others, and xargs tells of it.
printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 clang-tidy -p "$build" --quiet 2>"$build/stderr" ||
  { grep -v 'warnings generated\|^Suppressed\|^Use -header-filter' "$build/stderr" || true; exit 1; }
echo "$count passed, 0 failed"
