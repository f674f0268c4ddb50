#!/bin/sh
# Shows what weir is for: one answer, token by token, asked for directly, through weir-relay, and through nginx as shipped
# (if it is installed). With an argument, puts weir-relay in front of that origin instead:
#   sh examples/quickstart.sh http://127.0.0.1:8081
# Installs what is missing to build weir; leaves nothing running behind.
set -eu
cd "$(dirname "$0")/.."
bin=$PWD/build/bin

case ${1:-} in
  -*) echo "usage: sh examples/quickstart.sh [ORIGIN-URL]"; exit 2 ;;
esac

# ---- set-up ----

sh tests/setup.sh build
[ -e build/CMakeCache.txt ] || generator="-G Ninja"
echo "quickstart: building weir-relay"
mkdir -p build
{
  cmake -S . -B build ${generator:-} -DWEIR_EXAMPLES=ON &&
    cmake --build build -j "$(nproc)" --target weir-relay weir-origin weir-watch
} >build/quickstart.log 2>&1 || { cat build/quickstart.log; exit 1; }

# ---- processes ----

work=$(mktemp -d)
chmod 711 "$work" # nginx, started as root, works as another user
pids=

any_left() {
  for pid in $pids; do kill -0 "$pid" 2>/dev/null && return 0; done
  return 1
}

# The first TERM lets a server finish, the second does not.
cleanup() {
  trap '' INT TERM HUP
  trap - EXIT
  for signal in TERM TERM KILL; do
    any_left || break
    kill -$signal $pids 2>/dev/null || true
    for _ in 1 2 3 4 5 6 7 8 9 10; do any_left && sleep 0.1 || break; done
  done
  wait
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Starts a server that tells its address in its first line; leaves that in $url, or returns 1.
start() { # name, command..
  name=$1
  shift
  "$@" >"$work/$name.out" 2>"$work/$name.err" &
  pid=$!
  while kill -0 $pid 2>/dev/null; do
    url=$(sed -n '1s/^listening on //p' "$work/$name.out")
    if [ -n "$url" ]; then
      pids="$pids $pid"
      return 0
    fi
    sleep 0.05
  done
  return 1
}

started() {
  start "$@" || { cat "$work/$1.err" >&2; exit 1; }
}

# ---- in front of an origin of yours ----

if [ $# -gt 0 ]; then
  start relay "$bin/weir-relay" --listen 127.0.0.1:8080 "$1" ||
    started relay "$bin/weir-relay" --listen 127.0.0.1:0 "$1"
  echo "weir-relay listens on $url and relays to $1. Try:"
  echo "  curl -N $url/"
  echo "Ctrl-C ends it."
  wait "$pid"
  exit
fi

# ---- the same answer three ways ----

# nginx takes no port 0, so it tries some; its pid file appears once it listens.
start_nginx() { # program, origin
  mkdir -p "$work/nginx"
  for port in 8090 18090 28090 38090 48090; do
    cat >"$work/nginx/conf" <<CONF
daemon off;
pid $work/nginx/pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path $work/nginx/body;
  proxy_temp_path $work/nginx/proxy;
  fastcgi_temp_path $work/nginx/fastcgi;
  uwsgi_temp_path $work/nginx/uwsgi;
  scgi_temp_path $work/nginx/scgi;
  server {
    listen 127.0.0.1:$port;
    location / { proxy_pass $2; }
  }
}
CONF
    "$1" -p "$work/nginx" -e stderr -c "$work/nginx/conf" >"$work/nginx/err" 2>&1 &
    pid=$!
    while kill -0 $pid 2>/dev/null; do
      if [ -s "$work/nginx/pid" ]; then
        pids="$pids $pid"
        url=http://127.0.0.1:$port
        return 0
      fi
      sleep 0.05
    done
  done
  return 1
}

watch() { # label, address
  answer="$2/text?n=24&interval_ms=80"
  printf '\n%s\n' "$1: curl -N '$answer'"
  "$bin/weir-watch" --label "$1" --summary "$work/summary" "$answer" || true
}

started origin "$bin/weir-origin" --listen 127.0.0.1:0
origin=$url
watch direct "$origin"

started relay "$bin/weir-relay" --listen 127.0.0.1:0 "$origin"
watch weir-relay "$url"

nginx=$(PATH=$PATH:/usr/sbin:/usr/local/sbin command -v nginx || true)
if [ -z "$nginx" ]; then
  printf '\n%s\n' "nginx is not installed: with it, the same answer would come that way too."
elif start_nginx "$nginx" "$origin"; then
  watch nginx "$url"
else
  printf '\n%s\n' "nginx does not start: $(tail -1 "$work/nginx/err")"
fi

echo
cat "$work/summary"
