#!/bin/sh
# How much of src/ the suite runs, in lines and branches, by gcc's own counters; fails below the floors.
# Usage: sh tests/coverage.sh [-v]     -v lists what no test has reached. WEIR_BUILD_DIR names another build folder.
#
# gcov's plain count, with one exception: both ways out of an assert() are left out. The second must never be taken, so
# no test could, and leaving it in would make each invariant that is written down cost coverage. Their lines count.
#
# Scripts with real parts and the tables of hostile messages are left out: they take minutes to go where the units, the
# behaviours and the failing calls have been, so what they add is little, and the number is a lower bound.
set -eu
cd "$(dirname "$0")/.."

lines=95
branches=88
build=${WEIR_BUILD_DIR:-build/coverage}

sh tests/setup.sh test
# Two workers of a relay may count at the same time: else counts get lost. -O0: each line is what it says.
[ -e "$build/CMakeCache.txt" ] || generator="-G Ninja"
cmake -S . -B "$build" ${generator:-} -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Debug -DWEIR_TESTS=ON -DWEIR_EXAMPLES=ON \
  -DCMAKE_C_FLAGS="-O0 --coverage -fprofile-update=atomic"
cmake --build "$build" -j "$(nproc)"

find "$build" -name '*.gcda' -delete
. tests/ctest.inc
run_ctest "$build" -LE 'check|real|hostile'

exec python3 tests/coverage.py "$build" --lines $lines --branches $branches "$@"
