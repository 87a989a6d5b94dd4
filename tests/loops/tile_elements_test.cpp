#include <tessera/loops/tile_elements.hpp>

#include <algorithm>
#include <numeric>
#include <vector>

#include <tessera/loops/tile_view.hpp>

#include "support/catch.hpp"

namespace {

using ElementsOfTile = tessera::TileView<int, 2>;

/// The inner 2 x 3 elements of an array of 4 x 5 whose elements are their own numbers.
struct InnerTile {
  std::vector<int> values = std::vector<int>(20);
  ElementsOfTile tile{values.data() + 6, {2, 3}, {5, 1}};
  InnerTile() { std::iota(values.begin(), values.end(), 0); }
};

}  // namespace

TEST_CASE("a tile's elements come row-major, backwards, or column-major where that is asked for") {
  InnerTile its;
  const auto& tile = its.tile;
  CHECK(std::vector<int>(tile.begin(), tile.end()) == std::vector<int>{6, 7, 8, 11, 12, 13});
  CHECK(std::vector<int>(tile.rbegin(), tile.rend()) == std::vector<int>{13, 12, 11, 8, 7, 6});
  constexpr auto columns = xt::layout_type::column_major;
  CHECK(std::vector<int>(tile.begin<columns>(), tile.end<columns>()) ==
        std::vector<int>{6, 11, 7, 12, 8, 13});
  CHECK(std::vector<int>(tile.rbegin<columns>(), tile.rend<columns>()) ==
        std::vector<int>{13, 8, 12, 7, 11, 6});
}

TEST_CASE("what is written through a tile's iterators is in its elements and in no other") {
  InnerTile its;
  std::fill(its.tile.begin(), its.tile.end(), -1);
  CHECK(std::count(its.values.begin(), its.values.end(), -1) == 6);
  CHECK((its.values[5] == 5 && its.values[9] == 9 && its.values[10] == 10 && its.values[14] == 14));
  std::iota(its.tile.linear_begin(), its.tile.linear_end(), 100);
  CHECK((its.values[6] == 100 && its.values[13] == 105));
}

TEST_CASE("a tile is iterated in a shape that it broadcasts to") {
  InnerTile its;
  const std::vector<std::size_t> shape{2, 2, 3};
  const auto& tile = its.tile;
  CHECK(std::vector<int>(tile.begin(shape), tile.end(shape)) ==
        std::vector<int>{6, 7, 8, 11, 12, 13, 6, 7, 8, 11, 12, 13});
}
