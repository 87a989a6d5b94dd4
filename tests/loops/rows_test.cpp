#include <tessera/loops/rows.hpp>

#include <array>
#include <cstddef>
#include <numeric>
#include <random>
#include <span>
#include <type_traits>
#include <vector>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::for_each_row;
using tessera::TileView;

namespace {

/// Memory with a tile in its middle.
template <std::size_t N>
struct HeldTile {
  std::vector<int> cells;
  std::array<std::size_t, N> shape;
  std::array<std::ptrdiff_t, N> strides{};
  std::ptrdiff_t begin = 0;

  HeldTile(const std::array<std::size_t, N>& tile, std::size_t margin) : shape(tile) {
    std::size_t size = 1;
    for (std::size_t d = N; d-- > 0;) {
      strides[d] = static_cast<std::ptrdiff_t>(size);
      begin += static_cast<std::ptrdiff_t>(margin * size);
      size *= shape[d] + 2 * margin;
    }
    cells.resize(size);
    std::iota(cells.begin(), cells.end(), 0);
  }
  TileView<int, N> tile() { return {cells.data() + begin, shape, strides}; }
  TileView<const int, N> read() const { return {cells.data() + begin, shape, strides}; }
};

template <std::size_t N>
void adds_as_indices_do(const std::array<std::size_t, N>& shape, std::size_t margin) {
  HeldTile<N> out(shape, margin), by_hand(shape, margin);
  const HeldTile<N> a(shape, margin / 2), b(shape, 0);
  by_hand.tile() = a.read() + b.read();
  std::size_t rows = 0;
  for_each_row(
      [&](std::span<int> to, std::span<const int> x, std::span<const int> y) {
        for (std::size_t k = 0; k < to.size(); ++k) to[k] = x[k] + y[k];
        ++rows;
      },
      out.tile(), a.read(), b.read());
  REQUIRE(out.cells == by_hand.cells);
  std::size_t expected = 1;
  for (std::size_t d = 0; d + 1 < N; ++d) expected *= shape[d];
  REQUIRE(rows == (shape[N - 1] == 0 ? rows : expected));
}

}  // namespace

TEST_CASE("rows side by side are the elements that the same indices have") {
  std::mt19937 random(4);
  for (int round = 0; round < 60; ++round) {
    const auto extent = [&] { return static_cast<std::size_t>(1 + random() % 20); };
    adds_as_indices_do<1>({extent()}, random() % 5);
    adds_as_indices_do<2>({extent(), extent()}, random() % 5);
    adds_as_indices_do<3>({extent(), extent(), extent()}, random() % 5);
    adds_as_indices_do<4>({extent(), 1, extent(), extent()}, random() % 5);
  }
}

TEST_CASE("rows that lie far apart come out right") {
  adds_as_indices_do<3>({90, 4, 4}, 60);
  adds_as_indices_do<3>({90, 1, 64}, 60);
  adds_as_indices_do<2>({90, 4}, 60);
}

TEST_CASE("rows come in the order of their indices") {
  HeldTile<3> a({2, 3, 2}, 1);
  std::vector<int> seen;
  for_each_row([&](std::span<int> row) { seen.insert(seen.end(), row.begin(), row.end()); },
               a.tile());
  const auto tile = a.tile();
  REQUIRE(seen == std::vector<int>(tile.begin(), tile.end()));
}

TEST_CASE("a tile without elements has no rows that hold any") {
  const auto shape = GENERATE(std::array<std::size_t, 2>{0, 4}, std::array<std::size_t, 2>{4, 0});
  HeldTile<2> a(shape, 1);
  std::size_t elements = 0;
  for_each_row([&](std::span<int> row) { elements += row.size(); }, a.tile());
  REQUIRE(elements == 0);
}

TEST_CASE("rows of a tile that is only read can't be written") {
  const HeldTile<2> a({2, 3}, 0);
  for_each_row(
      [](auto row) { STATIC_REQUIRE(std::is_same_v<decltype(row), std::span<const int>>); },
      a.read());
}

TEST_CASE("tiles of different shapes have no rows side by side") {
  HeldTile<2> a({2, 3}, 0), b({3, 2}, 0);
  bool called = false;
  const auto error =
      error_of([&] { for_each_row([&](auto, auto) { called = true; }, a.tile(), b.tile()); });
  REQUIRE(error.errc() == Errc::shape_mismatch);
  REQUIRE_FALSE(called);
}

TEST_CASE("rows with scattered elements are refused, unless they have no more than one") {
  std::vector<int> cells(40);
  const TileView<int, 2> scattered(cells.data(), {2, 3}, {10, 2});
  REQUIRE(error_of([&] { for_each_row([](auto) {}, scattered); }).errc() == Errc::invalid_argument);
  const TileView<int, 2> single(cells.data(), {3, 1}, {10, 2});
  int rows = 0;
  for_each_row([&](auto row) { rows += row.size() == 1; }, single);
  REQUIRE(rows == 3);
}
