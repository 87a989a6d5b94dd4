// Floats that become integers in tiles, rows and transform: one value for one input, wherever it
// stands.
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <tessera.hpp>
#include <tessera/loops/stream_rows.hpp>

#include "support/catch.hpp"

using tessera::into;
using tessera::SharedArray;
using tessera::TiledPool;

namespace {

template <class T>
SharedArray<T, 2> hostile(std::size_t rows, std::size_t columns) {
  using Limits = std::numeric_limits<T>;
  const T values[]{
      T(1.5),  Limits::quiet_NaN(), T(-3.5), T(300), T(1e10), T(-1e10), Limits::infinity(),
      T(1e20), -Limits::infinity()};
  auto out = SharedArray<T, 2>::create({rows, columns});
  std::size_t n = 0;
  for (auto& x : out) x = values[n++ * 7 % 9];
  return out;
}

template <class To, class From>
To expected(From x) {
  using Limits = std::numeric_limits<To>;
  if (std::isnan(x)) return 0;
  if (x >= std::ldexp(From(1), Limits::digits)) return Limits::max();
  if (x <= static_cast<From>(Limits::min())) return Limits::min();
  return static_cast<To>(x);
}

template <class To, class From>
void check_all(const char* how, const SharedArray<From, 2>& in, const SharedArray<To, 2>& out) {
  CAPTURE(how);
  for (std::size_t i = 0; i < in.shape()[0]; ++i)
    for (std::size_t j = 0; j < in.shape()[1]; ++j)
      if (out(i, j) != expected<To>(in(i, j))) {
        CAPTURE(i, j, in(i, j));
        REQUIRE(out(i, j) == expected<To>(in(i, j)));
      }
}

}  // namespace

TEMPLATE_TEST_CASE("a float has one value as an integer, in any tile shape and at any place", "",
                   std::uint8_t, std::int8_t, std::int16_t, std::int32_t, std::uint32_t,
                   std::uint64_t, std::int64_t) {
  const auto test = [](auto zero) {
    using From = decltype(zero);
    auto pool = TiledPool::in_caller();
    const auto in = hostile<From>(7, 203);
    auto out = SharedArray<TestType, 2>::create({7, 203});
    for (const std::size_t width : {1u, 3u, 4u, 8u, 31u, 32u, 33u, 64u, 203u})
      for (const std::size_t height : {1u, 2u, 7u}) {
        out = xt::zeros<TestType>({7, 203});
        pool.map(
            {height, width}, [](auto v, auto x) { v = x; }, into(out), in);
        check_all("map", in, out);
        out = xt::zeros<TestType>({7, 203});
        pool.map(
            {height, width}, [](auto v, auto x) { v = x + 0; }, into(out), in);
        check_all("map of an expression", in, out);
      }
    out = xt::zeros<TestType>({7, 203});
    pool.transform(
        out, [](From x) { return x; }, in);
    check_all("transform", in, out);
    // Elements that lie apart.
    auto sparse = SharedArray<TestType, 2>::create({7, 406});
    pool.map(
        {2, 50}, [](auto v, auto x) { v = x; },
        into(xt::view(sparse, xt::all(), xt::range(0, 406, 2))), in);
    for (std::size_t i = 0; i < 7; ++i)
      for (std::size_t j = 0; j < 203; ++j) out(i, j) = sparse(i, 2 * j);
    check_all("scattered", in, out);
    // Past the caches.
    using tessera::detail::Operand;
    out = xt::zeros<TestType>({7, 203});
    tessera::detail::stream_rows(std::array<std::size_t, 2>{7, 203},
                                 Operand<TestType, 2>{out.data(), {203, 1}},
                                 Operand<const From, 2>{in.data(), {203, 1}});
    check_all("streamed", in, out);
  };
  test(0.0f);
  test(0.0);
}
