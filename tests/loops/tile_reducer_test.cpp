// Reductions of expressions that read tiles: written as with xtensor, computed in rows.
#include <array>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include <tessera/base/error.hpp>
#include <tessera/loops/tile_reducer.hpp>

#include "support/boxes.hpp"
#include "support/catch.hpp"
#include "support/xtensor.hpp"

using namespace tessera_test;

namespace {

template <class R>
concept InRows = requires(const R& r) { r.values(); };

}  // namespace

TEST_CASE("reductions of tiles and of expressions with tiles are computed in rows") {
  Boxes<float, 3> box({4, 3, 5}, Lie::scattered, &mixed);
  const auto x = box.input();
  const xt::xtensor<float, 1> weights{1, 2, 3, 4, 5};
  STATIC_REQUIRE(InRows<decltype(xt::sum(x, {0}))>);
  STATIC_REQUIRE(InRows<decltype(xt::sum(x * weights, {1}))>);
  STATIC_REQUIRE(InRows<decltype(xt::amax(xt::view(x, 0), {0}))>);
  STATIC_REQUIRE(InRows<decltype(xt::sum(xt::strided_view(x, {xt::all()}), {0}))>);
  STATIC_REQUIRE(!InRows<decltype(xt::sum(weights, {0}))>);
}

TEST_CASE("a reduction is read as an array, indexed, or assigned") {
  for (const auto lie : lies) {
    Boxes<double, 3> box({6, 3, 5}, lie, &mixed);
    const auto x = box.input();
    const auto& copy = box.copy();
    const auto sums = xt::sum(x, {0});
    const xt::xtensor<double, 2> want = xt::sum(copy, {0});
    CHECK(same_result(xt::xtensor<double, 2>(sums), want));
    CHECK(std::equal(sums.begin(), sums.end(), want.begin()));
    CHECK(std::equal(sums.rbegin(), sums.rend(), want.rbegin()));
    CHECK(sums(2, 4) == want(2, 4));
    CHECK(sums(std::size_t{1}, 0) == want(1, 0));
    CHECK(sums(3) == want(0, 3));  // missing leading indices are 0
    CHECK(xt::sum(x, {1})(5, 4) == xt::sum(copy, {1})(5, 4));
    CHECK(xt::sum(x)() == xt::sum(copy)());
    Boxes<double, 2> out({3, 5}, lie, &mixed);
    auto to = out.tile();
    to = sums;
    CHECK(same_result(xt::xtensor<double, 2>(to), want));
    to = to + 2 * sums;
    CHECK(same_result(xt::xtensor<double, 2>(to), xt::xtensor<double, 2>(want * 3)));
  }
}

TEST_CASE("a reduction within a larger expression is broadcast") {
  for (const auto lie : lies) {
    Boxes<double, 3> box({8, 3, 5}, lie, &mixed);
    gives_the_same("anomaly", box, [](const auto& x) { return x - xt::mean(x, {0}); });
    gives_the_same("standardized", box,
                   [](const auto& x) { return (x - xt::mean(x, {0})) / xt::stddev(x, {0}); });
    const xt::xtensor<double, 3> t = xt::reshape_view(xt::arange<double>(8), {8, 1, 1});
    gives_the_same("weighted", box, [&](const auto& x) { return xt::sum(t * x, {0}) / 8.0; });
    gives_the_same("of a reduction", box,
                   [](const auto& x) { return xt::amax(xt::sum(x, {0}), {1}); });
    // xtensor 0.24 misplaces its own kept axes in a larger expression.
    const auto x = box.input();
    const xt::xtensor<double, 3> share =
        x / xt::sum(x, {1}, xt::keep_dims | xt::evaluation_strategy::lazy);
    CHECK(share(7, 2, 4) == x(7, 2, 4) / xt::sum(box.copy(), {1})(7, 4));
  }
}

TEST_CASE("a reduction is computed when it is read, as with xtensor") {
  Boxes<double, 2> box({3, 4}, Lie::scattered, &mixed);
  auto x = box.tile();
  const auto sums = xt::sum(x, {0});
  x = 1.0;
  CHECK(sums(0) == 3.0);
  x = 2.0;
  CHECK(same_result(xt::xtensor<double, 1>(sums), xt::xtensor<double, 1>{6, 6, 6, 6}));
}

TEST_CASE("a tile can be assigned a reduction of itself") {
  Boxes<double, 2> box({3, 4}, Lie::scattered, &mixed);
  const xt::xtensor<double, 2> want = box.copy() - xt::sum(box.copy(), {0});
  auto x = box.tile();
  x = x - xt::sum(x, {0});
  CHECK(same_result(xt::xtensor<double, 2>(x), want));
}

TEST_CASE("a reduction begins with its initial value, once") {
  Boxes<double, 3> box({4, 3, 5}, Lie::scattered, [](std::size_t) { return 1.0; });
  const auto x = box.input();
  CHECK(xt::sum(x, {0}, xt::initial(10.0))(1, 1) == 14.0);
  CHECK(xt::amax(x, {0}, xt::initial(2.0))(0, 0) == 2.0);
  CHECK(xt::sum(x, std::array<std::size_t, 2>{0, 1}, xt::initial(10.0))(0) == 22.0);
}

TEST_CASE("elements of any type are reduced") {
  const auto bytes = [](std::size_t k) { return static_cast<double>(k % 200); };
  Boxes<std::uint8_t, 2> small({40, 50}, Lie::scattered, bytes);
  gives_the_same("bytes", small, [](const auto& x) { return xt::sum(x, {0}); });
  gives_the_same("bytes along rows", small, [](const auto& x) { return xt::sum(x, {1}); });
  gives_the_same("mean of bytes", small, [](const auto& x) { return xt::mean(x, {1}); });
  gives_the_same("as int64", small, [](const auto& x) { return xt::sum<std::int64_t>(x, {1}); });
  gives_the_same("comparison", small, [](const auto& x) { return xt::sum(x > 100, {0}); });
  gives_the_same("user's function", small, [](const auto& x) {
    return xt::reduce([](unsigned r, unsigned v) { return r * 31 + v; }, x, {1});
  });
  Boxes<std::complex<float>, 2> complex({4, 50}, Lie::scattered, [](std::size_t k) {
    return std::complex<float>(static_cast<float>(k), 1.f);
  });
  gives_the_same("complex", complex, [](const auto& x) { return xt::sum(x, {1}); });
}

TEST_CASE("a rank beyond what the types tell is reduced by xtensor") {
  Boxes<double, 1> box({5}, Lie::scattered, &mixed);
  const xt::xarray<double> weights = xt::ones<double>({2, 3, 5});
  gives_the_same("sum", box, [&](const auto& x) { return xt::sum(x * weights, {0, 2}); });
  CHECK(xt::sum(box.input() * weights, {0, 2})(1) == xt::sum(box.copy() * weights, {0, 2})(1));
  // The same rank, but known only when the program runs.
  Boxes<double, 3> cube({2, 3, 5}, Lie::scattered, &mixed);
  gives_the_same("run-time rank", cube, [&](const auto& x) { return xt::sum(x * weights, {0}); });
}

TEST_CASE("axes that are not sorted, not distinct or not there are refused") {
  Boxes<double, 2> box({3, 4}, Lie::scattered, &mixed);
  const auto x = box.input();
  using Axes = std::array<std::size_t, 2>;
  CHECK_THROWS_AS(xt::sum(x, Axes{1, 0}), std::runtime_error);
  CHECK_THROWS_AS(xt::sum(x, Axes{1, 1}), std::runtime_error);
  CHECK_THROWS_AS(xt::sum(x, Axes{0, 2}), std::runtime_error);
}

TEST_CASE("a reduction of another shape is refused where it is assigned") {
  Boxes<double, 3> box({3, 4, 5}, Lie::scattered, &mixed);
  const auto x = box.input();
  Boxes<double, 2> out({3, 5}, Lie::contiguous, &mixed);
  auto to = out.tile();
  CHECK_THROWS_AS(to = xt::sum(x, {0}), tessera::Error);
  CHECK(out.untouched());
}

TEST_CASE("iterating a reduction computes it once") {
  static int calls;
  calls = 0;
  Boxes<double, 2> box({10, 3}, Lie::scattered, &mixed);
  const auto counting = [](double a, double b) {
    ++calls;
    return a + b;
  };
  const auto x = box.input();
  const auto sums = xt::reduce(counting, x, {0});
  double total = 0;
  for (const double sum : sums) total += sum;
  CHECK(total == xt::sum(box.copy())());
  CHECK(calls == 30);
}

TEST_CASE("a long double is not summed in less") {
  using Long = long double;
  Boxes<Long, 2> box({40, 3}, Lie::scattered,
                     [](std::size_t k) { return static_cast<Long>(k) + 1 / static_cast<Long>(3); });
  gives_the_same("mean", box, [](const auto& x) { return xt::mean<Long>(x, {0}); });
  gives_the_same("variance", box, [](const auto& x) { return xt::variance<Long>(x, {0}); });
  gives_the_same("nanmean", box, [](const auto& x) { return xt::nanmean<Long>(x, {0}); });
}

TEST_CASE("what a tile is assigned of a kernel's own array is reduced in rows too") {
  Boxes<double, 2> out({3, 5}, Lie::scattered, &mixed);
  auto to = out.tile();
  Boxes<double, 3> box({6, 3, 5}, Lie::contiguous, &mixed);
  const xt::xtensor<double, 3> own = box.copy();
  const xt::xarray<double> of_any_rank = own;
  const auto gives = [&](const auto& values, const xt::xtensor<double, 2>& want) {
    to = values;
    CHECK(same_result(xt::xtensor<double, 2>(to), want));
  };
  gives(xt::sum(own, {0}), xt::sum(own, {0}));
  gives(xt::amax(own, {0}) - 1, xt::amax(own, {0}) - 1);
  gives(xt::mean(xt::view(own, 2), {0}, xt::keep_dims),
        xt::zeros<double>({3, 5}) + xt::mean(xt::view(own, 2), {0}));
  gives(xt::sum(own * own, {0}), xt::sum(own * own, {0}));

  gives(xt::sum(of_any_rank, {0}), xt::sum(own, {0}));
  gives(xt::sum(own, {0}, xt::initial(7.)), xt::sum(own, {0}, xt::initial(7.)));
}

TEST_CASE("what is computed of an own array's reduction is broadcast to the tile") {
  Boxes<double, 3> out({6, 3, 5}, Lie::scattered, &mixed);
  auto to = out.tile();
  const xt::xtensor<double, 3> own = out.copy();
  const xt::xtensor<double, 3> want = own - xt::mean(own, {0}) / (1 + xt::amax(own)());
  to = own - xt::mean(own, {0}) / (1 + xt::amax(own));
  CHECK(same_result(xt::xtensor<double, 3>(to), want));
  to = to - to + own - xt::mean(own, {0}) / (1 + xt::amax(own));
  CHECK(same_result(xt::xtensor<double, 3>(to), want));
}

TEST_CASE("a sum of floats of a kernel's own is as exact as that of a tile") {
  Boxes<float, 1> out({1}, Lie::contiguous, &mixed);
  auto to = out.tile();
  const xt::xtensor<float, 2> own = xt::ones<float>({100000, 1}) * 0.1f;
  to = xt::sum(own, {0});
  const auto exact = static_cast<float>(100000 * static_cast<double>(0.1f));
  CHECK(to(0) == exact);
  Boxes<float, 2> plane({2, 1}, Lie::contiguous, &mixed);
  auto wide = plane.tile();
  wide = wide - wide + xt::sum(own, {0}) / 2.f;  // at the sum's own rank, then broadcast
  CHECK(wide(1, 0) == exact / 2.f);
}
