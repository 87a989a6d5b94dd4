#!/bin/sh
# The library as its users get it: by find_package from an install, then by add_subdirectory.
set -eu
cd "$(dirname "$0")/../.."
. cmake/debian.sh

need g++ cmake ninja-build libboost-dev libxtensor-dev xtl-dev

work=build/consumer
rm -rf "$work"
mkdir -p "$work"
root=$(pwd -P)

say "install, find_package"
# A prefix with a blank, and moved after the install: the package must not remember where it was.
configure "$work/library" -DTESSERA_BUILD_TESTS=OFF -DTESSERA_BUILD_EXAMPLES=OFF \
  -DTESSERA_BUILD_BENCHMARKS=OFF
build "$work/library"
cmake --install "$work/library" --prefix "$root/$work/first place"
mv "$work/first place" "$work/second place"
cmake -S tests/consumer -B "$work/found" "-DCMAKE_PREFIX_PATH=$root/$work/second place"
build "$work/found"
"$work/found/consumer"
"$work/found/compiled_consumer"

say "the compiled part without CMake"
g++ -std=c++20 -DTESSERA_COMPILED "-I$work/second place/include" tests/consumer/compiled_main.cpp \
  tests/consumer/compiled_kernel.cpp tests/consumer/definitions.cpp -o "$work/by_hand"
"$work/by_hand"

say "find_package where headers have a folder of their own: within the prefix, and anywhere"
elsewhere=$(mktemp -d)  # CMake refuses a place below the sources
trap 'rm -rf "$elsewhere"' EXIT
for headers in include/tessera-0.1 "$elsewhere/include"; do
  rm -rf "$work/library" "$work/found"
  configure "$work/library" -DTESSERA_BUILD_TESTS=OFF -DTESSERA_BUILD_EXAMPLES=OFF \
    -DTESSERA_BUILD_BENCHMARKS=OFF "-DCMAKE_INSTALL_INCLUDEDIR=$headers"
  cmake --install "$work/library" --prefix "$root/$work/third place"
  cmake -S tests/consumer -B "$work/found" "-DCMAKE_PREFIX_PATH=$root/$work/third place"
  build "$work/found"
  "$work/found/consumer"
  rm -rf "$work/third place"
done

say "add_subdirectory"
cmake -S tests/consumer -B "$work/added" "-DTESSERA_SOURCE_DIR=$root"
build "$work/added"
"$work/added/consumer"
"$work/added/compiled_consumer"

say "both consumers run, and nothing leaks into them"
