#include <tessera/loops/tile_layout.hpp>

#include <array>
#include <cstddef>
#include <numeric>
#include <vector>

#include "support/catch.hpp"

using tessera::detail::TileLayout;

namespace {

/// Elements [1, 3) and [1, 4) of an array of 4 x 5 whose elements are their own numbers.
struct LaidOut {
  std::vector<int> values = std::vector<int>(20);
  TileLayout<int, 2> layout{values.data() + 6, {2, 3}, {5, 1}};
  LaidOut() { std::iota(values.begin(), values.end(), 0); }
};

}  // namespace

TEST_CASE("the element at an index lies as many strides from the first") {
  const LaidOut its;
  const auto& layout = its.layout;
  CHECK(layout.size() == 6);
  CHECK((layout.reach(0) == 5 && layout.reach(1) == 2));
  CHECK((*layout.address(0, 0) == 6 && *layout.address(1, 2) == 13));
  const std::array<std::size_t, 2> index{1, 1};
  CHECK(*layout.address_in(index.begin(), index.end()) == 12);
}

TEST_CASE("elements are numbered row-major") {
  const LaidOut its;
  std::vector<int> got;
  for (std::size_t k = 0; k < 6; ++k) got.push_back(*its.layout.address_of(k));
  CHECK(got == std::vector<int>{6, 7, 8, 11, 12, 13});
}

TEST_CASE("of too many indices the first are ignored, and missing ones are 0") {
  const LaidOut its;
  CHECK(*its.layout.address(0, 1, 2) == 13);
  CHECK(*its.layout.address(2) == 8);
  CHECK(*its.layout.address() == 6);
}

TEST_CASE(
    "an index outside is an Error with index and shape, and an axis of one element has none") {
  const LaidOut its;
  const auto refused = [&](const auto& layout, std::array<std::ptrdiff_t, 2> index) {
    try {
      layout.check_index(index, false);
    } catch (const tessera::Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(refused(its.layout, {1, 2}).empty());
  CHECK(refused(its.layout, {2, 0}).find("index (2, 0) is outside its shape (2, 3)") !=
        std::string::npos);
  CHECK_FALSE(refused(its.layout, {0, -1}).empty());
  auto one = its.layout;
  one.shape[0] = 1;
  CHECK(refused(one, {7, 0}).empty());
}
