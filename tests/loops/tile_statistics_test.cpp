// xtensor's statistics of expressions that read tiles, where they are computed in another way than
// xtensor's own.
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <tessera/loops/tile_statistics.hpp>

#include "support/boxes.hpp"
#include "support/catch.hpp"
#include "support/xtensor.hpp"

using namespace tessera_test;

namespace {

double constant(std::size_t) { return 0.1; }
double missing(std::size_t) { return std::nan(""); }

}  // namespace

TEST_CASE("variances take delta degrees of freedom, also of several results") {
  for (const auto lie : lies) {
    Boxes<double, 3> box({6, 3, 5}, lie, &mixed);
    const auto x = box.input();
    const xt::xtensor<double, 2> plain = xt::variance(x, {0});
    for (const unsigned ddof : {1u, 2u}) {
      const xt::xtensor<double, 2> got = xt::variance(x, {0}, ddof);
      CHECK(xt::allclose(got * (6.0 - ddof), plain * 6.0));
      CHECK(std::abs(xt::variance(x, ddof)() * (90.0 - ddof) - xt::variance(x)() * 90.0) < 1e-9);
    }
  }
}

TEST_CASE("the standard deviation of equal elements is 0") {
  Boxes<double, 3> box({7, 5, 40}, Lie::scattered, &constant);
  const auto x = box.input();
  CHECK(xt::amax(xt::variance(x, {0}))() < 1e-30);
  CHECK(xt::amax(xt::stddev(x, {2}))() < 1e-15);
}

TEST_CASE("statistics of expressions, of temporaries and of other layouts are those of an array") {
  for (const auto lie : lies) {
    Boxes<double, 3> box({5, 3, 4}, lie, &with_gaps);
    gives_nearly_the_same("nanmean of a temporary", box,
                          [](const auto& x) { return xt::nanmean(x - 273.15, {0}); });
    gives_nearly_the_same("nanstd of a temporary", box,
                          [](const auto& x) { return xt::nanstd(x * 2.0, {1}); });
    gives_nearly_the_same("climatology", box, [](const auto& x) {
      return x - xt::nanmean(x, std::array<std::size_t, 1>{0});
    });
    gives_the_same("of a comparison", box,
                   [](const auto& x) { return xt::count_nonzero(x > 0.0, {0}); });
    gives_the_same("with all axes kept", box, [](const auto& x) {
      return xt::count_nonzero(x, std::array<std::size_t, 1>{1}, xt::keep_dims);
    });
  }
  Boxes<double, 3> box({5, 3, 4}, Lie::scattered, &mixed);
  gives_nearly_the_same("variance of a temporary", box,
                        [](const auto& x) { return xt::variance(x + 1.0, {0}); });
  const auto x = box.input();  // xtensor's own variance goes wrong over a negative axis
  CHECK(same_result(settled(xt::variance(x, std::array<std::ptrdiff_t, 1>{-1})),
                    settled(xt::variance(x, {2}))));
}

TEST_CASE("immediate statistics are values") {
  Boxes<double, 2> box({5, 4}, Lie::scattered, &mixed);
  auto x = box.tile();
  const auto now = xt::variance(x, std::array{0}, xt::evaluation_strategy::immediate);
  const double before = now(1);
  x = 0.0;
  CHECK(now(1) == before);
}

TEST_CASE("what has no number among its elements has no mean") {
  Boxes<float, 2> box({5, 4}, Lie::scattered, &missing);
  const auto x = box.input();
  CHECK(std::isnan(xt::nanmean(x, {0})(2)));
  CHECK(std::isnan(xt::nanvar(x, {0})(2)));
  CHECK(std::isnan(xt::nanmin(x)()));
  CHECK(xt::count_nonnan(x)() == 0);
}

TEST_CASE("the mean of large integers does not overflow") {
  std::vector<std::int32_t> numbers(6, 2000000000);
  const tessera::TileView<const std::int32_t, 2> x(numbers.data(), {2, 3}, {3, 1});
  CHECK(xt::mean(x)() == 2e9);
  CHECK(xt::mean(x, {0})(1) == 2e9);
  CHECK(xt::mean(x, 1)(0) == 2e9);
  CHECK(xt::mean(x, std::size_t{0})(0) == 2e9);
  CHECK(xt::mean(x, std::array<std::size_t, 1>{1})(0) == 2e9);
  CHECK(xt::mean(x + 1, {0, 1})() == 2e9 + 1);
  CHECK(xt::average(x)() == 2e9);
  const xt::xtensor<double, 1> kept = xt::mean(x, {0}, xt::evaluation_strategy::immediate);
  CHECK(kept(0) == 2e9);
}

TEST_CASE("infinities have no variance, whether NaN are passed over or not") {
  const double inf = std::numeric_limits<double>::infinity();
  std::vector<double> numbers{inf, inf, 1.0, std::nan("")};
  const tessera::TileView<const double, 1> x(numbers.data(), {4}, {1});
  const tessera::TileView<const double, 1> all_infinite(numbers.data(), {2}, {1});
  CHECK(std::isnan(xt::nanvar(x, {0})()));
  CHECK(std::isnan(xt::nanstd(all_infinite, {0})()));
  CHECK(std::isnan(xt::variance(all_infinite, {0})()));
}

TEST_CASE("any and all see every element, the last one too") {
  for (const auto lie : lies) {
    Boxes<double, 2> box({120, 100}, lie, [](std::size_t k) { return k == 11999 ? 7.0 : 1.0; });
    const auto x = box.input();
    CHECK(xt::any(x > 6.0));
    CHECK_FALSE(xt::any(x > 7.0));
    CHECK_FALSE(xt::all(x < 7.0));
    CHECK(xt::all(x));
  }
  Boxes<double, 2> none({0, 5}, Lie::contiguous, &mixed);
  CHECK_FALSE(xt::any(none.input() > 0.0));
  CHECK(xt::all(none.input() > 0.0));
}
