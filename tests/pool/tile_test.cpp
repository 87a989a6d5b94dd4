#include <tessera/pool/tile.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include <tessera.hpp>

#include "support/catch.hpp"

using tessera::SharedArray;
using tessera::Tile;
using tessera::TiledPool;

TEST_CASE("a tile tells its number, its place in the grid and its box") {
  const bool processes = GENERATE(false, true);
  auto pool = processes ? TiledPool(3) : TiledPool::in_caller();
  struct Seen {
    std::size_t number, index[2], lo[2], hi[2], shape[2];
  };
  auto array = SharedArray<double, 3>::create({2, 7, 5});
  const auto seen = pool.map(
      {3, 2},
      [](const Tile<2>& tile, const auto& v) {
        Seen out{};
        out.number = tile.number();
        for (std::size_t d = 0; d < 2; ++d) {
          out.index[d] = tile.index()[d];
          out.lo[d] = tile.lo(d);
          out.hi[d] = tile.box().hi[d];
          out.shape[d] = v.shape()[d + 1];
        }
        return out;
      },
      array);
  REQUIRE(seen.shape() == std::array<std::size_t, 2>{3, 3});
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j) {
      const auto& s = seen(i, j);
      REQUIRE(s.number == i * 3 + j);
      REQUIRE((s.index[0] == i && s.index[1] == j));
      REQUIRE((s.lo[0] == 3 * i && s.hi[0] == std::min<std::size_t>(3 * i + 3, 7)));
      REQUIRE((s.lo[1] == 2 * j && s.hi[1] == std::min<std::size_t>(2 * j + 2, 5)));
      REQUIRE((s.shape[0] == s.hi[0] - s.lo[0] && s.shape[1] == s.hi[1] - s.lo[1]));
    }
}

TEST_CASE("a tile's random numbers depend on the seed and its number alone") {
  const tessera::TileGrid<1> grid({10}, {2}), other({1000}, {2});
  const std::atomic<std::uint64_t> none{0};
  const Tile<1> tile(grid, 3, {&none, 1}), again(other, 3, {&none, 9}), next(grid, 4, {&none, 1});
  auto numbers = tile.random(5), same = again.random(5);
  auto another_tile = next.random(5), another_seed = tile.random(6);
  const auto first = numbers();
  CHECK(first == same());
  CHECK(first != another_tile());
  CHECK(first != another_seed());
}

TEST_CASE("a tile sees that its own round is to end, and no other") {
  const tessera::TileGrid<1> grid({4}, {2});
  std::atomic<std::uint64_t> stopped_round{0};
  const Tile<1> tile(grid, 0, {&stopped_round, 7});
  CHECK_FALSE(tile.stop_requested());
  stopped_round.store(6);
  CHECK_FALSE(tile.stop_requested());
  stopped_round.store(7);
  CHECK(tile.stop_requested());
}
