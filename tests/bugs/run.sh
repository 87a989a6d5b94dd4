#!/bin/sh
# Plants every bug of tests/bugs/*.patch, one at a time, in a copy of the headers, and runs the test
# that is to catch it. Takes some minutes. Arguments choose bugs by name:
#   sh tests/bugs/run.sh claims_a_tile_twice no_fence
set -eu
cd "$(dirname "$0")/../.."
. cmake/debian.sh

need g++ cmake ninja-build libboost-dev libxtensor-dev xtl-dev catch2 python3 util-linux

configure build/bugs -DTESSERA_BUILD_TESTS=ON -DTESSERA_BUILD_EXAMPLES=OFF \
  -DTESSERA_BUILD_BENCHMARKS=OFF -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_CXX_FLAGS_RELEASE="-O1 -DNDEBUG"
build build/bugs --target tessera_test_main
exec python3 -B tests/bugs/run.py build/bugs "$@"
