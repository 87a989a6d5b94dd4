#!/bin/sh
# For so many minutes (default: 10) kills workers and callers at random moments, has processes
# contend for names, and has workers write all over what they share; sends signals to all processes
# of a program at once, prints into a closed pipe, and keeps a folder of 64 MiB full; a worker is killed
# after each instruction of a round, and an array is larger than a control group. Prints what it saw:
#   sh tests/soak.sh MINUTES
set -eu
cd "$(dirname "$0")/.."
. cmake/debian.sh

need g++ cmake ninja-build libboost-dev libxtensor-dev xtl-dev catch2 python3

configure build/tests -DTESSERA_BUILD_TESTS=ON -DTESSERA_BUILD_EXAMPLES=ON \
  -DTESSERA_BUILD_BENCHMARKS=OFF -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="-O1 -DNDEBUG"
build build/tests --target test_process test_host
build/tests/tests/test_host "[.cgroup]"
TESSERA_SOAK_SECONDS=$((${1:-10} * 15)) exec build/tests/tests/test_process "[.soak]"
