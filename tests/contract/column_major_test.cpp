// For a program whose xtensor arrays are column-major by default: results, copies and files have
// the same values at the same indices as anywhere. Only meaningful in test_column_major.
#include <array>
#include <cstddef>
#include <string>
#include <type_traits>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::into;
using tessera::SharedArray;
using tessera::Tile;
using tessera::TiledPool;

#if defined(XTENSOR_DEFAULT_LAYOUT)
static_assert(xt::xtensor<int, 2>::static_layout == xt::layout_type::column_major);
#endif

namespace {

/// An array whose element (i, j, k) is 100 i + 10 j + k.
SharedArray<int, 3> numbered(std::size_t a, std::size_t b, std::size_t c) {
  auto out = SharedArray<int, 3>::create({a, b, c});
  for (std::size_t i = 0; i < a; ++i)
    for (std::size_t j = 0; j < b; ++j)
      for (std::size_t k = 0; k < c; ++k) out(i, j, k) = static_cast<int>(100 * i + 10 * j + k);
  return out;
}

const auto number_of_tile = [](const auto& tile, const auto&) {
  return static_cast<int>(tile.number());
};

}  // namespace

TEST_CASE("an array that is assigned an expression of itself has its values at their indices") {
  auto a = numbered(2, 3, 4);
  a = a + 1;
  CHECK(a(1, 2, 3) == 124);
  CHECK(a(0, 2, 1) == 22);
  CHECK(a(1, 0, 0) == 101);
}

TEST_CASE("results stand at their tile's index whatever xtensor's default layout is") {
  const bool processes = GENERATE(false, true);
  auto pool = processes ? TiledPool(2) : TiledPool::in_caller();
  const auto a = numbered(2, 3, 4);
  const auto one = pool.map(
      {1}, [](const Tile<1>& tile, const auto& x) { return number_of_tile(tile, x); }, a);
  const auto two = pool.map(
      {1, 1}, [](const Tile<2>& tile, const auto& x) { return number_of_tile(tile, x); }, a);
  const auto three = pool.map(
      {1, 2, 2}, [](const Tile<3>& tile, const auto& x) { return number_of_tile(tile, x); }, a);
  static_assert(
      std::is_same_v<std::decay_t<decltype(two)>, xt::xtensor<int, 2, xt::layout_type::row_major>>);
  for (std::size_t k = 0; k < 4; ++k) REQUIRE(one(k) == static_cast<int>(k));
  for (std::size_t j = 0; j < 3; ++j)
    for (std::size_t k = 0; k < 4; ++k) REQUIRE(two(j, k) == static_cast<int>(4 * j + k));
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t j = 0; j < 2; ++j)
      for (std::size_t k = 0; k < 2; ++k)
        REQUIRE(three(i, j, k) == static_cast<int>(4 * i + 2 * j + k));

  auto job = pool.map_async(
      {1, 1}, [](const Tile<2>& tile, const auto& x) { return number_of_tile(tile, x); }, a);
  xt::xtensor<int, 2> mine = job.get();
  REQUIRE(mine(1, 2) == 6);
  REQUIRE(mine(2, 1) == 9);
}

TEST_CASE("tiles, temporaries and sums in kernels do not depend on xtensor's default layout") {
  auto pool = TiledPool::in_caller();
  const auto a = numbered(3, 4, 5);
  auto out = SharedArray<int, 3>::create({3, 4, 5});
  auto sums = SharedArray<int, 2>::create({4, 5});
  pool.map(
      {2, 3},
      [](auto v, auto s, auto x) {
        xt::xtensor<int, 3> copy = x;
        v = copy + xt::eval(x);
        s = xt::sum(x, {0});
      },
      into(out), into(sums), a);
  for (std::size_t j = 0; j < 4; ++j)
    for (std::size_t k = 0; k < 5; ++k) {
      for (std::size_t i = 0; i < 3; ++i) REQUIRE(out(i, j, k) == 2 * a(i, j, k));
      REQUIRE(sums(j, k) == a(0, j, k) + a(1, j, k) + a(2, j, k));
    }
  pool.transform(
      out, [](int x, int s) { return x - s; }, a, sums);
  REQUIRE(out(2, 1, 3) == 213 - sums(1, 3));
  // What it reads is, shifted, what it writes: a temporary of the whole tile.
  auto line = SharedArray<int, 3>::copy_of(a);
  pool.map(
      {tessera::full, tessera::full},
      [](auto v) { xt::view(v, 0, xt::all(), xt::all()) = xt::view(v, 1, xt::all(), xt::all()); },
      into(line));
  REQUIRE(line(0, 3, 2) == 132);
}

TEST_CASE("copies and files do not depend on xtensor's default layout") {
  const Folder folder;
  const xt::xtensor<int, 3> column = numbered(2, 3, 4);
  const auto copy = SharedArray<int, 3>::copy_of(column);
  const auto sum = SharedArray<int, 3>::copy_of(column + 1);
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t j = 0; j < 3; ++j)
      for (std::size_t k = 0; k < 4; ++k) {
        REQUIRE(copy(i, j, k) == static_cast<int>(100 * i + 10 * j + k));
        REQUIRE(sum(i, j, k) == copy(i, j, k) + 1);
      }
  auto assigned = SharedArray<int, 3>::create({2, 3, 4});
  assigned = column;
  REQUIRE(xt::all(xt::equal(assigned, copy)));
  assigned = 2 * column;
  REQUIRE(assigned(1, 2, 3) == 246);
  xt::noalias(assigned) = column;
  REQUIRE(assigned(1, 2, 3) == 123);
  const auto path = folder.file("a.npy");
  copy.save(path);
  const auto loaded = SharedArray<int, 3>::load(path);
  const auto mapped = SharedArray<const int, 3>::map_file(path);
  REQUIRE(loaded(1, 2, 0) == 120);
  REQUIRE(mapped(1, 0, 3) == 103);
  const xt::xtensor<int, 3> back = mapped;
  REQUIRE(back(1, 2, 3) == 123);
}
