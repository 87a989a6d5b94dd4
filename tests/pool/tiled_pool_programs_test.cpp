// The programs that people write with this library, each with what it must come to. They are the
// measure of the interface's taste, so they read as a person would write them; names are unique
// here, since tests run next to each other.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>
#include <tessera.hpp>
#include <vector>

#if __has_include(<xtensor/generators/xrandom.hpp>)
#include <xtensor/generators/xrandom.hpp>
#else
#include <xtensor/xrandom.hpp>
#endif

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera;
using tessera_test::unique_name;

TEST_CASE("the classic job: the sum of two grids in 4x4 tiles") {
  TiledPool pool(10);
  auto tmp = SharedArray<double, 3>::create(unique_name("tmp"), {365, 16, 16});
  auto rad = SharedArray<double, 3>::create(unique_name("rad"), {365, 16, 16});
  auto vpd = SharedArray<double, 3>::create(unique_name("vpd"), {365, 16, 16});
  tmp = xt::random::rand<double>({365, 16, 16});
  rad = xt::random::rand<double>({365, 16, 16});
  auto ones = pool.map(
      {4, 4},
      [](auto v, auto t, auto r) {
        v = t + r;
        return 1;
      },
      into(vpd), tmp, rad);  // [:, i:i+4, j:j+4]
  const xt::xtensor<int, 2> expected = xt::ones<int>({4, 4});
  CHECK((ones == expected));
  CHECK((vpd == tmp + rad));
}

namespace {
/// hPa from degC, g/kg, hPa (Bolton 1980). Land is NaN and stays NaN.
double vpd_hpa(float t, float q, float p) {
  const double es = 6.112 * std::exp(17.67 * t / (t + 243.5)), w = q / 1000.0;
  return es - w * p / (0.622 + 0.378 * w);
}
}  // namespace

TEST_CASE("vapour-pressure deficit from three files, and its mean over time") {
  const tessera_test::Folder folder;
  const auto write = [&](const char* file, float first, float step) {
    auto field = SharedArray<float, 3>::create({12, 90, 181});
    for (std::size_t k = 0; k < field.size(); ++k)
      field.data()[k] = k % 7 == 0 ? NAN : first + step * static_cast<float>(k % 100);
    field.save(folder.file(file));
  };
  write("t.npy", -5.0f, 0.3f);
  write("q.npy", 1.0f, 0.1f);
  write("p.npy", 990.0f, 0.5f);

  TiledPool pool(2);
  using Field = SharedArray<const float, 3>;
  const auto t = Field::map_file(folder.file("t.npy")), q = Field::map_file(folder.file("q.npy")),
             p = Field::map_file(folder.file("p.npy"));
  auto vpd = SharedArray<double, 3>::create(unique_name("vpd"), t.shape());
  auto mean = SharedArray<double, 2>::create(unique_name("mean"), {t.shape(1), t.shape(2)});
  pool.transform(vpd, vpd_hpa, t, q, p);
  pool.map(
      {30, 60}, [](auto m, auto v) { m = xt::mean(v, {0}); }, into(mean), vpd);
  mean.save(folder.file("mean.npy"));

  std::size_t wrong = 0;
  for (std::size_t k = 0; k < vpd.size(); ++k) {
    const double expected = vpd_hpa(t.data()[k], q.data()[k], p.data()[k]), found = vpd.data()[k];
    wrong += !(found == expected || (std::isnan(found) && std::isnan(expected)));
  }
  CHECK(wrong == 0);
  const auto saved = SharedArray<const double, 2>::map_file(folder.file("mean.npy"));
  for (std::size_t i = 0; i < 90; ++i) {
    for (std::size_t j = 0; j < 181; ++j) {
      double sum = 0;
      for (std::size_t step = 0; step < 12; ++step) sum += vpd(step, i, j);
      wrong += !(std::isnan(sum) ? std::isnan(saved(i, j))
                                 : std::abs(saved(i, j) - sum / 12) < 1e-12 * std::abs(sum));
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("heat: a stencil is five shifted views") {
  TiledPool pool(2);
  const std::size_t n = 130, m = 96;
  auto u = SharedArray<double, 2>::create(unique_name("heat_a"), {n, m});
  auto next = SharedArray<double, 2>::create(unique_name("heat_b"), {n, m});
  xt::view(u, 0, xt::all()) = 100.0;  // the hot wall, in both
  xt::view(next, 0, xt::all()) = 100.0;
  xt::xtensor<double, 2> plain = u, plain_next = next;
  const auto at = [=](auto& a, std::size_t y, std::size_t x) {  // a[y:y+n-2, x:x+m-2]
    return xt::view(a, xt::range(y, y + n - 2), xt::range(x, x + m - 2));
  };
  double change = 1, plain_change = 1;
  for (int step = 1; step <= 40 && change > 1e-2; ++step) {
    change = xt::amax(pool.map(
        {64, full},
        [k = 0.2](auto out, auto c, auto north, auto south, auto west, auto east) {
          out = c + k * (north + south + west + east - 4.0 * c);
          return xt::amax(xt::abs(out - c))();
        },
        into(at(next, 1, 1)), at(u, 1, 1), at(u, 0, 1), at(u, 2, 1), at(u, 1, 0), at(u, 1, 2)))();
    std::swap(u, next);

    plain_change = 0;
    for (std::size_t y = 1; y < n - 1; ++y) {
      for (std::size_t x = 1; x < m - 1; ++x) {
        plain_next(y, x) =
            plain(y, x) + 0.2 * (plain(y - 1, x) + plain(y + 1, x) + plain(y, x - 1) +
                                 plain(y, x + 1) - 4 * plain(y, x));
        plain_change = std::max(plain_change, std::abs(plain_next(y, x) - plain(y, x)));
      }
    }
    std::swap(plain, plain_next);
  }
  CHECK(change == Approx(plain_change));
  CHECK(u(1, m / 2) > 50);
  CHECK(xt::allclose(u, plain));
}

TEST_CASE("a histogram: a struct of counts per tile, folded in tile order") {
  using Counts = std::array<std::uint32_t, 256>;
  TiledPool pool(2);
  auto image = SharedArray<std::uint8_t, 2>::create(unique_name("frame"), {300, 401});
  for (std::size_t i = 0; i < image.size(); ++i)
    image.data()[i] = static_cast<std::uint8_t>(i * 2654435761u >> 24);
  const auto parts = pool.map(
      {64, 128},
      [](auto px) {
        Counts c{};
        for (auto v : px) ++c[v];
        return c;
      },
      image);
  const Counts h =
      std::accumulate(parts.begin(), parts.end(), Counts{}, [](Counts a, const Counts& b) {
        for (std::size_t i = 0; i < 256; ++i) a[i] += b[i];
        return a;
      });
  Counts expected{};
  for (std::size_t i = 0; i < image.size(); ++i) ++expected[image.data()[i]];
  CHECK(parts.shape() == std::array<std::size_t, 2>{5, 4});
  CHECK(h == expected);
}

namespace {
enum class Curve { linear, gamma };
Curve parse(const std::string& text) {
  if (text == "linear") return Curve::linear;
  if (text == "gamma") return Curve::gamma;
  throw std::invalid_argument("curve: linear or gamma, not " + text);
}
}  // namespace

TEST_CASE("a lookup table that every tile reads, and an option that arrives as text") {
  std::vector<float> table(10'000);
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = std::sqrt(static_cast<float>(i));
  TiledPool pool(2);
  const auto lut = SharedArray<float, 1>::copy_of(table);
  auto raw = SharedArray<std::uint32_t, 2>::create({250, 1000});
  auto img = SharedArray<float, 2>::create({250, 1000});
  for (std::size_t i = 0; i < raw.size(); ++i)
    raw.data()[i] = static_cast<std::uint32_t>(i % 12'000);
  for (const std::string text : {"gamma", "linear"}) {
    const Curve curve = parse(text);
    pool.map(
        {100, full},
        [curve](auto out, auto in, auto roots) {
          for (std::size_t y = 0; y < in.shape(0); ++y)
            for (std::size_t x = 0; x < in.shape(1); ++x) {
              const auto v = std::min<std::size_t>(in(y, x), roots.size() - 1);
              out(y, x) = curve == Curve::gamma ? roots(v) : static_cast<float>(v);
            }
        },
        into(img), raw, whole(lut));
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      const auto v = std::min<std::size_t>(i % 12'000, 9'999);
      wrong += img.data()[i] != (text == "gamma" ? table[v] : static_cast<float>(v));
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("RGB to grey in tiles with ragged edges, the colours whole") {
  TiledPool pool(2);
  auto rgb = SharedArray<std::uint8_t, 3>::create({270, 519, 3});
  auto grey = SharedArray<std::uint8_t, 3>::create({270, 519, 1});
  for (std::size_t i = 0; i < rgb.size(); ++i) rgb.data()[i] = static_cast<std::uint8_t>(i);
  const auto luma = [](int r, int g, int b) { return (77 * r + 150 * g + 29 * b) >> 8; };
  auto brightest = pool.map(
      {64, 64, full},
      [luma](auto g, auto c) {
        int m = 0;
        for (std::size_t y = 0; y < c.shape(0); ++y)
          for (std::size_t x = 0; x < c.shape(1); ++x) {
            const int v = luma(c(y, x, 0), c(y, x, 1), c(y, x, 2));
            g(y, x, 0) = static_cast<std::uint8_t>(v);
            m = std::max(m, v);
          }
        return m;
      },
      into(grey), rgb);
  std::size_t wrong = 0;
  int most = 0;
  for (std::size_t k = 0; k < grey.size(); ++k) {
    const auto* const c = rgb.data() + 3 * k;
    wrong += grey.data()[k] != luma(c[0], c[1], c[2]);
    most = std::max(most, luma(c[0], c[1], c[2]));
  }
  CHECK(wrong == 0);
  CHECK(brightest.shape() == std::array<std::size_t, 3>{5, 9, 1});
  CHECK(xt::amax(brightest)() == most);
}

namespace {
inline constexpr auto blur = [](auto out, auto in) { out = 0.5 * in; };
}  // namespace

TEST_CASE("a kernel's own unit test needs no process") {
  xt::xtensor<double, 2> a = xt::ones<double>({3, 5}), b = xt::zeros<double>({3, 5});
  blur(xt::view(b, xt::all(), xt::range(1, 4)),
       xt::view(a, xt::all(), xt::range(1, 4)));  // directly
  CHECK(xt::sum(b)() == 4.5);
  auto pool = TiledPool::in_caller();  // through a pool that has no processes
  auto x = SharedArray<double, 2>::copy_of(a);
  auto y = SharedArray<double, 2>::create(x.shape());
  pool.map({2, 2}, blur, into(y), x);
  CHECK(xt::allclose(y, 0.5 * a));
}
