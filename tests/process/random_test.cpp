// Random numbers in tiles: the same whoever computes a tile, and however often.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <set>
#include <vector>

#include <tessera.hpp>

#if __has_include(<xtensor/generators/xrandom.hpp>)
#include <xtensor/generators/xrandom.hpp>
#else
#include <xtensor/xrandom.hpp>
#endif

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::into;
using tessera::JobOptions;
using tessera::Rerun;
using tessera::SharedArray;
using tessera::Tile;
using tessera::TiledPool;

namespace {

using Numbers = xt::xtensor<double, 2>;

const auto draw = [](const Tile<2>& tile, auto v) {
  auto random = tile.random(2024);
  std::normal_distribution<double> normal(0, 1);
  for (auto& x : v.row(0)) x = normal(random);
  const std::array<std::size_t, 1> rest{v.shape()[1]};
  for (std::size_t i = 1; i < v.shape()[0]; ++i) {
    const xt::xtensor<double, 1> row = xt::random::rand<double>(rest, -1, 1, random);
    std::copy(row.begin(), row.end(), v.row(i).begin());
  }
};

Numbers drawn(TiledPool& pool) {
  auto field = SharedArray<double, 2>::create({30, 50});
  pool.map({4, 6}, draw, into(field));
  return field;
}

}  // namespace

TEST_CASE("random numbers of tiles are the same for any number of workers") {
  auto alone = TiledPool::in_caller();
  const auto expected = drawn(alone);
  for (const std::size_t workers : {1u, 2u, 7u, 32u}) {
    TiledPool pool(workers);
    REQUIRE((drawn(pool) == expected));
    REQUIRE((drawn(pool) == expected));
  }
}

TEST_CASE("random numbers of tiles are the same where workers are killed") {
  auto alone = TiledPool::in_caller();
  const auto expected = drawn(alone);
  TiledPool pool(3);
  auto field = SharedArray<double, 2>::create({30, 50});
  auto begun = SharedArray<int, 1>::create({72});
  JobOptions options;
  options.rerun = Rerun::allowed;
  const auto& path = begun.name();
  std::array<char, 64> name{};
  std::copy(path.begin(), path.end(), name.begin());
  pool.map(
      {4, 6}, options,
      [name](const Tile<2>& tile, auto v) {
        draw(tile, v);
        if (tile.number() % 10 != 3) return;
        auto visits = SharedArray<int, 1>::attach(name.data());
        if (visits(tile.number())++ == 0) die();
      },
      into(field));
  REQUIRE(pool.report().workers_lost >= 5);
  REQUIRE((Numbers(field) == expected));
}

TEST_CASE("random numbers of chosen tiles are those that a whole job gives them") {
  TiledPool pool(2);
  const auto expected = drawn(pool);
  auto field = SharedArray<double, 2>::create({30, 50});
  JobOptions options;
  options.only = std::vector<std::size_t>{5, 11, 40};
  pool.map({4, 6}, options, draw, into(field));
  const tessera::TileGrid<2> grid({30, 50}, {4, 6});
  for (const auto tile : *options.only) {
    const auto box = grid.box(tile);
    for (auto i = box.lo[0]; i < box.hi[0]; ++i)
      for (auto j = box.lo[1]; j < box.hi[1]; ++j) REQUIRE(field(i, j) == expected(i, j));
  }
}

TEST_CASE("no two tiles and no two seeds draw the same random numbers") {
  TiledPool pool(2);
  const auto field = SharedArray<double, 1>::create({500});
  std::set<std::uint64_t> seen;
  for (const unsigned seed : {0u, 1u, 2u}) {
    const auto firsts = pool.map(
        {1},
        [seed](const Tile<1>& tile, const auto&) {
          auto random = tile.random(seed);
          const std::uint64_t high = random();
          return high << 32 | random();
        },
        field);
    for (const auto first : firsts) REQUIRE(seen.insert(first).second);
  }
}
