#!/bin/sh
# Installs what weir needs: `sh tests/setup.sh build` for compiling it, `sh tests/setup.sh test` for running every test,
# `sh tests/setup.sh bench` for the benchmarks.
# (`sh tests/setup.sh mirrors` only prints the mirrors of Debian that this machine uses.)
# Works on Debian 12 and 13, as root or with sudo, and touches only what is missing: a second run needs neither.
# Debian 12 has no fitting llhttp and Mbed TLS: there Debian 13's are unpacked into build/deps, which the system never sees.
set -eu

group=${1:-build}
root=$(cd "$(dirname "$0")/.." && pwd)
deps=$root/build/deps
log=$root/build/setup.log

say() { echo "setup: $*"; }
die() { echo "setup: $*" >&2; exit 1; }

case $group in
  build|test|bench|mirrors) ;;
  *) die "unknown group '$group': use 'build', 'test' or 'bench'." ;;
esac

mkdir -p "$root/build" 2>/dev/null && [ -w "$root/build" ] ||
  die "$root/build cannot be written: run as its owner, or remove it."

# Two runs at once would unpack into the same folder.
if command -v flock >/dev/null; then
  exec 9>"$root/build/.setup.lock"
  flock 9
fi

ID='' VERSION_ID='' VERSION_CODENAME=''
[ ! -r /etc/os-release ] || . /etc/os-release
system=$ID-$VERSION_ID

# The mirrors this machine already uses. Some may be of others than Debian: only Debian's is signed as we ask for.
mirrors() {
  apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' 'Component: main' |
    sed -n -e '/cdrom:/d' -e "s/^\(${VERSION_CODENAME}\|oldstable\|stable\) //p" | sort -u
}

[ "$group" != mirrors ] || { mirrors; exit; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

logged() {
  "$@" >>"$log" 2>&1 9>&-
}

# ---- which packages ----

wanted_packages() {
  echo gcc libc6-dev cmake ninja-build ccache pkgconf libuv1-dev
  [ "$system" = debian-12 ] || echo libllhttp-dev libmbedtls-dev
  if [ "$group" = bench ]; then echo nginx haproxy libssl-dev openssl strace linux-perf python3 util-linux; fi
  [ "$group" = test ] || return 0
  echo clang clang-format clang-tidy chromium curl debootstrap libnss3-tools libssl-dev nginx openssl python3-fastapi \
    python3-httpx python3-uvicorn testssl.sh valgrind libc6-dbg
  if [ "$system" = debian-12 ]; then echo libclang-rt-14-dev; else echo libclang-rt-19-dev; fi
  # A Node.js from elsewhere conflicts with Debian's, and serves as well.
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then echo nodejs npm; fi
}

missing_packages() {
  wanted=$(wanted_packages)
  have=" $(dpkg-query -W -f '${Package} ${db:Status-Status}\n' $wanted 2>/dev/null |
    sed -n 's/ installed$//p' | tr '\n' ' ')"
  for package in $wanted; do
    case $have in *" $package "*) ;; *) echo "$package" ;; esac
  done
}

# ---- system packages ----

apt_install() {
  logged as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    -o DPkg::Lock::Timeout=600 -o Acquire::Retries=2 "$@"
}

# An unrelated source that is down must not stop us: whether the index serves, the installation tells.
apt_update() {
  say "fetching the package index"
  logged as_root apt-get update -o DPkg::Lock::Timeout=600 -o Acquire::Retries=2 || true
}

# The index at hand may be absent or stale: only then is it fetched.
apt_install_or_update() {
  apt_install "$@" && return 0
  apt_update
  apt_install "$@"
}

# Debian starts a service once its package is in place. Where we bring nginx or haproxy along, nothing may listen.
policy=/usr/sbin/policy-rc.d

forbid_services() {
  [ ! -e $policy ] || [ -e $policy.before-weir ] || as_root mv $policy $policy.before-weir
  trap 'allow_services' EXIT
  trap 'exit 130' INT TERM HUP
  printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
  as_root chmod 755 $policy
}

allow_services() {
  trap - EXIT INT TERM HUP
  as_root rm -f $policy
  [ ! -e $policy.before-weir ] || as_root mv $policy.before-weir $policy
}

install_system_packages() {
  missing=$(missing_packages | tr '\n' ' ')
  [ -n "$missing" ] || return 0
  [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null || die "installing ${missing% } needs root or sudo."
  say "installing ${missing% }"
  new_services=
  for service in nginx haproxy; do
    case " $missing" in *" $service "*) [ -e /usr/sbin/$service ] || new_services="$new_services $service" ;; esac
  done
  [ -z "$new_services" ] || forbid_services
  apt_install_or_update $missing ||
    die "apt-get could not install ${missing% }: $(grep '^E:' "$log" | tail -1) (more in $log)"
  [ -z "$new_services" ] || allow_services
  for service in $new_services; do logged as_root update-rc.d "$service" disable || true; done
}

# ---- llhttp and Mbed TLS of Debian 13, on Debian 12 ----

private_packages="libllhttp-dev libllhttp9.2 libmbedtls-dev libmbedtls21 libmbedx509-7 libmbedcrypto16"

# apt-get with lists, state and cache of its own; signatures are checked against the system's Debian keys.
private_apt() {
  logged apt-get -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::State="$work/state" -o Dir::State::status="$work/status" -o Dir::Cache="$work/cache" \
    -o Dir::Etc::PreferencesParts=/dev/null -o Dir::Etc::Preferences=/dev/null \
    -o APT::Default-Release= -o APT::Sandbox::User= -o Acquire::Languages=none -o Acquire::Retries=2 \
    -o APT::Update::Error-Mode=any "$@"
}

fetch_from() { # mirror
  rm -rf "${work:?}"/*
  mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/debs" "$work/root"
  : >"$work/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $1 trixie main" >"$work/sources.list"
  private_apt update || return 1
  (cd "$work/debs" && private_apt download $private_packages) || return 1
  for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$work/root" || return 1; done
}

fetch_from_a_mirror() {
  for uri in $(mirrors); do
    fetch_from "$uri" && return 0
  done
  return 1
}

# Debian 12's own keys vouch for Debian 13 as long as Debian signs it with them; later keys come with this package.
renew_keys() {
  grep -q NO_PUBKEY "$log" || return 1
  say "renewing debian-archive-keyring"
  apt_update
  apt_install debian-archive-keyring
}

# Relative prefixes keep working when the checkout moves.
make_relocatable() {
  for pc in "$1"/usr/lib/*/pkgconfig/*.pc; do
    sed -i -e 's|^prefix *=.*|prefix=${pcfiledir}/../../..|' -e 's|^\([a-z_]*\) *= */usr\(/.*\)*$|\1=${prefix}\2|' "$pc"
  done
}

install_private_packages() {
  [ "$system" = debian-12 ] || return 0
  stamp="$(dpkg --print-architecture) $private_packages"
  [ "$(cat "$deps/.stamp" 2>/dev/null)" != "$stamp" ] || return 0
  say "unpacking llhttp and Mbed TLS of Debian 13 into build/deps"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT TERM HUP
  fetch_from_a_mirror || { renew_keys && fetch_from_a_mirror; } ||
    die "apt-get could not fetch llhttp and Mbed TLS of Debian 13: $(grep '^E:' "$log" | tail -1) (more in $log)"
  make_relocatable "$work/root"
  echo "$stamp" >"$work/root/.stamp"
  rm -rf "$deps"
  mv "$work/root" "$deps"
  chmod 755 "$deps"
  rm -rf "$work"
  trap - EXIT INT TERM HUP
}

# ---- npm packages of the tests ----

install_npm_packages() {
  real=$root/tests/real
  [ "$group" = test ] && [ -e "$real/package.json" ] || return 0
  stamp=$(cat "$real/package.json" "$real/package-lock.json" 2>/dev/null | cksum)
  [ "$(cat "$real/node_modules/.stamp" 2>/dev/null)" != "$stamp" ] || return 0
  say "installing npm packages into tests/real/node_modules"
  if [ -e "$real/package-lock.json" ]; then verb=ci; else verb="install --no-package-lock"; fi
  (cd "$real" && logged npm $verb --ignore-scripts --no-audit --no-fund --no-progress) ||
    die "npm could not install the packages of tests/real/package.json:" \
      "$(grep -i '^npm err' "$log" | grep -iv ' code \| errno ' | head -1) (more in $log)"
  mkdir -p "$real/node_modules"
  echo "$stamp" >"$real/node_modules/.stamp"
}

# ---- other systems ----

check_by_hand() {
  for tool in cc cmake ninja pkg-config; do
    command -v $tool >/dev/null || return 1
  done
  pkg-config --exists 'libuv >= 1.44' 'libllhttp >= 9.2' 'mbedtls >= 3.6'
}

: >"$log"
case $system in
  debian-12|debian-13)
    install_system_packages
    install_private_packages
    ;;
  *)
    say "this is neither Debian 12 nor 13: install a C compiler, CMake >= 3.25, Ninja, pkg-config," \
      "libuv >= 1.44, llhttp >= 9.2, Mbed TLS >= 3.6$([ "$group" = build ] || echo ', and for the tests clang,' \
      'clang-format, clang-tidy, Chromium, curl, debootstrap, certutil of NSS, nginx, FastAPI with uvicorn, httpx, Node.js with npm,' \
      'testssl.sh, valgrind') yourself."
    check_by_hand || die "not all of these were found."
    ;;
esac
install_npm_packages
say "everything for '$group' is in place"
