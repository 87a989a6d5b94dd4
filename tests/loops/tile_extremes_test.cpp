// Places of extremes of expressions that read tiles.
#include <tessera/loops/tile_extremes.hpp>

#include <cmath>
#include <cstddef>

#include <tessera/loops/tile_view.hpp>

#include "support/boxes.hpp"
#include "support/catch.hpp"
#include "support/scene.hpp"
#include "support/xtensor.hpp"

using namespace tessera_test;

TEST_CASE("argmin and argmax of expressions, along each axis and of all elements") {
  for (const auto lie : lies) {
    Boxes<double, 3> box({4, 3, 5}, lie, &mixed);
    for (std::ptrdiff_t axis = -3; axis < 3; ++axis) {
      gives_the_same("argmin", box, [=](const auto& x) { return xt::argmin(x * -2.0, axis); });
      gives_the_same("argmax", box, [=](const auto& x) { return xt::argmax(x + x, axis); });
    }
    gives_the_same("argmin of all", box, [](const auto& x) { return xt::argmin(x - 1.0)(); });
    gives_the_same("argmax of all, by columns", box,
                   [](const auto& x) { return xt::argmax<xt::layout_type::column_major>(x)(); });
  }
}

TEST_CASE("argmax of a tile of one axis is its greatest element") {
  Boxes<double, 1> row({9}, Lie::stepped, &mixed);  // xtensor 0.24 gives the least one
  const auto x = row.input();
  CHECK(x(xt::argmax(x, 0)()) == xt::amax(x)());
  CHECK(x(xt::argmin(x, 0)()) == xt::amin(x)());
}

TEST_CASE("where there are no elements, there is no place of an extreme") {
  Boxes<double, 2> none({0, 5}, Lie::contiguous, &mixed);
  const auto x = none.input();
  CHECK(error_of([&] { xt::argmin(x, 0); }).errc() == tessera::Errc::invalid_argument);
  CHECK(error_of([&] { xt::argmax(x); }).errc() == tessera::Errc::invalid_argument);
  CHECK(xt::argmin(x, 1).size() == 0);
}

TEST_CASE("the first element may be the extreme, even a NaN") {
  Boxes<double, 1> row({9}, Lie::stepped, [](std::size_t k) { return k == 0 ? -50.0 : mixed(k); });
  CHECK(xt::argmin(row.input())() == 0);
  Boxes<double, 1> gap({9}, Lie::stepped,
                       [](std::size_t k) { return k == 0 ? std::nan("") : 1.0; });
  CHECK(xt::argmin(gap.input())() == 0);
}
