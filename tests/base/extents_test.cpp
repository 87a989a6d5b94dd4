#include <tessera/base/extents.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "support/catch.hpp"

using tessera::detail::checked_product;
using tessera::detail::product_of;
using tessera::detail::tuple_of;
using Shape = std::vector<std::size_t>;

TEST_CASE("the product of no extents is 1 and of an empty axis 0") {
  REQUIRE(product_of(Shape{}) == 1);
  REQUIRE(product_of(Shape{365, 16, 16}) == 93440);
  REQUIRE(product_of(Shape{365, 0, 16}) == 0);
}

TEST_CASE("a product that does not fit is nothing, an empty axis or not") {
  constexpr auto most = (std::numeric_limits<std::uint64_t>::max)();
  constexpr std::size_t half = std::size_t{1} << 32;
  REQUIRE(checked_product(1, Shape{half, half - 1}) == std::uint64_t{half} * (half - 1));
  REQUIRE_FALSE(checked_product(1, Shape{half, half}));
  REQUIRE_FALSE(checked_product(1, Shape{half, 0, half}));
  REQUIRE(checked_product(8, Shape{3, 0}) == 0u);
  REQUIRE(checked_product(most, Shape{1}) == most);
  REQUIRE(checked_product(8, Shape{4}, 32) == 32u);
  REQUIRE_FALSE(checked_product(8, Shape{4}, 31));
  REQUIRE_FALSE(checked_product(8, Shape{}, 7));
}

TEST_CASE("extents without an axis are the others, in order") {
  using tessera::detail::without_axis;
  constexpr std::array<std::size_t, 3> shape{2, 3, 4};
  REQUIRE(without_axis(shape, 0) == std::array<std::size_t, 2>{3, 4});
  REQUIRE(without_axis(shape, 1) == std::array<std::size_t, 2>{2, 4});
  REQUIRE(without_axis(shape, 2) == std::array<std::size_t, 2>{2, 3});
  REQUIRE(without_axis(std::array<std::size_t, 1>{5}, 0).empty());
}

TEST_CASE("tuples are written as Python writes them") {
  REQUIRE(tuple_of(Shape{}) == "()");
  REQUIRE(tuple_of(Shape{7}) == "(7,)");
  REQUIRE(tuple_of(std::array<std::int64_t, 3>{365, 16, -1}) == "(365, 16, -1)");
}
