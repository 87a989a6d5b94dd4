// Every reducer and accumulator of xtensor gives for a tile what it gives for an array: lazy and
// immediate, over each axis and all of them.
#include <array>
#include <cstddef>
#include <string>

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
    if (value == &mixed) {  // over several axes, xtensor's minimum depends on where a NaN is
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
