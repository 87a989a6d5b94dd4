#include <tessera/loops/tile_sort.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "support/boxes.hpp"
#include "support/catch.hpp"
#include "support/scene.hpp"
#include "support/xtensor.hpp"

using namespace tessera_test;

namespace {

/// A tile of 2 x 3 within rows of 5.
struct Unsorted {
  std::vector<int> values{0, 9, 4, 7, 0, 0, 3, 8, 1, 0};
  tessera::TileView<int, 2> tile{values.data() + 1, {2, 3}, {5, 1}};
};

}  // namespace

TEST_CASE("a tile is sorted along an axis, and stays as it is") {
  Unsorted its;
  const auto before = its.values;
  const xt::xtensor<int, 2> rows = xt::sort(its.tile);
  const xt::xtensor<int, 2> columns = xt::sort(its.tile, 0);
  CHECK(rows == xt::xtensor<int, 2>{{4, 7, 9}, {1, 3, 8}});
  CHECK(columns == xt::xtensor<int, 2>{{3, 4, 1}, {9, 8, 7}});
  CHECK(its.values == before);
}

TEST_CASE("argsort of a tile tells places within the tile") {
  Unsorted its;
  const xt::xtensor<std::size_t, 2> places = xt::argsort(its.tile);
  CHECK(places == xt::xtensor<std::size_t, 2>{{1, 2, 0}, {2, 0, 1}});
}

TEST_CASE("a partition of a tile has the smaller elements in front") {
  Unsorted its;
  const xt::xtensor<int, 2> parted = xt::partition(its.tile, 1);
  CHECK((parted(0, 0) == 4 && parted(0, 1) == 7 && parted(0, 2) == 9));
  CHECK((parted(1, 0) == 1 && parted(1, 1) == 3 && parted(1, 2) == 8));
}

TEST_CASE("slices along any axis are sorted and parted as those of an array") {
  for (const auto lie : lies) {
    Boxes<double, 3> box({7, 9, 40}, lie, &mixed);
    for (std::ptrdiff_t axis = -1; axis < 3; ++axis) {
      gives_the_same("sort", box, [=](const auto& x) { return xt::sort(x, axis); });
      const xt::xtensor<double, 3> negative = box.copy() * -1.0;  // xtensor sorts no expressions
      CHECK(same_result(xt::xtensor<double, 3>(xt::sort(box.input() * -1.0, axis)),
                        xt::xtensor<double, 3>(xt::sort(negative, axis))));
      gives_the_same("partition", box, [=](const auto& x) {
        const std::size_t along = static_cast<std::size_t>(axis < 0 ? axis + 3 : axis);
        return xt::eval(xt::amax(xt::partition(x, std::size_t{3}, axis), {along}));
      });
      if (axis >= 0)
        gives_the_same("median", box, [=](const auto& x) { return xt::median(x, axis); });
    }
  }
}

TEST_CASE("a partition has its element in place and smaller ones before it") {
  Boxes<double, 2> box({51, 7}, Lie::scattered, &mixed);
  const auto x = box.input();
  const xt::xtensor<double, 2> sorted = xt::sort(x, 0);
  const xt::xtensor<double, 2> parted = xt::partition(x, std::array<std::size_t, 2>{10, 40}, 0);
  for (std::size_t j = 0; j < 7; ++j) {
    CHECK(parted(10, j) == sorted(10, j));
    CHECK(parted(40, j) == sorted(40, j));
    for (std::size_t i = 0; i < 10; ++i) CHECK(parted(i, j) <= parted(10, j));
    for (std::size_t i = 11; i < 40; ++i) CHECK(parted(i, j) <= parted(40, j));
  }
}

TEST_CASE("a partition by several places has all of them in place, at any length") {
  // Many slices: to put one place right may put another right by luck.
  constexpr std::size_t length = 1000, slices = 40;
  std::mt19937 random(1);
  std::vector<double> numbers(length * slices);
  for (double& number : numbers) number = static_cast<double>(random());
  const tessera::TileView<const double, 2> x(numbers.data(), {length, slices}, {slices, 1});
  const xt::xtensor<double, 2> sorted = xt::sort(x, 0);
  const xt::xtensor<double, 2> by_list = xt::partition(x, {900, 100, 500, 500}, 0);
  const xt::xtensor<double, 2> of_sum = xt::partition(x + 1.0, {100, 500, 900}, 0);
  const xt::xtensor<std::size_t, 2> places = xt::argpartition(x, {100, 900}, 0);
  for (std::size_t j = 0; j < slices; ++j)
    for (const std::size_t k : {100U, 500U, 900U}) {
      CHECK(by_list(k, j) == sorted(k, j));
      CHECK(of_sum(k, j) == sorted(k, j) + 1.0);
      if (k != 500U) CHECK(x(places(k, j), j) == sorted(k, j));
    }
}

TEST_CASE("the indices of a partition are those of its elements, where one row remains too") {
  for (const auto& shape : {std::array<std::size_t, 2>{1, 33}, std::array<std::size_t, 2>{33, 1},
                            std::array<std::size_t, 2>{4, 9}}) {
    Boxes<float, 2> box(shape, Lie::scattered, &mixed);
    const auto x = box.input();
    for (const std::size_t axis : {0U, 1U}) {
      const xt::xtensor<float, 2> sorted = xt::sort(x, axis);
      const xt::xtensor<std::size_t, 2> places =
          xt::argpartition(x, {std::size_t{0}, shape[axis] / 2}, axis);
      for (std::size_t i = 0; i < shape[0]; ++i)
        for (std::size_t j = 0; j < shape[1]; ++j) {
          const auto at = places(i, j);
          REQUIRE(at < shape[axis]);
          const auto k = axis == 0 ? i : j;
          if (k == 0 || k == shape[axis] / 2)
            CHECK((axis == 0 ? x(at, j) : x(i, at)) == sorted(i, j));
        }
    }
  }
}

TEST_CASE("places of a partition count from the end too, and one that is not there is refused") {
  Unsorted its;
  const xt::xtensor<int, 2> parted = xt::partition(its.tile, -1);
  CHECK((parted(0, 2) == 9 && parted(1, 2) == 8));
  const xt::xtensor<int, 2> of_sum = xt::partition(its.tile + 1, std::array{0, -1}, 1);
  CHECK((of_sum(0, 0) == 5 && of_sum(0, 2) == 10 && of_sum(1, 0) == 2 && of_sum(1, 2) == 9));
  const auto error = error_of([&] { xt::partition(its.tile, 3); });
  CHECK(error.errc() == tessera::Errc::invalid_argument);
  CHECK(has(error.what(), "there is no place 3 among 3 elements"));
  CHECK(has(error_of([&] {
              xt::partition(its.tile, {0, -3}, 0);
            }).what(),
            "there is no place -3 among 2 elements"));
  CHECK(has(error_of([&] { xt::argpartition(its.tile, 7); }).what(), "place 7"));
  const auto all = xt::placeholders::xtuph{};
  CHECK(has(error_of([&] { xt::partition(its.tile, 9, all); }).what(), "no place 9 among 6"));
  CHECK(xt::partition(its.tile, -1, all)(5) == 9);
}

TEST_CASE("argsort along any axis is that of an array, with NaN last and equal elements in order") {
  for (const auto lie : lies) {
    Boxes<double, 3> box({7, 9, 40}, lie,
                         [](std::size_t k) { return static_cast<double>(k * 7919 % 5003); });
    for (std::ptrdiff_t axis = -1; axis < 3; ++axis)
      gives_the_same("argsort", box, [=](const auto& x) { return xt::argsort(x, axis); });
  }
  std::vector<float> values{2.f, std::nanf(""), 1.f, std::nanf(""), 2.f, 0.f};
  const tessera::TileView<const float, 1> x(values.data(), {6}, {1});
  const xt::xtensor<std::size_t, 1> places = xt::argsort(x);
  CHECK(places == xt::xtensor<std::size_t, 1>{5, 2, 0, 4, 1, 3});
}

TEST_CASE("the median of large integers does not overflow") {
  std::vector<std::int32_t> numbers{2000000000, 2100000000, 2000000000, 2100000000};
  const tessera::TileView<const std::int32_t, 1> x(numbers.data(), {4}, {1});
  CHECK(xt::median(x, 0)() == 2050000000.0);
  std::vector<std::uint32_t> more{4000000000U, 4100000000U};
  const tessera::TileView<const std::uint32_t, 1> y(more.data(), {2}, {1});
  CHECK(xt::median(y, 0)() == 4050000000.0);
}

TEST_CASE("NaN are sorted after all numbers, and have no median") {
  Boxes<float, 2> box({10, 6}, Lie::scattered, &with_gaps);
  const auto x = box.input();
  const xt::xtensor<float, 2> sorted = xt::sort(x, 0);
  for (std::size_t j = 0; j < 6; ++j) {
    std::size_t gaps = 0;
    for (std::size_t i = 0; i < 10; ++i) gaps += std::isnan(x(i, j)) ? 1 : 0;
    for (std::size_t i = 0; i < 10; ++i) CHECK(std::isnan(sorted(i, j)) == (i >= 10 - gaps));
    CHECK(std::isnan(xt::median(x, 0)(j)) == (gaps > 0));
  }
}
