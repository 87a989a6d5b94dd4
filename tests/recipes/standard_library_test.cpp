// The standard library: spans, iterators and algorithms.
#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <sstream>
#include <tessera.hpp>

#include "support/catch.hpp"

using namespace tessera;

namespace {

/// A function of somebody else's.
double total_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

extern "C" {
/// One of C.
void fill_with(double* values, std::size_t count, double value) {
  std::fill_n(values, count, value);
}
}

}  // namespace

TEST_CASE("an array is a span of all its elements, in row-major order") {
  auto a = SharedArray<double, 2>::create({3, 4});
  fill_with(a.data(), a.size(), 2.0);
  const std::span<double> all(a.data(), a.size());
  all.back() = 10;
  const double total = total_of(all);

  CHECK(total == 32);
  CHECK(a(2, 3) == 10);
  const auto read_only = SharedArray<const double, 2>::attach(a.name());
  CHECK(total_of({read_only.data(), read_only.size()}) == 32);
  CHECK(total_of(a) == 32);
  CHECK(total_of(read_only) == 32);
}

TEST_CASE("the bytes of an array go through a stream") {
  auto a = SharedArray<float, 2>::create({3, 4});
  a = xt::ones<float>({3, 4});
  std::stringstream stream;
  stream.write(reinterpret_cast<const char*>(a.data()),
               static_cast<std::streamsize>(a.size() * sizeof(float)));
  auto b = SharedArray<float, 2>::create({3, 4});
  const auto bytes = std::as_writable_bytes(std::span(b.data(), b.size()));
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  CHECK((a == b));
}

TEST_CASE("a kernel gives rows of its tile to functions that take spans") {
  TiledPool pool(2);
  auto a = SharedArray<double, 2>::create({90, 180});
  auto sums = SharedArray<double, 2>::create({90, 1});
  a = 0.5;
  pool.map(
      {30, full},
      [](auto out, auto in) {
        for (std::size_t y = 0; y < in.shape(0); ++y) out(y, 0) = total_of(in.row(y));
      },
      into(sums), a);

  CHECK(xt::all(xt::equal(sums, 90.0)));
}

TEST_CASE("standard algorithms run on an array, and on the tile of a kernel") {
  TiledPool pool(2);
  auto a = SharedArray<float, 2>::create({60, 100});
  std::iota(a.begin(), a.end(), 0.0f);
  pool.map(
      {20, 50},
      [](auto tile) {
        const auto middle = tile.begin() + static_cast<std::ptrdiff_t>(tile.size() / 2);
        std::nth_element(tile.begin(), middle, tile.end());
        tile = *middle;  // the median of the tile
      },
      into(a));
  const auto largest = std::ranges::max(a);

  // Tile {2, 1}: rows 40 to 59, columns 50 to 99. Element 500 of 1000 is the first of row 50.
  CHECK(largest == 5050);
  CHECK(std::count(a.begin(), a.end(), 5050.0f) == 1000);
}
