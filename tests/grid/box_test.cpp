// Tests of grid/box.hpp: a half-open region, its extents, its elements.

#include <tessera/grid/box.hpp>

#include <array>
#include <cstddef>

#include "support/catch.hpp"

using tessera::Box;

TEST_CASE("a box without bounds is empty") {
  STATIC_REQUIRE(Box<2>{}.size() == 0);
  CHECK_FALSE(Box<2>{}.contains({0, 0}));
}

TEST_CASE("a box of no axes has one element") {
  STATIC_REQUIRE(Box<0>{}.size() == 1);
  CHECK(Box<0>{}.contains({}));
  CHECK(Box<0>{} == Box<0>{});
}

TEST_CASE("a box's shape is hi less lo on every axis") {
  constexpr Box<3> box{{1, 5, 0}, {4, 6, 10}};
  STATIC_REQUIRE(box.shape() == std::array<std::size_t, 3>{3, 1, 10});
  CHECK(box.extent(0) == 3);
  CHECK(box.extent(1) == 1);
  CHECK(box.extent(2) == 10);
}

TEST_CASE("a box's size is the number of points that it contains") {
  const Box<2> box{{2, 3}, {5, 7}};
  std::size_t inside = 0;
  for (std::size_t i = 0; i < 10; ++i)
    for (std::size_t j = 0; j < 10; ++j) inside += box.contains({i, j}) ? 1 : 0;
  CHECK(inside == 12);
  CHECK(box.size() == 12);
}

TEST_CASE("a box contains its lower corner and not its upper one") {
  const Box<2> box{{2, 3}, {5, 7}};
  CHECK(box.contains({2, 3}));
  CHECK(box.contains({4, 6}));
  CHECK_FALSE(box.contains({5, 6}));
  CHECK_FALSE(box.contains({4, 7}));
  CHECK_FALSE(box.contains({1, 3}));
}

TEST_CASE("a box that is empty on one axis is empty") {
  const Box<3> box{{0, 4, 0}, {9, 4, 9}};
  CHECK(box.size() == 0);
  CHECK_FALSE(box.contains({0, 4, 0}));
}

TEST_CASE("boxes are equal if both corners are") {
  CHECK(Box<1>{{1}, {2}} == Box<1>{{1}, {2}});
  CHECK(Box<1>{{1}, {2}} != Box<1>{{1}, {3}});
  CHECK(Box<1>{{1}, {2}} != Box<1>{{0}, {2}});
}
