#!/bin/sh
# Folders are layers, and #include points only downwards: base, then http and net side by side, then relay on top.
# Also holds each foreign header to the one file or layer that may know it. Prints every breach with its line.
set -eu
cd "${WEIR_SOURCE_DIR:-$(dirname "$0")/..}"

# One line for every #include: "file:line:what".
includes() {
  find "$@" -name '*.[ch]' -exec grep -nHE '^[[:space:]]*#[[:space:]]*include' {} + |
    sed -E 's/^([^:]*:[0-9]+):[^"<]*["<]([^">]*)[">].*/\1:\2/'
}

breaches=$(
  includes src include | awk -F: '
    function breach(why) { printf "%s:%s: %s %s\n", $1, $2, $3, why }
    BEGIN {
      below["base"] = " base "
      below["http"] = " base http "
      below["net"] = " base net "
      below["relay"] = " base http net relay "
    }
    {
      split($1, path, "/")
      layer = path[1] == "src" ? path[2] : "the public headers"
      header = $3
      sub(/^(\.\.?\/)+/, "", header)
      target = header
      sub(/\/.*/, "", target)
    }
    path[1] == "src" && !(layer in below) { breach("is in a folder that is no layer") }
    target != header && target in below && layer in below && !index(below[layer], " " target " ") {
      breach("points upwards or sideways from " layer)
    }
    target in below && path[1] == "include" { breach("does not belong into a public header") }
    header ~ /^uv(\.h|\/)/ && (layer == "base" || layer == "http") { breach("does not belong into " layer) }
    header == "llhttp.h" && $1 != "src/http/h1_read.c" { breach("belongs only into src/http/h1_read.c") }
    header ~ /^(mbedtls|psa)\// && $1 != "src/net/tls_mbed.h" { breach("belongs only into src/net/tls_mbed.h") }
    header == "net/tls_mbed.h" && $1 !~ /^src\/net\/tls(_[a-z]+)?\.c$/ { breach("is for src/net/tls*.c only") }
  '
)
[ -n "$(includes src)" ] || { echo "no #include found below src: is this the project's folder?"; exit 1; }
[ -z "$breaches" ] || { echo "$breaches"; exit 1; }
