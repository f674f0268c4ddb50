#!/bin/sh
# Installs what is missing, builds, and runs every test; arguments go to ctest (`sh tests/run.sh -R truncat`).
# WEIR_SECOND_CHANCE=1 runs those that failed once more, unless something crashed or a sanitizer spoke, and tells which.
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

mkdir -p "$build/Testing"
said=$(cd "$build/Testing" && pwd)/said.txt # all that ctest printed

run_tests() { # arguments of ctest..
  ctest --test-dir "$build" --output-on-failure --no-tests=error --no-label-summary -j 2 -O "$said" "$@" </dev/null
}

crashed() {
  grep -Eq '\*\*\*Exception|Sanitizer|runtime error:' "$said"
}

run_tests "$@" && exit
[ -n "${WEIR_SECOND_CHANCE:-}" ] || exit 8
! crashed || exit 8
unsteady=$(sed -n '/^The following tests FAILED:$/,$s/^[\t ]*[0-9]* - \([^ ]*\) .*/\1/p' "$said" | tr '\n' ' ')
[ -n "$unsteady" ] || exit 8
run_tests "$@" --rerun-failed || exit
echo "**** UNSTEADY: failed, and passed when run again: $unsteady"
