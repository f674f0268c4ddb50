#!/bin/sh
# The whole suite inside a Debian 13 that holds nothing but what tests/setup.sh installs; arguments go to tests/run.sh.
# WEIR_TRIXIE='command' runs something else there.
#
# The tree is made once (a minute or two), and kept with its packages in ~/.cache/weir or $XDG_CACHE_HOME/weir as long as
# tests/setup.sh stays as it is. Each run unpacks it anew and puts a copy of this checkout into it. Mounts live in a
# namespace of their own, so nothing of them is left whatever happens.
#
# Where no such tree can be entered (no root, or a container without mounts) it says so and ends with 3: nothing was run.
set -eu
cd "$(dirname "$0")/.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/weir
key=$(cat tests/setup.sh tests/trixie.sh | cksum | tr ' ' -)
kept=$cache/trixie-$key.tar
log=$PWD/build/trixie.log
command=${WEIR_TRIXIE:-sh tests/run.sh $*}

say() { echo "trixie: $*"; }

not_run() {
  echo "trixie: ****************************************************************"
  echo "trixie: NOT RUN inside Debian 13: $*"
  echo "trixie: ****************************************************************"
  exit 3
}

mkdir -p build
: >"$log"
[ "$(id -u)" -eq 0 ] || not_run "a chroot needs root."
command -v unshare >/dev/null || not_run "unshare is missing (package util-linux)."
unshare --mount --pid --fork true 2>>"$log" || not_run "this machine allows no mounts: $(tail -1 "$log")"

sh tests/setup.sh test
mkdir -p "$cache"
chmod 711 "$cache"

tree=$(mktemp -d "$cache/tree.XXXXXX")
trap 'rm -rf --one-file-system "$tree"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
chmod 755 "$tree"

# Runs a command in the tree as a fresh login would: of this machine's environment, only how to reach the net.
enter() { # command
  cp /etc/resolv.conf /etc/hosts "$tree/etc/"
  unshare --mount --pid --fork --propagation private sh -c '
    set -eu
    tree=$1
    mount -t proc proc "$tree/proc"
    mount --rbind /dev "$tree/dev"
    mkdir -p "$tree/dev/shm"
    mountpoint -q "$tree/dev/shm" || mount -t tmpfs shm "$tree/dev/shm"
    mount -t sysfs sys "$tree/sys" 2>/dev/null || true
    [ -z "$3" ] || mount --bind "$3" "$tree/root/.cache/ccache"
    exec chroot "$tree" env -i HOME=/root TERM=dumb LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
      http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" no_proxy="${no_proxy:-}" sh -c "cd /weir && $2"
  ' trixie "$tree" "$1" "${2:-}"
}

# The checkout without what was built from it; the npm packages are plain files and the same everywhere.
copy_checkout() {
  mkdir -p "$tree/weir"
  tar -cf - --exclude=./build --exclude=./.git . | tar -C "$tree/weir" -xf -
}

make_tree() {
  for mirror in $(sh tests/setup.sh mirrors); do
    rm -rf --one-file-system "${tree:?}"/*
    debootstrap --variant=minbase --include=ca-certificates trixie "$tree" "$mirror" >>"$log" 2>&1 && return 0
  done
  return 1
}

if [ ! -e "$kept" ]; then
  say "making the tree (debootstrap, then tests/setup.sh in it)"
  make_tree || { tail -5 "$log"; say "debootstrap failed: more in $log."; exit 1; }
  copy_checkout
  enter "sh tests/setup.sh test" || { say "the packages could not be installed in the tree."; exit 1; }
  rm -rf "$tree/weir" "$tree"/var/cache/apt/archives/*.deb
  rm -f "$cache"/trixie-*.tar
  tar -C "$tree" --one-file-system -cf "$kept.part" . && mv "$kept.part" "$kept"
else
  tar -C "$tree" -xf "$kept"
fi

copy_checkout
mkdir -p "$cache/ccache" "$tree/root/.cache/ccache"
say "$(sed -n 's/^PRETTY_NAME=//p' "$tree/etc/os-release" | tr -d '"') runs: $command"
enter "$command" "$cache/ccache"
