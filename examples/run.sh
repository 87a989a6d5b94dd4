#!/bin/sh
# Builds the examples and runs them, on a fresh machine too: what is missing is installed first.
set -eu
cd "$(dirname "$0")/.."
. cmake/debian.sh

need g++ cmake ninja-build libboost-dev libxtensor-dev xtl-dev libcli11-dev libpng-dev libnetcdf-dev

configure build/examples -DTESSERA_BUILD_TESTS=OFF -DTESSERA_BUILD_EXAMPLES=ON \
  -DTESSERA_BUILD_BENCHMARKS=OFF
build build/examples --target tessera_examples

programs=build/examples/examples
data=examples/data
out=build/examples-output
mkdir -p "$out"

say "the classic job: tiled_add"
"$programs/tiled_add"

say "each month less the mean over time: anomaly"
"$programs/anomaly" "$data/coads_air_temperature.npy" "$out/anomaly.npy"

say "the sum of two fields: tiled_add --a --b --out"
"$programs/tiled_add" --a "$data/coads_air_temperature.npy" \
  --b "$data/coads_specific_humidity.npy" --out "$out/sum.npy"

say "the anomaly again, as a job that could take a night: overnight"
rm -f "$out/overnight.npy"
"$programs/overnight" "$data/coads_air_temperature.npy" "$out/overnight.npy"

say "vapour-pressure deficit, with a map for each month: vpd_climate"
"$programs/vpd_climate" "$data/coads_air_temperature.npy" "$data/coads_specific_humidity.npy" \
  "$data/coads_sea_level_pressure.npy" "$out/vpd.npy" "$out/vpd.png"

say "how far July is from the mean: tessera view"
"$programs/tessera" view "$out/anomaly.npy[6]" --flip --unit degC

say "the output is in $(pwd -P)/$out: anomaly.npy, sum.npy, overnight.npy, vpd.npy and vpd.png. Try next:
    $programs/producer waves --steps 3000 & $programs/tessera watch waves
    $programs/tessera stat $out/anomaly.npy --axis 0
    $programs/tessera --help"
