#!/bin/sh
# Measures weir against a floor, nginx and haproxy, side by side: `sh tests/bench/run.sh [--tls] [SCENARIO...]`; README.md
# here tells what each scenario measures; --tls means all that have TLS between client and relay. Prints one Markdown table
# a scenario with PASS or MISS for each target, and keeps every run in build/bench/results.json. Ends with 1 if a target was
# missed, with 2 if something could not be measured.
#   BENCH_ROUNDS=N  rounds of each scenario      BENCH_QUICK=1  short runs: they show that all works, and judge nothing
#   BENCH_PORT=N    first of eight ports in use    BENCH_BIN=DIR  measure these binaries instead of building them
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$root/build/bench
work=$(mktemp -d)
results=$work/results
base_port=${BENCH_PORT:-18100}
origin_port=$base_port
quick=${BENCH_QUICK:-}
peers="weir tap filter floor nginx nginx32k haproxy"
all="latency-1 latency-100 cpu saturation syscalls memory small churn bulk-1 bulk-16 gone events sse"
all_tls="tls-latency-1 tls-latency-100 tls-cpu tls-saturation tls-memory tls-handshake tls-resume tls-bulk tls-beside"

die() { echo "bench: $*" >&2; exit 2; }
say() { echo "bench: $*" >&2; }

. "$here/peers.inc"

stop_all() {
  for peer in $peers; do stop $peer; done
}
trap 'stop_all; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

# ---- what is measured ----

prepare() {
  [ "$(nproc)" -ge 2 ] || die "needs two cores: one for the relay, one for load and origin."
  sh "$root/tests/setup.sh" bench >&2
  if [ -z "${BENCH_BIN:-}" ]; then
    cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DWEIR_TESTS=OFF -DWEIR_BENCH=ON >&2
    cmake --build "$build" --target weir-relay weir-bench-load weir-bench-floor weir-bench-floor-mbedtls weir-bench-sse >&2
  fi
  mkdir -p "$build"
  bin=${BENCH_BIN:-$build/bin}
  nginx=$(PATH=$PATH:/usr/sbin command -v nginx) || die "nginx is missing."
  haproxy=$(PATH=$PATH:/usr/sbin command -v haproxy) || die "haproxy is missing."
  ulimit -n 40000 2>/dev/null || ulimit -n "$(ulimit -H -n)"
  descriptors=$(ulimit -n)
  chmod 755 "$work" # nginx's worker is another user
  sh "$root/tests/support/ca.sh" "$build/ca"
  cert=$build/ca/chain.pem key=$build/ca/chain.key # ECDSA P-256, below an authority that is below another
  cat "$cert" "$key" >"$work/both.pem"
}

# The pace of each scenario: mode, peers, rounds, and what else weir-bench-load is told.
describe() { # scenario
  mode=paced with="weir floor nginx haproxy" rounds=25 args='' fresh=no tls=''
  case $1 in tls-*) tls=yes rounds=15 ;; esac
  case $1 in
    latency-1) with="direct $with" args='streams=1 rate=1000 ms=300 warmup=50' ;;
    latency-100) with="direct $with" args='streams=100 rate=50 ms=200 warmup=50' ;;
    cpu) args='streams=200 rate=100 ms=200 warmup=50' ;;
    saturation) mode=saturated args='streams=200 ms=200 warmup=50' ;;
    syscalls) mode=syscalls rounds=1 args='streams=1 rate=200 ms=1000' ;;
    memory) mode=memory rounds=3 fresh=yes args='streams=9000 ms=1000' ;;
    small) mode=requests args='streams=64 ms=200 warmup=50' ;;
    churn) mode=churn args='streams=32 ms=200 warmup=50' ;;
    bulk-1) mode=bulk rounds=15 with="weir floor nginx32k haproxy" args='streams=1 bytes=536870912' ;;
    bulk-16) mode=bulk rounds=15 with="weir floor nginx32k haproxy" args='streams=16 bytes=536870912' ;;
    gone) mode=gone rounds=11 args='streams=400 ms=2000 warmup=200' ;;
    events) mode=saturated with="weir tap filter" args='streams=200 ms=200 warmup=50' ;;
    sse) mode=sse rounds=5 with='' ;;
    tls-latency-1) with="direct $with" args='streams=1 rate=1000 ms=300 warmup=50' ;;
    tls-latency-100) with="direct $with" args='streams=100 rate=50 ms=200 warmup=50' ;;
    tls-cpu) fresh=yes args='streams=100 rate=200 ms=200 warmup=50' ;;
    tls-saturation) mode=saturated fresh=yes args='streams=100 ms=200 warmup=50' ;;
    tls-memory) mode=memory rounds=2 fresh=yes args='streams=2000 ms=3000' ;;
    tls-handshake) mode=churn args='streams=8 ms=250 warmup=50' ;;
    tls-resume) mode=churn args='streams=8 ms=250 warmup=100 resume=1' ;;
    tls-bulk) mode=bulk rounds=11 with="weir floor nginx32k haproxy" args='streams=1 bytes=268435456' ;;
    tls-beside) mode=beside rounds=7 with="weir nginx haproxy" args='streams=100 rate=50 ms=1000 warmup=100 beside=50' ;;
    *) die "no scenario '$1': there are $all $all_tls." ;;
  esac
  [ -z "$quick" ] || rounds=2
  [ -z "$quick" ] || args=$(echo " $args" | sed -e 's/ ms=[0-9]*/ ms=200/' -e 's/=9000/=1000/' -e 's/=2000/=500/' \
    -e 's/=536870912/=67108864/' -e 's/=268435456/=33554432/')
  rounds=${BENCH_ROUNDS:-$rounds}
}

# ---- measuring ----

run_load() { # scenario, peer, round
  eval "pid=\${pid_$2:-0}"
  speaks=${tls:+tls=1}
  [ $2 != direct ] || speaks=
  taskset -c 1 "$bin/weir-bench-load" $mode scenario=$1 name=$2 round=$3 relay=$(port_of $2) origin=$origin_port \
    pid=$pid $speaks $args
}

# A run that other processes disturbed (code 3) is done again, four times at most.
run_once() { # scenario, peer, round
  tries=0
  while :; do
    [ $fresh = no ] || start $2
    code=0
    run_load "$@" >"$work/line" || code=$?
    [ $fresh = no ] || stop $2
    tries=$((tries + 1))
    [ $code = 3 ] && [ $tries -lt 4 ] && [ -z "$quick" ] || break
  done
  [ $code = 0 ] || [ $code = 3 ] || die "$1 with $2 failed."
  cat "$work/line" >>"$results"
}

# A program of its own: no relay, no socket. It prints lines of "NAME: N GB/s".
run_sse() {
  describe sse
  say "sse: $rounds rounds"
  round=1
  while [ $round -le $rounds ]; do
    taskset -c 1 "$bin/weir-bench-sse" >"$work/line" || die "sse failed."
    sed -n "s|^\(.*\): \([0-9.]*\) GB/s$|{\"scenario\":\"sse\",\"relay\":\"\1\",\"round\":$round,\"gb_per_s\":\2}|p" \
      "$work/line" >>"$results"
    round=$((round + 1))
  done
}

run_scenario() { # scenario
  describe $1
  say "$1: $rounds rounds of $with"
  [ $fresh = yes ] || for peer in $with; do start $peer; done
  round=1
  while [ $round -le $rounds ]; do
    for peer in $with; do run_once $1 $peer $round; done
    round=$((round + 1))
  done
  for peer in $with; do stop $peer; done
}

versions() {
  echo "$("$bin/weir-relay" --version | tr "\n" " ")"
  openssl version
  "$nginx" -v 2>&1 | sed 's/.*version: //'
  "$haproxy" -v | sed -n 's/^HAProxy version \([^ ]*\).*/haproxy\/\1/p'
  echo "Linux $(uname -r), $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) cores"
}

wanted=$(echo " ${*:-$all} " | sed "s/ --tls / $all_tls /")
for scenario in $wanted; do describe $scenario; done
prepare
versions >"$work/versions"
: >"$results"
for scenario in $wanted; do
  case $scenario in sse) run_sse ;; *) run_scenario $scenario ;; esac
done
code=0
python3 "$here/report.py" "$work/versions" "$results" "$build/results.json" || code=$?
[ -z "$quick" ] || [ $code -ne 1 ] || code=0
exit $code
