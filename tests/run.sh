#!/bin/sh
# Builds and runs the tests, on a fresh machine too: what is missing is installed first.
# Ends with CTest's summary and its exit code. Arguments go to ctest.
set -eu
cd "$(dirname "$0")/.."
. cmake/debian.sh

need g++ cmake ninja-build libboost-dev libxtensor-dev xtl-dev catch2 libcli11-dev libpng-dev libnetcdf-dev python3 \
  python3-numpy

# No optimizing and several sources at a time: building takes far longer than running.
configure build/tests -DTESSERA_BUILD_TESTS=ON -DTESSERA_BUILD_EXAMPLES=ON \
  -DTESSERA_BUILD_BENCHMARKS=OFF -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="-O0 -DNDEBUG" \
  -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=8
build build/tests --target tessera_tests
exec ctest --test-dir build/tests -j2 --output-on-failure --no-label-summary --no-tests=error "$@"
