#!/bin/sh
# Fills folder $1 with the seeds that the programs behind it write; they are made of the tables of other tests.
set -eu
folder=$1
shift

rm -rf "$folder"
mkdir -p "$folder"
for program in "$@"; do
  WEIR_SEEDS=$folder "$program" >"$folder.log" || { cat "$folder.log"; exit 1; }
done
