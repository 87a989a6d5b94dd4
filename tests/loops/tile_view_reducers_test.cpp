// Every reducer and accumulator of xtensor gives for a tile what it gives for an array: lazy and
// immediate, over each axis and all of them.
#include <array>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <tessera/loops/tile_statistics.hpp>
#include <tessera/loops/tile_view.hpp>

#include "support/boxes.hpp"
#include "support/catch.hpp"
#include "support/xtensor.hpp"

using namespace tessera_test;

namespace {

// name(array), name(array, {axis}), lazy and immediate.
#define TESSERA_TEST_REDUCER(name)                                                               \
  gives_nearly_the_same(#name, box, [](const auto& x) { return xt::name(x); });                  \
  gives_the_same(#name " immediate", box,                                                        \
                 [](const auto& x) { return xt::name(x, xt::evaluation_strategy::immediate); }); \
  for (std::size_t axis = 0; axis < N; ++axis) {                                                 \
    gives_the_same(#name " over an axis", box,                                                   \
                   [axis](const auto& x) { return xt::name(x, {axis}); });                       \
    gives_the_same(#name " over an axis, immediate", box, [axis](const auto& x) {                \
      return xt::name(x, std::array<std::size_t, 1>{axis}, xt::evaluation_strategy::immediate);  \
    });                                                                                          \
  }

// xtensor's norms crash where they are immediate, on any expression.
#define TESSERA_TEST_NORM(name)                                          \
  gives_the_same(#name, box, [](const auto& x) { return xt::name(x); }); \
  for (std::size_t axis = 0; axis < N; ++axis)                           \
    gives_the_same(#name " over an axis", box,                           \
                   [axis](const auto& x) { return xt::name(x, {axis}); });

template <std::size_t N>
void reduces(const std::array<std::size_t, N>& shape, double (*value)(std::size_t)) {
  for (const auto lie : lies) {
    Boxes<double, N> box(shape, lie, value);
    TESSERA_TEST_REDUCER(sum)
    TESSERA_TEST_REDUCER(prod)
    TESSERA_TEST_REDUCER(mean)
    if (value == &mixed) {  // xtensor's minimum depends on where a NaN is
      TESSERA_TEST_REDUCER(amin)
      TESSERA_TEST_REDUCER(amax)
    }
    TESSERA_TEST_REDUCER(variance)
    TESSERA_TEST_REDUCER(stddev)
  }
}
template <std::size_t N>
void reduces_more(const std::array<std::size_t, N>& shape, double (*value)(std::size_t)) {
  for (const auto lie : lies) {
    Boxes<double, N> box(shape, lie, value);
    TESSERA_TEST_NORM(norm_l0)
    TESSERA_TEST_NORM(norm_l1)
    TESSERA_TEST_NORM(norm_sq)
    TESSERA_TEST_NORM(norm_l2)
    TESSERA_TEST_NORM(norm_linf)
    TESSERA_TEST_REDUCER(count_nonzero)
    TESSERA_TEST_REDUCER(count_nonnan)
    TESSERA_TEST_REDUCER(nansum)
    TESSERA_TEST_REDUCER(nanprod)
    TESSERA_TEST_REDUCER(nanmin)
    TESSERA_TEST_REDUCER(nanmax)
    TESSERA_TEST_REDUCER(nanmean)
    TESSERA_TEST_REDUCER(nanvar)
    TESSERA_TEST_REDUCER(nanstd)
    if (value == &mixed)
      gives_the_same("minmax", box, [](const auto& x) { return xt::minmax(x)(); });
    gives_the_same("all", box, [](const auto& x) { return xt::all(x); });
    gives_the_same("any", box, [](const auto& x) { return xt::any(x); });
    gives_the_same("norm_lp", box, [](const auto& x) { return xt::norm_lp(x, 3.0); });
    gives_the_same("norm_lp_to_p", box, [](const auto& x) { return xt::norm_lp_to_p(x, 3.0); });
    gives_the_same("average", box, [](const auto& x) { return xt::average(x); });
    gives_the_same("average, weighted", box,
                   [](const auto& x) { return xt::average(x, xt::eval(xt::abs(x) + 1.0)); });
    gives_the_same("sum, all axes kept", box,
                   [](const auto& x) { return xt::sum(x, {std::size_t{0}}, xt::keep_dims); });
    gives_the_same("sum of a product", box, [](const auto& x) { return xt::sum(x * x + x, {0}); });
    gives_the_same("mean of squares, immediate", box, [](const auto& x) {
      return xt::mean(x * x, xt::evaluation_strategy::immediate);
    });
    gives_the_same("anomaly", box, [](const auto& x) { return x - xt::mean(x, {0}); });
    for (std::size_t axis = 0; axis < N; ++axis) {
      const auto along = static_cast<std::ptrdiff_t>(axis);
      gives_the_same("cumsum along an axis", box,
                     [=](const auto& x) { return xt::cumsum(x, along); });
      gives_the_same("cumprod along an axis", box,
                     [=](const auto& x) { return xt::cumprod(x, along); });
      gives_the_same("nancumsum along an axis", box,
                     [=](const auto& x) { return xt::nancumsum(x, along); });
    }
  }
}

}  // namespace

TEST_CASE("every reducer gives for a tile what it gives for an array") {
  reduces<2>({4, 5}, &mixed);
  reduces<2>({4, 5}, &with_gaps);
  reduces<3>({3, 4, 2}, &mixed);
}
TEST_CASE("every other reducer and accumulator gives for a tile what it gives for an array") {
  reduces_more<3>({3, 1, 4}, &with_gaps);
  reduces_more<3>({2, 4, 3}, &mixed);
}
TEST_CASE("reducers give for tiles of one and of four axes what they give for an array") {
  for (const auto lie : lies) {
    Boxes<double, 1> row({7}, lie, &mixed);
    gives_the_same("sum", row, [](const auto& x) { return xt::sum(x)(); });
    gives_the_same("stddev", row, [](const auto& x) { return xt::stddev(x)(); });
    // Over all elements, which xtensor has for arrays of one axis.
    gives_the_same("cumsum", row, [](const auto& x) { return xt::cumsum(x); });
    gives_the_same("nancumprod", row, [](const auto& x) { return xt::nancumprod(x); });
    Boxes<double, 4> deep({2, 3, 2, 4}, lie, &mixed);
    gives_the_same("mean", deep, [](const auto& x) { return xt::mean(x, {1, 2}); });
    gives_the_same("variance", deep, [](const auto& x) { return xt::variance(x, {0, 3}); });
    gives_the_same("amax, immediate", deep, [](const auto& x) {
      return xt::amax(x, {2}, xt::evaluation_strategy::immediate);
    });
    gives_the_same("cumprod", deep, [](const auto& x) { return xt::cumprod(x, 1); });
  }
}

TEST_CASE("an extreme over any axes is a NaN if one element is") {
  using Axes = std::vector<std::size_t>;
  for (const auto lie : lies) {
    Boxes<float, 3> box({19, 5, 33}, lie, &with_gaps);
    const auto x = box.input();
    for (const Axes& axes :
         {Axes{0}, Axes{1}, Axes{2}, Axes{0, 1}, Axes{0, 2}, Axes{1, 2}, Axes{0, 1, 2}}) {
      const xt::xarray<float> least = xt::amin(x, axes), greatest = xt::amax(x, axes);
      const xt::xarray<bool> expected = xt::sum(xt::isnan(x), axes) > 0u;
      CHECK(same_result(xt::xarray<bool>(xt::isnan(least)), expected));
      CHECK(same_result(xt::xarray<bool>(xt::isnan(greatest)), expected));
    }
    const auto both = xt::minmax(x)();
    CHECK((std::isnan(both[0]) && std::isnan(both[1])));
  }
}

TEST_CASE("a function that depends on the order of elements gets them row by row") {
  const auto digits = [](std::uint32_t r, std::uint32_t v) { return r * 31u + v; };
  const auto functor = xt::make_xreducer_functor(digits);
  for (const auto lie : lies) {
    Boxes<std::uint32_t, 3> box({19, 5, 33}, lie,
                                [](std::size_t k) { return static_cast<double>(k * 7 % 31); });
    const auto& own = box.copy();
    const xt::xtensor<std::uint32_t, 1> leading = xt::reduce(functor, box.input(), {0, 1});
    const xt::xtensor<std::uint32_t, 1> apart = xt::reduce(functor, box.input(), {0, 2});
    const xt::xtensor<std::uint32_t, 1> trailing = xt::reduce(functor, box.input(), {1, 2});
    xt::xtensor<std::uint32_t, 1> in_order[3] = {xt::zeros<std::uint32_t>({33}),
                                                 xt::zeros<std::uint32_t>({5}),
                                                 xt::zeros<std::uint32_t>({19})};
    for (std::size_t i = 0; i < 19; ++i)
      for (std::size_t j = 0; j < 5; ++j)
        for (std::size_t k = 0; k < 33; ++k) {
          in_order[0](k) = digits(in_order[0](k), own(i, j, k));
          in_order[1](j) = digits(in_order[1](j), own(i, j, k));
          in_order[2](i) = digits(in_order[2](i), own(i, j, k));
        }
    CHECK(same_result(leading, in_order[0]));
    CHECK(same_result(apart, in_order[1]));
    CHECK(same_result(trailing, in_order[2]));
  }
}

TEST_CASE("a sum of complex numbers has the same bits in tiles of any width") {
  using C = std::complex<float>;
  constexpr std::size_t t = 37, rows = 3, columns = 8;
  std::vector<C> values(t * rows * columns);
  for (std::size_t k = 0; k < values.size(); ++k)
    values[k] = {1.f / static_cast<float>(k % 97 + 1), static_cast<float>(mixed(k))};
  const tessera::TileView<const C, 3> all(values.data(), {t, rows, columns},
                                          {rows * columns, columns, 1});
  const xt::xtensor<C, 1> sums = xt::sum(all, {0, 1});
  for (std::size_t j = 0; j < columns; ++j) {
    const tessera::TileView<const C, 3> one(values.data() + j, {t, rows, 1},
                                            {rows * columns, columns, 1});
    CHECK(xt::xtensor<C, 1>(xt::sum(one, {0, 1}))(0) == sums(j));
  }
}
