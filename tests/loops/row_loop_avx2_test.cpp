// With AVX2 and without, a kernel gives the same bits.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include <tessera/loops/row_loop.hpp>
#include <tessera/loops/stream_rows.hpp>
#include <tessera/loops/tile_scan.hpp>
#include <tessera/loops/tile_statistics.hpp>

#include "support/boxes.hpp"
#include "support/catch.hpp"

using namespace tessera_test;

#if defined(TESSERA_AVX2_TOO)
namespace {

/// Numbers of every size, with infinities and NaN among them.
double rough(std::size_t k) {
  if (k % 97 == 5) return std::numeric_limits<double>::quiet_NaN();
  if (k % 89 == 7) return k % 2 == 0 ? HUGE_VAL : -HUGE_VAL;
  return (k % 3 == 0 ? -1 : 1) *
         std::ldexp(1 + static_cast<double>(k % 1013) / 1013, static_cast<int>(k % 37) - 18);
}

template <class Container>
std::vector<unsigned char> bytes_of(const Container& values) {
  std::vector<unsigned char> out(values.size() * sizeof(typename Container::value_type));
  std::memcpy(out.data(), values.data(), out.size());
  return out;
}

/// The result of kernel(tile) without AVX2 and with it, as bytes.
template <class Out, class T, class Kernel>
void gives_the_same_bits(const char* what, const Kernel& kernel) {
  INFO(what);
  auto& uses = tessera::host::uses_avx2();
  const bool before = uses;
  for (const auto lie : lies) {
    for (const std::size_t width : {1u, 7u, 33u, 100u, 257u}) {
      Boxes<T, 2> box({9, width}, lie, &rough);
      const auto tile = box.input();
      uses = false;
      const Out baseline = kernel(tile);
      uses = before;
      const Out widest = kernel(tile);
      CHECK(bytes_of(widest) == bytes_of(baseline));
    }
  }
}

template <class T>
void kernels_give_the_same_bits() {
  using Plane = xt::xtensor<T, 2>;
  using Line = xt::xtensor<T, 1>;
  using Numbers = xt::xtensor<std::int16_t, 2>;
  gives_the_same_bits<Plane, T>("arithmetic",
                                [](const auto& x) { return T(3) * x * x - x / T(7); });
  gives_the_same_bits<Plane, T>("selection",
                                [](const auto& x) { return xt::where(x > T(1), x, -x); });
  gives_the_same_bits<Plane, T>(
      "deviations", [](const auto& x) { return (x - xt::mean(x, {0})) / xt::stddev(x, {0}); });
  gives_the_same_bits<Plane, T>("scan", [](const auto& x) { return xt::cumsum(x, 0); });
  gives_the_same_bits<Plane, T>("a function",
                                [](const auto& x) { return xt::nearbyint(x * T(10)); });
  gives_the_same_bits<Numbers, T>("to integers", [](const auto& x) { return x * T(1000); });
  gives_the_same_bits<Line, T>("sum of rows", [](const auto& x) { return xt::sum(x * x, {1}); });
  gives_the_same_bits<Line, T>("sum of columns", [](const auto& x) { return xt::sum(x * x, {0}); });
  gives_the_same_bits<Line, T>("least", [](const auto& x) { return xt::amin(x, {1}); });
  gives_the_same_bits<Line, T>("mean without NaN",
                               [](const auto& x) { return xt::nanmean(x, {0}); });
}

}  // namespace

TEST_CASE("kernels of floats have the same bits with AVX2 and without") {
  kernels_give_the_same_bits<float>();
}
TEST_CASE("kernels of doubles have the same bits with AVX2 and without") {
  kernels_give_the_same_bits<double>();
}
TEST_CASE("streaming stores have the same bits with AVX2 and without") {
  auto& uses = tessera::host::uses_avx2();
  const bool before = uses;
  std::vector<float> in(10000);
  for (std::size_t k = 0; k < in.size(); ++k) in[k] = static_cast<float>(rough(k));
  const auto streamed = [&](bool avx2) {
    std::vector<std::int16_t> out(in.size());
    uses = avx2;
    using tessera::detail::Applied;
    using tessera::detail::Operand;
    const auto round = [](float v) { return std::nearbyint(v * 3.f); };
    tessera::detail::stream_rows(
        std::array<std::size_t, 1>{in.size()}, Operand<std::int16_t, 1>{out.data(), {1}},
        Applied<decltype(round), Operand<const float, 1>>{round, {{in.data(), {1}}}});
    uses = before;
    return out;
  };
  CHECK(streamed(before) == streamed(false));
}
#endif
