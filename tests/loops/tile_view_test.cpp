#include "support/catch.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <numeric>
#include <type_traits>
#include <vector>

#include <tessera/loops/tile_sort.hpp>
#include <tessera/loops/tile_view.hpp>

#include "support/scene.hpp"
#include "support/xtensor.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::TileView;
using Shape2 = std::array<std::size_t, 2>;

template <class V>
concept ReshapableView = requires(V& v) {
  v.reshape(std::array<std::size_t, 2>{1, 6});
};
static_assert(!ReshapableView<TileView<double, 2>>);
static_assert(std::is_copy_constructible_v<TileView<double, 2>>);

template <class V>
concept HasStorage = requires(V& v) { v.storage(); };
static_assert(!HasStorage<TileView<double, 2>> && !HasStorage<const TileView<double, 2>>);

namespace {

/// A 4x6 grid of 0 to 23 with a 2x3 tile at (1, 2): 8 9 10 / 14 15 16.
struct Grid {
  std::vector<int> cells = std::vector<int>(24);
  TileView<int, 2> tile{cells.data() + 8, {2, 3}, {6, 1}};
  Grid() { std::iota(cells.begin(), cells.end(), 0); }
  std::vector<int> inside() const {
    return {cells[8], cells[9], cells[10], cells[14], cells[15], cells[16]};
  }
  /// True if no cell outside the tile has changed.
  bool outside_untouched() const {
    for (int i = 0; i < 24; ++i)
      if (!(i / 6 >= 1 && i / 6 <= 2 && i % 6 >= 2 && i % 6 <= 4) &&
          cells[static_cast<std::size_t>(i)] != i)
        return false;
    return true;
  }
};

}  // namespace

TEST_CASE("a tile's elements are the array's, by index, by iteration and by row") {
  Grid g;
  CHECK(g.tile(1, 2) == 16);
  CHECK(std::vector<int>(g.tile.begin(), g.tile.end()) == g.inside());
  CHECK(std::vector<int>(g.tile.row(1).begin(), g.tile.row(1).end()) ==
        std::vector<int>{14, 15, 16});
  g.tile.row(0)[0] = 100;
  g.tile(1, 1) = 101;
  CHECK(g.cells[8] == 100);
  CHECK(g.cells[15] == 101);
  CHECK(g.outside_untouched());
}

TEST_CASE("assigning a scalar sets every element of the tile and none besides") {
  Grid g;
  g.tile = 7;
  CHECK(g.inside() == std::vector<int>(6, 7));
  g.tile.fill(8);
  CHECK(g.inside() == std::vector<int>(6, 8));
  CHECK(g.outside_untouched());
}

TEST_CASE("computed assignments work on the tile's elements in place") {
  Grid g;
  g.tile += 1;
  CHECK(g.inside() == std::vector<int>{9, 10, 11, 15, 16, 17});
  g.tile -= g.tile;
  CHECK(g.inside() == std::vector<int>(6, 0));
  g.tile += xt::xtensor<int, 2>{{1, 2, 3}, {4, 5, 6}};
  g.tile *= 2;
  CHECK(g.inside() == std::vector<int>{2, 4, 6, 8, 10, 12});
  CHECK(g.outside_untouched());
}

TEST_CASE("noalias on a tile assigns elements too") {
  Grid g;
  xt::noalias(g.tile) = g.tile + 1;
  CHECK(g.inside() == std::vector<int>{9, 10, 11, 15, 16, 17});
  xt::noalias(g.tile) += 1;
  CHECK(g.inside() == std::vector<int>{10, 11, 12, 16, 17, 18});
  CHECK(g.outside_untouched());
}

TEST_CASE("assigning one tile to another copies elements") {
  Grid g, h;
  h.tile = 5;
  g.tile = h.tile;
  CHECK(g.inside() == std::vector<int>(6, 5));
  h.tile = 6;
  CHECK(g.inside() == std::vector<int>(6, 5));
}

TEST_CASE("a tile read and written through overlapping tiles gives what xtensor would") {
  Grid g;
  const TileView<const int, 2> left(g.cells.data() + 7, {2, 3}, {6, 1}),
      above(g.cells.data() + 2, {2, 3}, {6, 1});
  g.tile = left;
  CHECK(g.inside() == std::vector<int>{7, 8, 9, 13, 14, 15});
  Grid h;
  h.tile = TileView<const int, 2>(h.cells.data() + 9, {2, 3}, {6, 1}) +
           TileView<const int, 2>(h.cells.data() + 2, {2, 3}, {6, 1});
  CHECK(h.inside() == std::vector<int>{11, 13, 15, 23, 25, 27});
}

TEST_CASE("values that do not broadcast to the tile throw and change nothing") {
  Grid g;
  const auto before = g.cells;
  const xt::xtensor<int, 2> wide({2, 4}, 9), tall({3, 3}, 9);
  const xt::xtensor<int, 1> pair({2}, 9);
  const xt::xtensor<int, 3> higher({2, 2, 3}, 9);
  const auto refused = [&](const auto& e) {
    CHECK(error_of([&] { g.tile = e; }).errc() == Errc::shape_mismatch);
    CHECK(error_of([&] { g.tile = e + e; }).errc() == Errc::shape_mismatch);
    CHECK(error_of([&] { g.tile = g.tile + e; }).errc() == Errc::shape_mismatch);
    CHECK_THROWS(xt::noalias(g.tile) = e);
    CHECK(g.cells == before);
  };
  refused(wide);
  refused(tall);
  refused(pair);
  refused(higher);
  CHECK_THROWS_AS(g.tile.resize(Shape2{3, 2}), tessera::Error);
  g.tile.resize(Shape2{2, 3});
}

TEST_CASE("rows whose elements are scattered are refused, and single elements are rows") {
  std::vector<int> cells(12);
  const TileView<int, 2> scattered(cells.data(), {2, 3}, {6, 2}),
      column(cells.data(), {4, 1}, {3, 3});
  CHECK(error_of([&] { scattered.row(0); }).errc() == Errc::invalid_argument);
  CHECK(column.row(2).data() == cells.data() + 6);
  CHECK(column.row(2).size() == 1);
}

TEST_CASE("a view without elements is assigned without a step") {
  std::vector<int> cells(9, 3);
  TileView<int, 3> none(cells.data() + 4, {4, 0, 2}, {2, 2, 1});
  none = 5;
  none += 1;
  none = none + none;
  none = TileView<int, 3>(nullptr, {4, 0, 2}, {2, 2, 1}) + none;
  CHECK(cells == std::vector<int>(9, 3));
}

TEST_CASE("a tile of rank 0 is one element") {
  int cell = 3;
  TileView<int, 0> tile(&cell, {}, {});
  CHECK(tile() == 3);
  tile = 4;
  tile += 1;
  tile = tile + tile;
  CHECK(cell == 10);
}

TEST_CASE("tiles take part in expressions as xtensor containers do") {
  Grid g;
  const xt::xtensor<int, 2> sum = g.tile + g.tile;
  CHECK(sum(1, 2) == 32);
  CHECK(xt::sum(g.tile)() == 72);
  CHECK(xt::amax(g.tile)() == 16);
  CHECK(xt::view(g.tile, 1, xt::range(0, 2))(1) == 15);
  xt::view(g.tile, 0) = 1;
  CHECK(g.inside() == std::vector<int>{1, 1, 1, 14, 15, 16});
  CHECK(xt::mean(g.tile, {0})(2) == 8.5);
  CHECK(g.outside_untouched());
}

TEST_CASE("what wants contiguous memory gets the tile's elements, not its neighbours'") {
  Grid g;
  constexpr auto now = xt::evaluation_strategy::immediate;
  CHECK(xt::sum(g.tile, now)() == 72);
  CHECK(xt::mean(g.tile, now)() == 12);
  CHECK(xt::amax(g.tile, now)() == 16);
  CHECK(xt::amin(g.tile, {1}, now)(1) == 14);
  CHECK(std::vector<int>(g.tile.linear_begin(), g.tile.linear_end()) == g.inside());
  CHECK(xt::sort(g.tile)(1, 2) == 16);
  CHECK(xt::argmax(g.tile)() == 5);
  CHECK(xt::median(g.tile) == 12);
  CHECK(xt::transpose(g.tile)(2, 1) == 16);
  CHECK(g.outside_untouched());
}

TEST_CASE("a tile whose steps go backwards is an expression like any other") {
  std::vector<int> cells{0, 1, 2, 3, 4, 5};
  TileView<int, 2> tile(cells.data() + 5, {2, 3}, {-3, -1});
  CHECK(tile(0, 0) == 5);
  CHECK(xt::sum(xt::view(tile, 1))() == 3);
  CHECK(xt::transpose(tile)(2, 0) == 3);
  tile = xt::eval(tile + 10);
  CHECK(cells == std::vector<int>{10, 11, 12, 13, 14, 15});
}

TEST_CASE(
    "a float that is assigned to all elements of integers becomes the nearest end of the range") {
  std::vector<std::uint8_t> bytes(4);
  TileView<std::uint8_t, 1> v(bytes.data(), {4}, {1});
  volatile double number = 300;  // not known to the compiler
  v = static_cast<double>(number);
  CHECK(bytes == std::vector<std::uint8_t>(4, 255));
  number = -1.5;
  v.fill(static_cast<double>(number));
  CHECK(bytes == std::vector<std::uint8_t>(4, 0));
  v = 7.9F;
  CHECK(bytes == std::vector<std::uint8_t>(4, 7));
  std::vector<int> ints(2, 1);
  TileView<int, 1> w(ints.data(), {2}, {1});
  w = std::numeric_limits<float>::quiet_NaN();
  CHECK(ints == std::vector<int>(2, 0));
  w = 3e10;
  CHECK(ints == std::vector<int>(2, (std::numeric_limits<int>::max)()));
}
