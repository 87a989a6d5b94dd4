#include <tessera/loops/tile_sort.hpp>

#include <cstddef>
#include <vector>

#include "support/catch.hpp"
#include "support/xtensor.hpp"

namespace {

/// A tile of 2 x 3 within rows of 5.
struct Unsorted {
  std::vector<int> values{0, 9, 4, 7, 0, 0, 3, 8, 1, 0};
  tessera::TileView<int, 2> tile{values.data() + 1, {2, 3}, {5, 1}};
};

}  // namespace

TEST_CASE("a tile is sorted along an axis, and stays as it is") {
  Unsorted its;
  const auto before = its.values;
  const xt::xtensor<int, 2> rows = xt::sort(its.tile);
  const xt::xtensor<int, 2> columns = xt::sort(its.tile, 0);
  CHECK(rows == xt::xtensor<int, 2>{{4, 7, 9}, {1, 3, 8}});
  CHECK(columns == xt::xtensor<int, 2>{{3, 4, 1}, {9, 8, 7}});
  CHECK(its.values == before);
}

TEST_CASE("argsort of a tile tells places within the tile") {
  Unsorted its;
  const xt::xtensor<std::size_t, 2> places = xt::argsort(its.tile);
  CHECK(places == xt::xtensor<std::size_t, 2>{{1, 2, 0}, {2, 0, 1}});
}

TEST_CASE("a partition of a tile has the smaller elements in front") {
  Unsorted its;
  const xt::xtensor<int, 2> parted = xt::partition(its.tile, 1);
  CHECK((parted(0, 0) == 4 && parted(0, 1) == 7 && parted(0, 2) == 9));
  CHECK((parted(1, 0) == 1 && parted(1, 1) == 3 && parted(1, 2) == 8));
}
