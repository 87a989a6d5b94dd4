#!/bin/sh
# Win32 under Wine: builds the tests and the examples with a cross compiler, warnings being errors,
# and with the one header in place of all others, and has CTest run them as Windows programs:
#   sh tests/win32/run.sh [CTEST-ARGUMENT...]
set -eu
cd "$(dirname "$0")/../.."
. cmake/debian.sh

need g++-mingw-w64-x86-64-posix wine wine64 cmake ninja-build libboost-dev libxtensor-dev xtl-dev \
  catch2 libcli11-dev python3 python3-numpy

there=$(pwd -P)/build/win32
sysroot=$there/sysroot
mkdir -p "$sysroot/include" "$sysroot/lib/cmake"
# These alone: nothing else of the system's headers may get in.
for package in boost xtensor xtl catch2 CLI; do
  ln -sfn "/usr/include/$package" "$sysroot/include/$package"
done
# Copies: a package that is found through a link is taken for the one that the link leads to.
for package in /usr/lib/cmake/Catch2 /usr/lib/*/cmake/xtensor /usr/share/cmake/xtl \
  /usr/share/cmake/CLI11; do
  cp -r "$package" "$sysroot/lib/cmake/"
done
rm -f "$sysroot"/lib/cmake/Catch2/Catch2Targets-*.cmake  # a library of this system

export WINEPREFIX="$there/wine"
mkdir -p "$WINEPREFIX"
# One server for all tests: by itself it ends a while after a program, whoever starts just then.
wineserver -k || :
wineserver -p || die "Wine's server does not start"
trap 'wineserver -k || :' EXIT
if [ ! -f "$WINEPREFIX/system.reg" ] && ! sh tests/win32/wine.sh wineboot -i >/dev/null; then
  rm -rf "$WINEPREFIX"
  die "Wine does not start"
fi

configure build/win32/tests -DCMAKE_TOOLCHAIN_FILE=cmake/mingw-w64.cmake -DTESSERA_WERROR=ON \
  -DTESSERA_BUILD_BENCHMARKS=OFF -DTESSERA_USE_ONE_HEADER=ON -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_CXX_FLAGS_RELEASE="-O1 -DNDEBUG" -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=8
build build/win32/tests --target tessera_tests tessera_examples
# The headers themselves, as a program of a Windows user includes them.
x86_64-w64-mingw32-g++-posix -std=c++20 -fsyntax-only -Wall -Wextra -Werror -Iinclude \
  -isystem "$sysroot/include" examples/overnight.cpp
for program in build/win32/tests/tests/*.exe; do
  python3 tests/win32/rebase.py "$program" "${program%.exe}.rebased"
done
# What NumPy writes, for a test that can't start Python as a Windows program.
export TESSERA_TEST_NUMPY_FILES="$there/numpy"
mkdir -p "$TESSERA_TEST_NUMPY_FILES"
"$(python_with_numpy)" -B tests/numpy/make_files.py "$TESSERA_TEST_NUMPY_FILES" 2>"$there/numpy.words" ||
  die "NumPy's files can't be made: $(cat "$there/numpy.words")"
python3 tests/win32/excluded.py build/win32/tests/tests
ctest --test-dir build/win32/tests -j2 --output-on-failure --no-label-summary --no-tests=error "$@"

# The main job, and the sum of two real fields: the same file as on Linux (numpy/tiled_add_test.py).
examples=build/win32/tests/examples
data=examples/data
sh tests/win32/wine.sh "$examples/tiled_add.exe"
sh tests/win32/wine.sh "$examples/tiled_add.exe" --a "$data/coads_air_temperature.npy" \
  --b "$data/coads_specific_humidity.npy" --out build/win32/sum.npy
echo "1728182dd199cb00effd3876dab80aba67f0eb8f63173f5882367e06f680cedc  build/win32/sum.npy" |
  sha256sum -c
