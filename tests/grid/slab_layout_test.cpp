#include <tessera/grid/slab_layout.hpp>

#include <array>
#include <cstddef>

#include <tessera/base/extents.hpp>

#include "support/catch.hpp"

using tessera::full;
using tessera::TileGrid;
using tessera::detail::boxes_for;
using tessera::detail::with_slabs;

namespace {

template <std::size_t N>
using Extents = std::array<std::size_t, N>;

}  // namespace

TEST_CASE("the axes before a transform's tile are cut into slabs") {
  REQUIRE(with_slabs<3>(Extents<2>{4, 4}, {365, 16, 16}) == Extents<3>{31, 4, 4});
  REQUIRE(with_slabs<3>(Extents<2>{64, 64}, {365, 512, 512}) == Extents<3>{1, 64, 64});
  REQUIRE(with_slabs<3>(Extents<1>{100}, {10, 20, 100}) == Extents<3>{1, 5, 100});
  REQUIRE(with_slabs<4>(Extents<2>{4, 4}, {50, 12, 16, 16}) == Extents<4>{3, 12, 4, 4});
  REQUIRE(with_slabs<4>(Extents<2>{4, 4}, {50, 70, 16, 16}) == Extents<4>{1, 24, 4, 4});
}
TEST_CASE("an axis that is too short to be cut stays whole") {
  REQUIRE(with_slabs<3>(Extents<2>{1, 1}, {365, 16, 16}) == Extents<3>{365, 1, 1});
  REQUIRE(with_slabs<3>(Extents<2>{4, 4}, {1, 16, 16}) == Extents<3>{1, 4, 4});
}
TEST_CASE("tiles wider than the array are cut as those that fit") {
  REQUIRE(with_slabs<3>(Extents<2>{full, full}, {64, 8, 8}) == Extents<3>{8, full, full});
}
TEST_CASE("axes without elements can be cut") {
  REQUIRE(with_slabs<3>(Extents<2>{4, 4}, {0, 16, 16}) == Extents<3>{1, 4, 4});
  REQUIRE(with_slabs<3>(Extents<2>{4, 4}, {9, 0, 16})[0] == 9);
}

TEST_CASE("tiles that merge are dealt in rows of some length, and to every worker") {
  using tessera::TileGrid;
  using tessera::detail::grain_of;
  const auto grain = [](std::size_t columns, std::size_t width, std::size_t workers) {
    return grain_of(TileGrid<2>({64, columns}, {4, width}), workers);
  };
  REQUIRE(grain(16, 4, 2) == 4);     // a row of the grid is all there is
  REQUIRE(grain(4096, 4, 2) == 32);  // 128 elements
  REQUIRE(grain(4096, 1024, 2) == 1);
  REQUIRE(grain(16, 4, 16) == 2);  // 64 tiles, two claims for each
  REQUIRE(grain(16, 4, 1000) == 1);
}

TEST_CASE("boxes have whole rows, and so many elements that every worker gets some") {
  REQUIRE(boxes_for<3>({365, 16, 16}, 2) == Extents<3>{6, 16, 16});
  REQUIRE(boxes_for<2>({100, 100000}, 4) == Extents<2>{1, 16384});
  REQUIRE(boxes_for<1>({10}, 4) == Extents<1>{10});
  for (const std::size_t workers : {1u, 10u, 1000u}) {
    const auto elements = tessera::detail::product_of(boxes_for<3>({1000, 500, 300}, workers));
    REQUIRE((elements >= 1024 && elements < 2 * 16384));
  }
}
