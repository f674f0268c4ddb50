#!/bin/sh
# Every public header compiles on its own, as C11 and as C++, with no warning.
set -eu
cd "${WEIR_SOURCE_DIR:-$(dirname "$0")/..}/include"

flags="$(pkg-config --cflags libuv) -I. -fsyntax-only -Wall -Wextra -Wpedantic -Werror"
for header in weir.h weir/*.h; do
  echo "#include \"$header\"" | cc -x c -std=gnu11 $flags -
  echo "#include \"$header\"" | clang -x c++ -std=c++11 $flags -
done
