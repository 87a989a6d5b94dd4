// Assignments in which a tile takes part, but is not itself what is assigned to.
#include <array>
#include <cstddef>

#include <tessera/base/error.hpp>
#include <tessera/loops/tile_assign.hpp>
#include <tessera/loops/tile_reducer.hpp>

#include "support/boxes.hpp"
#include "support/catch.hpp"
#include "support/xtensor.hpp"

using namespace tessera_test;

namespace {

/// Does the same to a tile and to an array: f(to be changed, only read).
template <class F>
void changes_the_same(const char* name, F&& f) {
  for (const auto lie : lies) {
    INFO(name);
    Boxes<double, 3> target({6, 5, 8}, lie, &mixed), source({6, 5, 8}, lie, &with_gaps);
    auto tile = target.tile();
    auto array = target.copy();
    f(tile, source.input());
    f(array, source.copy());
    CHECK(same_result(settled(tile), settled(array)));
    CHECK(source.untouched());
  }
}

}  // namespace

TEST_CASE("a view of a tile is assigned as a view of an array") {
  using xt::all;
  using xt::range;
  changes_the_same("inner part", [](auto& v, const auto& x) {
    xt::view(v, all(), range(1, 4), range(1, 7)) =
        xt::view(x, all(), range(0, 3), range(2, 8)) + xt::view(x, all(), range(2, 5), range(0, 6));
  });
  changes_the_same("one index",
                   [](auto& v, const auto& x) { xt::view(v, 2) = xt::view(x, 3) * 2.0; });
  changes_the_same("every third", [](auto& v, const auto& x) {
    xt::view(v, range(0, 6, 3)) = xt::view(x, range(1, 6, 3)) - 1.0;
  });
  changes_the_same("broadcast", [](auto& v, const auto& x) {
    xt::view(v, all(), range(0, 2)) = xt::view(x, 0, 0) + 1.0;
  });
  changes_the_same("of itself", [](auto& v, const auto&) {
    xt::view(v, range(1, 6)) = xt::view(v, range(0, 5)) + 0.0;
  });
  changes_the_same("noalias", [](auto& v, const auto& x) {
    xt::noalias(xt::view(v, range(1, 3))) = xt::view(x, range(0, 2));
  });
  changes_the_same("a view", [](auto& v, const auto& x) {
    xt::view(v, range(1, 3)) = xt::view(x, range(0, 2));
  });
  changes_the_same("kept indices", [](auto& v, const auto& x) {
    xt::view(v, xt::keep(0, 2)) = xt::view(x, xt::keep(1, 3)) + 1.0;
  });
  changes_the_same("scalars", [](auto& v, const auto&) {
    xt::view(v, 1) = 4.0;
    xt::view(v, 2) += 1.5;
    xt::view(v, all(), 3) *= 2.0;
  });
  changes_the_same("computed", [](auto& v, const auto& x) {
    xt::view(v, 1) += xt::view(x, 2);
    xt::view(v, all(), 3) *= xt::view(x, all(), 1) + 1.0;
  });
  changes_the_same("a view of a view", [](auto& v, const auto& x) {
    auto upper = xt::view(v, range(0, 3));
    xt::view(upper, all(), 0) = xt::view(x, range(0, 3), 1);
  });
}

TEST_CASE("a strided view of a tile is assigned as the same view with slices") {
  // xtensor 0.24 writes past the end where this is done to an array of another rank than 4.
  for (const auto lie : lies) {
    Boxes<double, 3> box({6, 5, 8}, lie, &mixed), want({6, 5, 8}, lie, &mixed);
    auto v = box.tile(), w = want.tile();
    xt::strided_view(v, {xt::ellipsis(), xt::range(0, 8, 2)}) =
        xt::strided_view(v, {xt::ellipsis(), xt::range(1, 8, 2)}) * 3.0;
    xt::view(w, xt::all(), xt::all(), xt::range(0, 8, 2)) =
        xt::view(want.copy(), xt::all(), xt::all(), xt::range(1, 8, 2)) * 3.0;
    CHECK(same_result(settled(v), settled(w)));
  }
}

TEST_CASE("an expression with tiles is assigned to an array of the kernel's own") {
  for (const auto lie : lies) {
    Boxes<double, 3> box({4, 3, 5}, lie, &mixed);
    const auto x = box.input();
    const auto& copy = box.copy();
    const xt::xtensor<double, 3> sum = x + 2.0 * x;
    CHECK(same_result(sum, xt::xtensor<double, 3>(copy + 2.0 * copy)));
    const xt::xarray<float> any = xt::view(x, xt::all(), 1) * 0.5;
    CHECK(same_result(any, xt::xarray<float>(xt::view(copy, xt::all(), 1) * 0.5)));
    xt::xtensor<double, 3, xt::layout_type::column_major> columns = x + 1.0;
    CHECK(columns(3, 2, 4) == copy(3, 2, 4) + 1.0);
    xt::xtensor<double, 3> grown;
    grown = x;
    grown += x;
    CHECK(grown(3, 1, 2) == 2 * copy(3, 1, 2));
    const xt::xtensor<double, 2> mean = xt::mean(x, {0});
    CHECK(same_result(mean, xt::xtensor<double, 2>(xt::mean(copy, {0}))));
  }
}

TEST_CASE("arrays of more than four axes whose rank is known late are assigned too") {
  Boxes<double, 2> box({3, 4}, Lie::scattered, &mixed);
  const xt::xarray<double> many = xt::ones<double>({2, 1, 2, 3, 4});
  const xt::xarray<double> sum = box.input() + many;
  REQUIRE(sum.dimension() == 5);
  CHECK(sum(1, 0, 1, 2, 3) == box.copy()(2, 3) + 1.0);
}

TEST_CASE("what does not broadcast to a view of a tile is refused") {
  Boxes<double, 2> box({3, 4}, Lie::scattered, &mixed);
  auto v = box.tile();
  const xt::xtensor<double, 1> three{1, 2, 3};
  CHECK_THROWS_AS((xt::view(v, 0) = three), tessera::Error);
  CHECK(box.untouched());
}
