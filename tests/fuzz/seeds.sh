#!/bin/sh
# Fills folder $1 with the seeds that the programs behind it write; they are tables of the unit tests.
set -eu
folder=$1
shift

rm -rf "$folder"
mkdir -p "$folder"
for program in "$@"; do
  WEIR_SEEDS=$folder "$program" >"$folder.log" || { cat "$folder.log"; exit 1; }
done
