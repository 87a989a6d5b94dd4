#include <tessera/pool/worker/bound_argument.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <vector>

#include <tessera/memory/section.hpp>

#include "support/catch.hpp"

using tessera::Box;
using tessera::Section;
using tessera::Use;
using tessera::detail::ArgumentRecord;
using tessera::detail::BoundArgument;
using tessera::detail::JobHead;
using tessera::detail::JobMemory;

namespace {

/// Job memory with one argument of this shape, over 100 integers that are their own indices.
class OneArgument {
 public:
  OneArgument(const std::vector<std::uint64_t>& shape, const std::vector<std::int64_t>& strides)
      : words_((sizeof(JobHead) + sizeof(ArgumentRecord)) / 8 + 2 * shape.size()), cells_(100) {
    std::iota(cells_.begin(), cells_.end(), 0);
    JobHead head;
    head.arguments = 1;
    head.arguments_at = sizeof head;
    ArgumentRecord record;
    record.axes = static_cast<std::uint16_t>(shape.size());
    record.extents_at = sizeof head + sizeof record;
    std::memcpy(start(), &head, sizeof head);
    std::memcpy(start() + head.arguments_at, &record, sizeof record);
    std::memcpy(start() + record.extents_at, shape.data(), 8 * shape.size());
    std::memcpy(start() + record.extents_at + 8 * shape.size(), strides.data(), 8 * strides.size());
  }
  template <std::size_t N, Use U>
  BoundArgument<Section<int, N, U>> bound(std::size_t first = 0) {
    return {JobMemory(start()), 0, reinterpret_cast<std::byte*>(cells_.data() + first)};
  }

 private:
  std::byte* start() { return reinterpret_cast<std::byte*>(words_.data()); }
  std::vector<std::uint64_t> words_;
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
