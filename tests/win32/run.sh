#!/bin/sh
# Win32 under Wine: builds what runs on Windows so far with a cross compiler, warnings being errors,
# and runs it as Windows programs:
#   sh tests/win32/run.sh
set -eu
cd "$(dirname "$0")/../.."
. cmake/debian.sh

need g++-mingw-w64-x86-64-posix wine wine64 libboost-dev libxtensor-dev xtl-dev catch2

there=$(pwd -P)/build/win32
mkdir -p "$there/headers"
# These alone: nothing else of the system's headers may get in.
for package in boost xtensor xtl catch2; do
  ln -sfn "/usr/include/$package" "$there/headers/$package"
done
export WINEPREFIX="$there/wine"
if [ ! -d "$WINEPREFIX" ] && ! sh tests/win32/wine.sh wineboot -i >/dev/null; then
  rm -rf "$WINEPREFIX"
  die "Wine does not start"
fi
rm -f "$there"/tests-*.o  # of sources that are gone by now

compiler=x86_64-w64-mingw32-g++-posix
if have ccache; then compiler="ccache $compiler"; fi
compile() { # SOURCE...: each an object
  for source in "$@"; do
    $compiler -std=c++20 -O1 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror \
      -isystem "$there/headers" -Iinclude -Itests -c "$source" \
      -o "$there/$(printf '%s' "$source" | tr / -).o"
  done
}
compile tests/win32/*.cpp tests/base/*.cpp tests/format/*.cpp tests/grid/*.cpp
x86_64-w64-mingw32-g++-posix -static "$there"/tests-*.o -o "$there/test_win32.exe"
sh tests/win32/wine.sh "$there/test_win32.exe" "$@"
