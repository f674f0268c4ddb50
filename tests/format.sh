#!/bin/sh
# Every C file reads as .clang-format says. `sh tests/format.sh --fix` rewrites what does not.
set -eu
cd "${WEIR_SOURCE_DIR:-$(dirname "$0")/..}"

command -v clang-format >/dev/null || { echo "clang-format is missing: run \`sh tests/setup.sh test\`."; exit 1; }

each_file() {
  find include src examples tests -name node_modules -prune -o -name '*.[ch]' -print0 | xargs -0 -r clang-format "$@"
}

case ${1:-} in
  --fix) each_file -i && each_file -i ;; # some lines come to rest only in the second pass
  *) each_file --dry-run -Werror ;;
esac
