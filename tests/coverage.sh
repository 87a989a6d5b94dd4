#!/bin/sh
# Which lines of include/ the tests reach, worker processes and killed ones included: a table, and
# every line that none reaches. Takes some ten minutes.
set -eu
cd "$(dirname "$0")/.."
. cmake/debian.sh

need clang llvm libclang-rt-dev g++ cmake ninja-build libboost-dev libxtensor-dev xtl-dev catch2 \
  libcli11-dev python3 python3-numpy

# Counters in files that are mapped: what a process counted stays, however it ends. Of our headers
# alone.
mkdir -p build
printf 'src:*include/tessera*\n' >build/coverage-list.txt
CXX=clang++ configure build/coverage -DTESSERA_BUILD_TESTS=ON -DTESSERA_BUILD_EXAMPLES=ON \
  -DTESSERA_BUILD_BENCHMARKS=OFF -DCMAKE_BUILD_TYPE=Debug \
  -DCMAKE_CXX_FLAGS_DEBUG="-O0 -g1 -fprofile-instr-generate -fcoverage-mapping \
-fprofile-list=$(pwd -P)/build/coverage-list.txt -mllvm -runtime-counter-relocation" \
  -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=8
build build/coverage --target tessera_tests
rm -rf build/coverage/counts
mkdir build/coverage/counts
LLVM_PROFILE_FILE="$(pwd -P)/build/coverage/counts/%c%m.profraw" \
  ctest --test-dir build/coverage -j2 --output-on-failure --no-label-summary
cd build/coverage
llvm-profdata merge -sparse counts/*.profraw -o counts/all.profdata
objects=
for program in tests/test_* examples/*; do
  [ -f "$program" ] && [ -x "$program" ] && objects="$objects -object $program"
done
# shellcheck disable=SC2086
llvm-cov export -format=lcov -instr-profile counts/all.profdata $objects >counts/lines.lcov
exec python3 -B ../../tests/coverage.py counts/lines.lcov ../../include
