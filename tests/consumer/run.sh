#!/bin/sh
# Builds programs outside the tree against weir as installed, static and shared, found by CMake and by pkg-config.
# Each must relay one real response; its last line counts them.
set -eu
cd "$(dirname "$0")/../.."
here=$PWD/tests/consumer
passed=0

sh tests/setup.sh build

work=$(mktemp -d)
origin=
cleanup() {
  trap - EXIT INT TERM HUP
  [ -z "$origin" ] || { kill "$origin" 2>/dev/null && wait "$origin" || true; }
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

fail() {
  echo "$*"
  [ ! -s "$work/log" ] || cat "$work/log"
  echo "$passed passed, 1 failed"
  exit 1
}

install_weir() { # static|shared
  build=build/consumer/$1
  [ "$1" = static ] && shared=OFF || shared=ON
  [ -e "$build/CMakeCache.txt" ] || generator="-G Ninja"
  {
    cmake -S . -B "$build" ${generator:-} -DBUILD_SHARED_LIBS=$shared -DWEIR_TESTS=OFF -DWEIR_EXAMPLES=ON &&
      cmake --build "$build" -j "$(nproc)" &&
      cmake --install "$build" --prefix "$work/$1"
  } >"$work/log" 2>&1 || fail "weir ($1) could not be built and installed."
}

start_origin() {
  build/consumer/static/bin/weir-origin --listen 127.0.0.1:0 >"$work/origin" 2>&1 &
  origin=$!
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    url=$(sed -n 's/^listening on //p' "$work/origin")
    [ -z "$url" ] || return 0
    sleep 0.2
  done
  fail "weir-origin does not come up: $(cat "$work/origin")"
}

relays() { # name, program
  "$2" "$url" >"$work/log" 2>&1 || fail "$1: no response came through."
  echo "ok   $1: $(tail -1 "$work/log")"
  passed=$((passed + 1))
}

with_cmake() { # static|shared
  { cmake -S "$here" -B "$work/$1/cmake" -G Ninja -DCMAKE_PREFIX_PATH="$work/$1" && cmake --build "$work/$1/cmake"; } \
    >"$work/log" 2>&1 || fail "find_package(weir), $1: does not build."
  relays "find_package, $1" "$work/$1/cmake/consumer"
}

with_pkg_config() { # static|shared
  libdir=$(dirname "$(dirname "$(find "$work/$1" -name weir.pc)")")
  flags=$(PKG_CONFIG_PATH="$libdir/pkgconfig" pkg-config --cflags --libs weir 2>"$work/log") ||
    fail "pkg-config weir, $1: not found."
  cc "$here/main.c" -o "$work/$1/consumer" $flags -Wl,-rpath,"$libdir" >"$work/log" 2>&1 ||
    fail "pkg-config weir, $1: does not build."
  relays "pkg-config, $1" "$work/$1/consumer"
}

for kind in static shared; do
  install_weir $kind
  [ -n "$origin" ] || start_origin
  "$work/$kind/bin/weir-relay" --help >"$work/log" 2>&1 || fail "weir-relay, $kind, does not start as installed."
  with_cmake $kind
  with_pkg_config $kind
done
echo "$passed passed, 0 failed"
