#!/bin/sh
# Fuzzes what reads bytes that nobody vouches for:
#   sh tests/fuzz/run.sh [SECONDS]      each target so long (default: 60) from the corpus on, under
#                                       the address and undefined-behaviour sanitizers; what is
#                                       found stays in build/fuzz
#   sh tests/fuzz/run.sh --many COUNT   COUNT million executions in all, three tenths of them whole
#                                       segments, on every core and without sanitizers, which makes
#                                       them twenty times as many in a minute; prints how many
#   sh tests/fuzz/run.sh --keep         keeps in corpus.txt what the last runs have added to coverage
set -eu
cd "$(dirname "$0")/../.."
. cmake/debian.sh

need clang libclang-rt-dev cmake ninja-build libboost-dev libxtensor-dev xtl-dev catch2 python3

python=$(command -v python3)
targets="header control_block segment"

programs() {
  folder=$1
  shift
  CXX=clang++ configure "$folder" -DTESSERA_BUILD_EXAMPLES=OFF -DTESSERA_BUILD_BENCHMARKS=OFF \
    -DCMAKE_BUILD_TYPE=Release "$@"
  build "$folder" --target fuzzers
}

if [ "${1:-}" = --many ]; then
  programs build/fuzz-many -DCMAKE_CXX_FLAGS_RELEASE="-O2 -D_GLIBCXX_ASSERTIONS"
  cores=$(nproc)
  total=0
  for target in $targets; do
    share=300000
    if [ "$target" = header ]; then share=400000; fi
    runs=$((${2:-100} * share / cores))
    found=build/fuzz-many/found
    rm -rf "${found:?}/$target"
    say "fuzzing: $target, $cores times $runs executions"
    running=
    core=0
    while [ "$core" -lt "$cores" ]; do
      "$python" tests/fuzz/corpus.py unpack "$target" "$found/$target/$core"
      build/fuzz-many/tests/fuzz_"$target" -runs="$runs" -max_len=4096 -timeout=10 \
        -print_final_stats=1 -verbosity=0 -artifact_prefix="$found/$target-" \
        "$found/$target/$core" >"$found/$target/$core.txt" 2>&1 &
      running="$running $!"
      core=$((core + 1))
    done
    for process in $running; do
      wait "$process" || { cat "$found/$target"/*.txt; die "found by $target: see $found"; }
    done
    done_now=$(cat "$found/$target"/*.txt | awk '/number_of_executed_units/ { n += $2 } END { print n }')
    say "$target: $done_now executions, nothing found"
    total=$((total + done_now))
  done
  say "$total executions in all, nothing found"
  exit
fi

found=build/fuzz/found
programs build/fuzz -DTESSERA_SANITIZE=address,undefined -DCMAKE_CXX_FLAGS_RELEASE="-O2"
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
