// The kernels as a newcomer writes them: any expression of xtensor, or a loop over indices.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace bench::natural {

using xt::all;
using xt::range;

constexpr auto mean = [](auto m, auto x) { m = xt::mean(x, {0}); };
constexpr auto deviation = [](auto m, auto x) { m = xt::stddev(x, {0}); };
constexpr auto anomaly = [](auto v, auto x) { v = x - xt::mean(x, {0}); };
constexpr auto standardized = [](auto v, auto x) {
  v = (x - xt::mean(x, {0})) / xt::stddev(x, {0});
};
constexpr auto monthly = [](auto v, auto x) {
  for (std::size_t month = 0; month < 12; ++month) {
    auto same = xt::view(x, range(month, x.shape(0), 12));
    xt::view(v, range(month, x.shape(0), 12)) = same - xt::mean(same, {0});
  }
};
constexpr auto climatology = [](auto m, auto x) { m = xt::nanmean(x, {0}); };
constexpr auto trend = [](auto m, auto x, auto t) {
  m = xt::sum(t * x, {0}) / static_cast<float>(x.shape(0));
};
constexpr auto median = [](auto m, auto x) { m = xt::median(x, 0); };
constexpr auto percentile = [](auto m, auto x) {
  const std::size_t place = x.shape(0) * 9 / 10;
  m = xt::view(xt::partition(x, place, 0), place);
};
constexpr auto zonal = [](auto m, auto x) { xt::view(m, all(), all(), 0) = xt::mean(x, {2}); };
constexpr auto global_mean = [](auto s, auto x, auto lat) {
  xt::view(s, all(), 0, 0) =
      xt::sum(x * lat, {1, 2}) / (xt::sum(lat)() * static_cast<float>(x.shape(2)));
};
constexpr auto correlation = [](auto m, auto x, auto y) {
  auto a = x - xt::mean(x, {0});
  auto b = y - xt::mean(y, {0});
  m = xt::sum(a * b, {0}) / xt::sqrt(xt::sum(a * a, {0}) * xt::sum(b * b, {0}));
};
constexpr auto cumulative = [](auto v, auto x) { v = xt::cumsum(x, 0); };
constexpr auto threshold = [](auto m, auto x) { m = xt::count_nonzero(x > 20.f, {0}); };
constexpr auto running = [](auto v, auto x) {
  const std::size_t n = x.shape(0);
  xt::view(v, 0) = xt::view(x, 0);
  xt::view(v, n - 1) = xt::view(x, n - 1);
  xt::view(v, range(1, n - 1)) =
      (xt::view(x, range(0, n - 2)) + xt::view(x, range(1, n - 1)) + xt::view(x, range(2, n))) /
      3.f;
};
constexpr auto coarse = [](auto v, auto a, auto b, auto c, auto d) { v = (a + b + c + d) / 4.f; };
constexpr auto heat = [](auto v, auto c, auto north, auto south, auto west, auto east) {
  v = c + 0.2f * (north + south + west + east - 4.f * c);
};
constexpr auto smooth = [](auto v, auto nw, auto n, auto ne, auto w, auto c, auto e, auto sw,
                           auto s, auto se) { v = (nw + n + ne + w + c + e + sw + s + se) / 9.f; };
constexpr auto five = [](const auto& at) {
  return (at(0) + 4.f * at(1) + 6.f * at(2) + 4.f * at(3) + at(4)) / 16.f;
};
/// All 25 neighbours at once. `from` has two rows and columns more on each side.
constexpr auto convolution = [](auto to, const auto& from) {
  const std::size_t m = to.shape(0), n = to.shape(1);
  to = five([&](std::size_t i) {
    return five([&](std::size_t k) { return xt::view(from, range(i, i + m), range(k, k + n)); });
  });
};
/// The same in two passes: along the rows, into an array of its own, and down the columns.
constexpr auto separable = [](auto to, const auto& from) {
  const std::size_t m = to.shape(0), n = to.shape(1);
  const xt::xtensor<float, 2> across =
      five([&](std::size_t k) { return xt::view(from, all(), range(k, k + n)); });
  to = five([&](std::size_t k) { return xt::view(across, range(k, k + m)); });
};
constexpr auto dilation = [](auto v, auto nw, auto n, auto ne, auto w, auto c, auto e, auto sw,
                             auto s, auto se) {
  using xt::maximum;
  v = maximum(maximum(maximum(nw, n), maximum(ne, w)),
              maximum(maximum(c, e), maximum(maximum(sw, s), se)));
};
constexpr auto life = [](auto v, auto nw, auto n, auto ne, auto w, auto c, auto e, auto sw, auto s,
                         auto se) {
  auto around = nw + n + ne + w + e + sw + s + se;
  v = xt::equal(around, 3) || (xt::equal(around, 2) && xt::equal(c, 1));
};
constexpr auto ndvi = [](std::uint16_t nir, std::uint16_t red) {
  const int sum = nir + red;
  const float quotient = static_cast<float>(nir - red) / static_cast<float>(sum);
  return sum == 0 ? 0.f : quotient;
};
constexpr auto ndvi_in_branch = [](std::uint16_t nir, std::uint16_t red) {
  return nir + red == 0 ? 0.f : static_cast<float>(nir - red) / static_cast<float>(nir + red);
};
constexpr auto unpack = [](std::int16_t p) {
  const float value = static_cast<float>(p) * 0.01f + 273.15f;
  return p == -32768 ? std::numeric_limits<float>::quiet_NaN() : value;
};
constexpr auto unpack_in_branch = [](std::int16_t p) {
  return p == -32768 ? std::numeric_limits<float>::quiet_NaN()
                     : static_cast<float>(p) * 0.01f + 273.15f;
};
constexpr auto pack = [](float v) {
  return v != v ? -32768.f : std::nearbyint((v - 273.15f) * 100.f);
};
constexpr auto grey = [](std::uint8_t r, std::uint8_t g, std::uint8_t b) {
  return static_cast<std::uint8_t>((77 * r + 150 * g + 29 * b) >> 8);
};
constexpr auto vpd = [](float t, float e) {
  return 0.6108f * std::exp(17.27f * t / (t + 237.3f)) * (1.f - e / 100.f);
};
constexpr auto mandelbrot = [](double cx, double cy) {
  double x = 0, y = 0;
  int n = 0;
  for (; n < 50 && x * x + y * y <= 4; ++n) {
    const double next = x * x - y * y + cx;
    y = 2 * x * y + cy;
    x = next;
  }
  return static_cast<float>(n);
};
/// `first`: the number of the first time step in `v`.
constexpr auto regrid = [](auto v, std::size_t first, auto x, auto rows, auto columns) {
  const xt::xtensor<std::int32_t, 1> left = columns;
  const xt::xtensor<float, 1> right = columns - left;
  for (std::size_t t = 0; t < v.shape(0); ++t)
    for (std::size_t j = 0; j < v.shape(1); ++j) {
      const auto y = static_cast<std::size_t>(rows(j)), at = first + t;
      const float below = rows(j) - static_cast<float>(y);
      for (std::size_t i = 0; i < v.shape(2); ++i) {
        const auto k = left(i);
        v(t, j, i) = (1.f - below) * ((1.f - right(i)) * x(at, y, k) + right(i) * x(at, y, k + 1)) +
                     below * ((1.f - right(i)) * x(at, y + 1, k) + right(i) * x(at, y + 1, k + 1));
      }
    }
};
/// The number of the nearest of some centres of colour.
constexpr auto nearest = [](auto v, auto r, auto g, auto b, auto centres) {
  for (std::size_t i = 0; i < v.shape(0); ++i)
    for (std::size_t j = 0; j < v.shape(1); ++j) {
      float least = std::numeric_limits<float>::max();
      std::size_t best = 0;
      for (std::size_t k = 0; k < centres.shape(0); ++k) {
        const float dr = static_cast<float>(r(i, j)) - centres(k, 0),
                    dg = static_cast<float>(g(i, j)) - centres(k, 1),
                    db = static_cast<float>(b(i, j)) - centres(k, 2);
        const float distance = dr * dr + dg * dg + db * db;
        if (distance < least) {
          least = distance;
          best = k;
        }
      }
      v(i, j) = static_cast<std::uint8_t>(best);
    }
};
constexpr auto look_up = [](auto v, auto p, auto t) {
  for (std::size_t i = 0; i < v.shape(0); ++i)
    for (std::size_t j = 0; j < v.shape(1); ++j) v(i, j) = t(p(i, j) & 4095);
};
constexpr auto select = [](auto v, auto x, auto y) { v = xt::where(x > 10.f, x * 2.f, y); };

}  // namespace bench::natural
