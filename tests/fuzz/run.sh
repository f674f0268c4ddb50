#!/bin/sh
# Fuzzes each target for SECONDS (30) in build/fuzz: `sh tests/fuzz/run.sh 300 exchange url`. Without names, all.
# What it learns stays in build/fuzz/corpus/TARGET and is where the next run begins. A finding fails it and is kept in
# build/fuzz/found/TARGET; WEIR_BUILD_DIR names another folder. README.md here says what to do then.
set -eu
cd "$(dirname "$0")/../.."

seconds=${1:-30}
[ $# -eq 0 ] || shift
targets=${*:-h1_request h1_response forward url sse exchange events flood tls_server tls_client tls_records}
build=${WEIR_BUILD_DIR:-build/fuzz}
dir=tests/fuzz

command -v clang >/dev/null || { echo "clang is missing: run \`sh tests/setup.sh test\`."; exit 1; }

[ -e "$build/CMakeCache.txt" ] || generator="-G Ninja"
CC=clang cmake -S . -B "$build" ${generator:-} -DCMAKE_BUILD_TYPE=RelWithDebInfo -DWEIR_FUZZ=ON -DWEIR_TESTS=OFF \
  -DWEIR_EXAMPLES=OFF -DWEIR_INSTALL=OFF -DWEIR_SANITIZE=address,undefined >"$build.log" || { cat "$build.log"; exit 1; }
# shellcheck disable=SC2046 # one word a target
cmake --build "$build" -j "$(nproc)" --target fuzz_seeds $(printf ' fuzz_%s' $targets)

cat $dir/http.dict $dir/exchange.dict >"$build/words.dict"
words() { case $1 in tls_*) echo $dir/tls.dict ;; sse) echo $dir/sse.dict ;; *) echo "$build/words.dict" ;; esac; }
# Short stacks of allocations and a small quarantine: a third faster.
export ASAN_OPTIONS="${ASAN_OPTIONS:-malloc_context_size=2:quarantine_size_mb=16}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"

# Inputs no longer than what a table has, so that there are many of them.
longest() { case $1 in url | sse) echo 512 ;; tls_*) echo 4096 ;; *) echo 1024 ;; esac; }

passed=0 failed=0
fuzz() {
  corpus=$build/corpus/$1 found=$build/found/$1
  mkdir -p "$corpus" "$found"
  old=$dir/regressions/$1
  [ -d "$old" ] || old=
  if "$build/fuzz/fuzz_$1" "$corpus" "$build/fuzz/seeds/$1" ${old:+"$old"} -dict="$(words "$1")" \
      -artifact_prefix="$found/" -max_len="$(longest "$1")" -max_total_time="$seconds" -timeout=60 -rss_limit_mb=2048 \
      -print_final_stats=1 >"$build/$1.log" 2>&1; then
    passed=$((passed + 1))
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$1.log")
    echo "ok     $1: $runs inputs in $seconds s, $(find "$corpus" -type f | wc -l) kept"
  else
    failed=$((failed + 1))
    grep -v '^#' "$build/$1.log" | tail -n 60
    echo "FAILED $1: replay it with"
    for file in $(find "$found" -type f -newer "$build/words.dict"); do
      echo "  $build/fuzz/fuzz_$1 $file"
    done
  fi
}

for target in $targets; do fuzz "$target"; done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
