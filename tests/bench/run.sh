#!/bin/sh
# The classic job, timed in turn: bare system calls, the Python script, the library's map and
# transform. Prints the medians of every phase and what they are of each other.
#   sh tests/bench/run.sh            the classic grid and a large one, some minutes
#   sh tests/bench/run.sh --quick    fewer runs, under a minute
#   sh tests/bench/run.sh --shape 365x64x64 [--tile 4x4] [--workers 10] [--runs 5]    one grid
set -eu
cd "$(dirname "$0")/../.."
. cmake/debian.sh

need g++ cmake ninja-build libboost-dev libxtensor-dev xtl-dev python3 python3-numpy

configure build/bench -DTESSERA_BUILD_TESTS=OFF -DTESSERA_BUILD_EXAMPLES=OFF \
  -DTESSERA_BUILD_BENCHMARKS=ON -DCMAKE_BUILD_TYPE=Release >/dev/null
build build/bench --target tessera_benchmarks

exec "$(python_with_numpy)" tests/bench/compare.py build/bench/tests/bench "$@"
