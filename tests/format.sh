#!/bin/sh
# Every C file reads as .clang-format says. `sh tests/format.sh --fix` rewrites what does not.
set -eu
cd "${WEIR_SOURCE_DIR:-$(dirname "$0")/..}"

command -v clang-format >/dev/null || { echo "clang-format is missing: run \`sh tests/setup.sh test\`."; exit 1; }

how="--dry-run -Werror"
[ "${1:-}" != --fix ] || how=-i
find include src examples tests -name node_modules -prune -o -name '*.[ch]' -print0 | xargs -0 -r clang-format $how
