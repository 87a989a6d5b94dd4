#include <tessera/format/transpose_copy.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "support/catch.hpp"

using tessera::detail::ColumnWalk;
using tessera::detail::transpose_copy;

TEST_CASE("column-major arrays of any shape are copied to row-major ones") {
  std::mt19937 random(5);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::size_t> shape(std::uniform_int_distribution<std::size_t>(0, 5)(random));
    for (auto& extent : shape) extent = std::uniform_int_distribution<std::size_t>(0, 5)(random);
    std::size_t count = 1;
    for (const auto extent : shape) count *= extent;
    // The element at an index is that index, in base 8.
    std::vector<std::uint32_t> fortran(count), expected(count), got(count);
    for (std::size_t k = 0; k < count; ++k) {
      std::uint32_t first = 0, last = 0;
      std::size_t rest = k;
      for (std::size_t d = 0; d < shape.size(); rest /= shape[d++])
        first |= static_cast<std::uint32_t>(rest % shape[d]) << 3 * d;
      rest = k;
      for (std::size_t d = shape.size(); d-- > 0; rest /= shape[d])
        last |= static_cast<std::uint32_t>(rest % shape[d]) << 3 * d;
      fortran[k] = first;
      expected[k] = last;
    }
    const auto read = [&](std::size_t offset, std::byte* to, std::size_t bytes) {
      std::memcpy(to, reinterpret_cast<const std::byte*>(fortran.data()) + offset, bytes);
    };
    const auto room = std::uniform_int_distribution<std::size_t>(1, 2000)(random);
    transpose_copy(read, reinterpret_cast<std::byte*>(got.data()), shape, 4, room);
    REQUIRE(got == expected);
  }
}

TEST_CASE("columns are walked with the first axis as the fastest, from any column on") {
  ColumnWalk walk({2, 3});  // in the copy the last of them is the fastest
  walk.seek(0);
  std::vector<std::size_t> places;
  for (int column = 0; column < 6; ++column, walk.next()) places.push_back(walk.at());
  CHECK(places == std::vector<std::size_t>{0, 3, 1, 4, 2, 5});
  walk.seek(3);
  CHECK(walk.at() == 4);
  walk.next();
  CHECK(walk.at() == 2);
}

TEST_CASE("elements of any size are copied whole, in however little room") {
  struct Odd {
    char bytes[12];
  };
  std::vector<Odd> from(6), to(6);  // 2 rows of 3
  for (std::size_t k = 0; k < 6; ++k) std::memset(from[k].bytes, static_cast<int>(k + 1), 12);
  const auto read = [&](std::size_t offset, std::byte* out, std::size_t bytes) {
    std::memcpy(out, reinterpret_cast<const std::byte*>(from.data()) + offset, bytes);
  };
  transpose_copy(read, reinterpret_cast<std::byte*>(to.data()), std::array<std::size_t, 2>{2, 3},
                 sizeof(Odd), 1);
  for (std::size_t row = 0; row < 2; ++row)
    for (std::size_t column = 0; column < 3; ++column)
      for (const char byte : to[row * 3 + column].bytes)
        REQUIRE(byte == static_cast<char>(row + 2 * column + 1));
}

TEST_CASE("an array without elements is not read") {
  int reads = 0;
  transpose_copy([&](auto...) { ++reads; }, nullptr, std::array<std::size_t, 3>{4, 0, 5}, 8);
  CHECK(reads == 0);
}
