#!/bin/sh
# Installs what is missing, builds, and runs every test; arguments go to ctest (`sh tests/run.sh -R truncat`).
# WEIR_SECOND_CHANCE=1 runs those that failed once more (tests/ctest.inc).
# WEIR_SANITIZE=address,undefined does it all in a build folder of its own; WEIR_BUILD_DIR names another one, and
# WEIR_CMAKE has more options for CMake ("-DBUILD_SHARED_LIBS=ON").
set -eu
cd "$(dirname "$0")/.."

sanitize=${WEIR_SANITIZE:-}
build=${WEIR_BUILD_DIR:-build${sanitize:+/$(echo "$sanitize" | tr , -)}}
[ "$sanitize" != address,undefined ] || build=${WEIR_BUILD_DIR:-build/asan}

sh tests/setup.sh test
[ -e "$build/CMakeCache.txt" ] || generator="-G Ninja"
cmake -S . -B "$build" ${generator:-} -DCMAKE_BUILD_TYPE=RelWithDebInfo -DWEIR_WERROR=ON -DWEIR_TESTS=ON \
  -DWEIR_EXAMPLES=ON -DWEIR_SANITIZE="$sanitize" ${WEIR_CMAKE:-}
cmake --build "$build" -j "$(nproc)"

export ASAN_OPTIONS="${ASAN_OPTIONS:-strict_string_checks=1:detect_stack_use_after_return=1}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"

. tests/ctest.inc
run_ctest "$build" "$@"
