// What a reduction keeps while it runs.
#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include <tessera/loops/folds.hpp>

#include "support/catch.hpp"

using namespace tessera::detail;

namespace {

constexpr float nan_f = std::numeric_limits<float>::quiet_NaN();
constexpr float inf_f = std::numeric_limits<float>::infinity();

/// The result of a fold over these elements, in order.
template <class Fold, class V>
auto folded(const Fold& fold, const std::vector<V>& elements) {
  auto state = fold.identity();
  for (const auto& element : elements) fold.step(state, element);
  return fold.result(state);
}
/// The same from two halves.
template <class Fold, class V>
auto merged(const Fold& fold, const std::vector<V>& a, const std::vector<V>& b) {
  auto state = fold.identity(), other = fold.identity();
  for (const auto& element : a) fold.step(state, element);
  for (const auto& element : b) fold.step(other, element);
  fold.merge(state, other);
  return fold.result(state);
}

}  // namespace

TEST_CASE("floats are summed in double") {
  // In float, each 1 would be lost: 2^24 + 1 is not a float.
  std::vector<float> elements{16777216.f};
  elements.resize(101, 1.f);
  CHECK(folded(SumFold<float, false>{}, elements) == 16777316.f);
}

TEST_CASE("a sum of integers wraps no sooner than its type") {
  CHECK(folded(SumFold<int, false>{}, std::vector<std::uint8_t>(3, 200)) == 600);
  CHECK(folded(SumFold<std::int64_t, false>{}, std::vector<std::int64_t>{1ll << 62, 1}) ==
        (1ll << 62) + 1);
}

TEST_CASE("sums and products pass over NaN where they shall") {
  const std::vector<float> elements{2.f, nan_f, 3.f};
  CHECK(folded(SumFold<float, true>{}, elements) == 5.f);
  CHECK(folded(ProductFold<float, true>{}, elements) == 6.f);
  CHECK(std::isnan(folded(SumFold<float, false>{}, elements)));
  CHECK(std::isnan(folded(ProductFold<float, false>{}, elements)));
  CHECK(folded(SumFold<double, true>{}, std::vector<double>{1.0, std::nan(""), 2.0}) == 3.0);
}

TEST_CASE("infinities are no NaN") {
  CHECK(folded(SumFold<float, true>{}, std::vector<float>{1.f, inf_f}) == inf_f);
  CHECK(folded(SumFold<float, true>{}, std::vector<float>{-inf_f, 1.f}) == -inf_f);
}

TEST_CASE("the least of infinities is infinity") {
  CHECK(folded(ExtremeFold<float, false, false>{}, std::vector<float>{inf_f, inf_f}) == inf_f);
  CHECK(folded(ExtremeFold<float, true, false>{}, std::vector<float>{-inf_f}) == -inf_f);
}

TEST_CASE("extremes of integers reach the ends of their type") {
  using Limits = std::numeric_limits<std::int16_t>;
  const std::vector<std::int16_t> all{Limits::min(), 0, Limits::max()};
  CHECK(folded(ExtremeFold<std::int16_t, false, false>{}, all) == Limits::min());
  CHECK(folded(ExtremeFold<std::int16_t, true, false>{}, all) == Limits::max());
}

TEST_CASE("an extreme that passes over NaN is a NaN only of NaN") {
  const ExtremeFold<float, false, true> least;
  CHECK(folded(least, std::vector<float>{nan_f, 4.f, nan_f, 3.f, nan_f}) == 3.f);
  CHECK(std::isnan(folded(least, std::vector<float>{nan_f, nan_f})));
  CHECK(merged(least, std::vector<float>{nan_f}, std::vector<float>{2.f}) == 2.f);
}

TEST_CASE("an extreme is a NaN if one element is, wherever it is") {
  const std::vector<std::vector<float>> orders{
      {nan_f, 1.f, 9.f}, {1.f, nan_f, 9.f}, {9.f, 1.f, nan_f}};
  for (const auto& elements : orders) {
    CHECK(std::isnan(folded(ExtremeFold<float, true, false>{}, elements)));
    CHECK(std::isnan(folded(ExtremeFold<float, false, false>{}, elements)));
    const auto both = folded(MinMaxFold<std::array<float, 2>>{}, elements);
    CHECK((std::isnan(both[0]) && std::isnan(both[1])));
  }
  CHECK(std::isnan(merged(ExtremeFold<float, true, false>{}, std::vector<float>{nan_f},
                          std::vector<float>{2.f})));
}

TEST_CASE("counts, means without NaN and pairs of extremes can be merged") {
  const std::vector<float> a{0.f, 2.f, nan_f}, b{4.f, 0.f};
  CHECK(merged(CountFold<std::size_t>{}, a, b) == 3);  // a NaN is not 0
  CHECK(merged(NanMeanFold<double>{}, a, b) == 1.5);
  CHECK(merged(MinMaxFold<std::array<float, 2>>{}, std::vector<float>{0.f, 2.f}, b) ==
        std::array<float, 2>{0.f, 4.f});
}

TEST_CASE("the place of an extreme is the first of equal ones") {
  const PlaceFold<int, true> greatest;
  auto state = greatest.identity();
  for (const std::size_t k : {0u, 1u, 2u, 3u})
    greatest.step(state, Placed<int>{k % 2 == 0 ? 5 : 7, k});
  CHECK(greatest.result(state) == 1);
}

TEST_CASE("the place of an extreme is that of the first NaN, in any order of the elements") {
  const PlaceFold<float, false> least;
  const std::array<float, 4> values{3.f, nan_f, -1.f, nan_f};
  for (const auto& order : {std::array{0u, 1u, 2u, 3u}, std::array{3u, 2u, 1u, 0u}}) {
    auto state = least.identity();
    for (const std::size_t k : order) least.step(state, Placed<float>{values[k], k});
    CHECK(least.result(state) == 1);
  }
}

TEST_CASE("functors that are not known are called as they are") {
  const auto square_sum = [](double r, double v) { return r + v * v; };
  const auto add = [](double a, double b) { return a + b; };
  with_fold<double, double>(square_sum, xt::const_value<double>(0.0), add, [](const auto& fold) {
    CHECK(merged(fold, std::vector<double>{1, 2}, std::vector<double>{3}) == 14.0);
    CHECK(std::decay_t<decltype(fold)>::in_lanes);
  });
  // Without a function of its own for merging, the order of elements is kept.
  with_fold<double, double>(add, xt::const_value<double>(0.0), add, [](const auto& fold) {
    CHECK_FALSE(std::decay_t<decltype(fold)>::in_lanes);
  });
}

TEST_CASE("complex numbers are summed by xtensor's functor") {
  using C = std::complex<float>;
  with_fold<C, C>(xt::detail::plus{}, xt::const_value<C>(C{}), xt::detail::plus{},
                  [](const auto& fold) {
                    CHECK(folded(fold, std::vector<C>{{1, 2}, {3, 4}}) == C{4, 6});
                  });
}
