#include <tessera/base/philox.hpp>

#include <array>
#include <concepts>
#include <cstdint>
#include <random>
#include <set>
#include <utility>

#include "support/catch.hpp"

using tessera::Philox;
using Block = std::array<std::uint32_t, 4>;

TEST_CASE("Philox gives the known answers of Random123") {
  constexpr std::uint32_t ones = 0xffffffffu;
  REQUIRE(Philox::block({0, 0, 0, 0}, {0, 0}) ==
          Block{0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u});
  REQUIRE(Philox::block({ones, ones, ones, ones}, {ones, ones}) ==
          Block{0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu});
  REQUIRE(Philox::block({0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u},
                        {0xa4093822u, 0x299f31d0u}) ==
          Block{0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u});
}

TEST_CASE("Philox is the standard's philox4x32") {
  Philox random(20111115u);  // the standard's default seed
  for (int i = 0; i < 9999; ++i) random();
  REQUIRE(random() == 1955073260u);  // which the standard tells
}

TEST_CASE("Philox serves the standard's distributions") {
  STATIC_REQUIRE(std::uniform_random_bit_generator<Philox>);
  Philox random(7);
  std::normal_distribution<double> normal(2, 3);
  double sum = 0;
  for (int i = 0; i < 40000; ++i) sum += normal(random);
  REQUIRE(sum / 40000 == Approx(2).margin(0.1));
}

TEST_CASE("other seeds and other streams are other numbers, the same are the same") {
  std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
  const std::array<std::uint64_t, 6> numbers{0, 1, 2, 3, 1ull << 32, ~0ull};
  for (const auto seed : numbers)
    for (const auto stream : numbers) {
      Philox random(seed, stream), again(seed, stream);
      const auto first = random(), second = random();
      REQUIRE(seen.insert({first, second}).second);
      REQUIRE(again() == first);
    }
}

TEST_CASE("numbers that are left out are those that would have come") {
  for (const unsigned taken : {0u, 1u, 3u, 4u, 5u})
    for (const unsigned left_out : {0u, 1u, 2u, 3u, 4u, 5u, 8u, 103u}) {
      Philox a(5, 6), b(5, 6);
      for (unsigned i = 0; i < taken; ++i) a(), b();
      a.discard(left_out);
      for (unsigned i = 0; i < left_out; ++i) b();
      REQUIRE(a == b);
      REQUIRE(a() == b());
    }
}
