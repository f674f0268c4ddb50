#!/bin/sh
# Every C file reads as .clang-format says. `sh tests/format.sh --fix` rewrites what does not.
# The tables and programs of the larger tests are held to clang-format 14 only: later ones break some of their lines
# elsewhere. The library, the examples, the units and the behaviours read the same to all.
set -eu
cd "${WEIR_SOURCE_DIR:-$(dirname "$0")/..}"

command -v clang-format >/dev/null || { echo "clang-format is missing: run \`sh tests/setup.sh test\`."; exit 1; }

folders="include src examples tests"
case $(clang-format --version) in
  *" version 14."*) ;;
  *)
    folders="include src examples tests/unit tests/relay tests/support"
    echo "format: only $folders, since this is not clang-format 14"
    ;;
esac

each_file() {
  find $folders -name node_modules -prune -o -name '*.[ch]' -print0 | xargs -0 -r clang-format "$@"
}

case ${1:-} in
  --fix) each_file -i && each_file -i ;; # some lines come to rest only in the second pass
  *) each_file --dry-run -Werror ;;
esac
