#include <tessera/pool/worker/elementwise.hpp>

#include <signal.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/pools.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::full;
using tessera::OnThrow;
using tessera::SharedArray;
using tessera::TiledPool;
using Tiles = std::vector<std::size_t>;

namespace {

template <std::size_t N>
using Extents = std::array<std::size_t, N>;

/// Deep arrays of sixteen 4x4 tiles; every element of `x` says which tile it is in.
struct Deep {
  SharedArray<int, 3> x = SharedArray<int, 3>::create({365, 16, 16}),
                      out = SharedArray<int, 3>::create({365, 16, 16});
  Deep() {
    for (std::size_t i = 0; i < x.size(); ++i) x.data()[i] = tile_of(i);
    std::fill(out.begin(), out.end(), -1);
  }
  static int tile_of(std::size_t element) {
    return static_cast<int>(element / 16 % 16 / 4 * 4 + element % 16 / 4);
  }
  /// True if every element of these tiles is 100 more than x's, and no other was written.
  bool holds_just(const Tiles& tiles) const {
    for (std::size_t i = 0; i < out.size(); ++i) {
      const int tile = tile_of(i);
      const bool computed = std::count(tiles.begin(), tiles.end(), tile) != 0;
      if (out.data()[i] != (computed ? tile + 100 : -1)) return false;
    }
    return true;
  }
};

Tiles all_tiles() {
  Tiles all(16);
  std::iota(all.begin(), all.end(), std::size_t{0});
  return all;
}

const auto plus_100 = [](int v) { return v + 100; };

}  // namespace

TEST_CASE("a transform by tiles computes every element once, whatever the axes before them") {
  auto pool = some_pool();
  const auto extents = GENERATE(Extents<3>{365, 16, 16}, Extents<3>{1, 16, 16},
                                Extents<3>{67, 13, 9}, Extents<3>{0, 4, 4}, Extents<3>{4, 0, 4});
  auto x = SharedArray<int, 3>::create(extents), out = SharedArray<int, 3>::create(extents);
  std::iota(x.begin(), x.end(), 0);
  pool.transform(
      {4, 4}, out, [](int v, int before) { return 2 * v + before; }, x, x);
  for (std::size_t i = 0; i < out.size(); ++i) REQUIRE(out.data()[i] == 3 * static_cast<int>(i));
  pool.transform(
      {4, 4}, out, [](int v) { return v + 1; }, out);
  for (std::size_t i = 0; i < out.size(); ++i)
    REQUIRE(out.data()[i] == 3 * static_cast<int>(i) + 1);
}

TEST_CASE("a transform by tiles that asks for some computes these, whole, and no other") {
  auto pool = some_pool();
  Deep deep;
  pool.transform({4, 4}, deep.out, {.only = Tiles{6, 1}}, plus_100, deep.x);
  REQUIRE(deep.holds_just({1, 6}));
  REQUIRE(pool.report().tiles == 2);
}

TEST_CASE("a tile that a transform does not have is refused by the number of its tiles") {
  auto pool = some_pool();
  Deep deep;
  const auto error = error_of([&] {
    pool.transform({4, 4}, deep.out, {.only = Tiles{16}}, plus_100, deep.x);
  });
  REQUIRE(error.errc() == Errc::invalid_argument);
  REQUIRE(has(error.what(), "16 tiles"));
}

TEST_CASE("a transform by tiles tells of the tiles that it was given") {
  auto pool = some_pool();
  Deep deep;
  pool.transform({4, 4}, deep.out, plus_100, deep.x);
  const auto report = pool.report();
  REQUIRE(report.tiles == 16);
  REQUIRE(std::accumulate(report.tiles_per_worker.begin(), report.tiles_per_worker.end(),
                          std::size_t{0}) == 16);
  auto job = pool.transform_async({4, 4}, deep.out, {.only = Tiles{2, 3, 5}}, plus_100, deep.x);
  job.wait();
  const auto [done, total] = job.progress();
  REQUIRE((done == 3 && total == 3));
}

TEST_CASE("after a transform by tiles threw its unfinished tiles can be computed again") {
  auto pool = some_pool();
  Deep deep;
  deep.x(300, 5, 9) = -7;  // in tile 6
  const auto error = job_error_of([&] {
    pool.transform(
        {4, 4}, deep.out,
        [](int v) {
          if (v == -7) throw std::runtime_error("seven below");
          return v + 100;
        },
        deep.x);
  });
  REQUIRE(error.errc() == Errc::kernel_failed);
  REQUIRE(std::count(error.unfinished.begin(), error.unfinished.end(), 6) == 1);
  REQUIRE(std::is_sorted(error.unfinished.begin(), error.unfinished.end()));
  REQUIRE(error.unfinished.back() < 16);
  REQUIRE((error.failures.size() == 1 && error.failures[0].tile < 16));
  deep.x(300, 5, 9) = 6;
  pool.transform({4, 4}, deep.out, {.only = error.unfinished}, plus_100, deep.x);
  REQUIRE(deep.holds_just(all_tiles()));
}

TEST_CASE("after a worker died in a transform by tiles the unfinished can be computed again") {
  TiledPool pool(3);
  Deep deep;
  deep.x(300, 5, 9) = -7;
  const auto error = job_error_of([&] {
    pool.transform(
        {4, 4}, deep.out,
        [](int v) {
          if (v == -7) die();
          return v + 100;
        },
        deep.x);
  });
  REQUIRE(error.errc() == Errc::worker_died);
  REQUIRE(std::count(error.unknown.begin(), error.unknown.end(), 6) == 1);
  REQUIRE(error.unknown.back() < 16);
  REQUIRE(std::includes(error.unfinished.begin(), error.unfinished.end(), error.unknown.begin(),
                        error.unknown.end()));
  deep.x(300, 5, 9) = 6;
  pool.transform({4, 4}, deep.out, {.only = error.unfinished}, plus_100, deep.x);
  REQUIRE(deep.holds_just(all_tiles()));
}

TEST_CASE("a transform by tiles that collects tells each tile that threw, and does the others") {
  auto pool = some_pool();
  Deep deep;
  const auto error = job_error_of([&] {
    pool.transform(
        {4, 4}, deep.out, {.on_throw = OnThrow::collect},
        [](int v) {
          if (v == 2 || v == 9) throw std::runtime_error("no");
          return v + 100;
        },
        deep.x);
  });
  REQUIRE(error.unfinished == Tiles{2, 9});
  REQUIRE(error.failures.size() == 2);
  auto others = all_tiles();
  others.erase(others.begin() + 9);
  others.erase(others.begin() + 2);
  REQUIRE(deep.holds_just(others));
}

TEST_CASE("a transform in place does each tile whole, since none could be computed twice") {
  // One worker takes the tiles in order, and the last one throws in its first slab.
  auto pool = TiledPool::in_caller();
  Deep deep;
  deep.x(0, 15, 15) = -7;
  const auto throws = [](int v) {
    if (v == -7) throw std::runtime_error("seven below");
    return v + 100;
  };
  const auto in_slabs = job_error_of([&] { pool.transform({4, 4}, deep.out, throws, deep.x); });
  REQUIRE(in_slabs.unfinished == all_tiles());
  const auto in_place = job_error_of([&] { pool.transform({4, 4}, deep.x, throws, deep.x); });
  REQUIRE(in_place.unfinished.size() < 16);
  for (std::size_t i = 0; i < deep.x.size(); ++i) {
    const int tile = Deep::tile_of(i);
    if (std::count(in_place.unfinished.begin(), in_place.unfinished.end(), tile) == 0)
      REQUIRE(deep.x.data()[i] == tile + 100);
  }
}

TEST_CASE("transform's function may take the index of its element") {
  TiledPool pool(2);
  auto out = SharedArray<std::size_t, 3>::create({7, 11, 40});
  auto in = SharedArray<float, 1>::create({40});
  std::iota(in.begin(), in.end(), 0.f);
  const auto check = [&](std::size_t more) {
    for (std::size_t i = 0; i < 7; ++i)
      for (std::size_t j = 0; j < 11; ++j)
        for (std::size_t k = 0; k < 40; ++k)
          REQUIRE(out(i, j, k) == i * 10000 + j * 100 + k + k * more);
  };
  SECTION("and elements of its inputs") {
    pool.transform(
        out,
        [](const Extents<3>& at, float v) {
          return at[0] * 10000 + at[1] * 100 + at[2] + static_cast<std::size_t>(v);
        },
        in);
    check(1);
  }
  SECTION("and nothing else") {
    pool.transform(out, [](const Extents<3>& at) { return at[0] * 10000 + at[1] * 100 + at[2]; });
    check(0);
  }
  SECTION("in tiles of any shape, of which neighbours are computed together") {
    pool.transform({4, 3}, out, [](const auto& at) { return at[0] * 10000 + at[1] * 100 + at[2]; });
    check(0);
  }
  SECTION("later, by a function that holds what looks like an address") {
    pool.transform_async(out, tessera::allow_addresses([](const Extents<3>& at, float) {
                           return at[0] * 10000 + at[1] * 100 + at[2];
                         }),
                         in)
        .wait();
    check(0);
  }
}

TEST_CASE("the index of an element of a section counts from the section's beginning") {
  TiledPool pool(2);
  auto whole = SharedArray<int, 2>::create({6, 8});
  std::fill(whole.begin(), whole.end(), -1);
  pool.transform(tessera::into(xt::view(whole, xt::range(2, 5), xt::range(1, 7, 2))),
                 [](const Extents<2>& at) { return static_cast<int>(10 * at[0] + at[1]); });
  CHECK(whole(2, 1) == 0);
  CHECK(whole(4, 5) == 22);
  CHECK(whole(2, 2) == -1);
}

TEST_CASE("an index is computed past the caches too") {
  // As where arrays are far larger than these: streaming stores.
  std::vector<std::size_t> out(4096);
  tessera::TileView<std::size_t, 2> tile(out.data(), {4, 1024}, {1024, 1});
  const auto number = [](const Extents<2>& at) { return at[0] * 1024 + at[1]; };
  tessera::detail::Elementwise<decltype(number), true>{number, true}.at({3, 0}, tile);
  CHECK(out[0] == 3 * 1024);
  CHECK(out[4095] == 3 * 1024 + 4095);
}
