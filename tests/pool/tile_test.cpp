#include <tessera/pool/tile.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <thread>

#include <tessera.hpp>

#include "support/catch.hpp"

using tessera::into;
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

TEST_CASE("scratch memory is the worker's own, aligned, and kept for its next tile") {
  struct Seen {
    std::uint64_t address, second;
    bool aligned, whole;
  };
  for (const bool processes : {false, true}) {
    auto pool = processes ? TiledPool(1) : TiledPool::in_caller();
    auto array = SharedArray<int, 1>::create({20});
    const auto seen = pool.map(
        {1},
        [](const Tile<1>& tile, auto v) {
          const auto a = tile.scratch<double>(1000);
          const auto b = tile.scratch<std::int32_t>(10);
          const auto mark = static_cast<int>(tile.number());
          std::fill(a.begin(), a.end(), static_cast<double>(mark));
          std::fill(b.begin(), b.end(), mark);
          v = mark;
          const auto at = [](const auto& span) {
            return static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(span.data())) -
                   0x100000;  // not an address
          };
          return Seen{at(a), at(b), at(a) % 64 == 0 && at(b) % 64 == 0,
                      std::count(a.begin(), a.end(), static_cast<double>(mark)) == 1000};
        },
        into(array));
    for (std::size_t k = 2; k < 20; ++k) {
      CHECK(seen(k).address == seen(2).address);
      CHECK(seen(k).second == seen(2).second);
    }
    for (const auto& one : seen) CHECK((one.aligned && one.whole && one.address != one.second));
  }
}

TEST_CASE("a kernel that runs a job of another pool keeps its scratch memory") {
  auto pool = TiledPool::in_caller();
  auto array = SharedArray<int, 1>::create({3});
  const auto kept = pool.map(
      {1},
      [](const Tile<1>& tile, auto v) {
        const auto mine = tile.scratch<int>(100);
        std::fill(mine.begin(), mine.end(), 5);
        auto inner = TiledPool::in_caller();
        auto other = SharedArray<int, 1>::create({4});
        inner.map(
            {1},
            [](const Tile<1>& t, auto w) {
              const auto its = t.template scratch<int>(5000);
              std::fill(its.begin(), its.end(), 6);
              w = 0;
            },
            into(other));
        v = 1;
        return std::count(mine.begin(), mine.end(), 5);
      },
      into(array));
  for (const auto count : kept) CHECK(count == 100);
}

TEST_CASE("scratch memory is for the kernel's own thread") {
  auto pool = TiledPool::in_caller();
  auto array = SharedArray<int, 1>::create({2});
  const auto refused = pool.map(
      {1},
      [](const Tile<1>& tile, auto v) {
        v = 0;
        int out = 0;
        std::thread other([&] {
          try {
            tile.scratch<int>(10);
          } catch (const tessera::Error& error) {
            out = error.errc() == tessera::Errc::invalid_argument ? 1 : 2;
          }
        });
        other.join();
        return out;
      },
      into(array));
  CHECK(refused(0) == 1);
  CHECK(refused(1) == 1);
}

TEST_CASE("scratch memory that can't be had is an exception of its tile") {
  auto pool = TiledPool::in_caller();
  auto array = SharedArray<int, 1>::create({2});
  CHECK_THROWS_AS(
      pool.map(
          {1},
          [](const Tile<1>& tile, auto v) {
            v = static_cast<int>(
                tile.scratch<double>(std::numeric_limits<std::size_t>::max() / 4).size());
          },
          into(array)),
      tessera::JobError);
}
