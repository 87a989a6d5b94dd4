#!/bin/sh
# How fast the library is against its peers: builds the programs, runs ours and each peer in turn,
# prints one table and writes it to build/bench/speed.csv and, drawn, to build/bench/speed.svg.
#   sh tests/bench/run.sh            every row, some fifteen minutes
#   sh tests/bench/run.sh --quick    without the largest grids, under a minute once it is built
#   sh tests/bench/run.sh --smoke    every row once on tiny grids: only whether the results agree
# Also: --only TEXT (rows with it in their name), --turns N, --csv FILE (the chart goes beside it).
# The second table, work that people bring, against OpenMP and NumPy:
#   sh tests/bench/run.sh kernels    a few minutes; also --smoke, --small, --only, --turns, --csv
# How long programs take to compile, header-only and with the compiled part, as ratios to xtensor:
#   sh tests/bench/run.sh compile    a few minutes; also --turns, --cxx
# Loops over a tile's mdspan(), as ratios to loops over its rows, with a compiler that has <mdspan>:
#   CXX="clang++-19 -std=c++23 -stdlib=libc++" sh tests/bench/run.sh mdspan
# Waiting for a step of another process against a bare futex, and what a waiting reader uses:
#   sh tests/bench/run.sh steps      half a minute
set -eu
cd "$(dirname "$0")/../.."
. cmake/debian.sh

[ "${1:-}" = mdspan ] || need g++ cmake ninja-build libboost-dev libxtensor-dev xtl-dev libbenchmark-dev libtbb-dev python3 \
  python3-numpy

if [ "${1:-}" = compile ]; then
  shift
  CCACHE_DISABLE=1 exec python3 -B tests/bench/compile_times.py "$@"
fi

if [ "${1:-}" = mdspan ]; then
  mkdir -p build/bench
  # Words on purpose: a compiler and its switches.
  # shellcheck disable=SC2086
  ${CXX:-c++ -std=c++23} -O3 -DNDEBUG -Iinclude tests/bench/mdspan.cpp -o build/bench/mdspan -pthread
  exec build/bench/mdspan
fi

if [ "${1:-}" = steps ]; then
  mkdir -p build/bench
  c++ -std=c++20 -O2 -DNDEBUG -Iinclude tests/bench/steps.cpp -o build/bench/steps -pthread
  exec build/bench/steps
fi

told=$(configure build/bench -DTESSERA_BUILD_TESTS=OFF -DTESSERA_BUILD_EXAMPLES=OFF \
  -DTESSERA_BUILD_BENCHMARKS=ON -DCMAKE_BUILD_TYPE=Release)
printf '%s\n' "$told" | grep -e '-- bench:' || true
build build/bench --target tessera_benchmarks

table=speed.py
if [ "${1:-}" = kernels ]; then
  shift
  table=kernels/run.py
fi
PYTHONDONTWRITEBYTECODE=1 exec "$(python_with_numpy)" "tests/bench/$table" build/bench/tests/bench "$@"
