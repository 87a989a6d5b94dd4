#!/bin/sh
# Fuzzes what reads bytes that nobody vouches for, so many seconds for each target (default: 60):
#   sh tests/fuzz/run.sh [SECONDS]    from the corpus on, under the address and undefined-behaviour
#                                     sanitizers; what is found stays in build/fuzz
#   sh tests/fuzz/run.sh --keep       keeps in corpus.txt what the last runs have added to coverage
set -eu
cd "$(dirname "$0")/../.."
. cmake/debian.sh

need clang libclang-rt-dev cmake ninja-build libboost-dev libxtensor-dev xtl-dev catch2 python3

python=$(command -v python3)
targets="header control_block segment"
found=build/fuzz/found
CXX=clang++ configure build/fuzz -DTESSERA_SANITIZE=address,undefined \
  -DTESSERA_BUILD_EXAMPLES=OFF -DTESSERA_BUILD_BENCHMARKS=OFF -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_CXX_FLAGS_RELEASE="-O2"
build build/fuzz --target fuzzers

for target in $targets; do
  program=build/fuzz/tests/fuzz_$target
  if [ "${1:-}" = --keep ]; then
    rm -rf "$found/$target-least"
    mkdir -p "$found/$target-least"
    "$program" -merge=1 "$found/$target-least" "$found/$target"
    "$python" tests/fuzz/corpus.py pack "$target" "$found/$target-least"
  else
    "$python" tests/fuzz/corpus.py unpack "$target" "$found/$target"
    say "fuzzing: $target"
    "$program" -max_total_time="${1:-60}" -max_len=4096 -timeout=10 -print_final_stats=1 \
      -verbosity=0 -artifact_prefix="$found/$target-" -use_value_profile=1 "$found/$target"
  fi
done
