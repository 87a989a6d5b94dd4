#include <tessera/pool/kernel.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::into;
using tessera::SharedArray;
using tessera::Tile;
using tessera::TiledPool;

namespace {

struct Large {
  std::array<double, 4096> table{};
  std::int64_t number = -7;
  float fraction = 0.5f;
};

}  // namespace

TEST_CASE("a large captured struct arrives whole") {
  const bool processes = GENERATE(false, true);
  auto pool = processes ? TiledPool(2) : TiledPool::in_caller();
  Large large;
  for (std::size_t i = 0; i < large.table.size(); ++i)
    large.table[i] = 0.25 * static_cast<double>(i);
  auto array = SharedArray<double, 1>::create({4096});
  pool.map(
      {100},
      [large](const Tile<1>& tile, auto v) {
        for (std::size_t i = tile.lo(0); i < tile.hi(0); ++i)
          v(i - tile.lo(0)) = large.table[i] + static_cast<double>(large.number);
      },
      into(array));
  for (std::size_t i = 0; i < 4096; ++i) REQUIRE(array(i) == 0.25 * static_cast<double>(i) - 7);
}

TEST_CASE("only the user's part of what transform sends is searched for addresses") {
  // Behind a function without captures there is room that nobody has written.
  using Sent = tessera::detail::Elementwise<std::plus<>>;
  REQUIRE(tessera::detail::searched_bytes<
              std::decay_t<decltype(tessera::detail::authored(std::declval<const Sent&>()))>>() ==
          0);
}

TEST_CASE("a mutable kernel starts each tile as it was captured") {
  const bool processes = GENERATE(false, true);
  auto pool = processes ? TiledPool(2) : TiledPool::in_caller();
  auto array = SharedArray<double, 1>::create({50});
  const auto results = pool.map(
      {1}, [n = 5](auto) mutable { return ++n; }, array);
  for (const int result : results) REQUIRE(result == 6);
}

TEST_CASE("a kernel is a lambda, a function pointer or an object with a call operator") {
  auto pool = TiledPool::in_caller();
  auto array = SharedArray<double, 1>::create({5});
  using View = tessera::TileView<double, 1>;
  struct Object {
    double value;
    void operator()(View v) const { v = value; }
  };
  pool.map({2}, Object{3}, into(array));
  REQUIRE(array(4) == 3);
  void (*function)(View) = [](View v) { v = 4.0; };
  pool.map({2}, function, into(array));
  REQUIRE(array(4) == 4);
}
