#include <tessera/pool/worker/bound_argument.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include <tessera/memory/section.hpp>

#include "support/catch.hpp"

using tessera::Box;
using tessera::Section;
using tessera::Use;
using tessera::detail::BoundArgument;

namespace {

/// One argument of this shape, over 100 integers that are their own indices.
class OneArgument {
 public:
  OneArgument(std::vector<std::uint64_t> shape, std::vector<std::int64_t> strides)
      : shape_(std::move(shape)), strides_(std::move(strides)), cells_(100) {
    std::iota(cells_.begin(), cells_.end(), 0);
  }
  template <std::size_t N, Use U>
  BoundArgument<Section<int, N, U>> bound(std::size_t first = 0) {
    return BoundArgument<Section<int, N, U>>(
        {reinterpret_cast<std::byte*>(cells_.data() + first), shape_.data(), strides_.data()});
  }

 private:
  std::vector<std::uint64_t> shape_;
  std::vector<std::int64_t> strides_;
  std::vector<int> cells_;
};

}  // namespace

TEST_CASE("an argument's tile is its part in the box, axes before the box whole") {
  OneArgument argument({2, 5, 6}, {30, 6, 1});
  const auto tile = argument.bound<3, Use::write>().tile<2>({{2, 3}, {4, 6}}, {5, 6});
  CHECK(tile.shape() == std::array<std::size_t, 3>{2, 2, 3});
  CHECK(tile(0, 0, 0) == 15);
  CHECK(tile(1, 1, 2) == 30 + 18 + 5);
}

TEST_CASE("a section's tile goes in the section's steps") {
  OneArgument argument({4, 3}, {20, -2});
  const auto tile = argument.bound<2, Use::read>(5).tile<2>({{1, 1}, {3, 3}}, {4, 3});
  CHECK(tile(0, 0) == 5 + 20 - 2);
  CHECK(tile(1, 1) == 5 + 40 - 4);
}

TEST_CASE("an axis of extent 1 and axes that are missing serve every tile") {
  OneArgument row({1, 6}, {0, 1}), column({5, 1}, {1, 0}), vector({6}, {1});
  const Box<2> box{{2, 3}, {4, 6}};
  CHECK(row.bound<2, Use::read>().tile<2>(box, {5, 6}).shape() == std::array<std::size_t, 2>{1, 3});
  CHECK(column.bound<2, Use::read>().tile<2>(box, {5, 6})(1, 0) == 3);
  CHECK(vector.bound<1, Use::read>().tile<2>(box, {5, 6})(0) == 3);
}

TEST_CASE("a whole argument is all of it in every tile") {
  OneArgument argument({5, 6}, {6, 1});
  const auto tile = argument.bound<2, Use::whole>().tile<2>({{2, 3}, {4, 6}}, {5, 6});
  CHECK(tile.shape() == std::array<std::size_t, 2>{5, 6});
  CHECK(tile(4, 5) == 29);
}
