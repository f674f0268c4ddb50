#!/bin/sh
# Soaks weir-relay: `sh tests/soak.sh [SECONDS] [SEED]`, 600 seconds and a random seed if nothing is said. 500 streams
# go through two relays while origins and clients are killed, stopped and started again, one relay is reloaded and the
# other one drained and replaced. Prints a line every ten seconds, then each promise and whether it held.
#
# Builds what it needs in build/; WEIR_BIN_DIR names a folder with another build of it (one with sanitizers, say).
set -eu
cd "$(dirname "$0")/.."

seconds=${1:-600}
seed=${2:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}

build() {
  sh tests/setup.sh build
  [ -e build/CMakeCache.txt ] || generator="-G Ninja"
  cmake -S . -B build ${generator:-} -DWEIR_TESTS=ON -DWEIR_EXAMPLES=ON
  cmake --build build -j "$(nproc)" --target weir-relay weir-soak soak-heap
}

bin=${WEIR_BIN_DIR:-}
[ -n "$bin" ] || { build >&2; bin=$PWD/build/bin; }
for program in weir-relay weir-soak; do
  [ -x "$bin/$program" ] || { echo "$program is missing in $bin: \`sh tests/run.sh\` builds it." >&2; exit 2; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

echo "soak: $seconds seconds, seed $seed (sh tests/soak.sh $seconds $seed)"
"$bin/weir-soak" "$bin/weir-relay" "$bin/soak-heap.so" "$work" "$seconds" "$seed"
